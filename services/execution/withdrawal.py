"""Job orders that wait at their services and are wanted back: it is the service's to give up."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping

from services.execution import chains
from shared.events import JobOrderWithdrawn
from shared.outbox import Outbox
from shared.transaction import Transaction


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
