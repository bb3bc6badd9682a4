"""A hall of testers at 1 Hz: cells simulated as arrays, their rows committed by the historian.

`python -m benchmarks.channels --channels 20000 --seconds 60`: each wall second every channel
measures a row; each tester sends its rows every five seconds, as formation does. Prints CPU as
shares of a core, how long a second's work takes, how late rows are committed, and rows lost.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np
import psutil
import psycopg
import pyarrow as pa

from benchmarks.historian import MIGRATIONS, historian
from benchmarks.peers import floor
from deploy.servicecalls import introduced
from shared import testrows
from shared.db import migrate
from simulators.physics.cell import CellProperties
from simulators.physics.manycells import ManyCells

CHANNELS_OF_TESTER = 160
SEND_EVERY = 5
KINDS = ["cc_charge", "rest", "cc_discharge", "rest"]
AT_ONCE = 8


class Hall:
    """All channels of a hall, and the rows that no tester has sent yet."""

    def __init__(self, channels: int) -> None:
        draw = np.random.default_rng(1)
        cells = [
            CellProperties(
                kind="nfm_pouch",
                nominal_capacity_mah=1000.0,
                area_cm2=602.0 * float(draw.normal(1.0, 0.01)),
            )
            for _ in range(channels)
        ]
        self.cells = ManyCells(cells, c_rate_per_h=0.1, rest_s=600.0)
        self.draw, self.channels, self.tick = draw, channels, 0
        self._kept: list[dict[str, Any]] = []

    def measure(self) -> None:
        """Let a second pass on every channel and keep its row."""
        cells = self.cells
        cells.advance(1.0)
        self.tick += 1
        self._kept.append(
            {
                "voltage_v": cells.voltage_v + self.draw.normal(0.0, 1e-4, self.channels),
                "current_ma": cells.current_ma,
                "capacity_mah": cells.capacity_mah,
                "energy_mwh": cells.energy_mwh,
                "phase": cells.phase,
                "step": cells.step,
                "cycle": cells.cycle,
            }
        )
        cells.next_steps()
        self._kept = self._kept[-SEND_EVERY:]

    def batch(self, tester: int) -> bytes:
        """Return the last rows of a tester's channels, of those measured since it last sent."""
        first = tester * CHANNELS_OF_TESTER
        place = slice(first, min(first + CHANNELS_OF_TESTER, self.channels))
        count, kept = place.stop - place.start, self._kept
        both = {name: np.concatenate([one[name][place] for one in kept]) for name in kept[0]}
        ticks = np.repeat(np.arange(self.tick - len(kept) + 1, self.tick + 1), count)
        names = [f"test-{number:05d}" for number in range(place.start, place.stop)]
        codes = np.tile(np.arange(count, dtype=np.int32), len(kept))
        kinds = both.pop("phase").astype(np.int32)
        columns = {
            "series_id": pa.DictionaryArray.from_arrays(codes, pa.array(names)),
            "kind": pa.DictionaryArray.from_arrays(kinds, pa.array(KINDS)),
            "row": ticks,
            "time_s": ticks * 1.0,
            **both,
        }
        return testrows.encode(testrows.table(columns))


async def run(channels: int, seconds: int, address: str, data_dir: Path) -> dict[str, list[float]]:
    """Measure and send for so many wall seconds; return the times of each second, in ms."""
    hall = Hall(channels)
    testers = -(-channels // CHANNELS_OF_TESTER)
    found: dict[str, list[float]] = {"simulated": [], "encoded": [], "committed": [], "late": []}
    gate = asyncio.Semaphore(AT_ONCE)
    auth = introduced(data_dir, {"historian": address})
    async with httpx.AsyncClient(trust_env=False, timeout=60, auth=auth) as http:

        async def send(tester: int, body: bytes, sequence: int, measured_s: float) -> None:
            async with gate:
                begun = time.perf_counter()
                url = f"{address}/test-batches/tester-{tester}/{sequence}"
                key = {"idempotency-key": f"tester-{tester}-{sequence:08d}"}
                (await http.post(url, content=body, headers=key)).raise_for_status()
                now = time.perf_counter()
            found["committed"].append(1e3 * (now - begun))
            found["late"].append(1e3 * (now - measured_s))

        tasks: set[asyncio.Task[None]] = set()
        start = time.perf_counter()
        for second in range(1, seconds + 1):
            begun = time.perf_counter()
            hall.measure()
            found["simulated"].append(1e3 * (time.perf_counter() - begun))
            due = [n for n in range(testers) if (n + second) % SEND_EVERY == 0]
            begun = time.perf_counter()
            for tester in due if second >= SEND_EVERY else []:
                body = await asyncio.to_thread(hall.batch, tester)
                sequence = (second - SEND_EVERY) // SEND_EVERY + 1
                task = asyncio.create_task(send(tester, body, sequence, time.perf_counter()))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            found["encoded"].append(1e3 * (time.perf_counter() - begun))
            await asyncio.sleep(max(0.0, start + second - time.perf_counter()))
        found["over"] = [1e3 * (time.perf_counter() - start - seconds)]
        await asyncio.gather(*tasks)
    return found


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and its children up to now."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A hall's run. took_ms: times by what took them. own, served: shares of a core."""

    took_ms: dict[str, list[float]]
    rows: int
    own: float
    served: float


def measured(channels: int, seconds: int) -> Measured:
    """Run the hall against a historian of its own."""
    with floor() as on:
        on.postgres.ensure_database("historian")
        url = on.postgres.url("historian")
        migrate(url, MIGRATIONS)
        folder = Path(on.folder / "hall")
        folder.mkdir()
        with historian(on, folder, url) as address:
            me = psutil.Process()
            [service] = [one for one in me.children() if "services.historian.main" in one.cmdline()]
            before = (cpu_s(service), sum(me.cpu_times()[:2]), time.perf_counter())
            found = asyncio.run(run(channels, seconds, address, folder / "data"))
            passed_s = time.perf_counter() - before[2]
            served, own = cpu_s(service) - before[0], sum(me.cpu_times()[:2]) - before[1]
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            kept = connection.execute("SELECT sum(row_count) FROM test_source").fetchone()
    rows = int(kept[0]) if kept and kept[0] else 0
    return Measured(took_ms=found, rows=rows, own=own / passed_s, served=served / passed_s)


def measure(channels: int, seconds: int) -> None:
    """Run the hall and print what it took."""
    run_of_hall = measured(channels, seconds)
    found, rows = run_of_hall.took_ms, run_of_hall.rows
    sent = len(found["committed"])
    print(f"{channels} channels, {seconds} s, {sent} batches, {rows} rows committed")
    print(f"{'what':44} {'p50 ms':>9} {'p99 ms':>9}")
    titles = {
        "simulated": "a second of all cells",
        "encoded": "batches of a second encoded",
        "committed": "a batch to its commit",
        "late": "a batch from ready to committed",
    }
    for name, title in titles.items():
        values = sorted(found[name])
        p99 = values[min(len(values) - 1, int(0.99 * len(values)))]
        print(f"{title:44} {median(values):9.1f} {p99:9.1f}")
    print(f"CPU of simulation and senders: {run_of_hall.own:.2f} of a core")
    print(f"CPU of the historian: {run_of_hall.served:.2f} of a core")
    print(f"behind the clock at the end: {found['over'][0]:.0f} ms")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    measure(given.channels, given.seconds)


if __name__ == "__main__":
    main()
