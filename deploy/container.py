"""What a container of the image runs: `python -m deploy.container service execution`.

All containers of a plant share one folder, each as a user of its own (`containerrights.py`). The
database listens on a socket in it, so that it is in no network; services and broker have hosts of
their own, named as in `docker-compose.yml`.
HALITE_DATABASE_URL and HALITE_MQTT_URL name a database server and a broker that others run, and
HALITE_TLS_DIR the folder of a service's certificate for both; HALITE_KEYS_DIR that of the keys and
passwords it is given (`ServiceSettings.keys_dir`). `{service}` in them is its name.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from deploy import certificates, example_data, plant
from deploy.broker import Broker, find_program, guard_of
from deploy.containerrestore import check_whole, put_back
from deploy.containerrights import deal_out, make_ready
from deploy.data_folder import DataFolder
from deploy.databaserights import role
from deploy.databaseroles import addresses, admit
from deploy.databases import SERVICE, OutsideServer
from deploy.nodesets import ensure_nodesets
from deploy.pki import ensure_gateway_keys, ensure_passwords
from deploy.ports import Ports
from deploy.postgres import PostgresServer
from deploy.processes import ChildSpec
from deploy.servicecalls import knowing
from shared.clock import Clock, anchored, load_clock, write_clock
from shared.errors import InvalidInputError, MesError, RetryLaterError
from shared.settings import SERVICES, read_plant

DATA = DataFolder(Path("/data"))
BACKUPS = Path("/backup")
GIVEN_PLANT_FILE = Path("/config/plant.toml")
PORTS = Ports(named_hosts=True)
MQTT_URL = f"mqtts://broker:{PORTS.mqtt}"
_TESTER_HOST = "simulator-tester"


def main(words: Sequence[str]) -> int:
    """Prepare, or become the asked-for process; return 1 after one sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m deploy.container", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    for name in ("database", "setup", "broker", "examples", "backup", "restore"):
        parts.add_parser(name)
    parts.add_parser("service").add_argument("name", choices=SERVICES)
    parts.add_parser("simulator").add_argument("name", choices=("hot", "dry", "tester"))
    asked = parser.parse_args(words)
    try:
        match asked.part:
            case "database":
                become(database_spec())
            case "setup":
                set_up(speed_of(os.environ.get("HALITE_SPEED", "1")))
            case "broker":
                become(broker_spec())
            case "examples":
                key, gateway = example_data.setup_key(DATA), PORTS.service_urls()["gateway"]
                example_data.ensure(gateway, key, lambda: False, knowing(DATA))
            case "backup":
                back_up(datetime.now(UTC))
            case "restore":
                bring_back()
            case "service":
                become(service_spec(asked.name))
            case "simulator":
                become(simulator_spec(asked.name))
    except MesError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def become(spec: ChildSpec) -> NoReturn:
    """Replace this process by another, which then gets the container's signals itself."""
    os.chdir(spec.folder)
    os.execve(spec.command[0], spec.command, spec.environment)


def database_spec() -> ChildSpec:
    """Return the database server, with its folder made.

    Raises:
        PersonNeededError: the disk is nearly full, the folder is of another version, or a restore
            was broken off.
    """
    DATA.check_room()
    check_whole(DATA)
    server = PostgresServer(DATA.postgres, DATA.logs, shared=True)
    server.prepare()
    return server.child.spec


def broker_spec() -> ChildSpec:
    """Return the broker, with its folder made and its configuration written.

    Raises:
        PersonNeededError: its folder cannot be written, or `setup` has not run yet.
    """
    guard = guard_of(DATA.tls, read_plant(GIVEN_PLANT_FILE))
    program, host = find_program(), PORTS.listen_host
    broker = Broker(DATA.broker, PORTS.mqtt, DATA.logs, program, host, guard)
    broker.prepare()
    return broker.child.spec


def set_up(speed: float) -> None:
    """Make databases, keys, passwords, the plant file and, for a demo, the clock of the plant.

    speed: plant seconds per wall second; at 1 every service follows the wall clock.

    Raises:
        MesError: the plant file or the speed is wrong, or the shared folder or the database
            cannot be used.
    """
    DATA.prepare(shared=True)
    text = GIVEN_PLANT_FILE.read_text()
    settings = read_plant(GIVEN_PLANT_FILE)
    plant.check_pace(plant.real_machines(settings), speed)
    DATA.plant_file.write_text(named_endpoints(text, host_of_endpoint(GIVEN_PLANT_FILE)))
    certificates.make(DATA, settings)
    ensure_passwords(DATA.secrets / "opcua", settings)
    ensure_gateway_keys(DATA.gateway_keys)
    if outside := outside_server():
        outside.ensure()
    else:
        database = PostgresServer(DATA.postgres, DATA.logs)
        admit(database, DATA.database_passwords)
        database.ensure_reports()
    begin_time(DATA.path / "clock.json", speed, time.time())
    if "HALITE_KEYS_DIR" not in os.environ:
        from deploy import recordkeys  # whose libraries no other container needs

        recordkeys.make(DATA, settings.site)
    make_ready(DATA, settings)
    deal_out(DATA, settings)


def back_up(now: datetime) -> None:
    """Copy the plant into a new folder below `/backup`, which is named by the time.

    Raises:
        RetryLaterError: the database does not run; another one must never be started beside it.
        PersonNeededError: the folder cannot be written, or a copy failed.
    """
    from deploy.backup import make_backup  # which loads what no other container needs

    if not PostgresServer(DATA.postgres, DATA.logs).is_ready():
        raise RetryLaterError("The database gives no answer; start its container first.")
    make_backup(DATA, BACKUPS / now.strftime("%Y-%m-%dT%H%M%SZ"))


def bring_back() -> None:
    """Put the plant whose backup is `/backup` back into an empty volume.

    Raises:
        PersonNeededError: the volume holds a plant, or the one put back is not sound.
        InvalidInputError: `/backup` is no finished backup, or damaged.
    """
    for line in put_back(BACKUPS, DATA):
        print(line)


def begin_time(clock_file: Path, speed: float, wall_s: float) -> None:
    """Write the clock that all containers read; at an unchanged speed the clock there is goes on.

    wall_s: seconds since the epoch.

    Raises:
        InvalidInputError: the clock there is damaged; starting anew would turn plant time back.
    """
    start = datetime.fromtimestamp(wall_s, UTC)
    if clock_file.exists():
        present = load_clock(clock_file)
        if present.speed == speed:
            return
        start = max(start, present.at(wall_s))
    write_clock(clock_file, anchored(Clock(plant_start=start, wall_start_s=wall_s, speed=speed)))


def speed_of(text: str) -> float:
    """Return the plant seconds per wall second.

    Raises:
        InvalidInputError: not a number from 1 to 100000.
    """
    try:
        speed = float(text)
    except ValueError as error:
        raise InvalidInputError(f"HALITE_SPEED is {text!r}, it must be a number") from error
    if not 1.0 <= speed <= 100_000.0:
        raise InvalidInputError(f"HALITE_SPEED is {speed:g}, it must be from 1 to 100000")
    return speed


def host_of_endpoint(plant_file: Path) -> dict[str, str]:
    """Return the host of the simulator behind each endpoint that is on loopback."""
    settings = read_plant(plant_file)
    hosts = {tester.endpoint: _TESTER_HOST for tester in settings.tester}
    groups = plant.station_groups(settings)
    for station in settings.station:
        for group, names in groups.items():
            if station.name in names:
                hosts[station.endpoint] = f"simulator-{group}"
    return hosts


def named_endpoints(text: str, hosts: dict[str, str]) -> str:
    """Return the text of a plant file with each of these endpoints on its host."""
    for endpoint, host in hosts.items():
        for loopback in ("127.0.0.1", "localhost"):
            moved = endpoint.replace(f"//{loopback}:", f"//{host}:")
            text = text.replace(f'"{endpoint}"', f'"{moved}"') if moved != endpoint else text
    return text


def outside_server() -> OutsideServer | None:
    """Return the database server that others run, None where the plant has its own.

    Raises:
        InvalidInputError: HALITE_DATABASE_URL is no URL of one.
    """
    template = os.environ.get("HALITE_DATABASE_URL")
    passwords = os.environ.get("HALITE_DATABASE_PASSFILE")
    if passwords:
        os.environ["PGPASSFILE"] = str(private_copy(Path(passwords)))
    return OutsideServer(template) if template else None


def private_copy(file: Path) -> Path:
    """Copy a secret to where its owner alone reads it: libpq uses no file that a group may read.

    Raises:
        InvalidInputError: there is no such file, or it cannot be read.
    """
    copy = Path(tempfile.gettempdir()) / "pgpass"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"The password file {file}: {error.strerror}") from error
    copy.unlink(missing_ok=True)
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as kept:
        kept.write(content)
    return copy


def service_spec(name: str) -> ChildSpec:
    """Return one service.

    Raises:
        InvalidInputError: HALITE_DATABASE_URL is no URL of a server.
    """
    if outside := outside_server():
        urls = {service: outside.url(service) for service in SERVICES}
    else:
        database = PostgresServer(DATA.postgres, DATA.logs)
        password = private_copy(DATA.database_passwords / name)
        urls = addresses(database, DATA.database_passwords)
        urls[name] = database.url(role(name), role=role(name), password_file=password)
    mqtt_url = os.environ.get("HALITE_MQTT_URL") or MQTT_URL
    specs = plant.service_specs(_files(), PORTS, urls, mqtt_url)
    spec = next(spec for spec in specs if spec.name == name)
    own = {"HALITE_REPLICA": os.environ.get("HALITE_REPLICA", "")}
    for variable in ("HALITE_TLS_DIR", "HALITE_KEYS_DIR"):
        if folder := os.environ.get(variable):
            own[variable] = folder.replace(SERVICE, name)
    return replace(spec, environment={**spec.environment, **own})


def simulator_spec(name: str) -> ChildSpec:
    """Return one process of simulators.

    Raises:
        InvalidInputError: the plant file has no station on loopback that it stands in for.
    """
    specs = plant.simulator_specs(_files(), PORTS, read_plant(GIVEN_PLANT_FILE))
    for spec in specs:
        if spec.name == f"simulator-{name}":
            return spec
    raise InvalidInputError(f"{GIVEN_PLANT_FILE} has no simulated station for simulator-{name}")


def _files() -> plant.PlantFiles:
    return plant.PlantFiles(
        data=DATA,
        plant_file=DATA.plant_file,
        clock_file=DATA.path / "clock.json",
        nodesets=ensure_nodesets(),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
