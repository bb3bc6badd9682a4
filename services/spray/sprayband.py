"""What a face got against the limits of its recipe."""

import math
from collections.abc import Mapping, Sequence

from shared.recipes import MasterRecipe
from shared.units import display_unit

JUDGED = (
    "needle_voltage_v",
    "substrate_voltage_v",
    "distance_mm",
    "flow_ml_per_min",
    "spray_time_s",
)


def deviations(
    recipe: MasterRecipe, figures: Mapping[str, Sequence[float]], face_count: int
) -> list[str | None]:
    """Return per face what lay outside its released limits, None where nothing did.

    figures: by parameter, one measured value for each face. A value that is missing is a deviation.
    """
    found: list[list[str]] = [[] for _ in range(face_count)]
    for name in JUDGED:
        parameter = recipe.parameters.get(name)
        if parameter is None or parameter.status != "released":
            continue
        low = -math.inf if parameter.low is None else parameter.low
        high = math.inf if parameter.high is None else parameter.high
        values = figures.get(name, ())
        for face in range(face_count):
            value = values[face] if len(values) == face_count else math.nan
            if not math.isfinite(value):
                found[face].append(f"{name} is unknown")
            elif not low <= value <= high:
                unit = display_unit(name)
                limits = f"{parameter.low} to {parameter.high} {unit}"
                found[face].append(f"{name} {value:.5g} {unit} is not within {limits}")
    return ["; ".join(one) or None for one in found]
