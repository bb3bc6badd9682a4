"""A glue mix: what its formula asks, what was weighed, and what it may be chosen for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.errors import (
    BlockedError,
    IllegalTransitionError,
    InvalidInputError,
    NotAllowedError,
    OutOfLimitsError,
)
from shared.units import display_unit

State = Literal["weighed", "usable", "blocked", "expired", "disposed"]
MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        ("weighed", "usable"),
        ("weighed", "blocked"),
        ("weighed", "expired"),
        ("usable", "blocked"),
        ("usable", "expired"),
        ("blocked", "expired"),
        ("weighed", "disposed"),
        ("usable", "disposed"),
        ("blocked", "disposed"),
        ("expired", "disposed"),
    }
)
CHECKS = ("viscosity_mpas", "conductivity_s_per_cm")


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Component(_Input):
    """One material of a formula: its share of the whole mass, and how far off it may be weighed.

    tolerance_ratio: relative to the component's own target mass.
    """

    material_definition_id: str = Field(min_length=1)
    mass_ratio: float = Field(gt=0, lt=1)
    tolerance_ratio: float = Field(gt=0, lt=1)


class Band(_Input):
    """The limits of one check of a mix, both within."""

    low: float
    high: float

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        return self


class MixFormula(_Input):
    """What a glue is mixed of, how long it may be used, and what it must show before.

    received_allowed: a lot that came into the plant ready mixed may be used too, for
    `received_life_s` from its receipt; without one for the pot life of a mix.
    """

    formula_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    material_definition_id: str = Field(min_length=1)
    description: str
    components: tuple[Component, ...] = Field(min_length=2)
    density_g_per_cm3: float = Field(gt=0.5, lt=5.0)
    pot_life_s: float = Field(gt=0)
    checks: dict[str, Band]
    received_allowed: bool = False
    received_life_s: float | None = Field(default=None, gt=0)
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [item.material_definition_id for item in self.components]
        if len(set(names)) != len(names):
            raise ValueError("a material is named twice")
        total = sum(item.mass_ratio for item in self.components)
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"mass ratios make {total:.6f}, not 1")
        if set(self.checks) != set(CHECKS):
            raise ValueError(f"checks must be {', '.join(CHECKS)}")
        return self


class Weighing(_Input):
    """How much of one lot went into a mix."""

    lot_id: str = Field(min_length=1, max_length=200)
    material_definition_id: str = Field(min_length=1, max_length=200)
    mass_g: float = Field(gt=0, le=100_000, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class Mix:
    """One mix as it is kept."""

    lot_id: str
    state: State
    reason: str | None
    weighed_by: str
    verified_by: str | None
    checks: Mapping[str, float]
    left_ul: float
    expires_at: datetime


def made_ul(formula: MixFormula, weighings: Sequence[Weighing]) -> float:
    """Return the volume of a weigh-out that is within the formula's tolerances, in microlitres.

    Raises:
        InvalidInputError: a lot is named twice, or a material is foreign or missing.
        OutOfLimitsError: a mass is outside its tolerance; names value, limits and remedy.
    """
    lots = [item.lot_id for item in weighings]
    if len(set(lots)) != len(lots):
        raise InvalidInputError("a lot is weighed twice; enter its masses as one")
    mass_g: dict[str, float] = {}
    for item in weighings:
        name = item.material_definition_id
        mass_g[name] = mass_g.get(name, 0.0) + item.mass_g
    wanted = {item.material_definition_id for item in formula.components}
    if mass_g.keys() != wanted:
        raise InvalidInputError(
            f"formula {formula.formula_id} version {formula.version} wants {sorted(wanted)}, "
            f"weighed were {sorted(mass_g)}"
        )
    total_g = sum(mass_g.values())
    for component in formula.components:
        _check_mass(component, mass_g[component.material_definition_id], total_g)
    return total_g / formula.density_g_per_cm3 * 1000.0


def _check_mass(component: Component, mass_g: float, total_g: float) -> None:
    share = mass_g / total_g
    low, high = (
        component.mass_ratio * (1.0 + side * component.tolerance_ratio) for side in (-1, 1)
    )
    if not low <= share <= high:
        raise OutOfLimitsError(
            f"{component.material_definition_id} {mass_g:.6g} g is {share:.5f} of {total_g:.6g} g, "
            f"its limits are {low:.5f} to {high:.5f}; correct the weigh-out or dispose of it"
        )


def moved(mix: Mix, state: State) -> State:
    """Return the state a mix moves to.

    Raises:
        IllegalTransitionError: the table of moves has no such move.
    """
    if (mix.state, state) not in MOVES:
        raise IllegalTransitionError(
            f"glue mix {mix.lot_id} is {mix.state}, it cannot become {state}", {"state": mix.state}
        )
    return state


def check_alive(mix: Mix, now: datetime, end: datetime | None = None) -> None:
    """Refuse all but disposal for a mix past its life, or that will be before `end`.

    Raises:
        BlockedError: names the instant, the rule and the remedy.
    """
    if mix.state == "disposed":
        raise BlockedError(f"glue mix {mix.lot_id} was disposed of; mix anew")
    if mix.state == "expired" or mix.expires_at <= now:
        raise BlockedError(
            f"glue mix {mix.lot_id}: pot life ended at {mix.expires_at.isoformat()}; "
            "dispose of it and mix anew"
        )
    if end is not None and mix.expires_at < end:
        raise BlockedError(
            f"glue mix {mix.lot_id}: pot life ends at {mix.expires_at.isoformat()}, before the job "
            f"would end at {end.isoformat()}; take a younger mix"
        )


def check_usable(mix: Mix, needed_ul: float, now: datetime, end: datetime) -> None:
    """Refuse a mix that may not be sprayed from `now` to `end`.

    Raises:
        BlockedError: past its life, not verified and checked, blocked, or too little is left.
    """
    check_alive(mix, now, end)
    if mix.state != "usable":
        remedy = "verify and check it" if mix.state == "weighed" else "dispose of it"
        raise BlockedError(
            f"glue mix {mix.lot_id} is {mix.state}{f' ({mix.reason})' if mix.reason else ''}; "
            f"{remedy}"
        )
    if mix.left_ul < needed_ul:
        raise BlockedError(
            f"glue mix {mix.lot_id} has {mix.left_ul:.4g} µL left, {needed_ul:.4g} µL are needed; "
            "take another mix"
        )


def check_verifier(mix: Mix, person: str) -> None:
    """Refuse a verification by whoever weighed.

    Raises:
        NotAllowedError: the same person.
    """
    if mix.weighed_by == person:
        raise NotAllowedError(
            f"glue mix {mix.lot_id} was weighed by {person}; a second person must verify it"
        )


def judged(
    formula: MixFormula, mix: Mix, checks: Mapping[str, float], verified_by: str | None
) -> tuple[State, str | None]:
    """Return the state that verification and checks make of a mix, with the reason.

    Raises:
        InvalidInputError: a check the formula does not know.
    """
    for name, value in checks.items():
        band = formula.checks.get(name)
        if band is None:
            raise InvalidInputError(f"no check {name}; known are {', '.join(CHECKS)}")
        if not band.low <= value <= band.high:
            unit = display_unit(name)
            return (
                moved(mix, "blocked") if mix.state != "blocked" else "blocked",
                f"{name} {value:.4g} {unit} is not within {band.low:.4g} to {band.high:.4g} {unit}",
            )
    if mix.state != "weighed":
        return mix.state, mix.reason
    missing = [name for name in formula.checks if name not in checks]
    if missing or verified_by is None:
        return "weighed", None
    return moved(mix, "usable"), None
