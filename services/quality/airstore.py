"""The air of rooms, and the lots that lie in it, in quality's database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.quality.countdown import Countdown
from services.quality.gas import GasName
from services.quality.roomair import RoomAir
from services.quality.store import all_rows
from shared.db import sql
from shared.transaction import Transaction

COUNTED = "known_to, dose_ppm_h, rate_ppm, unknown_at, reason"


async def airs(tx: Transaction, room_equipment_id: str | None = None) -> list[RoomAir]:
    """Return the airs that lots lie in, of one room if named, oldest first."""
    rows = await all_rows(
        tx,
        """
        SELECT * FROM room_air
        WHERE CAST(:room AS text) IS NULL OR room_equipment_id = :room ORDER BY air_id""",
        room=room_equipment_id,
    )
    return [_air(row) for row in rows]


async def rooms_with_samples(tx: Transaction, given_up_at: datetime) -> list[str]:
    """Return the rooms that have samples after those that their airs were read to."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT room_equipment_id FROM room_air a
        WHERE unknown_at > :given_up_at AND EXISTS (
            SELECT 1 FROM air_sample d
            WHERE d.equipment_id = a.room_equipment_id AND d.source_at > a.read_to)
        ORDER BY room_equipment_id""",
        given_up_at=given_up_at,
    )
    return [row["room_equipment_id"] for row in rows]


async def changed(
    tx: Transaction, found: Sequence[RoomAir], now: datetime, most: int
) -> dict[int, list[str]]:
    """Return, by air, at most so many lots whose state or next change is another one by now."""
    rows = await all_rows(
        tx,
        """
        SELECT a.air_id, o.lot_id FROM unnest(
            CAST(:ids AS bigint[]), CAST(:doses AS float8[]), CAST(:unknown AS boolean[])
        ) AS a (air_id, dose, unknown),
        LATERAL (
            SELECT lot_id FROM open_exposure WHERE air_id = a.air_id AND due_at <= :now
            UNION SELECT lot_id FROM open_exposure
                WHERE air_id = a.air_id AND due_dose_ppm_h <= a.dose
            UNION SELECT lot_id FROM open_exposure
                WHERE air_id = a.air_id AND back_dose_ppm_h > a.dose
            UNION SELECT lot_id FROM open_exposure
                WHERE air_id = a.air_id AND a.unknown AND state IN ('within', 'near')
            UNION SELECT lot_id FROM open_exposure
                WHERE air_id = a.air_id AND NOT a.unknown AND state = 'unknown'
            LIMIT :most
        ) AS o""",
        ids=[air.air_id for air in found],
        doses=[air.dose_ppm_h(now) for air in found],
        unknown=[air.is_unknown(now) for air in found],
        now=now,
        most=most,
    )
    found_lots: dict[int, list[str]] = {}
    for row in rows:
        found_lots.setdefault(row["air_id"], []).append(row["lot_id"])
    return found_lots


async def next_levels(tx: Transaction) -> list[tuple[int, datetime | None, float | None]]:
    """Return of each air the next instant and the next dose at which one of its lots changes."""
    rows = await all_rows(
        tx,
        """
        SELECT air_id,
               (SELECT min(due_at) FROM open_exposure o WHERE o.air_id = a.air_id) AS due_at,
               (SELECT min(due_dose_ppm_h) FROM open_exposure o
                WHERE o.air_id = a.air_id AND due_dose_ppm_h IS NOT NULL) AS due_dose
        FROM room_air a""",
    )
    return [(row["air_id"], row["due_at"], row["due_dose"]) for row in rows]


async def keep_standings(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep where lots stand and what changes them next, in one statement."""
    columns = ("lot_id", "open_state", "state", "due_at", "due_dose_ppm_h", "back_dose_ppm_h")
    await tx.execute(
        sql("""
            UPDATE open_exposure o
            SET state = n.state, due_at = n.due_at, due_dose_ppm_h = n.due_dose,
                back_dose_ppm_h = n.back_dose
            FROM unnest(
                CAST(:lot_id AS text[]), CAST(:open_state AS text[]), CAST(:state AS text[]),
                CAST(:due_at AS timestamptz[]), CAST(:due_dose_ppm_h AS float8[]),
                CAST(:back_dose_ppm_h AS float8[])
            ) AS n (lot_id, open_state, state, due_at, due_dose, back_dose)
            WHERE o.lot_id = n.lot_id AND o.open_state = n.open_state"""),
        {name: [row[name] for row in rows] for name in columns},
    )


async def advance(tx: Transaction, air: RoomAir) -> None:
    """Keep what the newest samples say of an air."""
    await tx.execute(
        sql("""
            UPDATE room_air SET known_to = :known_to, dose_ppm_h = :dose_ppm_h,
                rate_ppm = :rate_ppm, unknown_at = :unknown_at, reason = :reason,
                read_to = :read_to
            WHERE air_id = :air_id"""),
        _values(air),
    )


async def begin(
    tx: Transaction, room_equipment_id: str, gas: GasName, lot: Countdown, read_to: datetime
) -> int:
    """Keep a new air that goes on as a lot's countdown does; return its id."""
    air_id: int = await tx.scalar(
        sql(f"""
            INSERT INTO room_air (room_equipment_id, gas, {COUNTED}, read_to)
            VALUES (:room_equipment_id, :gas, :known_to, :dose_ppm_h, :rate_ppm, :unknown_at,
                    :reason, :read_to) RETURNING air_id"""),
        {
            "room_equipment_id": room_equipment_id,
            "gas": gas,
            "known_to": lot.known_to,
            "dose_ppm_h": lot.dose_ppm_h,
            "rate_ppm": lot.rate_ppm,
            "unknown_at": lot.unknown_at,
            "reason": lot.reason,
            "read_to": read_to,
        },
    )
    return air_id


async def join(tx: Transaction, lot_id: str, open_state: str, air_id: int, before: float) -> None:
    """Let a lot's countdown go on as an air does; its dose is the air's less `before` ppm h."""
    await tx.execute(
        sql("""
            UPDATE open_exposure SET air_id = :air_id, dose_before_ppm_h = :before
            WHERE lot_id = :lot_id AND open_state = :open_state"""),
        {"lot_id": lot_id, "open_state": open_state, "air_id": air_id, "before": before},
    )


async def merge(tx: Transaction, kept: RoomAir, other: RoomAir) -> None:
    """Let the lots of one air lie in another that goes on as it does."""
    await tx.execute(
        sql("""
            UPDATE open_exposure
            SET air_id = :kept, dose_before_ppm_h = dose_before_ppm_h + :more,
                due_dose_ppm_h = due_dose_ppm_h + :more, back_dose_ppm_h = back_dose_ppm_h + :more
            WHERE air_id = :other"""),
        {
            "kept": kept.air_id,
            "other": other.air_id,
            "more": kept.counted.dose_ppm_h - other.counted.dose_ppm_h,
        },
    )
    await tx.execute(sql("DELETE FROM room_air WHERE air_id = :id"), {"id": other.air_id})


async def forget_empty(tx: Transaction, room_equipment_id: str) -> None:
    """Delete the airs of a room in which no lot lies any more."""
    await tx.execute(
        sql("""
            DELETE FROM room_air a WHERE room_equipment_id = :room AND NOT EXISTS (
                SELECT 1 FROM open_exposure o WHERE o.air_id = a.air_id)"""),
        {"room": room_equipment_id},
    )


def _air(row: RowMapping) -> RoomAir:
    values = {name: row[name] for name in COUNTED.split(", ")}
    return RoomAir(
        air_id=row["air_id"],
        room_equipment_id=row["room_equipment_id"],
        gas=row["gas"],
        counted=Countdown(from_at=row["known_to"], **values),
        read_to=row["read_to"],
    )


def _values(air: RoomAir) -> dict[str, Any]:
    counted = air.counted
    return {
        "air_id": air.air_id,
        "known_to": counted.known_to,
        "dose_ppm_h": counted.dose_ppm_h,
        "rate_ppm": counted.rate_ppm,
        "unknown_at": counted.unknown_at,
        "reason": counted.reason,
        "read_to": air.read_to,
    }
