"""What must hold when the plant has come to rest, whatever was done to it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from services.execution.routing import pellet_lot_id, powder_lot_id
from services.trace import workflow as trace
from services.trace.domain import canonical
from shared.envelope import Envelope
from shared.outbox import numbered
from tests.fault.plant import RECEIVED, RUNNING, VirtualPlant

STATION_SERVICES = ("sintering", "spray", "lamination", "formation")
TOLERANCE = 1e-6
REQUESTS = "SELECT work_request_id, quantity FROM work_request"
CELLS = "SELECT lot_id, kind, grade, work_request_id FROM lot WHERE kind IN ('cell', 'witness')"
MOVING = """
    SELECT station_order_id, state FROM station_order
    WHERE state IN ('allowed_to_start', 'running') ORDER BY station_order_id"""
CURSORS = "SELECT source, sequence FROM cursor"
UNSEALED = """
    SELECT count(*) FROM record WHERE position > (SELECT coalesce(max(position), 0) FROM seal)"""
SAID_AFTER = "SELECT body FROM outbox WHERE sequence >"
SAID = "SELECT sequence, body FROM outbox ORDER BY sequence"
STOCK = """
    SELECT lot_id, quantity, issued,
           (SELECT count(*) FROM lot p WHERE p.member_of = l.lot_id AND p.kind = 'piece') AS pieces
    FROM lot l WHERE kind = 'stock' ORDER BY lot_id"""
TAKEN = """
    SELECT job_order_id, state, materials FROM job_order
    WHERE state NOT IN ('ended', 'aborted') AND released_at IS NOT NULL"""


WAITING = "SELECT lot_id, reason FROM job_order WHERE operation = 'spray' AND reason IS NOT NULL"
PELLETS = """
    SELECT l.lot_id, EXISTS (SELECT 1 FROM hold h WHERE h.lot_id = l.lot_id) AS held FROM lot l
    WHERE l.member_of = :pellet_lot AND l.state = 'available' AND l.allocated_to IS NULL"""


class Books:
    """Reads the databases of a plant that stands still, or moves between two statements only."""

    def __init__(self, plant: VirtualPlant) -> None:
        self.plant, self._ledgers = plant, plant.ground.ledgers

    def rows(self, service: str, statement: str, **values: Any) -> list[Any]:
        """Return the rows of a statement in one service's database."""
        return self._ledgers[service].rows(statement, **values)

    def said(self, service: str) -> list[Any]:
        """Return sequence and body of all events of a service."""
        return self.rows(service, SAID)


def at_rest(books: Books) -> bool:
    """Say whether nothing has to happen any more."""
    return not any(True for check in (_cells, _moving, _unread, _unsealed) for _ in check(books))


def violations(books: Books) -> list[str]:
    """Return every broken invariant, each as one sentence."""
    checks: tuple[Callable[[Books], Iterator[str]], ...] = (
        _cells,
        _moving,
        _unread,
        _unsealed,
        _recorded,
        _set_aside,
        _started_once,
        _said_once,
        _stock,
    )
    return [sentence for check in checks for sentence in check(books)]


async def chain_violations(books: Books) -> list[str]:
    """Return what is wrong with the sealed record."""
    with books.plant.ground.ledgers["trace"].connection() as connection:
        found = await trace.verify(_Reading(connection))  # type: ignore[arg-type]
    return [] if found["ok"] else [f"seal: wrong from position {found['first_wrong_position']}"]


def digest(books: Books) -> str:
    """Return the hash of everything said, run and done to the plant, in its order."""
    found = hashlib.sha256()
    for service in RUNNING:
        for sequence, body in books.said(service):
            found.update(f"{service} {sequence} {body}\n".encode())
    for row in books.rows("trace", "SELECT position, event_id::text FROM record ORDER BY position"):
        found.update(f"{row[0]} {row[1]}\n".encode())
    for line in (*books.plant.logs(), *books.plant.chance.log):
        found.update(f"{line}\n".encode())
    return found.hexdigest()


class _Reading:
    """A connection with the face that stores ask for."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def execute(self, statement: Any, values: Any = None) -> Any:
        return self._connection.execute(statement, values)

    async def scalar(self, statement: Any, values: Any = None) -> Any:
        return self._connection.scalar(statement, values)


def _cells(books: Books) -> Iterator[str]:
    """Every cell is graded, every witness done, or it is held or all pellets left for it are."""
    held = {row[0] for row in books.rows("execution", "SELECT lot_id FROM hold")}
    requests = {row[0]: row[1] for row in books.rows("execution", REQUESTS)}
    cells = books.rows("execution", CELLS)
    if not requests:
        yield "order: not known to execution"
    for request, quantity in requests.items():
        found = sum(1 for cell in cells if cell[3] == request and cell[1] == "cell")
        if found != quantity:
            yield f"{request}: {quantity} cells ordered, {found} known"
    open_ids = {
        row[0]
        for row in books.rows("execution", "SELECT lot_id FROM job_order WHERE state <> 'ended'")
    }
    for lot_id, kind, grade, request in cells:
        above = {lot_id, pellet_lot_id(request), powder_lot_id(request)}
        done = grade is not None if kind == "cell" else lot_id not in open_ids
        if not done and not held & above and not _waits_for_held_pellets(books, lot_id, request):
            yield f"{kind} {lot_id}: neither {'graded' if kind == 'cell' else 'done'} nor held"


def _waits_for_held_pellets(books: Books, lot_id: str, request: str) -> bool:
    """Say whether each pellet that nobody has is held, and the lot's reason names them all."""
    left = books.rows("execution", PELLETS, pellet_lot=pellet_lot_id(request))
    reasons = [row[1] for row in books.rows("execution", WAITING) if row[0] == lot_id]
    told = bool(reasons) and all(pellet in reasons[0] for pellet, _ in left)
    return bool(left) and told and all(held for _, held in left)


def _moving(books: Books) -> Iterator[str]:
    """No station order is under way."""
    for service in STATION_SERVICES:
        for station_order_id, state in books.rows(service, MOVING):
            yield f"{service}: {station_order_id} is {state}"


def _unread(books: Books) -> Iterator[str]:
    """All events are numbered and published, and all readers are at the end."""
    last = {}
    for service in RUNNING:
        count, numbered_count = books.rows(service, "SELECT count(*), count(sequence) FROM outbox")[
            0
        ]
        published = books.rows(service, "SELECT sequence FROM relay WHERE duty = 'publish'")[0][0]
        if not count == numbered_count == published:
            yield f"{service}: {count} events, {numbered_count} numbered, {published} published"
        last[service] = count
    for service in RUNNING:
        inbox = books.plant.services[service].inbox
        cursors = {row[0]: row[1] for row in books.rows(service, CURSORS)}
        for source in [reader.source for reader in inbox.readers] if inbox else ():
            sequence = cursors.get(source, 0)
            behind = books.rows(source, f"{SAID_AFTER} {sequence}") if source in last else []
            if inbox and any(
                inbox.effects.wants(Envelope.model_validate_json(row[0])) for row in behind
            ):
                yield f"{service}: has read {sequence} of {last[source]} events of {source}"


def _unsealed(books: Books) -> Iterator[str]:
    """Each record is under a seal."""
    count = books.rows("trace", UNSEALED)[0][0]
    if count:
        yield f"seal: {count} records unsealed"


def _recorded(books: Books) -> Iterator[str]:
    """Trace's record holds every event of every other service once, in order, as it was said."""
    for service in RUNNING:
        if service == "trace":
            continue
        said = books.said(service)
        if [row[0] for row in said] != list(range(1, len(said) + 1)):
            yield f"{service}: the sequence of its {len(said)} events has a gap"
        kept = books.rows(
            "trace",
            "SELECT sequence, body FROM record WHERE source = :source ORDER BY position",
            source=service,
        )
        if [row[0] for row in kept] != [row[0] for row in said]:
            missing = {row[0] for row in said} - {row[0] for row in kept}
            yield (
                f"record: {service} said {len(said)} events, {len(kept)} are kept; "
                f"missing {sorted(missing)[:5]}, doubled or out of order otherwise"
            )
            continue
        for (number, body), (_, record) in zip(said, kept, strict=True):
            if canonical(Envelope.model_validate_json(numbered(body, number))) != record:
                yield f"record: event {number} of {service} is kept otherwise than said"


def _set_aside(books: Books) -> Iterator[str]:
    """No reader has an event that it could not handle."""
    for service in RUNNING:
        for row in books.rows(service, "SELECT source, sequence, subject, error FROM set_aside"):
            yield f"{service}: set aside event {row[1]} of {row[0]} about {row[2]}: {row[3]}"


def _started_once(books: Books) -> Iterator[str]:
    """No station and no tester ran a job order twice, by their own logs."""
    for job, times in Counter(books.plant.runs()).items():
        if times > 1:
            yield f"{job} ran {times} times"


def _said_once(books: Books) -> Iterator[str]:
    """What can be true only once was said once."""
    facts: Counter[str] = Counter()
    for service in RUNNING:
        for _, body in books.said(service):
            envelope = Envelope.model_validate_json(body)
            kind = envelope.type.split(".")[2]
            if kind in ("job_order_released", "job_order_started", "job_order_ended"):
                facts[f"{service}: {kind} {envelope.data['job_order_id']}"] += 1
            elif kind in ("cell_graded", "cell_completed", "work_request_accepted"):
                facts[f"{service}: {kind} {envelope.subject}"] += 1
    for fact, times in facts.items():
        if times > 1:
            yield f"{fact} was said {times} times"


def _stock(books: Books) -> Iterator[str]:
    """What left the stock is what ended job orders say, what open ones hold, and pieces issued."""
    gone: Counter[str] = Counter()
    for service in STATION_SERVICES:
        for _, body in books.said(service):
            envelope = Envelope.model_validate_json(body)
            if envelope.type.split(".")[2] == "job_order_ended":
                _count(gone, envelope.data["materials"])
    for _, _, materials in books.rows("execution", TAKEN):
        _count(gone, materials)
    for lot_id, quantity, issued, pieces in books.rows("execution", STOCK):
        if issued != pieces:
            yield f"stock {lot_id}: {issued} pieces issued, {pieces} known"
        expected = RECEIVED[lot_id] - gone[lot_id] - pieces
        if abs(quantity - expected) > TOLERANCE:
            yield f"stock {lot_id}: {quantity:g} left, the job orders leave {expected:g}"


def _count(gone: Counter[str], materials: list[Any]) -> None:
    for item in materials:
        if item["use"] == "consumed":
            gone[item["lot_id"]] += item["quantity"]
