"""A problem and a plan as arrays of whole numbers, and what each of their columns means."""

from typing import NamedTuple

import numpy as np

from services.sintering.problem import Flags, Ints, Problem

# columns of Data.job
ATTRIBUTE, SIZE, MASS, RELEASE, SHORTEST, LONGEST, DUE, WEIGHT, LATEST, MASK, WAS_AT, WAS = range(
    12
)
# columns of State.sum: what the jobs of a batch come to
PARTS, GRAMS, READY, LENGTH, ROOM, DUE_FIRST, DUE_LAST, START_BY, MAY, LATENESS, COUNT = range(11)
# columns of State.batch
MACHINE, FAMILY, HOLD, FIXED, PLACE = range(5)
# columns of State.time
START, END, SHIFT, COST = range(4)
# entries of Data.weight
RUNTIME, LATE, SET_UP_TIME, SET_UP_COST, TARDINESS, ENERGY, MOVED, FLOW = range(8)
TOLERANCE, HORIZON, BREACH = range(8, 11)
# entries of State.number
FREE, TOTAL, LOGGED = range(3)


class Data(NamedTuple):
    """A problem as the compiled search reads it; `mates` lists the jobs of each family."""

    job: Ints
    capacity: Ints
    initial: Ints
    set_up_time: Ints
    set_up_cost: Ints
    shift_start: Ints
    shift_end: Ints
    power: Ints
    price_from: Ints
    price: Ints
    paid: Ints
    weight: Ints
    mates: Ints
    mates_from: Ints


class State(NamedTuple):
    """A plan as the compiled search changes it; rows of batch, sum and time are batches."""

    of_job: Ints
    after: Ints
    before: Ints
    head: Ints
    batch: Ints
    sum: Ints
    time: Ints
    sequence: Ints
    length: Ints
    free: Ints
    log: Ints
    number: Ints


def data_of(problem: Problem) -> Data:
    """Return the arrays of a problem of at most 62 machines."""
    bits = np.left_shift(1, np.arange(problem.n_machines, dtype=np.int64))
    job = np.column_stack(
        [
            problem.attribute,
            problem.size,
            problem.release,
            problem.shortest,
            problem.longest,
            problem.due,
            problem.weight,
            problem.latest_start,
            problem.eligible @ bits,
            problem.machine_before,
            problem.start_before,
        ]
    ).astype(np.int64)
    each = problem.weights
    weight = [each.runtime, each.late, each.set_up_time, each.set_up_cost, each.tardiness]
    weight += [each.energy, each.moved, each.flow]
    weight += [problem.tolerance, problem.horizon, problem.breach]
    order = np.argsort(problem.attribute, kind="stable")
    counts = np.bincount(problem.attribute, minlength=problem.n_attributes)
    return Data(
        job=np.ascontiguousarray(job),
        capacity=problem.capacity,
        initial=problem.initial,
        set_up_time=problem.set_up_time,
        set_up_cost=problem.set_up_cost,
        shift_start=problem.shift_start,
        shift_end=problem.shift_end,
        power=problem.power,
        price_from=problem.price_from,
        price=problem.price,
        paid=problem.paid,
        weight=np.array(weight, dtype=np.int64),
        mates=order.astype(np.int64),
        mates_from=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


def movable(problem: Problem) -> Flags:
    """Return (n,) which jobs are in no fixed batch."""
    free = np.ones(problem.n_jobs, dtype=np.bool_)
    for batch in problem.fixed:
        free[list(batch.jobs)] = False
    return free
