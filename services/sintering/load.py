"""Where each part stands in a furnace load."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import InvalidInputError, OutOfLimitsError


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


def trays_of(tray_positions: int | None, capacity_parts: int | None) -> int | None:
    """Return how many trays a furnace has; None where its settings do not tell."""
    if tray_positions is None or capacity_parts is None:
        return None
    return -(-capacity_parts // tray_positions)


def rearranged(
    known: Sequence[Place],
    seen: Sequence[Place],
    tray_positions: int | None,
    capacity_parts: int | None,
) -> tuple[Place, ...]:
    """Return where each part stands after a person saw some of them elsewhere.

    Raises:
        InvalidInputError: a part is not in the load or named twice, or two stand in one place.
        OutOfLimitsError: the furnace has no such tray or position.
    """
    there = {place.lot_id: place for place in known}
    named = [place.lot_id for place in seen]
    if strange := sorted(set(named) - there.keys()):
        raise InvalidInputError(f"{', '.join(strange)}: not in this load; its parts are fixed")
    if twice := sorted({lot_id for lot_id in named if named.count(lot_id) > 1}):
        raise InvalidInputError(f"{', '.join(twice)}: named more than once, expected one place")
    width = tray_positions or max(1, len(known))
    trays = trays_of(width, capacity_parts)
    for place in seen:
        if place.position > width or (trays is not None and place.tray > trays):
            raise OutOfLimitsError(
                f"{place.lot_id}: tray {place.tray} position {place.position} is none of the "
                f"furnace's {trays or 'any number of'} trays of {width} positions"
            )
    there |= {place.lot_id: place for place in seen}
    taken: dict[tuple[int, int], str] = {}
    for place in there.values():
        other = taken.setdefault((place.tray, place.position), place.lot_id)
        if other != place.lot_id:
            raise InvalidInputError(
                f"{other} and {place.lot_id} stand both on tray {place.tray} position "
                f"{place.position}; say where the other one is"
            )
    return tuple(there.values())
