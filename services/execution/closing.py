"""Orders closed short: nothing of them is begun any more, what is begun is finished."""

from typing import Any, Literal

from sqlalchemy import RowMapping

from services.execution import chains, limits, store
from services.execution.domain import move
from services.execution.ending import Ending
from services.execution.finish import Finisher
from services.execution.holds import PERSON, HoldChange, Holds
from services.execution.withdrawal import closed_short, withdraw
from shared.clock import Clock
from shared.envelope import Envelope
from shared.errors import ConflictError
from shared.events import JobOrderCancelled, WorkRequestClosedShort
from shared.outbox import Outbox
from shared.transaction import Transaction


class OrderClosing(HoldChange):
    """Who closes an order short, and why.

    cells_under_way: whether cells that are begun go on to their end, or are held for a decision.
    """

    cells_under_way: Literal["finish", "hold"] = "finish"


class Closing:
    """Closes work requests short, and sees to it that they come to their end.

    A job order that waits at a station's service is the service's to give up: it may have begun
    meanwhile. It is asked for (`JobOrderWithdrawn`), and cancelled when the service has done so.
    """

    def __init__(
        self, outbox: Outbox, clock: Clock, holds: Holds, finisher: Finisher, ending: Ending
    ) -> None:
        self._outbox, self._clock, self._holds = outbox, clock, holds
        self._finisher, self._ending = finisher, ending

    async def close(
        self, tx: Transaction, work_request_id: str, given: OrderClosing
    ) -> dict[str, Any]:
        """Close a work request short; return what becomes of its cells.

        Raises:
            NotFoundError: no such work request.
            ConflictError: it has ended, or is closed already.
        """
        request = await store.lock_request(tx, work_request_id)
        _check_open(request)
        now = self._clock.now()
        await chains.keep_closed(tx, work_request_id, given.person, given.reason, now)
        request = await store.lock_request(tx, work_request_id)
        under_way = await chains.cells_under_way(tx, work_request_id)
        closed = WorkRequestClosedShort(
            work_request_id=work_request_id,
            product_id=request["product_id"],
            reason=given.reason,
            person=given.person,
            cells_under_way=tuple(under_way),
            are_held=given.cells_under_way == "hold",
        )
        await self._outbox.record(tx, closed)
        if given.cells_under_way == "hold":
            why = f"its order was closed short: {given.words}"
            for cell_id in under_way:
                await self._holds.hold(tx, work_request_id, cell_id, PERSON, why)
        await self.settle(tx, request)
        return await chains.shown(tx, work_request_id)

    async def on_cancelled(self, tx: Transaction, _: Envelope, event: JobOrderCancelled) -> None:
        """A service gave a job order up: what was taken for it goes back, and its lot is over."""
        request = await store.lock_request(tx, event.work_request_id)
        job_order = await store.job_order(tx, event.job_order_id)
        await store.set_job_order(
            tx,
            event.job_order_id,
            state=move(event.job_order_id, job_order.state, "cancelled"),
            reason=event.reason,
        )
        await self._finisher.give_back(tx, job_order)
        missed = [(event.lot_id, event.operation)]
        await self._outbox.record(tx, *await limits.lift(tx, missed, event.reason))
        if job_order.state == "interrupted":
            lot_id, reason = event.lot_id, f"{event.operation} was cancelled"
            await self._holds.free(tx, event.work_request_id, lot_id, "station", reason)
        await self.settle(tx, request)

    async def settle(self, tx: Transaction, request: RowMapping) -> None:
        """Cancel what must not begin any more of a closed request, and end it when all is over.

        Does nothing to one that is not closed. It is locked.
        """
        if request["closed_at"] is None:
            return
        work_request_id = request["work_request_id"]
        reason = closed_short(request)
        stopped = chains.stopped(await chains.of_request(tx, work_request_id))
        now = self._clock.now()
        await withdraw(tx, self._outbox, request, [one.lot_id for one in stopped], reason, now)
        cancelled = await chains.cancel(tx, stopped, reason)
        await chains.cancel_lots(tx, work_request_id, now)
        lifted = await limits.lift(tx, cancelled, reason)
        await self._outbox.record(tx, *lifted)
        await self._ending.look(tx, request)


def _check_open(request: RowMapping) -> None:
    name = request["work_request_id"]
    current = {"work_request_id": name, "state": request["state"]}
    if request["state"] == "ended":
        raise ConflictError(f"work request {name} has ended; there is nothing to close", current)
    if request["closed_at"] is not None:
        raise ConflictError(
            f"work request {name} was closed short at {request['closed_at']:%Y-%m-%d %H:%M:%S} by "
            f"{request['closed_by']}: {request['close_reason']}",
            current,
        )
