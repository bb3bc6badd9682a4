"""Nonconformances with their lots, entries, dispositions and actions in quality's database."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.quality.nonconformance import CorrectiveAction, State
from services.quality.store import all_rows
from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.transaction import Transaction


async def locked(tx: Transaction, nonconformance_id: str) -> RowMapping:
    """Return a nonconformance and keep others off it until the end of the transaction.

    Raises:
        NotFoundError: no such nonconformance.
    """
    rows = await all_rows(
        tx,
        "SELECT * FROM nonconformance WHERE nonconformance_id = :id FOR UPDATE",
        id=nonconformance_id,
    )
    if not rows:
        raise NotFoundError(f"nonconformance {nonconformance_id} does not exist")
    return rows[0]


async def keep_raised(tx: Transaction, row: dict[str, Any]) -> bool:
    """Keep a nonconformance with its lots; False when it was raised before.

    row: nonconformance_id, gate, category, severity, job_order_id, lot_id, lot_ids, equipment_id,
    product_id, operation, description, at.
    """
    added = await tx.execute(
        sql("""
            INSERT INTO nonconformance (nonconformance_id, gate, category, severity, job_order_id,
                lot_id, lot_ids, equipment_id, product_id, operation, description, raised_at)
            VALUES (:nonconformance_id, :gate, :category, :severity, :job_order_id, :lot_id,
                :lot_ids, :equipment_id, :product_id, :operation, :description, :at)
            ON CONFLICT DO NOTHING"""),
        row,
    )
    if added.rowcount:
        await add_lots(tx, row["nonconformance_id"], row["lot_ids"])
    return bool(added.rowcount)


async def add_lots(tx: Transaction, nonconformance_id: str, lot_ids: Sequence[str]) -> None:
    """Name lots that a nonconformance concerns; those it names already stay as they are."""
    await tx.execute(
        sql("""
            INSERT INTO nonconformance_lot (nonconformance_id, lot_id)
            SELECT :id, lot_id FROM unnest(CAST(:lot_ids AS text[])) AS lot_id
            ON CONFLICT DO NOTHING"""),
        {"id": nonconformance_id, "lot_ids": list(lot_ids)},
    )


async def lots(tx: Transaction, nonconformance_id: str) -> Sequence[RowMapping]:
    """Return the lots a nonconformance concerns."""
    return await all_rows(
        tx,
        """
        SELECT lot_id, is_held, disposition, disposition_id FROM nonconformance_lot
        WHERE nonconformance_id = :id ORDER BY lot_id""",
        id=nonconformance_id,
    )


async def set_state(
    tx: Transaction, nonconformance_id: str, state: State, closed_at: datetime | None = None
) -> None:
    """Move a nonconformance on."""
    await tx.execute(
        sql("""
            UPDATE nonconformance SET state = :state, closed_at = :closed_at
            WHERE nonconformance_id = :id"""),
        {"id": nonconformance_id, "state": state, "closed_at": closed_at},
    )


async def set_cause(tx: Transaction, nonconformance_id: str, cause_of: str) -> None:
    """Keep of what kind the cause is; the entries hold the words."""
    await tx.execute(
        sql("UPDATE nonconformance SET cause_of = :cause_of WHERE nonconformance_id = :id"),
        {"id": nonconformance_id, "cause_of": cause_of},
    )


async def enter(
    tx: Transaction,
    nonconformance_id: str,
    kind: str,
    person: str,
    body: dict[str, Any],
    at: datetime,
) -> None:
    """Add an entry; none is ever changed."""
    await tx.execute(
        sql("""
            INSERT INTO nonconformance_entry (nonconformance_id, kind, person, body, entered_at)
            VALUES (:id, :kind, :person, CAST(:body AS jsonb), :at)"""),
        {
            "id": nonconformance_id,
            "kind": kind,
            "person": person,
            "body": json.dumps(body),
            "at": at,
        },
    )


async def hold(tx: Transaction, nonconformance_id: str, lot_ids: Sequence[str]) -> list[str]:
    """Note that lots are held; return those that no nonconformance held before."""
    rows = await all_rows(
        tx,
        """
        WITH before AS (
            SELECT DISTINCT lot_id FROM nonconformance_lot
            WHERE lot_id = ANY(:lot_ids) AND is_held),
        held AS (
            UPDATE nonconformance_lot SET is_held = true
            WHERE nonconformance_id = :id AND lot_id = ANY(:lot_ids) AND NOT is_held
            RETURNING lot_id)
        SELECT lot_id FROM held WHERE lot_id NOT IN (SELECT lot_id FROM before)
        ORDER BY lot_id""",
        id=nonconformance_id,
        lot_ids=list(lot_ids),
    )
    return [row["lot_id"] for row in rows]


async def let_go(tx: Transaction, nonconformance_id: str, lot_ids: Sequence[str]) -> list[str]:
    """Note that lots are held no more; return those that no other nonconformance holds."""
    rows = await all_rows(
        tx,
        """
        WITH freed AS (
            UPDATE nonconformance_lot SET is_held = false
            WHERE nonconformance_id = :id AND lot_id = ANY(:lot_ids) AND is_held
            RETURNING lot_id)
        SELECT lot_id FROM freed WHERE NOT EXISTS (
            SELECT 1 FROM nonconformance_lot other WHERE other.lot_id = freed.lot_id
              AND other.nonconformance_id <> :id AND other.is_held)
        ORDER BY lot_id""",
        id=nonconformance_id,
        lot_ids=list(lot_ids),
    )
    return [row["lot_id"] for row in rows]


async def scrapped(tx: Transaction, lot_ids: Sequence[str]) -> list[str]:
    """Return those of some lots that are scrapped; that is for good."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT lot_id FROM nonconformance_lot
        WHERE lot_id = ANY(:lot_ids) AND disposition = 'scrap' ORDER BY lot_id""",
        lot_ids=list(lot_ids),
    )
    return [row["lot_id"] for row in rows]


async def propose(
    tx: Transaction, nonconformance_id: str, record: dict[str, Any], now: datetime
) -> None:
    """Keep a disposition that is to be signed.

    Raises:
        ConflictError: the id is taken.
    """
    added = await tx.execute(
        sql("""
            INSERT INTO lot_decision (disposition_id, nonconformance_id, record, state, proposed_at)
            VALUES (:id, :nonconformance_id, CAST(:record AS jsonb), 'proposed', :now)
            ON CONFLICT DO NOTHING"""),
        {
            "id": record["id"],
            "nonconformance_id": nonconformance_id,
            "record": json.dumps(record),
            "now": now,
        },
    )
    if not added.rowcount:
        raise ConflictError(f"disposition {record['id']} exists; choose another id")


async def proposal(tx: Transaction, nonconformance_id: str, disposition_id: str) -> RowMapping:
    """Return a disposition, locked.

    Raises:
        NotFoundError: the nonconformance has no such disposition.
    """
    rows = await all_rows(
        tx,
        """
        SELECT * FROM lot_decision
        WHERE disposition_id = :id AND nonconformance_id = :of FOR UPDATE""",
        id=disposition_id,
        of=nonconformance_id,
    )
    if not rows:
        raise NotFoundError(f"disposition {disposition_id} of {nonconformance_id} does not exist")
    return rows[0]


async def put_in_force(tx: Transaction, record: dict[str, Any], now: datetime) -> None:
    """Note that a disposition acts on its lots."""
    values = {"id": record["id"], "now": now, "word": record["disposition"]}
    await tx.execute(
        sql("""
            UPDATE lot_decision SET state = 'in_force', in_force_at = :now
            WHERE disposition_id = :id"""),
        values,
    )
    await tx.execute(
        sql("""
            UPDATE nonconformance_lot SET disposition = :word, disposition_id = :id
            WHERE nonconformance_id = :of AND lot_id = ANY(:lot_ids)"""),
        {**values, "of": record["nonconformance_id"], "lot_ids": list(record["lot_ids"])},
    )


async def add_action(tx: Transaction, nonconformance_id: str, action: CorrectiveAction) -> None:
    """Keep an action that is planned.

    Raises:
        ConflictError: the id is taken.
    """
    added = await tx.execute(
        sql("""
            INSERT INTO corrective_action (action_id, nonconformance_id, body, state)
            VALUES (:id, :of, CAST(:body AS jsonb), 'planned') ON CONFLICT DO NOTHING"""),
        {"id": action.action_id, "of": nonconformance_id, "body": action.model_dump_json()},
    )
    if not added.rowcount:
        raise ConflictError(f"action {action.action_id} exists; choose another id")


async def action(tx: Transaction, action_id: str, state: str) -> RowMapping:
    """Return an action in a state, locked.

    Raises:
        NotFoundError: no such action.
        ConflictError: it is in another state.
    """
    rows = await all_rows(
        tx, "SELECT * FROM corrective_action WHERE action_id = :id FOR UPDATE", id=action_id
    )
    if not rows:
        raise NotFoundError(f"action {action_id} does not exist")
    if rows[0]["state"] != state:
        raise ConflictError(
            f"action {action_id} is {rows[0]['state']}, not {state}", {"state": rows[0]["state"]}
        )
    return rows[0]


async def set_action(tx: Transaction, action_id: str, state: str, done_at: datetime | None) -> None:
    """Move an action on."""
    await tx.execute(
        sql("""
            UPDATE corrective_action SET state = :state, done_at = :done_at
            WHERE action_id = :id"""),
        {"id": action_id, "state": state, "done_at": done_at},
    )


async def seen_since(tx: Transaction, row: RowMapping, since: datetime) -> tuple[int, int]:
    """Return how many job orders were begun and ended, and how often it recurred, since then.

    Job orders of its product and operation, or of all where it names none.
    """
    counted = await all_rows(
        tx,
        """
        SELECT (SELECT count(*) FROM passage WHERE started_at > :since
                  AND (CAST(:product_id AS text) IS NULL OR product_id = :product_id)
                  AND (CAST(:operation AS text) IS NULL OR operation = :operation)) AS seen,
               (SELECT count(*) FROM nonconformance WHERE raised_at > :since
                  AND category = :category AND nonconformance_id <> :id
                  AND (CAST(:product_id AS text) IS NULL OR product_id IS NULL
                       OR product_id = :product_id)) AS again""",
        since=since,
        product_id=row["product_id"],
        operation=row["operation"],
        category=row["category"],
        id=row["nonconformance_id"],
    )
    return int(counted[0]["seen"]), int(counted[0]["again"])
