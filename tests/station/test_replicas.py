"""Two replicas of a service, as processes with one database and one broker, and kills of either.

The record shows best what an event that was lost, taken twice or numbered twice would do.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from deploy.broker import Broker
from deploy.databaseroles import enter
from deploy.postgres import PostgresServer
from services.trace import workflow
from shared.db import Database, migrate, sql
from shared.events import LotHeld
from shared.settings import read_plant
from tests.conftest import free_port
from tests.station.speaker import ROOT, Speaker, plant_file, speaking, until

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
SOURCES = ("quality", "execution", "lamination")
EACH = 40  # events of each source between two kills
READY_WITHIN_S = 120.0


@dataclass
class Replica:
    """One process of the service trace."""

    name: str
    environment: dict[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        own = {"HALITE_REPLICA": self.name, "HALITE_PORT": str(self.port)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "services.trace.main"),
                env={**os.environ, **self.environment, **own},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    async def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
                reply = await http.get(f"http://127.0.0.1:{self.port}/readyz")
                return reply.status_code == 200
        return False


@contextmanager
def started(replicas: tuple[Replica, ...]) -> Iterator[None]:
    for one in replicas:
        one.start()
    try:
        yield
    finally:
        for one in replicas:
            one.kill()


@asynccontextmanager
async def database(server: PostgresServer, name: str) -> AsyncIterator[Database]:
    server.ensure_database(name)
    migrate(server.url(name), ROOT / "services/trace/migrations")
    opened = Database(server.url(name))
    try:
        yield opened
    finally:
        await opened.close()
        server.drop_database(name)


async def say(speaker: Speaker, batch: int) -> None:
    for number in range(EACH):
        for source in SOURCES:
            event = LotHeld(
                lot_id=f"L{number}", work_request_id=None, gate="g", reason=f"{source} {batch}"
            )
            await speaker.say(source, event, AT)


async def test_two_replicas_keep_each_event_once_in_order_though_either_is_killed(
    postgres_server: PostgresServer, broker: Broker, tmp_path: Path
) -> None:
    file = plant_file(tmp_path)
    async with (
        database(postgres_server, "test_replicas") as record,
        speaking(read_plant(file).site, broker.url) as speaker,
    ):
        environment = {
            "HALITE_SERVICE": "trace",
            "HALITE_DATABASE_URL": enter(
                postgres_server, "trace", "test_replicas", tmp_path / "passwords"
            ),
            "HALITE_MQTT_URL": broker.url,
            "HALITE_PLANT_FILE": str(file),
            "HALITE_DATA_DIR": str(tmp_path),
            "HALITE_SERVICE_URLS": json.dumps(speaker.urls),
        }
        first, second = (
            Replica(name, environment, tmp_path / f"{name}.log") for name in ("first", "second")
        )

        async def both_ready() -> bool:
            return await first.is_ready() and await second.is_ready()

        async def count() -> int:
            async with record.quiet() as tx:
                query = "SELECT count(*) FROM record WHERE source <> 'trace'"
                return int(await tx.scalar(sql(query)) or 0)

        async def all_kept() -> bool:
            return await count() >= speaker.said_count

        with started((first, second)):
            await until(both_ready, READY_WITHIN_S)
            for batch, victim in enumerate((first, second, None)):
                saying = asyncio.create_task(say(speaker, batch))
                if victim is not None:
                    before = await count()

                    async def some_kept(more: int = before) -> bool:
                        return await count() > more

                    await until(some_kept)  # killed while it takes events
                    victim.kill()
                    victim.start()
                await saying
            await until(all_kept, READY_WITHIN_S)
            await until(both_ready, READY_WITHIN_S)

        async with record.quiet() as tx:
            rows = await tx.execute(
                sql("SELECT source, sequence FROM record WHERE source <> 'trace' ORDER BY position")
            )
            kept = [(row[0], row[1]) for row in rows]
            own = await tx.scalars(sql("SELECT sequence FROM outbox ORDER BY id"))
            numbered = [sequence for sequence in own if sequence is not None]
            sealed = await workflow.verify(tx)

    for source in SOURCES:
        order = [sequence for said_by, sequence in kept if said_by == source]
        assert order == list(range(1, 3 * EACH + 1)), source
    assert numbered == list(range(1, len(numbered) + 1)), "one number for each, without a gap"
    assert sealed["ok"] and sealed["seal_count"] > 0
