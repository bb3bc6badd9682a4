"""How old the last word of a station may be, by the clock and through pauses of the own loop."""

import pytest

from shared.pulse import QUIET_AFTER_S, TICK_S, Pulse


class Hands:
    """The hands of a clock that a test turns."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def now_s(self) -> float:
        return self.at_s


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def pulse(hands: Hands) -> Pulse:
    return Pulse("gauge-1", hands.now_s)


def tick(pulse: Pulse, hands: Hands, takes_s: float = TICK_S) -> None:
    began_s = hands.at_s
    hands.at_s += takes_s
    pulse.ticked(began_s)


def test_a_station_that_was_just_heard_is_not_stale(pulse: Pulse, hands: Hands) -> None:
    for _ in range(40):
        tick(pulse, hands)
        pulse.heard()
        assert not pulse.quiet


def test_silence_is_stale_by_the_clock_though_no_tick_came_to_count_it(
    pulse: Pulse, hands: Hands
) -> None:
    pulse.heard()
    hands.at_s += QUIET_AFTER_S + 0.01
    assert pulse.quiet


def test_a_starved_loop_does_not_make_silence_shorter(pulse: Pulse, hands: Hands) -> None:
    pulse.heard()
    tick(pulse, hands, takes_s=QUIET_AFTER_S + 0.01)
    assert pulse.quiet


def test_a_word_read_before_the_pause_was_noticed_counts_as_old_as_the_pause(
    pulse: Pulse, hands: Hands
) -> None:
    tick(pulse, hands)
    began_s = hands.at_s
    hands.at_s += 3.0
    pulse.heard()
    assert pulse.quiet
    pulse.ticked(began_s)
    assert pulse.quiet


def test_what_is_said_after_a_pause_is_fresh_again(pulse: Pulse, hands: Hands) -> None:
    tick(pulse, hands, takes_s=3.0)
    pulse.heard()
    assert pulse.quiet
    tick(pulse, hands)
    pulse.heard()
    assert not pulse.quiet
