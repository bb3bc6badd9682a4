"""The plc service's own copy of job orders, lots and holds, and what PLCs said, in its database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.plc.domain import Floor, Hearing, Hold, KnownJobOrder, State
from shared.db import sql
from shared.events import JobOrderReleased
from shared.transaction import Transaction

ENDED_KEPT = 200  # newest ended job orders of a kind a PLC may still report on
HOLDS_KEPT = 5000  # newest holds of lots without a job order, to give the reason
# Read at each look, so it must not cost more for what was long ago.
JOB_ORDERS = f"""
    SELECT released, state, equipment_id, reason, reported FROM job_order
    WHERE station_kind = ANY(:kinds) AND released IS NOT NULL
      AND state NOT IN ('ended', 'aborted')
    UNION ALL
    SELECT done.* FROM unnest(CAST(:kinds AS text[])) AS kind CROSS JOIN LATERAL (
        SELECT released, state, equipment_id, reason, reported FROM job_order
        WHERE station_kind = kind AND released IS NOT NULL AND state IN ('ended', 'aborted')
        ORDER BY changed_at DESC LIMIT {ENDED_KEPT}) AS done"""


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """One report of a PLC with the answer it was given."""

    user_name: str
    request_id: str
    equipment_id: str
    job_order_id: str | None
    state: str
    text: str
    status: int
    message: str
    reported_at: datetime


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """One answer of the interlock."""

    user_name: str
    request_id: str
    equipment_id: str
    lot_id: str
    allowed: bool
    reason: str
    answered_at: datetime


async def add_released(tx: Transaction, released: JobOrderReleased, at: datetime) -> None:
    """Keep a released job order; how far it is may be known already."""
    statement = """
        INSERT INTO job_order (job_order_id, released, station_kind, changed_at)
        VALUES (:job_order_id, CAST(:released AS jsonb), :station_kind, :at)
        ON CONFLICT (job_order_id) DO UPDATE
            SET released = excluded.released, station_kind = excluded.station_kind"""
    values = {
        "job_order_id": released.job_order_id,
        "released": released.model_dump_json(),
        "station_kind": released.station_kind,
        "at": at,
    }
    await tx.execute(sql(statement), values)


async def set_state(
    tx: Transaction,
    job_order_id: str,
    state: State,
    equipment_id: str | None,
    reason: str | None,
    at: datetime,
) -> None:
    """Keep how far the station says a job order is; it may not be known as released yet."""
    statement = """
        INSERT INTO job_order (job_order_id, state, equipment_id, reason, changed_at)
        VALUES (:job_order_id, :state, :equipment_id, :reason, :at)
        ON CONFLICT (job_order_id) DO UPDATE
            SET state = excluded.state, equipment_id = excluded.equipment_id,
                reason = excluded.reason, changed_at = excluded.changed_at"""
    values = {
        "job_order_id": job_order_id,
        "state": state,
        "equipment_id": equipment_id,
        "reason": reason,
        "at": at,
    }
    await tx.execute(sql(statement), values)


async def add_lot(tx: Transaction, lot_id: str, material_definition_id: str) -> None:
    """Keep that a lot exists."""
    statement = """
        INSERT INTO lot (lot_id, material_definition_id) VALUES (:lot_id, :material_definition_id)
        ON CONFLICT (lot_id) DO NOTHING"""
    values = {"lot_id": lot_id, "material_definition_id": material_definition_id}
    await tx.execute(sql(statement), values)


async def hold(tx: Transaction, lot_id: str, source: str, held: Hold, at: datetime) -> None:
    """Keep that one gate of one service holds a lot."""
    statement = """
        INSERT INTO lot_hold (lot_id, source, gate, reason, is_scrap, held_at)
        VALUES (:lot_id, :source, :gate, :reason, :is_scrap, :at)
        ON CONFLICT (lot_id, source, gate)
            DO UPDATE SET reason = excluded.reason, is_scrap = excluded.is_scrap,
                held_at = excluded.held_at"""
    await tx.execute(sql(statement), {"lot_id": lot_id, "source": source, "at": at, **vars(held)})


async def free(tx: Transaction, lot_id: str, source: str, gate: str) -> None:
    """Keep that this gate holds the lot no longer."""
    statement = """
        DELETE FROM lot_hold WHERE lot_id = :lot_id AND source = :source AND gate = :gate"""
    await tx.execute(sql(statement), {"lot_id": lot_id, "source": source, "gate": gate})


async def floor(tx: Transaction, kinds: Collection[str], lot_ids: Sequence[str] = ()) -> Floor:
    """Return what is known of the job orders of some kinds of station and of the lots in them.

    lot_ids: further lots to look up.
    """
    rows = (await tx.execute(sql(JOB_ORDERS), {"kinds": list(kinds)})).mappings()
    job_orders = tuple(
        KnownJobOrder(**{**row, "released": JobOrderReleased.model_validate(row["released"])})
        for row in rows
    )
    live = [one for one in job_orders if one.state not in ("ended", "aborted")]
    wanted = sorted({*lot_ids, *(lot_id for one in live for lot_id in one.lot_ids)})
    holds = """
        SELECT lot_id, gate, reason, is_scrap FROM lot_hold
        WHERE lot_id = ANY(:wanted)
           OR lot_id IN (SELECT lot_id FROM lot_hold ORDER BY held_at DESC LIMIT :newest)
        ORDER BY lot_id, source, gate"""
    held: dict[str, tuple[Hold, ...]] = {}
    found = await tx.execute(sql(holds), {"wanted": wanted, "newest": HOLDS_KEPT})
    for lot_id, gate, reason, is_scrap in found:
        one = Hold(gate=gate, reason=reason, is_scrap=is_scrap)
        held[lot_id] = (*held.get(lot_id, ()), one)
    registered = "SELECT lot_id FROM lot WHERE lot_id = ANY(:wanted)"
    return Floor(
        job_orders=job_orders,
        held=held,
        registered=frozenset(await tx.scalars(sql(registered), {"wanted": wanted})),
    )


async def newest_reports(tx: Transaction, limit: int) -> list[ReportRow]:
    """Return the newest reports, oldest first, to know their repeats."""
    statement = """
        SELECT user_name, request_id, equipment_id, job_order_id, state, text, status, message,
               reported_at
        FROM report ORDER BY id DESC LIMIT :limit"""
    rows = (await tx.execute(sql(statement), {"limit": limit})).mappings().all()
    return [ReportRow(**row) for row in reversed(rows)]


async def add_report(tx: Transaction, row: ReportRow) -> bool:
    """Keep a report and how far it says its job order is; False for a repeat."""
    statement = """
        INSERT INTO report (user_name, request_id, equipment_id, job_order_id, state, text, status,
                            message, reported_at)
        VALUES (:user_name, :request_id, :equipment_id, :job_order_id, :state, :text, :status,
                :message, :reported_at)
        ON CONFLICT (user_name, request_id) DO NOTHING RETURNING id"""
    if await tx.scalar(sql(statement), vars(row)) is None:
        return False
    follow = """
        UPDATE job_order SET reported = :state WHERE job_order_id = :job_order_id
        AND :state IN ('running', 'interrupted', 'ended', 'aborted')"""
    await tx.execute(sql(follow), {"state": row.state, "job_order_id": row.job_order_id})
    return True


async def add_answers(tx: Transaction, rows: Sequence[AnswerRow]) -> None:
    """Keep answers of the interlock."""
    statement = """
        INSERT INTO interlock_answer (user_name, request_id, equipment_id, lot_id, allowed, reason,
                                      answered_at)
        VALUES (:user_name, :request_id, :equipment_id, :lot_id, :allowed, :reason, :answered_at)"""
    if rows:
        await tx.execute(sql(statement), [vars(row) for row in rows])


async def answers(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the newest answers of the interlock."""
    statement = "SELECT * FROM interlock_answer ORDER BY id DESC LIMIT :limit"
    rows = (await tx.execute(sql(statement), {"limit": limit})).mappings()
    return [dict(row) for row in rows]


async def hearings(tx: Transaction) -> dict[str, Hearing]:
    """Return by equipment id which PLCs send heartbeats, and whether they were last heard."""
    rows = await tx.execute(sql("SELECT equipment_id, state FROM hearing"))
    return {row[0]: row[1] for row in rows}


async def set_hearing(tx: Transaction, equipment_id: str, state: Hearing, at: datetime) -> None:
    """Keep whether a PLC is heard."""
    statement = """
        INSERT INTO hearing (equipment_id, state, changed_at) VALUES (:equipment_id, :state, :at)
        ON CONFLICT (equipment_id) DO UPDATE
            SET state = excluded.state, changed_at = excluded.changed_at"""
    await tx.execute(sql(statement), {"equipment_id": equipment_id, "state": state, "at": at})


async def ending_certificates(tx: Transaction) -> dict[str, tuple[str, datetime]]:
    """Return state and end of each certificate that was said to near its end, by its name."""
    rows = await tx.execute(sql("SELECT name, state, valid_until FROM certificate"))
    return {row[0]: (row[1], row[2]) for row in rows}


async def set_certificate(tx: Transaction, name: str, state: str, valid_until: datetime) -> None:
    """Keep that a certificate nears its end, or that it does so no longer (`valid`)."""
    values = {"name": name, "state": state, "valid_until": valid_until}
    if state == "valid":
        await tx.execute(sql("DELETE FROM certificate WHERE name = :name"), values)
        return
    statement = """
        INSERT INTO certificate (name, state, valid_until) VALUES (:name, :state, :valid_until)
        ON CONFLICT (name) DO UPDATE
            SET state = excluded.state, valid_until = excluded.valid_until"""
    await tx.execute(sql(statement), values)
