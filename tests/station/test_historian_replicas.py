"""Two historians over one database and one folder: each row is kept once though one is killed."""

import asyncio
import itertools
from collections import Counter
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import duckdb
import httpx
import numpy as np

from deploy.broker import Broker
from deploy.postgres import PostgresServer
from deploy.servicecalls import introduced
from services.historian import files
from shared import testrows
from shared.db import Database, sql
from shared.settings import read_plant
from shared.stations import Sample
from shared.telemetry import written
from shared.topics import telemetry_topic
from tests.station.replicas_ground import (
    AT,
    READY_WITHIN_S,
    Replica,
    database,
    replicas,
    started,
)
from tests.station.speaker import Speaker, plant_file, speaking, until

SIGNAL = "temperature_degc"
SAMPLES = 150  # of each piece of equipment between two kills
ROWS = 50  # of a test in a batch
SETTINGS = {
    "HALITE_COMMIT_EVERY_S": "0.2",
    "HALITE_SEAL_EVERY_S": "1",
    "HALITE_SEAL_ROWS": "100",
    "HALITE_SEAL_TESTS_EVERY_S": "1",
    "HALITE_SILENT_S": "4",
}
TELEMETRY = """
    SELECT equipment_id, count(*), count(DISTINCT source_at) FROM read_parquet(?)
    GROUP BY equipment_id ORDER BY equipment_id"""
TESTS = "SELECT count(*), count(DISTINCT row) FROM read_parquet(?)"
SOURCE_STATES = """
    SELECT subject, body::jsonb -> 'data' ->> 'data_quality' FROM outbox
    WHERE type LIKE '%.source_state_changed.v%' ORDER BY id"""


async def publish(speaker: Speaker, equipment_id: str, first: int) -> None:
    """Tell samples one after the other, as a station does; each ten of them together."""
    for number in range(first, first + SAMPLES, 10):
        samples = [
            Sample(
                signal=SIGNAL,
                value=20.0 + one,
                status="Good",
                source_at=AT + timedelta(seconds=one),
            )
            for one in range(number, number + 10)
        ]
        topic = telemetry_topic(equipment_id, "values")
        await speaker.bus.publish_all([(topic, written(equipment_id, samples))])
        await asyncio.sleep(0)


def body_of(sequence: int) -> bytes:
    """Return a batch of a test whose rows go on where those before it end."""
    row = np.arange((sequence - 1) * ROWS, sequence * ROWS) + 1
    zero = np.zeros(ROWS)
    columns = {
        "series_id": ["T-1"] * ROWS,
        "kind": ["cc_charge"] * ROWS,
        "row": row,
        "cycle": zero.astype(int) + 1,
        "step": zero.astype(int) + 1,
        "time_s": row * 1.0,
    }
    numbers = ("voltage_v", "current_ma", "capacity_mah", "energy_mwh")
    return testrows.encode(testrows.table(columns | dict.fromkeys(numbers, zero)))


async def send(both: tuple[Replica, Replica], folder: Path, first: int, count: int) -> None:
    """Send batches of a test to one or the other of two, each until it is answered."""
    async with AsyncExitStack() as stack:
        ways = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=one.url,
                    auth=introduced(folder, {"historian": one.url}),
                    trust_env=False,
                    timeout=30,
                )
            )
            for one in both
        ]
        for sequence in range(first, first + count):
            attempts = itertools.count(sequence)
            while not await taken(ways[next(attempts) % 2], sequence):
                await asyncio.sleep(0.02)


async def taken(http: httpx.AsyncClient, sequence: int) -> bool:
    """Send a batch once; say whether it was answered."""
    headers = {"idempotency-key": uuid4().hex}  # so that the sequence alone guards
    path = f"/test-batches/tester/{sequence}"
    with suppress(httpx.HTTPError):
        reply = await http.post(path, content=body_of(sequence), headers=headers)
        assert reply.status_code in (201, 503), reply.text
        return reply.status_code == 201
    return False


async def unsealed(kept: Database) -> int:
    async with kept.quiet() as tx:
        query = """
            SELECT (SELECT count(*) FROM fresh_batch) + (SELECT count(*) FROM test_batch)"""
        return int(await tx.scalar(sql(query)))


async def test_two_historians_keep_each_row_once_and_tell_of_each_silence_once_though_one_is_killed(
    postgres_server: PostgresServer, broker: Broker, tmp_path: Path
) -> None:
    file = plant_file(tmp_path)
    async with (
        database(postgres_server, "historian", "test_historians") as kept,
        speaking(read_plant(file).site, broker.url) as speaker,
    ):
        both = replicas(
            "historian",
            postgres_server,
            "test_historians",
            speaker,
            broker.url,
            tmp_path,
            **SETTINGS,
        )
        first, second = both
        equipment = [f"{read_plant(file).site}/powder/drying/dryer-{n}" for n in (1, 2)]

        async def both_ready() -> bool:
            return await first.is_ready() and await second.is_ready()

        async def some_sealed() -> int:
            async with kept.quiet() as tx:
                return int(await tx.scalar(sql("SELECT count(*) FROM sealed_file")))

        async def told() -> list[tuple[str, str]]:
            async with kept.quiet() as tx:
                rows = await tx.execute(sql(SOURCE_STATES))
                return [(row[0], row[1]) for row in rows]

        async def all_silent() -> bool:
            return Counter(told_of for _, told_of in await told())["stale"] >= 2

        async def all_sealed() -> bool:
            return await unsealed(kept) == 0

        with started(both):
            for batch, victim in enumerate((first, second)):
                await until(both_ready, READY_WITHIN_S)
                before = await some_sealed()
                work = asyncio.gather(
                    *(publish(speaker, one, SAMPLES * batch) for one in equipment),
                    send(both, tmp_path, 1 + 30 * batch, 30),
                )

                async def sealed_more(than: int = before) -> bool:
                    return await some_sealed() > than

                await until(sealed_more, READY_WITHIN_S)
                victim.kill()  # while both seal and commit
                await work
                victim.start()
            await until(both_ready, READY_WITHIN_S)
            await until(all_silent, READY_WITHIN_S)
            await until(all_sealed, READY_WITHIN_S)
            states = await told()
            failed = [line for one in both for line in one.failures()]

        async with kept.quiet() as tx:
            catalogue = await tx.execute(sql("SELECT content, path FROM sealed_file"))
            paths = [(row[0], str(tmp_path / row[1])) for row in catalogue]
            given = list(await tx.scalars(sql("SELECT sequence FROM outbox ORDER BY sequence")))
    telemetry = [path for content, path in paths if content == "telemetry"]
    tests = [path for content, path in paths if content == "tests"]
    assert failed == []
    assert duckdb.execute(TELEMETRY, [telemetry]).fetchall() == [
        (one, 2 * SAMPLES, 2 * SAMPLES) for one in equipment
    ]
    assert duckdb.execute(TESTS, [tests]).fetchall() == [(60 * ROWS, 60 * ROWS)]
    assert (
        files.remove_strays(
            tmp_path, frozenset(str(Path(p).relative_to(tmp_path)) for _, p in paths)
        )
        == []
    )
    assert given == list(range(1, len(given) + 1))
    for one in equipment:
        qualities = [quality for equipment_id, quality in states if equipment_id == one]
        assert all(a != b for a, b in itertools.pairwise(qualities)), qualities
