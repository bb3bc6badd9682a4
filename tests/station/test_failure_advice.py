"""Advice on cells that may fail, from what quality heard; no gate knows of it."""

from collections.abc import AsyncIterator

import pytest

from shared.events import CellGraded
from shared.facts import Event
from tests.station.quality_desk import (
    Desk,
    built_of,
    ended,
    pellets_of,
    quality_desk,
    result,
    specification,
)

CAPACITY = {"characteristic": "discharge_capacity_mah", "unit": "mah", "low": 1.0}
LOTS, OF_EACH = 4, 12
ASK = "/failure-advice?product_id=nvp-coin"


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        await found.taught(specification("capacity", "grading", CAPACITY))
        yield found


def life(lot: int, number: int, *, graded: bool = True) -> list[Event]:
    """A cell of one pellet; with a thick pellet its capacity is nearly always too small."""
    cell, pellet = f"C-{lot}-{number}", f"P-{lot}-{number}"
    is_thick, is_odd = number % 3 == 0, number == lot
    thickness_um = 130.0 + number / 10 if is_thick else 120.0 + number / 10
    events: list[Event] = [
        ended(pellet, "gauge", result(pellet, "thickness_um", "µm", thickness_um)),
        built_of(cell, pellet),
        ended(cell, "impedance", result(cell, "ocv_v", "V", 2.5 + 0.01 * (number % 5))),
    ]
    if not graded:
        return events
    return [
        *events,
        CellGraded(
            lot_id=cell,
            work_request_id="WR-1",
            product_id="nvp-coin",
            grade="A",
            discharge_capacity_mah=0.5 if is_thick != is_odd else 1.2,
            coulombic_efficiency_ratio=0.99,
            reasons=(),
        ),
    ]


async def test_cells_with_what_made_others_fail_are_named_and_nothing_is_decided_over_them(
    desk: Desk,
) -> None:
    for lot in range(LOTS):
        await desk.hear(pellets_of(f"PEL-{lot}", *(f"P-{lot}-{n}" for n in range(OF_EACH))))
        await desk.hear(*(event for n in range(OF_EACH) for event in life(lot, n)))
    await desk.hear(pellets_of("PEL-9", "P-9-3", "P-9-4"))
    await desk.hear(*life(9, 3, graded=False), *life(9, 4, graded=False))
    before = await desk.get("/dispositions")
    found = await desk.get(ASK)
    assert found["skill"]["cell_count"] == LOTS * OF_EACH
    assert found["skill"]["lot_count"] == LOTS
    assert found["skill"]["is_better"]
    first, last = found["advice"]
    assert (first["cell_id"], last["cell_id"]) == ("C-9-3", "C-9-4")
    assert first["probability"] > 0.5 > last["probability"]
    assert first["reasons"][0] == "part thickness_um 130.3"
    assert await desk.get("/dispositions") == before


async def test_a_plant_that_has_graded_too_few_cells_is_told_so(desk: Desk) -> None:
    await desk.hear(pellets_of("PEL-1", "P-1-0"), *life(1, 0))
    found = await desk.get(ASK)
    assert (found["skill"], found["advice"]) == (None, [])
    assert "1 graded cells of 1 lots" in found["reason"]
