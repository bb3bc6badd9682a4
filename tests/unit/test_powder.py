"""Weights of raw powders against the formula of their powder."""

from pathlib import Path

import pytest
import yaml

from services.sintering.powder import PowderFormula, mill_results, molar_mass_g_per_mol
from shared.errors import OutOfLimitsError
from shared.facts import Material, MaterialUse

MILL = {"duration_s": 14400.0, "solvent_ml": 60.0, "sieve_count": 0.0}
SIEVE = {"duration_s": 600.0, "solvent_ml": 0.0, "sieve_count": 200.0}
MASTER_DATA = Path(__file__).resolve().parents[2] / "examples" / "master-data.yaml"


@pytest.fixture(scope="module")
def formula() -> PowderFormula:
    [item] = yaml.safe_load(MASTER_DATA.read_text())["sintering"]["powder_formulas"]
    return PowderFormula.model_validate(item)


def powder(name: str, quantity_g: float, use: MaterialUse = "consumed") -> Material:
    return Material(
        lot_id=f"{name}-1", material_definition_id=name, quantity=quantity_g, unit="g", use=use
    )


def weights(formula: PowderFormula, made_g: float) -> list[Material]:
    return [
        powder(raw.material_definition_id, made_g * formula.share(raw))
        for raw in formula.raw_powders
    ]


def test_the_formula_weighs_what_the_route_orders_with_the_excess_of_the_paper(
    formula: PowderFormula,
) -> None:
    assert molar_mass_g_per_mol(formula.atoms) == pytest.approx(536.58, abs=0.02)
    masters = yaml.safe_load(MASTER_DATA.read_text())["execution"]["work_masters"]
    milled = [
        operation["stock"]
        for master in masters
        for operation in master["operations"]
        if operation["recipe_id"] == formula.mill_recipe_id
    ]
    assert len(milled) >= 2
    for stock in milled:
        ordered = [
            powder(item["material_definition_id"], item["quantity"])
            for item in stock
            if item["unit"] == "g"
        ]
        assert formula.weighing_error_ratio(ordered) < 1e-3


def test_a_weight_beyond_the_tolerance_is_named_with_what_it_should_be(
    formula: PowderFormula,
) -> None:
    ordered = weights(formula, 100.0)
    wrong = ordered[1].model_copy(update={"quantity": ordered[1].quantity * 1.02})
    with pytest.raises(OutOfLimitsError, match=r"zro2 weighs 44\.50\d* g for 43\.63 g ± 0\.50%"):
        formula.check_weights([ordered[0], wrong, *ordered[2:]])


def test_a_raw_powder_without_its_excess_or_left_out_is_refused(formula: PowderFormula) -> None:
    ordered = weights(formula, 100.0)
    plain = ordered[0].model_copy(update={"quantity": ordered[0].quantity / 1.15})
    with pytest.raises(OutOfLimitsError, match="na2co3 weighs"):
        formula.check_weights([plain, *ordered[1:]])
    with pytest.raises(OutOfLimitsError, match="zno weighs 0 g"):
        formula.check_weights([item for item in ordered if "zno" not in item.lot_id])


def test_two_lots_of_one_raw_powder_count_together(formula: PowderFormula) -> None:
    ordered = weights(formula, 100.0)
    half = ordered[0].model_copy(update={"quantity": ordered[0].quantity / 2})
    assert formula.weighing_error_ratio([half, half, *ordered[1:]]) == pytest.approx(0, abs=1e-12)


def test_milling_tells_its_yield_and_regrinding_the_share_of_binder(formula: PowderFormula) -> None:
    given = [*weights(formula, 100.0), powder("nzzspo", 100.0, "produced")]
    milled = mill_results(formula, "mill-nzzspo", "PWD", given, 120.0, MILL)
    values = {item.characteristic: item.value for item in milled}
    assert values == {
        "yield_ratio": pytest.approx(120.0 / sum(item.quantity for item in given[:-1])),
        "weighing_error_ratio": pytest.approx(0, abs=1e-12),
        "solvent_ml": 60.0,
    }
    ground = [powder("nzzspo", 80.0, "processed"), powder("pva", 8.0)]
    regrind = mill_results(formula, "regrind-nzzspo", "PWD", ground, None, SIEVE)
    assert [(item.characteristic, item.value) for item in regrind] == [
        ("yield_ratio", None),
        ("sieve_count", 200.0),
        ("binder_ratio", pytest.approx(0.1)),
    ]
