"""Times exposure: recomputed from history, kept live at 1 Hz, and decided at the limit."""

import argparse
import asyncio
import math
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import psycopg

from deploy.postgres import PostgresServer
from services.quality import masterdata
from services.quality.countdown import begun, read_on
from services.quality.deadlines import Deadlines
from services.quality.domain import ExposureBudget
from services.quality.exposure import AirSample
from services.quality.recheck import record_of
from services.quality.roomair import RoomAir, standing
from shared.clock import Clock
from shared.db import Database, migrate
from shared.outbox import Outbox

ROOT = Path(__file__).resolve().parents[1]
SENSORS = ("dew_point_1_degc", "dew_point_2_degc")
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
EVERY_S, GAP_S = 10.0, 15.0
TABLES = "open_exposure, room_air, air_sample, exposure_budget, outbox"


@dataclass(frozen=True, kw_only=True)
class HandClock(Clock):
    """Plant time that only the benchmark moves."""

    passed: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> datetime:
        return self.plant_start + timedelta(seconds=self.passed[0])


def rooms_of(sensor_count: int) -> list[str]:
    """Return the rooms of a plant with two sensors in each."""
    return [f"pilot/dryroom/room/dryroom-{number}" for number in range(1, sensor_count // 2 + 1)]


def budget_of(room: str, minutes: float) -> ExposureBudget:
    """Return a budget of one product for each room."""
    return ExposureBudget(
        state="bare_sodium",
        product_id=room.rsplit("/", 1)[-1],
        budget_minutes=minutes,
        budget_dose_ppm_h=1e6,
        from_operation="stack",
        to_operation="seal",
        room_equipment_id=room,
        source="benchmark",
    )


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and of its children, those that ended included."""
    spent = process.cpu_times()
    total = spent.user + spent.system + spent.children_user + spent.children_system
    for child in process.children():
        own = child.cpu_times()
        total += own.user + own.system
    return float(total)


def shown_degc(room: int, sensor: int, second: float) -> float:
    """Return what a sensor shows: a slow wave with two sensors that agree."""
    return -45.0 + 2.0 * math.sin(second / 900.0 + room) + 0.2 * sensor


def opened(url: str) -> "psycopg.Connection[tuple[Any, ...]]":
    """Return a plain connection."""
    return psycopg.connect(url.replace("+psycopg", ""))


def copy(url: str, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Write rows in bulk."""
    with opened(url) as connection, connection.cursor().copy(statement) as out:
        for row in rows:
            out.write_row(row)


def show(url: str, rooms: Sequence[str], seconds: Sequence[float]) -> None:
    """Write a sample of each sensor for each second."""
    copy(
        url,
        "COPY air_sample (equipment_id, signal, source_at, value) FROM STDIN",
        [
            (room, signal, START + timedelta(seconds=at_s), shown_degc(number, sensor, at_s))
            for number, room in enumerate(rooms)
            for sensor, signal in enumerate(SENSORS)
            for at_s in seconds
        ],
    )


async def recompute(url: str, lots: int, sensors: int, hours: float) -> None:
    """Time the doses of many lots from the history of their rooms."""
    rooms = rooms_of(sensors)
    show(url, rooms, [EVERY_S * step for step in range(int(hours * 3600 / EVERY_S))])
    span_s = hours * 3600.0 - 2 * EVERY_S
    database, rng = Database(url), np.random.default_rng(1)
    begun_s, read_s, dose_count = time.monotonic(), 0.0, 0
    for room in rooms:
        from_s = rng.uniform(0.0, span_s - 7200.0, lots // len(rooms))
        to_s = from_s + rng.uniform(60.0, 7200.0, from_s.size)
        before_s = time.monotonic()
        async with database.quiet() as tx:
            record = await record_of(tx, room, START, START + timedelta(hours=hours), GAP_S)
        read_s += time.monotonic() - before_s
        dose_count += int(np.isfinite(record.doses_ppm_h(from_s, to_s)).sum())
    all_s = time.monotonic() - begun_s
    await database.close()
    print(
        f"recomputed from history: {dose_count} lots, {sensors} sensors, {hours:g} h of samples: "
        f"{all_s:.2f} s, {dose_count / all_s:.0f} lots/s ({read_s:.2f} s of it reading samples "
        "and building the records)"
    )


async def lie_in(
    database: Database, url: str, rooms: Sequence[str], lots: int, minutes: Sequence[float]
) -> None:
    """Open lots, each in one of the rooms, as they stand after their first samples."""
    show(url, rooms, [-20.0, -10.0, 0.0])
    rows: list[tuple[object, ...]] = []
    for number, room in enumerate(rooms):
        budget = budget_of(room, minutes[0])
        samples = {
            signal: [
                AirSample(
                    source_at=START + timedelta(seconds=at_s),
                    value=shown_degc(number, sensor, at_s),
                )
                for at_s in (-20.0, -10.0, 0.0)
            ]
            for sensor, signal in enumerate(SENSORS)
        }
        counted = read_on(begun(START, GAP_S), samples, GAP_S)
        async with database.begin() as tx:
            await masterdata.add_budget(tx, budget)
        with opened(url) as connection:
            [air_id] = connection.execute(
                """INSERT INTO room_air (room_equipment_id, known_to, dose_ppm_h, rate_ppm,
                       unknown_at, reason, read_to)
                   VALUES (%s, %s, 0, %s, %s, %s, %s) RETURNING air_id""",
                (room, counted.known_to, counted.rate_ppm, counted.unknown_at, "-", START),
            ).fetchone() or (0,)
        air = RoomAir(
            air_id=air_id, room_equipment_id=room, gas="water", counted=counted, read_to=START
        )
        for index in range(lots // len(rooms)):
            from_at = START - timedelta(minutes=minutes[index % len(minutes)])
            stands = standing(air, 0.0, from_at, budget, START)
            rows.append(
                (
                    *(f"L{number}-{index}", "bare_sodium", "WR", budget.product_id, 1, room),
                    *(from_at, START, 0.0, counted.rate_ppm, counted.unknown_at, "-"),
                    *(stands.state, START, stands.due_at, air_id, 0.0),
                    *(stands.due_dose_ppm_h, stands.back_dose_ppm_h),
                )
            )
    copy(
        url,
        """COPY open_exposure (lot_id, open_state, work_request_id, product_id, version,
               room_equipment_id, from_at, known_to, dose_ppm_h, rate_ppm, unknown_at, reason,
               state, read_to, due_at, air_id, dose_before_ppm_h, due_dose_ppm_h,
               back_dose_ppm_h) FROM STDIN""",
        rows,
    )
    with opened(url) as connection:
        connection.execute("ANALYZE")


async def live(url: str, server: psutil.Process, lots: int, sensors: int, seconds: int) -> None:
    """Time the keeping of many open lots, a look each second, a sample each ten seconds."""
    rooms, clock = rooms_of(sensors), HandClock(plant_start=START, wall_start_s=0.0)
    database = Database(url)
    await lie_in(database, url, rooms, lots, [10_000.0, *(float(m) for m in range(1, 100))])
    deadlines = Deadlines(database, Outbox("quality", "pilot", database, clock), clock, GAP_S)
    await deadlines.look()
    own, spent_s, worst_s = psutil.Process(), 0.0, 0.0
    for second in range(1, seconds + 1):
        clock.passed[0] = float(second)
        if second % int(EVERY_S) == 0:
            show(url, rooms, [float(second)])
        before, before_s = cpu_s(server) + own.cpu_times().user, time.monotonic()
        await deadlines.look()
        spent_s += cpu_s(server) + own.cpu_times().user - before
        worst_s = max(worst_s, time.monotonic() - before_s)
    await database.close()
    print(
        f"live at 1 Hz: {lots} open lots, {sensors} sensors, {seconds} s: "
        f"{100 * spent_s / seconds:.1f} % of a core, service and database; longest look "
        f"{1000 * worst_s:.0f} ms"
    )


async def limits(url: str, lots: int, sensors: int, spread_s: float) -> None:
    """Time from each lot's limit to the decision, at real time."""
    clock = Clock(plant_start=START, wall_start_s=time.time() + 3.0)
    rooms, database = rooms_of(sensors), Database(url)
    rng, most = random.Random(1), 60.0
    minutes = [most - rng.uniform(0.0, spread_s) / 60.0 for _ in range(lots)]
    await lie_in(database, url, rooms, lots, [most, *minutes[1:]])
    show(url, rooms, [EVERY_S * step for step in range(1, int(spread_s / EVERY_S) + 3)])
    clock = Clock(plant_start=START, wall_start_s=time.time())
    outbox = Outbox("quality", "pilot", database, clock)
    task = asyncio.create_task(Deadlines(database, outbox, clock, GAP_S).run())
    await asyncio.sleep(spread_s + 6.0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.close()
    with opened(url) as connection:
        late = connection.execute(
            """SELECT extract(epoch FROM (b.body::jsonb ->> 'time')::timestamptz - o.from_at)
                      - 60 * (b.body::jsonb -> 'data' ->> 'budget_minutes')::float8
               FROM outbox b JOIN open_exposure o ON o.lot_id = b.subject
               WHERE b.body::jsonb -> 'data' ->> 'state' = 'over'"""
        ).fetchall()
    found = sorted(float(row[0]) for row in late)
    if not found:
        print("no limit was decided")
        return
    print(
        f"limits at real time: {lots} open, {len(found)} reached within {spread_s:g} s: "
        f"late by p50 {found[len(found) // 2]:.2f} s, p99 {found[int(len(found) * 0.99)]:.2f} s, "
        f"most {found[-1]:.2f} s"
    )


async def main(given: argparse.Namespace, folder: Path) -> None:
    """Run the three, each on empty tables."""
    postgres = PostgresServer(folder / "postgres", folder / "log")
    postgres.start()
    try:
        postgres.ensure_database("quality")
        url = postgres.url("quality")
        await asyncio.to_thread(migrate, url, ROOT / "services/quality/migrations")
        server = psutil.Process(postgres.child.pid)
        await recompute(url, given.lots, given.sensors, given.hours)
        for work in (
            partial(live, url, server, given.lots, given.sensors, given.seconds),
            partial(limits, url, given.limits, given.sensors, given.spread),
        ):
            with opened(url) as connection:
                connection.execute(f"TRUNCATE {TABLES} CASCADE")
            await work()
    finally:
        postgres.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, default=100_000)
    parser.add_argument("--sensors", type=int, default=50)
    parser.add_argument("--hours", type=float, default=48.0)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--limits", type=int, default=10_000)
    parser.add_argument("--spread", type=float, default=20.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        asyncio.run(main(arguments, Path(name)))
    sys.exit(0)
