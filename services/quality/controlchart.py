"""Control charts: limits from a baseline (phase I), and the points of later values (phase II).

I-MR, Xbar-R, Xbar-S, EWMA, CUSUM for measured values; p, np, c, u for counts. Formulas: ASTM E2587,
Montgomery, Introduction to Statistical Quality Control; factors are computed (`chartfactors.py`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from services.quality.chartfactors import c4, d2, d3
from shared.errors import InvalidInputError

Floats = NDArray[np.float64]
ChartKind = Literal["i_mr", "xbar_r", "xbar_s", "ewma", "cusum", "p", "np", "c", "u"]
KINDS: tuple[str, ...] = get_args(ChartKind)
GROUPED: tuple[ChartKind, ...] = ("xbar_r", "xbar_s")
COUNTED: tuple[ChartKind, ...] = ("p", "np", "c", "u")
OF_ITEMS: tuple[ChartKind, ...] = ("p", "np", "u")  # a count of theirs is one in so many items
WITHOUT_RUN_RULES: tuple[ChartKind, ...] = ("ewma", "cusum")  # their points depend on each other
FEWEST_BASELINE_POINTS = 20
WIDTH_SIGMA = 3.0


@dataclass(frozen=True, kw_only=True)
class Design:
    """What a chart is made of.

    subgroup_size: values in a point of Xbar charts. weight: lambda of EWMA, width_sigma its L.
    slack_sigma, decision_sigma: k and h of CUSUM.
    """

    kind: ChartKind
    subgroup_size: int = 1
    weight: float = 0.2
    width_sigma: float = WIDTH_SIGMA
    slack_sigma: float = 0.5
    decision_sigma: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a chart is held against from then on.

    centre: mean of values, proportion, or counts per unit. sigma: of single values; for counts it
    follows from the centre and is 0 here. spread_centre: mean range or standard deviation.
    """

    centre: float
    sigma: float
    spread_centre: float | None
    baseline_count: int


@dataclass(frozen=True, kw_only=True)
class Point:
    """One plotted point. z: distance from the centre line in sigma of the point.

    spread, spread_low, spread_high: range or standard deviation and its limits, where there is one.
    low_sum: lower CUSUM, where `value` is the upper one.
    """

    value: float
    centre: float
    low: float
    high: float
    z: float
    spread: float | None = None
    spread_low: float | None = None
    spread_high: float | None = None
    low_sum: float | None = None

    @property
    def is_out(self) -> bool:
        """Whether the point, its spread or its lower sum is outside its limits."""
        spread_out = (
            self.spread is not None
            and self.spread_low is not None
            and self.spread_high is not None
            and not self.spread_low <= self.spread <= self.spread_high
        )
        low_out = self.low_sum is not None and self.low_sum > self.high
        return not self.low <= self.value <= self.high or spread_out or low_out


@dataclass(frozen=True, kw_only=True)
class State:
    """What a chart must remember between two points: last value, EWMA or both CUSUMs, and count."""

    count: int = 0
    last: float | None = None
    smooth: float | None = None
    high_sum: float = 0.0
    low_sum: float = 0.0


def limits_of(design: Design, values: Sequence[float] | Floats, sizes: Floats | None) -> Limits:
    """Return limits from a baseline.

    values: single values in order of time; for counts the number found in each sample.
    sizes: items or units in each sample, for p, np and u.

    Raises:
        InvalidInputError: fewer than 20 points, a value is not finite, or nothing varies.
    """
    found = np.asarray(values, dtype=np.float64)
    if not np.isfinite(found).all():
        raise InvalidInputError("a baseline value is not a finite number")
    points = len(found) // design.subgroup_size
    if points < FEWEST_BASELINE_POINTS:
        raise InvalidInputError(
            f"the baseline has {points} points; limits need at least {FEWEST_BASELINE_POINTS}"
        )
    if design.kind in COUNTED:
        total = float(sizes.sum()) if sizes is not None else float(len(found))
        return Limits(
            centre=float(found.sum()) / total, sigma=0.0, spread_centre=None, baseline_count=points
        )
    groups = found[: points * design.subgroup_size].reshape(points, design.subgroup_size)
    spread, factor = _mean_spread(design, groups)
    if spread <= 0.0:
        raise InvalidInputError(f"all {points} baseline points are equal: the gauge is too coarse")
    return Limits(
        centre=float(groups.mean()),
        sigma=spread / factor,
        spread_centre=spread,
        baseline_count=points,
    )


def _mean_spread(design: Design, groups: Floats) -> tuple[float, float]:
    """Return the mean spread of a baseline and its factor to sigma."""
    n = design.subgroup_size
    if design.kind == "xbar_r":
        return float(np.ptp(groups, axis=1).mean()), d2(n)
    if design.kind == "xbar_s":
        return float(groups.std(axis=1, ddof=1).mean()), c4(n)
    return float(np.abs(np.diff(groups[:, 0])).mean()), d2(2)


def next_point(
    design: Design, limits: Limits, state: State, values: Sequence[float], size: float = 1.0
) -> tuple[Point, State]:
    """Return the point of the next value or subgroup and what to remember; the same cost always.

    values: one, or a whole subgroup of an Xbar chart. size: items or units behind a count.

    Raises:
        InvalidInputError: another number of values than the subgroup has, or no items.
    """
    if len(values) != design.subgroup_size:
        raise InvalidInputError(
            f"a point has {len(values)} values; the chart's subgroups have {design.subgroup_size}"
        )
    if design.kind in COUNTED:
        return _counted(design, limits, values[0], size), State(count=state.count + 1)
    if design.kind in GROUPED:
        return _grouped(design, limits, np.asarray(values)), State(count=state.count + 1)
    if design.kind == "ewma":
        return _smoothed(design, limits, state, values[0])
    if design.kind == "cusum":
        return _summed(design, limits, state, values[0])
    return _single(limits, state, values[0])


def points(
    design: Design, limits: Limits, values: Sequence[float] | Floats, sizes: Floats | None = None
) -> list[Point]:
    """Return all points of a series; a last subgroup that is not full gives none."""
    n = design.subgroup_size
    found: list[Point] = []
    state = State()
    for start in range(0, len(values) - n + 1, n):
        size = 1.0 if sizes is None else float(sizes[start])
        group = [float(value) for value in values[start : start + n]]
        point, state = next_point(design, limits, state, group, size)
        found.append(point)
    return found


def _single(limits: Limits, state: State, value: float) -> tuple[Point, State]:
    reach = WIDTH_SIGMA * limits.sigma
    moved = None if state.last is None else abs(value - state.last)
    point = Point(
        value=value,
        centre=limits.centre,
        low=limits.centre - reach,
        high=limits.centre + reach,
        z=(value - limits.centre) / limits.sigma,
        spread=moved,
        spread_low=0.0,
        spread_high=(d2(2) + WIDTH_SIGMA * d3(2)) * limits.sigma,
    )
    return point, State(count=state.count + 1, last=value)


def _grouped(design: Design, limits: Limits, group: Floats) -> Point:
    n, sigma = design.subgroup_size, limits.sigma
    if design.kind == "xbar_r":
        spread, usual, width = float(np.ptp(group)), d2(n), d3(n)
    else:
        spread, usual = float(group.std(ddof=1)), c4(n)
        width = math.sqrt(1.0 - usual**2)
    mean, of_mean = float(group.mean()), sigma / math.sqrt(n)
    return Point(
        value=mean,
        centre=limits.centre,
        low=limits.centre - WIDTH_SIGMA * of_mean,
        high=limits.centre + WIDTH_SIGMA * of_mean,
        z=(mean - limits.centre) / of_mean,
        spread=spread,
        spread_low=max(0.0, usual - WIDTH_SIGMA * width) * sigma,
        spread_high=(usual + WIDTH_SIGMA * width) * sigma,
    )


def _smoothed(design: Design, limits: Limits, state: State, value: float) -> tuple[Point, State]:
    weight, count = design.weight, state.count + 1
    before = limits.centre if state.smooth is None else state.smooth
    smooth = weight * value + (1.0 - weight) * before
    settled = 1.0 - (1.0 - weight) ** (2 * count)
    sigma = limits.sigma * math.sqrt(weight / (2.0 - weight) * settled)
    point = Point(
        value=smooth,
        centre=limits.centre,
        low=limits.centre - design.width_sigma * sigma,
        high=limits.centre + design.width_sigma * sigma,
        z=(smooth - limits.centre) / sigma,
    )
    return point, State(count=count, smooth=smooth)


def _summed(design: Design, limits: Limits, state: State, value: float) -> tuple[Point, State]:
    slack, bound = design.slack_sigma * limits.sigma, design.decision_sigma * limits.sigma
    high = max(0.0, state.high_sum + value - limits.centre - slack)
    low = max(0.0, state.low_sum - value + limits.centre - slack)
    point = Point(
        value=high,
        centre=0.0,
        low=0.0,
        high=bound,
        z=max(high, low) / limits.sigma,
        low_sum=low,
    )
    return point, State(count=state.count + 1, high_sum=high, low_sum=low)


def _counted(design: Design, limits: Limits, found: float, size: float) -> Point:
    """Limits by the normal approximation, cut at 0 and, for shares of items, at all of them."""
    if size <= 0.0 or found < 0.0:
        raise InvalidInputError(f"{found:g} found in {size:g}; counts must not be below 0 of 0")
    centre, most = limits.centre, math.inf
    if design.kind == "p":
        value, sigma, most = found / size, math.sqrt(centre * (1.0 - centre) / size), 1.0
    elif design.kind == "np":
        value, sigma, most = found, math.sqrt(size * centre * (1.0 - centre)), size
        centre = size * centre
    else:
        area = size if design.kind == "u" else 1.0
        value, sigma = found / area, math.sqrt(centre / area)
    return Point(
        value=value,
        centre=centre,
        low=max(0.0, centre - WIDTH_SIGMA * sigma),
        high=min(most, centre + WIDTH_SIGMA * sigma),
        z=(value - centre) / sigma if sigma > 0.0 else 0.0,
    )
