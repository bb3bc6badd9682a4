"""Exposure: the dose adds up, never falls, and is unknown wherever no sensor watched."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.quality.domain import ExposureBudget
from services.quality.exposure import AirSample, Exposure, added, exposure, sentence, state_of
from services.quality.gas import OXYGEN_GAS, dew_point_degc_of, water_ppm
from shared.errors import InvalidInputError

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
GAP_S = 15.0
BUDGET = ExposureBudget(
    state="bare_sodium",
    product_id="nvp-coin",
    budget_minutes=10.0,
    budget_dose_ppm_h=30.0,
    from_operation="stack",
    to_operation="seal",
    room_equipment_id="pilot/dryroom/room/dryroom-1",
    source="plant",
)
DEW_POINTS = st.floats(-60.0, 15.0)


def at(seconds):
    return START + timedelta(seconds=seconds)


def sensor(*pairs):
    return [AirSample(source_at=at(seconds), value=degc) for seconds, degc in pairs]


def every_ten_s(values, offset_s=0.0):
    return sensor(*((10.0 * index + offset_s, degc) for index, degc in enumerate(values)))


def evaluated(sensors, from_s, to_s, gap_s=GAP_S):
    return exposure(sensors, at(from_s), at(to_s), longest_gap_s=gap_s)


@st.composite
def rooms(draw):
    """Two sensors that live from 0 s to 200 s and agree within 5 K."""
    first = draw(st.lists(DEW_POINTS, min_size=21, max_size=21))
    offsets = draw(st.lists(st.floats(-4.9, 4.9), min_size=21, max_size=21))
    second = [degc + offset for degc, offset in zip(first, offsets, strict=True)]
    return {"dew_point_1_degc": every_ten_s(first), "dew_point_2_degc": every_ten_s(second)}


INSTANTS = st.tuples(*[st.integers(0, 200_000)] * 3).map(
    lambda three: [item / 1000.0 for item in sorted(three)]
)


@given(room=rooms(), instants=INSTANTS)
def test_the_doses_of_a_split_interval_add_up(room, instants):
    first, middle, last = instants
    whole = evaluated(room, first, last)
    parts = [evaluated(room, first, middle), evaluated(room, middle, last)]
    assert whole.dose_ppm_h == pytest.approx(sum(part.dose_ppm_h for part in parts), rel=1e-6)
    assert whole.minutes == pytest.approx(sum(part.minutes for part in parts))


@given(room=rooms(), instants=INSTANTS)
def test_a_longer_interval_never_has_a_smaller_dose(room, instants):
    first, middle, last = instants
    shorter, longer = evaluated(room, first, middle), evaluated(room, first, last)
    assert longer.dose_ppm_h >= shorter.dose_ppm_h
    assert longer.minutes >= shorter.minutes


@given(room=rooms(), instants=INSTANTS)
def test_two_sensors_count_at_least_as_much_as_the_worse_of_them(room, instants):
    first, _, last = instants
    both = evaluated(room, first, last).dose_ppm_h
    alone = [evaluated({name: own}, first, last).dose_ppm_h for name, own in room.items()]
    assert both >= max(alone) - 1e-9 * max(alone)


@given(room=rooms(), instants=INSTANTS, lost=st.integers(1, 19))
def test_an_interval_is_unknown_exactly_when_a_gap_lies_in_it(room, instants, lost):
    first, _, last = instants
    holed = {name: [*own[:lost], *own[lost + 1 :]] for name, own in room.items()}
    gap = (10.0 * (lost - 1), 10.0 * (lost + 1))
    touches = last > first and first < gap[1] and last > gap[0]
    found = evaluated(holed, first, last)
    assert (found.dose_ppm_h is None) == touches
    assert (found.reason is not None) == touches


@given(room=rooms(), instants=INSTANTS, lost=st.integers(1, 19))
def test_a_value_that_is_not_good_leaves_the_other_sensor_to_speak(room, instants, lost):
    first, _, last = instants
    bad = AirSample(source_at=room["dew_point_1_degc"][lost].source_at, value=None)
    own = room["dew_point_1_degc"]
    holed = room | {"dew_point_1_degc": [*own[:lost], bad, *own[lost + 1 :]]}
    assert evaluated(holed, first, last).dose_ppm_h is not None
    alone = {"dew_point_1_degc": holed["dew_point_1_degc"]}
    near_the_hole = evaluated(alone, 10.0 * lost - 5.0, 10.0 * lost + 5.0)
    assert near_the_hole.dose_ppm_h is None


def test_water_content_is_that_of_the_tables():
    # Frost points and their vapour pressures: -40 degC 12.85 Pa, 0 degC 611 Pa, +10 degC 1228 Pa.
    assert water_ppm(-40.0) == pytest.approx(12.85 / 0.101325, rel=0.01)
    assert water_ppm(0.0) == pytest.approx(611.2 / 0.101325, rel=1e-9)
    assert water_ppm(10.0) == pytest.approx(1228.0 / 0.101325, rel=0.01)


@pytest.mark.parametrize("degc", [-300.0, 61.0, float("nan")])
def test_a_dew_point_beyond_every_hygrometer_is_refused(degc):
    with pytest.raises(InvalidInputError, match=r"dew_point_degc is .* °C; it must be -110"):
        water_ppm(degc)


def test_an_hour_in_constant_air_is_its_water_content():
    room = {"a": sensor((-10.0, -40.0), (3700.0, -40.0))}
    found = evaluated(room, 0.0, 3600.0, gap_s=9010.0)
    assert found.dose_ppm_h == pytest.approx(water_ppm(-40.0))
    assert found.minutes == 60.0


def test_sensors_that_disagree_know_nothing():
    room = {"a": every_ten_s([-45.0] * 11), "b": every_ten_s([-45.0] * 5 + [-39.0] * 6)}
    assert evaluated(room, 0.0, 40.0).dose_ppm_h is not None
    found = evaluated(room, 0.0, 60.0)
    assert found.dose_ppm_h is None
    assert found.reason.startswith("sensors disagree by 6.0 K, limit 5 K")


def test_the_worse_sensor_counts_where_they_cross():
    room = {"a": sensor((0.0, -44.0), (10.0, -40.0)), "b": sensor((0.0, -40.0), (10.0, -44.0))}
    wet, dry = water_ppm(-40.0), water_ppm(-44.0)
    mean = (wet + (wet + dry) / 2.0) / 2.0
    assert evaluated(room, 0.0, 10.0).dose_ppm_h == pytest.approx(mean * 10.0 / 3600.0)


def test_no_sensor_at_all_is_unknown_and_names_the_time():
    found = evaluated({}, 0.0, 60.0)
    assert found.minutes == 1.0
    assert found.reason == "no living dew point sensor from 2026-03-02 06:00:00 to 06:01:00"


def test_an_interval_that_ends_before_it_begins_is_refused():
    with pytest.raises(InvalidInputError, match=r"interval ends at .* before its start"):
        evaluated({}, 60.0, 0.0)


@pytest.mark.parametrize(
    ("minutes_open", "degc", "state"),
    [(1.0, -45.0, "within"), (8.5, -45.0, "near"), (11.0, -45.0, "over"), (5.0, -15.0, "over")],
)
def test_a_budget_is_kept_neared_or_broken(minutes_open, degc, state):
    room = {"a": every_ten_s([degc] * 80)}
    found = evaluated(room, 0.0, minutes_open * 60.0)
    assert state_of(found, BUDGET) == state


def test_an_unknown_dose_is_unknown_but_minutes_alone_can_break_the_budget():
    unknown, over = evaluated({}, 0.0, 60.0), evaluated({}, 0.0, 700.0)
    assert state_of(unknown, BUDGET) == "unknown"
    assert state_of(over, BUDGET) == "over"
    assert sentence(over, BUDGET).startswith(
        "bare_sodium: 11.67 of 10 min and unknown of 30 ppm·h from stack to seal (budget version 1)"
    )


@given(degc=st.floats(-109.9, 59.9))
def test_the_water_of_a_glove_box_in_ppm_is_the_dew_point_that_it_is(degc):
    assert dew_point_degc_of(water_ppm(degc)) == pytest.approx(degc, abs=0.01)


def test_less_water_than_hygrometers_show_is_the_driest_they_can_and_an_impossible_one_is_none():
    assert dew_point_degc_of(0.0) == -110.0
    assert dew_point_degc_of(-0.1) is None
    assert dew_point_degc_of(1e6) is None


def test_the_dose_of_oxygen_is_that_of_the_worse_sensor_and_unknown_where_two_disagree():
    box = {"oxygen_1_ppm": every_ten_s([0.5] * 4), "oxygen_2_ppm": every_ten_s([3.0] * 4)}
    found = exposure(box, at(0), at(30), longest_gap_s=GAP_S, gas=OXYGEN_GAS)
    assert found.dose_ppm_h == pytest.approx(3.0 * 30 / 3600)
    apart = box | {"oxygen_2_ppm": every_ten_s([5.6] * 4)}
    found = exposure(apart, at(0), at(30), longest_gap_s=GAP_S, gas=OXYGEN_GAS)
    assert found.dose_ppm_h is None
    assert "sensors disagree by 5.1 ppm, limit 5 ppm" in found.reason
    assert "oxygen_1_ppm 0.5 ppm, oxygen_2_ppm 5.6 ppm" in found.reason


def test_what_is_built_of_opened_parts_has_the_longest_time_and_the_largest_dose_of_them():
    own = Exposure(minutes=10.0, dose_ppm_h=5.0)
    long, wet = Exposure(minutes=30.0, dose_ppm_h=1.0), Exposure(minutes=7.0, dose_ppm_h=9.0)
    assert added([], own) == own
    assert added([long, wet], own) == Exposure(minutes=40.0, dose_ppm_h=14.0)
    blind = Exposure(minutes=1.0, dose_ppm_h=None, reason="no living sensor")
    found = added([long, blind], own)
    assert (found.minutes, found.dose_ppm_h, found.reason) == (40.0, None, "no living sensor")
