"""Owns what a suspected soft short is: a lasting drop of resistance that noise does not explain.

A half step is compared row by row with the last survived one in its direction, at the same time
since the reversal. So the slow rise after a reversal and a drift that each half step has say
nothing. What is judged is the median of a window of rows; how long the window is depends on the
noise and on the number of rows, so that a sound test is called soft less than once in a thousand.
"""

import math
from dataclasses import dataclass

import numpy as np

from services.quality.spectra import FloatArray

FALSE_SHARE = 1e-5  # of half steps, at most; a staircase has some tens of them
GROWTH_SHARE = 0.5  # of the soft drop that is left to levels which differ without a fault
MEDIAN_WIDTH = math.sqrt(math.pi / 2.0)  # standard error of a median over that of a mean
MAD_TO_SIGMA = 1.4826
NOISIER = 3.0  # so many times the noise of the reference a sound half step may have
TOLD_DROP_RATIO = 0.15  # a limit below this drop would miss soft shorts of 20 %


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """A survived half step: time since its reversal and |V|/j, both (n,) of its judged rows."""

    elapsed_s: FloatArray
    resistance_ohm_cm2: FloatArray


@dataclass(frozen=True, kw_only=True)
class SoftFinding:
    """What the comparison of a half step gave; rows count from 0 among the judged ones.

    `first`: first row of the drop, `told`: row at which it was certain; None where there is none.
    `limit_ratio`: of the reference, below which a median counted as soft. `is_clear`: whether a
    drop of 20 % would have been told. `low_from`: since when the last rows are low; a short that
    begins at the end of a half step shows only so much of itself.
    """

    first: int | None
    told: int | None
    limit_ratio: float
    is_clear: bool
    low_from: int | None


def find_soft_short(
    elapsed_s: FloatArray,
    resistance_ohm_cm2: FloatArray,
    reference: Profile,
    *,
    soft_ratio: float,
    short_samples: int,
) -> SoftFinding:
    """Return whether the judged rows of a half step, both (n,), have dropped against `reference`.

    `soft_ratio` of the reference is the limit where noise and number of rows allow it, and the
    limit is lower where they do not. At least `short_samples` rows must be low.
    """
    expected = np.interp(elapsed_s, reference.elapsed_s, reference.resistance_ohm_cm2)
    ratio = resistance_ohm_cm2 / expected
    count = int(ratio.size)
    noise = _noise_ratio(resistance_ohm_cm2, reference)
    window, limit = _window_and_limit(noise, count, soft_ratio, short_samples)
    low = ratio < limit
    needed = max(short_samples, window // 2 + 1)
    in_window = np.cumsum(low, dtype=np.int64)
    in_window[window:] -= in_window[:-window].copy()
    certain = np.flatnonzero(in_window >= needed)
    told = int(certain[0]) if certain.size else None
    high = np.flatnonzero(~low)
    low_from = (int(high[-1]) + 1 if high.size else 0) if count and low[-1] else None
    return SoftFinding(
        first=None if told is None else _first_low(ratio[: told + 1], limit),
        told=told,
        limit_ratio=limit,
        is_clear=limit >= 1.0 - TOLD_DROP_RATIO,
        low_from=low_from,
    )


def _noise_ratio(resistance_ohm_cm2: FloatArray, reference: Profile) -> float:
    """Return the standard deviation of a row's ratio to the reference, from row to row."""
    of_reference = _row_noise_ratio(reference.resistance_ohm_cm2)
    own = min(_row_noise_ratio(resistance_ohm_cm2), NOISIER * of_reference)
    return math.hypot(of_reference, max(own, of_reference))


def _row_noise_ratio(values: FloatArray) -> float:
    """Return the noise of one row as a ratio; a trend, a step and single rows do not enter."""
    if values.size < 3:
        return 0.0
    between = np.diff(values)
    spread = float(np.median(np.abs(between - np.median(between))))
    return MAD_TO_SIGMA * spread / math.sqrt(2.0) / abs(float(np.median(values)))


def _window_and_limit(
    noise: float, count: int, soft_ratio: float, short_samples: int
) -> tuple[int, float]:
    """Return the odd number of rows that a median is taken over, and its limit.

    A median over w rows has a standard error of 1.25 sigma/sqrt(w). Its distance from the limit is
    z of these, with z so that of all windows of a half step `FALSE_SHARE` lie beyond.
    """
    margin = GROWTH_SHARE * (1.0 - soft_ratio)
    deviations = math.sqrt(2.0 * math.log(max(count, 1) / FALSE_SHARE)) * MEDIAN_WIDTH * noise
    wanted = math.ceil((deviations / margin) ** 2)
    window = max(2 * short_samples - 1, wanted + 1 - wanted % 2)
    if window > count:
        window = max(count, 1)
    limit = min(soft_ratio, 1.0 - margin - deviations / math.sqrt(window))
    return window, limit


def _first_low(ratio: FloatArray, limit: float) -> int:
    """Return the row at which a lasting drop begins: the peak of the sum of distances from it."""
    distance = np.clip(ratio - limit, limit - 1.0, 1.0 - limit)
    return min(int(np.argmax(np.concatenate(([0.0], np.cumsum(distance))))), ratio.size - 1)
