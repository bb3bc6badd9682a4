"""Sampling by attributes: the single plans of ISO 2859-1, their switching, and what they let pass.

Tables I, II-A, II-B and II-C of MIL-STD-105E, in the public domain, which carry the same plans;
switching by the score of ISO 2859-1:1999, 9.3. AQL in percent nonconforming items, up to 10.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Literal

from scipy import stats

from shared.errors import InvalidInputError

Severity = Literal["normal", "tightened", "reduced", "discontinued"]
Level = Literal["S-1", "S-2", "S-3", "S-4", "I", "II", "III"]

LETTERS = "ABCDEFGHJKLMNPQR"
_LOT_UP_TO = (8, 15, 25, 50, 90, 150, 280, 500, 1200, 3200, 10_000, 35_000, 150_000, 500_000)
_LETTER_OF: dict[str, str] = {
    "S-1": "AAAABBBBCCCCDDD",
    "S-2": "AAABBBCCCDDDEEE",
    "S-3": "AABBCCDDEEFFGGH",
    "S-4": "AABCCDEEFGGHJJK",
    "I": "AABCCDEFGHJKLMN",
    "II": "ABCDEFGHJKLMNPQ",
    "III": "BCDEFGHJKLMNPQR",
}
AQLS_PERCENT = (
    *(0.010, 0.015, 0.025, 0.040, 0.065, 0.10, 0.15, 0.25, 0.40, 0.65),
    *(1.0, 1.5, 2.5, 4.0, 6.5, 10.0),
)
SIZES: dict[Severity, tuple[int, ...]] = {
    "normal": (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000),
    "tightened": (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000, 3150),
    "reduced": (2, 2, 2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800),
}
# Acceptance and rejection numbers along the diagonals of each table: letter + AQL step.
_NUMBERS: dict[Severity, dict[int, tuple[int, int]]] = {
    "normal": {
        **{14: (0, 1), 17: (1, 2), 18: (2, 3), 19: (3, 4), 20: (5, 6), 21: (7, 8)},
        **{22: (10, 11), 23: (14, 15), 24: (21, 22)},
    },
    "tightened": {
        **{15: (0, 1), 18: (1, 2), 19: (2, 3), 20: (3, 4), 21: (5, 6), 22: (8, 9)},
        **{23: (12, 13), 24: (18, 19)},
    },
    "reduced": {
        **{14: (0, 1), 17: (0, 2), 18: (1, 3), 19: (1, 4), 20: (2, 5), 21: (3, 6)},
        **{22: (5, 8), 23: (7, 10), 24: (10, 13)},
    },
}
_UP: dict[Severity, int | None] = {
    "normal": 15,
    "tightened": None,
    "reduced": 15,
}  # this diagonal points to the plan above
TO_TIGHTENED, WITHIN = 2, 5  # lots refused, of so many in a row
TO_NORMAL = 5  # lots in a row accepted under tightened inspection
TO_DISCONTINUED = 5  # lots refused under tightened inspection
TO_REDUCED = 30  # switching score
MOST_ACCEPTED = 300  # nonconforming items that a plan for two risks may accept


@dataclass(frozen=True, kw_only=True)
class AttributesPlan:
    """So many items are drawn; accepted with up to `accept_count` nonconforming, refused from
    `refuse_count`. Between them (reduced inspection only) accepted, and normal inspection returns.
    """

    letter: str
    severity: Severity
    sample_count: int
    accept_count: int
    refuse_count: int


@dataclass(frozen=True, kw_only=True)
class Switching:
    """Where a series of lots stands. recent: whether the last lots under this severity passed."""

    severity: Severity = "normal"
    score: int = 0
    recent: tuple[bool, ...] = ()
    refused_count: int = 0


def code_letter(lot_size: int, level: Level) -> str:
    """Return the code letter of a lot.

    Raises:
        InvalidInputError: fewer than two items.
    """
    if lot_size < 2:
        raise InvalidInputError(f"lot size is {lot_size}; a sample needs at least 2 items")
    return _LETTER_OF[level][bisect_left(_LOT_UP_TO, lot_size)]


def attributes_plan(
    lot_size: int, level: Level, aql_percent: float, severity: Severity = "normal"
) -> AttributesPlan:
    """Return the single plan of a lot; a sample as large as the lot is the whole lot.

    Raises:
        InvalidInputError: no such AQL, inspection is discontinued, or the lot is too small.
    """
    if severity == "discontinued":
        raise InvalidInputError("inspection is discontinued until the process was improved")
    at = aql_step(aql_percent)
    row = LETTERS.index(code_letter(lot_size, level))
    row = _followed(row, at, severity)
    accept, refuse = _NUMBERS[severity][row + at]
    return AttributesPlan(
        letter=(LETTERS + "S")[row],
        severity=severity,
        sample_count=min(lot_size, SIZES[severity][row]),
        accept_count=accept,
        refuse_count=refuse,
    )


def aql_step(aql_percent: float) -> int:
    """Return the place of an AQL among those of the tables.

    Raises:
        InvalidInputError: it is none of them.
    """
    if aql_percent not in AQLS_PERCENT:
        raise InvalidInputError(
            f"AQL is {aql_percent:g} %; there are {', '.join(f'{a:g}' for a in AQLS_PERCENT)}"
        )
    return AQLS_PERCENT.index(aql_percent)


def _followed(row: int, at: int, severity: Severity) -> int:
    """Return the row of the plan that the arrows of the table lead to."""
    numbers, last = _NUMBERS[severity], len(SIZES[severity]) - 1
    if severity == "tightened":
        row = max(row, 1)  # table II-B has no plan of letter A up to an AQL of 10 %
    upwards = row + at == _UP[severity] and row > 0
    step = -1 if upwards or row + at > max(numbers) else 1
    while row + at not in numbers:
        if not 0 <= row + step <= last:
            step = -step
        row += step
    return row


def judged(plan: AttributesPlan, nonconforming_count: int) -> tuple[bool, bool]:
    """Return whether a lot is accepted, and whether reduced inspection may go on."""
    accepted = nonconforming_count < plan.refuse_count
    return accepted, nonconforming_count <= plan.accept_count


def switched(
    now: Switching, plan: AttributesPlan, nonconforming_count: int, aql_percent: float
) -> Switching:
    """Return where a series stands after one more lot of first submission."""
    accepted, keeps = judged(plan, nonconforming_count)
    gained = _gain(plan, nonconforming_count, aql_percent) if now.severity == "normal" else 0
    return after_lot(now, accepted=accepted, keeps_reduced=keeps, gained=gained)


def after_lot(now: Switching, *, accepted: bool, keeps_reduced: bool, gained: int) -> Switching:
    """Return where a series stands after a lot; gained: its points, 0 sets the score back."""
    if now.severity == "reduced":
        return now if accepted and keeps_reduced else Switching()
    recent = (*now.recent, accepted)[-WITHIN:]
    if now.severity == "tightened":
        refused = now.refused_count + (not accepted)
        if refused >= TO_DISCONTINUED:
            return Switching(severity="discontinued")
        if len(recent) == TO_NORMAL and all(recent):
            return Switching()
        return replace(now, recent=recent, refused_count=refused)
    if recent.count(False) >= TO_TIGHTENED:
        return Switching(severity="tightened")
    score = now.score + gained if gained else 0
    if score >= TO_REDUCED:
        return Switching(severity="reduced")
    return replace(now, score=score, recent=recent)


def _gain(plan: AttributesPlan, nonconforming_count: int, aql_percent: float) -> int:
    """Return the points of a lot: with Ac of 2 or more it must also pass one AQL tighter."""
    if plan.accept_count < 2:
        return 2 if nonconforming_count <= plan.accept_count else 0
    place = LETTERS.index(plan.letter) + aql_step(aql_percent) - 1
    tighter, _ = _NUMBERS["normal"][place]
    return 3 if nonconforming_count <= tighter else 0


def accept_probability(
    sample_count: int, accept_count: int, nonconforming_ratio: float, lot_size: int | None = None
) -> float:
    """Return the share of lots accepted: binomial, or hypergeometric for a lot of a given size.

    nonconforming_ratio: 0-1; for a lot of a given size it is rounded to whole items.
    """
    if lot_size is None:
        return float(stats.binom.cdf(accept_count, sample_count, nonconforming_ratio))
    bad = round(nonconforming_ratio * lot_size)
    return float(stats.hypergeom.cdf(accept_count, lot_size, bad, sample_count))


def smallest_plan(
    good_ratio: float, producer_risk_ratio: float, bad_ratio: float, consumer_risk_ratio: float
) -> tuple[int, int]:
    """Return the smallest sample and its acceptance number that keep both risks.

    Raises:
        InvalidInputError: the two qualities are too near.
    """
    for accept in range(MOST_ACCEPTED):
        sample = _fewest(accept, bad_ratio, consumer_risk_ratio)
        if accept_probability(sample, accept, good_ratio) >= 1.0 - producer_risk_ratio:
            return sample, accept
    raise InvalidInputError(
        f"good_ratio {good_ratio:g} and bad_ratio {bad_ratio:g} are too near: no plan that "
        f"accepts with fewer than {MOST_ACCEPTED} nonconforming items"
    )


def _fewest(accept_count: int, bad_ratio: float, consumer_risk_ratio: float) -> int:
    """Return the fewest items with which bad lots are accepted with at most this probability."""
    low, high = accept_count + 1, accept_count + 2
    while accept_probability(high, accept_count, bad_ratio) > consumer_risk_ratio:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        passes = accept_probability(middle, accept_count, bad_ratio) <= consumer_risk_ratio
        low, high = (low, middle) if passes else (middle + 1, high)
    return low
