"""Owns the proposal of matched packs: cells of one product, recipe and grade that are alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import InvalidInputError


@dataclass(frozen=True, kw_only=True)
class PackCell:
    """A graded cell; resistance None: not measured."""

    lot_id: str
    capacity_mah: float
    resistance_ohm: float | None


@dataclass(frozen=True, kw_only=True)
class PackRules:
    """Cells in a pack, and how far they may differ: (highest - lowest) / mean.

    resistance_spread_ratio None: resistance does not count; otherwise a cell without one is left.
    """

    size: int
    capacity_spread_ratio: float
    resistance_spread_ratio: float | None = None


@dataclass(frozen=True, kw_only=True)
class Pack:
    """One proposal with its spreads."""

    lot_ids: tuple[str, ...]
    capacity_spread_ratio: float
    resistance_spread_ratio: float | None


def propose(
    cells: Sequence[PackCell], rules: PackRules
) -> tuple[tuple[Pack, ...], tuple[str, ...]]:
    """Return the most packs that the rules allow, of those the best matched, and the cells left.

    Cells are lined up by capacity; a pack is a run of neighbours. Chosen is the set of runs that do
    not overlap with the most packs, then the least sum of spreads: exact for runs, in n steps.

    Raises:
        InvalidInputError: a size below 2 or a limit that is not above 0.
    """
    limits = (rules.capacity_spread_ratio, rules.resistance_spread_ratio or 1.0)
    if rules.size < 2 or min(limits) <= 0.0:
        raise InvalidInputError(
            f"size {rules.size} below 2, or a spread of {min(limits)} not over 0"
        )
    able = [
        cell
        for cell in cells
        if rules.resistance_spread_ratio is None or cell.resistance_ohm is not None
    ]
    line = sorted(able, key=lambda cell: (cell.capacity_mah, cell.lot_id))
    best: list[tuple[int, float, Pack | None]] = [(0, 0.0, None)]
    for end in range(1, len(line) + 1):
        count, cost, _ = best[end - 1]
        chosen: tuple[int, float, Pack | None] = (count, cost, None)
        start = end - rules.size
        pack = _pack(line[start:end], rules) if start >= 0 else None
        if pack is not None:
            with_it = (best[start][0] + 1, best[start][1] + _cost(pack), pack)
            if (with_it[0], -with_it[1]) > (chosen[0], -chosen[1]):
                chosen = with_it
        best.append(chosen)
    packs, end = [], len(line)
    while end > 0:
        found = best[end][2]
        if found is not None:
            packs.append(found)
        end -= rules.size if found is not None else 1
    used = {lot_id for pack in packs for lot_id in pack.lot_ids}
    return tuple(reversed(packs)), tuple(c.lot_id for c in cells if c.lot_id not in used)


def _pack(cells: Sequence[PackCell], rules: PackRules) -> Pack | None:
    capacity = _spread_ratio([cell.capacity_mah for cell in cells])
    known = [cell.resistance_ohm for cell in cells if cell.resistance_ohm is not None]
    resistance = _spread_ratio(known) if len(known) == len(cells) else None
    limit = rules.resistance_spread_ratio
    if capacity > rules.capacity_spread_ratio:
        return None
    if limit is not None and (resistance is None or resistance > limit):
        return None
    return Pack(
        lot_ids=tuple(cell.lot_id for cell in cells),
        capacity_spread_ratio=capacity,
        resistance_spread_ratio=resistance,
    )


def _cost(pack: Pack) -> float:
    return pack.capacity_spread_ratio + (pack.resistance_spread_ratio or 0.0)


def _spread_ratio(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return (max(values) - min(values)) / mean
