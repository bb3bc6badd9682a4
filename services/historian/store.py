"""Fresh batches, the catalogue of files and the sources in the historian's database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from services.historian.domain import SourceState
from services.historian.files import Batch, SealedFile
from shared.db import sql
from shared.transaction import Transaction

Content = Literal["telemetry", "tests"]


class Waiting(NamedTuple):
    """The batches that are not yet in a file; age in wall seconds of the oldest."""

    row_count: int
    oldest_s: float


async def add_batch(tx: Transaction, batch: Batch) -> None:
    """Keep a batch until it is sealed into a file."""
    statement = """
        INSERT INTO fresh_batch (row_count, from_at, to_at, body)
        VALUES (:row_count, :from_at, :to_at, :body)"""
    await tx.execute(sql(statement), vars(batch))


async def waiting(tx: Transaction) -> Waiting:
    """Return how much waits to be sealed."""
    statement = """
        SELECT coalesce(sum(row_count), 0)::bigint,
               coalesce(extract(epoch FROM clock_timestamp() - min(committed_at)), 0)::float8
        FROM fresh_batch"""
    row = (await tx.execute(sql(statement))).one()
    return Waiting(int(row[0]), float(row[1]))


async def oldest_batches(tx: Transaction, most_rows: int) -> list[tuple[int, bytes]]:
    """Return id and body of the oldest batches, at least one, about `most_rows` rows in all."""
    statement = """
        SELECT id, body FROM (
            SELECT id, body, sum(row_count) OVER (ORDER BY id) - row_count AS before
            FROM fresh_batch
        ) AS counted
        WHERE before < :most_rows ORDER BY id"""
    rows = await tx.execute(sql(statement), {"most_rows": most_rows})
    return [(row[0], row[1]) for row in rows]


async def delete_batches(tx: Transaction, batch_ids: Sequence[int]) -> bool:
    """Delete batches that are in a file now; False when another process sealed one of them."""
    deleted = await tx.execute(
        sql("DELETE FROM fresh_batch WHERE id = ANY(:ids)"), {"ids": list(batch_ids)}
    )
    return deleted.rowcount == len(batch_ids)


async def enter_file(
    tx: Transaction, file: SealedFile, content: Content, series_ids: Sequence[str], at: datetime
) -> None:
    """Enter a file with the tests, or the equipment, that it holds rows of."""
    statement = """
        INSERT INTO sealed_file (path, row_count, byte_count, from_at, to_at, sha256, sealed_at,
                                 content, series_ids)
        VALUES (:path, :row_count, :byte_count, :from_at, :to_at, :sha256, :at, :content,
                :series_ids)"""
    more = {"at": at, "content": content, "series_ids": list(series_ids)}
    await tx.execute(sql(statement), vars(file) | more)


async def fresh_bodies(tx: Transaction, from_at: datetime, to_at: datetime) -> list[bytes]:
    """Return the batches that may hold rows of a time span."""
    statement = """
        SELECT body FROM fresh_batch WHERE from_at <= :to_at AND to_at >= :from_at ORDER BY id"""
    return list(await tx.scalars(sql(statement), {"from_at": from_at, "to_at": to_at}))


async def files_between(tx: Transaction, from_at: datetime, to_at: datetime) -> list[str]:
    """Return the paths of the files that may hold rows of a time span."""
    statement = """
        SELECT path FROM sealed_file
        WHERE content = 'telemetry' AND from_at <= :to_at AND to_at >= :from_at
        ORDER BY from_at, path"""
    return list(await tx.scalars(sql(statement), {"from_at": from_at, "to_at": to_at}))


async def files_beside(tx: Transaction, batch_ids: Sequence[int]) -> list[str]:
    """Return the paths of the files whose time span meets that of some batches."""
    statement = """
        SELECT path FROM sealed_file, (
            SELECT min(from_at) AS first, max(to_at) AS last FROM fresh_batch WHERE id = ANY(:ids)
        ) AS span
        WHERE content = 'telemetry' AND from_at <= span.last AND to_at >= span.first
        ORDER BY from_at, path"""
    return list(await tx.scalars(sql(statement), {"ids": list(batch_ids)}))


async def catalogue(tx: Transaction) -> frozenset[str]:
    """Return the paths of all sealed files, and of ended ones that are still on disk."""
    statement = """
        SELECT path FROM sealed_file UNION ALL SELECT path FROM removed_file WHERE on_disk"""
    return frozenset(await tx.scalars(sql(statement)))


async def files(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the newest files of the catalogue."""
    statement = """
        SELECT path, row_count, byte_count, from_at, to_at, sha256, sealed_at, content, registered
        FROM sealed_file ORDER BY sealed_at DESC, path LIMIT :limit"""
    rows = (await tx.execute(sql(statement), {"limit": limit})).mappings()
    return [dict(row) for row in rows]


async def sources(tx: Transaction) -> list[SourceState]:
    """Return what was known of each source."""
    statement = "SELECT equipment_id, data_quality, last_sample_at FROM source"
    return [SourceState(**row) for row in (await tx.execute(sql(statement))).mappings()]


async def save_sources(
    tx: Transaction, states: Sequence[SourceState], at: datetime
) -> list[SourceState]:
    """Keep the state of sources; return those whose quality was another before.

    A source that another historian saves meanwhile is waited for and looked at again.
    """
    statement = """
        INSERT INTO source (equipment_id, data_quality, last_sample_at, changed_at)
        VALUES (:equipment_id, :data_quality, :last_sample_at, :at)
        ON CONFLICT (equipment_id) DO UPDATE SET data_quality = excluded.data_quality,
            last_sample_at = excluded.last_sample_at, changed_at = excluded.changed_at
        WHERE source.data_quality IS DISTINCT FROM excluded.data_quality"""
    changed = []
    for state in sorted(states, key=lambda one: one.equipment_id):
        if (await tx.execute(sql(statement), vars(state) | {"at": at})).rowcount:
            changed.append(state)
    return changed
