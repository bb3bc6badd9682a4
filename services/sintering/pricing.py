"""Which batch of a family is worth more than it costs when time does not matter, compiled."""

from services.sintering.compiled import compiled
from services.sintering.problem import Flags, Ints
from services.sintering.timeline import Scratch, Timeline, fill


@compiled
def price_batches(
    g: Timeline,
    jobs: Ints,
    worth: Ints,
    bonus: Ints,
    least: Ints,
    w: Scratch,
    exactly: bool,
    chosen: Flags,
    gain: Ints,
) -> float:
    """Look for the best batch of each machine and length; return the least of cost / worth.

    jobs: of one family that are worth something, by falling worth per size. worth (n,), bonus
    (lengths,): of any batch of a length; least (m,): cost of the set-up before it. exactly: solve
    the knapsacks; otherwise a good batch will do, filled greedily, and what is returned is at most
    the least, which takes a small part of the time. Fills chosen (m × lengths, n) and gain.
    """
    ratio, lengths = 1.0, len(g.units)
    for group in range(len(gain)):
        machine, length = group // lengths, group % lengths
        cost = g.cost[length] + least[machine]
        many, most = able(g, jobs, worth, machine, length, w)
        gain[group] = 0
        if most + bonus[length] <= cost:
            continue
        if exactly:
            value = fill(g.size, worth, w, many, g.capacity[machine]) + bonus[length]
        else:
            value = most + bonus[length]
        if value <= cost:
            continue
        ratio = min(ratio, cost / value)
        chosen[group, :] = False
        if exactly:
            trace(g.size, w, many, g.capacity[machine], chosen[group])
        else:
            value = greedy(g.size, worth, w, many, g.capacity[machine], chosen[group])
            value += bonus[length]
        gain[group] = value - cost
    return ratio


@compiled
def able(
    g: Timeline, jobs: Ints, worth: Ints, machine: int, length: int, w: Scratch
) -> tuple[int, int]:
    """List the jobs that can be in a batch; return how many and what it is worth at most."""
    many, most, room = 0, 0, g.capacity[machine]
    for j in jobs:
        if not g.eligible[j, machine] or length < g.first[j] or length > g.last[j]:
            continue
        w.items[many] = j
        many += 1
        if g.size[j] <= room:
            most += worth[j]
            room -= g.size[j]
        elif room > 0:
            most += worth[j] * room // g.size[j]
            room = 0
    return many, most


@compiled
def greedy(size: Ints, worth: Ints, w: Scratch, many: int, room: int, chosen: Flags) -> int:
    """Take whatever fits of the listed jobs, the best per size first; return what it is worth."""
    total = 0
    for i in range(many):
        j = w.items[i]
        if size[j] <= room:
            chosen[j] = True
            total += worth[j]
            room -= size[j]
    return total


@compiled
def trace(size: Ints, w: Scratch, many: int, room: int, chosen: Flags) -> None:
    """Write down the jobs of a solved knapsack."""
    for i in range(many - 1, -1, -1):
        if w.taken[i, room]:
            chosen[w.items[i]] = True
            room -= size[w.items[i]]
