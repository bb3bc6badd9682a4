"""What no plan can cost less than, by counting: at once and for any size.

Each part is bounded for itself. Energy and moved jobs are left out: they cost
nothing at least. Source of the counting: Lackner et al. 2023, section 5.
"""

import math

import numpy as np

from services.sintering.problem import FAR, Ints, Problem


def counted_bound(problem: Problem) -> int:
    """Return a lower bound of the weighted objective without breaches."""
    if not problem.n_jobs:
        return 0
    each, total = problem.weights, waiting_bound(problem)
    total += each.late * int(problem.weight[first_ends(problem) > problem.due].sum())
    for family in np.unique(problem.attribute).tolist():
        jobs = np.flatnonzero(problem.attribute == family)
        batches, time = fewest(problem, jobs)
        total += each.runtime * time + batches * least_set_up(problem, jobs, family)
    return total


def waiting_bound(problem: Problem) -> int:
    """Return what ends cost at least by flow and tardiness, each job alone in the plant."""
    each, ends = problem.weights, np.minimum(first_ends(problem), problem.horizon)
    over = (ends - problem.due).clip(min=0)
    return int((problem.weight * (each.flow * ends + each.tardiness * over)).sum())


def fewest(problem: Problem, jobs: Ints) -> tuple[int, int]:
    """Return the fewest batches of some jobs and their least runtime.

    Jobs may be cut into pieces and fill the largest furnace, the longest ones first.
    """
    order = jobs[np.argsort(-problem.shortest[jobs], kind="stable")]
    largest = problem.capacity[problem.eligible[jobs].any(axis=0)].max(axis=0)
    batches, time = 1, int(problem.shortest[order[0]])
    for sizes, capacity in zip(problem.size[order].T, largest.tolist(), strict=True):
        if capacity <= 0:
            continue
        reached = np.cumsum(sizes)
        count = math.ceil(int(reached[-1]) / capacity)
        firsts = np.searchsorted(reached, np.arange(count) * capacity, side="right")
        batches, time = max(batches, count), max(time, int(problem.shortest[order[firsts]].sum()))
    return batches, time


def least_set_up(problem: Problem, jobs: Ints, family: int) -> int:
    """Return the least weighted set-up before a batch of a family."""
    each = problem.weights
    return min(
        int(
            each.set_up_time * problem.set_up_time[machine, row, family]
            + each.set_up_cost * problem.set_up_cost[machine, row, family]
        )
        for machine in np.flatnonzero(problem.eligible[jobs].any(axis=0)).tolist()
        for row in rows_before(problem, machine)
    )


def rows_before(problem: Problem, machine: int) -> list[int]:
    """Return the rows of set-ups that can hold before a batch on a machine."""
    return sorted({*np.unique(problem.attribute).tolist(), int(problem.initial[machine])})


def first_ends(problem: Problem) -> Ints:
    """Return (n,) when each job could end if it were alone in the plant, FAR where it never can."""
    best = np.full(problem.n_jobs, FAR)
    for machine in range(problem.n_machines):
        least = problem.set_up_time[machine][rows_before(problem, machine)].min(axis=0)
        need = least[problem.attribute]
        for start, end in zip(
            problem.shift_start[machine].tolist(), problem.shift_end[machine].tolist(), strict=True
        ):
            if start >= FAR:
                break
            ends = np.maximum(problem.release, start + need) + problem.shortest
            may = problem.eligible[:, machine] & (ends <= end)
            best = np.where(may, np.minimum(best, ends), best)
    return best


def step_of(problem: Problem) -> int:
    """Return what every objective is a multiple of; a bound may be rounded up to one."""
    each = problem.weights
    return max(1, math.gcd(*(int(value) for value in vars(each).values())))


def rounded(problem: Problem, bound: float) -> int:
    """Return a bound rounded up to what an objective can be, less what a solver may err by."""
    step = step_of(problem)
    return int(math.ceil(bound / step - 1e-6 * max(1.0, abs(bound) / step) ** 0.5) * step)
