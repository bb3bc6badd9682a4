"""Times the way of a change at a station to the operators' web socket, encrypted OPC UA.

A bare asyncua client watches the same values in the same run; it also tells when each change was.
A change is on the web socket when a frame with its value, or a newer one of that signal, came.
"""

import argparse
import asyncio
import bisect
import contextlib
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import UTC
from typing import Any

import httpx
import psutil
from asyncua import ua
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.opcua_client import cpu_s, historian, plant_of, rows, said, stations, tell
from benchmarks.opcua_client import wait_until as wait
from benchmarks.peers import ROOT, Floor, floor, free_port, percentile
from deploy.pki import ensure_gateway_keys
from deploy.stationcheck import access_by_files
from shared.opcua_link import connection
from shared.opcua_offer import explore
from shared.settings import SERVICES, PlantSettings
from simulators.opcua_server import node_sets_dir, quiet_logs

Seen = tuple[str, str, float, float]  # equipment, signal, value, wall seconds
SETTLE_S = 3.0


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=5, help="that only measure")
    parser.add_argument("--values", type=int, default=100, help="of each station, 200 at most")
    parser.add_argument("--rate", type=float, default=1000.0, help="changes a second of all")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--first-port", type=int, default=21_000, help="of the stations")
    options = parser.parse_args()
    quiet_logs()
    with floor() as on:
        plant = plant_of(options.stations, on.folder, options.first_port)
        with stations(on.folder, options) as served, historian(on), gateway(on) as (port, process):
            figures = asyncio.run(measured(on, plant, served, port, process.pid, options))
    for name, value in figures.items():
        print(f"{name:<52} {value:>12}")


@contextlib.contextmanager
def gateway(on: Floor) -> "Iterator[tuple[int, subprocess.Popen[bytes]]]":
    """Run the real gateway; yields its port and process."""
    on.postgres.ensure_database("gateway")
    ensure_gateway_keys(on.folder / "secrets/gateway")
    port = free_port()
    nowhere = f"http://127.0.0.1:{free_port()}"
    settings = {
        "HALITE_SERVICE": "gateway",
        "HALITE_PORT": str(port),
        "HALITE_DATABASE_URL": on.postgres.url("gateway"),
        "HALITE_MQTT_URL": on.broker.url,
        "HALITE_PLANT_FILE": str(on.folder / "plant.toml"),
        "HALITE_DATA_DIR": str(on.folder),
        "HALITE_SERVICE_URLS": json.dumps(dict.fromkeys(SERVICES, nowhere)),
    }
    command = [sys.executable, "-m", "services.gateway.main"]
    with (on.folder / "gateway.log").open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | settings, stdout=output, stderr=output
        )
    try:
        if not wait(lambda: answers(port)):
            raise RuntimeError((on.folder / "gateway.log").read_text())
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(port: int) -> bool:
    """Say whether the gateway lives."""
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False).is_success
    return False


class Arrivals:
    """Keeps when the bare client got each change, and when it was at the station."""

    def __init__(self, kept: list[Seen], ages_s: list[float], equipment_id: str) -> None:
        self._kept, self._ages_s, self._equipment_id = kept, ages_s, equipment_id
        self.signals: dict[ua.NodeId, str] = {}

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        """Keep it."""
        at = data.monitored_item.Value.SourceTimestamp
        made_s = at.timestamp() if at.tzinfo else at.replace(tzinfo=UTC).timestamp()
        self._kept.append((self._equipment_id, self.signals[node.nodeid], float(value), made_s))
        self._ages_s.append(time.time() - made_s)


async def measured(
    on: Floor,
    plant: PlantSettings,
    served: "subprocess.Popen[str]",
    port: int,
    pid: int,
    options: argparse.Namespace,
) -> dict[str, str]:
    """Return all figures by name."""
    measuring = plant.station[:-1]
    made: list[Seen] = []
    ages_s: list[float] = []
    shown: list[Seen] = []
    await asyncio.to_thread(wait, lambda: rows(on) >= len(measuring) * options.values)
    async with contextlib.AsyncExitStack() as stack:
        for station in measuring:
            access = access_by_files(station, on.folder, node_sets_dir())
            client = await stack.enter_async_context(connection(station, access))
            nodes, _ = await explore(client, station)
            arrivals = Arrivals(made, ages_s, station.equipment_id)
            arrivals.signals = {node.nodeid: name for name, node in nodes.values.items()}
            parameters = ua.CreateSubscriptionParameters(200, 600, 10, 0, True, 0)
            subscription = await client.create_subscription(parameters, arrivals)
            await subscription.subscribe_data_change(list(nodes.values.values()), queuesize=100)
        await asyncio.to_thread(wait, lambda: len(made) >= len(measuring) * options.values)
        made.clear()
        ages_s.clear()
        key = (on.folder / "secrets/gateway/setup-key").read_text()
        watching = asyncio.create_task(watch(port, key, shown))
        await asyncio.to_thread(wait, lambda: bool(shown) or watching.done())
        if watching.done():
            watching.result()
        before_s = cpu_s(psutil.Process(pid))
        tell(served)
        changed = int(await asyncio.to_thread(said, served))
        await asyncio.sleep(SETTLE_S)
        spent_s = cpu_s(psutil.Process(pid)) - before_s
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    waits_s, unseen = delays(made, shown)
    return {
        "changes a second, made": f"{changed / options.seconds:.0f}",
        "station to web socket, p50 ms": f"{1000 * percentile(waits_s, 0.5):.0f}",
        "station to web socket, p99 ms": f"{1000 * percentile(waits_s, 0.99):.0f}",
        "station to bare client, p50 ms": f"{1000 * percentile(ages_s, 0.5):.0f}",
        "station to bare client, p99 ms": f"{1000 * percentile(ages_s, 0.99):.0f}",
        "changes that never came to the web socket": str(unseen),
        "changes that the bare client lost": str(changed - len(made)),
        "CPU of the gateway's process, cores": f"{spent_s / options.seconds:.2f}",
    }


@contextlib.asynccontextmanager
async def overview_link(port: int, key: str) -> AsyncIterator[ClientConnection]:
    """Keep a live link to a gateway open that is pushed the overview."""
    async with connect(
        f"ws://127.0.0.1:{port}/api/live",
        additional_headers={"authorization": f"Bearer {key}"},
        proxy=None,
        max_size=None,
        open_timeout=60,
    ) as link:
        await link.send(json.dumps({"subscribe": ["overview"]}))
        yield link


async def watch(port: int, key: str, shown: list[Seen]) -> None:
    """Keep every value of every frame of the overview, with the time it came."""
    async with overview_link(port, key) as link:
        async for text in link:
            at_s, frame = time.time(), json.loads(text)
            if frame["type"] == "snapshot":
                for station in frame["data"]["stations"]:
                    shown += (
                        (station["equipment_id"], item["signal"], item["value"], at_s)
                        for item in station["values"]
                        if item["value"] is not None
                    )


def delays(made: list[Seen], shown: list[Seen]) -> tuple[list[float], int]:
    """Return the seconds until each change was shown, itself or a newer one, and how many never.

    Values only grow, and those up to 999 999 are shown whole.
    """
    frames: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for equipment_id, signal, value, at_s in shown:
        known = frames[equipment_id, signal]
        if not known or value > known[-1][0]:
            known.append((value, at_s))
    waits_s, unseen = [], 0
    for equipment_id, signal, value, made_s in made:
        known = frames[equipment_id, signal]
        place = bisect.bisect_left(known, (value, 0.0))
        if place == len(known):
            unseen += 1
        else:
            waits_s.append(known[place][1] - made_s)
    return waits_s, unseen


if __name__ == "__main__":
    main()
