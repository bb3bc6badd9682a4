"""Rows of a running test on their way from the tester to the historian: none lost, none twice."""

import asyncio
import contextlib
import random
import shutil
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from sqlalchemy import text

from deploy.broker import Broker
from services.formation import rowstore, store
from services.formation.answers import TestRow
from services.formation.domain import GradeBin, Grading
from services.formation.neware import NewareClient
from services.formation.protocol import formation_protocol
from services.formation.sending import RowSender, keep_in_batches
from services.formation.store import Run
from services.formation.testing import TesterRunner
from services.formation.testrecord import PACKED_TOGETHER, TestRecord
from services.historian.main import build as build_historian
from services.historian.settings import HistorianSettings
from shared.app import Service
from shared.db import Database, migrate
from shared.errors import ConflictError, ServiceUnreachableError, StationFaultError
from tests.station.speaker import ROOT, plant_file
from tests.station.test_channels import formation, order_of, order_state, until
from tests.station.tester_floor import MONDAY, Floor, channels_of, open_floor


@pytest_asyncio.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(tmp_path) as opened:
        yield opened


class Door(httpx.AsyncBaseTransport):
    """The way to the historian; `broken` says before or after which requests it breaks."""

    def __init__(self, service: Service) -> None:
        self._to = httpx.ASGITransport(service.app, raise_app_exceptions=False)
        self.broken: Callable[[], str] = lambda: ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        where = self.broken()
        if where == "before":
            raise httpx.ConnectError("the historian was killed")
        reply = await self._to.handle_async_request(request)
        if where == "after":
            raise httpx.ReadError("the historian was killed after its commit")
        return reply


@asynccontextmanager
async def historian(url: str, folder: Path, broker: Broker) -> AsyncIterator[Service]:
    await asyncio.to_thread(migrate, url, ROOT / "services/historian/migrations")
    settings = HistorianSettings(
        service="historian",
        port=1,
        database_url=url,
        mqtt_url=broker.url,
        plant_file=plant_file(folder),
        data_dir=folder / "data",
    )
    service = build_historian(settings)
    yield service
    await service.http.aclose()
    await service.database.close()


@pytest_asyncio.fixture
async def door(
    tmp_path: Path, new_database: Callable[[], str], broker: Broker
) -> AsyncIterator[Door]:
    folder = tmp_path / "historian"
    folder.mkdir()
    async with historian(new_database(), folder, broker) as service:
        yield Door(service)


@asynccontextmanager
async def sender_of(service: Service, door: Door) -> AsyncIterator[RowSender]:
    """A sender as it is after a start of formation."""
    async with httpx.AsyncClient(transport=door) as http:
        yield RowSender(service.database, http, "http://historian")


@asynccontextmanager
async def driving(service: Service, client: NewareClient, share: Path) -> AsyncIterator[None]:
    tester = service.plant.tester[0]
    runner = TesterRunner(service, tester, client, share, look_every_s=0.02)
    task = asyncio.create_task(runner.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def asked(door: Door, path: str, **params: Any) -> Any:
    door.broken = lambda: ""
    async with httpx.AsyncClient(transport=door, base_url="http://historian") as http:
        reply = await http.get(path, params=params)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def waiting(service: Service) -> int:
    async with service.database.quiet() as tx:
        return (await rowstore.waiting(tx))[0]


async def test_rows_come_while_the_test_runs_and_the_rest_at_its_end_over_a_restart(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path, door: Door
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        released = formation_protocol().model_copy(update={"status": "released"})
        async with service.database.begin() as tx:
            await store.add_protocol(tx, released)
            await store.add_grading(tx, grading())
        await order_of(service, 1, "CELL-1", released.protocol_id, capacity_mah=1000.0)

        async def some() -> bool:
            return await waiting(service) > 0

        async def running() -> bool:
            return await order_state(service) == "running"

        async def ended() -> bool:
            return await order_state(service) == "ended"

        async with driving(service, floor.client(), tmp_path / "share"):
            await until(running)
            floor.pass_hours(12.0)
            await until(some)
        async with sender_of(service, door) as sender:
            await sender.send_waiting()
            live = await asked(door, "/test-curve", series_id="J1", points=100_000)
        client = floor.client()
        async with driving(service, client, tmp_path / "share"):
            floor.pass_hours(40.0)
            await until(ended)
        async with sender_of(service, door) as sender:
            await sender.send_waiting()
            whole = await asked(door, "/test-curve", series_id="J1", points=100_000)
        [series] = (await asked(door, "/test-series", lot_id="CELL-1"))["items"]
        channel = (await channels_of(client))["1-1-1"]
        rows = await client.all_rows(channel)
        assert await waiting(service) == 0
        async with service.database.quiet() as tx:
            run = await store.latest_run(tx, "CELL-1")
    assert 1 < live["row_count"] < whole["row_count"] == len(rows)
    assert whole["columns"]["row"] == [row.row for row in rows]
    assert whole["columns"]["voltage_v"] == pytest.approx([row.voltage_v for row in rows], abs=1e-5)
    assert whole["columns"]["row"][: live["row_count"]] == live["columns"]["row"]
    assert run is not None
    assert (series["series_id"], series["equipment_id"]) == (
        "J1",
        "pilot/formation/cycling/tester-1/1-1-1",
    )
    assert run["row_count"] == len(rows)


def grading() -> Grading:
    return Grading(
        product_id="nfm-pouch-1ah",
        version=1,
        nominal_capacity_mah=1000.0,
        reference_cycle=2,
        bins=(GradeBin(grade="A", capacity_min_ratio=0.9, efficiency_min_ratio=0.99),),
        otherwise="reject",
        source="test",
    )


# Kills


def row(number: int, **more: float) -> TestRow:
    """Row `number` of a test whose steps have ten rows; every seventh was lost by the tester."""
    step = (number - 1) // 10
    values: dict[str, Any] = {
        "row": number,
        "step_id": step % 4 + 1,
        "cycle": step // 4 + 1,
        "step_type": ("cc", "rest", "dc", "rest")[step % 4],
        "step_time_s": (number - 1) % 10 * 30.0,
        "at": MONDAY,
        "voltage_v": 3.0 + number / 1000.0,
        "current_ma": 100.0,
        "capacity_mah": (number - 1) % 10 / 1.2,
        "energy_mwh": 0.0,
    }
    return TestRow(**(values | more))


def rows_up_to(last: int) -> list[TestRow]:
    return [row(number) for number in range(1, last + 1) if number % 7]


async def run_of_cell(service: Service, number: int) -> None:
    run = Run(
        job_order_id=f"J{number}",
        lot_id=f"CELL-{number}",
        channel=f"1-1-{number}",
        protocol_id="p",
        protocol_version=1,
        step_file=b"-",
        step_sha256="-",
        started_at=None,
    )
    async with service.database.begin() as tx:
        await store.add_run(tx, run)


async def test_kills_of_either_service_lose_no_row_and_double_none(
    new_database: Callable[[], str], tmp_path: Path, door: Door
) -> None:
    """Formation begins anew with all rows of the tester; the historian dies around its commit."""
    draw = random.Random(7)
    async with formation(new_database(), tmp_path) as service:
        for number in (1, 2):
            await run_of_cell(service, number)
        records: dict[str, TestRecord] = {}
        breaks = {"before": 0, "after": 0, "": 0}

        def broken() -> str:
            where = draw.choice(["before", "after", ""])
            breaks[where] += 1
            return where

        for last in range(13, 13 * 60 + 1, 13):
            if draw.random() < 0.5:
                records = {}  # killed: what it knew of the rows is gone
            for key in ("J1", "J2"):
                record = records.setdefault(key, TestRecord())
                record.take(one for one in rows_up_to(last) if one.row > record.last_row)
            async with service.database.begin() as tx:
                await keep_in_batches(tx, "pilot/tester-1", records)
            door.broken = broken
            async with sender_of(service, door) as sender:
                with contextlib.suppress(ServiceUnreachableError):
                    await sender.send_waiting()
        door.broken = lambda: ""
        async with sender_of(service, door) as sender:
            await sender.send_waiting()
        found = [
            (await asked(door, "/test-curve", series_id=key, points=100_000))["columns"]
            for key in ("J1", "J2")
        ]
        assert await waiting(service) == 0
    wanted = rows_up_to(13 * 60)
    assert min(breaks.values()) >= 10
    for columns in found:
        assert columns["row"] == [one.row for one in wanted]
        assert columns["step"] == [(one.row - 1) // 10 + 1 for one in wanted]


async def test_historian_that_forgot_batches_is_told_to_a_person_and_nothing_is_dropped(
    new_database: Callable[[], str], tmp_path: Path, door: Door
) -> None:
    async with formation(new_database(), tmp_path) as service:
        await run_of_cell(service, 1)
        record = TestRecord()
        for last in (20, 40):
            record.take(one for one in rows_up_to(last) if one.row > record.last_row)
            async with service.database.begin() as tx:
                await keep_in_batches(tx, "pilot/tester-1", {"J1": record})
        async with service.database.begin() as tx:
            await tx.execute(text("DELETE FROM row_batch WHERE sequence = 1"))
        async with sender_of(service, door) as sender:
            with pytest.raises(ConflictError, match="is at batch 0, 2 came"):
                await sender.send_waiting()
        assert await waiting(service) == 1


def test_rows_that_are_packed_in_memory_come_out_as_they_were_taken() -> None:
    record, wanted = TestRecord(), rows_up_to(3 * PACKED_TOGETHER)
    for first in range(0, len(wanted), 999):
        record.take(wanted[first : first + 999])
    assert (len(record), record.last_row) == (len(wanted), wanted[-1].row)
    table = record.table()
    assert table["voltage_v"].to_list() == [one.voltage_v for one in wanted]
    assert table["step_index"].to_list() == [one.step_id for one in wanted]
    kinds = {"cc": "cc_charge", "rest": "rest", "dc": "cc_discharge"}
    assert table["kind"].to_list() == [kinds[one.step_type] for one in wanted]
    for after in (0, PACKED_TOGETHER, wanted[PACKED_TOGETHER - 1].row, wanted[-2].row):
        rows = [one.row for one in wanted if one.row > after]
        assert record.batch("J1", after)["row"].to_pylist() == rows


def test_a_long_test_takes_a_third_of_what_its_rows_are() -> None:
    tracemalloc.start()
    try:
        record = TestRecord()
        record.take(row(number) for number in range(1, 4 * PACKED_TOGETHER + 1))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 80 * len(record) / 3


def test_a_row_that_no_tester_can_measure_is_a_fault_of_the_station() -> None:
    record = TestRecord()
    for more in ({"voltage_v": 1e6}, {"capacity_mah": 1e15}):
        with pytest.raises(StationFaultError, match="cannot be measured"):
            record.take([row(1, **more)])


async def test_rows_kept_with_tests_before_go_to_the_historian_once(
    new_database: Callable[[], str], tmp_path: Path, door: Door
) -> None:
    url, before = new_database(), tmp_path / "before"
    shutil.copytree(ROOT / "services/formation/migrations", before)
    for later in before.glob("*.py"):
        if later.name >= "0005":
            later.unlink()
    await asyncio.to_thread(migrate, url, before)
    kept = {
        "time_s": np.array([0.0, 36.0, 72.0, 72.0, 108.0]),
        "voltage_v": np.array([3.0, 3.1, 3.2, 3.2, 3.1]),
        "current_ma": np.array([100.0, 100.0, 100.0, -100.0, -100.0]),
        "step_id": np.array([1.0, 1.0, 1.0, 2.0, 2.0]),
        "cycle": np.array([1.0, 1.0, 1.0, 1.0, 1.0]),
    }
    packed = BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **kept)
    database = Database(url)
    async with database.begin() as tx:
        await tx.execute(
            text("""
                INSERT INTO test_run (job_order_id, lot_id, channel, protocol_id, protocol_version,
                                      step_file, step_sha256, state, row_count, rows)
                VALUES ('J1', 'CELL-1', '1-1-1', 'p', 1, '', '-', 'finish', 5, :rows)"""),
            {"rows": packed.getvalue()},
        )
    await database.close()
    async with formation(url, tmp_path) as service, sender_of(service, door) as sender:
        assert await sender.send_waiting() == 1
        assert await sender.send_waiting() == 0
        found = (await asked(door, "/test-curve", series_id="J1"))["columns"]
        [cycle] = (await asked(door, "/test-cycles", series_id="J1", kept=False))["items"].values()
    assert found["voltage_v"] == [3.0, 3.1, 3.2, 3.2, 3.1]
    assert found["step"] == [1, 1, 1, 2, 2]
    assert cycle == {"cycle": [1], "charge_mah": [2.0], "discharge_mah": [1.0]}
