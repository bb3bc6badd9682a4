"""Owns the gates: what measured values say under a test specification; unknown is never good."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.quality.domain import Characteristic, TestSpecification
from shared.facts import Disposition, PartDisposition, TestResult

Figures = Mapping[tuple[str, str], TestResult]
LONGEST_LIST = 5  # so many reasons stand in one sentence; the results hold them all


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One value of one lot against one characteristic; `disposition` None where it is suspect."""

    lot_id: str
    characteristic: str
    value: float | str | None
    unit: str
    low: float | None
    high: float | None
    disposition: Disposition | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What all characteristics of one lot say together; `decisive` is the one that decided."""

    lot_id: str
    disposition: Disposition
    decisive: Judged
    reason: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a gate decided over a lot; `blocked_lot_ids` are exactly those it does not let go."""

    lot_id: str
    disposition: Disposition
    decisive: Judged
    reason: str
    parts: tuple[PartDisposition, ...] = ()
    blocked_lot_ids: tuple[str, ...] = ()


def judge_lot(spec: TestSpecification, lot_id: str, figures: Figures) -> tuple[Judged, ...]:
    """Return one result for each characteristic; `figures` are keyed by lot and characteristic."""
    return tuple(
        _judge(item, lot_id, figures.get((lot_id, item.characteristic)), spec.version)
        for item in spec.characteristics
    )


def verdict(judged: Sequence[Judged]) -> Verdict | None:
    """Return what the results of one lot say together, None where no released limit acts."""
    acting = [item for item in judged if item.disposition is not None]
    if not acting:
        return None
    blocked = [item for item in acting if item.disposition != "released"]
    told = blocked or acting
    return Verdict(
        lot_id=told[0].lot_id,
        disposition="blocked" if blocked else "released",
        decisive=told[0],
        reason=_sentence([item.reason for item in told]),
    )


def decide_lot(found: Verdict) -> Decision:
    """Return the decision over one lot by itself."""
    return Decision(
        lot_id=found.lot_id,
        disposition=found.disposition,
        decisive=found.decisive,
        reason=found.reason,
        blocked_lot_ids=() if found.disposition == "released" else (found.lot_id,),
    )


def decide_parts(lot_id: str, verdicts: Sequence[Verdict]) -> Decision:
    """Return the decision over each part; the whole is released if at least one part is.

    `verdicts` has at least one entry. The value of the whole is None: each part has its own.
    """
    blocked = [item for item in verdicts if item.disposition != "released"]
    released_count = len(verdicts) - len(blocked)
    reasons = [f"{released_count} of {len(verdicts)} parts released"]
    reasons += [item.reason for item in blocked]
    decisive = (blocked or list(verdicts))[0].decisive
    return Decision(
        lot_id=lot_id,
        disposition="released" if released_count else "blocked",
        decisive=_of_whole(decisive, lot_id),
        reason=_sentence(reasons),
        parts=tuple(
            PartDisposition(
                lot_id=item.lot_id,
                value=item.decisive.value,
                disposition=item.disposition,
                reason=item.reason,
            )
            for item in verdicts
        ),
        blocked_lot_ids=tuple(item.lot_id for item in blocked),
    )


def decide_pellet_lot(
    pellet_lot_id: str, verdicts: Sequence[Verdict], needed_count: int
) -> Decision | None:
    """Return the decision over a pellet lot by all its witnesses or samples seen so far.

    One that failed blocks it; it is released when `needed_count` were seen and none failed;
    None before that.
    """
    blocked = [item for item in verdicts if item.disposition != "released"]
    if blocked:
        return Decision(
            lot_id=pellet_lot_id,
            disposition="blocked",
            decisive=blocked[0].decisive,
            reason=_sentence([item.reason for item in blocked]),
            blocked_lot_ids=(pellet_lot_id, *(item.lot_id for item in blocked)),
        )
    if len(verdicts) < max(1, needed_count):
        return None
    reasons = [f"{len(verdicts)} of {needed_count} passed", *(item.reason for item in verdicts)]
    return Decision(
        lot_id=pellet_lot_id,
        disposition="released",
        decisive=verdicts[0].decisive,
        reason=_sentence(reasons),
    )


def no_parts(spec: TestSpecification, lot_id: str, job_order_id: str) -> Verdict:
    """Return the verdict where a gate looks at parts and the job order names none."""
    decisive = Judged(
        lot_id=lot_id,
        characteristic=spec.characteristics[0].characteristic,
        value=None,
        unit=spec.characteristics[0].unit,
        low=None,
        high=None,
        disposition="blocked",
        reason=f"unknown: job order {job_order_id} names no parts (version {spec.version})",
    )
    return Verdict(lot_id=lot_id, disposition="blocked", decisive=decisive, reason=decisive.reason)


def _judge(limits: Characteristic, lot_id: str, found: TestResult | None, version: int) -> Judged:
    disposition, reason = _compared(limits, lot_id, found, version)
    if limits.status == "suspect":
        disposition, reason = None, f"not judged, limits are suspect: {limits.reason}"
    return Judged(
        lot_id=lot_id,
        characteristic=limits.characteristic,
        value=found.value if found is not None else None,
        unit=limits.unit,
        low=limits.low,
        high=limits.high,
        disposition=disposition,
        reason=reason,
    )


def _compared(
    limits: Characteristic, lot_id: str, found: TestResult | None, version: int
) -> tuple[Disposition | None, str]:
    name = f"{limits.characteristic} of {lot_id}"
    by = f"specification version {version}"
    if found is None:
        return "blocked", f"unknown: {name} was not measured ({by})"
    value = found.value
    if value is None:
        return "blocked", f"unknown: {name}: {found.reason or 'no reason given'} ({by})"
    if isinstance(value, str) or not math.isfinite(value):
        return "blocked", f"unknown: {name} is {value!r}, which is no number ({by})"
    if found.unit != limits.unit:
        return "blocked", (
            f"unknown: {name} came in '{found.unit}', {by} has its limits in '{limits.unit}'"
        )
    measured = f"{name} is {value:.6g} {limits.unit}"
    if limits.low is not None and value < limits.low:
        return "blocked", f"{measured}, below low {limits.low:g} {limits.unit} ({by})"
    if limits.high is not None and value > limits.high:
        return "blocked", f"{measured}, above high {limits.high:g} {limits.unit} ({by})"
    return "released", f"{measured}, {_band(limits)} ({by})"


def _band(limits: Characteristic) -> str:
    match limits.low, limits.high:
        case None, None:
            return "known, no limit"
        case low, None:
            return f"at least {low:g} {limits.unit}"
        case None, high:
            return f"at most {high:g} {limits.unit}"
        case low, high:
            return f"within {low:g} to {high:g} {limits.unit}"


def _of_whole(decisive: Judged, lot_id: str) -> Judged:
    return Judged(
        lot_id=lot_id,
        characteristic=decisive.characteristic,
        value=None,
        unit=decisive.unit,
        low=decisive.low,
        high=decisive.high,
        disposition=decisive.disposition,
        reason=decisive.reason,
    )


def _sentence(reasons: Sequence[str]) -> str:
    once = list(dict.fromkeys(reasons))
    shown = "; ".join(once[:LONGEST_LIST])
    left = len(once) - LONGEST_LIST
    return f"{shown}; and {left} more" if left > 0 else shown
