"""What execution does when a schedule comes in and when the other services say what happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.execution import domain, gates, limits, requests, stock, store
from services.execution.closing import Closing
from services.execution.domain import ReceivedLot, WorkSchedule
from services.execution.ending import Ending
from services.execution.extraorders import ExtraOrders
from services.execution.finish import Finisher
from services.execution.holds import OPEN_EXPOSURE, Decided, HoldChange, Holds, PersonsGate
from services.execution.release import Releaser
from services.execution.routing import expand
from services.execution.withdrawal import ask_again
from services.execution.workmasters import WorkMasters
from shared.clock import Clock
from shared.db import Database
from shared.envelope import Envelope
from shared.events import (
    CellGraded,
    DispositionDecided,
    ExposureEvaluated,
    GenealogyRecorded,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderPaused,
    JobOrderResumed,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
    LotsRecalled,
    LotsScrapped,
    MaterialLotRegistered,
    RecallEnded,
    ReworkOrdered,
    SampleExtended,
    WorkRequestAccepted,
)
from shared.outbox import Outbox
from shared.transaction import Transaction

BUILT = ("cell", "witness", "life")  # scopes whose events concern no other lot's job orders
DECISION = {"disposition", "reason"}
WAIT_S = 1.0  # longest wall wait between looks at the time limits
REQUESTS_AT_ONCE = 50  # work requests with due time limits that are read at once


class ExecutionWork:
    """Routes lots through their operations; every change of a request happens under its lock."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock
        self._masters = WorkMasters()
        self._holds = Holds(outbox, clock)
        self._releaser = Releaser(outbox, clock, self._masters)
        ending = Ending(outbox, clock, self._masters)
        self._finisher = Finisher(outbox, clock, self._masters, self._holds, ending)
        self._extra = ExtraOrders(clock, self._masters, self._holds)
        self.closing = Closing(outbox, clock, self._holds, self._finisher, ending)

    async def accept(self, tx: Transaction, schedule: WorkSchedule) -> dict[str, Any]:
        """Take a work schedule: its lots into stock, its requests into job orders.

        Raises:
            NotFoundError: a product has no work master.
            ConflictError: a schedule, request or lot of that id exists with other content.
        """
        now = self._clock.now()
        await requests.add_schedule(tx, schedule, now)
        for lot in schedule.material_lots:
            if await store.receive(tx, lot, now):
                registered = MaterialLotRegistered(
                    **lot.model_dump(exclude={"supplier"}), work_request_id=None, origin="received"
                )
                await self._outbox.record(tx, registered)
        for request in schedule.work_requests:
            master = await self._masters.newest(tx, request.product_id)
            expansion = expand(request, master)
            await requests.add_request(
                tx, schedule.work_schedule_id, request, master, expansion, now
            )
            accepted = WorkRequestAccepted(
                work_request_id=request.work_request_id,
                product_id=request.product_id,
                work_schedule_id=schedule.work_schedule_id,
                quantity=request.quantity,
                witness_quantity=request.witness_quantity,
                life_quantity=request.life_quantity,
                due_at=request.due_at,
                priority=request.priority,
                job_order_count=len(expansion.job_orders),
                order_number=request.order_number,
            )
            await self._outbox.record(tx, accepted)
        for request_row in await requests.open_requests(tx):
            await self._releaser.look(tx, request_row)
        return {
            "work_schedule_id": schedule.work_schedule_id,
            "work_requests": [request.work_request_id for request in schedule.work_requests],
        }

    async def on_started(self, tx: Transaction, envelope: Envelope, event: JobOrderStarted) -> None:
        """A station began: close the windows that end here; what was resumed is free again.

        A test in parts begins at each of its instruments: it goes on where it runs already.
        """
        await store.lock_request(tx, event.work_request_id)
        job_order = await store.job_order(tx, event.job_order_id)
        if job_order.state == "running":  # the next part of it, at another instrument
            await store.set_job_order(tx, event.job_order_id, equipment_id=event.equipment_id)
            return
        await store.set_job_order(
            tx,
            event.job_order_id,
            state=domain.move(event.job_order_id, job_order.state, "running"),
            reason=None,
            equipment_id=event.equipment_id,
            started_at=event.started_at,
        )
        closed = await limits.close_limits(tx, event.lot_id, event.operation, event.started_at)
        await self._outbox.record(tx, *closed)
        for limit in closed:
            await self._holds.follow_limit(tx, event.work_request_id, limit)
        if job_order.state == "interrupted":
            reason = f"{event.operation} was resumed"
            await self._holds.free(tx, event.work_request_id, event.lot_id, "station", reason)

    async def on_ended(self, tx: Transaction, envelope: Envelope, event: JobOrderEnded) -> None:
        """A station ended: keep what was made of what, open windows, go on."""
        request = await store.lock_request(tx, event.work_request_id)
        job_order = await store.job_order(tx, event.job_order_id)
        await self._finisher.end(tx, request, job_order, event)
        if event.state == "aborted":
            reason = f"{event.operation} was aborted: {event.reason or 'no reason given'}"
            await self._holds.hold(tx, event.work_request_id, event.lot_id, "operation", reason)
        await self._go_on(tx, request, event.lot_id, is_built=job_order.scope in BUILT)

    async def on_job_held(self, tx: Transaction, envelope: Envelope, event: JobOrderHeld) -> None:
        """A job order stands until a person looks: so does its lot."""
        request = await store.lock_request(tx, event.work_request_id)
        job_order = await store.job_order(tx, event.job_order_id)
        await store.set_job_order(
            tx,
            event.job_order_id,
            state=domain.move(event.job_order_id, job_order.state, "interrupted"),
            reason=event.reason,
        )
        await self._holds.hold(tx, event.work_request_id, event.lot_id, "station", event.reason)
        await ask_again(tx, self._outbox, request, job_order, self._clock.now())

    async def on_paused(self, tx: Transaction, envelope: Envelope, event: JobOrderPaused) -> None:
        """A job order stands at its station, which goes on with it later: its lot is not held."""
        await self._set_state(tx, event, "interrupted", event.reason)

    async def on_resumed(self, tx: Transaction, envelope: Envelope, event: JobOrderResumed) -> None:
        """A paused job order goes on."""
        await self._set_state(tx, event, "running", None)

    async def _set_state(
        self,
        tx: Transaction,
        event: JobOrderPaused | JobOrderResumed,
        to: domain.JobState,
        reason: str | None,
    ) -> None:
        await store.lock_request(tx, event.work_request_id)
        job_order = await store.job_order(tx, event.job_order_id)
        state = domain.move(event.job_order_id, job_order.state, to)
        await store.set_job_order(tx, event.job_order_id, state=state, reason=reason)

    async def on_mixed(self, tx: Transaction, envelope: Envelope, event: GenealogyRecorded) -> None:
        """A mix was weighed out: the stock of what went into it is less by that much."""
        for item in event.materials:
            if item.use == "consumed":
                over = await stock.take_out(tx, item)
                if over:
                    await self._holds.hold(tx, None, item.lot_id, "stock", over)

    async def on_lot_made(
        self, tx: Transaction, envelope: Envelope, event: MaterialLotRegistered
    ) -> None:
        """A mix may be used: it is stock from now on, unless it is held."""
        fields = event.model_dump(include=set(ReceivedLot.model_fields))
        await store.receive(tx, ReceivedLot.model_validate(fields), self._clock.now())

    async def on_lot_held(self, tx: Transaction, envelope: Envelope, event: LotHeld) -> None:
        """A service holds a lot of its own: nothing is taken from it, if it came into stock."""
        if not await store.lots(tx, [event.lot_id]):
            return
        lot = await store.lock_lot(tx, event.lot_id)
        await self._holds.hold(tx, lot["work_request_id"], event.lot_id, event.gate, event.reason)

    async def on_lot_freed(
        self, tx: Transaction, envelope: Envelope, event: LotHoldReleased
    ) -> None:
        """A service ends its hold of a lot, and what waited goes on."""
        if not await store.lots(tx, [event.lot_id]):
            return
        lot = await store.lock_lot(tx, event.lot_id)
        request_id = lot["work_request_id"]
        freed = await self._holds.free(tx, request_id, event.lot_id, event.gate, event.reason)
        if freed and request_id is not None:
            request = await store.lock_request(tx, request_id)
            await self._go_on(tx, request, event.lot_id)

    async def on_recalled(self, tx: Transaction, envelope: Envelope, event: LotsRecalled) -> None:
        """A person recalled lots: hold each that is not used up, under the recall's own gate."""
        reason = f"{event.reason} ({event.person}; {event.node_kind} {event.node_id})"
        await self._holds.recall(tx, event.lot_ids, event.recall_id, reason)

    async def on_recall_ended(
        self, tx: Transaction, envelope: Envelope, event: RecallEnded
    ) -> None:
        """A recall ended: its lots are free of it and go on."""
        reason = f"{event.reason} ({event.person})"
        freed = await self._holds.end_recall(tx, event.lot_ids, event.recall_id, reason)
        for lot_id, work_request_id in freed:
            if work_request_id is not None:
                request = await store.lock_request(tx, work_request_id)
                await self._go_on(tx, request, lot_id)

    async def on_disposition(
        self, tx: Transaction, envelope: Envelope, event: DispositionDecided
    ) -> None:
        """A gate decided: hold what it did not release, let go what it did, go on.

        What is scrapped is held for good. LotsScrapped, which follows, changes nothing then; in
        records of before there is none.
        """
        if event.work_request_id is None:
            return
        request = await store.lock_request(tx, event.work_request_id)
        decided: Decided = {part.lot_id: part for part in event.parts} or {event.lot_id: event}
        rows = [
            {"lot_id": lot_id, "gate": event.gate, **one.model_dump(include=DECISION)}
            for lot_id, one in decided.items()
        ]
        await gates.keep_dispositions(tx, rows, self._clock.now())
        await self._holds.follow_decision(tx, event.work_request_id, event.gate, decided)
        scrapped = [lot_id for lot_id, one in decided.items() if one.disposition == "scrap"]
        if scrapped:
            await self._finisher.scrap(tx, request, scrapped)
        await self._go_on(tx, request, event.lot_id)

    async def on_scrapped(self, tx: Transaction, _: Envelope, event: LotsScrapped) -> None:
        """Lots were scrapped, by a gate's nonconformance or any other: their orders lose them."""
        for work_request_id, lot_ids in await store.by_request(tx, event.lot_ids):
            request = await store.lock_request(tx, work_request_id)
            await self._finisher.scrap(tx, request, lot_ids)
            await self.closing.settle(tx, request)

    async def on_rework(self, tx: Transaction, _: Envelope, event: ReworkOrdered) -> None:
        """Quality sends lots through a rework route: order its operations."""
        for request in await self._extra.rework(tx, event):
            await self.closing.settle(tx, request)
            await self._releaser.look(tx, request)

    async def on_extended(self, tx: Transaction, _: Envelope, event: SampleExtended) -> None:
        """A sample is extended: order so many more of it."""
        request = await self._extra.extend(tx, event)
        if request is not None:
            await self.closing.settle(tx, request)
            await self._releaser.look(tx, request)

    async def on_exposure(
        self, tx: Transaction, envelope: Envelope, event: ExposureEvaluated
    ) -> None:
        """Hold a lot whose budget is used up or unknown while it is open.

        It is free again when that is known after all, or when the gate decides over the whole.
        """
        if event.work_request_id is None:
            await self._on_opened_lot(tx, event)
            return
        request = await store.lock_request(tx, event.work_request_id)
        reason = event.reason or event.state
        about = (tx, event.work_request_id, event.lot_id, OPEN_EXPOSURE, reason)
        if event.is_open and event.state in ("over", "unknown"):
            await self._holds.hold(*about)
        elif await self._holds.free(*about):
            await self._go_on(tx, request, event.lot_id)

    async def _on_opened_lot(self, tx: Transaction, event: ExposureEvaluated) -> None:
        """Hold a stock lot that lay open for too long, so that nothing more is taken from it."""
        if not await store.lots(tx, [event.lot_id]):
            return
        await store.lock_lot(tx, event.lot_id)
        about = (tx, None, event.lot_id, OPEN_EXPOSURE, event.reason or event.state)
        if event.is_open and event.state in ("over", "unknown"):
            await self._holds.hold(*about)
        else:
            await self._holds.free(*about)

    async def on_graded(self, tx: Transaction, envelope: Envelope, event: CellGraded) -> None:
        """A cell has its grade; it is complete when every gate has released it."""
        request = await store.lock_request(tx, event.work_request_id)
        await store.set_lots(
            tx,
            [event.lot_id],
            self._clock.now(),
            grade=event.grade,
            discharge_capacity_mah=event.discharge_capacity_mah,
        )
        await self._finisher.complete(tx, request, [event.lot_id])

    async def hold(self, tx: Transaction, lot_id: str, change: HoldChange) -> dict[str, Any]:
        """Hold a lot by hand; its stations hear of it and start no job with it.

        Raises:
            NotFoundError: no such lot.
            ConflictError: it is held by hand already.
        """
        lot = await store.lock_lot(tx, lot_id)
        return await self._holds.by_hand(tx, lot, change)

    async def free(
        self, tx: Transaction, lot_id: str, gate: PersonsGate, change: HoldChange
    ) -> dict[str, Any]:
        """End a hold of a lot that no gate of quality decides, and go on.

        Raises:
            NotFoundError: no such lot.
            ConflictError: that gate does not hold it.
        """
        lot = await store.lock_lot(tx, lot_id)
        answer = await self._holds.end_by_hand(tx, lot, gate, change)
        if lot["work_request_id"] is not None:
            request = await store.lock_request(tx, lot["work_request_id"])
            await self._go_on(tx, request, lot_id)
        return answer

    async def watch_limits(self) -> None:
        """Act on time limits and stock for ever; each at its instant or at the next commit."""
        while True:
            await self.use_stock()
            async with self._database.quiet() as tx:
                due = await limits.next_due(tx)
            wait_s = WAIT_S
            if due is not None:
                left_s = (due - self._clock.now()).total_seconds()
                wait_s = min(WAIT_S, max(0.0, self._clock.wall_delay_s(left_s)))
            if wait_s > 0:
                await self._database.committed.wait(wait_s)
            if due is not None and due <= self._clock.now():
                await self.pass_time()

    async def pass_time(self) -> None:
        """Act on all limits that are due, the longest due first."""
        while True:
            now = self._clock.now()
            async with self._database.quiet() as tx:
                due = await limits.due_requests(tx, now, REQUESTS_AT_ONCE)
            for work_request_id in due:
                await self._pass_time_of(work_request_id, now)
            if len(due) < REQUESTS_AT_ONCE:
                return

    async def _pass_time_of(self, work_request_id: str, now: datetime) -> None:
        """First hold what broke a limit, then release what may start."""
        async with self._database.begin() as tx:
            request = await store.lock_request(tx, work_request_id)
            changed = await limits.pass_time(tx, work_request_id, now)
            await self._outbox.record(tx, *changed)
            for limit in changed:
                if limit.state == "broken":
                    await self._holds.follow_limit(tx, work_request_id, limit)
            await self._releaser.look(tx, request, sorted({limit.lot_id for limit in changed}))

    async def use_stock(self) -> None:
        """Look again at the job orders that wait for a material of which there is enough now.

        Stock comes back when less was used or a hold of it ends; both may concern any request.
        """
        async with self._database.quiet() as tx:
            reached = await stock.within_reach(tx)
        for work_request_id, lot_ids in reached.items():
            async with self._database.quiet() as tx:
                request = await store.lock_request(tx, work_request_id)
                any_released = await self._releaser.look(tx, request, lot_ids)
            if any_released:
                self._database.committed.set()

    async def _go_on(
        self, tx: Transaction, request: RowMapping, lot_id: str, *, is_built: bool | None = None
    ) -> None:
        """Do what the news of a lot allows: for itself if it is a cell, else for all it is in.

        is_built: it is known to be a cell or witness, or none. A cell that was released for an
        operation is not complete.
        """
        await self.closing.settle(tx, request)
        built = await store.is_built(tx, lot_id) if is_built is None else is_built
        only = [lot_id] if built else None
        if await self._releaser.look(tx, request, only) and built:
            return
        await self._finisher.complete(tx, request, only)
