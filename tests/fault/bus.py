"""A broker in memory and the services' lines to it: QoS 1, one order per source, seeded faults."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from paho.mqtt.client import topic_matches_sub

from shared.bus import Message
from shared.errors import ServiceUnreachableError
from tests.fault.chance import Chance
from tests.fault.life import Life

BROKER = "broker"
TRAVEL_S = (0.0005, 0.004)
CONNECT_S = 0.3


@lru_cache(maxsize=4096)
def matches(pattern: str, topic: str) -> bool:
    """Say whether a topic matches a filter."""
    return bool(topic_matches_sub(pattern, topic))


@dataclass
class Session:
    """What the broker keeps for one client: filters, and messages not yet acknowledged."""

    filters: set[str] = field(default_factory=set)
    waiting: deque[tuple[str, str]] = field(default_factory=deque)
    line: "VirtualBus | None" = None
    arrives_s: dict[str, float] = field(default_factory=dict)


class VirtualBroker:
    """Keeps sessions until it is killed; then it has forgotten all of them."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.sessions: dict[str, Session] = {}

    @property
    def up(self) -> bool:
        """Whether the broker runs now."""
        return self.chance.acts("broker_killed", BROKER) is None

    async def run(self) -> None:
        """Forget everything at each kill."""
        was_up = True
        while True:
            if was_up and not self.up:
                lines = [session.line for session in self.sessions.values() if session.line]
                self.sessions.clear()
                for line in lines:
                    line.went_down()
            was_up = self.up
            await asyncio.sleep(0.05)

    def session(self, name: str) -> Session:
        """Return the session of a client, a new one when there is none."""
        return self.sessions.setdefault(name, Session())

    def publish(self, source: str, topic: str, payload: str) -> None:
        """Give a message to every session that subscribed to its topic."""
        for name, session in self.sessions.items():
            if any(matches(pattern, topic) for pattern in session.filters):
                if self.chance.strikes("drop", name):
                    continue
                times = 2 if self.chance.strikes("duplicate", name) else 1
                for _ in range(times):
                    session.waiting.append((topic, payload))
                    self._send(session, source, topic, payload)

    def publish_live(self, topic: str, payload: str) -> None:
        """Give a message of QoS 0 to those who are there."""
        for name, session in self.sessions.items():
            wanted = any(matches(pattern, topic) for pattern in session.filters)
            if wanted and not self.chance.strikes("drop", name):
                self._send(session, topic, topic, payload, kept=False)

    def resend(self, session: Session) -> None:
        """Send what was never acknowledged to a client that is back."""
        for topic, payload in session.waiting:
            self._send(session, topic.split("/")[4], topic, payload)

    def _send(
        self, session: Session, source: str, topic: str, payload: str, *, kept: bool = True
    ) -> None:
        line, loop = session.line, asyncio.get_running_loop()
        if line is None:
            return
        travel_s = self.chance.stream("travel").uniform(*TRAVEL_S)
        slow = self.chance.acts("slow_bus", line.life.name)
        if slow is not None:
            travel_s += slow.strength * self.chance.stream("travel").random()
        # Messages of one source keep their order; those of several overtake each other.
        at_s = max(loop.time() + travel_s, session.arrives_s.get(source, 0.0))
        session.arrives_s[source] = at_s
        loop.call_at(at_s, self._arrive, session, line, (topic, payload), kept)

    def _arrive(
        self, session: Session, line: "VirtualBus", message: tuple[str, str], kept: bool
    ) -> None:
        if session.line is not line or not self.up:
            return

        def acknowledge() -> None:
            if kept and session.line is line and line.life.alive and message in session.waiting:
                session.waiting.remove(message)

        topic, payload = message
        line.deliver(Message(topic=topic, payload=payload.encode(), acknowledge=acknowledge))


class VirtualBus:
    """One life's line to the broker, with the face of `shared.bus.Bus`."""

    def __init__(self, broker: VirtualBroker, life: Life) -> None:
        self._broker, self.life = broker, life
        self._subscriptions: dict[str, Callable[[Message], None]] = {}
        self._on_up: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self.connected = False

    def start(self) -> None:
        """Connect in the background and stay connected."""
        self._task = asyncio.create_task(self._stay())

    async def stop(self) -> None:
        """Go; the session stays at the broker."""
        if self._task is not None:
            self._task.cancel()
        self.went_down()
        session = self._broker.session(self.life.seat)
        if session.line is self:
            session.line = None

    def subscribe(self, topic_filter: str, deliver: Callable[[Message], None]) -> None:
        """Deliver messages of a filter; repeated at each connection."""
        self._subscriptions[topic_filter] = deliver
        if self.connected:
            self._broker.session(self.life.seat).filters.add(topic_filter)

    def on_up(self, call: Callable[[], None]) -> None:
        """Call after each connection."""
        self._on_up.append(call)

    async def publish_all(self, messages: Sequence[tuple[str, str]]) -> None:
        """Publish in order and wait for every PUBACK; the broker may die in between."""
        for topic, payload in messages:
            if not self.connected or not self._broker.up:
                raise ServiceUnreachableError("broker: not connected")
            self._broker.publish(self.life.name, topic, payload)
        await asyncio.sleep(self._broker.chance.stream("puback").uniform(*TRAVEL_S))
        self.life.check()
        if not self.connected or self._broker.chance.strikes("puback_lost", self.life.name):
            raise ServiceUnreachableError("broker: no PUBACK")

    def publish_soon(self, topic: str, payload: str) -> bool:
        """Publish live values; False while the broker is away."""
        if self.connected and self.life.alive:
            self._broker.publish_live(topic, payload)
        return self.connected

    def went_down(self) -> None:
        """The connection is lost."""
        self.connected = False

    def deliver(self, message: Message) -> None:
        """Give an arrived message to its subscriber."""
        if not self.life.alive:
            return
        for pattern, deliver in self._subscriptions.items():
            if matches(pattern, message.topic):
                deliver(message)
                return
        message.acknowledge()

    async def _stay(self) -> None:
        while self.life.alive:
            if not self.connected and self._broker.up:
                session = self._broker.session(self.life.seat)
                session.line = self
                session.filters |= set(self._subscriptions)
                self.connected = True
                self._broker.resend(session)
                for call in self._on_up:
                    call()
            await asyncio.sleep(CONNECT_S)
