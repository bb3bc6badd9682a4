"""Backup and restore with a real database: the same plant comes back, or it is told why not."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.backup import make_backup
from deploy.containerrestore import check_whole, put_back
from deploy.data_folder import DataFolder
from deploy.manifest import FILE_NAME, checked_manifest
from deploy.postgres import PostgresServer
from deploy.restore import restore
from services.historian import store as series
from services.historian.domain import Row
from services.historian.files import batch_of, write_sealed
from services.trace import store
from services.trace.main import build
from services.trace.settings import TraceSettings
from services.trace.workflow import Sealer
from shared.app import Service
from shared.clock import wall_clock
from shared.db import Database, migrate
from shared.envelope import Envelope
from shared.errors import InvalidInputError, PersonNeededError
from shared.events import LotHeld
from shared.outbox import Outbox, Relay
from shared.settings import SERVICES
from shared.transaction import Transaction
from tests.station.speaker import ROOT, plant_file

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)


@dataclass
class Keeping:
    """A plant's folder with its database server and what three of its services would do."""

    data: DataFolder
    server: PostgresServer
    execution: Database
    trace: Service

    async def go_on(self, reason: str) -> None:
        """Say one event as execution, and read and seal it as trace, as both would."""
        outbox = Outbox("execution", "pilot", self.execution, wall_clock())
        async with self.execution.begin() as tx:
            event = LotHeld(lot_id="L1", work_request_id=None, gate="g", reason=reason)
            await outbox.record(tx, event)
        await Relay(self.execution, self.trace.bus).number()
        async with self.trace.database.begin() as tx:
            cursor = await _cursor(tx)
            [body] = await outbox.after(cursor, 1)
            await store.keep(tx, [Envelope.model_validate_json(body)])
            values = {"sequence": cursor + 1}
            await tx.execute(
                text("UPDATE cursor SET sequence = :sequence WHERE source = 'execution'"), values
            )
        await Sealer(self.trace, 1.0).seal()

    async def close(self) -> None:
        await self.execution.close()
        await self.trace.database.close()
        await self.trace.http.aclose()


async def _cursor(tx: Transaction) -> int:
    statement = """
        INSERT INTO cursor (source, sequence) VALUES ('execution', 0)
        ON CONFLICT (source) DO UPDATE SET source = excluded.source RETURNING sequence"""
    return int(await tx.scalar(text(statement)) or 0)


@contextmanager
def running_plant() -> Iterator[Keeping]:
    """A running plant, as far as a backup can see: its folder is held, its database answers."""
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as folder:
        data = DataFolder(Path(folder) / "data")  # the database's account can reach it
        data.prepare()
        server = PostgresServer(data.postgres, data.logs, durable=False)
        with data.held():
            server.start()
            for name in ("execution", "trace", "historian"):
                server.ensure_database(f"halite_{name}")
                url = server.url(f"halite_{name}")
                migrate(url, ROOT / "services" / name / "migrations")
            settings = TraceSettings(
                service="trace",
                port=1,
                database_url=server.url("halite_trace"),
                plant_file=plant_file(data.path),
                data_dir=data.path,
                service_urls={name: "http://127.0.0.1:1" for name in SERVICES},
            )
            yield Keeping(data, server, Database(server.url("halite_execution")), build(settings))
            server.stop()


@pytest.fixture(scope="module")
def keeping() -> Iterator[Keeping]:
    """The plant that tests may use, but not damage."""
    with running_plant() as plant:
        yield plant


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that the database's account can reach."""
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def _records(server: PostgresServer) -> list[tuple[object, ...]]:
    database = Database(server.url("halite_trace"))
    async with database.quiet() as tx:
        rows = await tx.execute(text("SELECT position, event_id, body FROM record ORDER BY 1"))
        found = [tuple(row) for row in rows]
    await database.close()
    return found


async def _fill(plant: Keeping) -> Path:
    """Give the plant files as its parts would keep them; return the time series file."""
    row = Row("pilot/hot/furnaces/furnace-1", "temperature_degc", AT, 20.0, "good")
    file, equipment_ids = write_sealed(plant.data.path, [batch_of([row]).body])
    historian = Database(plant.server.url("halite_historian"))
    async with historian.begin() as tx:
        await series.enter_file(tx, file, "telemetry", equipment_ids, AT)
    await historian.close()
    (plant.data.secrets / "mill-1").write_text("password")
    (plant.data.path / "simulators").mkdir()
    with closing(sqlite3.connect(plant.data.path / "simulators" / "world.sqlite")) as world:
        world.execute("PRAGMA journal_mode = wal")
        world.execute("CREATE TABLE lots (lot_id TEXT)")
        world.execute("INSERT INTO lots VALUES ('CELL-1')")
        world.commit()
    return plant.data.path / file.path


async def test_a_plant_saved_while_it_works_comes_back_the_same(
    keeping: Keeping, room: Path
) -> None:
    sealed = await _fill(keeping)
    before = len(await _records(keeping.server))
    await keeping.go_on("before")
    saving = asyncio.create_task(asyncio.to_thread(make_backup, keeping.data, room / "saved"))
    said_count = 1
    while not saving.done():
        await keeping.go_on(f"during {said_count}")
        said_count += 1
    await saving
    found = await asyncio.to_thread(restore, room / "saved", room / "again")
    assert found.faults == ()
    assert found.lines[2] == "Time series: 1 sealed files."
    again = DataFolder(room / "again")
    server = PostgresServer(again.postgres, again.logs, durable=False)
    server.start()
    kept = await _records(server)
    everything = await _records(keeping.server)
    server.stop()
    await keeping.close()
    assert before + 1 <= len(kept) <= len(everything) == before + said_count
    assert kept == everything[: len(kept)]
    assert (again.path / sealed.relative_to(keeping.data.path)).read_bytes() == sealed.read_bytes()
    assert (again.secrets / "mill-1").read_text() == "password"
    with closing(sqlite3.connect(again.path / "simulators" / "world.sqlite")) as world:
        assert world.execute("SELECT lot_id FROM lots").fetchall() == [("CELL-1",)]


async def test_what_was_changed_in_the_record_or_the_files_is_told_after_a_restore(
    room: Path,
) -> None:
    with running_plant() as plant:
        await _changed_plant_is_told(plant, room)


async def _changed_plant_is_told(keeping: Keeping, room: Path) -> None:
    sealed = await _fill(keeping)
    await keeping.go_on("first")
    await keeping.go_on("second")
    async with keeping.trace.database.begin() as tx:
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.execute(text("UPDATE record SET body = '{}' WHERE position = 2"))
    async with keeping.execution.begin() as tx:
        await tx.execute(text("UPDATE relay SET sequence = 1 WHERE duty = 'number'"))
    sealed.write_bytes(b"something else")
    await asyncio.to_thread(make_backup, keeping.data, room / "saved")
    await keeping.close()
    found = await asyncio.to_thread(restore, room / "saved", room / "again")
    await asyncio.to_thread(make_backup, DataFolder(room / "again"), room / "saved stopped")
    checked_manifest(room / "saved stopped")
    assert found.faults == (
        "the record was changed at position 2",
        "trace has read 2 events of execution, which has said 1",
        f"the time series file {sealed.relative_to(keeping.data.path)} is missing or changed",
    )


async def test_a_plant_comes_back_into_the_volume_of_its_containers(
    keeping: Keeping, room: Path
) -> None:
    await keeping.go_on("first")
    await keeping.close()
    tokens = keeping.data.secrets / "tokens" / "gateway"
    tokens.mkdir(parents=True)
    (tokens / "key.json").write_text("{}")
    await asyncio.to_thread(make_backup, keeping.data, room / "saved")
    volume = DataFolder(room / "volume")
    (volume.secrets / "tokens" / "gateway").mkdir(parents=True)  # as it comes from the image

    lines = await asyncio.to_thread(put_back, room / "saved", volume)

    assert lines[0].startswith("Record: ")
    check_whole(volume)
    assert not any((volume.secrets / "tokens" / "gateway").iterdir())
    server = PostgresServer(volume.postgres, volume.logs, durable=False)
    server.start()
    back = await _records(server)
    server.stop()
    assert back == await _records(keeping.server)
    with pytest.raises(PersonNeededError, match="needs a volume without a plant"):
        put_back(room / "saved", volume)


async def test_a_damaged_backup_and_a_folder_in_use_are_refused(
    keeping: Keeping, room: Path
) -> None:
    await keeping.go_on("first")
    await keeping.close()
    saved = room / "saved"
    await asyncio.to_thread(make_backup, keeping.data, saved)
    with pytest.raises(PersonNeededError, match=r"There is no plant in"):
        make_backup(DataFolder(room / "nowhere"), room / "other")
    with pytest.raises(PersonNeededError, match=r"needs a folder that is empty"):
        await asyncio.to_thread(make_backup, keeping.data, saved)
    with pytest.raises(PersonNeededError, match=r"needs a folder that is empty"):
        restore(saved, keeping.data.path)
    archive = saved / "postgres" / "base.tar.gz"
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"damaged: postgres/base.tar.gz has"):
        restore(saved, room / "again")
    archive.unlink()
    with pytest.raises(InvalidInputError, match=r"postgres/base.tar.gz is missing"):
        restore(saved, room / "again")
    (saved / FILE_NAME).unlink()
    with pytest.raises(InvalidInputError, match=r"is no finished backup"):
        restore(saved, room / "again")
    assert not (room / "again").exists()
