"""Watches the running tests of one tester once a second and stops what may not go on."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from services.formation import channelstore, domain, store
from services.formation.answers import Channel, ChannelPoint
from services.formation.driver import TesterDriver
from services.formation.neware import named
from services.formation.protocol import TestProtocol
from services.formation.racks import Seen
from services.formation.safety import Alarm, Watched, watch
from services.formation.store import Lease
from shared import jobcontrol, joborders
from shared.app import Service
from shared.errors import PersonNeededError
from shared.settings import TesterSettings
from shared.stationorder import StationOrder
from shared.stations import Sample
from shared.telemetry import written
from shared.topics import telemetry_topic

log = structlog.get_logger()
WATCH_S = 1.0  # wall seconds between looks


class TesterWatch:
    """Our own safety loop beside the tester's; it orders nothing and only ever stops.

    It stops too what a person wants stopped.

    A tester that does not answer cannot be stopped from here: its own limits, written into every
    step, hold, and the first look after its return judges what it shows.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(self, service: Service, tester: TesterSettings, client: TesterDriver) -> None:
        self._service, self._tester, self._client = service, tester, client
        self._channels: dict[str, Channel] = {}
        self._protocols: dict[str, TestProtocol] = {}
        self._seen: dict[str, Watched] = {}
        self._points: dict[str, tuple[float, ChannelPoint]] = {}

    async def run(self) -> None:
        """Watch for ever; raises RetryLaterError while tester or database are away."""
        while True:
            await self.look()
            await asyncio.sleep(WATCH_S)

    def seen(self) -> dict[str, Seen]:
        """Return the last look at each channel where a test runs, by the channel's name."""
        now_s = time.monotonic()
        return {
            name: Seen(point=point, age_s=now_s - at_s)
            for name, (at_s, point) in self._points.items()
        }

    async def look(self) -> None:
        """Look once at every running test, publish its values, stop those that must be stopped."""
        async with self._service.database.quiet() as tx:
            orders = await joborders.open_at(tx, self._tester.equipment_id)
            leases = await store.leases(tx, self._tester.equipment_id)
            wishes = await jobcontrol.wishes(tx, self._tester.equipment_id)
        running = [order for order in orders if order.state == "running"]
        ids = {order.station_order_id for order in running}
        self._seen = {key: value for key, value in self._seen.items() if key in ids}
        self._protocols = {key: value for key, value in self._protocols.items() if key in ids}
        if not running:
            self._points = {}
            return
        if not self._channels:
            self._channels = named(await self._client.devices())
        held = [(order, leases[order.station_order_id]) for order in running]
        points = await self._client.inquire([self._channels[lease.channel] for _, lease in held])
        self._publish(points)
        now_s = time.monotonic()
        self._points = {point.channel.name: (now_s, point) for point in points}
        for (order, lease), point in zip(held, points, strict=True):
            wish = wishes.get(order.station_order_id)
            asked = None if wish is None else Alarm(reason=f"asked by {wish.by}")
            alarm = asked or await self._judge(order, lease, point)
            if alarm is not None:
                await self._stop(order, point, alarm)

    async def _judge(self, order: StationOrder, lease: Lease, point: ChannelPoint) -> Alarm | None:
        key = order.station_order_id
        if point.state == "working" and point.barcode != lease.lot_id:
            return Alarm(reason=f"barcode {point.barcode!r}, ordered was {lease.lot_id!r}")
        if key not in self._protocols:
            async with self._service.database.quiet() as tx:
                self._protocols[key] = await channelstore.protocol_of_run(tx, key)
        [job_order] = order.job_orders
        cell = domain.cell_order(job_order)
        self._seen[key], alarm = watch(self._protocols[key], cell, point, self._seen.get(key))
        return alarm

    async def _stop(self, order: StationOrder, point: ChannelPoint, alarm: Alarm) -> None:
        """Keep the reason, then stop; both may come twice."""
        log.error(
            "test stopped by our watch",
            equipment_id=self._tester.equipment_id,
            channel=point.channel.name,
            job_order_id=order.station_order_id,
            reason=alarm.reason,
        )
        async with self._service.database.begin() as tx:
            await channelstore.note_stop(tx, order.station_order_id, alarm, point.total_time_s)
        try:
            await self._client.stop(point.channel)
        except PersonNeededError as error:
            log.error("tester refused to stop", channel=point.channel.name, reason=str(error))

    def _publish(self, points: Sequence[ChannelPoint]) -> None:
        """Publish the live values of the channels at work."""
        at = self._service.clock.now()
        for point in points:
            equipment_id = f"{self._tester.equipment_id}/{point.channel.name}"
            samples = [
                Sample(signal="voltage_v", value=point.voltage_v, status="Good", source_at=at),
                Sample(signal="current_ma", value=point.current_ma, status="Good", source_at=at),
            ]
            topic = telemetry_topic(equipment_id, "values")
            self._service.bus.publish_soon(topic, written(equipment_id, samples))
