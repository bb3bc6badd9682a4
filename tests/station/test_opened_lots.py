"""Lots that people open: their exposure counts from the opening, also in what is built of them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.quality import countdowns, opened, openings
from services.quality.consequences import Consequences
from services.quality.deadlines import Deadlines
from services.quality.decisions import Recorder
from services.quality.domain import ExposureBudget
from services.quality.judge import ExposureJudge
from services.quality.masterdata import add_budget
from services.quality.opened import OpeningEnded, OpeningGiven
from services.quality.settings import QualitySettings
from services.quality.workflow import QualityWork
from shared.clock import Clock
from shared.db import Database, migrate, sql
from shared.envelope import envelope
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.events import GenealogyRecorded, JobOrderEnded, JobOrderStarted, MaterialLotRegistered
from shared.outbox import Outbox

ROOT = Path(__file__).resolve().parents[2]
ROOM, BOX = "pilot/dryroom/room/dryroom-1", "pilot/dryroom/box/glovebox-1"
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
OPENED_S, STACK_S, STACKED_S, SEAL_S, SEALED_S = 0, 600, 660, 700, 760


@dataclass(frozen=True, kw_only=True)
class HandClock(Clock):
    """Plant time that only the test moves."""

    passed: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> datetime:
        return self.plant_start + timedelta(seconds=self.passed[0])


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def budget(**values: Any) -> ExposureBudget:
    usual = {
        "state": "bare_sodium",
        "product_id": "na_foil",
        "budget_minutes": 120.0,
        "budget_dose_ppm_h": 1e5,
        "from_operation": "open",
        "to_operation": "stack",
        "room_equipment_id": ROOM,
        "source": "test",
    }
    return ExposureBudget.model_validate(usual | values)


OF_CELL = {"product_id": "nfm-pouch", "from_operation": "stack", "to_operation": "seal"}


@dataclass
class Floor:
    """Quality with its database, its hand clock and what it is told."""

    database: Database
    clock: HandClock
    deadlines: Deadlines
    work: QualityWork
    judge: ExposureJudge

    async def teach(self, *budgets: ExposureBudget) -> None:
        async with self.database.begin() as tx:
            for one in budgets:
                await add_budget(tx, one)

    async def show(self, room: str, signal: str, value: float, to_s: int) -> None:
        rows = [
            {"equipment_id": room, "signal": signal, "source_at": at(second), "value": value}
            for second in range(-20, to_s + 1, 10)
        ]
        async with self.database.begin() as tx:
            await openings.keep_air_samples(tx, rows)

    async def open(self, lot_id: str, **more: str) -> dict[str, Any]:
        given = OpeningGiven.model_validate({"lot_id": lot_id, "person": "Li Na"} | more)
        async with self.database.begin() as tx:
            return await self.deadlines.open_lot(tx, given)

    async def hear(self, handler: Any, event: Any) -> None:
        said = envelope(event, service="execution", time=START, correlation_id="order-1")
        async with self.database.begin() as tx:
            await handler(tx, said, event)

    async def at(self, second: float) -> list[dict[str, Any]]:
        """Let plant time be so many seconds after the start; return what is open then."""
        self.clock.passed[0] = second
        await self.deadlines.look()
        async with self.database.quiet() as tx:
            return await countdowns.of_lots(tx, None, self.clock.now())

    async def build(self) -> None:
        """Issue a foil of the stock, stack a cell with it and seal the cell."""
        issue = common("issue") | {
            "materials": (used("NA-1", "consumed"), used("NA-1-1")),
            "started_at": at(STACK_S),
            "ended_at": at(STACK_S),
        }
        await self.hear(self.work.on_genealogy, GenealogyRecorded.model_validate(issue))
        started = common("stack") | {"started_at": at(STACK_S), "lot_ids": ("C1",)}
        await self.hear(self.deadlines.on_started, JobOrderStarted.model_validate(started))
        parts = (used("NA-1-1", "consumed"), used("C1"))
        await self.hear(self.work.on_ended, ended("stack", STACK_S, STACKED_S, parts))

    async def seal(self) -> dict[str, Any]:
        """Seal the cell and return how its exposure was judged."""
        parts = (used("C1", "processed"),)
        await self.hear(self.work.on_ended, ended("seal", SEAL_S, SEALED_S, parts))
        self.clock.passed[0] = SEALED_S + 1000.0
        assert await self.judge.look() >= 1
        async with self.database.quiet() as tx:
            found = await openings.of_lot(tx, "C1")
        return {item["open_state"]: item for item in found}


def used(lot_id: str, use: str = "produced") -> dict[str, Any]:
    return {
        "lot_id": lot_id,
        "material_definition_id": "any",
        "quantity": 1,
        "unit": "count",
        "use": use,
    }


def common(operation: str) -> dict[str, Any]:
    return {
        "job_order_id": f"C1-{operation}",
        "lot_id": "C1",
        "work_request_id": "WR1",
        "product_id": "nfm-pouch",
        "operation": operation,
        "equipment_id": "pilot/a/b/c-1",
        "recipe_id": "r",
        "recipe_version": 1,
    }


def ended(operation: str, from_s: int, to_s: int, parts: Any) -> JobOrderEnded:
    times = {"state": "ended", "started_at": at(from_s), "ended_at": at(to_s), "materials": parts}
    return JobOrderEnded.model_validate(common(operation) | times)


@pytest.fixture
async def floor(fresh_database: str) -> AsyncIterator[Floor]:
    await asyncio.to_thread(migrate, fresh_database, ROOT / "services/quality/migrations")
    database = Database(fresh_database)
    clock = HandClock(plant_start=START, wall_start_s=0.0)
    outbox = Outbox("quality", "pilot", database, clock)
    deadlines, recorder = Deadlines(database, outbox, clock, 15.0), Recorder(outbox, clock)
    work = QualityWork(recorder, clock, 60.0, deadlines, Consequences(outbox, clock))
    settings = QualitySettings.model_construct(sample_every_s=10.0, longest_gap_wall_s=5.0)
    judge = ExposureJudge(database, outbox, clock, recorder, settings)
    yield Floor(database, clock, deadlines, work, judge)
    await database.close()


async def test_a_cell_counts_from_the_opening_of_its_sodium_to_the_second(floor: Floor) -> None:
    await floor.teach(budget(), budget(**OF_CELL))
    await floor.show(ROOM, "dew_point_1_degc", -45.0, 2000)
    registered = used("NA-1") | {"work_request_id": None, "origin": "received"}
    registered["material_definition_id"] = "na_foil"
    registered.pop("use")
    await floor.hear(floor.work.on_registered, MaterialLotRegistered.model_validate(registered))
    assert (await floor.open("NA-1"))["states"] == ["bare_sodium"]
    [lies] = await floor.at(60)
    assert (lies["lot_id"], lies["minutes"]) == ("NA-1", 1.0)
    await floor.build()
    shown = {item["lot_id"]: item for item in await floor.at(STACKED_S + 20)}
    assert shown["C1"]["from_at"] == at(OPENED_S)
    assert shown["C1"]["dose_ppm_h"] == pytest.approx(shown["NA-1"]["dose_ppm_h"], rel=1e-6)
    assert shown["C1"]["limit_at"] == at(7200)
    judged = await floor.seal()
    found = judged["bare_sodium"]
    assert found["minutes"] == pytest.approx(SEALED_S / 60)
    assert found["dose_ppm_h"] == pytest.approx(71.1 * SEALED_S / 3600, rel=0.01)
    assert found["from_at"] == at(OPENED_S)


async def test_sodium_opened_in_a_glove_box_brings_the_oxygen_of_the_box_into_the_cell(
    floor: Floor,
) -> None:
    oxygen = {"state": "bare_sodium_oxygen", "budget_dose_ppm_h": 100.0}
    await floor.teach(
        budget(**oxygen, room_equipment_id=BOX),
        budget(**OF_CELL, **oxygen, room_equipment_id=BOX),
        budget(**OF_CELL),
    )
    await floor.show(ROOM, "dew_point_1_degc", -45.0, 2000)
    await floor.show(BOX, "oxygen_1_ppm", 36.0, 2000)
    await floor.open("NA-1", material_definition_id="na_foil")
    await floor.at(60)
    await floor.build()
    judged = await floor.seal()
    found = judged["bare_sodium_oxygen"]
    assert found["dose_ppm_h"] == pytest.approx(36.0 * SEALED_S / 3600)
    assert judged["bare_sodium"]["minutes"] == pytest.approx((SEALED_S - STACK_S) / 60)
    rows = "SELECT characteristic FROM result WHERE lot_id = 'C1' ORDER BY id"
    async with floor.database.quiet() as tx:
        names = set(await tx.scalars(sql(rows)))
    assert {"exposure_oxygen_dose_ppm_h", "exposure_dose_ppm_h"} <= names


async def test_a_cell_whose_sodium_lay_open_unwatched_is_unknown(floor: Floor) -> None:
    await floor.teach(budget(room_equipment_id=BOX), budget(**OF_CELL))
    await floor.show(ROOM, "dew_point_1_degc", -45.0, 2000)
    await floor.open("NA-1", material_definition_id="na_foil")
    await floor.build()
    found = (await floor.seal())["bare_sodium"]
    assert (found["state"], found["dose_ppm_h"]) == ("unknown", None)
    assert "no living dew point sensor from" in found["reason"]


async def test_an_opening_without_a_budget_twice_or_of_unknown_material_is_refused(
    floor: Floor,
) -> None:
    with pytest.raises(InvalidInputError, match="no released exposure budget from_operation open"):
        await floor.open("NA-1", material_definition_id="na_foil")
    with pytest.raises(InvalidInputError, match="material of NA-1 is not known here; name it"):
        await floor.open("NA-1")
    await floor.teach(budget())
    await floor.open("NA-1", material_definition_id="na_foil")
    with pytest.raises(ConflictError, match="NA-1 was opened before"):
        await floor.open("NA-1", material_definition_id="na_foil")
    gone = OpeningEnded(person="Li Na", reason="used up")
    async with floor.database.begin() as tx:
        await floor.deadlines.end_opening(tx, "NA-1", gone)
        assert [item["reason"] for item in await opened.listed(tx)] == ["used up"]
    assert await floor.at(60) == []
    async with floor.database.begin() as tx:
        with pytest.raises(NotFoundError, match="NA-1 does not lie open"):
            await floor.deadlines.end_opening(tx, "NA-1", gone)
