"""A symmetric cell (Na | OSE | Na) on a tester: V = j ASR, and its failure above its own limit."""

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from simulators.physics.cell import (
    LONGEST_STEP_S,
    Array,
    CellProperties,
    CellState,
    Segment,
    Surroundings,
    crossing_s,
    flat_segment,
    record_times,
)
from simulators.physics.stepfile import Step
from simulators.physics.symmetric import limit_at, voltage_v

SHORT_OHM = 0.005
NOISE_V, SOFT_NOISE_V = 2e-4, 6e-3
# A soft short gets hard when the current density exceeds the limit by this factor: our proposal.
HARD_FACTOR = 1.3
CONTACT_S = 60.0
USUAL_DWELL_S = 1800.0
CHAMBER_DEGC = 25.0
Failure = Literal["hard_short", "soft_short", "contact_loss"]


def _failure(cell: CellProperties) -> Failure:
    known: tuple[Failure, ...] = ("hard_short", "soft_short", "contact_loss")
    return next((mode for mode in known if mode == cell.failure_mode), "hard_short")


def _next_failure(
    cell: CellProperties, state: CellState, density_ma_per_cm2: float, warmer_degc: float
) -> Failure | None:
    """Return the failure that begins in a step at this current density, or None."""
    limit = limit_at(cell.j_crit_ma_per_cm2, CHAMBER_DEGC + warmer_degc)
    if state.failure == "none" and density_ma_per_cm2 > limit:
        return _failure(cell)
    worse = density_ma_per_cm2 > HARD_FACTOR * limit
    return "hard_short" if state.failure == "soft_short" and worse else None


def resting(state: CellState, step: Step) -> Segment:
    """Rest: both electrodes are sodium, so nothing but noise."""
    time_s = record_times(step.until_s or LONGEST_STEP_S, step.interval_s)
    return flat_segment(time_s, state, voltage_v=0.0, current_ma=0.0, noise_v=NOISE_V)


def plating(
    cell: CellProperties,
    state: CellState,
    step: Step,
    around: Surroundings,
    failure_share: float,
) -> Segment:
    """One half step of a current staircase, up to its time or voltage limit.

    failure_share: 0-1, where in the dwell the cell fails if this step is the first above its limit.
    """
    current_ma = step.current_ma or 0.0
    time_s = record_times(step.until_s or LONGEST_STEP_S, step.interval_s)
    warmer_degc = around.magnitude("chamber_drift") or 0.0
    begins = _next_failure(cell, state, abs(current_ma) / cell.area_cm2, warmer_degc)
    fails_s = failure_share * (step.until_s or USUAL_DWELL_S) if begins else math.inf
    settled = 1.0 - 0.15 * np.exp(-time_s / 20.0)
    healthy_v = _intact_v(cell, current_ma) * settled * around.resistance_factor(time_s)
    before = _shape(healthy_v, state, current_ma, np.zeros_like(time_s))
    end_state = _failed(state, begins, failure_share, time_s, fails_s) if begins else state
    after = _shape(healthy_v, end_state, current_ma, _growth(begins, time_s, fails_s))
    failed = time_s >= fails_s
    segment = Segment(
        time_s=time_s,
        voltage_v=np.clip(np.where(failed, after[0], before[0]), -20.0, 20.0),
        current_ma=np.full_like(time_s, current_ma),
        soc=np.zeros_like(time_s),
        polarisation_v=np.zeros_like(time_s),
        noise_v=np.where(failed, after[1], before[1]),
        start=state,
        end=end_state,
        failed_at_s=fails_s,
    )
    if step.until_v is None:
        return segment
    end_s = crossing_s(time_s, segment.voltage_v, step.until_v, step.sign)
    return segment if end_s is None else segment.cut(max(end_s, 0.1))


def _intact_v(cell: CellProperties, current_ma: float) -> float:
    """Return the settled voltage before any failure, less what a parallel path takes over."""
    intact_v = voltage_v(current_ma / cell.area_cm2, cell.asr_dc_ohm_cm2)
    if cell.short_ohm is None:
        return intact_v
    ohm = cell.asr_dc_ohm_cm2 / cell.area_cm2
    return intact_v * cell.short_ohm / (cell.short_ohm + ohm)


def _growth(begins: Failure | None, time_s: Array, fails_s: float) -> Array:
    """Return the exponent of lost contact at each time."""
    if begins != "contact_loss":
        return np.zeros_like(time_s)
    return np.clip((time_s - fails_s) / CONTACT_S, 0.0, 12.0)


def _failed(
    state: CellState, begins: Failure, failure_share: float, time_s: Array, fails_s: float
) -> CellState:
    """Return the state after a failure: a soft short leaves 50-90 % of the voltage, for good."""
    growth = min(max(float(time_s[-1]) - fails_s, 0.0) / CONTACT_S, 12.0)
    soft_factor = 0.5 + 0.4 * ((7.0 * failure_share) % 1.0)
    return replace(
        state,
        failure=begins,
        soft_factor=soft_factor if begins == "soft_short" else 1.0,
        growth=growth if begins == "contact_loss" else 0.0,
    )


def _shape(
    healthy_v: Array, state: CellState, current_ma: float, growth: Array
) -> tuple[Array, Array]:
    """Return voltage and its noise (n,) as a failure leaves them; `growth` outranks the state's."""
    noise_v = np.full_like(healthy_v, NOISE_V)
    if state.failure == "hard_short":
        return np.full_like(healthy_v, current_ma / 1000.0 * SHORT_OHM), noise_v
    if state.failure == "soft_short":
        return healthy_v * state.soft_factor, noise_v + SOFT_NOISE_V
    if state.failure == "contact_loss":
        exponent = growth if growth.any() else np.full_like(healthy_v, state.growth)
        return healthy_v * np.exp(exponent), noise_v
    return healthy_v, noise_v


def holding(cell: CellProperties, state: CellState, step: Step) -> Segment:
    """Hold a voltage over a resistor: constant current, or the end when that is below its limit."""
    held_v = step.voltage_v or 0.0
    ohm = SHORT_OHM if state.failure == "hard_short" else cell.asr_dc_ohm_cm2 / cell.area_cm2
    current_ma = held_v / ohm * 1000.0
    ended = step.until_ma is not None and abs(current_ma) <= step.until_ma
    time_s = record_times(0.0 if ended else step.until_s or LONGEST_STEP_S, step.interval_s)
    return flat_segment(time_s, state, voltage_v=held_v, current_ma=current_ma, noise_v=NOISE_V)
