"""What an ERP system is told: a feed of confirmations with a cursor, and its place in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.trace.isa95 import job_response
from services.trace.told import Told
from shared.db import sql
from shared.transaction import Transaction

KINDS = {
    "work_request_accepted": "order_accepted",
    "job_order_ended": "operation_confirmed",
    "cell_graded": "cell_graded",
    "cell_completed": "cell_completed",
    "work_request_ended": "order_ended",
}
_SAID = {
    "work_request_accepted": ("product_id", "quantity", "due_at", "job_order_count"),
    "job_order_ended": ("lot_id", "operation", "state"),
    "cell_graded": ("lot_id", "grade", "discharge_capacity_mah"),
    "cell_completed": ("lot_id", "grade", "discharge_capacity_mah"),
    "work_request_ended": ("released_count", "blocked_count"),
}
# Said where the event says it: what was confirmed of an older one is told again as it was.
_SAID_IF_KNOWN = {"work_request_ended": ("cancelled_count",)}
# What is under a seal stands still: nothing can appear below it any more.
_SETTLED = "(SELECT coalesce(max(position), 0) FROM seal)"


async def ended_jobs(tx: Transaction, after: int, limit: int) -> list[Told]:
    """Return sealed ends of job orders after a position, in order."""
    return await _told(tx, ["org.halite.job_order_ended.v1"], after, limit)


async def confirmations(tx: Transaction, after: int, limit: int) -> list[dict[str, Any]]:
    """Return sealed confirmations after a position, in order; `number` is their position."""
    told = await _told(tx, [f"org.halite.{kind}.v1" for kind in KINDS], after, limit)
    requests = sorted({one.data["work_request_id"] for one in told})
    numbers = await _order_numbers(tx, requests)
    return [confirmation(one, numbers.get(one.data["work_request_id"])) for one in told]


def confirmation(one: Told, order_number: str | None) -> dict[str, Any]:
    """Return what an ERP system is told of an event. order_number: its own, None if it has none."""
    made: dict[str, Any] = {
        "number": one.position,
        "confirmation_id": one.event_id,
        "kind": KINDS[one.kind],
        "order_number": order_number,
        "work_request_id": one.data["work_request_id"],
        "time": one.time.isoformat(),
        **one.picked(*_SAID[one.kind]),
        **one.picked(*(name for name in _SAID_IF_KNOWN.get(one.kind, ()) if name in one.data)),
    }
    return made | ({"job_response": job_response(one)} if one.kind == "job_order_ended" else {})


async def settled(tx: Transaction) -> int:
    """Return the position up to which confirmations are final."""
    return await tx.scalar(sql(f"SELECT {_SETTLED}")) or 0


async def place_of(tx: Transaction, url: str) -> int:
    """Return up to which position an address has taken all confirmations."""
    statement = """
        INSERT INTO erp_delivery (url) VALUES (:url)
        ON CONFLICT (url) DO UPDATE SET url = excluded.url RETURNING position"""
    return await tx.scalar(sql(statement), {"url": url}) or 0


async def taken(tx: Transaction, url: str, position: int, count: int) -> None:
    """Keep that an address has taken all up to a position, `count` of them just now."""
    statement = """
        UPDATE erp_delivery SET position = :position, delivered_count = delivered_count + :count,
            failing_since = NULL, failure = NULL
        WHERE url = :url AND position < :position"""
    await tx.execute(sql(statement), {"url": url, "position": position, "count": count})


async def refused(tx: Transaction, url: str, failure: str, now: datetime) -> None:
    """Keep why an address does not take the next one, and since when."""
    statement = """
        UPDATE erp_delivery SET failure = :failure, failing_since = coalesce(failing_since, :now)
        WHERE url = :url"""
    await tx.execute(sql(statement), {"url": url, "failure": failure, "now": now})


async def deliveries(tx: Transaction) -> list[dict[str, Any]]:
    """Return how each address that was ever delivered to stands."""
    rows = (await tx.execute(sql("SELECT * FROM erp_delivery ORDER BY url"))).mappings()
    return [dict(row) for row in rows]


async def _told(tx: Transaction, types: Sequence[str], after: int, limit: int) -> list[Told]:
    statement = f"""
        SELECT position, event_id::text, source, sequence, type, subject, time,
               CAST(body AS jsonb) -> 'data' AS data, CAST(body AS jsonb) ->> 'causationid'
               AS caused_by, NULL::bigint AS seal_position
        FROM record
        WHERE position > :after AND position <= {_SETTLED} AND type = ANY(CAST(:types AS text[]))
        ORDER BY position LIMIT :limit"""
    values = {"after": after, "limit": limit, "types": list(types)}
    rows = (await tx.execute(sql(statement), values)).mappings()
    return [Told(**row) for row in rows]


async def _order_numbers(tx: Transaction, work_request_ids: Sequence[str]) -> dict[str, str | None]:
    statement = """
        SELECT subject, CAST(body AS jsonb) -> 'data' ->> 'order_number' AS order_number
        FROM record
        WHERE type = 'org.halite.work_request_accepted.v1'
            AND subject = ANY(CAST(:ids AS text[]))"""
    rows = await tx.execute(sql(statement), {"ids": list(work_request_ids)})
    return {work_request_id: number for work_request_id, number in rows.all()}
