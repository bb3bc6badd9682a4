"""Drives one station: plan, store, read back, start, follow, take the answer, clear."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog

from shared import jobcontrol, joborders
from shared.app import Service
from shared.errors import PersonNeededError, StationFaultError
from shared.events import JobOrderReleased
from shared.jobcontrol import Wish
from shared.opcua import StationClient
from shared.settings import StationSettings
from shared.stationcontrol import JobControl
from shared.stationfacts import EquipmentStates, held_events, started_events
from shared.stationorder import StationOrder
from shared.stations import JobAnswer, JobAtStation, read_back_differences
from shared.telemetry import TelemetryFeed
from shared.tracing import following, span
from shared.transaction import Transaction

log = structlog.get_logger()
LOOK_S = 1.0  # a station is looked at this often should a notification have been lost
LOOK_AGAIN_S = 0.05  # the first look after a step, for jobs shorter than a notification takes


class StationWork(Protocol):
    """What a service adds to the way of a job: choosing it and judging its answer."""

    async def plan(
        self,
        tx: Transaction,
        station: StationSettings,
        waiting: Sequence[JobOrderReleased],
    ) -> StationOrder | None:
        """Choose the next order for a free place at a station, or None to leave it free."""

    async def ended(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        """Record what an ended or aborted order did, with its events."""


class StartGuard(Protocol):
    """What a service looks at once more just before a station starts."""

    async def why_not(self, client: StationClient, order: StationOrder) -> str | None:
        """Return why a stored order cannot start yet, None when it may; it is asked again.

        Raises:
            PersonNeededError: waiting will not mend it.
        """

    def trouble(self, equipment_id: str, to_start: Collection[str]) -> str | None:
        """Return why nothing at all starts at a station until a person mends it, else None.

        to_start: the orders that it has to start; what waited for another one is over.
        """


class EndReader(Protocol):
    """What a service fetches of an ended order while the station still has it."""

    async def read(self, client: StationClient, order: StationOrder, answer: JobAnswer) -> None:
        """Fetch and keep it; asked again after a crash, before the order is recorded and cleared.

        Raises:
            StationUnreachableError: the station does not answer now.
        """


class StationRunner:
    """One station of a service, with `places` orders at a time (1; more in a rack)."""

    def __init__(
        self,
        service: Service,
        client: StationClient,
        work: StationWork,
        places: int = 1,
        guard: StartGuard | None = None,
        reader: EndReader | None = None,
    ) -> None:
        self._guard, self._reader = guard, reader
        self.client, self._service, self._work, self._places = client, service, work, places
        self._database, self._outbox = service.database, service.outbox
        self._states = EquipmentStates(service, client.equipment_id)
        self._control = JobControl(service, client)
        lag = service.metrics.source_lag_s.labels(client.equipment_id)
        self.telemetry = TelemetryFeed(service.bus, client, service.clock.now, lag.set).run
        self._look_s = LOOK_S
        self._orders: dict[str, StationOrder] = {}
        self._tidied_at: datetime | None = None

    async def run(self) -> None:
        """Work for ever; raises RetryLaterError while station or database are away."""
        while True:
            if not self.client.connected:
                await self._states.tell(connected=False, running=False)
                await self.client.changed.wait(LOOK_S)
                continue
            unusable = self.client.offer.unusable if self.client.offer is not None else None
            if unusable is not None:
                await self._states.tell(
                    connected=True, running=False, unusable=unusable, software=self._software()
                )
                await self.client.changed.wait(LOOK_S)
                continue
            if self._tidied_at != self.client.connected_at:
                await self._tidy()
            if await self._round():
                self._look_s = LOOK_AGAIN_S
                continue
            await self._wait(self._look_s)
            self._look_s = min(LOOK_S, 2 * self._look_s)

    async def _tidy(self) -> None:
        """Clear what the station still shows of orders that are finished here.

        A crash between an end and its clearing would else leave them there until it is full.
        """
        connected_at = self.client.connected_at
        if not self.client.offers("Clear"):
            self._tidied_at = connected_at
            return
        shown = [
            job_order_id
            for job_order_id, job in (await self.client.jobs()).items()
            if job.state in ("ended", "aborted")
        ]
        async with self._database.quiet() as tx:
            finished = await joborders.finished(tx, self.client.equipment_id, shown)
        for job_order_id in finished:
            await self.client.clear(job_order_id)
        self._tidied_at = connected_at

    async def _wait(self, look_s: float) -> None:
        waits = (self.client.changed.wait(look_s), self._database.committed.wait(look_s))
        tasks = [asyncio.create_task(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _round(self) -> bool:
        """Take each open order of the station one step on, and plan one more; True if one moved."""
        async with self._database.quiet() as tx:
            seen = await jobcontrol.glance(tx, self.client.equipment_id, self.client.settings.kind)
            open_orders = [await self._order(tx, *known) for known in seen.states.items()]
        self._orders = {order.station_order_id: order for order in open_orders}
        shown = await self._shown(open_orders)
        moved = False
        for order in open_orders:
            order_id = order.station_order_id
            moved |= await self._advance(order, shown.get(order_id), seen.wishes.get(order_id))
        if seen.waits and len(open_orders) < self._places:
            moved |= await self._plan()
        running = any(order.state == "running" for order in open_orders)
        trouble = None
        if self._guard is not None:
            to_start = {
                one.station_order_id for one in open_orders if one.state == "allowed_to_start"
            }
            trouble = self._guard.trouble(self.client.equipment_id, to_start)
        await self._states.tell(
            connected=True, running=running, unusable=trouble, software=self._software()
        )
        return moved

    def _software(self) -> str | None:
        offer = self.client.offer
        return offer.identification.get("SoftwareRevision") if offer is not None else None

    async def _order(self, tx: Transaction, station_order_id: str, state: str) -> StationOrder:
        """Return an open order; its many parts are read again only when its state is another."""
        known = self._orders.get(station_order_id)
        if known is not None and known.state == state:
            return known
        return await joborders.get(tx, station_order_id)

    async def _plan(self) -> bool:
        async with self._database.quiet() as tx:
            waiting = await joborders.waiting(tx, self.client.settings.kind)
            if not waiting:
                return False
            order = await self._work.plan(tx, self.client.settings, waiting)
            if order is None:
                return False
            await joborders.assign(tx, order)
        self._database.committed.set()
        return True

    async def _shown(self, open_orders: Sequence[StationOrder]) -> dict[str, JobAtStation]:
        """Return what the station shows of its jobs while it has some; nothing of a wrong list."""
        if all(order.state == "allowed_to_start" for order in open_orders):
            return {}
        try:
            return await self.client.jobs()
        except StationFaultError:
            return {}  # each order is asked for by itself, so that one does not hold up the others

    async def _advance(
        self, order: StationOrder, held: JobAtStation | None, wish: Wish | None
    ) -> bool:
        ids = {
            "equipment_id": self.client.equipment_id,
            "job_order_id": order.station_order_id,
        }
        with following(order.traceparent), span(f"station order {order.state}", **ids):
            return await self._step(order, held, wish)

    async def _step(
        self, order: StationOrder, held: JobAtStation | None, wish: Wish | None
    ) -> bool:
        try:
            if order.state == "allowed_to_start":
                return await self._start(order)
            if held is None or held.state in ("ended", "aborted"):
                return await self._follow(order, wish)
            return await self._control.follow(order, held, wish)
        except PersonNeededError as error:
            await self._hold(order, str(error))
            return True

    async def _start(self, order: StationOrder) -> bool:
        """Store, read back, start; each may be repeated, also when it happened before a crash.

        That it was asked to start is kept before the station is asked: one that then no longer
        knows the order may have begun it, so it is never given it a second time.
        """
        station = self.client.equipment_id
        given = await self._give(order)
        if given is None:
            return False
        order = given
        held = (await self.client.jobs()).get(order.station_order_id)
        if held is None and order.started_at is not None:
            raise StationFaultError(
                f"{station} was asked to start {order.station_order_id} and does not know it any "
                "more; look whether it ran before it is started again"
            )
        if held is None:
            raise StationFaultError(f"{station} took the order but does not show it")
        tolerance = self.client.settings.tolerance
        differences = read_back_differences(order.content, held, tolerance)
        if differences:
            await self._withdraw(held)
            raise StationFaultError("recipe read back differs: " + "; ".join(differences))
        if held.state == "not_allowed_to_start":
            if order.started_at is None and await self._must_wait(order, held):
                return False
            order = await self._keep_asked(order)
            await self.client.start(order.station_order_id)
        started = replace(order.to("running"), started_at=self._service.clock.now())
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, started)
            await self._outbox.record(tx, *started_events(started))
        self._log("station order started", order)
        return True

    async def _must_wait(self, order: StationOrder, held: JobAtStation | None) -> bool:
        """Ask the guard whether an order has to wait; one that a person must see goes back.

        Raises:
            PersonNeededError: the guard's; the station has lost the order.
        """
        if self._guard is None:
            return False
        try:
            return await self._guard.why_not(self.client, order) is not None
        except PersonNeededError:
            if held is not None:
                await self._withdraw(held)
            raise

    async def _give(self, order: StationOrder) -> StationOrder | None:
        """Give the station an order it has not got; None while the guard lets it wait.

        A station that cannot only store may start it at once, so the guard is asked before.
        """
        if order.started_at is not None:
            return order
        offer = self.client.offer
        if offer is None or offer.reads_back_first:
            await self._store(order)
            return order
        if await self._must_wait(order, None):
            return None
        order = await self._keep_asked(order)
        await self.client.store_and_start(order.content)
        return order

    async def _store(self, order: StationOrder) -> None:
        """Store an order; one that was left there with other content is brought up to date."""
        station = self.client
        try:
            await station.store(order.content)
        except StationFaultError:
            held = (await station.jobs()).get(order.station_order_id)
            if held is None:
                raise
            if held.state == "not_allowed_to_start" and station.offers("Update"):
                await station.update(order.content)
            elif held.state == "aborted" and station.offers("Clear"):  # withdrawn before
                await station.clear(order.station_order_id)
                await station.store(order.content)
            else:
                raise

    async def _withdraw(self, held: JobAtStation) -> None:
        """Take back an order that is not what was sent, as far as the station lets one."""
        job_order_id, state = held.content.job_order_id, held.state
        if state == "allowed_to_start" and self.client.offers("RevokeStart"):
            await self.client.revoke_start(job_order_id)
            state = "not_allowed_to_start"
        if state == "not_allowed_to_start" and self.client.offers("Cancel"):
            await self.client.cancel(job_order_id)
        elif state not in ("ended", "aborted") and self.client.offers("Abort"):
            await self.client.abort(job_order_id)

    async def _keep_asked(self, order: StationOrder) -> StationOrder:
        asked = replace(order, started_at=self._service.clock.now())
        async with self._database.quiet() as tx:
            await joborders.save(tx, order.state, asked)
        self._orders[order.station_order_id] = asked
        return asked

    async def _follow(self, order: StationOrder, wish: Wish | None) -> bool:
        """Take the answer once the station has one; an order it no longer knows is a fault.

        One that a person gives up is over then, with nothing known of what was done.
        """
        try:
            answer = await self.client.answer(order.station_order_id)
        except StationFaultError as error:
            if wish is None or wish.asked != "abort":
                raise
            await self._end(order, self._given_up(order, wish, str(error)))
            return True
        if answer is None:
            return False
        if self._reader is not None:
            await self._reader.read(self.client, order, answer)
        await self._end(order, answer)
        if self.client.offers("Clear"):
            await self.client.clear(order.station_order_id)
        return True

    def _given_up(self, order: StationOrder, wish: Wish, why: str) -> JobAnswer:
        now = self._service.clock.now()
        return JobAnswer(
            job_order_id=order.station_order_id,
            state="aborted",
            started_at=order.started_at or now,
            ended_at=now,
            data={"reason": f"given up by {wish.by}: {why}"},
        )

    async def _end(self, order: StationOrder, answer: JobAnswer) -> None:
        ended = replace(
            order.to(answer.state), started_at=answer.started_at, ended_at=answer.ended_at
        )
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, ended, joborders.answer_record(answer))
            await jobcontrol.forget(tx, order.station_order_id)
            await self._work.ended(tx, ended, answer)
        self._log(f"station order {ended.state}", order)

    def _log(self, what: str, order: StationOrder) -> None:
        log.info(what, equipment_id=order.equipment_id, job_order_id=order.station_order_id)

    async def _hold(self, order: StationOrder, reason: str) -> None:
        log.error(
            "station order held",
            equipment_id=self.client.equipment_id,
            job_order_id=order.station_order_id,
            reason=reason,
        )
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, order.to("interrupted", reason))
            await jobcontrol.forget(tx, order.station_order_id)  # no longer paused: it was lost
            events = held_events(order.job_orders, self.client.equipment_id, reason)
            await self._outbox.record(tx, *events)
