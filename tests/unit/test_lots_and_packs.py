"""Robust statistics of lots, what odd cells share, and packs that match."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.formation.lotstatistics import levels, outliers, robust
from services.formation.packs import PackCell, PackRules, propose
from shared.errors import InvalidInputError


def lot(count: int = 40, seed: int = 1) -> dict[str, float]:
    chance = random.Random(seed)
    return {f"C{n}": chance.gauss(1000.0, 5.0) for n in range(count)}


def test_median_and_deviation_of_a_known_lot() -> None:
    found = robust([1.0, 2.0, 3.0, 4.0, 100.0])
    assert (found.median, found.deviation) == (3.0, pytest.approx(1.4826))


def test_wild_cells_move_neither_median_nor_deviation_and_are_found() -> None:
    cells = lot()
    sound = robust(list(cells.values()))
    wild = cells | {"DEAD": 3.0, "WILD": 1e6}
    moved = robust(list(wild.values()))
    assert moved.median == pytest.approx(sound.median, abs=1.0)
    assert moved.deviation == pytest.approx(sound.deviation, rel=0.2)
    assert set(outliers(wild)) == {"DEAD", "WILD"}


@pytest.mark.parametrize("values", [[], [1.0] * 4, [1.0] * 9, [1.0] * 8 + [2.0]])
def test_too_few_or_all_alike_say_so_and_accuse_nobody(values: list[float]) -> None:
    found = robust(values)
    assert found.deviation is None and found.reason
    assert outliers({str(n): value for n, value in enumerate(values)}) == {}


def test_channel_whose_cells_are_all_low_stands_out_and_the_others_do_not() -> None:
    cells = lot(60)
    channel_of = {cell: f"1-1-{n % 6}" for n, cell in enumerate(cells)}
    shifted = {c: v - (12.0 if channel_of[c] == "1-1-3" else 0.0) for c, v in cells.items()}
    found = levels(shifted, channel_of)
    assert [item.level for item in found if item.stands_out] == ["1-1-3"]
    assert found[0].count == 10 and found[0].median_z < 0.0


def test_one_odd_cell_alone_accuses_no_channel() -> None:
    cells = lot() | {"ODD": 800.0}
    found = levels(cells, {"ODD": "1-1-1"} | {cell: "1-1-2" for cell in lot()})
    assert [item.level for item in found if item.stands_out] == []
    assert levels(cells, {"ODD": "1-1-1"})[0].count == 1


# Packs


def cell(lot_id: str, capacity_mah: float, resistance_ohm: float | None = 0.05) -> PackCell:
    return PackCell(lot_id=lot_id, capacity_mah=capacity_mah, resistance_ohm=resistance_ohm)


def test_packs_are_of_neighbours_in_capacity_and_the_odd_cell_is_left() -> None:
    cells = [cell("A", 1000.0), cell("B", 900.0), cell("C", 1001.0), cell("D", 901.0)]
    packs, left = propose([*cells, cell("E", 700.0)], PackRules(size=2, capacity_spread_ratio=0.01))
    assert [pack.lot_ids for pack in packs] == [("B", "D"), ("A", "C")]
    assert left == ("E",)
    assert packs[0].capacity_spread_ratio == pytest.approx(1.0 / 900.5)


def test_unknown_or_unlike_resistance_keeps_a_cell_out_where_it_counts() -> None:
    cells = [cell("A", 1000.0), cell("B", 1000.0, None), cell("C", 1000.0, 0.09)]
    strict = PackRules(size=2, capacity_spread_ratio=0.01, resistance_spread_ratio=0.1)
    assert propose(cells, strict) == ((), ("A", "B", "C"))
    loose = PackRules(size=2, capacity_spread_ratio=0.01)
    assert len(propose(cells, loose)[0]) == 1


@pytest.mark.parametrize(("size", "spread"), [(1, 0.1), (2, 0.0), (2, -1.0)])
def test_rules_that_make_no_packs_are_refused(size: int, spread: float) -> None:
    with pytest.raises(InvalidInputError):
        propose([], PackRules(size=size, capacity_spread_ratio=spread))


def most_packs(values: list[float], size: int, spread: float) -> int:
    """Try every set of runs that do not overlap."""
    runs = []
    for start in range(len(values) - size + 1):
        part = values[start : start + size]
        if (part[-1] - part[0]) / (sum(part) / size) <= spread:
            runs.append(start)
    for count in range(len(values) // size, 0, -1):
        for chosen in itertools.combinations(runs, count):
            if all(b - a >= size for a, b in itertools.pairwise(chosen)):
                return count
    return 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(900, 960), max_size=9), st.integers(2, 3))
def test_no_cell_is_used_twice_and_no_more_packs_are_possible(
    capacities: list[int], size: int
) -> None:
    rules = PackRules(size=size, capacity_spread_ratio=0.01)
    cells = [cell(f"C{n}", float(value)) for n, value in enumerate(capacities)]
    packs, left = propose(cells, rules)
    used = [lot_id for pack in packs for lot_id in pack.lot_ids]
    assert sorted([*used, *left]) == sorted(c.lot_id for c in cells)
    assert all(pack.capacity_spread_ratio <= 0.01 for pack in packs)
    assert len(packs) == most_packs(sorted(map(float, capacities)), size, 0.01)
