"""Time limits of execution with a real database: they act in time, whatever was down meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from services.execution import limits
from services.execution.domain import TimeLimitRule, WorkMaster, WorkSchedule
from services.execution.workflow import ExecutionWork
from services.execution.workmasters import take_master_data
from shared.clock import Clock, MachineClocks, anchored
from shared.db import Database, migrate
from shared.envelope import Envelope
from shared.events import LotHeld, TimeLimitChanged
from shared.facts import Event
from shared.outbox import Outbox

ROOT = Path(__file__).resolve().parents[2]
LOT = "WR1-C01"
ACT_WITHIN_S = 2.0
WARN_RATIO = 0.4
SPEED = 0.25  # of the wall's, so that the limit holds also on a machine with no time for us
SCHEDULE = WorkSchedule.model_validate(
    {
        "work_schedule_id": "S1",
        "work_requests": [
            {
                "work_request_id": "WR1",
                "product_id": "nvp-coin",
                "quantity": 2,
                "witness_quantity": 1,
                "due_at": "2027-02-01T00:00:00Z",
            }
        ],
    }
)


@dataclass
class Watch:
    """Execution's work on time limits, and what it said."""

    database: Database
    clock: Clock
    work: ExecutionWork
    master: WorkMaster

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the limits around the block, as the service does."""
        task = asyncio.create_task(self.work.watch_limits())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def begin(self, limit_s: float, ended_at: datetime) -> None:
        """Open a window of a lot from the end of an operation."""
        rule = TimeLimitRule(
            name="coat_to_stack",
            kind="max",
            from_operation="spray",
            to_operation="stack",
            limit_s=limit_s,
            warn_ratio=WARN_RATIO,
            source="test",
        )
        master = self.master.model_copy(update={"time_limits": (rule,)})
        async with self.database.begin() as tx:
            opened = await limits.open_limits(tx, master, "WR1", LOT, "spray", ended_at)
            assert [one.state for one in opened] == ["open"]

    async def said(self) -> list[tuple[datetime, Event]]:
        """Return what was said of limits and holds, with the plant time of saying it."""
        async with self.database.quiet() as tx:
            bodies = list(await tx.scalars(text("SELECT body FROM outbox ORDER BY id")))
        envelopes = [Envelope.model_validate_json(body) for body in bodies]
        events = [(envelope.time, envelope.event()) for envelope in envelopes]
        return [
            (at, event) for at, event in events if isinstance(event, TimeLimitChanged | LotHeld)
        ]

    async def until_said(self, number: int) -> list[tuple[datetime, Event]]:
        async with asyncio.timeout(90):
            while len(found := await self.said()) < number:
                await asyncio.sleep(0.02)
        return found


def jumping(machine: MachineClocks) -> MachineClocks:
    """Return clocks whose wall time is an hour ahead and an hour behind by turns."""
    turn = count()
    return MachineClocks(
        wall_s=lambda: machine.wall_s() + 3600.0 * (-1) ** next(turn),
        boot_s=machine.boot_s,
        boot_id=machine.boot_id,
    )


@pytest.fixture
async def watch(fresh_database: str, work_masters: list[WorkMaster]) -> AsyncIterator[Watch]:
    await asyncio.to_thread(migrate, fresh_database, ROOT / "services/execution/migrations")
    database = Database(fresh_database)
    clock = anchored(
        Clock(
            plant_start=datetime.now(UTC),
            wall_start_s=time.time(),
            speed=SPEED,
            machine=jumping(MachineClocks()),
        )
    )
    work = ExecutionWork(database, Outbox("execution", "pilot", database, clock), clock)
    async with database.begin() as tx:
        await take_master_data(tx, work_masters)
        await work.accept(tx, SCHEDULE)
    [master] = [one for one in work_masters if one.product_id == "nvp-coin"]
    yield Watch(database, clock, work, master)
    await database.close()


async def test_a_limit_acts_at_its_instant_though_the_wall_clock_jumps(watch: Watch) -> None:
    begun_at = watch.clock.now()
    async with watch.running():
        await watch.begin(1.0, begun_at)
        said = await watch.until_said(3)
    states = [event.state for _, event in said if isinstance(event, TimeLimitChanged)]
    assert states == ["near", "broken"]
    (near_at, _), (broken_at, _), (held_at, held) = said
    assert WARN_RATIO <= (near_at - begun_at).total_seconds() <= WARN_RATIO + ACT_WITHIN_S
    assert 1.0 <= (broken_at - begun_at).total_seconds() <= 1.0 + ACT_WITHIN_S
    assert isinstance(held, LotHeld) and (held.lot_id, held.gate) == (LOT, "time_limit")
    assert held_at - broken_at < timedelta(seconds=ACT_WITHIN_S)


async def test_a_limit_that_passed_while_execution_was_down_acts_at_its_start(
    watch: Watch,
) -> None:
    await watch.begin(3600.0, watch.clock.now() - timedelta(hours=2))
    started_at = watch.clock.now()
    async with watch.running():
        said = await watch.until_said(2)
    assert [type(event) for _, event in said] == [TimeLimitChanged, LotHeld]
    assert all((at - started_at).total_seconds() < ACT_WITHIN_S for at, _ in said)


async def test_a_limit_is_not_broken_twice_by_two_replicas(watch: Watch) -> None:
    await watch.begin(3600.0, watch.clock.now() - timedelta(hours=2))
    await asyncio.gather(*(watch.work.pass_time() for _ in range(4)))
    assert [type(event) for _, event in await watch.said()] == [TimeLimitChanged, LotHeld]


async def test_thousands_of_open_limits_cost_no_more_than_one(watch: Watch) -> None:
    async with watch.database.begin() as tx:
        await tx.execute(
            text("""
                INSERT INTO time_limit (time_limit_id, lot_id, work_request_id, name, limit_kind,
                    from_event, to_event, started_at, warn_at, limit_at, state)
                SELECT 'T' || n, 'L' || n, 'WR1', 'w', 'max', 'a', 'b', :at,
                    :at + n * interval '1 hour', :at + n * interval '2 hours', 'open'
                FROM generate_series(1, 20000) AS n"""),
            {"at": watch.clock.now()},
        )
        await tx.execute(text("ANALYZE time_limit"))
    await watch.begin(1.0, watch.clock.now())
    async with watch.running():
        said = await watch.until_said(3)
    broken_at, limit = said[1]
    assert isinstance(limit, TimeLimitChanged)
    assert broken_at - limit.limit_at < timedelta(seconds=ACT_WITHIN_S)
    async with watch.database.quiet() as tx:
        plan = await tx.scalars(
            text(f"""
                EXPLAIN SELECT {limits.DUE_AT} FROM time_limit WHERE state IN ('open', 'near')
                ORDER BY {limits.DUE_AT} LIMIT 1""")
        )
        assert "Index Scan using time_limit_due" in "".join(plan)
