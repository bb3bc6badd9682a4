"""Owns the gates: what measured values say under a test specification; unknown is never good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.quality.comparison import Circumstances, Figures, Judged, judged_value
from services.quality.domain import Extension, TestSpecification
from shared.facts import Disposition, PartDisposition

LONGEST_LIST = 5  # so many reasons stand in one sentence; the results hold them all
NOTHING_ELSE = Circumstances()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What all characteristics of one lot say together; `decisive` is the one that decided.

    order: place among the verdicts of a gate, the newest highest.
    """

    lot_id: str
    disposition: Disposition
    decisive: Judged
    reason: str
    order: int = 0

    @property
    def protocol(self) -> str | None:
        """What the deciding value was measured by."""
        return self.decisive.protocol


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a gate decided over a lot; `blocked_lot_ids` are exactly those it does not let go."""

    lot_id: str
    disposition: Disposition
    decisive: Judged
    reason: str
    parts: tuple[PartDisposition, ...] = ()
    blocked_lot_ids: tuple[str, ...] = ()


def judge_lot(
    spec: TestSpecification,
    lot_id: str,
    figures: Figures,
    under: Circumstances = NOTHING_ELSE,
) -> tuple[Judged, ...]:
    """Return one result for each characteristic; `figures` are keyed by lot and characteristic."""
    return tuple(
        judged_value(item, lot_id, figures, under, spec.version) for item in spec.characteristics
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
    pellet_lot_id: str,
    verdicts: Sequence[Verdict],
    needed_count: int,
    extension: Extension | None = None,
) -> Decision | None:
    """Return the decision over a pellet lot by all its witnesses or samples seen so far.

    One that failed blocks it; it is released when `needed_count` were seen and none failed;
    None before that. With an `extension` a few failures extend the sample: the lot stays blocked
    until so many more were seen and passed. Those of different protocols are never counted
    together: a pass counts only beside the newest protocol, a failure always.
    """
    passed, blocked = _counted(verdicts)
    if blocked:
        wanted = None if extension is None else needed_count + extension.count
        if extension is None or wanted is None or len(blocked) > extension.failed_count:
            return _refused(pellet_lot_id, blocked, [item.reason for item in blocked])
        missing = max(wanted - len(passed) - len(blocked), 0 if passed else 1)
        if missing:
            reasons = [f"sample extended: {missing} more witnesses must pass"]
            return _refused(pellet_lot_id, blocked, [*reasons, *(b.reason for b in blocked)])
        needed_count = wanted
    if len(passed) + len(blocked) < max(1, needed_count):
        return None
    told = [f"{len(passed)} of {needed_count} passed", *(item.reason for item in verdicts)]
    return Decision(
        lot_id=pellet_lot_id,
        disposition="released",
        decisive=passed[0].decisive,
        reason=_sentence(told),
    )


def decide_zones(
    pellet_lot_id: str,
    witnesses: Sequence[tuple[Verdict, frozenset[str | None]]],
    zone_of: Mapping[str, str | None],
    needed_count: int,
) -> Decision | None:
    """Return the decision over the pellets of a lot, each by the witnesses of its position zone.

    witnesses: verdict, and the zones of the witness's pellets. zone_of: by pellet, None where its
    zone is not known; such a pellet stands with every zone. A zone is blocked at once by its first
    failure, the others when all witnesses have spoken; one without a witness is unknown.
    """
    passed, blocked = _counted([verdict for verdict, _ in witnesses])
    complete = len(passed) + len(blocked) >= max(1, needed_count)
    if not blocked and not complete:
        return None
    failed = {item.lot_id for item in blocked}
    seen = {item.lot_id for item in passed}
    bad = {zone for v, zones in witnesses if v.lot_id in failed for zone in zones}
    good = {zone for v, zones in witnesses if v.lot_id in seen for zone in zones} - bad
    decisive = (blocked or passed)[0].decisive
    parts = []
    for pellet, zone in sorted(zone_of.items()):
        is_bad = bool(bad) and (zone in bad or zone is None or None in bad)
        if not is_bad and not complete:
            continue
        is_good = not is_bad and (zone in good or (zone is None and bool(good)))
        words = "failed" if is_bad else "passed" if is_good else "unknown: no witness is of it"
        parts.append(
            PartDisposition(
                lot_id=pellet,
                value=None,
                disposition="released" if is_good else "blocked",
                reason=f"witnesses of zone {zone or 'unknown'}: {words}",
            )
        )
    some = any(part.disposition == "released" for part in parts)
    whole: Disposition = "released" if some else "blocked"
    reasons = [item.reason for item in blocked or passed]
    if complete:
        reasons.insert(0, f"{len(good)} of {len(set(zone_of.values()))} zones released")
        told = PartDisposition(
            lot_id=pellet_lot_id, value=None, disposition=whole, reason=_sentence(reasons)
        )
        parts.insert(0, told)
    held = [part.lot_id for part in parts if part.disposition != "released"]
    return Decision(
        lot_id=pellet_lot_id,
        disposition=whole,
        decisive=decisive,
        reason=_sentence(reasons),
        parts=tuple(parts),
        blocked_lot_ids=tuple(dict.fromkeys([*held, *(item.lot_id for item in blocked)])),
    )


def _counted(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], list[Verdict]]:
    """Return those that passed by the newest protocol, and all that failed."""
    blocked = [item for item in verdicts if item.disposition != "released"]
    newest = max((item.order for item in verdicts), default=0)
    protocols = {item.protocol for item in verdicts if item.order == newest}
    passed = [
        item for item in verdicts if item.disposition == "released" and item.protocol in protocols
    ]
    return passed, blocked


def _refused(lot_id: str, blocked: Sequence[Verdict], reasons: Sequence[str]) -> Decision:
    return Decision(
        lot_id=lot_id,
        disposition="blocked",
        decisive=blocked[0].decisive,
        reason=_sentence(reasons),
        blocked_lot_ids=(lot_id, *(item.lot_id for item in blocked)),
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


def _of_whole(decisive: Judged, lot_id: str) -> Judged:
    return replace(decisive, lot_id=lot_id, value=None)


def _sentence(reasons: Sequence[str]) -> str:
    once = list(dict.fromkeys(reasons))
    shown = "; ".join(once[:LONGEST_LIST])
    left = len(once) - LONGEST_LIST
    return f"{shown}; and {left} more" if left > 0 else shown
