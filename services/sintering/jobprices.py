"""A lower bound by prices of jobs: each furnace keeps its time, and jobs pay to be loaded.

Each job must be in a batch. At a price of each job this is given up, and each furnace is used by
itself as is worth most: `timeline.py` finds its best path through time until the last due date,
with set-ups and shifts and without loads that overlap. What no furnace takes until then is late,
and its price is at most what lateness and a batch without a time cost: `columns.py` finds prices of
which that is true. The sum of the prices less what the furnaces earn is a valid bound at any prices
(Lagrangian relaxation). Prices go up for jobs that none takes and down for those that are taken
more than once: the volume algorithm (Barahona and Anbil 2000), from whose averages `columns.py`
learns which jobs are late. Left out: that a furnace does not take a job twice, waits of late
batches, energy.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from services.sintering.bounds import rounded, waiting_bound
from services.sintering.columns import FamilyColumns, bonus_of
from services.sintering.grid import MOST_UNITS, few_units, grid_of, scratch_of
from services.sintering.problem import Batch, Floats, Ints, Problem
from services.sintering.timeline import Prices, best_path

AVERAGED = 0.1  # share of what is taken now in the average of what was taken
AIM = 0.02  # of the bound: how much more is looked for
PATIENCE = 8  # tries without a better bound before steps get shorter
SHORTER, LONGER = 0.7, 1.1
FIRST_STEP, NEXT_STEP, LONGEST_STEP, SHORT_STEP = 1.0, 0.2, 2.0, 0.05
FIRST_TRIES, TRIES = 300, 50  # with limits found at once; then between two looks at what to change
IN_TIME = (0.0, 0.1, 0.3, 1.0)  # shares of the cost of lateness in the first prices: one is best
LEAST_DEMAND = 0.01  # of a job that is never late, so that its price is no accident
ENOUGH, MOST_IDLE = 1e-5, 10  # of the bound: so many new limits that win less are the last


class Furnaces:
    """What all furnaces earn at prices of jobs and levels, and the bound that follows."""

    def __init__(self, problem: Problem, most_units: int) -> None:
        self._problem, self._most_units = problem, most_units
        self.grid = grid_of(problem, few_units(problem, most_units))
        self._work = scratch_of(self.grid.timeline)
        families = np.unique(problem.attribute).tolist()
        self.columns = [FamilyColumns(self.grid, family, self._work) for family in families]
        self.levels = [level for columns in self.columns for level in columns.levels]
        counts = [level.batches for level in self.levels]
        self.demand: Ints = np.concatenate([np.ones(problem.n_jobs), counts]).astype(np.int64)

    def bound(self, prices: Ints, exactly: bool) -> tuple[int, Floats]:
        """Return the bound at prices of jobs and levels, and how much is taken of each."""
        g, n = self.grid.timeline, len(self.grid.late)
        taken, ran = np.zeros(n), np.zeros((g.set_up.shape[2], len(g.units)))
        asked, total = self._asked(prices), int(self.demand @ prices)
        for machine in range(len(g.capacity)):
            total -= best_path(g, machine, asked, self._work, exactly, taken, ran)
        longer = ran[:, ::-1].cumsum(axis=1)[:, ::-1]
        batches = [longer[level.family, level.length] for level in self.levels]
        return total, np.concatenate([taken, batches])

    def refine(self) -> bool:
        """Go on with the finest grid; False when it was that already."""
        finer = grid_of(self._problem, self._most_units)
        if finer.timeline.end[0] == self.grid.timeline.end[0]:
            return False
        self.grid, self._work = finer, scratch_of(finer.timeline)
        return True

    def begin_with(self, batches: Sequence[Batch]) -> None:
        """Make the first limits of the batches of a valid plan."""
        for batch in batches:
            jobs = np.array(batch.jobs, dtype=np.int64)
            family = self.grid.timeline.family[jobs[0]]
            for columns in self.columns:
                if columns.family == family:
                    columns.add(batch.machine, jobs)

    def _asked(self, prices: Ints) -> Prices:
        """Return prices as the compiled code reads them."""
        g, n = self.grid.timeline, len(self.grid.late)
        worth = np.concatenate([prices[:n], prices[:n] - self.grid.late])
        is_worth = worth > 0
        is_worth[n:] &= self.grid.late > 0
        order = np.argsort(-worth / g.size.clip(0.1), kind="stable")
        order, rank = order[is_worth[order]], np.full(2 * n, -1)
        rank[order] = np.arange(len(order))
        cost, place = np.tile(g.cost, (g.set_up.shape[2], 1)), n
        for columns in self.columns:
            own = prices[place : place + len(columns.levels)]
            cost[columns.family] -= bonus_of(columns.levels, own, len(g.units))
            place += len(own)
        return Prices(worth=worth, order=order, rank=rank, cost=cost)

    def limits(self, demand: Floats | None, stopped: Callable[[], bool]) -> Ints:
        """Return prices at which no batch is worth more than it costs, good ones for a demand.

        With no demand they are found at once and not as good.
        """
        n = len(self.grid.late)
        limits, place = np.zeros(len(self.demand), dtype=np.int64), n
        for columns in self.columns:
            count = len(columns.levels)
            rows = np.concatenate([columns.jobs, np.arange(place, place + count)])
            own = None if demand is None else columns.prices(demand[rows], stopped)
            limits[rows] = columns.by_size() if own is None else own
            place += count
        return limits

    def with_lateness(self, limits: Ints) -> Ints:
        """Return what jobs may cost if they may be late as well."""
        g, n = self.grid.timeline, len(self.grid.late)
        timed = g.units[g.first] > 0  # the grid has no time for the others: any number fits in
        late = np.zeros(len(limits), dtype=np.int64)
        late[:n] = np.where(timed, self.grid.late, 0)
        return limits + late


class _Ascent:
    """Prices on their way up, from the best ones so far along the average of what is not taken."""

    def __init__(self, furnaces: Furnaces, limits: Ints) -> None:
        self._furnaces, self._limits = furnaces, furnaces.with_lateness(limits)
        self._exactly, self._step, self._failed = False, FIRST_STEP, 0
        late, found = furnaces.grid.late, []
        for share in IN_TIME:
            prices = self._limits.copy()
            prices[: len(late)] -= ((1 - share) * late).astype(np.int64)
            prices = prices.clip(0)
            found.append((*furnaces.bound(prices, False), prices))
        self.bound, self.taken, self._centre = max(found, key=lambda each: each[0])

    def again(self, limits: Ints, exactly: bool) -> None:
        """Go on from the best prices within other limits."""
        self._limits = self._furnaces.with_lateness(limits)
        self._exactly, self._step, self._failed = exactly, NEXT_STEP, 0
        self._centre = np.minimum(self._centre, self._limits)
        self.bound, self.taken = self._furnaces.bound(self._centre, exactly)

    @property
    def is_slow(self) -> bool:
        """Its steps have become short."""
        return self._step < SHORT_STEP

    def left_over(self) -> Floats:
        """Return how much of each job and level is not taken in time."""
        demand = self._furnaces.demand
        left: Floats = np.clip(demand - self.taken, 0.0, demand)
        jobs = len(self._furnaces.grid.late)
        left[:jobs] = left[:jobs].clip(LEAST_DEMAND)
        return left

    def climb(self, steps: int, stopped: Callable[[], bool]) -> int:
        """Take some steps and return the best bound so far."""
        for _ in range(steps):
            if stopped():
                break
            self._step_up()
        return self.bound

    def _step_up(self) -> None:
        """Take one step, and stay where it led to if that is better."""
        missing = self._furnaces.demand - self.taken
        stuck = (self._centre >= self._limits) & (missing > 0)
        missing[stuck | ((self._centre <= 0) & (missing < 0))] = 0.0
        length = self._step * max(1.0, AIM * abs(self.bound)) / max(1e-9, float(missing @ missing))
        prices = (self._centre + length * missing).clip(0, self._limits).astype(np.int64)
        bound, taken = self._furnaces.bound(prices, self._exactly)
        self.taken = (1 - AVERAGED) * self.taken + AVERAGED * taken
        if bound > self.bound:
            demand = self._furnaces.demand
            if float((demand - taken) @ (demand - self.taken)) >= 0:
                self._step = min(LONGEST_STEP, LONGER * self._step)
            self.bound, self._centre, self._failed = bound, prices, 0
            return
        self._failed += 1
        if self._failed >= PATIENCE:
            self._step, self._failed = SHORTER * self._step, 0


def _bounds(furnaces: Furnaces, stopped: Callable[[], bool]) -> Iterator[int]:
    """Yield bounds, in the scale of the grid, until new limits of the prices win nothing more.

    The first prices are found on a coarser grid and may cut jobs in pieces, which is quick; then
    come the finest one and batches of whole jobs. New
    limits are mixed with those before, so that in the end they are the best ones (Frank-Wolfe).
    """
    ascent = _Ascent(furnaces, furnaces.limits(None, stopped))
    for _ in range(FIRST_TRIES // TRIES):
        yield ascent.climb(TRIES, stopped)
    limits = furnaces.limits(furnaces.demand.astype(np.float64), stopped)
    best, before, turn, idle = ascent.bound, 0, 0, 0
    ascent = _Ascent(furnaces, limits)
    while not ascent.is_slow and not stopped():
        best = max(best, ascent.climb(TRIES, stopped))
        yield best
    if furnaces.refine():
        ascent.again(limits, exactly=False)
    while idle < MOST_IDLE and not stopped():
        best = max(best, ascent.climb(TRIES, stopped))
        yield best
        if ascent.is_slow:
            turn += 1
            idle = 0 if best - before > ENOUGH * abs(best) else idle + 1
            before, share = best, 2.0 / (turn + 2.0)
            other = furnaces.limits(ascent.left_over(), stopped)
            limits = ((1 - share) * limits + share * other).astype(np.int64)
            ascent.again(limits, exactly=True)


def price_bound(
    problem: Problem,
    batches: Sequence[Batch],
    stopped: Callable[[], bool],
    told: Callable[[int], None] = lambda bound: None,
    most_units: int = MOST_UNITS,
) -> int:
    """Return the best lower bound found until `stopped`, or until it gets no better.

    batches: of a valid plan, if one is known: what the first prices of late batches are made of.
    told: of each better bound on the way. most_units: of the grid of time.
    """
    least, best = waiting_bound(problem), 0
    furnaces = Furnaces(problem, most_units)
    furnaces.begin_with(batches)
    for found in _bounds(furnaces, stopped):
        bound = rounded(problem, -(-found // furnaces.grid.scale) + least)
        if bound > best:
            best = bound
            told(best)
    return best
