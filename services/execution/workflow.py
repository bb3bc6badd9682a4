"""What execution does when a schedule comes in and when the other services say what happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from services.execution import domain, limits, store
from services.execution.domain import WorkMaster, WorkSchedule
from services.execution.finish import Finisher
from services.execution.release import Releaser
from services.execution.routing import expand
from services.execution.workmasters import WorkMasters, add_work_master
from shared.clock import Clock
from shared.db import Database
from shared.envelope import Envelope
from shared.events import (
    CellGraded,
    DispositionDecided,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
    MaterialLotRegistered,
    TimeLimitChanged,
    WorkRequestAccepted,
)
from shared.outbox import Outbox

WAIT_S = 1.0  # longest wall wait between looks at the time limits
REQUESTS_AT_ONCE = 50  # work requests with due time limits that are read at once


class ExecutionWork:
    """Routes lots through their operations; every change of a request happens under its lock."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock
        self._masters = WorkMasters()
        self._releaser = Releaser(outbox, clock, self._masters)
        self._finisher = Finisher(outbox, clock, self._masters)

    async def accept(self, tx: AsyncConnection, schedule: WorkSchedule) -> dict[str, Any]:
        """Take a work schedule: its lots into stock, its requests into job orders.

        Raises:
            NotFoundError: a product has no work master.
            ConflictError: a schedule, request or lot of that id exists with other content.
        """
        now = self._clock.now()
        await store.add_schedule(tx, schedule, now)
        for lot in schedule.material_lots:
            if await store.receive(tx, lot, now):
                registered = MaterialLotRegistered(
                    lot_id=lot.lot_id,
                    material_definition_id=lot.material_definition_id,
                    quantity=lot.quantity,
                    unit=lot.unit,
                    work_request_id=None,
                    origin="received",
                )
                await self._outbox.record(tx, registered)
        for request in schedule.work_requests:
            master = await self._masters.newest(tx, request.product_id)
            expansion = expand(request, master)
            await store.add_request(tx, schedule.work_schedule_id, request, master, expansion, now)
            accepted = WorkRequestAccepted(
                work_request_id=request.work_request_id,
                product_id=request.product_id,
                work_schedule_id=schedule.work_schedule_id,
                quantity=request.quantity,
                witness_quantity=request.witness_quantity,
                due_at=request.due_at,
                priority=request.priority,
                job_order_count=len(expansion.job_orders),
            )
            await self._outbox.record(tx, accepted)
        for request_row in await store.open_requests(tx):
            await self._releaser.look(tx, request_row)
        return {
            "work_schedule_id": schedule.work_schedule_id,
            "work_requests": [request.work_request_id for request in schedule.work_requests],
        }

    async def on_started(
        self, tx: AsyncConnection, envelope: Envelope, event: JobOrderStarted
    ) -> None:
        """A station began: close the windows that end here."""
        await store.lock_request(tx, event.work_request_id)
        job_order = await store.job_order(tx, event.job_order_id)
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
            if limit.state == "broken":
                await self._hold_for_limit(tx, event.work_request_id, limit)

    async def on_ended(self, tx: AsyncConnection, envelope: Envelope, event: JobOrderEnded) -> None:
        """A station ended: keep what was made of what, open windows, go on."""
        request = await store.lock_request(tx, event.work_request_id)
        job_order = await store.job_order(tx, event.job_order_id)
        await self._finisher.end(tx, request, job_order, event, self._hold)
        if event.state == "aborted":
            await self._hold(
                tx,
                event.work_request_id,
                event.lot_id,
                "operation",
                f"{event.operation} was aborted: {event.reason or 'no reason given'}",
            )
        await self._look(tx, request, event.lot_id)
        await self._finisher.complete(tx, request, event.lot_id)

    async def on_job_held(
        self, tx: AsyncConnection, envelope: Envelope, event: JobOrderHeld
    ) -> None:
        """A job order stands until a person looks: so does its lot."""
        await store.lock_request(tx, event.work_request_id)
        job_order = await store.job_order(tx, event.job_order_id)
        await store.set_job_order(
            tx,
            event.job_order_id,
            state=domain.move(event.job_order_id, job_order.state, "interrupted"),
            reason=event.reason,
        )
        await self._hold(tx, event.work_request_id, event.lot_id, "station", event.reason)

    async def on_disposition(
        self, tx: AsyncConnection, envelope: Envelope, event: DispositionDecided
    ) -> None:
        """A gate decided: hold what it did not release, let go what it did, go on."""
        if event.work_request_id is None:
            return
        request = await store.lock_request(tx, event.work_request_id)
        decided = [(part.lot_id, part.disposition, part.reason) for part in event.parts] or [
            (event.lot_id, event.disposition, event.reason)
        ]
        rows = [
            {"lot_id": lot_id, "gate": event.gate, "disposition": disposition, "reason": reason}
            for lot_id, disposition, reason in decided
        ]
        await store.keep_dispositions(tx, rows, self._clock.now())
        held = {
            hold["lot_id"]
            for hold in await store.holds(tx, [row["lot_id"] for row in rows])
            if hold["gate"] == event.gate
        }
        for lot_id, disposition, reason in decided:
            if disposition == "released" and lot_id not in held:
                continue
            if disposition == "released":
                await self._free(tx, event.work_request_id, lot_id, event.gate, reason)
            else:
                await self._hold(tx, event.work_request_id, lot_id, event.gate, reason)
        await self._finisher.hold_owners(tx, event, self._hold)
        await self._look(tx, request, event.lot_id)
        await self._finisher.complete(tx, request, event.lot_id)

    async def on_graded(self, tx: AsyncConnection, envelope: Envelope, event: CellGraded) -> None:
        """A cell has its grade; it is complete when every gate has released it."""
        request = await store.lock_request(tx, event.work_request_id)
        await store.set_lots(
            tx,
            [event.lot_id],
            self._clock.now(),
            grade=event.grade,
            discharge_capacity_mah=event.discharge_capacity_mah,
        )
        await self._finisher.complete(tx, request, event.lot_id)

    async def watch_limits(self) -> None:
        """Act on time limits for ever; each acts at its instant or at the next commit."""
        while True:
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
                    await self._hold_for_limit(tx, work_request_id, limit)
            await self._releaser.look(tx, request, sorted({limit.lot_id for limit in changed}))

    async def _look(self, tx: AsyncConnection, request: RowMapping, lot_id: str) -> None:
        """Release what the news of a lot allows: its own job orders, or all that wait for it."""
        only = [lot_id] if await store.is_built(tx, lot_id) else None
        await self._releaser.look(tx, request, only)

    async def _hold_for_limit(
        self, tx: AsyncConnection, work_request_id: str, limit: TimeLimitChanged
    ) -> None:
        reason = (
            f"{limit.name}: {limit.from_event} at {limit.started_at:%Y-%m-%d %H:%M:%S}, "
            f"{limit.to_event} {'not before' if limit.limit_kind == 'min' else 'by'} "
            f"{limit.limit_at:%Y-%m-%d %H:%M:%S}"
        )
        await self._hold(tx, work_request_id, limit.lot_id, "time_limit", reason)

    async def _hold(
        self, tx: AsyncConnection, work_request_id: str, lot_id: str, gate: str, reason: str
    ) -> None:
        if await store.keep_hold(tx, lot_id, gate, reason, self._clock.now()):
            held = LotHeld(lot_id=lot_id, work_request_id=work_request_id, gate=gate, reason=reason)
            await self._outbox.record(tx, held)

    async def _free(
        self, tx: AsyncConnection, work_request_id: str, lot_id: str, gate: str, reason: str
    ) -> None:
        if await store.end_hold(tx, lot_id, gate):
            freed = LotHoldReleased(
                lot_id=lot_id, work_request_id=work_request_id, gate=gate, reason=reason
            )
            await self._outbox.record(tx, freed)


async def take_master_data(tx: AsyncConnection, masters: list[WorkMaster]) -> dict[str, Any]:
    """Keep work masters; all or none."""
    for master in masters:
        await add_work_master(tx, master)
    return {"work_masters": [master.product_id for master in masters]}
