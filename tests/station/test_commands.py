"""Every command of every service: a repeat has the first answer, another use of its key is 409."""

import json
import math
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import text

from deploy.contracts import FOLDER, service_named
from shared import joborders
from shared.app import Service
from shared.db import migrate
from shared.envelope import envelope
from shared.events import DispositionDecided
from shared.settings import SERVICES
from tests.station.bench import job_order, lot

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
EVENT_ID = "0197a1de-0000-7000-8000-000000000001"
RETRY, RESUME = "/set-aside/{event_id}/retry", "/job-orders/{job_order_id}/resume"
CLOSE = "/work-requests/{work_request_id}/close"
HOLD, FREE = "/lots/{lot_id}/holds", "/lots/{lot_id}/holds/{gate}/end"
# What the gateway passes on, with the key, to the service whose command it is.
PASSED_ON = {
    "/api/master-data",
    "/api/work-schedules",
    "/api/test-files",
    "/api/spectra",
    "/api/set-aside/{name}/{event_id}/retry",
    "/api/{service}/{path}",
}
# Those with commands beside the retry, which is the kernel's and the same in all that read events.
COMMANDED = ("execution", "sintering", "spray", "lamination", "formation", "quality")
STATIONS = ("sintering", "spray", "lamination", "formation")
FILES, SPECTRA = "/test-files", "/spectra"
# Tested where there is what they change: furnace plans, strangers, charts, glue, waivers, persons.
ELSEWHERE = {
    "/api/alarms/{alarm_id}/acknowledge",
    "/api/alarms/{alarm_id}/in-service",
    "/api/alarms/{alarm_id}/out-of-service",
    "/api/alarms/{alarm_id}/shelve",
    "/api/alarms/{alarm_id}/unshelve",
    "/api/downtime-reasons",
    "/api/handovers",
    "/api/keys/{key_id}/end",
    "/api/persons/{login}",
    "/api/persons/{login}/badge/end",
    "/chart-signals/{signal_id}/answers",
    "/job-orders/{job_order_id}/abort",
    "/gauge-records",
    "/job-orders/{job_order_id}/evaluations",
    "/job-orders/{job_order_id}/pause",
    "/job-orders/{job_order_id}/stop",
    "/actions/{action_id}/done",
    "/actions/{action_id}/effectiveness",
    "/nonconformances",
    "/nonconformances/{nonconformance_id}/actions",
    "/nonconformances/{nonconformance_id}/causes",
    "/nonconformances/{nonconformance_id}/closings",
    "/nonconformances/{nonconformance_id}/containments",
    "/nonconformances/{nonconformance_id}/dispositions",
    "/nonconformances/{nonconformance_id}/dispositions/{disposition_id}/signatures",
    "/openings",
    "/openings/{lot_id}/end",
    "/waivers",
    "/waivers/{waiver_id}/revocations",
    "/waivers/{waiver_id}/signatures",
    "/control-charts/{chart_id}/limits",
    "/furnace-loads/{furnace_load_id}/marks",
    "/furnace-loads/{furnace_load_id}/places",
    "/furnace-plan/pins",
    "/retention-holds",
    "/test-batches/{source}/{sequence}",
    "/test-series",
    "/retention-holds/{hold_id}/end",
    "/part-measurements",
    "/sodium/moves",
    "/sodium/scraps",
    "/sodium/scraps/{scrap_id}/confirmations",
    "/job-orders/{job_order_id}/scans",
    "/job-orders/{job_order_id}/scans/take-back",
    "/furnace-plan/pins/{pin_id}/end",
    "/lots/{lot_id}/grades",
    "/release-signatures",
    "/sampling-resumptions",
    "/specification-signatures",
    "/queries",
    "/queries/{query_id}/end",
    "/recalls",
    "/recalls/{recall_id}/end",
    "/trust/{fingerprint}/accept",
    "/trust/{fingerprint}/reject",
}
QUESTIONS = {
    "/bias-studies",
    "/furnace-plan/what-if",
    "/gauge-studies",
}  # change nothing, so they need no key
# Of a password nothing may be kept beside its hash; a repeat of these changes nothing or is 409.
SECRET = {
    "/api/keys",
    "/api/persons",
    "/api/persons/{login}/badge",
    "/api/persons/{login}/password",
    "/api/handovers/{handover_id}/take-over",
    "/api/session",
    "/api/session/badge",
    "/api/session/end",
    "/api/session/password",
}
ENTRY, FACTOR = "/channel-entries", "/cell-factors"
MIX, CHECK, DISPOSAL = "/glue-mixes", "/glue-mixes/{lot_id}/checks", "/glue-mixes/{lot_id}/disposal"
RECEIPT, CURE = "/glue-lots/{lot_id}/receipt", "/lots/{lot_id}/cure-results"
TRAINING, TAKE, LEAVE = "/trainings", "/operators/{station}", "/operators/{station}/end"
OPERATED = {
    "sintering": "furnace-1",
    "spray": "eap-1",
    "lamination": "laminator-1",
    "formation": "analyser-1",
}
OPERATORS = (TRAINING, TAKE, LEAVE)  # in this order too
GLUE = (MIX, CHECK, DISPOSAL, RECEIPT, CURE)  # in this order, after the master data
OWN = (
    *("/master-data", "/work-schedules", CLOSE, HOLD, FREE, RESUME, RETRY, SPECTRA, ENTRY, FACTOR),
    *GLUE,
    *OPERATORS,
)
READINGS = "/test-files/{sha256}/readings"
PERSON = {"json": {"person": "Li Na", "reason": "looks wrong"}}
REPAIR = {
    "equipment_id": "pilot/formation/cycling/tester-1",
    "channel": "1-1-1",
    "entry": "repaired",
    "by": "Ada",
    "note": "new relay",
}
WEIGH_OUT = {
    "lot_id": "IMG-1",
    "formula_id": "img-glue",
    "person": "Li Na",
    "weighings": [
        {"lot_id": f"{name}-1", "material_definition_id": name, "mass_g": mass_g}
        for name, mass_g in (("napf6", 11.91), ("eca", 44.045), ("fec", 44.045))
    ],
}
RECEIVED = {
    "material_definition_id": "img_glue",
    "quantity_ul": 500,
    "received_at": "2026-03-02T06:00:00Z",
    "person": "Li Na",
}
TRAINED = {
    "trainee": "Ada (ada)",
    "skill": "spray",
    "valid_until": "2100-01-01T00:00:00Z",
    "evidence": "course 7",
    "person": "Bo (bo)",
}
CURED = {
    "face": "a",
    "method": "ft_ir",
    "value_ratio": 0.1,
    "measured_at": "2026-03-02T06:30:00Z",
    "person": "Bo",
}
# A face that was sprayed half an hour before its cure is measured.
SPRAYED = (
    """
    INSERT INTO station_order (station_order_id, equipment_id, recipe_id, recipe_version,
                               parameters, materials, state, planned_at)
    VALUES ('J0', 'pilot/dryroom/spray/eap-1', 'r', 1, '{}', '[]', 'ended', '2026-03-02T06:00Z')""",
    """
    INSERT INTO coated_face (lot_id, face, station_order_id, sprayed_at, equipment_id,
                             cure_model_id, cure_model_version, cure_rate_per_min)
    VALUES ('P1', 'a', 'J0', '2026-03-02T06:00Z', 'pilot/dryroom/spray/eap-1', 'img-glue', 1,
            0.307)""",
)
SCHEDULE = """
work_schedule_id: S1
material_lots: [{lot_id: RAW-1, material_definition_id: zro2, quantity: 5, unit: g}]
work_requests:
  - {work_request_id: WR1, product_id: nvp-coin, quantity: 1, due_at: 2026-04-01T00:00Z}
"""


def sample(path: str, name: str) -> tuple[str, dict[str, Any]]:
    """Return a request for a command that will be accepted."""
    master_data = yaml.safe_load((ROOT / "examples/master-data.yaml").read_text()).get(name)
    own_section = json.dumps(master_data, default=str)
    as_json = {"content-type": "application/json"}
    return {
        "/master-data": ("/master-data", {"content": own_section, "headers": as_json}),
        "/work-schedules": ("/work-schedules", {"content": SCHEDULE}),
        CLOSE: ("/work-requests/WR1/close", PERSON),
        HOLD: ("/lots/RAW-1/holds", PERSON),
        FREE: ("/lots/RAW-1/holds/person/end", PERSON),
        RESUME: ("/job-orders/J1/resume", {}),
        RETRY: (f"/set-aside/{EVENT_ID}/retry", {}),
        ENTRY: (ENTRY, {"json": REPAIR}),
        FACTOR: (FACTOR, {"json": {"lot_id": "C1", "factor": "spray_head", "level": "2"}}),
        MIX: (MIX, {"json": WEIGH_OUT}),
        CHECK: ("/glue-mixes/IMG-1/checks", {"json": {"person": "Bo", "viscosity_mpas": 9.9}}),
        DISPOSAL: ("/glue-mixes/IMG-1/disposal", {"json": {"person": "Bo", "reason": "spilt"}}),
        RECEIPT: ("/glue-lots/IMG-2/receipt", {"json": RECEIVED}),
        TRAINING: (TRAINING, {"json": TRAINED}),
        TAKE: (f"/operators/{OPERATED.get(name)}", {"json": {"person": "Ada (ada)"}}),
        LEAVE: (f"/operators/{OPERATED.get(name)}/end", {"json": {"person": "Ada (ada)"}}),
        CURE: ("/lots/P1/cure-results", {"json": CURED}),
        SPECTRA: ("/spectra?name=a.csv&lot_id=C-1", {"content": spectrum()}),
    }[path]


def spectrum() -> str:
    """Return a resistor before one with a capacitor beside it: frequency, real, imaginary."""
    lines = []
    for step in range(60):
        frequency_hz = 1e6 * 10 ** (-step / 10)
        ohm = 1.0 + 5.0 / (1.0 + 2j * math.pi * frequency_hz * 1e-3)
        lines.append(f"{frequency_hz},{ohm.real},{ohm.imag}")
    return "\n".join(lines)


@pytest.fixture
def test_file() -> bytes:
    """A tester's file that no one here made, or a skip with the reason."""
    folder = Path(os.environ.get("HALITE_PEER_DATA", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"peer data not at {folder}; set HALITE_PEER_DATA")
    return (folder / "neware/21_10_7_85.ndax").read_bytes()


async def prepare(service: Service, station_kind: str) -> None:
    """Let there be a held job order, an event that was set aside, and an alarm."""
    held = job_order("J1", station_kind, "r", [lot("L1", "x", "processed")])
    decided = DispositionDecided(
        lot_id="L1",
        work_request_id=None,
        product_id="P",
        gate="g",
        characteristic="x",
        value=1.0,
        unit="",
        low=None,
        high=None,
        disposition="released",
        reason="so",
        specification_version=1,
        evaluated_at=AT,
    )
    said = envelope(decided, service="quality", time=AT).model_copy(update={"sequence": 1})
    async with service.database.begin() as tx:
        await tx.execute(
            text("""
                INSERT INTO set_aside (event_id, source, sequence, subject, partition_key, body,
                                       error)
                VALUES (:id, 'quality', 1, 'L1', 'L1', :body, 'e')"""),
            {"id": EVENT_ID, "body": said.model_dump_json()},
        )
        await tx.execute(text("INSERT INTO cursor VALUES ('quality', 1) ON CONFLICT DO NOTHING"))
        if service.name in STATIONS:
            await joborders.add(tx, held)
            await joborders.hold(tx, "J1", "look")
        if service.name == "spray":
            for statement in SPRAYED:
                await tx.execute(text(statement))


@asynccontextmanager
async def running(name: str, url: str) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    """A service on its own database, without its loops, and a caller."""
    migrate(url, ROOT / "services" / name / "migrations")
    service = service_named(name, url)
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}") as http:
        await prepare(service, "eap")
        yield service, http
    await service.http.aclose()
    await service.database.close()


def commands(name: str) -> dict[str, dict[str, Any]]:
    """Return what the contract of a service says of each route that changes something."""
    document = json.loads((FOLDER / f"openapi/{name}.json").read_text())
    changing = {path: set(methods) - {"get"} for path, methods in document["paths"].items()}
    assert set().union(*changing.values()) <= {"post"}
    return {
        path: document["paths"][path]["post"]
        for path, kinds in changing.items()
        if kinds and path not in QUESTIONS | SECRET
    }


@pytest.mark.parametrize("name", SERVICES)
def test_every_command_wants_a_key_and_may_be_refused_with_what_is_there(name: str) -> None:
    for path, described in commands(name).items():
        assert path in {*OWN, FILES, READINGS, *ELSEWHERE, *PASSED_ON}, f"{path} has no sample here"
        conflict = described["responses"]["409"]["content"]["application/json"]["schema"]
        assert conflict == {"$ref": "#/components/schemas/Conflict"}
        wanted = {item["name"]: item["required"] for item in described.get("parameters", ())}
        assert wanted.get("idempotency-key") or path in PASSED_ON, path


@pytest.mark.parametrize("name", COMMANDED)
async def test_a_repeated_command_has_the_first_answer_and_one_effect(
    name: str, new_database: Callable[[], str]
) -> None:
    async with running(name, new_database()) as (service, http):
        for path in (path for path in OWN if path in commands(name)):
            await repeat(service, http, *sample(path, name))


async def test_a_repeated_test_file_has_the_first_answer_and_one_effect(
    new_database: Callable[[], str], test_file: bytes
) -> None:
    async with running("formation", new_database()) as (service, http):
        await repeat(service, http, f"{FILES}?name=a.ndax&lot_id=C-1", {"content": test_file})
        await repeat(service, http, f"/test-files/{sha256(test_file).hexdigest()}/readings", {})


async def repeat(
    service: Service, http: httpx.AsyncClient, target: str, request: dict[str, Any]
) -> None:
    """Give a command twice, and then another one with its key."""
    headers = {"idempotency-key": f"key of {target}", **request.get("headers", {})}
    request = request | {"headers": headers}
    first = await http.post(target, **request)
    assert first.status_code in (200, 201), (target, first.text)
    kept = await contents(service)
    again = await http.post(target, **request)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert await contents(service) == kept, target
    otherwise = f"{target}&" if "?" in target else f"{target}?&"  # the same names and values
    other = await http.post(otherwise, **request)
    assert other.status_code == 409, other.text
    assert other.json()["current"]["answer"] == first.json()


async def contents(service: Service) -> dict[str, int]:
    """Return how many rows each table of a service has."""
    async with service.database.quiet() as tx:
        tables = await tx.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        )
        return {
            table: await tx.scalar(text(f'SELECT count(*) FROM "{table}"')) or 0
            for table in list(tables)
        }
