"""Checks what a stack plan can hold by its dimensions, before anything is built by it."""

from services.lamination.stackplan import StackPlan
from shared.errors import OutOfLimitsError

LEAST_RATIO = 0.9  # of the rated capacity; a design below it cannot be meant
MOST_RATIO = 1.5


def design_capacity_mah(plan: StackPlan) -> float | None:
    """Return cathodes × coated faces × area × loading × capacity; None without all of them.

    Known answers (process.md section 2): 43 × 5 mm holds 55 mAh on one face of each of 14
    cathodes at 15 mg/cm² and 121.8 mAh/g, 110 mAh on both; 43 × 50 mm holds 1.10 Ah on both.
    """
    if (
        plan.cathode_length_mm is None
        or plan.cathode_width_mm is None
        or plan.cathode_faces_count is None
        or plan.cathode_loading_mg_per_cm2 is None
        or plan.cathode_capacity_mah_per_g is None
    ):
        return None
    count = sum(plan.roles[layer] == "cathode" for layer in plan.layers)
    area_cm2 = plan.cathode_length_mm * plan.cathode_width_mm / 100.0
    per_cm2_mah = plan.cathode_loading_mg_per_cm2 * 1e-3 * plan.cathode_capacity_mah_per_g
    return count * plan.cathode_faces_count * area_cm2 * per_cm2_mah


def check_design(plan: StackPlan) -> None:
    """Refuse a released plan whose dimensions cannot give the capacity it is rated for.

    Raises:
        OutOfLimitsError: names both capacities, the dimensions and what would do.
    """
    sentence = design_fault(plan)
    if sentence is not None and plan.status == "released":
        raise OutOfLimitsError(
            f"stack plan {plan.stack_plan_id} version {plan.version}: {sentence}; correct the "
            "dimensions, or post it as suspect with the reason"
        )


def design_fault(plan: StackPlan) -> str | None:
    """Return in words why a plan cannot have its rated capacity, or None."""
    capacity_mah, rated_mah = design_capacity_mah(plan), plan.rated_capacity_mah
    if capacity_mah is None or rated_mah is None:
        return None
    if LEAST_RATIO <= capacity_mah / rated_mah <= MOST_RATIO:
        return None
    width_mm = plan.cathode_width_mm or 0.0
    return (
        f"cathodes of {plan.cathode_length_mm:g} × {width_mm:g} mm hold {capacity_mah:.0f} mAh, "
        f"rated {rated_mah:g} mAh (allowed {LEAST_RATIO:g} to {MOST_RATIO:g} of it); with this "
        f"length it takes a width of {width_mm * rated_mah / capacity_mah:.3g} mm"
    )
