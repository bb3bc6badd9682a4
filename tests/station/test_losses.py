"""Losses on a real port, database and broker: what events make of states, stops and yields."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.broker import Broker
from shared.events import DispositionDecided, EquipmentStateChanged, JobOrderEnded
from tests.station.gateway_floor import Plant, open_gateway, until

ROOT = Path(__file__).resolve().parents[2]
NORMS = {"production_norms": [{"operation": "spray", "version": 1, "planned_s": 1800,
                               "gates": ["spray"], "source": "plant"}]}  # fmt: skip


@pytest.fixture
async def plant(fresh_database: str, broker: Broker, tmp_path: Path) -> AsyncIterator[Plant]:
    async with open_gateway(fresh_database, broker, tmp_path) as running:
        yield running


async def losses(plant: Plant) -> dict[str, Any]:
    page = (await plant.http.get("/api/oee?hours=8")).json()
    [station] = [item for item in page["stations"] if item["equipment_id"] == plant.eap]
    return {"page": page, "station": station}


def state(plant: Plant, name: str, at: datetime, quality: str = "good") -> EquipmentStateChanged:
    return EquipmentStateChanged.model_validate(
        {
            "equipment_id": plant.eap,
            "state": name,
            "data_quality": quality,
            "reason": "door open" if name == "unscheduled_down" else None,
            "changed_at": at,
        }
    )


async def now_of(plant: Plant) -> datetime:
    page = (await plant.http.get("/api/alarm-list")).json()
    return datetime.fromisoformat(page["plant_time"])


async def test_a_shift_of_a_station_becomes_its_oee_and_a_stop_asks_for_its_reason(
    plant: Plant,
) -> None:
    section = yaml.safe_dump({"gateway": NORMS})
    taken = await plant.http.post(
        "/api/master-data", content=section, headers={"idempotency-key": "norms-0001"}
    )
    assert taken.status_code == 201, taken.text
    now = await now_of(plant)
    at = {hour: now - timedelta(hours=hour) for hour in range(1, 8)}
    ended = JobOrderEnded.model_validate(
        {
            "job_order_id": "WR1-C01-spray",
            "lot_id": "WR1-C01",
            "work_request_id": "WR1",
            "product_id": "nvp-coin",
            "operation": "spray",
            "state": "ended",
            "equipment_id": plant.eap,
            "recipe_id": "r",
            "recipe_version": 1,
            "started_at": at[6],
            "ended_at": at[5],
            "materials": [],
        }
    )
    decided = DispositionDecided(
        lot_id="WR1-C01",
        work_request_id="WR1",
        product_id="nvp-coin",
        gate="spray",
        characteristic="film_um",
        value=9.0,
        unit="um",
        low=1.0,
        high=8.0,
        disposition="blocked",
        reason="9.0 above 8.0",
        specification_version=1,
        evaluated_at=at[5],
    )
    await plant.peers.say(
        "spray",
        state(plant, "productive", at[6]),
        ended,
        state(plant, "unscheduled_down", at[4]),
        state(plant, "standby", at[3]),
        state(plant, "standby", at[2], "stale"),
        state(plant, "standby", at[1]),
    )
    await plant.peers.say(
        "quality", decided, decided.model_copy(update={"disposition": "released"})
    )

    def whole(item: dict[str, Any]) -> bool:
        times_s, long = item["times_s"], pytest.approx(3 * 3600, abs=60)
        return times_s["unknown"] == long and item["decided_count"] == 1

    [station] = await until(lambda: losses(plant), "station", whole)
    assert station["times_s"]["unscheduled_down"] == pytest.approx(3600)
    assert station["availability"] == pytest.approx(0.4, abs=0.01)
    assert station["effectiveness"] == pytest.approx(0.25)
    assert (station["quality"], station["oee"]) == (0, 0)  # a second decision is no first pass
    page = (await losses(plant))["page"]
    [stop] = page["stops"]
    assert (stop["reason"], stop["downtime_reason"]) == ("door open", None)
    assert page["pareto"][0]["reason"] == "not_given"
    given = {"equipment_id": plant.eap, "reason": "mechanical", "note": "hinge"}
    for key in ("stop-0001", "stop-0001", "stop-0002"):
        reply = await plant.http.post(
            "/api/downtime-reasons", json=given, headers={"idempotency-key": key}
        )
        assert reply.status_code == 200, reply.text
    page = (await losses(plant))["page"]
    assert page["stops"][0]["person"] == "Setup key (setup)"
    assert [row["reason"] for row in page["pareto"]] == ["mechanical"]
    assert page["gates"] == [
        {"gate": "spray", "released_count": 0, "decided_count": 1, "ratio": 0.0}
    ]


async def test_a_reason_for_a_stop_that_is_not_on_record_is_refused(plant: Plant) -> None:
    given = {"equipment_id": plant.eap, "reason": "operator"}
    reply = await plant.http.post(
        "/api/downtime-reasons", json=given, headers={"idempotency-key": "stop-0001"}
    )
    assert reply.status_code == 404
    assert "has no unscheduled stop on record" in reply.json()["detail"]
    wrong = await plant.http.post(
        "/api/downtime-reasons",
        json=given | {"reason": "no idea"},
        headers={"idempotency-key": "stop-0002"},
    )
    assert wrong.status_code == 422
