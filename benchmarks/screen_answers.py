"""Times what each screen asks of a running plant, with many users who look at it at once."""

import argparse
import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from benchmarks.peers import percentile

QUESTIONS = {
    "overview": "/api/overview",
    "alarms": "/api/alarm-list",
    "alarm figures": "/api/alarm-figures?hours=24",
    "losses": "/api/oee?hours=24",
    "handover": "/api/handover-draft",
    "handovers": "/api/handovers",
    "maintenance": "/api/maintenance",
    "cells": "/api/cells?limit=200",
    "lots": "/api/lots?limit=200",
    "search": "/api/trace/search?text=WR",
    "audit": "/api/trace/audit",
    "furnaces": "/api/sintering/furnaces",
    "furnace plan": "/api/sintering/furnace-plan",
    "furnace loads": "/api/sintering/furnace-loads",
    "racks": "/api/formation/racks",
    "tests": "/api/formation/test-runs?limit=50",
    "stacks": "/api/lamination/stacks-to-build",
    "open exposures": "/api/quality/open-exposures",
    "sodium": "/api/execution/sodium",
    "gates": "/api/quality/undecided",
    "control charts": "/api/quality/control-charts",
    "nonconformances": "/api/quality/nonconformances",
    "spraying": "/api/spray/stations",
    "spray jobs": "/api/spray/spray-jobs?limit=50",
    "certificates": "/api/plc/trust",
    "set aside": "/api/set-aside",
}
# The pages of one thing, of a cell.
OF_A_CELL = {
    "a cell": "/api/cells/{}",
    "its device history": "/api/trace/lots/{}/device-history",
}


@dataclass(kw_only=True)
class Answers:
    """How long each answer took, and how many of each status were no success."""

    waits_s: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        marks = [f"{1000 * percentile(self.waits_s, ratio):8.0f}" for ratio in (0.5, 0.95, 0.99)]
        refused = ", ".join(f"{count} of {status}" for status, count in self.refused.items())
        return f"{len(self.waits_s):>8} {' '.join(marks)} {refused or '-'}"


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--key-file", required=True, help="a key of the gateway that may read")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument(
        "--pause", type=float, default=2.0, help="seconds a user looks at an answer"
    )
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with open(options.key_file) as file:
        key = file.read().strip()
    found = asyncio.run(measured(options.url, key, options))
    tell(found)


def tell(found: Mapping[str, Answers]) -> None:
    """Print a row a screen, and all of them together."""
    print(f"{'screen':<20} {'answers':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} no success")
    together = Answers()
    for name, answers in found.items():
        together.waits_s += answers.waits_s
        together.refused.update(answers.refused)
        print(f"{name:<20} {answers}")
    print(f"{'all':<20} {together}")


async def measured(url: str, key: str, options: argparse.Namespace) -> dict[str, Answers]:
    """Return by screen what its users were answered."""
    found: defaultdict[str, Answers] = defaultdict(Answers)
    ends_s = time.monotonic() + options.seconds

    async def look(http: httpx.AsyncClient, asked: Mapping[str, str], first: int) -> None:
        """One user goes through the screens, each beginning at another one, at another moment."""
        names = list(asked)
        await asyncio.sleep(options.pause * first / options.users)
        place = first
        while time.monotonic() < ends_s:
            name = names[place % len(names)]
            begun_s = time.monotonic()
            answer = await http.get(asked[name])
            found[name].waits_s.append(time.monotonic() - begun_s)
            if not answer.is_success:
                found[name].refused[answer.status_code] += 1
            place += 1
            await asyncio.sleep(options.pause)

    headers = {"authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=options.users)
    async with httpx.AsyncClient(
        base_url=url, headers=headers, trust_env=False, timeout=60, limits=limits
    ) as http:
        asked = QUESTIONS | await _pages_of_a_cell(http)
        await asyncio.gather(*(look(http, asked, number) for number in range(options.users)))
    return {name: found[name] for name in asked if name in found}


async def _pages_of_a_cell(http: httpx.AsyncClient) -> dict[str, str]:
    """Return the questions of a cell's pages, of one that is built, else of one that is planned."""
    cells = (await http.get("/api/cells?limit=200")).raise_for_status().json()["items"]
    pages: dict[str, str] = {}
    for cell in cells:
        asked = {name: path.format(cell["cell_id"]) for name, path in OF_A_CELL.items()}
        pages = {name: path for name, path in asked.items() if (await http.get(path)).is_success}
        if pages == asked:
            break
    return pages


if __name__ == "__main__":
    main()
