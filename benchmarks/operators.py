"""What live screens cost: the gateway that pushes them, and the browser tab that draws them.

Stations are made up: one message a station tells all its values, as often as asked. A value is the
number of its round, so that what arrives says when it was published.
"""

import argparse
import asyncio
import contextlib
import re
import statistics
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psutil
from playwright.async_api import CDPSession, async_playwright

from benchmarks.opcua_client import cpu_s, plant_of
from benchmarks.opcua_to_web import gateway, overview_link
from benchmarks.peers import ROOT, Floor, floor, percentile
from deploy.prepare import find_browser
from shared.bus import Bus
from shared.settings import PlantSettings
from shared.stations import Sample
from shared.telemetry import written
from shared.topics import telemetry_topic

UPLOT = ROOT / "services/gateway/web/node_modules/uplot/dist/uPlot.iife.min.js"
SETTLE_S = 3.0
MOST_PUSHES_HZ = 5.0  # of the overview, by the gateway
Figures = dict[str, str]
_NEWEST = re.compile(r'"signal": ?"signal_0", ?"value": ?(\d+)')


def main() -> None:
    """Run one part and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("push", "tab", "chart"))
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--stations", type=int, default=50)
    parser.add_argument("--values", type=int, default=4, help="of each station")
    parser.add_argument("--rate", type=float, default=2.0, help="rounds of all stations a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of a tab: how long it soaks")
    parser.add_argument("--slower", type=float, default=1.0, help="throttle of the tab's CPU")
    parser.add_argument("--points", type=int, default=1_000_000)
    options = parser.parse_args()
    if options.part == "chart":
        figures = asyncio.run(chart(options.points))
    else:
        with floor() as on:
            plant = plant_of(options.stations, on.folder, 21_000)
            with gateway(on) as (port, process):
                run = push if options.part == "push" else tab
                figures = asyncio.run(run(on, plant, port, process.pid, options))
    for name, value in figures.items():
        print(f"{name:<52} {value:>12}")


class Rounds:
    """Publishes rounds of values and keeps when each was published."""

    def __init__(self, bus: Bus, plant: PlantSettings, values: int, rate_hz: float) -> None:
        self._bus, self._rate_hz = bus, rate_hz
        self._equipment = [item.equipment_id for item in plant.station]
        self._signals = [f"signal_{number}" for number in range(values)]
        self.published_s: list[float] = []

    async def run(self) -> None:
        """Publish for ever; a round that is late is not made up for."""
        while True:
            begun_s = time.monotonic()
            number, now = len(self.published_s), datetime.now(UTC)
            samples = [
                Sample(signal=name, value=float(number), status="Good", source_at=now)
                for name in self._signals
            ]
            messages = [
                (telemetry_topic(name, "values"), written(name, samples))
                for name in self._equipment
            ]
            self.published_s.append(time.monotonic())
            await self._bus.publish_all(messages)
            await asyncio.sleep(max(0.0, 1 / self._rate_hz - (time.monotonic() - begun_s)))


@contextlib.asynccontextmanager
async def publishing(
    on: Floor, plant: PlantSettings, options: argparse.Namespace
) -> AsyncIterator[Rounds]:
    """Publish rounds while the block lasts."""
    bus, up = Bus(on.broker.url, "bench-stations"), asyncio.Event()
    bus.on_up(up.set)
    bus.start()
    await up.wait()
    rounds = Rounds(bus, plant, options.values, options.rate)
    task = asyncio.create_task(rounds.run())
    try:
        yield rounds
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bus.stop()


async def push(
    on: Floor, plant: PlantSettings, port: int, pid: int, options: argparse.Namespace
) -> Figures:
    """Return what clients of the live link get, how late, and what that costs the gateway."""
    gateway_process = psutil.Process(pid)
    waits_s: list[float] = []
    key = (on.folder / "secrets/gateway/setup-key").read_text()
    idle_bytes = gateway_process.memory_info().rss
    async with publishing(on, plant, options) as rounds:
        await asyncio.sleep(SETTLE_S)
        alone_s = await _spent(gateway_process, options.seconds)
        watching = [
            asyncio.create_task(_watch(port, key, rounds, waits_s)) for _ in range(options.clients)
        ]
        await asyncio.sleep(SETTLE_S)
        waits_s.clear()
        spent_s = await _spent(gateway_process, options.seconds)
        sends = len(waits_s)
        for task in watching:
            task.cancel()
        ended = await asyncio.gather(*watching, return_exceptions=True)
    failed = [item for item in ended if not isinstance(item, asyncio.CancelledError)]
    wanted = options.clients * min(options.rate, MOST_PUSHES_HZ) * options.seconds
    return {
        "clients, of which lost": f"{options.clients}, {len(failed)}",
        "sends a second": f"{sends / options.seconds:.0f}",
        "of those that the rate, or 5 Hz, asks for": f"{sends / wanted:.0%}",
        "published to received, p50 ms": f"{1000 * percentile(waits_s, 0.5):.0f}",
        "published to received, p99 ms": f"{1000 * percentile(waits_s, 0.99):.0f}",
        "CPU of the gateway without clients, cores": f"{alone_s / options.seconds:.3f}",
        "CPU of the gateway with them, cores": f"{spent_s / options.seconds:.3f}",
        "CPU of a send, us": f"{1e6 * (spent_s - alone_s) / max(1, sends):.0f}",
        "memory at start, with clients, MB": f"{idle_bytes / 1e6:.0f}, "
        f"{gateway_process.memory_info().rss / 1e6:.0f}",
    }


async def _spent(process: psutil.Process, seconds: float) -> float:
    before_s = cpu_s(process)
    await asyncio.sleep(seconds)
    return float(cpu_s(process) - before_s)


async def _watch(port: int, key: str, rounds: Rounds, waits_s: list[float]) -> None:
    """Keep how long the newest round of every frame of the overview was on its way."""
    async with overview_link(port, key) as link:
        async for text in link:
            at_s = time.monotonic()
            # Looked for in the text: parsing each frame of each client would load this process.
            if found := _NEWEST.search(str(text)):
                waits_s.append(at_s - rounds.published_s[int(found[1])])


async def tab(
    on: Floor, plant: PlantSettings, port: int, pid: int, options: argparse.Namespace
) -> Figures:
    """Return the main-thread load of a tab with the overview, and its heap over time."""
    key = (on.folder / "secrets/gateway/setup-key").read_text()
    async with publishing(on, plant, options), async_playwright() as tools:
        found = find_browser()
        if found is None:
            raise SystemExit("no chromium on this machine; python -m deploy.prepare says how")
        browser = await tools.chromium.launch(
            executable_path=found.path, args=["--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context(
            base_url=f"http://127.0.0.1:{port}",
            viewport={"width": 1280, "height": 800},
            extra_http_headers={"authorization": f"Bearer {key}"},
        )
        page = await context.new_page()
        begun_s = time.monotonic()
        await page.goto("/")
        await page.get_by_role("navigation").wait_for(timeout=60_000)
        first_s = time.monotonic() - begun_s
        devtools = await context.new_cdp_session(page)
        await devtools.send("Performance.enable")
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": options.slower})
        await asyncio.sleep(SETTLE_S)
        heap_at_start = await _heap_mb(devtools)
        before = await _metrics(devtools)
        heaps = []
        for _ in range(4):
            await asyncio.sleep(options.seconds / 4)
            after = await _metrics(devtools)
            heaps.append(await _heap_mb(devtools))
        await browser.close()

    def spent(name: str) -> float:
        return after[name] - before[name]

    return {
        "navigation to drawn, s": f"{first_s:.2f}",
        "main thread": f"{spent('TaskDuration') / options.seconds:.1%}",
        "of that script": f"{spent('ScriptDuration') / options.seconds:.1%}",
        "heap at start, MB": f"{heap_at_start:.1f}",
        "heap at each quarter, MB": ", ".join(f"{heap:.1f}" for heap in heaps),
        "nodes at start, at end": f"{before['Nodes']:.0f}, {after['Nodes']:.0f}",
        "memory of the gateway, MB": f"{psutil.Process(pid).memory_info().rss / 1e6:.0f}",
    }


async def _metrics(devtools: CDPSession) -> dict[str, float]:
    found = await devtools.send("Performance.getMetrics")
    return {item["name"]: float(item["value"]) for item in found["metrics"]}


async def _heap_mb(devtools: CDPSession) -> float:
    """Return what is left of the heap after a collection."""
    await devtools.send("HeapProfiler.collectGarbage")
    return (await _metrics(devtools))["JSHeapUsedSize"] / 1e6


DRAW = """points => new Promise(done => {
    const x = Float64Array.from({ length: points }, (_, i) => i);
    const y = Float64Array.from({ length: points }, (_, i) => 3.3 + Math.sin(i / 5000) * 0.4);
    const begun = performance.now();
    new uPlot({ width: 1600, height: 800, scales: { x: { time: false } },
        series: [{}, { stroke: 'black' }] }, [x, y], document.body);
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
})"""


async def chart(points: int) -> Figures:
    """Return how long a curve of so many points takes to its first draw in the app's library."""
    found = find_browser()
    if found is None:
        raise SystemExit("no chromium on this machine; python -m deploy.prepare says how")
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(
            executable_path=found.path, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(viewport={"width": 1600, "height": 900})
        await page.add_script_tag(path=UPLOT)
        painted_ms = [await page.evaluate(DRAW, points) for _ in range(5)]
        await browser.close()
    return {
        "points": str(points),
        "data to painted, ms (first, median of 5)": f"{painted_ms[0]:.0f}, "
        f"{statistics.median(painted_ms):.0f}",
    }


if __name__ == "__main__":
    main()
