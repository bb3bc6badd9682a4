"""What is known of live values now: the newest of each signal, and which source is silent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shared.facts import DataQuality
from shared.instants import Instant
from shared.stations import Sample
from shared.units import display_unit


class Row(NamedTuple):
    """One sample to keep; `value` is None where its status is not good."""

    equipment_id: str
    signal: str
    source_at: datetime
    value: float | None
    status: str


@dataclass(frozen=True, kw_only=True)
class SourceState:
    """What is known of one source, as kept across a restart."""

    equipment_id: str
    data_quality: DataQuality
    last_sample_at: datetime | None


@dataclass(kw_only=True)
class _Source:
    heard_s: float
    data_quality: DataQuality | None
    last_sample_at: datetime | None


class TestSeries(BaseModel):
    """What one test is: of which cell, on which channel, since when in plant time."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    model_config = ConfigDict(frozen=True, extra="forbid")

    series_id: str = Field(min_length=1, max_length=200)
    lot_id: str = Field(min_length=1, max_length=200)
    equipment_id: str = Field(min_length=1, max_length=200)
    started_at: Instant


class LiveTable:
    """The newest value of each signal; times are monotonic wall seconds given by the caller.

    silent_s: a source not heard for longer is stale. most_signals: further ones are refused.
    """

    def __init__(self, silent_s: float, most_signals: int) -> None:
        self._silent_s, self._most = silent_s, most_signals
        self._newest: dict[tuple[str, str], tuple[Sample, float]] = {}
        self._sources: dict[str, _Source] = {}
        self.refused_count = 0

    def remember(self, states: Iterable[SourceState], now_s: float) -> None:
        """Take what was known before a restart; silence counts from now."""
        for state in states:
            was_good = state.data_quality == "good"
            source = self._sources.setdefault(
                state.equipment_id,
                _Source(
                    heard_s=now_s if was_good else now_s - 2 * self._silent_s,
                    data_quality=None,
                    last_sample_at=state.last_sample_at,
                ),
            )
            source.data_quality = state.data_quality

    def take(self, equipment_id: str, samples: Sequence[Sample], now_s: float) -> list[Row]:
        """Take samples of one source; return those that are new, not a repeat of the newest."""
        rows = []
        for sample in samples:
            key = (equipment_id, sample.signal)
            before = self._newest.get(key)
            if before is None and len(self._newest) >= self._most:
                self.refused_count += 1
                continue
            if before is None or sample.source_at >= before[0].source_at:
                self._newest[key] = (sample, now_s)
            if before is None or sample != before[0]:
                rows.append(Row(equipment_id, *_columns(sample)))
        if any((equipment_id, sample.signal) in self._newest for sample in samples):
            self._hear(equipment_id, samples, now_s)
        return rows

    def _hear(self, equipment_id: str, samples: Sequence[Sample], now_s: float) -> None:
        source = self._sources.get(equipment_id)
        if source is None:
            source = _Source(heard_s=now_s, data_quality=None, last_sample_at=None)
            self._sources[equipment_id] = source
        source.heard_s = now_s
        newest = max(sample.source_at for sample in samples)
        if source.last_sample_at is None or newest > source.last_sample_at:
            source.last_sample_at = newest

    def changes(self, now_s: float) -> list[SourceState]:
        """Return the sources whose quality is another than was told with `told`."""
        return [
            SourceState(
                equipment_id=equipment_id,
                data_quality=self._quality(source, now_s),
                last_sample_at=source.last_sample_at,
            )
            for equipment_id, source in self._sources.items()
            if source.data_quality != self._quality(source, now_s)
        ]

    def told(self, states: Iterable[SourceState]) -> None:
        """Note that these states have been recorded."""
        for state in states:
            self._sources[state.equipment_id].data_quality = state.data_quality

    def shown(self, now_s: float) -> list[dict[str, Any]]:
        """Return the newest values; `age_s` is wall seconds since last heard, None never counts."""
        items = []
        for (equipment_id, signal), (sample, heard_s) in sorted(self._newest.items()):
            quality = self._quality(self._sources[equipment_id], now_s)
            if quality == "good" and sample.value is None:
                quality = "unknown"
            items.append(
                {
                    "equipment_id": equipment_id,
                    "signal": signal,
                    "unit": display_unit(signal),
                    "value": sample.value,
                    "status": sample.status,
                    "source_at": sample.source_at,
                    "age_s": round(max(0.0, now_s - heard_s), 3),
                    "data_quality": quality,
                }
            )
        return items

    def _quality(self, source: _Source, now_s: float) -> DataQuality:
        return "stale" if now_s - source.heard_s > self._silent_s else "good"


def _columns(sample: Sample) -> tuple[str, datetime, float | None, str]:
    return sample.signal, sample.source_at, sample.value, sample.status
