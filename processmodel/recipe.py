"""A proposed spray recipe: read from YAML, computed, and judged against limits.

The file is a master recipe as the plant's master data hold it, or that whole file; a parameter is a
number or a mapping with value, low and high.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from processmodel import coating, wetting
from shared.errors import InvalidInputError

REQUIRED = (
    "needle_voltage_v",
    "substrate_voltage_v",
    "distance_mm",
    "flow_ml_per_min",
    "spray_time_s",
    "area_cm2",
)
ASSUMED = {  # what the paper does not give; a recipe may name its own
    "droplet_um": coating.DROPLET_UM,
    "transfer_ratio": coating.TRANSFER_RATIO,
    "surface_tension_mn_per_m": 35.0,
}
LOWEST_BIAS_V = 200.0  # a substrate nearer to earth floats, and the face holds no field
# name: low, high, what it rests on
LIMITS: dict[str, tuple[float, float, str]] = {
    "voltage_v": (0.0, wetting.EAP_VOLTAGE_V, "eq. 1 and 22 as calibrated"),
    "distance_mm": (coating.NEAREST_MM, coating.FARTHEST_MM, "paper, Methods: 8-15 cm"),
    "contact_angle_deg": (0.0, 25.0, "specification of the spray gate"),
    "film_um": (0.8, 30.0, "spray gate; thicker films cure and lie unevenly"),
    "coverage_ratio": (0.95, 1.0, "proposal"),
    "cure_min": (0.0, 15.0, "paper: cured within 15 min"),
    "bond_number": (0.0, 0.1, "drops without weight; eq. 12 as used here"),
}


class Band(BaseModel):
    """A parameter of a recipe with its own limits; other keys of master data are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: float = Field(allow_inf_nan=False)
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Figure:
    """One line of the table; broken: the limit it breaks, in words, None when it keeps all."""

    name: str
    value: float
    low: float | None
    high: float | None
    source: str
    broken: str | None


def read_recipe(path: Path, recipe_id: str | None = None) -> dict[str, Band]:
    """Read a recipe's parameters; units stand in their names.

    Raises:
        InvalidInputError: no YAML, no such recipe, or a parameter missing, twice or no number.
    """
    try:
        content: object = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} is no YAML: {error}") from error
    chosen = _chosen(content, recipe_id, path)
    parameters = chosen.get("parameters")
    if not isinstance(parameters, Mapping):
        raise InvalidInputError(f"{path}: a recipe needs a mapping `parameters`.")
    missing = [name for name in REQUIRED if name not in parameters]
    if missing:
        raise InvalidInputError(f"{path}: the recipe lacks {', '.join(missing)}.")
    wanted = [name for name in (*REQUIRED, *ASSUMED, "needle_count") if name in parameters]
    return {name: _band(path, name, parameters[name]) for name in wanted}


def _chosen(content: object, recipe_id: str | None, path: Path) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise InvalidInputError(f"{path} holds no recipe but {type(content).__name__}.")
    spray = content.get("spray")
    if not isinstance(spray, Mapping):
        return content
    recipes = [item for item in spray.get("master_recipes", ()) if isinstance(item, Mapping)]
    found = [item for item in recipes if recipe_id in (None, item.get("recipe_id"))]
    if len(found) != 1:
        names = ", ".join(str(item.get("recipe_id")) for item in recipes) or "none"
        raise InvalidInputError(f"{path}: name one of its spray recipes with --id: {names}.")
    return found[0]


def _band(path: Path, name: str, entry: object) -> Band:
    try:
        return Band.model_validate(entry if isinstance(entry, Mapping) else {"value": entry})
    except ValidationError as error:
        reason = error.errors()[0]
        raise InvalidInputError(f"{path}: {name}: {reason['msg']}, not {entry!r}.") from error


def figures(recipe: Mapping[str, Band]) -> list[Figure]:
    """Compute a recipe: its parameters first, then what they bring about, each with its limits.

    Raises:
        InvalidInputError: a parameter that no recipe can have, such as an area of zero.
    """
    values = ASSUMED | {name: band.value for name, band in recipe.items()}
    for name in ("distance_mm", "flow_ml_per_min", "spray_time_s", "area_cm2", *ASSUMED):
        if values[name] <= 0.0:
            raise InvalidInputError(f"{name}: {values[name]:g} is not above 0.")
    given = [_given(name, value, recipe.get(name)) for name, value in values.items()]
    return given + [_judged(name, value) for name, value in _effects(values).items()]


def _effects(values: Mapping[str, float]) -> dict[str, float]:
    """Return what follows from the parameters; beyond the calibrated voltage no angle is told."""
    voltage = 0.0
    if abs(values["substrate_voltage_v"]) >= LOWEST_BIAS_V:
        voltage = values["needle_voltage_v"] - values["substrate_voltage_v"]
    area, tension = values["area_cm2"], values["surface_tension_mn_per_m"] / 1000.0
    needles = round(values.get("needle_count", coating.needle_count(area)))
    sprayed = coating.sprayed_ul(values["flow_ml_per_min"], values["spray_time_s"], needles)
    film = coating.film_um(sprayed, area, values["transfer_ratio"])
    radius_m = values["droplet_um"] / 2e6
    weight = wetting.DENSITY_KG_PER_M3 * wetting.GRAVITY_M_PER_S2 * radius_m**2
    effects = {"voltage_v": voltage, "sprayed_ul": sprayed, "film_um": film}
    if 0.0 <= voltage <= wetting.EAP_VOLTAGE_V:
        angle = wetting.contact_angle_deg(voltage)
        volume_m3 = 4.0 / 3.0 * math.pi * radius_m**3
        effects |= {
            "contact_angle_deg": angle,
            "coverage_ratio": coating.coverage_ratio(film, values["droplet_um"], angle),
            "spreading_ms": 1000.0 * wetting.spreading_time_s(volume_m3, angle, tension),
            "cure_min": coating.cure_time_min(voltage),
        }
    return effects | {"bond_number": weight / tension}


def _given(name: str, value: float, band: Band | None) -> Figure:
    if band is None:
        return Figure(name, value, None, None, "assumed: the paper gives none", None)
    low, high, source = band.low, band.high, "recipe"
    if name in LIMITS and low is None and high is None:
        low, high, source = LIMITS[name]
    return Figure(name, value, low, high, source, _breach(value, low, high))


def _judged(name: str, value: float) -> Figure:
    low, high, source = LIMITS.get(name, (None, None, "computed"))
    return Figure(name, value, low, high, source, _breach(value, low, high))


def _breach(value: float, low: float | None, high: float | None) -> str | None:
    if low is not None and value < low:
        return f"below {low:g}"
    if high is not None and value > high * (1.0 + 1e-9):
        return f"above {high:g}"
    return None


def table(lines: list[Figure]) -> str:
    """Return the figures as aligned text, a broken limit in words at the end of its line."""
    rows = [
        (
            line.name,
            f"{line.value:.4g}",
            "" if line.low is None else f"{line.low:g}",
            "" if line.high is None else f"{line.high:g}",
            f"BREAKS ITS LIMIT: {line.broken}" if line.broken else line.source,
        )
        for line in lines
    ]
    heads = ("figure", "value", "low", "high", "source")
    wide = [max(len(row[column]) for row in (heads, *rows)) for column in range(4)]
    return "\n".join(
        f"{row[0]:<{wide[0]}}  {row[1]:>{wide[1]}}  {row[2]:>{wide[2]}}"
        f"  {row[3]:>{wide[3]}}  {row[4]}"
        for row in (heads, *rows)
    )


def as_json(lines: list[Figure]) -> list[dict[str, object]]:
    """Return the figures in words that JSON has."""
    return [asdict(line) for line in lines]
