"""Master recipes: limits hold, suspect values go nowhere."""

import pytest
from pydantic import ValidationError

from shared.errors import InvalidInputError, OutOfLimitsError
from shared.recipes import MasterRecipe

RECIPE = {
    "recipe_id": "eap-coin",
    "version": 1,
    "station_kind": "eap",
    "description": "spray",
    "parameters": {
        "needle_voltage_v": {"value": 15000, "low": 14000, "high": 16000, "source": "paper L157"},
        "flow_mm_per_min": {
            "value": 0.06,
            "source": "paper L157",
            "status": "suspect",
            "reason": "no flow in mm",
        },
    },
}


def test_a_suspect_value_is_kept_but_not_sent() -> None:
    recipe = MasterRecipe.model_validate(RECIPE)
    assert recipe.control({}) == {"needle_voltage_v": 15000.0}
    assert recipe.parameters["flow_mm_per_min"].reason == "no flow in mm"


@pytest.mark.parametrize("voltage_v", [13999.9, 16000.1, -15000.0])
def test_an_order_outside_the_limits_is_refused_with_value_limit_and_unit(voltage_v: float) -> None:
    recipe = MasterRecipe.model_validate(RECIPE)
    with pytest.raises(
        OutOfLimitsError, match=rf"needle_voltage_v {voltage_v} V is .* limit 1\d000"
    ):
        recipe.control({"needle_voltage_v": voltage_v})


@pytest.mark.parametrize("name", ["flow_mm_per_min", "needle_current_ma"])
def test_an_order_cannot_set_what_the_recipe_does_not_release(name: str) -> None:
    recipe = MasterRecipe.model_validate(RECIPE)
    with pytest.raises(InvalidInputError, match=f"has no parameter {name}"):
        recipe.control({name: 1.0})


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"value": 20000, "low": 1, "high": 2, "source": "plant"}, "above its limit"),
        ({"value": 1, "low": 3, "high": 2, "source": "plant"}, "low 3.0 is above high 2.0"),
        ({"value": 1, "source": "plant", "status": "suspect"}, "needs a reason"),
        ({"value": 1, "source": "plant", "unit": "kV"}, "Extra inputs"),
        ({"value": 1}, "Field required"),
    ],
)
def test_an_unsound_recipe_is_refused(change: dict[str, object], word: str) -> None:
    wrong = {**RECIPE, "parameters": {"needle_voltage_v": change}}
    with pytest.raises(ValidationError, match=word):
        MasterRecipe.model_validate(wrong)
