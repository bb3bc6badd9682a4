"""Rows of tests on their way to the historian, in formation's database."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter

from services.formation.answers import Looks
from shared.db import sql
from shared.transaction import Transaction

LOOKS = TypeAdapter(Looks)


class RowBatch(NamedTuple):
    """One batch of a source that the historian has not yet answered."""

    source: str
    sequence: int
    body: bytes


class UntoldTest(NamedTuple):
    """A test that the historian has not heard of."""

    series_id: str
    lot_id: str
    equipment_id: str
    started_at: datetime


def source_of(equipment_id: str) -> str:
    """Return the name under which a tester's rows are sent; a name in a path has no slash."""
    return equipment_id.replace("/", ".")


async def add_batch(
    tx: Transaction, equipment_id: str, body: bytes, kept_rows: Sequence[tuple[str, int]]
) -> None:
    """Keep the next batch of a tester, with the last row it holds of each test (job order).

    Both in one transaction: a row is in exactly one batch, and a batch never changes.
    """
    next_one = """
        INSERT INTO row_source AS s (source, sequence) VALUES (:source, 1)
        ON CONFLICT (source) DO UPDATE SET sequence = s.sequence + 1 RETURNING sequence"""
    source = source_of(equipment_id)
    sequence = await tx.scalar(sql(next_one), {"source": source})
    await tx.execute(
        sql("INSERT INTO row_batch (source, sequence, body) VALUES (:source, :sequence, :body)"),
        {"source": source, "sequence": sequence, "body": body},
    )
    await tx.execute(
        sql("UPDATE test_run SET batched_row = :row WHERE job_order_id = :id"),
        [{"id": job_order_id, "row": row} for job_order_id, row in kept_rows],
    )


async def batched_rows(tx: Transaction, job_order_ids: Sequence[str]) -> dict[str, int]:
    """Return the number of each test's last row that is in a batch, locked; 0 before the first."""
    statement = """
        SELECT job_order_id, batched_row FROM test_run WHERE job_order_id = ANY(:ids)
        ORDER BY job_order_id FOR UPDATE"""
    rows = (await tx.execute(sql(statement), {"ids": list(job_order_ids)})).all()
    return {job_order_id: row for job_order_id, row in rows}


async def oldest_batch(tx: Transaction) -> RowBatch | None:
    """Return a batch that is the oldest of its source."""
    statement = "SELECT source, sequence, body FROM row_batch ORDER BY sequence, source LIMIT 1"
    row = (await tx.execute(sql(statement))).first()
    return None if row is None else RowBatch(*row)


async def delete_batch(tx: Transaction, batch: RowBatch) -> None:
    """Forget a batch that the historian has."""
    await tx.execute(
        sql("DELETE FROM row_batch WHERE source = :source AND sequence = :sequence"),
        {"source": batch.source, "sequence": batch.sequence},
    )


async def waiting(tx: Transaction) -> tuple[int, int]:
    """Return how many batches wait for the historian, and their bytes."""
    statement = "SELECT count(*), coalesce(sum(length(body)), 0)::bigint FROM row_batch"
    row = (await tx.execute(sql(statement))).one()
    return int(row[0]), int(row[1])


async def untold_tests(tx: Transaction) -> list[UntoldTest]:
    """Return started tests that the historian has not been told of as they are now."""
    statement = """
        SELECT r.job_order_id, r.lot_id, o.equipment_id || '/' || r.channel, r.started_at
        FROM test_run r JOIN station_order o ON o.station_order_id = r.job_order_id
        WHERE r.started_at IS NOT NULL AND r.told_started_at IS DISTINCT FROM r.started_at
        ORDER BY r.started_at LIMIT 100"""
    return [UntoldTest(*row) for row in (await tx.execute(sql(statement))).all()]


async def told(tx: Transaction, test: UntoldTest) -> None:
    """Note what the historian was told of a test."""
    statement = "UPDATE test_run SET told_started_at = :at WHERE job_order_id = :id"
    await tx.execute(sql(statement), {"at": test.started_at, "id": test.series_id})


async def keep_looks(tx: Transaction, job_order_id: str, looks: Looks) -> None:
    """Keep what looks saw of a test since the last time."""
    statement = """
        INSERT INTO test_looks (job_order_id, last_row, body)
        VALUES (:id, :last_row, CAST(:body AS jsonb)) ON CONFLICT DO NOTHING"""
    values = {"last_row": looks.rows[-1].row, "body": LOOKS.dump_json(looks).decode()}
    await tx.execute(sql(statement), {"id": job_order_id, **values})


async def kept_looks(tx: Transaction, job_order_id: str) -> Looks | None:
    """Return all that looks saw of a test; None where nothing was kept."""
    statement = "SELECT body FROM test_looks WHERE job_order_id = :id ORDER BY last_row"
    bodies = await tx.scalars(sql(statement), {"id": job_order_id})
    parts = [LOOKS.validate_python(body) for body in bodies]
    if not parts:
        return None
    rows = tuple(row for part in parts for row in part.rows)
    return Looks(test_name=parts[-1].test_name, rows=rows, counters=parts[-1].counters)


async def forget_looks(tx: Transaction, job_order_id: str) -> None:
    """Forget the looks at a test that has ended; its rows are in batches."""
    await tx.execute(sql("DELETE FROM test_looks WHERE job_order_id = :id"), {"id": job_order_id})
