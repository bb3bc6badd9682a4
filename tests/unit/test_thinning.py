"""Thinning of live values keeps ramps, jumps and every status."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.stations import Sample
from shared.thinning import Thinning

AT = datetime(2026, 1, 5, 6, tzinfo=UTC)


def sample(place: int, value: float | None, status: str = "Good") -> Sample:
    at = AT + timedelta(seconds=place)
    return Sample(signal="temperature_degc", value=value, status=status, source_at=at)


def thinned(samples: list[Sample], smallest: float = 5.0) -> list[Sample]:
    thinning = Thinning({"temperature_degc": smallest})
    return [kept for item in samples for kept in thinning.kept(item)]


def test_a_slow_ramp_of_small_steps_is_kept_to_its_smallest_change() -> None:
    kept = thinned([sample(place, float(place)) for place in range(101)])
    values = [item.value for item in kept if item.value is not None]
    assert values[-1] >= 95
    assert max(after - before for before, after in itertools.pairwise(values)) <= 5.0


def test_a_change_of_status_alone_is_kept_with_its_time() -> None:
    statuses = ["Good", "Good", "GoodLocalOverride", "GoodLocalOverride", "Good"]
    kept = thinned([sample(place, 20.0, status) for place, status in enumerate(statuses)])
    assert [item.status for item in kept if item.source_at in (AT, *(later(2), later(4)))] == [
        "Good",
        "GoodLocalOverride",
        "Good",
    ]


def later(place: int) -> datetime:
    return AT + timedelta(seconds=place)


def test_a_gap_is_kept_once_with_its_beginning_and_its_end() -> None:
    values = [20.0, 21.0, None, None, 21.0]
    statuses = ["Good", "Good", "BadNoCommunication", "BadNoCommunication", "Good"]
    pairs = zip(values, statuses, strict=True)
    kept = thinned([sample(place, *pair) for place, pair in enumerate(pairs)])
    assert [item.value for item in kept] == [20.0, 21.0, None, None, 21.0]


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60), st.floats(0.1, 30))
def test_no_value_left_out_was_further_than_the_smallest_change_from_one_kept(
    values: list[float], smallest: float
) -> None:
    samples = [sample(place, value) for place, value in enumerate(values)]
    kept = thinned(samples, smallest)
    assert [item.source_at for item in kept] == sorted(item.source_at for item in kept)
    for item in samples:
        before = [other.value for other in kept if other.source_at <= item.source_at]
        near = [abs(float(item.value or 0.0) - float(other or 0.0)) for other in before]
        assert min(near) <= smallest
