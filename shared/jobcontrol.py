"""What people asked of running job orders (pause, resume, stop, abort), and which are paused."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.stationorder import State
from shared.transaction import Transaction

Asked = Literal["pause", "resume", "stop", "abort"]
OF_A_STATION: frozenset[Asked] = frozenset(get_args(Asked))
OF_A_TESTER: frozenset[Asked] = frozenset({"stop", "abort"})  # a test is never let stand

DDL = """
    CREATE TABLE job_control (
        station_order_id text PRIMARY KEY REFERENCES station_order,
        asked text,
        asked_by text,
        paused_at timestamptz
    )"""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person asked of a station order and the station has not been told yet."""

    asked: Asked
    by: str


@dataclass(frozen=True, kw_only=True)
class Glance:
    """A station's open orders with their states, oldest first, wishes of them, if any job waits."""

    states: Mapping[str, State]
    wishes: Mapping[str, Wish]
    waits: bool


async def glance(tx: Transaction, equipment_id: str, station_kind: str) -> Glance:
    """Return what is open at a station: to start, running, paused there or to be given up.

    Cheap enough to ask at each commit; a job order that waits may still be held.
    """
    statement = """
        SELECT o.station_order_id, o.state, c.asked, c.asked_by
        FROM station_order o LEFT JOIN job_control c USING (station_order_id)
        WHERE o.equipment_id = :equipment_id
          AND o.state IN ('allowed_to_start', 'running', 'interrupted')
          AND (o.state <> 'interrupted' OR c.paused_at IS NOT NULL OR c.asked IS NOT NULL)
        ORDER BY o.planned_at, o.station_order_id"""
    rows = list(await tx.execute(sql(statement), {"equipment_id": equipment_id}))
    waits = """
        SELECT EXISTS (SELECT 1 FROM job_order WHERE station_kind = :station_kind
                       AND state = 'not_allowed_to_start' AND reason IS NULL)"""
    return Glance(
        states={row[0]: row[1] for row in rows},
        wishes={row[0]: Wish(asked=row[2], by=row[3]) for row in rows if row[2] is not None},
        waits=bool(await tx.scalar(sql(waits), {"station_kind": station_kind})),
    )


async def wishes(tx: Transaction, equipment_id: str) -> dict[str, Wish]:
    """Return what persons asked and is not done yet, by the station order of a machine."""
    statement = """
        SELECT c.station_order_id, c.asked, c.asked_by
        FROM job_control c JOIN station_order o USING (station_order_id)
        WHERE o.equipment_id = :equipment_id AND c.asked IS NOT NULL"""
    rows = await tx.execute(sql(statement), {"equipment_id": equipment_id})
    return {row[0]: Wish(asked=row[1], by=row[2]) for row in rows}


async def ask(
    tx: Transaction,
    job_order_id: str,
    asked: Asked,
    by: str,
    machines: Mapping[str, Collection[Asked]],
) -> dict[str, Any]:
    """Keep what a person asks of the station order that a job order is part of.

    machines: what each that is driven here can be asked, by equipment id.

    Raises:
        NotFoundError: no such job order.
        ConflictError: it neither runs nor is paused at one of the machines, nor is it one to abort
            that stands interrupted since it was asked to start; or its machine can't be asked that.
    """
    statement = """
        SELECT j.state, o.station_order_id, o.equipment_id, o.started_at, c.paused_at
        FROM job_order j LEFT JOIN station_order o USING (station_order_id)
        LEFT JOIN job_control c USING (station_order_id)
        WHERE j.job_order_id = :job_order_id FOR UPDATE OF j"""
    row = (await tx.execute(sql(statement), {"job_order_id": job_order_id})).mappings().first()
    if row is None:
        raise NotFoundError(f"job order {job_order_id} does not exist")
    current = {"state": row["state"], "equipment_id": row["equipment_id"]}
    able, stands = machines.get(row["equipment_id"] or ""), row["state"] == "interrupted"
    goes_on = row["state"] == "running" or row["paused_at"] is not None
    if able is not None and stands and not goes_on and asked == "abort":
        if row["started_at"] is None:
            raise ConflictError(f"job order {job_order_id} was never asked to start", current)
    elif able is None or not goes_on:
        where = f"is {row['state']}" if able else "is not at a station that can be asked"
        raise ConflictError(f"job order {job_order_id} {where}; it can {asked} no more", current)
    if asked not in able:
        named = " or ".join(sorted(able))
        raise ConflictError(f"{row['equipment_id']} cannot {asked} a job, only {named} it", current)
    keep = """
        INSERT INTO job_control (station_order_id, asked, asked_by) VALUES (:id, :asked, :by)
        ON CONFLICT (station_order_id) DO UPDATE SET asked = :asked, asked_by = :by"""
    await tx.execute(sql(keep), {"id": row["station_order_id"], "asked": asked, "by": by})
    return {"job_order_id": job_order_id, "asked": asked, **current}


async def is_paused(tx: Transaction, job_order_id: str) -> bool:
    """Say whether a job order is paused at its station, which keeps it."""
    statement = """
        SELECT EXISTS (SELECT 1 FROM job_order j JOIN job_control c USING (station_order_id)
                       WHERE j.job_order_id = :job_order_id AND j.state = 'interrupted'
                         AND c.paused_at IS NOT NULL)"""
    return bool(await tx.scalar(sql(statement), {"job_order_id": job_order_id}))


async def answered(
    tx: Transaction, station_order_id: str, paused_at: datetime | None, wish: Wish | None
) -> None:
    """Keep since when an order is paused, and that the wish was told, unless it is another now.

    paused_at: None once it runs again. One that is given up stands as paused until it has ended.
    """
    statement = """
        INSERT INTO job_control (station_order_id, paused_at) VALUES (:id, :paused_at)
        ON CONFLICT (station_order_id) DO UPDATE SET paused_at = :paused_at"""
    await tx.execute(sql(statement), {"id": station_order_id, "paused_at": paused_at})
    if wish is not None:
        await done(tx, station_order_id, wish)


async def done(tx: Transaction, station_order_id: str, wish: Wish) -> None:
    """Forget a wish that the station was told or refused, unless it is another by now."""
    statement = """
        UPDATE job_control SET asked = NULL, asked_by = NULL
        WHERE station_order_id = :id AND asked = :asked AND asked_by = :by"""
    values = {"id": station_order_id, "asked": wish.asked, "by": wish.by}
    await tx.execute(sql(statement), values)


async def forget(tx: Transaction, station_order_id: str) -> None:
    """Forget what was asked of an order that is over."""
    statement = "DELETE FROM job_control WHERE station_order_id = :id"
    await tx.execute(sql(statement), {"id": station_order_id})
