"""Judges the trace of a face against its limits: settled value, ripple, time outside, arcs.

All is done on the counts as they came; limits are turned into counts, not samples into floats.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from services.spray.domain import Face
from services.spray.tracelimits import ArcRule, Segment, TraceBand, TraceLimits
from shared.traces import NO_VALUE, Counts, Trace
from shared.units import display_unit

State = Literal["within", "outside", "unknown"]
FEWEST_SAMPLES = 10  # of a segment: fewer say nothing of a median or a ripple


@dataclass(frozen=True, kw_only=True)
class BandFigures:
    """What one band measured, in the signal's unit; ripple from the 1st to the 99th percentile."""

    settled: float
    ripple: float
    outside_s: float


@dataclass(frozen=True, kw_only=True)
class TraceVerdict:
    """How a face's trace was judged; codes name the signals that failed, `arcs` or `unknown`.

    arc_count: None where arcs could not be counted. figures: by `signal segment`.
    """

    state: State
    codes: tuple[str, ...] = ()
    reason: str | None = None
    arc_count: int | None = None
    figures: Mapping[str, BandFigures] = field(default_factory=dict)


def unknown(reason: str) -> TraceVerdict:
    """Return the verdict over a face whose trace says nothing."""
    return TraceVerdict(state="unknown", codes=("unknown",), reason=reason)


def judge(trace: Trace, limits: TraceLimits, face: Face, ordered_s: float) -> TraceVerdict:
    """Return the verdict over one face's trace; ordered_s: the spray time of its control recipe."""
    rate_hz = 1.0 / trace.interval_s
    if rate_hz < limits.least_rate_hz * (1.0 - 1e-6):
        return unknown(
            f"the trace has {rate_hz:.4g} Hz, at least {limits.least_rate_hz:.4g} Hz are needed; "
            "set the station's recorder"
        )
    judged = _Judged(trace)
    if abs(trace.duration_s - ordered_s) > limits.duration_tolerance_s:
        judged.out(
            "spray_time_s",
            f"the trace is {trace.duration_s:.3f} s long, {ordered_s:.3f} s were ordered, "
            f"tolerance {limits.duration_tolerance_s:g} s",
        )
    for band in limits.bands:
        if band.face in (None, face):
            judged.judge_band(band, limits.segment(band.segment))
    judged.count_arcs(limits.arcs, limits.segment(limits.arcs.segment))
    return judged.verdict()


class _Judged:
    """Collects what was found of one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._rows = dict(zip(trace.signals, range(len(trace.signals)), strict=True))
        self._out: dict[str, list[str]] = {}
        self._unknown: list[str] = []
        self._figures: dict[str, BandFigures] = {}
        self._arc_count: int | None = None

    def out(self, code: str, reason: str) -> None:
        """Keep that something lay outside."""
        self._out.setdefault(code, []).append(reason)

    def judge_band(self, band: TraceBand, segment: Segment) -> None:
        """Judge one signal in one segment."""
        counts = self._cut(band.signal, segment)
        if counts is None:
            return
        row = self._rows[band.signal]
        scale, offset = self._trace.scale[row], self._trace.offset[row]
        last = len(counts) - 1
        places = (last // 100, last // 2, last - last // 100)
        low, middle, high = (int(value) for value in np.partition(counts, places)[list(places)])
        settled, ripple = middle * scale + offset, (high - low) * scale
        first, end = ((limit - offset) / scale for limit in (band.low, band.high))
        outside = int(np.count_nonzero((counts < first) | (counts > end)))
        figures = BandFigures(
            settled=settled, ripple=ripple, outside_s=outside * self._trace.interval_s
        )
        self._figures[f"{band.signal} {band.segment}"] = figures
        self._compare(band, figures)

    def _compare(self, band: TraceBand, figures: BandFigures) -> None:
        unit = display_unit(band.signal)
        where = f"{band.signal} in {band.segment}"
        if not band.low <= figures.settled <= band.high:
            self.out(
                band.signal,
                f"{where} settled at {figures.settled:.5g} {unit}, "
                f"its limits are {band.low:g} to {band.high:g} {unit}",
            )
        longest_s = band.outside_limit_s
        if band.signal not in self._out and longest_s is not None and figures.outside_s > longest_s:
            self.out(
                band.signal,
                f"{where} was outside {band.low:g} to {band.high:g} {unit} for "
                f"{figures.outside_s:.3f} s, its limit is {longest_s:g} s",
            )
        if band.ripple_limit is not None and figures.ripple > band.ripple_limit:
            self.out(
                band.signal,
                f"{where} has a ripple of {figures.ripple:.4g} {unit}, "
                f"its limit is {band.ripple_limit:g} {unit}",
            )
        if figures.ripple < band.ripple_low:
            self._unknown.append(
                f"{where} has a ripple of {figures.ripple:.4g} {unit}, a living sensor shows "
                f"{band.ripple_low:g} {unit}; look at the sensor"
            )

    def count_arcs(self, rule: ArcRule, segment: Segment) -> None:
        """Count spikes of the current and collapses of the voltage as arcs."""
        current = self._cut(rule.current_signal, segment)
        voltage = self._cut(rule.voltage_signal, segment)
        if current is None or voltage is None:
            return
        spike = self._count_of(rule.current_signal, rule.spike_ma)
        settled = float(np.partition(voltage, len(voltage) // 2)[len(voltage) // 2])
        row = self._rows[rule.voltage_signal]
        rest = self._trace.offset[row] / self._trace.scale[row]
        collapse = (settled + rest) * rule.collapsed_ratio - rest
        collapsed = voltage < collapse if settled + rest > 0 else voltage > collapse
        struck = np.flatnonzero((current > spike) | collapsed)
        apart = max(1, math.ceil(rule.apart_s / self._trace.interval_s))
        count = int(np.count_nonzero(np.diff(struck) >= apart)) + 1 if len(struck) else 0
        self._arc_count = count
        if count > rule.most_count:
            self.out("arcs", f"{count} arcs, {rule.most_count} are allowed; look at the nozzle")

    def _count_of(self, signal: str, value: float) -> float:
        row = self._rows[signal]
        return (value - self._trace.offset[row]) / self._trace.scale[row]

    def _cut(self, signal: str, segment: Segment) -> Counts | None:
        """Return a signal's counts in a segment, None where they say nothing, which is kept."""
        row = self._rows.get(signal)
        if row is None:
            self._unknown.append(f"the trace has no {signal}")
            return None
        interval_s, total = self._trace.interval_s, self._trace.counts.shape[1]
        first = round(segment.after_start_s / interval_s)
        end = total - round(segment.before_end_s / interval_s)
        if segment.longest_s is not None:
            end = min(end, first + round(segment.longest_s / interval_s))
        if end - first < FEWEST_SAMPLES:
            self._unknown.append(
                f"{segment.name} has {max(0, end - first)} samples of {signal}, "
                f"at least {FEWEST_SAMPLES} are needed"
            )
            return None
        counts: Counts = self._trace.counts[row, first:end]
        lost = int(np.count_nonzero(counts == NO_VALUE))
        if lost:
            self._unknown.append(
                f"{signal} in {segment.name} has {lost} samples without a value; look at the sensor"
            )
            return None
        return counts

    def verdict(self) -> TraceVerdict:
        """Return what all of it amounts to; what is unknown never counts as within."""
        reasons = [reason for reasons in self._out.values() for reason in reasons]
        gaps = list(dict.fromkeys(self._unknown))
        codes = (*self._out, *(("unknown",) if gaps else ()))
        state: State = "outside" if self._out else "unknown" if gaps else "within"
        return TraceVerdict(
            state=state,
            codes=codes,
            reason="; ".join(reasons + gaps) or None,
            arc_count=self._arc_count,
            figures=self._figures,
        )
