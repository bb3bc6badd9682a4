"""What ran is what was ordered: by the file a tester leaves, or the program it names."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.formation import store
from services.formation.arbin import ArbinClient
from services.formation.evidence import TestFiles
from services.formation.offers import Offers
from services.formation.protocol import CellOrder, formation_protocol
from services.formation.ran import plausible_end
from services.formation.stepfile import step_file
from services.formation.store import Run
from services.formation.testing import TesterRunner
from services.formation.testrecord import TestRecord
from services.formation.whatran import WhatRan
from shared.app import Service
from simulators.arbin import ArbinServer
from tests.station.test_channels import TESTER, formation, order_of, order_state, until
from tests.station.test_row_sending import grading
from tests.station.tester_floor import MONDAY, Floor, channels_of, open_floor

OTHER = "pilot/formation/cycling/tester-2"
CELL = CellOrder(lot_id="CELL-1", capacity_mah=1000.0)


@pytest_asyncio.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(tmp_path) as opened:
        yield opened


@dataclass
class Driven:
    """A test that runs on the floor, and what became of it."""

    service: Service
    floor: Floor
    folder: Path

    async def end(self) -> dict[str, Any]:
        """Let the test end; return what was said of the protocol and the files that were kept."""
        self.floor.pass_hours(50.0)

        async def ended() -> bool:
            return await order_state(self.service) == "ended"

        await until(ended)
        return await said(self.service)


async def said(service: Service) -> dict[str, Any]:
    async with service.database.quiet() as tx:
        bodies = (await tx.scalars(text("SELECT body FROM outbox ORDER BY id"))).all()
        kept = (await tx.scalars(text("SELECT body FROM test_file_reading"))).all()
    found = [body["data"] for body in map(_plain, bodies)]
    [cycled] = [data for data in found if "protocol_matches" in data]
    [ended] = [data for data in found if "results" in data and "started_at" in data]
    [match] = [r for r in ended["results"] if r["characteristic"] == "protocol_match_count"]
    return {"event": cycled, "match": match, "readings": list(kept)}


def _plain(body: Any) -> Any:
    return json.loads(body) if isinstance(body, str) else body


@asynccontextmanager
async def driven(url: str, folder: Path, floor: Floor) -> AsyncIterator[Driven]:
    async with formation(url, folder, floor.tester.port) as service:
        released = formation_protocol().model_copy(update={"status": "released"})
        async with service.database.begin() as tx:
            await store.add_protocol(tx, released)
            await store.add_grading(tx, grading())
        await order_of(service, 1, "CELL-1", released.protocol_id, capacity_mah=1000.0)
        share = folder / "share"
        runner = TesterRunner(
            service, service.plant.tester[0], floor.client(), share, look_every_s=0.02
        )
        task = asyncio.create_task(runner.run())

        async def running() -> bool:
            return await order_state(service) == "running"

        await until(running)
        yield Driven(service, floor, share / "backup" / "J1")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_file_that_the_tester_leaves_proves_the_order_and_is_kept(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with driven(new_database(), tmp_path, floor) as test:
        found = await test.end()
    assert (found["match"]["value"], found["match"]["reason"]) == (1.0, None)
    assert (found["event"]["protocol_matches"], found["event"]["protocol_findings"]) == (True, [])
    [reading] = found["readings"]
    assert (reading["may_gate"], reading["proof"]["matches"]) == (True, True)
    assert reading["figures"]["row_count"] == found["event"]["row_count"]


async def test_test_without_a_file_proves_nothing_and_still_ends(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with driven(new_database(), tmp_path, floor) as test:
        shutil.rmtree(test.folder)
        test.folder.write_bytes(b"no folder")  # the tester cannot write its file
        found = await test.end()
    assert found["match"]["value"] is None
    assert "the tester left no file in" in found["match"]["reason"]
    assert found["event"]["protocol_matches"] is False
    assert found["readings"] == []


async def test_file_of_another_cell_with_another_protocol_is_found_out(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with driven(new_database(), tmp_path, floor) as test:
        client = floor.client()
        other = (await channels_of(client))["1-9-1"]
        await client.start(other, floor.staircase_file(), "WIT-1", floor.backup)
        floor.pass_hours(6.0)
        await client.inquire([other])
        [left] = floor.backup.glob("*.ndax")
        shutil.rmtree(test.folder)
        test.folder.write_bytes(b"no folder")
        floor.pass_hours(50.0)
        await client.inquire([(await channels_of(client))["1-1-1"]])
        test.folder.unlink()
        test.folder.mkdir()
        shutil.copy(left, test.folder / "1_1_1_1.ndax")
        found = await test.end()
    assert (found["match"]["value"], found["event"]["protocol_matches"]) == (0.0, False)
    assert "barcode 'WIT-1', ordered was 'CELL-1'" in found["match"]["reason"]
    assert any(finding.startswith("step 2") for finding in found["event"]["protocol_findings"])
    [reading] = found["readings"]
    assert reading["may_gate"] is False


@pytest.mark.parametrize("damage", [lambda body: body[: len(body) // 2], lambda _: b"rubbish"])
async def test_damaged_file_is_kept_with_the_reason_and_proves_nothing(
    floor: Floor,
    new_database: Callable[[], str],
    tmp_path: Path,
    damage: Callable[[bytes], bytes],
) -> None:
    async with driven(new_database(), tmp_path, floor) as test:
        test.folder.mkdir(parents=True, exist_ok=True)
        (test.folder / "partial.ndax").write_bytes(damage(b"PK" + bytes(1000)))
        later = (datetime.now(UTC) + timedelta(days=1)).timestamp()
        found_at = test.folder / "partial.ndax"
        os.utime(found_at, (later, later))
        found = await test.end()
    assert found["match"]["value"] is None
    assert "partial.ndax" in found["match"]["reason"]
    [reading] = found["readings"]
    assert (reading["parser"], reading["may_gate"]) == ("none", False)


# A maker whose cycler leaves no file


@pytest.mark.parametrize(
    ("version", "lot_id", "matches", "word"),
    [(1, "CELL-1", True, None), (2, "CELL-1", False, "program"), (1, "CELL-2", False, "barcode")],
)
async def test_arbin_is_judged_by_schedule_cell_and_current(
    floor: Floor,
    new_database: Callable[[], str],
    tmp_path: Path,
    version: int,
    lot_id: str,
    matches: bool,
    word: str | None,
) -> None:
    protocol = formation_protocol()
    name = f"{protocol.protocol_id}-v1.sdx"
    written = step_file(protocol, CELL, range_ma=200.0, range_v=5.0, written_at=MONDAY)
    (tmp_path / name).write_bytes(written.content)
    server = ArbinServer(floor.bench, tmp_path)
    await server.start()
    client = ArbinClient(f"tcp://127.0.0.1:{server.port}", timeout_s=60.0)
    channel = (await client.devices())[0].channel
    await client.start(channel, name, "CELL-1", "b", test_name="J1", capacity_mah=1000.0)
    for _ in range(10):
        floor.pass_hours(1.0)
        [point] = await client.inquire([channel])
    record = TestRecord()
    record.take(await client.all_rows(channel))
    run = Run(
        job_order_id="J1", lot_id=lot_id, channel=channel.name, protocol_id=protocol.protocol_id,
        protocol_version=version, step_file=written.content, step_sha256="-", started_at=None,
    )  # fmt: skip
    async with formation(new_database(), tmp_path) as service:
        judge = WhatRan(client, TestFiles(service, ()), tmp_path)
        proof = await judge.program(channel, point, run, protocol, CELL, record.table())
    await client.close()
    await server.stop()
    assert proof is not None
    assert proof.matches is matches
    assert [word in " ".join(proof.findings)] == [True] if word else proof.findings == ()
    assert server.capacity_ah == {0: 1.0}


async def test_arbin_test_goes_on_after_a_restart_with_all_that_was_seen_of_it(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    released = formation_protocol().model_copy(update={"status": "released"})
    written = step_file(released, CELL, range_ma=200.0, range_v=5.0, written_at=MONDAY)
    (tmp_path / f"{released.protocol_id}-v1.sdx").write_bytes(written.content)
    server = ArbinServer(floor.bench, tmp_path)
    await server.start()
    async with formation(new_database(), tmp_path) as service:
        async with service.database.begin() as tx:
            await store.add_protocol(tx, released)
        await order_of(service, 1, "CELL-1", released.protocol_id, capacity_mah=1000.0)

        @asynccontextmanager
        async def life() -> AsyncIterator[ArbinClient]:
            """One life of what drives the tester; nothing but the database outlives it."""
            client = ArbinClient(f"tcp://127.0.0.1:{server.port}", timeout_s=60.0)
            tester = service.plant.tester[0]
            runner = TesterRunner(service, tester, client, tmp_path / "share", look_every_s=0.02)
            task = asyncio.create_task(runner.run())
            yield client
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.close()

        async def kept_to(hours: float) -> None:
            """Let the test come so far, and its looks into the database."""
            while floor.instant < MONDAY + timedelta(hours=hours):
                floor.pass_hours(0.5)
            wanted = 36_000 * hours

            async def kept() -> bool:
                async with service.database.quiet() as tx:
                    last = await tx.scalar(text("SELECT max(last_row) FROM test_looks"))
                return last is not None and last >= wanted

            await until(kept)

        async with life():

            async def running() -> bool:
                return await order_state(service) == "running"

            await until(running)
            await kept_to(0.0)
            await kept_to(3.0)
        async with life() as client:
            await kept_to(5.0)
            channel = (await client.devices())[0].channel
            record = TestRecord()
            record.take(await client.all_rows(channel))
            *_, charge = await client.step_layer(channel)
            async with service.database.quiet() as tx:
                batched = await tx.scalar(text("SELECT batched_row FROM test_run"))
    await server.stop()
    assert (charge.step_id, charge.step_type) == (2, "cc")
    assert charge.capacity_mah == pytest.approx(450.0, rel=0.01)
    times_s = record.table()["time_s"]
    assert times_s.is_sorted()
    assert times_s[-1] == 4.5 * 3600.0  # of the rest before the charge only the start was seen
    assert batched == record.last_row


# Several testers


def test_a_test_is_held_when_every_tester_has_refused_it() -> None:
    offers = Offers([TESTER, OTHER])
    assert offers.refused("J1", TESTER, "needs 200 mA") is None
    assert offers.refused("J1", TESTER, "needs 200 mA") is None
    reasons = offers.refused("J1", OTHER, "out of calibration")
    assert reasons == f"{TESTER}: needs 200 mA; {OTHER}: out of calibration"
    assert offers.refused("J1", OTHER, "again") is None  # resumed: it is offered anew
    offers.keep([])
    assert offers.refused("J1", TESTER, "x") is None
    assert Offers([TESTER]).refused("J1", TESTER, "needs 200 mA") == "needs 200 mA"


async def test_test_that_one_tester_refuses_runs_on_another(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        released = formation_protocol().model_copy(update={"status": "released"})
        async with service.database.begin() as tx:
            await store.add_protocol(tx, released)
        await order_of(service, 1, "CELL-1", released.protocol_id, capacity_mah=1000.0)
        able = service.plant.tester[0]
        small = able.model_copy(update={"equipment_id": OTHER, "current_range_ma": 100.0})
        offers = Offers([TESTER, OTHER])
        share = tmp_path / "share"
        runners = [
            TesterRunner(service, tester, floor.client(), share, look_every_s=0.02, offers=offers)
            for tester in (small, able)
        ]
        first = asyncio.create_task(runners[0].run())

        async def refused() -> bool:
            return offers.refused("J1", OTHER, "needs 100 mA") is None and runners[0].answers

        await until(refused)
        assert await order_state(service) == "not_allowed_to_start"
        second = asyncio.create_task(runners[1].run())

        async def running() -> bool:
            return await order_state(service) == "running"

        await until(running)
        async with service.database.quiet() as tx:
            where = await tx.scalar(text("SELECT equipment_id FROM station_order"))
        for task in (first, second):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
    assert where == TESTER


async def test_tester_that_comes_second_leaves_the_test_to_the_first(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path) as service:
        await order_of(service, 1, "CELL-1", "p", capacity_mah=1000.0)
        async with service.database.begin() as tx:
            assert await store.still_waits(tx, "J1")
            await tx.execute(text("UPDATE job_order SET state = 'running'"))
        async with service.database.begin() as tx:
            assert not await store.still_waits(tx, "J1")
            assert not await store.still_waits(tx, "none")


# Clocks of testers


def test_an_end_that_the_testers_clock_cannot_know_is_now() -> None:
    planned, now = MONDAY, MONDAY + timedelta(hours=50)
    good = MONDAY + timedelta(hours=40)
    assert plausible_end(good, planned, now) == good
    assert plausible_end(now + timedelta(seconds=30), planned, now) == now + timedelta(seconds=30)
    for wrong in (now + timedelta(hours=1), planned - timedelta(days=365)):
        assert plausible_end(wrong, planned, now) == now
