"""Grades of cells in formation's database; a grade, once given, stays beside later ones."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.db import sql
from shared.errors import NotFoundError
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class Graded:
    """One grade of one cell with all it rests on.

    resistance_ohm: at 10 s, None where not measured. person: who asked for a regrade.
    """

    lot_id: str
    job_order_id: str
    product_id: str
    work_request_id: str
    protocol_id: str
    protocol_version: int
    equipment_id: str
    channel: str
    chamber_position: str | None
    grading_version: int
    grade: str
    reasons: tuple[str, ...]
    capacity_mah: float | None
    efficiency_ratio: float | None
    resistance_ohm: float | None
    person: str | None = None
    why: str | None = None


async def keep(tx: Transaction, graded: Graded, at: datetime) -> None:
    """Keep a grade beside those the cell had before."""
    await tx.execute(
        sql("""
            INSERT INTO cell_grade (lot_id, product_id, protocol_id, protocol_version,
                                    work_request_id, body, graded_at)
            VALUES (:lot_id, :product_id, :protocol_id, :protocol_version, :work_request_id,
                    CAST(:body AS jsonb), :at)"""),
        {**vars(graded), "body": json.dumps(vars(graded)), "at": at},
    )


async def history(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return all grades of a cell, oldest first."""
    rows = await tx.execute(
        sql("SELECT body, graded_at FROM cell_grade WHERE lot_id = :id ORDER BY grade_id"),
        {"id": lot_id},
    )
    return [{**row["body"], "graded_at": row["graded_at"]} for row in rows.mappings()]


async def newest(tx: Transaction, lot_id: str) -> Graded:
    """Return the grade that counts for a cell.

    Raises:
        NotFoundError: it has none.
    """
    body = await tx.scalar(
        sql("SELECT body FROM cell_grade WHERE lot_id = :id ORDER BY grade_id DESC LIMIT 1"),
        {"id": lot_id},
    )
    if body is None:
        raise NotFoundError(f"lot {lot_id} has no grade")
    return _graded(body)


async def of_recipe(
    tx: Transaction,
    product_id: str,
    protocol_id: str,
    protocol_version: int,
    work_request_id: str | None = None,
) -> list[Graded]:
    """Return the newest grade of each cell of one product and recipe version, never of two."""
    rows = await tx.execute(
        sql("""
            SELECT DISTINCT ON (lot_id) body FROM cell_grade
            WHERE product_id = :product_id AND protocol_id = :protocol_id
                AND protocol_version = :protocol_version
                AND (CAST(:work_request_id AS text) IS NULL OR work_request_id = :work_request_id)
            ORDER BY lot_id, grade_id DESC"""),
        {
            "product_id": product_id,
            "protocol_id": protocol_id,
            "protocol_version": protocol_version,
            "work_request_id": work_request_id,
        },
    )
    return [_graded(row["body"]) for row in rows.mappings()]


async def keep_factor(tx: Transaction, lot_id: str, factor: str, level: str) -> None:
    """Keep what a cell was made with, such as its spray head; the newest word counts."""
    await tx.execute(
        sql("""
            INSERT INTO cell_factor (lot_id, factor, level) VALUES (:lot_id, :factor, :level)
            ON CONFLICT (lot_id, factor) DO UPDATE SET level = excluded.level"""),
        {"lot_id": lot_id, "factor": factor, "level": level},
    )


async def keep_parts(tx: Transaction, lot_id: str, part_ids: Sequence[str]) -> None:
    """Keep which parts a cell is made of."""
    await tx.execute(
        sql("""
            INSERT INTO cell_part (lot_id, part_lot_id)
            SELECT :lot_id, part FROM unnest(CAST(:parts AS text[])) AS part
            WHERE part <> :lot_id ON CONFLICT DO NOTHING"""),
        {"lot_id": lot_id, "parts": list(part_ids)},
    )


async def keep_levels(
    tx: Transaction, factor: str, level_of: Mapping[str, str], ended_at: datetime
) -> None:
    """Keep what lots went through; what they went through last counts."""
    if not level_of:
        return
    await tx.execute(
        sql("""
            INSERT INTO part_level AS p (lot_id, factor, level, ended_at)
            SELECT lot_id, :factor, level, :ended_at
            FROM unnest(CAST(:lots AS text[]), CAST(:levels AS text[])) AS t (lot_id, level)
            ON CONFLICT (lot_id, factor) DO UPDATE
            SET level = excluded.level, ended_at = excluded.ended_at
            WHERE p.ended_at <= excluded.ended_at"""),
        {
            "factor": factor,
            "ended_at": ended_at,
            "lots": list(level_of),
            "levels": list(level_of.values()),
        },
    )


async def factor_levels(tx: Transaction, factor: str, lot_ids: Sequence[str]) -> dict[str, str]:
    """Return the level of each of some cells that has one.

    What a person said counts, then the cell's own, then that of more than half of its parts: a
    cell whose parts come from everywhere has none.
    """
    statement = """
        WITH wanted AS (SELECT unnest(CAST(:ids AS text[])) AS lot_id),
        counted AS (
            SELECT c.lot_id, l.level, count(*) AS part_count,
                   sum(count(*)) OVER (PARTITION BY c.lot_id) AS known_count
            FROM wanted JOIN cell_part c USING (lot_id)
            JOIN part_level l ON l.lot_id = c.part_lot_id AND l.factor = :factor
            GROUP BY c.lot_id, l.level)
        SELECT lot_id, level, 3 AS rank FROM counted WHERE 2 * part_count > known_count
        UNION ALL
        SELECT lot_id, level, 2 FROM wanted JOIN part_level USING (lot_id) WHERE factor = :factor
        UNION ALL
        SELECT lot_id, level, 1 FROM wanted JOIN cell_factor USING (lot_id) WHERE factor = :factor
        ORDER BY rank DESC"""
    rows = await tx.execute(sql(statement), {"factor": factor, "ids": list(lot_ids)})
    return {row["lot_id"]: row["level"] for row in rows.mappings()}


def _graded(body: dict[str, Any]) -> Graded:
    return Graded(**{**body, "reasons": tuple(body["reasons"])})
