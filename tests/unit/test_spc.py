import numpy as np
import pytest

from services.quality.capability import capability
from services.quality.chartfactors import c4, d2, d3
from services.quality.controlchart import Design, Limits, State, limits_of, next_point, points
from services.quality.gaugestudy import bias_study, gauge_study
from services.quality.runrules import RULES, broken, broken_by_last
from shared.errors import InvalidInputError

# AIAG, Measurement Systems Analysis, 4th edition, table III-B 6a: 3 appraisers, 3 trials, 10 parts.
AIAG = np.array(
    [
        [
            [0.29, -0.56, 1.34, 0.47, -0.80, 0.02, 0.59, -0.31, 2.26, -1.36],
            [0.41, -0.68, 1.17, 0.50, -0.92, -0.11, 0.75, -0.20, 1.99, -1.25],
            [0.64, -0.58, 1.27, 0.64, -0.84, -0.21, 0.66, -0.17, 2.01, -1.31],
        ],
        [
            [0.08, -0.47, 1.19, 0.01, -0.56, -0.20, 0.47, -0.63, 1.80, -1.68],
            [0.25, -1.22, 0.94, 1.03, -1.20, 0.22, 0.55, 0.08, 2.12, -1.62],
            [0.07, -0.68, 1.34, 0.20, -1.28, 0.06, 0.83, -0.34, 2.19, -1.50],
        ],
        [
            [0.04, -1.38, 0.88, 0.14, -1.46, -0.29, 0.02, -0.46, 1.77, -1.49],
            [-0.11, -1.13, 1.09, 0.20, -1.07, -0.67, 0.01, -0.56, 1.45, -1.77],
            [-0.15, -0.96, 0.67, 0.11, -1.45, -0.49, 0.21, -0.49, 1.87, -2.16],
        ],
    ]
).transpose(2, 0, 1)


@pytest.mark.parametrize(
    ("n", "printed_d2", "printed_d3", "printed_c4"),
    [(2, 1.128, 0.853, 0.7979), (5, 2.326, 0.864, 0.9400), (10, 3.078, 0.797, 0.9727)],
)
def test_factors_are_those_of_the_printed_table(
    n: int, printed_d2: float, printed_d3: float, printed_c4: float
) -> None:
    assert (round(d2(n), 3), round(d3(n), 3)) == (printed_d2, printed_d3)
    assert round(c4(n), 4) == printed_c4


def test_limits_of_single_values_follow_the_moving_range() -> None:
    values = [10.0, 12.0] * 12

    limits = limits_of(Design(kind="i_mr"), values, None)

    assert limits.centre == 11.0
    assert limits.sigma == pytest.approx(2.0 / 1.12838, rel=1e-5)


def test_limits_of_means_and_ranges_are_those_of_the_printed_factors() -> None:
    rng = np.random.default_rng(3)
    groups = rng.normal(74.0, 0.01, (25, 5))

    limits = limits_of(Design(kind="xbar_r", subgroup_size=5), groups.ravel(), None)
    point, _ = next_point(
        Design(kind="xbar_r", subgroup_size=5), limits, State(), [74.0, 74.01, 74.0, 73.99, 74.0]
    )

    mean_range = float(np.ptp(groups, axis=1).mean())
    assert point.high - point.centre == pytest.approx(0.577 * mean_range, rel=1e-3)  # A2
    assert point.spread_high == pytest.approx(2.114 * mean_range, rel=1e-3)  # D4
    assert point.spread_low == 0.0  # D3


def test_an_ewma_widens_to_its_settled_limits() -> None:
    limits = Limits(centre=10.0, sigma=1.0, spread_centre=None, baseline_count=20)
    design = Design(kind="ewma", weight=0.1, width_sigma=2.7)

    found = points(design, limits, [9.45, 7.99, 9.29, 11.66])

    # Montgomery, Introduction to Statistical Quality Control, 6th edition, table 9.10
    assert [round(point.value, 5) for point in found] == [9.945, 9.7495, 9.70355, 9.8992]
    assert round(found[0].high, 2) == 10.27
    assert round(found[1].high, 2) == 10.36


def test_a_cusum_adds_what_is_beyond_its_slack() -> None:
    limits = Limits(centre=10.0, sigma=1.0, spread_centre=None, baseline_count=20)
    values = [9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04]

    found = points(Design(kind="cusum"), limits, values)

    # Montgomery, 6th edition, table 9.2, k = 0.5
    assert [round(point.value, 2) for point in found] == [0, 0, 0, 1.16, 2.82, 2.50, 0.04]
    assert [round(point.low_sum or 0.0, 2) for point in found] == [0.05, 1.56, 1.77, 0, 0, 0, 1.46]


def test_a_shift_of_one_sigma_leaves_the_cusum_and_not_the_single_values() -> None:
    limits = Limits(centre=0.0, sigma=1.0, spread_centre=1.128, baseline_count=20)
    shifted = [1.0] * 12

    assert any(point.is_out for point in points(Design(kind="cusum"), limits, shifted))
    assert not any(point.is_out for point in points(Design(kind="i_mr"), limits, shifted))


def test_shares_of_items_have_limits_by_the_size_of_their_sample() -> None:
    found, sizes = np.array([5.0] * 20), np.array([100.0] * 20)
    limits = limits_of(Design(kind="p"), found, sizes)

    small, _ = next_point(Design(kind="p"), limits, State(), [4.0], 25.0)
    large, _ = next_point(Design(kind="p"), limits, State(), [64.0], 400.0)

    assert limits.centre == 0.05
    assert not small.is_out
    assert large.is_out


def test_a_baseline_that_is_too_short_or_never_moves_gives_no_limits() -> None:
    with pytest.raises(InvalidInputError, match="19 points; limits need at least 20"):
        limits_of(Design(kind="i_mr"), [1.0, 2.0] * 9 + [1.0], None)
    with pytest.raises(InvalidInputError, match="too coarse"):
        limits_of(Design(kind="i_mr"), [5.0] * 30, None)


@pytest.mark.parametrize(
    ("name", "z"),
    [
        ("nelson_1", [0.0, 3.1]),
        ("nelson_2", [0.1] * 9),
        ("nelson_3", [-0.5, -0.2, 0.0, 0.1, 0.3, 0.4]),
        ("nelson_4", [0.1, -0.1] * 7),
        ("nelson_5", [2.1, 0.0, 2.2]),
        ("nelson_6", [1.1, 1.2, 0.0, 1.3, 1.1]),
        ("nelson_7", [0.5, -0.5, 0.2] * 5),
        ("nelson_8", [1.5, -1.5] * 4),
        ("western_electric_4", [-0.1] * 8),
    ],
)
def test_a_rule_is_broken_by_its_pattern_at_the_last_point_and_not_before(
    name: str, z: list[float]
) -> None:
    flags = broken(z, [name])[name]

    assert flags[-1]
    assert not flags[:-1].any()
    assert broken_by_last([0.0, 9.0, 0.0, *z], [name]) == (name,)


def test_the_last_point_of_any_history_is_judged_as_within_the_whole() -> None:
    z = np.random.default_rng(1).normal(0.3, 1.2, 400)
    whole = broken(z, list(RULES))

    for end in range(15, 400):
        last = broken_by_last(z[: end + 1], list(RULES))
        assert last == tuple(name for name in RULES if whole[name][end])


def test_capability_has_intervals_and_names_values_that_are_not_normal() -> None:
    rng = np.random.default_rng(5)
    normal = capability(list(rng.normal(80.0, 1.0, 200)), 75.0, 85.0, 1.0)
    skewed = capability(list(rng.exponential(1.0, 200)), None, 10.0, 1.0)

    assert normal.cp == pytest.approx(10.0 / 6.0)
    assert normal.ppk_interval is not None and normal.ppk is not None
    assert normal.ppk_interval[0] < normal.ppk < normal.ppk_interval[1]
    assert skewed.ppk is None and skewed.cp is None
    assert skewed.reason is not None and "need 1000 values" in skewed.reason


def test_capability_needs_values_and_limits() -> None:
    with pytest.raises(InvalidInputError, match="29 values"):
        capability([1.0, 2.0] * 14 + [1.0], 0.0, 3.0, 1.0)
    with pytest.raises(InvalidInputError, match="low is 3; it must be below high 0"):
        capability([1.0, 2.0] * 20, 3.0, 0.0, 1.0)


def test_a_gauge_study_agrees_with_the_printed_example() -> None:
    study = gauge_study(AIAG)

    assert study.pooled
    assert study.repeatability == pytest.approx(0.199933, abs=2e-5)
    assert study.reproducibility == pytest.approx(0.226838, abs=2e-5)
    assert study.gauge == pytest.approx(0.302373, abs=2e-5)
    assert study.part == pytest.approx(1.042327, abs=2e-5)
    assert study.distinct_count == 4


def test_a_study_of_values_whose_squares_are_no_numbers_is_refused_with_the_limit() -> None:
    told = r"a value of the study is 1e\+200, it must be within 1e\+100"
    values = AIAG.copy()
    values[0, 0, 0] = 1e200

    with pytest.raises(InvalidInputError, match=told):
        gauge_study(values)
    with pytest.raises(InvalidInputError, match=told):
        bias_study([1e200] + [1.0] * 9, 0.0)


def test_a_gauge_study_with_a_missing_value_is_refused() -> None:
    damaged = AIAG.copy()
    damaged[3, 1, 2] = np.nan

    with pytest.raises(InvalidInputError, match="missing or not finite"):
        gauge_study(damaged)


def test_a_bias_is_told_from_noise() -> None:
    # AIAG, 4th edition, table III-B 1: reference 6.00, 15 trials, bias 0.0067, not significant
    values = [5.8, 5.7, 5.9, 5.9, 6.0, 6.1, 6.0, 6.1, 6.4, 6.3, 6.0, 6.1, 6.2, 5.6, 6.0]

    study = bias_study(values, 6.0)

    assert study.bias == pytest.approx(0.0067, abs=5e-5)
    assert not study.is_significant
    assert bias_study([value + 0.5 for value in values], 6.0).is_significant
