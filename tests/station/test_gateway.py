"""The gateway on a real port, database and broker, with peers on loopback for other services."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from deploy.broker import Broker
from services.gateway.push import OVERVIEW_EVERY_S
from shared.events import DispositionDecided, EquipmentStateChanged, JobOrderEnded, JobOrderStarted
from shared.settings import SERVICES
from shared.stations import Sample
from shared.telemetry import written
from shared.topics import telemetry_topic
from tests.station.gateway_floor import DOWN, NOW, Plant, open_gateway

ROOT = Path(__file__).resolve().parents[2]
CELL = {
    "cell_id": "WR1-C01",
    "product_id": "nvp-coin",
    "work_request_id": "WR1",
    "kind": "cell",
    "operation": "formation",
    "state": "running",
    "disposition": None,
    "grade": None,
    "discharge_capacity_mah": None,
    "reason": None,
    "updated_at": NOW.isoformat(),
}
JOB = {
    "job_order_id": "WR1-C01-spray",
    "lot_id": "WR1-C01",
    "work_request_id": "WR1",
    "product_id": "nvp-coin",
    "operation": "spray",
}


@pytest.fixture
async def plant(fresh_database: str, broker: Broker, tmp_path: Path) -> AsyncIterator[Plant]:
    async with open_gateway(fresh_database, broker, tmp_path) as running:
        yield running


async def received(
    link: ClientConnection, wanted: Callable[[dict[str, Any]], bool], within_s: float = 60
) -> dict[str, Any]:
    """Return the first message of the live link that is wanted."""
    async with asyncio.timeout(within_s):
        while True:
            message: dict[str, Any] = json.loads(await link.recv())
            if wanted(message):
                return message


async def overview_where(
    link: ClientConnection, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return the first overview pushed that is wanted."""
    message = await received(
        link, lambda item: item.get("topic") == "overview" and wanted(item["data"])
    )
    data: dict[str, Any] = message["data"]
    return data


async def watch(link: ClientConnection, *topics: str) -> None:
    await link.send(json.dumps({"subscribe": topics}))


def station(overview: dict[str, Any], equipment_id: str) -> dict[str, Any]:
    return next(item for item in overview["stations"] if item["equipment_id"] == equipment_id)


def state_of(plant: Plant, state: str, quality: str = "good") -> EquipmentStateChanged:
    return EquipmentStateChanged.model_validate(
        {
            "equipment_id": plant.eap,
            "state": state,
            "data_quality": quality,
            "reason": None,
            "changed_at": NOW,
        }
    )


def started(plant: Plant, **values: Any) -> JobOrderStarted:
    return JobOrderStarted.model_validate(
        {
            **JOB,
            "equipment_id": plant.eap,
            "recipe_id": "eap",
            "recipe_version": 1,
            "started_at": datetime.now(UTC) - timedelta(seconds=300),
            "lot_ids": ["WR1-C01"],
            **values,
        }
    )


def ended(plant: Plant, job_order_id: str, minutes: float) -> JobOrderEnded:
    return JobOrderEnded.model_validate(
        {
            **JOB,
            "job_order_id": job_order_id,
            "state": "ended",
            "equipment_id": plant.eap,
            "recipe_id": "eap",
            "recipe_version": 1,
            "started_at": NOW,
            "ended_at": NOW + timedelta(minutes=minutes),
            "materials": [],
        }
    )


def blocked(disposition: str = "blocked") -> DispositionDecided:
    return DispositionDecided.model_validate(
        {
            "lot_id": "WR1-C01",
            "work_request_id": "WR1",
            "product_id": "nvp-coin",
            "gate": "impedance",
            "characteristic": "interface_ohm_cm2",
            "value": 12.0,
            "unit": "Ω·cm²",
            "low": None,
            "high": 8.0,
            "disposition": disposition,
            "reason": "12.0 above 8.0",
            "specification_version": 1,
            "evaluated_at": NOW,
        }
    )


# overview


async def test_the_overview_knows_each_station_and_says_what_it_does_not_know(
    plant: Plant,
) -> None:
    plant.peers.answers["execution/wip"] = {
        "items": [{"operation": "mill", "waiting": 1, "running": 2, "held": 0, "ended": 3, "x": 1}]
    }
    overview = (await plant.http.get("/api/overview")).json()
    assert len(overview["stations"]) == 18
    assert {item["data_quality"] for item in overview["stations"]} == {"unknown"}
    assert overview["stations"][-1]["kind"] == "tester"
    rooms = {item["kind"] for item in overview["stations"] if not item["takes_jobs"]}
    assert rooms == {"dryroom", "glovebox"}
    assert overview["line"] == "Pilot line"
    assert overview["wip"] == []  # work-requests is not answered: neither is half taken
    plant.peers.answers["execution/work-requests"] = {"items": []}
    async with plant.live() as link:
        await watch(link, "overview")
        shown = await overview_where(link, lambda item: item["wip"] != [])
    assert shown["wip"][0] == {
        "operation": "mill",
        "waiting": 1,
        "running": 2,
        "held": 0,
        "ended": 3,
    }


async def test_the_overview_has_open_work_requests_and_the_last_few_that_ended(
    plant: Plant,
) -> None:
    requests = [
        {
            "work_request_id": f"WR{number}",
            "product_id": "nvp-coin",
            "quantity": 1,
            "graded": 1,
            "held": 0,
            "scrapped": 0,
            "cancelled": 0,
            "closed_at": None,
            "state": "open" if number in (0, 9) else "ended",
        }
        for number in range(10)
    ]
    plant.peers.answers["execution/wip"] = {"items": []}
    plant.peers.answers["execution/work-requests"] = {"items": requests, "total": 1050}
    overview = (await plant.http.get("/api/overview")).json()
    shown = [item["work_request_id"] for item in overview["work_requests"]]
    assert shown == ["WR0", "WR4", "WR5", "WR6", "WR7", "WR8", "WR9"]
    assert overview["work_requests_left_off_count"] == 1043


async def test_answers_to_questions_are_compressed_for_who_takes_it(plant: Plant) -> None:
    packed = await plant.http.get("/api/overview")
    plain = await plant.http.get("/api/overview", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json()["stations"] == plain.json()["stations"]
    assert int(packed.headers["content-length"]) * 3 < int(plain.headers["content-length"])
    plant.peers.answers["quality/nonconformances"] = {"items": ["long"] * 1000}
    passed = await plant.http.get("/api/quality/nonconformances")
    assert (passed.headers["content-encoding"], len(passed.json()["items"])) == ("gzip", 1000)


async def test_answers_to_commands_may_hold_a_secret_and_are_not_compressed(plant: Plant) -> None:
    plant.peers.answers["execution/work-schedules"] = {"taken": ["long"] * 1000}
    answer = await plant.http.post("/api/work-schedules", json={})
    assert answer.json()["taken"] and "content-encoding" not in answer.headers


async def test_events_and_telemetry_reach_the_tile(plant: Plant) -> None:
    async with plant.live() as link:
        await watch(link, "overview")
        await plant.peers.say(
            "spray", ended(plant, "J1", 8), ended(plant, "J2", 10), ended(plant, "J3", 60)
        )
        await plant.peers.say("spray", state_of(plant, "productive"), started(plant))

        def begun(item: dict[str, Any]) -> bool:  # the two events may come in two frames
            tile = station(item, plant.eap)
            return tile["job_order_id"] is not None and tile["state"] == "productive"

        tile = station(await overview_where(link, begun), plant.eap)
        assert tile["data_quality"] == "good"
        assert (tile["operation"], tile["lot_id"]) == ("spray", "WR1-C01")
        assert 0.45 < tile["progress_ratio"] < 0.75  # 5 of usually 10 minutes
        values = [
            Sample(signal="needle_v", value=9800.0, status="Good", source_at=NOW),
            Sample(signal="dew_point_degc", value=None, status="BadSensorFailure", source_at=NOW),
        ]
        plant.peers.bus.publish_soon(
            telemetry_topic(plant.eap, "values"), written(plant.eap, values)
        )
        shown = await overview_where(link, lambda item: station(item, plant.eap)["values"] != [])
        assert station(shown, plant.eap)["values"] == [
            {"signal": "needle_v", "value": 9800.0, "unit": "V", "quality": "good"},
            {"signal": "dew_point_degc", "value": None, "unit": "°C", "quality": "bad"},
        ]
        quiet = await overview_where(
            link,
            lambda item: station(item, plant.eap)["values"][0]["quality"] == "stale",
        )
        assert station(quiet, plant.eap)["values"][0]["value"] == 9800.0


async def test_services_that_do_not_answer_are_not_ready(plant: Plant) -> None:
    async with plant.live() as link:
        await watch(link, "overview")
        # Execution is up, but answers neither for its work in progress nor for its requests.
        shown = await overview_where(
            link, lambda item: ready_of(item, "spray") and not ready_of(item, "execution")
        )
        assert not ready_of(shown, DOWN)


def ready_of(overview: dict[str, Any], service: str) -> bool:
    [ready] = [item["ready"] for item in overview["services"] if item["service"] == service]
    return bool(ready)


async def test_events_that_wait_are_shown_and_raise_an_alarm_until_they_are_gone(
    plant: Plant,
) -> None:
    plant.peers.ready["spray"] = {"last_sequence": 9, "read": {}}
    plant.peers.ready["quality"] = {
        "ready": False,
        "oldest_event_age_s": 10.5,
        "set_aside_count": 2,
        "read": {"spray": 4, "nobody": 1},
        "clock_drift_s": -3600.0,
        "disk_free_mb": 999.0,
    }
    async with plant.live() as link:
        await watch(link, "overview")
        shown = await overview_where(link, lambda item: len(item["alarms"]) == 4)
        assert {(alarm["code"], alarm["source"]) for alarm in shown["alarms"]} == {
            ("disk_low", "quality"),
            ("events_wait", "quality"),
            ("set_aside", "quality"),
            ("clock_set", "quality"),
        }
        [quality] = [item for item in shown["services"] if item["service"] == "quality"]
        assert quality == {
            "service": "quality",
            "ready": False,
            "oldest_event_age_s": 10.5,
            "behind_count": 5,
            "set_aside_count": 2,
            "late": True,
        }
        plant.peers.ready["quality"] = {"disk_free_mb": 1000.0}
        await overview_where(link, lambda item: item["alarms"] == [])


async def test_an_alarm_is_acknowledged_once_and_leaves_with_its_release(plant: Plant) -> None:
    async with plant.live() as link:
        await watch(link, "overview")
        await plant.peers.say("spray", state_of(plant, "unscheduled_down"))
        await plant.peers.say("quality", blocked())
        shown = await overview_where(link, lambda item: len(item["alarms"]) == 2)
        down, gate = shown["alarms"]
        assert (down["code"], down["priority"], down["source"]) == ("station_down", 1, plant.eap)
        assert gate["text"] == "impedance: WR1-C01 is blocked: 12.0 above 8.0"
        path = f"/api/alarms/{down['alarm_id']}/acknowledge"
        headers = {"idempotency-key": "ack-0001", "x-halite-person": "Somebody"}
        async with plant.person("jurgen", "Jürgen", "operator") as operator:
            answer = await operator.post(path, headers=headers)
            assert answer.status_code == 200
            assert answer.json()["acknowledged_by"] == "Jürgen (jurgen)"
            again = await operator.post(path, headers=headers)
            assert again.json() == answer.json()
        late = await plant.http.post(path, headers={"idempotency-key": "ack-0002"})
        assert late.json()["acknowledged_by"] == "Jürgen (jurgen)"
        shown = (await plant.http.get("/api/overview")).json()
        assert [alarm["acknowledged"] for alarm in shown["alarms"]] == [False, True]
        await plant.peers.say("quality", blocked("released"))
        await plant.peers.say("spray", state_of(plant, "standby"))
        await overview_where(link, lambda item: item["alarms"] == [])
    [event] = await plant.said("acknowledge_alarm")
    assert event["person"] == "Jürgen (jurgen)"
    assert len((await plant.http.get("/api/alarms")).json()["items"]) == 2


async def test_an_acknowledgement_of_nothing_is_refused(plant: Plant) -> None:
    headers = {"idempotency-key": "ack-0001"}
    answer = await plant.http.post("/api/alarms/none/acknowledge", headers=headers)
    assert answer.json() == {"code": "NotFoundError", "detail": "alarm none does not exist"}


# live link


async def test_the_live_link_greets_beats_and_sends_whole_states(plant: Plant) -> None:
    async with plant.live(Origin=plant.url) as link:
        hello = json.loads(await link.recv())
        assert hello["type"] == "hello" and len(hello["epoch"]) == 32
        await watch(link, "overview")
        snapshot = await received(link, lambda item: item["type"] == "snapshot")
        assert snapshot["topic"] == "overview" and snapshot["seq"] >= 1
        first = await received(link, lambda item: item["type"] == "heartbeat")
        second = await received(link, lambda item: item["type"] == "heartbeat")
    beats = [datetime.fromisoformat(item["server_time"]) for item in (first, second)]
    assert (beats[1] - beats[0]).total_seconds() > 0.5
    assert set(first) == {"type", "plant_time", "server_time"}


async def test_only_the_newest_of_many_changes_is_sent(plant: Plant) -> None:
    begun_s = time.monotonic()
    async with plant.live() as link:
        await watch(link, "overview")
        await received(link, lambda item: item["type"] == "snapshot")
        states = ["standby", "productive"] * 20 + ["scheduled_down"]
        await plant.peers.say("spray", *(state_of(plant, state) for state in states))
        seen: list[int] = []

        def newest(item: dict[str, Any]) -> bool:
            if item["type"] != "snapshot":
                return False
            seen.append(item["seq"])
            return bool(station(item["data"], plant.eap)["state"] == "scheduled_down")

        await received(link, newest)
    passed_s = time.monotonic() - begun_s
    assert seen == sorted(set(seen))
    assert len(seen) <= 2 + passed_s / OVERVIEW_EVERY_S


async def test_each_message_replaces_the_set_of_topics(plant: Plant) -> None:
    plant.peers.answers["execution/cells/WR1-C01"] = {
        "cell": CELL,
        "operations": [],
        "time_limits": [],
    }
    async with plant.live() as link:
        await watch(link, "overview")
        await received(link, lambda item: item.get("topic") == "overview")
        await watch(link, "cell:WR1-C01")
        await received(link, lambda item: item.get("topic") == "cell:WR1-C01")
        await plant.peers.say("spray", state_of(plant, "scheduled_down"))
        await watch(link, "overview")
        shown = await received(link, lambda item: item["type"] == "snapshot")
        assert shown["topic"] == "overview"


async def test_a_cell_is_sent_again_when_something_about_its_lots_happens(plant: Plant) -> None:
    record = {"cell": CELL, "operations": [], "time_limits": []}
    plant.peers.answers["execution/cells/WR1-C01"] = record
    plant.peers.answers["trace/lots/WR1-C01/genealogy"] = GENEALOGY
    async with plant.live() as link:
        await watch(link, "cell:WR1-C01")
        first = await received(link, lambda item: item.get("topic") == "cell:WR1-C01")
        assert first["data"]["cell"]["state"] == "running"
        record["cell"] = {**CELL, "state": "held"}
        await plant.peers.say("spray", started(plant, lot_id="OTHER", lot_ids=["WR1-PEL-001"]))
        again = await received(link, lambda item: item.get("topic") == "cell:WR1-C01")
    assert again["data"]["cell"]["state"] == "held"
    assert again["seq"] > first["seq"]


async def test_a_page_of_another_origin_is_refused(plant: Plant) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        async with plant.live(Origin="http://evil.example"):
            pass
    answer = await plant.http.post(
        "/api/execution/set-aside/1/retry", headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    assert answer.json()["code"] == "NotAllowedError"
    assert plant.peers.given == []


@pytest.mark.parametrize("message", ["{", '{"subscribe":["everything"]}', "[]", '{"x":1}'])
async def test_a_message_out_of_protocol_closes_the_link(plant: Plant, message: str) -> None:
    async with plant.live() as link:
        await link.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await received(link, lambda _: False)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1003


# cell page

GENEALOGY = {
    "nodes": [
        {
            "lot_id": lot_id,
            "material_definition_id": "m",
            "rank": rank,
            "quantity": 1.0,
            "unit": "1",
            "operation": None,
            "equipment_id": None,
        }
        for rank, lot_id in enumerate(["WR1-PEL-001", "WR1-C01"])
    ],
    "edges": [{"from": "WR1-PEL-001", "to": "WR1-C01", "quantity": 1.0, "unit": "1"}],
}


async def test_a_cell_page_names_the_parts_it_could_not_get(plant: Plant) -> None:
    peers = plant.peers
    operation = {
        "operation": "spray",
        "job_order_id": "J",
        "equipment_id": None,
        "state": "ended",
        "started_at": None,
        "ended_at": None,
    }
    peers.answers["execution/cells/WR1-C01"] = {
        "cell": CELL | {"extra": 1},
        "operations": [operation | {"reason": None}],
        "time_limits": [],
        "holds": [],
    }
    peers.answers["trace/lots/WR1-C01/genealogy"] = GENEALOGY
    peers.answers["quality/lots/WR1-C01/results"] = {"code": "X", "detail": "database away"}
    peers.status["quality/lots/WR1-C01/results"] = 503
    peers.answers["quality/lots/WR1-C01/exposure"] = ["rubbish"]
    peers.answers["quality/lots/WR1-C01/spectra"] = {
        "items": [{"frequency_hz": [1.0], "z_real_ohm": [2.0], "z_imag_ohm": [-1.0], "mode": "c"}]
    }
    answer = await plant.http.get("/api/cells/WR1-C01")
    page = answer.json()
    assert answer.status_code == 200
    assert page["cell"] == CELL
    assert page["operations"] == [operation]
    assert page["genealogy"] == GENEALOGY
    assert page["spectrum"] == {"frequency_hz": [1.0], "z_real_ohm": [2.0], "z_imag_ohm": [-1.0]}
    assert page["gates"] is None
    assert page["exposure"] is None
    assert page["formation"] is None  # 404: there is no run yet, so nothing is missing
    assert [item.split(":")[0] for item in sorted(page["missing"])] == ["exposure", "gates"]
    assert "database away" in "".join(page["missing"])


async def test_figures_of_a_test_stand_where_its_curve_cannot_be_had(plant: Plant) -> None:
    peers = plant.peers
    peers.answers["execution/cells/WR1-C01"] = {"cell": CELL, "operations": [], "time_limits": []}
    cycles = [{"cycle": 1, "discharge_capacity_mah": 990.0}]
    peers.answers["formation/lots/WR1-C01/run"] = {
        "series_id": "J1",
        "state": "running",
        "cycles": cycles,
    }
    columns = {"row": [1], "time_s": [0.0], "voltage_v": [3.1], "current_ma": [100.0]}
    peers.answers["historian/test-curve"] = {"row_count": 9000, "columns": columns}
    whole = (await plant.http.get("/api/cells/WR1-C01")).json()
    assert whole["formation"]["curve"] == {
        "row_count": 9000,
        "time_s": [0.0],
        "voltage_v": [3.1],
        "current_ma": [100.0],
    }
    peers.answers["historian/test-curve"] = {"code": "X", "detail": "sealed file lost"}
    peers.status["historian/test-curve"] = 503
    page = (await plant.http.get("/api/cells/WR1-C01")).json()
    assert page["formation"]["curve"] is None
    assert page["formation"]["cycles"][0]["discharge_capacity_mah"] == 990.0
    assert [item for item in page["missing"] if item.startswith("curve: ")] != []


async def test_an_unknown_cell_or_lot_is_not_found(plant: Plant) -> None:
    plant.peers.answers["execution/lots"] = {"items": [{"lot_id": "RAW-10"}], "total": 1}
    for path in ("/api/cells/none", "/api/lots/RAW-1", "/api/nothing", "/api/nosuch/livez"):
        answer = await plant.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "NotFoundError")


async def test_lists_and_lots_have_exactly_the_agreed_fields(plant: Plant) -> None:
    peers = plant.peers
    peers.answers["execution/cells"] = {"items": [CELL | {"extra": 1}], "total": 1}
    peers.answers["execution/lots"] = {"items": [{"lot_id": "RAW-1", "unit": "g"}], "total": 1}
    cells = (await plant.http.get("/api/cells", params={"disposition": "", "search": "W"})).json()
    assert cells == {"items": [CELL], "total": 1}
    lot = (await plant.http.get("/api/lots/RAW-1")).json()
    assert lot["lot"]["unit"] == "g" and lot["lot"]["location"] is None
    assert lot["genealogy"] == {"nodes": [], "edges": []}
    peers.status["execution/cells"] = 422
    peers.answers["execution/cells"] = {"code": "InvalidInputError", "detail": "limit"}
    assert (await plant.http.get("/api/cells")).status_code == 422


# ways to the services


async def test_a_request_is_passed_on_as_it_is(plant: Plant) -> None:
    headers = {
        "idempotency-key": "key-0001",
        "x-halite-person": "Somebody",
        "content-type": "application/yaml",
        "cookie": "session=secret",
    }
    answer = await plant.http.post(
        "/api/formation/lots/a%20b/grades?x=1&x=2", content=b"\x00\xff", headers=headers
    )
    assert (answer.status_code, answer.json()) == (201, {"taken": 2})
    [seen] = plant.peers.given
    assert seen == {
        "path": "formation/lots/a b/grades",
        "query": "x=1&x=2",
        "key": "key-0001",
        "type": "application/yaml",
        "person": "Setup%20key%20%28setup%29",
        "cookie": None,
        "body": b"\x00\xff",
    }


@pytest.mark.parametrize(
    ("path", "target", "query"),
    [
        ("/api/work-schedules", "execution/work-schedules", ""),
        ("/api/test-files?name=a.ndax&lot_id=C1", "formation/test-files", "name=a.ndax&lot_id=C1"),
        ("/api/spectra?name=a.csv&lot_id=C1", "quality/spectra", "name=a.csv&lot_id=C1"),
    ],
)
async def test_files_find_their_service(plant: Plant, path: str, target: str, query: str) -> None:
    answer = await plant.http.post(path, content=b"x", headers={"idempotency-key": "key-0001"})
    assert answer.status_code == 201
    [seen] = plant.peers.given
    assert (seen["path"], seen["query"], seen["body"]) == (target, query, b"x")


async def test_a_large_body_streams_through_in_both_directions(plant: Plant) -> None:
    size = 20 * 1024 * 1024
    plant.peers.answers["historian/values"] = "v" * size
    answer = await plant.http.post("/api/formation/test-files", content=b"x" * size)
    assert answer.json() == {"taken": size}
    assert len((await plant.http.get("/api/historian/values")).content) == size + 2


async def test_a_body_that_is_too_large_is_refused(plant: Plant) -> None:
    host, port = plant.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /api/formation/test-files?name=a HTTP/1.1\r\nhost: x\r\n"
        + f"authorization: Bearer {plant.key}\r\n".encode()
        + b"content-length: 67108865\r\n\r\n"
    )
    async with asyncio.timeout(60):
        answer = await reader.readuntil(b"}")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"TooLargeError"' in answer
    large = await plant.http.post("/api/spectra?name=a&lot_id=b", content=piecewise(65))
    assert (large.status_code, large.json()["code"]) == (413, "TooLargeError")


async def piecewise(megabytes: int) -> AsyncIterator[bytes]:
    for _ in range(megabytes):
        yield bytes(1024 * 1024)


async def test_a_service_that_is_down_is_503_with_its_name(plant: Plant) -> None:
    answer = await plant.http.get(f"/api/{DOWN}/job-orders")
    assert answer.status_code == 503
    assert answer.json()["code"] == "ServiceUnreachableError"
    assert answer.json()["detail"].startswith("plc does not answer")


# set-aside events

ASIDE = {
    "event_id": "0197a1de-0000-7000-8000-000000000001",
    "source": "execution",
    "sequence": 7,
    "subject": "WR1-C01",
    "type": "org.halite.lot_held.v1",
    "error": "KeyError('gate')",
    "attempts": 1,
    "age_s": 12.5,
}


async def test_set_aside_events_of_all_services_stand_in_one_list(plant: Plant) -> None:
    for name in SERVICES:
        plant.peers.answers[f"{name}/set-aside"] = {"items": [], "total": 0}
    older = ASIDE | {"age_s": 99.0}
    plant.peers.answers["quality/set-aside"] = {"items": [ASIDE | {"extra": 1}], "total": 1}
    plant.peers.answers["trace/set-aside"] = {"items": [older], "total": 340}
    plant.peers.answers["spray/set-aside"] = {"items": [{"event_id": "1"}], "total": 1}
    page = (await plant.http.get("/api/set-aside")).json()
    assert page["items"] == [{"service": "trace", **older}, {"service": "quality", **ASIDE}]
    assert page["total"] == 341
    first = (await plant.http.get("/api/set-aside?limit=1")).json()
    assert (first["items"], first["total"]) == ([{"service": "trace", **older}], 341)
    missing = {item.split(":")[0] for item in page["missing"]}
    assert missing == {"spray", DOWN}


async def test_a_retry_goes_to_its_service_and_the_record_names_the_person(plant: Plant) -> None:
    path = f"/api/set-aside/quality/{ASIDE['event_id']}/retry"
    assert (await plant.http.post(path)).status_code == 422  # without a key
    headers = {"idempotency-key": "retry-0001"}
    target = f"quality/set-aside/{ASIDE['event_id']}/retry"
    current = {"attempts": 2, "error": "KeyError('gate')"}
    refusal = {"code": "ConflictError", "detail": "still cannot be handled", "current": current}
    plant.peers.status[target], plant.peers.answers[target] = 409, refusal
    refused = await plant.http.post(path, headers=headers)
    assert (refused.status_code, refused.json()) == (409, refusal)
    plant.peers.status[target], plant.peers.answers[target] = 200, {"state": "handled"}
    done = await plant.http.post(path, headers=headers)
    assert (done.status_code, done.json()) == (200, {"state": "handled"})
    again = await plant.http.post(path, headers=headers)  # passed on, and noted once
    assert (again.status_code, again.json()) == (200, {"state": "handled"})
    assert [seen["path"] for seen in plant.peers.given] == [target] * 3
    [event] = await plant.said("retry_set_aside")
    assert (event["target"], event["person"]) == (ASIDE["event_id"], "Setup key (setup)")


# master data


async def give(plant: Plant, document: str) -> httpx.Response:
    headers = {"idempotency-key": "key-0001", "content-type": "application/yaml"}
    return await plant.http.post("/api/master-data", content=document, headers=headers)


async def test_each_service_gets_its_section_with_a_key_of_its_own(plant: Plant) -> None:
    document = "execution: {work_masters: []}\nspray:\n  master_recipes: []\n"
    for _ in range(2):
        answer = await give(plant, document)
        assert answer.status_code == 201
        assert set(answer.json()["services"]) == {"execution", "spray"}
    sent = sorted((seen["path"], seen["body"], seen["key"]) for seen in plant.peers.given)
    assert [item[:2] for item in sent[::2]] == [
        ("execution/master-data", b'{"work_masters": []}'),
        ("spray/master-data", b'{"master_recipes": []}'),
    ]
    assert len({key for _, _, key in sent}) == 2


async def test_a_refused_section_is_named_and_the_others_are_taken(plant: Plant) -> None:
    plant.peers.status["spray/master-data"] = 422
    plant.peers.answers["spray/master-data"] = {
        "code": "InvalidInputError",
        "detail": "body.master_recipes: Field required",
        "current": {"version": 1},
    }
    answer = await give(plant, "execution: {}\nspray: {}\nplc: {}\n")
    assert answer.status_code == 422
    body = answer.json()
    assert {name: item["taken"] for name, item in body["services"].items()} == {
        "execution": True,
        "spray": False,
        "plc": False,
    }
    assert "spray: body.master_recipes: Field required" in body["detail"]
    assert body["services"]["spray"]["current"] == {"version": 1}


async def test_a_service_that_is_down_makes_master_data_worth_sending_again(plant: Plant) -> None:
    assert (await give(plant, "plc: {}\n")).status_code == 503


async def test_an_unknown_section_is_refused_before_anything_is_sent(plant: Plant) -> None:
    answer = await give(plant, "spray: {}\nsprai: {}\n")
    assert answer.status_code == 422
    assert "sprai" in answer.json()["detail"]
    assert plant.peers.given == []


# web app


async def test_the_web_app_answers_every_page_and_is_not_fetched_twice(plant: Plant) -> None:
    page = await plant.http.get("/cells/WR1-C01", headers={"accept-encoding": "identity"})
    assert (page.status_code, page.text) == (200, "<title>app</title>")
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    etag = {"if-none-match": page.headers["etag"], "accept-encoding": "identity"}
    assert (await plant.http.get("/", headers=etag)).status_code == 304
    async with plant.http.stream("GET", "/", headers={"accept-encoding": "br"}) as packed:
        assert packed.headers["content-encoding"] == "br"
        assert b"".join([chunk async for chunk in packed.aiter_raw()]) == b"packed"


async def test_without_a_build_the_page_says_how_to_make_one(plant: Plant, tmp_path: Path) -> None:
    for name in ("index.html", "index.html.br"):
        (tmp_path / "dist" / name).unlink()
    page = await plant.http.get("/")
    assert page.status_code == 503
    assert "make web" in page.text
