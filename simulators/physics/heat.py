"""Furnaces and what heat does: programs, lag, zones, burnout, calcination, sintering, sigma.

Calibrated to the paper (L145-157): calcination 700 degC 10 h, debinding 650 degC 2 h, sintering
1200 degC 12 h give a dense pellet with 8.3e-3 S/cm at 25 degC and 3.6e-2 S/cm at 100 degC.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

AMBIENT_DEGC = 25.0
STEP_S = 20.0
CONTROL_LAG_S = 35.0  # of the heated zone behind its setpoint
ZONE_LAG_S = 110.0  # of the second thermocouple behind the first
COOLING_S = 2400.0  # forced cooling: the furnace loses heat no faster than (T - ambient) / this
HEAT_LOSS_KW_PER_K = 0.004
HEAT_CAPACITY_KJ_PER_K = 28.0

AIR_OXYGEN_PPM = 209_500.0
PURGE_S = 300.0  # the chamber's volume over the flow of argon with hydrogen
GAS_OXYGEN_PPM = 4.0  # of the gas as delivered
GAS_HYDROGEN_RATIO = 0.05

SINTER_E_OVER_R_K = 48_112.0  # 400 kJ/mol
SINTER_REFERENCE_K = 1473.15
SINTER_HALF_H = 2.0
SINTER_EXPONENT = 0.7
HIGHEST_DENSITY_RATIO = 0.975
PAPER_DENSITY_RATIO = 0.9637  # after 12 h at 1200 degC
LOSS_AFTER_H = 40.0  # sodium evaporates beyond this dose
CALCINE_E_OVER_R_K = 20_000.0
CALCINE_REFERENCE_K = 973.15
CALCINE_TIME_H = 1.9
BINDER_E_OVER_R_K = 8_452.0
BINDER_REFERENCE_K = 923.15
BINDER_PER_H = 6.0
SIGMA_25C_S_PER_CM = 8.3e-3
SIGMA_E_EV = 0.1876
BOLTZMANN_EV_PER_K = 8.617333e-5
PERCOLATION_DENSITY_RATIO = 0.55


@dataclass(frozen=True)
class Program:
    """A furnace program: instants in s and setpoints in degC, straight lines between them."""

    time_s: tuple[float, ...]
    setpoint_degc: tuple[float, ...]

    @property
    def duration_s(self) -> float:
        """How long the program runs."""
        return self.time_s[-1]

    def at(self, time_s: Floats) -> Floats:
        """Return the setpoint at each instant."""
        return np.interp(time_s, self.time_s, self.setpoint_degc)


def program(
    temperature_degc: Sequence[float],
    ramp_degc_per_min: Sequence[float],
    soak_s: Sequence[float],
    start_degc: float = AMBIENT_DEGC,
) -> Program:
    """Return the program of segments, each a ramp to a temperature and a soak there."""
    times, setpoints = [0.0], [start_degc]
    for target, ramp, soak in zip(temperature_degc, ramp_degc_per_min, soak_s, strict=True):
        ramp_s = abs(target - setpoints[-1]) / abs(ramp) * 60.0
        times += [times[-1] + ramp_s, times[-1] + ramp_s + soak]
        setpoints += [target, target]
    return Program(tuple(times), tuple(setpoints))


@dataclass(frozen=True, eq=False)
class Heat:
    """A whole run, arrays of (n_samples,): time, setpoint, true degC of both zones, power."""

    time_s: Floats
    setpoint_degc: Floats
    temperature_degc: Floats
    zone_degc: Floats
    power_kw: Floats

    def at(self, elapsed_s: float, array: Floats) -> float:
        """Return one of the arrays at an instant."""
        return float(np.interp(elapsed_s, self.time_s, array))

    def until(self, elapsed_s: float) -> int:
        """Return how many samples lie before an instant, at least two."""
        return max(2, int(np.searchsorted(self.time_s, elapsed_s, side="right")))


def heat(
    run: Program,
    weakness: Callable[[float], float] = lambda elapsed_s: 1.0,
    zone_cold_degc: Callable[[float], float] = lambda elapsed_s: 0.0,
    strongest_degc_per_min: float = 15.0,
) -> Heat:
    """Return how a furnace follows a program.

    weakness: share of heating power left at an instant, 1 for a sound furnace.
    zone_cold_degc: how much colder than usual the second zone is at full temperature.
    strongest_degc_per_min: fastest heating at full power and low temperature.
    """
    count = max(2, math.ceil(run.duration_s / STEP_S) + 1)
    time_s = np.linspace(0.0, run.duration_s, count)
    step_s = float(time_s[1] - time_s[0])
    setpoint = run.at(time_s)
    temperature, zone, power = np.empty(count), np.empty(count), np.zeros(count)
    temperature[0] = zone[0] = setpoint[0]
    follow = 1.0 - math.exp(-step_s / CONTROL_LAG_S)
    zone_follow = 1.0 - math.exp(-step_s / ZONE_LAG_S)
    full_kw = HEAT_CAPACITY_KJ_PER_K * strongest_degc_per_min / 60.0 + HEAT_LOSS_KW_PER_K * 1400.0
    for index in range(1, count):
        before = float(temperature[index - 1])
        loss_kw = HEAT_LOSS_KW_PER_K * (before - AMBIENT_DEGC)
        strength = weakness(float(time_s[index]))
        most_k = (full_kw * strength - loss_kw) / HEAT_CAPACITY_KJ_PER_K * step_s
        least_k = -(before - AMBIENT_DEGC) / COOLING_S * step_s
        wanted_k = (float(setpoint[index]) - before) * follow
        change_k = min(max(wanted_k, least_k), most_k)
        temperature[index] = before + change_k
        power[index] = max(0.0, loss_kw + HEAT_CAPACITY_KJ_PER_K * change_k / step_s)
        usual = 0.002 + zone_cold_degc(float(time_s[index])) / 1200.0
        target = AMBIENT_DEGC + (temperature[index] - AMBIENT_DEGC) * (1.0 - usual)
        zone[index] = zone[index - 1] + (target - zone[index - 1]) * zone_follow
    return Heat(time_s, setpoint, temperature, zone, power)


def purged(time_s: Floats) -> tuple[Floats, Floats]:
    """Return oxygen in ppm and the share of hydrogen while argon with hydrogen purges air."""
    left = np.exp(-time_s / PURGE_S)
    oxygen_ppm = GAS_OXYGEN_PPM + (AIR_OXYGEN_PPM - GAS_OXYGEN_PPM) * left
    return oxygen_ppm, GAS_HYDROGEN_RATIO * (1.0 - left)


def place_share(tray: float, position: float, positions_count: int, trays_count: int) -> float:
    """Return how much of the second zone a place sees: 0 at the control thermocouple, else to 1."""
    depth = (position - 1.0) / max(1, positions_count - 1)
    height = (tray - 1.0) / max(1, trays_count - 1)
    return min(1.0, max(0.0, 0.6 * depth + 0.4 * height))


def temperature_at(run: Heat, share: float) -> Floats:
    """Return the temperature of a place between the two zones, degC."""
    return (1.0 - share) * run.temperature_degc + share * run.zone_degc


def _dose_h(time_s: Floats, degc: Floats, e_over_r_k: float, reference_k: float) -> float:
    kelvin = degc + 273.15
    rate = np.exp(-e_over_r_k * (1.0 / kelvin - 1.0 / reference_k))
    return float(np.trapezoid(rate, time_s) / 3600.0)


def sinter_dose_h(time_s: Floats, degc: Floats) -> float:
    """Return the hours at 1200 degC that do the same."""
    return _dose_h(time_s, degc, SINTER_E_OVER_R_K, SINTER_REFERENCE_K)


def calcined_ratio(time_s: Floats, degc: Floats, before_ratio: float = 0.0) -> float:
    """Return the share of carbonate that has reacted; 10 h at 700 degC give 0.995."""
    dose_h = _dose_h(time_s, degc, CALCINE_E_OVER_R_K, CALCINE_REFERENCE_K)
    return 1.0 - (1.0 - before_ratio) * math.exp(-dose_h / CALCINE_TIME_H)


def burnt_binder(time_s: Floats, degc: Floats, binder_ratio: float) -> tuple[float, float]:
    """Return (binder left at the end, binder still there when 700 degC is first passed).

    The second cracks pellets: what has not left slowly leaves as gas from a closing body.
    """
    kelvin = degc + 273.15
    rate_per_h = BINDER_PER_H * np.exp(-BINDER_E_OVER_R_K * (1 / kelvin - 1 / BINDER_REFERENCE_K))
    steps_h = np.diff(time_s) / 3600.0
    gone = np.concatenate(([0.0], np.cumsum((rate_per_h[1:] + rate_per_h[:-1]) / 2 * steps_h)))
    hot = np.flatnonzero(degc > 700.0)
    trapped = binder_ratio * math.exp(-float(gone[hot[0]])) if hot.size else 0.0
    return binder_ratio * math.exp(-float(gone[-1])), trapped


@dataclass(frozen=True, eq=False)
class PlaceDoses:
    """What a run does to a pellet by its place; arrays of (n_shares,) over `shares` from 0 to 1."""

    shares: Floats
    sinter_h: Floats
    binder_left: Floats
    binder_trapped: Floats

    def at(self, share: float) -> tuple[float, float, float]:
        """Return (hours at 1200 degC, binder left, binder trapped) of a place, per binder ratio."""
        arrays = (self.sinter_h, self.binder_left, self.binder_trapped)
        sinter_h, left, trapped = (float(np.interp(share, self.shares, one)) for one in arrays)
        return sinter_h, left, trapped


def doses_by_place(run: Heat, count: int, offset_degc: float = 0.0, points: int = 9) -> PlaceDoses:
    """Work out the first `count` samples of a run at some places; those between are interpolated.

    offset_degc: how much colder the load is than the control thermocouple says.
    """
    shares, time_s = np.linspace(0.0, 1.0, points), run.time_s[:count]
    traces = [temperature_at(run, float(share))[:count] - offset_degc for share in shares]
    binder = [burnt_binder(time_s, degc, 1.0) for degc in traces]
    return PlaceDoses(
        shares,
        np.array([sinter_dose_h(time_s, degc) for degc in traces]),
        np.array([left for left, _ in binder]),
        np.array([trapped for _, trapped in binder]),
    )


def density_ratio(dose_h: float, green_ratio: float = 0.60) -> float:
    """Return the relative density after a sintering dose in hours at 1200 degC."""
    done = 1.0 - math.exp(-((max(0.0, dose_h) / SINTER_HALF_H) ** SINTER_EXPONENT))
    return green_ratio + (HIGHEST_DENSITY_RATIO - green_ratio) * done


def shrinkage_ratio(green_ratio: float, sintered_ratio: float) -> float:
    """Return the length after sintering over the length before."""
    return float((green_ratio / sintered_ratio) ** (1.0 / 3.0))


def sigma_25c_s_per_cm(density: float, dose_h: float, powder_factor: float = 1.0) -> float:
    """Return the conductivity at 25 degC; the paper's heat treatment gives the paper's 8.3e-3."""
    open_share = max(0.0, density - PERCOLATION_DENSITY_RATIO)
    reach = (open_share / (PAPER_DENSITY_RATIO - PERCOLATION_DENSITY_RATIO)) ** 2.2
    loss = math.exp(-max(0.0, dose_h - LOSS_AFTER_H) / 60.0)
    return float(SIGMA_25C_S_PER_CM * powder_factor * reach * loss)


def sigma_s_per_cm(sigma_25c: float, temperature_degc: float) -> float:
    """Return the conductivity at a temperature: ln(sigma) over 1/T with 0.1876 eV."""
    inverse = 1.0 / (temperature_degc + 273.15) - 1.0 / 298.15
    return sigma_25c * math.exp(-SIGMA_E_EV / BOLTZMANN_EV_PER_K * inverse)
