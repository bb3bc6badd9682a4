"""Times the commit of a stack of 14 cathodes, 15 foils and 28 electrolytes with its genealogy."""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from deploy.postgres import PostgresServer
from services.execution import store as orders
from services.execution.domain import WorkMaster, WorkSchedule
from services.execution.workflow import ExecutionWork
from services.execution.workmasters import take_master_data as take_work_masters
from services.lamination import store as stacks
from services.lamination.partmeasures import stack_figures
from services.lamination.stackplan import StackPlan, check_order
from shared import joborders
from shared.clock import Clock
from shared.db import Database, migrate, sql
from shared.envelope import envelope
from shared.events import JobOrderEnded
from shared.facts import Material
from shared.outbox import Outbox
from shared.stationorder import StationOrder

ROOT = Path(__file__).resolve().parents[1]
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
PRODUCT = "nfm-pouch-1ah"


def parts_of(plan: StackPlan, cell: str) -> list[Material]:
    """Return the parts of one cell from bottom to top."""
    return [
        Material(
            lot_id=f"{cell}-{position:02d}",
            material_definition_id=layer,
            quantity=1,
            unit="count",
            use="consumed",
        )
        for position, layer in enumerate(plan.layers, start=1)
    ]


def ended(cell: str, parts: Sequence[Material]) -> JobOrderEnded:
    """Return the fact that a cell was stacked of its parts."""
    whole = Material(
        lot_id=cell,
        material_definition_id="cell_nfm_pouch",
        quantity=1,
        unit="count",
        use="produced",
    )
    return JobOrderEnded(
        job_order_id=f"{cell}-stack",
        lot_id=cell,
        work_request_id=cell.rsplit("-", 1)[0],
        product_id=PRODUCT,
        operation="stack",
        state="ended",
        equipment_id="pilot/dryroom/assembly/laminator-1",
        recipe_id="laminate-nfm-pouch",
        recipe_version=1,
        started_at=START,
        ended_at=START,
        materials=(*parts, whole),
    )


async def stack(database: Database, outbox: Outbox, plan: StackPlan, cell: str) -> float:
    """Check, keep and say one stack as lamination does; return the wall seconds."""
    parts, begun_s = parts_of(plan, cell), time.monotonic()
    async with database.begin() as tx:
        check_order(plan, parts)
        order = StationOrder(
            station_order_id=f"{cell}-stack",
            equipment_id="pilot/dryroom/assembly/laminator-1",
            recipe_id="laminate-nfm-pouch",
            recipe_version=1,
            parameters={"force_n": 800.0},
            materials=tuple(parts),
            job_orders=(),
            planned_at=START,
        )
        await joborders.assign(tx, order)
        figures = stack_figures(plan, parts, {part.lot_id: 50.0 for part in parts[:1]})
        await stacks.keep_stack(tx, order.station_order_id, cell, plan, parts, figures)
        await outbox.record(tx, ended(cell, parts))
    return time.monotonic() - begun_s


async def plan_parts(database: Database, plan: StackPlan, cells: int) -> None:
    """Let every part of every cell be a lot that its job order was given, and that runs."""
    async with database.begin() as tx:
        for number in range(1, cells + 1):
            cell = f"WR1-C{number:02d}"
            event = ended(cell, parts_of(plan, cell))
            await orders.release(tx, event.job_order_id, cell, event.materials, START)
            await orders.set_job_order(tx, event.job_order_id, state="running")
            await tx.execute(
                sql("""
                    INSERT INTO lot (lot_id, material_definition_id, kind, quantity, unit, state,
                                     updated_at)
                    VALUES (:lot_id, :material_definition_id, 'piece', 1, :unit, 'available',
                            :now)"""),
                [{**part.model_dump(), "now": START} for part in event.materials[:-1]],
            )
        await tx.execute(sql("ANALYZE"))  # as autovacuum has done in a plant


async def record(database: Database, work: ExecutionWork, plan: StackPlan, cell: str) -> float:
    """Keep lots and genealogy of one stack as execution does; return the wall seconds."""
    event = ended(cell, parts_of(plan, cell))
    said = envelope(event, service="lamination", time=START)
    begun_s = time.monotonic()
    async with database.begin() as tx:
        await work.on_ended(tx, said, event)
    return time.monotonic() - begun_s


async def bare_ms(database: Database, count: int) -> float:
    """Return the median time of one row written in a transaction of its own, as a measure."""
    async with database.begin() as tx:
        await tx.execute(sql("CREATE TABLE bare (id bigint)"))
    times = []
    for number in range(count):
        begun_s = time.monotonic()
        async with database.begin() as tx:
            await tx.execute(sql("INSERT INTO bare VALUES (:id)"), {"id": number})
        times.append(time.monotonic() - begun_s)
    return 1000.0 * statistics.median(times)


async def main(cells: int, postgres: PostgresServer) -> None:
    """Stack many cells one after the other in both services and print what one took."""
    master_data = yaml.safe_load((ROOT / "examples/master-data.yaml").read_text())
    [plan] = [
        StackPlan.model_validate(item)
        for item in master_data["lamination"]["stack_plans"]
        if item["stack_plan_id"] == "nfm-pouch"
    ]
    databases = {}
    for name in ("lamination", "execution"):
        postgres.ensure_database(name)
        await asyncio.to_thread(migrate, postgres.url(name), ROOT / f"services/{name}/migrations")
        databases[name] = Database(postgres.url(name))
    clock = Clock(plant_start=START, wall_start_s=time.time())
    lamination, execution = databases["lamination"], databases["execution"]
    work = ExecutionWork(execution, Outbox("execution", "pilot", execution, clock), clock)
    wanted = {"work_request_id": "WR1", "product_id": PRODUCT, "quantity": cells, "due_at": START}
    schedule = {"work_schedule_id": "S1", "work_requests": [wanted]}
    masters = [WorkMaster.model_validate(item) for item in master_data["execution"]["work_masters"]]
    async with execution.begin() as tx:
        await take_work_masters(tx, masters)
        await work.accept(tx, WorkSchedule.model_validate(schedule))
    async with lamination.begin() as tx:
        await stacks.add_plan(tx, plan)
    await plan_parts(execution, plan, cells)
    outbox = Outbox("lamination", "pilot", lamination, clock)
    both = []
    for number in range(1, cells + 1):
        cell = f"WR1-C{number:02d}"
        stacked_s = await stack(lamination, outbox, plan, cell)
        both.append((stacked_s, await record(execution, work, plan, cell)))
    for name, times in zip(("lamination", "execution"), zip(*both, strict=True), strict=True):
        ordered = sorted(times)
        print(
            f"{name}: p50 {1000 * statistics.median(ordered):.1f} ms, "
            f"p99 {1000 * ordered[int(0.99 * len(ordered))]:.1f} ms"
        )
    whole = sorted(one + other for one, other in both)
    print(
        f"stack of {len(plan.layers)} parts committed with genealogy, {cells} cells: p50 "
        f"{1000 * statistics.median(whole):.1f} ms, p99 "
        f"{1000 * whole[int(0.99 * len(whole))]:.1f} ms"
    )
    bare = await bare_ms(execution, cells)
    print(
        f"one row in a transaction of its own on the same server: p50 {bare:.1f} ms; a stack is "
        f"{1000 * statistics.median(whole) / bare:.0f} times that"
    )
    for database in databases.values():
        await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=99)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = PostgresServer(Path(folder) / "postgres", Path(folder) / "log")
        server.start()
        try:
            asyncio.run(main(given.cells, server))
        finally:
            server.stop()
    sys.exit(0)
