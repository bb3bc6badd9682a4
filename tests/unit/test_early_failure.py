"""Prediction of failing cells has skill where there is some, and says so where there is none."""

import numpy as np
import pytest

from services.quality.earlyfailure import Seen, predicted
from shared.errors import InvalidInputError


def cells(seed, effect, lots=12, of_each=20, graded=True):
    random = np.random.default_rng(seed)
    found = []
    for lot in range(lots):
        shift = random.normal(0.0, 0.3)
        for number in range(of_each):
            asr, dose = random.normal(shift), random.normal()
            risk = 1.0 / (1.0 + np.exp(1.5 - effect * asr))
            found.append(
                Seen(
                    cell_id=f"C-{lot}-{number}",
                    lot=f"L-{lot}",
                    figures={"asr": 100.0 + 10.0 * asr, "dose": dose},
                    failed=bool(random.random() < risk) if graded else None,
                )
            )
    return found


def test_a_figure_that_decides_is_found_and_beats_the_baseline():
    found = predicted([*cells(1, 2.0), *cells(2, 2.0, lots=1, graded=False)])
    assert found.skill.is_better
    assert found.skill.log_loss < found.skill.baseline_log_loss
    assert found.weights["asr"] > 3 * abs(found.weights["dose"])
    assert len(found.advice) == 20
    assert found.advice[0].probability > 0.5 > found.advice[-1].probability
    assert found.advice[0].reasons[0].startswith("asr")


@pytest.mark.parametrize("seed", range(5))
def test_where_nothing_decides_there_is_no_advice(seed):
    found = predicted([*cells(seed, 0.0), *cells(seed + 50, 0.0, lots=1, graded=False)])
    assert not found.skill.is_better
    assert found.advice == ()


def test_what_is_peculiar_to_one_lot_teaches_nothing_of_others():
    random = np.random.default_rng(3)
    given = [
        Seen(
            cell_id=f"C-{lot}-{number}",
            lot=f"L-{lot}",
            figures={"serial": float(lot)},
            failed=bool(random.random() < (0.9 if lot == 3 else 0.1)),
        )
        for lot in range(8)
        for number in range(20)
    ]
    assert not predicted(given).skill.is_better


def test_told_probabilities_are_how_often_cells_fail():
    bins = predicted(cells(4, 2.0, lots=30)).skill.calibration
    assert [one.mean_probability for one in bins] == sorted(one.mean_probability for one in bins)
    for one in bins:
        assert one.failed_ratio == pytest.approx(one.mean_probability, abs=0.12)


def test_missing_figures_count_as_the_middle_and_rare_ones_not_at_all():
    given = cells(5, 2.0)
    given[0].figures.pop("asr")
    given[1].figures["rare"] = 1.0
    found = predicted(given)
    assert set(found.weights) == {"asr", "dose"}
    assert all(np.isfinite(weight) for weight in found.weights.values())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "0 graded cells"),
        (cells(6, 2.0, lots=2), "at least 30 cells of 3 lots"),
        (
            [
                Seen(cell_id="C", lot=f"L{n % 5}", figures={"a": 1.0}, failed=False)
                for n in range(50)
            ],
            "5 failed",
        ),
        (
            [Seen(cell_id="C", lot=f"L{n % 5}", figures={}, failed=n % 2 == 0) for n in range(50)],
            "no figure is known",
        ),
    ],
)
def test_too_little_to_learn_from_is_told(given, says):
    with pytest.raises(InvalidInputError, match=says):
        predicted(given)
