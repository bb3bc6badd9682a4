"""What a station must show before it sprays: whatever is not known keeps it from starting."""

import pytest

from services.spray.interlock import Reading, not_held, sent, too_wet
from shared.recipes import MasterRecipe, Parameter

RECIPE = MasterRecipe(
    recipe_id="eap",
    version=1,
    station_kind="eap",
    description="test",
    parameters={"chuck_vacuum_kpa": Parameter(value=80, low=60, high=95, source="test")},
)


def reading(value: float | None, age_s: float = 0.0) -> Reading:
    status = "Good" if value is not None else "BadSensorFailure"
    return Reading(value=value, status=status, age_s=age_s)


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (None, "is not shown by the station"),
        (reading(None), "is unknown (BadSensorFailure)"),
        (reading(-50.0, age_s=11.0), "was last renewed 11 s ago, the limit is 10 s"),
        (reading(-35.0), "-35.0 °C is not below the recipe's limit -35.0 °C"),
    ],
)
def test_air_that_is_not_known_to_be_dry_is_too_wet(shown: Reading | None, why: str) -> None:
    assert why in (too_wet(shown, -35.0, 10.0) or "")


def test_dry_air_at_a_living_sensor_is_no_reason_to_wait() -> None:
    assert too_wet(reading(-35.1, age_s=9.9), -35.0, 10.0) is None


@pytest.mark.parametrize("shown", [None, reading(None), reading(80, age_s=11), reading(59.9)])
def test_a_chuck_that_is_not_known_to_hold_holds_nothing(shown: Reading | None) -> None:
    assert not_held(shown, RECIPE, 10.0) is not None


def test_a_chuck_within_its_limits_holds_and_without_a_limit_is_unknown() -> None:
    assert not_held(reading(60.0), RECIPE, 10.0) is None
    bare = RECIPE.model_copy(update={"parameters": {}})
    assert "no released lower limit" in (not_held(reading(80.0), bare, 10.0) or "")


def test_the_dew_point_limit_is_not_sent_to_a_station() -> None:
    assert sent({"distance_mm": 100.0, "dew_point_limit_degc": -35.0}) == {"distance_mm": 100.0}
