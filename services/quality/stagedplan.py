"""Double and multiple sampling by attributes: a second sample only where the first says too little.

Tables III-A to III-C and IV-A to IV-C of MIL-STD-105E, in the public domain, which are those of
ISO 2859-1 up to its first edition; the edition of 1999 has five stages for seven and other numbers
in some double plans. Where a table says so, or the stages together would take the whole lot, the
single plan holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from services.quality import attributesplan
from services.quality.attributesplan import LETTERS, SIZES, AttributesPlan, Level, Severity

Kind = Literal["single", "double", "multiple"]
Numbers = tuple[tuple[int | None, int], ...]


def _numbers(accepts: str, refuses: str) -> Numbers:
    """Return acceptance and rejection numbers stage by stage; `#`: nothing is accepted yet."""
    accept = [None if word == "#" else int(word) for word in accepts.split()]
    return tuple(zip(accept, (int(word) for word in refuses.split()), strict=True))


_DOUBLE_1, _DOUBLE_2 = _numbers("0 1", "2 2"), _numbers("0 3", "3 4")
_DOUBLE_3, _DOUBLE_5 = _numbers("1 4", "4 5"), _numbers("2 6", "5 7")
_MULTIPLE_1 = _numbers("# # 0 0 1 1 2", "2 2 2 3 3 3 3")
_MULTIPLE_2 = _numbers("# 0 0 1 2 3 4", "2 3 3 4 4 5 5")
_MULTIPLE_3 = _numbers("# 0 1 2 3 4 6", "3 3 4 5 6 6 7")
_MULTIPLE_5 = _numbers("# 1 2 3 5 7 9", "4 5 6 7 8 9 10")
# Along the diagonals of each table, letter + AQL step, as in `attributesplan`.
_TABLES: dict[Kind, dict[Severity, dict[int, Numbers]]] = {
    "double": {
        "normal": {
            **{17: _DOUBLE_1, 18: _DOUBLE_2, 19: _DOUBLE_3, 20: _DOUBLE_5},
            **{21: _numbers("3 8", "7 9"), 22: _numbers("5 12", "9 13")},
            **{23: _numbers("7 18", "11 19"), 24: _numbers("11 26", "16 27")},
        },
        "tightened": {
            **{18: _DOUBLE_1, 19: _DOUBLE_2, 20: _DOUBLE_3, 21: _DOUBLE_5},
            **{22: _numbers("3 11", "7 12"), 23: _numbers("6 15", "10 16")},
            24: _numbers("9 23", "14 24"),
        },
        "reduced": {
            **{17: _numbers("0 0", "2 2"), 18: _numbers("0 0", "3 4")},
            **{19: _numbers("0 1", "4 5"), 20: _numbers("0 3", "4 6")},
            **{21: _numbers("1 4", "5 7"), 22: _numbers("2 6", "7 9")},
            **{23: _numbers("3 8", "8 12"), 24: _numbers("5 12", "10 16")},
        },
    },
    "multiple": {
        "normal": {
            **{17: _MULTIPLE_1, 18: _MULTIPLE_2, 19: _MULTIPLE_3, 20: _MULTIPLE_5},
            21: _numbers("0 1 3 5 7 10 13", "4 6 8 10 11 12 14"),
            22: _numbers("0 3 6 8 11 14 18", "5 8 10 13 15 17 19"),
            23: _numbers("1 4 8 12 17 21 25", "7 10 13 17 20 23 26"),
            24: _numbers("2 7 13 19 25 31 37", "9 14 19 25 29 33 38"),
        },
        "tightened": {
            **{18: _MULTIPLE_1, 19: _MULTIPLE_2, 20: _MULTIPLE_3, 21: _MULTIPLE_5},
            22: _numbers("0 2 4 6 9 12 14", "4 7 9 11 12 14 15"),
            23: _numbers("0 3 7 10 14 18 21", "6 9 12 15 17 20 22"),
            24: _numbers("1 6 11 16 22 27 32", "8 12 17 22 25 29 33"),
        },
        "reduced": {
            17: _numbers("# # 0 0 0 0 1", "2 2 2 3 3 3 3"),
            18: _numbers("# # 0 0 0 1 1", "2 3 3 4 4 5 5"),
            19: _numbers("# # 0 0 1 1 2", "3 3 4 5 6 6 7"),
            20: _numbers("# 0 0 1 2 3 4", "3 4 5 6 7 7 8"),
            21: _numbers("# 0 1 2 3 4 6", "4 5 6 7 8 9 10"),
            22: _numbers("# 1 2 3 5 7 9", "4 6 8 10 11 12 14"),
            23: _numbers("0 1 3 5 7 10 13", "5 7 9 12 13 15 17"),
            24: _numbers("0 3 6 8 11 14 18", "6 9 12 15 17 20 22"),
        },
    },
}
# One stage is as large as the single sample so many letters before; the first letter that has one.
_LETTERS_BEFORE: dict[Kind, int] = {"double": 1, "multiple": 3}
_FIRST: dict[Kind, dict[Severity, str]] = {
    "double": {"normal": "B", "tightened": "B", "reduced": "D"},
    "multiple": {"normal": "D", "tightened": "D", "reduced": "F"},
}
SCORED_UP_TO: dict[Kind, int] = {"double": 1, "multiple": 3}  # stage; ISO 2859-1:1999, 9.3.3.2


@dataclass(frozen=True, kw_only=True)
class Stage:
    """So many items are drawn up to here, all stages together; accept_count None: none accepts."""

    sample_count: int
    accept_count: int | None
    refuse_count: int


@dataclass(frozen=True, kw_only=True)
class StagedPlan:
    """Stages in their order; a lot that the last one neither accepts nor refuses (reduced
    inspection only) is accepted, and normal inspection returns."""

    kind: Kind
    letter: str
    severity: Severity
    stages: tuple[Stage, ...]


@dataclass(frozen=True, kw_only=True)
class StagedVerdict:
    """What the stages said so far. accepted: None where a further stage is to be drawn."""

    accepted: bool | None
    keeps_reduced: bool
    stage: int  # the last that counted, from 1
    nonconforming_count: int


def staged_plan(
    lot_size: int, level: Level, aql_percent: float, severity: Severity, kind: Kind
) -> StagedPlan | None:
    """Return the double or multiple plan of a lot, None where the single plan holds.

    Small letters have no multiple plan but a double one.

    Raises:
        InvalidInputError: no such AQL, inspection is discontinued, or the lot is too small.
    """
    if kind == "single":
        return None
    single = attributesplan.attributes_plan(lot_size, level, aql_percent, severity)
    row = (LETTERS + "S").index(single.letter)
    numbers = _TABLES[kind][severity].get(row + attributesplan.aql_step(aql_percent))
    if row < LETTERS.index(_FIRST[kind][severity]):
        smaller: Kind = "double" if kind == "multiple" else "single"
        return staged_plan(lot_size, level, aql_percent, severity, smaller)
    each = SIZES[severity][row - _LETTERS_BEFORE[kind]]
    if numbers is None or each * len(numbers) >= lot_size:
        return None
    stages = tuple(
        Stage(sample_count=each * place, accept_count=accept, refuse_count=refuse)
        for place, (accept, refuse) in enumerate(numbers, start=1)
    )
    return StagedPlan(kind=kind, letter=single.letter, severity=severity, stages=stages)


def judged(plan: StagedPlan, nonconforming_counts: Sequence[int]) -> StagedVerdict:
    """Return what the stages say; counts are those up to each stage that is measured.

    The first stage that decides counts, whatever was measured after it.
    """
    accepted, keeps, place, count = None, True, 0, 0
    for place, (stage, found) in enumerate(
        zip(plan.stages, nonconforming_counts, strict=False), start=1
    ):
        count = found
        if stage.accept_count is not None and count <= stage.accept_count:
            accepted = True
        elif count >= stage.refuse_count:
            accepted = False
        elif place == len(plan.stages):
            accepted, keeps = True, False
        if accepted is not None:
            break
    return StagedVerdict(
        accepted=accepted, keeps_reduced=keeps, stage=place, nonconforming_count=count
    )


def gain(plan: StagedPlan, found: StagedVerdict) -> int:
    """Return the points of a lot: those that are accepted early, ISO 2859-1:1999, 9.3.3.2."""
    return 3 if found.accepted and found.stage <= SCORED_UP_TO[plan.kind] else 0


def accept_probability(plan: StagedPlan, nonconforming_ratio: float) -> float:
    """Return the share of lots accepted, binomial; nonconforming_ratio: 0-1."""
    return _walked(plan, nonconforming_ratio)[0]


def mean_sample_count(plan: StagedPlan, nonconforming_ratio: float) -> float:
    """Return how many items are measured on average, each stage to its end."""
    return _walked(plan, nonconforming_ratio)[1]


def _walked(plan: StagedPlan, ratio: float) -> tuple[float, float]:
    """Return the share accepted and the mean count, stage by stage over the undecided lots."""
    undecided, accepted, measured, before = np.ones(1), 0.0, 0.0, 0
    for place, stage in enumerate(plan.stages, start=1):
        drawn = stage.sample_count - before
        before = stage.sample_count
        measured += drawn * float(undecided.sum())
        share = np.convolve(undecided, stats.binom.pmf(np.arange(drawn + 1), drawn, ratio))
        bad = np.arange(share.size)
        least = -1 if stage.accept_count is None else stage.accept_count
        if place == len(plan.stages):
            least = stage.refuse_count - 1
        accepted += float(share[bad <= least].sum())
        undecided = np.where((bad > least) & (bad < stage.refuse_count), share, 0.0)
    return accepted, measured


def of_single(plan: AttributesPlan) -> Stage:
    """Return a single plan as the one stage that it is."""
    return Stage(
        sample_count=plan.sample_count,
        accept_count=plan.accept_count,
        refuse_count=plan.refuse_count,
    )
