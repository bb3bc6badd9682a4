"""Alarms on a real port, database and broker: states, shelves, suppression by design, the table."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.broker import Broker
from shared.events import (
    DispositionDecided,
    EquipmentStateChanged,
    LotsScrapped,
    SourceStateChanged,
    WorkRequestEnded,
)
from tests.station.gateway_floor import DOWN, NOW, Plant, open_gateway, until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def plant(fresh_database: str, broker: Broker, tmp_path: Path) -> AsyncIterator[Plant]:
    async with open_gateway(fresh_database, broker, tmp_path) as running:
        yield running


def station(plant: Plant, state: str, quality: str = "good") -> EquipmentStateChanged:
    return EquipmentStateChanged.model_validate(
        {
            "equipment_id": plant.eap,
            "state": state,
            "data_quality": quality,
            "reason": "door open" if state == "unscheduled_down" else None,
            "job_order_id": None,
            "changed_at": NOW,
        }
    )


async def post(plant: Plant, path: str, key: str, **body: Any) -> Any:
    return await plant.http.post(
        path, headers={"idempotency-key": f"{key}-0001"}, json=body or None
    )


async def keep_table(plant: Plant) -> None:
    text = (ROOT / "examples/master-data.yaml").read_text()
    section = yaml.safe_dump({"gateway": yaml.safe_load(text)["gateway"]})
    reply = await plant.http.post(
        "/api/master-data", content=section, headers={"idempotency-key": "table-0001"}
    )
    assert reply.status_code == 201, reply.text


async def alarms(plant: Plant) -> dict[str, dict[str, Any]]:
    page = (await plant.http.get("/api/alarm-list")).json()
    return {item["code"]: item for item in page["items"]}


async def in_the_frame(plant: Plant, *codes: str) -> None:
    """Wait until the overview has these alarms and no other."""

    async def read() -> dict[str, Any]:
        overview = (await plant.http.get("/api/overview")).json()
        return {"codes": {item["code"] for item in overview["alarms"]}}

    await until(read, "codes", lambda found: found == set(codes))


async def test_a_shelved_alarm_is_out_of_the_frame_and_comes_back_unacknowledged(
    plant: Plant,
) -> None:
    await plant.peers.say("spray", station(plant, "unscheduled_down"))
    [alarm] = await until(lambda: alarms(plant), "station_down")
    path = f"/api/alarms/{alarm['alarm_id']}"
    assert (await post(plant, f"{path}/acknowledge", "ack")).status_code == 200
    assert (await alarms(plant))["station_down"]["state"] == "acknowledged"
    reply = await post(plant, f"{path}/shelve", "shelf", duration_s=3600, reason="valve ordered")
    assert reply.json()["state"] == "shelved"
    again = await post(plant, f"{path}/shelve", "shelf", duration_s=3600, reason="valve ordered")
    assert again.json() == reply.json()
    other = await post(plant, f"{path}/shelve", "shelf2", duration_s=60, reason="again")
    assert other.status_code == 409 and "the alarm is shelved" in other.json()["detail"]
    assert (await post(plant, f"{path}/acknowledge", "ack2")).status_code == 409
    await in_the_frame(plant)
    listed = (await alarms(plant))["station_down"]
    assert (listed["state"], listed["hidden_reason"]) == ("shelved", "valve ordered")
    ended = await post(plant, f"{path}/unshelve", "back")
    assert ended.json()["state"] == "unacknowledged"
    await in_the_frame(plant, "station_down")
    [event] = await plant.said("shelve_alarm")
    assert event["reason"].endswith("; valve ordered") and event["person"] == "Setup key (setup)"


async def test_a_shelf_has_a_reason_and_an_end_that_the_table_bounds(plant: Plant) -> None:
    await keep_table(plant)
    await plant.peers.say("spray", station(plant, "unscheduled_down"))
    [alarm] = await until(lambda: alarms(plant), "station_down")
    path = f"/api/alarms/{alarm['alarm_id']}/shelve"
    page = (await plant.http.get("/api/alarm-list")).json()
    row = page["table_rows"]["station_down"]
    assert row["guidance"]["de"].startswith("Grund") and row["longest_shelf_h"] == 4
    for body in ({"duration_s": 600}, {"duration_s": 600, "reason": ""}, {"reason": "no end"}):
        assert (await post(plant, path, "none", **body)).status_code == 422
    long = await post(plant, path, "long", duration_s=5 * 3600, reason="over the night")
    assert long.status_code == 422
    assert "station_down may be shelved for 4 h at most, 5 h were asked for" in long.text


async def test_only_maintenance_takes_an_alarm_out_of_service_until_it_is_put_back(
    plant: Plant,
) -> None:
    await plant.peers.say("spray", station(plant, "unscheduled_down"))
    [alarm] = await until(lambda: alarms(plant), "station_down")
    path = f"/api/alarms/{alarm['alarm_id']}"
    async with plant.person("op", "Otto", "operator") as operator:
        refused = await operator.post(
            f"{path}/out-of-service",
            json={"reason": "rebuilt"},
            headers={"idempotency-key": "out-0001"},
        )
        assert refused.status_code == 403
    out = await post(plant, f"{path}/out-of-service", "out", reason="rebuilt")
    assert out.json() == {"alarm_id": alarm["alarm_id"], "state": "out_of_service", "until": None}
    await plant.peers.say("spray", station(plant, "standby"), station(plant, "unscheduled_down"))
    # A new annunciation of the same point stays out of service.
    await until(
        lambda: alarms(plant), "station_down", lambda item: item["alarm_id"] != alarm["alarm_id"]
    )
    renewed = (await alarms(plant))["station_down"]
    assert renewed["state"] == "out_of_service"
    await in_the_frame(plant)
    back = await post(plant, f"/api/alarms/{renewed['alarm_id']}/in-service", "put-in")
    assert back.json()["state"] == "unacknowledged"


async def test_what_follows_from_a_lost_station_is_suppressed_until_it_is_back(
    plant: Plant,
) -> None:
    await keep_table(plant)
    silent = SourceStateChanged(
        equipment_id=plant.eap, data_quality="stale", last_sample_at=NOW - timedelta(minutes=1)
    )
    await plant.peers.say("spray", station(plant, "standby", "stale"))
    await plant.peers.say("historian", silent)
    [follower] = await until(lambda: alarms(plant), "source_silent")
    cause = (await until(lambda: alarms(plant), "station_lost"))[0]
    await until(
        lambda: alarms(plant), "source_silent", lambda a: a["state"] == "suppressed_by_design"
    )
    assert (await alarms(plant))["source_silent"]["because"] == f"follows:{cause['alarm_id']}"
    await in_the_frame(plant, "station_lost")
    await plant.peers.say("spray", station(plant, "standby"))
    await until(lambda: alarms(plant), "source_silent", lambda a: a["state"] == "unacknowledged")
    assert follower["alarm_id"] == (await alarms(plant))["source_silent"]["alarm_id"]


async def test_an_alarm_that_the_table_wants_confirmed_stays_after_its_return(
    plant: Plant,
) -> None:
    await keep_table(plant)
    await plant.peers.say("spray", station(plant, "unscheduled_down"), station(plant, "standby"))
    [alarm] = await until(
        lambda: alarms(plant), "station_down", lambda a: a["state"] == "returned_unacknowledged"
    )
    await in_the_frame(plant, "station_down")
    path = f"/api/alarms/{alarm['alarm_id']}/acknowledge"
    assert (await post(plant, path, "ack")).status_code == 200
    await in_the_frame(plant)
    assert await alarms(plant) == {}


async def test_the_list_names_the_services_whose_alarms_may_be_missing(plant: Plant) -> None:
    async def page() -> dict[str, Any]:
        found: dict[str, Any] = (await plant.http.get("/api/alarm-list")).json()
        return {"page": found} if found["silent"] == [DOWN] else {}

    [found] = await until(page, "page")
    assert (found["items"], found["flood"], found["left_off_count"]) == ([], False, 0)


async def test_a_long_list_of_alarms_is_cut_with_its_counts_and_groups_whole(plant: Plant) -> None:
    others = [
        station(plant, "unscheduled_down").model_copy(update={"equipment_id": f"x/y/z/{number}"})
        for number in range(7)
    ]
    await plant.peers.say("spray", *others)

    async def page() -> dict[str, Any]:
        found: dict[str, Any] = (await plant.http.get("/api/alarm-list?limit=3")).json()
        return {"page": found} if found["standing_count"] == 7 else {}

    [found] = await until(page, "page")
    assert (len(found["items"]), found["hidden_count"], found["left_off_count"]) == (3, 0, 4)
    [group] = found["groups"]
    assert (group["kind"], group["count"]) == ("code", 7)
    assert sorted(group["alarm_ids"]) == sorted(item["alarm_id"] for item in found["items"])


async def test_what_is_scrap_or_of_an_ended_order_asks_nobody_any_more(plant: Plant) -> None:
    def decided(lot_id: str, disposition: str) -> DispositionDecided:
        return DispositionDecided.model_validate(
            {
                "lot_id": lot_id,
                "work_request_id": "WR1",
                "product_id": "nvp-coin",
                "gate": "grade",
                "characteristic": "coulombic_efficiency_ratio",
                "value": 0.7,
                "unit": "1",
                "low": 0.95,
                "high": None,
                "disposition": disposition,
                "reason": "low",
                "specification_version": 1,
                "evaluated_at": NOW,
            }
        )

    async def page() -> dict[str, Any]:
        found = await alarms(plant)
        return {"none": not found, **found}

    for lot_id in ("WR1-C01", "WR1-C02", "WR1-C03"):
        await plant.peers.say("quality", decided(lot_id, "blocked"))
    await until(page, "gate_blocked", lambda alarm: "3 lots" in alarm["text"])
    await plant.peers.say("quality", decided("WR1-C01", "scrap"))
    await until(page, "gate_blocked", lambda alarm: "2 lots" in alarm["text"])
    scrapped = LotsScrapped(
        lot_id="WR1-C02",
        nonconformance_id="NC-1",
        lot_ids=("WR1-C02",),
        reason="r",
        person="Q",
    )
    await plant.peers.say("quality", scrapped)
    await until(page, "gate_blocked", lambda alarm: "lots" not in alarm["text"])
    ended = WorkRequestEnded(
        work_request_id="WR1", product_id="nvp-coin", released_count=2, blocked_count=1
    )
    await plant.peers.say("execution", ended)
    await until(page, "none", lambda none: none)
    await plant.peers.say("quality", decided("WR1-C03", "blocked"))
    await until(page, "gate_blocked", lambda alarm: "WR1-C03" in alarm["text"])


async def test_an_old_row_of_the_table_never_changes_and_the_newest_acts(plant: Plant) -> None:
    await keep_table(plant)
    answer = (await plant.http.get("/api/alarm-table")).json()
    assert answer["not_rationalised"] == []
    [down] = [item for item in answer["items"] if item["code"] == "station_down"]
    changed = yaml.safe_dump({"gateway": {"alarm_definitions": [down | {"priority": 3}]}})
    refused = await plant.http.post(
        "/api/master-data", content=changed, headers={"idempotency-key": "table-0002"}
    )
    assert refused.status_code == 422
    assert "alarm definition station_down version 1 exists" in refused.text
    newer = yaml.safe_dump(
        {"gateway": {"alarm_definitions": [down | {"priority": 3, "version": 2}]}}
    )
    taken = await plant.http.post(
        "/api/master-data", content=newer, headers={"idempotency-key": "table-0003"}
    )
    assert taken.status_code == 201
    await plant.peers.say("spray", station(plant, "unscheduled_down"))
    [alarm] = await until(lambda: alarms(plant), "station_down")
    assert alarm["priority"] == 3


async def test_key_figures_count_what_was_raised_since_the_first_alarm(plant: Plant) -> None:
    plant.peers.ready["quality"] = {"set_aside_count": 2}

    async def figures() -> dict[str, Any]:
        return {"figures": (await plant.http.get("/api/alarm-figures?hours=24")).json()}

    [found] = await until(figures, "figures", lambda item: item["raised_count"] > 0)
    assert (found["raised_count"], found["per_10_min"], found["flood_ratio"]) == (1, None, 0)
    assert [item["count"] for item in found["priorities"]] == [0, 1, 0]
    assert found["worst"][0]["source"] == "quality"
