"""What people pin in the furnace plan, and what is told of its changes."""

from dataclasses import replace
from datetime import timedelta
from math import inf, nan

import pytest

from services.sintering.calendar import Closing
from services.sintering.pins import checked_pin, with_pin
from services.sintering.planrecord import changed_words, pinned_words
from services.sintering.planstore import KEPT_CHANGES, Kept
from services.sintering.replan import Move, Slot
from services.sintering.runs import energy_kwh
from shared.errors import OutOfLimitsError
from tests.unit.test_furnace_replan import situation
from tests.unit.test_furnace_schedule import NOW, demand, furnaces

HOUR = timedelta(hours=1)


def slot(*names: str, hours: float | None = None, pin_id: str = "PIN-1") -> Slot:
    start_at = None if hours is None else NOW + hours * HOUR
    return Slot(
        equipment_id="one", job_order_ids=names, start_at=start_at, pin_id=pin_id, person="Li"
    )


@pytest.mark.parametrize("hours", [20.0, 28.0, 49.9])  # its end, all of it, its start lies in it
def test_a_start_that_reaches_into_a_stop_is_refused_with_the_stop(hours: float) -> None:
    stop = Closing(starts_at=NOW + 30 * HOUR, ends_at=NOW + 50 * HOUR, reason="relining")
    closed = tuple(replace(item, closed=(stop,)) for item in furnaces())
    asked = situation(demand(1), furnaces=closed)
    with pytest.raises(OutOfLimitsError, match=r"X1-001: it is closed from .* \(relining\)"):
        checked_pin(asked, slot("job-1", hours=hours))
    checked_pin(asked, slot("job-1", hours=50))
    checked_pin(asked, slot("job-1", hours=50 - 0.001 / 3600))  # as a browser cuts it
    checked_pin(asked, slot("job-1"))


def test_a_start_after_the_longest_wait_is_refused_unless_the_wait_is_over_already() -> None:
    waits = replace(demand(1), latest_start_at=NOW + 3 * HOUR)
    with pytest.raises(OutOfLimitsError, match=r"X1-001 must be in a furnace by .* wanted is"):
        checked_pin(situation(waits), slot("job-1", hours=4))
    checked_pin(situation(waits), slot("job-1", hours=3))
    over = replace(waits, latest_start_at=NOW - HOUR)
    checked_pin(situation(over), slot("job-1", hours=4))


def test_a_pin_takes_its_job_orders_out_of_the_others() -> None:
    pins = (slot("a", "b", pin_id="PIN-1"), slot("c", pin_id="PIN-2"))
    found = with_pin(pins, slot("b", "c", pin_id="PIN-3"))
    assert [(pin.pin_id, pin.job_order_ids) for pin in found] == [
        ("PIN-1", ("a",)),
        ("PIN-3", ("b", "c")),
    ]


def test_a_plan_knows_what_made_its_newest_versions() -> None:
    kept = Kept(version=3, slots=(), basis={}, figures={})
    for number in range(KEPT_CHANGES + 5):
        kept = kept.next(NOW + number * HOUR, f"why {number}")
    assert kept.version == 3 + KEPT_CHANGES + 5
    assert len(kept.changes) == KEPT_CHANGES
    assert [item.why for item in kept.since(kept.version - 2)] == ["why 24", "why 23"]
    assert kept.since(kept.version) == ()


def test_a_change_is_told_with_who_made_it_and_what_it_moved() -> None:
    move = Move(
        job_order_id="job-1",
        from_equipment_id="pilot/heat/one",
        from_start_at=None,
        to_equipment_id="pilot/heat/two",
        to_start_at=NOW,
        reason="",
    )
    told = changed_words(pinned_words(slot("job-1", hours=2), NOW), [move] * 5)
    start, wanted = f"{NOW:%m-%d %H:%M}", f"{NOW + 2 * HOUR:%Y-%m-%d %H:%M}"
    one = f"job-1 from one to two {start}"
    assert told == f"pinned to one from {wanted} by Li ({one}, {one}, {one}, 2 more)"
    assert changed_words(pinned_words(slot("job-1"), NOW), []) == "pinned to one by Li"


def test_what_a_run_drew_is_the_area_under_its_power_and_unknown_with_a_gap() -> None:
    assert energy_kwh((0.0, 3600.0, 7200.0), (0.0, 4.0, 4.0)) == pytest.approx(6.0)
    for time_s, power_kw in (
        ((), ()),
        ((0.0,), (1.0,)),
        ((0.0, 10.0), (1.0,)),
        ((0.0, 10.0), (1.0, nan)),
        ((0.0, inf), (1.0, 1.0)),
        ((10.0, 0.0), (1.0, 1.0)),
    ):
        assert energy_kwh(time_s, power_kw) is None
