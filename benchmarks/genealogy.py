"""Times genealogy, recall and the verification of the record as the number of cells grows."""

import argparse
import asyncio
import contextlib
import io
import random
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.peers import READER, ROOT, Floor, floor, percentile
from services.trace import names, recalls, workflow
from services.trace.export import ExportLines, Verification
from services.trace.recalls import RecallOrder, Recalls, Wanted
from services.trace.seal import EMPTY_ROOT, Frontier, Record, sealed
from services.trace.signing import Signer
from shared.clock import wall_clock
from shared.db import Database, migrate
from shared.outbox import Outbox

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
LEVELS, BRANCHES, SHARED = 10, 3, 7  # levels below SHARED are of all cells of a powder lot
EVENTS_IN_A_SEAL = 500
# Each lot of a level goes into the lot of its branch one level on, the last ones into the cell.
EDGES = """
    INSERT INTO genealogy_edge (event_id, parent_lot_id, child_lot_id, quantity, unit,
        job_order_id, operation, equipment_id, recipe_id, recipe_version, started_at, ended_at)
    SELECT uuidv7(), parent, child, 1, 'g', child, 'o', 'pilot/a/b/c', 'r', 1, now(), now()
    FROM (
        SELECT DISTINCT
            format('L%%s-%%s-%%s', level, branch, CASE WHEN level < %(shared)s
                THEN cell / %(per_powder)s ELSE cell END) AS parent,
            CASE WHEN level = %(levels)s - 1 THEN format('CELL-%%s', cell)
                ELSE format('L%%s-%%s-%%s', level + 1, branch, CASE WHEN level + 1 < %(shared)s
                    THEN cell / %(per_powder)s ELSE cell END) END AS child
        FROM generate_series(%(first)s, %(last)s - 1) AS cell,
             generate_series(0, %(levels)s - 1) AS level, generate_series(0, %(branches)s - 1)
             AS branch
    ) AS pairs ON CONFLICT DO NOTHING"""
LOTS = """
    INSERT INTO lot (lot_id, material_definition_id, quantity, unit)
    SELECT DISTINCT child_lot_id, 'm', 1.0, 'g' FROM genealogy_edge
    UNION SELECT DISTINCT parent_lot_id, 'm', 1.0, 'g' FROM genealogy_edge
    ON CONFLICT DO NOTHING"""
STEPS = """
    INSERT INTO genealogy_step (event_id, lot_id, use, job_order_id, operation, equipment_id,
        recipe_id, recipe_version, started_at, ended_at)
    SELECT DISTINCT ON (child_lot_id) event_id, child_lot_id, 'produced', job_order_id, operation,
        equipment_id, recipe_id, recipe_version, started_at, ended_at
    FROM genealogy_edge e WHERE NOT EXISTS (
        SELECT 1 FROM genealogy_step s WHERE s.lot_id = e.child_lot_id)
    ORDER BY child_lot_id, event_id"""
RECORD = """
    INSERT INTO record (event_id, source, sequence, type, subject, time, body)
    VALUES (uuidv7(), 'execution', 1, 'org.halite.lot_held.v1', 'LOT', now(), '{"data":{}}')
    ON CONFLICT DO NOTHING"""
NAMES = """
    INSERT INTO known_name (kind, name, first_position)
    SELECT 'lot', lot_id, (SELECT min(position) FROM record) FROM lot ON CONFLICT DO NOTHING"""
FILLED = ("genealogy_edge", "genealogy_step", "lot", "known_name")
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes i
    WHERE tablename = ANY(%s) AND NOT EXISTS (
        SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)"""
LOADING = (
    "SET synchronous_commit = off",
    "SET work_mem = '256MB'",
    "SET maintenance_work_mem = '1GB'",
)
LIKE = "SELECT lot_id FROM lot WHERE lot_id ILIKE %s LIMIT 50"
PLAIN = """
    WITH RECURSIVE found (lot_id) AS (
        SELECT %s::text UNION
        SELECT e.{there} FROM genealogy_edge e JOIN found f ON e.{here} = f.lot_id
    ) SELECT lot_id FROM found"""
BACKWARD = PLAIN.format(here="child_lot_id", there="parent_lot_id")
FORWARD = PLAIN.format(here="parent_lot_id", there="child_lot_id")


@dataclass(frozen=True, kw_only=True)
class Times:
    """Wall milliseconds of several runs of one thing."""

    name: str
    ms: list[float]

    def line(self, size: int) -> str:
        """Return a line of the table."""
        median, p95 = percentile(self.ms, 0.5), percentile(self.ms, 0.95)
        return f"{size:>9} {self.name:<54}{len(self.ms):>6}{median:>11.1f}{p95:>11.1f}"


async def timed(name: str, times: int, act: Callable[[], Awaitable[object]]) -> Times:
    """Do something several times."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        await act()
        found.append(1000 * (time.perf_counter() - begun))
    return Times(name=name, ms=found)


@contextlib.contextmanager
def without_indexes(connection: "psycopg.Connection[tuple[str, ...]]") -> Iterator[None]:
    """Take away the indexes that are no constraints while rows come in, and build them anew."""
    found = connection.execute(INDEXES, (list(FILLED),)).fetchall()
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}")
    yield
    for _, definition in found:
        connection.execute(definition)


def fill(url: str, before: int, size: int, per_powder: int) -> float:
    """Add cells up to `size` with all they were made of; return wall seconds."""
    begun = time.monotonic()
    values = {"levels": LEVELS, "branches": BRANCHES, "shared": SHARED, "per_powder": per_powder}
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in LOADING:
            connection.execute(setting)
        with without_indexes(connection):
            for first in range(before, size, per_powder):
                last = min(size, first + per_powder)
                connection.execute(EDGES, values | {"first": first, "last": last})
            for statement in (LOTS, STEPS, RECORD, NAMES):
                connection.execute(statement)
        for table in FILLED:
            connection.execute(f"VACUUM ANALYZE {table}")
    return time.monotonic() - begun


class Questions:
    """What is asked of one filled database."""

    def __init__(self, on: Floor, database: Database, size: int, per_powder: int) -> None:
        self._url, self._database = on.postgres.url(READER).replace("+psycopg", ""), database
        self._size, self._powders = size, max(1, size // per_powder)
        self._draw = random.Random(1)
        self._recalls = Recalls(Outbox("trace", "bench", database, wall_clock()), wall_clock())

    def _cell(self) -> str:
        return f"CELL-{self._draw.randrange(self._size)}"

    def _powder(self) -> str:
        return f"L0-0-{self._draw.randrange(self._powders)}"

    async def backward(self) -> None:
        """Answer what a cell was made of, as over HTTP."""
        async with self._database.quiet() as tx:
            found = await workflow.genealogy(tx, self._cell(), "backward")
        if len(found["nodes"]) != LEVELS * BRANCHES + 1:
            raise RuntimeError(f"{len(found['nodes'])} lots in place of {LEVELS * BRANCHES + 1}")

    async def forward(self) -> None:
        """Answer what was made of a powder lot, as over HTTP."""
        async with self._database.quiet() as tx:
            await workflow.genealogy(tx, self._powder(), "forward")

    async def search_whole(self) -> None:
        """Look for a cell by its whole id."""
        await self._search(self._cell())

    async def search_part(self) -> None:
        """Look for a cell by the last digits of its id."""
        await self._search(self._cell()[-5:])

    async def _search(self, text: str) -> None:
        async with self._database.quiet() as tx:
            if not await names.found(tx, text, None, 50):
                raise RuntimeError(f"{text} was not found")

    async def dry_run(self) -> None:
        """Look at what a recall of a powder lot would hold."""
        async with self._database.quiet() as tx:
            await recalls.dry_run(tx, Wanted(kind="lot", node_id=self._powder()))

    async def recall(self) -> None:
        """Look and order: two requests."""
        wanted = Wanted(kind="lot", node_id=self._powder())
        async with self._database.quiet() as tx:
            shown = await recalls.dry_run(tx, wanted)
        order = RecallOrder(
            **wanted.model_dump(), person="Ada", reason="dust", seen_sha256=shown["sha256"]
        )
        async with self._database.begin() as tx:
            await self._recalls.order(tx, order)

    async def plain(self, statement: str, lot_id: str) -> None:
        """Ask the bare recursive query for the ids alone."""
        await asyncio.to_thread(self._ask, statement, lot_id)

    def _ask(self, statement: str, lot_id: str) -> None:
        self.connection.execute(statement, (lot_id,)).fetchall()

    async def run(self, queries: int) -> None:
        """Measure and print."""
        slow = max(3, queries // 40)
        with psycopg.connect(self._url, autocommit=True) as self.connection:
            lines = [
                await timed(
                    "backward: nodes, ranks, edges with quantities", queries, self.backward
                ),
                await timed(
                    "backward: plain recursive SQL, ids alone",
                    queries,
                    lambda: self.plain(BACKWARD, self._cell()),
                ),
                await timed("forward: nodes, ranks, edges of a powder lot", slow, self.forward),
                await timed(
                    "forward: plain recursive SQL, ids alone",
                    slow,
                    lambda: self.plain(FORWARD, self._powder()),
                ),
                await timed("search: whole id of a cell", queries, self.search_whole),
                await timed("search: last five characters", queries, self.search_part),
                await timed(
                    "search: last five characters by plain ILIKE",
                    slow,
                    lambda: self.plain(LIKE, f"%{self._cell()[-5:]}%"),
                ),
                await timed("recall: dry run of a powder lot", slow, self.dry_run),
                await timed("recall: dry run and order of a powder lot", 3, self.recall),
            ]
        for one in lines:
            print(one.line(self._size), flush=True)


async def run(on: Floor, sizes: list[int], queries: int, per_powder: int) -> None:
    """Measure at each size."""
    url = on.postgres.url(READER)
    await asyncio.to_thread(migrate, url, Path(ROOT / "services/trace/migrations"))
    print(f"{'cells':>9} {'ms':<54}{'runs':>6}{'p50':>11}{'p95':>11}")
    before = 0
    for size in sizes:
        spent_s = await asyncio.to_thread(
            fill, url.replace("+psycopg", ""), before, size, per_powder
        )
        print(f"{size:>9} loaded in {spent_s:.0f} s", flush=True)
        database = Database(url)
        await Questions(on, database, size, per_powder).run(queries)
        await database.close()
        before = size


def verify(count: int) -> None:
    """Time the offline verification of an export of so many events."""
    signer = Signer(Ed25519PrivateKey.generate())
    lines = ExportLines("bench", signer)
    written = [lines.header({})]
    root, frontier = EMPTY_ROOT, Frontier()
    for first in range(1, count + 1, EVENTS_IN_A_SEAL):
        records = [_record(n) for n in range(first, min(count + 1, first + EVENTS_IN_A_SEAL))]
        seal = sealed(root, frontier, records, AT).signed(signer)
        root, frontier = seal.root, frontier.grown(seal.leaves)
        written.append(lines.part(seal, records))
    written.append(lines.end(AT))
    text = b"".join(written)
    check, begun = Verification(signer.key_id), time.perf_counter()
    found = sum(1 for _ in check.read(io.BytesIO(text)))
    spent_s = time.perf_counter() - begun
    if check.found.fault is not None or found != count:
        raise RuntimeError(f"{check.found.fault}, {found} events")
    print(f"verification of an export of {count} events ({len(text) / count:.0f} bytes each), ")
    print(f"one core: {count / spent_s:.0f} events a second")


def _record(number: int) -> Record:
    return Record(
        position=number,
        event_id=str(uuid.UUID(int=number)),
        source="execution",
        sequence=number,
        type="org.halite.lot_held.v1",
        subject=f"LOT-{number}",
        time=AT,
        body='{"data":{"gate":"leak","lot_id":"LOT","reason":"leak rate"},' + '"x":"' + "y" * 500,
    )


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--cells-per-powder", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=200_000, help="in the export to verify")
    arguments = parser.parse_args()
    verify(arguments.events)
    if arguments.cells:
        with floor() as on:
            asyncio.run(
                run(on, sorted(arguments.cells), arguments.queries, arguments.cells_per_powder)
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
