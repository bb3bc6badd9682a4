"""What was measured of foils and electrodes, and the N/P ratio that a stack has by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.lamination.stackplan import Role, StackPlan, np_ratio
from shared.errors import BlockedError, OutOfLimitsError
from shared.facts import Material
from shared.units import UNITS, display_unit

Characteristic = Literal["thickness_um", "loading_mg_per_cm2"]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")]
# What a gauge of this plant can show: a value in another unit lies far outside.
CREDIBLE: Mapping[str, tuple[float, float]] = {
    "thickness_um": (5.0, 2000.0),
    "loading_mg_per_cm2": (0.5, 100.0),
}
OF_ROLE: Mapping[Role, Characteristic] = {
    "sodium": "thickness_um",
    "cathode": "loading_mg_per_cm2",
}


class PartMeasurement(BaseModel):
    """One measured value of a piece, or of the stock lot that pieces are issued from."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    lot_id: Identifier
    characteristic: Characteristic
    value: float
    unit: str

    @model_validator(mode="after")
    def _check(self) -> Self:
        expected = display_unit(self.characteristic)
        given = UNITS[self.unit][0] if self.unit in UNITS else self.unit
        if given.replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}") != expected:
            raise ValueError(
                f"{self.lot_id}: unit of {self.characteristic} is '{self.unit}', its name says "
                f"'{expected}'; convert the value and send it in {expected}"
            )
        low, high = CREDIBLE[self.characteristic]
        if not low <= self.value <= high:
            hint = ""
            if self.characteristic == "thickness_um" and low <= self.value * 1e3 <= high:
                hint = f"; {self.value:g} mm would be {self.value * 1e3:g} µm: were units mixed up?"
            raise ValueError(
                f"{self.lot_id}: {self.characteristic} is {self.value:g} {expected}, it can be "
                f"{low:g} to {high:g} {expected}{hint}"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class StackFigures:
    """N/P of a stack by its parts: of the whole and of the worst facing pair; None without pairs.

    measured_count of the `needed_count` foils and cathodes have a measured value; the others count
    with the plan's.
    """

    np_ratio: float | None
    np_min_ratio: float | None
    measured_count: int
    needed_count: int


def stack_figures(
    plan: StackPlan, parts: Sequence[Material], values: Mapping[str, float]
) -> StackFigures:
    """Return what the parts' own measurements make of a stack.

    `values` holds by lot the thickness of a foil in µm or the loading of a cathode in mg/cm².
    Each face of a cathode is paired with the foil that it faces through an electrolyte.

    Raises:
        BlockedError: the plan wants every foil and cathode measured, and one is not.
        OutOfLimitsError: a foil, a cathode or the N/P ratio lies outside the plan's limits.
    """
    electrodes = [
        (position, part, plan.roles[layer])
        for position, (part, layer) in enumerate(zip(parts, plan.layers, strict=True), start=1)
        if plan.roles[layer] in OF_ROLE
    ]
    for position, part, role in electrodes:
        _check_part(plan, position, part, role, values.get(part.lot_id))
    pairs = [
        _pair(plan, values, one, other)
        for one, other in pairwise(electrodes)
        if {one[2], other[2]} == {"sodium", "cathode"}
    ]
    measured_count = sum(part.lot_id in values for _, part, _ in electrodes)
    if not pairs:
        return StackFigures(
            np_ratio=None,
            np_min_ratio=None,
            measured_count=measured_count,
            needed_count=len(electrodes),
        )
    capacity = plan.cathode_capacity_mah_per_g or 0.0
    worst = min(np_ratio(foil_um, loading, capacity) for foil_um, loading in pairs)
    foils_um, loadings = (sum(column) for column in zip(*pairs, strict=True))
    whole = np_ratio(foils_um, loadings, capacity)
    _check_ratio(plan, whole, worst)
    return StackFigures(
        np_ratio=whole,
        np_min_ratio=worst,
        measured_count=measured_count,
        needed_count=len(electrodes),
    )


Electrode = tuple[int, Material, Role]


def _pair(
    plan: StackPlan, values: Mapping[str, float], one: Electrode, other: Electrode
) -> tuple[float, float]:
    """Return thickness of the foil and loading of the cathode that face each other."""
    foil, cathode = (one, other) if one[2] == "sodium" else (other, one)
    nominal = plan.cathode_loading_mg_per_cm2 or 0.0
    return (
        values.get(foil[1].lot_id, plan.sodium_thickness_um),
        values.get(cathode[1].lot_id, nominal),
    )


def _check_part(
    plan: StackPlan, position: int, part: Material, role: Role, value: float | None
) -> None:
    name = OF_ROLE[role]
    where = f"position {position} from the bottom, {part.lot_id}"
    if value is None:
        if plan.needs_measurements:
            raise BlockedError(
                f"stack plan {plan.stack_plan_id} version {plan.version}, {where}: {name} was not "
                "measured; measure it and post it to /part-measurements"
            )
        return
    nominal, tolerance = (
        (plan.sodium_thickness_um, plan.sodium_tolerance_um)
        if role == "sodium"
        else (plan.cathode_loading_mg_per_cm2, plan.loading_tolerance_mg_per_cm2)
    )
    if nominal is not None and tolerance is not None and abs(value - nominal) > tolerance:
        unit = display_unit(name)
        raise OutOfLimitsError(
            f"stack plan {plan.stack_plan_id} version {plan.version}, {where}: {name} is "
            f"{value:g} {unit}, limit {nominal:g} ± {tolerance:g} {unit}; scrap the part and have "
            "the job order made anew"
        )


def _check_ratio(plan: StackPlan, whole: float, worst: float) -> None:
    low, high = plan.np_low_ratio, plan.np_high_ratio
    if (low is not None and worst < low) or (high is not None and whole > high):
        raise OutOfLimitsError(
            f"stack plan {plan.stack_plan_id} version {plan.version}: N/P is {whole:.2f}, of the "
            f"worst pair {worst:.2f}, limits {low} to {high}; choose foils and electrodes that fit"
        )
