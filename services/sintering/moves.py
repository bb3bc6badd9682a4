"""The moves of the search over batches; each is tried on the plan itself and taken back if refused.

A move answers True when it was accepted. `limit` is the most the plan may become dearer by.
"""

import numpy as np

from services.sintering.arrays import (
    ATTRIBUTE,
    COUNT,
    DUE,
    ENERGY,
    FAMILY,
    FIXED,
    GRAMS,
    HOLD,
    LENGTH,
    LOGGED,
    LONGEST,
    MACHINE,
    MASK,
    MASS,
    MAY,
    PARTS,
    PLACE,
    READY,
    RELEASE,
    ROOM,
    SHORTEST,
    SIZE,
    START,
    TOTAL,
    Data,
    State,
)
from services.sintering.batches import (
    close_batch,
    fits,
    insert,
    open_batch,
    pop_job,
    pour,
    push_job,
    remove,
    retime,
    take_back,
)
from services.sintering.compiled import compiled
from services.sintering.problem import FAR, Ints

NEAR = 3  # places around the one of the same time that a moved batch is offered
Random = np.ndarray[tuple[int], np.dtype[np.uint64]]


@compiled
def draw(random: Random, below: int) -> int:
    """Return the next whole number from 0 and below a limit (xorshift64*, Vigna 2016)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return int(np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % below)


@compiled
def chance(random: Random) -> float:
    """Return a number above 0 and below 1."""
    return (draw(random, 2**31 - 1) + 0.5) / (2**31 - 1)


@compiled
def mate_of(d: Data, random: Random, j: int) -> int:
    """Return a job of the same family."""
    family = d.job[j, ATTRIBUTE]
    first = d.mates_from[family]
    return int(d.mates[first + draw(random, d.mates_from[family + 1] - first)])


@compiled
def retime_two(
    d: Data, s: State, k1: int, p1: int, k2: int, p2: int, total: int, limit: float
) -> bool:
    """Re-time two places that changed, and what follows each; says whether the plan may stand.

    Give the one that becomes shorter first: the other is given up when it can only get dearer.
    """
    if k1 == k2:
        done = retime(d, s, k1, min(p1, p2), max(p1, p2) + 1, total + limit)
    else:
        retime(d, s, k1, p1, p1 + 1, np.inf)
        done = retime(d, s, k2, p2, p2 + 1, total + limit)
    return bool(done and s.number[TOTAL] - total <= limit)


@compiled
def begin(s: State) -> int:
    """Start a log of what a move changes and return the total before it."""
    s.number[LOGGED] = 0
    return int(s.number[TOTAL])


@compiled
def join(d: Data, s: State, random: Random, j: int, limit: float) -> bool:
    """Move a job into the batch of another job of its family."""
    a, b = s.of_job[j], s.of_job[mate_of(d, random, j)]
    if a == b or s.batch[b, FIXED] > 0 or not admits(d, s, b, j, -1):
        return False
    total, place, machine, alone = begin(s), s.batch[a, PLACE], s.batch[a, MACHINE], False
    hold = s.batch[a, HOLD]
    pop_job(d, s, j)
    push_job(d, s, b, j)
    if s.sum[a, COUNT] == 0:
        alone = True
        close_batch(s, a)
    if retime_two(d, s, machine, place, s.batch[b, MACHINE], s.batch[b, PLACE], total, limit):
        return True
    if alone:
        open_batch(s, machine, place, s.batch[b, FAMILY], hold, 0)
    pop_job(d, s, j)
    push_job(d, s, a, j)
    take_back(s, total)
    return False


@compiled
def admits(d: Data, s: State, b: int, j: int, leaving: int) -> bool:
    """Say whether a batch has room for a job once another one (-1: none) has left.

    The lengths are looked at only when none leaves.
    """
    job, total, machine = d.job[j], s.sum[b], s.batch[b, MACHINE]
    parts, grams = total[PARTS] + job[SIZE], total[GRAMS] + job[MASS]
    if leaving >= 0:
        parts -= d.job[leaving, SIZE]
        grams -= d.job[leaving, MASS]
    elif max(total[LENGTH], job[SHORTEST]) > min(total[ROOM], job[LONGEST]):
        return False
    return bool(
        (job[MASK] >> machine) & 1 == 1
        and parts <= d.capacity[machine, 0]
        and grams <= d.capacity[machine, 1]
    )


@compiled
def trade(d: Data, s: State, random: Random, j: int, limit: float) -> bool:
    """Exchange two jobs of a family between their batches."""
    i = mate_of(d, random, j)
    a, b = s.of_job[j], s.of_job[i]
    if a == b or s.batch[b, FIXED] > 0 or not admits(d, s, a, i, j) or not admits(d, s, b, j, i):
        return False
    total = begin(s)
    exchange(d, s, j, i)
    if s.sum[a, LENGTH] <= s.sum[a, ROOM] and s.sum[b, LENGTH] <= s.sum[b, ROOM]:
        k1, p1, k2, p2 = s.batch[a, 0], s.batch[a, PLACE], s.batch[b, 0], s.batch[b, PLACE]
        if retime_two(d, s, k1, p1, k2, p2, total, limit):
            return True
    exchange(d, s, i, j)
    take_back(s, total)
    return False


@compiled
def exchange(d: Data, s: State, j: int, i: int) -> None:
    """Put two jobs each into the batch of the other."""
    a, b = s.of_job[j], s.of_job[i]
    pop_job(d, s, j)
    pop_job(d, s, i)
    push_job(d, s, b, j)
    push_job(d, s, a, i)


@compiled
def split(d: Data, s: State, random: Random, j: int, limit: float) -> bool:
    """Give a job, now and then with all that are no longer than it, a batch of its own."""
    a = s.of_job[j]
    if s.sum[a, COUNT] == 1:
        return False
    machine = draw(random, len(d.capacity))
    if (d.job[j, MASK] >> machine) & 1 == 0 or d.job[j, SIZE] > d.capacity[machine, 0]:
        return False
    if d.job[j, MASS] > d.capacity[machine, 1]:
        return False
    at = max(d.job[j, RELEASE], s.time[a, START])
    slack = d.job[j, DUE] - d.job[j, SHORTEST] - d.job[j, RELEASE]
    if draw(random, 2) == 0 and 0 < slack < FAR // 2:
        at = d.job[j, RELEASE] + draw(random, slack)  # where it would not be late
    place = place_near(s, random, machine, at)
    total = begin(s)
    b = open_batch(s, machine, place, s.batch[a, FAMILY], 0, 0)
    pop_job(d, s, j)
    push_job(d, s, b, j)
    if draw(random, 3) == 0:
        gather(d, s, a, b)
    k1, p1, p2 = s.batch[a, MACHINE], s.batch[a, PLACE], s.batch[b, PLACE]
    if retime_two(d, s, k1, p1, machine, p2, total, limit):
        return True
    pour(d, s, b, a, s.sum[b, COUNT])
    close_batch(s, b)
    take_back(s, total)
    return False


@compiled
def gather(d: Data, s: State, a: int, b: int) -> None:
    """Move what fits and makes it neither longer nor later from one batch into another."""
    j = s.head[a]
    while j >= 0:
        following = s.after[j]
        if (
            d.job[j, SHORTEST] <= s.sum[b, LENGTH]
            and d.job[j, RELEASE] <= s.sum[b, READY]
            and s.sum[a, COUNT] > 1
            and admits(d, s, b, j, -1)
        ):
            pop_job(d, s, j)
            push_job(d, s, b, j)
        j = following


@compiled
def place_near(s: State, random: Random, machine: int, at: int) -> int:
    """Return a place in a machine's sequence: most times one around a time, else any."""
    length = s.length[machine]
    if draw(random, 4) == 0:
        return draw(random, length + 1)
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        if s.time[s.sequence[machine, middle], START] < at:
            low = middle + 1
        else:
            high = middle
    return int(min(length, max(0, low + draw(random, 2 * NEAR + 1) - NEAR)))


@compiled
def shift_batch(d: Data, s: State, random: Random, b: int, limit: float) -> bool:
    """Move a batch to another place of its machine or of another one."""
    k1, p1 = s.batch[b, MACHINE], s.batch[b, PLACE]
    k2 = k1
    if draw(random, 2) == 0:
        k2 = draw(random, len(d.capacity))
    if k1 == k2:
        if s.length[k1] < 2:
            return False
        p2 = draw(random, s.length[k1]) if draw(random, 3) == 0 else p1 + 1 - 2 * draw(random, 2)
        if p2 == p1 or p2 < 0 or p2 >= s.length[k1]:
            return False
    elif not fits(d, s, b, k2):
        return False
    else:
        p2 = place_near(s, random, k2, s.time[b, START])
    total = begin(s)
    remove(s, b)
    insert(s, b, k2, p2)
    if retime_two(d, s, k1, p1, k2, p2, total, limit):
        return True
    remove(s, b)
    insert(s, b, k1, p1)
    take_back(s, total)
    return False


@compiled
def swap_batches(d: Data, s: State, random: Random, a: int, c: int, limit: float) -> bool:
    """Exchange the places of two batches."""
    k1, k2 = s.batch[a, MACHINE], s.batch[c, MACHINE]
    if a == c or (k1 != k2 and not (fits(d, s, a, k2) and fits(d, s, c, k1))):
        return False
    total = begin(s)
    change_places(s, a, c)
    if retime_two(d, s, k1, s.batch[c, PLACE], k2, s.batch[a, PLACE], total, limit):
        return True
    change_places(s, a, c)
    take_back(s, total)
    return False


@compiled
def change_places(s: State, a: int, c: int) -> None:
    """Put two batches each into the place of the other."""
    k1, p1 = s.batch[a, MACHINE], s.batch[a, PLACE]
    k2, p2 = s.batch[c, MACHINE], s.batch[c, PLACE]
    s.sequence[k1, p1], s.sequence[k2, p2] = c, a
    s.batch[c, MACHINE], s.batch[c, PLACE] = k1, p1
    s.batch[a, MACHINE], s.batch[a, PLACE] = k2, p2


@compiled
def merge(d: Data, s: State, a: int, b: int, limit: float) -> bool:
    """Put all jobs of one batch into another one of its family."""
    if a == b or s.batch[b, FIXED] > 0:
        return False
    capacity, machine = d.capacity[s.batch[b, MACHINE]], s.batch[b, MACHINE]
    if (
        s.sum[a, PARTS] + s.sum[b, PARTS] > capacity[0]
        or s.sum[a, GRAMS] + s.sum[b, GRAMS] > capacity[1]
        or (s.sum[a, MAY] >> machine) & 1 == 0
        or max(s.sum[a, LENGTH], s.sum[b, LENGTH]) > min(s.sum[a, ROOM], s.sum[b, ROOM])
    ):
        return False
    total, count = begin(s), s.sum[a, COUNT]
    k1, p1, hold = s.batch[a, MACHINE], s.batch[a, PLACE], s.batch[a, HOLD]
    pour(d, s, a, b, count)
    close_batch(s, a)
    if retime_two(d, s, k1, p1, machine, s.batch[b, PLACE], total, limit):
        return True
    open_batch(s, k1, p1, s.batch[b, FAMILY], hold, 0)
    pour(d, s, b, a, count)
    take_back(s, total)
    return False


@compiled
def delay(d: Data, s: State, random: Random, b: int, limit: float) -> bool:
    """Let a batch wait for a change of the price of energy, or no longer wait."""
    hold = 0
    if draw(random, 3) > 0:
        hold = d.price_from[draw(random, len(d.price_from))]
        if draw(random, 2) == 0:
            hold -= s.sum[b, LENGTH]
    before = s.batch[b, HOLD]
    total = begin(s)
    s.batch[b, HOLD] = hold
    retime(d, s, s.batch[b, MACHINE], s.batch[b, PLACE], s.batch[b, PLACE], np.inf)
    if s.number[TOTAL] - total <= limit:
        return True
    s.batch[b, HOLD] = before
    take_back(s, total)
    return False


@compiled
def anneal(
    d: Data,
    s: State,
    random: Random,
    jobs: Ints,
    steps: int,
    temperature: float,
    best: Ints,
    best_sequence: Ints,
    best_length: Ints,
) -> int:
    """Try `steps` moves at one temperature; keeps the best plan seen and returns how many stood.

    jobs: those that are in no fixed batch. best: (n + 2, 2) row and hold of the batch of each job
    and, last, the best total.
    """
    accepted = 0
    last = len(best) - 1
    priced = d.weight[ENERGY] > 0 and len(d.price) > 1
    for _ in range(steps):
        limit = -temperature * np.log(chance(random))
        j = jobs[draw(random, len(jobs))]
        kind = draw(random, 100)
        done = False
        if kind < 34:
            done = join(d, s, random, j, limit)
        elif kind < 60:
            done = trade(d, s, random, j, limit)
        elif kind < 66:
            done = split(d, s, random, j, limit)
        elif kind < 80:
            done = shift_batch(d, s, random, s.of_job[j], limit)
        elif kind < 92 or not priced:
            i = jobs[draw(random, len(jobs))]
            if kind < 88:
                done = swap_batches(d, s, random, s.of_job[j], s.of_job[i], limit)
            else:
                done = merge(d, s, s.of_job[j], s.of_job[mate_of(d, random, j)], limit)
        else:
            done = delay(d, s, random, s.of_job[j], limit)
        if done:
            accepted += 1
            if s.number[TOTAL] < best[last, 0]:
                best[last, 0] = s.number[TOTAL]
                for job in range(len(s.of_job)):
                    best[job, 0] = s.of_job[job]
                for machine in range(len(s.length)):
                    best_length[machine] = s.length[machine]
                    for p in range(s.length[machine]):
                        best_sequence[machine, p] = s.sequence[machine, p]
                        best[s.sequence[machine, p], 1] = s.batch[s.sequence[machine, p], HOLD]
    return accepted
