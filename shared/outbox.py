"""State and its events commit together here; one relay numbers and publishes them in order."""

import contextlib
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus import Bus
from shared.clock import Clock
from shared.db import Database, sql
from shared.envelope import envelope
from shared.errors import RetryLaterError
from shared.facts import Event
from shared.topics import event_topic

BATCH = 200


class Cause(NamedTuple):
    """What led to the events recorded now: one correlation id, and the id just before."""

    correlation_id: str | None
    causation_id: str | None


NO_CAUSE = Cause(None, None)
cause: ContextVar[Cause] = ContextVar("cause", default=NO_CAUSE)


class Outbox:
    """The events of one service, from the transaction to the broker."""

    def __init__(
        self,
        service: str,
        site: str,
        database: Database,
        clock: Clock,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self.service, self._site = service, site
        self._database, self._clock, self._new_id = database, clock, new_id

    async def record(
        self, tx: AsyncConnection, *events: Event, time: datetime | None = None
    ) -> None:
        """Add events to the caller's transaction; `time` is plant time, now by default."""
        if not events:
            return
        correlation_id, causation_id = cause.get()
        rows = []
        for event in events:
            wrapped = envelope(
                event,
                service=self.service,
                time=time or self._clock.now(),
                event_id=self._new_id(),
                correlation_id=correlation_id,
                causation_id=causation_id,
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

    async def oldest_waiting_s(self) -> float | None:
        """Return the age in wall seconds of the oldest event not yet published, or None."""
        statement = """
            SELECT extract(epoch FROM clock_timestamp() - min(recorded_at))::float8 FROM outbox
            WHERE sequence IS NULL
               OR sequence > (SELECT sequence FROM relay WHERE duty = 'publish')"""
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

    async def run(self) -> None:
        """Relay for ever; woken by commits, at the latest each second."""
        while True:
            numbered_count = await self.number()
            published_count = 0
            with contextlib.suppress(RetryLaterError):
                published_count = await self.publish()
            if numbered_count < BATCH and published_count < BATCH:
                await self._database.committed.wait(1.0)

    async def number(self) -> int:
        """Number up to a batch of committed events; return how many.

        The lock comes in a statement of its own, so that the numbering sees every row that an
        earlier holder of the lock has numbered.
        """
        claim = "SELECT sequence FROM relay WHERE duty = 'number' FOR UPDATE SKIP LOCKED"
        give = """
            UPDATE outbox SET sequence = :sequence + fresh.n
            FROM (
                SELECT id, row_number() OVER (ORDER BY id) AS n FROM (
                    SELECT id FROM outbox WHERE sequence IS NULL ORDER BY id LIMIT :batch
                ) AS waiting
            ) AS fresh
            WHERE outbox.id = fresh.id"""
        done = "UPDATE relay SET sequence = :sequence WHERE duty = 'number'"
        async with self._database.quiet() as tx:
            numbered_to = await tx.scalar(sql(claim))
            if numbered_to is None:
                return 0
            given = await tx.execute(sql(give), {"sequence": numbered_to, "batch": BATCH})
            if given.rowcount:
                await tx.execute(sql(done), {"sequence": numbered_to + given.rowcount})
            return given.rowcount

    async def publish(self) -> int:
        """Publish up to a batch in order, each acknowledged by the broker; return how many.

        Raises:
            ServiceUnreachableError: the broker is away; nothing is lost, the rows stay.
        """
        claim = "SELECT sequence FROM relay WHERE duty = 'publish' FOR UPDATE SKIP LOCKED"
        waiting = """
            SELECT sequence, topic, body FROM outbox WHERE sequence > :sequence
            ORDER BY sequence LIMIT :batch"""
        done = "UPDATE relay SET sequence = :sequence WHERE duty = 'publish'"
        async with self._database.quiet() as tx:
            published_to = await tx.scalar(sql(claim))
            if published_to is None:
                return 0
            rows = await tx.execute(sql(waiting), {"sequence": published_to, "batch": BATCH})
            messages = [(topic, numbered(body, number)) for number, topic, body in rows]
            if messages:
                await self._bus.publish_all(messages)
                last = published_to + len(messages)
                await tx.execute(sql(done), {"sequence": last})
            return len(messages)


def numbered(body: str, sequence: int) -> str:
    """Return an envelope's JSON with its sequence; the rest stays byte for byte."""
    return f'{body[:-1]},"sequence":{sequence}}}'
