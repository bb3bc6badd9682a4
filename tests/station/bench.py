"""One service with its stations on real ports, told what to do by the voice of execution."""

import asyncio
import contextlib
import json
import shutil
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import uvicorn
from fastapi import FastAPI

from deploy.broker import Broker
from deploy.databaseroles import enter
from deploy.pki import ensure_passwords, ensure_pki
from deploy.postgres import PostgresServer
from shared.app import Service
from shared.clock import Clock, MachineClocks
from shared.db import migrate
from shared.envelope import Envelope
from shared.events import JobOrderEnded, JobOrderHeld, JobOrderReleased
from shared.facts import Event, Material, MaterialUse
from shared.parts import Parts, parts_of
from shared.serving import KEEP_ALIVE_S
from shared.settings import ServiceSettings, read_plant
from simulators.opcua_server import TypeNodes, node_sets_dir, read_type_nodes
from simulators.physics.exposure import Room
from simulators.run import build_station, read_stations
from simulators.station import Station
from simulators.world import World
from tests.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]
PLANT_FILE = ROOT / "deploy" / "plant.toml"
SPEED = 20_000.0
WITHIN_S = 90.0
LOOK_S = 0.05
Found = TypeVar("Found", bound=Event)


@dataclass(frozen=True, kw_only=True, repr=False)
class Ground:
    """What all benches of a session share: servers, keys of the pilot plant, OPC UA type nodes.

    Without a `repr`: asyncio writes out what a fixture returned, and that would be each type node.
    """

    postgres: PostgresServer
    broker: Broker
    keys_dir: Path
    types: TypeNodes


async def ground(postgres: PostgresServer, broker: Broker, folder: Path) -> Ground:
    """Make the keys and read the type nodes; both take seconds."""
    plant = read_plant(PLANT_FILE)
    ensure_pki(folder / "pki", plant)
    ensure_passwords(folder / "secrets" / "opcua", plant)
    types = await read_type_nodes(node_sets_dir())
    return Ground(postgres=postgres, broker=broker, keys_dir=folder, types=types)


@dataclass
class BenchTime:
    """What a bench's service and stations take for the wall clock.

    A test can hold it still: then no job ends and no wait is over, however slow the machine is.
    """

    _held_at_s: float | None = None
    _behind_s: float = 0.0

    def wall_s(self) -> float:
        """Return seconds that pass as the wall's do, but not while held."""
        now_s = time.time() if self._held_at_s is None else self._held_at_s
        return now_s - self._behind_s

    def hold(self) -> None:
        """Stand still from now on."""
        self._held_at_s = time.time()

    def tick(self, wall_s: float = 0.001) -> None:
        """Let so much of the wall's time pass while held; what comes next is later."""
        self._behind_s -= wall_s

    def go_on(self) -> None:
        """Pass again, from where it stood still."""
        if self._held_at_s is not None:
            self._behind_s += time.time() - self._held_at_s
            self._held_at_s = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Stand still during the block."""
        self.hold()
        try:
            yield
        finally:
            self.go_on()


@dataclass(kw_only=True, repr=False)
class Bench:
    """The running service, its stations by name (not all started), and execution's outbox.

    What a test starts itself is stopped at the end by `later`.
    """

    service: Service
    execution: Service
    stations: dict[str, Station]
    http: httpx.AsyncClient
    world: World
    time: BenchTime
    later: contextlib.AsyncExitStack
    make: Callable[[], Service]
    life: contextlib.AsyncExitStack
    _read: int = 0
    _said: list[Event] = field(default_factory=list)

    async def die(self) -> None:
        """End the service wherever it is; what it has not committed is lost."""
        await self.life.aclose()

    async def live(self) -> None:
        """Start the service anew on what it has committed."""
        self.service = self.make()
        await self.life.enter_async_context(_serving(self.service.app, self.service.settings.port))

    async def release(self, *job_orders: JobOrderReleased) -> None:
        """Say as execution that job orders may be dispatched."""
        await self.say(*job_orders)

    async def say(self, *events: Event) -> None:
        """Say something as execution."""
        async with self.execution.database.begin() as tx:
            await self.execution.outbox.record(tx, *events)

    async def said(self, kind: type[Found]) -> list[Found]:
        """Return what the service has said of one kind, from `GET /events`."""
        while items := (await self.get(f"/events?after={self._read}&limit=1000"))["items"]:
            envelopes = [Envelope.model_validate(item) for item in items]
            self._read = envelopes[-1].sequence or 0
            self._said += [event for item in envelopes if (event := item.event()) is not None]
        return [event for event in self._said if isinstance(event, kind)]

    async def until(
        self, kind: type[Found], wanted: Callable[[Found], bool], count: int = 1
    ) -> Any:
        """Return the first `count` events of a kind that are wanted, one alone as itself."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                found = [event for event in await self.said(kind) if wanted(event)]
                if len(found) >= count:
                    return found[0] if count == 1 else found[:count]
                await asyncio.sleep(LOOK_S)

    async def until_known(self, *job_order_ids: str) -> None:
        """Wait until the service knows of job orders."""
        async with asyncio.timeout(WITHIN_S):
            while not {
                item["job_order_id"] for item in (await self.get("/job-orders?limit=1000"))["items"]
            }.issuperset(job_order_ids):
                await asyncio.sleep(LOOK_S)

    async def ended(self, job_order_id: str) -> JobOrderEnded:
        """Return how a job order ended, when it has."""
        event: JobOrderEnded = await self.until(
            JobOrderEnded, lambda event: event.job_order_id == job_order_id
        )
        return event

    async def ended_after(self, released: JobOrderReleased) -> JobOrderEnded:
        """Release a job order and return how it ended."""
        await self.release(released)
        return await self.ended(released.job_order_id)

    async def held(self, job_order_id: str) -> JobOrderHeld:
        """Return why a job order is held, when it is."""
        event: JobOrderHeld = await self.until(
            JobOrderHeld, lambda event: event.job_order_id == job_order_id
        )
        return event

    async def get(self, path: str) -> Any:
        """Return the JSON of a route."""
        reply = await self.http.get(path)
        reply.raise_for_status()
        return reply.json()

    async def post(self, path: str, body: Any = None, person: str = "operator") -> httpx.Response:
        """Give a command with a key of its own, in a person's name."""
        headers = {"idempotency-key": uuid4().hex, "x-halite-person": person}
        return await self.http.post(path, json=body, headers=headers)

    @contextlib.asynccontextmanager
    async def fault(self, name: str, fault: str, magnitude: float) -> AsyncIterator[None]:
        """Run the block with a fault on a station."""
        await self.stations[name].switch_fault(fault, magnitude)
        yield
        await self.stations[name].end_fault(fault)


def lot(
    lot_id: str, definition: str, use: MaterialUse, quantity: float = 1, unit: str = "count"
) -> Material:
    """Return one lot of a job order."""
    return Material(
        lot_id=lot_id, material_definition_id=definition, quantity=quantity, unit=unit, use=use
    )


def job_order(
    job_order_id: str,
    station_kind: str,
    recipe_id: str,
    materials: Iterable[Material],
    **more: Any,
) -> JobOrderReleased:
    """Return a job order about the last of its lots, due some day."""
    materials = tuple(materials)
    values = {
        "job_order_id": job_order_id,
        "lot_id": materials[-1].lot_id,
        "work_request_id": "WR-1",
        "product_id": "nfm-pouch-1ah",
        "operation": station_kind,
        "service": "sintering",
        "station_kind": station_kind,
        "recipe_id": recipe_id,
        "materials": materials,
        "priority": 50,
        "due_at": datetime(2027, 1, 1, tzinfo=UTC),
        "released_at": datetime(2026, 3, 2, 6, tzinfo=UTC),
    }
    return JobOrderReleased.model_validate(values | more)


def recipe(recipe_id: str, station_kind: str, **values: Any) -> dict[str, Any]:
    """Return a master recipe as posted, all of its values released."""
    parameters = {name: {"value": value, "source": "test"} for name, value in values.items()}
    return {
        "recipe_id": recipe_id,
        "version": 1,
        "station_kind": station_kind,
        "description": recipe_id,
        "parameters": parameters,
    }


@contextlib.asynccontextmanager
async def bench(
    name: str,
    wire: Callable[[dict[str, Any], Parts], Service],
    ground: Ground,
    folder: Path,
    idle: tuple[str, ...] = (),
    speed: float = SPEED,
    like: Mapping[str, str] | None = None,
) -> AsyncIterator[Bench]:
    """Run a service with its stations, but those of `idle` not started, until the block ends.

    `wire` builds the service from its settings and outer parts. speed: plant seconds per wall
    second. like: more stations by name, each with the name of the one that it is like.
    """
    site = f"{name}-{uuid4().hex[:6]}"
    plant_file = write_plant_file(folder, site, name, like or {})
    shutil.copytree(ground.keys_dir, folder, dirs_exist_ok=True)
    if like:
        ensure_pki(folder / "pki", read_plant(plant_file))
        ensure_passwords(folder / "secrets" / "opcua", read_plant(plant_file))
    bench_time = BenchTime()
    clock = Clock(
        plant_start=datetime(2026, 3, 2, 6, tzinfo=UTC),
        wall_start_s=bench_time.wall_s(),
        speed=speed,
        machine=MachineClocks(wall_s=bench_time.wall_s),
    )
    ports = {"execution": free_port(), name: free_port()}

    def settings(service: str) -> dict[str, Any]:
        database = f"{service}_{uuid4().hex[:8]}"
        ground.postgres.ensure_database(database)
        own = ROOT / "services" / name / "migrations"  # the voice needs the kernel's tables alone
        migrate(ground.postgres.url(database), own)
        return {
            "service": service,
            "port": ports[service],
            "database_url": enter(ground.postgres, service, database, folder / "passwords"),
            "mqtt_url": ground.broker.url,
            "plant_file": plant_file,
            "data_dir": folder,
            "service_urls": {key: f"http://127.0.0.1:{port}" for key, port in ports.items()},
        }

    def parts(values: dict[str, Any]) -> Parts:
        return replace(parts_of(ServiceSettings(**values)), clock=clock)

    voice, own_settings = settings("execution"), settings(name)
    execution = Service(ServiceSettings(**voice), folder, parts(voice))
    service = wire(own_settings, parts(own_settings))
    world = World(folder / "simulators" / "world.sqlite")
    stations = {
        config.name: build_station(config, ground.types, world, Room(7), clock, folder)
        for config in read_stations(plant_file).values()
    }
    started = [station for station in stations.values() if station.name not in idle]
    async with contextlib.AsyncExitStack() as stack:
        for station in started:
            await station.start()
            stack.push_async_callback(station.stop)
        await stack.enter_async_context(_serving(execution.app, ports["execution"]))
        life = await stack.enter_async_context(contextlib.AsyncExitStack())
        await life.enter_async_context(_serving(service.app, ports[name]))
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{ports[name]}", timeout=WITHIN_S, trust_env=False
            )
        )
        yield Bench(
            service=service,
            execution=execution,
            stations=stations,
            http=http,
            world=world,
            time=bench_time,
            later=stack,
            make=lambda: wire(own_settings, parts(own_settings)),
            life=life,
        )
    world.close()


def write_plant_file(folder: Path, site: str, service: str, like: Mapping[str, str]) -> Path:
    """Write the pilot plant's stations of one service, and more like them, with free ports."""
    pilot = tomllib.loads(PLANT_FILE.read_text())
    lines = [f'site = "{site}"', f'line = "{service}"']
    by_name = {station["equipment_id"].rpartition("/")[2]: station for station in pilot["station"]}
    more = [
        by_name[model] | {"equipment_id": _beside(by_name[model], name)}
        for name, model in like.items()
    ]
    for station in (*pilot["station"], *more):
        if station["service"] == service:
            station["endpoint"] = f"opc.tcp://127.0.0.1:{free_port()}"
            lines += ["[[station]]", *(f"{key} = {json.dumps(v)}" for key, v in station.items())]
    for tester in pilot["tester"]:
        if tester["service"] == service:
            tester["endpoint"] = f"tcp://127.0.0.1:{free_port()}"
            lines += ["[[tester]]", *(f"{key} = {_written(v)}" for key, v in tester.items())]
    path = folder / "plant.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _beside(station: Mapping[str, Any], name: str) -> str:
    return f"{station['equipment_id'].rpartition('/')[0]}/{name}"


def _written(value: object) -> str:
    """Return a value as TOML, which unlike JSON knows dates and writes tables with `=`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


@contextlib.asynccontextmanager
async def _serving(app: FastAPI, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    for _ in range(round(WITHIN_S / LOOK_S)):
        if server.started or task.done():
            break
        await asyncio.sleep(LOOK_S)
    try:
        yield
    finally:
        server.should_exit = True
        await task
