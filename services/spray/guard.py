"""The last look before a spray job starts: setup, operator, glue, holds, vacuum, dew point."""

import asyncio
import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from services.spray import interlock, mixstore, operators, startwaits, store
from services.spray.domain import FACES, of_face
from services.spray.interlock import Reading
from services.spray.mixing import Mixing
from services.spray.settings import SpraySettings
from services.spray.setup import check_setup
from services.spray.startwaits import StartWait
from shared import joborders, recipes
from shared.app import Service
from shared.errors import BlockedError
from shared.opcua import StationClient
from shared.stationorder import StationOrder
from shared.transaction import Transaction

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An order that is stored at a station and may not start yet.

    trouble: what keeps any order from starting there until a person mends it, said once.
    """

    equipment_id: str
    station_order_id: str
    reason: str
    since: datetime
    since_wall_s: float
    dead_since_wall_s: float | None = None
    trouble: str | None = None


class SprayGuard:
    """Lets a stored order start, wait until the room is dry, or go to a person."""

    def __init__(self, service: Service, settings: SpraySettings, mixing: Mixing) -> None:
        self._service, self._settings, self._mixing = service, settings, mixing
        self._waiting: dict[str, Waiting] = {}

    async def why_not(self, client: StationClient, order: StationOrder) -> str | None:
        """Return why an order waits: wet air as long as it takes, a chuck for its time.

        Raises:
            BlockedError: glue, setup or a hold forbids it, or the chuck did not hold in time.
            StationUnreachableError: the station does not answer.
        """
        now = self._service.clock.now()
        known = self._waiting.pop(order.equipment_id, None)
        async with self._service.database.quiet() as tx:
            nozzle_id, operator = await self._check_kept(tx, order, now)
            recipe = await recipes.version(tx, order.recipe_id, order.recipe_version)
        limit_degc = interlock.dew_limit_degc(recipe)
        readings = await self._readings(client)
        living_s = self._settings.living_s
        loose = interlock.not_held(readings.get(interlock.VACUUM), recipe, living_s)
        wet = interlock.too_wet(readings.get(interlock.DEW_POINT), limit_degc, living_s)
        if loose is None and wet is None:
            start = store.Start(
                nozzle_id=nozzle_id, operator=operator, **interlock.air_of(readings, living_s)
            )
            async with self._service.database.quiet() as tx:
                await store.keep_start(tx, order.station_order_id, start)
            return None
        waiting = self._wait(order, "; ".join(filter(None, (loose, wet))), now, known)
        wall_s = asyncio.get_running_loop().time()
        if loose is not None and wall_s - waiting.since_wall_s >= self._settings.vacuum_wait_s:
            raise BlockedError(f"{order.equipment_id}: {loose}")
        dead = interlock.dew_unknown(readings.get(interlock.DEW_POINT), living_s)
        waiting = self._with_sensor(waiting, dead, wall_s)
        self._waiting[order.equipment_id] = waiting
        async with self._service.database.quiet() as tx:
            await startwaits.keep(
                tx,
                StartWait(
                    equipment_id=waiting.equipment_id,
                    station_order_id=waiting.station_order_id,
                    reason=waiting.reason,
                    since=waiting.since,
                    trouble=waiting.trouble,
                ),
            )
        return waiting.reason

    def trouble(self, equipment_id: str, to_start: Collection[str]) -> str | None:
        """Return why no job starts at a station until its hygrometer lives, once that lasted.

        An order that is not to start any more waits for nothing, however it went.
        """
        waiting = self._waiting.get(equipment_id)
        if waiting is not None and waiting.station_order_id not in to_start:
            del self._waiting[equipment_id]
            return None
        return None if waiting is None else waiting.trouble

    def _with_sensor(self, waiting: Waiting, dead: str | None, wall_s: float) -> Waiting:
        if dead is None:
            return replace(waiting, dead_since_wall_s=None, trouble=None)
        since_s = wall_s if waiting.dead_since_wall_s is None else waiting.dead_since_wall_s
        trouble = waiting.trouble
        if trouble is None and wall_s - since_s >= self._settings.sensor_wait_s:
            trouble = dead
        return replace(waiting, dead_since_wall_s=since_s, trouble=trouble)

    async def _check_kept(
        self, tx: Transaction, order: StationOrder, now: datetime
    ) -> tuple[str, str]:
        """Return the nozzle and the operator that the order starts with."""
        [job_order] = order.job_orders
        end = now + timedelta(seconds=shortest_s(order))
        lots = [item.lot_id for item in order.materials]
        held = await joborders.holds_of(tx, lots, job_order)
        if held:
            raise BlockedError(
                f"{order.station_order_id}: {'; '.join(held)}; release it or take another lot"
            )
        await self._mixing.check_glue(tx, job_order, now, end)
        station = order.equipment_id.rsplit("/", 1)[-1]
        setup = check_setup(await mixstore.setup_of(tx, station), station, end)
        operation = job_order.operation
        operator = await operators.trained_operator(tx, operation, station, setup, end)
        return setup.nozzle_id, operator

    async def _readings(self, client: StationClient) -> dict[str, Reading]:
        samples = await client.read(interlock.WATCHED)
        clock = self._service.clock
        now = clock.now()
        return {
            signal: Reading(
                value=sample.value,
                status=sample.status,
                age_s=clock.wall_delay_s((now - sample.source_at).total_seconds()),
            )
            for signal, sample in samples.items()
        }

    def _wait(
        self, order: StationOrder, reason: str, now: datetime, known: Waiting | None
    ) -> Waiting:
        """Keep that an order waits, from its first look on; it is logged once."""
        if known is not None and known.station_order_id == order.station_order_id:
            return replace(known, reason=reason)
        log.warning(
            "spray job waits",
            equipment_id=order.equipment_id,
            job_order_id=order.station_order_id,
            reason=reason,
        )
        return Waiting(
            equipment_id=order.equipment_id,
            station_order_id=order.station_order_id,
            reason=reason,
            since=now,
            since_wall_s=asyncio.get_running_loop().time(),
        )


def shortest_s(order: StationOrder) -> float:
    """Return how long spraying both faces of every part takes at least."""
    both_s = sum(of_face(order.parameters, "spray_time_s", face) for face in FACES)
    return len(order.lot_ids) * both_s if math.isfinite(both_s) else 0.0
