"""HTTP between the services of one process, each request in a task of the service that answers."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

from tests.fault.chance import Chance
from tests.fault.life import Life

NO_EVENTS = b'{"items":[]}'


class Answering:
    """A living service as others reach it."""

    def __init__(self, life: Life, app: FastAPI) -> None:
        self.life, self._door = life, httpx.ASGITransport(app=app)
        self.tasks: dict[asyncio.Task[Any], None] = {}  # in order, as a set is not

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; a crash on the way looks like a broken connection."""
        task = asyncio.create_task(self._door.handle_async_request(request))
        self.tasks[task] = None
        await asyncio.wait([task])
        self.tasks.pop(task, None)
        if task.cancelled() or not self.life.alive:
            raise httpx.ReadError("connection reset", request=request)
        return task.result()


class Web(httpx.AsyncBaseTransport):
    """Brings a request to the service that its host names; services left out have no events."""

    def __init__(self, chance: Chance, services: dict[str, Answering | None]) -> None:
        self._chance, self._services = chance, services

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, or fail as a network does."""
        name = request.url.host
        if name not in self._services:
            return httpx.Response(200, content=NO_EVENTS, request=request)
        await asyncio.sleep(self._chance.stream("web").uniform(0.0002, 0.002))
        answering = self._services[name]
        if answering is None or self._chance.acts("source_down", name) is not None:
            raise httpx.ConnectError("connection refused", request=request)
        reply = await answering.answer(request)
        if self._chance.strikes("answer_lost", name):
            raise httpx.ReadTimeout("no answer", request=request)
        return reply
