"""All events that one service reads: a reader for each source, and what could not be handled."""

from collections.abc import Mapping

import httpx

from shared import cursors, setaside
from shared.bus import Bus
from shared.db import Database
from shared.effects import Effects
from shared.envelope import Envelope
from shared.errors import ConflictError, NotFoundError, RetryLaterError
from shared.reader import SourceReader
from shared.setaside import CANNOT_BE_HANDLED, SetAside, told
from shared.topics import events_of


class Inbox:
    """The readers of one service, and the events that wait for a retry."""

    def __init__(
        self,
        *,
        site: str,
        database: Database,
        bus: Bus,
        http: httpx.AsyncClient,
        sources: Mapping[str, str],
        effects: Effects,
    ) -> None:
        self._database, self.effects = database, effects
        self.readers = [
            SourceReader(source, url, database, http, effects) for source, url in sources.items()
        ]
        for reader in self.readers:
            bus.subscribe(events_of(site, reader.source), reader.ring)
            bus.on_up(reader.look_again)

    async def set_aside(self, limit: int = 200) -> list[SetAside]:
        """Return events that wait for a retry, oldest first."""
        async with self._database.quiet() as tx:
            return await setaside.listed(tx, limit)

    async def set_aside_count(self) -> int:
        """Return how many events wait for a retry."""
        async with self._database.quiet() as tx:
            return await setaside.count(tx)

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
        async with self._database.quiet() as tx:
            place = await setaside.place(tx, event_id)
        if place is None:
            raise NotFoundError(f"event {event_id} is not set aside")
        while await self._retry_first(*place):
            pass

    async def _retry_first(self, source: str, key: str) -> bool:
        """Apply the first waiting event of a source and key; False when there is none left."""
        waiting = None
        try:
            async with self._database.begin() as tx:
                await cursors.locked(tx, source)  # nothing is put behind it meanwhile
                waiting = await setaside.first(tx, source, key)
                if waiting is None:
                    return False
                await self.effects.handle(tx, Envelope.model_validate_json(waiting.body))
                await setaside.remove(tx, waiting.event_id)
                return True
        except RetryLaterError:
            raise
        except CANNOT_BE_HANDLED as error:
            event_id = None if waiting is None else waiting.event_id
            async with self._database.begin() as tx:
                current = await setaside.count_attempt(tx, event_id, error)
            raise ConflictError(
                f"event {event_id} of {source} still cannot be handled: {told(error)}", current
            ) from error
