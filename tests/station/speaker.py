"""The other services, as one service sees them: their events over HTTP and the bus."""

import asyncio
import contextlib
import json
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from shared.bus import Bus
from shared.envelope import Envelope, envelope
from shared.facts import Event
from shared.settings import SERVICES
from shared.topics import event_topic

ROOT = Path(__file__).resolve().parents[2]


async def until(
    holds: Callable[[], Awaitable[object]], within_s: float = 60.0, every_s: float = 0.05
) -> None:
    """Return when a condition holds; a TimeoutError names it when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await holds():
            await asyncio.sleep(every_s)


def plant_file(folder: Path, stations: str = "") -> Path:
    """Write a plant file with a site of its own, so that tests on one broker keep apart.

    stations: TOML in which SITE stands for that site.
    """
    site = f"t{uuid.uuid4().hex[:12]}"
    path = folder / "plant.toml"
    path.write_text(f'site = "{site}"\nline = "Test"\n' + stations.replace("SITE", site))
    return path


class Speaker:
    """Says events as any of the ten services would."""

    def __init__(self, site: str, mqtt_url: str) -> None:
        self._site = site
        self.bus = Bus(mqtt_url, f"speaker-{site}")
        self._said: dict[str, list[Envelope]] = {name: [] for name in SERVICES}
        self.url = ""

    @property
    def urls(self) -> dict[str, str]:
        """The HTTP address of each service."""
        return {name: f"{self.url}/{name}" for name in SERVICES}

    @property
    def said_count(self) -> int:
        """How many events were said so far, by all services together."""
        return sum(len(said) for said in self._said.values())

    async def say(
        self, service: str, event: Event, time: datetime, *, ring: bool = True
    ) -> Envelope:
        """Record an event and ring the doorbell, unless the message is to get lost."""
        wrapped = envelope(event, service=service, time=time)
        said = self._said[service]
        said.append(wrapped.model_copy(update={"sequence": len(said) + 1}))
        if ring:
            topic = event_topic(self._site, service, type(event), wrapped.subject)
            await self.bus.publish_all([(topic, said[-1].model_dump_json())])
        return said[-1]

    def app(self) -> FastAPI:
        """Return what answers `GET /{service}/events`."""
        app = FastAPI()

        @app.get("/{service}/events")
        async def events(service: str, after: int, limit: int) -> dict[str, object]:
            page = self._said[service][after : after + limit]
            return {"items": [json.loads(one.model_dump_json()) for one in page]}

        return app


@contextlib.asynccontextmanager
async def speaking(site: str, mqtt_url: str) -> AsyncIterator[Speaker]:
    """Serve a speaker's events around the block."""
    speaker = Speaker(site, mqtt_url)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        speaker.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(speaker.app(), log_level="error", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        speaker.bus.start()

        async def is_up() -> bool:
            return server.started and speaker.bus.connected

        try:
            await until(is_up)
            yield speaker
        finally:
            server.should_exit = True
            await task
            await speaker.bus.stop()
