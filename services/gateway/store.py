"""The gateway's own copy of stations, running job orders and alarms in its database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.gateway.domain import Alarm
from services.gateway.stationtile import JobAtStation, StationFacts
from shared.db import sql
from shared.events import (
    EquipmentStateChanged,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderPaused,
    JobOrderResumed,
    JobOrderStarted,
    SourceStateChanged,
)
from shared.transaction import Transaction

DURATIONS_KEPT = 30


async def set_state(tx: Transaction, event: EquipmentStateChanged) -> None:
    """Keep the state of a station."""
    statement = """
        INSERT INTO station (equipment_id, state, data_quality, reason, changed_at)
        VALUES (:equipment_id, :state, :data_quality, :reason, :changed_at)
        ON CONFLICT (equipment_id) DO UPDATE SET state = excluded.state,
            data_quality = excluded.data_quality, reason = excluded.reason,
            changed_at = excluded.changed_at"""
    await tx.execute(sql(statement), event.model_dump())


async def set_source(tx: Transaction, event: SourceStateChanged) -> None:
    """Keep whether a station's telemetry lives."""
    statement = """
        INSERT INTO station (equipment_id, source_quality, last_sample_at)
        VALUES (:equipment_id, :data_quality, :last_sample_at)
        ON CONFLICT (equipment_id) DO UPDATE SET source_quality = excluded.source_quality,
            last_sample_at = excluded.last_sample_at"""
    await tx.execute(sql(statement), event.model_dump())


async def begin_job_order(tx: Transaction, event: JobOrderStarted) -> None:
    """Keep a job order as running."""
    statement = """
        INSERT INTO job_order (job_order_id, equipment_id, operation, lot_id, state, started_at)
        VALUES (:job_order_id, :equipment_id, :operation, :lot_id, 'running', :started_at)
        ON CONFLICT (job_order_id) DO UPDATE SET equipment_id = excluded.equipment_id,
            state = 'running', reason = NULL, started_at = CASE
                WHEN job_order.state = 'running' THEN job_order.started_at
                ELSE excluded.started_at END"""
    await tx.execute(sql(statement), event.model_dump())


async def hold_job_order(tx: Transaction, event: JobOrderHeld | JobOrderPaused) -> None:
    """Keep a job order as interrupted, with the reason."""
    statement = """
        INSERT INTO job_order (job_order_id, equipment_id, operation, lot_id, state, reason)
        VALUES (:job_order_id, :equipment_id, :operation, :lot_id, 'interrupted', :reason)
        ON CONFLICT (job_order_id) DO UPDATE SET state = 'interrupted', reason = excluded.reason,
            equipment_id = coalesce(excluded.equipment_id, job_order.equipment_id)"""
    await tx.execute(sql(statement), event.model_dump())


async def resume_job_order(tx: Transaction, event: JobOrderResumed) -> None:
    """Keep a paused job order as running again."""
    statement = """
        UPDATE job_order SET state = 'running', reason = NULL WHERE job_order_id = :job_order_id"""
    await tx.execute(sql(statement), {"job_order_id": event.job_order_id})


async def end_job_order(tx: Transaction, event: JobOrderEnded) -> None:
    """Forget a job order; keep how long it took when it ran to its end."""
    forget = "DELETE FROM job_order WHERE job_order_id = :job_order_id"
    keep = """
        INSERT INTO duration (job_order_id, operation, duration_s, ended_at)
        VALUES (:job_order_id, :operation, :duration_s, :ended_at)
        ON CONFLICT (job_order_id) DO NOTHING"""
    prune = """
        DELETE FROM duration WHERE job_order_id IN (
            SELECT job_order_id FROM duration WHERE operation = :operation
            ORDER BY ended_at DESC OFFSET :kept)"""
    values = event.model_dump(include={"job_order_id", "operation", "ended_at"})
    await tx.execute(sql(forget), values)
    if event.state == "ended":
        values["duration_s"] = (event.ended_at - event.started_at).total_seconds()
        await tx.execute(sql(keep), values)
        await tx.execute(sql(prune), {"operation": event.operation, "kept": DURATIONS_KEPT})


async def station_of(tx: Transaction, job_order_id: str) -> str | None:
    """Return where a job order runs, None when it is not known to run."""
    statement = "SELECT equipment_id FROM job_order WHERE job_order_id = :job_order_id"
    found = await tx.scalar(sql(statement), {"job_order_id": job_order_id})
    return None if found is None else str(found)


async def raise_alarm(tx: Transaction, alarm_id: str, alarm: Alarm, at: datetime) -> None:
    """Raise an alarm, or add a lot to one that stands; a new lot asks for a new acknowledgement.

    The plant's alarm table goes before the alarm's own priority.
    """
    add_lot = """
        INSERT INTO held_lot (condition, lot_id) VALUES (:condition, :lot_id)
        ON CONFLICT DO NOTHING RETURNING lot_id"""
    add = """
        INSERT INTO alarm (alarm_id, condition, code, text, priority, source, leaves, raised_at,
                           returned_at, confirm_return)
        SELECT :alarm_id, :condition, :code, :text,
               coalesce(CAST(newest.body ->> 'priority' AS integer), :priority), :source, :leaves,
               :at, CASE WHEN :leaves = 'when_acknowledged' THEN CAST(:at AS timestamptz) END,
               coalesce(CAST(newest.body ->> 'confirm_return' AS boolean), false)
        FROM (VALUES (1)) AS one (row)
        LEFT JOIN LATERAL (SELECT body FROM alarm_definition d WHERE d.code = :code
                           ORDER BY version DESC LIMIT 1) AS newest ON true
        ON CONFLICT (condition) WHERE returned_at IS NULL DO UPDATE SET text = excluded.text,
            acknowledged_at = NULL, acknowledged_by = NULL
        WHERE :new"""
    values = {
        "alarm_id": alarm_id,
        "condition": alarm.condition,
        "code": alarm.code,
        "text": alarm.text,
        "priority": alarm.priority,
        "source": alarm.source,
        "leaves": alarm.leaves,
        "at": at,
        "new": False,
    }
    if alarm.lot_id is not None:
        lot = {"condition": alarm.condition, "lot_id": alarm.lot_id}
        values["new"] = await tx.scalar(sql(add_lot), lot) is not None
    await tx.execute(sql(add), values)


async def end_condition(tx: Transaction, condition: str, lot_id: str | None, at: datetime) -> None:
    """End a condition, or take one lot from it; without lots it ends."""
    take = "DELETE FROM held_lot WHERE condition = :condition AND lot_id = :lot_id"
    end = """
        UPDATE alarm SET returned_at = :at
        WHERE condition = :condition AND returned_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM held_lot h WHERE h.condition = alarm.condition)"""
    if lot_id is not None:
        await tx.execute(sql(take), {"condition": condition, "lot_id": lot_id})
    await tx.execute(sql(end), {"condition": condition, "at": at})


async def forget_lot(tx: Transaction, lot_id: str, at: datetime) -> None:
    """Take a lot from every condition; those without another lot end."""
    statement = "DELETE FROM held_lot WHERE lot_id = :lot_id RETURNING condition"
    for condition in list(await tx.scalars(sql(statement), {"lot_id": lot_id})):
        await end_condition(tx, condition, None, at)


async def forget_request(tx: Transaction, work_request_id: str, at: datetime) -> None:
    """End what gates say of the lots of a work request, whichever these are."""
    statement = """
        WITH ended AS (
            UPDATE alarm SET returned_at = :at
            WHERE code = 'gate_blocked' AND source = :work_request_id AND returned_at IS NULL
            RETURNING condition)
        DELETE FROM held_lot WHERE condition IN (SELECT condition FROM ended)"""
    await tx.execute(sql(statement), {"work_request_id": work_request_id, "at": at})


async def stations(tx: Transaction) -> dict[str, StationFacts]:
    """Return what events said of each station, by equipment id."""
    rows = (await tx.execute(sql("SELECT * FROM station"))).mappings()
    return {row["equipment_id"]: StationFacts(**row) for row in rows}


async def jobs(tx: Transaction) -> list[JobAtStation]:
    """Return the job orders that run or stand."""
    rows = (await tx.execute(sql("SELECT * FROM job_order ORDER BY job_order_id"))).mappings()
    return [JobAtStation(**row) for row in rows]


async def usual_durations(tx: Transaction) -> Mapping[str, float]:
    """Return the median plant seconds of the last ended job orders, by operation."""
    statement = """
        SELECT operation, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_s) AS usual_s
        FROM duration GROUP BY operation"""
    return {row.operation: row.usual_s for row in await tx.execute(sql(statement))}


async def all_alarms(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the newest alarms, those that have left the list too."""
    statement = """
        SELECT alarm_id, code, text, priority, source, raised_at, acknowledged_at,
               acknowledged_by, returned_at
        FROM alarm ORDER BY raised_at DESC, alarm_id LIMIT :limit"""
    return [dict(row) for row in (await tx.execute(sql(statement), {"limit": limit})).mappings()]
