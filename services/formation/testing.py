"""Runs tests on the channels of one tester: lease, step file, start, watch, take the rows, free."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog

from services.formation import domain, store
from services.formation.answers import Channel, ChannelPoint, TestRow, times_since_start_s
from services.formation.cycles import cycle_figures
from services.formation.neware import NewareClient, named
from services.formation.protocol import TestProtocol
from services.formation.stepfile import StepFile, compare, step_file
from services.formation.store import Lease, Run
from shared import facts, joborders
from shared.app import Service
from shared.errors import PersonNeededError, RetryLaterError, StationFaultError
from shared.events import CellGraded, ChannelLeased, CyclingEnded, JobOrderReleased
from shared.facts import TestResult
from shared.intake import ended_event, hold, measured
from shared.joborders import StationOrder
from shared.settings import TesterSettings
from shared.stationfacts import EquipmentStates, held_events, started_events
from shared.stations import JobAnswer, Sample
from shared.telemetry import written
from shared.topics import telemetry_topic
from shared.transaction import Transaction

log = structlog.get_logger()
WATCH_S = 1.0  # wall seconds between looks at the channels
CURVE_EVERY = 5  # looks between downloads of the rows so far
OVER = ("finish", "stop", "protect")
CCD_ROWS = 20_000


class TesterRunner:
    """One tester: its channels, each with at most one job order by lease."""

    def __init__(
        self, service: Service, tester: TesterSettings, client: NewareClient, share: Path
    ) -> None:
        self.tester, self._service, self._client, self._share = tester, service, client, share
        self._database, self._outbox, self._clock = (
            service.database,
            service.outbox,
            service.clock,
        )
        self._states = EquipmentStates(service, tester.equipment_id)
        self._channels: dict[str, Channel] = {}
        self._rows: dict[str, list[TestRow]] = {}
        self._looks = 0

    async def run(self) -> None:
        """Work for ever; raises RetryLaterError while tester or database are away."""
        try:
            while True:
                if not self._channels:
                    self._channels = named(await self._client.devices())
                busy = await self._look()
                await self._states.tell(connected=True, running=busy)
                await self._start_next()
                await asyncio.sleep(WATCH_S)
        except RetryLaterError:
            await self._states.tell(connected=False, running=False)
            raise

    async def close(self) -> None:
        """Close the line to the tester; running tests go on."""
        await self._client.close()

    def rows_so_far(self, job_order_id: str) -> list[TestRow]:
        """Return the rows of a running test taken up to now."""
        return self._rows.get(job_order_id, [])

    async def _look(self) -> bool:
        async with self._database.quiet() as tx:
            orders = await joborders.open_at(tx, self.tester.equipment_id)
            leases = await store.leases(tx, self.tester.equipment_id)
        held = [(order, leases[order.station_order_id]) for order in orders]
        if not held:
            return False
        channels = [self._channels[lease.channel] for _, lease in held]
        points = await self._client.inquire(channels)
        self._looks += 1
        self._publish(points)
        for (order, lease), point in zip(held, points, strict=True):
            try:
                await self._advance(order, lease, point)
            except PersonNeededError as error:
                await self._hold(order, str(error))
        return True

    def _publish(self, points: Sequence[ChannelPoint]) -> None:
        """Publish the live values of the channels at work."""
        at = self._clock.now()
        for point in points:
            equipment_id = f"{self.tester.equipment_id}/{point.channel.name}"
            samples = [
                Sample(signal="voltage_v", value=point.voltage_v, status="Good", source_at=at),
                Sample(signal="current_ma", value=point.current_ma, status="Good", source_at=at),
            ]
            topic = telemetry_topic(equipment_id, "values")
            self._service.bus.publish_soon(topic, written(equipment_id, samples))

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
            leased = await store.leases(tx, self.tester.equipment_id)
        taken = {lease.channel for lease in leased.values()}
        for job_order in waiting:
            try:
                channel = domain.choose_channel(
                    self.tester, self._channels.values(), taken, self._clock.now().date()
                )
                if channel is None:
                    return
                await self._assign(job_order, channel)
                taken.add(channel.name)
            except PersonNeededError as error:
                async with self._database.begin() as tx:
                    await hold(tx, self._service, job_order, str(error))

    async def _assign(self, job_order: JobOrderReleased, channel: Channel) -> None:
        """Lease a channel and keep the step file as it will be sent."""
        latest = await self._client.latest_test(channel)
        async with self._database.quiet() as tx:
            protocol = await store.newest_protocol(tx, job_order.recipe_id)
            file = self._step_file(job_order, protocol)
            order = StationOrder(
                station_order_id=job_order.job_order_id,
                equipment_id=self.tester.equipment_id,
                recipe_id=protocol.protocol_id,
                recipe_version=protocol.version,
                parameters={"channel": channel.name, "step_sha256": file.sha256},
                materials=job_order.materials,
                job_orders=(job_order,),
                planned_at=self._clock.now(),
            )
            await joborders.assign(tx, order)
            lease = Lease(
                channel=channel.name,
                job_order_id=job_order.job_order_id,
                lot_id=job_order.lot_id,
                previous_test_id=latest.test_id,
            )
            await store.lease(tx, self.tester.equipment_id, lease, self._clock.now())
            run = Run(
                job_order_id=job_order.job_order_id,
                lot_id=job_order.lot_id,
                channel=channel.name,
                protocol_id=protocol.protocol_id,
                protocol_version=protocol.version,
                step_file=file.content,
                step_sha256=file.sha256,
                started_at=None,
            )
            await store.add_run(tx, run)
            leased = ChannelLeased(
                equipment_id=self.tester.equipment_id,
                channel=channel.name,
                job_order_id=job_order.job_order_id,
                lot_id=job_order.lot_id,
            )
            await self._outbox.record(tx, leased)
        self._database.committed.set()

    def _step_file(self, job_order: JobOrderReleased, protocol: TestProtocol) -> StepFile:
        return step_file(
            protocol,
            domain.cell_order(job_order),
            range_ma=self.tester.current_range_ma,
            range_v=self.tester.voltage_range_v,
            written_at=self._clock.now(),
        )

    async def _start(
        self, order: StationOrder, lease: Lease, channel: Channel, point: ChannelPoint
    ) -> None:
        """Start the test, unless the tester says that it was started before we lost the answer."""
        latest = await self._client.latest_test(channel)
        was_started = latest.test_id != lease.previous_test_id and point.barcode == lease.lot_id
        if not was_started:
            async with self._database.quiet() as tx:
                run = await store.run_of(tx, order.station_order_id)
            path = self._path(order.station_order_id)
            await asyncio.to_thread(write_whole, path, run.step_file)
            await self._client.start(channel, path, lease.lot_id, self._share / "backup")
        started = replace(order.to("running"), started_at=self._clock.now())
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, started)
            await self._outbox.record(tx, *started_events(started))

    async def _end(self, order: StationOrder, channel: Channel, point: ChannelPoint) -> None:
        rows = await self._take_rows(order.station_order_id, channel)
        layer = await self._client.step_layer(channel)
        steps = domain.steps_of(layer)
        figures = domain.told(cycle_figures(steps)) if steps else ()
        async with self._database.quiet() as tx:
            run = await store.run_of(tx, order.station_order_id)
        found = await asyncio.to_thread(self._path(order.station_order_id).read_bytes)
        matches = not compare(run.step_file, found) and point.barcode == run.lot_id
        ended_at = layer[-1].ended_at if layer else self._clock.now()
        started_at = ended_at - timedelta(seconds=steps[-1].end_s) if steps else ended_at
        ended = replace(order.to("ended"), started_at=started_at, ended_at=ended_at)
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, ended)
            await store.keep_rows(
                tx, order.station_order_id, rows, figures, point.state, started_at, ended_at
            )
            await store.free(tx, order.station_order_id)
            await self._tell(tx, ended, run, rows, figures, matches, point)
        self._rows.pop(order.station_order_id, None)

    async def _tell(
        self,
        tx: Transaction,
        order: StationOrder,
        run: Run,
        rows: Sequence[TestRow],
        figures: Sequence[facts.CycleFigures],
        matches: bool,
        point: ChannelPoint,
    ) -> None:
        [job_order] = order.job_orders
        area = job_order.parameters.get("area_cm2")
        is_staircase = isinstance(area, int | float)
        shown = rows[:CCD_ROWS] if is_staircase else ()
        cycled = CyclingEnded(
            lot_id=run.lot_id,
            job_order_id=order.station_order_id,
            work_request_id=job_order.work_request_id,
            product_id=job_order.product_id,
            operation=job_order.operation,
            protocol_id=run.protocol_id,
            protocol_version=run.protocol_version,
            channel=run.channel,
            protocol_matches=matches,
            cycles=tuple(figures),
            row_count=len(rows),
            area_cm2=float(area) if isinstance(area, int | float) else None,
            step_index=tuple(row.step_id for row in shown),
            time_s=tuple(times_since_start_s(shown)),
            voltage_v=tuple(row.voltage_v for row in shown),
            current_ma=tuple(row.current_ma for row in shown),
            ended_at=order.ended_at or self._clock.now(),
        )
        answer = JobAnswer(
            job_order_id=order.station_order_id,
            state="ended",
            started_at=order.started_at or order.planned_at,
            ended_at=order.ended_at or self._clock.now(),
            data={},
        )
        results = [measured(run.lot_id, "protocol_match_count", float(matches))]
        if is_staircase:
            await self._outbox.record(tx, cycled)
        else:
            grading = await store.newest_grading(tx, job_order.product_id)
            results += _capacity_results(run.lot_id, grading, figures, point)
            await self._outbox.record(tx, cycled, _graded(job_order, grading, results))
        event = ended_event(order, job_order, answer, order.materials, results)
        await self._outbox.record(tx, event)

    async def _take_rows(self, job_order_id: str, channel: Channel) -> list[TestRow]:
        rows = self._rows.setdefault(job_order_id, [])
        rows += await self._client.all_rows(channel, after=rows[-1].row if rows else 0)
        return rows

    async def _hold(self, order: StationOrder, reason: str) -> None:
        log.error("test held", job_order_id=order.station_order_id, reason=reason)
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, order.to("interrupted", reason))
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


def _capacity_results(
    lot_id: str,
    grading: domain.Grading,
    figures: Sequence[facts.CycleFigures],
    point: ChannelPoint,
) -> list[TestResult]:
    """Return capacity and efficiency of the reference cycle; unknown where the test ended early."""
    cycle = next((item for item in figures if item.cycle == grading.reference_cycle), None)
    early = f"the test ended as {point.state!r} before cycle {grading.reference_cycle}"
    capacity = cycle.discharge_capacity_mah if cycle else None
    efficiency = cycle.coulombic_efficiency_ratio if cycle else None
    why = early if cycle is None else cycle.flag
    return [
        measured(lot_id, "discharge_capacity_mah", capacity, why),
        measured(lot_id, "coulombic_efficiency_ratio", efficiency, why),
    ]


def _graded(
    job_order: JobOrderReleased, grading: domain.Grading, results: Sequence[TestResult]
) -> CellGraded:
    values = {item.characteristic: item.value for item in results}
    capacity = values["discharge_capacity_mah"]
    efficiency = values["coulombic_efficiency_ratio"]
    capacity_mah = capacity if isinstance(capacity, float) else None
    efficiency_ratio = efficiency if isinstance(efficiency, float) else None
    grade, reasons = domain.grade(grading, capacity_mah, efficiency_ratio)
    return CellGraded(
        lot_id=job_order.lot_id,
        work_request_id=job_order.work_request_id,
        product_id=job_order.product_id,
        grade=grade,
        discharge_capacity_mah=capacity_mah,
        coulombic_efficiency_ratio=efficiency_ratio,
        reasons=reasons,
    )
