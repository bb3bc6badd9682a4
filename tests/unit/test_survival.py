import math

import numpy as np
import pytest

from services.quality.survival import Outcome, surviving, surviving_at, weibull
from shared.errors import InvalidInputError


def staircase(levels: np.ndarray, step: float, end: float) -> list[Outcome]:
    """Return what a staircase shows of cells that fail at these levels, in mA/cm²."""
    outcomes = []
    for level in levels:
        survived = min(math.floor(level / step) * step, end)
        outcomes.append(
            Outcome(survived=survived, failed=None if survived >= end else survived + step)
        )
    return outcomes


def test_without_censoring_the_share_is_that_of_the_cells_left() -> None:
    outcomes = [Outcome(survived=level - 1.0, failed=level) for level in (1.0, 2.0, 3.0, 4.0)]

    steps = surviving(outcomes)

    assert [step.level for step in steps] == [1.0, 2.0, 3.0, 4.0]
    assert [round(step.surviving_ratio, 6) for step in steps] == [0.75, 0.5, 0.25, 0.0]


def test_cells_whose_test_ended_early_count_for_what_they_showed() -> None:
    # Kaplan and Meier: of 5, failures in (0,1] and (1,2], two censored after 1, one after 2
    outcomes = [
        Outcome(survived=0.0, failed=1.0),
        Outcome(survived=1.0, failed=None),
        Outcome(survived=1.0, failed=None),
        Outcome(survived=1.0, failed=2.0),
        Outcome(survived=2.0, failed=None),
    ]

    steps = {step.level: step.surviving_ratio for step in surviving(outcomes)}

    assert steps[1.0] == pytest.approx(0.8, abs=1e-6)
    assert steps[2.0] < 0.8


def test_the_weibull_of_a_staircase_holds_the_truth_in_its_intervals() -> None:
    rng = np.random.default_rng(11)
    outcomes = staircase(5.0 * rng.weibull(4.0, 300), 0.2, 7.0)

    found = weibull(outcomes)

    assert found.shape_interval[0] < 4.0 < found.shape_interval[1]
    assert found.scale_interval[0] < 5.0 < found.scale_interval[1]
    b10 = 5.0 * (-math.log(0.9)) ** 0.25
    assert found.b10_interval[0] < b10 < found.b10_interval[1]


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(4)
    fits = [weibull(staircase(5.0 * rng.weibull(3.0, 40), 0.2, 9.0)) for _ in range(100)]

    held = sum(fit.scale_interval[0] < 5.0 < fit.scale_interval[1] for fit in fits)

    assert held >= 88


def test_too_few_failures_give_no_distribution() -> None:
    with pytest.raises(InvalidInputError, match="2 witnesses failed; a Weibull distribution needs"):
        weibull([Outcome(survived=4.0, failed=4.2)] * 2 + [Outcome(survived=6.0, failed=None)] * 9)


def test_a_share_of_survivors_has_the_lower_bound_of_a_success_run() -> None:
    passed, known, low = surviving_at([Outcome(survived=4.0, failed=None)] * 22, 4.0)

    assert (passed, known) == (22, 22)
    assert low == pytest.approx(0.05 ** (1 / 22))


def test_a_witness_that_ended_below_a_level_says_nothing_about_it() -> None:
    outcomes = [Outcome(survived=3.0, failed=None), Outcome(survived=4.0, failed=4.2)]

    assert surviving_at(outcomes, 4.0)[:2] == (1, 1)


def test_an_outcome_that_fails_below_what_it_survived_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="survived 4 and failed at 3"):
        surviving([Outcome(survived=4.0, failed=3.0)])
