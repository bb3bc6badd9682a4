"""What is wrong with a plant on this machine, looked at from outside: nothing of it need run."""

import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx

from deploy import certificates
from deploy.authority import PROBE
from deploy.broker import answers
from deploy.data_folder import SMALLEST_FREE_BYTES, DataFolder
from deploy.pki import RENEWED_BEFORE
from deploy.ports import Ports
from deploy.postgres import PostgresServer
from deploy.servicecalls import knowing
from shared.clock import DRIFT_LIMIT_S
from shared.errors import InvalidInputError, MesError
from shared.serving import reason_of
from shared.settings import SERVICES

ANSWER_WITHIN_S = 5.0  # a service needs two seconds to find out that its database hangs
WAIT_LIMIT_S = 30.0
LOW_DISK_BYTES = 2 * SMALLEST_FREE_BYTES
FIRST_SENSIBLE = datetime(2026, 1, 1, tzinfo=UTC)
Level = Literal["ok", "warning", "trouble"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at. remedy: what a person can do, empty when all is well."""

    about: str
    level: Level
    text: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine that is looked at. free_bytes: room on the disk of a folder."""

    now: datetime
    free_bytes: Callable[[Path], int]


def this_machine() -> Machine:
    """Return the machine this runs on."""
    return Machine(now=datetime.now(UTC), free_bytes=lambda folder: shutil.disk_usage(folder).free)


def look(data: DataFolder, ports: Ports, machine: Machine | None = None) -> list[Finding]:
    """Look at disk, clock, certificates, database, broker and services of a plant."""
    machine = machine or this_machine()
    return [
        *_disk(data, machine),
        *_clock(machine.now),
        *_certificates(data, machine.now),
        *_database(data),
        *_broker(data, ports),
        *_services(data, ports),
    ]


def readiness(data: DataFolder, ports: Ports) -> dict[str, dict[str, Any]]:
    """Return what each service says of itself; only an `error` where it gives no answer."""
    return {name: _said(answer) for name, answer in asked(data, ports, "/readyz").items()}


def asked(data: DataFolder, ports: Ports, path: str) -> dict[str, httpx.Response | str]:
    """Return each service's answer, or why there is none."""
    try:
        known = knowing(data)
    except InvalidInputError as error:
        return dict.fromkeys(SERVICES, str(error))
    with httpx.Client(trust_env=False, timeout=ANSWER_WITHIN_S, verify=known) as client:
        return {name: _answer(client, url + path) for name, url in ports.service_urls().items()}


def _answer(client: httpx.Client, url: str) -> httpx.Response | str:
    try:
        return client.get(url)
    except httpx.HTTPError as error:
        return reason_of(error)


def _said(answer: httpx.Response | str) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"error": answer}
    try:
        said = answer.json()
    except ValueError:
        return {"error": "its answer is no JSON"}
    return said if isinstance(said, dict) else {"error": "its answer is no JSON object"}


def _disk(data: DataFolder, machine: Machine) -> Iterator[Finding]:
    if not data.path.exists():
        yield _trouble(
            "data folder", f"{data.path} does not exist", "name the plant's folder: --data-dir"
        )
        return
    free = machine.free_bytes(data.path)
    told = f"{free / 1e6:.0f} MB free, the plant needs {SMALLEST_FREE_BYTES / 1e6:.0f} MB"
    remedy = "make room, or let sealed files end earlier (HALITE_KEEP_TELEMETRY_DAYS)"
    if free < SMALLEST_FREE_BYTES:
        yield _trouble("disk", told, remedy)
    elif free < LOW_DISK_BYTES:
        yield _warning("disk", told, remedy)
    else:
        yield _ok("disk", told)


def _clock(now: datetime) -> Iterator[Finding]:
    if now < FIRST_SENSIBLE:
        yield _trouble(
            "clock", f"the wall clock says {now:%Y-%m-%d %H:%M} UTC", "set it, and run NTP"
        )
    else:
        yield _ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _certificates(data: DataFolder, now: datetime) -> Iterator[Finding]:
    try:
        ends = certificates.ends(data)
    except MesError as error:
        yield _trouble("certificates", str(error), "restore the file from a backup")
        return
    for name, until in ends.items():
        told = f"valid until {until:%Y-%m-%d}"
        if until - now <= timedelta(0):
            yield _trouble(f"certificate {name}", f"ended on {until:%Y-%m-%d}", _renew(name))
        elif until - now < RENEWED_BEFORE:
            yield _warning(f"certificate {name}", told, _renew(name))
    if ends and min(ends.values()) - now >= RENEWED_BEFORE:
        yield _ok("certificates", f"{len(ends)}, the first ends on {min(ends.values()):%Y-%m-%d}")


def _renew(name: str) -> str:
    return f"halite certs renew {name}"


def _database(data: DataFolder) -> Iterator[Finding]:
    if not data.postgres.exists():
        yield _trouble("database", f"{data.postgres} does not exist", "start the plant once")
    elif PostgresServer(data.postgres, data.logs).is_ready():
        yield _ok("database", "takes connections")
    else:
        remedy = f"start the plant; if it runs, read {data.logs / 'postgres.log'}"
        yield _trouble("database", f"no answer from the server in {data.postgres}", remedy)


def _broker(data: DataFolder, ports: Ports) -> Iterator[Finding]:
    if answers(ports.mqtt, data.tls / PROBE):
        yield _ok("broker", f"answers on port {ports.mqtt}")
        return
    told = f"no answer on port {ports.mqtt}"
    if _is_taken(ports.mqtt):
        told += ", where another program listens"
    yield _trouble("broker", told, "start the plant; events wait in the databases until then")


def _is_taken(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return True
    except OSError:
        return False


def _services(data: DataFolder, ports: Ports) -> Iterator[Finding]:
    for name, said in readiness(data, ports).items():
        if "error" in said:
            told = f"no answer on port {ports.inside(name)}: {said['error']}"
            yield _trouble(name, told, f"start the plant; if it runs, read its log {name}.log")
            continue
        found = list(_of_service(name, said))
        yield from found or [_ok(name, "ready")]


def _of_service(name: str, said: dict[str, Any]) -> Iterator[Finding]:
    if not said.get("ready"):
        yield _trouble(name, f"not ready: {said.get('detail')}", "mend what it names")
    age_s = said.get("oldest_event_age_s")
    if isinstance(age_s, int | float) and age_s > WAIT_LIMIT_S:
        told = f"its oldest event waits for {age_s:.0f} s, at most {WAIT_LIMIT_S:.0f} s is usual"
        yield _warning(name, told, "see to the broker")
    if count := said.get("set_aside_count"):
        remedy = "see the screen Set aside, or docs/how-to/mend-set-aside-events.md"
        yield _warning(name, f"{count} events are set aside", remedy)
    drift_s = said.get("clock_drift_s")
    if isinstance(drift_s, int | float) and abs(drift_s) > DRIFT_LIMIT_S:
        told = f"the wall clock was set by {drift_s:+.0f} s, the limit is {DRIFT_LIMIT_S:g} s"
        yield _warning(name, told, "set the clock right, and run NTP")


def _ok(about: str, text: str) -> Finding:
    return Finding(about=about, level="ok", text=text)


def _warning(about: str, text: str, remedy: str) -> Finding:
    return Finding(about=about, level="warning", text=text, remedy=remedy)


def _trouble(about: str, text: str, remedy: str) -> Finding:
    return Finding(about=about, level="trouble", text=text, remedy=remedy)
