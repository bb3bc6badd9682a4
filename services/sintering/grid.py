"""A problem as the bound by job prices reads it: on a grid of time that is coarse enough.

Whatever is rounded is rounded so that each plan stays a plan that costs no more: all times are
rounded down, of releases, lengths, set-ups, due dates and shifts alike, because the sum of what is
rounded down is never above the sum rounded down. Costs stay as they are. Of two capacities, the
scarcer one counts.
"""

from dataclasses import dataclass

import numpy as np

from services.sintering.bounds import rows_before
from services.sintering.problem import FAR, Floats, Ints, Problem
from services.sintering.timeline import Scratch, Timeline

MOST_UNITS = 8000  # of time until the last due date; with more, a unit of the grid is longer
FEW_UNITS, PARTS = 800, 16  # to begin with, at least; and of a batch of mean length
MOST_LENGTHS = 128  # of batches; with more, lengths are rounded down
FINEST = 600  # a capacity is cut into at most so many pieces
TYPICAL = 2**18  # what the runtime of a typical job costs at least, in the units of the bound


@dataclass(frozen=True)
class Grid:
    """A problem for the compiled code. Costs and prices are in `scale`-ths of the objective's.

    late (n,): cost of a job that is late. least (m, families): of the set-up before a batch.
    """

    timeline: Timeline
    scale: int
    late: Ints
    least: Ints


def grid_of(problem: Problem, most_units: int = MOST_UNITS) -> Grid:
    """Return a problem on a grid of at most so many units until the last due date."""
    each, n = problem.weights, problem.n_jobs
    typical = max(1.0, each.runtime * float(problem.shortest.mean()))
    scale = max(1, round(TYPICAL / typical))
    begin, end = _span(problem)
    is_due = problem.due < FAR
    unit = max(1, -(-(end - begin) // most_units))

    def units(times: Ints) -> Ints:
        return np.where(times < FAR, times // unit - begin // unit, FAR).astype(np.int64)

    last = int(units(np.array([end]))[0])
    due, release = units(problem.due), units(problem.release).clip(min=0)
    due_first, next_due = np.full(last + 1, -1), np.full(n, -1)
    for job in np.flatnonzero((due >= 0) & (due <= last)).tolist():
        next_due[job], due_first[due[job]] = due_first[due[job]], job
    lengths = np.unique(problem.shortest)
    if len(lengths) > MOST_LENGTHS:
        lengths = lengths[np.linspace(0, len(lengths) - 1, MOST_LENGTHS).astype(np.int64)]
    size, capacity = _scarcer(problem)
    set_up = each.set_up_time * problem.set_up_time + each.set_up_cost * problem.set_up_cost
    timeline = Timeline(
        family=problem.attribute,
        size=np.tile(size, 2),
        release=release,
        due=due,
        first=np.searchsorted(lengths, problem.shortest, side="right") - 1,
        last=np.searchsorted(lengths, problem.longest, side="right") - 1,
        eligible=problem.eligible,
        by_release=np.argsort(release, kind="stable"),
        next_due=next_due,
        due_first=due_first,
        units=lengths // unit,
        cost=lengths * each.runtime * scale,
        capacity=capacity,
        initial=problem.initial,
        shift_start=units(problem.shift_start).clip(min=0),
        shift_end=units(problem.shift_end),
        set_up=problem.set_up_time // unit,
        set_up_cost=set_up * scale,
        end=np.array([last]),
    )
    machines = range(problem.n_machines)
    least = [timeline.set_up_cost[k][rows_before(problem, k)].min(axis=0) for k in machines]
    late = np.where(is_due, problem.weight * each.late * scale, 0)
    return Grid(timeline=timeline, scale=scale, late=late, least=np.array(least))


def few_units(problem: Problem, most_units: int) -> int:
    """Return how many units are enough to begin with: some to a batch, which is much quicker."""
    begin, end = _span(problem)
    parts = PARTS * (end - begin) / max(1.0, float(problem.shortest.mean()))
    return min(most_units, max(FEW_UNITS, int(parts)))


def _span(problem: Problem) -> tuple[int, int]:
    """Return from when to when the timeline goes: from the first shift to the last due date."""
    begin = min(int(problem.shift_start.min(initial=FAR)), int(problem.due.max(initial=0)))
    return begin, max(begin, int(problem.due[problem.due < FAR].max(initial=begin)))


def _scarcer(problem: Problem) -> tuple[Ints, Ints]:
    """Return sizes and capacities in the dimension that needs more batches, in few pieces."""
    most = problem.capacity.max(axis=0, initial=1)
    need: Floats = np.where(most > 0, problem.size.sum(axis=0) / most.clip(min=1), -1.0)
    scarcer = int(np.argmax(need))
    grain = max(1, -(-int(most[scarcer]) // FINEST))
    return problem.size[:, scarcer] // grain, -(-problem.capacity[:, scarcer] // grain)


def scratch_of(g: Timeline) -> Scratch:
    """Return room to work in."""
    jobs, families, lengths = len(g.family), g.set_up.shape[2], len(g.units)
    room, end = int(g.capacity.max(initial=0)) + 1, int(g.end[0]) + 1

    def room_for(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int64)

    return Scratch(
        live=room_for(families, 2 * jobs),
        many=room_for(families),
        changed=room_for(families),
        dirty=np.zeros((families, lengths), dtype=np.bool_),
        rough=room_for(families, lengths),
        exact=room_for(families, lengths),
        value=room_for(end, families + 1),
        came=room_for(end, families + 1),
        pay=room_for(families),
        before=room_for(families),
        items=room_for(2 * jobs),
        best=room_for(room),
        taken=np.zeros((2 * jobs, room), dtype=np.bool_),
    )
