"""One job order over two instruments: a staircase on a tester, spectra at an analyser, joined."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.formation import store
from services.formation.main import build
from services.formation.protocol import Current, Rest, Spectrum, TestProtocol, ccd_protocol
from services.formation.settings import FormationSettings
from services.quality.halfsteps import half_steps_from_rows
from shared.app import Service
from shared.events import (
    CyclingEnded,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderReleased,
    JobOrderStarted,
    SpectrumMeasured,
)
from shared.parts import Parts
from simulators.channels import Bench as Channels
from simulators.tester import BtsServer, read_tester
from tests.station.bench import Bench, Ground, bench, job_order, lot
from tests.station.tester_floor import WITNESS

ANALYSER = "pilot/formation/analysis/analyser-1"
TESTER = "pilot/formation/cycling/tester-1"
THERE = "as-the-tester-names-it"
EIS = Spectrum(
    frequency_max_hz=7e6, frequency_min_hz=1.0, amplitude_mv=10.0, points_per_decade_count=10
)


def pulse(density: float) -> Current:
    return Current(density_ma_per_cm2=density, until_v=4.5 if density > 0 else -4.5, until_s=300.0)


def plan(*steps: Rest | Current | Spectrum, version: int = 1) -> TestProtocol:
    """A witness's staircase with spectra between."""
    changed = {
        "protocol_id": "ccd-with-spectra",
        "version": version,
        "status": "released",
        "steps": steps,
    }
    return TestProtocol.model_validate({**dict(ccd_protocol()), **changed})


def witness_order(number: int = 1) -> JobOrderReleased:
    return job_order(
        f"J{number}",
        "tester",
        "ccd-with-spectra",
        [lot("WIT-1", "cell_symmetric", "processed")],
        service="formation",
        operation="ccd",
        parameters={"area_cm2": 2.0},
    )


@dataclass
class Lab:
    """Formation with a tester of 160 channels and an analyser, each on a port of its own."""

    bench: Bench
    tester: BtsServer
    kept: Path

    def paths_told(self) -> list[str]:
        """Return the paths of step files and folders that the tester was told so far."""
        with closing(sqlite3.connect(self.kept)) as kept:
            rows = kept.execute("SELECT path, backup_dir FROM tests").fetchall()
        assert rows
        return [path for row in rows for path in row]

    async def order(self, *protocols: TestProtocol) -> None:
        """Keep protocols and release a witness's test."""
        async with self.bench.service.database.begin() as tx:
            for protocol in protocols:
                await store.add_protocol(tx, protocol)
        await self.bench.release(witness_order())

    async def started(self, equipment_id: str, count: int = 1) -> None:
        """Wait until the job order has begun so often at an instrument."""
        await self.bench.until(
            JobOrderStarted, lambda event: event.equipment_id == equipment_id, count
        )


@pytest_asyncio.fixture
async def lab(bench_ground: Ground, tmp_path: Path) -> AsyncIterator[Lab]:
    share, there = tmp_path / "share", tmp_path / THERE
    there.symlink_to(share)

    def wired(values: dict[str, Any], parts: Parts) -> Service:
        [tester] = parts.plant.tester
        named = tester.model_copy(update={"share": str(there)})
        plant = parts.plant.model_copy(update={"tester": (named,)})
        settings = FormationSettings(**values, share_dir=share)
        return build(settings, replace(parts, plant=plant))

    async with bench(
        "formation",
        wired,
        bench_ground,
        tmp_path,
        idle=("rack-1",),
        speed=10_000.0,
    ) as opened:
        opened.world.update_many({"WIT-1": WITNESS})
        config, host, port = read_tester(tmp_path / "plant.toml")
        now = opened.service.clock.now
        channels = Channels(config, tmp_path / "t.sqlite", opened.world, now)
        server = BtsServer(channels, host, port)
        await server.start()
        yield Lab(opened, server, tmp_path / "t.sqlite")
        await server.stop()
        channels.close()


async def test_staircase_with_spectra_is_one_job_order_over_two_instruments(lab: Lab) -> None:
    steps = (Rest(duration_s=60.0), EIS, pulse(0.2), pulse(-0.2), EIS, pulse(0.4), pulse(-0.4))
    await lab.order(plan(*steps))
    ended = await lab.bench.ended("J1")
    cycled = await lab.bench.until(CyclingEnded, lambda event: True)
    spectra = await lab.bench.said(SpectrumMeasured)
    started = await lab.bench.said(JobOrderStarted)
    shown = await lab.bench.get("/test-runs/J1")
    assert len(await lab.bench.said(JobOrderEnded)) == 1
    assert ended.state == "ended"
    assert [path for path in lab.paths_told() if f"/{THERE}/" not in path] == []
    assert {event.job_order_id for event in (*started, *spectra, cycled)} == {"J1"}
    turns = [TESTER, ANALYSER, TESTER, ANALYSER, TESTER]
    assert [event.equipment_id for event in started] == turns
    assert [len(event.frequency_hz) for event in spectra] == [69, 69]
    assert [event.area_cm2 for event in spectra] == [2.0, 2.0]
    [match] = [r for r in ended.results if r.characteristic == "protocol_match_count"]
    assert (match.value, cycled.protocol_matches, cycled.protocol_findings) == (1.0, True, ())
    # Joined: the plan's own step numbers, one time axis with the pauses, a cycle a pair of steps.
    assert sorted(set(cycled.step_index)) == [1, 3, 4, 6, 7]
    assert list(cycled.time_s) == sorted(cycled.time_s)
    assert cycled.time_s[-1] > 60.0 + 4 * 300.0
    assert [item.cycle for item in cycled.cycles] == [1, 2]
    assert cycled.cycles[1].charge_capacity_mah == pytest.approx(0.8 / 12.0, rel=0.01)
    halves = half_steps_from_rows(
        cycled.time_s, cycled.current_ma, cycled.voltage_v, cycled.step_index, area_cm2=2.0
    )
    levels = [item.current_density_ma_cm2 for item in halves]
    assert levels == pytest.approx([0.2, -0.2, 0.4, -0.4], rel=1e-3)
    assert [part["instrument"] for part in shown["parts"]] == [
        "tester", "analyser", "tester", "analyser", "tester",
    ]  # fmt: skip
    ids = [part["series_id"] or part["spectrum_id"] for part in shown["parts"]]
    assert ids[0] == "J1-part-1" and ids[1] == spectra[0].spectrum_id
    assert (shown["row_count"], shown["lot_id"]) == (cycled.row_count, "WIT-1")
    newest = await lab.bench.get("/lots/WIT-1/run")
    assert (newest["series_id"], newest["state"]) == ("J1-part-5", "finish")
    assert newest["cycles"] == shown["cycles"] != []


async def test_plan_keeps_its_version_and_goes_on_after_kills_at_both_instruments(
    lab: Lab,
) -> None:
    await lab.order(plan(pulse(0.2), EIS, pulse(-0.2), EIS))
    await lab.started(TESTER)
    await lab.bench.die()
    await lab.bench.live()
    async with lab.bench.service.database.begin() as tx:
        await store.add_protocol(tx, plan(pulse(0.4), EIS, EIS, EIS, version=2))
    await lab.started(ANALYSER)
    await lab.bench.die()
    await lab.bench.live()
    await lab.bench.ended("J1")
    [cycled] = await lab.bench.said(CyclingEnded)
    assert (cycled.protocol_version, sorted(set(cycled.step_index))) == (1, [1, 3])
    assert len(await lab.bench.said(SpectrumMeasured)) == 2
    assert len(await lab.bench.said(JobOrderStarted)) == 4


async def test_cell_that_shorts_in_one_part_sees_no_later_part(lab: Lab) -> None:
    await lab.order(plan(pulse(0.8), pulse(-0.8), EIS, pulse(1.0)))
    await lab.bench.ended("J1")
    [cycled] = await lab.bench.said(CyclingEnded)
    assert await lab.bench.said(SpectrumMeasured) == []
    assert cycled.protocol_findings[-1] == (
        "part 2 of 3 and later ones did not run: the tester ended it as 'protect'"
    )
    assert set(cycled.step_index) <= {1, 2}


async def test_spectrum_beyond_the_analyser_holds_the_job_order_with_the_limit(lab: Lab) -> None:
    fast = EIS.model_copy(update={"frequency_max_hz": 9e6})
    await lab.order(plan(fast, pulse(0.2)))
    held = await lab.bench.held("J1")
    assert "needs 9e+06 Hz, limit 7e+06 Hz" in held.reason
    reply = await lab.bench.post("/job-orders/J1/resume")
    assert reply.status_code == 200
    again: Any = await lab.bench.until(JobOrderHeld, lambda event: True, 2)
    assert again[1].reason == held.reason


async def test_aborted_spectrum_ends_the_whole_test(lab: Lab) -> None:
    slow = EIS.model_copy(update={"frequency_min_hz": 1e-3, "points_per_decade_count": 100})
    await lab.order(plan(pulse(0.2), slow, pulse(-0.2)))
    await lab.started(ANALYSER)
    with lab.bench.time.held():
        reply = await lab.bench.post("/job-orders/J1/abort")
        ended = await lab.bench.ended("J1")
    assert reply.status_code == 200
    assert (ended.state, await lab.bench.said(CyclingEnded)) == ("aborted", [])
