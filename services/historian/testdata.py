"""What the historian does with rows of tests: takes batches by source and sequence, answers."""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from services.historian import testcurves, teststore
from services.historian.settings import HistorianSettings
from services.historian.testcurves import Rows
from services.historian.teststore import TestBatch, Whereabouts
from shared import testrows
from shared.app import Service
from shared.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PersonNeededError,
    ServiceUnreachableError,
)
from shared.transaction import Transaction

Format = Literal["parquet", "csv", "bdf", "arrow"]
QUESTION_TIMEOUT_S = 60.0


class TestData:
    """Rows of tests, from the batch of a source to an answer."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(self, service: Service, settings: HistorianSettings) -> None:
        self._database, self._clock = service.database, service.clock
        self._settings = settings
        self._asking = asyncio.Lock()

    async def checked(
        self, source: str, sequence: int, body: bytes, told_sha256: str | None = None
    ) -> TestBatch:
        """Return a batch as it came, once its rows are looked at.

        Raises:
            InvalidInputError: not rows of tests, or not the bytes that were sent.
        """
        sha256 = (await asyncio.to_thread(hashlib.sha256, body)).hexdigest()
        if told_sha256 not in (None, sha256):
            raise InvalidInputError(
                f"batch {sequence} of {source} was damaged on its way: it came with sha256 {sha256}"
                f", sent was {told_sha256}; send it again"
            )
        rows = await asyncio.to_thread(testrows.decode, body)
        return TestBatch(
            source=source,
            sequence=sequence,
            sha256=sha256,
            row_count=rows.num_rows,
            series_ids=testrows.series_of(rows),
            body=body,
        )

    async def take(self, tx: Transaction, batch: TestBatch) -> dict[str, Any]:
        """Keep the next batch of a source; a repeat of one that is there changes nothing.

        Raises:
            ConflictError: not the next; `current` has the sequence the source is at. Or the newest
                one again with other rows: two senders call themselves by one name.
        """
        added = await teststore.add_batch(tx, batch, self._clock.now())
        at = await teststore.source_at(tx, batch.source)
        current = {"sequence": at.sequence}
        if not added and batch.sequence > at.sequence:
            raise ConflictError(
                f"source {batch.source} is at batch {at.sequence}, {batch.sequence} came; send "
                f"{at.sequence + 1} first",
                current,
            )
        if not added and batch.sequence == at.sequence and batch.sha256 != at.sha256:
            raise ConflictError(
                f"source {batch.source} has sent other rows as batch {batch.sequence}; let no two "
                "senders have one name",
                current,
            )
        return {"source": batch.source, "sequence": at.sequence, "repeated": not added}

    async def curve(
        self, series_id: str, from_s: float, to_s: float, points: int
    ) -> dict[str, Any]:
        """Return a test's curve between two times since its start, reduced to `points` rows.

        Raises:
            NotFoundError: no rows of such a test.
        """
        async with self._rows([series_id]) as rows:
            count, columns = await asyncio.to_thread(
                testcurves.curve, rows, series_id, from_s, to_s, points
            )
        return {
            "series_id": series_id,
            "row_count": count,
            "reduced": len(columns["row"]) < count,
            "columns": columns,
        }

    async def kept_figures(self, series_ids: Sequence[str]) -> str:
        """Return charge and discharge by test and cycle as kept at sealing, as a JSON object.

        They know nothing of rows that are not sealed yet.
        """
        async with self._database.quiet() as tx:
            found = await teststore.kept_figures(tx, series_ids)
        return "{" + ",".join(f"{json.dumps(key)}:{body}" for key, body in found.items()) + "}"

    async def cycles(self, series_ids: Sequence[str]) -> dict[str, Any]:
        """Return charge and discharge by test and cycle, summed over every row."""
        async with self._rows(series_ids) as rows:
            columns = await asyncio.to_thread(testcurves.cycles, rows, series_ids)
        found: dict[str, Any] = {}
        for series_id, *values in zip(*columns.values(), strict=True):
            one = found.setdefault(series_id, {"cycle": [], "charge_mah": [], "discharge_mah": []})
            for name, value in zip(one, values, strict=True):
                one[name].append(value)
        return found

    async def export(self, series_ids: Sequence[str], format_name: Format) -> Path:
        """Write the rows of tests to a file of its own; the caller removes it.

        Raises:
            NotFoundError: no rows of such tests.
        """
        with tempfile.NamedTemporaryFile(suffix=f".{format_name}", delete=False) as file:
            path = Path(file.name)

        with ExitStack() as undo:
            undo.callback(path.unlink, missing_ok=True)
            async with self._rows(series_ids) as rows:
                await asyncio.to_thread(testcurves.export, rows, series_ids, format_name, path)
            undo.pop_all()
        return path

    @asynccontextmanager
    async def _rows(self, series_ids: Sequence[str]) -> AsyncIterator[Rows]:
        """Give sealed and fresh rows to a question; one question at a time.

        Raises:
            NotFoundError: no file nor batch has rows of these tests.
            PersonNeededError: a file of the catalogue is missing on disk.
            ServiceUnreachableError: the answer took longer than 60 s.
        """
        async with self._database.quiet() as tx:
            where = await teststore.where(tx, series_ids)
        try:
            async with asyncio.timeout(QUESTION_TIMEOUT_S), self._asking:
                yield await asyncio.to_thread(self._found, where, series_ids)
        except TimeoutError as error:
            raise ServiceUnreachableError(
                f"no answer in {QUESTION_TIMEOUT_S:g} s; ask for fewer tests"
            ) from error

    def _found(self, where: Whereabouts, series_ids: Sequence[str]) -> Rows:
        files = [self._settings.data_dir / path for path in where.paths]
        missing = [path for path in files if not path.exists()]
        if missing:
            raise PersonNeededError(
                f"{missing[0]} is in the catalogue but not on disk ({len(missing)} files in all); "
                "restore it from a backup"
            )
        fresh = testcurves.fresh_rows(where.bodies, series_ids)
        if not files and not fresh.num_rows:
            raise NotFoundError(f"no rows of test {', '.join(series_ids[:3])}")
        return Rows(files=files, fresh=fresh)
