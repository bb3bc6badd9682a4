"""A valid plan at once: the most urgent job opens a batch and takes with it what fits.

Nothing here needs the compiler, so that a plan stands before anything is loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.sintering.problem import FAR, Batch, Ints, Problem


@dataclass
class _Window:
    """A stretch of a shift of a machine between fixed batches, filled from its beginning.

    family: the row of set-ups that holds before `free`; next_family: of the batch that follows, or
    -1.
    """

    machine: int
    free: int
    end: int
    family: int
    next_family: int = -1


def construct(problem: Problem, kept: Sequence[Batch] = ()) -> list[Batch]:
    """Return batches that hold every job, timed; `kept` stay as they are, before all others.

    What fits into no shift is planned behind the horizon.
    """
    made = [*problem.fixed, *kept]
    open_jobs = np.ones(problem.n_jobs, dtype=np.bool_)
    for batch in made:
        open_jobs[list(batch.jobs)] = False
    windows = _windows(problem, made)
    urgency = np.minimum(problem.due, problem.latest_start + problem.shortest)
    while open_jobs.any():
        jobs = np.flatnonzero(open_jobs)
        place = _first(problem, windows, jobs, urgency[jobs])
        if place is None:
            break
        window, job, start = place
        taken = _fill(problem, window, job, start, jobs, urgency)
        end = start + int(problem.shortest[taken].max())
        made.append(Batch(machine=window.machine, jobs=tuple(taken), start=start, end=end))
        open_jobs[taken] = False
        window.free = end
        _follow(windows, window, int(problem.attribute[job]))
    return made + _behind(problem, np.flatnonzero(open_jobs).tolist())


def _windows(problem: Problem, made: Sequence[Batch]) -> list[_Window]:
    """Return what fixed batches leave of the shifts, machine by machine in time."""
    windows = []
    for machine in range(problem.n_machines):
        own = sorted((item for item in made if item.machine == machine), key=lambda b: b.start)
        family = int(problem.initial[machine])
        for start, end in zip(
            problem.shift_start[machine].tolist(), problem.shift_end[machine].tolist(), strict=True
        ):
            if start >= FAR:
                break
            free = start
            for batch in own:
                if start <= batch.start < end:
                    following = int(problem.attribute[batch.jobs[0]])
                    windows.append(_Window(machine, free, batch.start, family, following))
                    free, family = batch.end, following
            windows.append(_Window(machine, free, end, family))
    return windows


def _follow(windows: list[_Window], filled: _Window, family: int) -> None:
    """Let what comes next be set up after a batch: in its window, and in shifts behind it."""
    own = [window for window in windows if window.machine == filled.machine]
    for window in own[own.index(filled) :]:
        window.family = family
        if window.next_family >= 0:
            break


def _first(
    problem: Problem, windows: list[_Window], jobs: Ints, urgency: Ints
) -> tuple[_Window, int, int] | None:
    """Return the window, job and start of the next batch.

    Of what can start within one typical run of the earliest start anywhere, the most urgent.
    """
    reach = int(problem.shortest[jobs].mean()) // 2
    found = None
    for window in _current(windows):
        start = _starts(problem, window, jobs)
        first = int(start.min())
        if first >= FAR:
            continue
        near = np.flatnonzero(start <= first + reach)
        chosen = near[np.argmin(urgency[near] + start[near])]
        key = (int(start[chosen]), int(urgency[chosen]))
        if found is None or key < found[0]:
            found = key, (window, int(jobs[chosen]), int(start[chosen]))
    return found[1] if found is not None else None


def _current(windows: list[_Window]) -> list[_Window]:
    return [window for window in windows if window.free < window.end]


def _starts(problem: Problem, window: _Window, jobs: Ints) -> Ints:
    """Return the earliest start of each job alone in a window, FAR where it cannot run there."""
    family = problem.attribute[jobs]
    set_up = problem.set_up_time[window.machine]
    start = np.maximum(problem.release[jobs], window.free + set_up[window.family, family])
    end = start + problem.shortest[jobs]
    if window.next_family >= 0:
        end = end + set_up[family, window.next_family]
    wrong = ~problem.eligible[jobs, window.machine] | (end > window.end)
    wrong |= (problem.size[jobs] > problem.capacity[window.machine]).any(axis=1)
    return np.where(wrong, FAR, start)


def _fill(
    problem: Problem, window: _Window, job: int, start: int, jobs: Ints, urgency: Ints
) -> list[int]:
    """Return a job with those that can run with it at the same start, the most urgent first."""
    length, room = int(problem.shortest[job]), int(problem.longest[job])
    alike = jobs[
        (problem.attribute[jobs] == problem.attribute[job])
        & (problem.release[jobs] <= start)
        & (problem.shortest[jobs] <= length)
        & (problem.longest[jobs] >= length)
        & problem.eligible[jobs, window.machine]
        & (jobs != job)
    ]
    taken, load = [job], problem.size[job].copy()
    for other in alike[np.argsort(urgency[alike], kind="stable")].tolist():
        if (load + problem.size[other] <= problem.capacity[window.machine]).all():
            load = load + problem.size[other]
            room = min(room, int(problem.longest[other]))
            taken.append(other)
    return taken


def _behind(problem: Problem, jobs: Sequence[int]) -> list[Batch]:
    """Return batches of one job each behind the horizon: valid but for the shifts."""
    at, made = problem.horizon, []
    for job in jobs:
        machine = int(np.argmax(problem.eligible[job]))
        end = at + int(problem.shortest[job])
        made.append(Batch(machine=machine, jobs=(job,), start=at, end=end))
        at = end
    return made
