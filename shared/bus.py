"""The MQTT door: MQTT 5 by paho, publishes that wait for their PUBACK, manual acknowledgement."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from shared.checksum import is_intact, sealed
from shared.errors import InvalidInputError, ServiceUnreachableError
from shared.identity import Identity

log = structlog.get_logger()
RECEIVE_MAXIMUM = 200
SESSION_EXPIRY_S = 7 * 24 * 3600
PUBACK_TIMEOUT_S = 10.0
NETWORK_LOOK_S = 2.0
PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as received; `acknowledge` after its effect has been committed."""

    topic: str
    payload: bytes
    acknowledge: Callable[[], None]


class Bus:
    """One connection to the broker; the only place that knows paho.

    url: `mqtts://` speaks TLS and shows the certificate of `identity`; a renewed one that it takes
    up counts from the next connection on.

    Raises:
        InvalidInputError: another scheme, or TLS without a certificate that can be used.
    """

    def __init__(self, url: str, client_id: str, identity: Identity | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS:
            raise InvalidInputError(f"broker {url}: the address begins with mqtt:// or mqtts://")
        if parts.scheme == "mqtts" and identity is None:
            raise InvalidInputError(f"broker {url}: TLS needs a certificate of our own")
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or PORTS[parts.scheme]
        self._client_id = client_id
        self._tls = identity.as_client() if parts.scheme == "mqtts" and identity else None
        self._told: str | None = None
        self._client = self._new_client()
        self._watching: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._up = asyncio.Event()
        self._generation = 0
        self._waiting: dict[int, tuple[str, asyncio.Future[None]]] = {}
        self._refused = False
        self._subscriptions: dict[str, Callable[[Message], None]] = {}
        self._on_up: list[Callable[[], None]] = []

    @property
    def connected(self) -> bool:
        """Say whether the broker is connected now."""
        return self._up.is_set()

    def start(self) -> None:
        """Connect in the background and stay connected for ever."""
        self._loop = asyncio.get_running_loop()
        self._connect()
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Connect anew, for ever, when the network thread has ended.

        Bytes that are no MQTT end it with an exception, and paho tells nobody but standard error.
        """
        while True:
            await asyncio.sleep(NETWORK_LOOK_S)
            if self._client._thread is None:
                log.error("network thread ended; connecting anew", broker_port=self._port)
                self._went_down()
                _close(self._client)
                self._client = self._new_client()
                self._connect()

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
        )
        client.max_inflight_messages_set(RECEIVE_MAXIMUM)
        client.max_queued_messages_set(4 * RECEIVE_MAXIMUM)
        client.reconnect_delay_set(min_delay=1, max_delay=15)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _connect(self) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect_async(
            self._host, self._port, keepalive=20, clean_start=False, properties=properties
        )
        self._client.loop_start()

    async def stop(self) -> None:
        """Disconnect and end the network thread."""
        if self._watching is not None:
            self._watching.cancel()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        _close(self._client)

    def subscribe(self, topic_filter: str, deliver: Callable[[Message], None]) -> None:
        """Deliver messages of a filter in the event loop; repeated at each connection."""
        self._subscriptions[topic_filter] = deliver
        if self.connected:
            self._client.subscribe(topic_filter, qos=1)

    def on_up(self, call: Callable[[], None]) -> None:
        """Call in the event loop after each connection or loss: readers look what they missed."""
        self._on_up.append(call)

    async def publish_all(self, messages: Sequence[tuple[str, str]]) -> None:
        """Publish (topic, JSON object) pairs in order with QoS 1 and wait for every PUBACK.

        Raises:
            ServiceUnreachableError: not connected, a PUBACK is missing after the time-out, or the
                broker refused a message; any part may have been delivered, so the same batch must
                be published again.
        """
        if not self.connected:
            raise ServiceUnreachableError(f"broker {self._host}:{self._port}: not connected")
        acknowledged = [self._publish(topic, payload) for topic, payload in messages]
        try:
            async with asyncio.timeout(PUBACK_TIMEOUT_S):
                await asyncio.gather(*acknowledged)
        except (TimeoutError, ConnectionError) as error:
            raise ServiceUnreachableError(
                f"broker {self._host}:{self._port}: no PUBACK in {PUBACK_TIMEOUT_S} s"
            ) from error
        finally:
            for future in acknowledged:
                future.cancel()
        self._refused = False

    def publish_soon(self, topic: str, payload: str) -> bool:
        """Publish live values with QoS 0; dropped, and False, while the broker is away."""
        if not self.connected:
            return False
        return (
            self._client.publish(topic, sealed(payload), qos=0).rc == MQTTErrorCode.MQTT_ERR_SUCCESS
        )

    def _publish(self, topic: str, payload: str) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        info = self._client.publish(topic, sealed(payload), qos=1)
        self._waiting[info.mid] = (topic, future)
        return future

    # Callbacks below run in paho's thread: they only hand over to the event loop.

    def _hand_over(self, call: Callable[..., None], *values: Any) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                self._loop.call_soon_threadsafe(call, *values)

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _p: Any) -> None:
        if not code.is_failure:
            for topic_filter in self._subscriptions:
                client.subscribe(topic_filter, qos=1)
            self._hand_over(self._came_up)
        else:
            self._hand_over(self._tell_once, f"refused: {code}")

    def _on_connect_fail(self, _client: mqtt.Client, _data: Any) -> None:
        # paho calls this while it handles what went wrong, and does not hand that over.
        self._hand_over(self._tell_once, f"no connection: {sys.exc_info()[1]}")

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, *_rest: Any) -> None:
        self._hand_over(self._went_down)

    def _on_publish(self, _client: Any, _data: Any, mid: int, code: Any, _p: Any) -> None:
        self._hand_over(self._was_published, mid, str(code) if code.is_failure else None)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._hand_over(self._arrived, message)

    def _came_up(self) -> None:
        self._generation += 1
        self._told = None
        self._up.set()
        self._look_again()

    def _tell_once(self, what: str) -> None:
        if what != self._told:
            log.warning("broker", address=f"{self._host}:{self._port}", told=what)
        self._told = what

    def _look_again(self) -> None:
        for call in self._on_up:
            call()

    def _went_down(self) -> None:
        self._up.clear()
        waiting, self._waiting = self._waiting, {}
        for _, future in waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("connection to the broker lost"))

    def _was_published(self, mid: int, refusal: str | None) -> None:
        topic, future = self._waiting.pop(mid, ("", None))
        if future is None or future.done():
            return
        if refusal is None:
            future.set_result(None)
            return
        told = (
            f"broker {self._host}:{self._port}: refused a message to {topic}: {refusal}; "
            f"give client {self._client_id} the right to publish there"
        )
        if not self._refused:
            log.error("publish refused", topic=topic, error=told)
        self._refused = True
        future.set_exception(ServiceUnreachableError(told))

    def _arrived(self, message: mqtt.MQTTMessage) -> None:
        generation, mid, qos = self._generation, message.mid, message.qos

        def acknowledge() -> None:
            # An acknowledgement of an earlier connection could hit a message id used again.
            if qos and generation == self._generation:
                self._client.ack(mid, qos)

        if not is_intact(bytes(message.payload)):
            log.error("message damaged on its way; reading from the sources", topic=message.topic)
            acknowledge()
            self._look_again()
            return
        taken = Message(
            topic=message.topic, payload=bytes(message.payload), acknowledge=acknowledge
        )
        for topic_filter, deliver in self._subscriptions.items():
            if mqtt.topic_matches_sub(topic_filter, message.topic):
                deliver(taken)
                return
        acknowledge()


def _close(client: mqtt.Client) -> None:
    """Close the sockets that wake a client's thread; paho leaves them to the garbage collector."""
    client._reset_sockets()
