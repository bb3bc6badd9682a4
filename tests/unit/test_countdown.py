"""Countdown of an exposure budget: it ends when the exposure, had it been known, reaches it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.quality.countdown import NEVER, begun, read_on
from services.quality.domain import ExposureBudget
from services.quality.exposure import AirSample, exposure
from services.quality.gas import water_ppm

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
GAP_S = 25.0
BUDGET = ExposureBudget(
    state="bare_sodium",
    product_id="nvp-coin",
    budget_minutes=60.0,
    budget_dose_ppm_h=100.0,
    from_operation="stack",
    to_operation="seal",
    room_equipment_id="pilot/dryroom/room/dryroom-1",
    source="plant",
)


def at(seconds):
    return START + timedelta(seconds=seconds)


def sensor(*pairs):
    return [AirSample(source_at=at(seconds), value=degc) for seconds, degc in pairs]


def every_ten_s(values):
    return sensor(*((10.0 * number - 20.0, degc) for number, degc in enumerate(values)))


def read_in_pieces(rooms, pieces):
    """Read samples as they come: after each of some counts all that were there by then."""
    countdown = begun(START, GAP_S)
    for count in pieces:
        there = {name: own[:count] for name, own in rooms.items()}
        countdown = read_on(countdown, there, GAP_S)
    return countdown


@settings(deadline=None)
@given(
    first=st.lists(st.floats(-60.0, 10.0), min_size=40, max_size=40),
    apart_k=st.floats(-4.9, 4.9),
    pieces=st.lists(st.integers(2, 40), max_size=6).map(sorted),
)
def test_a_countdown_read_in_pieces_holds_the_dose_of_the_whole(first, apart_k, pieces):
    rooms = {"a": every_ten_s(first), "b": every_ten_s([degc + apart_k for degc in first])}
    found = read_in_pieces(rooms, [*pieces, 40])
    whole = exposure(rooms, START, found.known_to, longest_gap_s=GAP_S)
    assert found.known_to == at(370.0)
    assert found.dose_ppm_h == pytest.approx(whole.dose_ppm_h, rel=1e-9)
    assert found.rate_ppm == pytest.approx(water_ppm(max(first[-1], first[-1] + apart_k)))


@given(degc=st.floats(-60.0, 10.0))
def test_a_budget_is_used_up_when_the_same_air_for_that_long_uses_it_up(degc):
    gap_s = 7200.0
    found = read_on(begun(START, gap_s), {"a": every_ten_s([degc] * 3)}, gap_s)
    limit_at = found.limit_at(BUDGET)
    wanted_h = min(BUDGET.budget_minutes / 60.0, BUDGET.budget_dose_ppm_h / water_ppm(degc))
    assert (limit_at - START).total_seconds() == pytest.approx(wanted_h * 3600.0, abs=1e-5)
    assert found.state(BUDGET, limit_at) == "over"
    assert found.state(BUDGET, limit_at - timedelta(milliseconds=1)) == "near"


def test_time_alone_takes_a_countdown_through_its_states():
    found = read_in_pieces({"a": every_ten_s([-45.0] * 3)}, [3])
    assert found.state(BUDGET, at(1.0)) == "within"
    assert found.next_change(BUDGET, at(1.0)) == at(25.0)
    assert found.state(BUDGET, at(25.0)) == "unknown"
    assert found.at(at(25.0)).reason == "no living dew point sensor since 2026-03-02 06:00:00"
    assert found.next_change(BUDGET, at(25.0)) == at(0.8 * 3600.0)
    assert found.state(BUDGET, at(3600.0)) == "over"
    assert found.next_change(BUDGET, at(3600.0)) == NEVER


def test_two_sensors_that_disagree_make_the_present_unknown_at_once():
    rooms = {"a": every_ten_s([-45.0] * 3), "b": every_ten_s([-45.0, -45.0, -39.0])}
    found = read_in_pieces(rooms, [2, 3])
    assert found.state(BUDGET, at(1.0)) == "unknown"
    assert found.reason == "sensors disagree by 6.0 K, limit 5 K"


def test_a_sensor_that_says_it_is_broken_leaves_the_other_to_count():
    rooms = {"a": every_ten_s([-45.0] * 5), "b": every_ten_s([-45.0, -45.0, -45.0, None, None])}
    found = read_in_pieces(rooms, [5])
    assert (found.state(BUDGET, at(21.0)), found.known_to) == ("within", at(20.0))


def test_samples_that_come_late_after_all_make_the_unknown_known():
    whole = every_ten_s([-45.0] * 20)
    gone = {"a": [*whole[:3], *whole[15:]]}
    lost = read_on(read_in_pieces({"a": whole}, [3]), gone, GAP_S)
    assert lost.state(BUDGET, at(175.0)) == "unknown"
    assert read_on(lost, {"a": whole}, GAP_S).state(BUDGET, at(175.0)) == "within"
