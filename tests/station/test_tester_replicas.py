"""Two replicas of formation: each test starts once and each row is kept once, though killed."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from services.formation import store
from services.formation.main import build
from services.formation.protocol import formation_protocol
from services.formation.settings import FormationSettings
from shared import testrows
from shared.app import Service
from shared.db import sql
from shared.events import JobOrderReleased
from simulators.channels import Bench
from simulators.tester import BtsServer, read_tester
from tests.station.bench import Ground, job_order, lot
from tests.station.replicas_ground import READY_WITHIN_S, Pair, Replica, pair
from tests.station.speaker import until
from tests.station.test_row_sending import grading
from tests.station.tester_floor import POUCH

SPEED = 20_000.0  # a formation of two days takes nine seconds


def formed(cell: str) -> JobOrderReleased:
    return job_order(
        cell,
        "tester",
        "formation-2-cycles",
        [lot(cell, "cell", "processed")],
        service="formation",
        parameters={"capacity_mah": 1000.0},
    )


@asynccontextmanager
async def open_tester(both: Pair) -> AsyncIterator[Path]:
    """Run the simulated tester of the plant file; yield its own log of tests."""
    config, host, port = read_tester(both.folder / "plant.toml")
    log = both.folder / "tester.sqlite"
    bench = Bench(config, log, both.world, both.clock.now)
    tester = BtsServer(bench, host, port)
    await tester.start()
    try:
        yield log
    finally:
        await tester.stop()
        bench.close()


def started_at(log: Path) -> Counter[str]:
    """Return how often each cell was started, as the tester knows it."""
    with closing(sqlite3.connect(log, timeout=10.0)) as connection:
        return Counter(row[0] for row in connection.execute("SELECT barcode FROM tests"))


async def kept_rows(both: Pair) -> dict[str, list[int]]:
    """Return the numbers of all rows that wait for the historian, by test, in their order."""
    async with both.kept.quiet() as tx:
        bodies = list(await tx.scalars(sql("SELECT body FROM row_batch ORDER BY source, sequence")))
    found: dict[str, list[int]] = defaultdict(list)
    for body in bodies:
        columns = testrows.decode(bytes(body)).select(["series_id", "row"]).to_pydict()
        for series_id, row in zip(columns["series_id"], columns["row"], strict=True):
            found[series_id].append(row)
    return found


async def check_racks(both: Pair) -> None:
    """Each of the two shows that the tester answers, with all its channels, whoever drives it."""
    [tester] = both.desk.plant.tester[:1]
    for one in both.replicas:

        async def shows(asked: Replica = one) -> bool:
            rack = (await both.shown(asked, "/racks"))["items"][0]
            return len(rack["channels"]) == tester.channel_count and bool(rack["answers"])

        await until(shows, READY_WITHIN_S)


async def test_formation_starts_each_test_once_and_keeps_each_row_once_though_killed(
    bench_ground: Ground, tmp_path: Path
) -> None:
    async def prepare(both: Pair) -> None:
        protocol = formation_protocol().model_copy(update={"status": "released"})
        async with both.kept.begin() as tx:
            await store.add_protocol(tx, protocol)
            await store.add_grading(tx, grading())

    def wire(values: dict[str, Any]) -> Service:
        return build(FormationSettings(**values, share_dir=tmp_path / "share"))

    cells = [[f"CELL-{batch}{item}" for item in "abc"] for batch in (1, 2)]
    wanted = [cell for batch in cells for cell in batch]
    async with (
        pair(
            "formation",
            bench_ground,
            tmp_path,
            SPEED,
            wire,
            prepare,
            peers=("execution",),  # without a historian rows wait where they can be counted
            HALITE_SHARE_DIR=str(tmp_path / "share"),
        ) as both,
        open_tester(both) as log,
    ):
        both.world.update_many(dict.fromkeys(wanted, POUCH))
        both.runs = lambda: list(started_at(log).elements())
        await until(both.both_ready, READY_WITHIN_S)
        await check_racks(both)
        await both.survive(tuple([formed(cell) for cell in batch] for batch in cells))
        await both.until_ended(*wanted)
        await both.check_books()
        once = dict.fromkeys(wanted, 1)
        assert started_at(log) == once
        assert await both.count("job_order_started", "job_order_id") == once
        assert await both.count("job_order_ended", "job_order_id") == once
        assert await both.count("channel_leased", "job_order_id") == once
        assert await both.count("cell_graded", "lot_id") == once
        rows = await kept_rows(both)
        async with both.kept.quiet() as tx:
            runs = await tx.execute(sql("SELECT job_order_id, row_count FROM test_run"))
            counts = {row[0]: row[1] for row in runs}
    assert {name: len(numbers) for name, numbers in rows.items()} == counts
    for name, numbers in rows.items():
        assert numbers == sorted(set(numbers)), f"{name}: a row is there twice"
