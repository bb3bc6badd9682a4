"""Two processes of one service with one database and one broker: started, killed, looked at."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from deploy.databaseroles import enter
from deploy.postgres import PostgresServer
from deploy.servicecalls import introduced
from shared.app import Service
from shared.clock import Clock, write_clock
from shared.db import Database, migrate, sql
from shared.events import JobOrderReleased
from shared.settings import SERVICES, read_plant
from simulators.physics.exposure import Room
from simulators.run import build_station, read_stations
from simulators.world import World
from tests.conftest import free_port
from tests.station.bench import Ground, write_plant_file
from tests.station.speaker import ROOT, Speaker, speaking, until

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
READY_WITHIN_S = 120.0
TAKEN_OVER_WITHIN_S = 10.0  # a claim is asked for each second; the rest is for a slow machine
HOLDER = """
    SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
      AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(:name, 0)"""


@dataclass
class Replica:
    """One process of a service; PostgreSQL knows its sessions by its name."""

    service: str
    name: str
    environment: dict[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it answers HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        own = {
            "HALITE_REPLICA": self.name,
            "HALITE_PORT": str(self.port),
            "PGAPPNAME": self.name,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                (sys.executable, "-m", f"services.{self.service}.main"),
                env={**os.environ, **self.environment, **own},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """End it with SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    async def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
                reply = await http.get(f"{self.url}/readyz")
                return reply.status_code == 200
        return False

    def failures(self) -> list[str]:
        """Return what its log tells of loops that failed otherwise than by something away."""
        return [line for line in self.log.read_text().splitlines() if "loop failed" in line]


@contextmanager
def started(replicas: tuple[Replica, ...]) -> Iterator[None]:
    """Start processes; end them after the block."""
    for one in replicas:
        one.start()
    try:
        yield
    finally:
        for one in replicas:
            one.kill()


def replicas(
    service: str,
    server: PostgresServer,
    name: str,
    speaker: Speaker,
    mqtt_url: str,
    folder: Path,
    **settings: str,
) -> tuple[Replica, Replica]:
    """Return two of a service that share a database, the broker and the plant file of a folder.

    settings: further ones of the service, by the names of their variables.
    """
    environment = {
        "HALITE_SERVICE": service,
        "HALITE_DATABASE_URL": enter(server, service, name, folder / "passwords"),
        "HALITE_MQTT_URL": mqtt_url,
        "HALITE_PLANT_FILE": str(folder / "plant.toml"),
        "HALITE_DATA_DIR": str(folder),
        "HALITE_SERVICE_URLS": json.dumps(speaker.urls),
        **settings,
    }
    first, second = (
        Replica(service, name, environment, folder / f"{name}.log") for name in ("first", "second")
    )
    return first, second


@asynccontextmanager
async def database(server: PostgresServer, service: str, name: str) -> AsyncIterator[Database]:
    """Make a service's database, to look into; remove it after the block."""
    server.ensure_database(name)
    migrate(server.url(name), ROOT / "services" / service / "migrations")
    opened = Database(server.url(name))
    try:
        yield opened
    finally:
        await opened.close()
        server.drop_database(name)


@dataclass(kw_only=True)
class Pair:
    """Two replicas of a service at work, the voice of its peers, and what they keep.

    world: of the simulated stations. runs: returns each start of a job, as the stations or testers
    themselves have logged it. desk: the service once more, over the same database, for its HTTP
    face alone.
    """

    replicas: tuple[Replica, Replica]
    kept: Database
    speaker: Speaker
    world: World
    runs: Callable[[], Sequence[str]]
    clock: Clock
    folder: Path
    desk: Service

    async def both_ready(self) -> bool:
        first, second = self.replicas
        return await first.is_ready() and await second.is_ready()

    async def holder(self, claim: str | None = None) -> Replica | None:
        """Return who holds the claim to what one replica does alone; None: nobody now."""
        async with self.kept.quiet() as tx:
            names = list(await tx.scalars(sql(HOLDER), {"name": claim or self.replicas[0].service}))
        assert len(names) <= 1
        return next((one for one in self.replicas if one.name in names), None)

    async def driving(self) -> Replica:
        """Return who drives the stations, once somebody does."""
        await until(self.holder, READY_WITHIN_S)
        found = await self.holder()
        assert found is not None
        return found

    async def taken_over_from(self, dead: Replica) -> Replica:
        """Wait until the other one holds the claim of a replica that was killed."""
        began_s = time.monotonic()
        [heir] = [one for one in self.replicas if one is not dead]

        async def holds() -> bool:
            return await self.holder() is heir

        await until(holds, READY_WITHIN_S)
        assert time.monotonic() - began_s < TAKEN_OVER_WITHIN_S
        return heir

    async def survive(self, batches: tuple[Iterable[JobOrderReleased], ...]) -> None:
        """Kill who drives at work in each batch; who was killed is back when the next one comes."""
        victim = None
        for batch in batches:
            if victim is not None:
                victim.start()
            await until(self.both_ready, READY_WITHIN_S)
            victim, begun = await self.driving(), len(self.runs())
            for job_order in batch:
                await self.say(job_order)

            async def begins(before: int = begun) -> bool:
                return len(self.runs()) > before

            await until(begins, READY_WITHIN_S)
            victim.kill()
            await self.taken_over_from(victim)

    async def say(self, event: Any, source: str = "execution") -> None:
        await self.speaker.say(source, event, self.clock.now())

    async def count(self, kind: str, key: str) -> Counter[str]:
        """Return how often the service said one kind of event, by a field of it."""
        statement = f"""
            SELECT body::jsonb -> 'data' ->> '{key}' FROM outbox WHERE type LIKE '%.{kind}.v%'"""
        async with self.kept.quiet() as tx:
            return Counter(await tx.scalars(sql(statement)))

    async def shown(self, one: Replica, path: str) -> Any:
        """Return what one of the two answers over HTTP, asked as a tool of the plant."""
        auth = introduced(self.folder, {one.service: one.url})
        async with httpx.AsyncClient(
            base_url=one.url, auth=auth, trust_env=False, timeout=30
        ) as http:
            reply = await http.get(path)
        assert reply.is_success, reply.text
        return reply.json()

    async def until_ended(self, *job_order_ids: str) -> None:
        async def all_ended() -> bool:
            return set(job_order_ids) <= set(await self.count("job_order_ended", "job_order_id"))

        await until(all_ended, READY_WITHIN_S)

    async def check_books(self) -> None:
        """Nothing that was heard is lost or set aside, what was said has one number each."""

        async def all_numbered() -> bool:
            async with self.kept.quiet() as tx:
                query = "SELECT count(*) FROM outbox WHERE sequence IS NULL"
                return not await tx.scalar(sql(query))

        await until(all_numbered)
        async with self.kept.quiet() as tx:
            numbered = "SELECT sequence FROM outbox WHERE sequence IS NOT NULL ORDER BY sequence"
            given = list(await tx.scalars(sql(numbered)))
            aside = list(await tx.scalars(sql("SELECT subject FROM set_aside")))
        assert given == list(range(1, len(given) + 1)), "one number for each, without a gap"
        assert aside == []
        assert [line for one in self.replicas for line in one.failures()] == []

    async def check_jobs(self, *job_order_ids: str) -> None:
        """Each order of a station ran there once, and of each job order that was said once."""
        once = dict.fromkeys(job_order_ids, 1)
        async with self.kept.quiet() as tx:
            orders = list(await tx.scalars(sql("SELECT station_order_id FROM station_order")))
        assert Counter(self.runs()) == dict.fromkeys(orders, 1)
        assert await self.count("job_order_started", "job_order_id") == once
        assert await self.count("job_order_ended", "job_order_id") == once

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the service over its HTTP face; return the answer."""
        transport = httpx.ASGITransport(app=self.desk.app)
        headers = {"idempotency-key": uuid4().hex, "x-halite-person": "operator"}
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
            reply = await http.request(method, path, json=body, headers=headers)
        assert reply.is_success, reply.text
        return reply.json()


@asynccontextmanager
async def pair(
    service: str,
    ground: Ground,
    folder: Path,
    speed: float,
    wire: Callable[[dict[str, Any]], Service],
    prepare: Callable[[Pair], Awaitable[None]],
    stations: Iterable[str] = (),
    peers: Sequence[str] = SERVICES,
    **settings: str,
) -> AsyncIterator[Pair]:
    """Run two replicas of a service with the named simulated stations until the block ends.

    speed: plant seconds per wall second. wire: builds the service over the same database, to
    `prepare` it before the replicas start. peers: the services that it knows of. settings: of the
    service, by variable.
    """
    name = f"test_{service}_{uuid4().hex[:8]}"
    shutil.copytree(ground.keys_dir, folder, dirs_exist_ok=True)
    file = write_plant_file(folder, f"{service}-{uuid4().hex[:6]}", service, {})
    clock = Clock(plant_start=AT, wall_start_s=time.time(), speed=speed)
    write_clock(folder / "clock.json", clock)
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(database(ground.postgres, service, name))
        site = read_plant(file).site
        speaker = await stack.enter_async_context(speaking(site, ground.broker.url))
        urls = {peer: speaker.urls[peer] for peer in peers}
        given = {
            "HALITE_SERVICE_URLS": json.dumps(urls),
            "HALITE_CLOCK_FILE": str(folder / "clock.json"),
            **settings,
        }
        both = replicas(service, ground.postgres, name, speaker, ground.broker.url, folder, **given)
        world = World(folder / "simulators" / "world.sqlite")
        stack.callback(world.close)
        configs = read_stations(file)
        for wanted in stations:
            station = build_station(configs[wanted], ground.types, world, Room(7), clock, folder)
            await station.start()
            stack.push_async_callback(station.stop)
        values = {
            "service": service,
            "port": 1,
            "database_url": ground.postgres.url(name),
            "plant_file": file,
            "data_dir": folder,
            "clock_file": folder / "clock.json",
            "service_urls": urls,
        }
        desk = wire(values)
        found = Pair(
            replicas=both,
            kept=kept,
            speaker=speaker,
            world=world,
            runs=lambda: [run.job_order_id for run in world.runs()],
            clock=clock,
            folder=folder,
            desk=desk,
        )
        stack.push_async_callback(desk.http.aclose)
        stack.push_async_callback(desk.database.close)
        await prepare(found)
        stack.enter_context(started(both))
        yield found
