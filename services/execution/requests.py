"""Work schedules and work requests in execution's database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.execution.domain import WorkMaster, WorkRequest, WorkSchedule
from services.execution.routing import Expansion
from services.execution.store import add_job_orders, add_lots, all_rows
from shared.db import sql
from shared.errors import ConflictError
from shared.transaction import Transaction


async def add_schedule(tx: Transaction, schedule: WorkSchedule, now: datetime) -> None:
    """Keep a work schedule.

    Raises:
        ConflictError: a schedule of that id was accepted before.
    """
    added = await tx.execute(
        sql("""
            INSERT INTO work_schedule (work_schedule_id, body, accepted_at)
            VALUES (:id, CAST(:body AS jsonb), :now) ON CONFLICT DO NOTHING"""),
        {"id": schedule.work_schedule_id, "body": schedule.model_dump_json(), "now": now},
    )
    if not added.rowcount:
        raise ConflictError(
            f"work schedule {schedule.work_schedule_id} was accepted before",
            await _accepted(tx, schedule.work_schedule_id),
        )


async def _accepted(tx: Transaction, work_schedule_id: str) -> dict[str, Any]:
    """Return when a schedule was accepted and how its work requests stand."""
    accepted_at = await tx.scalar(
        sql("SELECT accepted_at FROM work_schedule WHERE work_schedule_id = :id"),
        {"id": work_schedule_id},
    )
    requests = await all_rows(
        tx,
        """
        SELECT work_request_id, product_id, quantity, state FROM work_request
        WHERE work_schedule_id = :id ORDER BY work_request_id""",
        id=work_schedule_id,
    )
    return {
        "work_schedule_id": work_schedule_id,
        "accepted_at": accepted_at,
        "work_requests": [dict(row) for row in requests],
    }


async def add_request(
    tx: Transaction,
    schedule_id: str,
    request: WorkRequest,
    master: WorkMaster,
    expansion: Expansion,
    now: datetime,
) -> None:
    """Keep a work request with its lots and job orders.

    Raises:
        ConflictError: the work request exists.
    """
    added = await tx.execute(
        sql("""
            INSERT INTO work_request (work_request_id, work_schedule_id, product_id,
                product_version, quantity, witness_quantity, life_quantity, priority, due_at, state,
                accepted_at)
            VALUES (:work_request_id, :schedule_id, :product_id, :version, :quantity,
                :witness_quantity, :life_quantity, :priority, :due_at, 'open', :now)
            ON CONFLICT DO NOTHING"""),
        {
            **request.model_dump(),
            "schedule_id": schedule_id,
            "version": master.version,
            "now": now,
        },
    )
    if not added.rowcount:
        [current] = await all_rows(
            tx,
            """
            SELECT work_request_id, work_schedule_id, product_id, product_version, quantity, state
            FROM work_request WHERE work_request_id = :id""",
            id=request.work_request_id,
        )
        raise ConflictError(f"work request {request.work_request_id} exists", dict(current))
    await add_lots(tx, request.work_request_id, expansion, now)
    await add_job_orders(tx, request.work_request_id, expansion.job_orders)


async def open_requests(tx: Transaction) -> Sequence[RowMapping]:
    """Lock and return the work requests that have not ended, in one order for all callers."""
    return await all_rows(
        tx,
        "SELECT * FROM work_request WHERE state = 'open' ORDER BY work_request_id FOR UPDATE",
    )
