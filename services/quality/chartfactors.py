"""Factors of control charts, computed instead of copied from a table.

c4, d2, d3 for samples of n from a normal distribution (ASTM E2587 prints them rounded).
"""

import math
from functools import lru_cache

import numpy as np
from scipy.stats import norm

from shared.errors import InvalidInputError

LARGEST_SUBGROUP = 25
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
_HALF_WIDTH_SIGMA, _WIDEST_RANGE_SIGMA = 10.0, 14.0


@lru_cache(maxsize=LARGEST_SUBGROUP)
def c4(n: int) -> float:
    """Return the mean of the standard deviation of n values in units of sigma."""
    _check(n)
    return math.sqrt(2.0 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))


def d2(n: int) -> float:
    """Return the mean of the range of n values in units of sigma."""
    return _range_moments(n)[0]


def d3(n: int) -> float:
    """Return the standard deviation of the range of n values in units of sigma."""
    return _range_moments(n)[1]


@lru_cache(maxsize=LARGEST_SUBGROUP)
def _range_moments(n: int) -> tuple[float, float]:
    """Integrate P(R <= r) = n ∫ φ(x) (Φ(x + r) − Φ(x))ⁿ⁻¹ dx over r."""
    _check(n)
    x, of_x = _NODES * _HALF_WIDTH_SIGMA, _WEIGHTS * _HALF_WIDTH_SIGMA
    half = _WIDEST_RANGE_SIGMA / 2.0
    r, of_r = (_NODES + 1.0) * half, _WEIGHTS * half
    inside = norm.cdf(x[None, :] + r[:, None]) - norm.cdf(x)[None, :]
    longer = 1.0 - n * (inside ** (n - 1)) @ (of_x * norm.pdf(x))
    mean = float(of_r @ longer)
    square = 2.0 * float(of_r @ (r * longer))
    return mean, math.sqrt(square - mean**2)


def _check(n: int) -> None:
    if not 2 <= n <= LARGEST_SUBGROUP:
        raise InvalidInputError(f"subgroup size is {n}; it must be from 2 to {LARGEST_SUBGROUP}")
