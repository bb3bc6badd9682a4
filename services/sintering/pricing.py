"""The knapsacks of the column bound, compiled: which batch is worth more than it costs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.sintering.compiled import compiled
from services.sintering.problem import FAR, Flags, Ints

Floats = NDArray[np.float64]


class Ground(NamedTuple):
    """What stays the same while prices change; spans of time end at `until` (spans,).

    exact: each span but the last is one time unit; a batch ends with it, not within it.

    begins (families + 1,): where a family begins in an order of jobs by family. lengths: what a
    batch can last. set_up (m, families): least cost before a batch; least: least time. runtime:
    cost of a time unit. worth (capacity + 1,), taken (n, capacity + 1): for the knapsack's own use.
    """

    begins: Ints
    eligible: Flags
    size: Ints
    capacity: Ints
    release: Ints
    shortest: Ints
    longest: Ints
    lengths: Ints
    shift_start: Ints
    shift_end: Ints
    until: Ints
    set_up: Floats
    least: Ints
    runtime: Floats
    exact: bool
    worth: Floats
    taken: Flags


class Group(NamedTuple):
    """The batches of one family on one machine that last as long and start by the same time."""

    machine: int
    family: int
    length: int
    latest: int


@compiled
def price(
    g: Ground,
    profit: Floats,
    order: Ints,
    later: Floats,
    chosen: Flags,
    gain: Floats,
    rough: bool,
) -> float:
    """Look for the best batch of each machine, family and span; return the least cost / worth.

    rough: a good batch will do, filled greedily, and what is returned is at most that, which is
    valid as well and takes a small part of the time.

    profit, order (spans, n): of jobs, and jobs by family and falling profit per size. later (m,
    spans): price of a unit of machine time that ends in a span; where spans are exact, price of
    all machine time before a span, and the last one is free. Fills chosen (groups, n) and gain
    (groups,).
    """
    ratio, families, spans = 1.0, len(g.begins) - 1, len(g.until)
    for row in range(len(gain)):
        span, family = row % spans, row // spans % families
        machine = row // spans // families
        room = g.capacity[machine]
        for length in g.lengths:
            latest = latest_start(g, machine, family, span, length)
            group = Group(machine, family, length, latest)
            if latest < 0:
                continue
            own = g.runtime[0] * length + g.set_up[machine, family]
            need = length + g.least[machine, family]
            if g.exact:
                time = 0.0
                if span < spans - 1:
                    time = later[machine, span + 1] - later[machine, max(0, span + 1 - need)]
            else:
                time = later[machine, span] * need
            most = at_most(g, group, profit[span], order[span]) - time
            if most <= min(own / ratio, own + gain[row]) + 1e-9:
                continue
            if rough:
                ratio = min(ratio, own / most)
                value = greedy(g, group, profit[span], order[span]) - time
                if value - own > gain[row] + 1e-9:
                    gain[row] = value - own
                    take(g, group, profit[span], order[span], chosen[row])
                continue
            fill(g, group, profit[span], order[span])
            value = g.worth[room] - time
            if value > own:
                ratio = min(ratio, own / value)
            if value - own > gain[row] + 1e-9:
                gain[row] = value - own
                trace(g, group, order[span], chosen[row])
    return ratio


@compiled
def latest_start(g: Ground, machine: int, family: int, span: int, length: int) -> int:
    """Return the latest start of a batch that ends in a span or before, -1 if there is none.

    Where spans are exact it ends with the span, in the last one at any time.
    """
    best = -1
    for shift in range(g.shift_start.shape[1]):
        if g.shift_start[machine, shift] < FAR:
            if g.exact and g.shift_end[machine, shift] < g.until[span] < FAR:
                continue
            start = min(g.shift_end[machine, shift], g.until[span]) - length
            if start >= g.shift_start[machine, shift] + g.least[machine, family]:
                best = max(best, start)
    return best


@compiled
def able(g: Ground, group: Group, j: int) -> bool:
    """Say whether a job can be in a batch of a group."""
    return bool(
        g.eligible[j, group.machine]
        and g.shortest[j] <= group.length
        and group.length <= g.longest[j]
        and g.release[j] <= group.latest
    )


@compiled
def at_most(g: Ground, group: Group, profit: Floats, order: Ints) -> float:
    """Return what a batch is worth at most: the last job may be cut."""
    total, room = 0.0, g.capacity[group.machine]
    for index in range(g.begins[group.family], g.begins[group.family + 1]):
        j = order[index]
        if profit[j] <= 0:
            break
        if able(g, group, j):
            if g.size[j] > room:
                return float(total + profit[j] * room / g.size[j])
            total += profit[j]
            room -= g.size[j]
    return total


@compiled
def greedy(g: Ground, group: Group, profit: Floats, order: Ints) -> float:
    """Return what a batch is worth that takes whatever fits, the best per size first."""
    total, room = 0.0, g.capacity[group.machine]
    for index in range(g.begins[group.family], g.begins[group.family + 1]):
        j = order[index]
        if profit[j] <= 0 or room <= 0:
            break
        if g.size[j] <= room and able(g, group, j):
            total += profit[j]
            room -= g.size[j]
    return float(total)


@compiled
def take(g: Ground, group: Group, profit: Floats, order: Ints, chosen: Flags) -> None:
    """Write down the jobs of a batch that is filled greedily."""
    for j in range(len(chosen)):
        chosen[j] = False
    room = g.capacity[group.machine]
    for index in range(g.begins[group.family], g.begins[group.family + 1]):
        j = order[index]
        if profit[j] <= 0 or room <= 0:
            break
        if g.size[j] <= room and able(g, group, j):
            chosen[j] = True
            room -= g.size[j]


@compiled
def fill(g: Ground, group: Group, profit: Floats, order: Ints) -> None:
    """Solve one knapsack into `worth`, by capacity, and `taken`."""
    room = g.capacity[group.machine]
    for c in range(room + 1):
        g.worth[c] = 0.0
    for index in range(g.begins[group.family], g.begins[group.family + 1]):
        j = order[index]
        for c in range(room + 1):
            g.taken[index, c] = False
        if profit[j] > 0 and able(g, group, j):
            for c in range(room, g.size[j] - 1, -1):
                if g.worth[c - g.size[j]] + profit[j] > g.worth[c]:
                    g.worth[c] = g.worth[c - g.size[j]] + profit[j]
                    g.taken[index, c] = True


@compiled
def trace(g: Ground, group: Group, order: Ints, chosen: Flags) -> None:
    """Write down the jobs of a solved knapsack."""
    for j in range(len(chosen)):
        chosen[j] = False
    room = g.capacity[group.machine]
    for index in range(g.begins[group.family + 1] - 1, g.begins[group.family] - 1, -1):
        if g.taken[index, room]:
            j = order[index]
            chosen[j] = True
            room -= g.size[j]
