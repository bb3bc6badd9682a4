"""What the historian does with live values: take, commit, have them sealed, answer for them."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from services.historian import files, series, store
from services.historian.domain import LiveTable, Row
from services.historian.sealer import seal_in_other_process
from services.historian.sealing import CLAIM, Sealing
from services.historian.settings import HistorianSettings
from shared.app import Service
from shared.bus import Message
from shared.db import Signal
from shared.errors import (
    InvalidInputError,
    PersonNeededError,
    RetryLaterError,
    ServiceUnreachableError,
)
from shared.events import SourceStateChanged
from shared.telemetry import read

if TYPE_CHECKING:
    import duckdb

log = structlog.get_logger()
QUESTION_TIMEOUT_S = 20.0
COMMIT_AT_MESSAGES = 50  # the broker sends 200 at most that are not acknowledged


class Historian:
    """Rows go from the bus into memory, each wall second into the database, later into files."""

    def __init__(self, service: Service, settings: HistorianSettings) -> None:
        self._service, self._settings = service, settings
        self._database = service.database
        self.live = LiveTable(settings.silent_s, settings.most_signals)
        self._rows: list[Row] = []
        self._committing: list[Row] = []
        self._heard: list[Message] = []  # acknowledged when their rows are committed
        self._many = Signal()
        self._dropped_count = 0
        self._asking = asyncio.Lock()
        self._sealing = Sealing(service.database, service.outbox, service.clock, settings)

    async def recover(self) -> None:
        """Remember the sources, and remove files that a crash left outside the catalogue."""
        async with self._database.quiet() as tx:
            self.live.remember(await store.sources(tx), time.monotonic())
        await self._database.alone(CLAIM, self._sealing.remove_strays)

    def take(self, message: Message) -> None:
        """Take one message of the bus; the broker forgets it once its rows are committed."""
        try:
            telemetry = read(message.payload)
        except InvalidInputError as error:
            log.warning("telemetry refused", topic=message.topic, error=str(error))
            message.acknowledge()
            return
        self._heard.append(message)
        if len(self._heard) >= COMMIT_AT_MESSAGES:
            self._many.set()
        equipment_id = telemetry.equipment_id
        self._rows += self.live.take(equipment_id, telemetry.samples, time.monotonic())
        too_many = len(self._rows) - self._settings.buffer_rows
        if too_many > 0:
            del self._rows[:too_many]
            if self._dropped_count == 0:
                log.error("oldest samples dropped", limit=self._settings.buffer_rows)
            self._dropped_count += too_many

    async def keep_committing(self) -> None:
        """Commit what has come in each wall second, sooner when it is much.

        Raises:
            RetryLaterError: the database is away; rows and messages are kept.
        """
        seen = self._many.count
        while True:
            await self._many.wait(self._settings.commit_every_s, since=seen)
            seen = self._many.count
            await self.commit()

    async def commit(self) -> None:
        """Commit what has come in as one batch; then tell the broker that it may forget it."""
        heard, self._heard = self._heard, []
        self._committing, self._rows = self._rows, []
        try:
            if self._committing:
                batch = await asyncio.to_thread(files.batch_of, self._committing)
                async with self._database.quiet() as tx:
                    await store.add_batch(tx, batch)
            self._committing = []
            for message in heard:
                message.acknowledge()
            heard = []
        finally:
            self._rows, self._committing = self._committing + self._rows, []
            self._heard = heard + self._heard
        if self._dropped_count:
            log.error("samples were lost while the database was away", count=self._dropped_count)
            self._dropped_count = 0

    async def last_commit(self) -> None:
        """Commit what is left at the end; without a database it is lost, and that is said."""
        try:
            await self.commit()
        except RetryLaterError as error:
            log.error("last samples are lost", count=len(self._rows), error=str(error))

    async def keep_sealing(self) -> None:
        """Have batches sealed into files when they are many or old, by a process of its own."""
        while True:
            await asyncio.sleep(min(1.0, self._settings.seal_every_s))
            if await self._sealing.due():
                await seal_in_other_process(self._settings)
                self._database.committed.set()  # its events wait for the relay here

    async def keep_watching(self) -> None:
        """Tell which sources fell silent and which came back, as one of several historians alone.

        What it believes to be told is what was told, also by the one that did this before.
        """
        async with self._database.quiet() as tx:
            self.live.remember(await store.sources(tx), time.monotonic())
        while True:
            await asyncio.sleep(0.5)
            changes = self.live.changes(time.monotonic())
            if not changes:
                continue
            async with self._database.begin() as tx:
                changed = await store.save_sources(tx, changes, self._service.clock.now())
                events = [SourceStateChanged(**vars(change)) for change in changed]
                await self._service.outbox.record(tx, *events)
            self.live.told(changes)

    async def ask(self, question: series.Question) -> series.Series:
        """Return a series over memory, database and files; one question at a time.

        Raises:
            ServiceUnreachableError: the answer took longer than 20 s.
            PersonNeededError: a file of the catalogue is missing on disk.
        """
        try:
            async with asyncio.timeout(QUESTION_TIMEOUT_S), self._asking:
                return await self._ask(question)
        except TimeoutError as error:
            raise ServiceUnreachableError(
                f"{question.signal}: no answer in {QUESTION_TIMEOUT_S} s; ask for less time"
            ) from error

    async def _ask(self, question: series.Question) -> series.Series:
        # Rows only move from memory to batches to files: read in this order none is missed, and
        # one that moves meanwhile is seen twice, which `series.read` allows for.
        mine = [row for row in self._committing + self._rows if _asked_for(row, question)]
        async with self._database.quiet() as tx:
            bodies = await store.fresh_bodies(tx, question.from_at, question.to_at)
            paths = await store.files_between(tx, question.from_at, question.to_at)
        engine = await asyncio.to_thread(series.open_engine)
        try:
            return await asyncio.to_thread(self._read, engine, question, bodies, mine, paths)
        except asyncio.CancelledError:
            engine.interrupt()  # the thread goes on otherwise, and nobody waits for it
            raise

    def _read(
        self,
        engine: "duckdb.DuckDBPyConnection",
        question: series.Question,
        bodies: Sequence[bytes],
        rows: Sequence[Row],
        paths: Sequence[str],
    ) -> series.Series:
        data_dir = self._service.settings.data_dir
        places = [data_dir / path for path in paths]
        missing = [str(place) for place in places if not place.exists()]
        if missing:
            raise PersonNeededError(
                f"{missing[0]} is in the catalogue but not on disk ({len(missing)} files in all); "
                "restore it from a backup"
            )
        with engine:
            return series.read(engine, question, places, files.joined(bodies, rows))


def _asked_for(row: Row, question: series.Question) -> bool:
    return (row.equipment_id, row.signal) == (question.equipment_id, question.signal)
