"""Owns figures read off a test's curve: resistance, rest, self-discharge, dQ/dV and dV/dQ.

Each formula stands in `docs/reference/cycle-figures.md`. A figure that the rows cannot give is None
with the reason, never an estimate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy.signal import find_peaks, savgol_filter

from services.formation.cycles import CycleFigures

Array = np.ndarray[Any, np.dtype[np.float64]]

PULSE_S: tuple[float, ...] = (1.0, 10.0, 60.0)  # after a step's edge, where its resistance is read
PULSE_TOLERANCE_RATIO = 0.2  # of that time; a row farther off is another resistance
RELAXATION_S = 5 * 3600.0  # from 1 h to 6 h relaxation is ten times self-discharge (Weng's cells)
WINDOW_S = 3600.0  # the least window of a slope
FEWEST_ROWS = 10
PEAK_RATIO = 0.1  # of the highest; lower peaks are not told
SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A value in the unit of its name, or None and the reason why there is none."""

    name: str
    value: float | None
    reason: str | None = None
    uncertainty: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Derivative:
    """dQ/dV over voltage, or dV/dQ over capacity: x and y, shape (n,), and how it was smoothed."""

    name: Literal["dq_dv_mah_per_v", "dv_dq_v_per_mah"]
    x: Array
    y: Array
    smoothing: str
    peaks: tuple[float, ...]


def _step(rows: pl.DataFrame, step: int) -> pl.DataFrame:
    return rows.filter(pl.col("step") == step)


def _in_step_s(part: pl.DataFrame) -> Array:
    """Return seconds since the first row of one step, shape (n,)."""
    times = part["time_s"].to_numpy()
    return np.asarray(times - times[0], dtype=float)


def dcir(rows: pl.DataFrame, *, after_s: float) -> Figure:
    """Return the resistance of the last discharge edge: (V_before - V(t)) / (I_before - I(t)).

    before: the last row of the step before, t = `after_s` into the step. A step before that is no
    rest counts as well, its current is in the formula.
    """
    name = f"dcir_{after_s:g}s_ohm"
    edges = _edges(rows)
    if not edges:
        return Figure(name=name, value=None, reason="no discharge follows another step")
    before, step = (_step(rows, number) for number in edges[-1])
    times_s = _in_step_s(step)
    place = int(np.abs(times_s - after_s).argmin())
    off_s = abs(float(times_s[place]) - after_s)
    if off_s > PULSE_TOLERANCE_RATIO * after_s:
        return Figure(
            name=name,
            value=None,
            reason=f"nearest row is {times_s[place]:g} s after the edge, {after_s:g} s needed;"
            " record more often",
        )
    jump_ma = float(before["current_ma"][-1] - step["current_ma"][place])
    jump_v = float(before["voltage_v"][-1] - step["voltage_v"][place])
    if abs(jump_ma) < 1e-6:
        return Figure(name=name, value=None, reason="the current did not change at the edge")
    return Figure(name=name, value=1e3 * jump_v / jump_ma)


def _edges(rows: pl.DataFrame) -> list[tuple[int, int]]:
    """Return pairs of steps of which the second one discharges."""
    steps = rows.group_by("step", maintain_order=True).agg(pl.col("kind").first())
    kinds = list(zip(steps["step"], steps["kind"], strict=True))
    return [(a, b) for (a, _), (b, kind) in pairwise(kinds) if kind.endswith("_discharge")]


def open_circuit(rows: pl.DataFrame, *, rest_s: float) -> Figure:
    """Return the voltage at the end of the last rest of at least `rest_s`."""
    rests = [part for part in _rests(rows) if _in_step_s(part)[-1] >= rest_s]
    if not rests:
        return Figure(name="ocv_v", value=None, reason=f"no rest of {rest_s:g} s")
    return Figure(name="ocv_v", value=float(rests[-1]["voltage_v"][-1]))


def self_discharge(
    rows: pl.DataFrame, *, relaxation_s: float = RELAXATION_S, window_s: float = WINDOW_S
) -> Figure:
    """Return dV/dt of the longest rest, + for a fall, by least squares after its relaxation.

    uncertainty: the standard error of the slope. A slope that begins earlier is relaxation.
    """
    name = "self_discharge_mv_per_day"
    rests = sorted(_rests(rows), key=lambda part: float(_in_step_s(part)[-1]))
    if not rests:
        return Figure(name=name, value=None, reason="no rest")
    times_s, volts = _in_step_s(rests[-1]), rests[-1]["voltage_v"].to_numpy()
    chosen = times_s >= relaxation_s
    if not chosen.any() or times_s[-1] - relaxation_s < window_s:
        return Figure(
            name=name,
            value=None,
            reason=f"longest rest is {times_s[-1]:g} s, {relaxation_s + window_s:g} s needed:"
            " what comes earlier is relaxation",
        )
    x, y = times_s[chosen], volts[chosen]
    if len(x) < FEWEST_ROWS:
        return Figure(name=name, value=None, reason=f"{len(x)} rows, {FEWEST_ROWS} needed")
    x = x - x.mean()
    spread = float((x**2).sum())
    slope = float((x * (y - y.mean())).sum() / spread)
    residual = y - y.mean() - slope * x
    error = float(np.sqrt((residual**2).sum() / (len(x) - 2) / spread))
    factor = 1e3 * SECONDS_PER_DAY
    return Figure(name=name, value=-slope * factor, uncertainty=error * factor)


def _rests(rows: pl.DataFrame) -> list[pl.DataFrame]:
    rests = rows.filter(pl.col("kind") == "rest")
    return rests.partition_by("step", maintain_order=True) if rests.height else []


def charge_start(rows: pl.DataFrame, *, after_s: float = 10.0) -> Figure:
    """Return the voltage 10 s into the last charge, a proxy of resistance at low charge (Weng)."""
    charges = rows.filter(pl.col("kind").str.ends_with("_charge"))
    name = f"charge_start_{after_s:g}s_v"
    if not charges.height:
        return Figure(name=name, value=None, reason="no charge")
    last = _step(charges, int(charges["step"][-1]))
    times_s = _in_step_s(last)
    place = int(np.abs(times_s - after_s).argmin())
    if abs(float(times_s[place]) - after_s) > PULSE_TOLERANCE_RATIO * after_s:
        return Figure(name=name, value=None, reason=f"no row at {after_s:g} s; record more often")
    return Figure(name=name, value=float(last["voltage_v"][place]))


def dq_dv(step: pl.DataFrame, *, grid_v: float = 0.005, window: int = 9) -> Derivative | Figure:
    """Return dQ/dV of one current step, or why it has none.

    Q is interpolated on an even grid of voltage over rows of rising (falling) extremes, then
    differentiated by Savitzky-Golay of order 2 over `window` points.
    """
    return _derivative(step, "dq_dv_mah_per_v", "voltage_v", "capacity_mah", grid_v, window)


def dv_dq(step: pl.DataFrame, *, points: int = 200, window: int = 9) -> Derivative | Figure:
    """Return dV/dQ of one current step over an even grid of `points` of its capacity."""
    reach = float(np.abs(step["capacity_mah"].to_numpy()).max()) if step.height else 0.0
    return _derivative(step, "dv_dq_v_per_mah", "capacity_mah", "voltage_v", reach / points, window)


def _derivative(
    step: pl.DataFrame,
    name: Literal["dq_dv_mah_per_v", "dv_dq_v_per_mah"],
    over: str,
    of: str,
    grid: float,
    window: int,
) -> Derivative | Figure:
    if step.height < FEWEST_ROWS or not grid > 0.0:
        return Figure(name=name, value=None, reason=f"{step.height} rows, {FEWEST_ROWS} needed")
    x = np.asarray(step[over].to_numpy(), dtype=float)
    y = np.asarray(step[of].to_numpy(), dtype=float)
    x, y = (np.abs(v) if column == "capacity_mah" else v for v, column in ((x, over), (y, of)))
    sign = 1.0 if x[-1] >= x[0] else -1.0
    ahead = np.maximum.accumulate(sign * x)
    fresh = np.concatenate(([True], np.diff(ahead) > 0.0))
    even = np.arange(ahead[0], ahead[-1], grid)
    if len(even) < window:
        return Figure(
            name=name, value=None, reason=f"{len(even)} points of {grid:g}, {window} needed"
        )
    smooth = savgol_filter(np.interp(even, ahead[fresh], y[fresh]), window, 2, deriv=1, delta=grid)
    found = find_peaks(np.abs(smooth), prominence=PEAK_RATIO * float(np.abs(smooth).max()))[0]
    axis = sign * even
    return Derivative(
        name=name,
        x=axis,
        y=sign * smooth,
        smoothing=f"even grid of {grid:g}, Savitzky-Golay of order 2 over {window} points",
        peaks=tuple(float(axis[place]) for place in found),
    )


def efficiency_uncertainty_ratio(
    efficiency_ratio: float, current_ma: float, range_ma: float, uncertainty_ratio: float
) -> float:
    """Return the standard uncertainty of a CE from that of the channel's current (of full scale).

    Charge and discharge count as independent: sqrt(2) * u * range / |I|. A channel whose
    repeatability is known from a gauge study does better; without one, smaller differences mean
    nothing (testing-cells.md section 3).
    """
    return float(np.sqrt(2.0)) * efficiency_ratio * uncertainty_ratio * range_ma / abs(current_ma)


def early_features(rows: pl.DataFrame, cycles: Sequence[CycleFigures]) -> tuple[Figure, ...]:
    """Return what is kept of a cell's first test for later prediction of its life."""
    last = cycles[-1] if cycles else None
    share = cv_share(last) if last else Figure(name="cv_share_ratio", value=None, reason="no cycle")
    gap = last.voltage_gap_v if last else None
    return (
        *(dcir(rows, after_s=after_s) for after_s in PULSE_S),
        open_circuit(rows, rest_s=600.0),
        self_discharge(rows),
        charge_start(rows),
        share,
        Figure(
            name="voltage_gap_v",
            value=gap,
            reason=None if gap is not None else "charge or discharge is missing",
        ),
    )


def cv_share(cycle: CycleFigures) -> Figure:
    """Return the part of a cycle's charge that went in at constant voltage."""
    if not cycle.charge_mah:
        return Figure(name="cv_share_ratio", value=None, reason="no charge")
    if cycle.constant_voltage_mah is None:
        why = "a step charges at a current and then a voltage, and its rows are not known"
        return Figure(name="cv_share_ratio", value=None, reason=why)
    return Figure(name="cv_share_ratio", value=cycle.constant_voltage_mah / cycle.charge_mah)
