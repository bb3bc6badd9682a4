"""Nonconformances: how one moves on, what people say about it, and when it may be closed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from services.quality.domain import Identifier, Input, Name
from services.quality.signatures import SignatureGiven, Words
from services.quality.waivers import LotId
from shared.errors import ConflictError, IllegalTransitionError
from shared.instants import Instant

State = Literal["open", "contained", "decided", "closed"]
Severity = Literal["minor", "major", "critical"]
Decided = Literal["released", "rework", "scrap"]
CauseOf = Literal["material", "machine", "method", "measurement", "person", "environment"]
NonconformanceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$")]
Lots = Annotated[tuple[LotId, ...], Field(min_length=1, max_length=500)]

MOVES: Mapping[State, frozenset[State]] = {
    "open": frozenset(("open", "contained", "decided")),
    "contained": frozenset(("contained", "decided")),
    "decided": frozenset(("contained", "decided", "closed")),
    "closed": frozenset(),
}


def move(nonconformance_id: str, now: State, to: State) -> State:
    """Return the new state.

    Raises:
        IllegalTransitionError: there is no such move.
    """
    if to not in MOVES[now]:
        raise IllegalTransitionError(
            f"nonconformance {nonconformance_id} is {now}; it cannot become {to}", {"state": now}
        )
    return to


class Report(Input):
    """A nonconformance that a person raises. forward: what was made of the lots is concerned."""

    nonconformance_id: NonconformanceId
    description: Words
    category: Name
    severity: Severity = "major"
    lot_ids: Lots
    forward: bool = True
    product_id: Identifier | None = None
    operation: Name | None = None
    equipment_id: str | None = Field(default=None, pattern=r"^[a-z0-9-]+(/[a-z0-9-]+){3}$")
    person: Words


class Place(Input):
    """Where a lot was found and set apart."""

    lot_id: LotId
    place: Words


class Containment(Input):
    """Who holds what is concerned, and where each lot stands now.

    lot_ids: further ones, beside those named so far. forward: what was made of them too.
    """

    person: Words
    reason: Words
    lot_ids: tuple[LotId, ...] = Field(default=(), max_length=500)
    forward: bool = True
    places: tuple[Place, ...] = Field(default=(), max_length=500)


class Cause(Input):
    """What was found to be the cause, and how."""

    person: Words
    cause_of: CauseOf
    cause: Words
    method: Words


class LotDecision(Input):
    """What becomes of some lots; only rework names its route."""

    disposition_id: Identifier
    lot_ids: Lots
    disposition: Decided
    reason: Words
    rework_route_id: Identifier | None = None
    signature: SignatureGiven

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.rework_route_id is not None) != (self.disposition == "rework"):
            raise ValueError(
                f"disposition is {self.disposition}; rework_route_id is given exactly for rework"
            )
        return self

    def record(self, nonconformance_id: str) -> dict[str, Any]:
        """Return what is signed."""
        body = self.model_dump(mode="json", exclude={"signature", "disposition_id"})
        return {
            "kind": "disposition",
            "id": self.disposition_id,
            "lot_id": self.lot_ids[0],
            "nonconformance_id": nonconformance_id,
            **body,
        }


class ReworkRoute(Input):
    """Operations that a reworked lot goes through, in this order, at most so many times."""

    rework_route_id: Identifier
    version: int = Field(ge=1)
    product_id: Identifier
    operations: tuple[Name, ...] = Field(min_length=1, max_length=20)
    most_times: int = Field(default=1, ge=1, le=10)
    source: Words


class CorrectiveAction(Input):
    """What is done so that it does not happen again, and how that is checked.

    The check counts after `after_count` further job orders of the nonconformance's product and
    operation; more than `most_recurrences` nonconformances of its category make it ineffective.
    """

    action_id: Identifier
    kind: Literal["corrective", "preventive"]
    what: Words
    owner: Words
    due_at: Instant
    after_count: int = Field(ge=1, le=100_000)
    most_recurrences: int = Field(default=0, ge=0)
    person: Words


class ActionDone(Input):
    """Who did it, and what shows it."""

    person: Words
    evidence: Words


class Effectiveness(Input):
    """Who judges whether an action has worked."""

    signature: SignatureGiven


class Closing(Input):
    """Who closes a nonconformance and what is concluded."""

    conclusion: Words
    signature: SignatureGiven


def outcome(
    action: CorrectiveAction, seen_count: int, recurrence_count: int
) -> Literal["effective", "ineffective"]:
    """Return whether an action worked, by what was seen since it was done.

    Raises:
        ConflictError: too little was seen yet.
    """
    if recurrence_count > action.most_recurrences:
        return "ineffective"
    if seen_count < action.after_count:
        raise ConflictError(
            f"action {action.action_id} is checked after {action.after_count} job orders; "
            f"{seen_count} have ended since it was done, with {recurrence_count} recurrences",
            {"seen_count": seen_count, "recurrence_count": recurrence_count},
        )
    return "effective"


def require_closable(
    nonconformance_id: str,
    severity: str,
    undecided: Sequence[str],
    has_cause: bool,
    action_states: Sequence[str],
) -> None:
    """Refuse to close what is not finished.

    Raises:
        ConflictError: a lot, the cause or an action is missing; says which.
    """
    missing = []
    if undecided:
        missing.append(f"a disposition of {', '.join(undecided[:5])} ({len(undecided)} lots)")
    if not has_cause:
        missing.append("a cause")
    waiting = sum(state in ("planned", "done") for state in action_states)
    if waiting:
        missing.append(f"the effectiveness of {waiting} actions")
    if severity != "minor" and "effective" not in action_states:
        missing.append(f"an effective action, as its severity is {severity}")
    if missing:
        raise ConflictError(
            f"nonconformance {nonconformance_id} cannot be closed; it needs: {'; '.join(missing)}"
        )


def pareto(counts: Mapping[str, tuple[int, int]]) -> list[dict[str, Any]]:
    """Return causes by falling number with their cumulative share.

    counts: by word, numbers of nonconformances and of lots they concern.
    """
    total = sum(count for count, _ in counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1][0], -item[1][1], item[0]))
    found, so_far = [], 0
    for word, (count, lot_count) in ordered:
        so_far += count
        found.append(
            {
                "word": word,
                "count": count,
                "lot_count": lot_count,
                "cumulative_ratio": so_far / total,
            }
        )
    return found


def is_late(due_at: datetime, now: datetime, state: str) -> bool:
    """Tell whether an action should have been done."""
    return state == "planned" and now > due_at
