"""Reads other services' events: cursor and effect commit together, gaps are read over HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import httpx
import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from shared.bus import Bus, Message
from shared.checksum import is_intact
from shared.db import Database, sql
from shared.envelope import BY_TYPE, Envelope
from shared.errors import (
    ConflictError,
    MesError,
    NotFoundError,
    RetryLaterError,
    ServiceUnreachableError,
)
from shared.facts import Event
from shared.outbox import NO_CAUSE, Cause, cause
from shared.topics import events_of
from shared.transaction import Transaction

log = structlog.get_logger()
PAGE = 1000  # what is read from the source at once is also applied in one transaction
BATCH = 50  # events applied in one transaction; more would keep the first ones waiting
TOGETHER_S = 0.002  # messages that arrive within this time are applied together
LONGEST_ERROR = 600
LOOK_AGAIN_S = 20.0  # a quiet source is asked this often, should a last message have been lost
FIRST_CURSOR = "INSERT INTO cursor (source, sequence) VALUES (:source, 0) ON CONFLICT DO NOTHING"
CANNOT_BE_HANDLED = (
    MesError,
    ValidationError,
    SQLAlchemyError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
)

Handler = Callable[[Transaction, Envelope, Any], Awaitable[None]]
Said = tuple[Envelope, Event | None]  # None: of a type that is not known here
EveryHandler = Callable[[Transaction, Sequence[Said]], Awaitable[None]]
Known = TypeVar("Known", bound=Event)


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """An event that could not be handled, kept until it is retried. age_s: wall seconds."""

    event_id: str
    source: str
    sequence: int
    type: str
    subject: str
    error: str
    attempts: int
    age_s: float


class Inbox:
    """All events that one service reads.

    `handlers` maps an event class to its effect. `every` takes each envelope of each source, those
    of a transaction at once and before the handlers take their events one by one; its effect must
    not depend on theirs.
    """

    def __init__(
        self,
        *,
        site: str,
        database: Database,
        bus: Bus,
        http: httpx.AsyncClient,
        sources: Mapping[str, str],
        handlers: Mapping[type[Event], Handler],
        every: EveryHandler | None = None,
    ) -> None:
        self._database, self._handlers, self._every = database, handlers, every
        self.readers = [
            SourceReader(source, url, database, http, self) for source, url in sources.items()
        ]
        for reader in self.readers:
            bus.subscribe(events_of(site, reader.source), reader.ring)
            bus.on_up(reader.look_again)

    async def handle(self, tx: Transaction, *envelopes: Envelope) -> None:
        """Apply events of one source in the caller's transaction; unknown types have no effect."""
        said = [(envelope, envelope.event()) for envelope in envelopes if self.wants(envelope)]
        if self._every is not None and said:
            cause.set(NO_CAUSE)
            await self._every(tx, said)
        for envelope, event in said:
            handler = self._handlers.get(type(event)) if event is not None else None
            if handler is not None:
                cause.set(Cause(envelope.correlationid or str(envelope.id), str(envelope.id)))
                await handler(tx, envelope, event)

    def wants(self, envelope: Envelope) -> bool:
        """Say whether an event of this type has any effect here."""
        return self._every is not None or BY_TYPE.get(envelope.type) in self._handlers

    async def set_aside(self) -> list[SetAside]:
        """Return the events that wait for a retry, oldest first."""
        statement = """
            SELECT event_id::text, source, sequence, body::jsonb ->> 'type' AS type, subject,
                   error, attempts,
                   extract(epoch FROM clock_timestamp() - set_aside_at)::float8 AS age_s
            FROM set_aside ORDER BY set_aside_at"""
        async with self._database.quiet() as tx:
            rows = (await tx.execute(sql(statement))).mappings()
            return [SetAside(**row) for row in rows]

    async def set_aside_count(self) -> int:
        """Return how many events wait for a retry."""
        async with self._database.quiet() as tx:
            return await tx.scalar(sql("SELECT count(*) FROM set_aside")) or 0

    def passed(self) -> dict[str, int]:
        """Return by source the sequence up to which events are read, as far as known here."""
        return {reader.source: reader.passed for reader in self.readers}

    async def retry(self, event_id: str) -> None:
        """Apply a set-aside event and those of its lot or subject that wait with it, in order.

        Each has its effect in a transaction of its own, so that one that fails undoes none.

        Raises:
            NotFoundError: no such event is set aside.
            ConflictError: one of them still cannot be handled; the attempt is counted, it and
                those behind it stay set aside.
            RetryLaterError: the database is away.
        """
        statement = "SELECT source, partition_key FROM set_aside WHERE event_id::text = :event_id"
        async with self._database.quiet() as tx:
            found = (await tx.execute(sql(statement), {"event_id": event_id})).mappings().first()
        if found is None:
            raise NotFoundError(f"event {event_id} is not set aside")
        while await self._retry_first(found["source"], found["partition_key"]):
            pass

    async def _retry_first(self, source: str, key: str) -> bool:
        """Apply the first waiting event of a source and key; False when there is none left."""
        first = """
            SELECT event_id, body FROM set_aside
            WHERE source = :source AND partition_key = :key ORDER BY sequence LIMIT 1 FOR UPDATE"""
        delete = "DELETE FROM set_aside WHERE event_id = :event_id"
        event_id = None
        try:
            async with self._database.begin() as tx:
                await _locked_cursor(tx, source)  # nothing is put behind it meanwhile
                rows = await tx.execute(sql(first), {"source": source, "key": key})
                row = rows.mappings().first()
                if row is None:
                    return False
                event_id = row["event_id"]
                await self.handle(tx, Envelope.model_validate_json(row["body"]))
                await tx.execute(sql(delete), {"event_id": event_id})
                return True
        except RetryLaterError:
            raise
        except CANNOT_BE_HANDLED as error:
            current = await self._count_attempt(event_id, error)
            raise ConflictError(
                f"event {event_id} of {source} still cannot be handled: {told(error)}", current
            ) from error

    async def _count_attempt(self, event_id: UUID | None, error: Exception) -> dict[str, Any]:
        statement = """
            UPDATE set_aside SET attempts = attempts + 1, error = :error
            WHERE event_id = :event_id RETURNING event_id::text, attempts, error"""
        values = {"event_id": event_id, "error": told(error)}
        async with self._database.begin() as tx:
            row = (await tx.execute(sql(statement), values)).mappings().first()
            return dict(row) if row else {}


class Page(BaseModel):
    """What `GET /events` answers."""

    items: list[Envelope]


class SourceReader:
    """Takes the events of one source in order, each exactly once.

    Events that wait together are applied in one transaction. Those that concern nobody here cost
    no transaction at all: they are passed over in memory, and the cursor follows at the next look.
    """

    def __init__(
        self,
        source: str,
        url: str,
        database: Database,
        http: httpx.AsyncClient,
        inbox: "Inbox",
    ) -> None:
        self.source, self._url = source, url
        self._database, self._http, self._inbox = database, http, inbox
        self._doorbell: asyncio.Queue[Message | None] = asyncio.Queue()
        self._passed = 0

    @property
    def passed(self) -> int:
        """The sequence up to which everything is applied or concerns nobody here; 0 at first."""
        return self._passed

    def ring(self, message: Message) -> None:
        """Take a message from the bus; it may be new, old, or ahead of a gap."""
        self._doorbell.put_nowait(message)

    def look_again(self) -> None:
        """Read from the source before waiting on: the bus was away."""
        self._doorbell.put_nowait(None)

    async def run(self) -> None:
        """Read for ever; raises RetryLaterError when the database or the source is away."""
        async with self._database.quiet() as tx:
            await tx.execute(sql(FIRST_CURSOR), {"source": self.source})
        await self._catch_up()
        while True:
            messages = await self._next_messages()
            try:
                envelopes = [_parsed(message) for message in messages]
                known = [envelope for envelope in envelopes if envelope is not None]
                if not known or len(known) < len(envelopes) or not await self._take(known):
                    await self._catch_up()
            finally:  # what failed is read from the source again; the broker may forget it
                for message in messages:
                    message.acknowledge()

    async def cursor(self) -> int:
        """Return the sequence of the last event whose effect is committed."""
        async with self._database.quiet() as tx:
            statement = "SELECT sequence FROM cursor WHERE source = :source"
            return await tx.scalar(sql(statement), {"source": self.source}) or 0

    async def _next_messages(self) -> list[Message]:
        """Return what has arrived, at most a batch; nothing when it is time to look again."""
        try:
            async with asyncio.timeout(LOOK_AGAIN_S):
                message = await self._doorbell.get()
        except TimeoutError:
            return []
        await asyncio.sleep(TOGETHER_S)
        messages: list[Message] = []
        while message is not None:
            messages.append(message)
            if len(messages) == BATCH or self._doorbell.empty():
                return messages
            message = self._doorbell.get_nowait()
        if messages:
            self.look_again()
        return messages

    async def _catch_up(self) -> None:
        cursor = await self.cursor()
        if cursor < self._passed:
            async with self._database.quiet() as tx:
                await _advance(tx, self.source, self._passed)
        self._passed = max(cursor, self._passed)
        while page := await self._page(self._passed):
            if not await self._take(page):
                raise ServiceUnreachableError(
                    f"{self.source}: events after {self._passed} are not there yet"
                )

    async def _page(self, after: int) -> list[Envelope]:
        try:
            reply = await self._http.get(
                f"{self._url}/events", params={"after": after, "limit": PAGE}, timeout=10
            )
            reply.raise_for_status()
            if not is_intact(reply.content):
                raise ValueError("the answer was damaged on its way")
            return Page.model_validate_json(reply.content).items
        except (httpx.HTTPError, ValueError) as error:  # a ValidationError is one too
            raise ServiceUnreachableError(
                f"{self.source}: events after {after} cannot be read: {error!r}"
            ) from error

    async def _take(self, envelopes: list[Envelope]) -> bool:
        """Apply what is new, in order; False when a gap stands before one of them.

        When one of several cannot be handled, each half is taken alone, and so on, so that just
        that one is set aside.
        """
        if self._pass_over(envelopes):
            return True
        try:
            return await self._apply(envelopes)
        except RetryLaterError:
            raise
        except CANNOT_BE_HANDLED as error:
            if len(envelopes) == 1:
                await self._set_aside(envelopes[0], error)
                return True
        middle = len(envelopes) // 2
        return await self._take(envelopes[:middle]) and await self._take(envelopes[middle:])

    def _pass_over(self, envelopes: list[Envelope]) -> bool:
        """Skip events that need no transaction: known ones, and the next when nobody wants them."""
        passed = self._passed
        for envelope in envelopes:
            sequence = envelope.sequence or 0
            if sequence <= passed:
                continue
            if sequence > passed + 1 or self._inbox.wants(envelope):
                return False
            passed = sequence
        self._passed = passed
        return True

    async def _apply(self, envelopes: list[Envelope]) -> bool:
        async with self._database.begin() as tx:
            done = max(await _locked_cursor(tx, self.source), self._passed)
            waiting = await _waiting_keys(tx, self.source)
            fresh = _in_line(envelopes, done)
            taken = []
            for envelope in fresh:
                if envelope.order_key in waiting and self._inbox.wants(envelope):
                    await _put_aside(tx, self.source, envelope, "waits for an earlier event")
                else:
                    taken.append(envelope)
            await self._inbox.handle(tx, *taken)
            done += len(fresh)
            await _advance(tx, self.source, done)
        self._passed = done
        return done >= max(envelope.sequence or 0 for envelope in envelopes)

    async def _set_aside(self, envelope: Envelope, error: Exception) -> None:
        log.error(
            "event set aside",
            source=self.source,
            event_type=envelope.type,
            subject=envelope.subject,
            event_id=str(envelope.id),
            error=repr(error),
            exc_info=error,
        )
        sequence = envelope.sequence or 0
        async with self._database.begin() as tx:
            if sequence != max(await _locked_cursor(tx, self.source), self._passed) + 1:
                return
            await _put_aside(tx, self.source, envelope, told(error))
            await _advance(tx, self.source, sequence)
        self._passed = sequence


def told(error: Exception) -> str:
    """Return what a person needs to know of an error: its kind and words, or the wrong fields."""
    if isinstance(error, ValidationError):
        fields = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
        return f"{error.title}: " + "; ".join(f"{where}: {what}" for where, what in fields)
    return f"{type(error).__name__}: {error}"[:LONGEST_ERROR]


def _parsed(message: Message) -> Envelope | None:
    try:
        return Envelope.model_validate_json(message.payload)
    except ValidationError as error:
        log.error("message is no event", topic=message.topic, error=str(error))
        return None


def _in_line(envelopes: Sequence[Envelope], done: int) -> list[Envelope]:
    """Return those that come one after the other behind `done`, up to the first gap."""
    fresh: list[Envelope] = []
    for envelope in envelopes:
        sequence, expected = envelope.sequence or 0, done + len(fresh) + 1
        if sequence == expected:
            fresh.append(envelope)
        elif sequence > expected:
            break
    return fresh


async def _locked_cursor(tx: Transaction, source: str) -> int:
    statement = "SELECT sequence FROM cursor WHERE source = :source FOR UPDATE"
    return await tx.scalar(sql(statement), {"source": source}) or 0


async def _waiting_keys(tx: Transaction, source: str) -> set[str]:
    statement = "SELECT DISTINCT partition_key FROM set_aside WHERE source = :source"
    return set(await tx.scalars(sql(statement), {"source": source}))


async def _advance(tx: Transaction, source: str, sequence: int) -> None:
    statement = """
        UPDATE cursor SET sequence = greatest(sequence, :sequence) WHERE source = :source"""
    await tx.execute(sql(statement), {"source": source, "sequence": sequence})


async def _put_aside(tx: Transaction, source: str, envelope: Envelope, error: str) -> None:
    statement = """
        INSERT INTO set_aside (event_id, source, sequence, subject, partition_key, body, error)
        VALUES (:event_id, :source, :sequence, :subject, :partition_key, :body, :error)"""
    values = {
        "event_id": envelope.id,
        "source": source,
        "sequence": envelope.sequence,
        "subject": envelope.subject,
        "partition_key": envelope.order_key,
        "body": json.dumps(envelope.model_dump(mode="json")),
        "error": error,
    }
    await tx.execute(sql(statement), values)
