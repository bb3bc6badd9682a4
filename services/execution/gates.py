"""What gates decided over lots and which they hold, in execution's database."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import RowMapping

from services.execution.store import all_rows
from shared.db import sql
from shared.transaction import Transaction

# States of lots of which nothing becomes any more, so that a hold of them waits for nobody.
OVER = ["scrapped", "consumed", "cancelled"]


async def keep_hold(tx: Transaction, lot_id: str, gate: str, reason: str, now: datetime) -> bool:
    """Hold a lot for a gate; False when that gate holds it already."""
    added = await tx.execute(
        sql("""
            INSERT INTO hold (lot_id, gate, reason, held_at, is_over)
            SELECT :lot_id, :gate, :reason, :now, coalesce(
                (SELECT state = ANY(:over) FROM lot l WHERE l.lot_id = :lot_id), false)
            ON CONFLICT DO NOTHING"""),
        {"lot_id": lot_id, "gate": gate, "reason": reason, "now": now, "over": OVER},
    )
    return bool(added.rowcount)


async def keep_holds(
    tx: Transaction, lot_ids: Sequence[str], gate: str, reason: str, now: datetime
) -> Sequence[RowMapping]:
    """Hold many lots for a gate; return those that it did not hold before, with their request.

    Lots that are not known here or are used up are left out.
    """
    return await all_rows(
        tx,
        """
        WITH held AS (
            INSERT INTO hold (lot_id, gate, reason, held_at, is_over)
            SELECT lot_id, :gate, :reason, :now, state = ANY(:over) FROM lot
            WHERE lot_id = ANY(:ids) AND state <> 'consumed'
            ON CONFLICT DO NOTHING RETURNING lot_id
        )
        SELECT lot_id, work_request_id FROM lot JOIN held USING (lot_id) ORDER BY lot_id""",
        ids=list(lot_ids),
        gate=gate,
        reason=reason,
        now=now,
        over=OVER,
    )


async def close_holds(tx: Transaction, lot_ids: Sequence[str]) -> None:
    """Note that the holds of lots wait for nobody any more; they stay, for good."""
    await tx.execute(
        sql("UPDATE hold SET is_over = true WHERE lot_id = ANY(:ids) AND NOT is_over"),
        {"ids": list(lot_ids)},
    )


async def close_left_over(tx: Transaction, work_request_id: str) -> None:
    """Note so of the holds of powder and pellets that a work request left over."""
    await tx.execute(
        sql("""
            UPDATE hold SET is_over = true FROM lot l
            WHERE l.lot_id = hold.lot_id AND l.work_request_id = :id AND NOT is_over
              AND l.kind IN ('powder', 'pellet_lot', 'pellet')"""),
        {"id": work_request_id},
    )


async def end_holds(tx: Transaction, lot_ids: Sequence[str], gate: str) -> Sequence[RowMapping]:
    """End a gate's hold of many lots; return those that it held, with their request."""
    return await all_rows(
        tx,
        """
        WITH ended AS (
            DELETE FROM hold WHERE lot_id = ANY(:ids) AND gate = :gate RETURNING lot_id
        )
        SELECT lot_id, work_request_id FROM lot JOIN ended USING (lot_id) ORDER BY lot_id""",
        ids=list(lot_ids),
        gate=gate,
    )


async def end_hold(tx: Transaction, lot_id: str, gate: str) -> bool:
    """End a gate's hold of a lot; False when that gate did not hold it."""
    ended = await tx.execute(
        sql("DELETE FROM hold WHERE lot_id = :lot_id AND gate = :gate"),
        {"lot_id": lot_id, "gate": gate},
    )
    return bool(ended.rowcount)


async def holds(tx: Transaction, lot_ids: Sequence[str]) -> Sequence[RowMapping]:
    """Return the holds of lots, oldest first."""
    return await all_rows(
        tx,
        "SELECT * FROM hold WHERE lot_id = ANY(:ids) ORDER BY held_at, lot_id",
        ids=list(lot_ids),
    )


async def held_by(tx: Transaction, lot_ids: Sequence[str], gate: str) -> set[str]:
    """Return those of some lots that a gate holds."""
    return {row["lot_id"] for row in await holds(tx, lot_ids) if row["gate"] == gate}


async def cells_of(tx: Transaction, pellet_ids: Sequence[str], gate: str) -> Sequence[RowMapping]:
    """Return the cells that pellets were taken for, as a gate sees them.

    `pellet_id` and `reason` are of the first of all their pellets that the gate holds, None where
    there is none; `disposition` is what it decided over the cell itself.
    """
    return await all_rows(
        tx,
        """
        SELECT c.lot_id, p.lot_id AS pellet_id, p.reason, d.disposition
        FROM (SELECT DISTINCT allocated_to FROM lot WHERE lot_id = ANY(:ids)) AS taken
        JOIN lot c ON c.lot_id = taken.allocated_to
        LEFT JOIN disposition d ON d.lot_id = c.lot_id AND d.gate = :gate
        LEFT JOIN LATERAL (
            SELECT h.lot_id, h.reason FROM hold h JOIN lot m USING (lot_id)
            WHERE m.allocated_to = c.lot_id AND h.gate = :gate
            ORDER BY h.held_at, h.lot_id LIMIT 1) p ON true
        ORDER BY c.lot_id""",
        ids=list(pellet_ids),
        gate=gate,
    )


async def keep_dispositions(
    tx: Transaction, rows: Sequence[Mapping[str, str]], now: datetime
) -> None:
    """Keep what a gate decided; a later decision replaces an earlier one."""
    await tx.execute(
        sql("""
            INSERT INTO disposition (lot_id, gate, disposition, reason, decided_at)
            VALUES (:lot_id, :gate, :disposition, :reason, :now)
            ON CONFLICT (lot_id, gate) DO UPDATE
            SET disposition = excluded.disposition, reason = excluded.reason,
                decided_at = excluded.decided_at"""),
        [{**row, "now": now} for row in rows],
    )


async def dispositions(
    tx: Transaction, lot_ids: Sequence[str], gates: Sequence[str]
) -> Mapping[tuple[str, str], RowMapping]:
    """Return decisions by (lot, gate); what was never decided is left out."""
    rows = await all_rows(
        tx,
        "SELECT * FROM disposition WHERE lot_id = ANY(:ids) AND gate = ANY(:gates)",
        ids=list(lot_ids),
        gates=list(gates),
    )
    return {(row["lot_id"], row["gate"]): row for row in rows}
