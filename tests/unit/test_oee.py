"""Time by state, ratios of ISO 22400 and losses, against figures worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.oee import (
    BUCKETS,
    Norm,
    Output,
    Span,
    pareto,
    ratios,
    reliability,
    stops,
    time_by_state,
)
from shared.facts import DataQuality, EquipmentState

SINCE = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=8)
HOUR = 3600.0


def span(hour: float, state: str, quality: str = "good", **values: Any) -> Span:
    common = {"begun_at": SINCE + timedelta(hours=hour), "state": state, "data_quality": quality}
    return Span(**{**common, **values})  # type: ignore[arg-type]


def made(operation: str, ended: int, **values: Any) -> Output:
    return Output(
        **{"operation": operation, "ended_count": ended, "aborted_count": 0, "busy_s": 0.0} | values
    )  # type: ignore[arg-type]


SHIFT = (
    span(-3, "productive"),
    span(2, "unscheduled_down", reason="door open", downtime_reason="mechanical"),
    span(3, "standby"),
    span(4, "productive", "stale"),
    span(5, "scheduled_down"),
    span(6, "productive"),
    span(7, "nonscheduled"),
)


def test_the_states_of_a_shift_add_up_and_what_nobody_knows_stands_apart() -> None:
    times = time_by_state(SHIFT, SINCE, UNTIL)
    assert times == {
        "productive": 3 * HOUR,
        "standby": HOUR,
        "engineering": 0.0,
        "scheduled_down": HOUR,
        "unscheduled_down": HOUR,
        "nonscheduled": HOUR,
        "unknown": HOUR,
    }


def test_a_station_of_which_nothing_was_said_is_unknown_and_has_no_ratio() -> None:
    times = time_by_state([], SINCE, UNTIL)
    assert times["unknown"] == 8 * HOUR
    found = ratios(times, [], {})
    assert (found["availability"], found["effectiveness"], found["quality"]) == (None, None, None)
    assert found["oee"] is None
    assert (found["availability_low"], found["availability_high"]) == (0, 1)


def test_the_ratios_of_a_shift_are_those_of_iso_22400() -> None:
    norms = {"spray": Norm(operation="spray", planned_s=HOUR, gates=("spray",))}
    output = made("spray", 2, released_count=3, decided_count=4)
    found = ratios(time_by_state(SHIFT, SINCE, UNTIL), [output], norms)
    assert (found["apt_s"], found["pbt_s"]) == (3 * HOUR, 5 * HOUR)
    assert found["availability"] == pytest.approx(0.6)
    assert (found["availability_low"], found["availability_high"]) == (0.5, pytest.approx(4 / 6))
    assert found["effectiveness"] == pytest.approx(2 / 3)
    assert found["quality"] == 0.75
    assert found["oee"] == pytest.approx(0.6 * 2 / 3 * 0.75)


def test_more_than_was_planned_is_more_than_one_and_not_cut_off() -> None:
    norms = {"spray": Norm(operation="spray", planned_s=HOUR)}
    found = ratios(time_by_state(SHIFT, SINCE, UNTIL), [made("spray", 6)], norms)
    assert found["effectiveness"] == pytest.approx(2.0)


def test_one_operation_without_a_norm_leaves_the_effectiveness_unknown() -> None:
    norms = {"spray": Norm(operation="spray", planned_s=HOUR)}
    found = ratios(time_by_state(SHIFT, SINCE, UNTIL), [made("spray", 1), made("rest", 1)], norms)
    assert found["effectiveness"] is None and found["oee"] is None
    aborted = [made("spray", 1), made("rest", 0, aborted_count=1)]
    assert ratios(time_by_state(SHIFT, SINCE, UNTIL), aborted, norms)["effectiveness"] is not None


def test_a_stop_counts_inside_the_period_alone_and_lasts_while_it_stands() -> None:
    spans = [span(-1, "unscheduled_down"), span(1, "productive"), span(7.5, "unscheduled_down")]
    first, last = stops("s", spans, SINCE, UNTIL)
    assert (first.duration_s, last.duration_s) == (HOUR, HOUR / 2)
    assert (first.ended_at, last.ended_at) == (SINCE + timedelta(hours=1), None)
    assert reliability([first, last], 6.5 * HOUR) == {
        "failure_count": 2,
        "mtbf_s": 3.25 * HOUR,
        "mttr_s": HOUR,
    }
    assert reliability([], HOUR) == {"failure_count": 0, "mtbf_s": None, "mttr_s": None}


def test_losses_without_a_reason_are_a_row_of_their_own() -> None:
    spans = [
        span(0, "unscheduled_down", downtime_reason="material"),
        span(1, "standby"),
        span(2, "unscheduled_down"),
        span(5, "unscheduled_down", downtime_reason="material"),
        span(5.5, "standby"),
    ]
    rows = pareto(stops("s", spans, SINCE, UNTIL))
    assert [(row["reason"], row["count"], row["lost_s"]) for row in rows] == [
        ("not_given", 1, 3 * HOUR),
        ("material", 2, 1.5 * HOUR),
    ]
    assert [row["cumulated_ratio"] for row in rows] == [pytest.approx(2 / 3), 1.0]


any_spans = st.lists(
    st.builds(
        span,
        st.floats(-4, 12),
        st.sampled_from(get_args(EquipmentState)),
        st.sampled_from(get_args(DataQuality)),
    ),
    max_size=12,
    unique_by=lambda item: item.begun_at,
)


@given(any_spans)
def test_any_spans_fill_the_period_and_unknown_never_counts_as_good(spans: list[Span]) -> None:
    times = time_by_state(spans, SINCE, UNTIL)
    assert set(times) == set(BUCKETS) and min(times.values()) >= 0
    assert sum(times.values()) == pytest.approx(8 * HOUR)
    found = ratios(times, [], {})
    low, high = found["availability_low"], found["availability_high"]
    if found["availability"] is not None:
        assert low - 1e-9 <= found["availability"] <= high + 1e-9
    lost_s = sum(stop.duration_s for stop in stops("s", spans, SINCE, UNTIL))
    assert lost_s == pytest.approx(times["unscheduled_down"], abs=1e-6)
