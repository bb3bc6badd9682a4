"""What jobs may cost when time does not matter: batches chosen by a linear program for each family.

Each job must be in a batch, and so many batches must last so long at least: as many as their jobs
fill in the largest furnace. The prices of both are such that no batch is worth more than it costs;
prices that are not so yet are made smaller until they are (Farley 1990), so the generation of
columns may be stopped at any time.
"""

import ctypes
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import highspy
import numpy as np

from services.sintering.grid import Grid
from services.sintering.pricing import price_batches
from services.sintering.problem import Flags, Floats, Ints
from services.sintering.timeline import Scratch

SMOOTH = 0.6  # share of the best prices so far in those that are tried next
NEW_COLUMNS = 60  # of a family at once
MOST_LEVELS = 32  # of a family
NEAR = 1e-4  # of the program's value: so near to it, prices are good enough
MOST_ROUNDS = 12  # of new columns in one go
PRIMAL = 4  # HiGHS: a basis stays primal feasible when columns come


@dataclass(frozen=True)
class Level:
    """At least so many batches of a family last as long as a length, or longer."""

    family: int
    length: int
    batches: int


def levels_of(grid: Grid, family: int) -> list[Level]:
    """Return what can be counted: jobs may be cut into pieces and fill the largest furnace."""
    g = grid.timeline
    jobs = np.flatnonzero(g.family == family)
    room = int(g.capacity[g.eligible[jobs].any(axis=0)].max(initial=0))
    if not room:
        return []
    found: list[Level] = []
    for length in np.unique(g.first[jobs])[::-1].tolist():
        batches = -(-int(g.size[jobs[g.first[jobs] >= length]].sum()) // room)
        if batches > (found[-1].batches if found else 0):
            found.append(Level(family, length, batches))
    kept = np.unique(np.linspace(0, len(found) - 1, MOST_LEVELS).astype(np.int64))
    return [found[place] for place in kept.tolist()] if found else []


class FamilyColumns:
    """The batches of a family so far, and the prices they give."""

    def __init__(self, grid: Grid, family: int, work: Scratch) -> None:
        self.family, self._grid, self._work = family, grid, work
        g = grid.timeline
        self.jobs = np.flatnonzero(g.family == family)
        self.levels = levels_of(grid, family)
        self._row = np.full(len(g.family), -1)
        self._row[self.jobs] = np.arange(len(self.jobs))
        self._unit = float(max(1, int(g.cost[g.first[self.jobs]].mean())))
        self._known: set[tuple[int, int, tuple[int, ...]]] = set()
        self._lp = _silent_highs()
        self._lp.setOptionValue("threads", 1)
        self._lp.setOptionValue("simplex_strategy", PRIMAL)
        for _ in range(len(self.jobs) + len(self.levels)):
            self._lp.addRow(0.0, highspy.kHighsInf, 0, np.zeros(0, dtype=np.int32), np.zeros(0))
        dearest = int(grid.least[:, family].max())
        for job in self.jobs.tolist():  # alone, on any furnace if it can run on none
            where = np.flatnonzero(g.eligible[job])
            set_up = int(grid.least[where, family].min()) if len(where) else dearest
            self._add(int(g.first[job]), set_up, np.array([job]))
        for level in self.levels:
            self._add(level.length, int(grid.least[:, family].min()), self.jobs[:0])

    def add(self, machine: int, jobs: Ints, length: int | None = None) -> bool:
        """Add a batch, as long as its jobs need at least; False when it is there already."""
        if length is None:
            length = int(self._grid.timeline.first[jobs].max())
        key = machine, length, tuple(jobs.tolist())
        if key in self._known:
            return False
        self._known.add(key)
        self._add(length, int(self._grid.least[machine, self.family]), jobs)
        return True

    def _add(self, length: int, set_up: int, jobs: Ints) -> None:
        levels = [i for i, level in enumerate(self.levels) if level.length <= length]
        rows = [*self._row[jobs].tolist(), *(len(self.jobs) + i for i in levels)]
        cost = (int(self._grid.timeline.cost[length]) + set_up) / self._unit
        values = np.ones(len(rows))
        self._lp.addCol(cost, 0.0, highspy.kHighsInf, len(rows), np.array(rows, np.int32), values)

    def prices(self, demand: Floats, stopped: Callable[[], bool]) -> Floats:
        """Return prices of the jobs and levels at which no batch is worth more than it costs.

        They are worth as much as can be found in short time for a demand of each.
        """
        for row, least in enumerate(demand.tolist()):
            self._lp.changeRowBounds(row, least, highspy.kHighsInf)
        best = self.by_size()
        most, centre = float(demand @ best), best
        for _ in range(MOST_ROUNDS):
            self._lp.run()
            if self._lp.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                break
            duals = np.array(self._lp.getSolution().row_dual).clip(min=0.0) * self._unit
            more = False
            for exactly, share in product((False, True), (SMOOTH, 0.0)):
                tried = np.floor(share * centre + (1 - share) * duals)
                ratio, found = self._priced(tried, exactly)
                valid = np.floor(tried * (ratio * (1 - 1e-12)))
                if float(demand @ valid) > most:
                    best, most, centre = valid, float(demand @ valid), tried
                more = any([self.add(*column) for column in found])
                if more or stopped():
                    break
            if not more or stopped() or most >= (1 - NEAR) * float(demand @ duals):
                break
        return best

    def by_size(self) -> Floats:
        """Return prices at which no batch is worth more than it costs, at once.

        A job costs as much of a batch as it takes of the largest furnace that it may use.
        """
        g, jobs = self._grid.timeline, self.jobs
        room = np.where(g.eligible[jobs], g.capacity, 0).max(axis=1).clip(1)
        least = self._grid.least[:, self.family].min() + g.cost[g.first[jobs]]
        shares = np.minimum(1.0, g.size[jobs] / room)
        return np.concatenate([np.floor(shares * least), np.zeros(len(self.levels))])

    def _priced(self, prices: Floats, exactly: bool) -> tuple[float, list[tuple[int, Ints, int]]]:
        """Return by what prices must shrink to be valid, and the batches worth more than cost."""
        g = self._grid.timeline
        worth = np.zeros(len(g.family), dtype=np.int64)
        worth[self.jobs] = prices[: len(self.jobs)]
        bonus = bonus_of(self.levels, prices[len(self.jobs) :], len(g.units))
        order = self.jobs[
            np.argsort(-worth[self.jobs] / g.size[self.jobs].clip(0.1), kind="stable")
        ]
        order, lengths = order[worth[order] > 0], len(g.units)
        chosen: Flags = np.zeros((len(g.capacity) * lengths, len(worth)), dtype=np.bool_)
        gain = np.zeros(len(chosen), dtype=np.int64)
        least = self._grid.least[:, self.family].copy()
        ratio = price_batches(g, order, worth, bonus, least, self._work, exactly, chosen, gain)
        best = [
            group for group in np.argsort(-gain, kind="stable")[:NEW_COLUMNS] if gain[group] > 0
        ]
        return ratio, [
            (int(group) // lengths, np.flatnonzero(chosen[group]), int(group) % lengths)
            for group in best
        ]


def bonus_of(levels: Sequence[Level], prices: Ints | Floats, lengths: int) -> Ints:
    """Return what a batch of each length is worth in itself, by the prices of levels."""
    bonus = np.zeros(lengths, dtype=np.int64)
    for level, price in zip(levels, prices.tolist(), strict=True):
        bonus[level.length :] += int(price)
    return bonus


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
