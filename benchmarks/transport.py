"""Times what TLS costs: a request of a person, one between services, an event's PUBACK."""

import argparse
import asyncio
import ssl
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import uvicorn
from fastapi import FastAPI

from benchmarks.peers import free_port
from deploy.authority import Authority, parts_of
from deploy.broker import Broker, find_program, guard_of
from deploy.processes import PROJECT_DIR, wait_until
from services.gateway.https import HttpsDoor
from shared.bus import Bus
from shared.events import LotHeld
from shared.identity import Identity
from shared.serving import calling, served
from shared.settings import read_plant
from shared.topics import event_topic

SAYER = "execution"
TOGETHER = 20
ROUNDS = 3  # of each kind in turn; the best of them counts
WITHIN_S = 20.0
PLANT = read_plant(PROJECT_DIR / "deploy/plant.toml")
Spent = tuple[float, float]  # wall and CPU, milliseconds each


async def spent(times: int, act: Callable[[], Awaitable[None]], process: psutil.Process) -> Spent:
    """Return what one act takes here and in another process; the first tenth is not counted."""
    for _ in range(max(1, times // 10)):
        await act()
    cpu_s, wall_s = _cpu_s(process), time.perf_counter()
    for _ in range(times):
        await act()
    wall_s, cpu_s = time.perf_counter() - wall_s, _cpu_s(process) - cpu_s
    return wall_s / times * 1000, cpu_s / times * 1000


def _cpu_s(process: psutil.Process) -> float:
    theirs = process.cpu_times()
    own = 0.0 if process.pid == psutil.Process().pid else time.process_time()
    return float(theirs.user + theirs.system + own)


async def events(folder: Path, *, guarded: bool, times: int) -> Spent:
    """Return what an event takes to its PUBACK, of those that go together."""
    guard = guard_of(folder / "tls", PLANT) if guarded else None
    place = folder / f"broker-{guarded}"
    broker = Broker(place, free_port(), folder / "log", find_program(), guard=guard)
    await asyncio.to_thread(broker.start)
    bus = Bus(broker.url, SAYER, Identity(folder / "tls" / SAYER))
    bus.start()
    body = '{"lot_id":"L1","reason":"' + "x" * 600 + '"}'
    batch = [(event_topic(PLANT.site, SAYER, LotHeld, "L1"), body)] * TOGETHER
    try:
        await asyncio.to_thread(wait_until, lambda: bus.connected, WITHIN_S)
        pid = broker.child.pid
        if pid is None:
            raise RuntimeError("the broker has ended")
        wall_ms, cpu_ms = await spent(
            times // TOGETHER, lambda: bus.publish_all(batch), psutil.Process(pid)
        )
    finally:
        await bus.stop()
        broker.stop()
    return wall_ms / TOGETHER, cpu_ms / TOGETHER


async def requests(folder: Path, *, guarded: bool, times: int) -> Spent:
    """Return what a request on a kept connection takes, client and server in one process."""
    app, port = FastAPI(), free_port()

    @app.get("/nothing")
    async def nothing() -> dict[str, int]:
        return {"a": 1}

    identity = Identity(folder / "tls/gateway")
    plain = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    door = HttpsDoor(app, identity, "127.0.0.1", port)
    serving = asyncio.create_task(door.run() if guarded else plain.serve())
    try:
        server = door if guarded else plain
        await asyncio.to_thread(wait_until, lambda: server.started, WITHIN_S)
        known = ssl.create_default_context(cafile=str(identity.authority)) if guarded else None
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=known)

        async def act() -> None:
            writer.write(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(b'{"a":1}'))

        found = await spent(times, act, psutil.Process())
        writer.close()
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
    return found


async def between_services(folder: Path, *, guarded: bool, times: int, kept: bool = True) -> Spent:
    """Return what a request between services takes, client and server in one process.

    kept: on the connection of the request before, as services do it; False: on one of its own.
    """
    app, port = FastAPI(), free_port()

    @app.get("/nothing")
    async def nothing() -> dict[str, int]:
        return {"a": 1}

    theirs = Identity(folder / "tls/quality") if guarded else None
    told = served("127.0.0.1", port, theirs)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", **told))
    serving = asyncio.create_task(server.serve())
    url = f"{'https' if guarded else 'http'}://127.0.0.1:{port}"
    headers = {} if kept else {"connection": "close"}
    try:
        await asyncio.to_thread(wait_until, lambda: server.started, WITHIN_S)
        async with calling({"quality": url}, Identity(folder / "tls/gateway")) as http:

            async def act() -> None:
                (await http.get(f"{url}/nothing", headers=headers)).raise_for_status()

            return await spent(times, act, psutil.Process())
    finally:
        server.should_exit = True
        await serving


LEGS: dict[str, Callable[..., Awaitable[Spent]]] = {
    "request of a person": requests,
    "request between services": between_services,
    "the same on a new connection each": partial(between_services, kept=False),
    "event to its PUBACK": events,
}


async def compare(folder: Path, times: int) -> None:
    """Print a line for each leg: with and without TLS, and the ratio."""
    for leg, measure in LEGS.items():
        rounds = [
            [await measure(folder, guarded=guarded, times=times) for guarded in (False, True)]
            for _ in range(ROUNDS)
        ]
        plain, tls = ([min(one[way][i] for one in rounds) for i in (0, 1)] for way in (0, 1))
        cells = [f"{plain[i]:.3f} | {tls[i]:.3f} | {tls[i] / plain[i]:.2f}" for i in (0, 1)]
        print(f"| {leg} | {' | '.join(cells)} |")


def main() -> int:
    """Measure as often as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5000, help="requests and events of each kind")
    times = parser.parse_args().times
    print("| leg | plain ms | TLS ms | ratio | plain CPU ms | TLS CPU ms | ratio |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        Authority(folder / "tls").ensure(parts_of(PLANT))
        asyncio.run(compare(folder, times))
    return 0


if __name__ == "__main__":
    sys.exit(main())
