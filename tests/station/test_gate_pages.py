"""What people are shown at a gate: what is blocked now, and all that bears on one decision."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.station.quality_desk import (
    Desk,
    ended,
    quality_desk,
    result,
    signature,
    specification,
)

THICKNESS = {"characteristic": "thickness_um", "unit": "um", "low": 120, "high": 130}
LEAK = {"characteristic": "vacuum_mbar", "unit": "mbar", "high": 20}


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        await found.taught(
            specification("thickness", "gauge", THICKNESS, decides="parts"),
            specification("seal", "seal", LEAK),
        )
        await found.hear(
            ended(
                "PEL",
                "gauge",
                result("P-1", "thickness_um", "µm", 125.0),
                result("P-2", "thickness_um", "µm", 131.0),
                result("P-3", "thickness_um", "µm", None),
                parts=("P-1", "P-2", "P-3"),
                job_order_id="J-1",
            ),
            ended("C-1", "seal", result("C-1", "vacuum_mbar", "mbar", 40.0), job_order_id="J-2"),
        )
        yield found


async def blocked(desk: Desk) -> list[str]:
    return [item["lot_id"] for item in (await desk.get("/blocked"))["items"]]


def released(*lot_ids: str) -> dict[str, Any]:
    return {
        "disposition_id": "D-" + lot_ids[0],
        "lot_ids": list(lot_ids),
        "disposition": "released",
        "reason": "measured again by hand",
        "signature": signature("Li Na"),
    }


async def test_a_refused_and_an_unknown_part_are_blocked_beside_a_whole_lot(desk: Desk) -> None:
    assert await blocked(desk) == ["C-1", "P-2", "P-3"]
    items = (await desk.get("/blocked"))["items"]
    assert [item["nonconformance_id"] for item in items] == [
        "NC-J-2-seal",
        "NC-J-1-thickness",
        "NC-J-1-thickness",
    ]
    assert "131 µm" in items[1]["reason"]


async def test_what_two_persons_let_go_is_not_blocked_and_the_rest_still_is(desk: Desk) -> None:
    of = "/nonconformances/NC-J-1-thickness/dispositions"
    await desk.does(of, released("P-2"))
    assert await blocked(desk) == ["C-1", "P-2", "P-3"]
    await desk.does(f"{of}/D-P-2/signatures", signature("Mei"))
    assert await blocked(desk) == ["C-1", "P-3"]


async def test_a_lot_measured_anew_and_found_good_leaves_the_queue(desk: Desk) -> None:
    await desk.hear(
        ended("C-1", "seal", result("C-1", "vacuum_mbar", "mbar", 5.0), job_order_id="J-3")
    )
    assert await blocked(desk) == ["P-2", "P-3"]


async def test_a_job_order_is_shown_with_values_limits_decision_waiver_and_what_was_raised(
    desk: Desk,
) -> None:
    expires_at = desk.service.clock.now() + timedelta(days=7)
    waiver = {
        "waiver_id": "W-1",
        "product_id": "nvp-coin",
        "operation": "gauge",
        "gate": "thickness",
        "characteristic": "thickness_um",
        "lot_ids": ["P-2"],
        "low": 120,
        "high": 132,
        "reason": "goes into a witness",
        "expires_at": expires_at.isoformat(),
        "signature": signature("Li Na"),
    }
    await desk.does("/waivers", waiver)
    await desk.does("/waivers/W-1/signatures", signature("Mei"))
    page = await desk.get("/job-orders/J-1/gates")
    (gate,) = page["gates"]
    values = {one["lot_id"]: one for one in gate["results"]}
    assert [values[lot]["disposition"] for lot in ("P-1", "P-2", "P-3")] == [
        "released",
        "released",
        "blocked",
    ]
    assert (values["P-2"]["value"], values["P-2"]["high"]) == (131.0, 130.0)
    assert values["P-2"]["waiver_id"] == "W-1"
    assert values["P-3"]["value"] is None
    assert gate["decisions"][0]["reason"].startswith("2 of 3 parts released")
    assert gate["specification"]["version"] == 1
    assert [len(one["signatures"]) for one in page["waivers"]] == [2]
    assert [one["nonconformance_id"] for one in page["nonconformances"]] == ["NC-J-1-thickness"]
    assert page["decided"] is True


async def test_a_job_order_that_never_ended_has_no_page(desk: Desk) -> None:
    reply = await desk.http.get("/job-orders/J-9/gates")
    assert reply.status_code == 404
    assert "J-9 does not exist" in reply.json()["detail"]


async def test_rework_routes_are_listed_by_their_newest_version(desk: Desk) -> None:
    route = {
        "rework_route_id": "reseal",
        "product_id": "nvp-coin",
        "operations": ["seal"],
        "source": "plant",
    }
    await desk.taught(rework_routes=[route | {"version": 1}])
    await desk.taught(rework_routes=[route | {"version": 2, "most_times": 2}])
    (found,) = (await desk.get("/rework-routes"))["items"]
    assert (found["version"], found["most_times"]) == (2, 2)
