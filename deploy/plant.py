"""Which processes make up the plant, with the command line and environment each is given."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.data_folder import DataFolder
from deploy.ports import Ports, is_loopback
from deploy.processes import ChildSpec
from shared.errors import InvalidInputError
from shared.settings import SERVICES, PlantSettings, ServiceSettings, StationKind

SEED = 7
# Stations that share a process share the type nodes of their address spaces: a further one costs
# 3 MB instead of 160.
_GROUP_OF_KIND: dict[StationKind, str] = {
    "mill": "hot",
    "dryer": "hot",
    "press": "hot",
    "furnace": "hot",
    "gauge": "hot",
    "eap": "dry",
    "laminator": "dry",
    "sealer": "dry",
    "dryroom": "dry",
    "glovebox": "dry",
    "rack": "dry",
    "analyser": "dry",
}
# What the plant decides for each process: a person's variable would be meant for another one.
_GIVEN = {
    f"HALITE_{name.upper()}"
    for name in (*ServiceSettings.model_fields, "https_port", "services_port")
    if name != "otlp_url"
}


@dataclass(frozen=True, kw_only=True)
class PlantFiles:
    """The files every process of one run is pointed at."""

    data: DataFolder
    plant_file: Path
    clock_file: Path
    nodesets: Path


def service_specs(
    files: PlantFiles, ports: Ports, database_urls: dict[str, str], mqtt_url: str
) -> list[ChildSpec]:
    """Return the services in the order of their start.

    database_urls: by service name.
    """
    return [
        ChildSpec(
            name=name,
            command=(sys.executable, "-m", f"services.{name}.main"),
            environment=_environment(files)
            | {
                "HALITE_SERVICE": name,
                "HALITE_HOST": ports.listen_host,
                "HALITE_PORT": str(ports.service(name)),
                "HALITE_DATABASE_URL": database_urls[name],
                "HALITE_MQTT_URL": mqtt_url,
                "HALITE_PLANT_FILE": str(files.plant_file),
                "HALITE_DATA_DIR": str(files.data.path),
                "HALITE_CLOCK_FILE": str(files.clock_file),
                "HALITE_SERVICE_URLS": json.dumps(ports.service_urls()),
            }
            | _own_settings(name, files, ports),
            stop_within_s=20.0,
        )
        for name in SERVICES
    ]


def simulator_specs(files: PlantFiles, ports: Ports, plant: PlantSettings) -> list[ChildSpec]:
    """Return the simulators: one process for each group of stations and one for each tester.

    A station whose endpoint is not on this machine is real and is left alone.
    """
    specs: list[ChildSpec] = []
    for group, names in station_groups(plant).items():
        words = ["simulators.run", "--stations", ",".join(names)]
        specs.append(_simulator(f"simulator-{group}", words, files, ports.control(len(specs))))
    if any(is_loopback(tester.endpoint) for tester in plant.tester):
        words = ["simulators.tester"]
        specs.append(_simulator("simulator-tester", words, files, ports.control(len(specs))))
    return specs


def station_groups(plant: PlantSettings) -> dict[str, list[str]]:
    """Return the names of the simulated stations by the group that shares a process."""
    groups: dict[str, list[str]] = {}
    for station in plant.station:
        if is_loopback(station.endpoint):
            groups.setdefault(_GROUP_OF_KIND[station.kind], []).append(station.name)
    return groups


def real_machines(plant: PlantSettings, simulators: bool = True) -> dict[str, str]:
    """Return the endpoint of each station and tester, by its id, that no simulator stands in for.

    simulators: whether any are started; without them all machines are real.
    """
    endpoints = {station.equipment_id: station.endpoint for station in plant.station}
    endpoints |= {tester.equipment_id: tester.endpoint for tester in plant.tester}
    return {
        equipment_id: endpoint
        for equipment_id, endpoint in endpoints.items()
        if not (simulators and is_loopback(endpoint))
    }


def check_pace(real: dict[str, str], speed: float) -> None:
    """Check that plant time is the wall's where a machine is real: its hours cannot be hurried.

    Raises:
        InvalidInputError: speed (plant seconds per wall second) is not 1.
    """
    if real and speed != 1.0:
        equipment_id, endpoint = next(iter(real.items()))
        raise InvalidInputError(
            f"{equipment_id} at {endpoint} is a real machine, whose hours are the wall's: "
            f"the speed is {speed:g}, it must be 1"
        )


def _simulator(name: str, words: list[str], files: PlantFiles, control_port: int) -> ChildSpec:
    module, *options = words
    common = (
        "--plant",
        str(files.plant_file),
        "--data-dir",
        str(files.data.path),
        "--control-port",
        str(control_port),
        "--seed",
        str(SEED),
        "--clock-file",
        str(files.clock_file),
    )
    return ChildSpec(
        name=name,
        command=(sys.executable, "-m", module, *options, *common),
        environment=_environment(files),
        stop_within_s=10.0,
    )


def _own_settings(name: str, files: PlantFiles, ports: Ports) -> dict[str, str]:
    if name == "plc":
        return {
            "HALITE_OPCUA_HOST": ports.listen_host,
            "HALITE_OPCUA_PORT": str(ports.opcua),
        }
    if name == "formation":
        program = os.environ.get("HALITE_MPR_PROGRAM", "[]")
        share = os.environ.get("HALITE_SHARE_DIR", str(files.data.share))
        return {"HALITE_SHARE_DIR": share, "HALITE_MPR_PROGRAM": program}
    if name == "gateway":
        port = os.environ.get("HALITE_HTTPS_PORT")
        inside = {"HALITE_SERVICES_PORT": str(ports.inside(name))}
        return inside | ({"HALITE_HTTPS_PORT": port} if port else {})
    return {}


def _environment(files: PlantFiles) -> dict[str, str]:
    """What every process gets: the settings of the person who starts the plant, but for those that
    the plant itself gives; one numeric thread each, as there are more processes than cores.

    The allocator gives memory back early: loading the OPC UA library leaves 40 MB unused.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _GIVEN}
    return (
        {
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
            "MALLOC_TRIM_THRESHOLD_": "131072",
        }
        | inherited
        | {
            "HALITE_NODESETS": str(files.nodesets),
            "PYTHONUNBUFFERED": "1",
        }
    )
