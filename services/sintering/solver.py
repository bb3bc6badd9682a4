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
from services.sintering.problem import Batch, Objective, Problem, Weights, plain
from services.sintering.verdict import measured

if TYPE_CHECKING:
    from services.sintering.search import Search

FIRST_HEAT, NEXT_HEAT = 0.5, 0.15  # of the cost of a typical job: see search.heat
SEARCH_SHARE = 0.7  # of the time; the rest is for the bound
SMALL_JOBS, SMALL_SHARE = 30, 0.15  # where the proof takes longer than the plan
SMALL_LEAST_S = 0.6  # but the plan takes this
ROUNDS, LARGE_JOBS = 3, 100  # anneals: one from the first plan, others from the best; one above


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A plan, what it costs, and a proven bound of what any plan costs."""

    batches: tuple[Batch, ...]
    objective: Objective
    total: int
    bound: int
    moves: int

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
    problem = plain(
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
    solve(problem, Budget(limit_s=0.1))


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

    search = Search(problem, batches, seed)
    if budget.limit_s <= 0:
        found = _searched(search, budget, budget.clock(), stopped, 1.0)
        return _solution(problem, found, counted_bound(problem), search.moves)
    from services.sintering.columns import column_bound, load

    load(problem)
    began_s = budget.clock()
    end_s = began_s + budget.limit_s

    def late() -> bool:
        return stopped() or budget.clock() >= end_s

    if workers < 2 or problem.n_jobs <= LARGE_JOBS:
        batches = _searched(search, budget, began_s, stopped, _share(problem, budget))
        batches, bound = _bounded(problem, batches, late, end_s - budget.clock(), workers)
    else:
        with ThreadPoolExecutor(max_workers=1) as beside:
            bounding = beside.submit(column_bound, problem, batches, late)
            batches = _searched(search, budget, began_s, stopped, 1.0)
            bound = bounding.result()
    return _solution(problem, batches, max(bound, counted_bound(problem)), search.moves)


def _share(problem: Problem, budget: Budget) -> float:
    """Return the share of the time that goes to the search when the bound comes after it."""
    if problem.n_jobs > SMALL_JOBS:
        return SEARCH_SHARE
    return max(SMALL_SHARE, min(SEARCH_SHARE, SMALL_LEAST_S / budget.limit_s))


def _searched(
    search: "Search", budget: Budget, began_s: float, stopped: Callable[[], bool], share: float
) -> list[Batch]:
    def progress() -> float:
        if stopped():
            return float("inf")
        if budget.moves:
            return search.moves / budget.moves
        return (budget.clock() - began_s) / (share * budget.limit_s)

    rounds = ROUNDS if search.problem.n_jobs <= LARGE_JOBS else 1
    for number in range(rounds):
        if number:
            search.return_to_best()

        def part(number: int = number) -> float:
            return max(0.0, rounds * progress() - number)

        search.cool(part, NEXT_HEAT if number else FIRST_HEAT)
    return list(search.found().batches)


def _bounded(
    problem: Problem,
    batches: list[Batch],
    late: Callable[[], bool],
    left_s: float,
    workers: int,
) -> tuple[list[Batch], int]:
    """Return the plan, or a better one that the proof found, and a bound, within `left_s`."""
    from services.sintering.columns import column_bound
    from services.sintering.proof import provable, prove

    if measured(problem, batches).breaches:
        return batches, 0
    end_s = time.monotonic() + left_s
    bound = max(counted_bound(problem), column_bound(problem, batches, late))
    left_s = end_s - time.monotonic()
    open_gap = measured(problem, batches).total(problem.weights) > bound
    if open_gap and left_s > 0 and not late() and provable(problem):
        batches, proven = prove(problem, batches, bound, left_s, workers)
        bound = max(bound, proven)
    return batches, bound


def _solution(problem: Problem, batches: Sequence[Batch], bound: int, moves: int) -> Solution:
    objective = measured(problem, batches)
    return Solution(
        batches=tuple(sorted(batches, key=lambda item: (item.machine, item.start))),
        objective=objective,
        total=objective.total(problem.weights),
        bound=min(bound, objective.total(problem.weights)),
        moves=moves,
    )
