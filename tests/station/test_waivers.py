"""Guard bands, protocols and waivers on a real database: nothing is released by accident."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from services.quality.decisions import Recorder
from services.quality.workflow import Decider
from shared.db import sql
from shared.events import DispositionDecided, RecordSigned, WaiverChanged
from tests.station.quality_desk import Desk, ended, quality_desk, result, signature, specification

LEAK = {"characteristic": "leak_rate_mbar_l_per_s", "unit": "mbar_l_per_s", "high": 1e-6}
EIGHT_DAYS = timedelta(days=8)
SEAL = specification("seal", "seal", LEAK, may_release=["quality_engineer", "head_of_quality"])


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        await found.taught(SEAL)
        yield found


def leak(lot_id: str, value: float | None) -> Any:
    return result(lot_id, "leak_rate_mbar_l_per_s", "mbar·L/s", value)


def waiver(desk: Desk, *lot_ids: str, days: float = 7, **changes: Any) -> dict[str, Any]:
    values = {
        "waiver_id": "W-1",
        "product_id": "nvp-coin",
        "operation": "seal",
        "gate": "seal",
        "characteristic": "leak_rate_mbar_l_per_s",
        "lot_ids": list(lot_ids),
        "high": 3e-6,
        "reason": "leak test chamber was warm",
        "expires_at": (desk.service.clock.now() + timedelta(days=days)).isoformat(),
        "signature": signature("Li Na"),
    }
    return values | changes


async def test_a_waiver_of_two_persons_releases_exactly_its_lots_within_its_limit(
    desk: Desk,
) -> None:
    values = {"C-1": 2e-6, "C-2": 2e-6, "C-3": 9e-6}
    await desk.hear(*(ended(lot, "seal", leak(lot, value)) for lot, value in values.items()))
    await desk.hear(ended("C-4", "seal", leak("C-4", None)))
    first = await desk.does("/waivers", waiver(desk, "C-1", "C-3", "C-4"))
    assert (first["state"], first["signed_count"], first["needed_count"]) == ("proposed", 1, 2)
    assert {lot: word for lot, word in await desk.decided("seal")} == dict.fromkeys(
        ("C-1", "C-2", "C-3", "C-4"), "blocked"
    )
    shown = {"record_sha256": first["record_sha256"]}
    path = "/waivers/W-1/signatures"
    why = await desk.refused(path, signature(" li  NA", **shown), 409)
    assert "has signed waiver W-1 already" in why
    why = await desk.refused(path, signature("Ada", record_sha256="0" * 64), 409)
    assert "has changed since it was shown" in why
    why = await desk.refused(path, signature("Ada", role="operator", **shown), 403)
    assert "there are quality_engineer, head_of_quality" in why
    proven = {"authentication": "password", **shown}
    second = await desk.does(path, signature("Ada", role="head_of_quality", **proven))
    assert second["state"] == "in_force"
    assert dict(await desk.decided("seal")) == {
        "C-1": "released",
        "C-2": "blocked",
        "C-3": "blocked",
        "C-4": "blocked",
    }
    newest, oldest = (await desk.get("/lots/C-1/results"))["items"]
    assert (newest["waiver_id"], newest["disposition"]) == ("W-1", "released")
    assert (oldest["waiver_id"], oldest["disposition"]) == (None, "blocked")
    states = [(item.state, item.person) for item in await desk.said(WaiverChanged)]
    assert states == [("proposed", "Li Na"), ("in_force", "Ada")]
    signed = await desk.said(RecordSigned)
    assert {item.record_sha256 for item in signed} == {first["record_sha256"]}
    assert [(item.person, item.authentication) for item in signed] == [
        ("Li Na", None),
        ("Ada", "password"),
    ]
    await desk.does("/waivers/W-1/revocations", signature("Ada"))
    assert dict(await desk.decided("seal"))["C-1"] == "blocked"
    async with desk.service.database.quiet() as tx:
        with pytest.raises(DBAPIError, match="is a record and is never changed"):
            await tx.execute(sql("UPDATE signature SET person = 'x'"))


async def test_an_expired_waiver_covers_nothing_any_more_and_its_lots_are_blocked_again(
    desk: Desk,
) -> None:
    await desk.hear(ended("C-1", "seal", leak("C-1", 2e-6)))
    first = await desk.does("/waivers", waiver(desk, "C-1", "C-2", days=7))
    shown = {"record_sha256": first["record_sha256"]}
    await desk.does("/waivers/W-1/signatures", signature("Ada", **shown))
    assert dict(await desk.decided("seal")) == {"C-1": "released"}
    later = replace(desk.service.clock, plant_start=desk.service.clock.plant_start + EIGHT_DAYS)
    recorder = Recorder(desk.service.outbox, later)
    desk.decider = Decider(desk.service.database, recorder, later)
    asked = {"person": "Li Na", "reason": "the cell is still here"}
    await desk.does("/job-orders/C-1-seal/evaluations", asked)
    await desk.hear(ended("C-2", "seal", leak("C-2", 2e-6)))
    assert dict(await desk.decided("seal")) == {"C-1": "blocked", "C-2": "blocked"}
    newest, under_it, _ = (await desk.get("/lots/C-1/results"))["items"]
    assert (newest["waiver_id"], under_it["waiver_id"]) == (None, "W-1")


UNSOUND: list[tuple[dict[str, Any], str]] = [
    ({"days": 0}, "a waiver ends after now"),
    ({"days": 91}, "at the latest"),
    ({"high": 5e-7}, "must not be inside the limit"),
    ({"high": 3e-6, "low": 0.0}, "has no low to waive"),
    ({"high": None}, "the limit that holds instead"),
    ({"characteristic": "vacuum_mbar"}, "judges no vacuum_mbar"),
    ({"gate": "leak"}, "no gate leak after seal"),
]


async def test_a_waiver_without_scope_end_or_wider_limit_is_refused(desk: Desk) -> None:
    for changes, says in UNSOUND:
        reply = await desk.post("/waivers", waiver(desk, "C-1", **changes))
        assert reply.status_code == 422, reply.text
        assert says in reply.text
    assert (await desk.get("/waivers"))["items"] == []


async def test_a_value_in_the_guard_band_or_of_another_protocol_is_not_released(
    desk: Desk,
) -> None:
    sigma = {"characteristic": "ionic_conductivity_s_per_cm", "unit": "s_per_cm", "low": 8.3e-3}
    error = "ionic_conductivity_error_s_per_cm"
    guarded = sigma | {"uncertainty_from": error, "protocol_id": "r", "protocol_version": 2}
    await desk.taught(specification("sigma", "conductivity", guarded))

    def measured(lot: str, value: float, u: float | None, version: int = 2) -> Any:
        found = result(lot, "ionic_conductivity_s_per_cm", "S/cm", value)
        return ended(
            lot, "conductivity", found, result(lot, error, "S/cm", u), recipe_version=version
        )

    await desk.hear(
        measured("P-1", 8.6e-3, 1e-4),
        measured("P-2", 8.4e-3, 1e-4),
        measured("P-3", 9.9e-3, None),
        measured("P-4", 9.9e-3, 1e-4, version=1),
    )
    events = [item for item in await desk.said(DispositionDecided) if item.gate == "sigma"]
    assert [(item.lot_id, item.disposition) for item in events] == [
        ("P-1", "released"),
        ("P-2", "blocked"),
        ("P-3", "blocked"),
        ("P-4", "blocked"),
    ]
    assert "not far enough above low 0.0083 S/cm and its guard band of 0.000165" in events[1].reason
    assert events[2].reason.startswith("unknown: the uncertainty of ionic_conductivity")
    assert "by protocol r@1; specification version 1 compares only" in events[3].reason
    [shown] = (await desk.get("/lots/P-1/results"))["items"]
    assert (shown["guard"], shown["protocol"]) == (pytest.approx(1.65e-4), "r@2")


async def test_judging_again_adds_results_by_the_newest_version(desk: Desk) -> None:
    await desk.hear(ended("C-1", "seal", leak("C-1", 2e-6)))
    await desk.taught(specification("seal", "seal", LEAK | {"high": 5e-6}, version=2))
    asked = {"person": "Li Na", "reason": "limit was set for another chamber"}
    await desk.does("/job-orders/C-1-seal/evaluations", asked)
    shown = (await desk.get("/lots/C-1/results"))["items"]
    assert [(item["specification_version"], item["disposition"]) for item in shown] == [
        (2, "released"),
        (1, "blocked"),
    ]
    assert "does not exist" in await desk.refused("/job-orders/C-9-seal/evaluations", asked, 404)
