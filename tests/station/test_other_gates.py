"""Gates of the route beside those that stations feed: cure, rows of a test, unknown protocol."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import yaml

from services.quality.api import MasterData
from shared.events import CureMeasured, CyclingEnded
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
            "seal",
            "rest",
            "impedance",
            "data_quality",
            "capacity",
            "retention",
            "witness_ccd",
        }
