"""What witnesses of a lot say together about what its cells survive, censoring included.

A staircase gives an interval: survived up to one level, failed at the next, or not failed at all.
Non-parametric: Turnbull, J. R. Stat. Soc. B 38 (1976) 290. Weibull by maximum likelihood, with
intervals from the observed information on the logarithms of shape and scale.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from shared.errors import InvalidInputError

FEWEST_FAILED = 3
CONFIDENCE_RATIO = 0.95
_CHANGE = 1e-10
_MOST_STEPS = 20_000
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one witness showed, in mA/cm²; failed is None where the test ended before a failure."""

    survived: float
    failed: float | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """Share of cells that survive up to below `level` (mA/cm²) and fail at it or before."""

    level: float
    surviving_ratio: float


@dataclass(frozen=True, kw_only=True)
class Weibull:
    """Shape, scale (mA/cm²) and the level that 90 % survive, each with its 95 % interval."""

    shape: float
    shape_interval: tuple[float, float]
    scale: float
    scale_interval: tuple[float, float]
    b10: float
    b10_interval: tuple[float, float]


def surviving_at(outcomes: Sequence[Outcome], level: float) -> tuple[int, int, float]:
    """Return how many survived a level, of how many known, and the lower 95 % bound of the share.

    The bound is one-sided, Clopper and Pearson, Biometrika 26 (1934) 404. A witness whose test
    ended below the level without failure is not known and not counted.

    Raises:
        InvalidInputError: none is known at this level.
    """
    passed = sum(outcome.survived >= level for outcome in outcomes)
    broke = sum(o.failed is not None and o.failed <= level for o in outcomes)
    known = passed + broke
    if not known:
        raise InvalidInputError(f"no witness is known at {level:g} mA/cm²")
    low = stats.beta.ppf(1.0 - CONFIDENCE_RATIO, passed, known - passed + 1) if passed else 0.0
    return passed, known, float(low)


def surviving(outcomes: Sequence[Outcome]) -> list[Step]:
    """Return the share that survives each level, without assuming a distribution.

    Raises:
        InvalidInputError: no outcome, or an interval is empty or below 0.
    """
    low, high = _bounds(outcomes)
    edges = np.unique(np.concatenate([low, high]))
    inner_low, inner_high = edges[:-1], edges[1:]
    inside = (inner_low[None, :] >= low[:, None]) & (inner_high[None, :] <= high[:, None])
    share = np.full(len(inner_low), 1.0 / len(inner_low))
    for _ in range(_MOST_STEPS):
        weighted = inside * share
        better = (weighted / weighted.sum(axis=1, keepdims=True)).mean(axis=0)
        settled = float(np.abs(better - share).max()) < _CHANGE
        share = better
        if settled:
            break
    left = 1.0 - np.cumsum(share)
    return [
        Step(level=float(level), surviving_ratio=max(0.0, float(ratio)))
        for level, ratio in zip(inner_high, left, strict=True)
        if math.isfinite(level)
    ]


def weibull(outcomes: Sequence[Outcome]) -> Weibull:
    """Return the Weibull distribution that makes the outcomes most likely.

    Raises:
        InvalidInputError: fewer than 3 failed, all failed in one interval, or no maximum is found.
    """
    low, high = _bounds(outcomes)
    failed = np.isfinite(high)
    if failed.sum() < FEWEST_FAILED:
        raise InvalidInputError(
            f"{failed.sum()} witnesses failed; a Weibull distribution needs {FEWEST_FAILED}"
        )
    if len({(a, b) for a, b in zip(low, high, strict=True)}) < 2:
        raise InvalidInputError("all witnesses failed between the same two levels: no spread")

    def unlikely(at: Floats) -> float:
        return -_log_likelihood(at, low, high)

    start = np.array([math.log(3.0), math.log(float(np.median(high[failed])))])
    found = optimize.minimize(unlikely, start, method="Nelder-Mead", options=_PRECISE)
    if not found.success:
        raise InvalidInputError("no Weibull distribution fits the outcomes")
    covariance = np.linalg.inv(_information(unlikely, found.x))
    if not (np.diag(covariance) > 0.0).all():
        raise InvalidInputError("the outcomes do not determine a Weibull distribution")
    shape, scale = np.exp(found.x)
    reach = float(stats.norm.ppf((1.0 + CONFIDENCE_RATIO) / 2.0))
    shape_error, scale_error = reach * np.sqrt(np.diag(covariance))
    log_hazard = math.log(-math.log(0.9))
    log_b10 = found.x[1] + log_hazard / shape
    slope = np.array([-log_hazard / shape, 1.0])
    b10_error = reach * math.sqrt(float(slope @ covariance @ slope))
    return Weibull(
        shape=float(shape),
        shape_interval=_around(found.x[0], shape_error),
        scale=float(scale),
        scale_interval=_around(found.x[1], scale_error),
        b10=math.exp(log_b10),
        b10_interval=_around(log_b10, b10_error),
    )


_PRECISE = {"xatol": 1e-9, "fatol": 1e-10, "maxiter": 5000}


def _bounds(outcomes: Sequence[Outcome]) -> tuple[Floats, Floats]:
    """Return the lower and upper ends of the intervals in mA/cm², infinite where censored."""
    if not outcomes:
        raise InvalidInputError("there is no witness")
    for outcome in outcomes:
        failed = math.inf if outcome.failed is None else outcome.failed
        if not 0.0 <= outcome.survived < failed:
            raise InvalidInputError(
                f"a witness survived {outcome.survived:g} and failed at {failed:g} mA/cm²; it must "
                "fail above what it survived"
            )
    low = np.array([outcome.survived for outcome in outcomes])
    high = np.array([math.inf if o.failed is None else o.failed for o in outcomes])
    return low, high


def _log_likelihood(at: Floats, low: Floats, high: Floats) -> float:
    """at: logarithms of shape and scale."""
    shape, scale = math.exp(min(at[0], 7.0)), math.exp(at[1])
    with np.errstate(over="ignore", divide="ignore"):
        above_low = np.exp(-((low / scale) ** shape))
        above_high = np.exp(-((high / scale) ** shape))
        total = np.log(np.maximum(above_low - above_high, 1e-300)).sum()
    return float(total)


def _information(unlikely: Callable[[Floats], float], at: Floats) -> Floats:
    """Return the second derivatives of the negative logarithm of likelihood, shape (2, 2)."""
    step = 1e-4
    unit = np.eye(2) * step
    second = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            second[i, j] = (
                unlikely(at + unit[i] + unit[j])
                - unlikely(at + unit[i] - unit[j])
                - unlikely(at - unit[i] + unit[j])
                + unlikely(at - unit[i] - unit[j])
            ) / (4.0 * step**2)
    return second


def _around(log_value: float, log_error: float) -> tuple[float, float]:
    return math.exp(log_value - log_error), math.exp(log_value + log_error)
