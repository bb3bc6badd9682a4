"""`halite sintering`: solve and check instances of the oven scheduling problem."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from deploy.report import Report, progress, reports
from services.sintering.osp import read_instance, read_solution, solution_text
from services.sintering.solver import Budget, Solution, solve
from services.sintering.verdict import faults, measured

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN_EVERY_S = 0.2


@click.group(name="sintering")
def command() -> None:
    """Furnace plans outside a plant: published instances, to compare with other solvers."""


@command.command(name="solve")
@click.argument("instance", type=FILE)
@click.option("--time", "limit_s", type=click.FloatRange(min=0.1), default=60.0, help="Seconds.")
@click.option("--seed", type=int, default=1, help="Of the search.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the solution here, as JSON.")
@reports
def solve_instance(instance: Path, limit_s: float, seed: int, out: Path | None) -> Report:
    """Plan an INSTANCE (.dzn or .dat) and print what the plan costs and how far it may be off."""
    problem = read_instance(instance)
    workers = min(2, os.cpu_count() or 1)
    with progress("solving") as show, _clocked(show, limit_s):
        solution = solve(problem, Budget(limit_s=limit_s), seed=seed, workers=workers)
    figures = _figures(solution, problem.scale)
    if out is not None:
        out.write_text(solution_text(instance.name, solution.batches, figures))
    parts = ", ".join(f"{name} {value}" for name, value in vars(solution.objective).items())
    share = "unknown" if solution.gap_ratio is None else f"{solution.gap_ratio:.2%}"
    bound = f"Lower bound {figures['bound']:.6f}, gap {share}."
    lines = (
        f"{instance.name}: {figures['objective']:.6f} ({parts})",
        "No plan is better: proven." if solution.proven else bound,
    )
    return Report(data={"instance": instance.name, **figures}, lines=lines)


@command.command(name="check")
@click.argument("instance", type=FILE)
@click.argument("solution", type=FILE)
@reports
def check_solution(instance: Path, solution: Path) -> Report:
    """Check a SOLUTION of an INSTANCE; ends with 1 when it breaks a rule."""
    problem, batches = read_instance(instance), read_solution(solution)
    found = faults(problem, batches)
    if found:
        fault = f"{solution.name} breaks {len(found)} rules of {instance.name}."
        return Report(data={"valid": False, "faults": list(found)}, lines=found, fault=fault)
    total = measured(problem, batches).total(problem.weights)
    told = f"{solution.name} is valid: {total / problem.scale:.6f} ({total}/{problem.scale})."
    data = {"valid": True, "faults": [], "total": total, "scale": problem.scale}
    return Report(data=data, lines=(told,))


@contextmanager
def _clocked(show: Callable[[float], None], within_s: float) -> Iterator[None]:
    """Show how much of a time is over while the block runs, which tells nothing itself."""
    ended, began_s = threading.Event(), time.monotonic()

    def tell() -> None:
        while not ended.wait(SHOWN_EVERY_S):
            show((time.monotonic() - began_s) / within_s)

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _figures(solution: Solution, scale: int) -> dict[str, Any]:
    return {
        "objective": solution.total / scale,
        "bound": solution.bound / scale,
        "gap_ratio": solution.gap_ratio,
        "proven": solution.proven,
        "total": solution.total,
        "scale": scale,
        "parts": vars(solution.objective),
        "moves": solution.moves,
    }
