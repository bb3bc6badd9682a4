"""What a plan costs, part by part, and every rule of the problem that it breaks."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from services.sintering.problem import FAR, Batch, Objective, Problem


def measured(problem: Problem, batches: Sequence[Batch]) -> Objective:
    """Return the parts of the objective of a plan; `breaches` counts the sentences of `faults`."""
    totals: Counter[str] = Counter(breaches=len(faults(problem, batches)))
    for machine in range(problem.n_machines):
        family = int(problem.initial[machine])
        for batch in _in_order(batches, machine):
            own = int(problem.attribute[batch.jobs[0]])
            totals["runtime"] += batch.end - batch.start
            totals["set_up_time"] += int(problem.set_up_time[machine, family, own])
            totals["set_up_cost"] += int(problem.set_up_cost[machine, family, own])
            bill = problem.bill(batch.start, batch.end)
            totals["energy"] += int(problem.power[machine, own]) * bill
            for job in batch.jobs:
                over = max(0, batch.end - int(problem.due[job]))
                totals["late"] += int(problem.weight[job]) * (over > 0)
                totals["tardiness"] += int(problem.weight[job]) * over
                totals["flow"] += int(problem.weight[job]) * batch.end
                totals["moved"] += _moved(problem, job, batch)
            family = own
    return Objective(**totals)


def _moved(problem: Problem, job: int, batch: Batch) -> bool:
    before = int(problem.machine_before[job])
    shift = abs(batch.start - int(problem.start_before[job]))
    return before >= 0 and (before != batch.machine or shift > problem.tolerance)


def faults(problem: Problem, batches: Sequence[Batch]) -> list[str]:
    """Return one sentence for each broken rule; jobs and machines count from 1, as in the files."""
    count = Counter(job for batch in batches for job in batch.jobs)
    found = [
        f"job {job + 1} is in {count[job]} batches, expected 1"
        for job in range(problem.n_jobs)
        if count[job] != 1
    ]
    found += [f"job {job + 1} does not exist" for job in count if not 0 <= job < problem.n_jobs]
    for batch in batches:
        if not 0 <= batch.machine < problem.n_machines:
            found.append(f"machine {batch.machine + 1} does not exist")
    if found:
        return found
    for batch in batches:
        found += _batch_faults(problem, batch)
    for machine in range(problem.n_machines):
        found += _sequence_faults(problem, machine, _in_order(batches, machine))
    return found


def _batch_faults(problem: Problem, batch: Batch) -> list[str]:
    jobs, machine = list(batch.jobs), batch.machine
    if not jobs:
        return [f"a batch on machine {machine + 1} at {batch.start} has no job"]
    name = f"batch of job {min(jobs) + 1} on machine {machine + 1} at {batch.start}"
    found = []
    if len(set(problem.attribute[jobs].tolist())) > 1:
        found.append(f"{name}: its jobs are of several attributes")
    load, capacity = problem.size[jobs].sum(axis=0), problem.capacity[machine]
    if (load > capacity).any():
        found.append(f"{name}: size {load.tolist()} is above the capacity {capacity.tolist()}")
    found += [
        f"{name}: job {job + 1} may not run there"
        for job in jobs
        if not problem.eligible[job, machine]
    ]
    length = int(problem.shortest[jobs].max())
    if batch.end - batch.start != length:
        found.append(f"{name}: lasts {batch.end - batch.start}, its longest job needs {length}")
    if length > (most := int(problem.longest[jobs].min())):
        found.append(f"{name}: lasts {length}, one of its jobs may stay {most} at most")
    if batch.start < (ready := max(int(problem.release[jobs].max()), batch.hold)):
        found.append(f"{name}: starts before {ready}, when the last of it is ready")
    if batch.start > (latest := int(problem.latest_start[jobs].min())):
        found.append(f"{name}: starts after {latest}, the end of a longest wait")
    if batch.fixed == 2 and batch.start > batch.hold:
        found.append(f"{name}: is pinned to {batch.hold}")
    return found


def _sequence_faults(problem: Problem, machine: int, batches: Sequence[Batch]) -> list[str]:
    found = []
    family = int(problem.initial[machine])
    shifts = [
        (int(start), int(end))
        for start, end in zip(problem.shift_start[machine], problem.shift_end[machine], strict=True)
        if start < FAR
    ]
    for batch in batches:
        own = int(problem.attribute[batch.jobs[0]])
        begin = batch.start - int(problem.set_up_time[machine, family, own])
        if not any(start <= begin and batch.end <= end for start, end in shifts):
            found.append(
                f"batch on machine {machine + 1} at {batch.start}: {begin} to {batch.end} with its "
                "set-up lies in no shift"
            )
        family = own
    for first, second in pairwise(batches):
        rows = problem.attribute[[first.jobs[0], second.jobs[0]]].tolist()
        need = int(problem.set_up_time[machine, rows[0], rows[1]])
        if second.start - first.end < need:
            found.append(
                f"machine {machine + 1}: the batch at {second.start} needs {need} of set-up after "
                f"the one that ends at {first.end}"
            )
    return found


def _in_order(batches: Sequence[Batch], machine: int) -> list[Batch]:
    return sorted((b for b in batches if b.machine == machine), key=lambda b: (b.start, b.end))
