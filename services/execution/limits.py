"""Time limits between operations: kept in the database, so that they survive any restart."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from services.execution.domain import TimeLimitRule, WorkMaster
from shared.db import sql
from shared.events import TimeLimitChanged
from shared.transaction import Transaction

# When an open or near window changes by itself; the index time_limit_due is made of these words.
DUE_AT = "(CASE WHEN state = 'open' AND limit_kind = 'max' THEN warn_at ELSE limit_at END)"


async def open_limits(
    tx: Transaction,
    master: WorkMaster,
    work_request_id: str,
    lot_id: str,
    operation: str,
    ended_at: datetime,
) -> list[TimeLimitChanged]:
    """Open the windows that begin with the end of an operation; return their events."""
    events = []
    for rule in master.time_limits:
        if rule.from_operation == operation and rule.status == "released":
            events.append(await _open(tx, rule, work_request_id, lot_id, ended_at))
    return [event for event in events if event is not None]


async def _open(
    tx: Transaction, rule: TimeLimitRule, work_request_id: str, lot_id: str, at: datetime
) -> TimeLimitChanged | None:
    values = {
        "time_limit_id": f"{lot_id}-{rule.name}",
        "lot_id": lot_id,
        "work_request_id": work_request_id,
        "name": rule.name,
        "limit_kind": rule.kind,
        "from_event": f"{rule.from_operation} ended",
        "to_event": f"{rule.to_operation} started",
        "started_at": at,
        "warn_at": at + timedelta(seconds=rule.limit_s * rule.warn_ratio),
        "limit_at": at + timedelta(seconds=rule.limit_s),
        "state": "open",
    }
    added = await tx.execute(
        sql("""
            INSERT INTO time_limit (time_limit_id, lot_id, work_request_id, name, limit_kind,
                from_event, to_event, started_at, warn_at, limit_at, state)
            VALUES (:time_limit_id, :lot_id, :work_request_id, :name, :limit_kind, :from_event,
                :to_event, :started_at, :warn_at, :limit_at, :state)
            ON CONFLICT DO NOTHING"""),
        values,
    )
    return TimeLimitChanged.model_validate(values) if added.rowcount else None


async def earliest_start(tx: Transaction, lot_id: str, operation: str) -> datetime | None:
    """Return the end of the longest minimum wait before an operation of a lot, or None."""
    earliest: datetime | None = await tx.scalar(
        sql("""
            SELECT max(limit_at) FROM time_limit
            WHERE lot_id = :lot_id AND limit_kind = 'min' AND to_event = :to_event"""),
        {"lot_id": lot_id, "to_event": f"{operation} started"},
    )
    return earliest


async def close_limits(
    tx: Transaction, lot_id: str, operation: str, started_at: datetime
) -> list[TimeLimitChanged]:
    """Close the windows that end with the start of an operation; return their events.

    A maximum that had passed at the start is broken, a minimum that had not is broken too. News
    of a start in time may come after time alone broke a maximum: then it was met all the same.
    """
    rows = (
        await tx.execute(
            sql("""
                UPDATE time_limit
                SET state = CASE WHEN limit_kind = 'max' AND :at <= limit_at
                                   OR limit_kind = 'min' AND :at >= limit_at
                                 THEN 'met' ELSE 'broken' END
                WHERE lot_id = :lot_id AND to_event = :to_event
                  AND (state IN ('open', 'near')
                       OR state = 'broken' AND limit_kind = 'max' AND :at <= limit_at)
                RETURNING *"""),
            {"lot_id": lot_id, "to_event": f"{operation} started", "at": started_at},
        )
    ).mappings()
    return [TimeLimitChanged.model_validate(dict(row)) for row in rows]


async def lift(
    tx: Transaction, missed: Sequence[tuple[str, str]], reason: str
) -> list[TimeLimitChanged]:
    """End the open windows before operations that lots will never go through; return their events.

    missed: each lot with such an operation. Nothing was broken, so they count as met.
    """
    rows = await tx.execute(
        sql("""
            UPDATE time_limit SET state = 'lifted'
            FROM unnest(CAST(:lots AS text[]), CAST(:ends AS text[])) AS missed (lot, ends)
            WHERE lot_id = missed.lot AND to_event = missed.ends AND state IN ('open', 'near')
            RETURNING time_limit.*"""),
        {
            "lots": [lot_id for lot_id, _ in missed],
            "ends": [f"{operation} started" for _, operation in missed],
        },
    )
    return [
        TimeLimitChanged.model_validate({**row, "state": "met", "reason": reason})
        for row in rows.mappings()
    ]


async def has_broken(tx: Transaction, lot_id: str) -> bool:
    """Say whether a window of a lot was broken."""
    statement = """
        SELECT EXISTS (SELECT 1 FROM time_limit WHERE lot_id = :lot_id AND state = 'broken')"""
    return bool(await tx.scalar(sql(statement), {"lot_id": lot_id}))


async def due_requests(tx: Transaction, now: datetime, most: int) -> list[str]:
    """Return at most `most` work requests with windows that have changed by themselves."""
    rows = await tx.scalars(
        sql(f"""
            SELECT work_request_id FROM (
                SELECT work_request_id, {DUE_AT} AS due_at FROM time_limit
                WHERE state IN ('open', 'near') AND {DUE_AT} <= :now
                ORDER BY {DUE_AT}
            ) AS due GROUP BY work_request_id ORDER BY min(due_at) LIMIT :most"""),
        {"now": now, "most": most},
    )
    return list(rows)


async def pass_time(tx: Transaction, work_request_id: str, now: datetime) -> list[TimeLimitChanged]:
    """Move due maximum windows to near or broken, and minimum ones to met; return their events.

    The work request is locked already, as by those who start or end a job order.
    """
    rows = await tx.execute(
        sql(f"""
            UPDATE time_limit
            SET state = CASE WHEN limit_kind = 'min' THEN 'met'
                             WHEN :now >= limit_at THEN 'broken' ELSE 'near' END
            WHERE state IN ('open', 'near') AND {DUE_AT} <= :now
              AND work_request_id = :work_request_id
            RETURNING *"""),
        {"now": now, "work_request_id": work_request_id},
    )
    changed = [TimeLimitChanged.model_validate(dict(row)) for row in rows.mappings()]
    return sorted(changed, key=lambda limit: (limit.limit_at, limit.time_limit_id))


async def next_due(tx: Transaction) -> datetime | None:
    """Return the next instant at which a window changes by itself."""
    due: datetime | None = await tx.scalar(
        sql(f"""
            SELECT {DUE_AT} FROM time_limit WHERE state IN ('open', 'near')
            ORDER BY {DUE_AT} LIMIT 1"""),
    )
    return due


async def of_lot(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return the windows of a lot, oldest first."""
    rows = await tx.execute(
        sql("""
            SELECT name, limit_kind AS kind, from_event, to_event, started_at, limit_at, state
            FROM time_limit WHERE lot_id = :lot_id ORDER BY started_at, name"""),
        {"lot_id": lot_id},
    )
    return [dict(row) for row in rows.mappings()]


async def ending_by(tx: Transaction, until: datetime, limit: int) -> dict[str, Any]:
    """Return the open windows that end by an instant, the nearest first, and how many there are."""
    among = "FROM time_limit WHERE state IN ('open', 'near') AND limit_at <= :until"
    total = await tx.scalar(sql(f"SELECT count(*) {among}"), {"until": until})
    rows = await tx.execute(
        sql(f"""
            SELECT lot_id, work_request_id, name, limit_kind AS kind, from_event, to_event,
                   started_at, limit_at, state
            {among} ORDER BY limit_at, lot_id, name LIMIT :limit"""),
        {"until": until, "limit": limit},
    )
    return {"items": [dict(row) for row in rows.mappings()], "total": total}
