"""Batches of test rows, their sources, tests and kept cycle figures in the historian's database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from services.historian.domain import TestSeries
from services.historian.store import Waiting
from shared.db import sql
from shared.transaction import Transaction

# Steps from batch to batch until there are rows enough, so what waits behind them costs nothing.
OLDEST = """
    WITH RECURSIVE taken AS (
        (SELECT committed_at, source, sequence, taken_at, body, row_count::bigint AS up_to
         FROM test_batch ORDER BY committed_at, source, sequence LIMIT 1)
        UNION ALL
        SELECT next.committed_at, next.source, next.sequence, next.taken_at, next.body,
               t.up_to + next.row_count
        FROM taken t CROSS JOIN LATERAL (
            SELECT * FROM test_batch b
            WHERE (b.committed_at, b.source, b.sequence) > (t.committed_at, t.source, t.sequence)
            ORDER BY committed_at, source, sequence LIMIT 1) AS next
        WHERE t.up_to < :most_rows
    )
    SELECT source, sequence, taken_at, body FROM taken"""


class SourceAt(NamedTuple):
    """How far a source has come: its newest sequence, that batch's hash, and its rows in all."""

    sequence: int
    sha256: str
    row_count: int


@dataclass(frozen=True, kw_only=True)
class TestBatch:
    """The batch of a source under its sequence, as it came."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    source: str
    sequence: int
    sha256: str
    row_count: int
    series_ids: list[str]
    body: bytes


class SealableBatch(NamedTuple):
    """A batch that is not yet in a file."""

    source: str
    sequence: int
    taken_at: datetime
    body: bytes


class Whereabouts(NamedTuple):
    """Where rows stand at one instant: bodies of batches, and paths of sealed files."""

    bodies: list[bytes]
    paths: list[str]


async def source_at(tx: Transaction, source: str) -> SourceAt:
    """Return how far a source has come; sequence 0 before its first batch."""
    statement = "SELECT sequence, sha256, row_count FROM test_source WHERE source = :source"
    row = (await tx.execute(sql(statement), {"source": source})).first()
    return SourceAt(0, "", 0) if row is None else SourceAt(*row)


async def add_batch(tx: Transaction, batch: TestBatch, at: datetime) -> bool:
    """Keep a batch when it is the next of its source, else change nothing and return False.

    The source's row is advanced in the same statement, so of two senders one is refused.
    """
    statement = """
        WITH next AS (
            INSERT INTO test_source AS s (source, sequence, sha256, row_count)
            SELECT :source, 1, :sha256, :row_count WHERE :sequence = 1
               OR EXISTS (SELECT FROM test_source WHERE source = :source)
            ON CONFLICT (source) DO UPDATE
                SET sequence = s.sequence + 1, sha256 = excluded.sha256,
                    row_count = s.row_count + excluded.row_count
                WHERE s.sequence + 1 = :sequence
            RETURNING s.sequence
        )
        INSERT INTO test_batch (source, sequence, row_count, series_ids, body, taken_at)
        SELECT :source, sequence, :row_count, :series_ids, :body, :at FROM next"""
    added = await tx.execute(sql(statement), vars(batch) | {"at": at})
    return added.rowcount == 1


async def add_series(tx: Transaction, series: TestSeries) -> None:
    """Keep what a test is; saying it again changes it."""
    statement = """
        INSERT INTO test_series (series_id, lot_id, equipment_id, started_at)
        VALUES (:series_id, :lot_id, :equipment_id, :started_at)
        ON CONFLICT (series_id) DO UPDATE SET lot_id = excluded.lot_id,
            equipment_id = excluded.equipment_id, started_at = excluded.started_at"""
    await tx.execute(sql(statement), series.model_dump())


async def series_of_lot(tx: Transaction, lot_id: str) -> list[TestSeries]:
    """Return the tests of a cell, newest first."""
    statement = """
        SELECT series_id, lot_id, equipment_id, started_at FROM test_series
        WHERE lot_id = :lot_id ORDER BY started_at DESC"""
    rows = await tx.execute(sql(statement), {"lot_id": lot_id})
    return [TestSeries(**row) for row in rows.mappings()]


async def waiting(tx: Transaction) -> Waiting:
    """Return how many rows of tests wait to be sealed, and since how many wall seconds."""
    statement = """
        SELECT coalesce(sum(row_count), 0)::bigint,
               coalesce(extract(epoch FROM clock_timestamp() - min(committed_at)), 0)::float8
        FROM test_batch"""
    return Waiting(*(await tx.execute(sql(statement))).one())


async def oldest_batches(tx: Transaction, most_rows: int) -> list[SealableBatch]:
    """Return the oldest batches, at least one, about `most_rows` rows in all."""
    rows = await tx.execute(sql(OLDEST), {"most_rows": most_rows})
    return [SealableBatch(*row) for row in rows]


async def delete_batches(tx: Transaction, batches: Sequence[SealableBatch]) -> bool:
    """Delete batches that are in a file now; False when another process sealed one of them."""
    statement = """
        DELETE FROM test_batch USING unnest(CAST(:sources AS text[]), CAST(:sequences AS bigint[]))
            AS sealed (source, sequence)
        WHERE test_batch.source = sealed.source AND test_batch.sequence = sealed.sequence"""
    deleted = await tx.execute(
        sql(statement),
        {
            "sources": [batch.source for batch in batches],
            "sequences": [batch.sequence for batch in batches],
        },
    )
    return deleted.rowcount == len(batches)


async def where(tx: Transaction, series_ids: Sequence[str]) -> Whereabouts:
    """Return where rows of tests stand: one statement, so each row is in exactly one place."""
    statement = """
        SELECT path, NULL::bytea FROM sealed_file
        WHERE content = 'tests' AND series_ids && CAST(:ids AS text[])
        UNION ALL SELECT NULL, body FROM test_batch
        WHERE series_ids && CAST(:ids AS text[]) OR series_ids = '{}'"""
    rows = (await tx.execute(sql(statement), {"ids": list(series_ids)})).all()
    return Whereabouts(
        bodies=[body for path, body in rows if path is None],
        paths=sorted(path for path, _ in rows if path is not None),
    )


async def merge_steps(tx: Transaction, steps: dict[str, list[Any]]) -> None:
    """Merge what a file holds of each step into what is known, and sum up the cycles it touches.

    steps: columns series_id, step, cycle, kind, row_count, capacity_mah, energy_mwh. Charge and
    energy count up within a step, so the highest is the step's, however many files it spans.
    """
    merge = """
        INSERT INTO test_step AS t
        SELECT * FROM unnest(
            CAST(:series_id AS text[]), CAST(:step AS integer[]), CAST(:cycle AS integer[]),
            CAST(:kind AS text[]), CAST(:row_count AS bigint[]),
            CAST(:capacity_mah AS float8[]), CAST(:energy_mwh AS float8[]))
        ON CONFLICT (series_id, step) DO UPDATE SET
            row_count = t.row_count + excluded.row_count,
            capacity_mah = greatest(t.capacity_mah, excluded.capacity_mah),
            energy_mwh = greatest(t.energy_mwh, excluded.energy_mwh)"""
    sum_up = """
        INSERT INTO test_cycle
        SELECT series_id, cycle,
            sum(capacity_mah) FILTER (WHERE kind LIKE '%\\_charge'),
            sum(capacity_mah) FILTER (WHERE kind LIKE '%\\_discharge'),
            sum(energy_mwh) FILTER (WHERE kind LIKE '%\\_charge'),
            sum(energy_mwh) FILTER (WHERE kind LIKE '%\\_discharge')
        FROM test_step JOIN (
            SELECT DISTINCT series_id, cycle
            FROM unnest(CAST(:series_id AS text[]), CAST(:cycle AS integer[]))
                AS touched (series_id, cycle)
        ) AS touched USING (series_id, cycle)
        GROUP BY series_id, cycle
        ON CONFLICT (series_id, cycle) DO UPDATE SET
            charge_mah = excluded.charge_mah, discharge_mah = excluded.discharge_mah,
            charge_mwh = excluded.charge_mwh, discharge_mwh = excluded.discharge_mwh"""
    figures = """
        INSERT INTO test_figures
        SELECT series_id, json_build_object(
            'cycle', json_agg(cycle ORDER BY cycle),
            'charge_mah', json_agg(charge_mah ORDER BY cycle),
            'discharge_mah', json_agg(discharge_mah ORDER BY cycle))
        FROM test_cycle WHERE series_id = ANY(CAST(:series_id AS text[])) GROUP BY series_id
        ON CONFLICT (series_id) DO UPDATE SET body = excluded.body"""
    await tx.execute(sql(merge), steps)
    await tx.execute(sql(sum_up), steps)
    await tx.execute(sql(figures), {"series_id": sorted(set(steps["series_id"]))})


async def kept_figures(tx: Transaction, series_ids: Sequence[str]) -> dict[str, str]:
    """Return the kept figures of each test as JSON text: what is sealed, not fresh rows.

    Columns cycle, charge_mah, discharge_mah; kept as text because nobody here looks into them.
    """
    statement = "SELECT series_id, body FROM test_figures WHERE series_id = ANY(:ids)"
    rows = await tx.execute(sql(statement), {"ids": list(series_ids)})
    return {series_id: body for series_id, body in rows.all()}
