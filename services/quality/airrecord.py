"""Owns the recorded air of one room as arrays: the exposure of very many intervals at once.

The same rules as `exposure`, which decides over one interval: the worse of the living sensors, a
straight line between two samples, unknown where none lived or two differ by more than the gas
allows. The record is cut so finely that on each piece one sensor is the worst and the piece is
known or not as a whole; the dose since its beginning is then a table in which an interval is
looked up twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from services.quality.gas import WATER_GAS, Gas
from shared.air import ICE, PRESSURE_PA, WATER

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SensorRecord:
    """What one sensor showed: seconds since a common origin, rising, and values, NaN where bad.

    The values are in the unit of their gas: degC of dew point, or ppm of oxygen.
    """

    time_s: Floats
    shown: Floats


@dataclass(frozen=True, kw_only=True)
class AirRecord:
    """The air of a room, cut at `edge_s` (n,) into n - 1 pieces.

    from_ppm, slope_ppm_per_s: (n - 1,), the worst content over each piece. dose_ppm_s,
    unknown_s: (n,), dose and length of what is not known, both summed up to each edge.
    """

    edge_s: Floats
    from_ppm: Floats
    slope_ppm_per_s: Floats
    dose_ppm_s: Floats
    unknown_s: Floats

    def doses_ppm_h(self, from_s: Floats, to_s: Floats) -> Floats:
        """Return the dose of each interval, NaN where a moment of it is not known.

        from_s, to_s: (m,), seconds since the origin of the sensors' records, from before to.
        """
        if self.edge_s.size < 2:
            return np.where(to_s > from_s, np.nan, 0.0)
        dose_from, unknown_from = self._until(from_s)
        dose_to, unknown_to = self._until(to_s)
        beyond = (from_s < self.edge_s[0]) | (to_s > self.edge_s[-1])
        # 1e-6 s: a microsecond is the resolution of the instants, less is rounding
        known = ~beyond & (unknown_to - unknown_from <= 1e-6)
        dose = (dose_to - dose_from) / 3600.0
        return np.where(known, dose, np.where(to_s > from_s, np.nan, 0.0))

    def _until(self, at_s: Floats) -> tuple[Floats, Floats]:
        piece = np.clip(np.searchsorted(self.edge_s, at_s, "right") - 1, 0, self.edge_s.size - 2)
        into_s = at_s - self.edge_s[piece]
        dose = self.dose_ppm_s[piece] + into_s * (
            self.from_ppm[piece] + 0.5 * self.slope_ppm_per_s[piece] * into_s
        )
        length_s = self.edge_s[piece + 1] - self.edge_s[piece]
        missing_s = self.unknown_s[piece + 1] - self.unknown_s[piece]
        return dose, self.unknown_s[piece] + missing_s * into_s / length_s


def air_record(
    sensors: Sequence[SensorRecord], longest_gap_s: float, gas: Gas = WATER_GAS
) -> AirRecord:
    """Return the record of a room's water or oxygen from those of its sensors."""
    lines = [_Lines.of(sensor, longest_gap_s, gas) for sensor in sensors]
    edge_s = np.unique(np.concatenate([line.time_s for line in lines] or [np.empty(0)]))
    for one, other in combinations(lines, 2):
        edge_s = np.union1d(edge_s, _cuts(one, other, edge_s, gas.apart_limit))
    if edge_s.size < 2:
        empty = np.empty(0)
        zero = np.zeros(edge_s.size)
        return AirRecord(
            edge_s=edge_s, from_ppm=empty, slope_ppm_per_s=empty, dose_ppm_s=zero, unknown_s=zero
        )
    length_s = np.diff(edge_s)
    middle_s = edge_s[:-1] + 0.5 * length_s
    shown = np.array([line.value(middle_s) for line in lines])
    living = ~np.isnan(shown)
    apart = np.where(living, shown, -np.inf).max(0) - np.where(living, shown, np.inf).min(0)
    known = living.any(0) & (apart <= gas.apart_limit)
    ends = [
        np.array([line.ppm(middle_s, at_s) for line in lines]) for at_s in (edge_s[:-1], edge_s[1:])
    ]
    first, last = (np.where(living, end, -np.inf).max(0) for end in ends)
    first, last = np.where(known, first, 0.0), np.where(known, last, 0.0)
    return AirRecord(
        edge_s=edge_s,
        from_ppm=first,
        slope_ppm_per_s=(last - first) / length_s,
        dose_ppm_s=_summed(0.5 * (first + last) * length_s),
        unknown_s=_summed(np.where(known, 0.0, length_s)),
    )


def water_ppm_of(dew_point_degc: Floats) -> Floats:
    """Return the water content of air in ppm by volume, as `water_ppm` does for one dew point."""
    vapour_pa = np.where(
        dew_point_degc < 0.0, _magnus(ICE, dew_point_degc), _magnus(WATER, dew_point_degc)
    )
    return vapour_pa / PRESSURE_PA * 1e6


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """The stretches in which one sensor lived; `alive` (n - 1,) says which between its samples."""

    time_s: Floats
    shown: Floats
    shown_ppm: Floats
    alive: NDArray[np.bool_]

    @classmethod
    def of(cls, sensor: SensorRecord, longest_gap_s: float, gas: Gas) -> "_Lines":
        good = ~np.isnan(sensor.shown)
        apart_s = np.diff(sensor.time_s)
        alive = good[:-1] & good[1:] & (apart_s > 0.0) & (apart_s <= longest_gap_s)
        ppm = water_ppm_of(sensor.shown) if gas is WATER_GAS else sensor.shown
        return cls(time_s=sensor.time_s, shown=sensor.shown, shown_ppm=ppm, alive=alive)

    def value(self, at_s: Floats) -> Floats:
        """Return what was shown, NaN where the sensor did not live; never asked for at an edge."""
        return self._on(self.shown, at_s, at_s)

    def ppm(self, within_s: Floats, at_s: Floats) -> Floats:
        """Return the content at instants on the lines that hold `within_s`."""
        return self._on(self.shown_ppm, within_s, at_s)

    def _on(self, shown: Floats, within_s: Floats, at_s: Floats) -> Floats:
        if not self.alive.size:
            return np.full(at_s.size, np.nan)
        index = np.searchsorted(self.time_s, within_s, "right") - 1
        inside = (index >= 0) & (index < self.alive.size)
        line = np.clip(index, 0, self.alive.size - 1)
        length_s = self.time_s[line + 1] - self.time_s[line]
        share = (at_s - self.time_s[line]) / np.where(length_s > 0.0, length_s, 1.0)
        value = shown[line] + (shown[line + 1] - shown[line]) * share
        return np.where(inside & self.alive[line], value, np.nan)


def _cuts(one: _Lines, other: _Lines, edge_s: Floats, apart_limit: float) -> Floats:
    """Return where two sensors cross in ppm, or come to differ by the limit, within pieces."""
    if edge_s.size < 2:
        return np.empty(0)
    start_s, end_s = edge_s[:-1], edge_s[1:]
    middle_s = 0.5 * (start_s + end_s)
    found = []
    for own, others, level in (
        (one.shown_ppm, other.shown_ppm, 0.0),
        (one.shown, other.shown, apart_limit),
        (one.shown, other.shown, -apart_limit),
    ):
        before, after = (
            one._on(own, middle_s, at_s) - other._on(others, middle_s, at_s) - level
            for at_s in (start_s, end_s)
        )
        crosses = before * after < 0.0  # False where one is NaN
        share = before[crosses] / (before[crosses] - after[crosses])
        found.append(start_s[crosses] + (end_s - start_s)[crosses] * share)
    return np.concatenate(found)


def _magnus(constants: tuple[float, float, float], degc: Floats) -> Floats:
    at_zero_pa, slope, offset_k = constants
    return at_zero_pa * np.exp(slope * degc / (offset_k + degc))


def _summed(each: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(each)])
