"""Rubbish at the port of the OPC UA server for PLCs: `python -m tests.fault.rubbish --seconds 60`.

Each attack is a stranger's: it needs no certificate that is trusted. Run it against an endpoint of
a plant, or without one against a service of its own.
"""

import argparse
import asyncio
import contextlib
import os
import random
import resource
import socket
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from asyncua import Client, ua
from asyncua.ua.ua_binary import struct_to_binary

from deploy.broker import Broker, find_program
from deploy.postgres import PostgresServer
from tests.conftest import free_port
from tests.station.plc_floor import Line, plc_line

ANSWER_WITHIN_S = 30.0
MOST_GROWTH_MB = 60.0
AT_ONCE = 5  # of each kind of rubbish


def hello(receive: int = 65_535, send: int = 65_535) -> bytes:
    """Return a Hello message that asks for these chunk sizes in bytes."""
    url = b"opc.tcp://127.0.0.1"
    body = struct.pack("<5I", 0, receive, send, 0, 0) + struct.pack("<I", len(url)) + url
    return b"HELF" + struct.pack("<I", 8 + len(body)) + body


def open_channel(nonce: bytes = b"") -> bytes:
    """Return an OpenSecureChannel request without security."""
    uri = b"http://opcfoundation.org/UA/SecurityPolicy#None"
    request = b"\x01\x00\xbe\x01" + b"\x00\x00" + bytes(8) + struct.pack("<II", 1, 0)
    request += b"\xff\xff\xff\xff" + struct.pack("<I", 0) + b"\x00\x00\x00"
    request += struct.pack("<III", 0, 0, 1)
    request += struct.pack("<i", len(nonce)) + nonce + struct.pack("<I", 60_000)
    body = struct.pack("<I", 0) + struct.pack("<I", len(uri)) + uri + b"\xff" * 8
    body += struct.pack("<II", 1, 1) + request
    return b"OPNF" + struct.pack("<I", 8 + len(body)) + body


def message(body: bytes, size: int | None = None, kind: bytes = b"MSGF") -> bytes:
    """Return a message chunk; `size` is what its header claims, in bytes."""
    return kind + struct.pack("<I", 8 + len(body) if size is None else size) + body


def mutated(chance: random.Random, content: bytes) -> bytes:
    """Return the content with a few bytes changed, cut or repeated."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(made))
        made[place] = chance.randrange(256)
    end = chance.choice([len(made), chance.randrange(1, len(made) + 1)])
    return bytes(made[:end]) * chance.choice([1, 1, 1, 2])


def kinds(chance: random.Random) -> dict[str, bytes]:
    """Return one of each kind of rubbish, the random parts drawn anew."""
    greeted = hello()
    return {
        "random bytes": chance.randbytes(chance.randint(1, 4096)),
        "another protocol": b"GET / HTTP/1.1\r\nHost: plc\r\n\r\n",
        "no hello": open_channel(),
        "a chunk of four gigabytes": greeted + message(b"x" * 64, 0xFFFF_FFFF),
        "an empty chunk": greeted + message(b"", 8),
        "chunks too small to answer in": hello(receive=1, send=1),
        "an unknown kind of chunk": greeted + message(b"x" * 32, kind=b"MSGX"),
        "a message without a channel": greeted + message(chance.randbytes(64)),
        "chunks without an end": greeted
        + open_channel()
        + message(bytes(60_000), kind=b"MSGC") * 8,
        "an array of a billion": greeted + open_channel(b"") + message(b"\x00" * 16 + b"\xff" * 64),
        "a nonce of sixty thousand bytes": greeted + open_channel(chance.randbytes(60_000)),
        "a changed request": greeted + mutated(chance, open_channel()),
        "a changed hello": mutated(chance, greeted) + open_channel(),
    }


@dataclass
class Tally:
    """What came back, by kind: `ERR` chunks with their status code, or a closed connection."""

    sent_count: int = 0
    codes: dict[str, set[int]] = field(default_factory=dict)


async def throw(port: int, name: str, content: bytes, tally: Tally) -> None:
    """Send rubbish on a connection of its own and read until the server closes it.

    A server that keeps listening to something it may take for the beginning of a message is fine:
    it closes the connection when no user came.
    """
    tally.sent_count += 1
    codes = tally.codes.setdefault(name, set())
    with contextlib.suppress(ConnectionError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(content)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                while len(header := await reader.read(8)) == 8:
                    body = await reader.readexactly(int.from_bytes(header[4:], "little") - 8)
                    if header[:3] == b"ERR":
                        codes.add(int.from_bytes(body[:4], "little"))
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def half_open(port: int, count: int, together: int = 100) -> AsyncIterator[None]:
    """Hold connections open that say nothing, whatever the server does with them, in the block."""
    loop, held = asyncio.get_running_loop(), list[socket.socket]()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(count + 1000, hard) if hard != resource.RLIM_INFINITY else count + 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        for _ in range(0, count, together):
            fresh = [socket.socket() for _ in range(together)]
            held += fresh
            for one in fresh:
                one.setblocking(False)
            calls = (loop.sock_connect(one, ("127.0.0.1", port)) for one in fresh)
            await asyncio.gather(*calls, return_exceptions=True)
        yield
    finally:
        for one in held:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@dataclass
class Watch:
    """Memory and open files of this process."""

    resident_mb: float
    file_count: int


def look() -> Watch:
    """Return what this process holds now."""
    process = psutil.Process(os.getpid())
    return Watch(
        resident_mb=process.memory_info().rss / 1e6,
        file_count=process.num_fds(),
    )


async def flood(
    line: Line, count: int, still_works: Callable[[], Awaitable[object]], asked: int = 20
) -> list[float]:
    """Open connections that say nothing while a PLC asks; return how long it waited, in s.

    asked: how often it asks at least, from the first connection on; a newcomer enters among them.
    """
    waited_s: list[float] = []

    async def ask() -> None:
        began_s = time.monotonic()
        await still_works()
        waited_s.append(time.monotonic() - began_s)

    async def hold(opened: asyncio.Event, over: asyncio.Event) -> None:
        async with half_open(line.settings.opcua_port, count):
            opened.set()
            await over.wait()

    opened, over = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(hold(opened, over))
    try:
        while not opened.is_set() or len(waited_s) < asked:
            await ask()
        newcomer = await line.client()
        await newcomer.connect()
        await newcomer.disconnect()
    finally:
        over.set()
        await holding
    return waited_s


def _part(waited_s: Sequence[float], share: float) -> float:
    """Return the time in ms that this share of the waits stayed below."""
    return 1e3 * sorted(waited_s)[min(len(waited_s) - 1, int(share * len(waited_s)))]


async def attack(
    line: Line, seconds: float, seed: int, still_works: Callable[[], Awaitable[object]]
) -> Tally:
    """Throw rubbish for some wall seconds while a PLC works; `still_works` must never fail."""
    chance, tally, port = random.Random(seed), Tally(), line.settings.opcua_port
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        drawn = [item for _ in range(AT_ONCE) for item in kinds(chance).items()]
        thrown = asyncio.gather(*(throw(port, *item, tally) for item in drawn))
        while not thrown.done():
            await still_works()
            await asyncio.wait([thrown], timeout=0.1)
        await change_requests(await line.client(), chance, 20)
        async with half_open(port, 200):
            await still_works()
    return tally


async def change_requests(client: Client, chance: random.Random, count: int) -> None:
    """Send requests that are whole and signed, but changed inside, as a PLC that may enter."""
    await client.connect()
    protocol = client.uaclient.protocol
    requests = (ua.ReadRequest, ua.CallRequest, ua.BrowseRequest, ua.CreateMonitoredItemsRequest)
    for number in range(count):
        request = chance.choice(requests)()
        request.RequestHeader.AuthenticationToken = protocol.authentication_token
        content = struct_to_binary(request)
        body = content[:-4] + mutated(chance, content[-4:] + chance.randbytes(40))
        transport, request_id = protocol.transport, 1_000_000 + number
        if transport is None or transport.is_closing():
            break
        transport.write(protocol._connection.message_to_binary(body, request_id=request_id))
    with contextlib.suppress(OSError, TimeoutError, ua.UaError):
        async with asyncio.timeout(5):
            await client.disconnect()


async def main(words: Sequence[str]) -> int:
    """Attack a service of its own; return 1 when it grew or failed its PLC."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.rubbish", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half-open", type=int, default=3000, help="connections held at once")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        database = PostgresServer(folder / "postgres", folder / "log", durable=False)
        broker = Broker(folder / "broker", free_port(), folder / "log", find_program())
        database.start()
        broker.start()
        (folder / "plc").mkdir()
        try:
            async with plc_line(database, broker, folder / "plc") as line:
                return await _judge(line, given.seconds, given.seed, given.half_open)
        finally:
            broker.stop()
            database.stop()


async def _judge(line: Line, seconds: float, seed: int, half_open_count: int) -> int:
    plc = await line.plc()

    async def asks() -> object:
        return await plc.call("NextJobOrder", line.unit)

    await attack(line, min(10.0, seconds), seed, asks)  # what is built once counts for nobody
    before = look()
    waited_s = await flood(line, half_open_count, asks)
    flooded = look()
    print(
        f"{half_open_count} connections that say nothing, held: answers to the PLC meanwhile "
        f"{len(waited_s)}, p50 {_part(waited_s, 0.5):.0f} ms, p99 {_part(waited_s, 0.99):.0f} ms, "
        f"memory {flooded.resident_mb - before.resident_mb:+.1f} MB, "
        f"files {before.file_count} -> {flooded.file_count}"
    )
    tally = await attack(line, seconds, seed + 1, asks)
    after = look()
    grown_mb = after.resident_mb - before.resident_mb
    print(f"seed {seed}: {tally.sent_count} pieces of rubbish in {seconds:.0f} s")
    for kind, codes in sorted(tally.codes.items()):
        print(f"  {kind:34} {', '.join(f'{code:#010x}' for code in sorted(codes)) or 'closed'}")
    print(f"  memory {grown_mb:+.1f} MB, files {before.file_count} -> {after.file_count}")
    if grown_mb > MOST_GROWTH_MB:
        print(f"The server grew by {grown_mb:.0f} MB, {MOST_GROWTH_MB:.0f} MB are allowed.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
