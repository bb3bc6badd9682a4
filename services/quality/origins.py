"""What quality knows of other services: pellet lots, what cells are made of, witnesses ordered."""

from collections.abc import Sequence

from services.quality.store import all_rows
from shared.db import sql
from shared.transaction import Transaction


async def keep_request(tx: Transaction, work_request_id: str, witness_quantity: int) -> None:
    """Keep how many witness cells a work request makes."""
    await tx.execute(
        sql("""
            INSERT INTO work_request (work_request_id, witness_quantity)
            VALUES (:id, :witness_quantity) ON CONFLICT DO NOTHING"""),
        {"id": work_request_id, "witness_quantity": witness_quantity},
    )


async def witness_quantity(tx: Transaction, work_request_id: str) -> int | None:
    """Return how many witness cells a work request makes, None where it is not known here."""
    quantity: int | None = await tx.scalar(
        sql("SELECT witness_quantity FROM work_request WHERE work_request_id = :id"),
        {"id": work_request_id},
    )
    return quantity


async def keep_members(tx: Transaction, pellet_lot_id: str, lot_ids: Sequence[str]) -> None:
    """Keep which pellet lot pellets are of."""
    await tx.execute(
        sql("""
            INSERT INTO member (lot_id, pellet_lot_id)
            SELECT lot_id, :pellet_lot_id FROM unnest(CAST(:lot_ids AS text[])) AS lot_id
            ON CONFLICT (lot_id) DO UPDATE SET pellet_lot_id = excluded.pellet_lot_id"""),
        {"pellet_lot_id": pellet_lot_id, "lot_ids": list(lot_ids)},
    )


async def keep_components(tx: Transaction, lot_id: str, part_ids: Sequence[str]) -> None:
    """Keep which pellets a cell has; what is no member of a pellet lot is left out."""
    await tx.execute(
        sql("""
            INSERT INTO component (lot_id, part_lot_id)
            SELECT :lot_id, lot_id FROM member
            WHERE lot_id = ANY(:part_ids) AND lot_id <> :lot_id AND pellet_lot_id <> :lot_id
            ON CONFLICT DO NOTHING"""),
        {"lot_id": lot_id, "part_ids": list(part_ids)},
    )


async def pellet_lots(tx: Transaction, lot_id: str) -> list[str]:
    """Return the pellet lots that a pellet or a cell's pellets are of."""
    rows = await all_rows(
        tx,
        """
        SELECT pellet_lot_id FROM member WHERE lot_id = :lot_id OR pellet_lot_id = :lot_id
        UNION
        SELECT m.pellet_lot_id FROM component c JOIN member m ON m.lot_id = c.part_lot_id
        WHERE c.lot_id = :lot_id
        ORDER BY pellet_lot_id""",
        lot_id=lot_id,
    )
    return [row["pellet_lot_id"] for row in rows]
