"""Sampling plans: published tables and worked examples, switching, and what a sample says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.quality import variablesplan
from services.quality.attributesplan import (
    AQLS_PERCENT,
    Switching,
    accept_probability,
    attributes_plan,
    code_letter,
    smallest_plan,
    switched,
)
from services.quality.domain import SamplingRule
from services.quality.operatingcurve import drawing, quality_accepted
from services.quality.samples import drawn, plan_for
from shared.errors import InvalidInputError

AQLS = (0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0)
LOTS = {"H": 500, "J": 1200, "K": 3200, "L": 10_000, "M": 35_000, "N": 150_000}
# Rejection numbers of the tables in the guide of the National Institute of Building Sciences.
NORMAL = {
    "H": (2, 2, 3, 4, 6, 8, 11),
    "J": (2, 3, 4, 6, 8, 11, 15),
    "K": (3, 4, 6, 8, 11, 15, 22),
    "L": (4, 6, 8, 11, 15, 22, 22),
    "M": (6, 8, 11, 15, 22, 22, 22),
    "N": (8, 11, 15, 22, 22, 22, 22),
}
TIGHTENED = {
    "H": (2, 2, 2, 3, 4, 6, 9),
    "J": (2, 2, 3, 4, 6, 9, 13),
    "K": (2, 3, 4, 6, 9, 13, 19),
    "L": (3, 4, 6, 9, 13, 19, 19),
}


def test_the_plan_of_the_worked_example_is_j_80_with_rejection_at_3():
    plan = attributes_plan(800, "II", 1.0)
    assert (plan.letter, plan.sample_count, plan.refuse_count) == ("J", 80, 3)


@pytest.mark.parametrize(("severity", "table"), [("normal", NORMAL), ("tightened", TIGHTENED)])
def test_rejection_numbers_are_those_of_the_published_tables(severity, table):
    for letter, expected in table.items():
        assert code_letter(LOTS[letter], "II") == letter
        found = [attributes_plan(LOTS[letter], "II", aql, severity).refuse_count for aql in AQLS]
        assert tuple(found) == expected, letter


def test_arrows_lead_to_another_sample_size():
    assert attributes_plan(1200, "II", 0.65, "tightened").sample_count == 125
    assert attributes_plan(10_000, "II", 10.0).sample_count == 125
    assert attributes_plan(8, "II", 1.0).sample_count == 8, "the whole lot"


@given(
    lot=st.integers(2, 2_000_000),
    level=st.sampled_from(("S-1", "S-2", "S-3", "S-4", "I", "II", "III")),
    aql=st.sampled_from(AQLS_PERCENT),
    severity=st.sampled_from(("normal", "tightened", "reduced")),
)
def test_every_lot_has_a_plan_and_tightened_never_lets_more_pass(lot, level, aql, severity):
    plan = attributes_plan(lot, level, aql, severity)
    assert 1 <= plan.sample_count <= lot
    assert plan.accept_count < plan.refuse_count
    normal, tight = (attributes_plan(lot, level, aql, word) for word in ("normal", "tightened"))
    for ratio in (0.01, 0.1):
        passes = [
            accept_probability(p.sample_count, p.accept_count, ratio) for p in (normal, tight)
        ]
        assert passes[1] <= passes[0] + 1e-12


def after(series, counts, aql=1.0, lot=800):
    """The series after lots with so many nonconforming items."""
    for count in counts:
        plan = attributes_plan(lot, "II", aql, series.severity)
        series = switched(series, plan, count, aql)
    return series


def test_two_of_five_refused_lots_tighten_and_five_accepted_relax():
    assert after(Switching(), [9, 0, 0, 0]).severity == "normal"
    tight = after(Switching(), [9, 0, 0, 0, 9])
    assert tight.severity == "tightened"
    assert after(Switching(), [9, 0, 0, 0, 0, 9]).severity == "normal", "six lots apart"
    assert after(tight, [0, 0, 0, 0]).severity == "tightened"
    assert after(tight, [0, 0, 0, 0, 0]).severity == "normal"


def test_five_refused_lots_under_tightened_inspection_discontinue_it():
    tight = Switching(severity="tightened")
    assert after(tight, [9, 0, 9, 0, 9, 0, 9]).severity == "tightened"
    stopped = after(tight, [9, 0, 9, 0, 9, 0, 9, 9])
    assert stopped.severity == "discontinued"
    with pytest.raises(InvalidInputError, match="discontinued"):
        attributes_plan(800, "II", 1.0, stopped.severity)


def test_a_score_of_30_reduces_and_any_doubt_returns_to_normal():
    assert after(Switching(), [0] * 9).score == 27
    reduced = after(Switching(), [0] * 10)
    assert reduced.severity == "reduced"
    assert after(Switching(), [0] * 9 + [2]).score == 0, "accepted, but not one AQL tighter"
    assert after(reduced, [1, 1]).severity == "reduced"
    assert after(reduced, [2]).severity == "normal", "between acceptance and rejection number"
    assert after(reduced, [9]).severity == "normal"


def test_operating_characteristics_have_the_known_answers():
    assert accept_probability(500, 3, 0.01) == pytest.approx(0.264, abs=5e-4)
    assert accept_probability(500, 3, 0.001) == pytest.approx(0.998, abs=5e-4)
    assert smallest_plan(0.05, 0.05, 0.15, 0.075) == (80, 7)
    assert accept_probability(3, 0, 0.5, 4) == pytest.approx(0.0), "two of four cannot hide"
    found = quality_accepted(lambda p: accept_probability(22, 0, p), 0.10)
    assert found == pytest.approx(1 - 0.1 ** (1 / 22), abs=1e-9)


def test_two_qualities_without_a_plan_are_refused():
    with pytest.raises(InvalidInputError, match="too near"):
        smallest_plan(0.1, 0.05, 0.1001, 0.05)
    with pytest.raises(InvalidInputError, match="too near"):
        variablesplan.unknown_sigma_plan(0.1, 0.05, 0.1001, 0.05)


def test_plans_by_variables_keep_both_risks_and_none_smaller_does():
    known = variablesplan.known_sigma_plan(0.05, 0.05, 0.15, 0.075)
    assert (known.sample_count, known.k) == (26, pytest.approx(1.320, abs=1e-3))
    plan = variablesplan.unknown_sigma_plan(0.05, 0.05, 0.15, 0.075)
    assert plan.sample_count == 49
    assert plan.sample_count == pytest.approx(26 * (1 + plan.k**2 / 2), abs=1)
    good, bad = (variablesplan.accept_probability(49, plan.k, ratio) for ratio in (0.05, 0.15))
    assert good >= 0.95
    assert bad == pytest.approx(0.075, abs=1e-6)


def test_a_lot_is_accepted_by_its_mean_and_standard_deviation():
    values = [124.0, 125.0, 126.0]
    passes, words = variablesplan.accepted(values, 1.5, 120.0, 130.0)
    assert passes and "5.000 of them inside" in words
    assert not variablesplan.accepted(values, 5.1, 120.0, None)[0]
    with pytest.raises(InvalidInputError, match="too coarse"):
        variablesplan.accepted([125.0, 125.0], 1.5, 120.0, None)


@given(count=st.integers(1, 40), size=st.integers(1, 60))
def test_the_same_parts_are_drawn_whatever_their_order(count, size):
    items = [f"P-{number}" for number in range(size)]
    first = drawn("PEL", "thickness", items, count)
    assert first == drawn("PEL", "thickness", items[::-1], count)
    assert len(set(first)) == min(count, size)
    assert set(first) <= set(items)


def test_draws_of_two_lots_differ():
    items = [f"P-{number}" for number in range(300)]
    assert drawn("PEL-1", "g", items, 20) != drawn("PEL-2", "g", items, 20)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"method": "iso_2859_1", "level": "II"}, "it needs aql_percent, level"),
        ({"method": "fixed", "sample_count": 3, "accept_count": 3}, "must be below sample_count"),
        ({"method": "fixed", "sample_count": 3, "accept_count": 0, "level": "I"}, "it needs"),
        (
            {
                "method": "variables",
                "good_ratio": 0.1,
                "bad_ratio": 0.05,
                "producer_risk_ratio": 0.05,
                "consumer_risk_ratio": 0.1,
            },
            "must be below bad_ratio",
        ),
    ],
)
def test_a_sampling_rule_that_cannot_be_meant_is_refused(rule, says):
    with pytest.raises(ValidationError, match=says):
        SamplingRule.model_validate(rule)


def test_a_discontinued_series_accepts_nothing():
    rule = SamplingRule(method="iso_2859_1", level="II", aql_percent=1.0)
    plan = plan_for(rule, 800, Switching(severity="discontinued"))
    assert plan.reason is not None and plan.sample_count == 800


def test_the_curve_of_a_plan_is_drawn():
    svg = drawing("n < 3", [0.0, 0.5, 1.0], [1.0, 0.5, 0.0])
    assert svg.startswith("<svg") and "n &lt; 3" in svg
    assert math.isclose(svg.count("<polyline"), 1)
