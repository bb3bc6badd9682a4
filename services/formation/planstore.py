"""Plans over two instruments in formation's database: their version, parts and figures."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import polars as pl
from pydantic import TypeAdapter

from services.formation import store
from services.formation.curves import Figure
from services.formation.plan import Instrument, orders_of
from services.formation.protocol import TestProtocol
from services.formation.ran import Ran
from shared.db import sql
from shared.facts import CycleFigures
from shared.transaction import Transaction

RAN = TypeAdapter(Ran)


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A plan that has begun: the version it keeps to, and how many parts have ended."""

    protocol_id: str
    protocol_version: int
    ended_count: int


async def begun(tx: Transaction, job_order_id: str) -> Begun | None:
    """Return how far the plan of a job order is; None before its first part."""
    statement = """
        SELECT protocol_id, protocol_version, (
            SELECT count(*) FROM plan_part
            WHERE job_order_id = :id AND ended_at IS NOT NULL) AS ended_count
        FROM test_plan WHERE job_order_id = :id"""
    row = (await tx.execute(sql(statement), {"id": job_order_id})).mappings().first()
    return None if row is None else Begun(**row)


async def begin_part(
    tx: Transaction, job_order_id: str, protocol: TestProtocol, part_count: int,
    number: int, instrument: Instrument, station_order_id: str,
) -> None:  # fmt: skip
    """Keep that a part was given to its instrument; the first fixes the plan's version."""
    plan = """
        INSERT INTO test_plan (job_order_id, protocol_id, protocol_version, part_count)
        VALUES (:id, :protocol_id, :version, :part_count) ON CONFLICT DO NOTHING"""
    values = {
        "id": job_order_id,
        "protocol_id": protocol.protocol_id,
        "version": protocol.version,
        "part_count": part_count,
    }
    await tx.execute(sql(plan), values)
    part = """
        INSERT INTO plan_part (job_order_id, number, instrument, station_order_id)
        VALUES (:id, :number, :instrument, :station_order_id)"""
    values = {"id": job_order_id, "number": number, "instrument": instrument}
    await tx.execute(sql(part), {**values, "station_order_id": station_order_id})


async def end_part(
    tx: Transaction,
    station_order_id: str,
    state: str,
    started_at: datetime,
    ended_at: datetime,
    spectrum_id: str | None = None,
) -> None:
    """Keep how a part ended, with the spectrum it gave."""
    statement = """
        UPDATE plan_part SET state = :state, started_at = :started_at, ended_at = :ended_at,
            spectrum_id = :spectrum_id
        WHERE station_order_id = :id"""
    values = {"id": station_order_id, "state": state, "spectrum_id": spectrum_id}
    await tx.execute(sql(statement), {**values, "started_at": started_at, "ended_at": ended_at})


async def keep_ran(tx: Transaction, station_order_id: str, ran: Ran, rows: pl.DataFrame) -> None:
    """Keep what a tester ran of a part until all parts are joined."""
    content = BytesIO()
    rows.write_parquet(content, compression="zstd")
    await tx.execute(
        sql("""
            UPDATE plan_part SET ran = CAST(:ran AS jsonb), rows = :rows
            WHERE station_order_id = :id"""),
        {"id": station_order_id, "ran": RAN.dump_json(ran).decode(), "rows": content.getvalue()},
    )


async def ran_parts(tx: Transaction, job_order_id: str) -> list[tuple[Ran, pl.DataFrame]]:
    """Return what testers ran of a plan, in order, with the rows."""
    statement = """
        SELECT ran, rows FROM plan_part
        WHERE job_order_id = :id AND ran IS NOT NULL ORDER BY number"""
    rows = (await tx.execute(sql(statement), {"id": job_order_id})).mappings()
    return [
        (RAN.validate_python(row["ran"]), pl.read_parquet(BytesIO(row["rows"]))) for row in rows
    ]


async def steps_before(tx: Transaction, station_order_id: str) -> int:
    """Return how many ordered steps of its plan come before a part; 0 for a test on its own."""
    statement = """
        SELECT p.number, t.protocol_id, t.protocol_version
        FROM plan_part p JOIN test_plan t USING (job_order_id) WHERE p.station_order_id = :id"""
    row = (await tx.execute(sql(statement), {"id": station_order_id})).first()
    if row is None:
        return 0
    number, protocol_id, version = row
    whole = await store.protocol_version(tx, protocol_id, version)
    return sum(len(part.protocol.steps) for part in orders_of(whole)[: number - 1])


async def hand_on(tx: Transaction, job_order_id: str, station_kind: Instrument) -> None:
    """Let a job order wait for the instrument of its next part."""
    statement = """
        UPDATE job_order SET state = 'not_allowed_to_start', station_kind = :kind,
            station_order_id = NULL, reason = NULL
        WHERE job_order_id = :id"""
    await tx.execute(sql(statement), {"id": job_order_id, "kind": station_kind})


async def finish(
    tx: Transaction,
    job_order_id: str,
    ran: Ran,
    row_count: int,
    cycles: Sequence[CycleFigures],
    features: Sequence[Figure],
) -> None:
    """Keep the figures of the joined test; its rows are the historian's from now on."""
    statement = """
        UPDATE test_plan SET state = :state, started_at = :started_at, ended_at = :ended_at,
            row_count = :row_count, cycles = CAST(:cycles AS jsonb),
            features = CAST(:features AS jsonb)
        WHERE job_order_id = :id"""
    values = {
        "id": job_order_id,
        "state": ran.state,
        "started_at": ran.started_at,
        "ended_at": ran.ended_at,
        "row_count": row_count,
        "cycles": json.dumps([item.model_dump() for item in cycles]),
        "features": json.dumps([asdict(item) for item in features]),
    }
    await tx.execute(sql(statement), values)
    drop = "UPDATE plan_part SET rows = NULL WHERE job_order_id = :id"
    await tx.execute(sql(drop), {"id": job_order_id})


async def shown(tx: Transaction, job_order_id: str) -> dict[str, Any] | None:
    """Return a plan with its joined figures and its parts, for people; None where none is."""
    plan = """
        SELECT t.job_order_id, j.body ->> 'lot_id' AS lot_id, t.protocol_id, t.protocol_version,
               t.part_count, t.state, t.row_count, t.cycles, t.features, j.reason AS stop_reason,
               coalesce(t.started_at, (
                   SELECT min(o.started_at) FROM plan_part p JOIN station_order o
                   USING (station_order_id) WHERE p.job_order_id = :id)) AS started_at,
               t.ended_at, (
                   SELECT string_agg(DISTINCT r.channel, ', ') FROM plan_part p
                   JOIN test_run r ON r.job_order_id = p.station_order_id
                   WHERE p.job_order_id = :id) AS channel, (
                   SELECT r.stop_latency FROM plan_part p
                   JOIN test_run r ON r.job_order_id = p.station_order_id
                   WHERE p.job_order_id = :id AND r.stop_latency IS NOT NULL
                   ORDER BY p.number DESC LIMIT 1) AS stop_latency
        FROM test_plan t JOIN job_order j USING (job_order_id) WHERE t.job_order_id = :id"""
    row = (await tx.execute(sql(plan), {"id": job_order_id})).mappings().first()
    if row is None:
        return None
    parts = """
        SELECT p.number, p.instrument, o.equipment_id, r.channel,
               coalesce(p.state, o.state) AS state,
               coalesce(p.started_at, o.started_at) AS started_at, p.ended_at, p.spectrum_id,
               r.job_order_id AS series_id
        FROM plan_part p JOIN station_order o USING (station_order_id)
        LEFT JOIN test_run r ON r.job_order_id = p.station_order_id
        WHERE p.job_order_id = :id ORDER BY p.number"""
    found = (await tx.execute(sql(parts), {"id": job_order_id})).mappings()
    return {**row, "parts": [dict(part) for part in found]}


async def plan_of(tx: Transaction, station_order_id: str) -> str | None:
    """Return the job order whose plan a test is a part of; None for a test on its own."""
    statement = "SELECT job_order_id FROM plan_part WHERE station_order_id = :id"
    found: str | None = await tx.scalar(sql(statement), {"id": station_order_id})
    return found
