"""Exposure budgets of open lots on a real database: they act in time, whatever was down."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.execution.domain import WorkMaster, WorkSchedule
from services.execution.workflow import ExecutionWork
from services.execution.workmasters import take_master_data as take_work_masters
from services.quality import countdowns, openings
from services.quality.deadlines import Deadlines
from services.quality.domain import ExposureBudget
from services.quality.masterdata import add_budget
from services.quality.recheck import recomputed
from services.quality.roomlots import RoomLots
from services.quality.store import Passage, keep_passage
from shared.clock import Clock
from shared.db import Database, migrate
from shared.envelope import envelope
from shared.events import ExposureEvaluated, JobOrderEnded, JobOrderStarted, WorkRequestEnded
from shared.outbox import Outbox

ROOT = Path(__file__).resolve().parents[2]
ROOM = "pilot/dryroom/room/dryroom-1"
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
GAP_S = 60.0
ACT_WITHIN_S = 2.0
BUDGET = ExposureBudget(
    state="bare_sodium",
    product_id="nvp-coin",
    budget_minutes=60.0,
    budget_dose_ppm_h=100.0,
    from_operation="stack",
    to_operation="seal",
    room_equipment_id=ROOM,
    source="test",
)


@dataclass(frozen=True, kw_only=True)
class HandClock(Clock):
    """Plant time that only the test moves."""

    passed: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> datetime:
        return self.plant_start + timedelta(seconds=self.passed[0])


@dataclass
class Bare:
    """A lot with bare sodium, the dew points of its room, and what quality says of it."""

    database: Database
    clock: Clock
    deadlines: Deadlines

    async def hear(self, event: JobOrderStarted | JobOrderEnded | WorkRequestEnded) -> None:
        """Handle one event as the inbox does."""
        handlers: dict[type, Any] = {
            JobOrderStarted: self.deadlines.on_started,
            JobOrderEnded: self.deadlines.on_ended,
            WorkRequestEnded: self.deadlines.on_request_ended,
        }
        handler = handlers[type(event)]
        said = envelope(event, service="lamination", time=START, correlation_id="order-1")
        async with self.database.begin() as tx:
            await handler(tx, said, event)

    async def begin(self, started_at: datetime = START, budget: ExposureBudget = BUDGET) -> None:
        """Teach a budget and start the stack of the lot."""
        async with self.database.begin() as tx:
            await add_budget(tx, budget)
        await self.hear(JobOrderStarted(**common("stack"), started_at=started_at, lot_ids=()))

    async def show(
        self, from_s: int, to_s: int, degc: float | None, begin: datetime = START
    ) -> None:
        """Let both sensors of the room show a dew point every ten seconds."""
        rows = [
            {
                "equipment_id": ROOM,
                "signal": signal,
                "source_at": begin + timedelta(seconds=second),
                "value": degc,
            }
            for signal in ("dew_point_1_degc", "dew_point_2_degc")
            for second in range(from_s, to_s + 1, 10)
        ]
        async with self.database.begin() as tx:
            await openings.keep_air_samples(tx, rows)

    async def at(self, second: float) -> list[str]:
        """Let plant time be so many seconds after the start; return the states said so far."""
        assert isinstance(self.clock, HandClock)
        self.clock.passed[0] = second
        await self.deadlines.look()
        return [event.state for _, event in await self.said()]

    async def said(self) -> list[tuple[datetime, ExposureEvaluated]]:
        """Return what was said, with the plant time of saying it."""
        async with self.database.quiet() as tx:
            bodies = list(await tx.scalars(text("SELECT body FROM outbox ORDER BY id")))
        found = [json.loads(body) for body in bodies]
        assert {item["correlationid"] for item in found} <= {"order-1"}
        return [
            (datetime.fromisoformat(item["time"]), ExposureEvaluated.model_validate(item["data"]))
            for item in found
        ]

    async def left(self) -> list[dict[str, Any]]:
        """Return what people see of the lots that are open."""
        async with self.database.quiet() as tx:
            return (
                await countdowns.page(
                    tx, countdowns.Wanted(lot_id="WR1-C01"), 100, self.clock.now()
                )
            )["items"]


def common(operation: str) -> dict[str, Any]:
    return {
        "job_order_id": f"WR1-C01-{operation}",
        "lot_id": "WR1-C01",
        "work_request_id": "WR1",
        "product_id": "nvp-coin",
        "operation": operation,
        "equipment_id": "pilot/a/b/c-1",
        "recipe_id": "r",
        "recipe_version": 1,
    }


def ended(operation: str, state: str, at: datetime) -> JobOrderEnded:
    values = {"state": state, "started_at": at, "ended_at": at, "materials": ()}
    return JobOrderEnded.model_validate(common(operation) | values)


def watching(database: Database, clock: Clock) -> Bare:
    outbox = Outbox("quality", "pilot", database, clock)
    return Bare(database, clock, Deadlines(database, outbox, clock, GAP_S))


@pytest.fixture
async def database(fresh_database: str) -> AsyncIterator[Database]:
    await asyncio.to_thread(migrate, fresh_database, ROOT / "services/quality/migrations")
    found = Database(fresh_database)
    yield found
    await found.close()


@pytest.fixture
def bare(database: Database) -> Bare:
    return watching(database, HandClock(plant_start=START, wall_start_s=0.0))


async def test_what_is_left_over_of_an_order_is_watched_until_the_order_ends(bare: Bare) -> None:
    await bare.begin(budget=BUDGET.model_copy(update={"state": "pellet"}))
    await bare.begin()
    assert {lot["open_state"] for lot in await bare.left()} == {"pellet", "bare_sodium"}
    whose = {"work_request_id": "WR1", "product_id": "nvp-coin"}
    await bare.hear(WorkRequestEnded(**whose, released_count=2, blocked_count=0))
    assert [lot["open_state"] for lot in await bare.left()] == ["bare_sodium"]


async def test_a_budget_by_dose_is_near_and_over_at_the_rate_of_the_newest_samples(
    bare: Bare,
) -> None:
    await bare.begin()
    await bare.show(-20, 0, -45.0)
    assert await bare.at(1) == []
    [shown] = await bare.left()
    assert shown["rate_ppm"] == pytest.approx(71.1, rel=0.01)
    assert shown["left_s"] == pytest.approx(3599.0)  # by minutes: so dry, the dose lasts longer
    await bare.show(10, 600, -30.0)  # 375 ppm: 100 ppm h last for 16 minutes
    assert await bare.at(601) == []
    [shown] = await bare.left()
    assert shown["limit_at"] == START + timedelta(seconds=shown["left_s"] + 601)
    await bare.show(610, 1200, -30.0)
    limit_s = 601 + shown["left_s"]
    assert await bare.at(limit_s - 1) == ["near"]
    assert await bare.at(limit_s + 1) == ["near", "over"]
    assert await bare.at(limit_s + 100) == ["near", "over"]
    (_, near), (_, over) = await bare.said()
    assert near.is_open and near.limit_at is not None
    assert over.dose_ppm_h == pytest.approx(100.0, rel=0.01)
    assert "over" not in (near.reason or "") and "ppm·h from stack to seal" in (over.reason or "")


async def test_a_limit_reckoned_from_a_gust_is_taken_back_by_the_next_sample(bare: Bare) -> None:
    await bare.begin(budget=BUDGET.model_copy(update={"budget_dose_ppm_h": 20.0}))
    await bare.show(-20, 0, -45.0)
    await bare.show(10, 10, 0.0)  # 6032 ppm: with 8.5 ppm h so far, 20 are reached in 6.9 s
    assert await bare.at(16.8) == ["near"]
    assert await bare.at(17.0) == ["near", "over"]
    await bare.show(20, 60, -45.0)  # down again: the gust was 17 ppm h in all
    assert await bare.at(60) == ["near", "over", "near"]


async def test_a_room_whose_sensors_fall_silent_is_unknown_until_their_samples_come_after_all(
    bare: Bare,
) -> None:
    await bare.begin()
    await bare.show(-20, 100, -45.0)
    assert await bare.at(100 + GAP_S - 1) == []
    assert await bare.at(100 + GAP_S) == ["unknown"]
    [shown] = await bare.left()
    assert shown["dose_left_ppm_h"] is None
    assert shown["reason"] == "no living dew point sensor since 2026-03-02 06:01:40"
    await bare.show(210, 220, -45.0)
    assert await bare.at(221) == ["unknown"]
    await bare.show(110, 200, -45.0)
    await bare.show(230, 230, -45.0)
    assert await bare.at(231) == ["unknown", "within"]


async def test_nothing_more_is_due_at_the_very_instant_at_which_air_becomes_unknown(
    bare: Bare,
) -> None:
    rooms = RoomLots(
        bare.database, Outbox("quality", "pilot", bare.database, bare.clock), bare.clock, GAP_S
    )
    await bare.begin()
    await bare.show(-20, 100, -45.0)
    assert await bare.at(100 + GAP_S - 1) == []
    unknown_at = START + timedelta(seconds=100 + GAP_S)
    assert await rooms.next_due() == unknown_at
    assert await bare.at(100 + GAP_S) == ["unknown"]
    due = await rooms.next_due()
    assert due is None or due > unknown_at


async def test_a_sensor_that_says_it_is_broken_makes_the_lot_unknown_at_once(bare: Bare) -> None:
    await bare.begin()
    await bare.show(-20, 100, -45.0)
    await bare.show(110, 110, None)
    assert await bare.at(111) == ["unknown"]


async def test_a_lot_that_is_sealed_or_whose_stack_was_aborted_is_counted_down_no_longer(
    bare: Bare,
) -> None:
    await bare.begin()
    await bare.hear(ended("seal", "ended", START + timedelta(minutes=5)))
    assert await bare.at(7200) == [] and await bare.left() == []
    await bare.begin()
    await bare.hear(ended("stack", "aborted", START))
    assert await bare.at(7200) == [] and await bare.left() == []
    await bare.hear(ended("stack", "ended", START))  # its start was never heard of
    assert await bare.at(7201) == ["over"]


async def test_what_passed_while_quality_was_down_is_said_once_by_whoever_starts(
    bare: Bare,
) -> None:
    await bare.begin()
    await bare.show(-20, 4000, -45.0)
    assert await bare.at(60) == []
    again = [watching(bare.database, bare.clock) for _ in range(3)]
    assert isinstance(bare.clock, HandClock)
    bare.clock.passed[0] = 4000
    await asyncio.gather(*(other.deadlines.look() for other in again))
    assert await bare.at(4001) == ["over"]


async def test_lots_that_lie_in_one_room_change_each_at_its_own_instant(bare: Bare) -> None:
    """Lots opened ten minutes apart share the room's air, through a gap in it too."""
    dry = BUDGET.model_copy(update={"budget_dose_ppm_h": 1000.0})
    async with bare.database.begin() as tx:
        await add_budget(tx, dry)
    opened = {f"WR1-C{number:02d}": 600 * number for number in range(5)}
    for lot_id, second in opened.items():
        begun_at = START + timedelta(seconds=second)
        values = common("stack") | {"lot_id": lot_id, "started_at": begun_at, "lot_ids": ()}
        await bare.hear(JobOrderStarted.model_validate(values))
        await bare.show(second - 20, second + 20, -45.0)
        await bare.at(second + 21)
        await bare.show(second + 30, second + 600, -45.0)
    assert await bare.at(3001) == ["near"]  # the first, after 48 of its 60 minutes
    async with bare.database.quiet() as tx:
        shown = (await countdowns.page(tx, countdowns.Wanted(), 100, bare.clock.now()))["items"]
        airs = await tx.scalar(text("SELECT count(DISTINCT air_id) FROM open_exposure"))
    assert airs == 1
    for one in shown:
        hours = (3001 - opened[one["lot_id"]]) / 3600.0
        assert one["dose_ppm_h"] == pytest.approx(71.1 * hours, rel=0.01)
    await bare.at(3000 + GAP_S)
    await bare.show(3010, 6600, -45.0)
    await bare.at(6601)
    said: dict[str, list[str]] = {lot_id: [] for lot_id in opened}
    for _, event in await bare.said():
        said[event.lot_id].append(event.state)
    gone = ["unknown", "over"]
    assert said == {
        "WR1-C00": ["near", *gone],
        **dict.fromkeys(["WR1-C01", "WR1-C02", "WR1-C03", "WR1-C04"], gone),
    }


async def test_a_lot_whose_history_came_late_is_found_when_it_is_reckoned_again(
    bare: Bare,
) -> None:
    await bare.begin()
    await bare.show(-20, 3000, -45.0)
    to_at = START + timedelta(seconds=1800)
    kept = {
        "lot_id": "WR1-C01",
        "open_state": "bare_sodium",
        "version": 1,
        "job_order_id": "WR1-C01-seal",
        "from_at": START,
        "to_at": to_at,
        "at": to_at,
        "state": "unknown",
        "minutes": 30.0,
        "budget_minutes": 60.0,
        "dose_ppm_h": None,
        "budget_dose_ppm_h": 100.0,
        "reason": "no living dew point sensor",
    }
    passage = Passage(
        **{name: kept[name] for name in ("job_order_id", "lot_id")},
        work_request_id="WR1",
        product_id="nvp-coin",
        operation="seal",
        equipment_id=None,
        parts=(),
        started_at=to_at,
        ended_at=to_at,
        correlation_id=None,
        causation_id=None,
    )
    async with bare.database.begin() as tx:
        await keep_passage(tx, passage)
        await openings.keep_exposure(tx, kept)
        found = await recomputed(tx, ROOM, START, START + timedelta(hours=1), GAP_S)
    [differing] = found["differing"]
    assert (found["count"], differing["dose_ppm_h"]) == (1, None)
    assert differing["recomputed_dose_ppm_h"] == pytest.approx(71.1 / 2, rel=0.01)


async def test_a_budget_acts_within_two_seconds_of_its_limit(database: Database) -> None:
    clock = Clock(plant_start=datetime.now(UTC), wall_start_s=time.time())
    bare = watching(database, clock)
    short = BUDGET.model_copy(update={"budget_minutes": 3.0 / 60.0, "warn_ratio": 0.01})
    task = asyncio.create_task(bare.deadlines.run())
    begun_at = clock.now()
    await bare.show(-20, 0, -45.0, begun_at)
    await bare.begin(begun_at, short)
    async with asyncio.timeout(60):
        while len(said := await bare.said()) < 2:
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [event.state for _, event in said] == ["near", "over"]
    near_s, over_s = ((at - begun_at).total_seconds() for at, _ in said)
    assert near_s <= ACT_WITHIN_S
    assert 3.0 <= over_s <= 3.0 + ACT_WITHIN_S


async def test_execution_holds_the_lot_until_the_exposure_is_known(
    fresh_database: str, work_masters: list[WorkMaster]
) -> None:
    await asyncio.to_thread(migrate, fresh_database, ROOT / "services/execution/migrations")
    database, clock = Database(fresh_database), HandClock(plant_start=START, wall_start_s=0.0)
    work = ExecutionWork(database, Outbox("execution", "pilot", database, clock), clock)
    wanted = {"work_request_id": "WR1", "product_id": "nvp-coin", "quantity": 1, "due_at": START}
    schedule = WorkSchedule.model_validate({"work_schedule_id": "S1", "work_requests": [wanted]})
    held: list[list[str]] = []
    async with database.begin() as tx:
        await take_work_masters(tx, work_masters)
        await work.accept(tx, schedule)
        for state, is_open in (("near", True), ("unknown", True), ("over", True), ("over", False)):
            event = ExposureEvaluated.model_validate(
                {
                    "lot_id": "WR1-C01",
                    "work_request_id": "WR1",
                    "state": state,
                    "minutes": 1.0,
                    "budget_minutes": 1.0,
                    "dose_ppm_h": None,
                    "budget_dose_ppm_h": 1.0,
                    "reason": "so",
                    "is_open": is_open,
                }
            )
            await work.on_exposure(tx, envelope(event, service="quality", time=START), event)
            held.append(list(await tx.scalars(text("SELECT gate FROM hold"))))
    assert held == [[], ["open_exposure"], ["open_exposure"], []]
    await database.close()
