"""The best use of a furnace's time at given prices of its jobs, compiled.

What a furnace does until the last due date is a path through time: it waits, or it is set up for a
family and heats a batch that ends so much later. What a batch is worth is a knapsack over the jobs
that are released, may last as long and are paid for on time or late. All values are whole numbers,
so the value of the best path has no rounding error.
"""

from typing import NamedTuple

from services.sintering.compiled import compiled
from services.sintering.problem import Flags, Floats, Ints

NONE = -(2**62)  # less than any value
UNKNOWN = -1  # a knapsack that was not solved yet
WAITED = -1  # in Scratch.came


class Timeline(NamedTuple):
    """What stays the same while prices change; times are units of the grid from its beginning.

    Jobs (n,): family, release, due, first and last of the lengths that they may have,
    eligible (n, m), by_release: jobs by release, next_due: of the jobs that are due at a time the
    one after this one, due_first (end + 1,): the first one, -1: none; size (2 n,), twice the same.
    Lengths (d,): units, cost.
    Machines: capacity, initial (m,), shift_start, shift_end (m, s), set_up and set_up_cost
    (m, families + 1, families). end (1,): the last due date.
    """

    family: Ints
    size: Ints
    release: Ints
    due: Ints
    first: Ints
    last: Ints
    eligible: Flags
    by_release: Ints
    next_due: Ints
    due_first: Ints
    units: Ints
    cost: Ints
    capacity: Ints
    initial: Ints
    shift_start: Ints
    shift_end: Ints
    set_up: Ints
    set_up_cost: Ints
    end: Ints


class Prices(NamedTuple):
    """What jobs and batches are worth.

    worth (2 n,): of each job on time (entry j), then of each job late (entry n + j). order: the
    entries that are worth something, by falling worth per size; rank (2 n,): where each stands in
    it, -1: nowhere. cost (families, lengths): of a batch, less what one is worth in itself.
    """

    worth: Ints
    order: Ints
    rank: Ints
    cost: Ints


class Scratch(NamedTuple):
    """Room to work in: what may be loaded now, knapsacks by family and length, and the paths.

    live (families, 2 n), many (families,): entries of the order that can be loaded. value, came
    (end + 1, families + 1): worth of the best path until a time and family, and its last step.
    pay (families,), before (families,): of the best path that is set up for a family now.
    """

    live: Ints
    many: Ints
    changed: Ints
    dirty: Flags
    rough: Ints
    exact: Ints
    value: Ints
    came: Ints
    pay: Ints
    before: Ints
    items: Ints
    best: Ints
    taken: Flags


@compiled
def best_path(
    g: Timeline, machine: int, p: Prices, w: Scratch, exactly: bool, count: Floats, ran: Floats
) -> int:
    """Return the most that a machine's time is worth; count who is loaded and what ran.

    exactly: with whole jobs; otherwise the last job of a batch may be cut, which is worth more.
    Adds to count (n,) the jobs of the best path and to ran (families, lengths) its batches.
    """
    families, lengths = len(w.many), len(g.units)
    end = g.end[0]
    w.many[:] = 0
    w.changed[:] = 0
    w.value[:, :] = NONE
    w.value[0, g.initial[machine]] = 0
    w.came[:, :] = WAITED
    shift, opened, next_release = 0, False, 0
    for t in range(end):
        if t > 0:
            for a in range(families + 1):
                if w.value[t - 1, a] > w.value[t, a]:
                    w.value[t, a], w.came[t, a] = w.value[t - 1, a], WAITED
        while next_release < len(g.by_release) and g.release[g.by_release[next_release]] <= t:
            admit(g, machine, p, w, g.by_release[next_release], t)
            next_release += 1
        while shift < g.shift_start.shape[1] and g.shift_end[machine, shift] <= t:
            shift += 1
            opened = False
        if shift == g.shift_start.shape[1]:
            continue
        begin, close = g.shift_start[machine, shift], min(g.shift_end[machine, shift], end)
        if t < begin:
            continue
        if not opened:
            opened = True
            w.dirty[:, :] = True
        for length in range(lengths):
            if t + g.units[length] > close:
                break
            if g.units[length] > 0:
                fall_due(g, machine, w, t + g.units[length] - 1, length, t)
        if not set_up_for(g, machine, w, t, begin):
            continue
        for a in range(families):
            if w.many[a] == 0:
                continue
            if w.changed[a]:
                forget(g, p, w, a, t)
            if w.pay[a] > NONE:
                heat(g, machine, p, w, a, t, close, exactly)
    at, best = end - 1, 0
    if end > 0:
        for a in range(families + 1):
            if w.value[end - 1, a] > w.value[end, a]:
                w.value[end, a], w.came[end, a] = w.value[end - 1, a], WAITED
        at = end
    row = -1
    for a in range(families + 1):
        if w.value[at, a] > best:
            best, row = w.value[at, a], a
    if row >= 0:
        retrace(g, machine, p, w, at, row, exactly, count, ran)
    return best


@compiled
def admit(g: Timeline, machine: int, p: Prices, w: Scratch, j: int, t: int) -> None:
    """Put a released job among those that can be loaded."""
    if not g.eligible[j, machine]:
        return
    a, n = g.family[j], len(g.family)
    for late in range(2):
        place = p.rank[late * n + j]
        if place < 0 or (late == 0 and t + g.units[g.first[j]] > g.due[j]):
            continue
        k = w.many[a]
        while k > 0 and w.live[a, k - 1] > place:
            w.live[a, k] = w.live[a, k - 1]
            k -= 1
        w.live[a, k] = place
        w.many[a] += 1
        for length in range(g.first[j], g.last[j] + 1):
            w.dirty[a, length] = True


@compiled
def fall_due(g: Timeline, machine: int, w: Scratch, due: int, length: int, t: int) -> None:
    """Mark the knapsacks of a length that change because a job cannot be on time any more."""
    j = g.due_first[due]
    while j >= 0:
        if g.eligible[j, machine] and g.release[j] <= t and g.first[j] <= length <= g.last[j]:
            w.dirty[g.family[j], length] = True
            w.changed[g.family[j]] = 1
        j = g.next_due[j]


@compiled
def forget(g: Timeline, p: Prices, w: Scratch, a: int, t: int) -> None:
    """Remove entries on time of a family that cannot be on time any more."""
    n, kept = len(g.family), 0
    for k in range(w.many[a]):
        entry = p.order[w.live[a, k]]
        if entry >= n or t + g.units[g.first[entry]] <= g.due[entry]:
            w.live[a, kept] = w.live[a, k]
            kept += 1
    w.many[a] = kept
    w.changed[a] = 0


@compiled
def set_up_for(g: Timeline, machine: int, w: Scratch, t: int, begin: int) -> bool:
    """Find the best path that ends with a set-up for each family now; False if there is none."""
    found = False
    for a in range(len(w.pay)):
        w.pay[a] = NONE
        for row in range(len(w.pay) + 1):
            since = t - g.set_up[machine, row, a]
            if since < begin or w.value[since, row] == NONE:
                continue
            paid = w.value[since, row] - g.set_up_cost[machine, row, a]
            if paid > w.pay[a]:
                w.pay[a], w.before[a], found = paid, row, True
    return found


@compiled
def heat(
    g: Timeline, machine: int, p: Prices, w: Scratch, a: int, t: int, close: int, exactly: bool
) -> None:
    """Extend the best path by a batch of a family that starts now, of each length."""
    families = len(w.many)
    for length in range(len(g.units)):
        until = t + g.units[length]
        if until > close:
            break
        if g.units[length] == 0:
            continue
        if w.dirty[a, length]:
            w.rough[a, length] = cut(g, machine, p, w, a, length, t)
            w.exact[a, length] = UNKNOWN
            w.dirty[a, length] = False
        has = max(w.value[until, a], w.value[t, a])
        paid = w.pay[a] - p.cost[a, length]
        worth = w.rough[a, length]
        if paid + worth <= has:
            continue
        if exactly:
            if w.exact[a, length] == UNKNOWN:
                many = gather(g, p, w, a, length, t)
                w.exact[a, length] = fill(g.size, p.worth, w, many, g.capacity[machine])
            worth = w.exact[a, length]
        if paid + worth > has:
            w.value[until, a] = paid + worth
            w.came[until, a] = length * (families + 1) + w.before[a]


@compiled
def fits(g: Timeline, entry: int, length: int, t: int) -> bool:
    """Say whether a job can be in a batch of a length that starts now, on time or late as asked."""
    n = len(g.family)
    late = entry >= n
    j = entry - n if late else entry
    if length < g.first[j] or length > g.last[j]:
        return False
    return bool((t + g.units[length] > g.due[j]) == late)


@compiled
def cut(g: Timeline, machine: int, p: Prices, w: Scratch, a: int, length: int, t: int) -> int:
    """Return what a batch is worth at most: the last job may be cut."""
    total, room = 0, g.capacity[machine]
    for k in range(w.many[a]):
        entry = p.order[w.live[a, k]]
        if fits(g, entry, length, t):
            if g.size[entry] > room:
                return int(total + p.worth[entry] * room // g.size[entry])
            total += p.worth[entry]
            room -= g.size[entry]
    return int(total)


@compiled
def gather(g: Timeline, p: Prices, w: Scratch, a: int, length: int, t: int) -> int:
    """List what could be in a batch in `items`; return how many."""
    many = 0
    for k in range(w.many[a]):
        entry = p.order[w.live[a, k]]
        if fits(g, entry, length, t):
            w.items[many] = entry
            many += 1
    return many


@compiled
def fill(size: Ints, worth: Ints, w: Scratch, many: int, room: int) -> int:
    """Solve a knapsack of the first so many items; return what it is worth."""
    for c in range(room + 1):
        w.best[c] = 0
    for i in range(many):
        need, more = size[w.items[i]], worth[w.items[i]]
        for c in range(room + 1):
            w.taken[i, c] = False
        for c in range(room, need - 1, -1):
            if w.best[c - need] + more > w.best[c]:
                w.best[c] = w.best[c - need] + more
                w.taken[i, c] = True
    return int(w.best[room])


@compiled
def retrace(
    g: Timeline,
    machine: int,
    p: Prices,
    w: Scratch,
    at: int,
    row: int,
    exactly: bool,
    count: Floats,
    ran: Floats,
) -> None:
    """Go back along the best path and count its batches and the jobs in them."""
    n, families = len(g.family), len(w.many)
    while at > 0:
        step = w.came[at, row]
        if step == WAITED:
            at -= 1
            continue
        length, before = step // (families + 1), step % (families + 1)
        t = at - g.units[length]
        ran[row, length] += 1.0
        many = 0
        for entry in p.order:
            j = entry % n
            may = g.family[j] == row and g.eligible[j, machine] and g.release[j] <= t
            if may and fits(g, entry, length, t):
                w.items[many] = entry
                many += 1
        count_jobs(g, p, w, many, g.capacity[machine], exactly, count)
        at, row = t - g.set_up[machine, before, row], before


@compiled
def count_jobs(
    g: Timeline, p: Prices, w: Scratch, many: int, room: int, exactly: bool, count: Floats
) -> None:
    """Add to `count` the jobs of the best batch of the listed ones."""
    n = len(g.family)
    if not exactly:
        for i in range(many):
            entry = w.items[i]
            if g.size[entry] > room:
                count[entry % n] += room / g.size[entry]
                return
            count[entry % n] += 1.0
            room -= g.size[entry]
        return
    fill(g.size, p.worth, w, many, room)
    for i in range(many - 1, -1, -1):
        entry = w.items[i]
        if w.taken[i, room]:
            count[entry % n] += 1.0
            room -= g.size[entry]
