"""How well a process keeps its limits: Cp, Cpk from the chart's sigma, Pp, Ppk from all values.

Formulas and intervals: ISO 22514-2 and Bissell, Applied Statistics 39 (1990) 331. Values that are
not normally distributed get quantiles instead of sigmas, or no figure where there are too few.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InvalidInputError

FEWEST_VALUES = 30
FEWEST_FOR_QUANTILES = 1000
MOST_FOR_SHAPIRO = 5000
CONFIDENCE_RATIO = 0.95
NOT_NORMAL_BELOW = 0.05
_LOW_TAIL, _HIGH_TAIL = 0.00135, 0.99865


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How values lie, in their unit.

    normality_p: probability of values this uneven from a normal distribution (Shapiro-Wilk, above
    5000 values D'Agostino-Pearson).
    """

    count: int
    mean: float
    sigma_overall: float
    sigma_within: float
    normality_p: float

    @property
    def is_normal(self) -> bool:
        """Whether sigmas may speak for the values."""
        return self.normality_p >= NOT_NORMAL_BELOW


@dataclass(frozen=True, kw_only=True)
class Capability:
    """Capability figures; None where one cannot be stated, `reason` says why.

    pp_interval, ppk_interval: two-sided, 95 %.
    """

    spread: Spread
    cp: float | None = None
    cpk: float | None = None
    pp: float | None = None
    ppk: float | None = None
    pp_interval: tuple[float, float] | None = None
    ppk_interval: tuple[float, float] | None = None
    reason: str | None = None


def capability(
    values: Sequence[float], low: float | None, high: float | None, sigma_within: float
) -> Capability:
    """Return the capability of a process over its limits.

    values: in order of time, of one recipe. low, high: limits in their unit, at least one.
    sigma_within: of the control chart, in their unit.

    Raises:
        InvalidInputError: fewer than 30 values, one is not finite, no limit, limits crossed, or
            nothing varies.
    """
    found = np.asarray(values, dtype=np.float64)
    _check(found, low, high, sigma_within)
    mean, sigma = float(found.mean()), float(found.std(ddof=1))
    spread = Spread(
        count=len(found),
        mean=mean,
        sigma_overall=sigma,
        sigma_within=sigma_within,
        normality_p=_normality(found),
    )
    if not spread.is_normal:
        return _by_quantiles(spread, found, low, high)
    pp, ppk = _spread(low, high, 6.0 * sigma), _nearest(mean, low, high, 3.0 * sigma)
    return Capability(
        spread=spread,
        cp=_spread(low, high, 6.0 * sigma_within),
        cpk=_nearest(mean, low, high, 3.0 * sigma_within),
        pp=pp,
        ppk=ppk,
        pp_interval=None if pp is None else _pp_interval(pp, len(found)),
        ppk_interval=_ppk_interval(ppk, len(found)),
    )


def _check(found: NDArray[np.float64], low: float | None, high: float | None, s: float) -> None:
    if len(found) < FEWEST_VALUES:
        raise InvalidInputError(
            f"capability of {len(found)} values; it needs at least {FEWEST_VALUES}"
        )
    if not np.isfinite(found).all():
        raise InvalidInputError("a value is not a finite number")
    if low is None and high is None:
        raise InvalidInputError("the characteristic has no limit to be capable of")
    if low is not None and high is not None and low >= high:
        raise InvalidInputError(f"low is {low:g}; it must be below high {high:g}")
    if s <= 0.0 or np.ptp(found) <= 0.0:
        raise InvalidInputError(f"all {len(found)} values are equal: the gauge is too coarse")


def _normality(found: NDArray[np.float64]) -> float:
    test = stats.shapiro if len(found) <= MOST_FOR_SHAPIRO else stats.normaltest
    return float(test(found).pvalue)


def _by_quantiles(
    spread: Spread, found: NDArray[np.float64], low: float | None, high: float | None
) -> Capability:
    """Pp and Ppk by the quantiles that hold 99.73 %; sigma says nothing about such values."""
    reason = f"not normally distributed (p = {spread.normality_p:.2g})"
    if len(found) < FEWEST_FOR_QUANTILES:
        return Capability(
            spread=spread,
            reason=f"{reason}, and its quantiles need {FEWEST_FOR_QUANTILES} values",
        )
    lowest, middle, highest = (
        float(value) for value in np.quantile(found, (_LOW_TAIL, 0.5, _HIGH_TAIL))
    )
    sides = [] if high is None else [(high - middle) / (highest - middle)]
    sides += [] if low is None else [(middle - low) / (middle - lowest)]
    return Capability(
        spread=spread,
        pp=_spread(low, high, highest - lowest),
        ppk=min(sides),
        reason=f"{reason}: by quantiles",
    )


def _spread(low: float | None, high: float | None, width: float) -> float | None:
    return None if low is None or high is None else (high - low) / width


def _nearest(mean: float, low: float | None, high: float | None, reach: float) -> float:
    sides = [] if high is None else [(high - mean) / reach]
    sides += [] if low is None else [(mean - low) / reach]
    return min(sides)


def _pp_interval(pp: float, count: int) -> tuple[float, float]:
    tail = (1.0 - CONFIDENCE_RATIO) / 2.0
    degrees = count - 1
    low, high = stats.chi2.ppf((tail, 1.0 - tail), degrees)
    return pp * math.sqrt(low / degrees), pp * math.sqrt(high / degrees)


def _ppk_interval(ppk: float, count: int) -> tuple[float, float]:
    reach = stats.norm.ppf((1.0 + CONFIDENCE_RATIO) / 2.0)
    error = reach * math.sqrt(1.0 / (9.0 * count) + ppk**2 / (2.0 * (count - 1)))
    return ppk - float(error), ppk + float(error)
