"""Which shift runs, also over midnight and when the clocks change."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.shifts import shift_at
from shared.settings import PlantSettings, ShiftSettings

SHIFTS = [
    ShiftSettings(name="A", begins=time(6)),
    ShiftSettings(name="B", begins=time(14)),
    ShiftSettings(name="C", begins=time(22)),
]


def running(now: datetime, zone: str = "UTC") -> tuple[str, datetime, datetime]:
    found = shift_at(SHIFTS, zone, now)
    assert found is not None
    begun_at, ends_at = (datetime.fromisoformat(found[key]) for key in ("begun_at", "ends_at"))
    return found["name"], begun_at, ends_at


@pytest.mark.parametrize(
    ("hour", "name"), [(5.99, "C"), (6, "A"), (13.99, "A"), (14, "B"), (22, "C"), (23.99, "C")]
)
def test_a_shift_begins_with_its_minute_and_ends_with_the_next(hour: float, name: str) -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=hour)
    found, begun_at, ends_at = running(now)
    assert found == name
    assert begun_at <= now < ends_at and ends_at - begun_at == timedelta(hours=8)


def test_the_night_of_summer_time_is_an_hour_shorter() -> None:
    name, begun_at, ends_at = running(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "Europe/Berlin")
    assert name == "C"
    assert ends_at.astimezone(UTC) - begun_at.astimezone(UTC) == timedelta(hours=7)


def test_a_plant_without_shifts_has_none_and_an_unknown_time_zone_is_refused() -> None:
    assert shift_at([], "UTC", datetime(2026, 1, 5, tzinfo=UTC)) is None
    with pytest.raises(ValueError, match="Mars/Base is no time zone of the IANA database"):
        PlantSettings(site="s", line="l", time_zone="Mars/Base")


@given(
    st.integers(0, 15 * 365 * 24 * 60), st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin"])
)
def test_some_shift_runs_at_any_instant(minutes: int, zone: str) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    _, begun_at, ends_at = running(now, zone)
    assert begun_at <= now < ends_at
