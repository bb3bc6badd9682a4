"""Listens to the sensors of dry rooms and glove boxes and keeps them, thinned, in the database."""

from collections import deque
from datetime import timedelta
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from services.quality import openings
from services.quality.gas import GASES, WATER_IN_PPM, dew_point_degc_of
from services.quality.settings import QualitySettings
from shared.bus import Message
from shared.clock import Clock
from shared.db import Database, Signal
from shared.errors import RetryLaterError
from shared.instants import Instant

log = structlog.get_logger()
GAS_OF = {signal: gas for gas in GASES.values() for signal in gas.signals}
MOST_WAITING = 20_000  # samples kept in memory while the database is away
LOOK_S = 1.0
JUMP = 1.0  # K or ppm: a change that is kept though it comes soon after the last sample
FORGET_EVERY = 500  # writes between two looks for samples that are too old
GOOD = "Good"


class LiveSample(BaseModel):
    """One live value on the bus."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    signal: str
    value: float | None
    status: str
    source_at: Instant


class LiveValues(BaseModel):
    """Live values of one station on the bus."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    equipment_id: str
    samples: tuple[LiveSample, ...]


class RoomWatch:
    """Keeps dew points and oxygen of dry rooms and glove boxes, thinned, in the database."""

    def __init__(self, database: Database, clock: Clock, settings: QualitySettings) -> None:
        self._database, self._clock, self._settings = database, clock, settings
        self._newest: dict[tuple[str, str], dict[str, Any]] = {}
        self._waiting: deque[dict[str, Any]] = deque(maxlen=MOST_WAITING)
        self._fresh = Signal()
        self._write_count = 0

    def take(self, message: Message) -> None:
        """Take live values from the bus; what shows no gas or comes too soon is dropped."""
        message.acknowledge()
        try:
            values = LiveValues.model_validate_json(message.payload)
        except ValidationError as error:
            log.warning("message holds no live values", topic=message.topic, error=str(error))
            return
        for sample in values.samples:
            signal = WATER_IN_PPM.get(sample.signal, sample.signal)
            if signal in GAS_OF:
                self._take(values.equipment_id, signal, sample)
        if self._waiting:
            self._fresh.set()

    async def run(self) -> None:
        """Write for ever, woken by new samples."""
        while True:
            await self.write()
            if not self._waiting:
                await self._fresh.wait(LOOK_S)

    async def write(self) -> int:
        """Write what waits, and now and then forget what is too old; return how many."""
        rows = list(self._waiting)
        if not rows:
            return 0
        self._waiting.clear()
        try:
            async with self._database.begin() as tx:
                await openings.keep_air_samples(tx, rows)
                self._write_count += 1
                if self._write_count % FORGET_EVERY == 1:
                    kept = timedelta(days=self._settings.sample_retention_days)
                    await openings.forget_air_samples(tx, self._clock.now() - kept)
        except RetryLaterError:
            self._waiting.extendleft(reversed(rows))
            raise
        return len(rows)

    def _take(self, equipment_id: str, signal: str, sample: LiveSample) -> None:
        value = _credible(signal, sample)
        row = {
            "equipment_id": equipment_id,
            "signal": signal,
            "source_at": sample.source_at,
            "value": value,
        }
        last = self._newest.get((equipment_id, signal))
        if last is not None:
            apart_s = (sample.source_at - last["source_at"]).total_seconds()
            as_before = _alike(last["value"], value)
            if apart_s <= 0.0 or (as_before and apart_s < self._settings.sample_every_s):
                return
        self._newest[(equipment_id, signal)] = row
        self._waiting.append(row)


def _alike(first: float | None, then: float | None) -> bool:
    if first is None or then is None:
        return first is then
    return abs(then - first) <= JUMP


def _credible(signal: str, sample: LiveSample) -> float | None:
    """Return the value in the unit of `signal`, None where it is not good or cannot be."""
    if sample.status != GOOD or sample.value is None:
        return None
    if sample.signal in WATER_IN_PPM:
        return dew_point_degc_of(sample.value)
    return GAS_OF[signal].believed(sample.value)
