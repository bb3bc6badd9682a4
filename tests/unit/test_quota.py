"""How many requests one caller may make at once and in the long run."""

import contextlib

import pytest

from services.gateway.quota import MOST_CALLERS, Quota
from shared.errors import TooManyRequestsError


def taken(quota: Quota, caller: str, now_s: float, tries: int) -> int:
    """Return how many of some requests at one instant pass."""
    passed = 0
    for _ in range(tries):
        with contextlib.suppress(TooManyRequestsError):
            quota.take(caller, now_s)
            passed += 1
    return passed


def test_a_burst_passes_and_the_next_request_is_told_when_to_come_again() -> None:
    quota = Quota(per_s=4, burst=20)
    assert taken(quota, "erp", 100.0, 20) == 20

    with pytest.raises(TooManyRequestsError, match=r"erp .* 4 times .* 20 requests") as refused:
        quota.take("erp", 100.1)

    assert refused.value.retry_after_s == pytest.approx(0.15)
    quota.take("erp", 100.25)


def test_in_the_long_run_the_rate_passes_whatever_is_asked() -> None:
    quota = Quota(per_s=4, burst=20)

    passed = sum(taken(quota, "erp", second / 10, 10) for second in range(1000))

    assert passed == pytest.approx(20 + 4 * 100, abs=2)


def test_who_waited_has_no_more_than_one_burst() -> None:
    quota = Quota(per_s=4, burst=20)
    taken(quota, "erp", 0.0, 50)

    assert taken(quota, "erp", 1e6, 50) == 20


def test_one_caller_takes_nothing_from_another() -> None:
    quota = Quota(per_s=4, burst=20)
    taken(quota, "erp", 0.0, 1000)

    assert taken(quota, "li.na", 0.0, 20) == 20


def test_the_number_of_callers_that_are_remembered_has_a_bound() -> None:
    quota = Quota(per_s=1, burst=2)
    for number in range(MOST_CALLERS + 100):
        quota.take(f"caller {number}", 0.0)
    assert len(quota._buckets) == MOST_CALLERS

    quota.take("later", 1e3)

    assert set(quota._buckets) == {"later"}
