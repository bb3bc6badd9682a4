"""A whole plant at work: many stations, tester channels, operators and screens on one machine.

`python -m benchmarks.working_hour --stations 50 --users 50 --seconds 3600` starts a plant of its
own with simulators, keeps so many orders of coin cells under way that its channels fill, starts the
plant again at each speed that is measured, lets users go through all screens while each has a tab
open, and prints what that took: answers, refusals, CPU and memory of each process. Stations beyond
the example's are copies of those in its plant file.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import re
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import psutil
import yaml

from benchmarks.opcua_client import cpu_s
from benchmarks.opcua_to_web import overview_link
from benchmarks.peers import ROOT
from benchmarks.screen_answers import measured, tell
from tests.fault.orders import MASTER_DATA, SMALL_ORDER, goes_on
from tests.fault.victims import running
from tests.fault.watch import memory_mb
from tests.plant import Plant

# Which stations are copied, in turn: those that a line has most of.
COPIED = ("eap", "laminator", "sealer", "analyser", "furnace", "rack", "eap", "mill", "dryer")
FIRST_COPY_PORT = 8200  # in the plant file's own count, beyond all that the example uses
COIN_CHANNELS = [f"1-{unit}-*" for unit in range(1, 18)]
CELLS = 20  # of an order
LOOK_S = 15.0


@dataclass(kw_only=True)
class Seen:
    """What a plant was seen to do.

    channels: that test a cell, at each look. behind: events that a service had not read, the most
    of each look. memory_mb: of each process with its children, at each look. refused: what was
    answered instead of cells, channels or the overview.
    """

    frames: int = 0
    tabs_lost: int = 0
    channels: list[int] = field(default_factory=list)
    behind: list[int] = field(default_factory=list)
    memory_mb: list[dict[str, float]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=50)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--orders", type=int, default=8, help="under way at once, of 20 coin cells")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--fill", type=float, default=600.0, help="seconds before it is measured")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds a user looks at a screen")
    parser.add_argument("--fill-speed", type=float, default=300.0, help="plant per wall time")
    parser.add_argument("--speeds", type=float, nargs="+", default=[300.0], help="each measured")
    parser.add_argument("--port", type=int, default=19_200)
    options = parser.parse_args()
    with _plant(options) as plant:
        content = master_data(options.stations).encode()
        plant.post("/api/master-data", content, "working-hour-master-data").raise_for_status()
        numbers = itertools.count(1)
        asyncio.run(fill(plant, options, numbers))
        for speed in options.speeds:
            if speed != plant.speed:
                plant.stop()
                plant.speed = speed
                plant.start()
            print(f"at {speed:g} times real time:")
            asyncio.run(work(plant, options, numbers))


@contextlib.contextmanager
def _plant(options: Namespace) -> Iterator[Plant]:
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "many.toml").write_text(plant_file(options.stations))
        words = ("deploy.local", "--plant", str(folder / "many.toml"))
        plant = Plant(folder / "data", options.port, options.fill_speed, command=words)
        plant.start()
        try:
            yield plant
        finally:
            plant.stop()


def plant_file(stations: int) -> str:
    """Return the example's plant file with copies of its stations until there are so many."""
    text = (ROOT / "deploy/plant.toml").read_text()
    text = re.sub(r'channels = \["1-15-\*".*\]', f"channels = {json.dumps(COIN_CHANNELS)}", text)
    blocks = _blocks(text)
    first = {kind: next(b for b in blocks if f'kind = "{kind}"' in b) for kind in COPIED}
    copies = []
    for port, (kind, number) in enumerate(_copied(stations), FIRST_COPY_PORT):
        block = re.sub(r'-1"\n', f'-{number}"\n', first[kind], count=1)
        copies.append(re.sub(r":\d+", f":{port}", block, count=1))
    return "\n".join((text, *copies))


def master_data(stations: int) -> str:
    """Return the example's master data, in which each copy of a station is as good as the first."""
    content = yaml.safe_load(MASTER_DATA)
    for lists in content.values():
        for entries in lists.values():
            entries += [
                json.loads(text.replace(f'{kind}-1"', f'{kind}-{number}"'))
                for text in map(partial(json.dumps, default=str), list(entries))
                for kind, number in _copied(stations)
                if re.search(rf'"(station|equipment_id)": "(\S*/)?{kind}-1"', text)
            ]
    return yaml.safe_dump(content)


def _blocks(plant: str) -> list[str]:
    return re.findall(r"^\[\[station\]\]\n(?:(?!\[|#).+\n)+", plant, flags=re.MULTILINE)


def _copied(stations: int) -> list[tuple[str, int]]:
    """Return kind and number of each copy; the example has fewer than ten of a kind."""
    count = stations - len(_blocks((ROOT / "deploy/plant.toml").read_text()))
    return [(COPIED[copy % len(COPIED)], copy + 10) for copy in range(count)]


async def fill(plant: Plant, options: Namespace, numbers: Iterator[int]) -> None:
    """Keep orders under way until the channels have cells to test."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(options.fill):
            await _keep_busy(plant, options.orders, Seen(), numbers)


async def work(plant: Plant, options: Namespace, numbers: Iterator[int]) -> None:
    """Let the users of a plant work, and print what came of it."""
    seen, key = Seen(), plant.key.strip()
    async with asyncio.TaskGroup() as tasks:
        others = [tasks.create_task(_keep_busy(plant, options.orders, seen, numbers))]
        others += [tasks.create_task(_tab(plant.port, key, seen)) for _ in range(options.users)]
        others.append(tasks.create_task(_look(plant, seen)))
        before_s, begun_s = _cpu(plant), time.monotonic()
        answers = await measured(plant.url, key, options)
        took_s, after_s = time.monotonic() - begun_s, _cpu(plant)
        for task in others:
            task.cancel()
    tell(answers)
    print(f"after {took_s:.0f} s:")
    _tell(seen, cells=plant.get("/api/cells", limit=1)["total"])
    print(f"{'process':<36}{'cores':>8}{'MB':>8}{'grown by':>10}")
    first, last = seen.memory_mb[0], seen.memory_mb[-1]
    for name, spent_s in sorted(after_s.items(), key=lambda item: -item[1]):
        share = (spent_s - before_s.get(name, 0.0)) / took_s
        used_mb = last.get(name, 0.0)
        print(f"{name:<36}{share:>8.3f}{used_mb:>8.0f}{used_mb - first.get(name, 0.0):>10.0f}")


def _tell(seen: Seen, cells: int) -> None:
    print(f"frames of live screens {seen.frames}, tabs lost {seen.tabs_lost}; cells {cells}")
    print(f"channels that test, by look: {seen.channels}")
    for reply in seen.refused:
        print(f"a look was refused: {reply}")
    print(f"most events that a service had not read at a look: {max(seen.behind, default=0)}")


def _cpu(plant: Plant) -> dict[str, float]:
    """Return the CPU seconds of each process with its children, which may have ended."""
    spent: dict[str, float] = {}
    for name, process in running(plant.pid).items():
        times = process.cpu_times()
        spent[name] = times.user + times.system + times.children_user + times.children_system
        for child in process.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                spent[name] += cpu_s(child)
    return spent


async def _keep_busy(plant: Plant, orders: int, seen: Seen, numbers: Iterator[int]) -> None:
    """Keep so many orders with a cell that has not ended all its steps."""
    async with _client(plant) as http:
        while True:
            reply = await http.get("/api/cells", params={"limit": 2000})
            if reply.is_success:
                cells = reply.json()["items"]
                going = {cell["work_request_id"] for cell in cells if goes_on(cell)}
                for _ in range(orders - len(going)):
                    await _order(http, next(numbers))
            else:
                seen.refused.append(f"{reply.status_code} {reply.text}")
            await asyncio.sleep(LOOK_S)


async def _order(http: httpx.AsyncClient, number: int) -> None:
    name = f"WR-HOUR-{number:03d}"
    headers = {"Idempotency-Key": name, "Content-Type": "application/yaml"}
    reply = await http.post("/api/work-schedules", content=coin_order(name, CELLS), headers=headers)
    reply.raise_for_status()


def coin_order(name: str, cells: int) -> str:
    """Return an order of coin cells with all its material, whose ids all begin with its name."""
    text = SMALL_ORDER.decode().replace("small-order-1", f"{name}-schedule")
    order = yaml.safe_load(text.replace("lot_id: S-", f"lot_id: {name}-"))
    for lot in order["material_lots"]:
        lot["quantity"] *= cells
    order["work_requests"][0] |= {"work_request_id": name, "quantity": cells}
    return yaml.safe_dump(order)


async def _tab(port: int, key: str, seen: Seen) -> None:
    """Keep the overview open, as a tab does; one that loses its link is counted and comes again."""
    while True:
        with contextlib.suppress(OSError):
            async with overview_link(port, key) as link:
                async for _ in link:
                    seen.frames += 1
        seen.tabs_lost += 1
        await asyncio.sleep(1.0)


async def _look(plant: Plant, seen: Seen) -> None:
    """Note channels, waiting events and memory again and again."""
    async with _client(plant) as http:
        while True:
            seen.memory_mb.append(await asyncio.to_thread(memory_mb, plant.pid))
            channels = await http.get("/api/formation/channels")
            overview = await http.get("/api/overview")
            for reply in (channels, overview):
                if not reply.is_success:
                    seen.refused.append(f"{reply.status_code} {reply.text}")
            if channels.is_success and overview.is_success:
                testing = [one for one in channels.json()["items"] if one["lot_id"]]
                seen.channels.append(len(testing))
                services = overview.json()["services"]
                seen.behind.append(max(service["behind_count"] for service in services))
            await asyncio.sleep(LOOK_S)


def _client(plant: Plant) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {plant.key.strip()}"}
    return httpx.AsyncClient(base_url=plant.url, headers=headers, trust_env=False, timeout=60)


if __name__ == "__main__":
    main()
