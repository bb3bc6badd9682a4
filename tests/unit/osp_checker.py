"""Judges a solution of the published oven scheduling problem; shares no code with the product.

Works on the text of the instance and on plain dictionaries, one rule of the paper after another.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """Broken rules, and the integer objective of what was given."""

    broken: list[str]
    objective: int


def numbers(text: str, name: str) -> list[int]:
    """Return the numbers of one statement of an instance."""
    found = re.search(rf"(?:^|[;\s]){name}\s*=\s*([^;]*);", text)
    return [int(word) for word in re.findall(r"-?\d+", found.group(1))] if found else []


def judge(text: str, batches: Sequence[dict[str, Any]]) -> Verdict:
    """Check batches of machine, start, end and jobs (all from 1) against an instance."""
    n, m, a, width = (numbers(text, name)[0] for name in ("n", "m", "a", "s"))
    of_job = {
        name: dict(enumerate(numbers(text, name), 1))
        for name in ("earliest_start", "latest_end", "min_time", "max_time", "size", "attribute")
    }
    groups = re.findall(r"\{([^}]*)\}", re.search(r"eligible_machine\s*=([^;]*);", text).group(1))  # type: ignore[union-attr]
    eligible = {job: {int(k) for k in group.split(",")} for job, group in enumerate(groups, 1)}
    starts, ends = numbers(text, "m_a_s"), numbers(text, "m_a_e")
    times, costs = numbers(text, "setup_times"), numbers(text, "setup_costs")
    capacity, first = numbers(text, "max_cap"), numbers(text, "initState")
    broken = []
    if sorted(job for batch in batches for job in batch["jobs"]) != list(range(1, n + 1)):
        broken.append("not every job is in exactly one batch")
    runtime = late = set_up_time = set_up_cost = 0
    for machine in range(1, m + 1):
        before, free = first[machine - 1], None
        shifts = range((machine - 1) * width, machine * width)
        for batch in sorted(
            (batch for batch in batches if batch["machine"] == machine), key=lambda b: b["start"]
        ):
            jobs, start, end = batch["jobs"], batch["start"], batch["end"]
            own = of_job["attribute"][jobs[0]]
            row = (before - 1) * a + own - 1
            name = f"machine {machine} at {start}"
            rules = {
                "attribute": {of_job["attribute"][job] for job in jobs} == {own},
                "capacity": sum(of_job["size"][job] for job in jobs) <= capacity[machine - 1],
                "eligible": all(machine in eligible[job] for job in jobs),
                "release": all(start >= of_job["earliest_start"][job] for job in jobs),
                "duration": end - start == max(of_job["min_time"][job] for job in jobs),
                "maximum": all(end - start <= of_job["max_time"][job] for job in jobs),
                "set-up": free is None or start - times[row] >= free,
                "shift": any(
                    starts[shift] <= start - times[row] and end <= ends[shift] for shift in shifts
                ),
            }
            broken += [f"{name}: {rule}" for rule, kept in rules.items() if not kept]
            runtime += end - start
            late += sum(end > of_job["latest_end"][job] for job in jobs)
            set_up_time += times[row]
            set_up_cost += costs[row]
            before, free = own, end
    factors = ("total_runtime", "finished_toolate", "total_setuptimes", "total_setupcosts")
    parts = (runtime, late, set_up_time, set_up_cost)
    weights = [numbers(text, f"mult_factor_{name}")[0] for name in factors]
    return Verdict(broken, sum(w * part for w, part in zip(weights, parts, strict=True)))
