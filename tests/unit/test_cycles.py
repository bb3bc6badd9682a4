"""Cycle figures: sums of the tester's own step ends, and when a cycle is not graded."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.formation.cycles import (
    CycleRules,
    StepFigures,
    capacity_retention,
    cycle_figures,
    initial_coulombic_efficiency,
    steps_from_rows,
)
from shared.errors import InvalidInputError

KINDS = ("rest", "cc_charge", "cv_charge", "cccv_charge", "cc_discharge", "cv_discharge", "other")


def step(number, cycle, kind, capacity_mah=0.0, volts=3.0, start_v=2.6):
    return StepFigures(
        step=number,
        cycle=cycle,
        kind=kind,
        start_s=100.0 * number,
        end_s=100.0 * number + 100.0,
        start_v=start_v,
        end_v=3.9,
        capacity_mah=capacity_mah,
        energy_mwh=capacity_mah * volts,
    )


def plain_cycle(cycle, charge_mah, discharge_mah):
    first = 10 * cycle
    return [
        step(first, cycle, "cc_charge", 0.75 * charge_mah, volts=3.2),
        step(first + 1, cycle, "cv_charge", 0.25 * charge_mah, volts=4.0),
        step(first + 2, cycle, "rest"),
        step(first + 3, cycle, "cc_discharge", discharge_mah, volts=2.9),
    ]


def rows(**changes):
    """Two steps of three rows each; capacity is signed and starts anew in each step."""
    columns = {
        "time_s": [0.0, 1.0, 2.0, 2.0, 3.0, 4.0],
        "voltage_v": [3.0, 3.1, 3.2, 3.1, 3.0, 2.9],
        "current_ma": [10.0, 10.0, 10.0, -10.0, -10.0, -10.0],
        "capacity_mah": [0.0, 1.0, 2.0, 0.0, -0.9, -1.9],
        "energy_mwh": [0.0, 3.0, 6.0, 0.0, -2.7, -5.7],
        "cycle": [1] * 6,
        "step": [1, 1, 1, 2, 2, 2],
        "kind": ["cc_charge"] * 3 + ["cc_discharge"] * 3,
    }
    return pl.DataFrame(columns | changes)


steps_of_one_cycle = st.lists(
    st.tuples(st.sampled_from(KINDS), st.floats(0.0, 1e4), st.floats(1.0, 5.0)),
    min_size=1,
    max_size=20,
).map(lambda drawn: [step(n, 1, kind, q, volts) for n, (kind, q, volts) in enumerate(drawn)])


@given(steps_of_one_cycle)
@settings(deadline=None)
def test_capacity_and_energy_are_sums_over_the_steps_of_each_direction(steps):
    figures = cycle_figures(steps)[0]
    charges = [s for s in steps if s.kind in ("cc_charge", "cv_charge", "cccv_charge")]
    discharges = [s for s in steps if s.kind in ("cc_discharge", "cv_discharge")]
    assert figures.charge_mah == pytest.approx(sum(s.capacity_mah for s in charges))
    assert figures.discharge_mah == pytest.approx(sum(s.capacity_mah for s in discharges))
    assert figures.charge_mwh == pytest.approx(sum(s.energy_mwh for s in charges))
    assert figures.discharge_mwh == pytest.approx(sum(s.energy_mwh for s in discharges))


@given(
    st.lists(st.tuples(st.floats(1.0, 1e4), st.floats(0.5, 1.0)), min_size=1, max_size=8),
    st.floats(0.01, 0.99),
)
@settings(deadline=None)
def test_splitting_a_charge_into_two_steps_changes_no_efficiency(cycles, share):
    whole, split = [], []
    for number, (charge, efficiency) in enumerate(cycles, start=1):
        discharge = step(10 * number + 2, number, "cc_discharge", charge * efficiency)
        whole += [step(10 * number, number, "cccv_charge", charge), discharge]
        split += [
            step(10 * number, number, "cc_charge", charge * share),
            step(10 * number + 1, number, "cv_charge", charge * (1 - share)),
            discharge,
        ]
    rules = CycleRules(second_charge_max_ratio=float("inf"))
    found = [[c.coulombic_efficiency.value_ratio for c in cycle_figures(s, rules=rules)]
             for s in (whole, split)]  # fmt: skip
    assert found[0] == pytest.approx(found[1])
    assert found[0] == pytest.approx([efficiency for _, efficiency in cycles])


@given(steps_of_one_cycle)
@settings(deadline=None)
def test_an_efficiency_is_a_positive_number_or_none_with_a_reason(steps):
    for graded in (
        cycle_figures(steps)[0].coulombic_efficiency,
        cycle_figures(steps)[0].energy_efficiency,
    ):
        assert (graded.value_ratio is None) != (graded.reason is None)
        assert (graded.value_ratio or 1.0) > 0.0


def test_figures_of_a_plain_cycle():
    figures = cycle_figures(plain_cycle(1, 100.0, 92.0))[0]
    assert figures.coulombic_efficiency.value_ratio == pytest.approx(0.92)
    assert figures.energy_efficiency.value_ratio == pytest.approx(92 * 2.9 / (75 * 3.2 + 25 * 4.0))
    assert figures.constant_voltage_mah == pytest.approx(25.0)
    assert figures.mean_charge_v == pytest.approx(3.4)
    assert figures.mean_discharge_v == pytest.approx(2.9)
    assert figures.voltage_gap_v == pytest.approx(0.5)
    assert figures.flags == ()


def test_the_initial_efficiency_is_that_of_the_first_cycle():
    cycles = cycle_figures(plain_cycle(1, 100.0, 90.0) + plain_cycle(2, 92.0, 91.9))
    assert initial_coulombic_efficiency(cycles).value_ratio == pytest.approx(0.90)
    assert initial_coulombic_efficiency([]).reason == "no cycle was run"


def test_a_test_that_starts_with_a_discharge_is_flagged_not_graded():
    before = [step(1, 1, "rest"), step(2, 1, "cc_discharge", 30.0)]
    cycles = cycle_figures(before + plain_cycle(1, 100.0, 99.0) + plain_cycle(2, 99.5, 99.2))
    assert cycles[0].flags == ("starts_with_discharge",)
    assert cycles[0].coulombic_efficiency.value_ratio is None
    assert "starts with discharge" in initial_coulombic_efficiency(cycles).reason
    assert cycles[1].coulombic_efficiency.value_ratio == pytest.approx(99.2 / 99.5)


@pytest.mark.parametrize(
    ("steps", "rules"),
    [
        (plain_cycle(1, 5.0, 90.0), CycleRules()),
        (plain_cycle(1, 60.0, 58.0) + plain_cycle(2, 95.0, 94.0), CycleRules()),
        (
            [replace(plain_cycle(1, 90.0, 80.0)[0], start_v=3.4), *plain_cycle(1, 90.0, 80.0)[1:]],
            CycleRules(first_charge_start_max_v=2.8),
        ),
    ],
    ids=["more out than in", "second charge larger", "start above the recipe's voltage"],
)
def test_a_test_that_starts_in_mid_charge_is_flagged_not_graded(steps, rules):
    first = cycle_figures(steps, rules=rules)[0]
    assert first.flags == ("starts_mid_charge",)
    assert first.coulombic_efficiency.value_ratio is None
    assert first.energy_efficiency.value_ratio is None
    assert first.charge_mah > 0.0


def test_only_the_first_cycle_can_start_in_mid_charge():
    cycles = cycle_figures(plain_cycle(1, 100.0, 90.0) + plain_cycle(2, 90.0, 91.0))
    assert cycles[1].flags == ()
    assert cycles[1].coulombic_efficiency.value_ratio == pytest.approx(91 / 90)


def test_a_first_charge_within_the_recipes_voltage_is_graded():
    rules = CycleRules(first_charge_start_max_v=2.8)
    assert cycle_figures(plain_cycle(1, 100.0, 90.0), rules=rules)[0].flags == ()


def test_a_cycle_without_a_discharge_has_no_efficiency():
    figures = cycle_figures(plain_cycle(1, 100.0, 90.0)[:2])[0]
    assert figures.flags == ("no_discharge",)
    assert figures.mean_discharge_v is None
    assert figures.voltage_gap_v is None
    assert figures.coulombic_efficiency.reason == "cycle 1 is not graded: no discharge"


def test_a_cycle_cut_off_by_the_end_of_the_file_is_not_graded():
    steps = plain_cycle(1, 100.0, 90.0) + plain_cycle(2, 92.0, 40.0)
    assert cycle_figures(steps, last_step_ended=False)[1].flags == ("incomplete",)
    assert cycle_figures([*steps, step(99, 2, "rest")], last_step_ended=False)[1].flags == ()


def test_a_pulse_within_a_cycle_is_flagged_but_counts():
    pulsed = [
        step(1, 1, "cc_charge", 50.0),
        step(2, 1, "cc_discharge", 1.0),
        step(3, 1, "cc_charge", 51.0),
        step(4, 1, "cc_discharge", 95.0),
    ]
    figures = cycle_figures(pulsed)[0]
    assert figures.flags == ("several_charges",)
    assert figures.coulombic_efficiency.value_ratio == pytest.approx(96 / 101)


def test_retention_is_against_the_named_reference_cycle():
    cycles = cycle_figures(
        plain_cycle(1, 100.0, 90.0) + plain_cycle(2, 90.0, 80.0) + plain_cycle(3, 80.0, 72.0)
    )
    assert capacity_retention(cycles, cycle=3, reference_cycle=1).value_ratio == pytest.approx(0.8)
    assert capacity_retention(cycles, cycle=3, reference_cycle=2).value_ratio == pytest.approx(0.9)
    assert capacity_retention(cycles, cycle=9, reference_cycle=2).reason == "cycle 9 was not run"


def test_retention_of_a_cut_off_discharge_is_not_told():
    cycles = cycle_figures(
        plain_cycle(1, 100.0, 90.0) + plain_cycle(2, 90.0, 20.0), last_step_ended=False
    )
    graded = capacity_retention(cycles, cycle=2, reference_cycle=1)
    assert graded.value_ratio is None
    assert graded.reason == "cycle 2 has no complete discharge"


def test_rows_become_steps_with_their_end_values():
    charge, discharge = steps_from_rows(rows())
    assert (charge.kind, charge.capacity_mah, charge.energy_mwh) == ("cc_charge", 2.0, 6.0)
    assert (charge.start_s, charge.end_s, charge.start_v, charge.end_v) == (0.0, 2.0, 3.0, 3.2)
    assert (discharge.kind, discharge.capacity_mah) == ("cc_discharge", 1.9)
    efficiency = cycle_figures([charge, discharge])[0].coulombic_efficiency
    assert efficiency.value_ratio == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (rows().drop("energy_mwh", "kind"), "lack the columns energy_mwh, kind"),
        (rows().clear(), "rows is empty"),
        (rows(voltage_v=[3.0, None, 3.2, 3.1, 3.0, 2.9]), "empty cells in voltage_v"),
        (rows(cycle=[1, 1, 2, 2, 2, 2]), "changes cycle or kind"),
        (rows(step=[1, 1, 2, 2, 1, 1], kind=["rest"] * 6), "comes twice"),
        (rows(kind=["boost"] * 6), "kind is boost"),
    ],
)
def test_rows_that_are_no_test_are_refused(table, message):
    with pytest.raises(InvalidInputError, match=message):
        steps_from_rows(table)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "steps is empty"),
        ([step(1, 1, "rest"), step(2, 2, "rest"), step(3, 1, "rest")], "comes back"),
        ([replace(step(1, 1, "cc_charge"), capacity_mah=-1.0)], r"capacity -1\.0 mAh"),
        ([replace(step(1, 1, "cc_charge"), energy_mwh=float("nan"))], "energy nan mWh"),
    ],
)
def test_steps_that_are_no_test_are_refused(steps, message):
    with pytest.raises(InvalidInputError, match=message):
        cycle_figures(steps)


def test_share_at_constant_voltage_counts_from_where_the_current_falls() -> None:
    current_ma = [100.0, 99.5, 100.0, 97.0, 50.0, 5.0]
    capacity_mah = [0.0, 10.0, 20.0, 29.0, 36.0, 38.0]
    rows = pl.DataFrame(
        {
            "time_s": [360.0 * number for number in range(6)],
            "voltage_v": [3.0, 3.5, 4.0, 4.0, 4.0, 4.0],
            "current_ma": current_ma,
            "capacity_mah": capacity_mah,
            "energy_mwh": capacity_mah,
            "cycle": [1] * 6,
            "step": [1] * 6,
            "kind": ["cccv_charge"] * 6,
        }
    )
    [cycle] = cycle_figures(steps_from_rows(rows))
    assert cycle.constant_voltage_mah == pytest.approx(18.0)
    [plain] = cycle_figures(steps_from_rows(rows.with_columns(pl.lit(100.0).alias("current_ma"))))
    assert plain.constant_voltage_mah == 0.0


def test_share_at_constant_voltage_is_unknown_without_the_rows_of_such_a_step() -> None:
    [cycle] = cycle_figures([replace(step(1, 1, "cccv_charge", 38.0), held_mah=None)])
    assert cycle.constant_voltage_mah is None
