"""Times the way of values from OPC UA stations into the historian, recipes, and job-control calls.

Everything is signed and encrypted. A bare asyncua client watches the same values in the same run.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from asyncua import ua

from benchmarks.peers import ROOT, Floor, floor, free_port, percentile
from deploy.pki import ensure_passwords, ensure_pki
from deploy.servicecalls import introduced
from deploy.stationcheck import access_by_files
from shared.opcua import StationClient
from shared.opcua_link import connection
from shared.opcua_offer import explore
from shared.settings import PlantSettings, StationSettings, read_plant
from shared.stations import JobContent, read_back_differences
from shared.tasks import end_all
from simulators.opcua_server import node_sets_dir, quiet_logs

WITHIN_S = 120.0
STEP_S = 0.2
ROWS = """
    SELECT coalesce((SELECT sum(row_count) FROM fresh_batch), 0)
         + coalesce((SELECT sum(row_count) FROM sealed_file), 0)"""


def main() -> int:
    """Run the benchmark; return 1 when a value did not arrive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=1, help="that only measure")
    parser.add_argument("--values", type=int, default=500, help="of each station")
    parser.add_argument("--rate", type=float, default=2000.0, help="changes a second of all")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--parameters", type=int, default=100, help="of a recipe")
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--first-port", type=int, default=21_000, help="of the stations")
    options = parser.parse_args()
    quiet_logs()
    with floor() as on:
        plant = plant_of(options.stations, on.folder, options.first_port)
        with stations(on.folder, options) as served, historian(on) as service:
            figures = asyncio.run(measured(on, plant, served, service, options))
    for name, value in figures.items():
        print(f"{name:<52} {value:>12}")
    return 0 if figures["changes lost on the way to the historian"] == "0" else 1


def plant_of(count: int, folder: Path, first_port: int) -> PlantSettings:
    """Write a plant file of stations that only measure and one that takes jobs, with their keys."""
    lines = ['site = "bench"', 'line = "bench"']
    kinds = [*(("dryroom", "historian"),) * count, ("press", "sintering")]
    for place, (kind, service) in enumerate(kinds):
        lines += [
            "[[station]]",
            f'equipment_id = "bench/a/b/station-{place}"',
            f'kind = "{kind}"',
            f'service = "{service}"',
            f'endpoint = "opc.tcp://127.0.0.1:{first_port + place}"',
        ]
    (folder / "plant.toml").write_text("\n".join(lines) + "\n")
    plant = read_plant(folder / "plant.toml")
    ensure_pki(folder / "pki", plant)
    ensure_passwords(folder / "secrets" / "opcua", plant)
    return plant


@contextlib.contextmanager
def stations(folder: Path, options: argparse.Namespace) -> "Iterator[subprocess.Popen[str]]":
    """Run the stations in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.opcua_stations", "--data-dir", str(folder)]
    command += ["--values", str(options.values), "--rate", str(options.rate)]
    command += ["--seconds", str(options.seconds)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            said(process)
            yield process
        finally:
            process.kill()


def said(process: "subprocess.Popen[str]") -> str:
    """Return the next line of the stations."""
    if process.stdout is None:
        raise RuntimeError("the stations have no output")
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]") -> None:
    """Let the stations go on."""
    if process.stdin is not None:
        process.stdin.write("\n")
        process.stdin.flush()


@contextlib.contextmanager
def historian(on: Floor) -> "Iterator[subprocess.Popen[bytes]]":
    """Run the real historian, which is the client of all stations that measure."""
    on.postgres.ensure_database("historian")
    port = free_port()
    settings = {
        "HALITE_SERVICE": "historian",
        "HALITE_PORT": str(port),
        "HALITE_DATABASE_URL": on.postgres.url("historian"),
        "HALITE_MQTT_URL": on.broker.url,
        "HALITE_PLANT_FILE": str(on.folder / "plant.toml"),
        "HALITE_DATA_DIR": str(on.folder),
        "HALITE_NODESETS": str(node_sets_dir()),
        "HALITE_SERVICE_URLS": "{}",
    }
    command = [sys.executable, "-m", "services.historian.main"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings)
    try:
        url = f"http://127.0.0.1:{port}"
        auth = introduced(on.folder, {"historian": url})
        with httpx.Client(base_url=url, trust_env=False, auth=auth) as http:
            wait_until(lambda: all_connected(http))
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def all_connected(http: httpx.Client) -> bool:
    """Say whether the historian watches all its stations."""
    try:
        items = http.get("/stations").raise_for_status().json()["items"]
    except httpx.HTTPError:
        return False
    return all(item["connected"] for item in items)


def wait_until(condition: Any, within_s: float = WITHIN_S) -> bool:
    """Look again and again; return whether it came true in time."""
    give_up_s = time.monotonic() + within_s
    while not condition() and time.monotonic() < give_up_s:
        time.sleep(STEP_S)
    return bool(condition())


def rows(on: Floor) -> int:
    """Return how many samples the historian has committed."""
    url = on.postgres.url("historian").replace("+psycopg", "")
    with psycopg.connect(url) as connected:
        row = connected.execute(ROWS).fetchone()
    return int(row[0]) if row is not None else 0


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU seconds a process has spent."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def measured(
    on: Floor,
    plant: PlantSettings,
    served: "subprocess.Popen[str]",
    service: "subprocess.Popen[bytes]",
    options: argparse.Namespace,
) -> dict[str, str]:
    """Return all figures by name."""
    *measuring, press = plant.station
    figures = await jobs(press, on.folder, options)
    await asyncio.to_thread(wait_until, lambda: rows(on) >= len(measuring) * options.values)
    rows_before, watched = rows(on), psutil.Process(service.pid)
    our_cpu_s = cpu_s(watched)
    async with bare_clients(measuring, options.values, on.folder) as bare:
        bare_before, bare_cpu_s = len(bare), cpu_s(psutil.Process())
        tell(served)
        changed = int(await asyncio.to_thread(said, served))
        await asyncio.to_thread(wait_until, lambda: rows(on) - rows_before >= changed)
        bare_cpu_s = cpu_s(psutil.Process()) - bare_cpu_s
        bare_count = len(bare) - bare_before
    our_cpu_s = cpu_s(watched) - our_cpu_s
    kept = rows(on) - rows_before
    return figures | {
        "stations connected, values of each": f"{len(measuring)} x {options.values}",
        "changes a second, made": f"{changed / options.seconds:.0f}",
        "changes lost on the way to the historian": str(changed - kept),
        "changes lost by the bare client": str(changed - bare_count),
        "CPU of the historian's process per change, us": f"{1e6 * our_cpu_s / changed:.0f}",
        "CPU of the bare client per change, us": f"{1e6 * bare_cpu_s / changed:.0f}",
        "CPU of the historian's process, cores": f"{our_cpu_s / options.seconds:.2f}",
        "memory of the historian's process, MB": f"{watched.memory_info().rss / 1e6:.0f}",
    }


class Counter:
    """What a bare client does with a value."""

    def __init__(self, taken: list[Any]) -> None:
        self._taken = taken

    def datachange_notification(self, _node: Any, value: Any, _data: Any) -> None:
        """Keep it."""
        self._taken.append(value)


@contextlib.asynccontextmanager
async def bare_clients(measuring: Sequence[StationSettings], values: int, folder: Path) -> Any:
    """Watch the same values with nothing but the library; yields what comes."""
    taken: list[Any] = []
    async with contextlib.AsyncExitStack() as stack:
        for station in measuring:
            access = access_by_files(station, folder, node_sets_dir())
            client = await stack.enter_async_context(connection(station, access))
            nodes, _ = await explore(client, station)
            parameters = ua.CreateSubscriptionParameters(500, 240, 10, 0, True, 0)
            subscription = await client.create_subscription(parameters, Counter(taken))
            await subscription.subscribe_data_change(
                list(nodes.values.values()), queuesize=station.most_queued
            )
        await asyncio.to_thread(wait_until, lambda: len(taken) >= len(measuring) * values)
        yield taken


async def jobs(press: StationSettings, folder: Path, options: argparse.Namespace) -> dict[str, str]:
    """Return what recipes and calls take at the station that takes jobs."""
    client = StationClient(press, access_by_files(press, folder, node_sets_dir()))
    task = asyncio.create_task(client.run())
    async with asyncio.timeout(WITHIN_S):
        while not client.connected:
            await client.changed.wait(STEP_S)
    recipes_s = [await recipe_s(client, options.parameters, turn) for turn in range(20)]
    calls_s = []
    for _ in range(options.calls):
        began_s = time.perf_counter()
        await client.clear("unknown")
        calls_s.append(time.perf_counter() - began_s)
    await end_all([task])
    return {
        f"recipe of {options.parameters} values written and read back, ms": (
            f"{1000 * percentile(recipes_s, 0.5):.1f}"
        ),
        "job-control call, p50 ms": f"{1000 * percentile(calls_s, 0.5):.2f}",
        "job-control call, p99 ms": f"{1000 * percentile(calls_s, 0.99):.2f}",
    }


async def recipe_s(client: StationClient, count: int, turn: int) -> float:
    """Return the seconds to store a recipe, read it back and compare it."""
    values = {f"set_{place}_v": turn + place / 7 for place in range(count)}
    content = JobContent(job_order_id=f"JO-{turn}", parameters=values)
    began_s = time.perf_counter()
    await client.store(content)
    wrong = read_back_differences(content, (await client.jobs())[content.job_order_id])
    took_s = time.perf_counter() - began_s
    if wrong:
        raise RuntimeError("; ".join(wrong))
    await client.cancel(content.job_order_id)
    return took_s


if __name__ == "__main__":
    sys.exit(main())
