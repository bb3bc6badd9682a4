"""Planned stops, energy and longest waits in the furnace plan."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from services.sintering.calendar import (
    Closing,
    EnergyTariff,
    FurnaceCalendar,
    FurnacePower,
    open_from,
    open_spans,
)
from services.sintering.furnaceproblem import furnace_problem
from services.sintering.pins import stale_pins
from services.sintering.planning import as_kept, chosen
from services.sintering.planstore import Kept
from services.sintering.replan import Situation, Slot, fresh_plan, slots_of
from services.sintering.schedule import Furnace
from services.sintering.solver import Budget, solve
from services.sintering.verdict import faults
from tests.unit.test_furnace_replan import situation
from tests.unit.test_furnace_schedule import NOW, demand, furnaces

DAY = timedelta(days=1)
TARIFF = EnergyTariff.model_validate(
    {
        "tariff_id": "day-night",
        "version": 1,
        "currency": "EUR",
        "steps": [
            {"from_hour": 0, "price_per_kwh": 0.1},
            {"from_hour": 6, "price_per_kwh": 0.3},
            {"from_hour": 22, "price_per_kwh": 0.1},
        ],
        "source": "contract",
    }
)
POWER = FurnacePower(
    equipment_id="one", version=1, heating_kw=20.0, holding_kw=8.0, source="name plate"
)


def closed(hours_from: float, hours_to: float) -> Closing:
    return Closing(
        starts_at=NOW + timedelta(hours=hours_from),
        ends_at=NOW + timedelta(hours=hours_to),
        reason="relining",
    )


def closing(*spans: Closing) -> tuple[Furnace, ...]:
    """The three furnaces, all closed in the same spans."""
    return tuple(replace(item, closed=spans) for item in furnaces())


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def test_a_load_starts_after_a_stop_that_it_would_reach_into() -> None:
    stops = (closed(30, 34), closed(5, 6))

    assert open_from(stops, NOW, timedelta(hours=4)) == NOW
    assert open_from(stops, NOW, timedelta(hours=6)) == at(6)
    assert open_from(stops, at(5.5), timedelta(hours=25)) == at(34)


def test_open_spans_are_what_stops_leave() -> None:
    spans = open_spans((closed(5, 6), closed(-2, 1)), NOW, at(10))

    assert spans == [(at(1), at(5)), (at(6), at(10))]


def test_no_load_reaches_into_a_stop_and_the_checker_agrees() -> None:
    asked = situation(
        *(demand(number, parts=100) for number in range(8)), furnaces=closing(closed(10, 40))
    )

    plan = fresh_plan(asked)

    made = furnace_problem(asked, plan.loads)
    assert faults(made.problem, made.batches(plan.loads, asked)) == []
    assert {load.start_at for load in plan.loads} >= {at(40)}
    assert all(load.start_at is not None and load.start_at >= at(40) for load in plan.loads)


def test_a_search_keeps_stops_too() -> None:
    asked = situation(
        *(demand(number, parts=100) for number in range(8)), furnaces=closing(closed(20, 40))
    )
    plan = fresh_plan(asked)
    made = furnace_problem(asked, plan.loads)

    found = solve(made.problem, Budget(moves=2000), start=made.batches(plan.loads, asked))

    assert faults(made.problem, found.batches) == []


def test_an_overdue_load_waits_for_the_end_of_the_stop_that_it_would_reach_into_by_now() -> None:
    first = situation(demand(1), furnaces=closing(closed(17, 20)))
    slots = slots_of(chosen(first).loads)
    kept = Kept(version=1, slots=slots, basis={}, figures={})
    overdue = replace(first, in_force=slots, now=at(2))

    assert [load.start_at for load in as_kept(first, kept).loads] == [NOW]
    assert [load.start_at for load in as_kept(overdue, kept).loads] == [at(20)]


def test_a_load_that_starts_after_its_lots_may_wait_is_named_with_the_rule() -> None:
    late = replace(demand(1), latest_start_at=at(10))
    asked = situation(late, demand(2), furnaces=closing(closed(0, 12)))

    plan = chosen(asked)

    assert list(plan.too_late) == ["job-1"]
    assert "X1-001 must be in a furnace by 2026-03-02 16:00" in plan.too_late["job-1"]


def test_a_lot_that_may_not_wait_goes_before_others_in_a_search() -> None:
    one = [replace(furnaces()[1], capacity_parts=100)]
    hurried = replace(demand(2), latest_start_at=at(1))
    asked = situation(demand(1), hurried, furnaces=tuple(one))
    plan = fresh_plan(asked)
    made = furnace_problem(asked, plan.loads)

    found = solve(made.problem, Budget(moves=2000), start=made.batches(plan.loads, asked))

    loads = made.loads(found.batches, plan.loads, asked)
    assert plan.too_late
    assert loads[0].job_order_ids == ("job-2",)


def test_energy_is_what_the_furnace_draws_and_its_cost_follows_the_hour() -> None:
    powered = tuple(replace(item, power=POWER) for item in furnaces())
    asked = situation(demand(1), furnaces=powered, tariff=TARIFF)

    [load] = chosen(asked).loads

    heating_h = 1175.0 / 5.0 / 60.0
    share = (1200.0 - 25.0) / (1250.0 - 25.0)
    assert load.equipment_id == "two"
    assert load.energy_kwh == pytest.approx(heating_h * 20.0 + 12.0 * share * 8.0)
    dear_h = 16.0 if load.end_at is None else min(16.0, (load.end_at - NOW) / timedelta(hours=1))
    assert load.energy_cost is not None and load.energy_kwh is not None
    assert load.energy_cost == pytest.approx(load.energy_kwh * 0.3, rel=0.05)
    assert dear_h == pytest.approx(heating_h + 12.0, rel=0.05)


def test_a_tariff_costs_the_same_over_whole_days_as_its_mean() -> None:
    assert TARIFF.mean_price == pytest.approx((8 * 0.1 + 16 * 0.3) / 24)
    assert TARIFF.cost(at(3.7), at(3.7) + 2 * DAY, 5.0) == pytest.approx(
        48 * 5.0 * TARIFF.mean_price
    )


def test_the_search_pays_by_the_hour() -> None:
    asked = situation(demand(1), tariff=TARIFF)
    made = furnace_problem(asked, chosen(asked).loads)

    assert made.problem.price.tolist()[:4] == [13, 4, 4, 13]
    assert made.problem.price_from.tolist()[:3] == [0, 16 * 3600, 18 * 3600]


@pytest.mark.parametrize(
    ("pin", "reason"),
    [
        (Slot(equipment_id="one", job_order_ids=("gone",), start_at=None, pin_id="PIN-1"), "waits"),
        (
            Slot(equipment_id="three", job_order_ids=("job-1",), start_at=None, pin_id="PIN-1"),
            "above its highest temperature",
        ),
    ],
)
def test_a_pin_that_holds_nothing_is_dropped_with_the_reason(pin: Slot, reason: str) -> None:
    asked: Situation = situation(demand(1), pins=(pin,))

    found = stale_pins(asked)

    assert list(found) == ["PIN-1"]
    assert reason in found["PIN-1"]


def test_a_stop_that_ends_before_it_starts_and_a_tariff_without_midnight_are_refused() -> None:
    span = {"starts_at": at(2), "ends_at": at(1), "reason": "relining"}
    with pytest.raises(ValidationError, match="is not after starts_at"):
        FurnaceCalendar.model_validate(
            {"equipment_id": "one", "version": 1, "closed": [span], "source": "plant"}
        )
    with pytest.raises(ValidationError, match="it must rise from 0"):
        EnergyTariff.model_validate(
            TARIFF.model_dump() | {"steps": [{"from_hour": 6, "price_per_kwh": 0.1}]}
        )
