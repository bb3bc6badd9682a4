"""Judges the measured profile of a furnace run against the band of its recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from services.sintering.schedule import HeatTreatment, Value

Floats = NDArray[np.float64]
GAP_INTERVALS = 4.0  # a step in time longer than so many usual ones is a gap
SETPOINT_TOLERANCE_DEGC = 0.5
SETTLED_RATIO = 0.95  # share of a soak's samples whose zone difference counts


@dataclass(frozen=True, kw_only=True)
class Band:
    """How far a run may lie from what was ordered; None where the recipe does not say.

    longest_interruption_s: how long a soak may leave its band, by a power cut for instance, and go
    on afterwards; beyond it the load is not resumed but scrapped.
    """

    soak_band_degc: float | None
    ramp_band_ratio: float | None
    soak_shortfall_ratio: float = 0.0
    longest_interruption_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What the furnace measured, arrays (n_samples,); NaN where a sensor gave no number."""

    time_s: tuple[float, ...]
    setpoint_degc: tuple[float, ...]
    temperature_degc: tuple[float, ...]
    zone_degc: tuple[float, ...]

    @property
    def arrays(self) -> dict[str, tuple[float, ...]]:
        """The arrays by name."""
        return {
            "time_s": self.time_s,
            "setpoint_degc": self.setpoint_degc,
            "temperature_degc": self.temperature_degc,
            "zone_degc": self.zone_degc,
        }

    def known(self) -> "Profile":
        """Return the samples in which every value is a number; arrays of one length wanted."""
        rows = [row for row in zip(*self.arrays.values(), strict=False) if all(map(isfinite, row))]
        time_s, setpoint, temperature, zone = zip(*rows, strict=True) if rows else ((),) * 4
        return Profile(
            time_s=time_s, setpoint_degc=setpoint, temperature_degc=temperature, zone_degc=zone
        )


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Where a run left its band, and what of it nobody knows; an unknown run is not a good one."""

    deviations: tuple[str, ...]
    unknown: tuple[str, ...]
    soak_in_band_s: float | None
    everywhere: tuple[str, ...] = ()  # those deviations that touch each place alike

    @property
    def deviation_count(self) -> float | None:
        """How often the run left its band; None when part of it is unknown."""
        return None if self.unknown else float(len(self.deviations))

    @property
    def reason(self) -> str | None:
        """Why the count is unknown, with what is known to be wrong beside it."""
        if not self.unknown:
            return None
        known = f"; known deviations: {'; '.join(self.deviations)}" if self.deviations else ""
        return "; ".join(self.unknown) + known


@dataclass(frozen=True, kw_only=True)
class Samples:
    """The samples of a run in which every value is a number, arrays (n_samples,)."""

    time_s: Floats
    setpoint_degc: Floats
    temperature_degc: Floats
    zone_degc: Floats
    interval_s: float


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One ramp and soak; samples [start, first) are the ramp, [first, end) the soak."""

    number: int
    target_degc: float
    before_degc: float
    ramp_degc_per_min: float
    soak_s: float
    start: int
    first: int
    end: int


def band_of(parameters: Mapping[str, Value]) -> Band:
    """Return the band that judged recipe parameters describe."""

    def number(name: str) -> float | None:
        value = parameters.get(name)
        return value if isinstance(value, float) else None

    return Band(
        soak_band_degc=number("soak_band_degc"),
        ramp_band_ratio=number("ramp_band_ratio"),
        soak_shortfall_ratio=number("soak_shortfall_ratio") or 0.0,
        longest_interruption_s=number("longest_interruption_s"),
    )


def judge(profile: Profile, treatment: HeatTreatment, band: Band) -> Judgement:
    """Return where a measured profile left the band of its heat treatment.

    Each soak is judged by its time in band of the control thermocouple (crossings interpolated),
    its highest temperature, and the difference of the two thermocouples that 95 % of its samples
    keep; each ramp by its mean rate between 10 % and 90 % of the step. Cooling may be slower.
    """
    shape = _wrong_shape(profile)
    if band.soak_band_degc is None:
        shape.append("the recipe has no released soak_band_degc")
    if shape:
        return Judgement(deviations=(), unknown=tuple(shape), soak_in_band_s=None)
    samples = samples_of(profile.known())
    unknown = _lost(profile) + _gaps(samples)
    soaks: list[str] = []
    everywhere: list[str] = []
    soaked_s = 0.0
    for segment in segments_of(samples, treatment):
        if segment.first == len(samples.time_s):
            everywhere.append(_never_reached(samples, segment))
            break
        everywhere += _judge_ramp(samples, segment, band.ramp_band_ratio)
        if segment.soak_s > 0:
            kept_s = float(in_band_s(samples, segment, band, samples.temperature_degc))
            soaked_s += kept_s
            soaks += _judge_soak(samples, segment, band, kept_s)
            everywhere += _interrupted(samples, segment, band)
    return Judgement(
        deviations=(*everywhere, *soaks),
        unknown=tuple(unknown),
        soak_in_band_s=None if unknown else soaked_s,
        everywhere=tuple(everywhere),
    )


def _wrong_shape(profile: Profile) -> list[str]:
    lengths = [len(values) for values in profile.arrays.values()]
    if len(set(lengths)) > 1:
        return [f"the arrays of the profile have {lengths} samples"]
    time_s = profile.known().time_s
    if len(time_s) < 2:
        return [f"the furnace gave {len(time_s)} samples with a number"]
    steps_s = np.diff(time_s)
    if np.any(steps_s <= 0):
        return [f"the time of the profile does not grow after {time_s[np.argmax(steps_s <= 0)]} s"]
    return []


def _lost(profile: Profile) -> list[str]:
    count = len(profile.time_s)
    lost = count - len(profile.known().time_s)
    return [f"{lost} of {count} samples have no number"] if lost else []


def samples_of(profile: Profile) -> Samples:
    """Return the arrays of a profile that is known throughout."""
    time_s = np.array(profile.time_s)
    return Samples(
        time_s=time_s,
        setpoint_degc=np.array(profile.setpoint_degc),
        temperature_degc=np.array(profile.temperature_degc),
        zone_degc=np.array(profile.zone_degc),
        interval_s=float(np.median(np.diff(time_s))),
    )


def _gaps(samples: Samples) -> list[str]:
    steps_s = np.diff(samples.time_s)
    gaps = np.flatnonzero(steps_s > GAP_INTERVALS * samples.interval_s)
    return [
        f"no sample from {samples.time_s[at]:.0f} s to {samples.time_s[at + 1]:.0f} s"
        for at in gaps
    ]


def segments_of(samples: Samples, treatment: HeatTreatment) -> list[Segment]:
    """Find each segment in the measured setpoint; `first` is the sample count if never reached."""
    segments: list[Segment] = []
    start, before, count = 0, float(samples.setpoint_degc[0]), len(samples.time_s)
    for number, (target, ramp, soak_s) in enumerate(_merged(treatment), start=1):
        away = samples.setpoint_degc[start:] - target
        reached = np.sign(target - before) * away >= -SETPOINT_TOLERANCE_DEGC
        first = start + int(np.argmax(reached)) if reached.any() else count
        left = np.flatnonzero(np.abs(away[first - start :]) > SETPOINT_TOLERANCE_DEGC)
        end = first + int(left[0]) if left.size else count
        segments.append(
            Segment(
                number=number,
                target_degc=target,
                before_degc=before,
                ramp_degc_per_min=ramp,
                soak_s=soak_s,
                start=start,
                first=first,
                end=end,
            )
        )
        start, before = max(first, end - 1), target
    return segments


def _merged(treatment: HeatTreatment) -> list[tuple[float, float, float]]:
    """Return target, ramp and soak of each segment; soaks that follow at one target are one."""
    merged: list[tuple[float, float, float]] = []
    for target, ramp, soak_s in zip(
        treatment.temperature_degc, treatment.ramp_degc_per_min, treatment.soak_s, strict=True
    ):
        if merged and merged[-1][0] == target:
            soak_s += merged[-1][2]
            ramp = merged.pop()[1]
        merged.append((target, ramp, soak_s))
    return merged


def _never_reached(samples: Samples, segment: Segment) -> str:
    highest = float(samples.setpoint_degc[segment.start :].max())
    return (
        f"segment {segment.number}: the setpoint never reached {segment.target_degc:g} °C, its "
        f"highest was {highest:.1f} °C"
    )


def in_band_s(samples: Samples, segment: Segment, band: Band, temperature_degc: Floats) -> Floats:
    """Return the seconds from one sample before the soak to one after it that lie in the band.

    temperature_degc: (..., n_samples); crossings are interpolated. Returns an array (...,).
    """
    width = band.soak_band_degc or 0.0
    low, high = segment.target_degc - width, segment.target_degc + width
    span = slice(max(segment.start, segment.first - 1), segment.end + 1)
    time_s, degc = samples.time_s[span], temperature_degc[..., span]
    steps_s = np.diff(time_s)
    before, after = degc[..., :-1], degc[..., 1:]
    floor, top = np.minimum(before, after), np.maximum(before, after)
    inside = np.clip(np.minimum(top, high) - np.maximum(floor, low), 0.0, None)
    flat = (floor >= low) & (top <= high)
    ratio = np.where(flat, 1.0, inside / np.maximum(top - floor, 1e-9))
    watched = steps_s <= GAP_INTERVALS * samples.interval_s
    return np.asarray(np.sum(steps_s * ratio * watched, axis=-1))


def soak_deviations(
    samples: Samples, segment: Segment, band: Band, kept_s: float, highest_degc: float
) -> list[str]:
    """Return how a soak that kept its band for `kept_s` and rose to `highest_degc` broke it."""
    name, width = _soak(segment), band.soak_band_degc or 0.0
    shortest_s = segment.soak_s * (1.0 - band.soak_shortfall_ratio)
    deviations = []
    if kept_s < shortest_s - samples.interval_s:
        deviations.append(f"{name}: {kept_s:.0f} s within ±{width:g} °C, limit {shortest_s:.0f} s")
    limit = segment.target_degc + width
    if highest_degc > limit:
        deviations.append(f"{name}: highest {highest_degc:.1f} °C, limit {limit:.1f} °C")
    return deviations


def _soak(segment: Segment) -> str:
    return f"soak {segment.number} at {segment.target_degc:g} °C"


def _judge_soak(samples: Samples, segment: Segment, band: Band, kept_s: float) -> list[str]:
    soak = slice(segment.first, segment.end)
    if segment.end == segment.first:
        return soak_deviations(samples, segment, band, kept_s, segment.target_degc)
    highest = float(samples.temperature_degc[soak].max())
    deviations = soak_deviations(samples, segment, band, kept_s, highest)
    width = band.soak_band_degc or 0.0
    apart = np.abs(samples.zone_degc[soak] - samples.temperature_degc[soak])
    kept = float(np.quantile(apart, SETTLED_RATIO))
    if kept > width:
        deviations.append(f"{_soak(segment)}: zones differ by {kept:.1f} °C, limit {width:.1f} °C")
    return deviations


def _interrupted(samples: Samples, segment: Segment, band: Band) -> list[str]:
    """Return the longest time that the soak left its band between two times in it, if too long."""
    limit_s, width = band.longest_interruption_s, band.soak_band_degc or 0.0
    soak = slice(segment.first, segment.end)
    away = np.abs(samples.temperature_degc[soak] - segment.target_degc)
    inside_s = samples.time_s[soak][away <= width]
    if limit_s is None or inside_s.size < 2:
        return []
    longest_s = float(np.diff(inside_s).max()) - samples.interval_s
    if longest_s <= limit_s:
        return []
    name = _soak(segment)
    return [f"{name}: interrupted for {longest_s:.0f} s, limit {limit_s:.0f} s: not to be resumed"]


def _judge_ramp(samples: Samples, segment: Segment, band_ratio: float | None) -> list[str]:
    step_degc = segment.target_degc - segment.before_degc
    if band_ratio is None or abs(step_degc) < 10 * SETPOINT_TOLERANCE_DEGC:
        return []
    span = slice(segment.start, max(segment.end, segment.first + 1))
    done = (samples.temperature_degc[span] - segment.before_degc) / step_degc
    name = f"ramp {segment.number} to {segment.target_degc:g} °C"
    if not (done >= 0.9).any():
        if step_degc < 0:
            return []
        reached = segment.before_degc + float(done.max()) * step_degc
        return [f"{name}: only {reached:.1f} °C were reached"]
    time_s = samples.time_s[span]
    late = int(np.argmax(done >= 0.9))
    early = max(int(np.argmax(done >= 0.1)), 0)
    taken_min = (_crossing(time_s, done, late, 0.9) - _crossing(time_s, done, early, 0.1)) / 60
    rate = 0.8 * abs(step_degc) / max(taken_min, 1e-9)
    low = segment.ramp_degc_per_min * (1 - band_ratio)
    high = segment.ramp_degc_per_min * (1 + band_ratio)
    if rate > high:
        return [f"{name}: {rate:.2f} °C/min, limit {high:.2f} °C/min"]
    if step_degc > 0 and rate < low:
        return [f"{name}: {rate:.2f} °C/min, lower limit {low:.2f} °C/min"]
    return []


def _crossing(time_s: Floats, done: Floats, at: int, level: float) -> float:
    if at == 0:
        return float(time_s[0])
    return float(np.interp(level, done[at - 1 : at + 1], time_s[at - 1 : at + 1]))
