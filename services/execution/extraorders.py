"""Job orders beyond the route: rework that quality decided, and more of a sample.

They go through the holds of the gates that ordered them, and through no other.
"""

import re
from collections.abc import Sequence

from sqlalchemy import RowMapping

from services.execution import store
from services.execution.domain import Scope, WorkMaster
from services.execution.holds import Holds
from services.execution.routing import Expansion, PlannedJobOrder, letter_of, more_of
from services.execution.store import JobOrder, all_rows
from services.execution.workmasters import WorkMasters
from shared.clock import Clock
from shared.db import sql
from shared.events import ReworkOrdered, SampleExtended
from shared.facts import Material
from shared.transaction import Transaction

CANNOT = "operation"  # the gate of what a person must look at before the lot goes on
_AGAIN = re.compile(r"-R[0-9]+$")


class ExtraOrders:
    """Adds job orders to a work request; the caller lets the releaser look at it then."""

    def __init__(self, clock: Clock, masters: WorkMasters, holds: Holds) -> None:
        self._clock, self._masters, self._holds = clock, masters, holds

    async def rework(self, tx: Transaction, event: ReworkOrdered) -> list[RowMapping]:
        """Order the operations of a rework route again; return the work requests they are of.

        A lot that never ended one of them here, or was made by it, is held for a person.
        """
        found = []
        for work_request_id, lot_ids in await store.by_request(tx, event.lot_ids):
            request = await store.lock_request(tx, work_request_id)
            master = await self._masters.of(tx, request)
            chains: dict[tuple[str, ...], tuple[list[JobOrder], list[str]]] = {}
            for lot_id in lot_ids:
                before = await self._before(tx, request, master, event, lot_id)
                if before:
                    key = tuple(item.job_order_id for item in before)
                    chains.setdefault(key, (before, []))[1].append(lot_id)
            for before, own in chains.values():
                await self._again(tx, event, before, own)
            found.append(request)
        return found

    async def extend(self, tx: Transaction, event: SampleExtended) -> RowMapping | None:
        """Order so many more samples, witnesses or life cells, once for each extension."""
        request = await store.lock_request(tx, event.work_request_id)
        ordered_by = f"{event.gate} {event.lot_id}"
        taken = await all_rows(
            tx, "SELECT 1 FROM job_order WHERE ordered_by = :by LIMIT 1", by=ordered_by
        )
        if taken:
            return None
        seen = await all_rows(
            tx, "SELECT scope FROM job_order WHERE job_order_id = :id", id=event.job_order_id
        )
        if not seen:  # what a person measured is no job order; more of it is the person's to take
            return None
        master = await self._masters.of(tx, request)
        more = await self._more(tx, request, master, seen[0]["scope"], event.count)
        await store.add_lots(tx, event.work_request_id, more, self._clock.now())
        await store.add_job_orders(
            tx, event.work_request_id, more.job_orders, through=(event.gate,), ordered_by=ordered_by
        )
        return request

    async def _before(
        self,
        tx: Transaction,
        request: RowMapping,
        master: WorkMaster,
        event: ReworkOrdered,
        lot_id: str,
    ) -> list[JobOrder]:
        """Return the newest job order of each operation of the route that the lot went through."""
        before = []
        for operation in event.operations:
            ended = await store.newest_ended(tx, request["work_request_id"], operation, lot_id)
            why = f"{lot_id} has ended no {operation} yet"
            if ended is not None and master.rule(ended.scope, operation).use == "produced":
                ended, why = None, f"{lot_id} was made by {operation}, which cannot be done again"
            if ended is None:
                reason = f"rework route {event.rework_route_id} cannot be ordered: {why}"
                await self._holds.hold(tx, request["work_request_id"], lot_id, CANNOT, reason)
                return []
            before.append(ended)
        return before

    async def _again(
        self, tx: Transaction, event: ReworkOrdered, before: Sequence[JobOrder], lots: Sequence[str]
    ) -> None:
        after: tuple[str, ...] = ()
        for position, old in enumerate(before):
            base = _AGAIN.sub("", old.job_order_id)
            count = await tx.scalar(
                sql("SELECT count(*) FROM job_order WHERE job_order_id LIKE :like"),
                {"like": f"{base}-R%"},
            )
            planned = PlannedJobOrder(
                job_order_id=f"{base}-R{(count or 0) + 1}",
                operation=old.operation,
                scope=old.scope,
                position=position,
                lot_id=old.lot_id,
                after=after,
            )
            await store.add_job_orders(
                tx,
                old.work_request_id,
                [planned],
                through=event.gates,
                ordered_by=event.nonconformance_id,
                materials=_processed(old, lots),
            )
            after = (planned.job_order_id,)

    async def _more(
        self, tx: Transaction, request: RowMapping, master: WorkMaster, scope: Scope, count: int
    ) -> Expansion:
        work_request_id = request["work_request_id"]
        rows = await all_rows(
            tx,
            """
            SELECT count(*) AS number FROM (
                SELECT DISTINCT substring(job_order_id FROM :pattern) AS owner FROM job_order
                WHERE work_request_id = :id AND scope = :scope) AS owners""",
            id=work_request_id,
            scope=scope,
            pattern=f"^{re.escape(work_request_id)}-{letter_of(scope)}[0-9]+",
        )
        return more_of(work_request_id, master, scope, rows[0]["number"], count)


def _processed(old: JobOrder, lots: Sequence[str]) -> list[Material]:
    """Return what goes through an operation again: those of the lots, or all of a whole lot."""
    return [
        item
        for item in old.materials
        if item.use == "processed" and (item.lot_id in lots or old.lot_id in lots)
    ]
