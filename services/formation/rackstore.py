"""What racks and the page of a test show, out of formation's database."""

from typing import Any

from sqlalchemy import RowMapping

from services.formation import store
from services.formation.racks import Placed
from shared.db import sql
from shared.errors import NotFoundError
from shared.transaction import Transaction

RUN = """job_order_id, lot_id, channel, protocol_id, protocol_version, state, stop_reason,
    started_at, ended_at, greatest(row_count, batched_row) AS row_count"""


async def placed(tx: Transaction, equipment_id: str) -> dict[str, Placed]:
    """Return what is on each leased channel of a tester."""
    statement = """
        SELECT l.channel, l.job_order_id, l.lot_id, o.state, o.reason, r.started_at,
               r.protocol_id, r.protocol_version, r.part_number
        FROM channel_lease l
        JOIN station_order o ON o.station_order_id = l.job_order_id
        JOIN test_run r ON r.job_order_id = l.job_order_id
        WHERE l.equipment_id = :equipment_id"""
    rows = (await tx.execute(sql(statement), {"equipment_id": equipment_id})).mappings().all()
    wanted = {_key(row) for row in rows}
    protocols = {key: await store.protocol_version(tx, *key) for key in wanted}
    return {
        row["channel"]: Placed(
            channel=row["channel"],
            job_order_id=row["job_order_id"],
            lot_id=row["lot_id"],
            order_state=row["state"],
            reason=row["reason"],
            started_at=row["started_at"],
            protocol=protocols[_key(row)],
        )
        for row in rows
    }


def _key(row: RowMapping) -> tuple[str, int, int | None]:
    return row["protocol_id"], row["protocol_version"], row["part_number"]


async def waiting(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the job orders that have no channel yet, with the reason where one is known."""
    statement = """
        SELECT job_order_id, body -> 'materials' -> 0 ->> 'lot_id' AS lot_id,
               body ->> 'recipe_id' AS protocol_id, state, reason, due_at
        FROM job_order
        WHERE station_kind = 'tester' AND station_order_id IS NULL
            AND state IN ('not_allowed_to_start', 'allowed_to_start', 'interrupted')
        ORDER BY priority DESC, due_at, job_order_id LIMIT :limit"""
    return [dict(row) for row in (await tx.execute(sql(statement), {"limit": limit})).mappings()]


async def runs(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the newest tests."""
    statement = f"""
        SELECT {RUN} FROM test_run WHERE started_at IS NOT NULL
        ORDER BY started_at DESC, job_order_id LIMIT :limit"""
    return [dict(row) for row in (await tx.execute(sql(statement), {"limit": limit})).mappings()]


async def runs_on(
    tx: Transaction, equipment_id: str, channel: str, limit: int
) -> list[dict[str, Any]]:
    """Return the newest tests of a channel."""
    statement = f"""
        SELECT {RUN} FROM test_run WHERE channel = :channel AND started_at IS NOT NULL
            AND job_order_id IN (
                SELECT station_order_id FROM station_order WHERE equipment_id = :equipment_id)
        ORDER BY started_at DESC, job_order_id LIMIT :limit"""
    values = {"equipment_id": equipment_id, "channel": channel, "limit": limit}
    return [dict(row) for row in (await tx.execute(sql(statement), values)).mappings()]


async def run(tx: Transaction, job_order_id: str) -> dict[str, Any]:
    """Return one test with its figures and early features.

    Raises:
        NotFoundError: no such test.
    """
    statement = f"""
        SELECT {RUN}, cycles, features, stop_latency, (
            SELECT equipment_id FROM station_order WHERE station_order_id = :id) AS equipment_id
        FROM test_run WHERE job_order_id = :id"""
    row = (await tx.execute(sql(statement), {"id": job_order_id})).mappings().first()
    if row is None:
        raise NotFoundError(f"test {job_order_id} does not exist")
    return dict(row)


async def graded_recipes(tx: Transaction) -> list[dict[str, Any]]:
    """Return each product, protocol version and grade that cells have now, with how many."""
    statement = """
        SELECT product_id, protocol_id, protocol_version, grade, count(*) AS cell_count
        FROM (
            SELECT DISTINCT ON (product_id, protocol_id, protocol_version, lot_id)
                   product_id, protocol_id, protocol_version, grade
            FROM cell_grade
            ORDER BY product_id, protocol_id, protocol_version, lot_id, grade_id DESC
        ) AS newest
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
    return [dict(row) for row in (await tx.execute(sql(statement))).mappings()]
