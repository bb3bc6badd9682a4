"""Cuts stations off again and again and proves that their service needs no hand to go on.

`python -m tests.fault.reconnects --cycles 500 --seed 1`: prints a table; exit 1 on a violation.
Several stations, each a process of its own, are cut off at the same time.
"""

import argparse
import asyncio
import contextlib
import json
import math
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
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
from shared.settings import PlantSettings, StationSettings
from shared.stations import Sample
from tests.conftest import free_port
from tests.fault.nursery import StationProcess, nursery
from tests.fault.proxy import Proxy, proxy_to, to_port
from tests.station.bench import Bench, Ground, bench, ground, job_order, lot, recipe

NAME = "gauge-1"
FIRST_RELEASED_AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
Kind = Literal["killed", "black hole", "link cut", "certificate renewed", "nodes changed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
RESTARTS: frozenset[Kind] = frozenset({"killed", "certificate renewed", "nodes changed"})
IDLE = ("mill-1", "mill-2", "dryer-1", "press-1", "furnace-1", "furnace-2", "furnace-3")
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

    def table(self, limits: Limits) -> str:
        """Return the outcome for people."""
        head = ("fault", "cycles", "stale p50 s", "max s", "late", "values p50 s", "max s", "late")
        lines = ["{:22}{:>8}{:>13}{:>8}{:>6}{:>14}{:>8}{:>6}".format(*head)]
        for kind, flows in self.flow_s.items():
            stale = self.stale_s[kind]
            lines.append(
                f"{kind:22}{len(flows):8}"
                f"{_median(stale):13.2f}{max(stale):8.2f}{_over(stale, limits.stale_s):6}"
                f"{_median(flows):14.2f}{max(flows):8.2f}{_over(flows, limits.flow_s):6}"
            )
        lines.append(
            f"jobs run once: {self.job_count}; memory {self.rss_mb[0]:.0f} -> "
            f"{self.rss_mb[-1]:.0f} MB; tasks {self.task_counts[0]} -> {self.task_counts[-1]}"
        )
        return "\n".join([*lines, *(f"  violated: {sentence}" for sentence in self.violations)])


def _median(seconds: Sequence[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]


def _over(seconds: Sequence[float], limit_s: float) -> int:
    return sum(one > limit_s for one in seconds)


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


class Wardrobe:
    """Certificates made beforehand: making a key hangs a process, and this one is measured."""

    def __init__(self, folder: Path, plant: PlantSettings) -> None:
        self._pki, self._spares = folder / "pki", [folder / f"spare-{place}" for place in range(3)]
        self._given: Counter[str] = Counter()
        for spare in self._spares:
            ensure_pki(spare, plant)

    def renew(self, station: StationSettings) -> None:
        """Give a station its next certificate and key."""
        name = station.name
        spare = self._spares[self._given[name] % len(self._spares)] / name
        self._given[name] += 1
        for file in ("key.pem", "cert.der"):
            shutil.copyfile(spare / file, self._pki / name / file)
        trusted = self._pki / station.service / "trusted"
        shutil.copyfile(spare / "cert.der", trusted / f"{name}.der")


class Victim:
    """One station behind a proxy, and what its service's client says of it meanwhile."""

    def __init__(self, client: StationClient, proxy: Proxy, station: Station, seed: str) -> None:
        self._client, self._proxy, self.station = client, proxy, station
        self.draw = random.Random(seed)
        self._name = client.settings.name
        self._heard_s = self._pause_s = 0.0
        client.on_samples.append(self._hear)

    def _hear(self, _samples: Sequence[Sample]) -> None:
        self._heard_s = time.monotonic()

    @property
    def _flows(self) -> bool:
        return self._client.connected and self._heard_s > 0

    async def ready(self) -> None:
        """Wait until its values come in."""
        await self._until(lambda: self._flows, 120.0)

    def starts(self) -> list[str]:
        """Return the job orders that it started, as it kept them itself."""
        starts: list[str] = json.loads(self.station.saved.read_text())[self._name]["starts"]
        return starts

    async def cycle(
        self, kind: Kind, limits: Limits, books: Books, renew: Callable[[StationSettings], None]
    ) -> None:
        """Let one fault happen and wait until values come in again.

        renew: gives the station a new certificate. What the client says is watched while
        the fault comes about: a killed process may take long to be gone, but says no more.
        """
        await self.ready()
        began_s, self._pause_s = time.monotonic(), 0.0
        failing = asyncio.create_task(self._fail(kind))
        await self._until(lambda: not self._client.connected, 60.0)
        stale_s = time.monotonic() - began_s
        await failing
        await asyncio.sleep(max(0.0, self.draw.uniform(*limits.fault_s) - stale_s))
        await self._mend(kind, renew)
        back_s, before = time.monotonic(), self._proxy.connection_count
        await self._until(lambda: self._client.connected and self._heard_s > back_s, 120.0)
        flow_s = time.monotonic() - back_s
        books.stale_s[kind].append(stale_s)
        books.flow_s[kind].append(flow_s)
        own = f"this process itself hung for up to {self._pause_s:.2f} s meanwhile"
        if stale_s > limits.stale_s:
            books.violations.append(f"{kind}: stale only after {stale_s:.2f} s; {own}")
        if flow_s > limits.flow_s:
            tries = self._proxy.connection_count - before
            books.violations.append(
                f"{kind}: values only {flow_s:.2f} s after the return, {tries} connections; {own}"
            )

    async def _fail(self, kind: Kind) -> None:
        if kind in RESTARTS:
            await self.station.kill()
        elif kind == "black hole":
            self._proxy.hole()
        else:
            self._proxy.cut()

    async def _mend(self, kind: Kind, renew: Callable[[StationSettings], None]) -> None:
        if kind == "certificate renewed":
            renew(self._client.settings)
        if kind == "nodes changed":
            self.station.libraries = self.draw.randint(0, 12)
            self.station.more = self.draw.randint(0, 20)
        if kind in RESTARTS:
            await self.station.start()
        self._proxy.heal()

    async def _until(self, condition: Callable[[], bool], within_s: float) -> None:
        give_up_s = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > give_up_s:
                trouble = f"connected {self._client.connected}, trouble {self._client.trouble}"
                raise AssertionError(f"{self._name}: not within {within_s} s: {trouble}")
            began_s = time.monotonic()
            await asyncio.sleep(LOOK_S)
            self._pause_s = max(self._pause_s, time.monotonic() - began_s - LOOK_S)


class Campaign:
    """One service, some stations, many faults."""

    def __init__(self, plant: Bench, victims: Sequence[Victim], wardrobe: Wardrobe) -> None:
        self._plant, self._victims, self._wardrobe = plant, victims, wardrobe
        self._released: list[str] = []
        self.books = Books()

    async def run(self, kinds: Sequence[Kind], limits: Limits, for_s: float = math.inf) -> Books:
        """Let each kind of fault happen in turn, for so long, then let all jobs end."""
        end_s = time.monotonic() + for_s
        await asyncio.gather(*(victim.ready() for victim in self._victims))
        left = deque(kinds)
        settled_at = (1 - SETTLED_AFTER_RATIO) * len(kinds)
        async with asyncio.TaskGroup() as tasks:
            for victim in self._victims:
                tasks.create_task(self._cut_off(victim, left, limits, settled_at, end_s))
        await self._drained()
        self._judge_growth()
        return self.books

    async def _cut_off(
        self, victim: Victim, left: deque[Kind], limits: Limits, settled_at: float, end_s: float
    ) -> None:
        while left and time.monotonic() < end_s:
            kind = left.popleft()
            await self._release()
            await asyncio.sleep(victim.draw.uniform(*limits.work_s))
            await victim.cycle(kind, limits, self.books, self._wardrobe.renew)
            if len(left) <= settled_at:
                self._look_at_growth()

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
        self._released.append(order.job_order_id)
        await self._plant.release(order)

    async def _drained(self) -> None:
        ended: set[str] = set()
        progress_s = time.monotonic()
        while ended != set(self._released) and time.monotonic() < progress_s + NONE_ENDED_FOR_S:
            known = len(ended)
            ended = {event.job_order_id for event in await self._plant.said(JobOrderEnded)}
            if len(ended) > known:
                progress_s = time.monotonic()
            await asyncio.sleep(LOOK_S)
        starts = Counter(start for victim in self._victims for start in victim.starts())
        self.books.job_count = sum(count == 1 for count in starts.values())
        for job_order_id in sorted(set(self._released) - ended):
            self._violate(f"{job_order_id} has not ended")
        for job_order_id, count in starts.items():
            if count != 1:
                self._violate(f"{job_order_id} started {count} times")
        for event in await self._plant.said(JobOrderHeld):
            self._violate(f"{event.job_order_id} held: {event.reason}")

    def _look_at_growth(self) -> None:
        self.books.rss_mb.append(psutil.Process().memory_info().rss / 1e6)
        self.books.task_counts.append(len(asyncio.all_tasks()))

    def _judge_growth(self) -> None:
        first, last = self.books.rss_mb[0], self.books.rss_mb[-1]
        if last > first * (1 + MOST_GROWTH_RATIO):
            self._violate(f"memory grew from {first:.0f} to {last:.0f} MB")
        early, late = self._tasks_early_and_late()
        if late > early + MOST_MORE_TASKS * len(self._victims):
            self._violate(f"tasks grew from {early} to {late}")

    def _tasks_early_and_late(self) -> tuple[float, float]:
        """Medians of the first and the last quarter: how many there are depends on who is away."""
        tasks = self.books.task_counts
        quarter = max(1, len(tasks) // 4)
        return _median(tasks[:quarter]), _median(tasks[-quarter:])

    def _violate(self, sentence: str) -> None:
        self.books.violations.append(sentence)


@contextlib.asynccontextmanager
async def campaign(
    on: Ground,
    folder: Path,
    seed: int,
    make: Callable[[Path, int, str], Station],
    stations: int = 1,
) -> AsyncIterator[Campaign]:
    """A sintering service with so many gauges, each behind a proxy.

    make: makes a gauge from the data folder, its port and its name.
    """
    clients: dict[str, StationClient] = {}

    def connect(settings: StationSettings, access: Access) -> StationClient:
        clients[settings.name] = StationClient(settings, access)
        return clients[settings.name]

    def wire(values: dict[str, Any], parts: Parts) -> Service:
        return build(SinteringSettings(**values), replace(parts, station=connect))

    names = [f"gauge-{number}" for number in range(1, stations + 1)]
    like = dict.fromkeys(names[1:], NAME)
    async with (
        bench("sintering", wire, on, folder, idle=(*IDLE, *names), like=like) as plant,
        contextlib.AsyncExitStack() as stack,
    ):
        reply = await plant.post(
            "/master-data", {"master_recipes": [recipe("gauge", "gauge", part_duration_s=4)]}
        )
        reply.raise_for_status()
        fronts = {item.name: item.endpoint for item in plant.service.plant.station}
        victims = []
        for name in names:
            station = make(folder, free_port(), name)
            proxy = await stack.enter_async_context(
                proxy_to(to_port(station.port), int(fronts[name].rpartition(":")[2]))
            )
            stack.push_async_callback(station.kill)
            victims.append(Victim(clients[name], proxy, station, f"{seed} {name}"))
        await asyncio.gather(*(victim.station.start() for victim in victims))
        wardrobe = await asyncio.to_thread(Wardrobe, folder, plant.service.plant)
        yield Campaign(plant, victims, wardrobe)


async def _run(cycles: int, seed: int, for_s: float, stations: int) -> Books:
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
            async with (
                nursery() as started_by,
                campaign(on, work, seed, partial(StationProcess, started_by), stations) as running,
            ):
                return await running.run(kinds, Limits(), for_s)
        finally:
            broker.stop()
            postgres.stop()


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when a limit was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.reconnects", description=__doc__)
    parser.add_argument("--cycles", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stations", type=int, default=4, help="cut off at the same time")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no cycle later")
    options = parser.parse_args(words)
    began_s = time.monotonic()
    books = asyncio.run(_run(options.cycles, options.seed, 60 * options.minutes, options.stations))
    count = sum(len(flows) for flows in books.flow_s.values())
    print(f"seed {options.seed}: {count} cycles in {time.monotonic() - began_s:.0f} s")
    print(books.table(Limits()))
    return 1 if books.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
