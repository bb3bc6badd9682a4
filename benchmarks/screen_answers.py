"""Times what each screen asks of a running plant, with many users who look at it at once."""

import argparse
import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping

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
# The pages of one thing, of the newest cell that there is.
OF_A_CELL = {
    "a cell": "/api/cells/{}",
    "its device history": "/api/trace/lots/{}/device-history",
}


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
    print(f"{'screen':<20} {'answers':>8} {'refused':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for name, (waits_s, refused) in found.items():
        marks = [f"{1000 * percentile(waits_s, ratio):8.0f}" for ratio in (0.5, 0.95, 0.99)]
        print(f"{name:<20} {len(waits_s):>8} {refused:>8} {' '.join(marks)}")


async def measured(
    url: str, key: str, options: argparse.Namespace
) -> dict[str, tuple[list[float], int]]:
    """Return by screen how long its answers took, and how many were no success."""
    waits_s: defaultdict[str, list[float]] = defaultdict(list)
    refused: defaultdict[str, int] = defaultdict(int)
    ends_s = time.monotonic() + options.seconds

    async def look(http: httpx.AsyncClient, asked: Mapping[str, str], first: int) -> None:
        """One user goes through the screens, each beginning at another one."""
        names = list(asked)
        place = first
        while time.monotonic() < ends_s:
            name = names[place % len(names)]
            begun_s = time.monotonic()
            answer = await http.get(asked[name])
            waits_s[name].append(time.monotonic() - begun_s)
            refused[name] += not answer.is_success
            place += 1
            await asyncio.sleep(options.pause)

    headers = {"authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=options.users)
    async with httpx.AsyncClient(
        base_url=url, headers=headers, trust_env=False, timeout=60, limits=limits
    ) as http:
        asked = QUESTIONS | await _pages_of_a_cell(http)
        await asyncio.gather(*(look(http, asked, number) for number in range(options.users)))
    return {name: (waits_s[name], refused[name]) for name in asked if waits_s[name]}


async def _pages_of_a_cell(http: httpx.AsyncClient) -> dict[str, str]:
    """Return the questions of the newest cell's pages; none in a plant without cells."""
    cells = (await http.get("/api/cells?limit=1")).raise_for_status().json()["items"]
    ids = [cell["cell_id"] for cell in cells]
    return {name: path.format(ids[0]) for name, path in OF_A_CELL.items() if ids}


if __name__ == "__main__":
    main()
