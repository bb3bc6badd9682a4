"""Quality on a real database: what it hears becomes results, decisions and nonconformances."""

import asyncio
import hashlib
import json
import math
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from deploy.broker import Broker
from services.quality.decisions import Recorder
from services.quality.evaluation import Evaluator
from services.quality.fitter import SpectrumQuestion
from services.quality.fitting import FitProcess
from services.quality.judge import ExposureJudge
from services.quality.main import MIGRATIONS, build
from services.quality.room import RoomWatch
from services.quality.settings import QualitySettings
from services.quality.workflow import Decider
from shared.app import Service
from shared.bus import Bus, Message
from shared.db import migrate
from shared.envelope import envelope
from shared.errors import ServiceUnreachableError, StationFaultError
from shared.events import (
    CellGraded,
    CyclingEnded,
    DispositionDecided,
    ExposureEvaluated,
    GenealogyRecorded,
    JobOrderHeld,
    NonconformanceRaised,
    SpectrumMeasured,
)
from shared.facts import Event, TestResult
from shared.topics import telemetry_topic
from tests.station.quality_desk import accepted, ended, material, pellets_of

Found = TypeVar("Found", bound=Event)
ROOT = Path(__file__).resolve().parents[2]
ROOM = "pilot/dryroom/room/dryroom-1"
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
FREQUENCY_HZ = np.geomspace(7e6, 1.0, 70)
JW = 2j * np.pi * FREQUENCY_HZ
SOURCES = ("execution", "sintering", "spray", "lamination", "formation")


def characteristic(name: str, unit: str, **limits: Any) -> dict[str, Any]:
    return {"characteristic": name, "unit": unit, "source": "test", **limits}


def specification(gate: str, operation: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    values = {
        "gate": gate,
        "product_id": "nvp-coin",
        "operation": operation,
        "version": 1,
        "decides": "lot",
        "characteristics": list(items),
    }
    return values | more


def budget(state: str = "bare_sodium", **changes: Any) -> dict[str, Any]:
    values = {
        "state": state,
        "product_id": "nvp-coin",
        "budget_minutes": 60.0,
        "budget_dose_ppm_h": 100.0,
        "from_operation": "stack",
        "to_operation": "seal",
        "room_equipment_id": ROOM,
        "source": "test",
    }
    return values | changes


THICKNESS = characteristic("thickness_um", "um", low=120, high=130)
SPECIFICATIONS = [
    specification("thickness", "gauge", THICKNESS, decides="parts"),
    specification(
        "seal",
        "seal",
        characteristic("leak_rate_mbar_l_per_s", "mbar_l_per_s", high=1e-6),
        characteristic(
            "vacuum_mbar", "mbar", high=1, status="suspect", reason="gauge not calibrated"
        ),
    ),
    specification(
        "impedance",
        "impedance",
        characteristic("kk_residual_ratio", "ratio", high=0.01),
        characteristic("interface_asr_ohm_cm2", "ohm_cm2", high=200),
        characteristic("ocv_v", "v", low=2.4),
    ),
    specification(
        "conductivity",
        "conductivity",
        characteristic("ionic_conductivity_25degc_s_per_cm", "s_per_cm", low=7.5e-3),
        decides="pellet_lot",
    ),
    specification(
        "witness_ccd",
        "ccd",
        characteristic("ccd_survived_ma_per_cm2", "ma_per_cm2", low=4.0),
        decides="pellet_lot",
        ccd_recipe={"dwell_s": 20, "voltage_limit_v": 5, "step_ma_per_cm2": 1.0},
    ),
    specification("capacity", "grading", characteristic("discharge_capacity_mah", "mah", low=1.0)),
]


@dataclass
class Quality:
    """The service on its own database; each loop takes a turn when the test says so."""

    service: Service
    evaluator: Evaluator
    decider: Decider
    judge: ExposureJudge
    watch: RoomWatch
    fits: FitProcess
    http: httpx.AsyncClient

    async def hear(self, *events: Event, source: str = "formation") -> None:
        """Handle events as the inbox does, each in a transaction of its own."""
        inbox = self.service.inbox
        assert inbox is not None
        for event in events:
            wrapped = envelope(event, service=source, time=START, correlation_id="order-1")
            async with self.service.database.begin() as tx:
                await inbox.effects.handle(tx, wrapped)

    async def settle(self) -> None:
        """Let every loop look until nothing moves."""
        while await self.evaluator.look() + await self.decider.look() + await self.judge.look():
            pass

    async def said(self, kind: type[Found]) -> list[Found]:
        """Return what the service recorded of one kind, oldest first."""
        rows = await self.query("SELECT body FROM outbox ORDER BY id")
        envelopes = [json.loads(row["body"]) for row in rows]
        found = [item for item in envelopes if item["type"].split(".")[2] == kind.kind]
        assert all(item["correlationid"] == "order-1" for item in found)
        return [kind.model_validate(item["data"]) for item in found]

    async def decided(self, gate: str) -> list[tuple[str, str]]:
        """Return (lot, disposition) of a gate's decisions, oldest first."""
        events = await self.said(DispositionDecided)
        return [(item.lot_id, item.disposition) for item in events if item.gate == gate]

    async def query(self, statement: str) -> Any:
        async with self.service.database.quiet() as tx:
            return (await tx.execute(text(statement))).mappings().all()

    async def get(self, path: str) -> Any:
        reply = await self.http.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.post(path, headers={"idempotency-key": uuid4().hex}, **more)

    async def taught(self, *budgets: dict[str, Any]) -> None:
        body = {"test_specifications": SPECIFICATIONS, "exposure_budgets": list(budgets)}
        reply = await self.post("/master-data", json=body)
        assert reply.status_code == 201, reply.text

    def dew_points(self, *pairs: tuple[float, float], signal: str = "dew_point_1_degc") -> None:
        """Tell dew points as (seconds after the start, degC); None is a value that is not good."""
        samples = [
            {
                "signal": signal,
                "value": degc,
                "status": "Good" if degc > -273 else "BadSensorFailure",
                "source_at": (START + timedelta(seconds=seconds)).isoformat(),
            }
            for seconds, degc in pairs
        ]
        body = {"equipment_id": ROOM, "samples": samples}
        message = Message(topic="t", payload=json.dumps(body).encode(), acknowledge=lambda: None)
        self.watch.take(message)


def settings_for(url: str, **more: Any) -> QualitySettings:
    values = {
        "service": "quality",
        "port": 1,
        "database_url": url,
        "plant_file": ROOT / "deploy/plant.toml",
        "service_urls": {source: "http://127.0.0.1:1" for source in SOURCES},
        "sample_every_s": 10.0,
        "longest_gap_wall_s": 600.0,
        "sensor_wait_wall_s": 3600.0,
        "sample_retention_days": 36_500.0,
    }
    return QualitySettings.model_validate(values | more)


def wired(settings: QualitySettings, fits: FitProcess) -> Quality:
    service = build(settings, fits)
    database, clock, outbox = service.database, service.clock, service.outbox
    recorder = Recorder(outbox, clock)
    transport = httpx.ASGITransport(app=service.app)
    return Quality(
        service=service,
        evaluator=Evaluator(database, clock, fits, settings.interface_tau_min_s),
        decider=Decider(database, recorder, clock),
        judge=ExposureJudge(database, outbox, clock, recorder, settings),
        watch=RoomWatch(database, clock, settings),
        fits=fits,
        http=httpx.AsyncClient(transport=transport, base_url="http://quality"),
    )


@pytest.fixture(scope="module")
async def fits() -> AsyncIterator[FitProcess]:
    process = FitProcess()
    yield process
    await process.stop()


@pytest.fixture
async def quality(fresh_database: str, fits: FitProcess) -> AsyncIterator[Quality]:
    migrate(fresh_database, MIGRATIONS)
    found = wired(settings_for(fresh_database), fits)
    yield found
    await found.http.aclose()
    await found.service.http.aclose()
    await found.service.database.close()


@pytest.fixture(scope="session")
def peer_data() -> Path:
    folder = Path(os.environ.get("HALITE_PEER_DATA", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"peer data not at {folder}; set HALITE_PEER_DATA")
    return folder


def result(lot_id: str, name: str, unit: str, value: float | None, **more: Any) -> TestResult:
    return TestResult(lot_id=lot_id, characteristic=name, value=value, unit=unit, **more)


def spectrum(lot_id: str, z_ohm: Any, operation: str, mode: str, **more: Any) -> SpectrumMeasured:
    values = {
        "lot_id": lot_id,
        "spectrum_id": f"{lot_id}-spectrum",
        "job_order_id": f"{lot_id}-{operation}",
        "work_request_id": "WR-1",
        "product_id": "nvp-coin",
        "operation": operation,
        "mode": mode,
        "frequency_hz": FREQUENCY_HZ.tolist(),
        "z_real_ohm": z_ohm.real.tolist(),
        "z_imag_ohm": z_ohm.imag.tolist(),
        "temperature_degc": 25.0,
        "fixture_id": "FX-1",
        "thickness_um": None,
        "area_cm2": 2.0,
        "faces": 1,
        "measured_at": START,
    }
    return SpectrumMeasured.model_validate(values | more)


def cell_z(interface_ohm: float) -> Any:
    clean = 1e-7 * JW + 0.3 + 0.5 / (1 + (JW * 4e-8) ** 0.9)
    clean = clean + interface_ohm / (1 + (JW * 1e-3) ** 0.88)
    noise = np.random.default_rng(5).normal(size=(2, JW.size))
    return clean * (1 + 0.001 * (noise[0] + 1j * noise[1]))


def pellet_z(ohm: float) -> Any:
    clean = 1e-7 * JW + 0.35 * ohm + 0.65 * ohm / (1 + (JW * 4e-8) ** 0.95) + 8e4 * JW**-0.94
    noise = np.random.default_rng(6).normal(size=(2, JW.size))
    return clean * (1 + 0.001 * (noise[0] + 1j * noise[1]))


def staircase(lot_id: str, levels: int, shorted_from_level: int | None = None) -> CyclingEnded:
    """A staircase of 1 mA/cm2 steps with 20 s a half step and one row a second."""
    rows: dict[str, list[float]] = {"step_index": [], "time_s": [], "voltage_v": []}
    currents = []
    densities = [sign * level for level in range(1, levels + 1) for sign in (1.0, -1.0)]
    for index, density in enumerate(densities):
        shorted = shorted_from_level is not None and abs(density) >= shorted_from_level
        volts = density * (0.001 if shorted else 0.24)
        rows["step_index"] += [index + 1] * 21
        rows["time_s"] += [index * 21.0 + second for second in range(21)]
        rows["voltage_v"] += [volts] * 21
        currents += [density * 2.0] * 21
    values = {
        "lot_id": lot_id,
        "job_order_id": f"{lot_id}-ccd",
        "work_request_id": "WR-1",
        "product_id": "nvp-coin",
        "operation": "ccd",
        "protocol_id": "ccd",
        "protocol_version": 1,
        "channel": "27-1-1",
        "protocol_matches": True,
        "cycles": (),
        "row_count": len(currents),
        "area_cm2": 2.0,
        "current_ma": currents,
        "ended_at": START,
        **rows,
    }
    return CyclingEnded.model_validate(values)


def built_of(lot_id: str, *parts: str) -> GenealogyRecorded:
    return GenealogyRecorded(
        job_order_id=f"{lot_id}-stack",
        lot_id=lot_id,
        work_request_id="WR-1",
        product_id="nvp-coin",
        operation="stack",
        equipment_id="pilot/a/b/c-1",
        recipe_id="r",
        recipe_version=1,
        materials=(*(material(part, "consumed") for part in parts), material(lot_id, "produced")),
        started_at=START,
        ended_at=START,
    )


# Gates over what stations measured


async def test_parts_are_released_one_by_one_under_their_pellet_lot(quality: Quality) -> None:
    await quality.taught()
    results = [
        result("P-1", "thickness_um", "µm", 125.0),
        result("P-2", "thickness_um", "µm", 133.0),
        result("P-3", "thickness_um", "µm", None, reason="the station gave no value"),
    ]
    await quality.hear(ended("PEL", "gauge", *results, parts=("P-1", "P-2", "P-3", "P-4")))
    await quality.settle()
    [decided] = await quality.said(DispositionDecided)
    assert (decided.lot_id, decided.disposition) == ("PEL", "released")
    assert decided.work_request_id == "WR-1"
    assert [(part.lot_id, part.disposition) for part in decided.parts] == [
        ("P-1", "released"),
        ("P-2", "blocked"),
        ("P-3", "blocked"),
        ("P-4", "blocked"),
    ]
    assert decided.parts[1].reason.endswith("above high 130 µm (specification version 1)")
    assert decided.parts[2].reason.startswith("unknown: thickness_um of P-3: the station gave")
    assert decided.parts[3].reason.startswith("unknown: thickness_um of P-4 was not measured")
    [raised] = await quality.said(NonconformanceRaised)
    assert raised.nonconformance_id == "NC-PEL-gauge-thickness"
    assert raised.lot_ids == ("P-2", "P-3", "P-4")
    [shown] = (await quality.get("/lots/P-2/results"))["items"]
    assert shown["value"] == 133.0
    assert (shown["low"], shown["high"], shown["unit"]) == (120.0, 130.0, "µm")
    assert (shown["gate"], shown["disposition"]) == ("thickness", "blocked")
    assert shown["specification_version"] == 1


async def test_a_suspect_limit_is_shown_and_never_blocks(quality: Quality) -> None:
    await quality.taught()
    leak = result("C-1", "leak_rate_mbar_l_per_s", "mbar·L/s", 1e-8)
    await quality.hear(ended("C-1", "seal", leak, result("C-1", "vacuum_mbar", "mbar", 50.0)))
    await quality.settle()
    assert await quality.decided("seal") == [("C-1", "released")]
    assert await quality.said(NonconformanceRaised) == []
    shown = (await quality.get("/lots/C-1/results"))["items"]
    by_name = {item["characteristic"]: item for item in shown}
    assert by_name["vacuum_mbar"]["disposition"] is None
    assert by_name["vacuum_mbar"]["value"] == 50.0
    assert "gauge not calibrated" in by_name["vacuum_mbar"]["reason"]


async def test_the_newest_version_of_a_specification_acts(quality: Quality) -> None:
    await quality.taught()
    leak = characteristic("leak_rate_mbar_l_per_s", "mbar_l_per_s", high=1e-9)
    tighter = specification("seal", "seal", leak, version=2)
    await quality.post("/master-data", json={"test_specifications": [tighter]})
    measured = result("C-1", "leak_rate_mbar_l_per_s", "mbar·L/s", 1e-8)
    await quality.hear(ended("C-1", "seal", measured))
    await quality.settle()
    [decided] = await quality.said(DispositionDecided)
    assert (decided.disposition, decided.specification_version) == ("blocked", 2)
    assert (decided.value, decided.high, decided.unit) == (1e-8, 1e-9, "mbar·L/s")


async def test_an_aborted_job_order_and_an_operation_without_gates_decide_nothing(
    quality: Quality,
) -> None:
    await quality.taught()
    await quality.hear(ended("C-1", "seal", state="aborted"), ended("C-1", "press"))
    await quality.settle()
    assert await quality.said(DispositionDecided) == []
    assert (await quality.get("/undecided"))["items"] == []


async def test_a_grade_passes_the_gates_of_grading(quality: Quality) -> None:
    await quality.taught()
    graded = CellGraded(
        lot_id="C-1",
        work_request_id="WR-1",
        product_id="nvp-coin",
        grade="A",
        discharge_capacity_mah=1.2,
        coulombic_efficiency_ratio=None,
        reasons=("first",),
    )
    await quality.hear(graded, graded.model_copy(update={"lot_id": "C-2"}))
    await quality.settle()
    assert await quality.decided("capacity") == [("C-1", "released"), ("C-2", "released")]


async def test_a_held_job_order_raises_a_nonconformance_that_names_its_lots(
    quality: Quality,
) -> None:
    held = JobOrderHeld(
        job_order_id="PEL-gauge",
        lot_id="PEL",
        work_request_id="WR-1",
        product_id="nvp-coin",
        operation="gauge",
        equipment_id="pilot/furnaces/inspection/gauge-1",
        reason="recipe read back differs",
        lot_ids=("P-1", "P-2"),
    )
    await quality.hear(held)
    [raised] = await quality.said(NonconformanceRaised)
    assert raised.lot_ids == ("P-1", "P-2")
    assert raised.description == "gauge held: recipe read back differs"
    [shown] = (await quality.get("/nonconformances"))["items"]
    assert shown["nonconformance_id"] == raised.nonconformance_id
    assert shown["gate"] == "station"


@pytest.mark.parametrize("table", ["result", "disposition", "measurement"])
async def test_what_was_recorded_is_never_changed(quality: Quality, table: str) -> None:
    await quality.taught()
    await quality.hear(ended("PEL", "gauge", result("P-1", "thickness_um", "µm", 125.0)))
    await quality.settle()
    for statement in (f"UPDATE {table} SET lot_id = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="is a record and is never changed"):
            await quality.query(statement)


# Impedance


async def test_impedance_waits_for_its_figures_and_then_decides_once(quality: Quality) -> None:
    await quality.taught()
    measured = spectrum("C-1", cell_z(79.35), "impedance", "cell")
    await quality.hear(measured, ended("C-1", "impedance", result("C-1", "ocv_v", "V", 2.54)))
    assert await quality.decider.look() == 0
    [waiting] = (await quality.get("/undecided"))["items"]
    assert waiting["reason"] == "the spectrum is being evaluated"
    await quality.settle()
    await quality.settle()
    assert await quality.decided("impedance") == [("C-1", "released")]
    results = (await quality.get("/lots/C-1/results"))["items"]
    values = {item["characteristic"]: item["value"] for item in results}
    assert values["interface_asr_ohm_cm2"] == pytest.approx(158.7, rel=0.01)
    assert values["kk_residual_ratio"] < 0.01
    assert values["ocv_v"] == 2.54
    [shown] = (await quality.get("/lots/C-1/spectra"))["items"]
    assert shown["frequency_hz"] == FREQUENCY_HZ.tolist()
    assert shown["figures"]["fit"]["interface_ohm"] == pytest.approx(79.35, rel=0.01)
    assert shown["model_version"] == "2"


async def test_an_evaluation_that_a_crash_cut_off_is_done_again_without_a_second_effect(
    quality: Quality,
) -> None:
    await quality.taught()
    await quality.hear(spectrum("C-1", cell_z(80.0), "impedance", "cell"))
    twin = wired(settings_for(quality.service.database.url), quality.fits)
    counts = await asyncio.gather(quality.evaluator.look(), twin.evaluator.look())
    assert counts == [1, 1]  # both computed, as after a crash before the commit
    measured = await quality.query("SELECT characteristic FROM measurement")
    assert len(measured) == len({row["characteristic"] for row in measured}) == 5
    await twin.http.aclose()
    await twin.service.http.aclose()
    await twin.service.database.close()


@pytest.mark.parametrize(
    ("z_ohm", "ocv_v", "told"),
    [
        (cell_z(109.4), 2.54, "interface_asr_ohm_cm2 of C-1 is 21"),
        (cell_z(79.0) * (1 + 0.5 * np.linspace(0, 1, JW.size) ** 2), 2.54, "kk_residual_ratio"),
        (cell_z(79.0), None, "unknown: ocv_v of C-1: no probe"),
        (cell_z(79.0)[:4], 2.54, "unknown: kk_residual_ratio of C-1: C-1-spectrum: frequency_hz"),
    ],
)
async def test_impedance_blocks_what_is_bad_or_unknown(
    quality: Quality, z_ohm: Any, ocv_v: float | None, told: str
) -> None:
    await quality.taught()
    ocv = result("C-1", "ocv_v", "V", ocv_v, reason=None if ocv_v else "no probe")
    await quality.hear(spectrum("C-1", z_ohm, "impedance", "cell"), ended("C-1", "impedance", ocv))
    await quality.settle()
    [decided] = await quality.said(DispositionDecided)
    assert decided.disposition == "blocked"
    assert told in decided.reason
    assert len(await quality.said(NonconformanceRaised)) == 1


async def test_impedance_without_a_spectrum_is_unknown(quality: Quality) -> None:
    await quality.taught()
    await quality.hear(ended("C-1", "impedance", result("C-1", "ocv_v", "V", 2.54)))
    await quality.settle()
    [decided] = await quality.said(DispositionDecided)
    assert decided.disposition == "blocked"
    assert "unknown: kk_residual_ratio of C-1 was not measured" in decided.reason
    await quality.hear(spectrum("C-1", cell_z(79.35), "impedance", "cell"))
    await quality.settle()
    assert await quality.decided("impedance") == [("C-1", "blocked"), ("C-1", "released")]


async def test_a_fit_process_that_dies_is_tried_again_and_then_the_figures_are_unknown(
    quality: Quality,
) -> None:
    await quality.taught()
    ocv = result("C-1", "ocv_v", "V", 2.54)
    await quality.hear(
        spectrum("C-1", cell_z(79.0), "impedance", "cell"), ended("C-1", "impedance", ocv)
    )
    dying = FitProcess(("-c", "pass"))
    evaluator = Evaluator(quality.service.database, quality.service.clock, dying, 1e-5)
    with pytest.raises(ServiceUnreachableError, match="fit process: died"):
        await evaluator.look()
    assert await quality.decider.look() == 0
    assert await evaluator.look() == 1
    await quality.settle()
    [decided] = await quality.said(DispositionDecided)
    assert decided.disposition == "blocked"
    assert "unknown: kk_residual_ratio of C-1: fit process: died" in decided.reason


async def test_a_fit_process_that_hangs_is_ended() -> None:
    event = spectrum("C-1", cell_z(79.0), "impedance", "cell")
    question = SpectrumQuestion(event=event, thickness_um=None, interface_tau_min_s=1e-5)
    hanging = FitProcess(("-c", "import sys; sys.stdin.readline(); sys.stdin.readline()"))
    with pytest.raises(StationFaultError, match=r"no answer in 0.05 s, it was ended"):
        await hanging.ask(question, longest_s=0.05)
    with pytest.raises(StationFaultError, match="no answer"):
        await hanging.ask(question, longest_s=0.05)


# Pellet lots


@pytest.mark.parametrize(
    ("thickness_um", "ohm", "disposition"),
    [(125.0, 0.75, "released"), (125.0, 1.5, "blocked"), (None, 0.75, "blocked")],
)
async def test_conductivity_of_a_sample_decides_over_its_pellet_lot(
    quality: Quality, thickness_um: float | None, ohm: float, disposition: str
) -> None:
    await quality.taught()
    await quality.hear(pellets_of("PEL", "P-1", "P-2"), source="execution")
    gauged = result("P-1", "thickness_um", "µm", thickness_um)
    await quality.hear(ended("PEL", "gauge", gauged, parts=("P-1",)), source="sintering")
    sample = spectrum("P-1", pellet_z(ohm), "conductivity", "blocking", faces=None)
    await quality.hear(sample, ended("P-1", "conductivity"))
    await quality.settle()
    assert await quality.decided("conductivity") == [("PEL", disposition)]


async def test_a_gate_over_an_unknown_pellet_lot_waits_and_says_for_what(
    quality: Quality,
) -> None:
    await quality.taught()
    await quality.hear(ended("P-1", "conductivity"))
    await quality.settle()
    [waiting] = (await quality.get("/undecided"))["items"]
    assert waiting["reason"] == "the pellet lot of P-1 is not known yet"
    await quality.hear(pellets_of("PEL", "P-1"), source="execution")
    await quality.settle()
    assert await quality.decided("conductivity") == [("PEL", "blocked")]
    assert (await quality.get("/undecided"))["items"] == []


async def test_a_pellet_lot_is_released_when_all_its_witnesses_survived(quality: Quality) -> None:
    await quality.taught()
    await quality.hear(
        accepted(2),
        pellets_of("PEL", "P-1", "P-2", "P-3"),
        built_of("W-1", "P-1", "foil-1"),
        built_of("W-2", "P-2", "foil-2"),
        source="execution",
    )
    await quality.hear(staircase("W-1", 5), ended("W-1", "ccd"))
    await quality.settle()
    assert await quality.decided("witness_ccd") == []
    await quality.hear(staircase("W-2", 6, shorted_from_level=5), ended("W-2", "ccd"))
    await quality.settle()
    assert await quality.decided("witness_ccd") == [("PEL", "released")]
    [decided] = await quality.said(DispositionDecided)
    assert (decided.value, decided.low, decided.unit) == (5.0, 4.0, "mA/cm²")
    assert decided.reason.startswith("2 of 2 passed; ccd_survived_ma_per_cm2 of W-1 is 5")
    # How a witness failed is a figure that no gate judges.
    figures = {
        item["characteristic"]: item for item in (await quality.get("/lots/W-2/figures"))["items"]
    }
    assert figures["ccd_failed_ma_per_cm2"]["value"] == 5.0
    assert figures["ccd_mode"]["value"] == "hard_short"
    assert figures["ccd_charge_mah_per_cm2"]["value"] > 0


async def test_the_first_witness_that_failed_blocks_its_pellet_lot_for_good(
    quality: Quality,
) -> None:
    await quality.taught()
    await quality.hear(
        accepted(2),
        pellets_of("PEL", "P-1", "P-2"),
        built_of("W-1", "P-1"),
        built_of("W-2", "P-2"),
        source="execution",
    )
    await quality.hear(staircase("W-1", 5, shorted_from_level=3), ended("W-1", "ccd"))
    await quality.settle()
    await quality.hear(staircase("W-2", 5), ended("W-2", "ccd"))
    await quality.settle()
    assert await quality.decided("witness_ccd") == [("PEL", "blocked")]
    [raised] = await quality.said(NonconformanceRaised)
    assert raised.lot_ids == ("PEL", "P-1", "P-2", "W-1", "W-2")
    assert "is 2 mA/cm², below low 4 mA/cm²" in raised.description


async def test_witnesses_wait_until_their_number_is_known(quality: Quality) -> None:
    await quality.taught()
    await quality.hear(pellets_of("PEL", "P-1"), built_of("W-1", "P-1"), source="execution")
    await quality.hear(staircase("W-1", 5), ended("W-1", "ccd"))
    await quality.settle()
    [waiting] = (await quality.get("/undecided"))["items"]
    assert waiting["reason"] == "witness_quantity of WR-1 is not known yet"
    await quality.hear(accepted(1), source="execution")
    await quality.settle()
    assert await quality.decided("witness_ccd") == [("PEL", "released")]


# Exposure: from START (stack) to START + 40 min (seal)


async def sealed(quality: Quality) -> None:
    await quality.hear(
        ended("C-1", "stack", ended_at=START + timedelta(minutes=10)),
        ended(
            "C-1",
            "seal",
            result("C-1", "leak_rate_mbar_l_per_s", "mbar·L/s", 1e-8),
            started_at=START + timedelta(minutes=20),
            ended_at=START + timedelta(minutes=40),
        ),
        source="lamination",
    )


def minutes(first: int, last: int, degc: float = -45.0) -> list[tuple[float, float]]:
    return [(60.0 * minute, degc) for minute in range(first, last + 1, 5)]


async def test_exposure_waits_for_the_samples_of_its_interval_and_then_releases(
    quality: Quality,
) -> None:
    await quality.taught(budget())
    quality.dew_points(*minutes(-5, 35))
    await quality.watch.write()
    await sealed(quality)
    await quality.settle()
    assert await quality.said(ExposureEvaluated) == []
    quality.dew_points(*minutes(40, 45))
    await quality.watch.write()
    await quality.settle()
    [evaluated] = await quality.said(ExposureEvaluated)
    assert (evaluated.state, evaluated.minutes) == ("within", 40.0)
    assert evaluated.dose_ppm_h == pytest.approx(71.1 * 40 / 60, rel=0.02)  # 7.2 Pa at -45 degC
    assert await quality.decided("exposure") == [("C-1", "released")]
    [shown] = (await quality.get("/lots/C-1/exposure"))["items"]
    assert (shown["state"], shown["open_state"]) == ("within", "bare_sodium")
    gates = {item["gate"] for item in (await quality.get("/lots/C-1/results"))["items"]}
    assert "exposure" in gates


async def test_a_wet_room_breaks_the_budget_by_dose(quality: Quality) -> None:
    await quality.taught(budget())
    quality.dew_points(*minutes(-5, 45, degc=-20.0))
    quality.dew_points(*minutes(-5, 45, degc=-21.0), signal="dew_point_2_degc")
    await quality.watch.write()
    await sealed(quality)
    await quality.settle()
    decided = (await quality.said(DispositionDecided))[-1]
    assert (decided.gate, decided.disposition) == ("exposure", "blocked")
    assert decided.characteristic == "exposure_dose_ppm_h"
    assert (decided.value or 0.0, decided.high) == (pytest.approx(679, rel=0.02), 100.0)
    [raised] = await quality.said(NonconformanceRaised)
    assert raised.lot_ids == ("C-1",)


async def test_a_room_that_no_sensor_watched_is_unknown_and_blocks(quality: Quality) -> None:
    await quality.taught(budget())
    quality.dew_points(*minutes(-5, 10), (11 * 60.0, -300.0), *minutes(30, 45))
    await quality.watch.write()
    await sealed(quality)
    await quality.settle()
    [evaluated] = await quality.said(ExposureEvaluated)
    assert (evaluated.state, evaluated.dose_ppm_h) == ("unknown", None)
    assert "no living dew point sensor from 2026-03-02 06:10:00" in (evaluated.reason or "")
    assert await quality.decided("exposure") == [("C-1", "blocked")]


async def test_a_silent_room_is_given_up_after_its_time(
    quality: Quality,
) -> None:
    await quality.taught(budget())
    await sealed(quality)
    await quality.settle()
    assert await quality.said(ExposureEvaluated) == []
    async with quality.service.database.begin() as tx:
        await tx.execute(text("UPDATE pending_exposure SET give_up_at = clock_timestamp()"))
    await quality.settle()
    assert await quality.decided("exposure") == [("C-1", "blocked")]


async def test_a_cell_is_released_when_all_budgets_of_its_product_were_kept(
    quality: Quality,
) -> None:
    await quality.taught(budget(), budget("coated", from_operation="spray"))
    quality.dew_points(*minutes(-30, 45))
    await quality.watch.write()
    await sealed(quality)
    await quality.settle()
    assert len(await quality.said(ExposureEvaluated)) == 1
    assert await quality.decided("exposure") == []
    sprayed = ended("C-1", "spray", started_at=START - timedelta(minutes=20), ended_at=START)
    await quality.hear(sprayed, source="spray")
    await quality.settle()
    assert await quality.decided("exposure") == [("C-1", "released")]


async def test_a_suspect_budget_is_evaluated_and_decides_nothing(quality: Quality) -> None:
    await quality.taught(budget(budget_minutes=1.0, status="suspect", reason="not signed off"))
    quality.dew_points(*minutes(-5, 45))
    await quality.watch.write()
    await sealed(quality)
    await quality.settle()
    assert [item.state for item in await quality.said(ExposureEvaluated)] == ["over"]
    assert await quality.decided("exposure") == []


async def test_dew_points_are_thinned_but_a_change_of_life_is_kept(quality: Quality) -> None:
    quality.dew_points((0, -45), (5, -44), (6, -300), (7, -300), (8, -45), (8, -45), (30, 900))
    quality.dew_points((1, 20), signal="temperature_degc")
    await quality.watch.write()
    rows = await quality.query("SELECT value FROM air_sample ORDER BY source_at")
    assert [row["value"] for row in rows] == [-45, None, -45, None]


async def test_a_message_that_holds_no_values_changes_nothing(quality: Quality) -> None:
    taken: list[bool] = []
    broken = Message(topic="t", payload=b"{", acknowledge=lambda: taken.append(True))
    quality.watch.take(broken)
    assert (taken, await quality.watch.write()) == ([True], 0)


async def test_dew_points_come_over_the_broker(fresh_database: str, broker: Broker) -> None:
    migrate(fresh_database, MIGRATIONS)
    found = wired(settings_for(fresh_database, mqtt_url=broker.url), FitProcess())
    voice = Bus(broker.url, f"voice-{uuid4().hex[:8]}")
    voice.start()
    sample = {
        "signal": "dew_point_1_degc",
        "value": -44.5,
        "status": "Good",
        "source_at": START.isoformat(),
    }
    body = json.dumps({"equipment_id": ROOM, "samples": [sample]})
    rows: list[Any] = []
    async with found.service.running(), asyncio.timeout(60):
        while not rows:
            voice.publish_soon(telemetry_topic(ROOM, "values"), body)
            await found.service.database.committed.wait(0.2)
            rows = list(await found.query("SELECT value FROM air_sample"))
    assert [row["value"] for row in rows] == [-44.5]
    await voice.stop()
    await found.http.aclose()


# HTTP


async def test_a_version_with_other_content_is_refused_and_changes_nothing(
    quality: Quality,
) -> None:
    await quality.taught(budget())
    await quality.taught(budget())
    other = specification("thickness", "gauge", THICKNESS | {"high": 140}, decides="parts")
    fresh = specification("new", "gauge", THICKNESS)
    reply = await quality.post("/master-data", json={"test_specifications": [fresh, other]})
    assert reply.status_code == 409
    assert (
        "test specification thickness nvp-coin gauge version 1 exists with other content"
        in reply.text
    )
    reply = await quality.post(
        "/master-data", json={"exposure_budgets": [budget(budget_minutes=61)]}
    )
    assert reply.status_code == 409
    assert "exposure budget bare_sodium nvp-coin version 1" in reply.text
    assert reply.json()["current"]["budget_minutes"] == 60.0
    shown = await quality.get("/test-specifications")
    assert len(shown["items"]) == len(SPECIFICATIONS)
    assert [item["budget_minutes"] for item in shown["exposure_budgets"]] == [60.0]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"test_specifications": [specification("g", "gauge", THICKNESS | {"low": 131})]},
            "test_specifications.0.characteristics.0: low of thickness_um is 131.0 µm;"
            " it must not be above high 130.0 µm",
        ),
        (
            {"test_specifications": [specification("g", "gauge", THICKNESS | {"unit": "mm"})]},
            "unit of thickness_um is 'mm'; its name says 'µm'",
        ),
        (
            {"test_specifications": [specification("g", "gauge")]},
            "test_specifications.0.characteristics: Tuple should have at least 1 item",
        ),
        (
            {"exposure_budgets": [budget(budget_minutes=-1)]},
            "exposure_budgets.0.budget_minutes: Input should be greater than 0 (given: -1)",
        ),
        (
            {"exposure_budgets": [budget(room_equipment_id="pilot/x/y/z-1")]},
            "room_equipment_id of exposure budget bare_sodium is pilot/x/y/z-1; the plant file has "
            f"the dry rooms {ROOM}",
        ),
        ({"limits": []}, "body.limits: Extra inputs are not permitted"),
    ],
)
async def test_master_data_that_cannot_be_meant_is_refused_by_name(
    quality: Quality, body: dict[str, Any], told: str
) -> None:
    reply = await quality.post("/master-data", json=body)
    assert reply.status_code == 422
    assert told in reply.json()["detail"]
    shown = await quality.get("/test-specifications")
    assert shown == {"items": [], "exposure_budgets": []}


KNOWN = "name=c3.z&lot_id=C-1&c_ratio=0.69&part=real&elements_per_decade=0"


async def test_a_posted_spectrum_gives_the_known_lin_kk_figures(
    quality: Quality, peer_data: Path
) -> None:
    content = (peer_data / "eis/impy_Circuit3_EIS_1.z").read_bytes()
    reply = await quality.post(f"/spectra?{KNOWN}", content=content)
    assert reply.status_code == 201, reply.text
    answer = reply.json()
    kk = answer["figures"]["kk"]
    assert kk["order_count"] == 10
    assert kk["mu_ratio"] == pytest.approx(0.6843821117885378, rel=1e-12)
    assert kk["fitted_z_real_ohm"][0] == pytest.approx(1504.77272562, abs=5e-8)
    assert kk["fitted_z_imag_ohm"][-1] == pytest.approx(32.8441808, abs=5e-7)
    assert answer["sha256"] == hashlib.sha256(content).hexdigest()
    assert (answer["parser_version"], answer["model_version"]) == ("1", "2")
    raw = await quality.http.get(f"/evidence/{answer['sha256']}")
    assert raw.content == content
    [shown] = (await quality.get("/lots/C-1/spectra"))["items"]
    assert (shown["name"], shown["sha256"]) == ("c3.z", answer["sha256"])
    assert len(shown["frequency_hz"]) == answer["point_count"]


async def test_a_posted_spectrum_leaves_its_fixture_behind_and_takes_a_circuit_of_ones_own(
    quality: Quality,
) -> None:
    series, beside = 0.4 + 1e-7 * JW, 1 / (JW * 1e-12)
    shorted = await _posted(quality, "FX-1", "short", series)
    opened = await _posted(quality, "FX-1", "open", series + beside)
    measured = series + 1 / (1 / cell_z(79.35) + 1 / beside)
    fixture = f"open_spectrum_id={opened['spectrum_id']}&short_spectrum_id={shorted['spectrum_id']}"
    answer = await _posted(quality, "C-1", "cell", measured, f"{fixture}&circuit=L-R-p(R,Q)-p(R,Q)")
    figures = answer["figures"]
    assert figures["fixture"]["short_spectrum_id"] == shorted["spectrum_id"]
    assert figures["fit"]["interface_ohm"] == pytest.approx(79.35, rel=0.01)
    largest = max(item["value"] for item in figures["chosen"]["parameters"])
    assert largest == pytest.approx(79.35, rel=0.01)
    arcs = figures["relaxation_times"]["arcs"]
    assert max(arc["resistance_ohm"] for arc in arcs) == pytest.approx(79.35, rel=0.15)
    [shown] = (await quality.get("/lots/C-1/spectra"))["items"]
    assert shown["z_real_ohm"] == pytest.approx(cell_z(79.35).real.tolist(), rel=1e-6)
    query = "name=c.csv&lot_id=C-1&circuit=R-X"
    reply = await quality.post(f"/spectra?{query}", content=_csv(measured))
    assert reply.status_code == 422
    assert "circuit 'R-X': at character 3" in reply.json()["detail"]


async def test_a_lots_spectra_at_several_temperatures_give_its_activation_energy(
    quality: Quality,
) -> None:
    for degc in (25.0, 50.0, 75.0):
        kelvin = degc + 273.15
        factor = kelvin * math.exp(0.3 / (8.617333e-5 * kelvin)) * 1e-7
        await _posted(quality, "C-2", f"{degc}", cell_z(79.35) * factor, f"temperature_degc={degc}")
    found = await quality.get("/lots/C-2/activation")
    assert found["activation_ev"] == pytest.approx(0.3, rel=0.01)
    assert found["point_count"] == 3
    reply = await quality.http.get("/lots/C-3/activation")
    assert reply.status_code == 422


def _csv(z_ohm: Any) -> bytes:
    rows = zip(FREQUENCY_HZ.tolist(), z_ohm.tolist(), strict=True)
    return "\n".join(f"{f!r},{z.real!r},{z.imag!r}" for f, z in rows).encode()


async def _posted(
    quality: Quality, lot_id: str, name: str, z_ohm: Any, more: str = ""
) -> dict[str, Any]:
    query = f"name={name}.csv&lot_id={lot_id}&{more}".replace("+", "%2B")
    reply = await quality.post(f"/spectra?{query}", content=_csv(z_ohm))
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_a_repeated_post_of_a_spectrum_has_one_effect(
    quality: Quality, peer_data: Path
) -> None:
    content = (peer_data / "eis/impy_Circuit3_EIS_1.z").read_bytes()
    key = {"idempotency-key": uuid4().hex}
    replies = [
        await quality.http.post(f"/spectra?{KNOWN}", content=content, headers=key) for _ in "ab"
    ]
    assert replies[0].json() == replies[1].json()
    assert len((await quality.get("/lots/C-1/spectra"))["items"]) == 1


async def test_a_spectrum_without_frequencies_is_refused_by_file_and_field(
    quality: Quality, peer_data: Path
) -> None:
    name = "impy_exampleDataBioLogic_MissingFreq.mpt"
    content = (peer_data / "eis" / name).read_bytes()
    reply = await quality.post(f"/spectra?name={name}&lot_id=C-1", content=content)
    assert reply.status_code == 422
    assert reply.json()["detail"].startswith(f"{name}: no frequency column")
    assert (await quality.get("/lots/C-1/spectra"))["items"] == []
    assert await quality.query("SELECT sha256 FROM evidence") == []


@pytest.mark.parametrize(
    ("query", "content", "told"),
    [
        ("name=a.csv&lot_id=C-1", b"", "a.csv: file is empty (0 bytes)"),
        ("name=a.csv&lot_id=C-1", b"1,2,3\n2,x,3\n", "a.csv: line 2, column 're' is 'x'"),
        ("name=a.xyz&lot_id=C-1", b"1,2,3\n", "a.xyz: format not known"),
        ("name=a.csv&lot_id=C-1", b"1,2,3\n" * 3, "a.csv: 3 points; a spectrum has 5 to"),
        (
            "name=a.csv&lot_id=C-1",
            b"".join(b"%d,2,3\n" % hz for hz in range(1, 2002)),
            "a.csv: 2001 points; at most 2000 are evaluated",
        ),
        ("name=a.csv&lot_id=C-1", b" " * 8_000_001, "a.csv: 8000001 bytes; at most 8000000"),
        ("name=a.csv&lot_id=%00", b"1,2,3\n", "query.lot_id: String should match pattern"),
        ("name=a.csv&lot_id=C-1&c_ratio=2", b"1,2,3\n", "query.c_ratio: Input should be less"),
        ("lot_id=C-1", b"1,2,3\n", "query.name: Field required"),
    ],
)
async def test_a_bad_spectrum_is_refused_and_nothing_is_kept(
    quality: Quality, query: str, content: bytes, told: str
) -> None:
    reply = await quality.post(f"/spectra?{query}", content=content)
    assert reply.status_code == 422
    assert told in reply.json()["detail"]
    assert await quality.query("SELECT spectrum_id FROM spectrum") == []
    assert await quality.query("SELECT key FROM command") == []


async def test_evidence_that_does_not_exist_is_not_found(quality: Quality) -> None:
    reply = await quality.http.get(f"/evidence/{'0' * 64}")
    assert reply.status_code == 404
    assert (await quality.http.get("/evidence/..%2Fx")).status_code in (404, 422)


async def test_dispositions_can_be_chosen_by_word_and_lot(quality: Quality) -> None:
    await quality.taught()
    leak = "leak_rate_mbar_l_per_s"
    await quality.hear(ended("C-1", "seal", result("C-1", leak, "mbar·L/s", 1e-8)))
    await quality.hear(ended("C-2", "seal", result("C-2", leak, "mbar·L/s", 1e-3)))
    await quality.settle()
    [blocked] = (await quality.get("/dispositions?disposition=blocked"))["items"]
    assert (blocked["lot_id"], blocked["value"], blocked["job_order_id"]) == (
        "C-2",
        1e-3,
        "C-2-seal",
    )
    [first] = (await quality.get("/dispositions?lot_id=C-1"))["items"]
    assert first["disposition"] == "released"
    assert (await quality.http.get("/dispositions?disposition=good")).status_code == 422
    assert len((await quality.get("/dispositions?limit=1"))["items"]) == 1
