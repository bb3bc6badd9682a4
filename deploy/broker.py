"""The MQTT broker mosquitto, as a child process that listens on loopback unless told else."""

import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.accounts import account_for, hand_over
from deploy.authority import BROKER, PROBE
from deploy.debian import Program, provide
from deploy.processes import Child, ChildSpec, start_and_wait
from deploy.topicrights import rights_file
from shared.errors import InvalidInputError, PersonNeededError
from shared.identity import AUTHORITY, CERTIFICATE, KEY, Identity
from shared.secretfiles import SECRET, write
from shared.settings import PlantSettings

HOST = "127.0.0.1"
_LARGEST_QUEUE_BYTES = 1_073_741_824
_MOST_QUEUED = 10_000_000
_CONNECT = (
    b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"  # MQTT 3.1.1, clean session, no client id
)
_CONNACK = 0x20
_DISCONNECT = b"\xe0\x00"
RIGHTS = "rights"
_FILES = (AUTHORITY, CERTIFICATE, KEY)


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What makes a broker let in only whom it knows: TLS both ways, and a list of rights.

    own: the broker's certificate; of its authority must be that of each client. probe: who looks
    whether it answers. rights: mosquitto's `acl_file`, by the names in the clients' certificates.
    """

    own: Path
    probe: Path
    rights: str


def guard_of(tls: Path, plant: PlantSettings) -> Guard:
    """Return the guard of a plant's own broker; tls: the folder of the plant's certificates."""
    return Guard(own=tls / BROKER, probe=tls / PROBE, rights=rights_file(plant))


class Broker:
    """One broker with what it keeps in `folder`; it runs under an unprivileged account.

    guard: None lets everybody in without TLS, for tests and measurements on loopback.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        log_dir: Path,
        program: Program,
        listen_host: str = HOST,
        guard: Guard | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.port, self.listen_host = port, listen_host
        self.account = account_for(self.folder)
        self.config_path = self.folder / "mosquitto.conf"
        self._guard = guard
        self.child = Child(
            ChildSpec(
                name="mosquitto",
                command=(str(program.path), "-c", str(self.config_path)),
                environment=program.environment(),
                folder=Path("/"),
                account=self.account,
                stop_within_s=15.0,
            ),
            log_dir,
        )

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"{'mqtt' if self._guard is None else 'mqtts'}://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Write the configuration anew; what the broker keeps stays.

        Raises:
            PersonNeededError: the folder cannot be written.
        """
        hand_over(self.folder, self.account)
        try:
            text = configuration(
                self.folder, self.port, self.listen_host, guarded=self._guard is not None
            )
            self.config_path.write_text(text)
            self._copy_guard()
        except OSError as error:
            raise PersonNeededError(
                f"The broker's folder {self.folder} cannot be written: {error.strerror}."
            ) from error

    def take_renewed(self, running: Child) -> None:
        """Give the running broker the files that were renewed; its connections go on."""
        if self._guard is not None and self._is_renewed(self._guard.own):
            self._copy_guard()
            if (pid := running.pid) is not None:
                os.kill(pid, signal.SIGHUP)

    def _is_renewed(self, own: Path) -> bool:
        try:
            return any(_is_newer(own / name, self.folder / name) for name in _FILES)
        except FileNotFoundError:  # just being exchanged: seen at the next look
            return False

    def _copy_guard(self) -> None:
        """Copy the files where the broker's account can read them, and the rights with them."""
        if self._guard is None:
            return
        for name in _FILES:
            self._keep(name, (self._guard.own / name).read_bytes())
        self._keep(RIGHTS, self._guard.rights.encode())

    def _keep(self, name: str, content: bytes) -> None:
        path = self.folder / name
        write(path, content, SECRET)
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def start(self, within_s: float = 30.0) -> None:
        """Start it and wait for the first answer.

        Raises:
            PersonNeededError: no answer within `within_s` seconds.
        """
        self.prepare()

        start_and_wait(self.child, self.is_ready, f"The broker on port {self.port}", within_s)

    def stop(self) -> None:
        """Stop it in order: queued messages are written to its folder."""
        self.child.stop()

    def is_ready(self) -> bool:
        """Tell whether it answers an MQTT connection."""
        return answers(self.port, None if self._guard is None else self._guard.probe)


def answers(port: int, probe: Path | None) -> bool:
    """Tell whether a broker answers an MQTT connection at a port of this machine.

    probe: the folder of the certificate that is shown; None: without TLS.
    """
    try:
        plain = socket.create_connection((HOST, port), timeout=1.0)
        with plain, _wrapped(plain, probe) as connection:
            connection.sendall(_CONNECT)
            answer = connection.recv(4)
            connection.sendall(_DISCONNECT)
            return answer[:1] == bytes([_CONNACK])
    except (OSError, InvalidInputError):
        return False


def _wrapped(connection: socket.socket, probe: Path | None) -> socket.socket:
    if probe is None:
        return connection
    return Identity(probe).as_client().wrap_socket(connection, server_hostname=HOST)


def find_program() -> Program:
    """Return mosquitto, installing or unpacking it where it is missing.

    Raises:
        PersonNeededError: it is missing and cannot be had.
    """
    return provide("mosquitto", "mosquitto")


def configuration(
    folder: Path, port: int, listen_host: str = HOST, *, guarded: bool = False
) -> str:
    """Return the text of mosquitto.conf.

    guarded: the client's certificate says who it is, and nobody can take another's session over.

    The defaults would drop all but 1000 queued messages of a reader that is away and delay small
    ones by 40 ms. (No limit at all, 0, would make mosquitto 2.0.11 end the connection of who is
    refused one message.) PostgreSQL is the record, so the broker seldom writes its state.
    """
    lines = (
        f"listener {port} {listen_host}",
        *(_guard_lines(folder) if guarded else ("allow_anonymous true",)),
        "set_tcp_nodelay true",
        f"max_queued_messages {_MOST_QUEUED}",
        f"max_queued_bytes {_LARGEST_QUEUE_BYTES}",
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_interval 60",
        "persistent_client_expiration 14d",
        "log_dest stdout",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S%z",
        "connection_messages false",
    )
    return "\n".join(lines) + "\n"


def _guard_lines(folder: Path) -> tuple[str, ...]:
    return (
        "allow_anonymous false",
        "tls_version tlsv1.3",
        f"cafile {folder / AUTHORITY}",
        f"certfile {folder / CERTIFICATE}",
        f"keyfile {folder / KEY}",
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        f"acl_file {folder / RIGHTS}",
    )


def _is_newer(one: Path, other: Path) -> bool:
    return one.stat().st_mtime_ns > other.stat().st_mtime_ns
