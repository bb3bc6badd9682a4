"""Furnace plans against the best published ones and a plain CP-SAT model, in one run.

`python -m benchmarks.furnace_plan --instances FOLDER --seconds 1 10 60` solves every .dzn file of a
folder (with the published.csv beside them, when there is one) or, without a folder, drawn ones;
`--replan` and `--sizes` time a replan after a breakdown and plans of 10 to 5000 jobs. Run it alone
on a quiet machine. PyJobShop and discrete-optimization are compared with by their own scripts: they
are no dependencies here.
"""

import argparse
import csv
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.sintering.bounds import counted_bound
from services.sintering.construct import construct
from services.sintering.domain import Charge
from services.sintering.osp import read_instance
from services.sintering.planning import chosen
from services.sintering.problem import Problem
from services.sintering.proof import provable, prove
from services.sintering.replan import Situation, fresh_plan, slots_of
from services.sintering.schedule import Demand, Furnace, HeatTreatment
from services.sintering.solver import Budget, Solution, solve
from services.sintering.verdict import faults, measured
from tests.unit.test_oven_problem import drawn

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """An instance, by its name, with the best published objective where one is known."""

    name: str
    problem: Problem
    published: float | None


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=Path, help="a folder of .dzn files")
    parser.add_argument("--pattern", default="*.dzn")
    parser.add_argument("--every", type=int, default=1, help="only each n-th file")
    parser.add_argument("--seconds", type=float, nargs="*", default=[1.0, 10.0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer", action="store_true", help="a plain CP-SAT model for each, too")
    parser.add_argument("--replan", type=int, help="job orders before a furnace breaks down")
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    asked = parser.parse_args()
    if asked.replan:
        replan_table(asked.replan)
    if asked.sizes:
        size_table(asked.sizes, asked.seconds[0], asked.seed)
    if not asked.replan and not asked.sizes:
        cases = _read(asked.instances, asked.pattern, asked.every)
        plan_table(cases, asked.seconds, asked.seed, peer=asked.peer)


def plan_table(cases: Sequence[Case], seconds: Sequence[float], seed: int, *, peer: bool) -> None:
    """Print a row an instance and time: valid, proven, to the best published, to the bound."""
    print("instance | s | valid | proven | % above published | % above bound | CP-SAT % above ours")
    rows: dict[float, list[tuple[float | None, float | None, bool]]] = {}
    for case in cases:
        for limit_s in seconds:
            solution = solve(case.problem, Budget(limit_s=limit_s), seed=seed, workers=2)
            above = _above(case, solution)
            gap = None if solution.gap_ratio is None else 100 * solution.gap_ratio
            rows.setdefault(limit_s, []).append((above, gap, solution.proven))
            valid = not faults(case.problem, solution.batches)
            print(
                f"{case.name} | {limit_s:g} | {valid} | {solution.proven} | {_shown(above)} | "
                f"{_shown(gap)} | {_peer(case.problem, solution, limit_s) if peer else '-'}",
                flush=True,
            )
    print("s | instances | mean, worst % above published | mean, worst % above bound | proven")
    for limit_s, found in rows.items():
        above_all = [above for above, _, _ in found if above is not None]
        gaps = [gap for _, gap, _ in found if gap is not None]
        proven = sum(done for _, _, done in found)
        print(f"{limit_s:g} | {len(found)} | {_mean(above_all)} | {_mean(gaps)} | {proven}")


def _peer(problem: Problem, ours: Solution, limit_s: float) -> str:
    """Return how CP-SAT alone does from nothing but the first valid plan's model."""
    if not provable(problem):
        return "too large"
    batches, _ = prove(problem, construct(problem), 0, limit_s)
    total = measured(problem, batches).total(problem.weights)
    return f"{100 * (total / max(1, ours.total) - 1):.2f}"


def replan_table(jobs: int) -> None:
    """Print how long it takes to a valid plan after a furnace broke down, and what moved."""
    before = _situation(jobs)
    plan = fresh_plan(before)
    broken = replace(
        before,
        in_force=slots_of(plan.loads),
        furnaces=(replace(before.furnaces[0], free_at=None), *before.furnaces[1:]),
    )
    began_s = time.perf_counter()
    after = chosen(broken)
    print(f"{jobs} job orders, {len(plan.loads)} loads: a new plan after a breakdown in ", end="")
    print(f"{time.perf_counter() - began_s:.2f} s, {len(after.infeasible)} without a furnace")


def size_table(sizes: Sequence[int], limit_s: float, seed: int) -> None:
    """Print time to a valid plan, what the search makes of it, and the peak of memory, by size."""
    print("jobs | s to a valid plan | % saved by the search | moves/s | MB at most")
    for jobs in sizes:
        problem = _drawn(seed, jobs, 5)
        began_s = time.perf_counter()
        first = construct(problem)
        took_s = time.perf_counter() - began_s
        total = measured(problem, first).total(problem.weights)
        found = solve(problem, Budget(limit_s=limit_s), seed=seed)
        saved = 100 * (1 - found.total / total)
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        bound = counted_bound(problem)
        print(
            f"{jobs} | {took_s:.2f} | {saved:.1f} | {found.moves / limit_s:.0f} | {memory_mb:.0f}"
            f" | bound by counting {bound}",
            flush=True,
        )


def _read(folder: Path | None, pattern: str, every: int) -> list[Case]:
    if folder is None:
        sizes = [(seed, jobs) for jobs in (10, 25, 50, 100, 250, 500) for seed in (1, 2)]
        return [Case(f"drawn-{n}-{seed}", _drawn(seed, n, 3), None) for seed, n in sizes]
    table = folder / "published.csv"
    best = {}
    if table.exists():
        with table.open() as lines:
            best = {row["file"]: float(row["best_published"]) for row in csv.DictReader(lines)}
    paths = sorted(folder.glob(pattern))[::every]
    return [Case(path.name, read_instance(path), best.get(path.name)) for path in paths]


def _drawn(seed: int, jobs: int, machines: int) -> Problem:
    with tempfile.NamedTemporaryFile("w", suffix=".dzn") as file:
        file.write(drawn(seed, jobs, machines))
        file.flush()
        return read_instance(Path(file.name))


def _situation(jobs: int) -> Situation:
    """Return job orders of four heat treatments for six furnaces."""
    treatments = [
        HeatTreatment(
            temperature_degc=(degc, 80.0),
            ramp_degc_per_min=(5.0, 5.0),
            soak_s=(hours * 3600.0, 0.0),
            atmosphere="air",
        )
        for degc, hours in ((650.0, 2.0), (700.0, 10.0), (1100.0, 12.0), (1200.0, 12.0))
    ]
    demands = [
        Demand(
            job_order_id=f"job-{number:04d}",
            family=f"recipe-{number % 4}",
            treatment=treatments[number % 4],
            charge=Charge(parts_count=20 + number * 37 % 80, mass_g=0.0),
            lot_ids=(f"L-{number}",),
            released_at=NOW,
            due_at=NOW + timedelta(hours=24 + number),
        )
        for number in range(jobs)
    ]
    furnaces = [
        Furnace(
            equipment_id=f"furnace-{number}",
            free_at=NOW,
            capacity_parts=120 if number % 2 else 480,
            highest_temperature_degc=1300.0 if number < 4 else 800.0,
            highest_ramp_degc_per_min=10.0,
        )
        for number in range(6)
    ]
    return Situation(
        demands=tuple(demands),
        furnaces=tuple(furnaces),
        treatments=tuple(treatments),
        now=NOW,
        load_wait_s=0.0,
    )


def _above(case: Case, solution: Solution) -> float | None:
    if case.published is None:
        return None
    return 100 * (solution.total / case.problem.scale / case.published - 1)


def _shown(percent: float | None) -> str:
    return "unknown" if percent is None else f"{percent:.2f}"


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.2f}, {max(values):.2f}" if values else "unknown"


if __name__ == "__main__":
    main()
