"""The heartbeat both ways: Halite counts for PLCs, and notices a PLC that no longer calls."""

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog

from services.plc import domain, store
from services.plc.domain import Hearing, Unit
from shared.app import Service
from shared.db import Signal
from shared.events import PlcHearingChanged

log = structlog.get_logger()
LOOK_S = 0.25
BEAT_S = 1.0


class Hearings:
    """Who was heard when, in wall seconds; a PLC is watched from its first heartbeat on."""

    def __init__(
        self, service: Service, limit_s: float, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._service, self._limit_s, self._now_s = service, limit_s, now_s
        self._begun_s = now_s()
        self._heard_s: dict[str, float] = {}
        self._states: dict[str, Hearing] = {}
        self.changed = Signal()

    @property
    def states(self) -> Mapping[str, Hearing]:
        """By equipment id, of the PLCs that send heartbeats."""
        return self._states

    @property
    def beat(self) -> int:
        """Halite's own count, one a wall second, from 0 at the start of the service."""
        return int((self._now_s() - self._begun_s) / BEAT_S) % 2**32

    def hear(self, unit: Unit) -> int:
        """Note a heartbeat of a PLC; return Halite's own count."""
        self._heard_s[unit.equipment_id] = self._now_s()
        return self.beat

    async def recover(self) -> None:
        """Watch those again that were watched before the last stop; their time begins now."""
        async with self._service.database.quiet() as tx:
            self._states = await store.hearings(tx)
        now_s = self._now_s()
        for equipment_id, state in self._states.items():
            if state == "heard":
                self._heard_s.setdefault(equipment_id, now_s)

    async def watch(self) -> None:
        """Look for ever who fell silent or was heard again, and say it."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Commit and say each change since the last look."""
        now_s = self._now_s()
        for equipment_id, heard_s in list(self._heard_s.items()):
            state = domain.hearing(now_s - heard_s, self._limit_s)
            if state != self._states.get(equipment_id):
                await self._change(equipment_id, state, now_s - heard_s)

    async def _change(self, equipment_id: str, state: Hearing, silent_s: float) -> None:
        service, before = self._service, self._states.get(equipment_id)
        async with service.database.begin() as tx:
            await store.set_hearing(tx, equipment_id, state, service.clock.now())
            if before is not None or state == "silent":
                event = PlcHearingChanged(
                    equipment_id=equipment_id,
                    state=state,
                    silent_s=round(silent_s, 1),
                    limit_s=self._limit_s,
                )
                await service.outbox.record(tx, event)
        self._states[equipment_id] = state
        say = log.info if state == "heard" else log.warning
        say(f"PLC is {state}", equipment_id=equipment_id, silent_s=round(silent_s, 1))
        self.changed.set()
