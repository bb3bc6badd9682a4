"""Fetches the trace of each face while the station still has it, judges and keeps it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from services.spray import tracestore
from services.spray.domain import FACES, of_face
from services.spray.tracejudge import TraceVerdict, judge, unknown
from services.spray.tracelimits import TraceLimits
from services.spray.tracestore import FaceKey
from shared.app import Service
from shared.errors import StationFaultError, StationUnreachableError
from shared.opcua import StationClient
from shared.stationoffer import TRACE
from shared.stationorder import StationOrder
from shared.stations import JobAnswer, read_back_differences
from shared.traces import Trace

log = structlog.get_logger()
GIVE_UP_EVERY_S, GIVEN_UP_TOGETHER = 3600.0, 200  # wall seconds; traces in a transaction
MOST_TRIES = 3  # of an order's traces while the station answers all else
NO_TRACES = (
    f"keeps no traces; give it {TRACE}, or where it cannot have one write without_trace = true "
    "into the plant file"
)
Kept = tuple[FaceKey, Trace | None, TraceVerdict]


class FaceTraces:
    """Reads traces before an ended order is cleared, and what the station then says it ran."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tries: dict[str, int] = {}
        self._differences: dict[str, list[str]] = {}

    def differences(self, station_order_id: str) -> list[str]:
        """Return, once, what the station held at the end that was not ordered."""
        return self._differences.pop(station_order_id, [])

    async def read(self, client: StationClient, order: StationOrder, answer: JobAnswer) -> None:
        """Keep a verdict for each face of an order, with its trace where there is one.

        Raises:
            StationUnreachableError: the station does not answer now.
        """
        await self._compare(client, order)
        if not client.offers(TRACE) and client.settings.without_trace:
            return
        parts = [item.lot_id for item in order.materials if item.use == "processed"]
        async with self._service.database.quiet() as tx:
            known = await tracestore.kept(tx, order.station_order_id)
            limits = await tracestore.limits_of(tx, order.recipe_id)
        faces = [
            (number, (lot_id, face))
            for number, lot_id in enumerate(parts, start=1)
            for face in FACES
            if (lot_id, face) not in known
        ]
        found = [await self._one(client, order, limits, number, key) for number, key in faces]
        self._tries.pop(order.station_order_id, None)
        await self._keep(order, found, None if limits is None else limits.version)

    async def _compare(self, client: StationClient, order: StationOrder) -> None:
        try:
            held = (await client.jobs()).get(order.station_order_id)
        except StationFaultError as error:
            self._differences[order.station_order_id] = [f"unknown: {error}"]
            return
        if held is None:
            return
        differences = read_back_differences(order.content, held, client.settings.tolerance)
        if differences:
            self._differences[order.station_order_id] = differences

    async def _one(
        self,
        client: StationClient,
        order: StationOrder,
        limits: TraceLimits | None,
        number: int,
        key: FaceKey,
    ) -> Kept:
        if not client.offers(TRACE):
            return key, None, unknown(f"{client.equipment_id} {NO_TRACES}")
        try:
            trace = await client.trace(order.station_order_id, number, key[1])
        except StationUnreachableError as error:
            tries = self._tries.get(order.station_order_id, 0) + 1
            self._tries[order.station_order_id] = tries
            if tries < MOST_TRIES or not client.connected:
                raise
            return key, None, unknown(f"the trace was asked for {tries} times: {error}")
        except StationFaultError as error:
            return key, None, unknown(str(error))
        if limits is None:
            return (
                key,
                trace,
                unknown(
                    f"recipe {order.recipe_id} has no released trace limits; enter them in spray's "
                    "master data"
                ),
            )
        ordered_s = of_face(order.parameters, "spray_time_s", key[1])
        verdict = await asyncio.to_thread(judge, trace, limits, key[1], ordered_s)
        return key, trace, verdict

    async def _keep(
        self, order: StationOrder, found: Sequence[Kept], limits_version: int | None
    ) -> None:
        async with self._service.database.quiet() as tx:
            for key, trace, verdict in found:
                given = (order.station_order_id, key, trace, verdict, limits_version)
                await tracestore.keep(tx, *given)
        bad = [key for key, _, verdict in found if verdict.state != "within"]
        if bad:
            log.warning(
                "faces not within their limits",
                equipment_id=order.equipment_id,
                job_order_id=order.station_order_id,
                faces=[f"{lot_id} {face}" for lot_id, face in bad],
            )


async def give_up_old(service: Service, keep_days: float) -> None:
    """Give up the samples of old traces for ever, a few at a time."""
    while True:
        before = service.clock.now() - timedelta(days=keep_days)
        async with service.database.quiet() as tx:
            given_up = await tracestore.give_up_samples(tx, before, GIVEN_UP_TOGETHER)
        if given_up < GIVEN_UP_TOGETHER:
            await asyncio.sleep(GIVE_UP_EVERY_S)
