"""Owns the critical current density (CCD): what a symmetric cell survived and how it failed.

Rules: process.md section 3c. The result is an interval, because the staircase has a step height.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.quality.halfsteps import (
    CcdRecipe,
    FaultMode,
    HalfStep,
    HalfStepFigures,
    judge_half_step,
)
from shared.errors import InvalidInputError

LEVEL_TOLERANCE_RATIO = 0.01  # what a tester sets and what it measures differ by less than this


@dataclass(frozen=True, kw_only=True)
class CcdResult:
    """The CCD as an interval.

    `last_survived_ma_cm2`: highest level survived in both directions with all below it; None if
    none was. `first_failed_ma_cm2`: level of the first fault; None if the test ended before any
    (right-censored). A `soft_short` is a suspicion and still ends the interval: unknown never
    counts as good. `fault_time_s`, and `told_time_s` of the row at which the fault was certain,
    are on the clock of the rows, `charge_passed_mah_cm2` up to it
    and over both directions. `reason` says in words what ended the interval.
    """

    last_survived_ma_cm2: float | None
    first_failed_ma_cm2: float | None
    mode: FaultMode | None
    fault_time_s: float | None
    told_time_s: float | None
    charge_passed_mah_cm2: float
    reason: str
    half_steps: tuple[HalfStepFigures, ...]

    @property
    def right_censored(self) -> bool:
        """Return whether the test ended before the cell failed."""
        return self.first_failed_ma_cm2 is None

    def survived(self, limit_ma_cm2: float) -> bool | None:
        """Return whether at least `limit_ma_cm2` was survived; None where that is not known."""
        last, failed = self.last_survived_ma_cm2, self.first_failed_ma_cm2
        if last is not None and last >= limit_ma_cm2 * (1.0 - LEVEL_TOLERANCE_RATIO):
            return True
        if failed is not None and failed <= limit_ma_cm2 * (1.0 + LEVEL_TOLERANCE_RATIO):
            return False
        return None


@dataclass(frozen=True)
class _Level:
    current_density_ma_cm2: float
    figures: tuple[HalfStepFigures, ...]

    @property
    def survived(self) -> bool:
        directions = {figure.current_density_ma_cm2 > 0.0 for figure in self.figures}
        return len(directions) == 2 and all(f.verdict == "survived" for f in self.figures)


def charge_passed_mah_cm2(half_steps: Sequence[HalfStep]) -> float:
    """Return the charge passed in both directions together, |j| times time."""
    return sum(
        abs(h.current_density_ma_cm2) * float(h.time_s[-1] - h.time_s[0]) / 3600.0
        for h in half_steps
    )


def critical_current_density(half_steps: Sequence[HalfStep], recipe: CcdRecipe) -> CcdResult:
    """Return the interval that holds the CCD, from half steps in the order they ran.

    A short shows while it lasts `short_samples` rows. One that begins in the last rows of a half
    step is decided by the next; without a next the half step is not survived.

    Raises:
        InvalidInputError: no half steps, unsound rows, a current of 0, a staircase that descends.
    """
    if not half_steps:
        raise InvalidInputError("half_steps is empty; a CCD test has at least one half step")
    figures = _judged(half_steps, recipe)
    levels = _levels(figures)
    fault_at = next((i for i, figure in enumerate(figures) if _mode(figure) is not None), None)
    fault = None if fault_at is None else figures[fault_at]
    last_survived = None
    for level in levels:
        if not level.survived:
            break
        last_survived = level.current_density_ma_cm2
    return CcdResult(
        last_survived_ma_cm2=last_survived,
        first_failed_ma_cm2=None if fault is None else _level_of(fault, levels),
        mode=None if fault is None else _mode(fault),
        fault_time_s=None if fault is None else fault.fault_time_s,
        told_time_s=None if fault is None else fault.told_time_s,
        charge_passed_mah_cm2=_charge_until(half_steps, fault_at, fault),
        reason=_reason(levels, fault),
        half_steps=figures,
    )


def _judged(half_steps: Sequence[HalfStep], recipe: CcdRecipe) -> tuple[HalfStepFigures, ...]:
    figures: list[HalfStepFigures] = []
    last_ohm_cm2: float | None = None
    by_direction: dict[bool, HalfStepFigures] = {}
    for half_step in half_steps:
        direction = half_step.current_density_ma_cm2 > 0.0
        found = judge_half_step(
            half_step,
            recipe,
            last_ohm_cm2=last_ohm_cm2,
            same_direction=by_direction.get(direction),
        )
        if figures:
            figures[-1] = _decided(figures[-1], found)
        if found.verdict == "survived":
            last_ohm_cm2, by_direction[direction] = found.resistance_ohm_cm2, found
        figures.append(found)
    return tuple(figures)


def _decided(earlier: HalfStepFigures, later: HalfStepFigures) -> HalfStepFigures:
    """Return the half step that ended low, in the light of the one after it."""
    if earlier.verdict == "survived" and earlier.low_from_s is not None:
        if later.verdict in ("soft_short", "hard_short") and later.low_from_start:
            return replace(
                earlier,
                verdict=later.verdict,
                fault_time_s=earlier.low_from_s,
                told_time_s=later.told_time_s,
            )
        return earlier
    if earlier.verdict != "undecided":
        return earlier
    if later.verdict == "hard_short":
        return replace(earlier, verdict="hard_short", told_time_s=later.told_time_s)
    if later.verdict == "survived":
        return replace(earlier, verdict="survived", fault_time_s=None)
    return earlier


def _levels(figures: Sequence[HalfStepFigures]) -> tuple[_Level, ...]:
    levels: list[_Level] = []
    for figure in figures:
        density = abs(figure.current_density_ma_cm2)
        current = levels[-1].current_density_ma_cm2 if levels else 0.0
        if abs(density - current) <= LEVEL_TOLERANCE_RATIO * current:
            levels[-1] = _Level(current, (*levels[-1].figures, figure))
        elif density < current:
            raise InvalidInputError(
                f"current density falls from {current:.4g} to {density:.4g} mA/cm2; "
                "a CCD staircase never descends"
            )
        else:
            levels.append(_Level(density, (figure,)))
    return tuple(levels)


def _level_of(fault: HalfStepFigures, levels: Sequence[_Level]) -> float:
    return next(
        level.current_density_ma_cm2
        for level in levels
        if any(figure is fault for figure in level.figures)
    )


def _mode(figure: HalfStepFigures) -> FaultMode | None:
    match figure.verdict:
        case "hard_short" | "soft_short" | "contact_loss" as mode:
            return mode
        case _:
            return None


def _charge_until(
    half_steps: Sequence[HalfStep], fault_at: int | None, fault: HalfStepFigures | None
) -> float:
    if fault_at is None or fault is None or fault.fault_time_s is None:
        return charge_passed_mah_cm2(half_steps)
    passed_s = fault.fault_time_s - float(half_steps[fault_at].time_s[0])
    own = abs(fault.current_density_ma_cm2) * passed_s / 3600.0
    return charge_passed_mah_cm2(half_steps[:fault_at]) + own


def _reason(levels: Sequence[_Level], fault: HalfStepFigures | None) -> str:
    if fault is not None:
        return (
            f"{fault.verdict} at {fault.current_density_ma_cm2:+.4g} mA/cm2 "
            f"after {fault.fault_time_s:.6g} s on the test clock"
        )
    for level in levels:
        if not level.survived:
            verdicts = ", ".join(
                f"{f.current_density_ma_cm2:+.4g}: {f.verdict}" for f in level.figures
            )
            return f"level {level.current_density_ma_cm2:.4g} mA/cm2 is not decided ({verdicts})"
    return f"test ended at {levels[-1].current_density_ma_cm2:.4g} mA/cm2 without a fault"
