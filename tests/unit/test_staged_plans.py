"""Double and multiple sampling, and all single plans beside a second published source.

Second source: the tables of MIL-STD-105E as the package AQLSchemes 1.7-2 (J. Lawson, CRAN) has
them, of archive.org's copy of the standard. It differs in one number only: for the multiple plan
of tightened inspection beside Ac 3 it has a first rejection number of 2, where its own table of
normal inspection and every other stage have those of the same plan, 3.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.quality import attributesplan, stagedplan
from services.quality.attributesplan import Switching, after_lot, attributes_plan
from services.quality.domain import SamplingRule
from services.quality.samples import drawn, plan_for, stage_sizes
from services.quality.stagedplan import judged, staged_plan

AQLS = (0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0)
# A lot of each code letter: size and level.
LOTS = {
    **{"A": (50, "S-1"), "B": (500, "S-1"), "C": (35_000, "S-1"), "D": (600_000, "S-1")},
    **{"E": (600_000, "S-2"), "F": (150, "II"), "G": (280, "II"), "H": (500, "II")},
    **{"J": (1200, "II"), "K": (3200, "II"), "L": (10_000, "II"), "M": (35_000, "II")},
    **{"N": (150_000, "II"), "P": (500_000, "II"), "Q": (600_000, "II"), "R": (600_000, "III")},
}
# Sample sizes of reduced inspection (table II-C), arrows followed.
REDUCED_SIZES = {
    **{"A": (8, 5, 3, 2, 2, 2, 2), "B": (8, 5, 3, 2, 2, 2, 2), "C": (8, 5, 3, 2, 2, 3, 2)},
    **{"D": (8, 5, 3, 2, 5, 3, 3), "E": (8, 5, 3, 8, 5, 5, 5), "F": (8, 5, 13, 8, 8, 8, 8)},
    **{"G": (8, 20, *[13] * 5), "H": (32, *[20] * 6), "J": (32,) * 7, "K": (50,) * 7},
    **{"L": (*[80] * 6, 50), "M": (*[125] * 5, 80, 50), "N": (*[200] * 4, 125, 80, 50)},
    **{"P": (315, 315, 315, 200, 125, 80, 50), "Q": (500, 500, 315, 200, 125, 80, 50)},
    "R": (800, 500, 315, 200, 125, 80, 50),
}
# Acceptance and rejection numbers by AQL, down the letters.
REDUCED_ACCEPTS = {
    0.65: (0,) * 9 + (1, 1, 2, 3, 5, 7, 10),
    1.0: (0,) * 8 + (1, 1, 2, 3, 5, 7, 10, 10),
    1.5: (0,) * 7 + (1, 1, 2, 3, 5, 7, 10, 10, 10),
    2.5: (0,) * 6 + (1, 1, 2, 3, 5, 7, 10, 10, 10, 10),
    4.0: (0,) * 5 + (1, 1, 2, 3, 5, 7) + (10,) * 5,
    6.5: (0,) * 4 + (1, 1, 2, 3, 5, 7) + (10,) * 6,
    10.0: (0,) * 3 + (1, 1, 2, 3, 5, 7) + (10,) * 7,
}
REDUCED_REFUSES = {
    0.65: (1,) * 7 + (2, 2, 3, 4, 5, 6, 8, 10, 13),
    1.0: (1,) * 6 + (2, 2, 3, 4, 5, 6, 8, 10, 13, 13),
    1.5: (1,) * 5 + (2, 2, 3, 4, 5, 6, 8, 10, 13, 13, 13),
    2.5: (1,) * 4 + (2, 2, 3, 4, 5, 6, 8, 10) + (13,) * 4,
    4.0: (1,) * 3 + (2, 2, 3, 4, 5, 6, 8, 10) + (13,) * 5,
    6.5: (1,) * 2 + (2, 2, 3, 4, 5, 6, 8, 10) + (13,) * 6,
    10.0: (2, 2, 2, 3, 4, 5, 6, 8, 10) + (13,) * 7,
}
# Size of one stage, and Ac and Re of its stages, of a lot of 1200 (letter J) at each AQL.
DOUBLE_J = {
    0.65: (50, ((0, 2), (1, 2))),
    1.0: (50, ((0, 3), (3, 4))),
    1.5: (50, ((1, 4), (4, 5))),
    2.5: (50, ((2, 5), (6, 7))),
    4.0: (50, ((3, 7), (8, 9))),
    6.5: (50, ((5, 9), (12, 13))),
    10.0: (50, ((7, 11), (18, 19))),
}
TIGHTENED_DOUBLE_L = {
    0.40: (125, ((0, 2), (1, 2))),
    0.65: (125, ((0, 3), (3, 4))),
    1.0: (125, ((1, 4), (4, 5))),
    1.5: (125, ((2, 5), (6, 7))),
    2.5: (125, ((3, 7), (11, 12))),
    4.0: (125, ((6, 10), (15, 16))),
    6.5: (125, ((9, 14), (23, 24))),
}
REDUCED_DOUBLE_N = {
    0.25: (125, ((0, 4), (1, 5))),
    0.40: (125, ((0, 4), (3, 6))),
    0.65: (125, ((1, 5), (4, 7))),
    1.0: (125, ((2, 7), (6, 9))),
    1.5: (125, ((3, 8), (8, 12))),
    2.5: (125, ((5, 10), (12, 16))),
}


# The same of seven stages: letter L normal and tightened, N reduced; None accepts nothing yet.
MULTIPLE_L = {
    0.25: ((None, None, 0, 0, 1, 1, 2), (2, 2, 2, 3, 3, 3, 3)),
    0.40: ((None, 0, 0, 1, 2, 3, 4), (2, 3, 3, 4, 4, 5, 5)),
    0.65: ((None, 0, 1, 2, 3, 4, 6), (3, 3, 4, 5, 6, 6, 7)),
    1.0: ((None, 1, 2, 3, 5, 7, 9), (4, 5, 6, 7, 8, 9, 10)),
    1.5: ((0, 1, 3, 5, 7, 10, 13), (4, 6, 8, 10, 11, 12, 14)),
    2.5: ((0, 3, 6, 8, 11, 14, 18), (5, 8, 10, 13, 15, 17, 19)),
    4.0: ((1, 4, 8, 12, 17, 21, 25), (7, 10, 13, 17, 20, 23, 26)),
    6.5: ((2, 7, 13, 19, 25, 31, 37), (9, 14, 19, 25, 29, 33, 38)),
}
TIGHTENED_MULTIPLE_L = {
    0.40: ((None, None, 0, 0, 1, 1, 2), (2, 2, 2, 3, 3, 3, 3)),
    0.65: ((None, 0, 0, 1, 2, 3, 4), (2, 3, 3, 4, 4, 5, 5)),
    1.0: ((None, 0, 1, 2, 3, 4, 6), (3, 3, 4, 5, 6, 6, 7)),
    1.5: ((None, 1, 2, 3, 5, 7, 9), (4, 5, 6, 7, 8, 9, 10)),
    2.5: ((0, 2, 4, 6, 9, 12, 14), (4, 7, 9, 11, 12, 14, 15)),
    4.0: ((0, 3, 7, 10, 14, 18, 21), (6, 9, 12, 15, 17, 20, 22)),
    6.5: ((1, 6, 11, 16, 22, 27, 32), (8, 12, 17, 22, 25, 29, 33)),
}
REDUCED_MULTIPLE_N = {
    0.10: ((None, None, 0, 0, 0, 0, 1), (2, 2, 2, 3, 3, 3, 3)),
    0.15: ((None, None, 0, 0, 0, 1, 1), (2, 3, 3, 4, 4, 5, 5)),
    0.25: ((None, None, 0, 0, 1, 1, 2), (3, 3, 4, 5, 6, 6, 7)),
    0.40: ((None, 0, 0, 1, 2, 3, 4), (3, 4, 5, 6, 7, 7, 8)),
    0.65: ((None, 0, 1, 2, 3, 4, 6), (4, 5, 6, 7, 8, 9, 10)),
    1.0: ((None, 1, 2, 3, 5, 7, 9), (4, 6, 8, 10, 11, 12, 14)),
    1.5: ((0, 1, 3, 5, 7, 10, 13), (5, 7, 9, 12, 13, 15, 17)),
    2.5: ((0, 3, 6, 8, 11, 14, 18), (6, 9, 12, 15, 17, 20, 22)),
}


@pytest.mark.parametrize("letter", LOTS)
def test_reduced_single_plans_are_those_of_the_second_source(letter):
    row, (lot, level) = list(LOTS).index(letter), LOTS[letter]
    assert attributesplan.code_letter(lot, level) == letter
    for column, aql in enumerate(AQLS):
        plan = attributes_plan(lot, level, aql, "reduced")
        assert (plan.sample_count, plan.accept_count, plan.refuse_count) == (
            REDUCED_SIZES[letter][column],
            REDUCED_ACCEPTS[aql][row],
            REDUCED_REFUSES[aql][row],
        ), aql


def test_tightened_inspection_has_no_plan_of_letter_a():
    plan = attributes_plan(50, "S-1", 10.0, "tightened")
    assert (plan.letter, plan.sample_count, plan.accept_count) == ("D", 8, 1)
    assert attributes_plan(50, "S-1", 6.5, "tightened").sample_count == 3


@pytest.mark.parametrize(
    ("lot", "severity", "table"),
    [
        (1200, "normal", DOUBLE_J),
        (10_000, "tightened", TIGHTENED_DOUBLE_L),
        (150_000, "reduced", REDUCED_DOUBLE_N),
    ],
)
def test_double_plans_are_those_of_the_published_tables(lot, severity, table):
    for aql, (each, expected) in table.items():
        plan = staged_plan(lot, "II", aql, severity, "double")
        assert tuple((one.accept_count, one.refuse_count) for one in plan.stages) == expected, aql
        assert [one.sample_count for one in plan.stages] == [each, 2 * each]


@pytest.mark.parametrize(
    ("lot", "severity", "each", "table"),
    [
        (10_000, "normal", 50, MULTIPLE_L),
        (10_000, "tightened", 50, TIGHTENED_MULTIPLE_L),
        (150_000, "reduced", 50, REDUCED_MULTIPLE_N),
    ],
)
def test_multiple_plans_are_those_of_the_published_tables(lot, severity, each, table):
    for aql, (accepts, refuses) in table.items():
        plan = staged_plan(lot, "II", aql, severity, "multiple")
        assert tuple(one.accept_count for one in plan.stages) == accepts, aql
        assert tuple(one.refuse_count for one in plan.stages) == refuses, aql
        assert [one.sample_count for one in plan.stages] == [each * n for n in range(1, 8)]


def test_where_the_tables_say_so_another_kind_of_plan_holds():
    assert staged_plan(1200, "II", 0.15, "normal", "double") is None, "Ac 0: single"
    assert staged_plan(35, "II", 10.0, "normal", "double").stages[-1].sample_count == 10
    assert staged_plan(500, "S-1", 10.0, "normal", "multiple").kind == "double", "letter C"
    assert staged_plan(5, "II", 10.0, "normal", "double") is None, "both stages take the lot"
    assert staged_plan(280, "S-1", 10.0, "reduced", "double") is None, "letter C, reduced"


@given(
    lot=st.sampled_from((500, 1200, 10_000, 150_000)),
    aql=st.sampled_from(AQLS),
    severity=st.sampled_from(("normal", "tightened")),
    kind=st.sampled_from(("double", "multiple")),
)
def test_a_staged_plan_lets_pass_what_its_single_plan_does_and_measures_less(
    lot, aql, severity, kind
):
    single = attributes_plan(lot, "II", aql, severity)
    plan = staged_plan(lot, "II", aql, severity, kind)
    good = aql / 400
    for ratio in (good, aql / 100, 3 * aql / 100):
        alone = attributesplan.accept_probability(single.sample_count, single.accept_count, ratio)
        assert stagedplan.accept_probability(plan, ratio) == pytest.approx(alone, abs=0.1)
    assert stagedplan.accept_probability(plan, 0.0) == 1.0
    assert stagedplan.mean_sample_count(plan, good) < single.sample_count


def test_the_operating_characteristic_of_a_double_plan_is_its_sum_by_hand():
    plan = staged_plan(1200, "II", 1.0, "normal", "double")  # 50 and 50: (0, 3), (3, 4)
    p0, p1, p2 = (stats.binom.pmf(count, 50, 0.02) for count in (0, 1, 2))
    second = [stats.binom.cdf(most, 50, 0.02) for most in (2, 1)]
    assert stagedplan.accept_probability(plan, 0.02) == pytest.approx(
        p0 + p1 * second[0] + p2 * second[1]
    )
    assert stagedplan.mean_sample_count(plan, 0.02) == pytest.approx(50 + 50 * (p1 + p2))


def test_a_stage_decides_or_asks_for_the_next_one():
    plan = staged_plan(1200, "II", 1.0, "normal", "double")
    assert judged(plan, [0]).accepted is True
    assert judged(plan, [3]).accepted is False
    assert judged(plan, [2]).accepted is None
    assert judged(plan, [2, 3]).accepted is True
    assert judged(plan, [2, 4]).accepted is False
    assert judged(plan, [0, 9]).stage == 1, "what was measured after a decision does not count"
    assert judged(plan, []).accepted is None


def test_a_lot_between_the_last_numbers_of_reduced_inspection_passes_and_ends_it():
    plan = staged_plan(150_000, "II", 0.40, "reduced", "double")  # (0, 4), (3, 6)
    found = judged(plan, [1, 5])
    assert (found.accepted, found.keeps_reduced) == (True, False)
    after = after_lot(Switching(severity="reduced"), accepted=True, keeps_reduced=False, gained=0)
    assert after.severity == "normal"


def test_only_lots_that_are_accepted_early_reduce_inspection():
    double = staged_plan(1200, "II", 1.0, "normal", "double")
    assert stagedplan.gain(double, judged(double, [0])) == 3
    assert stagedplan.gain(double, judged(double, [2, 2])) == 0
    multiple = staged_plan(10_000, "II", 0.40, "normal", "multiple")
    assert stagedplan.gain(multiple, judged(multiple, [1, 1, 0])) == 3
    assert stagedplan.gain(multiple, judged(multiple, [1, 1, 1, 1])) == 0


def test_a_rule_with_stages_draws_a_first_sample_that_the_next_one_contains():
    rule = SamplingRule(method="iso_2859_1", level="II", aql_percent=1.0, stages="double")
    plan = plan_for(rule, 1200, Switching())
    assert stage_sizes(plan) == (50, 100)
    items = [f"P-{number}" for number in range(1200)]
    first, both = (drawn("PEL", "g", items, count) for count in stage_sizes(plan))
    assert both[:50] == first
    with pytest.raises(ValueError, match="it needs"):
        SamplingRule(method="fixed", sample_count=3, accept_count=0, stages="double")
