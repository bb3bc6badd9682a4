"""State and its events commit together here; one relay numbers and publishes them in order."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.bus import Bus
from shared.clock import Clock
from shared.db import Database, sql
from shared.envelope import envelope
from shared.errors import RetryLaterError
from shared.facts import Event
from shared.ids import time_ordered_id
from shared.topics import event_topic
from shared.tracing import traceparent
from shared.transaction import Transaction

BATCH = 200
TOGETHER_S = 0.02  # what is committed within this time is relayed together: a pass costs as much
PASS_OVER_S = 40.0  # longer than any statement may take: see `Relay.pass_over`


class Cause(NamedTuple):
    """What led to the events recorded now: one correlation id, and the id just before.

    traceparent: the trace they belong to; that of what is done now when None.
    """

    correlation_id: str | None
    causation_id: str | None
    traceparent: str | None = None


NO_CAUSE = Cause(None, None)
cause: ContextVar[Cause] = ContextVar("cause", default=NO_CAUSE)


class Numbered(NamedTuple):
    """How many events got their number, and whether one with a number is not published yet."""

    event_count: int
    unpublished: bool


class Settling(NamedTuple):
    """A row numbered a while ago, and the first transaction that began after it was."""

    row_id: int
    next_transaction: int


class Outbox:
    """The events of one service, from the transaction to the broker."""

    def __init__(
        self,
        service: str,
        site: str,
        database: Database,
        clock: Clock,
        new_id: Callable[[], UUID] = time_ordered_id,
    ) -> None:
        self.service, self._site = service, site
        self._database, self._clock, self._new_id = database, clock, new_id

    async def record(self, tx: Transaction, *events: Event, time: datetime | None = None) -> None:
        """Add events to the caller's transaction; `time` is plant time, now by default."""
        led_here = cause.get()
        await self.record_caused(tx, [(led_here, event) for event in events], time=time)

    async def record_caused(
        self,
        tx: Transaction,
        events: Sequence[tuple[Cause, Event]],
        time: datetime | None = None,
    ) -> None:
        """Add events that different things led to, together; as `record` otherwise."""
        if not events:
            return
        rows, now_in = [], traceparent()
        for led_here, event in events:
            wrapped = envelope(
                event,
                service=self.service,
                time=time or self._clock.now(),
                event_id=self._new_id(),
                correlation_id=led_here.correlation_id,
                causation_id=led_here.causation_id,
                traceparent=led_here.traceparent or now_in,
            )
            rows.append(
                {
                    "event_id": wrapped.id,
                    "type": wrapped.type,
                    "subject": wrapped.subject,
                    "topic": event_topic(self._site, self.service, type(event), wrapped.order_key),
                    "body": wrapped.model_dump_json(exclude={"sequence"}),
                }
            )
        statement = """
            INSERT INTO outbox (event_id, type, subject, topic, body)
            VALUES (:event_id, :type, :subject, :topic, :body)"""
        await tx.execute(sql(statement), rows)

    async def after(self, sequence: int, limit: int) -> list[str]:
        """Return the JSON of at most `limit` numbered events after `sequence`, in order."""
        statement = """
            SELECT sequence, body FROM outbox WHERE sequence > :sequence
            ORDER BY sequence LIMIT :limit"""
        async with self._database.quiet() as tx:
            rows = await tx.execute(sql(statement), {"sequence": sequence, "limit": limit})
            return [numbered(body, number) for number, body in rows]

    async def waiting_count(self) -> int:
        """Return how many events are not yet published."""
        statement = """
            SELECT (SELECT count(*) FROM outbox WHERE sequence IS NULL
                      AND id > (SELECT passed_id FROM relay WHERE duty = 'number'))
                 + (SELECT count(*) FROM outbox WHERE sequence >
                      (SELECT sequence FROM relay WHERE duty = 'publish'))"""
        async with self._database.quiet() as tx:
            return int(await tx.scalar(sql(statement)))

    async def oldest_waiting_s(self) -> float | None:
        """Return the age in wall seconds of the oldest event not yet published, or None."""
        statement = """
            SELECT extract(epoch FROM clock_timestamp() - least(
                (SELECT recorded_at FROM outbox
                 WHERE sequence IS NULL
                   AND id > (SELECT passed_id FROM relay WHERE duty = 'number')
                 ORDER BY id LIMIT 1),
                (SELECT recorded_at FROM outbox
                 WHERE sequence > (SELECT sequence FROM relay WHERE duty = 'publish')
                 ORDER BY sequence LIMIT 1)))::float8"""
        async with self._database.quiet() as tx:
            age: float | None = await tx.scalar(sql(statement))
            return None if age is None else max(0.0, age)

    async def last_sequence(self) -> int:
        """Return the number given last."""
        async with self._database.quiet() as tx:
            statement = "SELECT sequence FROM relay WHERE duty = 'number'"
            return await tx.scalar(sql(statement)) or 0


class Relay:
    """Gives committed events their gapless sequence and publishes them; replicas may share it."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database, self._bus = database, bus
        self._numbered_id = 0  # the highest row numbered here
        self._earlier_id = 0  # the same at the last `pass_over`
        self._settling: Settling | None = None

    async def run(self) -> None:
        """Relay for ever; woken by commits, at the latest each second.

        Commits that come close together are relayed together.
        """
        now_s = asyncio.get_running_loop().time
        committed = self._database.committed
        pass_over_at_s = now_s() + PASS_OVER_S
        while True:
            seen = committed.count
            if now_s() >= pass_over_at_s:
                await self.pass_over()
                pass_over_at_s = now_s() + PASS_OVER_S
            given = await self.number()
            published_count = 0
            if given.unpublished:
                with contextlib.suppress(RetryLaterError):
                    published_count = await self.publish()
            if given.event_count < BATCH and published_count < BATCH:
                await asyncio.sleep(TOGETHER_S)
                await committed.wait(1.0, since=seen)

    async def pass_over(self) -> None:
        """Keep up to which row none can wait any more: what was numbered there is not read again.

        Until PostgreSQL cleans up, the index of waiting rows still leads to each row numbered.

        A row's id is drawn when it is written, its number given when it is committed. So a row is
        passed only when each transaction has ended that was open when a later one had its number;
        one that is open for an hour is waited for. `PASS_OVER_S` between two calls is longer than
        a statement may take between the drawing of an id and the transaction's own number.
        """
        horizon = """
            SELECT pg_snapshot_xmin(seen)::text::bigint, pg_snapshot_xmax(seen)::text::bigint
            FROM pg_current_snapshot() AS seen"""
        passed = """
            UPDATE relay SET passed_id = :row_id WHERE duty = 'number' AND passed_id < :row_id"""
        async with self._database.quiet() as tx:
            oldest_open, next_transaction = (await tx.execute(sql(horizon))).one()
            if self._settling is not None and oldest_open >= self._settling.next_transaction:
                await tx.execute(sql(passed), {"row_id": self._settling.row_id})
                self._settling = None
        if self._settling is None:
            self._settling = Settling(self._earlier_id, next_transaction)
        self._earlier_id = self._numbered_id

    async def number(self) -> Numbered:
        """Number up to a batch of committed events, in the order of their rows.

        The lock comes in a statement of its own, so that the numbering sees every row that an
        earlier holder of the lock has numbered.
        """
        claim = """
            SELECT sequence, passed_id,
                   (SELECT sequence FROM relay WHERE duty = 'publish') AS published,
                   EXISTS (SELECT FROM outbox WHERE sequence IS NULL AND id > passed_id) AS fresh
            FROM relay WHERE duty = 'number' FOR UPDATE SKIP LOCKED"""
        give = """
            WITH given AS (
                UPDATE outbox SET sequence = :sequence + fresh.n
                FROM (
                    SELECT id, row_number() OVER (ORDER BY id) AS n FROM (
                        SELECT id FROM outbox WHERE sequence IS NULL AND id > :after_id
                        ORDER BY id LIMIT :batch
                    ) AS waiting
                ) AS fresh
                WHERE outbox.id = fresh.id
                RETURNING outbox.id
            )
            UPDATE relay SET sequence = sequence + (SELECT count(*) FROM given)
            WHERE duty = 'number' RETURNING sequence, (SELECT max(id) FROM given)"""
        async with self._database.quiet() as tx:
            row = (await tx.execute(sql(claim))).first()
            if row is None:
                return Numbered(0, unpublished=False)
            sequence, passed_id, published, fresh = row
            if not fresh:
                return Numbered(0, unpublished=published < sequence)
            values = {"sequence": sequence, "after_id": passed_id, "batch": BATCH}
            numbered_to, highest_id = (await tx.execute(sql(give), values)).one()
            self._numbered_id = max(self._numbered_id, highest_id or 0)
            return Numbered(numbered_to - sequence, unpublished=True)

    async def publish(self) -> int:
        """Publish up to a batch in order, each acknowledged by the broker; return how many.

        Raises:
            ServiceUnreachableError: the broker is away; nothing is lost, the rows stay.
        """
        waiting = """
            SELECT sequence, topic, body FROM outbox
            WHERE sequence > (SELECT sequence FROM relay WHERE duty = 'publish'
                              FOR UPDATE SKIP LOCKED)
            ORDER BY sequence LIMIT :batch"""
        done = "UPDATE relay SET sequence = :sequence WHERE duty = 'publish'"
        async with self._database.quiet() as tx:
            rows = (await tx.execute(sql(waiting), {"batch": BATCH})).all()
            if rows:
                await self._bus.publish_all(
                    [(topic, numbered(body, number)) for number, topic, body in rows]
                )
                await tx.execute(sql(done), {"sequence": rows[-1][0]})
            return len(rows)


def numbered(body: str, sequence: int) -> str:
    """Return an envelope's JSON with its sequence; the rest stays byte for byte."""
    return f'{body[:-1]},"sequence":{sequence}}}'
