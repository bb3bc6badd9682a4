"""Owns one half step of a CCD test, one current in one direction: its figures and its verdict.

Rules: process.md section 3c no. 2, with the limits in `CcdRecipe`.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from services.quality.softshort import Profile, SoftFinding, find_soft_short
from services.quality.spectra import FloatArray
from shared.errors import InvalidInputError

FaultMode = Literal["hard_short", "soft_short", "contact_loss"]
Verdict = Literal[
    "survived", "undecided", "noisy", "incomplete", "hard_short", "soft_short", "contact_loss"
]

CURRENT_SPREAD_LIMIT_RATIO = 0.05
REST_LIMIT_MA_CM2 = 1e-3
DWELL_TOLERANCE_RATIO = 0.02
QUARTERS = 4


@dataclass(frozen=True, kw_only=True)
class CcdRecipe:
    """Limits of one CCD test; the plant sets them, as the paper gives no dwell (process.md 2).

    `dwell_s`: ordered time per half step; a shorter one is not survived. `voltage_limit_v`: where
    the tester stops. `short_floor_v`: below it a cell under current is shorted; keep it above the
    tester's own voltage error. `settle_s`: time after a reversal that is not judged.
    `short_samples`: so many rows in a row make a short. `hard_short_ratio`, `soft_short_ratio`: of
    an earlier half step's |V|/j, the soft one where noise and rows allow it (softshort.py).
    `contact_growth_ratio`: each quarter's rise over that of the quarter before;
    `contact_rise_ratio`: last over first quarter.
    """

    dwell_s: float
    voltage_limit_v: float
    short_floor_v: float = 0.005
    settle_s: float = 5.0
    short_samples: int = 4
    hard_short_ratio: float = 0.5
    soft_short_ratio: float = 0.9
    contact_growth_ratio: float = 1.3
    contact_rise_ratio: float = 1.2

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other.

        Raises:
            InvalidInputError: names the field, the value and the limit.
        """
        if not 0.0 <= self.settle_s <= self.dwell_s / 2.0:
            raise InvalidInputError(
                f"settle_s is {self.settle_s} s; it must be 0 to half of dwell_s {self.dwell_s} s"
            )
        if not 0.0 < self.short_floor_v < self.voltage_limit_v:
            raise InvalidInputError(
                f"short_floor_v is {self.short_floor_v} V; it must lie between 0 and "
                f"voltage_limit_v {self.voltage_limit_v} V"
            )
        if not 0.0 < self.hard_short_ratio < self.soft_short_ratio < 1.0:
            raise InvalidInputError(
                f"hard_short_ratio {self.hard_short_ratio} and soft_short_ratio "
                f"{self.soft_short_ratio} must rise between 0 and 1"
            )
        if self.short_samples < 1:
            raise InvalidInputError(f"short_samples is {self.short_samples}; it must be at least 1")


@dataclass(frozen=True, kw_only=True, eq=False)
class HalfStep:
    """One direction of one level. `time_s` (n,) increasing, `voltage_v` (n,) signed as measured."""

    current_density_ma_cm2: float
    time_s: FloatArray
    voltage_v: FloatArray


@dataclass(frozen=True, kw_only=True)
class HalfStepFigures:
    """What one half step showed; `fault_time_s` is on the clock of the half step's `time_s`.

    `undecided`: low in its last rows only. `noisy`: a soft short of 20 % could not have been told.
    `incomplete`: stopped before its dwell, without a fault. `begun_s`: first judged row.
    `told_time_s`: row at which the fault was certain. `low_from_s`: since when the last rows are
    below the soft limit. `profile`: what the next half step in this direction is compared with.
    """

    current_density_ma_cm2: float
    median_voltage_v: float
    resistance_ohm_cm2: float
    slope_v_per_s: float
    noise_v: float
    charge_mah_cm2: float
    verdict: Verdict
    begun_s: float
    fault_time_s: float | None
    told_time_s: float | None
    low_from_s: float | None
    profile: Profile = field(repr=False, compare=False)

    @property
    def low_from_start(self) -> bool:
        """Whether its fault was there when it began, within the rows that make one certain."""
        if self.fault_time_s is None or self.told_time_s is None:
            return False
        return self.fault_time_s - self.begun_s <= self.told_time_s - self.fault_time_s


def half_steps_from_rows(
    time_s: npt.ArrayLike,
    current_ma: npt.ArrayLike,
    voltage_v: npt.ArrayLike,
    step: npt.ArrayLike,
    *,
    area_cm2: float,
) -> tuple[HalfStep, ...]:
    """Return the half steps of a tester's rows, all (n,); rests are left out.

    `area_cm2` must be the area that the recipe's current densities mean (process.md section 2).

    Raises:
        InvalidInputError: unequal arrays, no rows, an area that is not positive, a step whose
            current is not constant within 5 %.
    """
    columns = [np.asarray(c, dtype=np.float64) for c in (time_s, current_ma, voltage_v)]
    steps = np.asarray(step)
    if steps.size == 0 or any(c.ndim != 1 or c.shape != steps.shape for c in columns):
        raise InvalidInputError(
            f"rows have shapes {[c.shape for c in columns]} and steps {steps.shape}; "
            "all must be (n,) with n at least 1"
        )
    if not area_cm2 > 0.0:
        raise InvalidInputError(f"area_cm2 is {area_cm2}; it must be above 0 cm2")
    borders = np.flatnonzero(steps[1:] != steps[:-1]) + 1
    found = []
    for rows in np.split(np.arange(steps.size), borders):
        times, current, voltage = (column[rows] for column in columns)
        density = current / area_cm2
        median = float(np.median(density))
        if abs(median) < REST_LIMIT_MA_CM2:
            continue
        off = np.count_nonzero(np.abs(density - median) > CURRENT_SPREAD_LIMIT_RATIO * abs(median))
        if off > max(1, rows.size // 20):
            raise InvalidInputError(
                f"step {steps[rows[0]]}: {off} of {rows.size} currents lie over 5 % from "
                f"{median:.4g} mA/cm2; a CCD half step has one current"
            )
        found.append(HalfStep(current_density_ma_cm2=median, time_s=times, voltage_v=voltage))
    return tuple(found)


def judge_half_step(
    half_step: HalfStep,
    recipe: CcdRecipe,
    *,
    last_ohm_cm2: float | None,
    same_direction: HalfStepFigures | None,
) -> HalfStepFigures:
    """Return the figures and the verdict of one half step.

    `last_ohm_cm2` is |V|/j of the last survived half step, `same_direction` the last survived one
    in this direction; None where there is none yet. The soft limit uses only the same direction,
    because the two faces of a cell need not be alike.

    Raises:
        InvalidInputError: unequal arrays or none, values not finite, time not increasing, no
            current.
    """
    _require_sound(half_step)
    density = abs(half_step.current_density_ma_cm2)
    elapsed_s = half_step.time_s - half_step.time_s[0]
    overvoltage_v = half_step.voltage_v * np.sign(half_step.current_density_ma_cm2)
    judged = elapsed_s >= recipe.settle_s
    if np.count_nonzero(judged) < recipe.short_samples:
        judged = np.ones(elapsed_s.size, dtype=bool)  # stopped early: a short may be the reason
    times, seen_v = half_step.time_s[judged], overvoltage_v[judged]
    resistance = seen_v / density * 1e3
    same_ohm_cm2 = None if same_direction is None else same_direction.resistance_ohm_cm2
    references = [r for r in (last_ohm_cm2, same_ohm_cm2) if r is not None]
    if not references:
        references = [float(np.median(resistance[: max(1, resistance.size // QUARTERS)]))]
    hard = (resistance < recipe.hard_short_ratio * max(references)) | (
        seen_v < recipe.short_floor_v
    )
    profile = Profile(elapsed_s=elapsed_s[judged], resistance_ohm_cm2=resistance)
    soft = None if same_direction is None else _soft(profile, same_direction.profile, recipe)
    at_limit = np.flatnonzero(overvoltage_v >= recipe.voltage_limit_v)
    limit_time = float(half_step.time_s[at_limit[0]]) if at_limit.size else None
    fault = _fault(times, seen_v, hard, soft, limit_time, recipe)
    complete = elapsed_s[-1] >= recipe.dwell_s - _dwell_tolerance_s(elapsed_s, recipe)
    verdict = fault.verdict
    if verdict == "survived" and soft is not None and not soft.is_clear:
        verdict = "noisy"
    if verdict == "survived" and not complete:
        verdict = "incomplete"
    low_from = soft.low_from if soft is not None else None
    slope, noise = _trend(times, seen_v)
    return HalfStepFigures(
        current_density_ma_cm2=half_step.current_density_ma_cm2,
        median_voltage_v=float(np.median(seen_v)),
        resistance_ohm_cm2=float(np.median(resistance)),
        slope_v_per_s=slope,
        noise_v=noise,
        charge_mah_cm2=density * float(elapsed_s[-1]) / 3600.0,
        verdict=verdict,
        begun_s=float(times[0]),
        fault_time_s=fault.time_s,
        told_time_s=fault.told_s,
        low_from_s=None if low_from is None else float(times[low_from]),
        profile=profile,
    )


def _soft(profile: Profile, reference: Profile, recipe: CcdRecipe) -> SoftFinding:
    return find_soft_short(
        profile.elapsed_s,
        profile.resistance_ohm_cm2,
        reference,
        soft_ratio=recipe.soft_short_ratio,
        short_samples=recipe.short_samples,
    )


def _require_sound(half_step: HalfStep) -> None:
    time_s, voltage_v = half_step.time_s, half_step.voltage_v
    density = half_step.current_density_ma_cm2
    if time_s.ndim != 1 or time_s.shape != voltage_v.shape or time_s.size == 0:
        raise InvalidInputError(
            f"half step at {density} mA/cm2: time_s has shape {time_s.shape}, voltage_v "
            f"{voltage_v.shape}; both must be (n,) with n at least 1"
        )
    if not (np.isfinite(density) and density != 0.0):
        raise InvalidInputError(f"half step: current density is {density} mA/cm2; not 0 is needed")
    if not (np.isfinite(time_s).all() and np.isfinite(voltage_v).all()):
        raise InvalidInputError(f"half step at {density} mA/cm2: time_s or voltage_v is not finite")
    if (np.diff(time_s) <= 0.0).any():
        row = int(np.flatnonzero(np.diff(time_s) <= 0.0)[0]) + 1
        raise InvalidInputError(
            f"half step at {density} mA/cm2: time_s is {time_s[row]} s in row {row + 1} after "
            f"{time_s[row - 1]} s; it must increase"
        )


@dataclass(frozen=True)
class _Fault:
    """A verdict, when its fault began and when it was certain."""

    verdict: Verdict
    time_s: float | None = None
    told_s: float | None = None


def _fault(
    times: FloatArray,
    seen_v: FloatArray,
    hard: npt.NDArray[np.bool_],
    soft: SoftFinding | None,
    limit_time_s: float | None,
    recipe: CcdRecipe,
) -> _Fault:
    """Return the fault that came first, a hard short before the soft one it begins as."""
    short = _short(times, hard, soft, recipe)
    contact = None if limit_time_s is None else _Fault("contact_loss", limit_time_s, limit_time_s)
    if short is None and contact is None and _grows(seen_v, recipe):
        begun_s = float(times[times.size * 3 // QUARTERS])
        contact = _Fault("contact_loss", begun_s, float(times[-1]))
    if contact is not None and (short is None or _begin_s(contact) < _begin_s(short)):
        return contact
    if short is not None:
        return short
    if hard[-1]:
        high = np.flatnonzero(~hard)
        return _Fault("undecided", float(times[high[-1] + 1 if high.size else 0]))
    return _Fault("survived")


def _short(
    times: FloatArray, hard: npt.NDArray[np.bool_], soft: SoftFinding | None, recipe: CcdRecipe
) -> _Fault | None:
    hard_at = _first_run(hard, recipe.short_samples)
    if hard_at is not None:
        told_s = float(times[hard_at + recipe.short_samples - 1])
        return _Fault("hard_short", float(times[hard_at]), told_s)
    if soft is None or soft.first is None or soft.told is None:
        return None
    return _Fault("soft_short", float(times[soft.first]), float(times[soft.told]))


def _begin_s(fault: _Fault) -> float:
    return np.inf if fault.time_s is None else fault.time_s


def _first_run(flags: npt.NDArray[np.bool_], length: int) -> int | None:
    """Return where the first run of `length` true flags begins."""
    if flags.size < length:
        return None
    full = np.lib.stride_tricks.sliding_window_view(flags, length).all(axis=1)
    return int(np.argmax(full)) if full.any() else None


def _grows(seen_v: FloatArray, recipe: CcdRecipe) -> bool:
    """Return whether the voltage rises faster from quarter to quarter, as voids leave less area."""
    if seen_v.size < 2 * QUARTERS:
        return False
    medians = [float(np.median(part)) for part in np.array_split(seen_v, QUARTERS)]
    first, second, third = np.diff(medians)
    grows = bool(
        second > 0.0
        and second >= recipe.contact_growth_ratio * first
        and third >= recipe.contact_growth_ratio * second
    )
    return grows and medians[-1] >= recipe.contact_rise_ratio * medians[0]


def _trend(times: FloatArray, seen_v: FloatArray) -> tuple[float, float]:
    """Return the slope in V/s and the standard deviation about it in V."""
    if times.size < 3:
        return 0.0, 0.0
    centred = times - times.mean()
    slope = float(centred @ (seen_v - seen_v.mean()) / (centred @ centred))
    return slope, float(np.std(seen_v - seen_v.mean() - slope * centred))


def _dwell_tolerance_s(elapsed_s: FloatArray, recipe: CcdRecipe) -> float:
    interval_s = float(np.median(np.diff(elapsed_s))) if elapsed_s.size > 1 else 0.0
    return max(DWELL_TOLERANCE_RATIO * recipe.dwell_s, interval_s)
