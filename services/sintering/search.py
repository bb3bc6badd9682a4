"""Simulated annealing over batches: from a valid plan to a good one, stopped at any time.

Deterministic for a seed and a number of moves. Imports the compiler.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.sintering.arrays import HOLD, TOTAL, data_of, movable
from services.sintering.batches import batches_of, state_of
from services.sintering.moves import anneal
from services.sintering.problem import Batch, Problem

CHUNK_MOVES = 4000
COLDEST_RATIO = 0.015  # of the cost of a typical runtime


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best plan of a search with its total (breaches included) and the moves tried."""

    batches: tuple[Batch, ...]
    total: int
    moves: int


class Search:
    """One annealing of one problem, cooled as its progress says."""

    def __init__(self, problem: Problem, batches: Sequence[Batch], seed: int) -> None:
        self.problem = problem
        self._data = data_of(problem)
        self._jobs = np.flatnonzero(movable(problem)).astype(np.int64)
        self._random = np.array([(seed * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64], dtype=np.uint64)
        self._begin(list(batches))
        self.moves = 0
        self._anneal(0, 1.0)  # loads the compiled code, or compiles it

    def _begin(self, batches: list[Batch]) -> None:
        self._state = state_of(self._data, batches)
        rows = self.problem.n_jobs + 2
        self._best = np.zeros((rows, 2), dtype=np.int64)
        self._best[:-2, 0] = self._state.of_job
        self._best[:-1, 1] = self._state.batch[:, HOLD]
        self._best[-1, 0] = self._state.number[TOTAL]
        self._best_sequence = self._state.sequence.copy()
        self._best_length = self._state.length.copy()

    @property
    def total(self) -> int:
        """What the best plan costs, breaches included."""
        return int(self._best[-1, 0])

    def cool(self, progress: Callable[[], float], share: float) -> None:
        """Anneal while progress goes from 0 to 1; `share` is how hot it begins, see `heat`."""
        if not len(self._jobs):
            return
        hottest = heat(self.problem, share)
        coldest = min(hottest, cold(self.problem))
        while (done := progress()) < 1.0:
            self._anneal(CHUNK_MOVES, hottest * math.pow(coldest / hottest, done))

    def _anneal(self, moves: int, temperature: float) -> None:
        anneal(
            self._data,
            self._state,
            self._random,
            self._jobs,
            moves,
            temperature,
            self._best,
            self._best_sequence,
            self._best_length,
        )
        self.moves += moves

    def return_to_best(self) -> None:
        """Go on from the best plan."""
        self._begin(self._best_batches())

    def found(self) -> Found:
        """Return the best plan."""
        state = state_of(self._data, self._best_batches())
        total = int(state.number[TOTAL])
        return Found(batches=tuple(batches_of(state)), total=total, moves=self.moves)

    def _best_batches(self) -> list[Batch]:
        jobs_of: dict[int, list[int]] = {}
        for job, row in enumerate(self._best[:-2, 0].tolist()):
            jobs_of.setdefault(row, []).append(job)
        fixed = {batch.jobs[0]: batch.fixed for batch in self.problem.fixed}
        return [
            Batch(
                machine=machine,
                jobs=tuple(jobs_of[row]),
                start=place,
                fixed=max(fixed.get(job, 0) for job in jobs_of[row]),
                hold=int(self._best[row, 1]),
            )
            for machine, length in enumerate(self._best_length.tolist())
            for place, row in enumerate(self._best_sequence[machine, :length].tolist())
        ]


def heat(problem: Problem, share: float) -> float:
    """Return a first temperature: `share` of what a late job costs, or a typical runtime.

    Lateness beyond a hundred runtimes heats no more: then there is nothing to weigh against it.
    """
    each, run = problem.weights, _run(problem)
    return max(1.0, share * max(run, min(each.late, 100 * run), each.set_up_cost))


def cold(problem: Problem) -> float:
    """Return the last temperature, at which next to nothing that makes a plan dearer is taken."""
    return max(0.1, COLDEST_RATIO * _run(problem))


def _run(problem: Problem) -> float:
    """Return what the runtime of a typical job costs."""
    return problem.weights.runtime * float(problem.shortest.mean())
