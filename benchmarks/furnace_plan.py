"""Furnace plans against the best published ones and a plain CP-SAT model, in one run.

`python -m benchmarks.furnace_plan --instances FOLDER --seconds 1 10 60` solves every .dzn file of a
folder (with the published.csv beside them, when there is one) or, without a folder, drawn ones,
each once for the longest time, and says what was known after each of the others;
`--replan` and `--sizes` time a replan after a breakdown and plans of 10 to 5000 jobs. Run it alone
on a quiet machine. `--peers FOLDER` solves each with a plain CP-SAT model, PyJobShop and
discrete-optimization as well, one thread each, in an environment that is made in the folder.
"""

import argparse
import csv
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.furnace_peers import CP_SAT, PACKAGES, Peers, installed
from services.sintering.bounds import counted_bound
from services.sintering.construct import construct
from services.sintering.course import Point, at
from services.sintering.domain import Charge
from services.sintering.osp import read_instance
from services.sintering.planning import chosen
from services.sintering.problem import Problem
from services.sintering.replan import Situation, fresh_plan, slots_of
from services.sintering.schedule import Demand, Furnace, HeatTreatment
from services.sintering.solver import Budget, Solution, make_ready, solve
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
    parser.add_argument("--from-file", type=int, default=0, help="the first of the n-th files")
    parser.add_argument("--peers", type=Path, help="other solvers, too; their environment")
    parser.add_argument("--workers", type=int, default=2, help="threads of the proof")
    parser.add_argument("--replan", type=int, help="job orders before a furnace breaks down")
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    asked = parser.parse_args()
    if asked.replan:
        replan_table(asked.replan)
    if asked.sizes:
        size_table(asked.sizes, asked.seconds[0], asked.seed)
    if not asked.replan and not asked.sizes:
        paths = _paths(asked.instances, asked.pattern)[asked.from_file :: asked.every]
        cases = _read(asked.instances, paths) if asked.instances else _drawn_cases()
        peers = installed(asked.peers) if asked.peers else None
        plan_table(cases, asked.seconds, asked.seed, asked.workers, peers)


@dataclass(frozen=True)
class Row:
    """What one instance came to in one time; percents, None where not known."""

    above_published: float | None
    above_bound: float | None
    valid: bool
    proven: bool
    peers: tuple[float | None, ...] = ()


def plan_table(
    cases: Sequence[Case],
    seconds: Sequence[float],
    seed: int,
    workers: int,
    peers: Peers | None,
) -> None:
    """Print a row an instance and time, then a row a group of use case, size and time."""
    names = (CP_SAT, *PACKAGES) if peers else ()
    head = " | ".join(f"{name} % above ours" for name in names)
    print(f"instance | s | valid | proven | % above published | % above bound | {head}")
    make_ready()
    rows: dict[tuple[str, float], list[Row]] = {}
    for case in cases:
        for limit_s, row in _solved(case, seconds, seed, workers, peers).items():
            rows.setdefault((_group(case.name), limit_s), []).append(row)
            shown = [_shown(each) for each in (row.above_published, row.above_bound, *row.peers)]
            print(f"{case.name} | {limit_s:g} | {row.valid} | {row.proven} | {' | '.join(shown)}")
            sys.stdout.flush()
    print(
        f"group | s | instances | valid | proven | mean, worst % above published | bound | {head}"
    )
    for (group, limit_s), found in sorted(rows.items()):
        valid, proven = (
            sum(each) for each in zip(*[(row.valid, row.proven) for row in found], strict=True)
        )
        figures = [[row.above_published for row in found], [row.above_bound for row in found]]
        figures += [list(column) for column in zip(*[row.peers for row in found], strict=True)]
        told = " | ".join(_mean(column) for column in figures)
        print(f"{group} | {limit_s:g} | {len(found)} | {valid} | {proven} | {told}")


def _solved(
    case: Case, seconds: Sequence[float], seed: int, workers: int, peers: Peers | None
) -> dict[float, Row]:
    """Return what was known of an instance after each of some times of one solve."""
    problem = case.problem
    solution = solve(problem, Budget(limit_s=max(seconds)), seed=seed, workers=workers)
    valid = not faults(problem, solution.batches)
    rows = {}
    for limit_s in seconds:
        known = _last(solution) if limit_s == max(seconds) else at(solution.course, limit_s)
        above: list[float | None] = []
        for name in (CP_SAT, *PACKAGES) if peers else ():
            total = peers.total(name, problem, limit_s) if peers else None
            ours = known.total
            above.append(None if total is None or not ours else 100 * (total / ours - 1))
        rows[limit_s] = Row(
            above_published=_above(case, known.total),
            above_bound=_gap(known),
            valid=valid and known.total is not None,
            proven=known.total is not None and known.total <= known.bound,
            peers=tuple(above),
        )
    return rows


def _last(solution: Solution) -> Point:
    total = None if solution.objective.breaches else solution.total
    return Point(after_s=0.0, total=total, bound=solution.bound)


def _gap(known: Point) -> float | None:
    if known.total is None or known.bound <= 0:
        return None
    return 100 * max(0.0, known.total / known.bound - 1)


def _group(name: str) -> str:
    """Return use case and size of an instance: `uc1-004-n10-k2-a2.dzn` is of `uc1 n10`."""
    words = name.split("-")
    return " ".join(word for word in words[:3] if not word.isdigit())


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


def _paths(folder: Path | None, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern)) if folder else []


def _read(folder: Path, paths: Sequence[Path]) -> list[Case]:
    table = folder / "published.csv"
    best = {}
    if table.exists():
        with table.open() as lines:
            best = {row["file"]: float(row["best_published"]) for row in csv.DictReader(lines)}
    return [Case(path.name, read_instance(path), best.get(path.name)) for path in paths]


def _drawn_cases() -> list[Case]:
    sizes = [(seed, jobs) for jobs in (10, 25, 50, 100, 250, 500) for seed in (1, 2)]
    return [Case(f"drawn-{seed}-n{jobs}", _drawn(seed, jobs, 3), None) for seed, jobs in sizes]


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


def _above(case: Case, total: int | None) -> float | None:
    if case.published is None or total is None:
        return None
    return 100 * (total / case.problem.scale / case.published - 1)


def _shown(percent: float | None) -> str:
    return "unknown" if percent is None else f"{percent:.2f}"


def _mean(values: Sequence[float | None]) -> str:
    """Return mean and worst of what is known, and of how many where some are unknown."""
    known = [value for value in values if value is not None]
    if not known:
        return "none"
    told = f"{sum(known) / len(known):.2f}, {max(known):.2f}"
    return told if len(known) == len(values) else f"{told} ({len(known)} of {len(values)})"


if __name__ == "__main__":
    main()
