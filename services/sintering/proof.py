"""Proof that a small plan is the best, by CP-SAT: each batch is named by its longest job.

A batch lasts as long as its longest job, so jobs are sorted by falling length and a job joins only
a batch that is named by one before it; each batch then has one name and a known length. Source of
the model: Lackner et al. 2023, "representative jobs". It states what is `provable`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from ortools.sat.python import cp_model

from services.sintering.bounds import rounded
from services.sintering.course import Course
from services.sintering.problem import FAR, Batch, Problem
from services.sintering.verdict import measured


@dataclass
class _Model:
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    at: dict[tuple[int, int], cp_model.IntVar] = field(default_factory=dict)  # batch, machine
    of: dict[tuple[int, int], cp_model.IntVar] = field(default_factory=dict)  # batch, job
    start: dict[int, cp_model.IntVar] = field(default_factory=dict)
    costs: list[cp_model.LinearExprT] = field(default_factory=list)


def prove(
    problem: Problem,
    batches: Sequence[Batch],
    bound: int,
    limit_s: float,
    workers: int = 2,
    course: Course | None = None,
) -> tuple[list[Batch], int]:
    """Return the best plan found from a valid one, and the best lower bound, in wall seconds.

    The given plan is only a hint to the solver, which may know no better than a dearer one when its
    time is over: then the given plan is returned. course: is told each better one on the way.
    """
    model = _model(problem)
    total = sum(model.costs)
    model.cp.add(total >= bound)
    model.cp.minimize(total)
    _hint(problem, model, batches)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.1, limit_s)
    solver.parameters.num_workers = workers
    told = None
    if course is not None:
        solver.best_bound_callback = lambda found: course.bound(rounded(problem, found))
        told = _Told(course)
    solved = solver.solve(model.cp, told)
    if solved not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return list(batches), bound
    given = measured(problem, batches)
    is_better = given.breaches or solver.objective_value < given.total(problem.weights)
    found = _batches(problem, model, solver) if is_better else list(batches)
    return found, rounded(problem, solver.best_objective_bound)


class _Told(cp_model.CpSolverSolutionCallback):
    """Tells a course of each better plan."""

    def __init__(self, course: Course) -> None:
        super().__init__()
        self._course = course

    def on_solution_callback(self) -> None:
        """Tell what the plan costs that the solver just found."""
        self._course.plan(round(self.objective_value))


def _order(problem: Problem) -> list[int]:
    return [int(job) for job in np.argsort(-problem.shortest, kind="stable")]


def _model(problem: Problem) -> _Model:
    model, order = _Model(), _order(problem)
    each, horizon = problem.weights, problem.horizon
    for rank, name in enumerate(order):
        model.start[name] = model.cp.new_int_var(0, horizon, f"start {name}")
        for machine in np.flatnonzero(problem.eligible[name]).tolist():
            model.at[name, machine] = model.cp.new_bool_var(f"at {name} {machine}")
        length = int(problem.shortest[name])
        for job in order[rank:]:
            if job == name or _together(problem, name, job, length):
                model.of[name, job] = model.cp.new_bool_var(f"of {name} {job}")
        own = model.of[name, name]
        model.cp.add(sum(v for (n, _), v in model.at.items() if n == name) == own)
        model.costs.append(each.runtime * length * own)
    for job in range(problem.n_jobs):
        model.cp.add_exactly_one([v for (_, j), v in model.of.items() if j == job])
    for name in order:
        _batch(problem, model, name)
    _lateness(problem, model)
    for machine in range(problem.n_machines):
        _sequence(problem, model, machine)
    return model


def _together(problem: Problem, name: int, job: int, length: int) -> bool:
    return bool(
        problem.attribute[name] == problem.attribute[job]
        and problem.longest[job] >= length
        and (problem.eligible[name] & problem.eligible[job]).any()
    )


def _batch(problem: Problem, model: _Model, name: int) -> None:
    """State what a batch may hold, where it may run and from when."""
    cp, own = model.cp, model.of[name, name]
    jobs = {job: var for (n, job), var in model.of.items() if n == name}
    machines = {machine: var for (n, machine), var in model.at.items() if n == name}
    for dimension in range(2):
        load = sum(int(problem.size[job, dimension]) * var for job, var in jobs.items())
        room = sum(int(problem.capacity[k, dimension]) * var for k, var in machines.items())
        cp.add(load <= room)
    for job, var in jobs.items():
        cp.add_implication(var, own)
        cp.add(model.start[name] >= int(problem.release[job])).only_enforce_if(var)
        for machine, there in machines.items():
            if not problem.eligible[job, machine]:
                cp.add_bool_or([~var, ~there])
    cp.add(model.start[name] == 0).only_enforce_if(~own)


def _lateness(problem: Problem, model: _Model) -> None:
    for job in range(problem.n_jobs):
        late = model.cp.new_bool_var(f"late {job}")
        model.costs.append(problem.weights.late * int(problem.weight[job]) * late)
        for (name, other), var in model.of.items():
            if other == job:
                latest = int(problem.due[job] - problem.shortest[name])
                model.cp.add(model.start[name] <= latest).only_enforce_if([var, ~late])


def _sequence(problem: Problem, model: _Model, machine: int) -> None:
    """State order, set-ups and shifts of the batches of a machine, as a circuit through node 0."""
    cp, each = model.cp, problem.weights
    names = [name for name, k in model.at if k == machine]
    node = {name: index + 1 for index, name in enumerate(names)}
    shifts = [
        (int(start), int(end))
        for start, end in zip(problem.shift_start[machine], problem.shift_end[machine], strict=True)
        if start < FAR
    ]
    idle = cp.new_bool_var(f"idle {machine}")
    arcs: list[tuple[int, int, cp_model.LiteralT]] = [(0, 0, idle)]
    need = {name: cp.new_int_var(0, problem.horizon, f"set-up {name} {machine}") for name in names}
    intervals = []
    for name in names:
        there, length = model.at[name, machine], int(problem.shortest[name])
        arcs.append((node[name], node[name], ~there))
        cp.add_implication(idle, ~there)
        arcs.append((node[name], 0, cp.new_bool_var("")))
        intervals.append(
            cp.new_optional_fixed_size_interval_var(model.start[name], length, there, "")
        )
        inside = [cp.new_bool_var("") for _ in shifts]
        cp.add_bool_or([*inside, ~there])
        for (begin, end), var in zip(shifts, inside, strict=True):
            cp.add(model.start[name] - need[name] >= begin).only_enforce_if(var)
            cp.add(model.start[name] + length <= end).only_enforce_if(var)
        for before in (None, *(other for other in names if other != name)):
            arc = cp.new_bool_var("")
            row = int(problem.initial[machine] if before is None else problem.attribute[before])
            own = int(problem.attribute[name])
            time = int(problem.set_up_time[machine, row, own])
            cost = each.set_up_time * time
            cost += each.set_up_cost * int(problem.set_up_cost[machine, row, own])
            model.costs.append(cost * arc)
            arcs.append((0 if before is None else node[before], node[name], arc))
            cp.add(need[name] == time).only_enforce_if(arc)
            if before is not None:
                end_before = model.start[before] + int(problem.shortest[before])
                cp.add(model.start[name] - time >= end_before).only_enforce_if(arc)
    cp.add_circuit(arcs)
    cp.add_no_overlap(intervals)


def _hint(problem: Problem, model: _Model, batches: Sequence[Batch]) -> None:
    rank = {job: place for place, job in enumerate(_order(problem))}
    named = {min(batch.jobs, key=rank.__getitem__): batch for batch in batches}
    for (name, job), var in model.of.items():
        model.cp.add_hint(var, name in named and job in named[name].jobs)
    for (name, machine), var in model.at.items():
        model.cp.add_hint(var, name in named and named[name].machine == machine)
    for name, var in model.start.items():
        model.cp.add_hint(var, named[name].start if name in named else 0)


def _batches(problem: Problem, model: _Model, solver: cp_model.CpSolver) -> list[Batch]:
    found = []
    for (name, machine), there in model.at.items():
        if solver.boolean_value(there):
            start = solver.value(model.start[name])
            jobs = [
                j for (n, j), var in model.of.items() if n == name and solver.boolean_value(var)
            ]
            end = start + int(problem.shortest[name])
            found.append(Batch(machine=machine, jobs=tuple(sorted(jobs)), start=start, end=end))
    return found
