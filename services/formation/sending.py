"""Takes rows of tests to the historian: into batches once, each sent until it is answered."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import httpx

from services.formation import rowstore
from services.formation.rowstore import RowBatch, UntoldTest
from services.formation.testrecord import TestRecord
from shared import testrows
from shared.db import Database
from shared.errors import ConflictError, InvalidInputError, ServiceUnreachableError
from shared.serving import reason_of
from shared.transaction import Transaction

if TYPE_CHECKING:  # loaded at the first batch
    import pyarrow as pa

LOOK_EVERY_S = 1.0  # wall seconds between looks for batches
TIMEOUT_S = 30.0
MOST_ROW = 2**31  # behind every row: a test that is not ordered here has none to send
MOST_IN_BATCH = 200_000  # rows; what a tester gives again after a long pause is cut


class RowSender:
    """Takes batches from formation's database to the historian.

    A batch stays until the historian has committed it under its source and sequence; so whichever
    of the two is killed, and wherever, the same bytes are sent again and taken once.
    """

    def __init__(self, database: Database, http: httpx.AsyncClient, url: str) -> None:
        self._database, self._http, self._url = database, http, url.rstrip("/")

    async def run(self) -> None:
        """Send for ever; raises ServiceUnreachableError while the historian is away."""
        while True:
            await self.send_waiting()
            await asyncio.sleep(LOOK_EVERY_S)

    async def send_waiting(self) -> int:
        """Send all that waits; return how many batches.

        Raises:
            ServiceUnreachableError: no answer; all that was not answered stays.
            ConflictError: the historian is behind what it has answered; restore it from a backup
                of the same instant as formation's.
            InvalidInputError: the historian refuses a batch, which stays for a person to look at.
        """
        count = 0
        while True:
            async with self._database.quiet() as tx:
                tests = await rowstore.untold_tests(tx)
                batch = await rowstore.oldest_batch(tx)
            for test in tests:
                await self._tell(test)
                async with self._database.quiet() as tx:
                    await rowstore.told(tx, test)
            if batch is None:
                return count
            await self._send(batch)
            async with self._database.quiet() as tx:
                await rowstore.delete_batch(tx, batch)
            count += 1

    async def _send(self, batch: RowBatch) -> None:
        headers = {
            "content-type": testrows.CONTENT_TYPE,
            "idempotency-key": f"rows-{batch.source}-{batch.sequence}",
        }
        path = f"/test-batches/{batch.source}/{batch.sequence}"
        await self._post(path, headers, batch.body)

    async def _tell(self, test: UntoldTest) -> None:
        body = {**test._asdict(), "started_at": test.started_at.isoformat()}
        key = f"test-{test.series_id}-{test.started_at.isoformat()}"
        request = httpx.Request("POST", self._url, json=body)
        headers = {"content-type": "application/json", "idempotency-key": key}
        await self._post("/test-series", headers, request.content)

    async def _post(self, path: str, headers: dict[str, str], body: bytes) -> None:
        try:
            reply = await self._http.post(
                self._url + path, content=body, headers=headers, timeout=TIMEOUT_S
            )
        except httpx.HTTPError as error:
            raise ServiceUnreachableError(
                f"historian does not answer: {reason_of(error)}"
            ) from error
        if reply.is_success:
            return
        said = f"historian: {path}: {reply.status_code} {reply.text[:300]}"
        if reply.status_code == httpx.codes.CONFLICT:
            raise ConflictError(said)
        if reply.is_client_error:
            raise InvalidInputError(said)
        raise ServiceUnreachableError(said)


async def keep_in_batches(
    tx: Transaction, equipment_id: str, records: Mapping[str, TestRecord]
) -> None:
    """Put the rows of a tester's tests that are in no batch yet into the next ones.

    records: by job order. Which row was the last is kept with the batch, so that a row is in one
    batch only, whatever was read from the tester again after a restart.
    """
    batched = await rowstore.batched_rows(tx, list(records))
    fresh = {key: one for key, one in records.items() if one.last_row > batched.get(key, MOST_ROW)}
    if not fresh:
        return
    tables = [record.batch(key, batched[key]) for key, record in fresh.items()]
    kept = [(key, record.last_row) for key, record in fresh.items()]
    for body in await asyncio.to_thread(_bodies, tables):
        await rowstore.add_batch(tx, equipment_id, body, kept)


def _bodies(tables: Sequence["pa.Table"]) -> list[bytes]:
    """Return rows as batches of a size that the historian takes."""
    whole = testrows.joined(tables)
    starts = range(0, whole.num_rows, MOST_IN_BATCH)
    return [testrows.encode(whole.slice(start, MOST_IN_BATCH)) for start in starts]
