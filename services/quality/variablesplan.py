"""Sampling by variables, the form of ISO 3951: mean and standard deviation against a limit.

Plans by two points of the normal operating characteristic; for an unknown standard deviation the
exact one by the non-central t distribution (Duncan, Quality Control and Industrial
Statistics, chapter 11), about n (1 + k^2 / 2) items.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from shared.errors import InvalidInputError

MOST_ITEMS = 10_000


@dataclass(frozen=True, kw_only=True)
class VariablesPlan:
    """So many items; accepted when the mean is at least `k` standard deviations inside a limit."""

    sample_count: int
    k: float
    sigma_known: bool


def known_sigma_plan(
    good_ratio: float, producer_risk_ratio: float, bad_ratio: float, consumer_risk_ratio: float
) -> VariablesPlan:
    """Return the plan for a known standard deviation that keeps both risks."""
    z_good, z_bad = stats.norm.isf(good_ratio), stats.norm.isf(bad_ratio)
    z_producer, z_consumer = (
        stats.norm.isf(producer_risk_ratio),
        stats.norm.isf(consumer_risk_ratio),
    )
    count = math.ceil(((z_producer + z_consumer) / (z_good - z_bad)) ** 2)
    k = (z_consumer * z_good + z_producer * z_bad) / (z_producer + z_consumer)
    return VariablesPlan(sample_count=max(2, count), k=float(k), sigma_known=True)


def unknown_sigma_plan(
    good_ratio: float, producer_risk_ratio: float, bad_ratio: float, consumer_risk_ratio: float
) -> VariablesPlan:
    """Return the smallest plan for an unknown standard deviation that keeps both risks.

    Raises:
        InvalidInputError: it would need more than 10 000 items.
    """
    shift = float(stats.norm.isf(bad_ratio))

    def k_of(count: int) -> float:
        """The constant at which bad lots are accepted with exactly the consumer's risk."""
        root = math.sqrt(count)
        return float(stats.nct.isf(consumer_risk_ratio, count - 1, shift * root)) / root

    def keeps(count: int) -> bool:
        found = accept_probability(count, k_of(count), good_ratio)
        return found >= 1.0 - producer_risk_ratio

    low, high = 2, MOST_ITEMS
    if not keeps(high):
        raise InvalidInputError(
            f"good_ratio {good_ratio:g} and bad_ratio {bad_ratio:g} are too near: no plan up to "
            f"{MOST_ITEMS} items"
        )
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(middle) else (middle + 1, high)
    return VariablesPlan(sample_count=low, k=k_of(low), sigma_known=False)


def accept_probability(
    sample_count: int, k: float, nonconforming_ratio: float, *, sigma_known: bool = False
) -> float:
    """Return the share of lots accepted whose nonconforming items lie beyond one limit."""
    root, z = math.sqrt(sample_count), stats.norm.isf(nonconforming_ratio)
    if sigma_known:
        return float(stats.norm.cdf((z - k) * root))
    return float(stats.nct.sf(k * root, sample_count - 1, z * root))


def accepted(
    values: Sequence[float], k: float, low: float | None, high: float | None
) -> tuple[bool, str]:
    """Return whether a lot is accepted by a sample, each limit by itself, and why.

    Raises:
        InvalidInputError: fewer than two values, all are equal, or there is no limit.
    """
    if len(values) < 2:
        raise InvalidInputError(f"a sample has {len(values)} values; it needs at least 2")
    mean = sum(values) / len(values)
    sigma = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    if not sigma > 0.0:
        raise InvalidInputError(f"all {len(values)} values are equal: the gauge is too coarse")
    distances = [] if low is None else [("low", (mean - low) / sigma)]
    distances += [] if high is None else [("high", (high - mean) / sigma)]
    if not distances:
        raise InvalidInputError("the characteristic has no limit to be inside of")
    side, nearest = min(distances, key=lambda item: item[1])
    words = f"mean {mean:.6g}, standard deviation {sigma:.3g}: {nearest:.3f} of them inside {side}"
    return nearest >= k, f"{words}, at least {k:.3f} are needed"
