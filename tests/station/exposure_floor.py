"""Quality's exposure on a clock that only the test moves: air, openings, and what stations said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.quality import countdowns, openings
from services.quality.consequences import Consequences
from services.quality.deadlines import Deadlines
from services.quality.decisions import Recorder
from services.quality.domain import ExposureBudget
from services.quality.judge import ExposureJudge
from services.quality.masterdata import add_budget
from services.quality.opened import OpeningGiven
from services.quality.settings import QualitySettings
from services.quality.workflow import QualityWork
from shared.clock import Clock
from shared.db import Database, migrate
from shared.envelope import envelope
from shared.events import JobOrderEnded
from shared.outbox import Outbox

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class HandClock(Clock):
    """Plant time that only the test moves."""

    passed: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> datetime:
        return self.plant_start + timedelta(seconds=self.passed[0])


def at(second: float) -> datetime:
    """Return the plant time so many seconds after the start."""
    return START + timedelta(seconds=second)


@dataclass
class Floor:
    """Quality with its database, its hand clock and what it is told."""

    database: Database
    clock: HandClock
    deadlines: Deadlines
    work: QualityWork
    judge: ExposureJudge
    sample_every_s: int

    async def teach(self, *budgets: ExposureBudget) -> None:
        """Keep budgets."""
        async with self.database.begin() as tx:
            for one in budgets:
                await add_budget(tx, one)

    async def show(
        self, room: str, signal: str, value: float | None, to_s: int, from_s: int | None = None
    ) -> None:
        """Let a sensor show one value at each sample; None: that its value is not good."""
        first_s = -2 * self.sample_every_s if from_s is None else from_s
        rows = [
            {"equipment_id": room, "signal": signal, "source_at": at(second), "value": value}
            for second in range(first_s, to_s + 1, self.sample_every_s)
        ]
        async with self.database.begin() as tx:
            await openings.keep_air_samples(tx, rows)

    async def open(self, lot_id: str, **more: str) -> dict[str, Any]:
        """Let a person open a lot."""
        given = OpeningGiven.model_validate({"lot_id": lot_id, "person": "Li Na"} | more)
        async with self.database.begin() as tx:
            return await self.deadlines.open_lot(tx, given)

    async def hear(self, handler: Any, event: Any) -> None:
        """Let quality hear an event."""
        said = envelope(event, service="execution", time=START, correlation_id="order-1")
        async with self.database.begin() as tx:
            await handler(tx, said, event)

    async def at(self, second: float) -> list[dict[str, Any]]:
        """Let plant time be so many seconds after the start; return what is open then."""
        self.clock.passed[0] = second
        await self.deadlines.look()
        async with self.database.quiet() as tx:
            return (await countdowns.page(tx, countdowns.Wanted(), 100, self.clock.now()))["items"]

    async def judged(self, lot_id: str, second: float) -> dict[str, Any]:
        """Let the intervals that ended by an instant be judged; return those of a lot by state."""
        self.clock.passed[0] = second
        assert await self.judge.look() >= 1
        async with self.database.quiet() as tx:
            found = await openings.of_lot(tx, lot_id)
        return {item["open_state"]: item for item in found}


@asynccontextmanager
async def exposure_floor(url: str, sample_every_s: int = 10) -> AsyncIterator[Floor]:
    """Open the floor on a database of its own."""
    await asyncio.to_thread(migrate, url, ROOT / "services/quality/migrations")
    database = Database(url)
    clock = HandClock(plant_start=START, wall_start_s=0.0)
    outbox = Outbox("quality", "pilot", database, clock)
    settings = QualitySettings.model_construct(
        sample_every_s=float(sample_every_s), longest_gap_wall_s=5.0
    )
    deadlines = Deadlines(database, outbox, clock, settings.longest_gap_s(clock.speed))
    recorder = Recorder(outbox, clock)
    work = QualityWork(recorder, clock, 60.0, deadlines, Consequences(outbox, clock))
    judge = ExposureJudge(database, outbox, clock, recorder, settings)
    yield Floor(database, clock, deadlines, work, judge, sample_every_s)
    await database.close()


def used(lot_id: str, use: str = "produced") -> dict[str, Any]:
    """Return a material of a job order."""
    return {
        "lot_id": lot_id,
        "material_definition_id": "any",
        "quantity": 1,
        "unit": "count",
        "use": use,
    }


def common(lot_id: str, operation: str, product_id: str = "nfm-pouch") -> dict[str, Any]:
    """Return what all facts of a job order say."""
    return {
        "job_order_id": f"{lot_id}-{operation}",
        "lot_id": lot_id,
        "work_request_id": "WR1",
        "product_id": product_id,
        "operation": operation,
        "equipment_id": "pilot/a/b/c-1",
        "recipe_id": "r",
        "recipe_version": 1,
    }


def ended(of: dict[str, Any], from_s: float, to_s: float, parts: Any) -> JobOrderEnded:
    """Return that a job order ended, with its materials."""
    times = {"state": "ended", "started_at": at(from_s), "ended_at": at(to_s), "materials": parts}
    return JobOrderEnded.model_validate(of | times)
