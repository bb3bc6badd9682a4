"""States the oven scheduling problem to PyJobShop and discrete-optimization; imports no Halite.

Run by `benchmarks.furnace_peers` with the interpreter of an environment that has both. Reads one
problem as JSON on the standard input and writes its answer as JSON. What they cannot state:
PyJobShop knows no batches, no cost of set-ups and no set-up before the first batch, so it gets the
batches of the first valid plan and chooses furnaces, order and starts; discrete-optimization knows
no weight of set-up time and takes shifts that touch as one.
"""

import json
import sys
import time
from typing import Any

FAR = 2**30
Batches = list[dict[str, Any]]


def main() -> None:
    """Solve the problem on the standard input with the named package."""
    began_s = time.perf_counter()
    asked = json.load(sys.stdin)
    solve = {"pyjobshop": with_pyjobshop, "discrete-optimization": with_discrete_optimization}
    found = solve[sys.argv[1]](asked, began_s + asked["limit_s"])
    json.dump({"batches": found}, sys.stdout)


def with_pyjobshop(asked: dict[str, Any], until_s: float) -> Batches | None:
    """Return the given batches in the order and on the furnaces that PyJobShop chose."""
    from pyjobshop import Model  # type: ignore[import-not-found]

    model = Model()
    machines = [
        model.add_machine(breaks=_breaks(machine["shifts"])) for machine in asked["machines"]
    ]
    tasks, places = [], []
    beside = model.add_renewable(capacity=10**6)
    for batch in asked["batches"]:
        members = [asked["jobs"][job] for job in batch]
        length = max(job["shortest"] for job in members)
        places.append(len(model.tasks))
        task = model.add_task(earliest_start=max(job["release"] for job in members))
        size = sum(job["size"] for job in members)
        for number, machine in enumerate(machines):
            if size <= asked["machines"][number]["capacity"] and all(
                number in job["eligible"] for job in members
            ):
                model.add_mode(task, machine, length)
        for job in members:
            twin = model.add_task(model.add_job(weight=1, due_date=job["due"]))
            model.add_mode(twin, beside, length, 1)
            model.add_start_at_start(task, twin)
        tasks.append(task)
    families = [asked["jobs"][batch[0]]["family"] for batch in asked["batches"]]
    for one, before in enumerate(families):
        for other, after in enumerate(families):
            need = asked["set_up_time"][before][after]
            if one != other and need:
                for machine in machines:
                    model.add_setup_time(machine, tasks[one], tasks[other], need)
    model.set_objective(
        weight_tardy_jobs=asked["weights"]["late"],
        weight_total_setup_time=asked["weights"]["set_up_time"],
    )
    left_s = until_s - time.perf_counter()
    if left_s <= 0:
        return None
    result = model.solve(time_limit=left_s, num_workers=1, display=False)
    if not result.best.tasks:
        return None
    slots = [result.best.tasks[place] for place in places]
    return [
        {"machine": slot.resources[0], "start": slot.start, "end": slot.end, "jobs": batch}
        for slot, batch in zip(slots, asked["batches"], strict=True)
    ]


def _breaks(shifts: list[list[int]]) -> list[tuple[int, int]]:
    edges = [0, *(edge for shift in shifts for edge in shift), FAR]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(start, end) for start, end in pairs if end > start]


def with_discrete_optimization(asked: dict[str, Any], until_s: float) -> Batches | None:
    """Return what its CP-SAT model finds from its own greedy plan."""
    from discrete_optimization.generic_tools.cp_tools import (  # type: ignore[import-not-found]
        ParametersCp,
    )
    from discrete_optimization.ovensched.problem import (  # type: ignore[import-not-found]
        MachineData,
        OvenSchedulingProblem,
        TaskData,
    )
    from discrete_optimization.ovensched.solvers.cpsat import (  # type: ignore[import-not-found]
        OvenSchedulingCpSatSolver,
    )
    from discrete_optimization.ovensched.solvers.greedy import (  # type: ignore[import-not-found]
        GreedyOvenSchedulingSolver,
    )

    jobs = [
        TaskData(
            attribute=job["family"],
            min_duration=job["shortest"],
            max_duration=job["longest"],
            earliest_start=job["release"],
            latest_end=job["due"],
            eligible_machines=set(job["eligible"]),
            size=job["size"],
        )
        for job in asked["jobs"]
    ]
    machines = [
        MachineData(
            capacity=machine["capacity"],
            initial_attribute=machine["initial"],
            availability=[tuple(shift) for shift in machine["shifts"]],
        )
        for machine in asked["machines"]
    ]
    costs, times = asked["set_up_cost"], asked["set_up_time"]
    problem = OvenSchedulingProblem(len(jobs), len(machines), jobs, machines, costs, times)
    problem.additional_data = {
        "ub": 1,
        "weight_processing": asked["weights"]["runtime"],
        "weight_tardiness": asked["weights"]["late"],
        "weight_setup_cost": asked["weights"]["set_up_cost"],
        "running_time_ub": 10**9,
    }
    first = GreedyOvenSchedulingSolver(problem).solve().get_best_solution()
    solver = OvenSchedulingCpSatSolver(problem)
    best = first if first is not None and problem.satisfy(first) else None
    solver.init_model()
    if best is not None:
        solver.set_warm_start(best)
    left_s = until_s - time.perf_counter()
    if left_s > 0:
        one = ParametersCp.default()
        one.nb_process, one.multiprocess = 1, False
        storage = solver.solve(parameters_cp=one, time_limit=left_s)
        best = storage.get_best_solution() if len(storage) else best
    if best is None:
        return None
    return [
        {
            "machine": machine,
            "start": int(batch.start_time),
            "end": int(batch.end_time),
            "jobs": sorted(int(job) for job in batch.tasks),
        }
        for machine, batches in best.schedule_per_machine.items()
        for batch in batches
    ]


if __name__ == "__main__":
    main()
