"""Times how many events a second come into the record, beside a bare table with the same bodies."""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import psycopg

from benchmarks.peers import READER, ROOT, Floor, floor
from services.trace import workflow
from services.trace.domain import canonical
from shared.db import Database, migrate
from shared.envelope import Envelope, envelope
from shared.events import JobOrderEnded
from shared.facts import Event, Material, TestResult

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
SOURCES = ("execution", "sintering", "spray", "lamination", "formation", "quality")
BARE = (
    "CREATE TABLE bare (event_id uuid PRIMARY KEY, time timestamptz NOT NULL, body text NOT NULL)"
)
Said = tuple[Envelope, Event]


def said(source: str, sequence: int) -> Said:
    """Return the end of a job order of three parts with four results, numbered by its source."""
    cell = f"{source}-C{sequence}"
    event = JobOrderEnded(
        job_order_id=f"{cell}-stack",
        lot_id=cell,
        work_request_id=f"WR-{sequence // 500}",
        product_id="nvp-coin",
        operation="stack",
        state="ended",
        equipment_id="pilot/dryroom/assembly/laminator-1",
        recipe_id="laminate",
        recipe_version=1,
        started_at=AT,
        ended_at=AT,
        materials=tuple(
            Material(
                lot_id=f"{cell}-{number}",
                material_definition_id="m",
                quantity=1.0,
                unit="count",
                use="produced" if number == 0 else "consumed",
            )
            for number in range(4)
        ),
        results=tuple(
            TestResult(lot_id=cell, characteristic=f"value_{number}_um", value=1.5, unit="µm")
            for number in range(4)
        ),
    )
    wrapped = envelope(event, service=source, time=AT)
    return wrapped.model_copy(update={"sequence": sequence}), event


async def keep_all(database: Database, parts: Sequence[Sequence[Said]]) -> None:
    """Keep events as the service does: those that came together in one transaction."""
    for part in parts:
        async with database.quiet() as tx:
            await workflow.keep(tx, part)


async def bare_all(url: str, parts: Sequence[Sequence[Said]]) -> None:
    """Insert id, time and body alone, a transaction a part, by the driver itself."""
    statement = "INSERT INTO bare VALUES (%s, %s, %s)"
    async with await psycopg.AsyncConnection.connect(url) as connection:
        for part in parts:
            async with connection.transaction(), connection.cursor() as cursor:
                rows = [(one.id, one.time, canonical(one)) for one, _ in part]
                await cursor.executemany(statement, rows)


async def timed(writers: Sequence[Callable[[], Awaitable[None]]]) -> float:
    """Return the wall seconds until all writers, which go side by side, are done."""
    begun_s = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for write in writers:
            group.create_task(_run(write))
    return time.perf_counter() - begun_s


async def _run(write: Callable[[], Awaitable[None]]) -> None:
    await write()


async def measure(on: Floor, count: int, together: int, first: int) -> None:
    """Print what one size of transaction gives: `count` events of each source, all side by side."""
    url = on.postgres.url(READER)
    plain = url.replace("+psycopg", "")
    parts = {
        source: [
            [said(source, number) for number in range(at, at + together)]
            for at in range(first, first + count, together)
        ]
        for source in SOURCES
    }
    database = Database(url)
    spent_s = await timed([partial(keep_all, database, own) for own in parts.values()])
    bare_s = await timed([partial(bare_all, plain, own) for own in parts.values()])
    await database.close()
    whole = count * len(SOURCES)
    print(f"{together:>8} {whole:>8} {whole / spent_s:>12.0f} {whole / bare_s:>12.0f}", flush=True)


async def run(on: Floor, count: int, sizes: Sequence[int]) -> None:
    """Measure each size of transaction on one growing record."""
    await asyncio.to_thread(migrate, on.postgres.url(READER), ROOT / "services/trace/migrations")
    with psycopg.connect(on.postgres.url(READER).replace("+psycopg", "")) as connection:
        connection.execute(BARE)
    print(f"{'together':>8} {'events':>8} {'events/s':>12} {'bare /s':>12}")
    first = 1
    for together in sizes:
        of_size = max(together, count // 20) if together == 1 else count
        await measure(on, of_size, together, first)
        first += of_size


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=4000, help="of each of six sources")
    parser.add_argument("--together", type=int, nargs="*", default=[1, 20, 200])
    arguments = parser.parse_args()
    with floor() as on:
        asyncio.run(run(on, arguments.events, arguments.together))
    return 0


if __name__ == "__main__":
    sys.exit(main())
