"""The events that any service could not handle, in one list, and the way to try one again."""

import asyncio
from typing import Any

from services.gateway.peers import Peers
from shared.errors import MesError

FIELDS = ["event_id", "source", "sequence", "subject", "type", "error", "attempts", "age_s"]


async def set_aside_page(peers: Peers) -> dict[str, Any]:
    """Return all set-aside events, the oldest first; who could not be asked is in `missing`."""

    async def ask(service: str) -> tuple[list[dict[str, Any]], str | None]:
        try:
            items = (await peers.ask(service, "set-aside"))["items"]
            picked = [{name: item[name] for name in FIELDS} for item in items]
        except MesError as error:
            return [], f"{service}: {error}"
        except (LookupError, TypeError) as error:
            return [], f"{service}: its answer cannot be used: {error!r}"
        return [{"service": service, **item} for item in picked], None

    answers = await asyncio.gather(*map(ask, peers.urls))
    items = [item for found, _ in answers for item in found]
    return {
        "items": sorted(items, key=lambda item: -item["age_s"]),
        "missing": [said for _, said in answers if said is not None],
    }
