"""Counts a plant's books against each other after faults: events, runs, genealogy, cells."""

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from deploy.data_folder import DataFolder
from deploy.postgres import PostgresServer
from services.trace.domain import canonical
from shared.envelope import Envelope
from shared.outbox import numbered
from shared.settings import SERVICES
from simulators import job_structures
from simulators.opcua_server import node_sets_dir, read_type_nodes
from simulators.world import JobRecord, World

STATION_SERVICES = ("sintering", "spray", "lamination", "formation")
SAME_S = 0.001  # what a time stamp may lose on its way
SHOWN = 5  # violations of one check that are told


@dataclass(frozen=True, kw_only=True)
class Check:
    """What one comparison counted, and what it found wrong."""

    name: str
    count: int
    violations: tuple[str, ...]


class Books:
    """Reads what a plant keeps: its databases, and the simulators' own log."""

    def __init__(self, data_dir: Path) -> None:
        data = DataFolder(data_dir)
        self._server = PostgresServer(data.postgres, data.logs)
        self._simulators = data.path / "simulators"

    def rows(self, service: str, statement: str) -> list[Any]:
        """Return the rows of a statement in one service's database."""
        engine = create_engine(self._server.url(f"halite_{service}"))
        try:
            with engine.connect() as connection:
                return list(connection.execute(text(statement)).all())
        finally:
            engine.dispose()

    def runs(self) -> list[JobRecord]:
        """Return all runs of all stations, from the simulators' own log."""
        world = World(self._simulators / "world.sqlite")
        try:
            return world.runs()
        finally:
            world.close()

    def tests(self) -> list[tuple[Any, ...]]:
        """Return tester, path of the step file, barcode and start of all tests of testers."""
        statement = "SELECT path, barcode, started_at FROM tests"
        return [
            (path.stem, *row)
            for path in sorted(self._simulators.glob("tester*.sqlite"))
            for row in _sqlite(path, statement)
        ]


def _sqlite(path: Path, statement: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path, timeout=10.0)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


async def checks(books: Books, cells: Sequence[dict[str, Any]], expected: int) -> list[Check]:
    """Return every comparison; `cells` as the web face shows them, of `expected` in number."""
    await read_type_nodes(node_sets_dir())  # teaches the library the structures of job orders
    return [
        recorded_once(books),
        nothing_set_aside(books),
        started_once(books),
        ended_at_both_sides(books),
        genealogy_of_runs(books),
        said_once(books),
        cells_accounted_for(books, cells, expected),
    ]


def recorded_once(books: Books) -> Check:
    """Every event of every other service stands in trace's record once, in order, unchanged."""
    count, wrong = 0, []
    for service in SERVICES:
        said = books.rows(service, "SELECT sequence, body FROM outbox ORDER BY sequence, id")
        numbers = [number for number, _ in said]
        if None in numbers:
            wrong.append(f"{service}: {numbers.count(None)} of its events have no number yet")
            continue
        if numbers != list(range(1, len(said) + 1)):
            wrong.append(f"{service}: the sequence of its {len(said)} events has a gap")
        if service == "trace":
            continue
        kept = books.rows(
            "trace",
            f"SELECT sequence, body FROM record WHERE source = '{service}' ORDER BY position",
        )
        count += len(kept)
        if [number for number, _ in kept] != numbers:
            missing = Counter(numbers) - Counter(number for number, _ in kept)
            doubled = Counter(number for number, _ in kept) - Counter(numbers)
            wrong.append(
                f"{service}: said {len(said)}, recorded {len(kept)}; missing "
                f"{sorted(missing)[:SHOWN]}, too many {sorted(doubled)[:SHOWN]}, or out of order"
            )
            continue
        for (number, body), (_, record) in zip(said, kept, strict=True):
            if canonical(Envelope.model_validate_json(numbered(body, number))) != record:
                wrong.append(f"{service}: event {number} was recorded otherwise than said")
    return Check(name="events in the record once, in order", count=count, violations=tuple(wrong))


def nothing_set_aside(books: Books) -> Check:
    """No service has an event that it could not handle."""
    wrong = [
        f"{service}: event {row[1]} of {row[0]} about {row[2]}: {row[3]}"
        for service in SERVICES
        for row in books.rows(service, "SELECT source, sequence, subject, error FROM set_aside")
    ]
    return Check(
        name="services without set-aside events", count=len(SERVICES), violations=(*wrong,)
    )


def started_once(books: Books) -> Check:
    """No station and no tester ran a job order twice, by their own logs."""
    jobs = [f"{run.station}: {run.job_order_id}" for run in books.runs()]
    jobs += [f"{tester}: {Path(path).stem}" for tester, path, *_ in books.tests()]
    wrong = [f"{job} ran {times} times" for job, times in Counter(jobs).items() if times > 1]
    return Check(name="runs at stations, none twice", count=len(jobs), violations=(*wrong,))


def ended_at_both_sides(books: Books) -> Check:
    """What a station finished, its service knows as finished, with the same times."""
    known: dict[str, Any] = {}
    for service in STATION_SERVICES:
        statement = "SELECT station_order_id, state, started_at FROM station_order"
        known |= {row[0]: row[1:] for row in books.rows(service, statement)}
    words = {job_structures.ENDED: "ended", job_structures.ABORTED: "aborted"}
    wrong, runs = [], books.runs()
    for run in runs:
        ours, began_at = known.get(run.job_order_id, ("unknown", None))
        where = f"{run.station}: {run.job_order_id}"
        if run.state not in words:
            wrong.append(f"{where} still runs; its service says {ours}")
        elif ours not in (words[run.state], "interrupted"):
            wrong.append(f"{where} {words[run.state]}; its service says {ours}")
        elif ours != "interrupted" and _apart_s(began_at, run.started_at) > SAME_S:
            wrong.append(f"{where} began {run.started_at}; its service says {began_at}")
    return Check(name="runs ended at both sides alike", count=len(runs), violations=tuple(wrong))


def genealogy_of_runs(books: Books) -> Check:
    """Trace knows each lot that a station worked on in each run, and no other run."""
    done: set[tuple[str, str, str]] = set()
    into: set[tuple[str, str]] = set()
    for run in books.runs():
        if run.state != job_structures.ENDED or run.started_at is None:
            continue
        job = job_structures.read_job(job_structures.from_bytes(run.content))
        by_use = {use: [part.lot_id for part in job.used(use)] for use in _USES}
        worked = by_use["Processed"] + by_use["Produced"]
        done |= {(run.station, lot_id, _second(run.started_at)) for lot_id in worked}
        into |= {(a, b) for a in by_use["Consumed"] for b in worked if a != b}
        into |= {(a, b) for a in by_use["Processed"] for b in by_use["Produced"] if a != b}
    steps = books.rows(
        "trace",
        "SELECT equipment_id, lot_id, started_at FROM genealogy_step WHERE operation <> 'issue'",
    )
    told = [(row[0].rsplit("/", 1)[-1], row[1], _second(row[2])) for row in steps]
    stations = {station for station, *_ in done}
    found = Counter(step for step in told if step[0] in stations)
    wrong = [f"not in the genealogy: {step}" for step in sorted(done - set(found))]
    wrong += [f"no such run: {step}" for step in sorted(set(found) - done)]
    wrong += [f"{times} times in the genealogy: {s}" for s, times in found.items() if times > 1]
    edges = books.rows("trace", "SELECT parent_lot_id, child_lot_id FROM genealogy_edge")
    lacking = into - {(row[0], row[1]) for row in edges}
    wrong += [f"no edge from {parent} to {child}" for parent, child in sorted(lacking)]
    return Check(
        name="lots and edges of runs in the genealogy",
        count=len(done) + len(into),
        violations=tuple(wrong),
    )


_USES: tuple[Any, ...] = ("Consumed", "Processed", "Produced")
_ONCE = {
    "job_order_released": "subject || ' ' || (body::jsonb -> 'data' ->> 'job_order_id')",
    "job_order_ended": "subject || ' ' || (body::jsonb -> 'data' ->> 'job_order_id')",
    "cell_graded": "subject",
    "cell_completed": "subject",
}


def said_once(books: Books) -> Check:
    """Facts that can be true only once were said once, whoever said them."""
    facts: list[str] = []
    for service in SERVICES:
        for name, key in _ONCE.items():
            statement = f"SELECT {key} FROM outbox WHERE type LIKE '%{name}.v%'"
            facts += [f"{name} {row[0]}" for row in books.rows(service, statement)]
    wrong = [f"{fact} was said {times} times" for fact, times in _more_than_once(facts)]
    return Check(name="unique facts said once", count=len(facts), violations=(*wrong,))


def cells_accounted_for(books: Books, shown: Sequence[dict[str, Any]], expected: int) -> Check:
    """Each ordered cell exists once, is released, held or finished, and is shown as it is."""
    rows = books.rows(
        "execution",
        """
        SELECT lot_id, grade, state = 'released',
               EXISTS (SELECT 1 FROM hold h WHERE h.lot_id = l.lot_id)
        FROM lot l WHERE kind IN ('cell', 'witness') ORDER BY lot_id""",
    )
    wrong = []
    if len(rows) != expected:
        wrong.append(f"{expected} cells and witnesses were ordered, {len(rows)} are known")
    if [row[0] for row in rows] != sorted(cell["cell_id"] for cell in shown):
        wrong.append(f"{len(shown)} cells are shown, {len(rows)} are known")
    by_id = {row[0]: row for row in rows}
    for cell in shown:
        _, grade, is_released, is_held = by_id.get(cell["cell_id"], (None, None, False, False))
        known = (grade, is_released and not is_held)
        if (cell["grade"], cell["disposition"] == "released") != known:
            wrong.append(f"{cell['cell_id']} is shown otherwise than it is known")
        if cell["operation"] is not None and cell["reason"] is None:
            wrong.append(f"{cell['cell_id']} stands before {cell['operation']} without a reason")
    completed = books.rows(
        "execution", "SELECT subject FROM outbox WHERE type LIKE '%completed.v%'"
    )
    if sorted(row[0] for row in completed) != [row[0] for row in rows if row[2]]:
        wrong.append(f"{len(completed)} cells were said complete, another number is released")
    return Check(name="cells accounted for once", count=len(rows), violations=tuple(wrong))


def _apart_s(one: datetime, other: datetime | None) -> float:
    return abs((one - other).total_seconds()) if other is not None else math.inf


def _second(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _more_than_once(items: Iterable[str]) -> list[tuple[str, int]]:
    return [(item, times) for item, times in Counter(items).items() if times > 1]
