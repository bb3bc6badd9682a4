"""What is known of a furnace's thermocouples."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.sintering.qualification import FurnaceQualification, zone_of

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SURVEY: dict[str, Any] = {
    "equipment_id": "one",
    "version": 1,
    "position_share": 0.6,
    "tray_share": 0.4,
    "zone_offset_degc": -2.0,
    "drift_limit_degc": 8.0,
    "qualified_at": NOW,
    "valid_until": NOW + timedelta(days=365),
    "source": "survey",
}


@pytest.mark.parametrize(
    ("offsets_degc", "drift_degc"),
    [
        ([20.0] * 4, None),  # fewer than five runs
        ([6.0] * 5, None),  # 8 away, which the limit allows
        ([6.1] * 5, 8.1),
        ([-10.5] * 5, -8.5),
        ([90.0, -2.0, -2.0, -2.0, -2.0, -2.0], None),  # only the last five count
        ([40.0, -2.0, -2.0, -2.0, -2.0], 8.4),
    ],
)
def test_a_drift_is_the_mean_of_five_runs_away_from_the_calibration(
    offsets_degc: list[float], drift_degc: float | None
) -> None:
    found = FurnaceQualification.model_validate(SURVEY).drift(offsets_degc)
    assert found == (None if drift_degc is None else pytest.approx(drift_degc))


def test_the_way_between_the_thermocouples_has_three_zones() -> None:
    shares = (0.0, 0.33, 0.34, 0.66, 0.67, 1.0)
    assert [zone_of(share)[5] for share in shares] == ["1", "1", "2", "2", "3", "3"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tray_share": 0.5}, "must add up to 1"),
        ({"valid_until": NOW}, "is not after qualified_at"),
        ({"drift_limit_degc": 0}, "greater than 0"),
        ({"source": ""}, "at least 3 characters"),
    ],
)
def test_a_survey_without_sense_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FurnaceQualification.model_validate(SURVEY | wrong)
