"""No service takes a body without end, or more requests at once than it can answer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import time

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from deploy.contracts import service_named
from shared.app import LARGEST_BODY
from shared.door import Door
from shared.settings import SERVICES
from shared.tokenkeys import RENEWED_AFTER_S, ensure_key
from shared.tokens import Signer, Verifier

COMMAND = "/set-aside/x/retry"
CHUNK = bytes(1024 * 1024)


async def without_end(sent: list[int]) -> AsyncIterator[bytes]:
    for _ in range(3 * LARGEST_BODY // len(CHUNK)):
        sent.append(len(CHUNK))
        yield CHUNK


@pytest.mark.parametrize("name", SERVICES)
async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(name: str) -> None:
    transport = httpx.ASGITransport(app=service_named(name).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        key = {"idempotency-key": "key-0001"}
        told = key | {"content-length": str(LARGEST_BODY + 1)}
        assert (await http.post(COMMAND, headers=told, content=b"x")).status_code == 413
        sent: list[int] = []
        answer = await http.post(COMMAND, headers=key, content=without_end(sent))
    assert answer.status_code == 413
    assert LARGEST_BODY < sum(sent) <= LARGEST_BODY + 2 * len(CHUNK)


async def test_screens_that_stay_open_take_no_room_from_services(tmp_path: Path) -> None:
    ensure_key(tmp_path, "trace", time(), RENEWED_AFTER_S)
    opened, closed = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            opened.set()
            await closed.wait()
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def never() -> Message:
        raise AssertionError("nobody speaks")

    async def nowhere(_: Message) -> None:
        raise AssertionError("nobody listens")

    door = Door(app, "gateway", Verifier(tmp_path, "gateway"), most_at_once=1)
    live: Scope = {"type": "websocket", "path": "/api/live", "headers": []}
    screen = asyncio.create_task(door(live, never, nowhere))
    await opened.wait()
    headers = {"authorization": f"Bearer {Signer(tmp_path, 'trace').token('gateway')}"}
    transport = httpx.ASGITransport(app=door)
    async with httpx.AsyncClient(transport=transport, base_url="http://g", headers=headers) as http:
        answer = await http.get("/events")
    closed.set()
    await screen
    assert answer.status_code == 200


async def test_a_service_answers_no_more_at_once_than_it_can_and_then_again(tmp_path: Path) -> None:
    ensure_key(tmp_path, "gateway", time(), RENEWED_AFTER_S)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await leave.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door = Door(slow, "trace", Verifier(tmp_path, "trace"), most_at_once=1)
    headers = {"authorization": f"Bearer {Signer(tmp_path, 'gateway').token('trace')}"}
    transport = httpx.ASGITransport(app=door)
    async with httpx.AsyncClient(transport=transport, base_url="http://t", headers=headers) as http:
        first = asyncio.create_task(http.get("/seals"))
        await entered.wait()
        refused = await http.get("/seals")
        leave.set()
        assert (refused.status_code, (await first).status_code) == (503, 200)
        assert "at most 1 at once" in refused.json()["detail"]
        assert (await http.get("/seals")).status_code == 200
