"""States of stations over time, stops with their reasons, and output, in the gateway's database."""

from datetime import datetime

from services.gateway.oee import Norm, Output, Span
from services.gateway.oeenorms import ProductionNorm
from shared.db import sql
from shared.events import DispositionDecided, EquipmentStateChanged, JobOrderEnded
from shared.masterdata import keep_version
from shared.transaction import Transaction


async def add_span(tx: Transaction, event: EquipmentStateChanged) -> None:
    """Keep from when a station is in a state; the newest word on an instant stands."""
    statement = """
        INSERT INTO equipment_span (equipment_id, begun_at, state, data_quality, reason)
        VALUES (:equipment_id, :changed_at, :state, :data_quality, :reason)
        ON CONFLICT (equipment_id, begun_at) DO UPDATE SET state = excluded.state,
            data_quality = excluded.data_quality, reason = excluded.reason"""
    await tx.execute(sql(statement), event.model_dump())


async def add_output(tx: Transaction, event: JobOrderEnded) -> None:
    """Keep that a station ended a job order."""
    statement = """
        INSERT INTO job_ended
            (job_order_id, equipment_id, operation, lot_id, state, started_at, ended_at)
        VALUES (:job_order_id, :equipment_id, :operation, :lot_id, :state, :started_at, :ended_at)
        ON CONFLICT (job_order_id) DO NOTHING"""
    await tx.execute(sql(statement), event.model_dump())


async def add_decision(tx: Transaction, event: DispositionDecided) -> None:
    """Keep the first decision of a gate over a lot; a later one is no first pass."""
    said = [part.disposition for part in event.parts] or [event.disposition]
    statement = """
        INSERT INTO first_decision (gate, lot_id, released_count, decided_count, decided_at)
        VALUES (:gate, :lot_id, :released_count, :decided_count, :evaluated_at)
        ON CONFLICT (gate, lot_id) DO NOTHING"""
    values = {
        "gate": event.gate,
        "lot_id": event.lot_id,
        "released_count": said.count("released"),
        "decided_count": len(said),
        "evaluated_at": event.evaluated_at,
    }
    await tx.execute(sql(statement), values)


async def spans(tx: Transaction, since: datetime, until: datetime) -> dict[str, list[Span]]:
    """Return by station the spans of a period, with the one that stood when it began."""
    statement = """
        SELECT s.equipment_id, s.begun_at, s.state, s.data_quality, s.reason,
               d.reason AS downtime_reason, d.note, d.person
        FROM station t
        CROSS JOIN LATERAL (
            (SELECT * FROM equipment_span e
             WHERE e.equipment_id = t.equipment_id AND e.begun_at <= :since
             ORDER BY e.begun_at DESC LIMIT 1)
            UNION ALL
            SELECT * FROM equipment_span e WHERE e.equipment_id = t.equipment_id
                AND e.begun_at > :since AND e.begun_at < :until
        ) AS s
        LEFT JOIN downtime_reason d
            ON d.equipment_id = s.equipment_id AND d.begun_at = s.begun_at
        ORDER BY s.equipment_id, s.begun_at"""
    found: dict[str, list[Span]] = {}
    for row in (await tx.execute(sql(statement), {"since": since, "until": until})).mappings():
        values = dict(row)
        found.setdefault(values.pop("equipment_id"), []).append(Span(**values))
    return found


async def outputs(
    tx: Transaction, since: datetime, until: datetime, norms: dict[str, Norm]
) -> dict[str, list[Output]]:
    """Return by station what it ended in a period, by operation, and what its gates first said.

    What runs at the end of the period counts as busy until then.
    """
    statement = """
        SELECT j.equipment_id, j.operation,
               count(*) FILTER (WHERE j.state = 'ended') AS ended_count,
               count(*) FILTER (WHERE j.state = 'aborted') AS aborted_count,
               sum(extract(epoch FROM j.ended_at - greatest(j.started_at, :since))) AS busy_s,
               coalesce(sum(f.released), 0) AS released_count,
               coalesce(sum(f.decided), 0) AS decided_count
        FROM (
            SELECT job_order_id, equipment_id, operation, lot_id, state, started_at, ended_at
            FROM job_ended WHERE ended_at > :since AND ended_at <= :until
            UNION ALL
            SELECT job_order_id, equipment_id, operation, lot_id, state, started_at,
                   CAST(:until AS timestamptz)
            FROM job_order WHERE started_at < :until AND equipment_id IS NOT NULL
        ) AS j
        CROSS JOIN LATERAL (
            SELECT sum(d.released_count) AS released, sum(d.decided_count) AS decided
            FROM unnest(CAST(:operations AS text[]), CAST(:gates AS text[])) AS n (operation, gate)
            JOIN first_decision d ON d.gate = n.gate AND d.lot_id = j.lot_id
            WHERE n.operation = j.operation
        ) AS f
        GROUP BY j.equipment_id, j.operation"""
    pairs = [(norm.operation, gate) for norm in norms.values() for gate in norm.gates]
    values = {
        "since": since,
        "until": until,
        "operations": [operation for operation, _ in pairs],
        "gates": [gate for _, gate in pairs],
    }
    found: dict[str, list[Output]] = {}
    for row in await tx.execute(sql(statement), values):
        item = Output(
            operation=row.operation,
            ended_count=row.ended_count,
            aborted_count=row.aborted_count,
            busy_s=float(row.busy_s),
            released_count=int(row.released_count),
            decided_count=int(row.decided_count),
        )
        found.setdefault(row.equipment_id, []).append(item)
    return found


async def first_pass(tx: Transaction, since: datetime, until: datetime) -> list[dict[str, object]]:
    """Return by gate how many were decided for the first time in a period, and released."""
    statement = """
        SELECT gate, sum(released_count) AS released_count, sum(decided_count) AS decided_count
        FROM first_decision WHERE decided_at > :since AND decided_at <= :until
        GROUP BY gate ORDER BY gate"""
    rows = await tx.execute(sql(statement), {"since": since, "until": until})
    return [
        {
            "gate": row.gate,
            "released_count": int(row.released_count),
            "decided_count": int(row.decided_count),
            "ratio": int(row.released_count) / int(row.decided_count),
        }
        for row in rows
    ]


async def stop_at(tx: Transaction, equipment_id: str, begun_at: datetime | None) -> datetime | None:
    """Return when a stop began: the one of an instant, or the station's newest; None: no such."""
    statement = """
        SELECT max(begun_at) FROM equipment_span
        WHERE equipment_id = :equipment_id AND state = 'unscheduled_down'
          AND data_quality = 'good'
          AND (CAST(:begun_at AS timestamptz) IS NULL OR begun_at = :begun_at)"""
    values = {"equipment_id": equipment_id, "begun_at": begun_at}
    found: datetime | None = await tx.scalar(sql(statement), values)
    return found


async def give_reason(
    tx: Transaction,
    equipment_id: str,
    begun_at: datetime,
    reason: str,
    note: str | None,
    person: str,
    at: datetime,
) -> None:
    """Keep why a station stopped; a later word goes before, both are on record as events."""
    statement = """
        INSERT INTO downtime_reason (equipment_id, begun_at, reason, note, person, given_at)
        VALUES (:equipment_id, :begun_at, :reason, :note, :person, :at)
        ON CONFLICT (equipment_id, begun_at) DO UPDATE SET reason = excluded.reason,
            note = excluded.note, person = excluded.person, given_at = excluded.given_at"""
    values = {
        "equipment_id": equipment_id,
        "begun_at": begun_at,
        "reason": reason,
        "note": note,
        "person": person,
        "at": at,
    }
    await tx.execute(sql(statement), values)


async def add_norm(tx: Transaction, norm: ProductionNorm) -> None:
    """Keep a version of what an operation should take.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "production_norm", ("operation", "version"), norm)


async def norms(tx: Transaction) -> dict[str, Norm]:
    """Return the newest norm of each operation."""
    statement = """
        SELECT DISTINCT ON (operation) body FROM production_norm
        ORDER BY operation, version DESC"""
    rows = await tx.execute(sql(statement))
    found = (ProductionNorm.model_validate(row.body) for row in rows)
    return {
        item.operation: Norm(operation=item.operation, planned_s=item.planned_s, gates=item.gates)
        for item in found
    }
