"""The states of an alarm as ISA-18.2 (IEC 62682) names them, and which moves a person has in each.

Nothing here waits or counts down: a state is computed from what is on record and an instant, so a
shelf that has run out has run out, whether or not anything was running at that moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.errors import ConflictError

AlarmState = Literal[
    "normal",
    "unacknowledged",
    "acknowledged",
    "returned_unacknowledged",
    "shelved",
    "suppressed_by_design",
    "out_of_service",
]
Move = Literal["acknowledge", "shelve", "unshelve", "take_out_of_service", "put_back_in_service"]
SuppressionKind = Literal["shelved", "out_of_service"]
# From which states a person may make which move; what the process does (raise, return) it always
# may, and it is on record whatever hides the alarm.
ALLOWED: dict[Move, frozenset[AlarmState]] = {
    # normal: it left while the finger was on its way; acknowledged: whoever was first stays named
    "acknowledge": frozenset(
        {"normal", "unacknowledged", "acknowledged", "returned_unacknowledged"}
    ),
    "shelve": frozenset({"unacknowledged", "acknowledged", "returned_unacknowledged"}),
    "unshelve": frozenset({"shelved"}),
    "take_out_of_service": frozenset(
        {
            "unacknowledged",
            "acknowledged",
            "returned_unacknowledged",
            "shelved",
            "suppressed_by_design",
        }
    ),
    "put_back_in_service": frozenset({"out_of_service"}),
}


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """A person hid an alarm point, for a time (shelved) or until put back (out of service).

    until_at: when a shelf runs out by itself, None out of service; ended_at: when a person did it.
    """

    kind: SuppressionKind
    person: str
    reason: str
    begun_at: datetime
    until_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def over_at(self) -> datetime | None:
        """When it is over, or was; None: nobody knows yet."""
        ends = [at for at in (self.until_at, self.ended_at) if at is not None]
        return min(ends, default=None)

    def covers(self, at: datetime) -> bool:
        """Tell whether the alarm was hidden at an instant."""
        over = self.over_at
        return self.begun_at <= at and (over is None or at < over)


@dataclass(frozen=True, kw_only=True)
class Annunciation:
    """One time that an alarm was raised, with all that has been done to it and its point.

    momentary: it tells of something that happened, so it has returned at once and stands until
    somebody acknowledges it. confirm_return: it must be acknowledged even when it has returned.
    """

    raised_at: datetime
    acknowledged_at: datetime | None = None
    returned_at: datetime | None = None
    momentary: bool = False
    confirm_return: bool = False
    suppressions: tuple[Suppression, ...] = ()


def state_of(
    alarm: Annunciation, now: datetime, *, suppressed_by_design: bool = False
) -> AlarmState:
    """Return the state at an instant.

    What has returned and asks for nobody any more is normal, hidden or not. An alarm that comes
    back from a shelf or into service while it stands is unacknowledged again (IEC 62682, 5.4).
    """
    base = _uncovered(alarm, now)
    if base == "normal":
        return "normal"
    hidden = [item.kind for item in alarm.suppressions if item.covers(now)]
    if "out_of_service" in hidden:
        return "out_of_service"
    if suppressed_by_design:
        return "suppressed_by_design"
    return "shelved" if hidden else base


def acknowledged(alarm: Annunciation, now: datetime) -> bool:
    """Tell whether an acknowledgement still holds: one from before a shelf ended does not."""
    at = alarm.acknowledged_at
    if at is None:
        return False
    ends = [item.over_at for item in alarm.suppressions]
    return all(end is None or end > now or end <= at for end in ends)


def check_move(move: Move, state: AlarmState) -> None:
    """Raise ConflictError when a person may not make a move from a state."""
    if state not in ALLOWED[move]:
        words = ", ".join(sorted(ALLOWED[move]))
        raise ConflictError(
            f"the alarm is {state}: {move} is possible when it is {words}; read the list again",
            {"state": state},
        )


def _uncovered(alarm: Annunciation, now: datetime) -> AlarmState:
    if alarm.returned_at is None:
        return "acknowledged" if acknowledged(alarm, now) else "unacknowledged"
    if alarm.acknowledged_at is not None:
        return "normal"
    if alarm.momentary:
        return "returned_unacknowledged"
    unseen = any(
        item.begun_at < alarm.returned_at and item.covers(alarm.returned_at)
        for item in alarm.suppressions
    )
    return "returned_unacknowledged" if alarm.confirm_return and not unseen else "normal"


def newest_hiding(suppressions: Sequence[Suppression], now: datetime) -> Suppression | None:
    """Return the suppression that hides an alarm now; out of service goes before a shelf."""
    hiding = [item for item in suppressions if item.covers(now)]
    return max(
        hiding, key=lambda item: (item.kind == "out_of_service", item.begun_at), default=None
    )
