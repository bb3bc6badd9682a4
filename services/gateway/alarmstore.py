"""Alarms that stand, what persons did to them, and the alarm table, in the gateway's database."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.gateway.alarmkpis import Raised
from services.gateway.alarmlist import AlarmRecord
from services.gateway.alarmstates import Suppression, SuppressionKind
from services.gateway.alarmtable import AlarmDefinition
from shared.db import sql
from shared.masterdata import keep_version
from shared.transaction import Transaction

# As the index `alarm_open` has it.
OPEN = """
    (returned_at IS NULL
     OR (acknowledged_at IS NULL AND (leaves = 'when_acknowledged' OR confirm_return)))"""
COLUMNS = """
    alarm_id, condition, code, text, priority, source, leaves, raised_at, acknowledged_at,
    acknowledged_by, returned_at, confirm_return,
    (SELECT count(*) FROM held_lot h WHERE h.condition = a.condition) AS lot_count"""


async def open_alarms(tx: Transaction, limit: int) -> list[AlarmRecord]:
    """Return alarms that stand or ask for an acknowledgement, those nobody acknowledged first."""
    statement = f"""
        SELECT {COLUMNS} FROM alarm a WHERE {OPEN}
        ORDER BY acknowledged_at IS NOT NULL, priority, raised_at DESC LIMIT :limit"""
    rows = (await tx.execute(sql(statement), {"limit": limit})).mappings().all()
    hidden = await _suppressions(tx, [row["condition"] for row in rows])
    return [_record(row, hidden) for row in rows]


async def open_count(tx: Transaction) -> int:
    """Return how many alarms stand or ask for an acknowledgement."""
    return int(await tx.scalar(sql(f"SELECT count(*) FROM alarm WHERE {OPEN}"), {}))


async def alarm(tx: Transaction, alarm_id: str) -> AlarmRecord | None:
    """Return one alarm, locked until the transaction ends; None when there is no such."""
    statement = f"SELECT {COLUMNS} FROM alarm a WHERE alarm_id = :alarm_id FOR UPDATE"
    row = (await tx.execute(sql(statement), {"alarm_id": alarm_id})).mappings().first()
    return _record(row, await _suppressions(tx, [row["condition"]])) if row else None


async def set_acknowledged(tx: Transaction, alarm_id: str, person: str, at: datetime) -> None:
    """Keep who acknowledged an alarm, and when."""
    statement = """
        UPDATE alarm SET acknowledged_at = :at, acknowledged_by = :person
        WHERE alarm_id = :alarm_id"""
    await tx.execute(sql(statement), {"alarm_id": alarm_id, "person": person, "at": at})


async def hide(tx: Transaction, suppression_id: str, condition: str, item: Suppression) -> None:
    """Keep that a person hid the alarms of a condition."""
    statement = """
        INSERT INTO alarm_suppression
            (suppression_id, condition, kind, person, reason, begun_at, until_at)
        VALUES (:suppression_id, :condition, :kind, :person, :reason, :begun_at, :until_at)"""
    values = {
        "suppression_id": suppression_id,
        "condition": condition,
        "kind": item.kind,
        "person": item.person,
        "reason": item.reason,
        "begun_at": item.begun_at,
        "until_at": item.until_at,
    }
    await tx.execute(sql(statement), values)


async def unhide(
    tx: Transaction, condition: str, kind: SuppressionKind, person: str, at: datetime
) -> None:
    """Keep that a person ended what hides the alarms of a condition."""
    statement = """
        UPDATE alarm_suppression SET ended_at = :at, ended_by = :person
        WHERE condition = :condition AND kind = :kind AND ended_at IS NULL
          AND (until_at IS NULL OR until_at > :at)"""
    values = {"condition": condition, "kind": kind, "person": person, "at": at}
    await tx.execute(sql(statement), values)


async def raised_between(tx: Transaction, since: datetime, until: datetime) -> list[Raised]:
    """Return the alarms raised in a period, and older ones that stand at its end."""
    statement = """
        SELECT code, source, priority, raised_at, acknowledged_at, returned_at FROM alarm
        WHERE raised_at BETWEEN :since AND :until
        UNION ALL
        SELECT code, source, priority, raised_at, acknowledged_at, returned_at FROM alarm
        WHERE raised_at < :since AND returned_at IS NULL
        ORDER BY raised_at"""
    rows = await tx.execute(sql(statement), {"since": since, "until": until})
    return [Raised(**row) for row in rows.mappings()]


async def raised_after(tx: Transaction, since: datetime) -> list[datetime]:
    """Return when alarms were raised since an instant, in order."""
    statement = "SELECT raised_at FROM alarm WHERE raised_at > :since ORDER BY raised_at"
    return list(await tx.scalars(sql(statement), {"since": since}))


async def first_raised_at(tx: Transaction) -> datetime | None:
    """Return when the first alarm on record was raised."""
    found: datetime | None = await tx.scalar(sql("SELECT min(raised_at) FROM alarm"), {})
    return found


async def add_definition(tx: Transaction, definition: AlarmDefinition) -> None:
    """Keep a version of a row of the alarm table.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "alarm_definition", ("code", "version"), definition)


async def definitions(tx: Transaction) -> dict[str, AlarmDefinition]:
    """Return the newest version of each row of the alarm table, by code."""
    statement = """
        SELECT DISTINCT ON (code) body FROM alarm_definition ORDER BY code, version DESC"""
    rows = await tx.execute(sql(statement))
    found = (AlarmDefinition.model_validate(row.body) for row in rows)
    return {item.code: item for item in found}


async def codes_on_record(tx: Transaction) -> list[str]:
    """Return every code that any alarm on record has; goes from code to code in the index."""
    statement = """
        WITH RECURSIVE found AS (
            SELECT min(code) AS code FROM alarm
            UNION ALL
            SELECT (SELECT min(a.code) FROM alarm a WHERE a.code > found.code)
            FROM found WHERE found.code IS NOT NULL
        )
        SELECT code FROM found WHERE code IS NOT NULL ORDER BY code"""
    return list(await tx.scalars(sql(statement), {}))


async def _suppressions(tx: Transaction, conditions: list[str]) -> dict[str, list[Suppression]]:
    statement = """
        SELECT condition, kind, person, reason, begun_at, until_at, ended_at
        FROM alarm_suppression WHERE condition = ANY(:conditions) ORDER BY begun_at"""
    found: dict[str, list[Suppression]] = {}
    if conditions:
        rows = await tx.execute(sql(statement), {"conditions": conditions})
        for row in rows.mappings():
            values: dict[str, Any] = {**row}
            found.setdefault(values.pop("condition"), []).append(Suppression(**values))
    return found


def _record(row: RowMapping, hidden: dict[str, list[Suppression]]) -> AlarmRecord:
    return AlarmRecord(**row, suppressions=tuple(hidden.get(row["condition"], ())))
