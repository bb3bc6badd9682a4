"""An alarm point against a model that lives through each move and keeps no records."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.gateway.alarmstates import (
    ALLOWED,
    AlarmState,
    Annunciation,
    Move,
    Suppression,
    check_move,
    state_of,
)
from shared.errors import ConflictError
from tests.model.conftest import budget

BEGIN = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
STEP = timedelta(minutes=1)


class AlarmPoint(RuleBasedStateMachine):
    """The records that the gateway keeps beside a model of flags that are set and cleared."""

    momentary, confirm_return = False, False

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.records: list[Annunciation] = []
        self.shelves: list[Suppression] = []
        # The model: what a person at the panel would have in mind.
        self.standing = self.seen = self.owed = False
        self.shelf_left_min = 0
        self.away = False

    @property
    def hidden(self) -> bool:
        return self.away or self.shelf_left_min > 0

    @rule(minutes=st.integers(1, 30))
    def time_passes(self, minutes: int) -> None:
        self.pass_minutes(minutes)

    def pass_minutes(self, minutes: int) -> None:
        self.now += minutes * STEP
        if 0 < self.shelf_left_min <= minutes:
            self.comes_back()
        self.shelf_left_min = max(0, self.shelf_left_min - minutes)

    @precondition(lambda self: not self.standing)
    @rule()
    def is_raised(self) -> None:
        self.pass_minutes(1)
        returned = self.now if self.momentary else None
        self.records.append(
            Annunciation(
                raised_at=self.now,
                returned_at=returned,
                momentary=self.momentary,
                confirm_return=self.confirm_return,
            )
        )
        self.standing, self.seen = not self.momentary, False
        self.owed = self.momentary

    @precondition(lambda self: self.standing)
    @rule()
    def returns(self) -> None:
        self.pass_minutes(1)
        self.change(returned_at=self.now)
        self.owed = self.confirm_return and not self.ever_seen and not self.hidden
        self.standing = False

    @rule()
    def is_acknowledged(self) -> None:
        if self.may("acknowledge") and self.records and not self.seen:
            self.pass_minutes(1)
            if self.hidden or not (self.standing or self.owed):
                return
            self.change(acknowledged_at=self.now)
            self.seen, self.owed = True, False

    @rule(minutes=st.integers(1, 60))
    def is_shelved(self, minutes: int) -> None:
        if self.may("shelve"):
            self.hide("shelved", self.now + minutes * STEP)
            self.shelf_left_min = minutes

    @rule()
    def is_unshelved(self) -> None:
        self.pass_minutes(1)
        if self.may("unshelve"):
            self.unhide("shelved")
            self.shelf_left_min = 0
            self.comes_back()

    @rule()
    def is_taken_out_of_service(self) -> None:
        if self.may("take_out_of_service"):
            self.hide("out_of_service", None)
            self.away = True

    @rule()
    def is_put_back(self) -> None:
        self.pass_minutes(1)
        if self.may("put_back_in_service"):
            self.unhide("out_of_service")
            self.away = False
            self.comes_back()

    @invariant()
    def the_state_is_that_of_the_model(self) -> None:
        assert self.state == self.expected, (self.now, self.records[-1:], self.shelves)

    @invariant()
    def only_a_hidden_or_normal_alarm_asks_for_nobody(self) -> None:
        assert (self.state in ("unacknowledged", "returned_unacknowledged")) == (
            not self.hidden and (self.owed or (self.standing and not self.seen))
        )

    @invariant()
    def some_move_leads_out_of_every_state_but_normal(self) -> None:
        assert self.state == "normal" or any(self.state in states for states in ALLOWED.values())

    # the model's own words

    @property
    def expected(self) -> AlarmState:
        if not self.standing and not self.owed:
            return "normal"
        if self.away:
            return "out_of_service"
        if self.shelf_left_min > 0:
            return "shelved"
        if not self.standing:
            return "returned_unacknowledged"
        return "acknowledged" if self.seen else "unacknowledged"

    @property
    def state(self) -> AlarmState:
        if not self.records:
            return "normal"
        return state_of(self.record, self.now)

    @property
    def record(self) -> Annunciation:
        return with_changes(self.records[-1], suppressions=tuple(self.shelves))

    @property
    def ever_seen(self) -> bool:
        return self.records[-1].acknowledged_at is not None

    def may(self, move: Move) -> bool:
        if self.state in ALLOWED[move]:
            check_move(move, self.state)
            return True
        with pytest.raises(ConflictError, match="read the list again"):
            check_move(move, self.state)
        return False

    def comes_back(self) -> None:
        """What stands behind a shelf that ends asks for an acknowledgement again."""
        self.seen = False

    def change(self, **values: datetime) -> None:
        self.records[-1] = with_changes(self.records[-1], **values)

    def hide(self, kind: str, until: datetime | None) -> None:
        self.shelves.append(
            Suppression(kind=kind, person="Ada", reason="so", begun_at=self.now, until_at=until)  # type: ignore[arg-type]
        )

    def unhide(self, kind: str) -> None:
        self.shelves = [
            ended(item, self.now) if item.kind == kind and item.covers(self.now) else item
            for item in self.shelves
        ]


def with_changes(record: Annunciation, **values: object) -> Annunciation:
    return Annunciation(**{**vars(record), **values})  # type: ignore[arg-type]


def ended(item: Suppression, at: datetime) -> Suppression:
    return Suppression(**{**vars(item), "ended_at": at})


@pytest.mark.parametrize(
    ("momentary", "confirm_return"), [(False, False), (False, True), (True, False)]
)
def test_an_alarm_point_has_the_state_that_its_moves_lead_to(
    momentary: bool, confirm_return: bool
) -> None:
    class Point(AlarmPoint):
        pass

    Point.momentary, Point.confirm_return = momentary, confirm_return
    machine: Callable[[], RuleBasedStateMachine] = Point
    run_state_machine_as_test(machine, settings=budget(60, 40))


def test_every_state_but_normal_and_every_move_stands_in_the_table() -> None:
    assert set(ALLOWED) == set(get_args(Move))
    assert set().union(*ALLOWED.values()) == set(get_args(AlarmState))
