"""What the plc service does: follow events, answer PLCs from memory, commit what they report."""

import asyncio
import re
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from services.plc import domain, store
from services.plc.domain import Answer, Floor, Hold, KnownJobOrder, Reported, Unit, Verdict
from services.plc.store import AnswerRow, ReportRow
from shared.app import Service
from shared.db import Signal
from shared.effects import Handler
from shared.envelope import Envelope
from shared.errors import BlockedError, NotFoundError
from shared.events import (
    DispositionDecided,
    JobOrderCancelled,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderPaused,
    JobOrderReleased,
    JobOrderResumed,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
    MaterialLotRegistered,
    PlcReported,
)
from shared.facts import Event
from shared.transaction import Transaction

log = structlog.get_logger()
OLD_AFTER_S = 5.0
LOOK_S = 1.0
BETWEEN_LOOKS_S = 0.1
MOST_QUEUED = 1000
REPEATS_KEPT = 10_000
REQUEST_ID = re.compile(r"[!-~]{1,100}")  # without space: ids of this service's own have one


async def take_released(tx: Transaction, envelope: Envelope, event: JobOrderReleased) -> None:
    """Keep a released job order."""
    await store.add_released(tx, event, envelope.time)


async def take_started(tx: Transaction, envelope: Envelope, event: JobOrderStarted) -> None:
    """Keep where a job order runs."""
    job_order_id, where = event.job_order_id, event.equipment_id
    await store.set_state(tx, job_order_id, "running", where, None, envelope.time)


async def take_ended(tx: Transaction, envelope: Envelope, event: JobOrderEnded) -> None:
    """Keep how a job order ended."""
    job_order_id, where = event.job_order_id, event.equipment_id
    await store.set_state(tx, job_order_id, event.state, where, event.reason, envelope.time)


async def take_cancelled(tx: Transaction, envelope: Envelope, event: JobOrderCancelled) -> None:
    """Keep that a job order will never start; no PLC fetches it any more."""
    await store.set_state(tx, event.job_order_id, "aborted", None, event.reason, envelope.time)


async def take_resumed(tx: Transaction, envelope: Envelope, event: JobOrderResumed) -> None:
    """Keep that a paused job order runs again."""
    job_order_id, where = event.job_order_id, event.equipment_id
    await store.set_state(tx, job_order_id, "running", where, None, envelope.time)


async def take_held(
    tx: Transaction, envelope: Envelope, event: JobOrderHeld | JobOrderPaused
) -> None:
    """Keep why a job order stands."""
    job_order_id, where = event.job_order_id, event.equipment_id
    await store.set_state(tx, job_order_id, "interrupted", where, event.reason, envelope.time)


async def take_lot(tx: Transaction, _: Envelope, event: MaterialLotRegistered) -> None:
    """Keep that a lot exists."""
    await store.add_lot(tx, event.lot_id, event.material_definition_id)


async def take_lot_held(tx: Transaction, envelope: Envelope, event: LotHeld) -> None:
    """Keep what holds a lot."""
    held = Hold(gate=event.gate, reason=event.reason)
    await store.hold(tx, event.lot_id, envelope.service, held, envelope.time)


async def take_lot_freed(tx: Transaction, envelope: Envelope, event: LotHoldReleased) -> None:
    """Keep that a hold ended."""
    await store.free(tx, event.lot_id, envelope.service, event.gate)


async def take_disposition(tx: Transaction, envelope: Envelope, event: DispositionDecided) -> None:
    """Keep what is scrap; all other dispositions become holds of execution, which owns them."""
    decided = {event.lot_id: (event.disposition, event.reason)}
    decided |= {part.lot_id: (part.disposition, part.reason) for part in event.parts}
    for lot_id, (disposition, reason) in decided.items():
        if disposition == "scrap":
            held = Hold(gate=event.gate, reason=f"scrap, {reason}", is_scrap=True)
            await store.hold(tx, lot_id, envelope.service, held, envelope.time)
        else:
            await store.free(tx, lot_id, envelope.service, event.gate)


HANDLERS: dict[type[Event], Handler] = {
    JobOrderReleased: take_released,
    JobOrderStarted: take_started,
    JobOrderEnded: take_ended,
    JobOrderCancelled: take_cancelled,
    JobOrderHeld: take_held,
    JobOrderPaused: take_held,
    JobOrderResumed: take_resumed,
    MaterialLotRegistered: take_lot,
    LotHeld: take_lot_held,
    LotHoldReleased: take_lot_freed,
    DispositionDecided: take_disposition,
}


@dataclass
class _Given:
    """The answer to a request, and whether the request is committed."""

    asked: tuple[str, str, str, str]
    answer: Answer
    kept: bool


class Desk:
    """Answers PLCs at once from memory; what they report is queued and committed by a loop."""

    def __init__(self, service: Service, users: Mapping[str, Unit]) -> None:
        self._service, self._users = service, users
        self._database = service.database
        self.floor = Floor(held={})
        self.changed = Signal()
        self._loaded_s: float | None = None
        self._heard_s: float | None = None
        self._reported: dict[str, Reported] = {}
        self._given: OrderedDict[tuple[str, str], _Given] = OrderedDict()
        self._queue: deque[ReportRow | AnswerRow] = deque()
        self._queued = Signal()

    @property
    def units(self) -> list[Unit]:
        """The work units that PLCs speak for."""
        return sorted(set(self._users.values()), key=lambda unit: unit.equipment_id)

    def unit_of(self, user: str, equipment_id: str) -> Unit:
        """Return the unit a user asks about.

        Raises:
            BlockedError: the user is bound to another unit.
        """
        unit = self._users.get(user)
        if unit is None or unit.equipment_id != equipment_id:
            raise BlockedError(f"user {user!r} may not speak for {equipment_id!r}")
        return unit

    async def recover(self) -> None:
        """Load what is known and what was answered before the last stop."""
        async with self._database.quiet() as tx:
            rows = await store.newest_reports(tx, REPEATS_KEPT)
        for row in rows:
            asked = (row.equipment_id, row.job_order_id or "", row.state, row.text)
            self._remember(row, _Given(asked, Answer(row.status, row.message), kept=True))
        await self.load()

    async def keep_loading(self) -> None:
        """Load anew after each commit, at the latest each wall second."""
        while True:
            woken = asyncio.create_task(self._database.committed.wait(LOOK_S))
            try:
                await self.load()
                await woken
            finally:
                woken.cancel()
            await asyncio.sleep(BETWEEN_LOOKS_S)

    async def load(self) -> None:
        """Read job orders, holds and lots of the units' kinds from the database."""
        async with self._database.quiet() as tx:
            floor = await store.floor(tx, {unit.kind for unit in self.units})
        known = {one.job_order_id: one.reported for one in floor.job_orders}
        waiting = {row.job_order_id for row in self._queue if isinstance(row, ReportRow)}
        # What a PLC reported counts from memory until the database shows it.
        self._reported = {
            job_order_id: state
            for job_order_id, state in self._reported.items()
            if job_order_id in waiting or known.get(job_order_id, state) != state
        }
        floor = replace(floor, job_orders=tuple(map(self._with_report, floor.job_orders)))
        self._loaded_s = time.monotonic()
        if floor != self.floor:
            self.floor = floor
            self.changed.set()

    def _with_report(self, job_order: KnownJobOrder) -> KnownJobOrder:
        reported = self._reported.get(job_order.job_order_id, job_order.reported)
        return replace(job_order, reported=reported)

    def next_job_order(self, unit: Unit, user: str) -> KnownJobOrder | None:
        """Return the next job order for a unit; the first time it is handed out is reported."""
        job_order = domain.next_job_order(self.floor, unit) if self.blindness() is None else None
        if job_order is not None:
            request_id = f"fetched {job_order.job_order_id} at {unit.equipment_id}"
            self._report(unit, user, request_id, job_order.job_order_id, "fetched", "")
        return job_order

    def report(
        self, unit: Unit, user: str, request_id: str, job_order_id: str, state: str, text: str
    ) -> Answer:
        """Take a report; the same request may come again and gets the same answer.

        "accepted" is in memory; a repeat is answered with "kept" once it is committed.
        """
        if not REQUEST_ID.fullmatch(request_id) or len(text) > 500 or len(job_order_id) > 200:
            return Answer(
                domain.INVALID_REQUEST,
                "request id: 1 to 100 characters without space, job order id: at most 200, "
                "text: at most 500",
            )
        if state == "fetched":
            return Answer(domain.INVALID_REQUEST, "NextJobOrder itself notes what was fetched")
        return self._report(unit, user, request_id, job_order_id, state, text)

    def may_start(self, unit: Unit, user: str, request_id: str, lot_id: str) -> Verdict:
        """Judge by what is known now; a repeat is judged anew, for a yes may have become a no."""
        blind = self.blindness()
        verdict = Verdict(False, blind) if blind else domain.may_start(self.floor, unit, lot_id)
        row = AnswerRow(
            user_name=user,
            request_id=request_id[:100],
            equipment_id=unit.equipment_id,
            lot_id=lot_id[:200],
            allowed=verdict.allowed,
            reason=verdict.reason,
            answered_at=self._service.clock.now(),
        )
        if len(self._queue) < MOST_QUEUED:
            self._queue.append(row)
            self._queued.set()
        return verdict

    def blindness(self) -> str | None:
        """Say why what is known may be out of date; unknown never counts as good."""
        now_s = time.monotonic()
        if self._service.bus.connected:
            self._heard_s = now_s
        for what, at_s in (("its record", self._loaded_s), ("its events", self._heard_s)):
            if at_s is None or now_s - at_s > OLD_AFTER_S:
                return f"Halite is without {what} for more than {OLD_AFTER_S:.0f} s; ask again"
        return None

    def _report(
        self, unit: Unit, user: str, request_id: str, job_order_id: str, state: str, text: str
    ) -> Answer:
        asked = (unit.equipment_id, job_order_id, state, text)
        given = self._given.get((user, request_id))
        if given is not None:
            return _repeated(given, asked, request_id)
        if len(self._queue) >= MOST_QUEUED:
            return Answer(domain.UNABLE, f"{MOST_QUEUED} reports wait already; ask again")
        answer = self._judged(unit, job_order_id, state)
        if answer.status != domain.DONE:
            log.warning(
                "report of a PLC refused",
                equipment_id=unit.equipment_id,
                job_order_id=job_order_id,
                reason=answer.message,
            )
            return answer
        row = ReportRow(
            user_name=user,
            request_id=request_id,
            equipment_id=unit.equipment_id,
            job_order_id=job_order_id or None,
            state=state,
            text=text,
            status=answer.status,
            message=answer.message,
            reported_at=self._service.clock.now(),
        )
        self._remember(row, _Given(asked, answer, kept=False))
        self._queue.append(row)
        self._queued.set()
        return answer

    def _judged(self, unit: Unit, job_order_id: str, state: str) -> Answer:
        if state in ("fetched", "alarm"):
            return Answer(domain.DONE, "accepted")
        answer = domain.judge_report(self.floor, unit, job_order_id, state)
        job_order, reported = self.floor.find(job_order_id), domain.reported_state(state)
        if answer.status != domain.DONE or job_order is None or reported is None:
            return answer
        verdict = domain.may_start(self.floor, unit, job_order.released.lot_id)
        self._reported[job_order_id] = reported
        job_orders = tuple(map(self._with_report, self.floor.job_orders))
        self.floor = replace(self.floor, job_orders=job_orders)
        if state == "running" and not verdict.allowed:
            return Answer(domain.DONE, f"accepted, against the interlock: {verdict.reason}")
        return answer

    def _remember(self, row: ReportRow, given: _Given) -> None:
        self._given[(row.user_name, row.request_id)] = given
        while len(self._given) > REPEATS_KEPT:
            self._given.popitem(last=False)

    async def keep_committing(self) -> None:
        """Commit what is queued; raises RetryLaterError with everything still in the queue."""
        while True:
            await self.commit()
            if not self._queue:
                await self._queued.wait(LOOK_S)

    async def commit(self) -> None:
        """Commit the queue: reports with their events, and the interlock's answers."""
        rows = list(self._queue)
        if not rows:
            return
        reports = [row for row in rows if isinstance(row, ReportRow)]
        async with self._database.begin() as tx:
            fresh = [row for row in reports if await store.add_report(tx, row)]
            await store.add_answers(tx, [row for row in rows if isinstance(row, AnswerRow)])
            await self._service.outbox.record(tx, *map(_event, fresh))
        for _ in rows:
            self._queue.popleft()
        for row in reports:
            given = self._given.get((row.user_name, row.request_id))
            if given is not None:
                given.kept = True


def _repeated(given: _Given, asked: tuple[str, str, str, str], request_id: str) -> Answer:
    if given.asked != asked:
        return Answer(domain.UNABLE, f"request id {request_id!r} was used for another report")
    if given.kept:
        return Answer(domain.DONE, given.answer.message.replace("accepted", "kept", 1))
    return given.answer


def _event(row: ReportRow) -> PlcReported:
    reported = domain.reported_state(row.state)
    report: domain.Report = "job_fetched" if row.state == "fetched" else "alarm"
    if reported is not None:
        report = domain.KINDS[reported]
    words = [row.state if row.state in ("interrupted", "aborted") else "", row.text]
    if "against" in row.message:
        words.append(row.message)
    return PlcReported(
        equipment_id=row.equipment_id,
        report=report,
        job_order_id=row.job_order_id,
        text="; ".join(word for word in words if word),
    )


async def floor_of(tx: Transaction, unit: Unit, lot_id: str | None = None) -> Floor:
    """Return what the record knows for one unit, and of one lot."""
    return await store.floor(tx, {unit.kind}, [lot_id] if lot_id else [])


def unit_named(service: Service, equipment_id: str) -> Unit:
    """Return a work unit of the plant file.

    Raises:
        NotFoundError: the plant file has no such station.
    """
    for station in service.plant.station:
        if station.equipment_id == equipment_id:
            return Unit(equipment_id=equipment_id, kind=station.kind)
    raise NotFoundError(f"work unit {equipment_id} is not in the plant file")
