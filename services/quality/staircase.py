"""Owns the figures of a staircase of currents: which level a symmetric cell survived, and how."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from services.quality.domain import CCD_SURVIVED, CcdRecipeRule
from services.quality.figures import CANNOT_BE_COMPUTED, figure, unknown
from shared.errors import InvalidInputError
from shared.events import CyclingEnded
from shared.facts import TestResult

if TYPE_CHECKING:
    from services.quality.ccd import CcdResult
    from services.quality.halfsteps import CcdRecipe, HalfStep

CCD_FAILED = "ccd_failed_ma_per_cm2"
CCD_CHARGE = "ccd_charge_mah_per_cm2"
CCD_MODE = "ccd_mode"
WIDEST_GAP_ROWS = 5.0  # between two rows of a half step, in the median of all its distances
WIDEST_STEP_RATIO = 1.5  # of the height of a step; more is a level of which no row came
OF_STAIRCASE = (CCD_SURVIVED, CCD_FAILED, CCD_CHARGE, CCD_MODE)


def staircase_figures(event: CyclingEnded, rule: CcdRecipeRule | None) -> list[TestResult]:
    """Return the figures of a staircase of currents; never fails."""
    from services.quality.ccd import critical_current_density
    from services.quality.halfsteps import half_steps_from_rows

    try:
        if event.area_cm2 is None:
            raise InvalidInputError("area_cm2 is unknown; a current density needs it")
        half_steps = half_steps_from_rows(
            event.time_s,
            event.current_ma,
            event.voltage_v,
            event.step_index,
            area_cm2=event.area_cm2,
        )
        recipe = ccd_recipe(half_steps, rule)
        height = rule.step_ma_per_cm2 if rule is not None else None
        step = height or _step_ma_per_cm2(half_steps)
        _require_whole(half_steps, step)
        found = critical_current_density(half_steps, recipe)
    except CANNOT_BE_COMPUTED as error:
        return [unknown(event.lot_id, name, str(error)) for name in OF_STAIRCASE]
    return _ccd_figures(event.lot_id, found, step)


def ccd_recipe(half_steps: Sequence["HalfStep"], rule: CcdRecipeRule | None) -> "CcdRecipe":
    """Return the recipe as specified, or as the rows show it.

    Read off the rows, the dwell is the median of the half steps, and no voltage counts as the
    tester's limit: where the tester stopped early, the half step is incomplete and not survived.

    Raises:
        InvalidInputError: no half steps.
    """
    from services.quality.halfsteps import CcdRecipe

    if rule is not None:
        return CcdRecipe(**rule.model_dump(exclude={"step_ma_per_cm2"}))
    if not half_steps:
        raise InvalidInputError("rows hold no half step; a CCD test has at least one")
    lengths_s = sorted(float(item.time_s[-1] - item.time_s[0]) for item in half_steps)
    dwell_s = lengths_s[len(lengths_s) // 2]
    highest_v = max(float(abs(item.voltage_v).max()) for item in half_steps)
    return CcdRecipe(
        dwell_s=dwell_s, voltage_limit_v=2.0 * highest_v + 1.0, settle_s=min(5.0, dwell_s / 2.0)
    )


def _require_whole(half_steps: Sequence["HalfStep"], step_ma_per_cm2: float) -> None:
    """Refuse rows with a gap: what a cell did in it is not known, so no level counts.

    Raises:
        InvalidInputError: a half step whose rows have a gap, or a level that is not there.
    """
    level = abs(half_steps[0].current_density_ma_cm2) if half_steps else 0.0
    for half_step in half_steps:
        density = abs(half_step.current_density_ma_cm2)
        if density - level > WIDEST_STEP_RATIO * step_ma_per_cm2:
            raise InvalidInputError(
                f"no rows between {level:.4g} and {density:.4g} mA/cm2; the staircase rises by "
                f"{step_ma_per_cm2:g} mA/cm2"
            )
        level = max(level, density)
        times = half_step.time_s
        distances = [float(b - a) for a, b in pairwise(times)]
        usual = sorted(distances)[len(distances) // 2] if distances else 0.0
        widest = max(distances, default=0.0)
        if widest > WIDEST_GAP_ROWS * usual:
            raise InvalidInputError(
                f"rows have a gap of {widest:g} s at {half_step.current_density_ma_cm2:+.4g} "
                f"mA/cm2, usual are {usual:g} s; what the cell did in it is unknown"
            )


def _ccd_figures(lot_id: str, found: "CcdResult", step_ma_per_cm2: float) -> list[TestResult]:
    survived = _ordered(found.last_survived_ma_cm2, step_ma_per_cm2)
    failed = _ordered(found.first_failed_ma_cm2, step_ma_per_cm2)
    mode = "right_censored" if found.right_censored else found.mode
    return [
        figure(
            lot_id,
            CCD_SURVIVED,
            survived,
            found.reason if survived is not None else f"no level was survived; {found.reason}",
        ),
        figure(lot_id, CCD_FAILED, failed, found.reason),
        figure(lot_id, CCD_CHARGE, found.charge_passed_mah_cm2),
        figure(lot_id, CCD_MODE, mode, found.reason),
    ]


def _step_ma_per_cm2(half_steps: Sequence["HalfStep"]) -> float:
    """Return the height of the staircase's steps to two digits, from its levels."""
    levels = sorted(abs(item.current_density_ma_cm2) for item in half_steps)
    heights = [b - a for a, b in zip([0.0, *levels], levels, strict=False)]
    risen = sorted(height for height in heights if height > 0.5 * levels[0])
    return float(f"{risen[len(risen) // 2]:.2g}")


def _ordered(level_ma_per_cm2: float | None, step_ma_per_cm2: float) -> float | None:
    """Return the ordered level that a measured one means, or it itself where none is near."""
    from services.quality.ccd import LEVEL_TOLERANCE_RATIO

    if level_ma_per_cm2 is None:
        return None
    ordered = round(round(level_ma_per_cm2 / step_ma_per_cm2) * step_ma_per_cm2, 9)
    near = abs(ordered - level_ma_per_cm2) <= LEVEL_TOLERANCE_RATIO * level_ma_per_cm2
    return ordered if near else level_ma_per_cm2
