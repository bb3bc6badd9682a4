"""Solves a furnace plan: a valid plan at once, a better one with time, and how far it may be off.

The compiler and the solvers of the bounds are loaded when a plan is improved, not before.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.sintering.bounds import counted_bound
from services.sintering.construct import construct
from services.sintering.course import Course, Point
from services.sintering.problem import Batch, Objective, Problem, Weights, plain, provable
from services.sintering.verdict import measured

if TYPE_CHECKING:
    from services.sintering.search import Search

HEAT = 0.1  # of the cost of what is late: see search.heat
SEARCH_SHARE = 0.7  # of the time; the rest is for the bound
SMALL_JOBS, SMALL_S = 30, 0.5  # where the proof takes longer than the plan
ROUNDS = 3  # anneals of a number of moves: one from the first plan, others from the best
ANNEALED_BY_S = (0.8, 8.0)  # of a time: each ends well by the time at which it may be asked for


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A plan, what it costs, a proven bound of what any plan costs, and how both came on."""

    batches: tuple[Batch, ...]
    objective: Objective
    total: int
    bound: int
    moves: int
    course: tuple[Point, ...] = ()

    @property
    def gap_ratio(self) -> float | None:
        """How much dearer it is than the bound at most, of the bound; None without a bound."""
        return (self.total - self.bound) / self.bound if self.bound > 0 else None

    @property
    def proven(self) -> bool:
        """No plan is cheaper."""
        return self.total <= self.bound and self.objective.breaches == 0


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long to search: seconds of `clock`, or a number of moves, which is deterministic."""

    limit_s: float = 0.0
    moves: int = 0
    clock: Callable[[], float] = time.monotonic


def first_plan(problem: Problem, kept: Sequence[Batch] = ()) -> Solution:
    """Return a plan without any search; `kept` stays as it is."""
    return _solution(problem, construct(problem, kept), counted_bound(problem), 0)


def make_ready() -> None:
    """Compile what a search needs and keep it, so that the first one does not wait for it."""
    solve(_smallest(), Budget(limit_s=0.1))


def _smallest() -> Problem:
    return plain(
        attribute=[0],
        size=[1],
        eligible=[[0]],
        release=[0],
        due=[1],
        shortest=[1],
        longest=[1],
        capacity=[1],
        initial=[0],
        set_up_time=[[0]],
        set_up_cost=[[0]],
        shifts=[[(0, 2)]],
        weights=Weights(),
    )


def solve(
    problem: Problem,
    budget: Budget,
    *,
    seed: int = 1,
    start: Sequence[Batch] = (),
    stopped: Callable[[], bool] = lambda: False,
    workers: int = 1,
) -> Solution:
    """Return the best plan found in the budget, from `start` when there is one.

    stopped: asked every few milliseconds; the best so far is returned once it says True. workers:
    threads of the proof; with two, the bound of a large problem is looked for beside the search.
    The time counts from when the compiled code is loaded.
    """
    batches = list(start) or construct(problem)
    if not problem.n_jobs:
        return _solution(problem, batches, 0, 0)
    from services.sintering.search import Search

    search, first_bound = Search(problem, batches, seed), counted_bound(problem)
    if budget.limit_s <= 0:
        _by_moves(search, budget.moves, stopped)
        return _solution(problem, search.found().batches, first_bound, search.moves)
    from services.sintering.jobprices import price_bound

    price_bound(_smallest(), (), lambda: False)  # loads the compiled code
    first = None if search.total >= problem.breach else search.total
    course = Course(budget.clock, first, first_bound)
    end_s = budget.clock() + budget.limit_s

    def late() -> bool:
        return stopped() or budget.clock() >= end_s

    improving = _Improving(problem, search, budget, course, late)
    if workers < 2 or problem.n_jobs <= SMALL_JOBS:
        improving.search(_share(problem, budget))
        improving.bound(search.found().batches)
    else:
        with ThreadPoolExecutor(max_workers=1) as beside:
            bounding = beside.submit(improving.bound, batches)
            improving.search(SEARCH_SHARE if provable(problem) else 1.0)
            bounding.result()
    batches = list(search.found().batches)
    if provable(problem):
        batches = improving.prove(batches, end_s, workers)
    return _solution(problem, batches, course.points[-1].bound, search.moves, course.points)


def _share(problem: Problem, budget: Budget) -> float:
    """Return the share of the time that goes to the search when the bound comes after it."""
    if problem.n_jobs > SMALL_JOBS:
        return SEARCH_SHARE
    return min(SEARCH_SHARE, SMALL_S / budget.limit_s)


def _by_moves(search: "Search", moves: int, stopped: Callable[[], bool]) -> None:
    """Anneal some rounds of a number of moves, which is deterministic."""
    for number in range(ROUNDS):
        if number:
            search.return_to_best()

        def part(number: int = number) -> float:
            return 1.0 if stopped() else max(0.0, ROUNDS * search.moves / moves - number)

        search.cool(part, HEAT)


@dataclass(frozen=True)
class _Improving:
    """One problem whose plan and bound come on, each from its own thread."""

    problem: Problem
    search_for: "Search"
    budget: Budget
    course: Course
    late: Callable[[], bool]

    def search(self, share: float) -> None:
        """Anneal for a share of the time in rounds that get longer, each from the best plan."""
        search, clock = self.search_for, self.budget.clock
        began_s, whole_s = clock(), share * self.budget.limit_s
        ends_s = [*(end_s for end_s in ANNEALED_BY_S if 2 * end_s < whole_s), whole_s]
        for number, end_s in enumerate(ends_s):
            from_s = ends_s[number - 1] if number else 0.0

            def part(from_s: float = from_s, end_s: float = end_s) -> float:
                if search.total < self.problem.breach:
                    self.course.plan(search.total)
                if self.late():
                    return 1.0
                return (clock() - began_s - from_s) / (end_s - from_s)

            if number:
                search.return_to_best()
            search.cool(part, HEAT)

    def bound(self, batches: Sequence[Batch]) -> None:
        """Look for a lower bound, at first from a plan, until it is late or the plan is proven."""
        from services.sintering.jobprices import price_bound

        valid = [] if measured(self.problem, batches).breaches else batches
        price_bound(self.problem, valid, self._is_done, told=self.course.bound)

    def _is_done(self) -> bool:
        known = self.course.points[-1]
        return self.late() or (known.total is not None and known.total <= known.bound)

    def prove(self, batches: list[Batch], end_s: float, workers: int) -> list[Batch]:
        """Return the plan, or a better one that the proof found in what is left of the time."""
        from services.sintering.proof import prove

        bound, left_s = self.course.points[-1].bound, end_s - self.budget.clock()
        objective = measured(self.problem, batches)
        total = objective.total(self.problem.weights)
        if objective.breaches or total <= bound or left_s <= 0 or self.late():
            return batches
        batches, proven = prove(self.problem, batches, bound, left_s, workers, self.course)
        self.course.plan(measured(self.problem, batches).total(self.problem.weights))
        self.course.bound(proven)
        return batches


def _solution(
    problem: Problem,
    batches: Sequence[Batch],
    bound: int,
    moves: int,
    course: tuple[Point, ...] = (),
) -> Solution:
    objective = measured(problem, batches)
    return Solution(
        batches=tuple(sorted(batches, key=lambda item: (item.machine, item.start))),
        objective=objective,
        total=objective.total(problem.weights),
        bound=min(bound, objective.total(problem.weights)),
        moves=moves,
        course=course,
    )
