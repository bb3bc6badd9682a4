"""What is due, past due, out or unknown over all machines, asked of the services that own them."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from services.gateway.peers import Peers
from shared.duedates import ORDER, DueDate, state_of
from shared.errors import MesError

OWNERS = ("sintering", "spray", "lamination", "formation")


async def maintenance_page(peers: Peers, now: datetime, soon_days: float) -> dict[str, Any]:
    """Return every date, the most urgent first; who could not be asked is in `missing`.

    soon_days: what ends within so many plant days is due soon.
    """
    answers = await asyncio.gather(*(_ask(peers, name) for name in OWNERS))
    soon = now + timedelta(days=soon_days)
    items = [
        {"service": name, "state": state_of(due, now, soon), **due.model_dump(mode="json")}
        for name, found, _ in answers
        for due in found
    ]
    items.sort(key=_urgency)
    return {
        "plant_time": now.isoformat(),
        "items": items,
        "counts": {state: sum(item["state"] == state for item in items) for state in ORDER},
        "missing": [f"{name}: {said}" for name, _, said in answers if said is not None],
    }


async def _ask(peers: Peers, service: str) -> tuple[str, list[DueDate], str | None]:
    try:
        items = (await peers.ask(service, "due-dates"))["items"]
        return service, [DueDate.model_validate(item) for item in items], None
    except MesError as error:
        return service, [], str(error)
    except (LookupError, TypeError, ValidationError) as error:
        return service, [], f"its answer cannot be used: {error!r}"


def _urgency(item: dict[str, Any]) -> tuple[int, str, str, str]:
    return ORDER[item["state"]], item["due_at"] or "", item["equipment_id"], item["item"]
