"""The MQTT broker mosquitto, as a child process that listens on loopback unless told else."""

import socket
from pathlib import Path

from deploy.accounts import account_for, hand_over
from deploy.debian import Program, provide
from deploy.processes import Child, ChildSpec, start_and_wait
from shared.errors import PersonNeededError

HOST = "127.0.0.1"
_LARGEST_QUEUE_BYTES = 1_073_741_824
_CONNECT = (
    b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"  # MQTT 3.1.1, clean session, no client id
)
_CONNACK = 0x20
_DISCONNECT = b"\xe0\x00"


class Broker:
    """One broker with what it keeps in `folder`; it runs under an unprivileged account."""

    def __init__(
        self, folder: Path, port: int, log_dir: Path, program: Program, listen_host: str = HOST
    ) -> None:
        self.folder = folder.absolute()
        self.port, self.listen_host = port, listen_host
        self.account = account_for(self.folder)
        self.config_path = self.folder / "mosquitto.conf"
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
        return f"mqtt://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Write the configuration anew; what the broker keeps stays.

        Raises:
            PersonNeededError: the folder cannot be written.
        """
        hand_over(self.folder, self.account)
        try:
            self.config_path.write_text(configuration(self.folder, self.port, self.listen_host))
        except OSError as error:
            raise PersonNeededError(
                f"The broker's folder {self.folder} cannot be written: {error.strerror}."
            ) from error

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
        return answers(self.port)


def answers(port: int) -> bool:
    """Tell whether a broker answers an MQTT connection at a port of this machine."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0) as connection:
            connection.sendall(_CONNECT)
            answer = connection.recv(4)
            connection.sendall(_DISCONNECT)
            return answer[:1] == bytes([_CONNACK])
    except OSError:
        return False


def find_program() -> Program:
    """Return mosquitto, installing or unpacking it where it is missing.

    Raises:
        PersonNeededError: it is missing and cannot be had.
    """
    return provide("mosquitto", "mosquitto")


def configuration(folder: Path, port: int, listen_host: str = HOST) -> str:
    """Return the text of mosquitto.conf.

    The defaults would drop all but 1000 queued messages of a reader that is away and delay small
    ones by 40 ms. PostgreSQL is the record, so the broker writes its state only now and then.
    """
    lines = (
        f"listener {port} {listen_host}",
        "allow_anonymous true",
        "set_tcp_nodelay true",
        "max_queued_messages 0",
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
