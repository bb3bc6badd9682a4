"""Sends a burst of changes from another maker's OPC UA server into the historian, encrypted.

The server is node-opcua. A bare asyncua client watches the same values in the same run.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.opcua_client import (
    bare_clients,
    cpu_s,
    historian,
    rows,
    said,
    tell,
    wait_until,
)
from benchmarks.peers import ROOT, Floor, floor, free_port
from deploy.nodesets import ensure_nodesets
from deploy.peers import ensure_peers
from deploy.pki import ensure_passwords, ensure_pki
from shared.settings import PlantSettings, read_plant
from simulators.opcua_server import quiet_logs

NAME = "burst-1"


def main() -> int:
    """Run the benchmark; return 1 when a change did not arrive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20_000.0, help="changes a second of all")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--queue", type=int, default=400, help="changes of a value it keeps")
    parser.add_argument("--no-bare", action="store_true", help="leave the bare client out")
    options = parser.parse_args()
    quiet_logs()
    with floor() as on:
        plant = plant_of(on.folder, options.values, options.queue)
        with server(on, plant, options) as served, historian(on) as service:
            figures = asyncio.run(measured(on, plant, served, service, options))
    for name, value in figures.items():
        print(f"{name:<52} {value:>12}")
    return 0 if figures["changes lost on the way to the historian"] == "0" else 1


def plant_of(folder: Path, values: int, queue: int) -> PlantSettings:
    """Write the plant file of one station of the other maker, with its keys."""
    (folder / "plant.toml").write_text(f"""site = "bench"
line = "bench"
[[station]]
equipment_id = "bench/a/b/{NAME}"
kind = "dryroom"
service = "historian"
endpoint = "opc.tcp://127.0.0.1:{free_port()}"
namespace = "urn:halite:station:{NAME}"
sampling_ms = 0
most_items = {values}
most_queued = {queue}
""")
    plant = read_plant(folder / "plant.toml")
    ensure_pki(folder / "pki", plant)
    ensure_passwords(folder / "secrets" / "opcua", plant)
    return plant


@contextlib.contextmanager
def server(
    on: Floor, plant: PlantSettings, options: argparse.Namespace
) -> "Iterator[subprocess.Popen[str]]":
    """Run the other maker's server in a process of its own."""
    node, environment = ensure_peers()
    own, service = on.folder / "pki" / NAME, on.folder / "pki" / "historian"
    shown = x509.load_der_x509_certificate((own / "cert.der").read_bytes())
    (own / "cert.pem").write_bytes(shown.public_bytes(Encoding.PEM))
    port = plant.station[0].endpoint.rpartition(":")[2]
    words = [str(node.folder / "node"), str(ROOT / "benchmarks" / "opcua_burst.cjs"), port, NAME]
    words += [str(own / "cert.pem"), str(own / "key.pem"), str(on.folder / "trusted-by-node")]
    words += [str(service / "cert.der"), str(on.folder / "secrets" / "opcua" / NAME)]
    words += [str(ensure_nodesets()), *map(str, (options.values, options.rate, options.seconds))]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, cwd=ROOT, env=os.environ | environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            while said(process) != "ready":
                if process.poll() is not None:
                    raise RuntimeError("the other maker's server ended")
            yield process
        finally:
            process.kill()


async def measured(
    on: Floor,
    plant: PlantSettings,
    served: "subprocess.Popen[str]",
    service: "subprocess.Popen[bytes]",
    options: argparse.Namespace,
) -> dict[str, str]:
    """Return all figures by name."""
    stations = [] if options.no_bare else plant.station
    await asyncio.to_thread(wait_until, lambda: rows(on) >= options.values)
    watched, other = psutil.Process(service.pid), psutil.Process(served.pid)
    async with bare_clients(stations, options.values, on.folder) as bare:
        rows_before, bare_before = rows(on), len(bare)
        before_s = cpu_s(watched), cpu_s(psutil.Process()), cpu_s(other)
        began_s = time.monotonic()
        tell(served)
        changed = int(await asyncio.to_thread(said, served))
        made_s = time.monotonic() - began_s
        await asyncio.to_thread(wait_until, lambda: rows(on) - rows_before >= changed)
        whole_s = time.monotonic() - began_s
        if stations:
            await asyncio.to_thread(wait_until, lambda: len(bare) - bare_before >= changed, 30.0)
        after_s = cpu_s(watched), cpu_s(psutil.Process()), cpu_s(other)
        bare_count = len(bare) - bare_before
    ours_us, bare_us, other_us = (
        1e6 * (after - before) / changed for before, after in zip(before_s, after_s, strict=True)
    )
    figures = {
        "changes made, in s": f"{changed}, {made_s:.1f}",
        "changes lost on the way to the historian": str(changed - (rows(on) - rows_before)),
        "last change committed after, s": f"{whole_s:.1f}",
        "CPU of the historian's process per change, us": f"{ours_us:.0f}",
        "CPU of node-opcua per change, us": f"{other_us:.0f}",
        "memory of the historian's process, MB": f"{watched.memory_info().rss / 1e6:.0f}",
    }
    if stations:
        figures["changes lost by the bare client"] = str(changed - bare_count)
        figures["CPU of the bare client per change, us"] = f"{bare_us:.0f}"
    return figures


if __name__ == "__main__":
    sys.exit(main())
