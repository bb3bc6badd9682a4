"""The bounds of furnace plans are never above the optimum, found by trying all plans."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sintering.bounds import counted_bound
from services.sintering.construct import construct
from services.sintering.course import Course, at
from services.sintering.grid import MOST_UNITS
from services.sintering.jobprices import price_bound
from services.sintering.osp import read_instance
from services.sintering.problem import FAR, Problem, Weights, plain
from services.sintering.proof import prove
from services.sintering.solver import Budget, solve
from services.sintering.verdict import measured
from tests.unit.test_oven_problem import drawn

Block = tuple[int, ...]


def ordered_partitions(jobs: Block) -> Iterator[tuple[Block, ...]]:
    """Yield all ways to part jobs into batches in an order."""
    if not jobs:
        yield ()
    for size in range(1, len(jobs) + 1):
        for block in itertools.combinations(jobs, size):
            rest = tuple(job for job in jobs if job not in block)
            for others in ordered_partitions(rest):
                yield (block, *others)


def cost_on(problem: Problem, machine: int, blocks: tuple[Block, ...]) -> int | None:
    """Return what batches one after the other cost, each as early as it can; None if one cannot."""
    each, row, free, cost = problem.weights, int(problem.initial[machine]), -FAR, 0
    for block in blocks:
        jobs = list(block)
        family, length = int(problem.attribute[jobs[0]]), int(problem.shortest[jobs].max())
        set_up = int(problem.set_up_time[machine, row, family])
        shifts = zip(
            problem.shift_start[machine].tolist(), problem.shift_end[machine].tolist(), strict=True
        )
        earliest = max(int(problem.release[jobs].max()), free + set_up)
        starts = [max(earliest, start + set_up) for start, end in shifts if start < FAR]
        ends = problem.shift_end[machine].tolist()
        able = [at for at, end in zip(starts, ends, strict=False) if at + length <= end]
        fits = (
            len({int(problem.attribute[job]) for job in jobs}) == 1
            and bool(problem.eligible[jobs, machine].all())
            and length <= int(problem.longest[jobs].min())
            and int(problem.size[jobs, 0].sum()) <= int(problem.capacity[machine, 0])
        )
        if not fits or not able:
            return None
        free = min(able) + length
        late = int((problem.due[jobs] < free).sum())
        cost += each.runtime * length + each.late * late + each.set_up_time * set_up
        cost += each.set_up_cost * int(problem.set_up_cost[machine, row, family])
        row = family
    return cost


def optimum(problem: Problem) -> int | None:
    """Return the cost of the best of all plans on up to two machines, None if there is none."""
    found = []
    for order in ordered_partitions(tuple(range(problem.n_jobs))):
        for cut in range(len(order) + 1) if problem.n_machines > 1 else [len(order)]:
            parts = [
                cost_on(problem, at, part)
                for at, part in enumerate((order[:cut], order[cut:]))
                if part
            ]
            costs = [part for part in parts if part is not None]
            found += [sum(costs)] if len(costs) == len(parts) else []
    return min(found, default=None)


def opened(problem: Problem, times: int = 3) -> Problem:
    """Return a problem whose shifts begin at once and are shorter, so that jobs can be on time."""
    start = (problem.shift_start - problem.shift_start.min()) // times
    end = (problem.shift_end - problem.shift_start.min()) // times
    end[:, -1] += 40 * problem.n_jobs
    return replace(problem, shift_start=start, shift_end=end)


def after(calls: int) -> Callable[[], bool]:
    """Return what says that it is time to stop once it was asked so many times."""
    asked = itertools.count(1)
    return lambda: next(asked) > calls


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 5), m=st.integers(1, 2))
def test_no_plan_of_all_is_cheaper_than_the_bound(
    tmp_path_factory: pytest.TempPathFactory, seed: int, n: int, m: int
) -> None:
    path = tmp_path_factory.mktemp("osp") / "drawn.dzn"
    path.write_text(drawn(seed, n, m))
    problem = read_instance(path)
    for tried in (problem, opened(problem)):
        best, batches = optimum(tried), construct(tried)
        assert best is not None
        assert best <= measured(tried, batches).total(tried.weights)
        for most_units in (3, 10, MOST_UNITS):
            assert 0 < price_bound(tried, batches, after(400), most_units=most_units) <= best


def test_loads_that_cannot_overlap_make_a_job_late() -> None:
    # Two families, each for 6 of the 8 units until they are due: one of them is late.
    problem = plain(
        attribute=[0, 1],
        size=[1, 1],
        eligible=[[0], [0]],
        release=[0, 0],
        due=[8, 8],
        shortest=[6, 6],
        longest=[6, 6],
        capacity=[5],
        initial=[0],
        set_up_time=[[0, 1], [1, 0]],
        set_up_cost=[[0, 0], [0, 0]],
        shifts=[[(0, 50)]],
        weights=Weights(runtime=1, late=100),
    )
    assert price_bound(problem, (), lambda: False) == optimum(problem) == 6 + 6 + 100


def test_times_on_a_coarser_grid_never_give_a_higher_bound_than_a_plan_costs(
    tmp_path: Path,
) -> None:
    (tmp_path / "drawn.dzn").write_text(drawn(3, 40, 1))
    problem = opened(read_instance(tmp_path / "drawn.dzn"))
    batches = solve(problem, Budget(moves=100_000)).batches
    total = measured(problem, batches).total(problem.weights)
    coarse, fine = (
        price_bound(problem, batches, after(2000), most_units=most) for most in (20, MOST_UNITS)
    )
    assert coarse < fine <= total
    assert counted_bound(problem) < fine


def test_bound_of_a_larger_problem_is_close_to_a_good_plan_and_always_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / "drawn.dzn").write_text(drawn(5, 160, 2))
    problem = opened(read_instance(tmp_path / "drawn.dzn"))
    plan = solve(problem, Budget(moves=1_500_000))
    told: list[int] = []
    found = price_bound(problem, construct(problem), after(2000), told.append)
    assert told == sorted(told)
    assert 0.94 * plan.total < found == told[-1] <= plan.total
    assert found == price_bound(problem, construct(problem), after(2000))


def test_what_was_known_on_the_way_only_gets_better_and_ends_with_the_answer(
    tmp_path: Path,
) -> None:
    path = tmp_path / "drawn.dzn"
    path.write_text(drawn(3, 12, 2))
    problem = read_instance(path)
    found = solve(problem, Budget(limit_s=2.0), workers=2)
    totals = [point.total for point in found.course if point.total is not None]
    bounds = [point.bound for point in found.course]
    assert totals == sorted(totals, reverse=True)
    assert bounds == sorted(bounds)
    assert (totals[-1], min(bounds[-1], totals[-1])) == (found.total, found.bound)
    assert at(found.course, 0.0).total in (
        None,
        measured(problem, construct(problem)).total(problem.weights),
    )
    assert at(found.course, 99.0) == found.course[-1]


def test_a_course_keeps_the_later_of_two_improvements_that_are_near_to_each_other() -> None:
    times = iter((10.0, 10.01, 10.02, 11.0, 11.5))
    course = Course(lambda: next(times), None, 3)
    course.plan(9)
    course.plan(8)
    course.plan(8)  # no news, so no time is asked for
    course.bound(2)
    course.bound(5)
    course.plan(7)
    told = [(round(point.after_s, 2), point.total, point.bound) for point in course.points]
    assert told == [(0.0, None, 3), (0.02, 8, 3), (1.0, 8, 5), (1.5, 7, 5)]


@pytest.mark.parametrize("limit_s", [0.3, 1.5])
def test_a_proof_that_runs_out_of_time_never_gives_a_dearer_plan(
    tmp_path: Path, limit_s: float
) -> None:
    (tmp_path / "drawn.dzn").write_text(drawn(1, 50, 3))
    problem = read_instance(tmp_path / "drawn.dzn")
    plan = solve(problem, Budget(moves=400_000))
    found, bound = prove(problem, plan.batches, 0, limit_s, workers=1)
    objective = measured(problem, found)
    assert not objective.breaches
    assert bound <= objective.total(problem.weights) <= plan.total
