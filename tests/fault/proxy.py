"""A TCP link with faults: latency, cut, reset, black hole and flipped bits."""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

from shared.ports import close_port

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Way = Literal["there", "back"]  # to the target and from it
CHUNK_BYTES = 65536


class Proxy:
    """Passes bytes on between a port of its own and a target, as well as its state allows.

    `latency_s` delays each chunk by wall seconds; `flips` is how many of the next chunks in each
    direction have one bit turned, in the byte that `flip_at` says.
    """

    def __init__(self, connect: Callable[[], Awaitable[Streams]]) -> None:
        self._connect = connect
        self._open = asyncio.Event()
        self._open.set()
        self._refuses = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.latency_s = 0.0
        self.flips = Counter[Way]()
        self.flip_at: Callable[[bytes], int] = lambda chunk: len(chunk) // 2
        self.port = 0
        self.connection_count = 0

    def cut(self) -> None:
        """Reset every connection and each new one until healed."""
        self._refuses = True
        self.reset()

    def hole(self) -> None:
        """Take bytes and pass none on, as a link does that drops every packet."""
        self._open.clear()

    def heal(self) -> None:
        """Pass everything on again, what fell into the hole included."""
        self._refuses = False
        self._open.set()

    def reset(self) -> None:
        """Break every connection with a TCP reset; new ones are welcome."""
        for writer in tuple(self._writers):
            _reset(writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side or a fault ends it."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.connection_count += 1
        self._writers.add(writer)
        try:
            if self._refuses:
                _reset(writer)
                return
            with contextlib.suppress(OSError):
                await self._between(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def end(self) -> None:
        """End every connection."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        their_reader, their_writer = await self._connect()
        self._writers.add(their_writer)
        ways = [
            asyncio.create_task(self._pass_on(reader, their_writer, "there")),
            asyncio.create_task(self._pass_on(their_reader, writer, "back")),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers.discard(their_writer)
            their_writer.close()
            writer.close()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            await self._open.wait()
            if self.flips[way] > 0:
                self.flips[way] -= 1
                chunk = _flipped(chunk, self.flip_at(chunk))
            writer.write(chunk)
            await writer.drain()


def _flipped(chunk: bytes, place: int) -> bytes:
    return chunk[:place] + bytes([chunk[place] ^ 1]) + chunk[place + 1 :]


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):  # it may have ended by itself
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def proxy_to(
    connect: Callable[[], Awaitable[Streams]], port: int = 0
) -> AsyncIterator[Proxy]:
    """Open a proxy on a loopback port, a free one by default, for as long as the block lasts."""
    proxy = Proxy(connect)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", port)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        await close_port(server)
        await proxy.end()


def to_port(port: int) -> Callable[[], Awaitable[Streams]]:
    """Return how to reach a loopback port."""
    return lambda: asyncio.open_connection("127.0.0.1", port)


def to_socket(path: str) -> Callable[[], Awaitable[Streams]]:
    """Return how to reach a Unix socket."""
    return lambda: asyncio.open_unix_connection(path)
