"""Owns exposure: minutes open and moisture dose of an interval, from two redundant dew points.

Moisture is the water content of the air by volume at 101 325 Pa; its dose is the time integral in
ppm h, all of it and not only what lies above a limit. Between two samples of one sensor the water
content is taken as a straight line. Where no sensor lived, nothing is known.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from services.quality.domain import ExposureBudget
from shared.errors import InvalidInputError

PRESSURE_PA = 101_325.0
DISAGREEMENT_LIMIT_K = 5.0
# WMO-No. 8 (CIMO guide, 2014) annex 4.B: saturation vapour pressure over ice and over water.
ICE = (611.2, 22.46, 272.62)
WATER = (611.2, 17.62, 243.12)
CREDIBLE_DEGC = (-110.0, 60.0)  # what hygrometers can show; other values are faults

ExposureState = Literal["within", "near", "over", "unknown"]


@dataclass(frozen=True, kw_only=True)
class DewPoint:
    """One sample of one sensor; None where the sensor said that its value is not good."""

    source_at: datetime
    dew_point_degc: float | None


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """One open interval; None with a `reason` where it is not known."""

    minutes: float | None
    dose_ppm_h: float | None
    reason: str | None = None


@dataclass(frozen=True)
class _Line:
    """A stretch in which a sensor lived, straight between its two samples."""

    from_s: float
    to_s: float
    from_degc: float
    to_degc: float

    def degc(self, at_s: float) -> float:
        return _between(self.from_degc, self.to_degc, self._share(at_s))

    def ppm(self, at_s: float) -> float:
        ends = water_ppm(self.from_degc), water_ppm(self.to_degc)
        return _between(*ends, self._share(at_s))

    def _share(self, at_s: float) -> float:
        return (at_s - self.from_s) / (self.to_s - self.from_s)


def water_ppm(dew_point_degc: float) -> float:
    """Return the water content of air in ppm by volume; over ice below 0 degC (WMO-No. 8).

    Raises:
        InvalidInputError: the dew point lies beyond what hygrometers can show.
    """
    low_degc, high_degc = CREDIBLE_DEGC
    if not low_degc <= dew_point_degc <= high_degc:
        raise InvalidInputError(
            f"dew_point_degc is {dew_point_degc} °C; it must be {low_degc} to {high_degc} °C"
        )
    at_zero_pa, slope, offset_k = ICE if dew_point_degc < 0.0 else WATER
    vapour_pa = at_zero_pa * math.exp(slope * dew_point_degc / (offset_k + dew_point_degc))
    return vapour_pa / PRESSURE_PA * 1e6


def exposure(
    sensors: Mapping[str, Sequence[DewPoint]],
    from_at: datetime,
    to_at: datetime,
    *,
    longest_gap_s: float,
) -> Exposure:
    """Return the exposure from `from_at` to `to_at` by the worst of the living sensors.

    `sensors` holds the samples of each sensor in order of time, with at least one before and one
    after the interval where there are any. A sensor lives between two good samples that are at
    most `longest_gap_s` plant seconds apart. The dose is unknown where none lived for a moment, or
    where two that lived differ by more than 5 K.

    Raises:
        InvalidInputError: the interval ends before it begins.
    """
    length_s = (to_at - from_at).total_seconds()
    if length_s < 0.0:
        raise InvalidInputError(f"interval ends at {to_at}, before its start at {from_at}")
    lines = {name: _lines(samples, from_at, longest_gap_s) for name, samples in sensors.items()}
    dose_ppm_s = 0.0
    for from_s, to_s in _stretches(lines, length_s):
        living = {name: line for name, own in lines.items() if (line := _at(own, from_s, to_s))}
        reason = _unknown(living, from_at, from_s, to_s)
        if reason is not None:
            return Exposure(minutes=length_s / 60.0, dose_ppm_h=None, reason=reason)
        dose_ppm_s += _worst_ppm_s(list(living.values()), from_s, to_s)
    return Exposure(minutes=length_s / 60.0, dose_ppm_h=dose_ppm_s / 3600.0)


def state_of(found: Exposure, budget: ExposureBudget) -> ExposureState:
    """Return where an exposure stands against its budget; the minutes alone can break it."""
    if found.minutes is None:
        return "unknown"
    if found.minutes > budget.budget_minutes:
        return "over"
    if found.dose_ppm_h is None:
        return "unknown"
    if found.dose_ppm_h > budget.budget_dose_ppm_h:
        return "over"
    used_ratio = max(
        found.minutes / budget.budget_minutes, found.dose_ppm_h / budget.budget_dose_ppm_h
    )
    return "near" if used_ratio >= budget.warn_ratio else "within"


def sentence(found: Exposure, budget: ExposureBudget) -> str:
    """Return the exposure and its budget in words."""
    minutes = "unknown" if found.minutes is None else f"{found.minutes:.4g}"
    dose = "unknown" if found.dose_ppm_h is None else f"{found.dose_ppm_h:.4g}"
    reason = "" if found.reason is None else f"; unknown: {found.reason}"
    return (
        f"{budget.state}: {minutes} of {budget.budget_minutes:g} min and {dose} of "
        f"{budget.budget_dose_ppm_h:g} ppm·h from {budget.from_operation} to "
        f"{budget.to_operation} (budget version {budget.version}){reason}"
    )


def _lines(samples: Sequence[DewPoint], origin: datetime, longest_gap_s: float) -> list[_Line]:
    found = []
    for first, second in pairwise(samples):
        if first.dew_point_degc is None or second.dew_point_degc is None:
            continue
        from_s = (first.source_at - origin).total_seconds()
        to_s = (second.source_at - origin).total_seconds()
        if 0.0 < to_s - from_s <= longest_gap_s:
            found.append(_Line(from_s, to_s, first.dew_point_degc, second.dew_point_degc))
    return found


def _stretches(lines: Mapping[str, Sequence[_Line]], length_s: float) -> list[tuple[float, float]]:
    """Return the interval cut wherever a sensor begins, ends or bends."""
    cuts = {edge for own in lines.values() for line in own for edge in (line.from_s, line.to_s)}
    edges = [0.0, *sorted(cut for cut in cuts if 0.0 < cut < length_s), length_s]
    return [(a, b) for a, b in pairwise(edges) if b > a]


def _at(lines: Sequence[_Line], from_s: float, to_s: float) -> _Line | None:
    index = bisect_right(lines, from_s, key=lambda line: line.from_s) - 1
    return lines[index] if index >= 0 and lines[index].to_s >= to_s else None


def _unknown(
    living: Mapping[str, _Line], origin: datetime, from_s: float, to_s: float
) -> str | None:
    if not living:
        start, end = (origin + timedelta(seconds=at_s) for at_s in (from_s, to_s))
        return f"no living dew point sensor from {start:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S}"
    for at_s in (from_s, to_s):
        shown = {name: line.degc(at_s) for name, line in living.items()}
        difference_k = max(shown.values()) - min(shown.values())
        if difference_k > DISAGREEMENT_LIMIT_K:
            values = ", ".join(f"{name} {value:.1f} °C" for name, value in sorted(shown.items()))
            return (
                f"sensors disagree by {difference_k:.1f} K, limit {DISAGREEMENT_LIMIT_K:g} K, at "
                f"{origin + timedelta(seconds=at_s):%Y-%m-%d %H:%M:%S} ({values})"
            )
    return None


def _worst_ppm_s(living: Sequence[_Line], from_s: float, to_s: float) -> float:
    """Return the integral of the larger of the lines, exactly, also where they cross."""
    ends = [(line.ppm(from_s), line.ppm(to_s)) for line in living]
    cuts = {0.0, 1.0}
    for index, (a_from, a_to) in enumerate(ends):
        for b_from, b_to in ends[:index]:
            before, after = a_from - b_from, a_to - b_to
            if before * after < 0.0:
                cuts.add(before / (before - after))
    shares = sorted(cuts)
    worst = [max(_between(a, b, share) for a, b in ends) for share in shares]
    return sum(
        (worst[i] + worst[i + 1]) / 2.0 * (shares[i + 1] - shares[i]) * (to_s - from_s)
        for i in range(len(shares) - 1)
    )


def _between(first: float, second: float, share: float) -> float:
    return first + (second - first) * share
