"""A lower bound by column generation: batches priced by knapsacks, chosen by a linear program.

A column is a batch of a family on a machine with a length and a span in which it ends; the spans
part the time at due dates, so that it is known which of its jobs are late. Each job must be in a
column, and on each machine the columns that end by a date need no more time than its shifts have
until then. Where there are few time units until the last due date, each is a span, and in each of
some short slices of time the columns need no more time than the shifts have in it. Left out: what
overlaps within a slice, set-ups beyond the least, energy. Any prices of jobs and machine time give
a valid bound (Farley 1990), so it may be stopped at any time.
"""

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import highspy
import numpy as np

from services.sintering.bounds import rounded, rows_before, waiting_bound
from services.sintering.pricing import Floats, Ground, price
from services.sintering.problem import FAR, Batch, Flags, Ints, Problem

MOST_UNITS = 3000  # of time until the last due date; with more, due dates part the spans
UNIT_JOBS = 150  # with more jobs, the bound by time units does not get anywhere in ten seconds
SLICES = 1200  # of time, of all machines together; more make the bound better and slower
SPANS = (12, 48, 300)  # of time, one after the other; more make the bound better and slower
NEW_COLUMNS = 400
FINEST = 600  # a capacity is cut into at most so many pieces
SMOOTH = 0.6  # share of the best prices so far in those that are tried next
JOB_CAP, TIME_CAP = 1.2, 1.0  # of what a job costs alone; of runtime and lateness in a time unit
PRIMAL = 4  # HiGHS: a basis stays primal feasible when columns come


class _Spans:
    """The problem in units of the bound: cost 1 = the runtime of a typical job."""

    def __init__(self, problem: Problem, most_units: int, most_spans: int = SPANS[-1]) -> None:
        each = problem.weights
        self.unit = float(max(1.0, each.runtime * problem.shortest.mean(), each.late / 50))
        units = _time_units(problem, most_units)
        self.exact = units is not None
        self.until = _dates(problem, most_spans) if units is None else units
        self.after = np.concatenate([[-FAR], self.until[:-1]])
        if self.exact:
            self.after[0] = self.until[0] - 1
        late = (problem.due[None, :] <= self.after[:, None]) & (problem.due < FAR)[None, :]
        self.late = late * problem.weight * each.late / self.unit
        families, machines = problem.n_attributes, problem.n_machines
        self.set_up = np.zeros((machines, families))
        self.least = np.zeros((machines, families), dtype=np.int64)
        for machine in range(machines):
            rows = rows_before(problem, machine)
            times = problem.set_up_time[machine][rows]
            costs = each.set_up_time * times + each.set_up_cost * problem.set_up_cost[machine][rows]
            self.set_up[machine] = costs.min(axis=0) / self.unit
            self.least[machine] = times.min(axis=0)
        self._slice(problem)
        dimension = int(np.argmax(_tightness(problem)))
        grain = max(1, -(-int(problem.capacity[:, dimension].max(initial=1)) // FINEST))
        self.size = problem.size[:, dimension] // grain
        capacity = -(-problem.capacity[:, dimension] // grain)
        counts = np.bincount(problem.attribute, minlength=families)
        widest = int(capacity.max(initial=1)) + 1
        self.ground = Ground(
            begins=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            eligible=problem.eligible,
            size=self.size,
            capacity=capacity,
            release=problem.release,
            shortest=problem.shortest,
            longest=problem.longest,
            lengths=np.unique(problem.shortest),
            shift_start=problem.shift_start,
            shift_end=problem.shift_end,
            until=self.until,
            set_up=self.set_up,
            least=self.least,
            runtime=np.array([each.runtime / self.unit]),
            exact=self.exact,
            worth=np.zeros(widest),
            taken=np.zeros((problem.n_jobs, widest), dtype=np.bool_),
        )

    def _slice(self, problem: Problem) -> None:
        """Part the time into slices and sum up what the shifts of each machine have in each."""
        ends = self.until
        if self.exact:
            width = -(-(len(ends) - 1) * problem.n_machines // SLICES)
            ends = np.unique(np.append(ends[width - 1 : -1 : width], ends[-2]))
        self.slice_end = ends
        self.slice_begin = np.concatenate([[int(self.until[0]) - 1], ends[:-1]])
        known = np.where(problem.shift_end < FAR, problem.shift_end, 0)
        begins = np.where(problem.shift_start < FAR, problem.shift_start, 0)
        inside = np.minimum(known[:, None], ends[None, :, None]) - begins[:, None]
        free = inside.clip(min=0).sum(axis=2).astype(np.float64)
        self.free = np.diff(free, axis=1, prepend=0.0)  # (m, slices or spans), of each

    def needs(self, span: int, need: int) -> tuple[Ints, Floats]:
        """Return the rows of machine time that a batch uses, and how much of each."""
        if not self.exact:
            return np.array([span]), np.array([float(need)])
        end = int(self.until[span])
        if end >= FAR:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        used = np.minimum(self.slice_end, end) - np.maximum(self.slice_begin, end - need)
        rows = np.flatnonzero(used > 0)
        return rows, used[rows].astype(np.float64)


def _time_units(problem: Problem, most_units: int) -> Ints | None:
    """Return the ends of the time units until the last due date, and FAR; None for too many."""
    shifts = problem.shift_start < FAR
    due = problem.due[problem.due < FAR]
    if not shifts.any() or not len(due) or (problem.shift_end[shifts] >= FAR).any():
        return None
    begin, end = int(problem.shift_start.min()), int(due.max())
    few = 0 <= begin < end <= begin + most_units
    return np.append(np.arange(begin + 1, end + 1, dtype=np.int64), FAR) if few else None


def _dates(problem: Problem, most: int) -> Ints:
    """Return the due dates, or so many of them, and FAR."""
    dates = np.unique(problem.due)
    if len(dates) > most:
        dates = dates[np.linspace(0, len(dates) - 1, most).astype(np.int64)]
    return np.unique(np.append(dates, FAR)).astype(np.int64)


def _tightness(problem: Problem) -> Floats:
    most = problem.capacity.max(axis=0, initial=1)
    return np.where(most > 0, problem.size.sum(axis=0) / most.clip(min=1), -1.0)


class _Master:
    """The linear program over the columns so far."""

    def __init__(self, problem: Problem, spans: _Spans) -> None:
        self._problem, self._spans = problem, spans
        self._lp = _silent_highs()
        self._lp.setOptionValue("threads", 1)
        self._lp.setOptionValue("simplex_strategy", PRIMAL)
        for _ in range(problem.n_jobs):
            self._lp.addRow(1.0, highspy.kHighsInf, 0, _NONE, np.zeros(0))
        for free in spans.free.ravel().tolist():
            self._lp.addRow(-highspy.kHighsInf, free, 0, _NONE, np.zeros(0))
        if not spans.exact:
            self._leave_for_later()
        self.known: set[tuple[int, int, tuple[int, ...]]] = set()
        self._limit_prices()

    def _leave_for_later(self) -> None:
        """Let what a span leaves of its time be used in the next one: a row each, few numbers."""
        machines, count = self._spans.free.shape
        for machine in range(machines):
            for span in range(count - 1):
                row = self._problem.n_jobs + machine * count + span
                self._lp.addCol(0.0, 0.0, highspy.kHighsInf, 2, [row, row + 1], [1.0, -1.0])

    def _limit_prices(self) -> None:
        """Let a job be left out, and machine time be bought, at a price that none should reach.

        Without it the first prices are so wild that each step of many jobs takes seconds.
        """
        problem, each = self._problem, self._problem.weights
        alone = each.runtime * problem.shortest + each.late * problem.weight
        dearest = self._spans.set_up.max(initial=0.0)
        for job, cost in enumerate((alone / self._spans.unit + dearest).tolist()):
            self._lp.addCol(JOB_CAP * cost, 0.0, highspy.kHighsInf, 1, [job], [1.0])
        time = TIME_CAP * (each.runtime + each.late) / self._spans.unit
        for row in range(problem.n_jobs, problem.n_jobs + self._spans.free.size):
            self._lp.addCol(time, 0.0, highspy.kHighsInf, 1, [row], [-1.0])

    def add(self, machine: int, span: int, jobs: Ints) -> bool:
        """Add a batch that ends in a span; False when it is there already."""
        key = machine, span, tuple(jobs.tolist())
        if key in self.known:
            return False
        self.known.add(key)
        problem, spans = self._problem, self._spans
        family, length = int(problem.attribute[jobs[0]]), int(problem.shortest[jobs].max())
        cost = problem.weights.runtime * length / spans.unit
        cost += float(spans.set_up[machine, family]) + float(spans.late[span, jobs].sum())
        rows, needs = spans.needs(span, length + int(spans.least[machine, family]))
        rows += problem.n_jobs + machine * spans.free.shape[1]
        index = np.concatenate([jobs, rows]).astype(np.int32)
        values = np.concatenate([np.ones(len(jobs)), needs])
        self._lp.addCol(cost, 0.0, highspy.kHighsInf, len(index), index, values)
        return True

    def prices(self) -> tuple[Floats, Floats] | None:
        """Return prices of jobs (n,) and machine time (m, spans); None when it cannot be solved."""
        self._lp.run()
        if self._lp.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        duals = np.array(self._lp.getSolution().row_dual)
        jobs = duals[: self._problem.n_jobs].clip(min=0.0)
        units = -duals[self._problem.n_jobs :].clip(max=0.0).reshape(self._spans.free.shape)
        return jobs, units


def _silent_highs() -> highspy.Highs:
    """Return a solver without the banner that its making writes to the standard output."""
    out, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        made = highspy.Highs()  # type: ignore[no-untyped-call]
        ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(out, 1)
        os.close(out)
        os.close(nowhere)
    made.silent()
    return made


_NONE = np.zeros(0, dtype=np.int32)


def load(problem: Problem) -> None:
    """Load the compiled knapsacks, or compile them, without solving any."""
    jobs, machines = problem.n_jobs, problem.n_machines
    none: Flags = np.zeros((0, jobs), dtype=np.bool_)
    order = np.zeros((1, jobs), dtype=np.int64)
    prices = np.zeros((1, jobs)), order, np.zeros((machines, 2)), none, np.zeros(0)
    for rough in (True, False):
        price(_Spans(problem, MOST_UNITS).ground, *prices, rough)


def column_bound(
    problem: Problem,
    batches: Sequence[Batch],
    stopped: Callable[[], bool],
    most_units: int | None = None,
    told: Callable[[int], None] | None = None,
) -> int:
    """Return the best lower bound found from the columns of a valid plan until `stopped`.

    most_units: of time that are spans of their own, 0: due dates part the time; None: what gets
    further in ten seconds. told: of each better bound on the way. Where due dates part the time,
    few of them do so first, which gives a bound soon; more begin with the columns and prices found.
    """
    if most_units is None:
        most_units = MOST_UNITS if problem.n_jobs <= UNIT_JOBS else 0
    least, best, stage = waiting_bound(problem), 0, None
    for most_spans in SPANS:
        spans = _Spans(problem, most_units, most_spans)
        stage = _Stage(problem, spans, batches, stage)
        for bound in stage.bounds(stopped):
            found = rounded(problem, bound * spans.unit + least)
            if found > best:
                best = found
                if told is not None:
                    told(best)
        if stopped() or spans.exact or len(spans.until) <= most_spans:
            break
    return best


class _Stage:
    """The generation of columns in one parting of the time; it begins where another one ended."""

    def __init__(
        self,
        problem: Problem,
        spans: _Spans,
        batches: Sequence[Batch],
        before: "_Stage | None",
    ) -> None:
        self._problem, self._spans = problem, spans
        self._master = _Master(problem, spans)
        self._centre: tuple[Floats, Floats] | None = None
        for batch in batches:
            span = int(np.searchsorted(spans.until, batch.end))
            self._master.add(batch.machine, span, np.array(batch.jobs, dtype=np.int64))
        if before is not None and before._centre is not None:
            until = before._spans.until
            for machine, span, jobs in sorted(before._master.known):
                here = int(np.searchsorted(spans.until, until[span]))
                self._master.add(machine, here, np.array(jobs, dtype=np.int64))
            same = np.searchsorted(until, spans.until)
            self._centre = before._centre[0], before._centre[1][:, same]

    def bounds(self, stopped: Callable[[], bool]) -> Iterator[float]:
        """Yield better and better bounds, in units of the spans, until nothing gets better."""
        best = 0.0
        while not stopped():
            prices = self._master.prices()
            if prices is None:
                return
            self._centre = self._centre or prices
            for rough, share in product((True, False), (SMOOTH, 0.0)):
                jobs = share * self._centre[0] + (1 - share) * prices[0]
                machines = share * self._centre[1] + (1 - share) * prices[1]
                ratio, found = _priced(self._problem, self._spans, jobs, machines, rough)
                bound = ratio * float(jobs.sum() - (machines * self._spans.free).sum())
                if bound > best:
                    best, self._centre = bound, (jobs, machines)
                    yield best
                if any([self._master.add(*column) for column in found]) or stopped():
                    break
            else:
                return


def _priced(
    problem: Problem, spans: _Spans, jobs: Floats, machines: Floats, rough: bool
) -> tuple[float, list[tuple[int, int, Ints]]]:
    """Return by what the prices must shrink to be valid, and the columns cheaper than priced."""
    profit = jobs - spans.late
    order = np.argsort(-profit / np.maximum(spans.size, 0.1), axis=1, kind="stable")
    family = np.argsort(problem.attribute[order], axis=1, kind="stable")
    order = np.take_along_axis(order, family, axis=1).astype(np.int64)
    count, per_machine = len(spans.until), problem.n_attributes * len(spans.until)
    chosen: Flags = np.zeros((problem.n_machines * per_machine, problem.n_jobs), dtype=np.bool_)
    gain = np.zeros(len(chosen))
    if spans.exact:
        widths = spans.slice_end - spans.slice_begin
        later = np.cumsum(np.pad(np.repeat(machines, widths, axis=1), ((0, 0), (1, 0))), axis=1)
    else:  # what is left of a span may be used in the next one
        later = np.minimum.accumulate(machines, axis=1)
    ratio = price(spans.ground, profit, order, later, chosen, gain, rough)
    worth = [group for group in np.argsort(-gain)[:NEW_COLUMNS].tolist() if gain[group] > 1e-7]
    return ratio, [
        (group // per_machine, group % count, np.flatnonzero(chosen[group])) for group in worth
    ]
