"""Parts that a model test hands in: a process that can die at any step, a bus that only keeps."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx

from shared.bus import Message
from shared.db import Database
from shared.errors import ServiceUnreachableError
from shared.outbox import Outbox
from shared.transaction import Transaction


class ProcessDiedError(BaseException):
    """The process ended here without a word; nothing in it may catch this."""


class Fuse:
    """Ends a process after some steps; None burns for ever."""

    def __init__(self) -> None:
        self.steps_left: int | None = None

    def burn(self) -> None:
        """Take one step, or die."""
        if self.steps_left == 0:
            self.steps_left = None
            raise ProcessDiedError
        if self.steps_left is not None:
            self.steps_left -= 1


class FragileConnection:
    """A transaction whose process may die before each statement."""

    def __init__(self, tx: Transaction, fuse: Fuse) -> None:
        self._tx, self._fuse = tx, fuse

    async def execute(self, *arguments: Any) -> Any:
        self._fuse.burn()
        return await self._tx.execute(*arguments)

    async def scalar(self, *arguments: Any) -> Any:
        self._fuse.burn()
        return await self._tx.scalar(*arguments)

    async def scalars(self, *arguments: Any) -> Any:
        self._fuse.burn()
        return await self._tx.scalars(*arguments)


class FragileDatabase(Database):
    """The database of a process that may also die just before and just after each commit."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=2)
        self.fuse = Fuse()

    @asynccontextmanager
    async def quiet(self) -> AsyncIterator[Transaction]:
        """Open a transaction on thin ice."""
        async with super().quiet() as tx:
            yield cast(Transaction, FragileConnection(tx, self.fuse))
            self.fuse.burn()
        self.fuse.burn()


class KeepingBus:
    """Keeps everything that was published, for tests to deliver, repeat, reorder or forget."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.lost_after: int | None = None

    async def publish_all(self, messages: Sequence[tuple[str, str]]) -> None:
        """Take messages until the broker is lost."""
        taken = messages[: self.lost_after]
        self.log += [payload for _, payload in taken]
        if len(taken) < len(messages):
            raise ServiceUnreachableError("broker: lost")


class Line:
    """The end of the bus at a reader."""

    def __init__(self) -> None:
        self._deliver: Callable[[Message], None] | None = None
        self._came_up: Callable[[], None] | None = None

    def subscribe(self, topic_filter: str, deliver: Callable[[Message], None]) -> None:
        """Take the one subscription of a reader."""
        self._deliver = deliver

    def on_up(self, call: Callable[[], None]) -> None:
        """Take what to call after each connection."""
        self._came_up = call

    def ring(self, payload: str, acknowledge: Callable[[], None]) -> None:
        """Deliver one message."""
        if self._deliver is not None:
            message = Message(topic="t", payload=payload.encode(), acknowledge=acknowledge)
            self._deliver(message)

    def come_up(self) -> None:
        """Say that the broker is back."""
        if self._came_up is not None:
            self._came_up()


class Source:
    """The HTTP face of the service that says the events; pages may be short, or not come."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.away = False
        self.page_size = 200

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer `GET /events`."""
        if self.away:
            raise httpx.ConnectError("source is away", request=request)
        after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
        bodies = await self._outbox.after(after, min(limit, self.page_size))
        return httpx.Response(200, text=f'{{"items":[{",".join(bodies)}]}}')
