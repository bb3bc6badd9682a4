"""Master recipes: versioned parameters with unit, limits, source and status."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.db import sql
from shared.errors import BlockedError, InvalidInputError, NotFoundError, OutOfLimitsError
from shared.masterdata import keep_version
from shared.stations import ParameterValue
from shared.transaction import Transaction
from shared.units import display_unit

Status = Literal["released", "suspect"]

DDL = """
    CREATE TABLE master_recipe (
        recipe_id text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (recipe_id, version)
    )"""


class Parameter(BaseModel):
    """One value of a master recipe; its unit is the suffix of its name.

    `low` and `high` limit what a job order may set. A suspect value is kept with its reason, and
    is neither sent to a station nor used as a limit until a process engineer releases it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | str | tuple[float, ...]
    low: float | None = None
    high: float | None = None
    source: str = Field(min_length=3)
    status: Status = "released"
    reason: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.status == "suspect" and not self.reason:
            raise ValueError("a suspect value needs a reason")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self

    def check(self, name: str, value: ParameterValue) -> None:
        """Raise OutOfLimitsError when a value, or one of an array, lies outside the limits."""
        for item in value if isinstance(value, tuple) else (value,):
            if not isinstance(item, float):
                continue
            unit = display_unit(name)
            if self.low is not None and item < self.low:
                raise OutOfLimitsError(f"{name} {item} {unit} is below its limit {self.low} {unit}")
            if self.high is not None and item > self.high:
                raise OutOfLimitsError(
                    f"{name} {item} {unit} is above its limit {self.high} {unit}"
                )


class MasterRecipe(BaseModel):
    """What to follow for one operation of a product, in one version.

    status: a draft is not followed; a retired version ends the recipe until a newer one is
    released. product_ids: those it is for; any where none is named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    status: Literal["draft", "released", "retired"] = "released"
    product_ids: tuple[str, ...] = ()
    station_kind: str
    description: str
    parameters: dict[str, Parameter]

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, parameter in self.parameters.items():
            try:
                parameter.check(name, _plain(parameter.value))
            except OutOfLimitsError as error:
                raise ValueError(str(error)) from error
        return self

    def check_kind(self, station_kind: str) -> None:
        """Raise InvalidInputError unless the recipe is for this kind of station."""
        if self.station_kind != station_kind:
            raise InvalidInputError(
                f"recipe {self.recipe_id} is for a {self.station_kind}, not for a {station_kind}"
            )

    def check_product(self, product_id: str) -> None:
        """Raise BlockedError unless the recipe may be used for a product."""
        if self.product_ids and product_id not in self.product_ids:
            raise BlockedError(
                f"recipe {self.recipe_id} version {self.version} is for "
                f"{', '.join(self.product_ids)}, not for {product_id}; correct the product's route"
            )

    def control(self, overrides: Mapping[str, float | str]) -> dict[str, ParameterValue]:
        """Return the parameters of one control recipe: released values, and what the order sets.

        Raises:
            InvalidInputError: the order sets a parameter the recipe does not have.
            OutOfLimitsError: a value lies outside the recipe's limits.
        """
        chosen: dict[str, ParameterValue] = {
            name: _plain(parameter.value)
            for name, parameter in self.parameters.items()
            if parameter.status == "released"
        }
        for name, value in overrides.items():
            if name not in chosen:
                raise InvalidInputError(f"recipe {self.recipe_id} has no parameter {name}")
            chosen[name] = float(value) if isinstance(value, int) else value
        for name, wanted in chosen.items():
            self.parameters[name].check(name, wanted)
        return chosen


def _plain(value: float | str | tuple[float, ...]) -> ParameterValue:
    if isinstance(value, tuple):
        return tuple(float(item) for item in value)
    return value if isinstance(value, str) else float(value)


async def add(tx: Transaction, recipe: MasterRecipe) -> None:
    """Keep a version of a recipe; the same version with the same content may come again.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "master_recipe", ("recipe_id", "version"), recipe)


async def add_all(tx: Transaction, recipes: Sequence[MasterRecipe]) -> list[str]:
    """Keep recipes, all or none; return their ids.

    Raises:
        ConflictError: a version exists with other content.
    """
    for recipe in recipes:
        await add(tx, recipe)
    return [recipe.recipe_id for recipe in recipes]


async def newest(tx: Transaction, recipe_id: str) -> MasterRecipe:
    """Return the newest version of a recipe that is no draft.

    Raises:
        NotFoundError: no recipe of that id, or drafts alone.
        BlockedError: that version is retired.
    """
    statement = """
        SELECT body FROM master_recipe
        WHERE recipe_id = :recipe_id AND coalesce(body ->> 'status', 'released') <> 'draft'
        ORDER BY version DESC LIMIT 1"""
    body = await tx.scalar(sql(statement), {"recipe_id": recipe_id})
    if body is None:
        raise NotFoundError(f"recipe {recipe_id} does not exist, or no version of it is released")
    recipe = MasterRecipe.model_validate(body)
    if recipe.status == "retired":
        raise BlockedError(
            f"recipe {recipe_id} is retired since version {recipe.version}; release a newer version"
        )
    return recipe


async def version(tx: Transaction, recipe_id: str, number: int) -> MasterRecipe:
    """Return one version of a recipe.

    Raises:
        NotFoundError: no such version.
    """
    statement = "SELECT body FROM master_recipe WHERE recipe_id = :id AND version = :number"
    body = await tx.scalar(sql(statement), {"id": recipe_id, "number": number})
    if body is None:
        raise NotFoundError(f"recipe {recipe_id} has no version {number}")
    return MasterRecipe.model_validate(body)


async def listed(tx: Transaction) -> list[dict[str, Any]]:
    """Return all recipes in all versions."""
    statement = "SELECT body FROM master_recipe ORDER BY recipe_id, version"
    return list(await tx.scalars(sql(statement)))
