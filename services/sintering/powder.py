"""Powder formulas: which weights of raw powders make a powder, and how near a lot came to them."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.db import sql
from shared.errors import OutOfLimitsError
from shared.facts import Material, TestResult
from shared.intake import measured
from shared.masterdata import keep_version
from shared.stations import ParameterValue
from shared.transaction import Transaction

# g/mol; IUPAC abridged standard atomic weights 2021.
ATOMIC_WEIGHT: Mapping[str, float] = {
    "H": 1.008,
    "C": 12.011,
    "N": 14.007,
    "O": 15.999,
    "Na": 22.990,
    "Si": 28.085,
    "P": 30.974,
    "V": 50.942,
    "Mn": 54.938,
    "Fe": 55.845,
    "Ni": 58.693,
    "Zn": 65.38,
    "Zr": 91.224,
}
Atoms = dict[str, float]
TOLD = ("solvent_ml", "sieve_count")


def molar_mass_g_per_mol(atoms: Mapping[str, float]) -> float:
    """Return the mass of a formula unit, given its atoms by element."""
    return math.fsum(ATOMIC_WEIGHT[element] * count for element, count in atoms.items())


class RawPowder(BaseModel):
    """One raw powder; it is weighed for the `element` it brings, `excess_ratio` above its share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    material_definition_id: str
    atoms: Atoms
    element: str
    excess_ratio: float = Field(default=0.0, ge=0, lt=1)


class PowderFormula(BaseModel):
    """What a powder is made of, in one version.

    mill_recipe_id, regrind_recipe_id: the recipes whose job orders are held against it.
    tolerance_ratio: how far a weight may lie from the others of its lot.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    formula_id: str
    version: int = Field(ge=1)
    mill_recipe_id: str
    regrind_recipe_id: str
    atoms: Atoms
    raw_powders: tuple[RawPowder, ...] = Field(min_length=1)
    binder_definition_id: str
    tolerance_ratio: float = Field(gt=0, lt=1)
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _check(self) -> Self:
        used = {*self.atoms, *(element for raw in self.raw_powders for element in raw.atoms)}
        if unknown := used - set(ATOMIC_WEIGHT):
            raise ValueError(f"elements {sorted(unknown)} are none of {sorted(ATOMIC_WEIGHT)}")
        for raw in self.raw_powders:
            if not raw.atoms.get(raw.element) or not self.atoms.get(raw.element):
                raise ValueError(
                    f"{raw.material_definition_id} is weighed for {raw.element}, which it or the "
                    "powder does not hold"
                )
        return self

    def share(self, raw: RawPowder) -> float:
        """Return the g of a raw powder for each g of finished powder, its excess included."""
        units = self.atoms[raw.element] / raw.atoms[raw.element] * (1.0 + raw.excess_ratio)
        return units * molar_mass_g_per_mol(raw.atoms) / molar_mass_g_per_mol(self.atoms)

    def weighing_error_ratio(self, weights: Iterable[Material]) -> float:
        """Return how far the worst weight lies from the amount that fits the others of its lot."""
        return max(error for error, _ in self._weighed(weights))

    def check_weights(self, weights: Iterable[Material]) -> None:
        """Raise OutOfLimitsError for weights beyond the tolerance, with what they should be."""
        faults = [told for error, told in self._weighed(weights) if error > self.tolerance_ratio]
        if faults:
            raise OutOfLimitsError(
                f"{'; '.join(faults)} ± {self.tolerance_ratio:.2%} beside the other powders of "
                f"{self.formula_id}; weigh again"
            )

    def _weighed(self, weights: Iterable[Material]) -> list[tuple[float, str]]:
        given_g: dict[str, float] = defaultdict(float)
        for item in weights:
            if item.unit == "g":
                given_g[item.material_definition_id] += item.quantity
        wanted = {raw.material_definition_id: self.share(raw) for raw in self.raw_powders}
        made_g = median(given_g[name] / share for name, share in wanted.items())
        found = []
        for name, share in wanted.items():
            fitting_g = made_g * share
            error = abs(given_g[name] / fitting_g - 1.0) if fitting_g > 0 else 1.0
            found.append((error, f"{name} weighs {given_g[name]:g} g for {fitting_g:.4g} g"))
        return found

    def binder_share(self, materials: Iterable[Material]) -> float | None:
        """Return the g of binder for each g of powder ground with it, None without a powder."""
        listed = list(materials)
        powder_g = _mass_g(item for item in listed if item.use == "processed")
        binder_g = _mass_g(
            item for item in listed if item.material_definition_id == self.binder_definition_id
        )
        return binder_g / powder_g if powder_g > 0 else None


def mill_results(
    formula: PowderFormula | None,
    recipe_id: str,
    lot_id: str,
    materials: Sequence[Material],
    mass_g: float | None,
    told: Mapping[str, ParameterValue],
) -> list[TestResult]:
    """Return the yield of a milling, and how its weights and its binder keep to the formula.

    materials: as given into the mill. mass_g: what came out of it. told: parameters that the mill
    read back; alcohol in ml and mesh of the sieve become results of the lot, as nothing measures
    them.
    """
    given_g = _mass_g(item for item in materials if item.use != "produced")
    known = mass_g is not None and given_g > 0
    results = [
        measured(lot_id, "yield_ratio", mass_g / given_g if known and mass_g else None, "no mass")
    ]
    results += [
        measured(lot_id, name, value)
        for name in TOLD
        if isinstance(value := told.get(name), float) and value > 0
    ]
    if formula is None:
        return results
    if recipe_id == formula.mill_recipe_id:
        error = formula.weighing_error_ratio(item for item in materials if item.use == "consumed")
        return [*results, measured(lot_id, "weighing_error_ratio", error)]
    share = formula.binder_share(materials)
    return [*results, measured(lot_id, "binder_ratio", share, "no powder was given in g")]


def _mass_g(items: Iterable[Material]) -> float:
    return math.fsum(item.quantity for item in items if item.unit == "g")


async def add_formula(tx: Transaction, item: PowderFormula) -> None:
    """Keep a version of a formula; the same version with the same content may come again.

    Raises:
        ConflictError: this version exists with other content.
    """
    await keep_version(tx, "powder_formula", ("formula_id", "version"), item)


async def formula_of(tx: Transaction, recipe_id: str) -> PowderFormula | None:
    """Return the newest formula whose mill or regrind recipe this is, None where there is none."""
    statement = """
        SELECT body FROM powder_formula
        WHERE body ->> 'mill_recipe_id' = :recipe_id OR body ->> 'regrind_recipe_id' = :recipe_id
        ORDER BY version DESC, formula_id LIMIT 1"""
    body = await tx.scalar(sql(statement), {"recipe_id": recipe_id})
    return None if body is None else PowderFormula.model_validate(body)
