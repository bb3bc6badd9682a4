"""Open intervals of lots and the air over them in quality's database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.quality.domain import ExposureBudget
from services.quality.exposure import AirSample
from services.quality.gas import Gas
from services.quality.store import Passage, all_rows, passage_of
from shared.db import sql
from shared.transaction import Transaction


async def add_pending(
    tx: Transaction, lot_id: str, budget: ExposureBudget, give_up_at: datetime
) -> None:
    """Keep an interval to be evaluated, if its last operation has ended.

    Its samples are waited for until `give_up_at`, in plant time: the wall clock may be set.
    """
    await tx.execute(
        sql("""
            INSERT INTO pending_exposure (lot_id, product_id, state, version, give_up_at)
            SELECT :lot_id, :product_id, :state, :version, :give_up_at
            WHERE EXISTS (SELECT 1 FROM passage
                          WHERE lot_id = :lot_id AND operation = :to_operation)
            ON CONFLICT (lot_id, state) DO UPDATE
            SET version = excluded.version, give_up_at = excluded.give_up_at"""),
        {
            **budget.model_dump(include={"product_id", "state", "version", "to_operation"}),
            "lot_id": lot_id,
            "give_up_at": give_up_at,
        },
    )


async def pending(tx: Transaction) -> list[tuple[str, str]]:
    """Return lot and state of the intervals to be evaluated, oldest first."""
    rows = await all_rows(
        tx, "SELECT lot_id, state FROM pending_exposure ORDER BY give_up_at, lot_id, state"
    )
    return [(row["lot_id"], row["state"]) for row in rows]


async def lock_pending(
    tx: Transaction, lot_id: str, state: str, now: datetime
) -> RowMapping | None:
    """Return one interval to be evaluated with its budget, locked, and `given_up`; or None."""
    rows = await all_rows(
        tx,
        """
        SELECT b.body, CAST(:now AS timestamptz) >= p.give_up_at AS given_up
        FROM pending_exposure p JOIN exposure_budget b USING (product_id, state, version)
        WHERE p.lot_id = :lot_id AND p.state = :state FOR UPDATE OF p SKIP LOCKED""",
        lot_id=lot_id,
        state=state,
        now=now,
    )
    return rows[0] if rows else None


async def end_pending(tx: Transaction, lot_id: str, state: str) -> None:
    """End the evaluation of an interval."""
    await tx.execute(
        sql("DELETE FROM pending_exposure WHERE lot_id = :lot_id AND state = :state"),
        {"lot_id": lot_id, "state": state},
    )


async def newest_passage(tx: Transaction, lot_id: str, operation: str) -> Passage | None:
    """Return the last time a lot went through an operation, or None."""
    rows = await all_rows(
        tx,
        """
        SELECT * FROM passage WHERE lot_id = :lot_id AND operation = :operation
        ORDER BY ended_at DESC LIMIT 1""",
        lot_id=lot_id,
        operation=operation,
    )
    return passage_of(rows[0]) if rows else None


async def earliest_passage(
    tx: Transaction, lot_ids: Sequence[str], operation: str
) -> Passage | None:
    """Return the operation of that of some lots which went through it first; of each the newest."""
    rows = await all_rows(
        tx,
        """
        SELECT * FROM (
            SELECT DISTINCT ON (lot_id) * FROM passage
            WHERE lot_id = ANY(:ids) AND operation = :operation
            ORDER BY lot_id, ended_at DESC) AS newest
        ORDER BY started_at, lot_id LIMIT 1""",
        ids=list(lot_ids),
        operation=operation,
    )
    return passage_of(rows[0]) if rows else None


async def air_samples(
    tx: Transaction, equipment_id: str, gas: Gas, from_at: datetime, to_at: datetime
) -> Mapping[str, Sequence[AirSample]]:
    """Return the samples of a gas by each sensor of a room between two instants, in order."""
    rows = await all_rows(
        tx,
        """
        SELECT signal, source_at, value FROM air_sample
        WHERE equipment_id = :equipment_id AND signal = ANY(:signals)
          AND source_at BETWEEN :from_at AND :to_at
        ORDER BY source_at""",
        equipment_id=equipment_id,
        signals=list(gas.signals),
        from_at=from_at,
        to_at=to_at,
    )
    found: dict[str, list[AirSample]] = {}
    for row in rows:
        sample = AirSample(source_at=row["source_at"], value=row["value"])
        found.setdefault(row["signal"], []).append(sample)
    return found


async def keep_air_samples(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep samples of sensors; one that is there already stays."""
    await tx.execute(
        sql("""
            INSERT INTO air_sample (equipment_id, signal, source_at, value)
            VALUES (:equipment_id, :signal, :source_at, :value) ON CONFLICT DO NOTHING"""),
        list(rows),
    )


async def forget_air_samples(tx: Transaction, before: datetime) -> None:
    """Delete samples that are older than an instant."""
    await tx.execute(sql("DELETE FROM air_sample WHERE source_at < :before"), {"before": before})


async def keep_exposure(tx: Transaction, row: Mapping[str, Any]) -> None:
    """Keep an evaluated interval."""
    await tx.execute(
        sql("""
            INSERT INTO exposure (lot_id, open_state, version, job_order_id, from_at, to_at, state,
                minutes, budget_minutes, dose_ppm_h, budget_dose_ppm_h, reason, evaluated_at)
            VALUES (:lot_id, :open_state, :version, :job_order_id, :from_at, :to_at, :state,
                :minutes, :budget_minutes, :dose_ppm_h, :budget_dose_ppm_h, :reason, :at)"""),
        dict(row),
    )


async def newest_exposures(tx: Transaction, lot_id: str) -> Mapping[str, RowMapping]:
    """Return the newest evaluation of each open state of a lot."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (open_state) * FROM exposure
        WHERE lot_id = :lot_id ORDER BY open_state, id DESC""",
        lot_id=lot_id,
    )
    return {row["open_state"]: row for row in rows}


async def of_lot(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return every evaluation of a lot's open intervals, newest first."""
    rows = await all_rows(
        tx,
        """
        SELECT open_state, version AS budget_version, job_order_id, from_at, to_at, state, minutes,
               budget_minutes, dose_ppm_h, budget_dose_ppm_h, reason, evaluated_at
        FROM exposure WHERE lot_id = :lot_id ORDER BY id DESC""",
        lot_id=lot_id,
    )
    return [dict(row) for row in rows]
