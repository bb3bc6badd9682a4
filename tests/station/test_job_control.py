"""Running jobs that people pause, resume, stop or abort, at stations that offer it and others."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from services.sintering.main import build
from services.sintering.settings import SinteringSettings
from shared.events import (
    EquipmentStateChanged,
    JobOrderPaused,
    JobOrderResumed,
    JobOrderStarted,
)
from shared.opcua_call import span_context
from shared.stationoffer import METHODS
from shared.tracing import following
from simulators.opcua_server import Identity
from simulators.wire import trace_id_of
from tests.station.bench import WITHIN_S, Bench, Ground, bench, job_order, lot, recipe
from tests.station.makers_plc import Makers, MakersPlc, changed_first

DRYER, GAUGE = "dryer-1", "gauge-1"
RECIPES = [
    recipe("dry", "dryer", temperature_degc=50, duration_s=7200),
    recipe("gauge", "gauge", part_duration_s=4),
]
IDLE = ("mill-1", "mill-2", "press-1", "furnace-1", "furnace-2", "furnace-3", GAUGE)


@pytest.fixture(scope="module")
async def plant(
    bench_ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    """The sintering service with a simulated dryer, which can pause."""
    async with bench(
        "sintering",
        lambda values, parts: build(SinteringSettings(**values), parts),
        bench_ground,
        tmp_path_factory.mktemp("job-control"),
        idle=IDLE,
    ) as running:
        reply = await running.post("/master-data", {"master_recipes": RECIPES})
        assert reply.status_code == 201, reply.text
        yield running


@asynccontextmanager
async def made(plant: Bench, ground: Ground, lacking: set[str]) -> AsyncIterator[MakersPlc]:
    """A gauge of another maker without some methods; its jobs run until they are ended."""
    machine = Makers(GAUGE, frozenset(METHODS) - lacking, ends_at_once=False)
    [station] = [item for item in plant.service.plant.station if item.name == GAUGE]
    identity = Identity(name=GAUGE, data_dir=ground.keys_dir)
    plc = MakersPlc(identity, station.endpoint, [machine], shared=ground.types)
    await plc.start()
    try:
        yield plc
    finally:
        await plc.stop()


def dried(name: str) -> Any:
    powder = lot(name, "nzzspo_powder", "processed", 500, "g")
    return job_order(name, "dryer", "dry", [powder])


def gauged(name: str) -> Any:
    return job_order(name, "gauge", "gauge", [lot(name, "ose_pellet", "processed")])


async def running_job(plant: Bench, order: Any) -> None:
    await plant.release(order)
    await plant.until(JobOrderStarted, lambda event: event.job_order_id == order.job_order_id)


async def shown(plant: Bench, name: str) -> dict[str, Any]:
    items = (await plant.get("/job-orders?limit=1000"))["items"]
    [found] = [item for item in items if item["job_order_id"] == name]
    return found


async def until_reason(plant: Bench, name: str, words: str) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_S):
        while words not in ((found := await shown(plant, name))["reason"] or ""):
            await asyncio.sleep(0.02)
    return found


async def paused(plant: Bench, name: str) -> JobOrderPaused:
    event: JobOrderPaused = await plant.until(
        JobOrderPaused, lambda event: event.job_order_id == name
    )
    return event


async def resumed(plant: Bench, name: str) -> JobOrderResumed:
    event: JobOrderResumed = await plant.until(
        JobOrderResumed, lambda event: event.job_order_id == name
    )
    return event


async def asks(plant: Bench, name: str, what: str) -> None:
    reply = await plant.post(f"/job-orders/{name}/{what}", person="Li Na")
    assert reply.status_code == 200, reply.text


def equipment_id_of(plant: Bench, name: str) -> str:
    return next(one.equipment_id for one in plant.service.plant.station if one.name == name)


def runs(plant: Bench) -> set[int]:
    return set(Counter(run.job_order_id for run in plant.world.runs()).values())


async def test_the_trace_of_an_order_arrives_in_the_log_of_the_machine(
    plant: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    with following(f"00-{trace_id}-00f067aa0ba902b7-01"):
        await plant.release(dried("T1"))
    await plant.ended("T1")

    printed = capsys.readouterr().out.splitlines()
    written = [json.loads(line) for line in printed if '"method called"' in line]
    own = [line for line in written if line["trace_id"] == trace_id]
    assert {line["station"] for line in own} == {DRYER}
    methods = [line["method"] for line in own]
    assert methods[:2] == ["Store", "Start"]
    assert "RequestJobResponseByJobOrderID" in methods


def test_a_request_carries_its_trace_as_the_standard_has_it() -> None:
    trace_id, span_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    header = ua.RequestHeader()
    header.AdditionalHeader = span_context(f"00-{trace_id}-{span_id}-01")

    read = struct_from_binary(ua.RequestHeader, ua.utils.Buffer(struct_to_binary(header)))

    [pair] = read.AdditionalHeader.Parameters
    assert pair.Key == ua.QualifiedName("SpanContext", 0)
    assert pair.Value.Value.TraceId == UUID(trace_id)
    assert pair.Value.Value.SpanId == int(span_id, 16)
    assert trace_id_of(read) == trace_id
    assert trace_id_of(ua.RequestHeader()) is None


async def test_a_person_pauses_a_running_job_and_lets_it_go_on(plant: Bench) -> None:
    with plant.time.held():
        await running_job(plant, dried("P1"))
        await asks(plant, "P1", "pause")
        event = await paused(plant, "P1")
        plant.time.tick(60.0)  # far longer than the job would have taken
        assert (event.by, event.reason) == ("Li Na", "paused by Li Na")
        assert plant.stations[DRYER].job_states() == {"P1": "Interrupted"}
        told = await shown(plant, "P1")
        assert (told["state"], told["paused"], told["asked"]) == ("interrupted", True, None)
        await plant.until(
            EquipmentStateChanged,
            lambda event: event.equipment_id.endswith(DRYER) and event.state == "standby",
        )
        await asks(plant, "P1", "resume")
        assert (await resumed(plant, "P1")).by == "Li Na"
        assert (await shown(plant, "P1"))["state"] == "running"
    ended = await plant.ended("P1")
    assert ended.state == "ended"
    stood_s = (ended.ended_at - ended.started_at).total_seconds() - 7200
    assert stood_s > plant.service.clock.speed * 60.0 - 1.0
    assert runs(plant) == {1}


async def test_a_paused_job_that_is_met_after_a_restart_stays_paused_until_it_is_resumed(
    plant: Bench,
) -> None:
    with plant.time.held():
        await running_job(plant, dried("P2"))
        await asks(plant, "P2", "pause")
        await paused(plant, "P2")
        await plant.die()
        await plant.stations[DRYER].stop()
        await plant.stations[DRYER].start()
        await plant.live()
        plant.time.tick()
        await plant.until_known("P2")
        assert plant.stations[DRYER].job_states() == {"P2": "Interrupted"}
        of_dryer = await plant.get(f"/job-orders?equipment_id={equipment_id_of(plant, DRYER)}")
        assert "P2" in {item["job_order_id"] for item in of_dryer["items"]}
        assert not (await plant.get("/job-orders?equipment_id=elsewhere"))["items"]
        await asks(plant, "P2", "resume")
        await resumed(plant, "P2")
    assert (await plant.ended("P2")).state == "ended"
    starts = [event.job_order_id for event in await plant.said(JobOrderStarted)]
    assert (starts.count("P2"), runs(plant)) == (1, {1})


async def test_a_job_that_is_paused_at_the_machine_itself_is_shown_so(plant: Bench) -> None:
    with plant.time.held():
        await running_job(plant, dried("P3"))
        await plant.stations[DRYER].pause("P3")
        event = await paused(plant, "P3")
        assert (event.by, event.reason) == (None, "paused at the station itself")
        await plant.stations[DRYER].resume("P3")
        assert (await resumed(plant, "P3")).by is None
    assert (await plant.ended("P3")).state == "ended"


@pytest.mark.parametrize(("what", "state"), [("stop", "ended"), ("abort", "aborted")])
async def test_a_paused_job_is_stopped_or_aborted_with_what_was_done(
    plant: Bench, what: str, state: str
) -> None:
    name = f"P4-{what}"
    with plant.time.held():
        await running_job(plant, dried(name))
        await asks(plant, name, "pause")
        await paused(plant, name)
        await asks(plant, name, what)
        assert (await plant.ended(name)).state == state
    assert runs(plant) == {1}


async def test_a_start_is_taken_back_where_the_machine_has_not_begun_and_given_again_later(
    plant: Bench,
) -> None:
    async with plant.fault(DRYER, "out_of_service", 1.0):
        await running_job(plant, dried("P5"))
        await asks(plant, "P5", "pause")
        await paused(plant, "P5")
        assert plant.stations[DRYER].job_states() == {"P5": "NotAllowedToStart"}
    await asks(plant, "P5", "resume")
    assert (await plant.ended("P5")).state == "ended"
    assert runs(plant) == {1}


async def test_only_a_job_that_runs_or_is_paused_can_be_controlled(plant: Bench) -> None:
    assert (await plant.ended_after(dried("P6"))).state == "ended"
    over = await plant.post("/job-orders/P6/pause")
    assert (over.status_code, over.json()["current"]["state"]) == (409, "ended")
    assert (await plant.post("/job-orders/NOBODY/stop")).status_code == 404
    assert (await plant.post("/job-orders/P6/abort")).status_code == 409


async def test_a_machine_that_lacks_a_method_says_so_and_goes_on(
    plant: Bench, bench_ground: Ground
) -> None:
    async with made(plant, bench_ground, {"Pause", "Resume", "Stop"}) as maker:
        await running_job(plant, gauged("G1"))
        await asks(plant, "G1", "pause")
        told = await until_reason(plant, "G1", "has no Pause")
        assert told["state"] == "running"
        assert "pause, asked by Li Na, was not done" in told["reason"]
        await asks(plant, "G1", "abort")
        assert (await plant.ended("G1")).state == "aborted"
        assert maker.machines[GAUGE].starts == ["G1"]
        items = (await plant.get("/stations"))["items"]
    [seen] = [item for item in items if item["equipment_id"].endswith(GAUGE)]
    assert {"Pause: a job order cannot be paused", "Stop: a job order cannot be ended early"} <= (
        set(seen["missing"])
    )


@pytest.mark.parametrize("was", ["running", "paused"])
async def test_a_job_that_its_machine_has_lost_is_given_up_by_a_person_and_the_next_one_runs(
    plant: Bench, bench_ground: Ground, was: str
) -> None:
    name = f"L-{was}"
    async with made(plant, bench_ground, set()) as maker:
        gauge = maker.machines[GAUGE]
        await running_job(plant, gauged(name))
        if was == "paused":
            await asks(plant, name, "pause")
            await paused(plant, name)
        await maker.forget_all(gauge)
        lost = await until_reason(plant, name, f"{name} is not known there")
        assert (lost["state"], lost["paused"]) == ("interrupted", False)
        await running_job(plant, gauged(f"{name}-next"))
        await maker.end_running(gauge)
        assert (await plant.ended(f"{name}-next")).state == "ended"

        await asks(plant, name, "abort")
        ended = await plant.ended(name)

        assert (ended.state, {one.value for one in ended.results}) == ("aborted", {None})
        assert (ended.reason or "").startswith("given up by Li Na: ")
        assert ended.started_at == datetime.fromisoformat(lost["started_at"])
        assert gauge.starts == [name, f"{name}-next"]


async def test_a_lost_job_that_its_machine_shows_again_is_aborted_there(
    plant: Bench, bench_ground: Ground
) -> None:
    async with made(plant, bench_ground, set()) as maker:
        gauge = maker.machines[GAUGE]
        await running_job(plant, gauged("F1"))
        orders = dict(gauge.orders)
        await maker.forget_all(gauge)
        await until_reason(plant, "F1", "F1 is not known there")
        await maker.remember(gauge, orders)

        await asks(plant, "F1", "abort")

        assert (await plant.ended("F1")).state == "aborted"
        assert gauge.aborted == ["F1"]


async def test_a_held_job_that_no_machine_was_asked_to_start_cannot_be_aborted(
    plant: Bench, bench_ground: Ground
) -> None:
    async with made(plant, bench_ground, set()) as maker:
        gauge = maker.machines[GAUGE]
        gauge.garble = changed_first(lambda value: value * 2)
        await plant.release(gauged("N1"))
        await plant.held("N1")
        refused = await plant.post("/job-orders/N1/abort")
        assert refused.status_code == 409
        assert "was never asked to start" in refused.json()["detail"]
        gauge.garble = lambda order: order
        await plant.post("/job-orders/N1/resume")
        await plant.until(JobOrderStarted, lambda event: event.job_order_id == "N1")
        await maker.end_running(gauge)
        assert (await plant.ended("N1")).state == "ended"


@pytest.mark.parametrize("lacking", [{"Cancel"}, {"Cancel", "Abort"}], ids=["clear", "update"])
async def test_what_a_machine_kept_of_a_refused_recipe_is_brought_up_to_date(
    plant: Bench, bench_ground: Ground, lacking: set[str]
) -> None:
    name = f"G{1 + len(lacking)}"
    async with made(plant, bench_ground, lacking) as maker:
        gauge = maker.machines[GAUGE]
        gauge.garble = changed_first(lambda value: value * 2)
        await plant.release(gauged(name))
        assert "sent 4.0 s, station holds 8.0 s" in (await plant.held(name)).reason
        assert gauge.starts == []
        gauge.garble = lambda order: order
        await plant.post(f"/job-orders/{name}/resume")
        await plant.until(JobOrderStarted, lambda event: event.job_order_id == name)
        await maker.end_running(gauge)
        assert ((await plant.ended(name)).state, gauge.starts) == ("ended", [name])
