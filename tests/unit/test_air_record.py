"""The exposure of many intervals at once is that of each, whatever the sensors showed."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.quality.airrecord import SensorRecord, air_record
from services.quality.exposure import AirSample, exposure

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
GAP_S = 25.0
SHOWN = st.one_of(st.floats(-60.0, 15.0), st.none())
STEPS = st.lists(
    st.tuples(st.sampled_from([1.0, 7.0, 10.0, 24.0, 40.0]), SHOWN), min_size=2, max_size=15
)


def samples(steps):
    """Return what one sensor showed, from steps of (seconds since the sample before, degC)."""
    times = np.cumsum([seconds for seconds, _ in steps])
    return [(float(at_s), degc) for at_s, (_, degc) in zip(times, steps, strict=True)]


def arrays(shown):
    return SensorRecord(
        time_s=np.array([at_s for at_s, _ in shown]),
        shown=np.array([math.nan if degc is None else degc for _, degc in shown]),
    )


def one_by_one(sensors, from_s, to_s):
    named = {
        str(number): [
            AirSample(source_at=START + timedelta(seconds=at_s), value=degc) for at_s, degc in shown
        ]
        for number, shown in enumerate(sensors)
    }
    ends = START + timedelta(seconds=from_s), START + timedelta(seconds=to_s)
    return exposure(named, *ends, longest_gap_s=GAP_S).dose_ppm_h


@settings(deadline=None, max_examples=300)
@given(
    rooms=st.lists(STEPS, min_size=1, max_size=3),
    ends=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=8),
    close=st.booleans(),
)
def test_a_record_gives_the_dose_of_each_interval_and_unknown_where_that_is(rooms, ends, close):
    sensors = [samples(steps) for steps in rooms]
    if close:  # a second sensor beside the first, so that they mostly agree
        sensors.append([(at_s + 0.5, degc) for at_s, degc in sensors[0]])
    intervals = [tuple(sorted(pair)) for pair in ends]
    expected = [one_by_one(sensors, from_s, to_s) for from_s, to_s in intervals]
    found = air_record([arrays(shown) for shown in sensors], GAP_S).doses_ppm_h(
        np.array([from_s for from_s, _ in intervals], float),
        np.array([to_s for _, to_s in intervals], float),
    )
    wanted = [math.nan if dose is None else dose for dose in expected]
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9, nan_ok=True)


def test_a_room_without_any_sample_is_unknown_and_no_time_at_all_is_no_dose():
    found = air_record([], GAP_S).doses_ppm_h(np.array([0.0, 5.0]), np.array([1.0, 5.0]))
    assert np.isnan(found[0]) and found[1] == 0.0
