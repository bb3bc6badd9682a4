"""What screens of a plant take that has made many cells.

`python -m benchmarks.filled_plant --cells 100000 --users 50` starts a plant of its own, makes one
order of coin cells, copies what its databases keep of it until there are so many cells, starts the
plant again and lets users go through all screens. With `--data-dir` the filled plant is kept there,
and found there by the next run.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.copies import TOKEN, multiply
from benchmarks.screen_answers import measured, tell
from benchmarks.working_hour import coin_order
from deploy.data_folder import DataFolder
from deploy.postgres import PostgresServer
from tests.fault.orders import MASTER_DATA, goes_on
from tests.fault.watch import memory_mb
from tests.plant import Plant

CELLS = 20  # of the order that is copied
MADE_WITHIN_S = 1800.0
YEAR_S = 365 * 86400.0
UNDER_WAY = 40  # orders whose held cells nobody has decided yet, and whose material is left
# What became of the others, by service, as people and services would have left it; the number of a
# copy stands behind the first eight letters.
ENDINGS = {
    "execution": """
        UPDATE work_request SET state = 'ended'
            WHERE CAST(substr(work_request_id, 9, 4) AS integer) >= {number};
        UPDATE lot SET state = 'scrapped' WHERE kind = 'cell' AND state <> 'released'
            AND CAST(substr(work_request_id, 9, 4) AS integer) >= {number};
        UPDATE job_order SET state = 'cancelled' WHERE state = 'not_allowed_to_start'
            AND CAST(substr(work_request_id, 9, 4) AS integer) >= {number};
        UPDATE hold SET is_over = true WHERE CAST(substr(lot_id, 9, 4) AS integer) >= {number};
        UPDATE lot SET state = 'consumed', quantity = 0 WHERE kind = 'stock'
            AND CAST(substr(lot_id, 9, 4) AS integer) >= {number}""",
    "spray": """
        UPDATE glue_mix SET state = 'expired', reason = 'pot life ended'
            WHERE CAST(substr(lot_id, 9, 4) AS integer) >= {number}""",
    "quality": """
        DELETE FROM open_exposure
            WHERE CAST(substr(work_request_id, 9, 4) AS integer) >= {number};
        UPDATE nonconformance_lot SET disposition = 'scrap', is_held = true
            WHERE CAST(substr(lot_id, 9, 4) AS integer) >= {number};
        UPDATE nonconformance SET state = 'closed', closed_at = raised_at + interval '1 day'
            WHERE CAST(substr(lot_id, 9, 4) AS integer) >= {number}""",
    "gateway": """
        DELETE FROM held_lot WHERE CAST(substr(lot_id, 9, 4) AS integer) >= {number};
        UPDATE alarm SET returned_at = coalesce(returned_at, raised_at + interval '1 day'),
                acknowledged_at = raised_at + interval '1 minute'
            WHERE CAST(substring(condition FROM 'WR-FILL-([0-9]+)') AS integer) >= {number}""",
}


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--settle", type=float, default=60.0, help="seconds after the start")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds a user looks at a screen")
    parser.add_argument("--speed", type=float, default=2500.0, help="while the cells are made")
    parser.add_argument("--port", type=int, default=19_200)
    parser.add_argument("--data-dir", type=Path, help="keep the filled plant here")
    options = parser.parse_args()
    with _folder(options.data_dir) as folder:
        plant = Plant(folder / "data", options.port, options.speed)
        if not plant.data_dir.exists():
            _make(plant)
            _fill(plant, options.cells)
        plant.speed = 1.0
        begun_s = time.monotonic()
        plant.start()
        try:
            print(f"serves {time.monotonic() - begun_s:.1f} s after its start")
            print(f"cells {plant.get('/api/cells', limit=1)['total']}")
            time.sleep(options.settle)
            tell(asyncio.run(measured(plant.url, plant.key.strip(), options)))
            for name, used_mb in sorted(memory_mb(plant.pid).items(), key=lambda item: -item[1]):
                print(f"{name:<36}{used_mb:>8.0f} MB")
        finally:
            plant.stop()


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


def _make(plant: Plant) -> None:
    """Carry one order to the end of all its cells."""
    plant.start()
    try:
        plant.post("/api/master-data", MASTER_DATA, "filled-plant").raise_for_status()
        order = coin_order(TOKEN, CELLS).encode()
        plant.post("/api/work-schedules", order, TOKEN).raise_for_status()

        def made() -> bool:
            cells = plant.get("/api/cells", limit=200)["items"]
            return bool(cells) and not any(goes_on(cell) for cell in cells)

        plant.wait_for(made, MADE_WITHIN_S)
    finally:
        plant.stop()


def _fill(plant: Plant, cells: int) -> None:
    """Copy the order, as if the plant had made them over a year."""
    data = DataFolder(plant.data_dir)
    server = PostgresServer(data.postgres, data.logs)
    server.start()
    try:
        count = cells // CELLS - 1
        multiply(server, count, apart_s=YEAR_S / max(count, 1))
        for service, ending in ENDINGS.items():
            url = server.url(f"halite_{service}").replace("+psycopg", "")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(sql.SQL(ending).format(number=UNDER_WAY))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
