"""Owns the rules of sodium in the plant: what holds it, where it may lie, how much, who scraps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from services.execution.domain import Identifier, Input
from shared.errors import BlockedError, InvalidInputError, OutOfLimitsError

WARN_RATIO = 0.8


class HazardMaterial(Input):
    """A material that holds sodium, or water; a change is a version.

    sodium_g_per_unit: metal in one unit of its lots (a piece, or 1 for grams).
    """

    material_definition_id: Identifier
    version: int = Field(ge=1)
    sodium_g_per_unit: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    holds_water: bool = False
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.sodium_g_per_unit is not None) == self.holds_water:
            raise ValueError(
                f"{self.material_definition_id}: give sodium_g_per_unit or holds_water, and not "
                "both: nothing that holds both may be kept"
            )
        return self


class StoragePlace(Input):
    """A room, or a cabinet in one, where lots lie; a change is a version.

    limit_g: of sodium, in a room with all its cabinets. water: `forbidden` where sodium may lie,
    `allowed` where it may not.
    """

    place_id: Identifier
    version: int = Field(ge=1)
    room_id: Identifier | None = None
    limit_g: float = Field(ge=0, allow_inf_nan=False)
    water: Literal["forbidden", "allowed"]
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.water == "allowed" and self.limit_g > 0:
            raise ValueError(
                f"{self.place_id}: limit_g is {self.limit_g:g} g where water is allowed; it must "
                "be 0: sodium and water are never in one place"
            )
        return self


class LotMove(Input):
    """Where a person put a lot."""

    lot_id: Identifier
    place_id: Identifier
    person: str = Field(min_length=1, max_length=200)


class ScrapProposal(Input):
    """Sodium that one person wants to scrap; another one must confirm it."""

    lot_id: Identifier
    quantity: float = Field(gt=0, allow_inf_nan=False)
    person: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=1000)


class Second(Input):
    """A second person, whose password the gateway has checked for this command."""

    person: str = Field(min_length=1, max_length=200)


class ScrapConfirmation(Input):
    """The second person, who has seen the sodium destroyed.

    second: who confirms, where another one is signed in at the panel.
    """

    person: str = Field(min_length=1, max_length=200)
    second: Second | None = None

    @property
    def confirmer(self) -> str:
        """Who confirms."""
        return self.person if self.second is None else self.second.person


@dataclass(frozen=True, kw_only=True)
class Load:
    """Sodium in a place: of it alone for a cabinet, with all its cabinets for a room."""

    place: StoragePlace
    sodium_g: float

    @property
    def state(self) -> Literal["within", "near", "over"]:
        """Where it stands against the limit."""
        if self.sodium_g > self.place.limit_g:
            return "over"
        near = self.place.limit_g > 0 and self.sodium_g >= WARN_RATIO * self.place.limit_g
        return "near" if near else "within"


def loads(places: Sequence[StoragePlace], grams: Mapping[str, float]) -> list[Load]:
    """Return what each place holds; `grams` is what lies in each place itself."""
    return [
        Load(
            place=place,
            sodium_g=grams.get(place.place_id, 0.0)
            + sum(
                grams.get(other.place_id, 0.0)
                for other in places
                if other.room_id == place.place_id
            ),
        )
        for place in places
    ]


def check_move(
    material: HazardMaterial,
    lot_id: str,
    lot_g: float,
    to: StoragePlace,
    places: Sequence[StoragePlace],
    grams: Mapping[str, float],
) -> None:
    """Refuse a lot where it may not lie; `grams` is what lies in each place without the lot.

    Raises:
        BlockedError: sodium where water is allowed, or water where it is forbidden.
        OutOfLimitsError: the place or its room would hold more sodium than its limit.
    """
    room = next((place for place in places if place.place_id == to.room_id), None)
    reached = [to] if room is None else [to, room]
    for place in reached:
        if material.sodium_g_per_unit is not None and place.water == "allowed":
            raise BlockedError(
                f"rule water: {lot_id} holds sodium and water is allowed in {place.place_id}; put "
                f"it into one of {_dry(places)}"
            )
        if material.holds_water and place.water == "forbidden":
            raise BlockedError(
                f"rule water: {lot_id} holds water, which is forbidden in {place.place_id}"
            )
    with_it = dict(grams) | {to.place_id: grams.get(to.place_id, 0.0) + lot_g}
    for load in loads(places, with_it):
        if load.place in reached and load.state == "over":
            raise OutOfLimitsError(
                f"rule limit: {load.place.place_id} would hold {load.sodium_g:.4g} g of sodium, "
                f"limit {load.place.limit_g:g} g; move some out first, or use another place"
            )


def check_second(first: str, second: str) -> None:
    """Refuse a confirmation by the person who proposed the scrap.

    Raises:
        InvalidInputError: both are the same person.
    """
    if first.strip().casefold() == second.strip().casefold():
        raise InvalidInputError(
            f"rule two persons: {second.strip()} proposed this scrap; another person must "
            "confirm it"
        )


def _dry(places: Sequence[StoragePlace]) -> str:
    dry = [place.place_id for place in places if place.water == "forbidden" and place.limit_g > 0]
    return ", ".join(dry) or "no place: there is none yet"
