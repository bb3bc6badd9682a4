"""A simulated tester on a port of its own, in a plant time that the test sets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.formation.answers import Channel
from services.formation.neware import NewareClient, named
from services.formation.protocol import CellOrder, ccd_protocol, formation_protocol
from services.formation.stepfile import step_file
from simulators.channels import Bench, BenchConfig
from simulators.tester import BtsServer
from simulators.world import Fault, World

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
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
WITNESS = {
    "kind": "symmetric",
    "area_cm2": 2.0,
    "asr_dc_ohm_cm2": 240.0,
    "j_crit_ma_per_cm2": 0.7,
    "failure_mode": "hard_short",
}


@dataclass
class Floor:
    """One tester with its world, on a port of its own, in a plant time that the test sets."""

    folder: Path
    world: World
    bench: Bench
    tester: BtsServer
    instant: datetime = MONDAY
    clients: list[NewareClient] = field(default_factory=list)

    def now(self) -> datetime:
        return self.instant

    def pass_hours(self, hours: float) -> None:
        self.instant += timedelta(hours=hours)

    def pass_seconds(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)

    def client(self, timeout_s: float = 60.0, password: str = "neware") -> NewareClient:
        endpoint = f"tcp://127.0.0.1:{self.tester.port}"
        self.clients.append(NewareClient(endpoint, timeout_s=timeout_s, password=password))
        return self.clients[-1]

    def formation_file(self) -> Path:
        order = CellOrder(lot_id="CELL-1", capacity_mah=1000.0)
        made = step_file(
            formation_protocol(), order, range_ma=200.0, range_v=5.0, written_at=MONDAY
        )
        path = self.folder / "formation.xml"
        path.write_bytes(made.content)
        return path

    def staircase_file(self, short_floor_v: float | None = 0.002) -> Path:
        order = CellOrder(lot_id="WIT-1", area_cm2=2.0)
        protocol = ccd_protocol(max_steps=5, dwell_s=300.0, short_floor_v=short_floor_v)
        made = step_file(protocol, order, range_ma=200.0, range_v=5.0, written_at=MONDAY)
        path = self.folder / "staircase.xml"
        path.write_bytes(made.content)
        return path

    @property
    def backup(self) -> Path:
        return self.folder / "backup"

    def fault(self, name: str, magnitude: float = 1.0, channel: str = "") -> None:
        station = f"tester-1/{channel}" if channel else "tester-1"
        fault = Fault(station=station, name=name, magnitude=magnitude, since=self.instant)
        self.world.switch_fault(fault)

    async def restart(self) -> None:
        """Stop everything and start it again on the same files."""
        await self.tester.stop()
        self.bench.close()
        self.bench = Bench(self.bench.config, self.folder / "t.sqlite", self.world, self.now)
        self.tester = BtsServer(self.bench)
        await self.tester.start()


@asynccontextmanager
async def open_floor(folder: Path) -> AsyncIterator[Floor]:
    """A tester that is up, with two pouch cells and a witness in its world."""
    world = World(folder / "world.sqlite")
    world.update_many({"CELL-1": POUCH, "CELL-2": POUCH, "WIT-1": WITNESS})
    made: list[Floor] = []
    bench = Bench(BenchConfig(name="tester-1"), folder / "t.sqlite", world, lambda: made[0].now())
    made.append(Floor(folder=folder, world=world, bench=bench, tester=BtsServer(bench)))
    floor = made[0]
    await floor.tester.start()
    yield floor
    for client in floor.clients:
        await client.close()
    await floor.tester.stop()
    floor.bench.close()
    world.close()


async def channels_of(client: NewareClient) -> dict[str, Channel]:
    return named(await client.devices())


async def start_formation(floor: Floor, client: NewareClient, name: str = "1-1-1") -> Channel:
    channel = (await channels_of(client))[name]
    await client.start(channel, floor.formation_file(), "CELL-1", floor.backup)
    return channel
