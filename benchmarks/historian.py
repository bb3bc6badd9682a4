"""Rows of tests through the historian, beside the bare engines, and questions over many of them.

`python -m benchmarks.historian ingest --rows 10000000 --batch 100000 --sources 1 8`: batches over
HTTP to their commit, beside bare psycopg inserting the same blobs and PostgreSQL's own COPY of the
rows; then sealing, and bytes a row.

`python -m benchmarks.historian ask --rows 100000000 --cells 1000`: writes sealed files (in the
order in which a day of interleaved rows is sealed), then asks for one cell of 10^6 rows, that
reduced, and the capacity of each cycle of all cells from the rows and from the kept figures.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import httpx
import numpy as np
import psycopg
import pyarrow as pa

from benchmarks.peers import Floor, floor, free_port
from deploy.servicecalls import introduced
from services.historian import store, testarrays, testcurves, testfiles, teststore
from services.historian.sealing import Sealing
from services.historian.settings import HistorianSettings
from services.historian.testcurves import Rows
from services.historian.testdata import TestData
from services.historian.testfiles import write_sealed
from shared import testrows
from shared.app import Service
from shared.clock import wall_clock
from shared.db import Database, migrate, sql
from shared.outbox import Outbox

ROOT = Path(__file__).resolve().parents[1]
MIGRATIONS = ROOT / "services/historian/migrations"
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
STEP_ROWS = 500  # rows of a charge or a discharge
ROW_MAH = 100.0 / 360.0  # what 100 mA move in ten seconds
LONG_CELL, LONG_ROWS = "cell-long", 1_000_000
COPY_ROWS = 500_000


def rows_of(names: list[str], first: int, count: int, seed: int) -> Any:
    """Return `count` rows of each cell from row `first` on, as a tester would record them.

    Noise: 50 µV, 20 µA, 0.02 K; charge and energy are what the current moved.
    """
    draw = np.random.default_rng(seed)
    many = len(names) * count
    place = np.tile(np.arange(first, first + count), len(names))
    in_step, step = place % STEP_ROWS, place // STEP_ROWS + 1
    charging = step % 2 == 1
    way_v = np.stack((_plain_v(np.arange(STEP_ROWS)), _plain_v(STEP_ROWS - np.arange(STEP_ROWS))))
    way_mwh = np.cumsum(way_v, axis=1) * ROW_MAH
    way = (~charging).astype(np.int64)
    series = np.repeat(np.arange(len(names), dtype=np.int32), count)
    return testrows.table(
        {
            "series_id": pa.DictionaryArray.from_arrays(series, pa.array(names)),
            "kind": pa.DictionaryArray.from_arrays(
                way.astype(np.int32), pa.array(["cc_charge", "cc_discharge"])
            ),
            "row": place + 1,
            "cycle": (step + 1) // 2,
            "step": step,
            "time_s": place * 10.0 + draw.integers(0, 3, many) / 1000.0,
            "voltage_v": way_v[way, in_step] + draw.normal(0.0, 5e-5, many),
            "current_ma": np.where(charging, 100.0, -100.0) + draw.normal(0.0, 0.02, many),
            "capacity_mah": in_step * ROW_MAH,
            "energy_mwh": way_mwh[way, in_step],
            "temperature_degc": 25.0 + draw.normal(0.0, 0.02, many),
        }
    )


def _plain_v(place: Any) -> Any:
    soc = place / STEP_ROWS
    return 2.8 + soc + 0.1 * np.tanh(20.0 * (soc - 0.5))


@contextmanager
def historian(on: Floor, folder: Path, url: str) -> Iterator[str]:
    """Run the service in a process of its own that does not seal; yield its address."""
    plant = folder / "plant.toml"
    plant.write_text('site = "bench"\nline = "Bench"\n')
    port = free_port()
    environment = {
        "HALITE_SERVICE": "historian",
        "HALITE_PORT": str(port),
        "HALITE_DATABASE_URL": url,
        "HALITE_MQTT_URL": on.broker.url,
        "HALITE_PLANT_FILE": str(plant),
        "HALITE_DATA_DIR": str(folder / "data"),
        "HALITE_SEAL_TEST_ROWS": str(10**12),
        "HALITE_SEAL_TESTS_EVERY_S": str(10**9),
    }
    process = subprocess.Popen(
        (sys.executable, "-m", "services.historian.main"), env=os.environ | environment, cwd=ROOT
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait(address: str) -> None:
    with httpx.Client(trust_env=False) as http:
        for _ in range(300):
            try:
                if http.get(f"{address}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise TimeoutError(f"{address} did not get ready")


async def send(address: str, data_dir: Path, bodies: list[bytes], sources: int, run: str) -> float:
    """Send batches from so many sources at once, each in its order; return the wall seconds."""
    auth = introduced(data_dir, {"historian": address})

    async def one(number: int, http: httpx.AsyncClient) -> None:
        for sequence, body in enumerate(bodies[number::sources], 1):
            url = f"{address}/test-batches/{run}-{number}/{sequence}"
            key = {"idempotency-key": f"{run}-{number}-{sequence:08d}"}
            (await http.post(url, content=body, headers=key, timeout=60)).raise_for_status()

    async with httpx.AsyncClient(trust_env=False, auth=auth) as http:
        begun = time.perf_counter()
        await asyncio.gather(*(one(number, http) for number in range(sources)))
        return time.perf_counter() - begun


def bare_blobs(url: str, bodies: list[bytes]) -> float:
    """Insert the same blobs by bare psycopg, a commit each; return the wall seconds."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bare (id bigint PRIMARY KEY, body bytea NOT NULL)")
        connection.execute("ALTER TABLE bare ALTER COLUMN body SET STORAGE EXTERNAL")
        connection.commit()
        begun = time.perf_counter()
        for number, body in enumerate(bodies):
            connection.execute("INSERT INTO bare VALUES (%b, %b)", (number, body))
            connection.commit()
        taken_s = time.perf_counter() - begun
        connection.execute("DROP TABLE bare")
        return taken_s


def bare_copy(url: str, bodies: list[bytes]) -> tuple[int, float, float]:
    """Copy rows into a table with a primary key; return rows, wall seconds and bytes a row."""
    kinds = "text, text, int, int, int" + ", numeric" * len(testrows.DIGITS)
    names = testrows.schema().names
    columns = ", ".join(f"{n} {k}" for n, k in zip(names, kinds.split(", "), strict=True))
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE TABLE plain ({columns}, PRIMARY KEY (series_id, row))")
        connection.commit()
        count, taken_s = 0, 0.0
        for body in bodies:
            table = testrows.decode(body)
            rows = list(zip(*(table[name].to_pylist() for name in names), strict=True))
            begun = time.perf_counter()
            with connection.cursor().copy("COPY plain FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            connection.commit()
            taken_s += time.perf_counter() - begun
            count += len(rows)
            if count >= COPY_ROWS:
                break
        size = connection.execute("SELECT pg_total_relation_size('plain')").fetchone()
        connection.execute("DROP TABLE plain")
        return count, taken_s, (size[0] if size else 0) / count


def ingest(rows: int, batch: int, sources: list[int], cells: int) -> None:
    """Print rows a second and bytes a row."""
    names = [f"cell-{n:05d}" for n in range(cells)]
    each = max(1, batch // cells)
    batch = each * cells
    bodies = [
        testrows.encode(rows_of(names, number * each, each, number))
        for number in range(max(1, rows // batch))
    ]
    rows = batch * len(bodies)
    blob_bytes = sum(map(len, bodies))
    print(f"{rows} rows of {cells} cells in {len(bodies)} batches of {batch}", flush=True)
    print(f"{'way':34} {'rows/s':>12} {'B/row':>7}")
    with floor() as on:
        on.postgres.ensure_database("historian")
        url = on.postgres.url("historian")
        migrate(url, MIGRATIONS)
        plain_url = url.replace("+psycopg", "")
        folder = on.folder / "historian"
        folder.mkdir()
        taken_s = bare_blobs(plain_url, bodies)
        _line("bare psycopg, the same blobs", rows / taken_s, blob_bytes / rows)
        count, taken_s, size = bare_copy(plain_url, bodies)
        _line(f"bare COPY of {count} rows, key", count / taken_s, size)
        with historian(on, folder, url) as address:
            for number in sources:
                taken_s = asyncio.run(send(address, folder / "data", bodies, number, f"of{number}"))
                _line(f"historian, {number} sources", rows / taken_s, blob_bytes / rows)
        begun = time.perf_counter()
        size = asyncio.run(sealed(url, folder / "data"))
        total = rows * len(sources)
        _line("sealing", total / (time.perf_counter() - begun), size / total)


def _line(name: str, rate: float, size: float) -> None:
    print(f"{name:34} {rate:12,.0f} {size:7.2f}", flush=True)


def _settings(url: str, folder: Path) -> HistorianSettings:
    return HistorianSettings(
        service="historian", port=1, database_url=url, data_dir=folder, seal_test_rows=1
    )


async def sealed(url: str, folder: Path) -> float:
    """Seal all that waits; return the bytes of the files."""
    database = Database(url)
    clock = wall_clock()
    sealing = Sealing(
        database, Outbox("historian", "bench", database, clock), clock, _settings(url, folder)
    )
    while True:
        async with database.quiet() as tx:
            waiting = await teststore.waiting(tx)
        if not waiting.row_count:
            break
        await sealing.seal_tests()
    async with database.quiet() as tx:
        size: float = sum(file["byte_count"] for file in await store.files(tx, 1000))
    await database.close()
    return size


async def filled(url: str, folder: Path, rows: int, cells: int) -> None:
    """Write sealed files of 1.5 million rows each, and enter them as sealing does."""
    database = Database(url)
    names = [f"cell-{n:05d}" for n in range(cells)]
    files = max(1, rows // 1_500_000)
    each, long_each = rows // files // cells, LONG_ROWS // files
    for number in range(files):
        bodies = [
            testrows.encode(rows_of(part, number * each, each, number))
            for part in (names[start : start + 100] for start in range(0, cells, 100))
        ]
        bodies.append(testrows.encode(rows_of([LONG_CELL], number * long_each, long_each, number)))
        whole = write_sealed(folder, bodies, AT, AT)
        async with database.quiet() as tx:
            await store.enter_file(tx, whole.file, "tests", whole.series_ids, AT)
            await teststore.merge_steps(tx, whole.steps)
    async with database.quiet() as tx:
        for table in ("test_cycle", "test_figures", "sealed_file"):
            await tx.execute(sql(f"ANALYZE {table}"))
    await database.close()


def timed(act: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Return the median wall milliseconds of some calls, and the last answer."""
    times, answer = [], None
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = act()
        times.append(1e3 * (time.perf_counter() - begun))
    return median(times), answer


def forget(folder: Path) -> None:
    """Have the kernel forget the files, so that the next question reads the disk."""
    for path in folder.rglob("*.parquet"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def ask(rows: int, cells: int, rounds: int) -> None:
    """Print the time of each question."""
    with floor() as on:
        on.postgres.ensure_database("historian")
        url = on.postgres.url("historian")
        migrate(url, MIGRATIONS)
        folder = on.folder / "data"
        begun = time.perf_counter()
        asyncio.run(filled(url, folder, rows, cells))
        paths = sorted((folder / testfiles.FOLDER).rglob("*.parquet"))
        size = sum(path.stat().st_size for path in paths)
        print(
            f"{rows:,} rows in {len(paths)} files, {size / rows:.2f} bytes a row, written in "
            f"{time.perf_counter() - begun:.0f} s"
        )
        asyncio.run(_ask(on, url, folder, cells, paths, rounds))


async def _ask(
    on: Floor, url: str, folder: Path, cells: int, paths: list[Path], rounds: int
) -> None:
    plant = on.folder / "plant.toml"
    plant.write_text('site = "bench"\nline = "Bench"\n')
    settings = _settings(url, folder).model_copy(update={"plant_file": plant})
    service = Service(settings, MIGRATIONS)
    tests = TestData(service, settings)
    names = [f"cell-{n:05d}" for n in range(cells)]
    print(f"{'question':58} {'ms':>9}")

    rows = Rows(files=paths, fresh=testrows.joined([]))

    def bare() -> int:
        with duckdb.connect(":memory:", config={"threads": 2}) as opened:
            found = opened.execute(
                "SELECT time_s, voltage_v, current_ma FROM read_parquet($1) WHERE series_id = $2",
                [list(map(str, paths)), LONG_CELL],
            )
            return len(found.fetchnumpy()["time_s"])

    def ours() -> int:
        table = testarrays.rows_of(rows.files, rows.fresh, LONG_CELL, testcurves.CURVE)
        found = {name: testarrays.numbers(table, name) for name in testcurves.CURVE}
        return len(found["time_s"])

    for name, act in (("bare DuckDB", bare), ("ours", ours)):
        forget(folder)
        _time(f"{name}: one cell's 10^6 rows into arrays, cold", *timed(act, 1))
        _time("the same, warm", *timed(act, rounds))
    questions: list[tuple[str, Callable[[], Any], int]] = [
        ("the same as an Arrow file", lambda: tests.export([LONG_CELL], "arrow"), rounds),
        ("the same as a Parquet file", lambda: tests.export([LONG_CELL], "parquet"), rounds),
        ("the same reduced to 4000 points", lambda: tests.curve(LONG_CELL, 0, 1e12, 4000), rounds),
        ("10^4 rows of it, 4000 points", lambda: tests.curve(LONG_CELL, 1e5, 2e5, 4000), rounds),
        ("capacity per cycle of all, from rows, cold", lambda: tests.cycles(names), 1),
        ("the same, warm", lambda: tests.cycles(names), rounds),
        ("the same from kept figures", lambda: tests.kept_figures(names), rounds),
    ]
    for name, act, times in questions:
        if name.endswith("cold"):
            forget(folder)
        await _time_of(name, act, times)
    await service.http.aclose()
    await service.database.close()


def _time(name: str, taken_ms: float, _: Any) -> None:
    print(f"{name:58} {taken_ms:9.1f}", flush=True)


async def _time_of(name: str, act: Callable[[], Any], rounds: int) -> None:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = await act()
        times.append(1e3 * (time.perf_counter() - begun))
        if isinstance(answer, Path):
            answer.unlink()
    _time(name, median(times), None)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("ingest", "ask"))
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--batch", type=int, default=100_000)
    parser.add_argument("--sources", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    if given.what == "ingest":
        ingest(given.rows, given.batch, given.sources, given.cells)
    else:
        ask(given.rows, given.cells, given.rounds)


if __name__ == "__main__":
    main()
