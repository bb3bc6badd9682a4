"""A plan in arrays that the search can change and take back: batches, their jobs, their times.

Everything here is compiled. A job is in exactly one batch (a linked list), a batch in one place of
the sequence of its machine, and its times follow from the batch before it. A change of one batch
re-times its machine from there on and stops where nothing is later or earlier than it was; what it
overwrites goes into a log, from which a refused change is taken back.
"""

import numpy as np

from services.sintering.arrays import (
    ATTRIBUTE,
    BREACH,
    COST,
    COUNT,
    DUE,
    DUE_FIRST,
    DUE_LAST,
    END,
    ENERGY,
    FAMILY,
    FIXED,
    FLOW,
    FREE,
    GRAMS,
    HOLD,
    HORIZON,
    LATE,
    LATENESS,
    LATEST,
    LENGTH,
    LOGGED,
    LONGEST,
    MACHINE,
    MASK,
    MASS,
    MAY,
    MOVED,
    PARTS,
    PLACE,
    READY,
    RELEASE,
    ROOM,
    RUNTIME,
    SET_UP_COST,
    SET_UP_TIME,
    SHIFT,
    SHORTEST,
    SIZE,
    START,
    START_BY,
    TARDINESS,
    TOLERANCE,
    TOTAL,
    WAS,
    WAS_AT,
    WEIGHT,
    Data,
    State,
)
from services.sintering.compiled import compiled
from services.sintering.problem import FAR, Batch


def state_of(data: Data, batches: list[Batch]) -> State:
    """Return the arrays of batches that hold each job once, timed in the order of their starts."""
    jobs, machines = len(data.job), len(data.capacity)
    rows = jobs + 1
    state = State(
        of_job=np.full(jobs, -1, dtype=np.int64),
        after=np.full(jobs, -1, dtype=np.int64),
        before=np.full(jobs, -1, dtype=np.int64),
        head=np.full(rows, -1, dtype=np.int64),
        batch=np.zeros((rows, 5), dtype=np.int64),
        sum=np.zeros((rows, 11), dtype=np.int64),
        time=np.zeros((rows, 4), dtype=np.int64),
        sequence=np.zeros((machines, rows + 1), dtype=np.int64),
        length=np.zeros(machines, dtype=np.int64),
        free=np.arange(rows - 1, -1, -1, dtype=np.int64),
        log=np.zeros((3 * rows + 8, 5), dtype=np.int64),
        number=np.array([rows, 0, 0], dtype=np.int64),
    )
    for item in sorted(batches, key=lambda item: (item.machine, item.start, item.end)):
        family = int(data.job[item.jobs[0], ATTRIBUTE])
        place = int(state.length[item.machine])
        made = open_batch(state, item.machine, place, family, item.hold, item.fixed)
        for job in item.jobs:
            push_job(data, state, made, job)
    for machine in range(machines):
        retime(data, state, machine, 0, FAR, np.inf)
    return state


def batches_of(state: State) -> list[Batch]:
    """Return the batches of a plan, machine by machine in their order."""
    found = []
    for machine, length in enumerate(state.length.tolist()):
        for row in state.sequence[machine, :length].tolist():
            jobs, job = [], int(state.head[row])
            while job >= 0:
                jobs.append(job)
                job = int(state.after[job])
            found.append(
                Batch(
                    machine=machine,
                    jobs=tuple(sorted(jobs)),
                    start=int(state.time[row, START]),
                    end=int(state.time[row, END]),
                    fixed=int(state.batch[row, FIXED]),
                    hold=int(state.batch[row, HOLD]),
                )
            )
    return found


@compiled
def open_batch(s: State, machine: int, place: int, family: int, hold: int, fixed: int) -> int:
    """Put an empty batch into a place of a machine's sequence and return its row."""
    s.number[FREE] -= 1
    b = s.free[s.number[FREE]]
    insert(s, b, machine, place)
    s.batch[b, FAMILY], s.batch[b, HOLD], s.batch[b, FIXED] = family, hold, fixed
    s.head[b] = -1
    clear_sum(s, b)
    s.time[b, START] = s.time[b, END] = s.time[b, SHIFT] = -1
    s.time[b, COST] = 0
    return int(b)


@compiled
def close_batch(s: State, b: int) -> None:
    """Take an empty batch out of its sequence; the next batch that is opened takes its row."""
    note(s, b)
    s.number[TOTAL] -= s.time[b, COST]
    s.time[b, COST] = 0
    remove(s, b)
    s.free[s.number[FREE]] = b
    s.number[FREE] += 1


@compiled
def insert(s: State, b: int, machine: int, place: int) -> None:
    """Put a batch into a place of a sequence."""
    row = s.sequence[machine]
    for p in range(s.length[machine], place, -1):
        row[p] = row[p - 1]
        s.batch[row[p], PLACE] = p
    row[place] = b
    s.batch[b, MACHINE], s.batch[b, PLACE] = machine, place
    s.length[machine] += 1


@compiled
def remove(s: State, b: int) -> None:
    """Take a batch out of its sequence."""
    machine = s.batch[b, MACHINE]
    row = s.sequence[machine]
    s.length[machine] -= 1
    for p in range(s.batch[b, PLACE], s.length[machine]):
        row[p] = row[p + 1]
        s.batch[row[p], PLACE] = p


@compiled
def push_job(d: Data, s: State, b: int, j: int) -> None:
    """Put a job into a batch."""
    first = s.head[b]
    s.after[j], s.before[j] = first, -1
    if first >= 0:
        s.before[first] = j
    s.head[b] = j
    s.of_job[j] = b
    count_in(d, s, b, j)


@compiled
def pop_job(d: Data, s: State, j: int) -> None:
    """Take a job out of its batch."""
    b = s.of_job[j]
    unlink(s, b, j)
    clear_sum(s, b)
    job = s.head[b]
    while job >= 0:
        count_in(d, s, b, job)
        job = s.after[job]


@compiled
def pour(d: Data, s: State, source: int, target: int, count: int) -> None:
    """Move the first `count` jobs of a batch into another one."""
    for _ in range(count):
        j = s.head[source]
        unlink(s, source, j)
        push_job(d, s, target, j)
    clear_sum(s, source)
    job = s.head[source]
    while job >= 0:
        count_in(d, s, source, job)
        job = s.after[job]


@compiled
def unlink(s: State, b: int, j: int) -> None:
    """Take a job out of the list of a batch and leave the sums to the caller."""
    if s.before[j] >= 0:
        s.after[s.before[j]] = s.after[j]
    else:
        s.head[b] = s.after[j]
    if s.after[j] >= 0:
        s.before[s.after[j]] = s.before[j]


@compiled
def clear_sum(s: State, b: int) -> None:
    """Set the sums of a batch to those of no job."""
    row = s.sum[b]
    for column in range(11):
        row[column] = 0
    row[ROOM] = row[DUE_FIRST] = row[START_BY] = FAR
    row[MAY] = -1


@compiled
def count_in(d: Data, s: State, b: int, j: int) -> None:
    """Add a job to the sums of a batch."""
    job, row = d.job[j], s.sum[b]
    row[PARTS] += job[SIZE]
    row[GRAMS] += job[MASS]
    row[READY] = max(row[READY], job[RELEASE])
    row[LENGTH] = max(row[LENGTH], job[SHORTEST])
    row[ROOM] = min(row[ROOM], job[LONGEST])
    row[DUE_FIRST] = min(row[DUE_FIRST], job[DUE])
    row[DUE_LAST] = max(row[DUE_LAST], job[DUE])
    row[START_BY] = min(row[START_BY], job[LATEST])
    row[MAY] &= job[MASK]
    row[LATENESS] += job[WEIGHT]
    row[COUNT] += 1


@compiled
def note(s: State, b: int) -> None:
    """Log the times and cost of a batch before they change."""
    row, time = s.log[s.number[LOGGED]], s.time[b]
    row[4] = b
    for column in range(4):
        row[column] = time[column]
    s.number[LOGGED] += 1


@compiled
def take_back(s: State, total: int) -> None:
    """Give every logged batch the times and cost it had; the sequences are the caller's."""
    for entry in range(s.number[LOGGED] - 1, -1, -1):
        row = s.log[entry]
        time = s.time[row[4]]
        for column in range(4):
            time[column] = row[column]
    s.number[LOGGED] = 0
    s.number[TOTAL] = total


@compiled
def retime(d: Data, s: State, machine: int, place: int, changed: int, most: float) -> bool:
    """Time a machine's batches from a place on; all up to `changed` have changed.

    Gives up, False, once the total is above `most` and what follows can only be later: without a
    price by the hour and a plan in force, later is never cheaper.
    """
    row = s.sequence[machine]
    end, shift, family = 0, 0, d.initial[machine]
    later_is_dearer = d.weight[ENERGY] == 0 and d.weight[MOVED] == 0
    if place > 0:
        last = row[place - 1]
        end, shift, family = s.time[last, END], s.time[last, SHIFT], s.batch[last, FAMILY]
    for p in range(place, s.length[machine]):
        b = row[p]
        time, total, own = s.time[b], s.sum[b], s.batch[b, FAMILY]
        start, shift = start_of(d, s, b, end, shift, d.set_up_time[machine, family, own])
        if p > changed and start == time[START] and shift == time[SHIFT]:
            return True
        if p > changed and later_is_dearer and start >= time[START] and s.number[TOTAL] > most:
            return False
        note(s, b)
        end = start + total[LENGTH]
        same = p > changed and later_is_dearer and shift == time[SHIFT] and total[START_BY] == FAR
        same = same and d.weight[FLOW] == 0
        on_time = max(end, time[END]) <= total[DUE_FIRST]
        late = min(end, time[END]) > total[DUE_LAST] and d.weight[TARDINESS] == 0
        time[START], time[END], time[SHIFT] = start, end, shift
        if not (same and (on_time or late) and s.batch[b, FIXED] < 2):
            s.number[TOTAL] -= time[COST]
            time[COST] = cost_of(d, s, b, family)
            s.number[TOTAL] += time[COST]
        family = own
    return True


@compiled
def start_of(d: Data, s: State, b: int, end: int, shift: int, set_up: int) -> tuple[int, int]:
    """Return the first start after `end` that has set-up and batch in one shift, and the shift."""
    machine, shifts = s.batch[b, MACHINE], d.shift_start.shape[1]
    ready = max(s.sum[b, READY], s.batch[b, HOLD])
    while shift < shifts and d.shift_start[machine, shift] < FAR:
        start = max(max(d.shift_start[machine, shift], end) + set_up, ready)
        if start + s.sum[b, LENGTH] <= d.shift_end[machine, shift]:
            return start, shift
        shift += 1
    return max(max(d.weight[HORIZON], end) + set_up, ready), shifts


@compiled
def cost_of(d: Data, s: State, b: int, family: int) -> int:
    """Return what a timed batch after one of a family costs."""
    machine, own = s.batch[b, MACHINE], s.batch[b, FAMILY]
    start, end, total = s.time[b, START], s.time[b, END], s.sum[b]
    w = d.weight
    cost = w[RUNTIME] * total[LENGTH]
    cost += w[SET_UP_TIME] * d.set_up_time[machine, family, own]
    cost += w[SET_UP_COST] * d.set_up_cost[machine, family, own]
    if end > total[DUE_LAST] and w[TARDINESS] == 0:
        cost += w[LATE] * total[LATENESS]
    elif end > total[DUE_FIRST]:
        cost += cost_late(d, s, b)
    cost += w[FLOW] * total[LATENESS] * end
    if w[ENERGY] > 0:
        bill = bill_until(d, end) - bill_until(d, start)
        cost += w[ENERGY] * d.power[machine, own] * bill
    if w[MOVED] > 0:
        cost += cost_moved(d, s, b)
    over = start - total[START_BY]
    if s.batch[b, FIXED] == 2:
        over = max(over, start - s.batch[b, HOLD])
    if s.time[b, SHIFT] == d.shift_start.shape[1]:
        cost += w[BREACH]
    elif over > 0:
        cost += w[BREACH] + over
    return int(cost)


@compiled
def cost_late(d: Data, s: State, b: int) -> int:
    """Return what the late jobs of a batch cost."""
    cost, end, j = 0, s.time[b, END], s.head[b]
    while j >= 0:
        over = end - d.job[j, DUE]
        if over > 0:
            cost += d.job[j, WEIGHT] * (d.weight[LATE] + d.weight[TARDINESS] * over)
        j = s.after[j]
    return cost


@compiled
def cost_moved(d: Data, s: State, b: int) -> int:
    """Return what the jobs cost that are not where and when the plan in force has them."""
    count, j = 0, s.head[b]
    while j >= 0:
        if d.job[j, WAS_AT] >= 0 and (
            d.job[j, WAS_AT] != s.batch[b, MACHINE]
            or abs(s.time[b, START] - d.job[j, WAS]) > d.weight[TOLERANCE]
        ):
            count += 1
        j = s.after[j]
    return int(count * d.weight[MOVED])


@compiled
def bill_until(d: Data, at: int) -> int:
    """Return price × time from 0 until a time."""
    step = len(d.price_from) - 1
    while step > 0 and d.price_from[step] > at:
        step -= 1
    return int(d.paid[step] + d.price[step] * (at - d.price_from[step]))


@compiled
def fits(d: Data, s: State, b: int, machine: int) -> bool:
    """Say whether a batch may run on a machine: capacity, eligible jobs, one length for all."""
    total, capacity = s.sum[b], d.capacity[machine]
    return bool(
        total[PARTS] <= capacity[0]
        and total[GRAMS] <= capacity[1]
        and total[LENGTH] <= total[ROOM]
        and (total[MAY] >> machine) & 1 == 1
    )
