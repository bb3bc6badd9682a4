"""Channels in the database and on the wire: leases under contention, the watch, the restart."""

import asyncio
import json
import math
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from services.formation import store
from services.formation.domain import GradeBin, Grading
from services.formation.main import build
from services.formation.neware import NewareClient
from services.formation.protocol import (
    Spectrum,
    TestProtocol,
    ccd_protocol,
    formation_protocol,
)
from services.formation.safety import SHORT_LOOKS
from services.formation.settings import FormationSettings
from services.formation.store import Lease, LeasedMeanwhileError, Run
from services.formation.testing import TesterRunner
from services.formation.watching import TesterWatch
from shared import joborders
from shared.app import Service
from shared.db import migrate
from shared.errors import RetryLaterError
from shared.stationorder import StationOrder
from tests.station.bench import job_order, lot
from tests.station.tester_floor import MONDAY, Floor, channels_of, open_floor

ROOT = Path(__file__).resolve().parents[2]
TESTER = "pilot/formation/cycling/tester-1"
WITHIN_S = 120.0
POUCH = {"capacity_mah": 1000.0}
GRADING = Grading(
    product_id="nfm-pouch-1ah",
    version=1,
    nominal_capacity_mah=1000.0,
    reference_cycle=2,
    bins=(GradeBin(grade="A", capacity_min_ratio=0.9, efficiency_min_ratio=0.99),),
    otherwise="reject",
    source="test",
)


@pytest_asyncio.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def formation(
    url: str, folder: Path, port: int = 1, replica: str = ""
) -> AsyncIterator[Service]:
    """The service on its own database with the tester of the floor; its loops do not run."""
    migrate(url, ROOT / "services/formation/migrations")
    source = (ROOT / "deploy/plant.toml").read_text()
    plant = folder / "plant.toml"
    plant.write_text(re.sub(r'"tcp://127\.0\.0\.1:\d+"', f'"tcp://127.0.0.1:{port}"', source))
    values = {"service": "formation", "port": 1, "database_url": url, "plant_file": plant}
    values["service_urls"] = {"execution": "http://127.0.0.1:1"}
    values["replica"] = replica
    settings = FormationSettings(**values, data_dir=folder, share_dir=folder / "share")
    service = build(settings)
    yield service
    await service.http.aclose()
    await service.database.close()


async def order_of(
    service: Service, number: int, lot_id: str, protocol_id: str, **parameters: float
) -> StationOrder:
    """Let a job order wait for a tester, and return the station order that it would become."""
    wanted = job_order(
        f"J{number}",
        "tester",
        protocol_id,
        [lot(lot_id, "cell", "processed")],
        service="formation",
        parameters=parameters,
    )
    async with service.database.begin() as tx:
        await joborders.add(tx, wanted)
    return StationOrder(
        station_order_id=f"J{number}",
        equipment_id=TESTER,
        recipe_id=protocol_id,
        recipe_version=1,
        parameters={},
        materials=wanted.materials,
        job_orders=(wanted,),
        planned_at=MONDAY,
    )


async def take(service: Service, order: StationOrder, channel: str) -> bool:
    """Lease a channel for an order in a transaction of its own; False where another has it."""
    lease = Lease(
        channel=channel,
        job_order_id=order.station_order_id,
        lot_id=order.job_orders[0].lot_id,
        previous_test_id=None,
    )
    try:
        async with service.database.begin() as tx:
            await joborders.assign(tx, order)
            await store.lease(tx, TESTER, lease, MONDAY)
    except LeasedMeanwhileError:
        return False
    return True


async def test_of_two_hundred_takers_of_ten_channels_ten_get_one_each(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path) as service:
        orders = [await order_of(service, n, f"L{n}", "p") for n in range(200)]
        taken = await asyncio.gather(
            *(take(service, order, f"1-1-{n % 10}") for n, order in enumerate(orders))
        )
        async with service.database.quiet() as tx:
            held = await store.leases(tx, TESTER)
            bound = await joborders.open_at(tx, TESTER)
    assert sum(taken) == 10
    channels = Counter(lease.channel for lease in held.values())
    assert channels == {f"1-1-{n}": 1 for n in range(10)}
    assert {order.station_order_id for order in bound} == set(held)


async def test_one_job_order_never_gets_two_channels(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path) as service:
        order = await order_of(service, 1, "L1", "p")
        assert await take(service, order, "1-1-1")
        lease = Lease(channel="1-1-2", job_order_id="J1", lot_id="L1", previous_test_id=None)
        with pytest.raises(LeasedMeanwhileError, match="1-1-2"):
            async with service.database.begin() as tx:
                await store.lease(tx, TESTER, lease, MONDAY)


async def test_channel_tells_its_facts_its_lease_and_its_refusals(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path) as service:
        order = await order_of(service, 1, "L1", "p")
        await take(service, order, "1-1-1")
        transport = httpx.ASGITransport(app=service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://f") as http:
            entry = {"equipment_id": TESTER, "channel": "1-1-2", "by": "ada", "note": "relay"}
            for kind, key in (("repaired", "first-key"), ("withdrawn", "other-key")):
                said = await http.post(
                    "/channel-entries",
                    json=entry | {"entry": kind},
                    headers={"idempotency-key": key},
                )
                assert said.status_code == 201
            wrong = await http.post(
                "/channel-entries",
                json=entry | {"entry": "repaired", "equipment_id": "p/f/c/other"},
                headers={"idempotency-key": "third-key"},
            )
            first, second = (await http.get("/channels?current_ma=200")).json()["items"]
            target = f"/channels/1-1-2/history?equipment_id={TESTER}"
            history = (await http.get(target)).json()["items"]
    assert wrong.status_code == 404
    assert (first["lot_id"], second["lot_id"]) == ("L1", None)
    assert first["refuses"] == ["needs 200 mA, limit is 0.9 of the range 200 mA"]
    assert second["refuses"][0] == "withdrawn: relay"
    assert [line["entry"] for line in history] == ["repaired", "withdrawn"]


async def test_plan_gives_each_instrument_its_part_or_says_why_not(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    spectrum = Spectrum(
        frequency_max_hz=7e6, frequency_min_hz=1.0, amplitude_mv=10.0, points_per_decade_count=10
    )
    released = ccd_protocol(max_steps=3).model_copy(update={"status": "released"})
    steps = (spectrum, *released.steps, spectrum)
    async with formation(new_database(), tmp_path) as service:
        async with service.database.begin() as tx:
            await store.add_protocol(tx, released.model_copy(update={"steps": steps}))
        transport = httpx.ASGITransport(app=service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://f") as http:
            target = f"/test-protocols/ccd-staircase/plan?lot_id=W1&equipment_id={TESTER}"
            parts = (await http.get(f"{target}&area_cm2=2")).json()["parts"]
            wide = await http.get(f"{target}&area_cm2=2000")
            unknown = await http.get(target)
    assert [part["instrument"] for part in parts] == ["analyser", "tester", "analyser"]
    assert [part["neware_xml"] is None for part in parts] == [True, False, True]
    assert "PEIS" in parts[0]["eclab_mps"]
    assert (wide.status_code, "limit is 0.9" in wide.text) == (422, True)
    assert "area_cm2" in unknown.text


# The watch


async def running_test(
    service: Service, floor: Floor, lot_id: str, protocol: TestProtocol, path: Path, **cell: float
) -> TesterWatch:
    """Let a test run on channel 1-1-1 and in the record, and return the watch over it."""
    async with service.database.begin() as tx:
        await store.add_protocol(tx, protocol)
    order = await order_of(service, 1, lot_id, protocol.protocol_id, **cell)
    await take(service, order, "1-1-1")
    client = floor.client()
    run = Run(
        job_order_id="J1",
        lot_id=lot_id,
        channel="1-1-1",
        protocol_id=protocol.protocol_id,
        protocol_version=1,
        step_file=b"-",
        step_sha256="-",
        started_at=None,
    )
    async with service.database.begin() as tx:
        await store.add_run(tx, run)
        running = replace(order.to("running"), started_at=MONDAY)
        await joborders.save(tx, "allowed_to_start", running)
    channel = (await channels_of(client))["1-1-1"]
    await client.start(channel, path, lot_id, floor.backup)
    return TesterWatch(service, service.plant.tester[0], client)


async def state_and_reason(service: Service, client: NewareClient) -> tuple[str, str | None]:
    """Return what the tester says of channel 1-1-1 and why our watch stopped it."""
    [state] = await client.status([(await channels_of(client))["1-1-1"]])
    async with service.database.quiet() as tx:
        return state, (await store.run_of(tx, "J1")).stop_reason


async def test_watch_lets_a_sound_test_go_on(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        watch = await running_test(
            service, floor, "CELL-1", formation_protocol(), floor.formation_file(), **POUCH
        )
        for _ in range(20):
            floor.pass_hours(1.0)
            await watch.look()
        assert await state_and_reason(service, floor.client()) == ("working", None)


async def test_watch_stops_a_short_that_the_testers_own_limits_miss(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        protocol = ccd_protocol(max_steps=5, dwell_s=300.0, short_floor_v=0.002)
        path = floor.staircase_file(short_floor_v=None)
        watch = await running_test(service, floor, "WIT-1", protocol, path, area_cm2=2.0)
        floor.pass_hours(0.7)
        await watch.look()
        assert await state_and_reason(service, floor.client()) == ("working", None)
        floor.pass_hours(0.16)
        await watch.look()
        state, reason = await state_and_reason(service, floor.client())
    assert state == "stop"
    assert "short" in (reason or "")


async def test_stop_of_a_short_keeps_how_long_it_took_from_its_first_row(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    """A live look each second over rows of one second, against the simulator's own truth."""
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        protocol = ccd_protocol(
            max_steps=5, dwell_s=300.0, rest_s=10.0, short_floor_v=None, highest_drop_ratio=0.5
        ).model_copy(update={"status": "released"})
        async with service.database.begin() as tx:
            await store.add_protocol(tx, protocol)
        await order_of(service, 1, "WIT-1", protocol.protocol_id, area_cm2=2.0)

        async def runs() -> bool:
            return await order_state(service) == "running"

        async def ended() -> bool:
            return await order_state(service) == "ended"

        client, share = floor.client(), tmp_path / "share"
        async with driving(service, client, share):
            await until(runs)
        async with service.database.quiet() as tx:
            channel = (await store.run_of(tx, "J1")).channel
        address = next(one for one in floor.bench.addresses if one.name == channel)
        course = floor.bench.view(address).course
        assert course is not None
        course.advance(3600.0)
        failed = next(block for block in course.blocks if block.segment.failed_at_s < math.inf)
        fails_s = failed.start_s + failed.segment.failed_at_s
        watch = TesterWatch(service, service.plant.tester[0], floor.client())
        floor.pass_seconds(math.floor(fails_s) - 5.0)
        while floor.bench.view(address).word == "working":
            floor.pass_seconds(1.0)
            await watch.look()
        async with driving(service, client, share):
            await until(ended)
        run = await get_json(service, "/test-runs/J1")
        async with service.database.quiet() as tx:
            told = "SELECT body FROM outbox WHERE type LIKE '%cycling_ended%'"
            event = json.loads(str(await tx.scalar(text(told))))
    latency = run["stop_latency"]
    assert "more than 50 % below" in run["stop_reason"]
    assert latency["by"] == "watch"
    assert 0.0 <= latency["first_row_s"] - fails_s <= 1.0
    assert latency["rows_to_seen"] == SHORT_LOOKS - 1
    assert latency["seen_after_s"] == pytest.approx(SHORT_LOOKS - 1, abs=1.0)
    assert 0.0 <= latency["stopped_after_s"] - latency["seen_after_s"] <= 1.0
    assert event["data"]["stop_latency"] == latency


async def test_watch_stops_the_wrong_cell_and_keeps_the_first_reason(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        floor.fault("swapped_barcode", channel="1-1-1")
        client = floor.client()
        other = (await channels_of(client))["1-1-2"]
        await client.start(other, floor.formation_file(), "CELL-2", floor.backup)
        watch = await running_test(
            service, floor, "CELL-1", formation_protocol(), floor.formation_file(), **POUCH
        )
        await watch.look()
        state, reason = await state_and_reason(service, client)
        await watch.look()
        again = await state_and_reason(service, client)
    assert state == "stop"
    assert reason is not None and reason.startswith("barcode")
    assert again == (state, reason)


async def test_watch_over_a_silent_tester_raises_and_judges_at_its_return(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        watch = await running_test(
            service, floor, "CELL-1", formation_protocol(), floor.formation_file(), **POUCH
        )
        port = floor.tester.port
        await floor.tester.stop()
        with pytest.raises(RetryLaterError):
            await watch.look()
        floor.tester = type(floor.tester)(floor.bench, port=port)
        await floor.tester.start()
        floor.pass_hours(0.6)
        await watch.look()
        assert await state_and_reason(service, floor.client()) == ("working", None)


async def get_json(service: Service, target: str) -> dict[str, Any]:
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://f") as http:
        answer = await http.get(target)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


# What persons ask of a test


async def graded_test(service: Service, floor: Floor) -> TesterWatch:
    """Let a test run that ends with a grade."""
    async with service.database.begin() as tx:
        await store.add_grading(tx, GRADING)
    protocol = formation_protocol().model_copy(update={"status": "released"})
    return await running_test(service, floor, "CELL-1", protocol, floor.formation_file(), **POUCH)


async def ask(service: Service, what: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=service.app)
    headers = {"x-halite-person": "Li Na", "idempotency-key": f"{what}-of-J1"}
    async with httpx.AsyncClient(transport=transport, base_url="http://f", headers=headers) as http:
        return await http.post(f"/job-orders/J1/{what}")


async def told(service: Service, kind: str) -> list[dict[str, Any]]:
    async with service.database.quiet() as tx:
        rows = await tx.scalars(text("SELECT body FROM outbox ORDER BY id"))
        bodies = [json.loads(str(row)) for row in rows]
    return [body["data"] for body in bodies if f".{kind}." in body["type"]]


async def until_over(service: Service, client: NewareClient, share: Path) -> None:
    async def over() -> bool:
        return await order_state(service) in ("ended", "aborted")

    async with driving(service, client, share):
        await until(over)


async def test_a_person_stops_a_running_test_and_what_it_measured_counts(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        watch = await graded_test(service, floor)
        floor.pass_hours(2.0)
        refused = await ask(service, "pause")
        assert refused.status_code == 409
        assert refused.json()["detail"] == f"{TESTER} cannot pause a job, only abort or stop it"
        assert (await ask(service, "stop")).status_code == 200
        await watch.look()
        assert await state_and_reason(service, floor.client()) == ("stop", "asked by Li Na")
        await until_over(service, floor.client(), tmp_path / "share")
        run = await get_json(service, "/test-runs/J1")
        [job] = (await get_json(service, "/job-orders"))["items"]
        [ended] = await told(service, "job_order_ended")
    assert (job["state"], job["asked"], ended["state"]) == ("ended", None, "ended")
    assert run["stop_reason"] == "asked by Li Na"
    assert run["row_count"] > 0


async def test_a_test_whose_channel_holds_another_cell_is_given_up_and_its_channel_is_free(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        floor.fault("swapped_barcode", channel="1-1-1")
        client, share = floor.client(), tmp_path / "share"
        other = (await channels_of(client))["1-1-2"]
        await client.start(other, floor.formation_file(), "CELL-2", floor.backup)
        await graded_test(service, floor)

        async def held() -> bool:
            return await order_state(service) == "interrupted"

        async with driving(service, client, share):
            await until(held)
        assert (await ask(service, "stop")).status_code == 409
        assert (await ask(service, "abort")).status_code == 200
        await until_over(service, floor.client(), share)
        [ended] = await told(service, "job_order_ended")
        run = await get_json(service, "/test-runs/J1")
        async with service.database.quiet() as tx:
            assert await store.leases(tx, TESTER) == {}
        [shown] = await floor.client().status([other])
    assert (ended["state"], ended["results"]) == ("aborted", [])
    assert ended["reason"].startswith("given up by Li Na: channel 1-1-1 shows barcode 'CELL-2'")
    assert (run["state"], run["stop_reason"]) == ("stop", ended["reason"])
    assert shown == "working"


async def test_an_interrupted_test_that_its_tester_still_runs_is_stopped_and_counts(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        await graded_test(service, floor)
        floor.pass_hours(2.0)
        async with service.database.begin() as tx:
            order = await joborders.get(tx, "J1")
            await joborders.save(tx, "running", order.to("interrupted", "a person must look"))
        assert (await ask(service, "abort")).status_code == 200
        await until_over(service, floor.client(), tmp_path / "share")
        run = await get_json(service, "/test-runs/J1")
        [ended] = await told(service, "job_order_ended")
        assert (await state_and_reason(service, floor.client()))[0] == "stop"
    assert (ended["state"], run["stop_reason"]) == ("ended", "asked by Li Na")
    assert run["row_count"] > 0


# From the lease to the grade, over a restart


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so, or fail."""
    async with asyncio.timeout(WITHIN_S):
        while not await look():
            await asyncio.sleep(0.02)


async def order_state(service: Service) -> str:
    async with service.database.quiet() as tx:
        found = await tx.scalar(text("SELECT state FROM job_order WHERE job_order_id = 'J1'"))
    return str(found)


@asynccontextmanager
async def driving(service: Service, client: NewareClient, share: Path) -> AsyncIterator[None]:
    runner = TesterRunner(service, service.plant.tester[0], client, share)
    task = asyncio.create_task(runner.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_running_test_is_taken_up_after_a_restart_and_never_started_twice(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        released = formation_protocol().model_copy(update={"status": "released"})
        async with service.database.begin() as tx:
            await store.add_protocol(tx, released)
            await store.add_grading(tx, GRADING)
        await order_of(service, 1, "CELL-1", released.protocol_id, capacity_mah=1000.0)
        share = tmp_path / "share"

        async def runs() -> bool:
            return await order_state(service) == "running"

        async def ended() -> bool:
            return await order_state(service) == "ended"

        async with driving(service, floor.client(), share):
            await until(runs)
        floor.pass_hours(12.0)
        await floor.restart()
        client = floor.client()
        async with driving(service, client, share):
            floor.pass_hours(40.0)
            await until(ended)
        channel = (await channels_of(client))["1-1-1"]
        assert (await client.latest_test(channel)).test_id == 1
        async with service.database.quiet() as tx:
            assert await store.leases(tx, TESTER) == {}
            kinds = (await tx.execute(text("SELECT type FROM outbox ORDER BY id"))).scalars().all()
        kinds = [kind.split(".")[-2] for kind in kinds]
    assert kinds.count("job_order_started") == 1
    assert kinds.count("cell_graded") == kinds.count("job_order_ended") == 1


async def test_job_at_full_scale_is_held_with_the_reason(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        released = formation_protocol().model_copy(update={"status": "released"})
        async with service.database.begin() as tx:
            await store.add_protocol(tx, released)
        await order_of(service, 1, "CELL-1", released.protocol_id, capacity_mah=2000.0)

        async def held() -> bool:
            async with service.database.quiet() as tx:
                found = await tx.scalar(text("SELECT reason FROM job_order"))
            return "needs 200 mA, limit is 0.9 of the range 200 mA" in str(found)

        async with driving(service, floor.client(), tmp_path / "share"):
            await until(held)
        async with service.database.quiet() as tx:
            assert await store.leases(tx, TESTER) == {}
