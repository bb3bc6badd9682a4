"""Judges what the laminator recorded while it stacked and pressed, by the bands of the plan."""

from collections.abc import Sequence

from services.lamination.stackplan import StackPlan
from shared.facts import TestResult
from shared.intake import measured
from shared.stations import JobAnswer

FORCE, OFFSETS = "force_trace_n", "layer_offset_um"


def trace_results(
    plan: StackPlan, answer: JobAnswer, lot_id: str, ordered_n: float | None
) -> list[TestResult]:
    """Return the share of the press outside its band, and how many layers lie too far off.

    Only for the bands that the plan has. A trace that is missing, or has another number of layers
    than the plan, is unknown.
    """
    found = []
    if plan.force_band_ratio is not None:
        value, reason = _force_outside(answer.numbers(FORCE), ordered_n, plan.force_band_ratio)
        found.append(measured(lot_id, "force_outside_ratio", value, reason))
    if plan.layer_offset_limit_um is not None:
        offsets_um = answer.numbers(OFFSETS)
        if len(offsets_um) == len(plan.layers):
            outside = sum(offset > plan.layer_offset_limit_um for offset in offsets_um)
            found.append(measured(lot_id, "layer_outside_count", float(outside)))
        else:
            reason = (
                f"the station gave {len(offsets_um)} values of {OFFSETS} for "
                f"{len(plan.layers)} layers"
            )
            found.append(measured(lot_id, "layer_outside_count", None, reason))
    return found


def _force_outside(
    trace_n: Sequence[float], ordered_n: float | None, band_ratio: float
) -> tuple[float | None, str | None]:
    """Return the share (0-1) of samples beyond the band around the ordered force, or why not."""
    if ordered_n is None or not trace_n:
        return None, f"the station gave no {FORCE}, or the order has no force_n"
    outside = sum(abs(force_n - ordered_n) > band_ratio * ordered_n for force_n in trace_n)
    return outside / len(trace_n), None
