"""Open intervals and what is left of their budgets in quality's database."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.quality.countdown import LONGEST, NEVER, Countdown
from services.quality.domain import ExposureBudget, OpenState
from services.quality.exposure import ExposureState
from services.quality.roomair import RoomAir
from services.quality.store import all_rows
from shared.db import sql
from shared.outbox import Cause
from shared.transaction import Transaction

MAY_CHANGE = """
    air_id IS NULL AND NOT settled AND (state <> 'unknown' OR unknown_at > :given_up_at)"""
# A lot that lies in the air of its room has its countdown from there.
INTERVAL = """
    SELECT o.lot_id, o.open_state, o.work_request_id, o.state, o.from_at, o.correlation_id,
           o.causation_id, o.dose_before_ppm_h, b.body,
           coalesce(a.known_to, o.known_to) AS known_to,
           coalesce(a.dose_ppm_h - o.dose_before_ppm_h, o.dose_ppm_h) AS dose_ppm_h,
           CASE WHEN a.air_id IS NULL THEN o.rate_ppm ELSE a.rate_ppm END AS rate_ppm,
           coalesce(a.unknown_at, o.unknown_at) AS unknown_at,
           coalesce(a.reason, o.reason) AS reason
    FROM open_exposure o
    JOIN exposure_budget b ON (b.product_id, b.state, b.version)
                            = (o.product_id, o.open_state, o.version)
    LEFT JOIN room_air a ON a.air_id = o.air_id"""
# When the budget is used up if the air stays as it is, as `Countdown.limit_at` says.
LIMIT_AT = """
    least(from_at + CAST(body ->> 'budget_minutes' AS double precision) * interval '1 minute',
          CASE WHEN CAST(body ->> 'budget_dose_ppm_h' AS double precision) <= dose_ppm_h
               THEN known_to
               WHEN rate_ppm > 0
               THEN known_to + interval '1 hour' * least(:longest_h,
                   (CAST(body ->> 'budget_dose_ppm_h' AS double precision) - dose_ppm_h)
                   / rate_ppm) END)"""
# The states of what may be left over of an order.
LEFT_OVER: tuple[OpenState, ...] = ("powder", "powder_oxygen", "pellet", "pellet_oxygen")


@dataclass(frozen=True, kw_only=True)
class OpenInterval:
    """One lot that is open in one state, with its budget and the state that was said last."""

    lot_id: str
    work_request_id: str | None
    budget: ExposureBudget
    countdown: Countdown
    state: ExposureState
    cause: Cause


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which open intervals: of a lot, in a room; None: of all.

    until: those whose budget ends by then, or that are not known to be within it.
    """

    lot_id: str | None = None
    room_equipment_id: str | None = None
    until: datetime | None = None


async def begin(
    tx: Transaction,
    lot_id: str,
    work_request_id: str | None,
    budget: ExposureBudget,
    countdown: Countdown,
    cause: Cause,
) -> None:
    """Open an interval that is not open yet, unless the lot has been through it already."""
    await tx.execute(
        sql("""
            INSERT INTO open_exposure (lot_id, open_state, work_request_id, product_id, version,
                room_equipment_id, from_at, known_to, dose_ppm_h, rate_ppm, unknown_at, reason,
                state, read_to, due_at, correlation_id, causation_id)
            SELECT :lot_id, :state, :work_request_id, :product_id, :version, :room_equipment_id,
                :from_at, :known_to, :dose_ppm_h, :rate_ppm, :unknown_at, :reason, 'within',
                :from_at, :from_at, :correlation_id, :causation_id
            WHERE NOT EXISTS (
                SELECT 1 FROM passage WHERE lot_id = :lot_id AND operation = :to_operation
                    AND ended_at >= :from_at)
            ON CONFLICT DO NOTHING"""),
        {
            **budget.model_dump(),
            **asdict(countdown),
            **cause._asdict(),
            "lot_id": lot_id,
            "work_request_id": work_request_id,
        },
    )


async def end(tx: Transaction, lot_id: str, states: Sequence[str]) -> None:
    """Close the intervals of a lot in some states."""
    await tx.execute(
        sql("DELETE FROM open_exposure WHERE lot_id = :lot_id AND open_state = ANY(:states)"),
        {"lot_id": lot_id, "states": list(states)},
    )


async def end_of_origins(
    tx: Transaction,
    product_id: str,
    lot_ids: Sequence[str],
    states: Sequence[str],
    operation: str,
    used: Sequence[str],
) -> None:
    """Close the intervals of lots that something was made of, once nothing of them lies open.

    What a person opened stays so; it has a budget of its material. A pellet lot lies open until
    each of its pellets went through `operation` or is in `used`.
    """
    await tx.execute(
        sql("""
            DELETE FROM open_exposure o
            WHERE o.lot_id = ANY(:lot_ids) AND o.open_state = ANY(:states)
              AND o.product_id = :product_id AND NOT EXISTS (
                SELECT lot_id FROM member WHERE pellet_lot_id = o.lot_id AND lot_id <> ALL(:used)
                EXCEPT
                SELECT unnest(p.parts) FROM passage p
                WHERE p.work_request_id = o.work_request_id AND p.operation = :operation)"""),
        {
            "product_id": product_id,
            "lot_ids": list(lot_ids),
            "states": list(states),
            "operation": operation,
            "used": list(used),
        },
    )


async def end_all(tx: Transaction, lot_id: str) -> None:
    """Close all intervals of a lot."""
    await tx.execute(sql("DELETE FROM open_exposure WHERE lot_id = :id"), {"id": lot_id})


async def end_of_request(tx: Transaction, work_request_id: str) -> None:
    """Close the intervals of powder and pellets of a work request: what is left serves no other."""
    await tx.execute(
        sql("""
            DELETE FROM open_exposure
            WHERE work_request_id = :id AND open_state = ANY(:states)"""),
        {"id": work_request_id, "states": list(LEFT_OVER)},
    )


async def of_part(tx: Transaction, lot_id: str, state: str) -> Countdown | None:
    """Return the countdown of an opened lot in a state, None where it does not lie open."""
    rows = await all_rows(
        tx, f"{INTERVAL} WHERE lot_id = :lot_id AND open_state = :state", lot_id=lot_id, state=state
    )
    return _interval(rows[0]).countdown if rows else None


async def due(tx: Transaction, now: datetime, given_up_at: datetime) -> list[tuple[str, str]]:
    """Return lot and state of the intervals that changed by time, or whose room has new samples.

    One that is over for certain stays so until it ends, and so does one that is unknown since
    before `given_up_at`.
    """
    rows = await all_rows(
        tx,
        f"""
        SELECT lot_id, open_state FROM open_exposure o
        WHERE {MAY_CHANGE} AND (due_at <= :now OR EXISTS (
            SELECT 1 FROM air_sample d
            WHERE d.equipment_id = o.room_equipment_id AND d.source_at > o.read_to))
        ORDER BY due_at NULLS LAST, lot_id, open_state""",
        now=now,
        given_up_at=given_up_at,
    )
    return [(row["lot_id"], row["open_state"]) for row in rows]


async def next_due(tx: Transaction, given_up_at: datetime) -> datetime | None:
    """Return the next instant at which an interval changes by time alone."""
    at: datetime | None = await tx.scalar(
        sql(f"SELECT min(due_at) FROM open_exposure WHERE {MAY_CHANGE}"),
        {"given_up_at": given_up_at},
    )
    return at


async def lock(tx: Transaction, lot_id: str, state: str) -> OpenInterval | None:
    """Return an open interval that is read on its own, locked; None where another has it."""
    rows = await all_rows(
        tx,
        f"""{INTERVAL}
        WHERE o.lot_id = :lot_id AND o.open_state = :state AND o.air_id IS NULL
        FOR UPDATE OF o SKIP LOCKED""",
        lot_id=lot_id,
        state=state,
    )
    return _interval(rows[0]) if rows else None


async def lots_in(
    tx: Transaction, air: RoomAir, lot_ids: Sequence[str]
) -> list[tuple[float, OpenInterval]]:
    """Return lots that lie in an air, locked, each after the dose that was before it was opened."""
    rows = await all_rows(
        tx,
        f"""{INTERVAL}
        WHERE o.air_id = :air_id AND o.lot_id = ANY(:ids)
        ORDER BY o.lot_id, o.open_state FOR UPDATE OF o""",
        air_id=air.air_id,
        ids=list(lot_ids),
    )
    return [(row["dose_before_ppm_h"], _interval(row)) for row in rows]


async def keep(
    tx: Transaction,
    interval: OpenInterval,
    countdown: Countdown,
    state: ExposureState,
    read_to: datetime,
    now: datetime,
) -> None:
    """Keep what the samples up to `read_to` say, and when that changes by time alone."""
    due_at = countdown.next_change(interval.budget, now)
    await tx.execute(
        sql("""
            UPDATE open_exposure
            SET known_to = :known_to, dose_ppm_h = :dose_ppm_h, rate_ppm = :rate_ppm,
                unknown_at = :unknown_at, reason = :reason, state = :state, read_to = :read_to,
                due_at = :due_at, settled = :settled
            WHERE lot_id = :lot_id AND open_state = :open_state"""),
        {
            **asdict(countdown),
            "state": state,
            "read_to": read_to,
            "due_at": None if due_at == NEVER else due_at,
            "settled": countdown.is_settled(interval.budget, now),
            "lot_id": interval.lot_id,
            "open_state": interval.budget.state,
        },
    )


async def page(tx: Transaction, wanted: Wanted, limit: int, now: datetime) -> dict[str, Any]:
    """Return open intervals with what is left, the nearest limit first, and how many there are."""
    rows = await all_rows(
        tx,
        f"""
        SELECT i.*, count(*) OVER () AS total FROM (
            SELECT i.*, {LIMIT_AT} AS limit_at FROM (
                {INTERVAL}
                WHERE (CAST(:lot_id AS text) IS NULL OR o.lot_id = :lot_id)
                  AND (CAST(:room AS text) IS NULL OR o.room_equipment_id = :room)) i) i
        WHERE CAST(:until AS timestamptz) IS NULL OR state <> 'within' OR limit_at <= :until
        ORDER BY limit_at, lot_id, open_state LIMIT :limit""",
        lot_id=wanted.lot_id,
        room=wanted.room_equipment_id,
        until=wanted.until,
        limit=limit,
        longest_h=LONGEST.total_seconds() / 3600.0,
    )
    return {
        "items": [_shown(_interval(row), now) for row in rows],
        "total": rows[0]["total"] if rows else 0,
    }


def _interval(row: RowMapping) -> OpenInterval:
    values = {name: row[name] for name in Countdown.__dataclass_fields__}
    return OpenInterval(
        lot_id=row["lot_id"],
        work_request_id=row["work_request_id"],
        budget=ExposureBudget.model_validate(row["body"]),
        countdown=Countdown(**values),
        state=row["state"],
        cause=Cause(row["correlation_id"], row["causation_id"]),
    )


def _shown(interval: OpenInterval, now: datetime) -> dict[str, Any]:
    budget, countdown = interval.budget, interval.countdown
    so_far, limit_at = countdown.at(now), countdown.limit_at(budget)
    dose = so_far.dose_ppm_h
    return {
        "lot_id": interval.lot_id,
        "open_state": budget.state,
        "gas": budget.gas,
        "room_equipment_id": budget.room_equipment_id,
        "state": interval.state,
        "from_at": countdown.from_at,
        "minutes": so_far.minutes,
        "budget_minutes": budget.budget_minutes,
        "dose_ppm_h": dose,
        "budget_dose_ppm_h": budget.budget_dose_ppm_h,
        "dose_left_ppm_h": None if dose is None else max(0.0, budget.budget_dose_ppm_h - dose),
        "rate_ppm": countdown.rate_ppm,
        "limit_at": limit_at,
        "left_s": max(0.0, (limit_at - now).total_seconds()),
        "reason": so_far.reason,
    }
