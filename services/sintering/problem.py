"""The oven scheduling problem: jobs in batches on machines, with what a plant adds to it.

Source: Lackner et al., "Exact methods for the Oven Scheduling Problem" (2023). All times are whole
units of the plan (seconds in the plant), all weights whole numbers, so that a plan has one value
exactly. Each addition is empty by default: the published problem is the case without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FAR = 2**40  # later than any plan
PROVABLE_JOBS = 60


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What a unit of each part of the objective costs.

    late: a late job of weight 1. tardiness: a time unit past due of such a job. energy: a unit of
    power × price × time. moved: a job that leaves its machine or start in the plan in force.
    flow: a time unit until the end of a job of weight 1, from time 0.
    """

    runtime: int = 1
    late: int = 0
    set_up_time: int = 0
    set_up_cost: int = 0
    tardiness: int = 0
    energy: int = 0
    moved: int = 0
    flow: int = 0


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Jobs that run together, by number.

    fixed: 0 the search may do anything, 1 its machine and jobs stay, 2 its start stays as well.
    hold: it is not to start before.
    """

    machine: int
    jobs: tuple[int, ...]
    start: int = 0
    end: int = 0
    fixed: int = 0
    hold: int = 0


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The parts of what a plan costs, unweighted; `breaches` counts broken rules."""

    runtime: int = 0
    late: int = 0
    set_up_time: int = 0
    set_up_cost: int = 0
    tardiness: int = 0
    energy: int = 0
    moved: int = 0
    flow: int = 0
    breaches: int = 0

    def total(self, weights: Weights) -> int:
        """Return the weighted sum without the breaches."""
        named = (item.name for item in fields(weights))
        return sum(getattr(self, name) * getattr(weights, name) for name in named)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem as arrays; n jobs, m machines, a attributes (recipe families).

    Jobs (n,): attribute, release (a least wait after the step before is in it), due, shortest and
    longest processing time, weight, latest start (a longest wait; FAR: none), machine (-1: none)
    and start in the plan in force. size (n, 2) against capacity (m, 2): parts and mass.
    set_up_time, set_up_cost (m, a + 1, a): row = attribute before, the last row = a machine that is
    cold. initial (m,): the row a machine starts from. Shifts (m, s), ascending, unused ones at FAR.
    power (m, a). price (k,) holds from price_from (k,) on, the first from 0. tolerance: a start may
    shift by so much without counting as moved. scale: what the objective is divided by when shown.
    """

    attribute: Ints
    size: Ints
    eligible: Flags
    release: Ints
    due: Ints
    shortest: Ints
    longest: Ints
    weight: Ints
    latest_start: Ints
    machine_before: Ints
    start_before: Ints
    capacity: Ints
    initial: Ints
    set_up_time: Ints
    set_up_cost: Ints
    shift_start: Ints
    shift_end: Ints
    power: Ints
    price_from: Ints
    price: Ints
    weights: Weights
    tolerance: int = 0
    fixed: tuple[Batch, ...] = ()
    scale: int = 1

    @property
    def n_jobs(self) -> int:
        """The number of jobs."""
        return len(self.attribute)

    @property
    def n_machines(self) -> int:
        """The number of machines."""
        return len(self.capacity)

    @property
    def n_attributes(self) -> int:
        """The number of attributes."""
        return int(self.set_up_time.shape[2])

    @cached_property
    def horizon(self) -> int:
        """A time after every shift; what does not fit into any is planned from here, a breach."""
        known = self.shift_end[self.shift_end < FAR]
        latest = max(int(self.release.max(initial=0)), int(self.due.max(initial=0)))
        return max(int(known.max(initial=0)), latest) + 1

    @cached_property
    def breach(self) -> int:
        """What a breach costs: more than every other part of any plan together."""
        each = self.weights
        set_ups = int(self.set_up_time.max(initial=0)), int(self.set_up_cost.max(initial=0))
        time = int(self.shortest.sum())
        weight = int(self.weight.sum())
        dearest = int(self.power.max(initial=0)) * int(self.price.max(initial=0))
        return 1 + (
            each.runtime * time
            + each.late * weight
            + self.n_jobs * (each.set_up_time * set_ups[0] + each.set_up_cost * set_ups[1])
            + (each.tardiness + each.flow) * weight * 2 * self.horizon
            + each.energy * dearest * time
            + each.moved * self.n_jobs
        )

    @cached_property
    def paid(self) -> Ints:
        """(k,) price × time from 0 until each change of the price."""
        steps = np.diff(self.price_from) * self.price[:-1]
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(steps)])

    def bill(self, start: int, end: int) -> int:
        """Return price × time of a span."""
        return self._bill_until(end) - self._bill_until(start)

    def _bill_until(self, at: int) -> int:
        step = int(np.searchsorted(self.price_from, at, side="right")) - 1
        return int(self.paid[step]) + int(self.price[step]) * (at - int(self.price_from[step]))


def plain(
    *,
    attribute: Sequence[int],
    size: Sequence[int],
    eligible: Sequence[Sequence[int]],
    release: Sequence[int],
    due: Sequence[int],
    shortest: Sequence[int],
    longest: Sequence[int],
    capacity: Sequence[int],
    initial: Sequence[int],
    set_up_time: Sequence[Sequence[int]],
    set_up_cost: Sequence[Sequence[int]],
    shifts: Sequence[Sequence[tuple[int, int]]],
    weights: Weights,
    scale: int = 1,
) -> Problem:
    """Return the published problem: attributes, machines and jobs count from 0.

    eligible: the machines of each job. initial: the attribute of each machine at the beginning, the
    number of attributes where it has none. shifts: (start, end) of each machine, in any order.
    """
    jobs, machines = len(attribute), len(capacity)
    rows = np.zeros((2, machines, len(set_up_time) + 1, len(set_up_time)), dtype=np.int64)
    rows[0, :, :-1], rows[1, :, :-1] = np.array(set_up_time), np.array(set_up_cost)
    starts, ends = shift_arrays(shifts)
    may = np.zeros((jobs, machines), dtype=np.bool_)
    for job, allowed in enumerate(eligible):
        may[job, list(allowed)] = True
    return Problem(
        attribute=ints(attribute),
        size=np.column_stack([ints(size), np.zeros(jobs, dtype=np.int64)]),
        eligible=may,
        release=ints(release),
        due=ints(due),
        shortest=ints(shortest),
        longest=ints(longest),
        weight=np.ones(jobs, dtype=np.int64),
        latest_start=np.full(jobs, FAR),
        machine_before=np.full(jobs, -1),
        start_before=np.zeros(jobs, dtype=np.int64),
        capacity=np.column_stack([ints(capacity), np.zeros(machines, dtype=np.int64)]),
        initial=ints(initial),
        set_up_time=rows[0],
        set_up_cost=rows[1],
        shift_start=starts,
        shift_end=ends,
        power=np.zeros((machines, len(set_up_time)), dtype=np.int64),
        price_from=np.zeros(1, dtype=np.int64),
        price=np.zeros(1, dtype=np.int64),
        weights=weights,
        scale=scale,
    )


def shift_arrays(shifts: Sequence[Sequence[tuple[int, int]]]) -> tuple[Ints, Ints]:
    """Return starts and ends (m, s) of the shifts of each machine, ascending, filled with FAR."""
    kept = [sorted((start, end) for start, end in found if end > start) for found in shifts]
    width = max([1, *(len(found) for found in kept)])
    arrays = np.full((2, len(kept), width), FAR, dtype=np.int64)
    for machine, found in enumerate(kept):
        for place, (start, end) in enumerate(found):
            arrays[:, machine, place] = start, end
    return arrays[0], arrays[1]


def ints(values: Sequence[int]) -> Ints:
    """Return numbers as an array of 64 bits."""
    return np.array(values, dtype=np.int64)


def provable(problem: Problem) -> bool:
    """Say whether a problem is the published one and small enough for a try at a proof.

    A plan with energy, tardiness, flow, moved jobs, pins or longest waits gets its bound elsewhere.
    """
    each = problem.weights
    return (
        problem.n_jobs <= PROVABLE_JOBS
        and not each.tardiness + each.energy + each.moved + each.flow
        and not problem.fixed
        and bool((problem.latest_start >= FAR).all())
    )
