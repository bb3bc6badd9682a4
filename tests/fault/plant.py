"""The whole plant in one process on virtual time: services, broker, stations, tester, databases."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import httpx
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import services.execution.main as execution
import services.formation.main as formation
import services.lamination.main as lamination
import services.quality.main as quality
import services.sintering.main as sintering
import services.spray.main as spray
import services.trace.main as trace
from services.execution.settings import ExecutionSettings
from services.formation.settings import FormationSettings
from services.gateway.masterdata import sections
from services.lamination.settings import LaminationSettings
from services.quality.domain import CCD_SURVIVED
from services.quality.figures import (
    CONDUCTIVITY,
    CONDUCTIVITY_25,
    INTERFACE_ASR,
    KK_RESIDUAL,
    OF_MODE,
    figure,
    unknown,
)
from services.quality.fitter import Answer, AnyQuestion, FileQuestion, StaircaseQuestion, answered
from services.quality.fitting import FitProcess
from services.quality.settings import QualitySettings
from services.quality.staircase import CCD_MODE, OF_STAIRCASE
from services.sintering.settings import SinteringSettings
from services.spray.settings import SpraySettings
from services.trace.settings import TraceSettings
from services.trace.signing import keep_key
from shared.app import Service, supervise
from shared.facts import TestResult
from shared.parts import Parts
from shared.settings import SERVICES, PlantSettings, read_plant
from shared.telemetry import TelemetryFeed
from simulators.channels import Bench
from simulators.run import KINDS, read_stations, room_of
from simulators.tester import read_tester
from simulators.world import World
from tests.fault.bus import VirtualBroker, VirtualBus
from tests.fault.chance import Chance, Fault
from tests.fault.database import Ledger, VirtualDatabase
from tests.fault.life import TWIN, Life
from tests.fault.loop import VirtualLoop, virtual_clock
from tests.fault.stations import Floor, MemoryStation
from tests.fault.tester import tester_client
from tests.fault.web import Answering, Web

ROOT = Path(__file__).resolve().parents[2]
PLANT_FILE = ROOT / "deploy" / "plant.toml"
MASTER_DATA = (ROOT / "examples/master-data.yaml").read_bytes()
ORDER = (ROOT / "examples/small-order.yaml").read_bytes()
RECEIVED = {lot["lot_id"]: float(lot["quantity"]) for lot in yaml.safe_load(ORDER)["material_lots"]}
RUNNING = ("execution", "sintering", "spray", "lamination", "formation", "quality", "trace")
RESTART_S = (0.3, 4.0)
UNKNOWN_RATIO = 0.03
TYPICAL = {
    KK_RESIDUAL: 0.003,
    INTERFACE_ASR: 160.0,
    CONDUCTIVITY: 0.0083,
    CONDUCTIVITY_25: 0.0083,
    CCD_SURVIVED: 4.3,
}
FIT_S = (0.05, 0.5)
MEMORY = Path(":memory:")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What all seeds of a process share: databases, the plant file, master data, a folder."""

    ledgers: Mapping[str, Ledger]
    plant: PlantSettings
    master_data: Mapping[str, str]
    folder: Path


def ground_on(ledgers: Mapping[str, Ledger], folder: Path) -> Ground:
    """Read what all seeds share."""
    # A seed replays in another process, the signatures of seals too.
    keep_key(folder / "secrets/seal.key", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    return Ground(
        ledgers=ledgers,
        plant=read_plant(PLANT_FILE),
        master_data=sections(MASTER_DATA),
        folder=folder,
    )


class Fits:
    """Gives figures in place of the fit process: most within the limits, some not, some unknown.

    A fit takes a second of real time; what matters here is that an answer comes, late and once.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    async def ask(self, question: AnyQuestion) -> Answer:
        """Return drawn figures of the lot in question."""
        await asyncio.sleep(self._chance.stream("fits").uniform(*FIT_S))
        if isinstance(question, FileQuestion):
            return answered(question)
        lot_id = question.event.lot_id
        if isinstance(question, StaircaseQuestion):
            return Answer(results=tuple(self._figure(lot_id, name) for name in OF_STAIRCASE))
        names = OF_MODE[question.event.mode]
        return Answer(results=tuple(self._figure(lot_id, name) for name in names), record={})

    async def rest(self) -> None:
        """Nothing to end when idle."""
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Nothing to end."""

    def _figure(self, lot_id: str, name: str) -> TestResult:
        drawn = self._chance.fixed(f"{lot_id} {name}")
        if drawn < UNKNOWN_RATIO:
            return unknown(lot_id, name, "the fit is no result")
        if name == CCD_MODE:
            return figure(lot_id, name, "survived")
        return figure(lot_id, name, TYPICAL.get(name, 1.0) * (0.95 + 0.07 * drawn))


class VirtualPlant:
    """One plant of one seed."""

    def __init__(self, ground: Ground, loop: VirtualLoop, chance: Chance) -> None:
        self.ground, self.chance = ground, chance
        self.clock = virtual_clock(loop, chance.wall_s)
        self.world = World(MEMORY, seed=chance.seed)
        configs = read_stations(PLANT_FILE)
        room = room_of(configs, self.world, 0.0)
        machines = {
            name: KINDS[config.kind](config, self.world, room) for name, config in configs.items()
        }
        self.floor = Floor(machines, self.clock)
        bench_config, _, _ = read_tester(PLANT_FILE)
        self.bench = Bench(bench_config, MEMORY, self.world, self.clock.now)
        self.broker = VirtualBroker(chance)
        self.answering: dict[str, Answering | None] = dict.fromkeys(RUNNING)
        self.services: dict[str, Service] = {}
        self._lives: dict[str, Life] = {}
        self._hosts: dict[str, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._loop = loop
        self._stopping = False

    async def start(self) -> None:
        """Switch everything on and give the plant its master data."""
        await self.floor.start()
        self._tasks = [
            asyncio.create_task(self.broker.run()),
            *(asyncio.create_task(call) for call in self._dry_room()),
        ]
        for name in RUNNING:
            self._begin(name)
        for fault in self.chance.faults:
            self._await(fault)
        for name, section in self.ground.master_data.items():
            if name in RUNNING:
                await self.post(f"http://{name}/master-data", section.encode(), "application/json")

    async def stop(self) -> None:
        """Switch everything off."""
        self._stopping = True
        hosts = list(self._hosts.values())
        for task in [*hosts, *self._tasks]:
            task.cancel()
        await asyncio.gather(*hosts, *self._tasks, return_exceptions=True)
        await self.floor.stop()
        self.bench.close()
        self.world.close()

    def runs(self) -> list[str]:
        """Return each start of a job by the stations' and the tester's own logs."""
        found = [f"{run.station}: {run.job_order_id}" for run in self.world.runs()]
        return found + [f"tester: {job_order_id}" for job_order_id, *_ in self._tests()]

    def logs(self) -> list[str]:
        """Return all that the stations' and the tester's own logs say, with times."""
        return [str(row) for row in (*self.world.runs(), *self._tests())]

    def _tests(self) -> list[tuple[Any, ...]]:
        """Return step file, barcode and start of each test; its folder is another each time."""
        statement = "SELECT path, barcode, started_at FROM tests ORDER BY test_id"
        return [(Path(path).stem, *rest) for path, *rest in self.bench._sql.execute(statement)]

    async def post(self, url: str, content: bytes, content_type: str) -> None:
        """Give a command again and again with the same key until it is taken."""
        headers = {"Idempotency-Key": f"key of {url}", "Content-Type": content_type}
        async with self._http() as http:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    reply = await http.post(url, content=content, headers=headers)
                    if reply.is_success:
                        return
                    if reply.status_code < 500:
                        raise AssertionError(f"{url}: {reply.status_code}: {reply.text}")
                await asyncio.sleep(0.5)

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=Web(self.chance, self.answering), trust_env=False)

    def _await(self, fault: Fault) -> None:
        """Have a fault that is an act of its own done when its time comes."""
        match fault.kind:
            case "crash":
                self._loop.call_at(fault.at_s, self._crash, fault.target, fault.for_s)
            case "twin":
                seat = fault.target + TWIN
                self._loop.call_at(fault.at_s, self._begin, seat)
                self._loop.call_at(fault.at_s + fault.for_s, self._crash, seat, 0.0)
            case "jobs_forgotten":
                self._tasks.append(asyncio.create_task(self._forget(fault)))

    async def _forget(self, fault: Fault) -> None:
        """Let a station be switched off in the middle of its work and lose what it kept."""
        station = self.floor.stations[fault.target]
        await asyncio.sleep(fault.at_s)
        for job_order_id in station.job_states():
            self.chance.note(f"{fault.kind} {fault.target} {job_order_id}")
            await station.abort(job_order_id)
            await station.clear(job_order_id)

    def _begin(self, seat: str) -> None:
        known = self._lives.get(seat)
        if self._stopping or (known is not None and known.alive):
            return
        number = 1 if known is None else known.number + 1
        life = self._lives[seat] = Life(seat, number, self._ended)
        service = self.services[seat] = self._build(life.name, life)
        self.answering[seat] = Answering(life, service.app)
        self._hosts[seat] = asyncio.create_task(_host(service))
        self.chance.note(f"start {seat}")

    def _crash(self, seat: str, down_s: float) -> None:
        life = self._lives[seat]
        if life.alive:
            self.chance.note(f"crash {seat}")
            life.alive = False
            self._bury(life, down_s)

    def _ended(self, life: Life) -> None:
        self._bury(life, self.chance.stream("restarts").uniform(*RESTART_S))

    def _bury(self, life: Life, down_s: float) -> None:
        """Drop all tasks of a life that has ended; one that is not a twin begins again later."""
        answering = self.answering[life.seat]
        self.answering[life.seat] = None
        for task in answering.tasks if answering is not None else ():
            task.cancel()
        self.broker.session(life.seat).line = None
        self._hosts[life.seat].cancel()
        if life.seat == life.name:
            self._loop.call_later(down_s, self._begin, life.seat)

    def _build(self, name: str, life: Life) -> Service:
        ground, chance = self.ground, self.chance
        parts = Parts(
            plant=ground.plant,
            clock=self.clock,
            database=VirtualDatabase(ground.ledgers[name], life, chance),
            bus=VirtualBus(self.broker, life),  # type: ignore[arg-type]
            http=self._http(),
            new_id=chance.new_id,
            draw=chance.draw,
            station=partial(MemoryStation, floor=self.floor, life=life, chance=chance),
        )
        values: dict[str, Any] = {
            "service": name,
            "port": 1,
            "database_url": f"virtual:{name}",
            "plant_file": PLANT_FILE,
            "data_dir": ground.folder,
            "service_urls": {service: f"http://{service}" for service in SERVICES},
        }
        return self._wired(name, values, parts, life)

    def _wired(self, name: str, values: dict[str, Any], parts: Parts, life: Life) -> Service:
        tester = partial(tester_client, bench=self.bench, life=life, chance=self.chance)
        share, fits = self.ground.folder / "share", cast(FitProcess, Fits(self.chance))
        builds: dict[str, Callable[[], Service]] = {
            "execution": lambda: execution.build(ExecutionSettings(**values), parts),
            "sintering": lambda: sintering.build(
                SinteringSettings(**values, plan_search_s=0.0), parts
            ),
            "spray": lambda: spray.build(SpraySettings(**values), parts),
            "lamination": lambda: lamination.build(LaminationSettings(**values), parts),
            "formation": lambda: formation.build(
                FormationSettings(**values, share_dir=share), parts, tester
            ),
            "quality": lambda: quality.build(QualitySettings(**values), fits, parts),
            "trace": lambda: trace.build(TraceSettings(**values), parts),
        }
        return builds[name]()

    def _dry_room(self) -> list[Any]:
        """Return what feeds the room's sensors to the bus; the historian is left out."""
        life = Life("dryroom", 1, self._ended)
        bus = VirtualBus(self.broker, life)
        bus.start()
        draw, found = self.chance.draw, []
        for station in self.ground.plant.station:
            if station.kind == "dryroom":
                line = MemoryStation(station, _NO_ACCESS, self.floor, life, self.chance)
                feed = TelemetryFeed(bus, line)  # type: ignore[arg-type]
                found += [supervise("room", line.run, draw), supervise("feed", feed.run, draw)]
        return found


_NO_ACCESS: Any = None


async def _host(service: Service) -> None:
    async with service.running():
        await asyncio.Event().wait()
