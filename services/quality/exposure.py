"""Owns exposure: minutes open and dose of water or oxygen over an interval, by redundant sensors.

The content is by volume at 101 325 Pa; its dose is the time integral in ppm h, all of it and not
only what lies above a limit. Between two samples of one sensor the content is taken as a straight
line. Where no sensor lived, nothing is known.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from services.quality.domain import ExposureBudget
from services.quality.gas import WATER_GAS, Gas
from shared.errors import InvalidInputError

ExposureState = Literal["within", "near", "over", "unknown"]


@dataclass(frozen=True, kw_only=True)
class AirSample:
    """One sample of one sensor in the unit of its gas: degC of dew point, or ppm of oxygen.

    None where the sensor said that its value is not good.
    """

    source_at: datetime
    value: float | None


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """One open interval; None with a `reason` where it is not known. sensors: that told of it."""

    minutes: float | None
    dose_ppm_h: float | None
    reason: str | None = None
    sensors: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Line:
    """A stretch in which a sensor lived, straight between its two samples."""

    from_s: float
    to_s: float
    from_value: float
    to_value: float
    gas: Gas

    def shown(self, at_s: float) -> float:
        return _between(self.from_value, self.to_value, self._share(at_s))

    def ppm(self, at_s: float) -> float:
        ends = self.gas.ppm(self.from_value), self.gas.ppm(self.to_value)
        return _between(*ends, self._share(at_s))

    def _share(self, at_s: float) -> float:
        return (at_s - self.from_s) / (self.to_s - self.from_s)


def exposure(
    sensors: Mapping[str, Sequence[AirSample]],
    from_at: datetime,
    to_at: datetime,
    *,
    longest_gap_s: float,
    gas: Gas = WATER_GAS,
) -> Exposure:
    """Return the exposure from `from_at` to `to_at` by the worst of the living sensors.

    `sensors` holds the samples of each sensor in order of time, with at least one before and one
    after the interval where there are any. A sensor lives between two good samples that are at
    most `longest_gap_s` plant seconds apart. The dose is unknown where none lived for a moment, or
    where two that lived differ by more than the gas allows (5 K of dew point, 5 ppm of oxygen).

    Raises:
        InvalidInputError: the interval ends before it begins.
    """
    length_s = (to_at - from_at).total_seconds()
    if length_s < 0.0:
        raise InvalidInputError(f"interval ends at {to_at}, before its start at {from_at}")
    lines = {
        name: _lines(samples, from_at, longest_gap_s, gas) for name, samples in sensors.items()
    }
    dose_ppm_s = 0.0
    for from_s, to_s in _stretches(lines, length_s):
        living = {name: line for name, own in lines.items() if (line := _at(own, from_s, to_s))}
        reason = _unknown(living, gas, from_at, from_s, to_s)
        if reason is not None:
            return Exposure(minutes=length_s / 60.0, dose_ppm_h=None, reason=reason)
        dose_ppm_s += _worst_ppm_s(list(living.values()), from_s, to_s)
    return Exposure(minutes=length_s / 60.0, dose_ppm_h=dose_ppm_s / 3600.0)


def added(parts: Sequence[Exposure], own: Exposure) -> Exposure:
    """Return an interval that goes on after the worst of its parts: longest time, largest dose.

    What is not known of one part is not known of the whole.
    """
    if not parts or own.minutes is None:
        return own
    minutes = max((part.minutes or 0.0 for part in parts), default=0.0)
    doses = [part.dose_ppm_h for part in parts]
    reason = own.reason or next((part.reason for part in parts if part.reason), None)
    known = [dose for dose in doses if dose is not None]
    dose_ppm_h = None
    if own.dose_ppm_h is not None and len(known) == len(doses):
        dose_ppm_h = own.dose_ppm_h + max(known)
    sensors = {name for one in (own, *parts) for name in one.sensors}
    return Exposure(
        minutes=own.minutes + minutes,
        dose_ppm_h=dose_ppm_h,
        reason=reason,
        sensors=tuple(sorted(sensors)),
    )


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


def _lines(
    samples: Sequence[AirSample], origin: datetime, longest_gap_s: float, gas: Gas
) -> list[_Line]:
    found = []
    for first, second in pairwise(samples):
        if first.value is None or second.value is None:
            continue
        from_s = (first.source_at - origin).total_seconds()
        to_s = (second.source_at - origin).total_seconds()
        if 0.0 < to_s - from_s <= longest_gap_s:
            found.append(_Line(from_s, to_s, first.value, second.value, gas))
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
    living: Mapping[str, _Line], gas: Gas, origin: datetime, from_s: float, to_s: float
) -> str | None:
    if not living:
        start, end = (origin + timedelta(seconds=at_s) for at_s in (from_s, to_s))
        return f"no living {gas.words} sensor from {start:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S}"
    for at_s in (from_s, to_s):
        shown = {name: line.shown(at_s) for name, line in living.items()}
        apart = max(shown.values()) - min(shown.values())
        if apart > gas.apart_limit:
            unit = gas.difference_unit
            values = ", ".join(
                f"{name} {value:.1f} {gas.unit}" for name, value in sorted(shown.items())
            )
            return (
                f"sensors disagree by {apart:.1f} {unit}, limit {gas.apart_limit:g} {unit}, at "
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
