"""Which loopback port every part of the plant listens on; all follow from one number."""

import errno
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.processes import wait_until
from shared.errors import InvalidInputError, PersonNeededError
from shared.settings import SERVICES, PlantSettings

DEFAULT_FIRST = 8080
HIGHEST_FIRST = 65_400
HOST = "127.0.0.1"
CONTROL_PORT_COUNT = 3
_LOOPBACK_ENDPOINT = re.compile(
    r'^(\s*endpoint\s*=\s*"[a-z.]+://(?:127\.0\.0\.1|localhost):)(\d+)', re.MULTILINE
)
_AN_OLD_PLANT_ENDS_WITHIN_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The plant's ports; `first` is the one a person opens.

    named_hosts: every service has a host of its own that has its name, as containers do.
    """

    first: int = DEFAULT_FIRST
    named_hosts: bool = False

    @property
    def shift(self) -> int:
        """How far the plant file's loopback ports are moved."""
        return self.first - DEFAULT_FIRST

    @property
    def mqtt(self) -> int:
        """The broker's port."""
        return self.first + 10

    @property
    def opcua(self) -> int:
        """The port of the `plc` service's OPC UA server."""
        return self.first + 11

    @property
    def listen_host(self) -> str:
        """The address that services listen on."""
        return "0.0.0.0" if self.named_hosts else HOST

    def service(self, name: str) -> int:
        """The HTTP port of a service; the gateway's is for persons."""
        others = [other for other in SERVICES if other != "gateway"]
        return self.first if name == "gateway" else self.first + 1 + others.index(name)

    def inside(self, name: str) -> int:
        """The port at which services call a service, over TLS."""
        return self.first + 12 if name == "gateway" else self.service(name)

    def service_urls(self) -> dict[str, str]:
        """The address of each service by its name, for the other services and for tools."""
        hosts = {name: name if self.named_hosts else HOST for name in SERVICES}
        return {name: f"https://{hosts[name]}:{self.inside(name)}" for name in SERVICES}

    @property
    def gateway_url(self) -> str:
        """The address of the gateway for persons of this machine."""
        return f"http://{HOST}:{self.first}"

    def control(self, number: int) -> int:
        """The control port of the simulator process with this number, counted from 0."""
        return self.first + 50 + number

    def all_used(self, plant: PlantSettings, simulated: bool) -> dict[int, str]:
        """Return every port that must be free, with who needs it; stations only when simulated."""
        used = {self.service(name): f"the service {name}" for name in reversed(SERVICES)}
        used |= {
            self.inside("gateway"): "the gateway for services",
            self.mqtt: "the broker",
            self.opcua: "the OPC UA server for line PLCs",
        }
        if simulated:
            machines = [(item.endpoint, item.equipment_id) for item in plant.station]
            machines += [(item.endpoint, item.equipment_id) for item in plant.tester]
            used |= {port_of(where): name for where, name in machines if is_loopback(where)}
            used |= {self.control(number): "a simulator" for number in range(CONTROL_PORT_COUNT)}
        return used


def is_loopback(endpoint: str) -> bool:
    """Tell whether an endpoint is on this machine, which in a plant file means: simulated."""
    return re.match(r"^[a-z.]+://(127\.0\.0\.1|localhost)[:/]", endpoint) is not None


def port_of(endpoint: str) -> int:
    """Return the port of an endpoint such as `opc.tcp://127.0.0.1:8101`.

    Raises:
        InvalidInputError: the endpoint has no port.
    """
    found = re.match(r"^[a-z.]+://[^/]*:(\d+)", endpoint)
    if found is None:
        raise InvalidInputError(f"The endpoint {endpoint} in the plant file has no port.")
    return int(found.group(1))


def shifted_plant_file(text: str, shift: int) -> str:
    """Return the text of a plant file with its loopback ports moved by `shift`."""
    return _LOOPBACK_ENDPOINT.sub(lambda found: f"{found[1]}{int(found[2]) + shift}", text)


def check_free(used: dict[int, str]) -> None:
    """Check that each port can be taken, waiting a little for a plant that is just ending.

    Raises:
        PersonNeededError: a port is taken or may not be used.
    """
    taken: list[int] = []

    def all_free() -> bool:
        taken[:] = [port for port in used if not _is_free(port)]
        return not taken

    if not wait_until(all_free, _AN_OLD_PLANT_ENDS_WITHIN_S, every_s=0.25):
        raise PersonNeededError(
            f"Port {taken[0]}, which {used[taken[0]]} needs, is in use by another program; "
            "stop it or start the plant with another PORT."
        )


def write_plant_file(source: Path, target: Path, shift: int) -> Path:
    """Return the plant file to use: a copy of `source` at `target`, its loopback ports shifted.

    Raises:
        PersonNeededError: the source cannot be read or the copy cannot be written.
    """
    try:
        target.write_text(shifted_plant_file(source.read_text(), shift))
    except OSError as error:
        raise PersonNeededError(
            f"The plant file {error.filename} cannot be used: {error.strerror}."
        ) from error
    return target


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise PersonNeededError(
                f"Port {port} may not be used by this user; start the plant with a PORT above 1023."
            ) from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True
