"""Lots in the trace service's database: what each is, its holds, and what went into what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.trace.concern import escaped
from services.trace.domain import Edge
from shared.db import sql
from shared.envelope import Envelope
from shared.events import GenealogyRecorded, MaterialLotRegistered
from shared.transaction import Transaction


async def register_lot(tx: Transaction, envelope: Envelope, lot: MaterialLotRegistered) -> None:
    """Keep what a lot is; a genealogy that named it first knew less."""
    statement = """
        INSERT INTO lot (lot_id, material_definition_id, quantity, unit, work_request_id, origin,
                         registered_at)
        VALUES (:lot_id, :material_definition_id, :quantity, :unit, :work_request_id, :origin, :at)
        ON CONFLICT (lot_id) DO UPDATE SET
            material_definition_id = excluded.material_definition_id,
            quantity = excluded.quantity, unit = excluded.unit,
            work_request_id = excluded.work_request_id, origin = excluded.origin,
            registered_at = excluded.registered_at"""
    await tx.execute(sql(statement), lot.model_dump() | {"at": envelope.time})


async def add_members(tx: Transaction, lot_id: str, members: Sequence[str]) -> None:
    """Keep of which lots a lot consists."""
    statement = """
        INSERT INTO lot_member (lot_id, member_lot_id)
        SELECT :lot_id, member FROM unnest(CAST(:members AS text[])) AS member
        ON CONFLICT DO NOTHING"""
    await tx.execute(sql(statement), {"lot_id": lot_id, "members": list(members)})


async def keep_hold(tx: Transaction, lot_id: str, gate: str, reason: str, at: datetime) -> None:
    """Keep that a gate holds a lot."""
    statement = """
        INSERT INTO lot_hold (lot_id, gate, reason, held_at) VALUES (:lot_id, :gate, :reason, :at)
        ON CONFLICT (lot_id, gate) DO NOTHING"""
    values = {"lot_id": lot_id, "gate": gate, "reason": reason, "at": at}
    await tx.execute(sql(statement), values)


async def end_hold(tx: Transaction, lot_id: str, gate: str) -> None:
    """Keep that a gate holds a lot no longer."""
    statement = "DELETE FROM lot_hold WHERE lot_id = :lot_id AND gate = :gate"
    await tx.execute(sql(statement), {"lot_id": lot_id, "gate": gate})


async def keep_grade(
    tx: Transaction,
    lot_id: str,
    grade: str,
    discharge_capacity_mah: float | None,
    completed_at: datetime | None,
) -> None:
    """Keep the newest grade of a cell; once completed it stays so."""
    statement = """
        INSERT INTO lot_grade (lot_id, grade, discharge_capacity_mah, completed_at)
        VALUES (:lot_id, :grade, :capacity_mah, :completed_at)
        ON CONFLICT (lot_id) DO UPDATE SET grade = excluded.grade,
            discharge_capacity_mah = excluded.discharge_capacity_mah,
            completed_at = coalesce(excluded.completed_at, lot_grade.completed_at)"""
    values = {
        "lot_id": lot_id,
        "grade": grade,
        "capacity_mah": discharge_capacity_mah,
        "completed_at": completed_at,
    }
    await tx.execute(sql(statement), values)


async def keep_mark(tx: Transaction, lot_id: str, mark: str) -> None:
    """Keep the mark of a pellet; it stays the lot that it was by its place."""
    statement = """
        INSERT INTO lot_mark (lot_id, mark) VALUES (:lot_id, :mark)
        ON CONFLICT (lot_id) DO UPDATE SET mark = excluded.mark"""
    await tx.execute(sql(statement), {"lot_id": lot_id, "mark": mark})


async def member_edges(tx: Transaction, lot_id: str) -> list[Edge]:
    """Return a lot's members as what went out of it, one piece each."""
    statement = """
        SELECT lot_id AS parent_lot_id, member_lot_id AS child_lot_id, 1.0::float8 AS quantity,
               '1' AS unit
        FROM lot_member WHERE lot_id = :lot_id ORDER BY member_lot_id"""
    rows = await tx.execute(sql(statement), {"lot_id": lot_id})
    return [Edge(*row) for row in rows]


async def add_genealogy(
    tx: Transaction, envelope: Envelope, event: GenealogyRecorded, edges: Sequence[Edge]
) -> None:
    """Keep what went into what, and the step of each produced and processed lot."""
    job = {
        "event_id": envelope.id,
        "job_order_id": event.job_order_id,
        "operation": event.operation,
        "equipment_id": event.equipment_id,
        "recipe_id": event.recipe_id,
        "recipe_version": event.recipe_version,
        "fixture_id": event.fixture_id,
        "started_at": event.started_at,
        "ended_at": event.ended_at,
    }
    edge = """
        INSERT INTO genealogy_edge (event_id, parent_lot_id, child_lot_id, quantity, unit,
            job_order_id, operation, equipment_id, recipe_id, recipe_version, started_at, ended_at)
        VALUES (:event_id, :parent_lot_id, :child_lot_id, :quantity, :unit, :job_order_id,
            :operation, :equipment_id, :recipe_id, :recipe_version, :started_at, :ended_at)"""
    step = """
        INSERT INTO genealogy_step (event_id, lot_id, use, job_order_id, operation, equipment_id,
            recipe_id, recipe_version, fixture_id, started_at, ended_at)
        VALUES (:event_id, :lot_id, :use, :job_order_id, :operation, :equipment_id,
            :recipe_id, :recipe_version, :fixture_id, :started_at, :ended_at)"""
    lot = """
        INSERT INTO lot (lot_id, material_definition_id, quantity, unit)
        VALUES (:lot_id, :material_definition_id, :quantity, :unit)
        ON CONFLICT (lot_id) DO NOTHING"""
    steps = {(item.lot_id, item.use) for item in event.materials if item.use != "consumed"}
    if edges:
        await tx.execute(sql(edge), [job | one._asdict() for one in edges])
    if steps:
        rows = [job | {"lot_id": lot_id, "use": use} for lot_id, use in sorted(steps)]
        await tx.execute(sql(step), rows)
    lots = {
        item.lot_id: item.model_dump() | ({"quantity": None} if item.use == "consumed" else {})
        for item in event.materials
    }
    if lots:
        await tx.execute(sql(lot), [lots[lot_id] for lot_id in sorted(lots)])


async def lot_exists(tx: Transaction, lot_id: str) -> bool:
    """Say whether any event has named the lot."""
    statement = """
        SELECT EXISTS (SELECT 1 FROM lot WHERE lot_id = :lot_id)
            OR EXISTS (SELECT 1 FROM record_lot WHERE lot_id = :lot_id)"""
    return bool(await tx.scalar(sql(statement), {"lot_id": lot_id}))


async def edges(tx: Transaction, lot_id: str, *, backward: bool) -> list[Edge]:
    """Return every edge above or below a lot, to any depth; those between two lots are summed."""
    here, there = ("child", "parent") if backward else ("parent", "child")
    statement = f"""
        WITH RECURSIVE reached (lot_id) AS (
            SELECT CAST(:lot_id AS text)
            UNION
            SELECT e.{there}_lot_id FROM genealogy_edge e JOIN reached r
                ON e.{here}_lot_id = r.lot_id
        )
        SELECT parent_lot_id, child_lot_id, sum(quantity) AS quantity, unit
        FROM genealogy_edge JOIN reached ON {here}_lot_id = reached.lot_id
        GROUP BY parent_lot_id, child_lot_id, unit
        ORDER BY parent_lot_id, child_lot_id, unit"""
    rows = await tx.execute(sql(statement), {"lot_id": lot_id})
    return [Edge(*row) for row in rows]


async def nodes(tx: Transaction, lot_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return what each lot is, and by which operation and equipment it was produced."""
    statement = """
        SELECT wanted.lot_id, lot.material_definition_id, lot.quantity, lot.unit, lot_mark.mark,
               step.operation, step.equipment_id, step.recipe_id, step.recipe_version,
               step.fixture_id, step.started_at, step.ended_at
        FROM unnest(CAST(:lot_ids AS text[])) AS wanted (lot_id)
        LEFT JOIN lot USING (lot_id)
        LEFT JOIN lot_mark USING (lot_id)
        LEFT JOIN LATERAL (
            SELECT * FROM genealogy_step s
            WHERE s.lot_id = wanted.lot_id AND s.use = 'produced'
            ORDER BY ended_at DESC LIMIT 1
        ) AS step ON true
        ORDER BY wanted.lot_id"""
    return (await tx.execute(sql(statement), {"lot_ids": list(lot_ids)})).dicts()


async def lots(tx: Transaction, search: str, limit: int) -> list[dict[str, Any]]:
    """Return lots whose id, mark or material contains a text, newest first."""
    statement = """
        SELECT lot_id, material_definition_id, quantity, unit, work_request_id, origin,
               registered_at, mark
        FROM lot LEFT JOIN lot_mark USING (lot_id)
        WHERE lot_id ILIKE :like OR mark ILIKE :like OR material_definition_id ILIKE :like
        ORDER BY registered_at DESC NULLS LAST, lot_id LIMIT :limit"""
    values = {"like": f"%{escaped(search)}%", "limit": limit}
    return (await tx.execute(sql(statement), values)).dicts()
