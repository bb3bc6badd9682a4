"""Tests that stand interrupted and that a person gives up: what is left of them ends."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from services.formation import channelstore, store
from services.formation.answers import Channel, ChannelPoint
from services.formation.driver import TesterDriver
from services.formation.plans import Plans
from services.formation.safety import Alarm
from services.formation.store import Lease
from shared import jobcontrol, joborders
from shared.app import Service
from shared.errors import PersonNeededError, StationFaultError
from shared.jobcontrol import Wish
from shared.stationorder import StationOrder
from shared.stations import JobAnswer

log = structlog.get_logger()
OVER = ("finish", "stop", "protect")
End = Callable[[StationOrder, Channel, ChannelPoint], Awaitable[None]]


async def has_test(
    client: TesterDriver, lease: Lease, channel: Channel, point: ChannelPoint
) -> bool:
    """Return whether the newest test of a channel is the one that it was leased for."""
    latest = await client.latest_test(channel)
    return latest.test_id != lease.previous_test_id and point.barcode == lease.lot_id


class GivingUp:
    """Ends tests that a person gives up. One that its tester still has counts as far as it came.

    end: takes the rows of a test that is over at its tester, and tells it.
    """

    def __init__(
        self, service: Service, equipment_id: str, client: TesterDriver, plans: Plans, end: End
    ) -> None:
        self._equipment_id, self._client, self._plans, self._end = equipment_id, client, plans, end
        self._database, self._clock = service.database, service.clock

    async def look(self, channels: Mapping[str, Channel]) -> None:
        """Take each of them one step on; raises RetryLaterError while the tester is away."""
        async with self._database.quiet() as tx:
            wishes = await jobcontrol.wishes(tx, self._equipment_id)
            orders = [await joborders.get(tx, key) for key in wishes]
            leases = await store.leases(tx, self._equipment_id) if wishes else {}
        for order in orders:
            if order.state != "interrupted":
                continue  # it runs, and our watch stops it
            key = order.station_order_id
            lease, wish = leases[key], wishes[key]
            try:
                await self._step(order, lease, channels[lease.channel], wish)
            except PersonNeededError as error:
                await self._forsake(order, f"given up by {wish.by}: {error}")

    async def _step(self, order: StationOrder, lease: Lease, channel: Channel, wish: Wish) -> None:
        [point] = await self._client.inquire([channel])
        if not await has_test(self._client, lease, channel, point):
            raise StationFaultError(order.reason or f"channel {lease.channel} has it no more")
        if point.state in OVER:
            await self._end(order, channel, point)
            return
        alarm = Alarm(reason=f"asked by {wish.by}")
        async with self._database.begin() as tx:
            await channelstore.note_stop(tx, order.station_order_id, alarm, point.total_time_s)
        await self._client.stop(channel)

    async def _forsake(self, order: StationOrder, reason: str) -> None:
        """End a test of which no more is to be had; its channel is free."""
        key, now = order.station_order_id, self._clock.now()
        over = replace(order.to("aborted", reason), ended_at=now)
        answer = JobAnswer(
            job_order_id=key,
            state="aborted",
            started_at=order.started_at or now,
            ended_at=now,
            data={"reason": reason},
        )
        log.warning("test given up", job_order_id=key, reason=reason)
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, over)
            await channelstore.note_stop(tx, key, Alarm(reason=reason), 0.0)
            await store.keep_end(tx, key, 0, (), (), "stop", order.started_at, now, None)
            await store.free(tx, key)
            await self._plans.given_up(tx, over, answer)
