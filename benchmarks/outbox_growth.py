"""Times an event's way through the outbox, and a page of replay, as the outbox grows."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.peers import SAYER, Floor, database_cpu_s, floor, held
from shared.bus import Bus
from shared.clock import wall_clock
from shared.db import Database, migrate
from shared.outbox import Outbox, Relay

SIZES = (10_000, 100_000, 1_000_000)
PAGE = 200
TOGETHER = 10  # events that one pass of the relay finds
FILL = 100_000
ADD = """
    INSERT INTO outbox (event_id, type, subject, topic, body)
    SELECT uuidv7(), type, subject, topic, body
    FROM generate_series(1, %(count)s), (SELECT * FROM outbox WHERE id = 1) AS first"""
NUMBER = """
    UPDATE outbox SET sequence = relay.sequence + fresh.n
    FROM relay, (SELECT id, row_number() OVER (ORDER BY id) AS n
                 FROM outbox WHERE sequence IS NULL) AS fresh
    WHERE outbox.id = fresh.id AND duty = 'number'"""
MOVE = "UPDATE relay SET sequence = (SELECT max(sequence) FROM outbox)"
SCANS = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'outbox'"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The outbox under test and what stands around it."""

    on: Floor
    database: Database
    bus: Bus
    outbox: Outbox
    relay: Relay

    async def pass_on(self) -> None:
        """Commit some events; number and publish them, acknowledged by the broker."""
        for number in range(TOGETHER):
            async with self.database.begin() as tx:
                await self.outbox.record(tx, held(number))
        await self.relay.number()
        await self.relay.publish()

    async def minutes_pass(self) -> None:
        """Do what a relay does every 40 s, in a process that has ended when the clock starts."""
        earlier = Relay(self.database, self.bus)
        async with self.database.begin() as tx:
            await self.outbox.record(tx, held(0))
        await earlier.number()
        for _ in range(3):
            await earlier.pass_over()

    async def read(self) -> None:
        """Read a page anywhere in the outbox."""
        last = await self.outbox.last_sequence()
        await self.outbox.after(random.randrange(max(1, last - PAGE)), PAGE)

    async def spent(self, times: int, work: Callable[[], Awaitable[object]]) -> "Spent":
        """Do some work several times."""
        begun, own_s, database_s = time.monotonic(), time.process_time(), database_cpu_s(self.on)
        for _ in range(times):
            await work()
        return Spent(
            wall_s=time.monotonic() - begun,
            own_s=time.process_time() - own_s,
            database_s=database_cpu_s(self.on) - database_s,
        )


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Wall seconds, and CPU seconds here and in the database."""

    wall_s: float
    own_s: float
    database_s: float

    def per(self, count: int) -> str:
        """Return milliseconds for one of `count`: CPU here + CPU in the database, and wall."""
        own, database, wall = (
            1000 * value / count for value in (self.own_s, self.database_s, self.wall_s)
        )
        return f"{own:6.3f} + {database:6.3f} ({wall:7.3f})"


def fill(on: Floor, up_to: int) -> None:
    """Add events the way they come, first without a number, until there are so many."""
    with psycopg.connect(on.postgres.url(SAYER).replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT count(*) FROM outbox").fetchone()
        missing = up_to - (found[0] if found else 0)
        while missing > 0:
            connection.execute(ADD, {"count": min(FILL, missing)})
            connection.execute(NUMBER)
            connection.execute(MOVE)
            connection.commit()
            missing -= FILL


def scans(on: Floor) -> int:
    """Return how often the whole outbox was read so far."""
    with psycopg.connect(on.postgres.url(SAYER).replace("+psycopg", "")) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute(SCANS).fetchone()
        return int(row[0]) if row else 0


async def run(on: Floor, sizes: list[int], rounds: int) -> None:
    """Measure at each size and print a line of the table."""
    bus = Bus(on.broker.url, "growth")
    up = asyncio.Event()
    bus.on_up(up.set)
    bus.start()
    await asyncio.wait_for(up.wait(), 30)
    database = Database(on.postgres.url(SAYER))
    outbox = Outbox(SAYER, "bench", database, wall_clock())
    bench = Bench(on=on, database=database, bus=bus, outbox=outbox, relay=Relay(database, bus))
    await bench.pass_on()
    names = ("record and relay one", "read one", "oldest waiting")
    print("ms of CPU here + in the database (wall), by rows in the outbox; whole-table scans")
    print(f"{'rows':>9}" + "".join(f"{name:>27}" for name in (*names, "scans")))
    for size in sizes:
        await asyncio.to_thread(fill, on, size)
        await bench.minutes_pass()
        cells = await measured(bench, rounds)
        print(f"{size:>9}" + "".join(f"{cell:>27}" for cell in cells), flush=True)
    await database.close()
    await bus.stop()


async def measured(bench: Bench, rounds: int) -> list[str]:
    """Return the cells of one line."""
    scans_before = await asyncio.to_thread(scans, bench.on)
    passed = await bench.spent(rounds, bench.pass_on)
    read = await bench.spent(rounds, bench.read)
    health = await bench.spent(rounds, bench.outbox.oldest_waiting_s)
    scanned = await asyncio.to_thread(scans, bench.on) - scans_before
    return [
        passed.per(rounds * TOGETHER),
        read.per(rounds * PAGE),
        health.per(rounds),
        f"{scanned}",
    ]


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="rows")
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args()
    with floor() as on, tempfile.TemporaryDirectory() as no_migrations:
        migrate(on.postgres.url(SAYER), Path(no_migrations))
        asyncio.run(run(on, sorted(arguments.sizes), arguments.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
