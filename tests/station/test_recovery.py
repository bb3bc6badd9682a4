"""A service that dies while its machine works believes the machine and starts nothing twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.formation.main import build as build_formation
from services.formation.settings import FormationSettings
from services.lamination.main import build as build_lamination
from services.lamination.settings import LaminationSettings
from services.sintering.main import build as build_sintering
from services.sintering.settings import SinteringSettings
from services.spray.main import build as build_spray
from services.spray.settings import SpraySettings
from shared.app import Service
from shared.events import (
    EquipmentStateChanged,
    JobOrderReleased,
    JobOrderStarted,
    MaterialLotRegistered,
)
from shared.facts import Material
from shared.parts import Parts
from tests.station.bench import WITHIN_S, Bench, Ground, bench, job_order, lot, recipe
from tests.station.glue import formula, setup, spray_recipe


@dataclass(frozen=True, kw_only=True)
class Case:
    """One service, a station of it, and a job for that station of a third of a wall second."""

    service: str
    wire: Callable[[dict[str, Any], Parts], Service]
    station: str
    kind: str
    speed: float
    recipe: dict[str, Any]
    idle: tuple[str, ...]
    lots: Callable[[str], list[Material]]
    other_sections: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    said: tuple[MaterialLotRegistered, ...] = ()

    def order(self, name: str) -> JobOrderReleased:
        return job_order(
            name, self.kind, "long", self.lots(name), lot_id=f"{name}-LOT", service=self.service
        )


def pellet(name: str) -> list[Material]:
    return [lot(f"{name}-LOT", "ose_pellet", "processed")]


def glued(name: str) -> list[Material]:
    return [lot("GLUE", "img_glue", "consumed", 20, "ul"), *pellet(name)]


def cell(name: str) -> list[Material]:
    return [lot(f"{name}-LOT", "cell_nfm_pouch", "processed")]


BOUGHT = MaterialLotRegistered(
    lot_id="GLUE",
    material_definition_id="img_glue",
    quantity=1e6,
    unit="ul",
    work_request_id=None,
    origin="received",
)
CASES = [
    Case(
        service="sintering",
        wire=lambda values, parts: build_sintering(
            SinteringSettings(**values, load_wait_s=0.0), parts
        ),
        station="furnace-1",
        kind="furnace",
        speed=20_000.0,
        idle=("mill-1", "mill-2", "dryer-1", "press-1", "furnace-2", "furnace-3", "gauge-1"),
        recipe=recipe(
            "long",
            "furnace",
            segment_temperature_degc=[200],
            segment_ramp_degc_per_min=[5],
            segment_soak_s=[3600],
            atmosphere="air",
            soak_band_degc=10.0,
            ramp_band_ratio=0.25,
        ),
        lots=pellet,
    ),
    Case(
        service="spray",
        wire=lambda values, parts: build_spray(SpraySettings(**values), parts),
        station="eap-1",
        kind="eap",
        speed=200.0,
        idle=("eap-2",),
        recipe=spray_recipe("long", area_cm2=2.0, spray_time_s=6),
        lots=glued,
        extra={
            "mix_formulas": [formula(received_allowed=True, received_life_s=1e9)],
            "setups": [setup("eap-1"), setup("eap-2")],
        },
        said=(BOUGHT,),
    ),
    Case(
        service="lamination",
        wire=lambda values, parts: build_lamination(LaminationSettings(**values), parts),
        station="sealer-1",
        kind="sealer",
        speed=200.0,
        idle=("laminator-1",),
        recipe=recipe(
            "long",
            "sealer",
            seal_temperature_degc=180,
            seal_pressure_kpa=300,
            dwell_s=3,
            vacuum_mbar=1,
        ),
        lots=cell,
        other_sections=("stack_plans",),
    ),
    Case(
        service="formation",
        wire=lambda values, parts: build_formation(FormationSettings(**values), parts),
        station="rack-1",
        kind="rack",
        speed=20_000.0,
        idle=("analyser-1",),
        recipe=recipe("long", "rack", temperature_degc=25, duration_s=7200, slot_count=0),
        lots=cell,
        other_sections=("test_protocols", "gradings"),
    ),
]


ONE_CASE = pytest.mark.parametrize("ward", CASES[-1:], indirect=True, ids=["formation"])


@dataclass(frozen=True, kw_only=True)
class Ward:
    """A bench whose only running station does one job at a time."""

    case: Case
    bench: Bench

    async def until_station_shows(self, state: str) -> str:
        """Return the station's name of the order that it shows in a state."""
        station = self.bench.stations[self.case.station]
        async with asyncio.timeout(WITHIN_S):
            while True:
                shown = [name for name, word in station.job_states().items() if word == state]
                if shown:
                    return shown[0]
                await asyncio.sleep(0.005)

    async def dies_at_work(self, name: str) -> str:
        """Let the service start a job and die while time stands still.

        Returns the station's name of the order.
        """
        self.bench.time.hold()
        await self.bench.release(self.case.order(name))
        await self.bench.until(JobOrderStarted, lambda event: event.job_order_id == name)
        at_station = await self.until_station_shows("Running")
        await self.bench.die()
        return at_station

    async def comes_back_to_work(self) -> None:
        """Let the service live again and see its machine at work before time goes on."""
        self.bench.time.tick()
        since = self.bench.service.clock.now()
        await self.bench.live()
        await self.bench.until(
            EquipmentStateChanged,
            lambda event: event.state == "productive" and event.changed_at >= since,
        )
        self.bench.time.go_on()

    async def finishes_alone(self) -> None:
        """Let time go on until the station has finished."""
        self.bench.time.go_on()
        await self.until_station_shows("Ended")

    async def station_loses(self, at_station: str) -> None:
        """Make the station forget an order, as one does that loses its memory."""
        station = self.bench.stations[self.case.station]
        await station.abort(at_station)
        await station.clear(at_station)

    async def committed(self, state: str) -> None:
        """Leave every open order in a state that a crash can leave it in."""
        engine = create_async_engine(self.bench.service.settings.database_url)
        async with engine.begin() as tx:
            for table in ("station_order", "job_order"):
                change = f"UPDATE {table} SET state = :state WHERE state = 'running'"
                await tx.execute(text(change), {"state": state})
        await engine.dispose()

    def times_run(self) -> set[int]:
        """Return how often jobs ran by the station's own log: {1} is right."""
        runs = self.bench.world.runs()
        return set(Counter(run.job_order_id for run in runs).values())


@pytest.fixture(scope="module", params=CASES, ids=[case.service for case in CASES])
async def ward(
    request: pytest.FixtureRequest,
    bench_ground: Ground,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Ward]:
    case: Case = request.param
    folder = tmp_path_factory.mktemp(case.service)
    async with bench(
        case.service, case.wire, bench_ground, folder, idle=case.idle, speed=case.speed
    ) as running:
        sections: dict[str, list[Any]] = {name: [] for name in case.other_sections}
        reply = await running.post(
            "/master-data", {"master_recipes": [case.recipe], **sections, **case.extra}
        )
        assert reply.status_code == 201, reply.text
        await running.say(*case.said)
        yield Ward(case=case, bench=running)


async def test_a_service_that_dies_while_its_machine_works_goes_on_with_the_same_run(
    ward: Ward,
) -> None:
    await ward.dies_at_work("ON")
    await ward.comes_back_to_work()
    assert (await ward.bench.ended("ON")).state == "ended"
    assert ward.times_run() == {1}


async def test_a_machine_that_finished_alone_is_taken_at_its_word(ward: Ward) -> None:
    at_station = await ward.dies_at_work("ALONE")
    await ward.finishes_alone()
    await ward.bench.live()
    ended = await ward.bench.ended("ALONE")
    [run] = [run for run in ward.bench.world.runs() if run.job_order_id == at_station]
    assert (ended.started_at, ended.ended_at) == (run.started_at, run.ended_at)
    assert ward.times_run() == {1}


async def test_a_machine_that_lost_its_job_leaves_the_job_order_to_a_person(ward: Ward) -> None:
    await ward.station_loses(await ward.dies_at_work("LOST"))
    await ward.bench.live()
    held = await ward.bench.held("LOST")
    assert ward.case.station in held.reason and "no response" in held.reason
    assert ward.times_run() == {1}


@ONE_CASE
async def test_a_machine_that_was_asked_to_start_before_the_crash_is_not_asked_again(
    ward: Ward,
) -> None:
    await ward.dies_at_work("ASKED")
    await ward.committed("allowed_to_start")
    await ward.comes_back_to_work()
    assert (await ward.bench.ended("ASKED")).state == "ended"
    assert ward.times_run() == {1}


@ONE_CASE
async def test_a_machine_that_may_have_started_before_it_lost_its_job_is_not_given_it_again(
    ward: Ward,
) -> None:
    at_station = await ward.dies_at_work("MAYBE")
    await ward.committed("allowed_to_start")
    await ward.station_loses(at_station)
    await ward.bench.live()
    assert (
        "was asked to start MAYBE and does not know it" in (await ward.bench.held("MAYBE")).reason
    )
    assert ward.times_run() == {1}
    ward.bench.time.go_on()
    await ward.bench.post("/job-orders/MAYBE/resume")
    assert (await ward.bench.ended("MAYBE")).state == "ended"


@ONE_CASE
async def test_a_machine_that_aborted_before_its_start_was_noted_is_taken_at_its_word(
    ward: Ward,
) -> None:
    at_station = await ward.dies_at_work("ABORT")
    await ward.committed("allowed_to_start")
    await ward.bench.stations[ward.case.station].abort(at_station)
    await ward.bench.live()
    assert (await ward.bench.ended("ABORT")).state == "aborted"


@ONE_CASE
async def test_a_finished_order_that_a_crash_left_at_the_station_is_cleared(ward: Ward) -> None:
    await ward.dies_at_work("LEFT")
    await ward.committed("ended")
    await ward.finishes_alone()
    await ward.bench.live()
    async with asyncio.timeout(WITHIN_S):
        while ward.bench.stations[ward.case.station].job_states():
            await asyncio.sleep(0.01)
