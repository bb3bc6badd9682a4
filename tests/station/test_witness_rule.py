"""The witness rule on a real database: lot and zone, second sample, and what is built already."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events import DispositionDecided, SampleExtended
from shared.facts import PartDisposition
from tests.station.quality_desk import (
    Desk,
    accepted,
    built_of,
    ended,
    pellets_of,
    quality_desk,
    result,
    specification,
)

CCD = {"characteristic": "ccd_survived_ma_per_cm2", "unit": "ma_per_cm2", "low": 4.0}


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        yield found


def witness(lot_id: str, survived: float, **more: Any) -> Any:
    return ended(lot_id, "ccd", result(lot_id, CCD["characteristic"], "mA/cm²", survived), **more)


async def newest_parts(desk: Desk) -> dict[str, PartDisposition]:
    decided = (await desk.said(DispositionDecided))[-1]
    return {part.lot_id: part for part in decided.parts}


async def test_a_failed_witness_holds_its_zone_and_the_cells_built_of_it_and_no_other(
    desk: Desk,
) -> None:
    await desk.taught(specification("witness", "ccd", CCD, decides="pellet_lot", siblings="zone"))
    zones = {"P-1": "run-7/top", "P-2": "run-7/top", "P-3": "run-7/low", "P-4": "run-7/low"}
    placed = [result(pellet, "position_zone", "", zone) for pellet, zone in zones.items()]
    await desk.hear(
        accepted(2),
        pellets_of("PEL", *zones, "P-5"),
        ended("PEL", "sinter", *placed, parts=tuple(zones)),
        built_of("W-1", "P-1"),
        built_of("W-2", "P-3"),
        built_of("C-1", "P-2"),
        built_of("C-2", "P-4"),
        source="execution",
    )
    await desk.hear(witness("W-1", 3.0))
    first = await newest_parts(desk)
    assert {lot for lot in first if lot.startswith("C")} == {"C-1"}
    assert first["C-1"].disposition == "blocked"
    assert first["C-1"].reason.startswith("pellet P-2: witnesses of zone run-7/top: failed")
    assert "PEL" not in first
    await desk.hear(witness("W-2", 5.0))
    last = {lot: part.disposition for lot, part in (await newest_parts(desk)).items()}
    held = {lot for lot, word in last.items() if word == "blocked"}
    assert held == {"P-1", "P-2", "W-1", "C-1", "P-5"}
    assert last["PEL"] == last["C-2"] == "released"


async def test_a_zone_without_a_witness_is_unknown_and_blocked(desk: Desk) -> None:
    rule = specification("witness", "ccd", CCD, decides="pellet_lot", siblings="zone")
    await desk.taught(rule)
    placed = [result("P-1", "position_zone", "", "top"), result("P-2", "position_zone", "", "low")]
    await desk.hear(
        accepted(1),
        pellets_of("PEL", "P-1", "P-2"),
        ended("PEL", "sinter", *placed, parts=("P-1", "P-2")),
        built_of("W-1", "P-1"),
        source="execution",
    )
    await desk.hear(witness("W-1", 5.0))
    parts = await newest_parts(desk)
    assert (parts["P-1"].disposition, parts["P-2"].disposition) == ("released", "blocked")
    assert parts["P-2"].reason.endswith("unknown: no witness is of it")


async def test_a_later_run_does_not_hide_the_zone_that_witnesses_go_by(desk: Desk) -> None:
    zone = {"siblings": "zone", "zone": "sinter_position_zone"}
    await desk.taught(specification("witness", "ccd", CCD, decides="pellet_lot", **zone))
    sintered = [
        result(pellet, name, "", where)
        for pellet, where in (("P-1", "run-7 top"), ("P-2", "run-7 top"), ("P-3", "run-7 low"))
        for name in ("position_zone", "sinter_position_zone")
    ]
    annealed = [
        result(pellet, name, "", "run-9 middle")
        for pellet in ("P-1", "P-2", "P-3")
        for name in ("position_zone", "anneal_position_zone")
    ]
    await desk.hear(
        accepted(2),
        pellets_of("PEL", "P-1", "P-2", "P-3"),
        ended("PEL", "sinter", *sintered, parts=("P-1", "P-2", "P-3")),
        ended("PEL", "anneal", *annealed, parts=("P-1", "P-2", "P-3")),
        built_of("W-1", "P-1"),
        built_of("W-2", "P-3"),
        source="execution",
    )
    await desk.hear(witness("W-1", 3.0))
    await desk.hear(witness("W-2", 5.0))
    said = {lot: part.disposition for lot, part in (await newest_parts(desk)).items()}
    assert (said["P-2"], said["P-3"]) == ("blocked", "released")


async def test_a_failure_extends_the_sample_once_and_a_second_one_ends_it(desk: Desk) -> None:
    rule = specification(
        "witness", "ccd", CCD, decides="pellet_lot", needed_count=1, extension={"count": 2}
    )
    await desk.taught(rule)
    await desk.hear(
        pellets_of("PEL", "P-1", "P-2", "P-3", "P-4"),
        *(built_of(f"W-{n}", f"P-{n}") for n in (1, 2, 3)),
        built_of("C-1", "P-4"),
        source="execution",
    )
    await desk.hear(witness("W-1", 3.0))
    [decided] = await desk.said(DispositionDecided)
    assert decided.disposition == "blocked"
    assert decided.reason.startswith("sample extended: 2 more witnesses must pass")
    assert (await newest_parts(desk))["C-1"].disposition == "blocked"
    [extended] = await desk.said(SampleExtended)
    assert (extended.lot_id, extended.gate, extended.count) == ("PEL", "witness", 2)
    await desk.hear(witness("W-2", 5.0))
    await desk.hear(witness("W-3", 5.0))
    assert await desk.decided("witness") == [("PEL", "blocked"), ("PEL", "released")]
    parts = await newest_parts(desk)
    assert {lot for lot, part in parts.items() if part.disposition == "blocked"} == {"W-1"}
    assert parts["C-1"].disposition == "released"
    await desk.hear(witness("W-3", 2.0, job_order_id="W-3-again"))
    assert (await desk.decided("witness"))[-1] == ("PEL", "blocked")
    assert (await newest_parts(desk))["C-1"].disposition == "blocked"


async def test_witnesses_of_another_protocol_version_are_not_counted_together(desk: Desk) -> None:
    await desk.taught(specification("witness", "ccd", CCD, decides="pellet_lot"))
    await desk.hear(
        accepted(2),
        pellets_of("PEL", "P-1", "P-2", "P-3"),
        *(built_of(f"W-{n}", f"P-{n}") for n in (1, 2, 3)),
        source="execution",
    )
    await desk.hear(witness("W-1", 5.0), witness("W-2", 5.0, recipe_version=2))
    assert await desk.decided("witness") == []
    await desk.hear(witness("W-3", 5.0, recipe_version=2))
    assert await desk.decided("witness") == [("PEL", "released")]
