"""Limits of roles by place and training, easy PINs, and the throttle of sign-ins."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.gateway.grants import NEVER_LIMITED, Limit, Limited, holds, in_force
from services.gateway.persons import Caller, check_pin
from services.gateway.roles import MAY, ROLES
from services.gateway.throttle import MOST_CLIENTS, MOST_FAILURES, WITHIN_S, Throttle
from shared.errors import InvalidInputError, TooManyTriesError

EAP, PRESS = "pilot/dryroom/spray/eap-1", "pilot/powder/press/press-1"
TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("at", "places", "counts"),
    [
        ((), {EAP}, True),
        ((), set(), True),
        ((EAP,), {EAP}, True),
        (("pilot/dryroom",), {EAP}, True),
        (("pilot",), {EAP, PRESS}, True),
        (("pilot/dryroom", "pilot/powder"), {EAP, PRESS}, True),
        (("pilot/dryroom",), {EAP, PRESS}, False),
        (("pilot/dry",), {EAP}, False),  # the beginning of a word is no place
        ((EAP,), {"pilot"}, False),
        ((EAP,), {f"{EAP}0"}, False),
        ((EAP,), set(), False),  # not known where: a limited role does not count
        ((EAP,), None, True),
    ],
)
def test_a_limited_role_counts_only_where_all_of_it_lies_within(
    at: tuple[str, ...], places: set[str] | None, counts: bool
) -> None:
    assert holds("operate", {"operator"}, {"operator": Limit(at=at)}, places) is counts


def test_a_second_role_without_a_limit_counts_everywhere() -> None:
    limits = {"operator": Limit(at=(EAP,))}
    assert holds("operate", {"operator", "quality"}, limits, {PRESS})
    assert not holds("plan", {"operator", "quality"}, limits, {EAP})


@given(days=st.integers(-1000, 1000))
def test_a_role_counts_to_the_last_day_of_its_training(days: int) -> None:
    until = TODAY + timedelta(days=days)
    limits = {"operator": Limit(trained_until=until)}
    roles, lapsed = in_force({"operator", "viewer"}, limits, TODAY)
    assert ("operator" in roles) == (days >= 0)
    assert lapsed == ({} if days >= 0 else {"operator": until})
    assert "viewer" in roles


@pytest.mark.parametrize("role", sorted(NEVER_LIMITED))
def test_who_administers_can_never_be_limited_away(role: str) -> None:
    with pytest.raises(ValidationError, match="nobody could lift"):
        Limited.model_validate({"limits": {role: {"at": ["pilot"]}}})


def test_a_badge_works_a_station_and_changes_nobodys_rights() -> None:
    everything = Caller(login="a", name="A", roles=frozenset(ROLES), way="badge")
    assert everything.permissions == frozenset().union(*MAY.values()) - {"administer", "engineer"}
    assert not everything.may("administer")
    assert everything.may("operate")


@pytest.mark.parametrize("pin", ["111111", "123456", "987654", "121212"])
def test_a_pin_that_everybody_tries_first_is_refused(pin: str) -> None:
    with pytest.raises(InvalidInputError, match="too easy"):
        check_pin(pin)


def test_who_fails_too_often_waits_and_others_do_not() -> None:
    throttle = Throttle()
    for number in range(MOST_FAILURES):
        throttle.check("10.0.0.9", number)
        throttle.failed("10.0.0.9", number)
    with pytest.raises(TooManyTriesError, match=f"try again in {WITHIN_S - 30:.0f} s"):
        throttle.check("10.0.0.9", 30.0)
    throttle.check("10.0.0.8", 30.0)
    throttle.check("10.0.0.9", WITHIN_S)  # the first failure is over a minute old


def test_the_throttle_remembers_a_bounded_number_of_clients() -> None:
    throttle = Throttle()
    for number in range(MOST_CLIENTS + 100):
        throttle.failed(f"client {number}", 0.0)
    for _ in range(MOST_FAILURES):
        throttle.failed("guesser", 1.0)
    with pytest.raises(TooManyTriesError):
        throttle.check("guesser", 2.0)
    assert len(throttle._failed) <= MOST_CLIENTS
