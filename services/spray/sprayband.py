"""What a face got against the limits of its recipe."""

import math
from collections.abc import Mapping, Sequence

from services.spray.domain import Face
from shared.recipes import MasterRecipe, Parameter
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
) -> list[dict[str, str]]:
    """Return per face what lay outside its released limits: parameter and sentence.

    figures: by parameter, one measured value for each face, a and b in turn. A value that is
    missing is a deviation. Face b has the limits of `face_b_…` where the recipe has such.
    """
    found: list[dict[str, str]] = [{} for _ in range(face_count)]
    for name in JUDGED:
        values = figures.get(name, ())
        for index in range(face_count):
            parameter = _parameter(recipe, name, "b" if index % 2 else "a")
            if parameter is None or parameter.status != "released":
                continue
            value = values[index] if len(values) == face_count else math.nan
            sentence = _sentence(name, parameter, value)
            if sentence is not None:
                found[index][name] = sentence
    return found


def _parameter(recipe: MasterRecipe, name: str, face: Face) -> Parameter | None:
    own = recipe.parameters.get(f"face_b_{name}") if face == "b" else None
    return own or recipe.parameters.get(name)


def _sentence(name: str, parameter: Parameter, value: float) -> str | None:
    if not math.isfinite(value):
        return f"{name} is unknown"
    low = -math.inf if parameter.low is None else parameter.low
    high = math.inf if parameter.high is None else parameter.high
    if low <= value <= high:
        return None
    unit = display_unit(name)
    return f"{name} {value:.5g} {unit} is not within {parameter.low} to {parameter.high} {unit}"
