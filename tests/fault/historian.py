"""Kills the historian and its sealer at random while rows of tests come, and counts every row.

`python -m tests.fault.historian --kills 50 --seed 1`: prints a table; exit code 1 when a row is
lost or there twice. Four sources send; each batch is sent again until it is answered, and every
third one once more after that. Half of the kills take the service, half the process that seals.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import httpx
import numpy as np
import psutil

from deploy.broker import Broker, find_program
from deploy.postgres import PostgresServer
from deploy.servicecalls import introduced
from services.historian import files, store, testcurves, teststore
from shared import testrows
from shared.db import Database
from tests.conftest import free_port
from tests.fault.ledger import Check
from tests.station.speaker import ROOT

SOURCES = 4
SERIES_OF_SOURCE = 25
ROWS_OF_SERIES = 40  # in a batch
SEAL_ROWS = 40_000
REPEAT_EVERY = 3
LONGEST_PAUSE_S = 0.5
READY_WITHIN_S = 60.0
DRAINED_WITHIN_S = 120.0


@dataclass(kw_only=True)
class Sent:
    """What was answered: batches by source; and how often the service was away meanwhile."""

    batches: dict[str, int] = field(default_factory=dict)
    repeat_count: int = 0
    failure_count: int = 0


class Victim:
    """A historian in a process of its own, started again when it was killed."""

    def __init__(self, database_url: str, mqtt_url: str, folder: Path) -> None:
        plant = folder / "plant.toml"
        plant.write_text('site = "kills"\nline = "Kills"\n')
        self.data_dir = folder / "data"
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._environment = os.environ | {
            "HALITE_SERVICE": "historian",
            "HALITE_PORT": str(self._port),
            "HALITE_DATABASE_URL": database_url,
            "HALITE_MQTT_URL": mqtt_url,
            "HALITE_PLANT_FILE": str(plant),
            "HALITE_DATA_DIR": str(self.data_dir),
            "HALITE_SEAL_TEST_ROWS": str(SEAL_ROWS),
            "HALITE_MOST_ROWS_IN_FILE": str(3 * SEAL_ROWS // 2),
            "HALITE_SEAL_TESTS_EVERY_S": "2",
            "HALITE_REGISTER_EVERY_S": "0.1",
            "HALITE_SERVICE_URLS": json.dumps({}),
        }
        self._log = (folder / "historian.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the service; it is ready some time later."""
        self._process = subprocess.Popen(
            (sys.executable, "-m", "services.historian.main"),
            env=self._environment,
            cwd=ROOT,
            stdout=self._log,
            stderr=self._log,
        )

    def kill(self, *, sealer: bool) -> bool:
        """Kill the service, or its sealer where one runs now; say whether something was killed."""
        if self._process is None:
            return False
        if not sealer:
            self._process.kill()
            self._process.wait(30)
            self.start()
            return True
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children():
                child.kill()
                return True
        return False

    def stop(self) -> None:
        """End the service in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
        self._log.close()

    async def ready(self, http: httpx.AsyncClient) -> None:
        """Wait until the service answers."""
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"{self.url}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.1)


def body_of(source: str, sequence: int) -> bytes:
    """Return a batch: some rows of each test of a source, whose values tell their place."""
    count = SERIES_OF_SOURCE * ROWS_OF_SERIES
    row = np.tile(np.arange(ROWS_OF_SERIES), SERIES_OF_SOURCE) + 1
    row += (sequence - 1) * ROWS_OF_SERIES
    names = [f"{source}-{n}" for n in range(SERIES_OF_SOURCE) for _ in range(ROWS_OF_SERIES)]
    step = (row - 1) // 100 + 1
    return testrows.encode(
        testrows.table(
            {
                "series_id": names,
                "kind": ["cc_charge"] * count,
                "row": row,
                "cycle": step,
                "step": step,
                "time_s": row * 1.0,
                "voltage_v": row / 1e5,
                "current_ma": np.full(count, 100.0),
                "capacity_mah": (row - 1) % 100 / 100.0,
                "energy_mwh": np.zeros(count),
            }
        )
    )


async def feed(
    http: httpx.AsyncClient, url: str, source: str, sent: Sent, over: asyncio.Event
) -> None:
    """Send batches until it is over, each until it is answered."""
    sequence = 0
    while not over.is_set():
        sequence += 1
        body = body_of(source, sequence)
        for again in range(2 if sequence % REPEAT_EVERY == 0 else 1):
            while not await _is_taken(http, f"{url}/test-batches/{source}/{sequence}", body, sent):
                await asyncio.sleep(0.05)
            sent.repeat_count += again
        sent.batches[source] = sequence


async def _is_taken(http: httpx.AsyncClient, url: str, body: bytes, sent: Sent) -> bool:
    try:
        headers = {"idempotency-key": uuid.uuid4().hex}  # so that the sequence alone guards
        reply = await http.post(url, content=body, headers=headers, timeout=30)
    except httpx.HTTPError:
        sent.failure_count += 1
        return False
    if reply.status_code in (201, 503):
        return reply.status_code == 201
    raise AssertionError(f"{url}: {reply.status_code} {reply.text}")


async def killed(victim: Victim, kills: int, draw: random.Random) -> tuple[Sent, dict[str, int]]:
    """Send and kill; return what was sent and which processes were killed how often."""
    sent, over = Sent(), asyncio.Event()
    done = {"service": 0, "sealer": 0}
    auth = introduced(victim.data_dir, {"historian": victim.url})
    async with httpx.AsyncClient(trust_env=False, auth=auth) as http:
        victim.start()
        await victim.ready(http)
        feeds = [
            asyncio.create_task(feed(http, victim.url, f"s{n}", sent, over)) for n in range(SOURCES)
        ]
        while sum(done.values()) < kills:
            await asyncio.sleep(draw.uniform(0.0, LONGEST_PAUSE_S))
            sealer = done["sealer"] < done["service"]
            if await asyncio.to_thread(victim.kill, sealer=sealer):
                done["sealer" if sealer else "service"] += 1
                if not sealer:
                    await victim.ready(http)
        over.set()
        await asyncio.gather(*feeds)
        await _sealed(http, victim)
    return sent, done


async def _sealed(http: httpx.AsyncClient, victim: Victim) -> None:
    """Wait until files hold what was sent, so that the sealer has had its last word."""
    async with asyncio.timeout(DRAINED_WITHIN_S):
        while not (await http.get(f"{victim.url}/files")).json()["items"]:
            await asyncio.sleep(0.1)


async def counted(database_url: str, data_dir: Path, sent: Sent) -> list[Check]:
    """Compare every row in files and batches, the kept figures and the disk, with what was sent."""
    database = Database(database_url)
    names = [f"{source}-{n}" for source in sent.batches for n in range(SERIES_OF_SOURCE)]
    async with database.quiet() as tx:
        where = await teststore.where(tx, names)
        catalogue = await store.catalogue(tx)
        unsealed = await tx.scalar(store.sql("SELECT coalesce(sum(row_count), 0) FROM test_batch"))
        in_steps = await tx.scalar(store.sql("SELECT coalesce(sum(row_count), 0) FROM test_step"))
    await database.close()
    lost, twice, wrong = rows_against(sent, where, data_dir)
    found = sum(sent.batches.values()) * SERIES_OF_SOURCE * ROWS_OF_SERIES
    strays = files.remove_strays(data_dir, catalogue)
    kept = () if in_steps + unsealed == found else (f"{in_steps} rows in the kept figures",)
    return [
        Check(name="rows lost", count=found, violations=(*lost,)),
        Check(name="rows twice", count=found, violations=(*twice,)),
        Check(name="rows changed", count=found, violations=(*wrong,)),
        Check(name="kept figures", count=int(in_steps), violations=kept),
        Check(name="files on disk", count=len(catalogue), violations=(*_more_than_one(strays),)),
    ]


def _more_than_one(strays: Sequence[str]) -> list[str]:
    """A killed sealer leaves a file at most; the next one removes it before it begins."""
    return [f"{len(strays)} files outside the catalogue: {strays}"] if len(strays) > 1 else []


def rows_against(
    sent: Sent, where: teststore.Whereabouts, data_dir: Path
) -> tuple[list[str], list[str], list[str]]:
    """Return what is lost, twice and changed, a sentence for each test."""
    names = [f"{source}-{n}" for source in sent.batches for n in range(SERIES_OF_SOURCE)]
    fresh = testcurves.fresh_rows(where.bodies, names)
    columns = "series_id, row, voltage_v"
    with duckdb.connect(":memory:", config={"threads": 1}) as opened:
        opened.register("fresh", fresh)
        table = opened.execute(
            f"""
            SELECT series_id, count(*), count(DISTINCT row), max(row),
                   count(*) FILTER (voltage_v * 100000 <> row)
            FROM (SELECT {columns} FROM fresh
                  UNION ALL SELECT {columns} FROM read_parquet($1)) GROUP BY series_id""",
            [[str(data_dir / path) for path in where.paths]],
        ).fetchall()
    by_name = {row[0]: row[1:] for row in table}
    lost, twice, wrong = [], [], []
    for source, batches in sent.batches.items():
        for number in range(SERIES_OF_SOURCE):
            name = f"{source}-{number}"
            count, distinct, highest, changed = by_name.get(name, (0, 0, 0, 0))
            expected = batches * ROWS_OF_SERIES
            if distinct != expected or highest != expected:
                lost.append(f"{name}: {distinct} rows up to {highest}, sent were {expected}")
            if count != distinct:
                twice.append(f"{name}: {count - distinct} rows twice")
            if changed:
                wrong.append(f"{name}: {changed} rows are not as sent")
    return lost, twice, wrong


@contextlib.asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[tuple[PostgresServer, Broker]]:
    """Run a database and a broker around the block."""
    postgres = PostgresServer(folder / "postgres", folder / "log")
    broker = Broker(folder / "broker", free_port(), folder / "log", find_program())
    try:
        await asyncio.to_thread(postgres.start)
        await asyncio.to_thread(broker.start)
        postgres.ensure_database("historian")
        yield postgres, broker
    finally:
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(postgres.stop)


async def campaign(
    database_url: str, mqtt_url: str, folder: Path, kills: int, draw: random.Random
) -> list[Check]:
    """Kill so often and return what the books say, with what was killed."""
    victim = Victim(database_url, mqtt_url, folder)
    try:
        sent, done = await killed(victim, kills, draw)
    finally:
        await asyncio.to_thread(victim.stop)
    checks = await counted(database_url, victim.data_dir, sent)
    made = [Check(name=f"kills of {name}", count=n, violations=()) for name, n in done.items()]
    made.append(Check(name="batches sent again", count=sent.repeat_count, violations=()))
    made.append(Check(name="answers missed", count=sent.failure_count, violations=()))
    return [*made, *checks]


async def _main(kills: int, seed: int, folder: Path) -> list[Check]:
    async with standing(folder) as (postgres, broker):
        url = postgres.url("historian")
        return await campaign(url, broker.url, folder, kills, random.Random(seed))


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when a row was lost or is there twice."""
    parser = argparse.ArgumentParser("tests.fault.historian", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        began_s = time.monotonic()
        checks = asyncio.run(_main(options.kills, options.seed, folder))
    for check in checks:
        print(f"{check.name:22} {check.count:>10} {'; '.join(check.violations[:3]) or 'ok'}")
    print(f"{time.monotonic() - began_s:.0f} s")
    return int(any(check.violations for check in checks))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
