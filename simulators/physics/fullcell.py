"""A full cell (Na | OSE | NFM or NVP): rest voltage, resistance, charge, efficiency, fade."""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np

from simulators.physics.cell import (
    LONGEST_STEP_S,
    NOMINAL_ASR_OHM_CM2,
    Array,
    CellKind,
    CellProperties,
    CellState,
    Segment,
    Surroundings,
    crossing_s,
    flat_segment,
    moved,
    record_times,
)
from simulators.physics.stepfile import Step

LOWEST_SOC, HIGHEST_SOC = -0.05, 1.1
# Share of the resistance that answers slowly, and its time constant: our proposal.
SLOW_SHARE, SLOW_S = 0.3, 300.0
NOISE_V = 1e-4
SHORT_OHM = 0.005
LEAK_FADE_RATIO = 0.005


def open_circuit_v(kind: CellKind, soc: Array) -> Array:
    """Return the rest voltage: 2.0 V at soc 0, 4.0 V at soc 1; NVP with a plateau, NFM sloping."""
    inside = np.clip(soc, 0.0, None)
    if kind == "nvp_coin":
        shape = 3.37 + 0.02 * soc + 0.61 * np.exp((soc - 1.0) / 0.01)
        return np.asarray(shape - 1.37 * np.exp(-soc / 0.012))
    shape = 2.80 + 0.95 * inside**1.3 + 0.25 * np.exp((soc - 1.0) / 0.02)
    return np.asarray(shape - 0.80 * np.exp(-soc / 0.02))


@lru_cache(maxsize=4)
def _grid(kind: CellKind) -> tuple[Array, Array]:
    """Return (soc, rest voltage) on a fine grid for inverse look-up."""
    soc = np.linspace(LOWEST_SOC, HIGHEST_SOC, 8001)
    return soc, open_circuit_v(kind, soc)


def soc_at(kind: CellKind, rest_v: float) -> float:
    """Return the state of charge that rests at a voltage."""
    soc, voltage_v = _grid(kind)
    return float(np.interp(rest_v, voltage_v, soc))


@lru_cache(maxsize=4096)
def full_capacity_mah(cell: CellProperties) -> float:
    """Return the charge between soc 0 and 1.

    Chosen so that a good cell gives its nominal capacity at 0.1 C from 4.0 to 2.0 V.
    """
    drop_v = 0.1 * cell.nominal_capacity_mah / 1000.0 * NOMINAL_ASR_OHM_CM2 / cell.area_cm2
    usable = soc_at(cell.kind, 4.0 - drop_v) - soc_at(cell.kind, 2.0 + drop_v)
    return cell.nominal_capacity_mah / max(usable, 0.05)


def capacity_mah(cell: CellProperties, state: CellState) -> float:
    """Return the present charge between soc 0 and 1 after the fade of the cycles done."""
    fade_ratio = cell.fade_ratio + (LEAK_FADE_RATIO if cell.leak else 0.0)
    return full_capacity_mah(cell) * max(1.0 - fade_ratio * state.cycle_ratio, 0.01)


def resistance_ohm(cell: CellProperties) -> float:
    """Return the DC resistance at 25 degC: interfaces and pellet over the area."""
    return (cell.asr_ohm_cm2 + cell.bulk_ohm_cm2) / cell.area_cm2


def _efficiency(cell: CellProperties, state: CellState, sign: int) -> float:
    """Return the share of the charge passed that is stored; on discharge all of it comes out.

    The first charge starts above soc 0, which is taken off so that its cycle shows `ice_ratio`.
    """
    if sign < 0:
        return 1.0
    if state.cycle_ratio > 0.5:
        return cell.ce_ratio
    return cell.ice_ratio * (1.0 - soc_at(cell.kind, cell.ocv_v))


def _leaked(cell: CellProperties, capacity: float, time_s: Array, voltage_v: Array) -> Array:
    """Return the state of charge lost through a parallel path up to each time."""
    if cell.short_ohm is None:
        return np.zeros_like(time_s)
    current_ma = voltage_v / cell.short_ohm * 1000.0
    steps = 0.5 * (current_ma[1:] + current_ma[:-1]) * np.diff(time_s)
    return np.concatenate(([0.0], np.cumsum(steps))) / (3600.0 * capacity)


def rest(cell: CellProperties, state: CellState, step: Step) -> Segment:
    """Rest: the slow overvoltage decays, a parallel path drains the cell."""
    time_s = record_times(step.until_s or LONGEST_STEP_S, step.interval_s)
    if state.failure == "hard_short":
        return flat_segment(time_s, state, voltage_v=0.0, current_ma=0.0, noise_v=NOISE_V)
    polarisation_v = state.polarisation_v * np.exp(-time_s / SLOW_S)
    start_v = np.full_like(time_s, open_circuit_v(cell.kind, np.array([state.soc]))[0])
    leaked = _leaked(cell, capacity_mah(cell, state), time_s, start_v)
    soc = np.clip(state.soc - leaked, LOWEST_SOC, HIGHEST_SOC)
    return Segment(
        time_s=time_s,
        voltage_v=open_circuit_v(cell.kind, soc) + polarisation_v,
        current_ma=np.zeros_like(time_s),
        soc=soc,
        polarisation_v=polarisation_v,
        noise_v=np.full_like(time_s, NOISE_V),
        start=state,
        end=replace(state, soc=float(soc[-1]), polarisation_v=float(polarisation_v[-1])),
    )


def constant_current(
    cell: CellProperties,
    state: CellState,
    step: Step,
    around: Surroundings,
    until_v: float | None,
    failure_share: float,
) -> Segment:
    """Current until the voltage, time or charge limit; a charge above `j_crit` shorts the cell.

    failure_share: 0-1, where in the step such a short comes.
    """
    current_ma = step.current_ma or 0.0
    limit_s = _limit_s(step, current_ma)
    if state.failure == "hard_short":
        return _shorted(state, step, current_ma, limit_s, until_v)
    capacity = capacity_mah(cell, state)
    rate_per_s = current_ma * _efficiency(cell, state, step.sign) / (3600.0 * capacity)
    bound = HIGHEST_SOC if step.sign > 0 else LOWEST_SOC
    time_s = record_times(min(limit_s, max((bound - state.soc) / rate_per_s, 0.0)), step.interval_s)
    soc = state.soc + rate_per_s * time_s
    slow_v = current_ma / 1000.0 * SLOW_SHARE * resistance_ohm(cell)
    decay = np.exp(-time_s / SLOW_S)
    polarisation_v = slow_v * (1.0 - decay) + state.polarisation_v * decay
    fast_v = current_ma / 1000.0 * (1.0 - SLOW_SHARE) * resistance_ohm(cell)
    overvoltage_v = (fast_v + polarisation_v) * around.resistance_factor(time_s)
    if cell.short_ohm is not None:
        soc = soc - _leaked(cell, capacity, time_s, open_circuit_v(cell.kind, soc))
    voltage_v = open_circuit_v(cell.kind, np.clip(soc, LOWEST_SOC, HIGHEST_SOC)) + overvoltage_v
    segment = Segment(
        time_s=time_s,
        voltage_v=voltage_v,
        current_ma=np.full_like(time_s, current_ma),
        soc=soc,
        polarisation_v=polarisation_v,
        noise_v=np.full_like(time_s, NOISE_V),
        start=state,
        end=moved(state, state, float(soc[-1]), float(polarisation_v[-1]), step.sign < 0),
    )
    end_s = None if until_v is None else crossing_s(time_s, voltage_v, until_v, step.sign)
    segment = segment if end_s is None else segment.cut(max(end_s, 0.1))
    if step.sign > 0 and current_ma / cell.area_cm2 > cell.j_crit_ma_per_cm2:
        return _dendrite(segment, step, limit_s, failure_share)
    return segment


def _limit_s(step: Step, current_ma: float) -> float:
    by_charge_s = step.until_mah / abs(current_ma) * 3600.0 if step.until_mah else math.inf
    return min(step.until_s or LONGEST_STEP_S, by_charge_s, LONGEST_STEP_S)


def _shorted(
    state: CellState, step: Step, current_ma: float, limit_s: float, until_v: float | None
) -> Segment:
    """Current through a metal bridge: a charge never ends by voltage, a discharge at once."""
    voltage_v = current_ma / 1000.0 * SHORT_OHM
    reached = until_v is not None and step.sign * (voltage_v - until_v) >= 0.0
    time_s = record_times(0.0 if reached else limit_s, step.interval_s)
    return flat_segment(time_s, state, voltage_v=voltage_v, current_ma=current_ma, noise_v=NOISE_V)


def _dendrite(segment: Segment, step: Step, limit_s: float, failure_share: float) -> Segment:
    """Return the charge with a hard short at a share of its time; it runs on to its time limit."""
    fails_s = failure_share * float(segment.time_s[-1])
    time_s = record_times(limit_s, step.interval_s)
    alive = time_s < fails_s
    current_ma = float(segment.current_ma[0])
    healthy_v = np.interp(time_s, segment.time_s, segment.voltage_v)
    soc = np.where(alive, np.interp(time_s, segment.time_s, segment.soc), 0.0)
    return Segment(
        time_s=time_s,
        voltage_v=np.where(alive, healthy_v, current_ma / 1000.0 * SHORT_OHM),
        current_ma=np.full_like(time_s, current_ma),
        soc=soc,
        polarisation_v=np.zeros_like(time_s),
        noise_v=np.full_like(time_s, NOISE_V),
        start=segment.start,
        end=replace(segment.end, failure="hard_short", soc=0.0, polarisation_v=0.0),
        failed_at_s=fails_s,
    )


def constant_voltage(
    cell: CellProperties, state: CellState, step: Step, around: Surroundings
) -> Segment:
    """Hold a voltage while the current falls: t(soc) = integral of Q R dsoc / (V - OCV)."""
    held_v = step.voltage_v or 0.0
    factor = float(around.resistance_factor(np.zeros(1))[0])
    ohm = resistance_ohm(cell) * factor
    until_a = (step.until_ma or 0.0) / 1000.0
    start_a = (
        step.sign * (held_v - float(open_circuit_v(cell.kind, np.array([state.soc]))[0])) / ohm
    )
    limit_s = step.until_s or LONGEST_STEP_S
    if state.failure == "hard_short" or start_a <= until_a:
        time_s = record_times(0.0, step.interval_s)
        return flat_segment(time_s, state, voltage_v=held_v, current_ma=0.0, noise_v=NOISE_V)
    last_a = max(until_a, 1e-3 * start_a)
    end_soc = soc_at(cell.kind, held_v - step.sign * last_a * ohm)
    soc = state.soc + (end_soc - state.soc) * (1.0 - (1.0 - np.linspace(0.0, 1.0, 600)) ** 2)
    current_a = np.maximum((held_v - open_circuit_v(cell.kind, soc)) * step.sign / ohm, last_a)
    charge_as = 3.6 * capacity_mah(cell, state) / _efficiency(cell, state, step.sign)
    inverse = 0.5 * (1.0 / current_a[1:] + 1.0 / current_a[:-1])
    clock_s = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(soc)) * charge_as * inverse)))
    end_s = float(clock_s[-1]) if until_a > 0.0 else limit_s
    time_s = record_times(min(end_s, limit_s), step.interval_s)
    row_soc = np.interp(time_s, clock_s, soc)
    row_a = step.sign * (held_v - open_circuit_v(cell.kind, row_soc)) / ohm
    slow_v = step.sign * row_a * SLOW_SHARE * ohm
    return Segment(
        time_s=time_s,
        voltage_v=np.full_like(time_s, held_v),
        current_ma=step.sign * np.maximum(row_a, last_a if until_a > 0.0 else 0.0) * 1000.0,
        soc=row_soc,
        polarisation_v=slow_v,
        noise_v=np.full_like(time_s, NOISE_V),
        start=state,
        end=moved(state, state, float(row_soc[-1]), float(slow_v[-1]), step.sign < 0),
    )
