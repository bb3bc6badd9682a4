"""The job orders a service was given and the station orders it made of them."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.events import JobOrderReleased
from shared.facts import Material
from shared.stationorder import State, StationOrder
from shared.stations import JobAnswer, ParameterValue
from shared.tracing import traceparent
from shared.transaction import Transaction

DDL = (
    """
    CREATE TABLE station_order (
        station_order_id text PRIMARY KEY,
        equipment_id text NOT NULL,
        recipe_id text NOT NULL,
        recipe_version integer NOT NULL,
        parameters jsonb NOT NULL,
        materials jsonb NOT NULL,
        state text NOT NULL,
        reason text,
        planned_at timestamptz NOT NULL,
        started_at timestamptz,
        ended_at timestamptz,
        answer jsonb
    )""",
    "CREATE INDEX station_order_open ON station_order (equipment_id, state)",
    """
    CREATE TABLE job_order (
        job_order_id text PRIMARY KEY,
        body jsonb NOT NULL,
        station_kind text NOT NULL,
        state text NOT NULL,
        reason text,
        priority integer NOT NULL,
        due_at timestamptz NOT NULL,
        released_at timestamptz NOT NULL,
        station_order_id text REFERENCES station_order
    )""",
    "CREATE INDEX job_order_waiting ON job_order (station_kind, state)",
    "CREATE INDEX job_order_lots ON job_order USING gin ((body -> 'materials') jsonb_path_ops)",
    """
    CREATE TABLE lot_hold (
        lot_id text NOT NULL,
        gate text NOT NULL,
        reason text NOT NULL,
        PRIMARY KEY (lot_id, gate)
    )""",
)
# Later than DDL: the job orders of a station order, and the newest of all, without reading all.
INDEXES = (
    "CREATE INDEX job_order_station_order ON job_order (station_order_id)",
    "CREATE INDEX job_order_newest ON job_order (released_at DESC, job_order_id)",
)
HOLDS = """
    SELECT h.lot_id, h.gate, h.reason FROM lot_hold h
    WHERE h.lot_id = ANY(ARRAY(
              SELECT m ->> 'lot_id' FROM jsonb_array_elements(j.body -> 'materials') AS m))
      AND NOT coalesce(j.body -> 'through_gates' @> to_jsonb(h.gate)
                       AND j.body -> 'through_lot_ids' @> to_jsonb(h.lot_id), false)"""

SHOWN = f"""
    SELECT j.job_order_id, j.state, j.station_kind,
           coalesce(j.reason, o.reason, (
               SELECT string_agg(
                   format('lot %s held by %s: %s', lot_id, gate, reason), '; ')
               FROM ({HOLDS}) AS held WHERE j.state = 'not_allowed_to_start'
           )) AS reason,
           j.body ->> 'operation' AS operation, j.body ->> 'work_request_id' AS work_request_id,
           o.equipment_id, o.station_order_id, o.started_at, o.ended_at,
           c.asked, c.asked_by, c.paused_at IS NOT NULL AS paused
    FROM job_order j LEFT JOIN station_order o USING (station_order_id)
    LEFT JOIN job_control c USING (station_order_id)"""


async def add(tx: Transaction, released: JobOrderReleased) -> None:
    """Keep a released job order until a station takes it, with the trace it came in."""
    body = released.model_dump(mode="json") | {"traceparent": traceparent()}
    statement = """
        INSERT INTO job_order
            (job_order_id, body, station_kind, state, priority, due_at, released_at)
        VALUES (:job_order_id, CAST(:body AS jsonb), :station_kind, 'not_allowed_to_start',
                :priority, :due_at, :released_at)
        ON CONFLICT (job_order_id) DO NOTHING"""
    values = {
        "job_order_id": released.job_order_id,
        "body": json.dumps(body),
        "station_kind": released.station_kind,
        "priority": released.priority,
        "due_at": released.due_at,
        "released_at": released.released_at,
    }
    await tx.execute(sql(statement), values)


async def waiting(
    tx: Transaction, station_kind: str, *, lock: bool = True
) -> list[JobOrderReleased]:
    """Return the job orders a kind of station may take, most urgent first.

    They are locked for the caller, who sees none that another caller has locked; `lock=False`
    is for those who only look.
    """
    statement = f"""
        SELECT j.body FROM job_order j
        WHERE j.station_kind = :station_kind AND j.state = 'not_allowed_to_start'
          AND j.reason IS NULL AND NOT EXISTS ({HOLDS})
        ORDER BY j.priority DESC, j.due_at, j.released_at, j.job_order_id
        {"FOR UPDATE OF j SKIP LOCKED" if lock else ""}"""
    rows = await tx.scalars(sql(statement), {"station_kind": station_kind})
    return [JobOrderReleased.model_validate(body) for body in rows]


async def hold(tx: Transaction, job_order_id: str, reason: str) -> None:
    """Keep one job order that no station has from starting until a person resumes it."""
    statement = """
        UPDATE job_order SET reason = :reason
        WHERE job_order_id = :job_order_id AND state = 'not_allowed_to_start'"""
    await tx.execute(sql(statement), {"job_order_id": job_order_id, "reason": reason})


async def cancel(tx: Transaction, job_order_id: str, reason: str) -> bool:
    """Give up a job order that no station has; False when one has it, or it is not of here."""
    statement = """
        UPDATE job_order SET state = 'cancelled', reason = :reason
        WHERE job_order_id = :job_order_id AND state = 'not_allowed_to_start'"""
    given_up = await tx.execute(sql(statement), {"job_order_id": job_order_id, "reason": reason})
    return bool(given_up.rowcount)


async def take_back(tx: Transaction, job_order_id: str, reason: str) -> str | None:
    """Give up a job order whose station order stands interrupted and was never asked to start.

    What else was in that station order is held for the reason it stands for, to be planned again.
    Returns the id of the station order; None when that may have begun, or there is none.
    """
    found = """
        SELECT o.station_order_id, o.reason FROM job_order j JOIN station_order o
        USING (station_order_id)
        WHERE j.job_order_id = :id AND o.state = 'interrupted' AND o.started_at IS NULL
        FOR UPDATE OF j, o"""
    row = (await tx.execute(sql(found), {"id": job_order_id})).mappings().first()
    if row is None:
        return None
    values = {"id": job_order_id, "order_id": row["station_order_id"]}
    over = """
        UPDATE station_order SET state = 'aborted', reason = :reason
        WHERE station_order_id = :order_id"""
    others = """
        UPDATE job_order SET state = 'not_allowed_to_start', reason = :why, station_order_id = NULL
        WHERE station_order_id = :order_id AND job_order_id <> :id"""
    own = "UPDATE job_order SET state = 'cancelled', reason = :reason WHERE job_order_id = :id"
    for statement in (over, others, own):
        await tx.execute(sql(statement), {**values, "reason": reason, "why": row["reason"]})
    station_order_id: str = row["station_order_id"]
    return station_order_id


async def resume(tx: Transaction, job_order_id: str) -> State:
    """Let a held job order be planned again, or an interrupted one be started again.

    Raises:
        NotFoundError: no such job order.
        ConflictError: it is not held.
    """
    statement = """
        SELECT state, reason, station_order_id FROM job_order
        WHERE job_order_id = :job_order_id FOR UPDATE"""
    row = (await tx.execute(sql(statement), {"job_order_id": job_order_id})).mappings().first()
    if row is None:
        raise NotFoundError(f"job order {job_order_id} does not exist")
    if row["state"] == "interrupted":
        order = (await get(tx, row["station_order_id"])).to("allowed_to_start")
        await save(tx, "interrupted", replace(order, started_at=None))
        return order.state
    if row["state"] != "not_allowed_to_start" or row["reason"] is None:
        raise ConflictError(
            f"job order {job_order_id} is {row['state']} and not held",
            {"job_order_id": job_order_id, "state": row["state"], "reason": row["reason"]},
        )
    free = "UPDATE job_order SET reason = NULL WHERE job_order_id = :job_order_id"
    await tx.execute(sql(free), {"job_order_id": job_order_id})
    return "not_allowed_to_start"


async def hold_lot(tx: Transaction, lot_id: str, gate: str, reason: str | None) -> None:
    """Keep job orders with a lot from starting, or end one gate's hold with None."""
    values = {"lot_id": lot_id, "gate": gate, "reason": reason}
    statement = """
        INSERT INTO lot_hold (lot_id, gate, reason) VALUES (:lot_id, :gate, :reason)
        ON CONFLICT (lot_id, gate) DO UPDATE SET reason = excluded.reason"""
    if reason is None:
        statement = "DELETE FROM lot_hold WHERE lot_id = :lot_id AND gate = :gate"
    await tx.execute(sql(statement), values)


async def assign(tx: Transaction, order: StationOrder) -> None:
    """Keep a new station order and bind its job orders to it."""
    statement = """
        INSERT INTO station_order (station_order_id, equipment_id, recipe_id, recipe_version,
                                   parameters, materials, state, planned_at)
        VALUES (:station_order_id, :equipment_id, :recipe_id, :recipe_version,
                CAST(:parameters AS jsonb), CAST(:materials AS jsonb), :state, :planned_at)"""
    values = {
        "station_order_id": order.station_order_id,
        "equipment_id": order.equipment_id,
        "recipe_id": order.recipe_id,
        "recipe_version": order.recipe_version,
        "parameters": json.dumps(order.parameters),
        "materials": json.dumps([item.model_dump() for item in order.materials]),
        "state": order.state,
        "planned_at": order.planned_at,
    }
    await tx.execute(sql(statement), values)
    bind = """
        UPDATE job_order SET state = 'allowed_to_start', station_order_id = :station_order_id
        WHERE job_order_id = ANY(:job_order_ids) AND state = 'not_allowed_to_start'"""
    ids = [job_order.job_order_id for job_order in order.job_orders]
    bound = await tx.execute(
        sql(bind), {"station_order_id": order.station_order_id, "job_order_ids": ids}
    )
    if bound.rowcount != len(ids):
        raise ConflictError(f"{order.station_order_id}: one of {ids} was taken meanwhile")


async def save(
    tx: Transaction, was: State, order: StationOrder, answer: dict[str, Any] | None = None
) -> None:
    """Write the state of a station order and of its job orders, unless another did meanwhile.

    Raises:
        ConflictError: its state is no longer `was`.
    """
    statement = """
        UPDATE station_order
        SET state = :state, reason = :reason, started_at = :started_at, ended_at = :ended_at,
            answer = coalesce(CAST(:answer AS jsonb), answer)
        WHERE station_order_id = :station_order_id AND state = :was"""
    values = {
        "station_order_id": order.station_order_id,
        "was": was,
        "state": order.state,
        "reason": order.reason,
        "started_at": order.started_at,
        "ended_at": order.ended_at,
        "answer": json.dumps(answer) if answer is not None else None,
    }
    if not (await tx.execute(sql(statement), values)).rowcount:
        raise ConflictError(f"{order.station_order_id} is no longer {was}; look at it again")
    follow = """
        UPDATE job_order SET state = :state, reason = :reason
        WHERE station_order_id = :station_order_id"""
    await tx.execute(sql(follow), values)


async def open_at(tx: Transaction, equipment_id: str) -> list[StationOrder]:
    """Return the orders a station has to start or is running, oldest first."""
    return await _orders(
        tx,
        "o.equipment_id = :equipment_id AND o.state IN ('allowed_to_start', 'running')",
        {"equipment_id": equipment_id},
    )


async def finished(
    tx: Transaction, equipment_id: str, station_order_ids: Sequence[str]
) -> list[str]:
    """Return those of some orders of a station whose end is committed here."""
    statement = """
        SELECT station_order_id FROM station_order
        WHERE equipment_id = :equipment_id AND station_order_id = ANY(:station_order_ids)
          AND state IN ('ended', 'aborted')
        ORDER BY station_order_id"""
    values = {"equipment_id": equipment_id, "station_order_ids": list(station_order_ids)}
    return list(await tx.scalars(sql(statement), values))


async def get(tx: Transaction, station_order_id: str) -> StationOrder:
    """Return one station order.

    Raises:
        NotFoundError: no such order.
    """
    found = await _orders(tx, "o.station_order_id = :id", {"id": station_order_id})
    if not found:
        raise NotFoundError(f"station order {station_order_id} does not exist")
    return found[0]


async def listed(
    tx: Transaction, limit: int, equipment_id: str | None = None
) -> list[dict[str, Any]]:
    """Return the newest job orders, of one station or of all, with their state, for people.

    asked, asked_by: what a person asked of it that its station has not been told yet.
    """
    at_station = "" if equipment_id is None else "WHERE o.equipment_id = :equipment_id"
    statement = f"{SHOWN} {at_station} ORDER BY j.released_at DESC, j.job_order_id LIMIT :limit"
    values = {"limit": limit, "equipment_id": equipment_id}
    rows = (await tx.execute(sql(statement), values)).mappings()
    return [dict(row) for row in rows]


async def shown(tx: Transaction, job_order_id: str) -> dict[str, Any]:
    """Return one job order for people, by its own id or by that of its part at a machine.

    Raises:
        NotFoundError: there is none.
    """
    statement = f"{SHOWN} WHERE j.job_order_id = :id OR j.station_order_id = :id"
    rows = (await tx.execute(sql(statement), {"id": job_order_id})).mappings()
    row = rows.first()
    if row is None:
        raise NotFoundError(f"job order {job_order_id} does not exist")
    return dict(row)


async def _orders(tx: Transaction, condition: str, values: dict[str, Any]) -> list[StationOrder]:
    statement = f"""
        SELECT o.*, (
            SELECT jsonb_agg(j.body ORDER BY j.job_order_id) FROM job_order j
            WHERE j.station_order_id = o.station_order_id
        ) AS bodies
        FROM station_order o WHERE {condition} ORDER BY o.planned_at, o.station_order_id"""
    rows = (await tx.execute(sql(statement), values)).mappings().all()
    return [
        StationOrder(
            station_order_id=row["station_order_id"],
            equipment_id=row["equipment_id"],
            recipe_id=row["recipe_id"],
            recipe_version=row["recipe_version"],
            parameters={name: _value(value) for name, value in row["parameters"].items()},
            materials=tuple(Material.model_validate(item) for item in row["materials"]),
            job_orders=tuple(JobOrderReleased.model_validate(body) for body in row["bodies"]),
            planned_at=row["planned_at"],
            state=row["state"],
            reason=row["reason"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            traceparent=_first_trace(row["bodies"]),
        )
        for row in rows
    ]


def _first_trace(bodies: Sequence[dict[str, Any]]) -> str | None:
    return next(filter(None, (body.get("traceparent") for body in bodies)), None)


def _value(value: Any) -> ParameterValue:
    if isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            return tuple(value)
        return tuple(float(item) for item in value)
    return value if isinstance(value, str) else float(value)


async def holds_of(
    tx: Transaction, lot_ids: Sequence[str], job_order: JobOrderReleased | None = None
) -> list[str]:
    """Return one sentence for each hold of some lots; not those that a job order goes through."""
    statement = """
        SELECT lot_id, gate, reason FROM lot_hold
        WHERE lot_id = ANY(:lot_ids) AND NOT (gate = ANY(:gates) AND lot_id = ANY(:through))
        ORDER BY lot_id, gate"""
    values = {
        "lot_ids": list(lot_ids),
        "gates": [] if job_order is None else list(job_order.through_gates),
        "through": [] if job_order is None else list(job_order.through_lot_ids),
    }
    rows = (await tx.execute(sql(statement), values)).mappings()
    return [f"lot {row['lot_id']} held by {row['gate']}: {row['reason']}" for row in rows]


def answer_record(answer: JobAnswer) -> dict[str, Any]:
    """Return a job answer as JSON-ready values; a number that is none becomes null."""
    record = asdict(answer)
    record["started_at"] = answer.started_at.isoformat()
    record["ended_at"] = answer.ended_at.isoformat()
    record["data"] = {name: _recorded(value) for name, value in answer.data.items()}
    return record


def _recorded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_recorded(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
