"""Runs some stations of a plant file in one process (`python -m simulators.run --help`)."""

import argparse
import asyncio
import contextlib
import ctypes
import gc
import signal
import sys
import tomllib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn

from shared.clock import Clock, read_clock
from simulators.analyser import Analyser
from simulators.dryer import Dryer
from simulators.dryroom import Dryroom
from simulators.eap import Eap
from simulators.faults import create_control_app
from simulators.furnace import Furnace
from simulators.gauge import Gauge
from simulators.glovebox import Glovebox
from simulators.laminator import Laminator
from simulators.machine import Machine, StationConfig
from simulators.mill import Mill
from simulators.opcua_server import (
    Identity,
    StationServer,
    TypeNodes,
    node_sets_dir,
    read_type_nodes,
)
from simulators.physics.exposure import Room
from simulators.press import Press
from simulators.rack import Rack
from simulators.sealer import Sealer
from simulators.station import Station
from simulators.world import World

KINDS: dict[str, type[Machine]] = {
    machine.kind: machine
    for machine in (
        Mill,
        Dryer,
        Press,
        Furnace,
        Gauge,
        Eap,
        Laminator,
        Sealer,
        Rack,
        Analyser,
        Dryroom,
        Glovebox,
    )
}
ROOM_FAULT = "dew_point_high"
DEW_POINTS_DEGC = {"powderroom-1": 8.5}  # of rooms that are not dry, by their monitor
WATCH_S = 1.0


def read_stations(plant: Path) -> dict[str, StationConfig]:
    """Return the stations of a plant file by name, in the order of the file."""
    entries: list[dict[str, Any]] = tomllib.loads(plant.read_text()).get("station", [])
    names = {field for field in StationConfig.__dataclass_fields__ if field != "name"}
    stations = {}
    for entry in entries:
        known = {key: value for key, value in entry.items() if key in names}
        if "atmospheres" in known:
            known["atmospheres"] = tuple(known["atmospheres"])
        name = entry["equipment_id"].rsplit("/", 1)[-1]
        stations[name] = StationConfig(name=name, **known)
    return stations


def room_of(stations: dict[str, StationConfig], world: World, excursions_per_day: float) -> Room:
    """Return the dry room; faults of its monitor station raise its dew point for all machines."""
    monitors = [
        station.name
        for station in stations.values()
        if station.kind == "dryroom" and station.name not in DEW_POINTS_DEGC
    ]
    return Room(world.seed, _raised_degc(world, monitors), excursions_per_day)


def air_of(config: StationConfig, world: World, dry_room: Room) -> Room:
    """Return the air around a station: the dry room, or that of the monitor of another room."""
    usual_degc = DEW_POINTS_DEGC.get(config.name)
    if usual_degc is None:
        return dry_room
    return Room(world.seed, _raised_degc(world, [config.name]), 0.0, usual_degc)


def _raised_degc(world: World, monitors: Sequence[str]) -> Callable[[datetime], float]:
    def raised_degc(instant: datetime) -> float:
        raised = (world.faults(name).magnitude(ROOM_FAULT, instant) for name in monitors)
        return sum(magnitude for magnitude in raised if magnitude is not None)

    return raised_degc


def build_station(
    config: StationConfig, types: TypeNodes, world: World, room: Room, clock: Clock, data_dir: Path
) -> Station:
    """Wire one station."""
    machine = KINDS[config.kind](config, world, air_of(config, world, room))
    identity = Identity(name=config.name, data_dir=data_dir)
    server = StationServer(types, identity, config.endpoint, machine.model)
    return Station(machine, server, clock)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m simulators.run", description=__doc__)
    parser.add_argument("--plant", type=Path, required=True)
    parser.add_argument("--stations", required=True, help="names, joined by commas")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--control-port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--clock-file", type=Path)
    parser.add_argument("--excursions-per-day", type=float, default=0.05)
    return parser.parse_args(given)


def settle_memory() -> None:
    """Give back what reading the node sets left over (25 MB), and never walk the rest again."""
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)


async def serve(options: argparse.Namespace) -> int:
    """Run the stations until SIGTERM or SIGINT; returns 1 when one of them died."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    configs = read_stations(options.plant)
    names = options.stations.split(",")
    if unknown := [name for name in names if name not in configs]:
        sys.exit(f"{options.plant} has no station {', '.join(unknown)}")
    world = World(options.data_dir / "simulators" / "world.sqlite", options.seed)
    room = room_of(configs, world, options.excursions_per_day)
    clock = read_clock(options.clock_file)
    types = await read_type_nodes(node_sets_dir())
    settle_memory()
    stations = {
        name: build_station(configs[name], types, world, room, clock, options.data_dir)
        for name in names
    }
    control = uvicorn.Server(
        uvicorn.Config(
            create_control_app(stations),
            host="127.0.0.1",
            port=options.control_port,
            log_level="error",
        )
    )
    serving = asyncio.create_task(control.serve())
    for station in stations.values():
        await station.start()
        print(f"ready {station.name}", flush=True)
    died = False
    while not stop.is_set() and not died:
        died = serving.done() or any(station.failed() for station in stations.values())
        try:
            async with asyncio.timeout(WATCH_S):
                await stop.wait()
        except TimeoutError:
            continue
    control.should_exit = True
    await asyncio.gather(*(station.stop() for station in stations.values()))
    await asyncio.gather(serving, return_exceptions=True)
    world.close()
    return 1 if died else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(serve(arguments())))
