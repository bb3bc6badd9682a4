"""Carries out what people ask of a running job, and follows what a machine does with it itself."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from shared import jobcontrol, joborders
from shared.app import Service
from shared.errors import StationFaultError
from shared.jobcontrol import Asked, Wish
from shared.opcua import StationClient
from shared.stationfacts import paused_events, resumed_events
from shared.stationorder import StationOrder
from shared.stations import JobAtStation, StationJobState

log = structlog.get_logger()
AT_THE_STATION = "paused at the station itself"
# Method by what is asked and what the station shows the job as; OPC 10031-4 v2, 6.2.
METHODS: Mapping[tuple[Asked, StationJobState], str] = {
    ("pause", "running"): "Pause",
    ("pause", "allowed_to_start"): "RevokeStart",
    ("resume", "interrupted"): "Resume",
    ("stop", "running"): "Stop",
    ("stop", "interrupted"): "Stop",
    ("abort", "running"): "Abort",
    ("abort", "interrupted"): "Abort",
    ("abort", "allowed_to_start"): "Abort",
    ("abort", "not_allowed_to_start"): "Abort",
}
# Where a job already is what was asked, so that a wish met again after a crash does no harm.
ALREADY: frozenset[tuple[Asked, StationJobState]] = frozenset(
    {
        ("pause", "interrupted"),
        ("pause", "not_allowed_to_start"),
        ("resume", "running"),
        ("resume", "allowed_to_start"),
        ("resume", "not_allowed_to_start"),
    }
)


class JobControl:
    """The pauses, stops and aborts of one station; each step may be repeated after a crash."""

    def __init__(self, service: Service, client: StationClient) -> None:
        self._service, self._client = service, client
        self._database, self._outbox = service.database, service.outbox
        self._calls: Mapping[str, Callable[[str], Awaitable[None]]] = {
            "Pause": client.pause,
            "Resume": client.resume,
            "RevokeStart": client.revoke_start,
            "Stop": client.stop,
            "Abort": client.abort,
        }

    async def follow(self, order: StationOrder, held: JobAtStation, wish: Wish | None) -> bool:
        """Take an order that has not ended one step on; True if it moved."""
        if wish is not None:
            return await self._carry_out(order, held, wish)
        if held.state == "interrupted" and order.state == "running":
            await self._paused(order, AT_THE_STATION, None)
            return True
        if held.state == "running" and order.state == "interrupted":
            await self._resumed(order, None)
            return True
        return False

    async def _carry_out(self, order: StationOrder, held: JobAtStation, wish: Wish) -> bool:
        step = (wish.asked, held.state)
        if step not in ALREADY:
            method = METHODS.get(step)
            try:
                await self._call(order, method, held)
            except StationFaultError as error:
                await self._refused(order, wish, str(error))
                return True
        if wish.asked == "pause" and order.state == "running":
            await self._paused(order, f"paused by {wish.by}", wish)
        elif wish.asked == "resume" and held.state == "not_allowed_to_start":
            await self._start_again(order, wish)
        elif wish.asked == "resume" and order.state == "interrupted":
            await self._resumed(order, wish)
        elif wish.asked == "abort" and order.state == "interrupted":
            async with self._database.begin() as tx:  # followed to its end, as the station has it
                at = self._service.clock.now()
                await jobcontrol.answered(tx, order.station_order_id, at, wish)
        else:
            async with self._database.begin() as tx:
                await jobcontrol.done(tx, order.station_order_id, wish)
        return True

    async def _call(self, order: StationOrder, method: str | None, held: JobAtStation) -> None:
        where = self._client.equipment_id
        if method is None:
            raise StationFaultError(f"{where}: the job is {held.state} there")
        if not self._client.offers(method):
            raise StationFaultError(f"{where} has no {method}")
        await self._calls[method](order.station_order_id)

    async def _paused(self, order: StationOrder, reason: str, wish: Wish | None) -> None:
        at = self._service.clock.now()
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, order.to("interrupted", reason))
            await jobcontrol.answered(tx, order.station_order_id, at, wish)
            by = wish.by if wish is not None else None
            await self._outbox.record(tx, *paused_events(order, at, reason, by))

    async def _resumed(self, order: StationOrder, wish: Wish | None) -> None:
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, order.to("running"))
            await jobcontrol.answered(tx, order.station_order_id, None, wish)
            by = wish.by if wish is not None else None
            at = self._service.clock.now()
            await self._outbox.record(tx, *resumed_events(order, at, by))

    async def _start_again(self, order: StationOrder, wish: Wish) -> None:
        """A start that was taken back is made like a first one, with all that is looked at then."""
        again = replace(order.to("allowed_to_start"), started_at=None)
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, again)
            await jobcontrol.answered(tx, order.station_order_id, None, wish)

    async def _refused(self, order: StationOrder, wish: Wish, why: str) -> None:
        """Say beside the order that the machine did not do what was asked; it goes on as it was."""
        reason = f"{wish.asked}, asked by {wish.by}, was not done: {why}"
        told = {"equipment_id": order.equipment_id, "job_order_id": order.station_order_id}
        log.warning("job control refused", **told, reason=reason)
        async with self._database.begin() as tx:
            await joborders.save(tx, order.state, replace(order, reason=reason))
            await jobcontrol.done(tx, order.station_order_id, wish)
