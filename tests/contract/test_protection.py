"""Every way into every service asks who comes and what that one may, but for a short list."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.contracts import FOLDER, service_named
from services.gateway.grants import Limit
from services.gateway.guard import FREE, Guard
from services.gateway.persons import Caller
from services.gateway.quota import Quota
from services.gateway.rights import Rights
from services.gateway.roles import Role, needed
from shared.app import Service
from shared.door import Door
from shared.permissions import OPEN, PERMISSIONS, Permission, needed_at
from shared.settings import SERVICES
from shared.tokenkeys import RENEWED_AFTER_S, ensure_key
from shared.tokens import Signer, Verifier

NOW_S = 1_800_000_000.0
# All that asks nobody: probes and metrics of every service, the ways in of the gateway, its pages.
WITHOUT_ANYTHING = {(method, path) for method in ("GET", "HEAD") for path in OPEN}
WAYS_IN = set(FREE)
PAGES = {("GET", "/{path:path}"), ("HEAD", "/{path:path}")}


class Way(NamedTuple):
    """A route of a service. method: WEBSOCKET for those."""

    method: str
    path: str

    @property
    def asked(self) -> str:
        """The path with something for each of its parameters."""
        return re.sub(r"\{[^}]+\}", "x", self.path)


@cache
def service(name: str) -> Service:
    return service_named(name)


def ways(name: str) -> Iterator[Way]:
    """Yield all routes of a service, those that stand in no contract too."""
    for route in service(name).app.routes:
        match route:
            case WebSocketRoute():
                yield Way("WEBSOCKET", route.path)
            case Route():
                yield from (Way(method, route.path) for method in sorted(route.methods or ()))
            case _:
                raise AssertionError(f"{name} has {route!r}, which nobody looks at")


def documented(name: str) -> set[Way]:
    document = json.loads((FOLDER / f"openapi/{name}.json").read_text())
    return {
        Way(method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
    }


@dataclass
class Inside:
    """What stands behind a door: keeps what was let in."""

    let_in: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.let_in.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def asked(app: ASGIApp, way: Way, token: str | None = None) -> int:
    """Return the status that a request meets; a refused WebSocket has 403, as its browser sees."""
    headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
    is_socket = way.method == "WEBSOCKET"
    scope: dict[str, Any] = {
        "type": "websocket" if is_socket else "http",
        "path": way.asked,
        "raw_path": way.asked.encode(),
        "query_string": b"",
        "headers": headers,
        "app": None,
    } | ({} if is_socket else {"method": way.method})
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect" if is_socket else "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return int(sent[0].get("status", 403 if sent[0]["type"] == "websocket.close" else 0))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    ensure_key(tmp_path, "gateway", NOW_S, RENEWED_AFTER_S)
    return tmp_path


def behind_the_door(name: str) -> list[tuple[Way, Permission]]:
    """Return the ways of a service that its door must guard, with what each needs."""
    pages = PAGES if name == "gateway" else set()
    found = []
    for way in ways(name):
        is_gateway_own = name == "gateway" and way.path.startswith("/api")
        if way in WITHOUT_ANYTHING or way in pages or is_gateway_own:
            continue
        need = needed_at(name, way.method, way.asked)
        assert need is not None, f"{name}: {way} asks for nothing"
        found.append((way, need))
    return found


@pytest.mark.parametrize("name", SERVICES)
async def test_every_way_into_a_service_needs_a_token_that_gives_its_permission(
    name: str, keys: Path
) -> None:
    inside = Inside()
    door = Door(inside, name, Verifier(keys, name, lambda: NOW_S))
    signer = Signer(keys, "gateway", lambda: NOW_S)
    guarded = behind_the_door(name)
    assert len(guarded) >= 5, "events, set-aside and the documents at least"
    for way, need in guarded:
        others = frozenset(PERMISSIONS) - {need}
        assert await asked(door, way) == 401, (name, way)
        assert await asked(door, way, "made up") == 401, (name, way)
        elsewhere = signer.token("quality" if name != "quality" else "trace", PERMISSIONS)
        assert await asked(door, way, elsewhere) == 401, (name, way)
        assert await asked(door, way, signer.token(name, others)) == 403, (name, way)
        assert inside.let_in == []
        assert await asked(door, way, signer.token(name, {need})) == 200, (name, way)
        assert inside.let_in.pop() == way.asked


@pytest.mark.parametrize("name", SERVICES)
def test_the_contract_names_no_way_that_was_not_walked(name: str) -> None:
    walked = {Way(method, path.replace(":path}", "}")) for method, path in ways(name)}
    assert documented(name) <= walked


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "gateway"])
async def test_no_service_but_the_gateway_opens_a_websocket(name: str, keys: Path) -> None:
    inside = Inside()
    door = Door(inside, name, Verifier(keys, name))
    assert await asked(door, Way("WEBSOCKET", "/api/live")) == 403
    assert not [way for way in ways(name) if way.method == "WEBSOCKET"]
    assert inside.let_in == []


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_a_method_that_nothing_uses_is_refused_before_the_service(
    name: str, method: str, keys: Path
) -> None:
    inside = Inside()
    door = Door(inside, name, Verifier(keys, name, lambda: NOW_S))
    assert await asked(door, Way(method, "/set-aside")) == 403
    assert inside.let_in == []


class Ways:
    """Stands in for the gateway's entrances: one caller, whoever comes with a key."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.rights = Rights(service("gateway").database, service("gateway").plant)
        self.quota = Quota(per_s=1e6, burst=1_000_000)

    async def caller_of_key(self, key: str) -> Caller | None:
        return self._caller


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/api/handovers", True),
        ("/api/handovers/HO-1/take-over", True),
        ("/api/downtime-reasons", True),
        ("/api/alarms/A-1/acknowledge", True),
        ("/api/alarms/A-1/shelve", False),
        ("/api/execution/sodium/moves", False),
    ],
)
async def test_who_operates_one_area_hands_its_shift_over_but_acts_nowhere_else(
    path: str, given: bool
) -> None:
    limits: dict[Role, Limit] = {"operator": Limit(at=("pilot/dryroom",))}
    caller = Caller(login="ada", name="Ada", roles=frozenset({"operator"}), limits=limits)
    rights = Rights(service("gateway").database, service("gateway").plant)
    assert await rights.may(caller, "POST", path) is given


def of_the_gateway() -> list[Way]:
    return [way for way in ways("gateway") if way.path.startswith("/api") and way not in WAYS_IN]


async def test_every_way_of_the_gateway_needs_somebody_who_is_signed_in() -> None:
    guarded = of_the_gateway()
    assert Way("WEBSOCKET", "/api/live") in guarded
    for way in guarded:
        refused = 403 if way.method == "WEBSOCKET" else 401
        assert await asked(service("gateway").app, way) == refused, way


async def test_every_way_of_the_gateway_needs_its_permission() -> None:
    nobody = Caller(login="nobody", name="Nobody", roles=frozenset())
    inside = Inside()
    guard = Guard(inside, Ways(nobody))  # type: ignore[arg-type]
    for way in of_the_gateway():
        if way.method == "POST" and way.path.startswith("/api/session/"):
            assert needed("POST", way.path) is None, "one's own password and session"
            continue
        assert await asked(guard, way, "a key") == 403, way
    assert inside.let_in == []


async def test_nobody_does_anything_with_a_first_password_but_change_it() -> None:
    newcomer = Caller(login="new", name="New", roles=frozenset({"engineer"}), must_change=True)
    inside = Inside()
    guard = Guard(inside, Ways(newcomer))  # type: ignore[arg-type]
    for way in of_the_gateway():
        await asked(guard, way, "a key")
    assert sorted(inside.let_in) == ["/api/session/end", "/api/session/password"]
