"""Gate decisions, control charts and faults of symmetric cells: how fast, and how often wrong.

`python -m benchmarks.quality gates --characteristics 50 --lots 400`
`python -m benchmarks.quality charts --points 1000000 --values 200`
`python -m benchmarks.quality ccd --runs 10000` over all dwells and row rates, or `--dwell-s 60`
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import percentile
from deploy.postgres import PostgresServer
from services.quality import masterdata, store
from services.quality.ccd import CcdResult, critical_current_density
from services.quality.chartmaster import ControlChart, add_chart
from services.quality.chartwatch import ChartWatch, freeze_limits
from services.quality.decisions import Recorder
from services.quality.domain import TestSpecification
from services.quality.halfsteps import CcdRecipe, HalfStep
from services.quality.main import MIGRATIONS, SOURCES, build
from services.quality.settings import QualitySettings
from services.quality.store import Passage
from services.quality.workflow import Decider
from shared.app import Service
from shared.db import migrate, sql
from shared.facts import TestResult

ROOT = Path(__file__).resolve().parents[1]
AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
PRODUCT, OPERATION = "nvp-coin", "gauge"
LEVELS, STEP = 10, 0.2
DWELLS_S, ROWS_S = (60.0, 300.0, 900.0, 1800.0), (0.1, 1.0, 10.0)
Floats = NDArray[np.float64]


@asynccontextmanager
async def quality() -> AsyncIterator[Service]:
    """The quality service on a database of its own, not running."""
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.chmod(name, 0o755)
        server = PostgresServer(folder / "postgres", folder / "log")
        try:
            server.start()
            server.ensure_database("halite_quality")
            url = server.url("halite_quality")
            migrate(url, MIGRATIONS)
            values = {
                "service": "quality",
                "port": 1,
                "database_url": url,
                "plant_file": ROOT / "deploy/plant.toml",
                "service_urls": dict.fromkeys(SOURCES, "http://127.0.0.1:1"),
            }
            service = build(QualitySettings.model_validate(values))
            yield service
            await service.http.aclose()
            await service.database.close()
        finally:
            server.stop()


async def gates(characteristics: int, lots: int) -> None:
    """Print how long a gate takes over one ended job order, each with so many characteristics."""
    names = [f"value{number}_um" for number in range(characteristics)]
    spec = TestSpecification.model_validate(
        {
            "gate": "all",
            "product_id": PRODUCT,
            "operation": OPERATION,
            "version": 1,
            "decides": "lot",
            "characteristics": [
                {
                    "characteristic": name,
                    "unit": "um",
                    "low": 0,
                    "high": 10,
                    "source": "benchmark",
                    "standard_uncertainty": 0.1,
                }
                for name in names
            ],
        }
    )
    async with quality() as service:
        database = service.database
        decider = Decider(database, Recorder(service.outbox, service.clock), service.clock)
        async with database.begin() as tx:
            await masterdata.add_specification(tx, spec)
        taken: list[float] = []
        spent: list[float] = []
        for number in range(lots):
            lot_id = f"L{number}"
            results = [
                TestResult(lot_id=lot_id, characteristic=name, value=5.0, unit="µm")
                for name in names
            ]
            async with database.begin() as tx:
                await store.keep_measurements(tx, f"J{number}", results, AT)
                await store.keep_passage(tx, _passage(f"J{number}", lot_id))
            begun, cpu = time.perf_counter(), time.process_time()
            await decider.look()
            spent.append(1e3 * (time.process_time() - cpu))
            taken.append(1e3 * (time.perf_counter() - begun))
        print(f"gate decision, {characteristics} characteristics, committed; {lots} lots")
        _table(taken, spent)


def _table(taken: list[float], spent: list[float]) -> None:
    """Print milliseconds of the clock, and of this process's CPU, which a busy machine spares."""
    print(f"{'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'cpu ms p50':>11} {'p99':>7}")
    print(
        f"{percentile(taken, 0.5):8.2f} {percentile(taken, 0.99):8.2f} {max(taken):8.2f} "
        f"{percentile(spent, 0.5):11.2f} {percentile(spent, 0.99):7.2f}"
    )


def _passage(job_order_id: str, lot_id: str) -> Passage:
    return Passage(
        job_order_id=job_order_id,
        lot_id=lot_id,
        work_request_id="WR",
        product_id=PRODUCT,
        operation=OPERATION,
        equipment_id="pilot/a/b/c-1",
        parts=(),
        started_at=AT,
        ended_at=AT,
        correlation_id=None,
        causation_id=None,
    )


async def charts(points: int, values: int) -> None:
    """Print how long one new value takes on a chart that has so many points."""
    chart = ControlChart.model_validate(
        {
            "chart_id": "c",
            "version": 1,
            "characteristic": "thickness_um",
            "product_id": PRODUCT,
            "operation": OPERATION,
            "kind": "i_mr",
            "rules": [f"nelson_{number}" for number in range(1, 9)],
            "action_plan": ["look"],
            "source": "benchmark",
        }
    )
    draw = np.random.default_rng(1).normal(80.0, 1.0, values + 30)
    async with quality() as service:
        database = service.database
        watch = ChartWatch(database, service.outbox, service.clock)
        async with database.begin() as tx:
            await add_chart(tx, chart)
        for number in range(30):
            await _plot(service, watch, f"B{number}", float(draw[number]))
        async with database.begin() as tx:
            how = {"first": 1, "last": 30, "person": "b", "reason": "b", "at": AT}
            await freeze_limits(tx, chart, "", how)
            await tx.execute(sql(_HISTORY), {"points": points})
            await tx.execute(
                sql("UPDATE chart_series SET point_count = :count"), {"count": points + 30}
            )
        both = [
            await _plot(service, watch, f"N{number}", float(draw[30 + number]))
            for number in range(values)
        ]
        print(f"one more value on a chart of {points} points, eight rules, committed; {values} x")
        _table([one[0] for one in both], [one[1] for one in both])


_HISTORY = """
    INSERT INTO chart_point (chart_id, chart_version, series, number, lot_id, job_order_id,
        measured_at, values, limits_version, body, rules)
    SELECT 'c', 1, '', 30 + n, 'L', 'J', now(), ARRAY[80.0], 1, '{}', '{}'
    FROM generate_series(1, CAST(:points AS integer)) AS n"""


async def _plot(
    service: Service, watch: ChartWatch, name: str, value: float
) -> tuple[float, float]:
    """Let a value come; return the milliseconds until its point is committed, and those of CPU."""
    result = TestResult(lot_id=name, characteristic="thickness_um", value=value, unit="µm")
    async with service.database.begin() as tx:
        await store.keep_measurements(tx, name, [result], AT)
        await store.keep_passage(tx, _passage(name, name))
    begun, cpu = time.perf_counter(), time.process_time()
    await watch.look()
    return 1e3 * (time.perf_counter() - begun), 1e3 * (time.process_time() - cpu)


def ccd(runs: int, seed: int, dwell_s: float, row_s: float) -> None:
    """Print misses, false alarms and latency over staircases with noise, drift and faults."""
    random = np.random.default_rng(seed)
    recipe = CcdRecipe(dwell_s=dwell_s, voltage_limit_v=20.0)
    counts: dict[str, dict[str, Any]] = {
        kind: {"runs": 0, "found": 0, "named": 0, "unsure": 0, "early": 0, "latency": []}
        for kind in KINDS
    }
    begun = time.perf_counter()
    for _ in range(runs):
        kind = KINDS[int(random.integers(len(KINDS)))]
        steps, onset_s = _staircase(kind, random, dwell_s, row_s)
        _count(counts[kind], kind, critical_current_density(steps, recipe), onset_s, row_s)
    per_run_ms = 1e3 * (time.perf_counter() - begun) / runs
    print(
        f"{runs} runs of {LEVELS} levels, {dwell_s:g} s a half step, a row each {row_s:g} s; "
        f"{per_run_ms:.2f} ms each"
    )
    head = f"{'fault':>14} {'runs':>6} {'missed %':>9} {'unsure %':>9} {'other name %':>13}"
    print(f"{head} {'early %':>8} {'samples to it: p50':>19} {'p99':>5}")
    for kind, seen in counts.items():
        total = max(1, seen["runs"])
        silent = seen["runs"] - seen["found"] - seen["unsure"] - seen["early"]
        missed = 100 * silent / total if kind != "none" else 0.0
        wrong = 100 * (seen["found"] - seen["named"]) / total if kind != "none" else 0.0
        late = seen["latency"] or [0.0]
        print(
            f"{kind:>14} {seen['runs']:6d} {missed:9.3f} {100 * seen['unsure'] / total:9.3f} "
            f"{wrong:13.3f} {100 * seen['early'] / total:8.3f} "
            f"{percentile(late, 0.5):19.0f} {percentile(late, 0.99):5.0f}"
        )


def ccd_grid(runs: int, seed: int) -> None:
    """Print the same for each dwell and row rate; fewer runs where a run has more rows."""
    print("early: told before there was a fault, for 'none' a false alarm;")
    print("unsure: not told, and the level is not called survived because the rows are too noisy")
    for dwell_s in DWELLS_S:
        for row_s in ROWS_S:
            rows = dwell_s / row_s
            ccd(max(100, int(runs * min(1.0, 60.0 / rows))), seed, dwell_s, row_s)


KINDS = ("none", "hard", "soft 20-50 %", "soft 10-20 %", "contact loss")
NAMES = {"hard": "hard_short", "contact loss": "contact_loss"}


def _count(seen: dict[str, Any], kind: str, found: CcdResult, onset_s: float, row_s: float) -> None:
    seen["runs"] += 1
    if found.told_time_s is None:
        seen["unsure"] += any(figures.verdict == "noisy" for figures in found.half_steps)
        return
    if found.told_time_s < onset_s:
        seen["early"] += 1
        return
    seen["found"] += 1
    seen["named"] += found.mode == NAMES.get(kind, "soft_short")
    seen["latency"].append((found.told_time_s - onset_s) / row_s)


def _staircase(
    kind: str, random: np.random.Generator, dwell_s: float, row_s: float
) -> tuple[list[HalfStep], float]:
    """Return a staircase and when its fault begins, s on its clock."""
    asr = float(random.uniform(100.0, 1500.0))
    growth, faces = float(random.uniform(0.985, 1.02)), float(random.uniform(0.8, 1.25))
    noise, drift = float(random.uniform(0.001, 0.03)), float(random.uniform(-0.02, 0.03))
    rise, rise_s = float(random.uniform(0.0, 0.2)), float(random.uniform(1.0, 60.0))
    count = 2 * LEVELS
    fault_at = int(random.integers(2, count - 2)) if kind != "none" else count
    onset = 0.0 if kind == "contact loss" else float(random.uniform(6.0, dwell_s))
    drop = {
        "hard": random.uniform(0.0, 0.3),
        "soft 20-50 %": 1.0 - random.uniform(0.2, 0.5),
        "soft 10-20 %": 1.0 - random.uniform(0.11, 0.2),
    }.get(kind, 1.0)
    elapsed = row_s * np.arange(round(dwell_s / row_s) + 1.0)
    steps = []
    for index in range(count):
        density = STEP * (index // 2 + 1) * (1 - 2 * (index % 2))
        ohm = asr * growth ** (index // 2) * faces ** (index % 2)
        shape = (1.0 + drift * elapsed / dwell_s) * (1.0 - rise * np.exp(-elapsed / rise_s))
        if index > fault_at or index == fault_at:
            after = elapsed >= (onset if index == fault_at else 0.0)
            shape = np.where(after, shape * drop, shape)
        if kind == "contact loss" and index >= fault_at:
            shape = shape + 0.05 * np.expm1(3.0 * elapsed / dwell_s)
        wide = noise * (2.0 if kind.startswith("soft") and index >= fault_at else 1.0)
        voltage = density * 1e-3 * ohm * shape * (1.0 + wide * random.normal(size=elapsed.size))
        voltage = voltage + 2e-5 * random.normal(size=elapsed.size)
        steps.append(
            HalfStep(
                current_density_ma_cm2=density,
                time_s=index * (dwell_s + row_s) + elapsed,
                voltage_v=voltage,
            )
        )
    return steps, fault_at * (dwell_s + row_s) + onset if kind != "none" else np.inf


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    one = parts.add_parser("gates")
    one.add_argument("--characteristics", type=int, default=50)
    one.add_argument("--lots", type=int, default=400)
    one = parts.add_parser("charts")
    one.add_argument("--points", type=int, default=1_000_000)
    one.add_argument("--values", type=int, default=200)
    one = parts.add_parser("ccd")
    one.add_argument("--runs", type=int, default=10_000)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--dwell-s", type=float, help="one dwell alone, with --row-s")
    one.add_argument("--row-s", type=float, default=1.0)
    given = parser.parse_args()
    match given.part:
        case "gates":
            asyncio.run(gates(given.characteristics, given.lots))
        case "charts":
            asyncio.run(charts(given.points, given.values))
        case _ if given.dwell_s is None:
            ccd_grid(given.runs, given.seed)
        case _:
            ccd(given.runs, given.seed, given.dwell_s, given.row_s)


if __name__ == "__main__":
    main()
