"""The gateway on a real port, with what stands in for the other services, and persons in it."""

import asyncio
import contextlib
import json
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from websockets.asyncio.client import connect

from deploy.broker import Broker
from deploy.pki import ensure_gateway_keys
from services.gateway.main import build
from services.gateway.settings import GatewaySettings
from shared.bus import Bus
from shared.db import migrate
from shared.envelope import envelope
from shared.facts import Event
from shared.settings import SERVICES
from shared.topics import event_topic

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
DOWN = "plc"
FIRST_PASSWORD, PASSWORD = "first-one-of-two", "chosen-at-sign-in"


class Server(uvicorn.Server):
    """Uvicorn on a free port inside the test's loop; the signals stay pytest's."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(app, log_level="warning", ws_per_message_deflate=False, lifespan="on")
        )
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.serve([self._listener]))
        try:
            yield
        finally:
            self.should_exit = True
            async with asyncio.timeout(60):
                await running


@dataclass
class Peers:
    """What stands in for the other services: their events and the answers a test sets."""

    site: str
    bus: Bus
    events: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    ready: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    given: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/{service}/events")
        async def events(service: str, after: int, limit: int) -> Response:
            page = ",".join(self.events.get(service, [])[after : after + limit])
            return Response(f'{{"items":[{page}]}}', media_type="application/json")

        @app.get("/{service}/readyz")
        async def readyz(service: str) -> dict[str, Any]:
            said = {"service": service, "ready": True, "oldest_event_age_s": 0.5}
            return said | self.ready.get(service, {})

        @app.get("/{path:path}")
        async def answer(path: str) -> Response:
            self.asked.append(path)
            found = self.answers.get(path)
            body = {"code": "NotFoundError", "detail": f"no {path}"} if found is None else found
            status = self.status.get(path, 404 if found is None else 200)
            return Response(json.dumps(body), status, media_type="application/json")

        @app.post("/{path:path}")
        async def take(path: str, request: Request) -> Response:
            seen = {
                "path": path,
                "query": request.url.query,
                "key": request.headers.get("idempotency-key"),
                "type": request.headers.get("content-type"),
                "person": request.headers.get("x-halite-person"),
                "cookie": request.headers.get("cookie"),
                "body": await request.body(),
            }
            self.given.append(seen)
            status = self.status.get(path, 201)
            body = self.answers.get(path, {"taken": len(await request.body())})
            return Response(json.dumps(body), status, media_type="application/json")

        return app

    async def say(self, service: str, *events: Event) -> None:
        """Publish events as the relay of a service does."""
        messages = []
        for event in events:
            said = self.events.setdefault(service, [])
            wrapped = envelope(event, service=service, time=NOW)
            numbered = wrapped.model_copy(update={"sequence": len(said) + 1})
            said.append(numbered.model_dump_json())
            topic = event_topic(self.site, service, type(event), event.subject)
            messages.append((topic, said[-1]))
        await self.bus.publish_all(messages)


@dataclass
class Plant:
    """One gateway with its peers; `eap` is a station of its plant file."""

    url: str
    peers: Peers
    http: httpx.AsyncClient
    eap: str
    key: str

    def live(self, **headers: str) -> connect:
        """Open the live link."""
        given = {"Authorization": f"Bearer {self.key}"} | headers
        return connect(f"ws{self.url[4:]}/api/live", proxy=None, additional_headers=given)

    async def said(self, action: str) -> list[dict[str, Any]]:
        """Return the gateway's own events of an act, once its relay has numbered one."""
        async with asyncio.timeout(60):
            while True:
                items = (await self.http.get("/events")).json()["items"]
                said = [item["data"] for item in items]
                if found := [data for data in said if data.get("action") == action]:
                    return found
                await asyncio.sleep(0.05)

    @contextlib.asynccontextmanager
    async def person(self, login: str, name: str, *roles: str) -> AsyncIterator[httpx.AsyncClient]:
        """Add a person, who signs in and chooses a password."""
        given = {"login": login, "name": name, "roles": roles, "password": FIRST_PASSWORD}
        added = await self.http.post("/api/persons", json=given)
        assert added.status_code == 201, added.text
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=60) as client:
            await sign_in(client, login, FIRST_PASSWORD)
            change = {"password": FIRST_PASSWORD, "new_password": PASSWORD}
            changed = await client.post("/api/session/password", json=change)
            assert changed.status_code == 200, changed.text
            yield client


async def until(
    read: Callable[[], Awaitable[dict[str, Any]]],
    name: str,
    wanted: Callable[[Any], bool] = lambda _: True,
) -> list[Any]:
    """Read again until what has a name is there and as wanted; return it alone in a list."""
    async with asyncio.timeout(60):
        while True:
            found = (await read()).get(name)
            if found is not None and wanted(found):
                return [found]
            await asyncio.sleep(0.05)


async def sign_in(client: httpx.AsyncClient, login: str, password: str) -> httpx.Response:
    return await client.post("/api/session", json={"login": login, "password": password})


def plant_file(folder: Path, site: str, more: str) -> Path:
    """Write the pilot plant's file for a site of this test's own, with more tables at its end."""
    text = (ROOT / "deploy/plant.toml").read_text().replace('"pilot', f'"{site}')
    (folder / "plant.toml").write_text(f"{text}\n{more}")
    return folder / "plant.toml"


def small_app(folder: Path) -> Path:
    """Write an app of one page."""
    folder.mkdir()
    (folder / "index.html").write_text("<title>app</title>")
    (folder / "index.html.br").write_bytes(b"packed")
    return folder


@contextlib.asynccontextmanager
async def open_gateway(
    database_url: str,
    broker: Broker,
    folder: Path,
    real: Mapping[str, str] | None = None,
    web_dir: Path | None = None,
    clock_file: Path | None = None,
    within_s: float = 120,
    more: str = "",
    quota: tuple[float, int] = (50.0, 500),
) -> AsyncIterator[Plant]:
    """The gateway over a database of its own while the block lasts.

    real: addresses of services that are there; others are stood in for. web_dir: the built app.
    clock_file: of another clock than the wall's. within_s: how long the block may take.
    more: tables at the end of the plant file. quota: requests a second, and at once, that
    one caller may make.
    """
    site = f"t{uuid.uuid4().hex[:8]}"
    bus = Bus(broker.url, f"test-{site}")
    up = asyncio.Event()
    bus.on_up(up.set)
    bus.start()
    peers = Peers(site, bus)
    neighbours = Server(peers.app())
    urls = {name: f"http://127.0.0.1:{neighbours.port}/{name}" for name in SERVICES}
    urls |= {DOWN: "http://127.0.0.1:9"} | dict(real or {})
    web = web_dir or small_app(folder / "dist")
    migrate(database_url, ROOT / "services/gateway/migrations")
    settings = GatewaySettings(
        service="gateway",
        port=1,
        database_url=database_url,
        mqtt_url=broker.url,
        plant_file=plant_file(folder, site, more),
        service_urls=urls,
        web_dir=web,
        data_dir=folder,
        clock_file=clock_file,
        requests_per_s=quota[0],
        requests_at_once=quota[1],
    )
    ensure_gateway_keys(folder / "secrets/gateway")
    key = (folder / "secrets/gateway/setup-key").read_text()
    headers = {"authorization": f"Bearer {key}"}
    gateway = Server(build(settings).app)
    url = f"http://127.0.0.1:{gateway.port}"
    async with (
        asyncio.timeout(within_s),
        neighbours.up(),
        gateway.up(),
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60) as http,
    ):
        await up.wait()
        yield Plant(url, peers, http, f"{site}/dryroom/spray/eap-1", key)
    await bus.stop()
