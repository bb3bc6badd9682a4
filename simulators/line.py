"""A TCP port of a tester: its connections, each in a task of its own, and its orderly end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from shared.ports import close_port

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Line:
    """Lets `converse` answer every client; what `broken` names ends that client's connection.

    limit_bytes: of what is read for a frame whose end is looked for.
    """

    def __init__(
        self,
        host: str,
        port: int,
        converse: Converse,
        *,
        broken: tuple[type[Exception], ...] = (),
        limit_bytes: int = 2**16,
    ) -> None:
        self._host, self._port, self._limit_bytes = host, port, limit_bytes
        self._converse = converse
        self._broken = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, *broken)
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the port."""
        self._server = await asyncio.start_server(
            self._serve, self._host, self._port, limit=self._limit_bytes
        )

    @property
    def port(self) -> int:
        """The port that is open; 0 before the start."""
        if self._server is None:
            return 0
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is None:
            return
        await close_port(self._server)
        for session in tuple(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves, sends a broken frame, or we stop."""
        session = asyncio.current_task()
        if session is not None:
            self._sessions.add(session)
        try:
            with contextlib.suppress(*self._broken):
                await self._converse(reader, writer)
        except asyncio.CancelledError:
            pass  # our own stop; the task ends here
        finally:
            if session is not None:
                self._sessions.discard(session)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
