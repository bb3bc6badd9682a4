"""The whole plant, a small order, from raw lots to graded cells; then its bad inputs."""

import json
from typing import Any

import httpx
import pytest

from deploy.ports import Ports
from tests.plant import ROOT, Plant

ORDER = (ROOT / "examples/small-order.yaml").read_bytes()
CELLS = ("WR-SMALL-01-C01", "WR-SMALL-01-C02")
pytestmark = pytest.mark.timeout(900)


def settled(plant: Plant) -> list[dict[str, Any]]:
    """Return the two cells once each is graded or held, else nothing."""
    cells = {cell["cell_id"]: cell for cell in plant.get("/api/cells")["items"]}
    found = [cells[name] for name in CELLS if name in cells]
    done = [cell for cell in found if cell["grade"] or cell["disposition"] == "blocked"]
    return done if len(done) == len(CELLS) else []


@pytest.fixture(scope="module")
def finished(plant: Plant, begun_order: None) -> list[dict[str, Any]]:
    """The cells of the small order, carried through to their grades."""
    found: list[dict[str, Any]] = plant.wait_for(lambda: settled(plant), 480)
    assert any(cell["grade"] for cell in found), [cell["reason"] for cell in found]
    return found


def record(plant: Plant) -> list[dict[str, Any]]:
    """Return the whole sealed record, page by page."""
    items: list[dict[str, Any]] = []
    while page := plant.get(
        "/api/trace/record", after=items[-1]["position"] if items else 0, limit=500
    )["items"]:
        items += page
    return items


def test_cells_are_graded_or_held_with_a_reason(
    plant: Plant, finished: list[dict[str, Any]]
) -> None:
    for cell in finished:
        assert cell["grade"] or cell["reason"]


def test_the_command_line_says_where_the_plant_serves_and_that_it_is_ready(
    plant: Plant, begun_order: None
) -> None:
    assert (plant.report["url"], plant.report["speed"]) == (plant.url, plant.speed)
    again = plant.halite("up", "--data-dir", str(plant.data_dir), "--json")
    assert json.loads(again.stdout) == plant.report
    status = plant.halite("status", "--data-dir", str(plant.data_dir), "--json")
    assert status.returncode == 0
    assert all(said["ready"] for said in json.loads(status.stdout).values())


def test_services_speak_tls_alone_and_the_gateway_gives_persons_no_events(
    plant: Plant, begun_order: None
) -> None:
    for url in Ports(first=plant.port).service_urls().values():
        with pytest.raises(httpx.RemoteProtocolError):
            plant.http.get(url.replace("https:", "http:") + "/readyz")
        with pytest.raises(httpx.ConnectError, match="verify failed"):  # no authority is known here
            plant.http.get(f"{url}/readyz")
    assert plant.http.get(f"{plant.url}/events").status_code == 403


def test_one_trace_leads_from_the_order_to_the_machine_and_back(
    plant: Plant, finished: list[dict[str, Any]]
) -> None:
    trace_id = plant.traceresponse.split("-")[1]
    said = [
        (item["type"].split(".")[2], item["data"])
        for service in ("execution", "sintering")
        for item in plant.get(f"/api/{service}/events", limit=1000)["items"]
        if (item["traceparent"] or "").split("-")[1:2] == [trace_id]
    ]
    mill = {kind for kind, data in said if data.get("operation") == "mill"}
    assert mill >= {"job_order_released", "job_order_started", "job_order_ended"}
    after = {data["operation"] for kind, data in said if kind == "job_order_released"}
    assert after >= {"mill", "dry", "calcine"}  # released by what the machine answered
    lines = (plant.data_dir / "log/sintering.log").read_text().splitlines()
    logged = [json.loads(line) for line in lines if trace_id in line]
    assert {"station order started", "station order ended"} <= {line["event"] for line in logged}


def test_no_job_ran_twice_over_the_restart(plant: Plant, finished: list[dict[str, Any]]) -> None:
    started = [
        item["subject"] for item in record(plant) if item["type"].endswith("job_order_started.v1")
    ]
    assert len(started) == len(set(started)) > 15


def test_a_graded_cell_shows_its_whole_life(plant: Plant, finished: list[dict[str, Any]]) -> None:
    graded = next(cell for cell in finished if cell["grade"])
    page = plant.get(f"/api/cells/{graded['cell_id']}")
    assert page["missing"] == []
    operations = {item["operation"] for item in page["operations"]}
    assert operations >= {"mill", "calcine", "press", "sinter", "spray", "stack", "seal", "rest"}
    gates = {item["gate"] for item in page["gates"]}
    assert gates >= {"stack", "seal", "rest", "impedance", "capacity", "exposure"}
    assert page["exposure"]["state"] in ("within", "near")
    assert len(page["formation"]["curve"]["time_s"]) > 100
    assert page["formation"]["cycles"][1]["discharge_capacity_mah"] == pytest.approx(
        graded["discharge_capacity_mah"]
    )
    assert len(page["spectrum"]["frequency_hz"]) > 30
    assert {limit["name"] for limit in page["time_limits"]} >= {"cure", "coat_to_stack"}


def test_genealogy_goes_back_to_raw_lots_and_forward_to_cells(
    plant: Plant, finished: list[dict[str, Any]]
) -> None:
    graded = next(cell for cell in finished if cell["grade"])
    page = plant.get(f"/api/cells/{graded['cell_id']}")
    ancestors = {node["lot_id"] for node in page["genealogy"]["nodes"]}
    assert ancestors >= {"S-NA2CO3-1", "S-ZRO2-1", "S-IMG-1", "S-NADISC-1", "S-NVP-1"}
    forward = plant.get("/api/trace/lots/S-ZRO2-1/genealogy", direction="forward")
    assert {node["lot_id"] for node in forward["nodes"]} >= {graded["cell_id"]}


def test_the_record_is_sealed_and_whole(plant: Plant, finished: list[dict[str, Any]]) -> None:
    assert plant.get("/api/trace/record/verify")["ok"] is True
    assert plant.get("/api/execution/set-aside")["items"] == []


def test_telemetry_of_the_dry_room_is_kept(plant: Plant, finished: list[dict[str, Any]]) -> None:
    series = plant.get(
        "/api/historian/series",
        equipment_id="pilot/dryroom/room/dryroom-1",
        signal="dew_point_1_degc",
        points=200,
    )
    assert len(series["points"]) > 10


BAD_SCHEDULES = {
    "a negative quantity": (
        ORDER.replace(b"quantity: 2\n", b"quantity: -2\n"),
        ("line", "quantity", "greater than or equal to 1", "-2"),
    ),
    "a negative weight": (
        ORDER.replace(b"zro2, quantity: 50", b"zro2, quantity: -50"),
        ("line", "material_lots.1.quantity", "greater than 0", "-50"),
    ),
    "an unknown product": (
        ORDER.replace(b"product_id: nvp-coin", b"product_id: lead-acid"),
        ("lead-acid",),
    ),
    "an unknown field": (
        ORDER.replace(b"priority: 70", b"prio: 70"),
        ("line", "prio"),
    ),
    "broken YAML": (b"work_schedule_id: [", ("line", "not YAML or JSON")),
    "no bytes at all": (b"", ("line 1",)),
}


@pytest.mark.parametrize("name", BAD_SCHEDULES)
def test_a_bad_schedule_is_refused_with_line_field_and_rule(plant: Plant, name: str) -> None:
    content, words = BAD_SCHEDULES[name]
    content = content.replace(b"WR-SMALL-01", b"WR-BAD-01").replace(b"small-order-1", b"bad-1")
    before = plant.get("/api/work-requests")
    reply = plant.post("/api/work-schedules", content, f"bad schedule {name}")
    assert reply.status_code in (404, 422), reply.text
    for word in words:
        assert word in reply.json()["detail"]
    assert plant.get("/api/work-requests")["items"] == before["items"]


def test_a_recipe_out_of_its_own_limits_is_refused(plant: Plant) -> None:
    recipe = {
        "recipe_id": "eap-wild",
        "version": 1,
        "station_kind": "eap",
        "description": "too much voltage",
        "parameters": {
            "needle_voltage_v": {"value": 30000, "low": 14000, "high": 16000, "source": "plant"}
        },
    }
    body = json.dumps({"spray": {"master_recipes": [recipe]}}).encode()
    reply = plant.post("/api/master-data", body, "wild-recipe-1", "application/json")
    assert reply.status_code == 422
    assert "needle_voltage_v" in reply.text and "16000" in reply.text and "30000" in reply.text


def test_a_truncated_test_file_is_refused_and_gates_nothing(plant: Plant) -> None:
    reply = plant.post("/api/test-files?name=half.ndax", b"PK\x03\x04half", "half-file-1")
    assert reply.status_code == 422
    assert "half.ndax" in reply.json()["detail"]
    assert "gates nothing" in reply.json()["detail"]


def test_a_spectrum_without_frequencies_is_refused(plant: Plant) -> None:
    reply = plant.post(
        "/api/spectra?name=empty.csv&lot_id=L1", b"1.0,2.0\n1.1,2.1\n", "no-frequency-1"
    )
    assert reply.status_code == 422
    assert "empty.csv" in reply.json()["detail"]
