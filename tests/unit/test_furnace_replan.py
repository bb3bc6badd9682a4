"""Living with the furnace plan: what stays, what moves and why, what people may pin."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from services.sintering.furnaceproblem import furnace_problem
from services.sintering.pins import checked_pin
from services.sintering.planner import Planner
from services.sintering.planning import chosen
from services.sintering.replan import (
    Situation,
    Slot,
    fresh_plan,
    moves,
    slots_of,
    stable_plan,
)
from services.sintering.schedule import Demand
from services.sintering.solver import Budget, solve
from services.sintering.verdict import faults, measured
from shared.errors import OutOfLimitsError
from tests.unit.test_furnace_schedule import FAMILIES, NOW, demand, demand_lists, furnaces


def situation(*demands: Demand, **more: object) -> Situation:
    values: dict[str, object] = {
        "demands": demands,
        "furnaces": tuple(furnaces()),
        "treatments": tuple(FAMILIES.values()),
        "now": NOW,
        "load_wait_s": 0.0,
    }
    return Situation(**(values | more))  # type: ignore[arg-type]


def without(asked: Situation, *names: str) -> Situation:
    """The same while some furnaces do not answer."""
    return replace(
        asked,
        furnaces=tuple(
            replace(item, free_at=None) if item.equipment_id in names else item
            for item in asked.furnaces
        ),
    )


@settings(max_examples=60, deadline=None)
@given(demands=demand_lists)
def test_plans_keep_every_rule_of_the_problem_and_a_second_look_moves_nothing(
    demands: list[Demand],
) -> None:
    asked = situation(*demands)
    plan = fresh_plan(asked)
    made = furnace_problem(asked, plan.loads)
    assert faults(made.problem, made.batches(plan.loads, asked)) == []
    again = replace(asked, in_force=slots_of(plan.loads))
    assert moves(again, again.in_force, chosen(again).loads, "looked again") == ()


def test_broken_furnace_moves_only_its_own_loads_and_says_why() -> None:
    hot = [demand(number, parts=400) for number in (1, 2)]
    cool = [demand(3, "calcine", 1, 3000.0), demand(4, "calcine", 1, 1500.0)]
    first = situation(*hot, *cool)
    plan = fresh_plan(first)
    assert {load.equipment_id for load in plan.loads} == {"two", "three"}
    later = without(replace(first, in_force=slots_of(plan.loads)), "three")
    found = moves(later, later.in_force, chosen(later).loads, "three is away")
    assert [move.job_order_id for move in found if move.job_order_id in ("job-1", "job-2")] == []
    assert {move.reason for move in found} == {"three does not answer"}


def test_plan_without_any_furnace_that_answers_keeps_its_loads_without_a_start() -> None:
    first = situation(demand(1), demand(2))
    in_force = slots_of(fresh_plan(first).loads)
    away = without(replace(first, in_force=in_force), "one", "two", "three")
    plan = chosen(away)
    assert [load.start_at for load in plan.loads] == [None] * len(plan.loads)
    assert {name for load in plan.loads for name in load.job_order_ids} == {"job-1", "job-2"}


def test_new_job_order_joins_a_planned_load_that_has_room() -> None:
    first = situation(demand(1, parts=40))
    in_force = slots_of(fresh_plan(first).loads)
    later = situation(demand(1, parts=40), demand(2, parts=40), in_force=in_force)
    [load] = stable_plan(later).loads
    assert load.job_order_ids == ("job-1", "job-2")


def test_job_order_that_arrives_hot_goes_first_when_that_is_worth_the_moves() -> None:
    only = (furnaces()[1],)
    waiting = [demand(number, parts=480) for number in range(1, 4)]
    in_force = slots_of(fresh_plan(situation(*waiting, furnaces=only)).loads)
    due = NOW + timedelta(hours=20)
    urgent = replace(demand(9, "quick", parts=480), priority=100, due_at=due)
    hot = replace(urgent, treatment=FAMILIES["calcine"], family="calcine")
    later = situation(hot, *waiting, furnaces=only, in_force=in_force)
    assert chosen(later).loads[0].job_order_ids == ("job-9",)


def test_load_that_starts_soon_keeps_its_furnace_whatever_arrives() -> None:
    only = (furnaces()[1],)
    in_force = slots_of(fresh_plan(situation(demand(1, parts=480), furnaces=only)).loads)
    hot = replace(demand(9, "calcine", parts=480), priority=100, due_at=NOW + timedelta(hours=13))
    later = situation(hot, demand(1, parts=480), furnaces=only, in_force=in_force, frozen_s=3600.0)
    assert [load.job_order_ids for load in chosen(later).loads] == [("job-1",), ("job-9",)]


def test_pinned_load_stays_together_and_is_not_started_before_it_is_wanted() -> None:
    wanted = NOW + timedelta(hours=5)
    pin = Slot(equipment_id="two", job_order_ids=("job-2",), start_at=wanted, pin_id="PIN-1")
    asked = situation(demand(1), demand(2), pins=(pin,))
    checked_pin(asked, pin)
    by_id = {load.job_order_ids: load for load in chosen(asked).loads}
    assert (by_id[("job-2",)].equipment_id, by_id[("job-2",)].start_at) == ("two", wanted)
    made = furnace_problem(asked, chosen(asked).loads)
    found = solve(made.problem, Budget(moves=8000), start=made.batches(chosen(asked).loads, asked))
    searched = {load.pin_id: load for load in made.loads(found.batches, by_id.values(), asked)}  # type: ignore[arg-type]
    assert searched["PIN-1"].job_order_ids == ("job-2",)


@pytest.mark.parametrize(
    ("slot", "message"),
    [
        (Slot(equipment_id="three", job_order_ids=("job-1",), start_at=None), "1200 °C is above"),
        (
            Slot(equipment_id="one", job_order_ids=("job-1", "job-2"), start_at=None),
            "may not share",
        ),
        (Slot(equipment_id="one", job_order_ids=("job-9",), start_at=None), "does not wait"),
        (Slot(equipment_id="one", job_order_ids=("job-1", "job-3"), start_at=None), "200 parts"),
    ],
)
def test_pin_that_breaks_a_rule_is_refused_with_the_rule(slot: Slot, message: str) -> None:
    asked = situation(demand(1), demand(2, "calcine", 1, 100.0), demand(3))
    with pytest.raises(OutOfLimitsError, match=message):
        checked_pin(asked, slot)


def test_search_never_makes_a_plan_dearer_and_keeps_its_rules() -> None:
    families = ("sinter", "calcine", "quick")
    demands = [demand(number, families[number % 3], 60, 50.0) for number in range(24)]
    asked = situation(*demands)
    plan = fresh_plan(asked)
    made = furnace_problem(asked, plan.loads)
    start = made.batches(plan.loads, asked)
    found = solve(made.problem, Budget(moves=40_000), start=start)
    before = solve(made.problem, Budget(moves=1), start=start)
    assert faults(made.problem, found.batches) == []
    assert found.bound <= found.total <= before.total


async def test_planner_process_answers_with_a_plan_that_is_no_dearer() -> None:
    asked = situation(*(demand(number, parts=50) for number in range(6)))
    plan = fresh_plan(asked)
    made = furnace_problem(asked, plan.loads)
    start = made.batches(plan.loads, asked)
    found = await Planner().solve(made.problem, start, limit_s=0.3)
    assert faults(made.problem, found.batches) == []
    assert found.bound <= found.total <= measured(made.problem, start).total(made.problem.weights)
