"""Exchanges batches of the database for sealed files, registers these, and ends what has expired.

All of it happens in a process of its own (`sealer.py`), one at a time.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

import structlog

from services.historian import delta, files, retention, store, testfiles, teststore
from services.historian.files import SealedFile
from services.historian.settings import HistorianSettings
from services.historian.store import Waiting
from shared.clock import Clock
from shared.db import Database
from shared.errors import ConflictError
from shared.events import FileSealed
from shared.outbox import Outbox

log = structlog.get_logger()
CLAIM = "seal"  # who seals holds it: one process in all


class Sealing:
    """Takes what waits in the database into files."""

    def __init__(
        self, database: Database, outbox: Outbox, clock: Clock, settings: HistorianSettings
    ) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock
        self._settings = settings
        self._data_dir: Path = settings.data_dir

    async def due(self) -> bool:
        """Say whether enough rows wait, or some wait for long enough, or files ask for a chore."""
        settings = self._settings
        async with self._database.quiet() as tx:
            telemetry, tests = await store.waiting(tx), await teststore.waiting(tx)
            if _is_due(telemetry, settings.seal_rows, settings.seal_every_s):
                return True
            if _is_due(tests, settings.seal_test_rows, settings.seal_tests_every_s):
                return True
            return await retention.chore_waits(tx, settings.register_every_s)

    async def work(self) -> None:
        """Seal until nothing is due; then register files, end expired ones, remove strays."""
        await self.remove_strays()
        settings = self._settings
        while True:
            async with self._database.quiet() as tx:
                telemetry, tests = await store.waiting(tx), await teststore.waiting(tx)
            if _is_due(telemetry, settings.seal_rows, settings.seal_every_s):
                await self.seal()
            elif _is_due(tests, settings.seal_test_rows, settings.seal_tests_every_s):
                await self.seal_tests()
            else:
                break
        await self.tidy()

    async def remove_strays(self) -> None:
        """Remove files that a crash left outside the catalogue; nobody may seal meanwhile."""
        async with self._database.quiet() as tx:
            catalogue = await store.catalogue(tx)
        for path in await asyncio.to_thread(files.remove_strays, self._data_dir, catalogue):
            log.warning("file removed: not in the catalogue", path=path)

    async def seal(self) -> None:
        """Write the oldest batches of telemetry into a file and exchange them for it.

        A row that another file has already is not written again.

        Raises:
            ConflictError: another process sealed one of these batches; nothing is changed.
        """
        async with self._database.quiet() as tx:
            batches = await store.oldest_batches(tx, 2 * self._settings.seal_rows)
        if not batches:
            return
        ids, bodies = zip(*batches, strict=True)
        async with self._database.quiet() as tx:
            beside = await store.files_beside(tx, ids)
        made = await asyncio.to_thread(files.write_sealed, self._data_dir, bodies, beside)
        async with self._database.begin() as tx:
            if not await store.delete_batches(tx, ids):
                raise _sealed_twice(f"batches {ids[0]} to {ids[-1]}")
            if made is not None:
                file, equipment_ids = made
                await store.enter_file(tx, file, "telemetry", equipment_ids, self._clock.now())
                await self._outbox.record(tx, _said(file))

    async def seal_tests(self) -> None:
        """Write the oldest batches of test rows into a file and exchange them for it.

        What the file holds of each step is merged into the kept cycle figures in the same
        transaction, so these are never ahead of the rows nor behind.

        Raises:
            ConflictError: another process sealed one of these batches; nothing is changed.
        """
        async with self._database.quiet() as tx:
            batches = await teststore.oldest_batches(tx, self._settings.most_rows_in_file)
        if not batches:
            return
        taken = [batch.taken_at for batch in batches]
        sealed = await asyncio.to_thread(
            testfiles.write_sealed,
            self._data_dir,
            [batch.body for batch in batches],
            min(taken),
            max(taken),
        )
        async with self._database.begin() as tx:
            if not await teststore.delete_batches(tx, batches):
                raise _sealed_twice(sealed.file.path)
            now = self._clock.now()
            await store.enter_file(tx, sealed.file, "tests", sealed.series_ids, now)
            await teststore.merge_steps(tx, sealed.steps)
            await self._outbox.record(tx, _said(sealed.file))

    async def tidy(self) -> None:
        """End files beyond their policy, tell Delta of new and of ended ones, free the disk."""
        settings = self._settings
        policy = {"telemetry": settings.keep_telemetry_days, "tests": settings.keep_tests_days}
        for content, days in policy.items():
            if days is not None:
                before = self._clock.now() - timedelta(days=days)
                async with self._database.quiet() as tx:
                    ended = await retention.end_expired(tx, content, before)
                for path in ended:
                    log.info("file ended by retention", path=path, keep_days=days)
        for content, table in delta.TABLES.items():
            await self._register(content, table)
        async with self._database.quiet() as tx:
            paths = await retention.to_unlink(tx)
            await asyncio.to_thread(files.unlink, self._data_dir, paths)
            await retention.unlinked(tx, paths)

    async def _register(self, content: str, table: delta.Table) -> None:
        """Commit to the table's log what it does not know yet; a repeat changes nothing there."""
        async with self._database.quiet() as tx:
            added = await retention.unregistered(tx, content)
            removed = await retention.unregistered_removals(tx, content)
        if not added and not removed:
            return
        folder = self._data_dir / table.folder
        await asyncio.to_thread(delta.commit, folder, table, added, removed, self._clock.now())
        async with self._database.quiet() as tx:
            await retention.registered(tx, [file.path for file in added], removed)


def _is_due(waiting: Waiting, rows: int, every_s: float) -> bool:
    return waiting.row_count >= rows or (waiting.row_count > 0 and waiting.oldest_s >= every_s)


def _sealed_twice(what: str) -> ConflictError:
    return ConflictError(f"{what}: another historian sealed the same batches")


def _said(file: SealedFile) -> FileSealed:
    return FileSealed(
        path=file.path,
        row_count=file.row_count,
        from_at=file.from_at,
        to_at=file.to_at,
        sha256=file.sha256,
    )
