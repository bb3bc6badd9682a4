"""Cuts a station off again and again and proves that its service needs no hand to go on.

`python -m tests.fault.reconnects --cycles 500 --seed 1`: prints a table; exit 1 on a violation.
"""

import argparse
import asyncio
import contextlib
import json
import math
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import psutil

from deploy.broker import Broker, find_program
from deploy.pki import ensure_pki
from deploy.postgres import PostgresServer
from services.sintering.main import build
from services.sintering.settings import SinteringSettings
from shared.app import Service
from shared.events import JobOrderEnded, JobOrderHeld
from shared.opcua import Access, StationClient
from shared.parts import Parts
from shared.ports import close_port
from shared.settings import StationSettings
from shared.stations import Sample
from tests.conftest import free_port
from tests.fault.proxy import Proxy, to_port
from tests.station.bench import Bench, Ground, bench, ground, job_order, lot, recipe

NAME = "gauge-1"
FIRST_RELEASED_AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
Kind = Literal["killed", "black hole", "link cut", "certificate renewed", "nodes changed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
RESTARTS: frozenset[Kind] = frozenset({"killed", "certificate renewed", "nodes changed"})
IDLE = ("mill-1", "mill-2", "dryer-1", "press-1", "furnace-1", "furnace-2", "furnace-3", NAME)
LOOK_S = 0.02
NONE_ENDED_FOR_S = 60.0  # a job takes about 2 s: none for so long means that one is lost
MOST_GROWTH_RATIO = 0.10
MOST_MORE_TASKS = 3
SETTLED_AFTER_RATIO = 0.3


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Wall seconds: stale after a loss, values after a return; how long a fault and work last.

    work_s: from values to the next fault, so that it strikes at any step of a job.
    """

    stale_s: float = 2.0
    flow_s: float = 10.0
    fault_s: tuple[float, float] = (2.2, 3.4)
    work_s: tuple[float, float] = (0.0, 1.5)


@dataclass(kw_only=True)
class Books:
    """What was seen: seconds by kind of fault, and sentences about what must not be."""

    stale_s: dict[Kind, list[float]] = field(default_factory=lambda: defaultdict(list))
    flow_s: dict[Kind, list[float]] = field(default_factory=lambda: defaultdict(list))
    violations: list[str] = field(default_factory=list)
    job_count: int = 0
    rss_mb: list[float] = field(default_factory=list)
    task_counts: list[int] = field(default_factory=list)

    def table(self) -> str:
        """Return the outcome for people."""
        lines = [
            f"{'fault':22} {'cycles':>6} {'stale max s':>12} {'values p50 s':>13} {'max s':>7}"
        ]
        for kind, flows in self.flow_s.items():
            median = sorted(flows)[len(flows) // 2]
            stale = max(self.stale_s[kind], default=0.0)
            lines.append(f"{kind:22} {len(flows):6} {stale:12.2f} {median:13.2f} {max(flows):7.2f}")
        lines.append(
            f"jobs run once: {self.job_count}; memory {self.rss_mb[0]:.0f} -> "
            f"{self.rss_mb[-1]:.0f} MB; tasks {self.task_counts[0]} -> {self.task_counts[-1]}"
        )
        return "\n".join([*lines, *(f"  violated: {sentence}" for sentence in self.violations)])


class Station(Protocol):
    """A station that can be started, killed and started otherwise.

    saved: where it keeps its starts. libraries, more: namespaces and values of its next start.
    """

    port: int
    saved: Path
    libraries: int
    more: int

    async def start(self) -> None:
        """Start it and wait until its port is open."""

    async def kill(self) -> None:
        """End it at once."""


class StationProcess:
    """The station as a process of its own."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self._data_dir, self.port = data_dir, port
        self.saved = data_dir / "station.json"
        self._process: asyncio.subprocess.Process | None = None
        self.libraries, self.more = 5, 0

    async def start(self) -> None:
        """Start it and wait until its port is open."""
        more = [f"extra_{place}_v" for place in range(self.more)]
        words = ["--name", NAME, "--data-dir", str(self._data_dir), "--saved", str(self.saved)]
        words += ["--endpoint", f"opc.tcp://127.0.0.1:{self.port}"]
        words += ["--libraries", str(self.libraries), "--more", *more]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.fault.station_process",
            *words,
            stdout=asyncio.subprocess.PIPE,
        )
        if self._process.stdout is None or await self._process.stdout.readline() != b"ready\n":
            raise AssertionError("the station's process ended before it was ready")

    async def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class Campaign:
    """One service, one station behind a proxy, many faults."""

    def __init__(
        self, plant: Bench, client: StationClient, proxy: Proxy, station: Station, seed: int
    ) -> None:
        self._plant, self._client, self._proxy, self._station = plant, client, proxy, station
        self._draw = random.Random(seed)
        self._released: list[str] = []
        self._heard_s = self._pause_s = 0.0
        self.books = Books()
        client.on_samples.append(self._hear)

    async def run(self, kinds: Sequence[Kind], limits: Limits, for_s: float = math.inf) -> Books:
        """Let each kind of fault happen in turn, for so long, then let all jobs end."""
        end_s = time.monotonic() + for_s
        await self._until(lambda: self._client.connected and self._heard_s > 0, 60.0)
        for place, kind in enumerate(kinds):
            if time.monotonic() > end_s:
                break
            await self._release()
            await asyncio.sleep(self._draw.uniform(*limits.work_s))
            await self._cycle(kind, limits)
            if place >= SETTLED_AFTER_RATIO * len(kinds):
                self._look_at_growth()
        await self._drained()
        self._judge_growth()
        return self.books

    def _hear(self, _samples: Sequence[Sample]) -> None:
        self._heard_s = time.monotonic()

    async def _cycle(self, kind: Kind, limits: Limits) -> None:
        began_s, self._pause_s = time.monotonic(), 0.0
        await self._fail(kind)
        await self._until(lambda: not self._client.connected, 60.0)
        stale_s = time.monotonic() - began_s
        lasts_s = self._draw.uniform(*limits.fault_s)
        await asyncio.sleep(max(0.0, lasts_s - stale_s))
        await self._mend(kind)
        back_s = time.monotonic()
        await self._until(lambda: self._client.connected and self._heard_s > back_s, 120.0)
        flow_s = time.monotonic() - back_s
        self.books.stale_s[kind].append(stale_s)
        self.books.flow_s[kind].append(flow_s)
        if stale_s > limits.stale_s:
            own = f"this process itself hung for up to {self._pause_s:.2f} s meanwhile"
            self._violate(f"{kind}: stale only after {stale_s:.2f} s; {own}")
        if flow_s > limits.flow_s:
            self._violate(f"{kind}: values only {flow_s:.2f} s after the return")

    async def _fail(self, kind: Kind) -> None:
        if kind in RESTARTS:
            await self._station.kill()
        elif kind == "black hole":
            self._proxy.hole()
        else:
            self._proxy.cut()

    async def _mend(self, kind: Kind) -> None:
        if kind == "certificate renewed":
            folder = self._plant.service.settings.pki_dir
            for file in ("cert.der", "key.pem"):
                (folder / NAME / file).unlink()
            await asyncio.to_thread(ensure_pki, folder, self._plant.service.plant)
        if kind == "nodes changed":
            self._station.libraries = self._draw.randint(0, 12)
            self._station.more = self._draw.randint(0, 20)
        if kind in RESTARTS:
            await self._station.start()
        self._proxy.heal()

    async def _release(self) -> None:
        name = f"R{len(self._released)}"
        released_at = FIRST_RELEASED_AT + timedelta(minutes=len(self._released))
        order = job_order(
            f"{name}-g",
            "gauge",
            "gauge",
            [lot(name, "ose_pellet", "processed")],
            released_at=released_at,
        )
        await self._plant.release(order)
        self._released.append(order.job_order_id)

    async def _drained(self) -> None:
        ended: set[str] = set()
        progress_s = time.monotonic()
        while ended != set(self._released) and time.monotonic() < progress_s + NONE_ENDED_FOR_S:
            known = len(ended)
            ended = {event.job_order_id for event in await self._plant.said(JobOrderEnded)}
            if len(ended) > known:
                progress_s = time.monotonic()
            await asyncio.sleep(LOOK_S)
        starts = Counter(self._station_starts())
        self.books.job_count = sum(count == 1 for count in starts.values())
        for job_order_id in sorted(set(self._released) - ended):
            self._violate(f"{job_order_id} has not ended")
        for job_order_id, count in starts.items():
            if count != 1:
                self._violate(f"{job_order_id} started {count} times")
        for event in await self._plant.said(JobOrderHeld):
            self._violate(f"{event.job_order_id} held: {event.reason}")

    def _station_starts(self) -> list[str]:
        starts: list[str] = json.loads(self._station.saved.read_text())[NAME]["starts"]
        return starts

    def _look_at_growth(self) -> None:
        self.books.rss_mb.append(psutil.Process().memory_info().rss / 1e6)
        self.books.task_counts.append(len(asyncio.all_tasks()))

    def _judge_growth(self) -> None:
        first, last = self.books.rss_mb[0], self.books.rss_mb[-1]
        if last > first * (1 + MOST_GROWTH_RATIO):
            self._violate(f"memory grew from {first:.0f} to {last:.0f} MB")
        tasks = self.books.task_counts
        if tasks[-1] > tasks[0] + MOST_MORE_TASKS:
            self._violate(f"tasks grew from {tasks[0]} to {tasks[-1]}")

    def _violate(self, sentence: str) -> None:
        self.books.violations.append(sentence)

    async def _until(self, condition: Any, within_s: float) -> None:
        give_up_s = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > give_up_s:
                trouble = f"connected {self._client.connected}, trouble {self._client.trouble}"
                raise AssertionError(f"not within {within_s} s: {trouble}")
            began_s = time.monotonic()
            await asyncio.sleep(LOOK_S)
            self._pause_s = max(self._pause_s, time.monotonic() - began_s - LOOK_S)


@contextlib.asynccontextmanager
async def campaign(
    on: Ground, folder: Path, seed: int, make: Callable[[Path, int], Station] = StationProcess
) -> AsyncIterator[Campaign]:
    """A sintering service whose gauge stands behind a proxy.

    make: makes the gauge from the data folder and its port.
    """
    clients: dict[str, StationClient] = {}

    def connect(settings: StationSettings, access: Access) -> StationClient:
        clients[settings.name] = StationClient(settings, access)
        return clients[settings.name]

    def wire(values: dict[str, Any], parts: Parts) -> Service:
        return build(SinteringSettings(**values), replace(parts, station=connect))

    async with bench("sintering", wire, on, folder, idle=IDLE) as plant:
        reply = await plant.post(
            "/master-data", {"master_recipes": [recipe("gauge", "gauge", part_duration_s=4)]}
        )
        reply.raise_for_status()
        endpoints = {item.name: item.endpoint for item in plant.service.plant.station}
        station = make(folder, free_port())
        proxy = Proxy(to_port(station.port))
        front = int(endpoints[NAME].rpartition(":")[2])
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", front)
        await station.start()
        try:
            yield Campaign(plant, clients[NAME], proxy, station, seed)
        finally:
            await station.kill()
            await close_port(server)
            await proxy.end()


async def _run(cycles: int, seed: int, for_s: float) -> Books:
    with tempfile.TemporaryDirectory(prefix="halite-reconnects-") as name:
        folder = Path(name)
        postgres = PostgresServer(folder / "postgres", folder / "log", durable=False)
        broker = Broker(folder / "broker", free_port(), folder / "log", find_program())
        postgres.start()
        broker.start()
        try:
            keys, work = folder / "keys", folder / "work"
            keys.mkdir()
            work.mkdir()
            on = await ground(postgres, broker, keys)
            kinds = [KINDS[place % len(KINDS)] for place in range(cycles)]
            random.Random(seed).shuffle(kinds)
            async with campaign(on, work, seed) as running:
                return await running.run(kinds, Limits(), for_s)
        finally:
            broker.stop()
            postgres.stop()


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when a limit was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.reconnects", description=__doc__)
    parser.add_argument("--cycles", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no cycle later")
    options = parser.parse_args(words)
    began_s = time.monotonic()
    books = asyncio.run(_run(options.cycles, options.seed, 60 * options.minutes))
    count = sum(len(flows) for flows in books.flow_s.values())
    print(f"seed {options.seed}: {count} cycles in {time.monotonic() - began_s:.0f} s")
    print(books.table())
    return 1 if books.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
