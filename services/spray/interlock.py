"""What a station must show just before it sprays: dry air around it and parts held by its chuck."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from shared.air import water_ppm
from shared.errors import BlockedError, InvalidInputError
from shared.recipes import MasterRecipe
from shared.stations import ParameterValue

DEW_POINT, VACUUM = "dew_point_degc", "chuck_vacuum_kpa"
DEW_LIMIT = "dew_point_limit_degc"
TEMPERATURE = "air_temperature_degc"  # shown by some stations; enters the cure, blocks nothing
WATCHED = (DEW_POINT, VACUUM, TEMPERATURE)
NOT_SENT = (DEW_LIMIT,)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A value as the station shows it, None where its status is bad; age in wall seconds."""

    value: float | None
    status: str
    age_s: float


def sent(parameters: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
    """Return a control recipe without the limits that are for this service and no station's."""
    return {name: value for name, value in parameters.items() if name not in NOT_SENT}


def dew_limit_degc(recipe: MasterRecipe) -> float:
    """Return the dew point that the air at the station must be below.

    Raises:
        BlockedError: the recipe has no released limit.
    """
    limit = recipe.parameters.get(DEW_LIMIT)
    if limit is None or limit.status != "released" or not isinstance(limit.value, int | float):
        raise BlockedError(
            f"recipe {recipe.recipe_id} version {recipe.version} has no released {DEW_LIMIT}; "
            "enter a version with one"
        )
    return float(limit.value)


def too_wet(reading: Reading | None, limit_degc: float, living_s: float) -> str | None:
    """Return why the air is not known to be dry, None when a living sensor shows it below."""
    value = _living(reading, living_s)
    if isinstance(value, str):
        return f"{DEW_POINT} {value}; look at the station's hygrometer"
    if value < limit_degc:
        return None
    return (
        f"{DEW_POINT} {value:.1f} °C is not below the recipe's limit {limit_degc:.1f} °C; "
        "it starts when the room is dry"
    )


def dew_unknown(reading: Reading | None, living_s: float) -> str | None:
    """Return why the hygrometer says nothing, which waiting does not mend; None while it lives."""
    value = _living(reading, living_s)
    if not isinstance(value, str):
        return None
    return f"{DEW_POINT} {value}: mend or change the hygrometer; jobs go on by themselves then"


def air_of(readings: Mapping[str, Reading], living_s: float) -> dict[str, float | None]:
    """Return `water_ppm` and `temperature_degc` of the air; None: no living sensor shows it."""
    dew_degc = _living(readings.get(DEW_POINT), living_s)
    degc = _living(readings.get(TEMPERATURE), living_s)
    return {
        "water_ppm": None if isinstance(dew_degc, str) else _water_ppm(dew_degc),
        "temperature_degc": None if isinstance(degc, str) else degc,
    }


def _water_ppm(dew_point_degc: float) -> float | None:
    try:
        return water_ppm(dew_point_degc)
    except InvalidInputError:
        return None


def not_held(reading: Reading | None, recipe: MasterRecipe, living_s: float) -> str | None:
    """Return why the chuck is not known to hold its parts, None within the recipe's limits."""
    value = _living(reading, living_s)
    if isinstance(value, str):
        return f"{VACUUM} {value}; look at the chuck's gauge"
    parameter = recipe.parameters.get(VACUUM)
    if parameter is None or parameter.status != "released" or parameter.low is None:
        return f"recipe {recipe.recipe_id} has no released lower limit of {VACUUM}; enter one"
    high = math.inf if parameter.high is None else parameter.high
    if parameter.low <= value <= high:
        return None
    return (
        f"{VACUUM} {value:.1f} kPa is not within {parameter.low} to {parameter.high} kPa; "
        "seat the parts and look for a leak at the chuck"
    )


def _living(reading: Reading | None, living_s: float) -> float | str:
    if reading is None:
        return "is not shown by the station"
    if reading.value is None:
        return f"is unknown ({reading.status})"
    if reading.age_s > living_s:
        return f"was last renewed {reading.age_s:.0f} s ago, the limit is {living_s:.0f} s"
    return reading.value
