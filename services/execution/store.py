"""Job orders and lots in execution's database."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import RowMapping

from services.execution.domain import JobState, LotState, ReceivedLot, Scope
from services.execution.routing import BUILT_KINDS, Expansion, PlannedJobOrder
from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.facts import Material
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class JobOrder:
    """A job order as kept here."""

    job_order_id: str
    work_request_id: str
    operation: str
    scope: Scope
    lot_id: str
    state: JobState
    reason: str | None
    materials: tuple[Material, ...]
    through: tuple[str, ...] = ()
    is_rework: bool = False


async def all_rows(tx: Transaction, statement: str, **values: Any) -> Sequence[RowMapping]:
    """Return the rows of a statement."""
    return (await tx.execute(sql(statement), values)).mappings().all()


async def add_lots(
    tx: Transaction, work_request_id: str, expansion: Expansion, now: datetime
) -> None:
    """Keep the lots that a work request will make."""
    if not expansion.lots:
        return
    await tx.execute(
        sql("""
            INSERT INTO lot (lot_id, material_definition_id, kind, quantity, unit, state,
                             work_request_id, member_of, updated_at)
            VALUES (:lot_id, :material_definition_id, :kind, :quantity, :unit, 'planned',
                    :work_request_id, :member_of, :now)"""),
        [{**vars(lot), "work_request_id": work_request_id, "now": now} for lot in expansion.lots],
    )


async def add_job_orders(
    tx: Transaction,
    work_request_id: str,
    planned: Sequence[PlannedJobOrder],
    *,
    through: Sequence[str] = (),
    ordered_by: str | None = None,
    materials: Sequence[Material] = (),
) -> None:
    """Keep job orders that may not start yet.

    through: gates whose holds they go through. ordered_by: what ordered them beyond the route.
    materials: what goes through them again; without any they are no rework.
    """
    await tx.execute(
        sql("""
            INSERT INTO job_order (job_order_id, work_request_id, operation, scope, position,
                                   lot_id, after, state, through, ordered_by, is_rework,
                                   materials)
            VALUES (:job_order_id, :work_request_id, :operation, :scope, :position, :lot_id,
                    :after, 'not_allowed_to_start', :through, :ordered_by,
                    :is_rework, CAST(:materials AS jsonb))"""),
        [
            {
                **vars(job_order),
                "after": list(job_order.after),
                "work_request_id": work_request_id,
                "through": list(through),
                "ordered_by": ordered_by,
                "is_rework": bool(materials),
                "materials": json.dumps([item.model_dump() for item in materials]),
            }
            for job_order in planned
        ],
    )


async def receive(tx: Transaction, lot: ReceivedLot, now: datetime) -> bool:
    """Take a lot into stock; False when it is there already.

    Raises:
        ConflictError: the lot id is in use for another material.
    """
    added = await tx.execute(
        sql("""
            INSERT INTO lot (lot_id, material_definition_id, kind, quantity, unit, state,
                             received_at, updated_at)
            VALUES (:lot_id, :material_definition_id, 'stock', :quantity, :unit, 'available',
                    :now, :now)
            ON CONFLICT DO NOTHING"""),
        {**lot.model_dump(exclude={"supplier"}), "now": now},
    )
    if added.rowcount:
        return True
    held = await tx.scalar(
        sql("SELECT material_definition_id FROM lot WHERE lot_id = :lot_id"),
        {"lot_id": lot.lot_id},
    )
    if held != lot.material_definition_id:
        raise ConflictError(
            f"lot {lot.lot_id} exists as {held}, not {lot.material_definition_id}",
            {"lot_id": lot.lot_id, "material_definition_id": held},
        )
    return False


async def lock_request(tx: Transaction, work_request_id: str) -> RowMapping:
    """Lock a work request for the transaction; all changes to its job orders go through this.

    Raises:
        NotFoundError: no such work request.
    """
    rows = await all_rows(
        tx,
        "SELECT * FROM work_request WHERE work_request_id = :id FOR UPDATE",
        id=work_request_id,
    )
    if not rows:
        raise NotFoundError(f"work request {work_request_id} does not exist")
    return rows[0]


async def job_order(tx: Transaction, job_order_id: str) -> JobOrder:
    """Return one job order.

    Raises:
        NotFoundError: no such job order.
    """
    rows = await all_rows(
        tx, "SELECT * FROM job_order WHERE job_order_id = :id FOR UPDATE", id=job_order_id
    )
    if not rows:
        raise NotFoundError(f"job order {job_order_id} does not exist")
    return _job_order(rows[0])


async def newest_ended(
    tx: Transaction, work_request_id: str, operation: str, lot_id: str
) -> JobOrder | None:
    """Return the newest ended job order of an operation that a lot went through."""
    rows = await all_rows(
        tx,
        """
        SELECT * FROM job_order
        WHERE work_request_id = :id AND operation = :operation AND state = 'ended'
          AND (lot_id = :lot_id OR materials @> CAST(:named AS jsonb))
        ORDER BY ended_at DESC LIMIT 1""",
        id=work_request_id,
        operation=operation,
        lot_id=lot_id,
        named=json.dumps([{"lot_id": lot_id, "use": "processed"}]),
    )
    return _job_order(rows[0]) if rows else None


async def next_job_orders(
    tx: Transaction, work_request_id: str, lot_ids: Sequence[str] | None
) -> list[JobOrder]:
    """Return the job orders of a request that wait for nothing but permission.

    Those of some lots only, or of all with None.
    """
    rows = await all_rows(
        tx,
        """
        SELECT * FROM job_order j
        WHERE work_request_id = :id AND state = 'not_allowed_to_start'
          AND (CAST(:lot_ids AS text[]) IS NULL OR lot_id = ANY(:lot_ids))
          AND NOT EXISTS (
              SELECT 1 FROM job_order p
              WHERE p.job_order_id = ANY(j.after) AND p.state <> 'ended')
        ORDER BY position, job_order_id""",
        id=work_request_id,
        lot_ids=list(lot_ids) if lot_ids is not None else None,
    )
    return [_job_order(row) for row in rows]


async def is_built(tx: Transaction, lot_id: str) -> bool:
    """Say whether a lot is a cell of any kind, whose events concern no other lot's job orders."""
    statement = f"SELECT kind IN {BUILT_KINDS} FROM lot WHERE lot_id = :lot_id"
    return bool(await tx.scalar(sql(statement), {"lot_id": lot_id}))


async def set_job_order(
    tx: Transaction, job_order_id: str, **columns: str | float | datetime | None
) -> None:
    """Write columns of a job order; names come from this package only."""
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    await tx.execute(
        sql(f"UPDATE job_order SET {assignments} WHERE job_order_id = :id"),
        {**columns, "id": job_order_id},
    )


async def release(
    tx: Transaction, job_order_id: str, lot_id: str, materials: Iterable[Material], now: datetime
) -> None:
    """Let a job order start, with the lots it was given; nothing keeps it any more."""
    await tx.execute(
        sql("""
            UPDATE job_order SET materials = CAST(:materials AS jsonb), lot_id = :lot_id,
                state = 'allowed_to_start', reason = NULL, not_before = NULL, waits_for = NULL,
                needs_quantity = NULL, released_at = :now
            WHERE job_order_id = :id"""),
        {
            "id": job_order_id,
            "lot_id": lot_id,
            "materials": json.dumps([item.model_dump() for item in materials]),
            "now": now,
        },
    )


async def made(
    tx: Transaction, lot_ids: Sequence[str], equipment_id: str, now: datetime
) -> Mapping[str, RowMapping]:
    """Make lots available where a machine left them; return them by id.

    One that was scrapped while it was there stays so.
    """
    rows = await all_rows(
        tx,
        """
        UPDATE lot SET updated_at = :now, equipment_id = :equipment_id,
            state = CASE WHEN state = 'scrapped' THEN state ELSE 'available' END
        WHERE lot_id = ANY(:ids) RETURNING *""",
        now=now,
        equipment_id=equipment_id,
        ids=list(lot_ids),
    )
    return {row["lot_id"]: row for row in rows}


class LotColumns(TypedDict, total=False):
    """Columns of a lot that change after it was planned."""

    state: LotState
    quantity: float
    allocated_to: str | None
    grade: str | None
    discharge_capacity_mah: float | None


async def set_lots(
    tx: Transaction, lot_ids: Sequence[str], now: datetime, **columns: Unpack[LotColumns]
) -> None:
    """Write columns of lots."""
    assignments = "".join(f", {name} = :{name}" for name in columns)
    await tx.execute(
        sql(f"UPDATE lot SET updated_at = :now{assignments} WHERE lot_id = ANY(:ids)"),
        {**columns, "now": now, "ids": list(lot_ids)},
    )


async def consume_pieces(tx: Transaction, lot_ids: Sequence[str], now: datetime) -> list[str]:
    """Mark lots as consumed, except stock, of which only a quantity is taken; return which."""
    if not lot_ids:
        return []
    consumed = await tx.scalars(
        sql("""
            UPDATE lot SET updated_at = :now, state = 'consumed'
            WHERE lot_id = ANY(:ids) AND kind <> 'stock' RETURNING lot_id"""),
        {"now": now, "ids": list(lot_ids)},
    )
    return list(consumed)


async def build_in(tx: Transaction, lot_id: str, used: Iterable[Material]) -> None:
    """Keep what a job order used up for a cell; a lot that is no cell keeps nothing."""
    quantities: defaultdict[str, float] = defaultdict(float)
    for item in used:
        quantities[item.material_definition_id] += item.quantity
    await tx.execute(
        sql(f"""
            INSERT INTO built_in (lot_id, material_definition_id, quantity)
            SELECT l.lot_id, u.material_definition_id, u.quantity
            FROM lot l
            CROSS JOIN unnest(CAST(:definitions AS text[]), CAST(:quantities AS float8[]))
                AS u (material_definition_id, quantity)
            WHERE l.lot_id = :lot_id AND l.kind IN {BUILT_KINDS}
            ON CONFLICT (lot_id, material_definition_id) DO UPDATE
                SET quantity = built_in.quantity + excluded.quantity"""),
        {
            "lot_id": lot_id,
            "definitions": list(quantities),
            "quantities": list(quantities.values()),
        },
    )


async def lock_lot(tx: Transaction, lot_id: str) -> RowMapping:
    """Lock a lot, after its work request if it has one.

    Raises:
        NotFoundError: no such lot.
    """
    found = (await lots(tx, [lot_id])).get(lot_id)
    if found is None:
        raise NotFoundError(f"lot {lot_id} does not exist")
    if found["work_request_id"] is not None:
        await lock_request(tx, found["work_request_id"])
    [row] = await all_rows(tx, "SELECT * FROM lot WHERE lot_id = :id FOR UPDATE", id=lot_id)
    return row


async def lots(tx: Transaction, lot_ids: Sequence[str]) -> Mapping[str, RowMapping]:
    """Return lots by id; unknown ids are left out."""
    rows = await all_rows(tx, "SELECT * FROM lot WHERE lot_id = ANY(:ids)", ids=list(lot_ids))
    return {row["lot_id"]: row for row in rows}


async def by_request(tx: Transaction, lot_ids: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return those of some lots that work requests made, by request; in one order for all."""
    rows = await tx.execute(
        sql("""
            SELECT work_request_id, array_agg(lot_id ORDER BY lot_id) FROM lot
            WHERE lot_id = ANY(:ids) AND work_request_id IS NOT NULL
            GROUP BY work_request_id ORDER BY work_request_id"""),
        {"ids": list(lot_ids)},
    )
    return [(work_request_id, own) for work_request_id, own in rows]


async def members(tx: Transaction, pellet_lot_id: str) -> Sequence[RowMapping]:
    """Return the pellets of a pellet lot in the order of their numbers."""
    return await all_rows(
        tx, "SELECT * FROM lot WHERE member_of = :id ORDER BY lot_id", id=pellet_lot_id
    )


def _job_order(row: RowMapping) -> JobOrder:
    return JobOrder(
        job_order_id=row["job_order_id"],
        work_request_id=row["work_request_id"],
        operation=row["operation"],
        scope=row["scope"],
        lot_id=row["lot_id"],
        state=row["state"],
        reason=row["reason"],
        materials=tuple(Material.model_validate(item) for item in row["materials"]),
        through=tuple(row["through"]),
        is_rework=row["is_rework"],
    )
