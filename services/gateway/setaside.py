"""The events that any service could not handle, in one list, and the way to try one again."""

import asyncio
from typing import Any

from services.gateway.peers import Peers
from shared.errors import MesError

FIELDS = ["event_id", "source", "sequence", "subject", "type", "error", "attempts", "age_s"]


async def set_aside_page(peers: Peers, limit: int) -> dict[str, Any]:
    """Return set-aside events, the oldest first, and how many there are.

    Who could not be asked is in `missing`.
    """

    async def ask(service: str) -> tuple[list[dict[str, Any]], int, str | None]:
        try:
            answer = await peers.ask(service, "set-aside", query={"limit": limit})
            picked = [{name: item[name] for name in FIELDS} for item in answer["items"]]
            total = int(answer["total"])
        except MesError as error:
            return [], 0, f"{service}: {error}"
        except (LookupError, TypeError, ValueError) as error:
            return [], 0, f"{service}: its answer cannot be used: {error!r}"
        return [{"service": service, **item} for item in picked], total, None

    answers = await asyncio.gather(*map(ask, peers.urls))
    items = [item for found, _, _ in answers for item in found]
    return {
        "items": sorted(items, key=lambda item: -item["age_s"])[:limit],
        "total": sum(total for _, total, _ in answers),
        "missing": [said for _, _, said in answers if said is not None],
    }
