"""Critical current density: what was survived, how it failed, and what stays unknown."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.quality.ccd import charge_passed_mah_cm2, critical_current_density
from services.quality.halfsteps import CcdRecipe, HalfStep, half_steps_from_rows
from shared.errors import InvalidInputError

DWELL_S = 120
RECIPE = CcdRecipe(dwell_s=float(DWELL_S), voltage_limit_v=5.0)
STEP_MA_CM2 = 0.2
ELAPSED_S = np.arange(DWELL_S + 1.0)


def half_step(index, asr_ohm_cm2, random, noise_ratio=0.01):
    """Half step `index` of the staircase: +0.2, -0.2, +0.4, -0.4 ... mA/cm2; `asr` (121,)."""
    density = STEP_MA_CM2 * (index // 2 + 1) * (1 - 2 * (index % 2))
    noise = 1 + noise_ratio * random.normal(size=ELAPSED_S.size)
    voltage = density * 1e-3 * asr_ohm_cm2 * noise + 2e-5 * random.normal(size=ELAPSED_S.size)
    time_s = index * (DWELL_S + 1.0) + ELAPSED_S
    return HalfStep(current_density_ma_cm2=density, time_s=time_s, voltage_v=voltage)


def staircase(levels, seed=0, changes=None, asr_ohm_cm2=240.0):
    """A staircase whose half step i has asr * changes[i] ((121,) or number), else asr alone."""
    random = np.random.default_rng(seed)
    factors = changes or {}
    return [
        half_step(i, asr_ohm_cm2 * factors.get(i, 1.0) * np.ones(ELAPSED_S.size), random)
        for i in range(2 * levels)
    ]


def cut(half, rows):
    return HalfStep(
        current_density_ma_cm2=half.current_density_ma_cm2,
        time_s=half.time_s[:rows],
        voltage_v=half.voltage_v[:rows],
    )


def level(index):
    return pytest.approx(STEP_MA_CM2 * (index // 2 + 1))


def from_row(row, factor):
    return np.where(row <= ELAPSED_S, factor, 1.0)


def levels_below(index):
    """The expected `last_survived` when half step `index` fails, 0 standing for none."""
    return pytest.approx(STEP_MA_CM2 * (index // 2), abs=1e-9)


@given(
    index=st.integers(0, 14),
    onset_s=st.integers(0, DWELL_S),
    asr_ohm_cm2=st.floats(100.0, 2500.0),
    short_ratio=st.floats(0.0, 0.01),
    seed=st.integers(0, 10_000),
)
@settings(deadline=None, max_examples=200)
def test_a_hard_short_is_never_missed(index, onset_s, asr_ohm_cm2, short_ratio, seed):
    shorted = dict.fromkeys(range(index + 1, 16), short_ratio)
    shorted[index] = from_row(onset_s, short_ratio)
    test = staircase(8, seed, shorted, asr_ohm_cm2)
    result = critical_current_density(test, CcdRecipe(dwell_s=120.0, voltage_limit_v=50.0))
    assert result.mode == "hard_short"
    assert result.first_failed_ma_cm2 == level(index)
    last_survived = result.last_survived_ma_cm2 or 0.0
    assert last_survived == levels_below(index)
    onset_on_clock_s = test[index].time_s[onset_s]
    assert onset_on_clock_s <= result.fault_time_s <= onset_on_clock_s + RECIPE.settle_s


@given(
    levels=st.integers(1, 12),
    asr_ohm_cm2=st.floats(100.0, 2000.0),
    growth_ratio=st.floats(0.97, 1.05),
    other_face_ratio=st.floats(0.7, 1.3),
    seed=st.integers(0, 10_000),
)
@settings(deadline=None, max_examples=60)
def test_a_sound_cell_is_never_failed(levels, asr_ohm_cm2, growth_ratio, other_face_ratio, seed):
    changes = {i: growth_ratio ** (i // 2) * other_face_ratio ** (i % 2) for i in range(24)}
    recipe = CcdRecipe(dwell_s=120.0, voltage_limit_v=50.0)
    result = critical_current_density(staircase(levels, seed, changes, asr_ohm_cm2), recipe)
    assert result.mode is None
    assert result.right_censored
    assert result.last_survived_ma_cm2 == pytest.approx(STEP_MA_CM2 * levels)
    assert {figures.verdict for figures in result.half_steps} == {"survived"}


def test_a_test_without_a_fault_is_right_censored_at_its_last_level():
    result = critical_current_density(staircase(10), RECIPE)
    assert result.last_survived_ma_cm2 == pytest.approx(2.0)
    assert result.first_failed_ma_cm2 is None
    assert result.fault_time_s is None
    assert "without a fault" in result.reason


def test_a_short_in_one_direction_costs_the_whole_level():
    result = critical_current_density(staircase(5, changes={7: 0.01, 8: 0.01, 9: 0.01}), RECIPE)
    assert result.last_survived_ma_cm2 == pytest.approx(0.6)
    assert result.first_failed_ma_cm2 == pytest.approx(0.8)
    assert result.half_steps[6].verdict == "survived"


@pytest.mark.parametrize("factor", [0.55, 0.7, 0.85])
def test_a_partial_drop_is_a_suspected_soft_short_and_ends_the_interval(factor):
    test = staircase(5, changes={6: from_row(40, factor), 7: factor, 8: factor, 9: factor})
    result = critical_current_density(test, RECIPE)
    assert result.mode == "soft_short"
    assert result.last_survived_ma_cm2 == pytest.approx(0.6)
    assert result.first_failed_ma_cm2 == pytest.approx(0.8)
    assert result.fault_time_s == pytest.approx(test[6].time_s[40], abs=1.0)


def test_a_drop_that_lasts_three_rows_is_no_short():
    glitch = np.where((ELAPSED_S >= 60) & (ELAPSED_S < 63), 0.1, 1.0)
    assert critical_current_density(staircase(5, changes={4: glitch}), RECIPE).mode is None


def test_a_drop_that_lasts_four_rows_is_a_short_even_if_it_heals():
    glitch = np.where((ELAPSED_S >= 60) & (ELAPSED_S < 64), 0.1, 1.0)
    result = critical_current_density(staircase(5, changes={4: glitch}), RECIPE)
    assert result.mode == "hard_short"
    assert result.first_failed_ma_cm2 == pytest.approx(0.6)


def test_a_slow_reversal_is_no_short():
    rise = 1.0 - np.exp(-ELAPSED_S / 1.0)
    changes = dict.fromkeys(range(10), rise)
    assert critical_current_density(staircase(5, changes=changes), RECIPE).mode is None


def test_a_cell_that_was_shorted_from_the_start_survived_nothing():
    result = critical_current_density(staircase(4, asr_ohm_cm2=0.01), RECIPE)
    assert result.last_survived_ma_cm2 is None
    assert result.first_failed_ma_cm2 == pytest.approx(0.2)
    assert result.mode == "hard_short"


def test_a_low_last_row_is_cleared_by_a_sound_half_step_after_it():
    result = critical_current_density(staircase(5, changes={4: from_row(119, 0.01)}), RECIPE)
    assert result.mode is None
    assert result.last_survived_ma_cm2 == pytest.approx(1.0)


def test_a_low_last_row_at_the_end_of_the_test_is_not_survived():
    result = critical_current_density(staircase(5, changes={9: from_row(119, 0.01)}), RECIPE)
    assert result.last_survived_ma_cm2 == pytest.approx(0.8)
    assert result.first_failed_ma_cm2 is None
    assert "undecided" in result.reason


def test_a_voltage_at_the_limit_is_contact_loss():
    test = staircase(5, changes={6: np.linspace(1.0, 40.0, ELAPSED_S.size)})
    result = critical_current_density(test, RECIPE)
    assert result.mode == "contact_loss"
    assert result.first_failed_ma_cm2 == pytest.approx(0.8)


def test_a_voltage_that_grows_exponentially_is_contact_loss_before_the_limit():
    growth = 1.0 + 0.01 * np.exp(ELAPSED_S / 25.0)
    result = critical_current_density(staircase(5, changes={6: growth}), RECIPE)
    assert result.mode == "contact_loss"
    assert max(figures.median_voltage_v for figures in result.half_steps) < RECIPE.voltage_limit_v


@pytest.mark.parametrize(
    "shape",
    [np.linspace(1.0, 1.6, ELAPSED_S.size), 1.0 + 0.6 * (1 - np.exp(-ELAPSED_S / 30.0))],
    ids=["linear", "levelling off"],
)
def test_a_rise_that_does_not_speed_up_is_no_contact_loss(shape):
    result = critical_current_density(staircase(5, changes={9: shape}), RECIPE)
    assert result.mode is None


def test_the_fault_that_came_first_names_the_mode():
    void_then_short = np.where(ELAPSED_S < 60, np.linspace(1.0, 80.0, ELAPSED_S.size), 0.001)
    result = critical_current_density(staircase(5, changes={6: void_then_short}), RECIPE)
    assert result.mode == "contact_loss"


def test_a_half_step_that_stopped_early_is_not_survived():
    test = staircase(5)
    result = critical_current_density([*test[:-1], cut(test[-1], 60)], RECIPE)
    assert result.last_survived_ma_cm2 == pytest.approx(0.8)
    assert result.right_censored
    assert "incomplete" in result.reason


def test_a_short_that_stopped_the_tester_within_seconds_is_seen():
    test = staircase(5, changes={9: 0.001})
    result = critical_current_density([*test[:-1], cut(test[-1], 4)], RECIPE)
    assert result.mode == "hard_short"
    assert result.first_failed_ma_cm2 == pytest.approx(1.0)


def test_a_level_run_in_one_direction_only_is_not_survived():
    result = critical_current_density(staircase(5)[:-1], RECIPE)
    assert result.last_survived_ma_cm2 == pytest.approx(0.8)
    assert result.right_censored


def test_the_interval_answers_a_limit_with_yes_no_or_unknown():
    result = critical_current_density(staircase(5, changes={8: 0.01, 9: 0.01}), RECIPE)
    assert result.survived(0.8) is True
    assert result.survived(1.0) is False
    assert result.survived(0.9) is None
    assert critical_current_density(staircase(5), RECIPE).survived(4.0) is None


def test_charge_is_counted_in_both_directions_and_up_to_the_fault():
    whole = critical_current_density(staircase(2), RECIPE).charge_passed_mah_cm2
    assert whole == pytest.approx(2 * (0.2 + 0.4) * 120 / 3600)
    assert charge_passed_mah_cm2(staircase(2)) == pytest.approx(whole)
    short = critical_current_density(staircase(2, changes={3: from_row(60, 0.01)}), RECIPE)
    assert short.charge_passed_mah_cm2 == pytest.approx(whole - 0.4 * 60 / 3600)


def test_figures_of_a_half_step_are_in_the_units_they_name():
    figures = critical_current_density(staircase(5), RECIPE).half_steps[5]
    assert figures.current_density_ma_cm2 == pytest.approx(-0.6)
    assert figures.median_voltage_v == pytest.approx(0.6e-3 * 240, rel=0.01)
    assert figures.resistance_ohm_cm2 == pytest.approx(240, rel=0.01)
    assert figures.noise_v == pytest.approx(0.01 * 0.6e-3 * 240, rel=0.3)
    assert abs(figures.slope_v_per_s) < 1e-4
    assert figures.charge_mah_cm2 == pytest.approx(0.6 * 120 / 3600)


def test_rows_of_a_tester_become_half_steps_without_the_rests():
    test = staircase(3)
    rest = np.zeros(10)
    step, time_s, current_ma, voltage_v = [], [], [], []
    for number, half in enumerate(test):
        step += [2 * number] * 10 + [2 * number + 1] * half.time_s.size
        time_s += [*rest, *half.time_s]
        current_ma += [*rest, *(np.ones(half.time_s.size) * half.current_density_ma_cm2 * 2.011)]
        voltage_v += [*rest, *half.voltage_v]
    found = half_steps_from_rows(time_s, current_ma, voltage_v, step, area_cm2=2.011)
    assert len(found) == 6
    assert [h.current_density_ma_cm2 for h in found] == pytest.approx(
        [h.current_density_ma_cm2 for h in test]
    )
    assert critical_current_density(found, RECIPE).last_survived_ma_cm2 == pytest.approx(0.6)


def test_area_changes_the_current_density_and_nothing_else():
    rows = ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [0.1, 0.1, 0.1], [1, 1, 1])
    small, large = (half_steps_from_rows(*rows, area_cm2=area)[0] for area in (1.131, 2.011))
    assert small.current_density_ma_cm2 == pytest.approx(1 / 1.131)
    assert large.current_density_ma_cm2 == pytest.approx(1 / 2.011)


@pytest.mark.parametrize(
    ("rows", "area_cm2", "message"),
    [
        (([], [], [], []), 1.0, "n at least 1"),
        (([0.0, 1.0], [1.0], [0.1, 0.1], [1, 1]), 1.0, "shapes"),
        (([0.0, 1.0], [1.0, 1.0], [0.1, 0.1], [1, 1]), 0.0, "area_cm2 is 0.0"),
        (([0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [0.1] * 3, [4] * 3), 1.0, "step 4: 2 of 3 currents"),
    ],
)
def test_rows_without_meaning_are_refused(rows, area_cm2, message):
    with pytest.raises(InvalidInputError, match=message):
        half_steps_from_rows(*rows, area_cm2=area_cm2)


def test_a_staircase_that_descends_is_refused():
    with pytest.raises(InvalidInputError, match=r"falls from 0\.6 to 0\.2"):
        critical_current_density([*staircase(3), *staircase(1)], RECIPE)


def test_no_half_steps_are_refused():
    with pytest.raises(InvalidInputError, match="half_steps is empty"):
        critical_current_density([], RECIPE)


@pytest.mark.parametrize(
    ("density", "time_s", "voltage_v", "message"),
    [
        (0.0, [0.0, 1.0], [0.1, 0.1], "density is 0.0"),
        (1.0, [0.0, 0.0], [0.1, 0.1], "must increase"),
        (1.0, [0.0, 1.0], [0.1, np.nan], "not finite"),
        (1.0, [0.0, 1.0], [0.1], "shape"),
        (1.0, [], [], "n at least 1"),
    ],
)
def test_an_unsound_half_step_is_refused(density, time_s, voltage_v, message):
    half = HalfStep(
        current_density_ma_cm2=density, time_s=np.array(time_s), voltage_v=np.array(voltage_v)
    )
    with pytest.raises(InvalidInputError, match=message):
        critical_current_density([half], RECIPE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settle_s": 100.0}, "settle_s is 100.0"),
        ({"short_floor_v": 6.0}, "short_floor_v is 6.0"),
        ({"hard_short_ratio": 0.95}, "hard_short_ratio 0.95"),
        ({"short_samples": 0}, "short_samples is 0"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(InvalidInputError, match=message):
        CcdRecipe(**({"dwell_s": 120.0, "voltage_limit_v": 5.0} | change))


@given(onset_s=st.integers(6, DWELL_S - 4))
@settings(deadline=None, max_examples=20)
def test_a_later_short_never_passes_less_charge(onset_s):
    charges = [
        critical_current_density(
            staircase(3, changes={4: from_row(start, 0.01), 5: 0.01}), RECIPE
        ).charge_passed_mah_cm2
        for start in (onset_s, onset_s + 1)
    ]
    assert all(later >= earlier for earlier, later in pairwise(charges))


# Soft shorts beside noise, relaxation and any number of rows


def dwelling(levels, dwell_s, row_s, noise_ratio, seed=0, rise=0.15, drop_at=None, drop=0.75):
    """A staircase whose voltage rises by `rise` after each reversal and may drop for good."""
    random = np.random.default_rng(seed)
    elapsed_s = row_s * np.arange(round(dwell_s / row_s) + 1.0)
    steps = []
    for index in range(2 * levels):
        density = STEP_MA_CM2 * (index // 2 + 1) * (1 - 2 * (index % 2))
        time_s = index * (dwell_s + row_s) + elapsed_s
        shape = 1.0 - rise * np.exp(-elapsed_s / 20.0)
        if drop_at is not None:
            shape = np.where(time_s >= drop_at, drop * shape, shape)
        noise = 1.0 + noise_ratio * random.normal(size=elapsed_s.size)
        voltage = density * 1e-3 * 240.0 * shape * noise
        steps.append(HalfStep(current_density_ma_cm2=density, time_s=time_s, voltage_v=voltage))
    return steps


def judged(steps, dwell_s):
    return critical_current_density(steps, CcdRecipe(dwell_s=dwell_s, voltage_limit_v=50.0))


@pytest.mark.parametrize("dwell_s", [60.0, 300.0, 1800.0])
@pytest.mark.parametrize("row_s", [0.1, 1.0])
@pytest.mark.parametrize("noise_ratio", [0.001, 0.03])
def test_noise_and_relaxation_of_a_sound_cell_are_no_soft_short(dwell_s, row_s, noise_ratio):
    result = judged(dwelling(4, dwell_s, row_s, noise_ratio), dwell_s)
    assert result.mode is None
    assert result.last_survived_ma_cm2 == pytest.approx(0.8)


@pytest.mark.parametrize("dwell_s", [60.0, 300.0, 1800.0])
@pytest.mark.parametrize("row_s", [0.1, 1.0])
@pytest.mark.parametrize("noise_ratio", [0.001, 0.03])
def test_a_lasting_drop_of_a_quarter_is_told_from_its_row(dwell_s, row_s, noise_ratio):
    onset_s = 4.5 * (dwell_s + row_s)
    result = judged(dwelling(4, dwell_s, row_s, noise_ratio, drop_at=onset_s), dwell_s)
    assert result.mode == "soft_short"
    assert result.first_failed_ma_cm2 == pytest.approx(0.6)
    assert result.fault_time_s == pytest.approx(onset_s, abs=3.0 * row_s)
    assert onset_s <= result.told_time_s <= onset_s + 60.0 * row_s


def test_a_soft_short_in_the_last_rows_of_a_half_step_costs_its_level():
    onset_s = 6.0 * 301.0 - 3.0
    result = judged(dwelling(4, 300.0, 1.0, 0.003, drop_at=onset_s), 300.0)
    assert result.mode == "soft_short"
    assert result.first_failed_ma_cm2 == pytest.approx(0.6)
    assert result.last_survived_ma_cm2 == pytest.approx(0.4)
    assert result.fault_time_s == pytest.approx(onset_s, abs=1.0)
    assert result.told_time_s > 6.0 * 301.0


def test_rows_too_few_for_their_noise_leave_a_level_undecided():
    result = judged(dwelling(4, 60.0, 10.0, 0.06), 60.0)
    assert result.mode is None
    assert result.last_survived_ma_cm2 == pytest.approx(0.2)
    assert "noisy" in result.reason


def test_a_fault_is_told_at_the_row_that_makes_it_certain():
    result = critical_current_density(staircase(5, changes={6: from_row(40, 0.01)}), RECIPE)
    assert result.told_time_s == pytest.approx(result.fault_time_s + RECIPE.short_samples - 1)
