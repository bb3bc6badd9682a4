"""`halite sintering`: solve and check instances of the oven scheduling problem."""

import json
import os
from pathlib import Path
from typing import Any

import click

from services.sintering.osp import read_instance, read_solution, solution_text
from services.sintering.solver import Budget, Solution, solve
from services.sintering.verdict import faults, measured

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(name="sintering")
def command() -> None:
    """Furnace plans outside a plant: published instances, to compare with other solvers."""


@command.command(name="solve")
@click.argument("instance", type=FILE)
@click.option("--time", "limit_s", type=click.FloatRange(min=0.1), default=60.0, help="Seconds.")
@click.option("--seed", type=int, default=1, help="Of the search.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the solution here, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def solve_instance(
    instance: Path, limit_s: float, seed: int, out: Path | None, as_json: bool
) -> None:
    """Plan an INSTANCE (.dzn or .dat) and print what the plan costs and how far it may be off."""
    problem = read_instance(instance)
    workers = min(2, os.cpu_count() or 1)
    solution = solve(problem, Budget(limit_s=limit_s), seed=seed, workers=workers)
    figures = _figures(solution, problem.scale)
    if out is not None:
        out.write_text(solution_text(instance.name, solution.batches, figures))
    if as_json:
        click.echo(json.dumps({"instance": instance.name, **figures}))
        return
    parts = ", ".join(f"{name} {value}" for name, value in vars(solution.objective).items())
    gap = solution.gap_ratio
    click.echo(f"{instance.name}: {figures['objective']:.6f} ({parts})")
    if solution.proven:
        click.echo("No plan is better: proven.")
    else:
        share = "unknown" if gap is None else f"{gap:.2%}"
        click.echo(f"Lower bound {figures['bound']:.6f}, gap {share}.")


@command.command(name="check")
@click.argument("instance", type=FILE)
@click.argument("solution", type=FILE)
def check_solution(instance: Path, solution: Path) -> None:
    """Check a SOLUTION of an INSTANCE; ends with 1 when it breaks a rule."""
    problem, batches = read_instance(instance), read_solution(solution)
    found = faults(problem, batches)
    for line in found:
        click.echo(line)
    if found:
        raise click.ClickException(f"{solution.name} breaks {len(found)} rules of {instance.name}.")
    total = measured(problem, batches).total(problem.weights)
    click.echo(f"{solution.name} is valid: {total / problem.scale:.6f} ({total}/{problem.scale}).")


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
