"""Times commands over HTTP to the committed outbox, beside bare PostgreSQL doing the same."""

import argparse
import asyncio
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

import psycopg
import uvloop

from benchmarks.peers import (
    SAYER,
    Floor,
    Peer,
    database_cpu_s,
    floor,
    free_port,
    held,
    peer,
    percentile,
)
from deploy.servicecalls import signer_of
from shared.clock import wall_clock
from shared.envelope import envelope
from shared.tokens import Signer

CLIENTS = (1, 8, 64)
STATEMENTS = (
    """INSERT INTO command (key, fingerprint) VALUES (%(key)s, %(fingerprint)s)
       ON CONFLICT (key) DO NOTHING RETURNING key""",
    "INSERT INTO thing (name) VALUES (%(name)s)",
    """INSERT INTO outbox (event_id, type, subject, topic, body)
       VALUES (%(event_id)s, %(type)s, %(subject)s, %(topic)s, %(body)s)""",
    "UPDATE command SET answer = CAST(%(answer)s AS jsonb) WHERE key = %(key)s",
)
Act = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a run of commands took. cpu_ms: of this process, the service, the database, each."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: tuple[float, float, float]


async def http_client(port: int, signer: Signer, tls: ssl.SSLContext | None = None) -> Act:
    """Return a client on a connection of its own that sends commands, each with a new key.

    tls: whom it believes; None: plain HTTP.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)

    async def act(number: int) -> None:
        head = f"POST /lots/{number}/holds HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
        head += f"Authorization: Bearer {signer.token(SAYER, {'operate'})}\r\n"
        writer.write(f"{head}Idempotency-Key: {uuid4()}\r\n\r\n".encode())
        status, *fields = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        lengths = [field for field in fields if field.startswith(b"content-length:")]
        answer = await reader.readexactly(int(lengths[0].split(b":")[1]))
        if b" 201 " not in status:
            raise RuntimeError(f"command {number}: {status.decode()} {answer.decode()}, not 201")

    return act


async def bare_client(url: str) -> Act:
    """Return a client that does the statements of the same command on a connection of its own."""
    connection = await psycopg.AsyncConnection.connect(url)
    one = envelope(held(1), service=SAYER, time=wall_clock().now())
    body = one.model_dump_json(exclude={"sequence"})

    async def act(number: int) -> None:
        values = {
            "key": str(uuid4()),
            "fingerprint": "0" * 64,
            "name": str(number),
            "event_id": uuid4(),
            "type": one.type,
            "subject": one.subject,
            "topic": "halite/v1/pilot/ev/execution/p/00/lot/lot_held",
            "body": body,
            "answer": '{"number": 1}',
        }
        for statement in STATEMENTS:
            await connection.execute(statement, values)
        await connection.commit()

    return act


async def run(acts: list[Act], count: int) -> list[float]:
    """Share `count` commands among clients; return how long each took, in seconds."""
    numbers, took = iter(range(count)), []

    async def work(act: Act) -> None:
        for number in numbers:
            begun = time.monotonic()
            await act(number)
            took.append(time.monotonic() - begun)

    await asyncio.gather(*(work(act) for act in acts))
    return took


async def timed(on: Floor, service: Peer, acts: list[Act], count: int) -> Spent:
    """Run commands, after some that warm up, and say what they took."""
    await run(acts, 20 * len(acts))
    before = (time.process_time(), service.cpu_s, database_cpu_s(on))
    begun = time.monotonic()
    took = await run(acts, count)
    wall_s = time.monotonic() - begun
    after = (time.process_time(), service.cpu_s, database_cpu_s(on))
    own, serving, database = (
        1000 * (now - then) / count for then, now in zip(before, after, strict=True)
    )
    return Spent(
        per_s=count / wall_s,
        p50_ms=1000 * percentile(took, 0.5),
        p99_ms=1000 * percentile(took, 0.99),
        cpu_ms=(own, serving, database),
    )


async def compare(on: Floor, service: Peer, port: int, sizes: list[int], count: int) -> None:
    """Print two lines for each number of clients, and the ratio between them."""
    url = on.postgres.url(SAYER).replace("+psycopg", "")
    signer = signer_of(on.folder)
    columns = ("per s", "p50 ms", "p99 ms", "client", "service", "database")
    print("CPU in ms per command, of the client's process, the service and the database")
    print(f"{'clients':>8} {'way':<6}" + "".join(f"{name:>10}" for name in columns))
    for clients in sizes:
        bare = await timed(on, service, [await bare_client(url) for _ in range(clients)], count)
        acts = [await http_client(port, signer) for _ in range(clients)]
        http = await timed(on, service, acts, count)
        for way, found in (("bare", bare), ("http", http)):
            figures = (found.per_s, found.p50_ms, found.p99_ms, *found.cpu_ms)
            print(f"{clients:>8} {way:<6}" + "".join(f"{value:>10.2f}" for value in figures))
        engine_ms, ours_ms = bare.cpu_ms[0] + bare.cpu_ms[2], http.cpu_ms[1] + http.cpu_ms[2]
        print(f"{clients:>8} commands per CPU second, to bare: {engine_ms / ours_ms:.2f}")


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=list(CLIENTS))
    parser.add_argument("--commands", type=int, default=3000, help="for each number of clients")
    arguments = parser.parse_args()
    port = free_port()
    with floor() as on, peer(on, SAYER, port, port) as service:
        uvloop.run(compare(on, service, port, arguments.clients, arguments.commands))
    return 0


if __name__ == "__main__":
    sys.exit(main())
