"""What quality shows of nonconformances: one with all about it, and which are the most frequent."""

from datetime import datetime
from typing import Any, Literal

from services.quality import nonconformancestore, signing
from services.quality.nonconformance import is_late, pareto
from services.quality.store import all_rows
from shared.errors import NotFoundError
from shared.transaction import Transaction

By = Literal["category", "cause_of", "equipment_id", "operation", "severity"]
UNKNOWN = "unknown"


async def one(tx: Transaction, nonconformance_id: str, now: datetime) -> dict[str, Any]:
    """Return a nonconformance with lots, entries, dispositions, signatures and actions.

    Raises:
        NotFoundError: no such nonconformance.
    """
    rows = await all_rows(
        tx, "SELECT * FROM nonconformance WHERE nonconformance_id = :id", id=nonconformance_id
    )
    if not rows:
        raise NotFoundError(f"nonconformance {nonconformance_id} does not exist")
    entries = await all_rows(
        tx,
        """
        SELECT kind, person, body, entered_at FROM nonconformance_entry
        WHERE nonconformance_id = :id ORDER BY entry_id""",
        id=nonconformance_id,
    )
    reworks = await all_rows(
        tx,
        """
        SELECT lot_id, rework_route_id, version, operations_left, ordered_at, times FROM rework
        WHERE nonconformance_id = :id ORDER BY lot_id, ordered_at, rework_route_id""",
        id=nonconformance_id,
    )
    return {
        **dict(rows[0]),
        "lots": [dict(row) for row in await nonconformancestore.lots(tx, nonconformance_id)],
        "entries": [dict(row) for row in entries],
        "dispositions": await _dispositions(tx, nonconformance_id),
        "rework": [dict(row) for row in reworks],
        "actions": await _actions(tx, nonconformance_id, now),
        "signatures": await signing.signatures(tx, "nonconformance", nonconformance_id),
    }


async def action_states(tx: Transaction, nonconformance_id: str) -> list[str]:
    """Return the states of the actions of a nonconformance."""
    rows = await all_rows(
        tx,
        "SELECT state FROM corrective_action WHERE nonconformance_id = :id ORDER BY action_id",
        id=nonconformance_id,
    )
    return [row["state"] for row in rows]


async def frequency(tx: Transaction, by: By, since: datetime | None) -> list[dict[str, Any]]:
    """Return what nonconformances are about, the most frequent first, with cumulative shares."""
    rows = await all_rows(
        tx,
        f"""
        SELECT coalesce(n.{by}, '{UNKNOWN}') AS word, count(*) AS count,
               sum((SELECT count(*) FROM nonconformance_lot l
                    WHERE l.nonconformance_id = n.nonconformance_id)) AS lot_count
        FROM nonconformance n
        WHERE CAST(:since AS timestamptz) IS NULL OR n.raised_at >= :since
        GROUP BY 1""",
        since=since,
    )
    return pareto({row["word"]: (int(row["count"]), int(row["lot_count"])) for row in rows})


async def _dispositions(tx: Transaction, nonconformance_id: str) -> list[dict[str, Any]]:
    rows = await all_rows(
        tx,
        """
        SELECT disposition_id, record, state, proposed_at, in_force_at FROM lot_decision
        WHERE nonconformance_id = :id ORDER BY proposed_at, disposition_id""",
        id=nonconformance_id,
    )
    return [
        {
            **dict(row),
            "signatures": await signing.signatures(tx, "disposition", row["disposition_id"]),
        }
        for row in rows
    ]


async def _actions(tx: Transaction, nonconformance_id: str, now: datetime) -> list[dict[str, Any]]:
    rows = await all_rows(
        tx,
        """
        SELECT action_id, body, state, done_at, CAST(body ->> 'due_at' AS timestamptz) AS due_at
        FROM corrective_action WHERE nonconformance_id = :id ORDER BY action_id""",
        id=nonconformance_id,
    )
    return [
        {
            **row["body"],
            "state": row["state"],
            "done_at": row["done_at"],
            "is_late": is_late(row["due_at"], now, row["state"]),
        }
        for row in rows
    ]
