"""A plant's certificates and guarded broker for tests, and a client that may lie about anything."""

import contextlib
import queue
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from deploy.authority import Authority, Part
from shared.checksum import sealed
from shared.identity import Identity

ANSWER_WITHIN_S = 10.0
LONG_AGO = timedelta(days=3 * 365)


def stranger(folder: Path, name: str) -> Path:
    """Return the certificate of a name by another authority."""
    Authority(folder).ensure([Part(name=name)])
    return folder / name


def expired(tls: Path, folder: Path, name: str) -> Path:
    """Return a certificate of the plant's own authority that ended a year ago."""
    shutil.copytree(tls / "authority", folder / "authority")
    Authority(folder).ensure([Part(name=name)], now=datetime.now(UTC) - LONG_AGO)
    return folder / name


class Client:
    """One MQTT client with a certificate and any id; it waits for each answer of the broker."""

    def __init__(self, port: int, identity: Path, client_id: str) -> None:
        self._answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.received: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5
        )
        self._client.tls_set_context(Identity(identity).as_client())
        self._client.on_connect = lambda *a: self._answers.put(("connect", a[3]))
        self._client.on_publish = lambda *a: self._answers.put(("publish", a[3]))
        self._client.on_subscribe = lambda *a: self._answers.put(("subscribe", a[3][0]))
        self._client.on_disconnect = lambda *a: self._answers.put(("disconnect", a[3]))
        self._client.on_message = lambda _c, _d, one: self.received.put((one.topic, one.payload))
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._expect("connect")

    def publish(self, topic: str, text: str = '{"a":1}') -> bool:
        """Publish with QoS 1; say whether the broker took it."""
        self._client.publish(topic, sealed(text), qos=1)
        return not self._expect("publish").is_failure

    def subscribe(self, topic_filter: str) -> None:
        self._client.subscribe(topic_filter, qos=1)
        self._expect("subscribe")

    def next_topic(self) -> str:
        return self.received.get(timeout=ANSWER_WITHIN_S)[0]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client._reset_sockets()

    def _expect(self, kind: str) -> Any:
        found, said = self._answers.get(timeout=ANSWER_WITHIN_S)
        if found != kind:
            raise ConnectionError(f"{found} {said} instead of {kind}")
        return said


@contextmanager
def client(port: int, identity: Path, client_id: str = "") -> Iterator[Client]:
    """One client for as long as the block lasts.

    Raises:
        OSError: TLS was refused, or the broker ended the connection.
    """
    found = Client(port, identity, client_id)
    try:
        yield found
    finally:
        found.close()


def shown_serial(port: int, identity: Path) -> str:
    """Return the serial number of the certificate that a server shows."""
    context = Identity(identity).as_client()
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5.0) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
    ):
        return str((tls.getpeercert() or {})["serialNumber"])


def shake_hands(one: ssl.SSLContext, other: ssl.SSLContext, host: str) -> None:
    """Let a client and a server meet in memory. host: as which the client takes the server.

    Raises:
        ssl.SSLError: one of them does not want the other.
    """
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_side = one.wrap_bio(back, there, server_hostname=host)
    server_side = other.wrap_bio(there, back, server_side=True)
    for side in (client_side, server_side, client_side, server_side):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
