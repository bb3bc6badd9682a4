"""Import of .ndax files beside fastnda alone, and a poll of all channels of the simulated tester.

`python -m benchmarks.testers --files FOLDER --rounds 7 --channels 160 --polls 100`
"""

import argparse
import asyncio
import logging
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import fastnda
import polars as pl

from services.formation.cycles import cycle_figures, steps_from_rows
from services.formation.neware import NewareClient
from services.formation.protocol import CellOrder, formation_protocol
from services.formation.readers import read_any
from services.formation.stepfile import step_file
from simulators.channels import Bench, BenchConfig
from simulators.tester import BtsServer
from simulators.world import World

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
POUCH = {
    "kind": "nfm_pouch",
    "nominal_capacity_mah": 1000.0,
    "area_cm2": 602.0,
    "asr_ohm_cm2": 158.7,
    "ocv_v": 2.54,
    "ce_ratio": 0.9992,
    "ice_ratio": 0.95,
    "fade": 0.000375,
}


def seconds(act: Callable[[], object]) -> float:
    """Return the wall seconds of one call."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def figures_of(rows: pl.DataFrame) -> object:
    """Return the cycle figures of a file's rows."""
    return cycle_figures(steps_from_rows(rows))


def imports(folder: Path, rounds: int) -> None:
    """Print the time of each file, in turns: fastnda alone, our reader, and with cycle figures."""
    print(
        f"{'file':44} {'rows':>8} {'fastnda ms':>11} {'import ms':>10} {'ratio':>6}"
        f" {'figures ms':>11}"
    )
    for path in sorted(folder.glob("*.ndax"), key=lambda item: item.stat().st_size):
        content = path.read_bytes()
        rows = read_any(path.name, content).rows
        alone, ours, figures = [], [], []
        for _ in range(rounds):
            alone.append(seconds(partial(fastnda.read, path, cycle_mode="raw")))
            ours.append(seconds(partial(read_any, path.name, content)))
            figures.append(seconds(partial(figures_of, rows)))
        a, b, c = (1e3 * median(times) for times in (alone, ours, figures))
        print(f"{path.name[:44]:44} {rows.height:8d} {a:11.2f} {b:10.2f} {b / a:6.2f} {c:11.2f}")


async def poll(channels: int, polls: int) -> None:
    """Print how long a look at every channel takes while each runs a test."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(folder / "world.sqlite")
        world.update_many({f"CELL-{n}": POUCH for n in range(channels)})
        now = [MONDAY]
        bench = Bench(
            BenchConfig(name="t", channel_count=channels),
            folder / "t.sqlite",
            world,
            lambda: now[0],
        )
        server = BtsServer(bench)
        await server.start()
        path = folder / "f.xml"
        cell = CellOrder(lot_id="CELL", capacity_mah=1000.0)
        made = step_file(formation_protocol(), cell, range_ma=200.0, range_v=5.0, written_at=MONDAY)
        path.write_bytes(made.content)
        async with NewareClient(f"tcp://127.0.0.1:{server.port}", timeout_s=120.0) as client:
            known = [device.channel for device in await client.devices()]
            for number, channel in enumerate(known):
                await client.start(channel, path, f"CELL-{number}", folder / "backup")
            now[0] = datetime(2026, 11, 23, 14, tzinfo=UTC)
            await client.inquire(known)
            times = []
            for _ in range(polls):
                begun = time.perf_counter()
                points = await client.inquire(known)
                times.append(time.perf_counter() - begun)
        await server.stop()
        bench.close()
        world.close()
    working = sum(point.state == "working" for point in points)
    times.sort()
    p99 = times[min(len(times) - 1, int(0.99 * len(times)))]
    print(f"\n{'channels':>8} {'working':>8} {'polls':>6} {'p50 ms':>8} {'p99 ms':>8}")
    print(f"{channels:8d} {working:8d} {polls:6d} {1e3 * median(times):8.1f} {1e3 * p99:8.1f}")


def main() -> None:
    """Measure both and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=Path, default=Path("../shared/data/neware"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--channels", type=int, default=160)
    parser.add_argument("--polls", type=int, default=100)
    given = parser.parse_args()
    logging.getLogger("fastnda").propagate = False  # what it says of a broken file is kept
    imports(given.files, given.rounds)
    asyncio.run(poll(given.channels, given.polls))


if __name__ == "__main__":
    main()
