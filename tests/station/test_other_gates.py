"""Gates of the route beside those that stations feed: cure, rows of a test, unknown protocol."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import yaml

from services.quality.api import MasterData
from shared.events import CureMeasured, CyclingEnded, DispositionDecided, JobOrderEnded
from tests.station.quality_desk import (
    ROOT,
    START,
    Desk,
    built_of,
    ended,
    material,
    pellets_of,
    quality_desk,
    result,
    specification,
)

CURE = {"characteristic": "cure_conversion_ratio", "unit": "ratio", "low": 0.98}
LIQUID = {"characteristic": "residual_liquid_ratio", "unit": "ratio", "high": 0.003}
MATCH = {"characteristic": "protocol_match_count", "unit": "count", "low": 1}
ROWS = {"characteristic": "row_count", "unit": "count", "low": 1}
KEPT = {"characteristic": "capacity_retention_ratio", "unit": "ratio", "low": 0.98}


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        await found.taught(
            specification("cure", "cure", CURE, decides="pellet_lot"),
            specification("residual_liquid", "residual_liquid", LIQUID, decides="pellet_lot"),
            specification("protocol", "formation", MATCH),
            specification("data_quality", "formation", ROWS),
            specification("retention", "formation", KEPT),
        )
        await found.hear(
            pellets_of("PEL", "P-1", "P-2"),
            built_of("C-1", "P-1"),
            ended("C-1", "spray", result("P-1", "contact_angle_deg", "°", 11.0), parts=("P-1",)),
        )
        yield found


def cured(conversion_ratio: float, after_s: float, **more: Any) -> CureMeasured:
    values: dict[str, Any] = {
        "lot_id": "P-1",
        "face": "a",
        "method": "ft_ir",
        "equipment_id": "pilot/dryroom/spray/eap-1",
        "measured_at": START + timedelta(seconds=after_s),
        "predicted_ratio": 0.99,
        "conversion_ratio": conversion_ratio,
        "residual_liquid_ratio": None,
        "person": "Bo",
    }
    return CureMeasured.model_validate(values | more)


def cycled(*, matches: bool, **more: Any) -> CyclingEnded:
    values: dict[str, Any] = {
        "lot_id": "C-1",
        "job_order_id": "C-1-formation",
        "work_request_id": "WR-1",
        "product_id": "nvp-coin",
        "operation": "formation",
        "protocol_id": "f",
        "protocol_version": 1,
        "channel": "1-1-1",
        "protocol_matches": matches,
        "cycles": (),
        "row_count": 500,
        "ended_at": START,
    }
    return CyclingEnded.model_validate(values | more)


async def test_a_face_that_is_not_cured_blocks_its_pellet_lot_until_it_is(desk: Desk) -> None:
    await desk.hear(cured(0.5, 60), source="spray")
    assert (await desk.decided("cure"))[-1] == ("PEL", "blocked")
    await desk.hear(cured(0.99, 900), source="spray")
    assert (await desk.decided("cure"))[-1] == ("PEL", "released")
    wet = cured(0.9, 950, method="tga", residual_liquid_ratio=0.01)
    await desk.hear(wet, source="spray")
    assert (await desk.decided("residual_liquid"))[-1] == ("PEL", "blocked")


async def test_what_nothing_tells_of_a_test_is_unknown_and_not_zero(desk: Desk) -> None:
    unknown = cycled(
        matches=False, protocol_is_known=False, protocol_findings=("a gap in its rows",)
    )
    await desk.hear(unknown, ended("C-1", "formation"))
    page = await desk.get("/job-orders/C-1-formation/gates")
    found = {one["characteristic"]: one for gate in page["gates"] for one in gate["results"]}
    match = found["protocol_match_count"]
    assert (match["value"], match["disposition"]) == (None, "blocked")
    assert "a gap in its rows" in match["reason"]
    assert (found["row_count"]["value"], found["row_count"]["disposition"]) == (500.0, "released")
    kept = found["capacity_retention_ratio"]
    assert (kept["value"], kept["disposition"]) == (None, "blocked")


async def test_another_protocol_than_ordered_is_known_to_be_wrong(desk: Desk) -> None:
    cycle = {
        "cycle": 100,
        "charge_capacity_mah": 1.0,
        "discharge_capacity_mah": 0.99,
        "coulombic_efficiency_ratio": 0.99,
        "retention_ratio": 0.985,
    }
    await desk.hear(cycled(matches=False, cycles=(cycle,)), ended("C-1", "formation"))
    page = await desk.get("/job-orders/C-1-formation/gates")
    found = {one["characteristic"]: one for gate in page["gates"] for one in gate["results"]}
    assert found["protocol_match_count"]["value"] == 0.0
    assert found["protocol_match_count"]["disposition"] == "blocked"
    assert found["capacity_retention_ratio"]["disposition"] == "released"


@pytest.fixture
async def pilot(fresh_database: str) -> AsyncIterator[Desk]:
    """The gates of the example as they stand, and a pellet lot."""
    text = (ROOT / "examples/master-data.yaml").read_text(encoding="utf-8")
    async with quality_desk(fresh_database) as found:
        await found.does("/master-data", yaml.safe_load(text)["quality"])
        await found.hear(pellets_of("PEL", "P-1", "P-2", "P-3", "P-4"))
        yield found


async def test_roughness_of_each_pellet_is_judged_and_one_not_measured_is_blocked(
    pilot: Desk,
) -> None:
    values = {"P-1": 0.05, "P-2": 0.2, "P-3": None}
    rough = [result(pellet, "roughness_um", "µm", value) for pellet, value in values.items()]
    await pilot.hear(ended("PEL", "gauge", *rough, parts=("P-1", "P-2", "P-3", "P-4")))
    [decided] = [one for one in await pilot.said(DispositionDecided) if one.gate == "roughness"]
    assert {part.lot_id: part.disposition for part in decided.parts} == {
        "P-1": "released",
        "P-2": "blocked",
        "P-3": "blocked",
        "P-4": "blocked",
    }


def stacked(cell: str, definition: str, np_min_ratio: float | None) -> JobOrderEnded:
    made = material(cell, "produced").model_copy(update={"material_definition_id": definition})
    ratio = result(cell, "np_min_ratio", "1", np_min_ratio)
    event = ended(cell, "stack", ratio, product_id="nfm-pouch-1ah")
    return event.model_copy(update={"materials": (material("P-1", "consumed"), made)})


async def test_n_p_of_a_stack_is_judged_and_a_symmetric_cell_has_none(pilot: Desk) -> None:
    for cell, ratio in (("C-1", 3.09), ("C-2", 2.4), ("C-3", 4.0), ("C-4", None)):
        await pilot.hear(stacked(cell, "cell_nfm_pouch", ratio))
    await pilot.hear(stacked("W-1", "cell_symmetric", None))
    assert await pilot.decided("np_ratio") == [
        ("C-1", "released"),
        ("C-2", "blocked"),
        ("C-3", "blocked"),
        ("C-4", "blocked"),
    ]


def lived(cell: str, cycles: int, ratio: float | None, version: int = 1) -> list[Any]:
    """A sample cell after so many cycles; each but the last kept all."""
    figures = [
        {
            "cycle": number,
            "charge_capacity_mah": 0.36,
            "discharge_capacity_mah": 0.36,
            "coulombic_efficiency_ratio": 0.9995,
            "retention_ratio": ratio if number == cycles else 1.0,
        }
        for number in (1, cycles)
        if ratio is not None
    ]
    told = {"lot_id": cell, "job_order_id": f"{cell}-cycle_life", "operation": "cycle_life"}
    told |= {"protocol_id": "retention-nvp-coin", "protocol_version": version}
    return [cycled(matches=True, cycles=tuple(figures), **told), ended(cell, "cycle_life")]


@pytest.mark.parametrize(
    ("cycles", "ratio", "version", "word"),
    [
        (100, 0.985, 1, "released"),
        (100, 0.96, 1, "blocked"),
        (40, 0.999, 1, "blocked"),
        (100, None, 1, "blocked"),
        (100, 0.985, 2, "blocked"),
    ],
    ids=["kept", "lost", "ended early", "not measured", "another protocol"],
)
async def test_retention_of_a_sample_cell_decides_over_its_pellet_lot(
    pilot: Desk, cycles: int, ratio: float | None, version: int, word: str
) -> None:
    await pilot.hear(built_of("C-1", "P-1"), *lived("C-1", cycles, ratio, version))
    assert (await pilot.decided("retention"))[-1] == ("PEL", word)


def test_the_example_asks_for_every_gate_of_the_route_and_suspects_none() -> None:
    text = (ROOT / "examples/master-data.yaml").read_text(encoding="utf-8")
    master = MasterData.model_validate(yaml.safe_load(text)["quality"])
    idle = [spec.gate for spec in master.test_specifications if not spec.judged]
    assert idle == []


def test_the_example_has_a_gate_for_each_step_that_the_route_names() -> None:
    text = (ROOT / "examples/master-data.yaml").read_text(encoding="utf-8")
    master = MasterData.model_validate(yaml.safe_load(text)["quality"])
    for product_id in ("nfm-pouch-1ah", "nvp-coin"):
        gates = {spec.gate for spec in master.test_specifications if spec.product_id == product_id}
        assert gates >= {
            "thickness",
            "density",
            "roughness",
            "conductivity",
            "cure",
            "residual_liquid",
            "stack",
            "np_ratio",
            "seal",
            "rest",
            "impedance",
            "data_quality",
            "capacity",
            "retention",
            "witness_ccd",
        }
