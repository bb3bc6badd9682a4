"""What of a spread the gauge makes: crossed gauge R&R by analysis of variance, and bias.

AIAG, Measurement Systems Analysis, 4th edition, chapter III.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InvalidInputError

POOLED_ABOVE_P = 0.25  # an interaction less certain than this is repeatability
LARGEST = 1e100  # in size and in any unit; sums of squares of what is larger may be no numbers
_DISTINCT = math.sqrt(2.0)


@dataclass(frozen=True, kw_only=True)
class GaugeStudy:
    """Standard deviations in the unit of the values. distinct_count: parts it can tell apart.

    interaction_p: probability of the interaction by chance; pooled: it counted as repeatability.
    gauge_ratio: gauge over total; below 0.1 good, above 0.3 unfit. tolerance_ratio: 6 gauge sigmas
    over the tolerance, None without one.
    """

    repeatability: float
    reproducibility: float
    interaction: float
    gauge: float
    part: float
    total: float
    interaction_p: float
    pooled: bool
    gauge_ratio: float
    tolerance_ratio: float | None
    distinct_count: int


def gauge_study(values: NDArray[np.float64], tolerance: float | None = None) -> GaugeStudy:
    """Return the study of a crossed experiment.

    values: shape (parts, operators or channels, repeats), each at least 2. tolerance: high - low.

    Raises:
        InvalidInputError: too small, not finite, above 1e100 in size, or no part differs.
    """
    if values.ndim != 3 or min(values.shape) < 2:
        raise InvalidInputError(
            f"a gauge study has shape {values.shape}; it needs at least 2 parts, 2 operators and "
            "2 repeats"
        )
    if not np.isfinite(values).all():
        raise InvalidInputError("a value of the gauge study is missing or not finite")
    _check_size(values)
    parts, operators, repeats = values.shape
    square = _mean_squares(values)
    if square["error"] <= 0.0:
        raise InvalidInputError("all repeats are equal: the gauge is too coarse for a study")
    degrees = (parts - 1) * (operators - 1)
    error_degrees = parts * operators * (repeats - 1)
    interaction_p = float(
        stats.f.sf(square["interaction"] / square["error"], degrees, error_degrees)
    )
    pooled = interaction_p > POOLED_ABOVE_P
    if pooled:
        total = square["interaction"] * degrees + square["error"] * error_degrees
        square["error"] = square["interaction"] = total / (degrees + error_degrees)
    between = square["interaction"]
    interaction = 0.0 if pooled else max(0.0, (between - square["error"]) / repeats)
    operator = max(0.0, (square["operator"] - between) / (parts * repeats))
    part = max(0.0, (square["part"] - between) / (operators * repeats))
    gauge = square["error"] + operator + interaction
    return GaugeStudy(
        repeatability=math.sqrt(square["error"]),
        reproducibility=math.sqrt(operator),
        interaction=math.sqrt(interaction),
        gauge=math.sqrt(gauge),
        part=math.sqrt(part),
        total=math.sqrt(gauge + part),
        interaction_p=interaction_p,
        pooled=pooled,
        gauge_ratio=math.sqrt(gauge / (gauge + part)),
        tolerance_ratio=None if tolerance is None else 6.0 * math.sqrt(gauge) / tolerance,
        distinct_count=int(_DISTINCT * math.sqrt(part / gauge)),
    )


def _check_size(values: NDArray[np.float64]) -> None:
    found = float(np.abs(values).max())
    if found > LARGEST:
        raise InvalidInputError(f"a value of the study is {found:g}, it must be within {LARGEST:g}")


def _mean_squares(values: NDArray[np.float64]) -> dict[str, float]:
    parts, operators, repeats = values.shape
    mean, cells = values.mean(), values.mean(axis=2)
    of_part, of_operator = values.mean(axis=(1, 2)), values.mean(axis=(0, 2))
    mixed = cells - of_part[:, None] - of_operator[None, :] + mean
    return {
        "part": operators * repeats * float(((of_part - mean) ** 2).sum()) / (parts - 1),
        "operator": parts * repeats * float(((of_operator - mean) ** 2).sum()) / (operators - 1),
        "interaction": repeats * float((mixed**2).sum()) / ((parts - 1) * (operators - 1)),
        "error": float(((values - cells[:, :, None]) ** 2).sum())
        / (parts * operators * (repeats - 1)),
    }


@dataclass(frozen=True, kw_only=True)
class BiasStudy:
    """How far a gauge is from a reference, in its unit; interval: two-sided, 95 %."""

    count: int
    bias: float
    interval: tuple[float, float]
    p: float
    is_significant: bool


def bias_study(values: Sequence[float], reference: float) -> BiasStudy:
    """Return the bias of repeated measurements of one reference.

    Raises:
        InvalidInputError: fewer than 10 values, one beyond 1e100 of the reference, or all equal.
    """
    found = np.asarray(values, dtype=np.float64) - reference
    if len(found) < 10:
        raise InvalidInputError(f"a bias study has {len(found)} values; it needs at least 10")
    _check_size(found)
    error = float(found.std(ddof=1)) / math.sqrt(len(found))
    if not error > 0.0:
        raise InvalidInputError("all values are equal or unknown: no bias can be told from them")
    bias = float(found.mean())
    reach = float(stats.t.ppf(0.975, len(found) - 1)) * error
    p = float(2.0 * stats.t.sf(abs(bias) / error, len(found) - 1))
    return BiasStudy(
        count=len(found),
        bias=bias,
        interval=(bias - reach, bias + reach),
        p=p,
        is_significant=p < 0.05,
    )
