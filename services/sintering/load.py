"""Where each part stands in a furnace load."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import OutOfLimitsError


@dataclass(frozen=True, kw_only=True)
class Place:
    """One part on its tray; trays and positions count from 1, the lowest and first."""

    lot_id: str
    tray: int
    position: int


def places(
    lot_ids: Sequence[str], tray_positions: int | None, capacity_parts: int | None
) -> tuple[Place, ...]:
    """Return a place for each part, tray after tray in the order of the parts.

    Raises:
        OutOfLimitsError: more parts than the furnace has places.
    """
    if capacity_parts is not None and len(lot_ids) > capacity_parts:
        raise OutOfLimitsError(f"{len(lot_ids)} parts are more than the {capacity_parts} places")
    width = tray_positions or max(1, len(lot_ids))
    return tuple(
        Place(lot_id=lot_id, tray=index // width + 1, position=index % width + 1)
        for index, lot_id in enumerate(lot_ids)
    )
