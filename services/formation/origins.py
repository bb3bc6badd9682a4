"""Owns what formation hears of a cell's making: its parts, their spray head and furnace place."""

from services.formation import gradestore
from shared.effects import Handler
from shared.envelope import Envelope
from shared.events import JobOrderEnded
from shared.facts import Event
from shared.transaction import Transaction

SOURCES = ("sintering", "spray")
POSITION_ZONE = "position_zone"  # words of a sintering result: load and zone


def handlers() -> dict[type[Event], Handler]:
    """Return what keeps the spray head of each part and the furnace and zone it was heated in."""
    return {JobOrderEnded: _ended}


async def _ended(tx: Transaction, envelope: Envelope, event: JobOrderEnded) -> None:
    if event.state != "ended":
        return
    name = event.equipment_id.rsplit("/", 1)[-1]
    if envelope.service == "spray":
        parts = [item.lot_id for item in event.materials if item.use == "processed"]
        await gradestore.keep_parts(tx, event.lot_id, parts)
        heads = dict.fromkeys([event.lot_id, *parts], name)
        await gradestore.keep_levels(tx, "spray_head", heads, event.ended_at)
        return
    zones = {
        result.lot_id: f"{name} {result.value.partition(' ')[2]}"
        for result in event.results
        if result.characteristic == POSITION_ZONE and isinstance(result.value, str)
    }
    await gradestore.keep_levels(tx, "furnace_position", zones, event.ended_at)
