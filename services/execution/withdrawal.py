"""Job orders that wait at their services and are wanted back: it is the service's to give up."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping

from services.execution import chains
from services.execution.store import JobOrder
from shared.events import JobOrderWithdrawn
from shared.outbox import Outbox
from shared.transaction import Transaction

LOT_SCRAPPED = "its lot is scrapped"


def closed_short(request: RowMapping) -> str:
    """Return why nothing of a closed request is begun any more."""
    return f"the order was closed short: {request['close_reason']} ({request['closed_by']})"


async def withdraw(
    tx: Transaction,
    outbox: Outbox,
    request: RowMapping,
    lot_ids: Sequence[str],
    reason: str,
    now: datetime,
) -> None:
    """Ask services to give up what waits there of some lots; each job order is asked for once."""
    rows = await chains.withdraw(tx, request["work_request_id"], lot_ids, now)
    events = [
        JobOrderWithdrawn(
            job_order_id=row["job_order_id"],
            lot_id=row["lot_id"],
            work_request_id=request["work_request_id"],
            product_id=request["product_id"],
            operation=row["operation"],
            reason=reason,
        )
        for row in rows
    ]
    await outbox.record(tx, *events)


async def ask_again(
    tx: Transaction, outbox: Outbox, request: RowMapping, job_order: JobOrder, now: datetime
) -> None:
    """Ask once more for a job order that is held before its start.

    When it was asked for first a station had it and might have begun; now its service can give it
    up. One that is not wanted back stays held.
    """
    if await chains.is_wanted_back(tx, job_order.job_order_id):
        reason = closed_short(request) if request["closed_at"] else LOT_SCRAPPED
        await withdraw(tx, outbox, request, [job_order.lot_id], reason, now)
