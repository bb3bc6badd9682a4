"""Shift handovers on a real port, database and broker."""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from deploy.broker import Broker
from shared.events import EquipmentStateChanged, JobOrderHeld
from tests.station.gateway_floor import PASSWORD, Plant, open_gateway, until

HOLD = {"lot_id": "WR1-C07", "gate": "spray", "reason": "film 9 above 8 um"}
BLIND = {
    "lot_id": "NA-1",
    "open_state": "bare_sodium",
    "gas": "water",
    "state": "unknown",
    "limit_at": "2099-01-01T00:00:00+00:00",
    "reason": "no sensor",
}


@pytest.fixture
async def plant(fresh_database: str, broker: Broker, tmp_path: Path) -> AsyncIterator[Plant]:
    async with open_gateway(fresh_database, broker, tmp_path) as running:
        yield running


async def draft(plant: Plant) -> dict[str, Any]:
    return (await plant.http.get("/api/handover-draft")).json()


async def hand_over(client: httpx.AsyncClient, notes: str, key: str) -> httpx.Response:
    return await client.post(
        "/api/handovers", json={"notes": notes}, headers={"idempotency-key": key}
    )


async def take_over(
    client: httpx.AsyncClient, written: dict[str, Any], login: str, **change: str
) -> httpx.Response:
    body = {
        "login": login,
        "password": PASSWORD,
        "record_sha256": written["record_sha256"],
        "remark": "seen at the furnace",
        **change,
    }
    return await client.post(f"/api/handovers/{written['handover_id']}/take-over", json=body)


async def said_of_shifts(plant: Plant) -> dict[str, Any]:
    items = (await plant.http.get("/events")).json()["items"]
    return {"said": [item["data"] for item in items if "shift" in item["type"]]}


async def trouble(plant: Plant) -> None:
    """A stop without a reason, a job order that stands, a lot that is held, a blind exposure."""
    now = datetime.fromisoformat((await draft(plant))["plant_time"])
    stopped = EquipmentStateChanged(
        equipment_id=plant.eap,
        state="unscheduled_down",
        data_quality="good",
        reason="door open",
        changed_at=now - timedelta(seconds=1),
    )
    held = JobOrderHeld(
        job_order_id="WR1-C07-spray",
        lot_id="WR1-C07",
        work_request_id="WR1",
        product_id="nvp-coin",
        operation="spray",
        equipment_id=plant.eap,
        reason="recipe not read back",
        lot_ids=(),
    )
    await plant.peers.say("spray", stopped, held)
    plant.peers.answers["execution/holds"] = {"items": [HOLD], "total": 7}
    plant.peers.answers["execution/time-limits"] = {"items": [], "total": 0}
    plant.peers.answers["quality/open-exposures"] = {"items": [BLIND], "total": 130}
    await until(lambda: draft(plant), "counts", lambda counts: counts["job_orders"] == 1)


async def test_a_shift_is_handed_over_once_and_taken_over_by_another_person(plant: Plant) -> None:
    await trouble(plant)
    async with (
        plant.person("ada", "Ada", "operator") as ada,
        plant.person("bob", "Bob", "operator"),
        plant.person("eve", "Eve", "viewer") as eve,
    ):
        assert (await hand_over(eve, "x", "handover-0000")).status_code == 403
        reply = await hand_over(ada, "Door of EAP 1 sticks.", "handover-0001")
        assert reply.status_code == 201, reply.text
        written = reply.json()
        assert (await hand_over(ada, "Door of EAP 1 sticks.", "handover-0001")).json() == written
        # Ada's panel; who takes over proves it by a password each time.
        same = await take_over(ada, written, "ada")
        wrong = await take_over(ada, written, "bob", password="not-this-one")
        viewer = await take_over(ada, written, "eve")
        other = await take_over(ada, written, "bob", record_sha256="0" * 64)
        assert [reply.status_code for reply in (same, wrong, viewer, other)] == [422, 401, 403, 409]
        taken = await take_over(ada, written, "bob")
        assert (taken.status_code, taken.json()["taken_by"]) == (200, "Bob (bob)")
        assert (await take_over(ada, written, "bob")).json() == taken.json()
        page = (await ada.get(f"/api/handovers/{written['handover_id']}")).json()
        [listed] = (await ada.get("/api/handovers")).json()["items"]
    record = page["record"]
    assert (page["taken_by"], page["remark"]) == ("Bob (bob)", "seen at the furnace")
    assert record["notes"] == "Door of EAP 1 sticks." and record["person"] == "Ada (ada)"
    assert record["open"]["held_lots"] == [HOLD]
    assert [stop["reason"] for stop in record["open"]["stops"]] == ["door open"]
    assert [job["state"] for job in record["open"]["job_orders"]] == ["interrupted"]
    assert [lot["lot_id"] for lot in record["open"]["exposures"]] == ["NA-1"]
    assert (record["counts"]["alarms"], record["counts"]["held_lots"]) == (2, 7)
    assert (record["counts"]["exposures"], record["counts"]["time_limits"]) == (130, 0)
    assert listed["record"] == {name: part for name, part in record.items() if name != "open"}
    assert "open" not in listed["record"] and listed["taken_by"] == "Bob (bob)"
    [shifts] = await until(lambda: said_of_shifts(plant), "said", lambda said: len(said) == 2)
    assert [item["person"] for item in shifts] == ["Ada (ada)", "Bob (bob)"]
    assert {item["record_sha256"] for item in shifts} == {written["record_sha256"]}


async def test_a_record_that_nobody_took_over_is_superseded_by_a_new_one(plant: Plant) -> None:
    async with (
        plant.person("ada", "Ada", "operator") as ada,
        plant.person("bob", "Bob", "operator") as bob,
    ):
        first = (await hand_over(ada, "first", "handover-0001")).json()
        second = (await hand_over(ada, "second", "handover-0002")).json()
        gone = await take_over(bob, first, "bob")
        assert (gone.status_code, gone.json()["current"]) == (
            409,
            {"superseded_by": second["handover_id"]},
        )
        assert (await take_over(bob, second, "bob")).status_code == 200
        third = (await hand_over(ada, "third", "handover-0003")).json()
        page = (await ada.get(f"/api/handovers/{third['handover_id']}")).json()
    assert page["supersedes"] is None  # what was taken over stays


async def test_a_service_that_does_not_answer_is_named_and_its_part_is_not_empty(
    plant: Plant,
) -> None:
    plant.peers.answers["execution/holds"] = {"detail": "down"}
    plant.peers.status["execution/holds"] = 503
    found = await draft(plant)
    assert found["open"]["held_lots"] is None and "held_lots" not in found["counts"]
    assert any(item.startswith("held_lots: execution: 503") for item in found["missing"])


async def test_the_database_refuses_to_change_a_handover(plant: Plant, fresh_database: str) -> None:
    written = (await hand_over(plant.http, "as it was", "handover-0001")).json()
    engine = create_engine(fresh_database)
    with contextlib.closing(engine.connect()) as connection:
        for statement in ("UPDATE handover SET person = 'nobody'", "DELETE FROM handover"):
            with pytest.raises(DBAPIError, match="for adding only"):
                connection.execute(text(statement))
            connection.rollback()
    engine.dispose()
    page = (await plant.http.get(f"/api/handovers/{written['handover_id']}")).json()
    assert page["person"] == "Setup key (setup)"
