"""Times commands over HTTP with all of security and tracing, without each part of it, without any.

One service process for each way, all running at once on one PostgreSQL with TLS (Debian's), each
with a database and a broker of its own. The same commands go to each in turn, round after round,
so that what else the machine does falls on all alike.
"""

import argparse
import json
import multiprocessing
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import httpx
import psutil
import uvloop

from benchmarks.commands import Act, http_client, run
from benchmarks.peers import ROOT, SAYER, free_port, percentile, tree_cpu_s, wait_until_ready
from benchmarks.tlsdatabase import TlsDatabase, tls_database
from deploy.authority import Authority, parts_of
from deploy.broker import Broker, find_program, guard_of
from deploy.servicecalls import introduced, signer_of
from shared.errors import PersonNeededError
from shared.identity import Identity
from shared.settings import SERVICES, read_plant
from shared.tokens import Signer

PLANT = read_plant(ROOT / "deploy/plant.toml")
WARMING = 20  # commands of each client that warm a way up


@dataclass(frozen=True, kw_only=True)
class Way:
    """What a service does; database: `tls`, `scram` on a socket, or `plain` for anybody."""

    name: str
    https: bool = True
    tokens: bool = True
    database: str = "tls"
    mqtts: bool = True
    traces: bool = True


EVERYTHING = Way(name="everything")
NOTHING = Way(
    name="nothing", https=False, tokens=False, database="plain", mqtts=False, traces=False
)
WAYS = (
    NOTHING,
    EVERYTHING,
    replace(EVERYTHING, name="without TLS on HTTP", https=False),
    replace(EVERYTHING, name="without tokens", tokens=False),
    replace(EVERYTHING, name="without TLS and role at the database", database="plain"),
    replace(EVERYTHING, name="role by password on the database's socket", database="scram"),
    replace(EVERYTHING, name="without TLS and rights at the broker", mqtts=False),
    replace(EVERYTHING, name="without traces to a collector", traces=False),
)


@dataclass(kw_only=True)
class Measured:
    """A running way with its clients; seconds each round took, of CPU too, and each command."""

    way: Way
    port: int
    pids: tuple[int | None, ...]
    acts: list[Act] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)

    def spent_s(self, database: TlsDatabase) -> float:
        """Return the CPU seconds of service, broker and database so far."""
        return sum(map(tree_cpu_s, (*self.pids, database.pid)))


class Sink(BaseHTTPRequestHandler):
    """A collector that takes every span and keeps none."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take one batch."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def collect(port: int) -> None:
    """Be the collector for ever."""
    ThreadingHTTPServer(("127.0.0.1", port), Sink).serve_forever()


@contextmanager
def collector() -> Iterator[str]:
    """Run a collector as a process of its own; gives its address."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=collect, args=(port,))
    process.start()
    try:
        yield f"http://127.0.0.1:{port}/v1/traces"
    finally:
        process.terminate()
        process.join()


@contextmanager
def running(way: Way, folder: Path, database: TlsDatabase, traces: str) -> Iterator[Measured]:
    """Run a service as a way wants it, with a broker of its own, and wait until it is ready."""
    port, name = free_port(), f"way_{WAYS.index(way)}"
    guard = guard_of(folder / "tls", PLANT) if way.mqtts else None
    broker = Broker(folder / name, free_port(), folder / "log", find_program(), guard=guard)
    url = f"{'https' if way.https else 'http'}://127.0.0.1:{port}"
    settings = {
        "HALITE_SERVICE": SAYER,
        "HALITE_PORT": str(port),
        "HALITE_DATABASE_URL": database.url(name, way.database),
        "HALITE_MQTT_URL": broker.url,
        "HALITE_PLANT_FILE": str(ROOT / "deploy/plant.toml"),
        "HALITE_DATA_DIR": str(folder),
        "HALITE_SERVICE_URLS": json.dumps(dict.fromkeys(SERVICES, url)),
        "HALITE_OTLP_URL": traces if way.traces else "",
    }
    module = "benchmarks.peers" if way.tokens else "benchmarks.doorless"
    with ExitStack() as stack:
        stack.callback(broker.stop)
        broker.start()
        process = subprocess.Popen(
            (sys.executable, "-m", module), cwd=ROOT, env=os.environ | settings
        )
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        auth, known = introduced(folder, {SAYER: url}), Identity(folder / "tls/gateway").as_client()
        with httpx.Client(base_url=url, trust_env=False, auth=auth, verify=known) as http:
            wait_until_ready(http)
        yield Measured(way=way, port=port, pids=(process.pid, broker.child.pid))


async def one_round(
    one: Measured,
    database: TlsDatabase,
    signer: Signer,
    known: ssl.SSLContext,
    sizes: tuple[int, int],
) -> None:
    """Send commands to one way and add what they took. sizes: clients, commands."""
    clients, count = sizes
    if not one.acts:
        tls = known if one.way.https else None
        one.acts = [await http_client(one.port, signer, tls) for _ in range(clients)]
        await run(one.acts, WARMING * clients)
    before_s, begun_s = one.spent_s(database), time.monotonic()
    one.took_s += await run(one.acts, count)
    one.wall_s.append(time.monotonic() - begun_s)
    one.cpu_s.append(one.spent_s(database) - before_s)


async def measure(
    ways: list[Measured], database: TlsDatabase, folder: Path, sizes: tuple[int, int], rounds: int
) -> None:
    """Let each way have its turn in each round, and another one be the first each time."""
    signer, known = signer_of(folder), Identity(folder / "tls/gateway").as_client()
    for number in range(rounds):
        first = number % len(ways)
        for one in ways[first:] + ways[:first]:
            await one_round(one, database, signer, known, sizes)


def report(ways: list[Measured], count: int) -> None:
    """Print a line for each way; ratios of each round to nothing, and what half of them span."""
    [nothing] = [one for one in ways if one.way is NOTHING]
    print("| way | commands/s | CPU ms | p50 ms | p95 ms | CPU to nothing | time to nothing |")
    print("|---|---|---|---|---|---|---|")
    for one in ways:
        rounds = len(one.wall_s)
        figures = (
            f"{rounds * count / sum(one.wall_s):.0f}",
            f"{1000 * sum(one.cpu_s) / rounds / count:.2f}",
            f"{1000 * percentile(one.took_s, 0.5):.1f}",
            f"{1000 * percentile(one.took_s, 0.95):.1f}",
            _ratio(one.cpu_s, nothing.cpu_s),
            _ratio(one.wall_s, nothing.wall_s),
        )
        print(f"| {one.way.name} | {' | '.join(figures)} |")


def _ratio(ours: list[float], least: list[float]) -> str:
    found = [own / other for own, other in zip(ours, least, strict=True)]
    low, high = percentile(found, 0.25), percentile(found, 0.75)
    return f"{median(found):.2f} ({low:.2f} to {high:.2f})"


def compare(folder: Path, sizes: tuple[int, int], rounds: int) -> None:
    """Run all ways, measure them and print what was found.

    Raises:
        PersonNeededError: Debian's PostgreSQL or the broker is missing or does not start.
    """
    Authority(folder / "tls").ensure(parts_of(PLANT))
    with ExitStack() as stack:
        names = [f"way_{place}" for place in range(len(WAYS))]
        database = stack.enter_context(tls_database(folder, SAYER, names))
        traces = stack.enter_context(collector())
        ways = [stack.enter_context(running(way, folder, database, traces)) for way in WAYS]
        uvloop.run(measure(ways, database, folder, sizes, rounds))
        load = psutil.getloadavg()[0]
    report(ways, sizes[1])
    print(f"{sizes[0]} clients, {rounds} rounds; load of the machine {load:.1f}")


def main() -> int:
    """Measure as often as asked; return 2 where a server cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--commands", type=int, default=120, help="of a way in a round")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            compare(folder, (asked.clients, asked.commands), asked.rounds)
        except PersonNeededError as error:
            print(error, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
