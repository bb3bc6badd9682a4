"""Grades of cells in formation's database; a grade, once given, stays beside later ones."""

import json
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


async def factor_levels(tx: Transaction, factor: str) -> dict[str, str]:
    """Return the level of each cell that has one."""
    rows = await tx.execute(
        sql("SELECT lot_id, level FROM cell_factor WHERE factor = :factor"), {"factor": factor}
    )
    return {row["lot_id"]: row["level"] for row in rows.mappings()}


def _graded(body: dict[str, Any]) -> Graded:
    return Graded(**{**body, "reasons": tuple(body["reasons"])})
