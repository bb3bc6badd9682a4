"""Releases job orders once everything before them ended and nothing forbids them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping

from services.execution import gates, limits, stock, store
from services.execution.domain import GateRule, OperationRule, WorkMaster
from services.execution.holds import OPEN_EXPOSURE
from services.execution.routing import pellet_lot_id, powder_lot_id
from services.execution.store import JobOrder
from services.execution.workmasters import WorkMasters
from shared.clock import Clock
from shared.errors import BlockedError
from shared.events import GenealogyRecorded, JobOrderReleased
from shared.facts import Material
from shared.outbox import Outbox
from shared.transaction import Transaction


class Releaser:
    """Looks at the job orders of a work request and releases those that may start."""

    def __init__(self, outbox: Outbox, clock: Clock, masters: WorkMasters) -> None:
        self._outbox, self._clock, self._masters = outbox, clock, masters

    async def look(
        self, tx: Transaction, request: RowMapping, lot_ids: Sequence[str] | None = None
    ) -> bool:
        """Release what may start; keep the reason of what may not. The request is locked.

        `lot_ids` names the lots that something happened to; None looks at all of the request.
        Returns whether a job order was released.
        """
        any_released = False
        master = await self._masters.of(tx, request)
        now = self._clock.now()
        for job_order in await store.next_job_orders(tx, request["work_request_id"], lot_ids):
            rule = master.rule(job_order.scope, job_order.operation)
            not_before = await limits.earliest_start(tx, job_order.lot_id, job_order.operation)
            try:
                await self._check(tx, job_order, rule, not_before, now)
                async with tx.begin_nested():
                    allocation = await stock.allocate(tx, job_order, rule, master, now)
            except BlockedError as blocked:
                await self._keep_waiting(tx, job_order, blocked, not_before)
                continue
            await self._release(tx, request, job_order, rule, allocation, master, now)
            any_released = True
        return any_released

    async def _keep_waiting(
        self,
        tx: Transaction,
        job_order: JobOrder,
        blocked: BlockedError,
        not_before: datetime | None,
    ) -> None:
        if str(blocked) == job_order.reason:
            return
        short = blocked if isinstance(blocked, stock.ShortageError) else None
        await store.set_job_order(
            tx,
            job_order.job_order_id,
            reason=str(blocked),
            not_before=not_before,
            waits_for=None if short is None else short.material_definition_id,
            needs_quantity=None if short is None else short.needed,
        )

    async def _check(
        self,
        tx: Transaction,
        job_order: JobOrder,
        rule: OperationRule,
        not_before: datetime | None,
        now: datetime,
    ) -> None:
        if not_before is not None and now < not_before:
            raise BlockedError(f"not before {not_before:%Y-%m-%d %H:%M:%S} (minimum wait)")
        parts = await stock.allocated_ids(tx, job_order.lot_id)
        pellet_lot = pellet_lot_id(job_order.work_request_id)
        concerned = [job_order.lot_id, *parts]
        if job_order.scope != "powder":
            concerned.append(pellet_lot)
        if job_order.scope == "pellets" and rule.use == "produced":
            concerned.append(powder_lot_id(job_order.work_request_id))
        if job_order.is_rework:
            concerned += [item.lot_id for item in job_order.materials]
        for hold in await gates.holds(tx, concerned):
            if hold["gate"] in job_order.through:
                continue
            if parts and is_of_the_rest(hold, pellet_lot):
                continue
            raise BlockedError(f"{hold['lot_id']} held by {hold['gate']}: {hold['reason']}")
        await require(tx, rule.requires, job_order.lot_id, pellet_lot, parts)

    async def _release(
        self,
        tx: Transaction,
        request: RowMapping,
        job_order: JobOrder,
        rule: OperationRule,
        allocation: stock.Allocation,
        master: WorkMaster,
        now: datetime,
    ) -> None:
        await store.release(
            tx, job_order.job_order_id, allocation.lot_id, allocation.materials, now
        )
        await self._outbox.record(tx, *_issues(job_order, allocation, master, now))
        released = JobOrderReleased(
            job_order_id=job_order.job_order_id,
            lot_id=allocation.lot_id,
            work_request_id=job_order.work_request_id,
            product_id=master.product_id,
            operation=job_order.operation,
            service=rule.service,
            station_kind=rule.station_kind,
            recipe_id=rule.recipe_id,
            materials=tuple(allocation.materials),
            parameters=rule.parameters,
            priority=request["priority"],
            due_at=request["due_at"],
            released_at=now,
            through_gates=job_order.through,
            through_lot_ids=await _through(tx, job_order, allocation),
        )
        await self._outbox.record(tx, released)


async def _through(
    tx: Transaction, job_order: JobOrder, allocation: stock.Allocation
) -> tuple[str, ...]:
    """Return the lots whose holds a job order goes through: its own and their pellets, no stock."""
    if not job_order.through:
        return ()
    own = [item.lot_id for item in allocation.materials if item.use != "consumed"]
    pellets = await stock.allocated_ids(tx, job_order.lot_id)
    return tuple(dict.fromkeys([allocation.lot_id, *own, *pellets]))


def _issues(
    job_order: JobOrder, allocation: stock.Allocation, master: WorkMaster, now: datetime
) -> list[GenealogyRecorded]:
    """Return what was split off stock: one fact for each stock lot, so that no piece has two."""
    pieces: dict[str, list[Material]] = {}
    for stock_lot, piece in allocation.issued:
        pieces.setdefault(stock_lot.lot_id, [stock_lot]).append(piece)
    return [
        GenealogyRecorded(
            job_order_id=f"{job_order.job_order_id}-issue-{stock_lot_id}",
            lot_id=job_order.lot_id,
            work_request_id=job_order.work_request_id,
            product_id=master.product_id,
            operation="issue",
            equipment_id="store",
            recipe_id=master.product_id,
            recipe_version=master.version,
            materials=(
                split[0].model_copy(update={"quantity": float(len(split) - 1)}),
                *split[1:],
            ),
            started_at=now,
            ended_at=now,
        )
        for stock_lot_id, split in pieces.items()
    ]


def is_of_the_rest(hold: RowMapping, pellet_lot: str) -> bool:
    """Say whether a hold is of what still lies open of a pellet lot, which is in no cell."""
    return (hold["lot_id"], hold["gate"]) == (pellet_lot, OPEN_EXPOSURE)


async def require(
    tx: Transaction,
    rules: Sequence[GateRule],
    lot_id: str,
    pellet_lot: str,
    parts: Sequence[str],
) -> None:
    """Raise BlockedError unless every gate released what it must; undecided is not released."""
    if not rules:
        return
    subjects = {"lot": [lot_id], "pellet_lot": [pellet_lot], "parts": list(parts)}
    names = [rule.gate for rule in rules]
    known = await gates.dispositions(tx, [lot_id, pellet_lot, *parts], names)
    for rule in rules:
        for subject in subjects[rule.of]:
            decided = known.get((subject, rule.gate))
            if decided is None:
                raise BlockedError(f"gate {rule.gate} has not decided on {subject}")
            if decided["disposition"] != "released":
                raise BlockedError(
                    f"gate {rule.gate} {decided['disposition']} {subject}: {decided['reason']}"
                )
