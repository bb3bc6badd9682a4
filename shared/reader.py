"""Takes the events of one source in order, each exactly once: cursor and effect commit together."""

import asyncio
from collections.abc import Callable, Sequence

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from shared import cursors, setaside
from shared.bus import Message
from shared.checksum import is_intact
from shared.db import Database
from shared.effects import Effects
from shared.envelope import Envelope
from shared.errors import RetryLaterError, ServiceUnreachableError
from shared.serving import reason_of
from shared.setaside import CANNOT_BE_HANDLED, told

log = structlog.get_logger()
PAGE = 1000  # what is read from the source at once is also applied in one transaction
BATCH = 50  # events applied in one transaction; more would keep the first ones waiting
MOST_WAITING = (
    BATCH  # messages kept unacknowledged: the broker sends a service 200 from all sources
)
TOGETHER_S = 0.005  # messages that arrive within this time are applied together
LOOK_AGAIN_S = 20.0  # a quiet source is asked this often, should a last message have been lost


class Page(BaseModel):
    """What `GET /events` answers."""

    items: list[Envelope]


class SourceReader:
    """Takes the events of one source in order, each exactly once.

    Events that wait together are applied in one transaction. Those that concern nobody here cost
    no transaction at all: they are passed over in memory, and the cursor follows at the next look.
    found_gap: called when a number is missing, before the source is asked. took: told how many
    events were applied in one transaction.
    """

    def __init__(
        self,
        source: str,
        url: str,
        database: Database,
        http: httpx.AsyncClient,
        effects: Effects,
    ) -> None:
        self.source, self._url = source, url
        self._database, self._http, self._effects = database, http, effects
        self._doorbell: asyncio.Queue[Message | None] = asyncio.Queue()
        self.found_gap: Callable[[], None] = _tell_nobody
        self.took: Callable[[float], None] = _count_nothing
        self._passed = 0
        self._missed = False  # a message was let go: what it says is to be read from the source
        self._away = False  # the source could not be read, so its messages are of no use yet

    @property
    def passed(self) -> int:
        """The sequence up to which everything is applied or concerns nobody here; 0 at first."""
        return self._passed

    def ring(self, message: Message) -> None:
        """Take a message from the bus; it may be new, old, or ahead of a gap.

        One that cannot be handled soon is acknowledged unread, so that a source that is away does
        not keep the broker from sending those of others.
        """
        if self._away or self._doorbell.qsize() >= MOST_WAITING:
            self._missed = True
            message.acknowledge()
        else:
            self._doorbell.put_nowait(message)

    def look_again(self) -> None:
        """Read from the source before waiting on: the bus was away."""
        self._doorbell.put_nowait(None)

    async def run(self) -> None:
        """Read for ever; raises RetryLaterError when the database or the source is away."""
        try:
            await self._read()
        finally:
            self._away = True
            self._let_go()

    async def _read(self) -> None:
        async with self._database.quiet() as tx:
            await cursors.begin(tx, self.source)
        await self._catch_up()
        while True:
            messages = await self._next_messages()
            try:
                envelopes = [_parsed(message) for message in messages]
                known = [envelope for envelope in envelopes if envelope is not None]
                whole = known and len(known) == len(envelopes) and not self._missed
                if whole and await self._take(known):
                    continue
                if whole:
                    self.found_gap()
                await self._catch_up()
            finally:  # what failed is read from the source again; the broker may forget it
                for message in messages:
                    message.acknowledge()

    async def cursor(self) -> int:
        """Return the sequence of the last event whose effect is committed."""
        async with self._database.quiet() as tx:
            return await cursors.position(tx, self.source)

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

    def _let_go(self) -> None:
        """Acknowledge what waits: it is read from the source when that is back."""
        while not self._doorbell.empty():
            message = self._doorbell.get_nowait()
            if message is not None:
                message.acknowledge()

    async def _catch_up(self) -> None:
        cursor = await self.cursor()
        if cursor < self._passed:
            async with self._database.quiet() as tx:
                await cursors.advance(tx, self.source, self._passed)
        self._passed = max(cursor, self._passed)
        while page := await self._page(self._passed):
            if not await self._take(page):
                raise ServiceUnreachableError(
                    f"{self.source}: events after {self._passed} are not there yet"
                )

    async def _page(self, after: int) -> list[Envelope]:
        self._missed = False
        try:
            reply = await self._http.get(
                f"{self._url}/events", params={"after": after, "limit": PAGE}, timeout=10
            )
            reply.raise_for_status()
            if not is_intact(reply.content):
                raise ValueError("the answer was damaged on its way")
            items = Page.model_validate_json(reply.content).items
            self._away = False
            return items
        except (httpx.HTTPError, ValueError) as error:  # a ValidationError is one too
            raise ServiceUnreachableError(
                f"{self.source}: events after {after} cannot be read: {reason_of(error)}"
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
            if sequence > passed + 1 or self._effects.wants(envelope):
                return False
            passed = sequence
        self._passed = passed
        return True

    async def _apply(self, envelopes: list[Envelope]) -> bool:
        async with self._database.begin() as tx:
            done = max(await cursors.locked(tx, self.source), self._passed)
            waiting = await setaside.waiting_keys(tx, self.source)
            fresh = _in_line(envelopes, done)
            taken = []
            for envelope in fresh:
                if envelope.order_key in waiting and self._effects.wants(envelope):
                    await setaside.put(tx, self.source, envelope, "waits for an earlier event")
                else:
                    taken.append(envelope)
            await self._effects.handle(tx, *taken)
            done += len(fresh)
            await cursors.advance(tx, self.source, done)
        self._passed = done
        self.took(len(fresh))
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
            if sequence != max(await cursors.locked(tx, self.source), self._passed) + 1:
                return
            await setaside.put(tx, self.source, envelope, told(error))
            await cursors.advance(tx, self.source, sequence)
        self._passed = sequence


def _tell_nobody() -> None:
    """Take that a gap was found."""


def _count_nothing(count: float) -> None:
    """Take that events were applied together."""


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
