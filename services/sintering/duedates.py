"""Until when the thermocouples of the furnaces are surveyed."""

from collections.abc import Sequence

from services.sintering.qualification import newest_qualification
from shared.duedates import DueDate
from shared.settings import StationSettings
from shared.transaction import Transaction


async def due_dates(tx: Transaction, furnaces: Sequence[StationSettings]) -> list[DueDate]:
    """Return the newest survey of each furnace; without one the heat at its places is unknown."""
    found = []
    for furnace in furnaces:
        known = await newest_qualification(tx, furnace.equipment_id)
        found.append(
            DueDate(
                equipment_id=furnace.equipment_id,
                item="thermocouples",
                upkeep="survey",
                due_at=known.valid_until if known else None,
                blocks="place_heat",
                last_on=known.qualified_at.date().isoformat() if known else None,
                evidence=known.source if known else None,
            )
        )
    return found
