"""Two small services on real ports, one that says events and one that reads them, to be timed."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import psutil
from fastapi import Depends

from deploy.broker import Broker, find_program
from deploy.postgres import PostgresServer
from deploy.servicecalls import introduced
from shared.app import Service
from shared.commands import Command, command_of
from shared.db import sql
from shared.envelope import Envelope
from shared.events import LotHeld
from shared.settings import SERVICES, ServiceSettings
from shared.transaction import Transaction

ROOT = Path(__file__).resolve().parents[1]
SAYER, READER = "execution", "trace"
WRITERS = 8  # transactions that the sayer has open at once
LOTS = 50


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Database and broker of one benchmark, with its folder."""

    folder: Path
    postgres: PostgresServer
    broker: Broker


@contextlib.contextmanager
def floor() -> Iterator[Floor]:
    """Start a durable database and a broker in a new folder; end both with the block."""
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = PostgresServer(folder / "postgres", folder / "log")
        broker = Broker(folder / "broker", free_port(), folder / "log", find_program())
        try:
            postgres.start()
            broker.start()
            for database in (SAYER, READER):
                postgres.ensure_database(database)
            yield Floor(folder=folder, postgres=postgres, broker=broker)
        finally:
            broker.stop()
            postgres.stop()


def database_cpu_s(on: Floor) -> float:
    """Return the CPU seconds that the database server and all its sessions have spent."""
    return tree_cpu_s(on.postgres.child.pid)


def tree_cpu_s(pid: int | None) -> float:
    """Return the CPU seconds that a process and all its children have spent."""
    server = psutil.Process(pid)
    times = server.cpu_times()
    spent = times.user + times.system + times.children_user + times.children_system
    for session in server.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # ended just now
            own = session.cpu_times()
            spent += own.user + own.system
    return float(spent)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One of the two services as a process."""

    process: "subprocess.Popen[bytes]"
    http: httpx.Client

    @property
    def read_to(self) -> int:
        """The sequence up to which the sayer's events are applied here."""
        sequence: int = self.http.get("/readyz").json()["read"][SAYER]
        return sequence

    @property
    def cpu_s(self) -> float:
        """CPU seconds spent so far, user and system."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)


@contextlib.contextmanager
def peer(
    on: Floor, service: str, port: int, sayer_port: int, module: str = "benchmarks.peers"
) -> Iterator[Peer]:
    """Run a service as a process of its own and wait until it is ready.

    module: another one than this runs a service of the plant; all its sources but the sayer are
    away.
    """
    urls = dict.fromkeys(SERVICES, "http://127.0.0.1:1")
    urls[SAYER] = f"http://127.0.0.1:{sayer_port}"
    settings = {
        "HALITE_SERVICE": service,
        "HALITE_PORT": str(port),
        "HALITE_DATABASE_URL": on.postgres.url(service),
        "HALITE_MQTT_URL": on.broker.url,
        "HALITE_PLANT_FILE": str(ROOT / "deploy/plant.toml"),
        "HALITE_DATA_DIR": str(on.folder),
        "HALITE_SERVICE_URLS": json.dumps(urls),
    }
    command = [sys.executable, "-m", module]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings)
    try:
        url = f"http://127.0.0.1:{port}"
        auth = introduced(on.folder, {service: url})
        with httpx.Client(base_url=url, timeout=3600, trust_env=False, auth=auth) as http:
            wait_until_ready(http)
            yield Peer(process=process, http=http)
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_ready(http: httpx.Client) -> None:
    """Return once a service is ready.

    Raises:
        TimeoutError: it was not in 60 s.
    """
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        with contextlib.suppress(httpx.HTTPError):
            if http.get("/readyz").status_code == 200:
                return
        time.sleep(0.1)
    raise TimeoutError(f"{http.base_url} was not ready in 60 s")


def percentile(values: list[float], ratio: float) -> float:
    """Return the value below which a ratio of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(ratio * len(ordered)))]


def held(number: int) -> LotHeld:
    """Return the event with a number."""
    lot_id = f"LOT-{number % LOTS:03d}"
    return LotHeld(lot_id=lot_id, work_request_id="WR1", gate="exposure", reason=str(number))


def add_sayer(service: Service) -> None:
    """Add the command that says one event, and the run that says them at a rate."""
    given = Annotated[Command, Depends(command_of(service.database))]

    async def prepare() -> None:
        async with service.database.quiet() as tx:
            statement = "CREATE TABLE IF NOT EXISTS thing (id bigserial PRIMARY KEY, name text)"
            await tx.execute(sql(statement))

    async def act(tx: Transaction, number: int) -> dict[str, Any]:
        await tx.execute(sql("INSERT INTO thing (name) VALUES (:name)"), {"name": str(number)})
        await service.outbox.record(tx, held(number))
        return {"number": number}

    @service.app.post("/lots/{number}/holds", status_code=201)
    async def post_thing(number: int, command: given) -> dict[str, Any]:
        return await command.once(lambda tx: act(tx, number))

    @service.app.post("/work-schedules")
    async def post_run(rate: float, seconds: float) -> dict[str, float]:
        """Say events at a rate; answers each number's wall time of commit."""
        committed: dict[str, float] = {}
        begun, count = time.monotonic(), int(rate * seconds)
        numbers = iter(range(1, count + 1))

        async def write() -> None:
            for number in numbers:
                await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
                async with service.database.begin() as tx:
                    await act(tx, number)
                committed[str(number)] = time.time()

        await asyncio.gather(*(write() for _ in range(WRITERS)))
        return committed

    service.on_start(prepare)


def add_reader(service: Service) -> None:
    """Read the sayer's events into a table, and stamp when their effect was committed."""
    pending: list[str] = []
    applied: dict[str, float] = {}

    async def prepare() -> None:
        async with service.database.quiet() as tx:
            await tx.execute(sql("CREATE TABLE IF NOT EXISTS taken (reason text, lot_id text)"))

    async def take(tx: Transaction, _: Envelope, event: LotHeld) -> None:
        values = {"reason": event.reason, "lot_id": event.lot_id}
        await tx.execute(sql("INSERT INTO taken VALUES (:reason, :lot_id)"), values)
        pending.append(event.reason)

    async def stamp() -> None:
        while True:
            await service.database.committed.wait(1.0)
            now = time.time()
            applied.update(dict.fromkeys(pending, now))
            pending.clear()

    @service.app.get("/applied")
    async def get_applied() -> dict[str, float]:
        return applied

    @service.app.get("/applied/count")
    async def get_count() -> int:
        return len(applied)

    service.on_start(prepare)
    service.loop("stamp", stamp)
    service.listen((SAYER,), {LotHeld: take})


def main(kind: type[Service] = Service) -> None:
    """Run the service that the environment names."""
    settings = ServiceSettings()
    with tempfile.TemporaryDirectory() as no_migrations:
        service = kind(settings, Path(no_migrations))
        (add_sayer if settings.service == SAYER else add_reader)(service)
        service.run()


if __name__ == "__main__":
    main()
