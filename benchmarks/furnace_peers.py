"""Other solvers of the oven scheduling problem, each with one thread and as many seconds as ours.

PyJobShop and discrete-optimization live in an environment that is made for them in a folder and is
no dependency of Halite. Each answer is judged by Halite's rules: the furnaces and the order of the
batches are kept and each batch is timed as early as it can be, so that a shift or a set-up that a
package cannot state does not count against it.
"""

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from services.sintering.arrays import data_of
from services.sintering.batches import batches_of, state_of
from services.sintering.construct import construct
from services.sintering.problem import FAR, Batch, Problem
from services.sintering.proof import prove
from services.sintering.verdict import measured

MODELS = Path(__file__).with_name("furnace_models.py")
PACKAGES = ("pyjobshop", "discrete-optimization")
CP_SAT = "CP-SAT"
CP_SAT_JOBS = 100  # above it the model alone takes longer than a minute
GRACE_S = 20.0  # to load a package and to state the problem


@dataclass(frozen=True)
class Peers:
    """An interpreter that has the packages."""

    python: Path

    def total(self, name: str, problem: Problem, limit_s: float) -> int | None:
        """Return what a peer's plan costs; None when it has no valid one by then."""
        if name == CP_SAT:
            return _cp_sat(problem, limit_s)
        asked = json.dumps({**_stated(problem), "limit_s": limit_s})
        try:
            done = subprocess.run(
                [self.python, MODELS, name],
                input=asked,
                capture_output=True,
                text=True,
                timeout=limit_s + GRACE_S,
                check=True,
            )
        except subprocess.TimeoutExpired:
            return None
        except subprocess.CalledProcessError as error:
            print(f"{name} failed: {error.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return None
        found = json.loads(done.stdout.strip().splitlines()[-1])["batches"]
        return None if found is None else _judged(problem, found)


def installed(folder: Path) -> Peers:
    """Return the packages, installed into an environment in a folder unless they are there."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return Peers(python)


def _cp_sat(problem: Problem, limit_s: float) -> int | None:
    """Return what the plain model finds from the first valid plan."""
    if problem.n_jobs > CP_SAT_JOBS:
        return None
    batches, _ = prove(problem, construct(problem), 0, limit_s, 1)
    return _total(problem, batches)


def _judged(problem: Problem, found: Sequence[dict[str, Any]]) -> int | None:
    order = sorted(found, key=lambda item: (item["machine"], item["start"]))
    places: dict[int, int] = {}
    batches = []
    for item in order:
        place = places.get(item["machine"], 0)
        places[item["machine"]] = place + 1
        batches.append(Batch(machine=item["machine"], jobs=tuple(item["jobs"]), start=place))
    return _total(problem, batches_of(state_of(data_of(problem), batches)))


def _total(problem: Problem, batches: Sequence[Batch]) -> int | None:
    objective = measured(problem, batches)
    return None if objective.breaches else objective.total(problem.weights)


def _stated(problem: Problem) -> dict[str, Any]:
    each = problem.weights
    return {
        "jobs": [
            {
                "family": int(problem.attribute[job]),
                "size": int(problem.size[job, 0]),
                "eligible": np.flatnonzero(problem.eligible[job]).tolist(),
                "release": int(problem.release[job]),
                "due": int(problem.due[job]),
                "shortest": int(problem.shortest[job]),
                "longest": int(problem.longest[job]),
            }
            for job in range(problem.n_jobs)
        ],
        "machines": [
            {
                "capacity": int(problem.capacity[machine, 0]),
                "initial": int(problem.initial[machine]),
                "shifts": _shifts(problem, machine),
            }
            for machine in range(problem.n_machines)
        ],
        "set_up_time": problem.set_up_time[0].tolist(),
        "set_up_cost": problem.set_up_cost[0].tolist(),
        "weights": {
            "runtime": each.runtime,
            "late": each.late,
            "set_up_time": each.set_up_time,
            "set_up_cost": each.set_up_cost,
        },
        "batches": [list(batch.jobs) for batch in construct(problem)],
    }


def _shifts(problem: Problem, machine: int) -> list[list[int]]:
    spans = zip(
        problem.shift_start[machine].tolist(), problem.shift_end[machine].tolist(), strict=True
    )
    return [[start, end] for start, end in spans if start < FAR]
