"""Handovers in the gateway's database, for adding only."""

import json
from datetime import datetime
from typing import Any

from shared.db import sql
from shared.transaction import Transaction

_COLUMNS = """
    SELECT h.handover_id, h.begun_at, h.written_at, h.person, h.supersedes,
           h.record_sha256, t.person AS taken_by, t.printed_name, t.remark, t.taken_at,
           n.handover_id AS superseded_by"""
_FROM = """
    FROM handover h
    LEFT JOIN handover_taken t USING (handover_id)
    LEFT JOIN handover n ON n.supersedes = h.handover_id"""


async def one_at_a_time(tx: Transaction) -> None:
    """Let nobody else write or take over until this transaction is over."""
    await tx.execute(sql("SELECT pg_advisory_xact_lock(727006)"))


async def add(
    tx: Transaction,
    *,
    handover_id: str,
    begun_at: datetime,
    written_at: datetime,
    person: str,
    supersedes: str | None,
    record: str,
    record_sha256: str,
) -> None:
    """Keep a handover."""
    statement = """
        INSERT INTO handover (handover_id, begun_at, written_at, person, supersedes, record,
                              record_sha256)
        VALUES (:handover_id, :begun_at, :written_at, :person, :supersedes, :record,
                :record_sha256)"""
    values = {
        "handover_id": handover_id,
        "begun_at": begun_at,
        "written_at": written_at,
        "person": person,
        "supersedes": supersedes,
        "record": record,
        "record_sha256": record_sha256,
    }
    await tx.execute(sql(statement), values)


async def add_taking(
    tx: Transaction,
    *,
    handover_id: str,
    person: str,
    printed_name: str,
    remark: str | None,
    record_sha256: str,
    taken_at: datetime,
) -> None:
    """Keep who took a handover over."""
    statement = """
        INSERT INTO handover_taken (handover_id, person, printed_name, remark, record_sha256,
                                    taken_at)
        VALUES (:handover_id, :person, :printed_name, :remark, :record_sha256, :taken_at)"""
    values = {
        "handover_id": handover_id,
        "person": person,
        "printed_name": printed_name,
        "remark": remark,
        "record_sha256": record_sha256,
        "taken_at": taken_at,
    }
    await tx.execute(sql(statement), values)


async def whole(tx: Transaction, handover_id: str) -> dict[str, Any] | None:
    """Return a handover with its record and who took it over; None: no such."""
    statement = f"{_COLUMNS}, h.record {_FROM} WHERE h.handover_id = :id"
    row = (await tx.execute(sql(statement), {"id": handover_id})).mappings().first()
    return None if row is None else _written({**row, "record": json.loads(row["record"])})


async def not_taken_of(tx: Transaction, begun_at: datetime, shift: str | None) -> str | None:
    """Return the newest handover of a shift that nobody has taken over, None without one.

    Where there are no shifts, the newest of all.
    """
    statement = f"""
        {_COLUMNS} {_FROM} WHERE t.handover_id IS NULL AND n.handover_id IS NULL
          AND (CAST(:shift AS text) IS NULL OR h.begun_at = :begun_at)
        ORDER BY h.written_at DESC LIMIT 1"""
    found = await tx.execute(sql(statement), {"begun_at": begun_at, "shift": shift})
    row = found.mappings().first()
    return None if row is None else str(row["handover_id"])


async def newest(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the newest handovers, each without what stood open."""
    statement = f"""
        {_COLUMNS}, h.summary AS record {_FROM}
        ORDER BY h.written_at DESC, h.handover_id LIMIT :limit"""
    rows = await tx.execute(sql(statement), {"limit": limit})
    return [_written(dict(row)) for row in rows.mappings()]


def _written(row: dict[str, Any]) -> dict[str, Any]:
    times = {
        name: row[name].isoformat() if row[name] else None
        for name in ("begun_at", "written_at", "taken_at")
    }
    return {**row, **times}
