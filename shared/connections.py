"""Connections to one PostgreSQL database: bounded in number, and each wait on them in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from shared.errors import ServiceUnreachableError

# The other end vanished, with its packets: found out by the kernel. Without effect on Unix sockets.
IDLE_S, EVERY_S, COUNT, UNANSWERED_MS = 5, 2, 3, 10_000
LINK: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": IDLE_S,
    "keepalives_interval": EVERY_S,
    "keepalives_count": COUNT,
    "tcp_user_timeout": UNANSWERED_MS,
}
LINK_OF_SERVER = (
    f"-c tcp_keepalives_idle={IDLE_S} -c tcp_keepalives_interval={EVERY_S}"
    f" -c tcp_keepalives_count={COUNT} -c tcp_user_timeout={UNANSWERED_MS}"
)
OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
Answer = TypeVar("Answer")


class Limits(NamedTuple):
    """How long a session may take, in wall seconds, so that each wait ends.

    statement_s: the server ends a statement. answer_s: we give up a server that hangs.
    idle_s: the server ends the transaction of a client that hangs, and with it its locks.
    """

    statement_s: float = 30.0
    answer_s: float = 35.0
    idle_s: float = 60.0

    @property
    def options(self) -> str:
        """What the server is told at the start of a session."""
        return (
            f"{LINK_OF_SERVER} -c statement_timeout={self.statement_s * 1000:.0f}"
            f" -c idle_in_transaction_session_timeout={self.idle_s * 1000:.0f}"
        )


LIMITS = Limits()


class BoundedConnection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection that is given up when the server does not answer in `answer_s` seconds."""

    answer_s = LIMITS.answer_s

    async def wait(
        self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None
    ) -> Answer:
        """Wait for one answer, `answer_s` by default.

        Raises:
            psycopg.OperationalError: none in time; the connection is closed, and whether the
                server did the work is not known.
        """
        within_s = self.answer_s if timeout is None else timeout
        try:
            return await super().wait(gen, interval, within_s)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # the server's own answer, or a lost connection
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer in {within_s:g} s") from error


class Connections:
    """Lends connections; the one given back last goes first.

    So a few of them have their statements prepared, not many.
    """

    def __init__(self, url: str, *, size: int, timeout_s: float, limits: Limits) -> None:
        self._url = url.replace("postgresql+psycopg:", "postgresql:", 1)
        self._size, self._timeout_s, self._limits = size, timeout_s, limits
        self._free = asyncio.Semaphore(size)
        self._idle: list[BoundedConnection] = []
        self._closed = False

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[BoundedConnection]:
        """Lend a connection outside of any transaction; one left open at the end is undone.

        Raises:
            ServiceUnreachableError: all of them are lent, for longer than the time-out.
            psycopg.Error: a new one cannot be made.
        """
        await self._seat()
        try:
            connection = self._idle.pop() if self._idle else await self.new()
            try:
                yield connection
            finally:
                await self._take_back(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """End the idle connections now, and those that are lent when they are given back."""
        self._closed = True
        self._end_idle()

    async def _seat(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._free.acquire()
        except TimeoutError as error:
            raise ServiceUnreachableError(
                f"database: all {self._size} connections were busy for {self._timeout_s:g} s"
            ) from error

    async def _take_back(self, connection: BoundedConnection) -> None:
        """Keep a connection for the next one, or end it when it is not fit for that."""
        try:
            if connection.pgconn.transaction_status in OPEN:
                with suppress(psycopg.Error):  # a server that is away undoes by itself
                    await connection.rollback()
        finally:
            if connection.closed:  # the idle ones were cut off with it
                self._end_idle()
            if connection.pgconn.transaction_status == TransactionStatus.IDLE and not self._closed:
                self._idle.append(connection)
            else:
                connection.pgconn.finish()

    def _end_idle(self) -> None:
        for connection in self._idle:
            connection.pgconn.finish()
        self._idle.clear()

    async def new(self) -> BoundedConnection:
        """Return a connection of its own beside those that are lent; who takes it ends it."""
        connection = await BoundedConnection.connect(
            self._url, options=self._limits.options, **LINK
        )
        connection.answer_s = self._limits.answer_s
        return connection
