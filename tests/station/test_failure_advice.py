"""Advice on cells that may fail, from what quality heard; no gate knows of it."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
import yaml

from shared.events import CellGraded, MaterialLotRegistered
from shared.facts import Event
from tests.station.quality_desk import (
    ROOT,
    START,
    Desk,
    built_of,
    ended,
    pellets_of,
    quality_desk,
    result,
    specification,
)

CAPACITY = {"characteristic": "discharge_capacity_mah", "unit": "mah", "low": 0.32}
EARLY = {"started_at": START - timedelta(hours=9), "ended_at": START - timedelta(hours=8)}
LOTS, OF_EACH = 4, 12
ASK = "/failure-advice?product_id=nvp-coin"


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        yield found


def life(lot: int, number: int, graded_at: str | None = "grading") -> list[Event]:
    """A cell of one pellet; with a thick pellet its capacity is nearly always too small."""
    cell, pellet = f"C-{lot}-{number}", f"P-{lot}-{number}"
    is_thick, is_odd = number % 3 == 0, number == lot
    thickness_um = 130.0 + number / 10 if is_thick else 120.0 + number / 10
    ocv_v = 2.52 + 0.01 * (number % 5)
    events: list[Event] = [
        ended(pellet, "gauge", result(pellet, "thickness_um", "µm", thickness_um), **EARLY),
        known_as(cell, "cell_nvp_coin"),
        built_of(cell, pellet),
        ended(cell, "impedance", result(cell, "ocv_v", "V", ocv_v), **EARLY),
    ]
    capacity_mah = 0.2 if is_thick != is_odd else 0.36
    if graded_at == "formation":
        figures = (
            result(cell, "discharge_capacity_mah", "mAh", capacity_mah),
            result(cell, "coulombic_efficiency_ratio", "1", 0.995),
        )
        events.append(ended(cell, "formation", *figures))
    return events if graded_at is None else [*events, grade(cell, capacity_mah)]


def known_as(lot_id: str, definition_id: str) -> MaterialLotRegistered:
    return MaterialLotRegistered(
        lot_id=lot_id,
        material_definition_id=definition_id,
        quantity=1,
        unit="count",
        work_request_id="WR-1",
        origin="produced",
    )


def grade(cell: str, capacity_mah: float) -> CellGraded:
    return CellGraded(
        lot_id=cell,
        work_request_id="WR-1",
        product_id="nvp-coin",
        grade="A",
        discharge_capacity_mah=capacity_mah,
        coulombic_efficiency_ratio=0.995,
        reasons=(),
    )


async def hear_of_graded_lots(desk: Desk, graded_at: str, lots: Sequence[int]) -> None:
    for lot in lots:
        await desk.hear(pellets_of(f"PEL-{lot}", *(f"P-{lot}-{n}" for n in range(OF_EACH))))
        await desk.hear(*(event for n in range(OF_EACH) for event in life(lot, n, graded_at)))


async def test_cells_with_what_made_others_fail_are_named_and_nothing_is_decided_over_them(
    desk: Desk,
) -> None:
    await desk.taught(specification("capacity", "grading", CAPACITY))
    await hear_of_graded_lots(desk, "grading", range(LOTS))
    await desk.hear(pellets_of("PEL-9", "P-9-3", "P-9-4"))
    await desk.hear(*life(9, 3, None), *life(9, 4, None))
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


async def test_cells_of_the_pilot_plant_count_though_its_gate_stands_at_formation(
    desk: Desk,
) -> None:
    text = (ROOT / "examples/master-data.yaml").read_text(encoding="utf-8")
    await desk.does("/master-data", yaml.safe_load(text)["quality"])
    lots = range(LOTS)
    await hear_of_graded_lots(desk, "formation", lots)
    await desk.hear(pellets_of("PEL-9", "P-9-3", "P-9-4"), *life(9, 3, None))
    witness = [known_as("C-9-W", "cell_symmetric"), built_of("C-9-W", "P-9-4")]
    await desk.hear(*witness, ended("C-9-W", "rest", result("C-9-W", "ocv_v", "V", 0.0), **EARLY))
    found = await desk.get(ASK)
    skill = found["skill"]
    assert skill is not None, found["reason"]
    # of 12 cells of a lot 4 are thick, and one of each lot comes out the other way round
    failed = sum((n % 3 == 0) != (n == lot) for lot in lots for n in range(OF_EACH))
    assert (skill["cell_count"], skill["failure_count"]) == (len(lots) * OF_EACH, failed)
    own = {name for name in found["weights"] if not name.startswith("part ")}
    assert own == {"ocv_v"}, "nothing of the grade itself"
    assert [one["cell_id"] for one in found["advice"]] == ["C-9-3"], "a witness is never graded"


async def test_a_product_that_no_gate_grades_is_told_so(desk: Desk) -> None:
    found = await desk.get(ASK)
    assert (found["skill"], found["advice"]) == (None, [])
    assert "no gate of nvp-coin judges grade" in found["reason"]


async def test_a_plant_that_has_graded_too_few_cells_is_told_so(desk: Desk) -> None:
    await desk.taught(specification("capacity", "grading", CAPACITY))
    await desk.hear(pellets_of("PEL-1", "P-1-0"), *life(1, 0))
    found = await desk.get(ASK)
    assert (found["skill"], found["advice"]) == (None, [])
    assert "1 graded cells of 1 lots" in found["reason"]
