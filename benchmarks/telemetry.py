"""Times a command from the request to its commit with traces and figures, and without."""

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median
from typing import Annotated, Any
from uuid import uuid4

import structlog
from fastapi import Depends, FastAPI

from benchmarks.peers import ROOT, SAYER, floor
from shared.clock import wall_clock
from shared.commands import Command, CommandApp, command_of
from shared.db import Database, migrate
from shared.events import LotHeld
from shared.ids import time_ordered_id
from shared.observability import Metrics, configure_logs
from shared.outbox import Outbox
from shared.tracing import Traced
from shared.transaction import Transaction

WAYS = ("without", "figures and traces", "and a log line")
log = structlog.get_logger()


def app_of(database: Database, way: str) -> FastAPI:
    """Return an app with one command, which records one event."""
    outbox = Outbox(SAYER, "pilot", database, wall_clock())
    app = CommandApp()
    if way != WAYS[0]:
        app.add_middleware(Traced, new_id=time_ordered_id)
        database.committed_in = Metrics().commit_s.observe

    @app.post("/lots/{lot_id}/holds", status_code=201)
    async def hold(
        lot_id: str, command: Annotated[Command, Depends(command_of(database))]
    ) -> dict[str, str]:
        held = LotHeld(lot_id=lot_id, work_request_id=None, gate="operator", reason="measured")

        async def act(tx: Transaction) -> dict[str, str]:
            await outbox.record(tx, held)
            return {"lot_id": lot_id}

        answer = await command.once(act)
        if way == WAYS[2]:
            log.info("lot held", lot_id=lot_id)
        return answer

    return app


async def ask(app: FastAPI, number: int) -> None:
    """Give one command, as a server would, without a socket."""
    path = f"/lots/L{number}/holds"
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"idempotency-key", uuid4().hex.encode()), (b"content-length", b"0")],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 201:
            raise RuntimeError(f"command {number}: {message['status']}, not 201")

    await app(scope, receive, send)


async def timed(act: Callable[[int], Awaitable[None]], count: int) -> float:
    """Return the CPU of this process per command, in us."""
    begun = time.process_time()
    for number in range(count):
        await act(number)
    return 1e6 * (time.process_time() - begun) / count


async def compare(url: str, commands: int, rounds: int) -> dict[str, list[float]]:
    """Return the CPU per command of each round, in us; turns are taken, so noise hits all alike."""
    databases = {way: Database(url) for way in WAYS}
    acts = {way: partial(ask, app_of(database, way)) for way, database in databases.items()}
    for act in acts.values():
        await timed(act, 200)
    spent_us: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in sorted(WAYS, reverse=bool(number % 2)):
            spent_us[way].append(await timed(acts[way], commands))
    for database in databases.values():
        await database.close()
    return spent_us


def main() -> int:
    """Run the benchmark; the log lines that it times go nowhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=50, help="in each round")
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    with floor() as on, open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        configure_logs(SAYER)
        url = on.postgres.url(SAYER)
        migrate(url, ROOT / "services" / SAYER / "migrations")
        spent_us = asyncio.run(compare(url, arguments.commands, arguments.rounds))
    bare = spent_us[WAYS[0]]
    print(f"{'way':<20}{'us, median':>12}{'ratio, median of rounds':>26}")
    for way, rounds in spent_us.items():
        ratio = median(ours / theirs for ours, theirs in zip(rounds, bare, strict=True))
        print(f"{way:<20}{median(rounds):>12.0f}{ratio:>26.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
