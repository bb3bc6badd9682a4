"""The planner: a process of its own that improves a furnace plan, so that the service stays free.

One problem on stdin, one solution on stdout; it loads the compiler and ends with its answer.
"""

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path

from services.sintering.problem import Batch, Problem
from services.sintering.solver import Budget, Solution, solve
from shared.errors import ServiceUnreachableError

ROOT = Path(__file__).resolve().parents[2]
LOADING_S = 120.0  # of the compiler, with the compilation on a slow machine


class Planner:
    """The door to planner processes."""

    async def solve(self, problem: Problem, start: Sequence[Batch], limit_s: float) -> Solution:
        """Return a better plan than `start`, searched for `limit_s` wall seconds.

        Cancel it to end the process.

        Raises:
            ServiceUnreachableError: the process died or gave no answer in time.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.sintering.planner",
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )
        asked = pickle.dumps((problem, tuple(start), limit_s))
        try:
            async with asyncio.timeout(LOADING_S + limit_s):
                answer, _ = await process.communicate(asked)
            solution = pickle.loads(answer)
        except (TimeoutError, OSError, EOFError, pickle.UnpicklingError) as error:
            raise ServiceUnreachableError(f"planner: no plan: {error!r}") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if not isinstance(solution, Solution):
            raise ServiceUnreachableError(f"planner: answered {type(solution).__name__}")
        return solution


def main() -> None:
    """Answer the one question on stdin."""
    os.nice(5)  # what drives the stations goes first
    problem, start, limit_s = pickle.load(sys.stdin.buffer)
    solution = solve(problem, Budget(limit_s=limit_s), start=start)
    sys.stdout.buffer.write(pickle.dumps(solution))


if __name__ == "__main__":
    main()
