"""Runs tests on the channels of one tester: lease, step file, start, take the rows, free."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from services.formation import channelstore, domain, planstore, rowstore, store
from services.formation.answers import Channel, ChannelPoint
from services.formation.channels import ChannelFacts, choose_channel, facts_of
from services.formation.driver import TesterDriver
from services.formation.evidence import TestFiles
from services.formation.givingup import OVER, GivingUp, has_test
from services.formation.neware import named
from services.formation.offers import Offers
from services.formation.plans import Plans, Work, next_work
from services.formation.ran import figures_of, ran_on
from services.formation.sending import keep_in_batches
from services.formation.stepfile import StepFile, step_file
from services.formation.stoplatency import stop_latency
from services.formation.store import Lease, LeasedMeanwhileError, Run
from services.formation.testrecord import TestRecord
from services.formation.whatran import WhatRan
from shared import jobcontrol, joborders
from shared.app import Service
from shared.errors import PersonNeededError, RetryLaterError, StationFaultError
from shared.events import ChannelLeased, JobOrderReleased
from shared.intake import hold
from shared.settings import TesterSettings
from shared.stationfacts import EquipmentStates, held_events, started_events
from shared.stationorder import StationOrder
from shared.transaction import Transaction

log = structlog.get_logger()
WATCH_S = 1.0  # wall seconds between looks at the channels
CURVE_EVERY = 5  # looks between downloads of the rows so far


class TesterRunner:
    """One tester: its channels, each with at most one job order by lease."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(
        self,
        service: Service,
        tester: TesterSettings,
        client: TesterDriver,
        share: Path,
        look_every_s: float = WATCH_S,
        offers: Offers | None = None,
    ) -> None:
        self._look_every_s = look_every_s
        self.tester, self._service, self._client, self._share = tester, service, client, share
        self._database, self._outbox, self._clock = (
            service.database,
            service.outbox,
            service.clock,
        )
        self._plans = Plans(service)
        self._share_there = tester.share_there(share)
        self._giving_up = GivingUp(service, tester.equipment_id, client, self._plans, self._end)
        self._offers = offers or Offers([tester.equipment_id])
        self._what_ran = WhatRan(client, TestFiles(service, ()), share)
        self._states = EquipmentStates(service, tester.equipment_id)
        self._channels: dict[str, Channel] = {}
        self._records: dict[str, TestRecord] = {}
        self._kept_rows: dict[str, int] = {}  # by job order: the last row of its kept looks
        self._looks = 0
        self.answers = False  # whether the tester answered the last time it was asked

    async def run(self) -> None:
        """Work for ever; raises RetryLaterError while tester or database are away."""
        try:
            while True:
                if not self._channels:
                    self._channels = named(await self._client.devices())
                self.answers = True
                busy = await self._look()
                await self._states.tell(connected=True, running=busy)
                await self._start_next()
                await asyncio.sleep(self._look_every_s)
        except RetryLaterError:
            self.answers = False
            await self._states.tell(connected=False, running=False)
            raise

    async def close(self) -> None:
        """Close the line to the tester; running tests go on."""
        await self._client.close()

    def channel_names(self) -> tuple[str, ...]:
        """Return the names of the tester's channels; none before it has answered once."""
        return tuple(self._channels)

    async def _look(self) -> bool:
        await self._giving_up.look(self._channels)
        async with self._database.quiet() as tx:
            orders = await joborders.open_at(tx, self.tester.equipment_id)
            leases = await store.leases(tx, self.tester.equipment_id)
        held = [(order, leases[order.station_order_id]) for order in orders]
        open_ids = {order.station_order_id for order in orders}
        self._records = {key: one for key, one in self._records.items() if key in open_ids}
        if not held:
            return False
        channels = [self._channels[lease.channel] for _, lease in held]
        points = await self._client.inquire(channels)
        self._looks += 1
        for (order, lease), point in zip(held, points, strict=True):
            try:
                await self._advance(order, lease, point)
            except PersonNeededError as error:
                await self._hold(order, str(error))
        if self._looks % CURVE_EVERY == 0 and self._records:
            async with self._database.begin() as tx:
                await keep_in_batches(tx, self.tester.equipment_id, self._records)
                await self._keep_looks(tx, held)
        return True

    async def _keep_looks(
        self, tx: Transaction, held: Sequence[tuple[StationOrder, Lease]]
    ) -> None:
        """Keep rows that the tester will not give again, with the batches they are in."""
        for order, lease in held:
            key = order.station_order_id
            if key not in self._records:
                continue
            found = self._client.looks(self._channels[lease.channel], self._kept_rows.get(key, 0))
            if found is not None and found.rows:
                await rowstore.keep_looks(tx, key, found)
                self._kept_rows[key] = found.rows[-1].row

    async def _advance(self, order: StationOrder, lease: Lease, point: ChannelPoint) -> None:
        channel = self._channels[lease.channel]
        if order.state == "allowed_to_start":
            await self._start(order, lease, channel, point)
        elif point.barcode != lease.lot_id:
            raise StationFaultError(
                f"channel {lease.channel} shows barcode {point.barcode!r}, ordered was "
                f"{lease.lot_id!r}; look at the channel"
            )
        elif point.state in OVER:
            await self._end(order, channel, point)
        elif self._looks % CURVE_EVERY == 0:
            await self._take_rows(order.station_order_id, channel)

    async def _start_next(self) -> None:
        async with self._database.quiet() as tx:
            waiting = await joborders.waiting(tx, "tester")
            self._offers.keep([job_order.job_order_id for job_order in waiting])
            leased = await store.leases(tx, self.tester.equipment_id)
            histories = await channelstore.histories(tx, self.tester.equipment_id)
        taken = {lease.channel for lease in leased.values()}
        known = [
            facts_of(self.tester, name, [line.entry for line in histories.get(name, ())])
            for name in self._channels
        ]
        for job_order in waiting:
            try:
                chosen = await self._chosen(job_order, known, taken)
                if chosen is not None:
                    work, facts = chosen
                    await self._assign(work, self._channels[facts.channel], facts)
                    taken.add(facts.channel)
            except LeasedMeanwhileError as error:
                log.info("channel taken by another", reason=str(error))
            except PersonNeededError as error:
                await self._refuse(job_order, str(error))

    async def _refuse(self, job_order: JobOrderReleased, reason: str) -> None:
        """Leave a job order to the other testers; hold it when all have refused."""
        tester, key = self.tester.equipment_id, job_order.job_order_id
        reasons = self._offers.refused(key, tester, reason)
        if reasons is None:
            return
        async with self._database.begin() as tx:
            if await store.still_waits(tx, key):
                await hold(tx, self._service, job_order, reasons)

    async def _chosen(
        self, job_order: JobOrderReleased, known: Sequence[ChannelFacts], taken: Collection[str]
    ) -> tuple[Work, ChannelFacts] | None:
        """Return what a job order has to run now and the channel for it; None: it waits."""
        async with self._database.quiet() as tx:
            work = await next_work(tx, job_order)
            if work is None:
                return None
            if work.instrument != "tester":
                if await store.still_waits(tx, job_order.job_order_id):
                    await planstore.hand_on(tx, job_order.job_order_id, work.instrument)
                self._database.committed.set()
                return None
        need = domain.need_of(work.protocol, domain.cell_order(job_order))
        channel = choose_channel(known, taken, need, self._clock.now().date())
        return None if channel is None else (work, channel)

    async def _assign(self, work: Work, channel: Channel, facts: ChannelFacts) -> None:
        """Lease a channel and keep the step file as it will be sent."""
        latest = await self._client.latest_test(channel)
        job_order, order_id = work.job_order, work.station_order_id
        file = self._step_file(work, facts)
        order = StationOrder(
            station_order_id=order_id,
            equipment_id=self.tester.equipment_id,
            recipe_id=work.whole.protocol_id,
            recipe_version=work.whole.version,
            parameters={"channel": channel.name, "step_sha256": file.sha256},
            materials=job_order.materials,
            job_orders=(job_order,),
            planned_at=self._clock.now(),
        )
        lease = Lease(
            channel=channel.name,
            job_order_id=order_id,
            lot_id=job_order.lot_id,
            previous_test_id=latest.test_id,
        )
        run = Run(
            job_order_id=order_id,
            lot_id=job_order.lot_id,
            channel=channel.name,
            protocol_id=work.whole.protocol_id,
            protocol_version=work.whole.version,
            step_file=file.content,
            step_sha256=file.sha256,
            started_at=None,
            part_number=work.number,
        )
        leased = ChannelLeased(
            equipment_id=self.tester.equipment_id,
            channel=channel.name,
            job_order_id=job_order.job_order_id,
            lot_id=job_order.lot_id,
        )
        async with self._database.quiet() as tx:
            if not await store.still_waits(tx, job_order.job_order_id):
                raise LeasedMeanwhileError(f"{job_order.job_order_id}: another tester took it")
            await joborders.assign(tx, order)
            await store.lease(tx, self.tester.equipment_id, lease, self._clock.now())
            await store.add_run(tx, run)
            await self._plans.given(tx, work)
            await self._outbox.record(tx, leased)
        self._database.committed.set()

    def _step_file(self, work: Work, facts: ChannelFacts) -> StepFile:
        return step_file(
            work.protocol,
            domain.cell_order(work.job_order),
            range_ma=facts.current_range_ma,
            range_v=facts.voltage_range_v,
            written_at=self._clock.now(),
        )

    async def _start(
        self, order: StationOrder, lease: Lease, channel: Channel, point: ChannelPoint
    ) -> None:
        """Start the test, unless the tester says that it was started before we lost the answer."""
        if not await has_test(self._client, lease, channel, point):
            async with self._database.quiet() as tx:
                run = await store.run_of(tx, order.station_order_id)
            path = self._path(order.station_order_id)
            folder = self._what_ran.folder(order.station_order_id)
            await asyncio.to_thread(write_whole, path, run.step_file)
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            there = self._share_there
            program = self._client.program_of(there, order.station_order_id, run.program)
            await self._client.start(
                channel,
                program,
                lease.lot_id,
                there / folder.relative_to(self._share),
                test_name=order.station_order_id,
                capacity_mah=domain.cell_order(order.job_orders[0]).capacity_mah,
            )
        started = replace(order.to("running"), started_at=self._clock.now())
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, started)
            await store.note_start(tx, order.station_order_id, self._clock.now())
            await self._outbox.record(tx, *started_events(started))

    async def _end(self, order: StationOrder, channel: Channel, point: ChannelPoint) -> None:
        left = await self._what_ran.left(order.station_order_id)
        if left is None and self._what_ran.may_come(order.station_order_id):
            return
        record = await self._take_rows(order.station_order_id, channel)
        layer = await self._client.step_layer(channel)
        async with self._database.quiet() as tx:
            run = await store.run_of(tx, order.station_order_id)
            protocol = await channelstore.protocol_of_run(tx, order.station_order_id)
            facts = await channelstore.channel(tx, self.tester, run.channel)
            before = await planstore.steps_before(tx, order.station_order_id)
        cell = domain.cell_order(order.job_orders[0])
        table = record.table()
        program = await self._what_ran.program(channel, point, run, protocol, cell, table)
        ran = ran_on(order, run, protocol, facts, point, layer, self._clock.now())
        stopped_s = ran.steps[-1].end_s if ran.steps else 0.0
        latency = stop_latency(run, protocol.limits, point.state, stopped_s, table)
        ran = replace(ran, steps_before=before, stop_latency=latency)
        figures, features = figures_of(ran, table)
        ended = replace(order.to("ended"), started_at=ran.started_at, ended_at=ran.ended_at)
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, ended)
            records = {order.station_order_id: record}
            await keep_in_batches(tx, self.tester.equipment_id, records)
            await rowstore.forget_looks(tx, order.station_order_id)
            await store.keep_end(
                tx,
                order.station_order_id,
                len(record),
                figures,
                features,
                point.state,
                ran.started_at,
                ran.ended_at,
                latency,
            )
            await store.free(tx, order.station_order_id)
            proof = await self._what_ran.judged(tx, run, protocol, cell, left, program)
            ran = replace(ran, proof=proof)
            await self._plans.test_ended(tx, ended, run, ran, table, figures, features)
        self._records.pop(order.station_order_id, None)
        self._kept_rows.pop(order.station_order_id, None)
        self._what_ran.forget(order.station_order_id)

    async def _take_rows(self, job_order_id: str, channel: Channel) -> TestRecord:
        """Return all rows up to now; after a restart the tester gives them again from the first.

        One that does not is told what was kept of its looks.
        """
        if job_order_id not in self._records:
            async with self._database.quiet() as tx:
                kept = await rowstore.kept_looks(tx, job_order_id)
            if kept is not None:
                self._client.remember(channel, kept)
                self._kept_rows[job_order_id] = kept.rows[-1].row
        record = self._records.setdefault(job_order_id, TestRecord())
        record.take(await self._client.all_rows(channel, after=record.last_row))
        return record

    async def _hold(self, order: StationOrder, reason: str) -> None:
        log.error("test held", job_order_id=order.station_order_id, reason=reason)
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, order.to("interrupted", reason))
            await jobcontrol.forget(tx, order.station_order_id)
            await self._outbox.record(
                tx, *held_events(order.job_orders, order.equipment_id, reason)
            )

    def _path(self, job_order_id: str) -> Path:
        return self._share / f"{job_order_id}.xml"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that the tester sees whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
