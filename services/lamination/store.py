"""Stack plans and stacks in the lamination service's database."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from services.lamination.partmeasures import StackFigures
from services.lamination.stackplan import StackPlan
from shared.db import sql
from shared.facts import Material
from shared.masterdata import keep_version
from shared.transaction import Transaction


async def add_plan(tx: Transaction, plan: StackPlan) -> None:
    """Keep a version of a stack plan; the same version with the same content may come again.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "stack_plan", ("stack_plan_id", "version"), plan)


async def newest_plans(tx: Transaction) -> dict[str, StackPlan]:
    """Return the newest version of each stack plan by its id."""
    statement = """
        SELECT DISTINCT ON (stack_plan_id) stack_plan_id, body FROM stack_plan
        ORDER BY stack_plan_id, version DESC"""
    rows = await tx.execute(sql(statement))
    return {name: StackPlan.model_validate(body) for name, body in rows}


async def plans(tx: Transaction) -> list[dict[str, Any]]:
    """Return all stack plans in all versions."""
    statement = "SELECT body FROM stack_plan ORDER BY stack_plan_id, version"
    return list(await tx.scalars(sql(statement)))


async def keep_stack(
    tx: Transaction,
    station_order_id: str,
    lot_id: str,
    plan: StackPlan,
    parts: Sequence[Material],
    figures: StackFigures,
) -> None:
    """Keep by which plan and of which parts, from bottom to top, a cell is to be stacked."""
    statement = """
        INSERT INTO stack (station_order_id, lot_id, stack_plan_id, stack_plan_version, np_ratio,
                           np_min_ratio, measured_count, needed_count, layers)
        VALUES (:station_order_id, :lot_id, :plan, :version, :np_ratio, :np_min_ratio,
                :measured_count, :needed_count, CAST(:layers AS jsonb))"""
    layers = [
        {"position": position, "lot_id": part.lot_id, "role": plan.roles[layer]}
        for position, (part, layer) in enumerate(zip(parts, plan.layers, strict=True), start=1)
    ]
    values = {
        "station_order_id": station_order_id,
        "lot_id": lot_id,
        "plan": plan.stack_plan_id,
        "version": plan.version,
        **asdict(figures),
        "layers": json.dumps(layers),
    }
    await tx.execute(sql(statement), values)


async def plan_of(tx: Transaction, station_order_id: str) -> StackPlan | None:
    """Return the plan by which a cell is stacked, None where the order stacks nothing."""
    statement = """
        SELECT p.body FROM stack s JOIN stack_plan p
          ON p.stack_plan_id = s.stack_plan_id AND p.version = s.stack_plan_version
        WHERE s.station_order_id = :id"""
    body = await tx.scalar(sql(statement), {"id": station_order_id})
    return None if body is None else StackPlan.model_validate(body)


async def ratios_of(tx: Transaction, station_order_id: str) -> tuple[float, float] | None:
    """Return N/P of a whole stack and of its worst pair; None where it has no cathode."""
    statement = "SELECT np_ratio, np_min_ratio FROM stack WHERE station_order_id = :id"
    for whole, worst in await tx.execute(sql(statement), {"id": station_order_id}):
        return None if whole is None else (whole, whole if worst is None else worst)
    return None


async def stacks_of(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return how a cell was stacked, with state and times; a second try is a second entry."""
    statement = """
        SELECT s.*, o.state, o.reason, o.equipment_id, o.started_at, o.ended_at,
               o.answer -> 'data' -> 'force_trace_n' AS force_trace_n,
               o.answer -> 'data' -> 'layer_offset_um' AS layer_offset_um
        FROM stack s JOIN station_order o USING (station_order_id)
        WHERE s.lot_id = :lot_id ORDER BY o.planned_at"""
    rows = (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings()
    return [dict(row) for row in rows]
