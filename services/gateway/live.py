"""The live link's topics and clients: whole states, one slot for each client and topic."""

import asyncio
import json
from dataclasses import dataclass, field
from uuid import uuid4

HEARTBEAT = "heartbeat"
OVERVIEW = "overview"
CELL = "cell:"


class Client:
    """One open page. A newer state takes the place of one not yet sent; nothing queues."""

    def __init__(self) -> None:
        self.topics: frozenset[str] = frozenset()
        self._slots: dict[str, str] = {}
        self._filled = asyncio.Event()

    def offer(self, topic: str, frame: str) -> None:
        """Put the newest frame of a topic where the sender finds it."""
        self._slots[topic] = frame
        self._filled.set()

    async def next(self) -> str:
        """Return the frame that waits longest, as new as its topic is by now."""
        while not self._slots:
            self._filled.clear()
            await self._filled.wait()
        return self._slots.pop(next(iter(self._slots)))

    def choose(self, topics: frozenset[str]) -> None:
        """Replace the set of topics; what waits of others is dropped."""
        self.topics = topics
        for topic in [name for name in self._slots if name not in topics | {HEARTBEAT}]:
            del self._slots[topic]


@dataclass(kw_only=True)
class _Topic:
    state: str | None = None
    frame: str = ""
    clients: set[Client] = field(default_factory=set)


class Hub:
    """All clients and what they watch; a state is written as JSON once for all of them."""

    def __init__(self) -> None:
        self.epoch = uuid4().hex
        self._sequence = 0
        self._clients: set[Client] = set()
        self._topics: dict[str, _Topic] = {}

    @property
    def topics(self) -> list[str]:
        """Every topic that someone watches."""
        return list(self._topics)

    def join(self) -> Client:
        """Take in a client; it watches nothing yet."""
        client = Client()
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client; a topic that nobody watches any more is dropped."""
        self.subscribe(client, frozenset())
        self._clients.discard(client)

    def subscribe(self, client: Client, topics: frozenset[str]) -> None:
        """Set what a client watches; it gets at once what others have of it already."""
        for name in client.topics - topics:
            self._topics[name].clients.discard(client)
            if not self._topics[name].clients:
                del self._topics[name]
        fresh = topics - client.topics
        client.choose(topics)
        for name in fresh:
            topic = self._topics.setdefault(name, _Topic())
            topic.clients.add(client)
            if topic.state is not None:
                client.offer(name, topic.frame)

    def publish(self, name: str, data: str, state: str | None = None) -> bool:
        """Offer a topic's whole state to all who watch it; False when nothing changed.

        data: JSON. state: what is compared with the last time, where `data` always differs.
        """
        topic, state = self._topics.get(name), data if state is None else state
        if topic is None or topic.state == state:
            return False
        self._sequence += 1
        topic.state = state
        topic.frame = (
            f'{{"type":"snapshot","topic":{json.dumps(name)},"seq":{self._sequence},"data":{data}}}'
        )
        for client in topic.clients:
            client.offer(name, topic.frame)
        return True

    def beat(self, frame: str) -> None:
        """Offer a heartbeat to every client."""
        for client in self._clients:
            client.offer(HEARTBEAT, frame)
