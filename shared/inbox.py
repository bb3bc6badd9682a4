"""Reads other services' events: cursor and effect commit together, gaps are read over HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import structlog
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus import Bus, Message
from shared.db import Database
from shared.errors import MesError, NotFoundError, RetryLaterError, ServiceUnreachableError
from shared.events import Envelope, Event
from shared.outbox import Cause, cause
from shared.topics import events_of

log = structlog.get_logger()
PAGE = 200
LOOK_AGAIN_S = 20.0  # a quiet source is asked this often, should a last message have been lost
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

Handler = Callable[[AsyncConnection, Envelope, Any], Awaitable[None]]
Known = TypeVar("Known", bound=Event)


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """An event that could not be handled, kept until it is retried."""

    event_id: str
    source: str
    sequence: int
    subject: str
    error: str
    attempts: int


class Inbox:
    """All events that one service reads.

    `handlers` maps an event class to its effect; `every` sees each envelope of each source.
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
        every: Handler | None = None,
    ) -> None:
        self._database, self._handlers, self._every = database, handlers, every
        self.readers = [
            SourceReader(source, url, database, http, self.handle)
            for source, url in sources.items()
        ]
        for reader in self.readers:
            bus.subscribe(events_of(site, reader.source), reader.ring)
            bus.on_up(reader.look_again)

    async def handle(self, tx: AsyncConnection, envelope: Envelope) -> None:
        """Apply one event in the caller's transaction; unknown types have no effect."""
        cause.set(Cause(envelope.correlationid or str(envelope.id), str(envelope.id)))
        event = envelope.event()
        if self._every is not None:
            await self._every(tx, envelope, event)
        handler = self._handlers.get(type(event)) if event is not None else None
        if handler is not None:
            await handler(tx, envelope, event)

    async def set_aside(self) -> list[SetAside]:
        """Return the events that wait for a retry, oldest first."""
        statement = """
            SELECT event_id::text, source, sequence, subject, error, attempts FROM set_aside
            ORDER BY set_aside_at"""
        async with self._database.quiet() as tx:
            rows = (await tx.execute(text(statement))).mappings()
            return [SetAside(**row) for row in rows]

    async def retry(self, event_id: str) -> None:
        """Apply a set-aside event and those of its subject that waited behind it.

        Raises:
            NotFoundError: no such event is set aside.
            MesError: it still cannot be handled; it stays set aside.
        """
        first = "SELECT source, subject FROM set_aside WHERE event_id::text = :event_id"
        same = """
            SELECT event_id, body FROM set_aside WHERE source = :source AND subject = :subject
            ORDER BY sequence FOR UPDATE"""
        delete = "DELETE FROM set_aside WHERE event_id = :event_id"
        async with self._database.begin() as tx:
            found = (await tx.execute(text(first), {"event_id": event_id})).mappings().first()
            if found is None:
                raise NotFoundError(f"event {event_id} is not set aside")
            for row in (await tx.execute(text(same), dict(found))).mappings().all():
                await self.handle(tx, Envelope.model_validate_json(row["body"]))
                await tx.execute(text(delete), {"event_id": row["event_id"]})


class SourceReader:
    """Takes the events of one source in order, each exactly once."""

    def __init__(
        self,
        source: str,
        url: str,
        database: Database,
        http: httpx.AsyncClient,
        handle: Callable[[AsyncConnection, Envelope], Awaitable[None]],
    ) -> None:
        self.source, self._url = source, url
        self._database, self._http, self._handle = database, http, handle
        self._doorbell: asyncio.Queue[Message | None] = asyncio.Queue()

    def ring(self, message: Message) -> None:
        """Take a message from the bus; it may be new, old, or ahead of a gap."""
        self._doorbell.put_nowait(message)

    def look_again(self) -> None:
        """Read from the source before waiting on: the bus was away."""
        self._doorbell.put_nowait(None)

    async def run(self) -> None:
        """Read for ever; raises RetryLaterError when the database or the source is away."""
        await self._catch_up()
        while True:
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    message = await self._doorbell.get()
            except TimeoutError:
                message = None
            if message is None:
                await self._catch_up()
                continue
            envelope = _parsed(message)
            if envelope is None or not await self._take([envelope]):
                await self._catch_up()
            message.acknowledge()

    async def cursor(self) -> int:
        """Return the sequence of the last event whose effect is committed."""
        async with self._database.quiet() as tx:
            return await _cursor(tx, self.source)

    async def _catch_up(self) -> None:
        while True:
            page = await self._page(await self.cursor())
            if not page:
                return
            await self._take(page)

    async def _page(self, after: int) -> list[Envelope]:
        try:
            reply = await self._http.get(
                f"{self._url}/events", params={"after": after, "limit": PAGE}, timeout=10
            )
            reply.raise_for_status()
            return [Envelope.model_validate(item) for item in reply.json()["items"]]
        except (httpx.HTTPError, ValidationError, ValueError, LookupError) as error:
            raise ServiceUnreachableError(
                f"{self.source}: events after {after} cannot be read: {error!r}"
            ) from error

    async def _take(self, envelopes: list[Envelope]) -> bool:
        """Apply what follows the cursor; False when a gap stands before the first new one."""
        for envelope in envelopes:
            try:
                async with self._database.begin() as tx:
                    cursor = await _cursor(tx, self.source)
                    sequence = envelope.sequence or 0
                    if sequence <= cursor:
                        continue
                    if sequence > cursor + 1:
                        return False
                    if await _waits_behind(tx, self.source, envelope.subject):
                        await _put_aside(tx, self.source, envelope, "waits for an earlier event")
                    else:
                        await self._handle(tx, envelope)
                    await _advance(tx, self.source, sequence)
            except RetryLaterError:
                raise
            except CANNOT_BE_HANDLED as error:
                await self._set_aside(envelope, error)
        return True

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
        async with self._database.begin() as tx:
            if (envelope.sequence or 0) != await _cursor(tx, self.source) + 1:
                return
            await _put_aside(tx, self.source, envelope, repr(error))
            await _advance(tx, self.source, envelope.sequence or 0)


def _parsed(message: Message) -> Envelope | None:
    try:
        return Envelope.model_validate_json(message.payload)
    except ValidationError as error:
        log.error("message is no event", topic=message.topic, error=str(error))
        return None


async def _cursor(tx: AsyncConnection, source: str) -> int:
    statement = "SELECT sequence FROM cursor WHERE source = :source FOR UPDATE"
    return await tx.scalar(text(statement), {"source": source}) or 0


async def _advance(tx: AsyncConnection, source: str, sequence: int) -> None:
    statement = """
        INSERT INTO cursor (source, sequence) VALUES (:source, :sequence)
        ON CONFLICT (source) DO UPDATE SET sequence = excluded.sequence"""
    await tx.execute(text(statement), {"source": source, "sequence": sequence})


async def _waits_behind(tx: AsyncConnection, source: str, subject: str) -> bool:
    statement = """
        SELECT EXISTS (SELECT 1 FROM set_aside WHERE source = :source AND subject = :subject)"""
    return bool(await tx.scalar(text(statement), {"source": source, "subject": subject}))


async def _put_aside(tx: AsyncConnection, source: str, envelope: Envelope, error: str) -> None:
    statement = """
        INSERT INTO set_aside (event_id, source, sequence, subject, body, error)
        VALUES (:event_id, :source, :sequence, :subject, :body, :error)"""
    values = {
        "event_id": envelope.id,
        "source": source,
        "sequence": envelope.sequence,
        "subject": envelope.subject,
        "body": json.dumps(envelope.model_dump(mode="json")),
        "error": error,
    }
    await tx.execute(text(statement), values)
