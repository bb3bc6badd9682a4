"""Listens to the dew points of dry rooms and keeps them, thinned, in the database."""

from collections import deque
from datetime import timedelta
from typing import Any

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from services.quality import openings
from services.quality.exposure import CREDIBLE_DEGC
from services.quality.settings import QualitySettings
from shared.bus import Message
from shared.clock import Clock
from shared.db import Database, Signal
from shared.errors import RetryLaterError

log = structlog.get_logger()
DEW_POINT_SIGNALS = ("dew_point_1_degc", "dew_point_2_degc")
MOST_WAITING = 20_000  # samples kept in memory while the database is away
LOOK_S = 1.0
JUMP_K = 1.0  # a change that is kept though it comes soon after the last sample
FORGET_EVERY = 500  # writes between two looks for samples that are too old
GOOD = "Good"


class LiveSample(BaseModel):
    """One live value on the bus."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    signal: str
    value: float | None
    status: str
    source_at: AwareDatetime


class LiveValues(BaseModel):
    """Live values of one station on the bus."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    equipment_id: str
    samples: tuple[LiveSample, ...]


class RoomWatch:
    """Keeps the dew points of the dry rooms, thinned, in the database."""

    def __init__(self, database: Database, clock: Clock, settings: QualitySettings) -> None:
        self._database, self._clock, self._settings = database, clock, settings
        self._newest: dict[tuple[str, str], dict[str, Any]] = {}
        self._waiting: deque[dict[str, Any]] = deque(maxlen=MOST_WAITING)
        self._fresh = Signal()
        self._write_count = 0

    def take(self, message: Message) -> None:
        """Take live values from the bus; what is no dew point or comes too soon is dropped."""
        message.acknowledge()
        try:
            values = LiveValues.model_validate_json(message.payload)
        except ValidationError as error:
            log.warning("message holds no live values", topic=message.topic, error=str(error))
            return
        for sample in values.samples:
            if sample.signal in DEW_POINT_SIGNALS:
                self._take(values.equipment_id, sample)
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
                await openings.keep_dew_points(tx, rows)
                self._write_count += 1
                if self._write_count % FORGET_EVERY == 1:
                    kept = timedelta(days=self._settings.sample_retention_days)
                    await openings.forget_dew_points(tx, self._clock.now() - kept)
        except RetryLaterError:
            self._waiting.extendleft(reversed(rows))
            raise
        return len(rows)

    def _take(self, equipment_id: str, sample: LiveSample) -> None:
        dew_point_degc = _credible(sample)
        row = {
            "equipment_id": equipment_id,
            "signal": sample.signal,
            "source_at": sample.source_at,
            "dew_point_degc": dew_point_degc,
        }
        last = self._newest.get((equipment_id, sample.signal))
        if last is not None:
            apart_s = (sample.source_at - last["source_at"]).total_seconds()
            as_before = _alike(last["dew_point_degc"], dew_point_degc)
            if apart_s <= 0.0 or (as_before and apart_s < self._settings.sample_every_s):
                return
        self._newest[(equipment_id, sample.signal)] = row
        self._waiting.append(row)


def _alike(first_degc: float | None, then_degc: float | None) -> bool:
    if first_degc is None or then_degc is None:
        return first_degc is then_degc
    return abs(then_degc - first_degc) <= JUMP_K


def _credible(sample: LiveSample) -> float | None:
    if sample.status != GOOD or sample.value is None:
        return None
    low, high = CREDIBLE_DEGC
    return sample.value if low <= sample.value <= high else None
