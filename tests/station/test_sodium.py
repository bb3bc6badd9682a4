"""Sodium on execution's real database: where it lies, how much may, and who scraps it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.execution import sodiumdesk, store
from services.execution.domain import ReceivedLot
from services.execution.sodium import (
    HazardMaterial,
    LotMove,
    ScrapConfirmation,
    ScrapProposal,
    StoragePlace,
)
from services.execution.sodiumdesk import SodiumDesk
from services.execution.workflow import ExecutionWork
from shared.clock import Clock
from shared.db import Database, migrate, sql
from shared.envelope import envelope
from shared.errors import (
    BlockedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OutOfLimitsError,
)
from shared.events import ExposureEvaluated
from shared.outbox import Outbox

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
PLACES = [
    {"place_id": "dry", "limit_g": 30.0, "water": "forbidden"},
    {"place_id": "cabinet-1", "room_id": "dry", "limit_g": 20.0, "water": "forbidden"},
    {"place_id": "cabinet-2", "room_id": "dry", "limit_g": 20.0, "water": "forbidden"},
    {"place_id": "wash", "limit_g": 0.0, "water": "allowed"},
]


@dataclass
class Store:
    """Execution's stock with rooms, foils of 0.1 g each, and a bottle of water."""

    database: Database
    desk: SodiumDesk

    async def receive(self, lot_id: str, definition: str, quantity: float) -> None:
        lot = ReceivedLot(
            lot_id=lot_id, material_definition_id=definition, quantity=quantity, unit="count"
        )
        async with self.database.begin() as tx:
            await store.receive(tx, lot, START)

    async def move(self, lot_id: str, place_id: str) -> dict[str, Any]:
        async with self.database.begin() as tx:
            return await self.desk.move(
                tx, LotMove(lot_id=lot_id, place_id=place_id, person="Li Na")
            )

    async def scrap(self, lot_id: str, quantity: float) -> str:
        given = ScrapProposal(lot_id=lot_id, quantity=quantity, person="Li Na", reason="white")
        async with self.database.begin() as tx:
            return str((await self.desk.propose(tx, given))["scrap_id"])

    async def confirm(self, scrap_id: str, person: str) -> dict[str, Any]:
        async with self.database.begin() as tx:
            return await self.desk.confirm(tx, scrap_id, ScrapConfirmation(person=person))

    async def grams(self) -> dict[str, float]:
        async with self.database.quiet() as tx:
            shown = await sodiumdesk.shown(tx)
        found = {item["place_id"]: item["sodium_g"] for item in shown["places"]}
        return {name: round(value, 6) for name, value in found.items()} | {
            "nowhere": round(shown["unplaced_g"], 6)
        }


@pytest.fixture
async def sodium(fresh_database: str) -> AsyncIterator[Store]:
    await asyncio.to_thread(migrate, fresh_database, ROOT / "services/execution/migrations")
    database = Database(fresh_database)
    clock = Clock(plant_start=START, wall_start_s=0.0)
    desk = SodiumDesk(Outbox("execution", "pilot", database, clock), clock)
    common = {"version": 1, "source": "test"}
    foil = common | {"material_definition_id": "na_foil", "sodium_g_per_unit": 0.1}
    water = common | {"material_definition_id": "water", "holds_water": True}
    async with database.begin() as tx:
        await sodiumdesk.take_master_data(
            tx,
            [HazardMaterial.model_validate(item) for item in (foil, water)],
            [StoragePlace.model_validate(common | place) for place in PLACES],
        )
    yield Store(database, desk)
    await database.close()


async def test_a_cabinet_and_its_room_take_no_more_sodium_than_their_limits(sodium: Store) -> None:
    await sodium.receive("NA-1", "na_foil", 150)
    await sodium.receive("NA-2", "na_foil", 60)
    await sodium.receive("NA-3", "na_foil", 160)
    assert (await sodium.grams())["nowhere"] == pytest.approx(37.0)
    assert (await sodium.move("NA-1", "cabinet-1"))["sodium_g"] == pytest.approx(15.0)
    why = r"rule limit: cabinet-1 would hold 21 g of sodium, limit 20 g; move some out"
    with pytest.raises(OutOfLimitsError, match=why):
        await sodium.move("NA-2", "cabinet-1")
    with pytest.raises(OutOfLimitsError, match=r"rule limit: dry would hold 31 g of sodium"):
        await sodium.move("NA-3", "cabinet-2")
    await sodium.move("NA-2", "cabinet-2")
    grams = {"cabinet-1": 15.0, "cabinet-2": 6.0, "dry": 21.0, "wash": 0.0, "nowhere": 16.0}
    assert await sodium.grams() == grams
    await sodium.move("NA-1", "cabinet-1")  # where it lies already, it does not count twice
    assert await sodium.grams() == grams


async def test_sodium_and_water_never_come_into_one_place(sodium: Store) -> None:
    await sodium.receive("NA-1", "na_foil", 10)
    await sodium.receive("WATER-1", "water", 1)
    await sodium.receive("SALT-1", "na2co3", 1)
    why = r"rule water: NA-1 holds sodium and water is allowed in wash; put it into one of "
    with pytest.raises(BlockedError, match=why):
        await sodium.move("NA-1", "wash")
    with pytest.raises(BlockedError, match="rule water: WATER-1 holds water, which is forbidden"):
        await sodium.move("WATER-1", "cabinet-1")
    await sodium.move("WATER-1", "wash")
    with pytest.raises(InvalidInputError, match="of which nobody said that it holds sodium"):
        await sodium.move("SALT-1", "dry")
    with pytest.raises(NotFoundError, match="place attic does not exist; there are cabinet-1"):
        await sodium.move("NA-1", "attic")
    with pytest.raises(ValueError, match="limit_g is 5 g where water is allowed; it must be 0"):
        StoragePlace(place_id="wet", version=1, limit_g=5, water="allowed", source="test")


async def test_pieces_lie_where_their_stock_lies_until_they_are_moved_themselves(
    sodium: Store,
) -> None:
    await sodium.receive("NA-1", "na_foil", 99)
    await sodium.move("NA-1", "cabinet-1")
    async with sodium.database.begin() as tx:
        await tx.execute(
            sql("""
                INSERT INTO lot (lot_id, material_definition_id, kind, quantity, unit, state,
                                 member_of, updated_at)
                VALUES ('NA-1-0001', 'na_foil', 'piece', 1, 'count', 'available', 'NA-1', now())""")
        )
    assert (await sodium.grams())["cabinet-1"] == pytest.approx(10.0)
    await sodium.move("NA-1-0001", "cabinet-2")
    await sodium.move("NA-1", "dry")
    grams = await sodium.grams()
    assert (grams["cabinet-1"], grams["cabinet-2"], grams["dry"]) == (0.0, 0.1, 10.0)


async def test_scrap_takes_two_persons_and_happens_once(sodium: Store) -> None:
    await sodium.receive("NA-1", "na_foil", 100)
    await sodium.move("NA-1", "cabinet-1")
    with pytest.raises(OutOfLimitsError, match="quantity is 101 count, NA-1 holds 100 count"):
        await sodium.scrap("NA-1", 101)
    first = await sodium.scrap("NA-1", 60)
    second = await sodium.scrap("NA-1", 60)
    assert (await sodium.grams())["dry"] == pytest.approx(10.0)
    with pytest.raises(InvalidInputError, match="rule two persons: LI NA proposed this scrap"):
        await sodium.confirm(first, "LI NA ")
    seconded = ScrapConfirmation.model_validate({"person": "Li Na", "second": {"person": "Ada"}})
    async with sodium.database.begin() as tx:
        confirmed = await sodium.desk.confirm(tx, first, seconded)
    assert confirmed["sodium_g"] == pytest.approx(6.0)
    with pytest.raises(ConflictError, match="was confirmed by Ada"):
        await sodium.confirm(first, "Ada")
    with pytest.raises(OutOfLimitsError, match="quantity is 60 count, NA-1 holds 40 count"):
        await sodium.confirm(second, "Ada")
    assert (await sodium.grams())["dry"] == pytest.approx(4.0)


async def test_stock_that_lay_open_for_too_long_is_held_until_that_is_known_otherwise(
    sodium: Store,
) -> None:
    await sodium.receive("NA-1", "na_foil", 10)
    clock = Clock(plant_start=START, wall_start_s=0.0)
    outbox = Outbox("execution", "pilot", sodium.database, clock)
    work = ExecutionWork(sodium.database, outbox, clock)
    said = {
        "lot_id": "NA-1",
        "work_request_id": None,
        "minutes": 121.0,
        "budget_minutes": 120.0,
        "dose_ppm_h": None,
        "budget_dose_ppm_h": 450.0,
        "reason": "over: 121 of 120 min",
        "is_open": True,
    }
    for state, held in (("near", []), ("over", ["open_exposure"]), ("within", [])):
        event = ExposureEvaluated.model_validate(said | {"state": state})
        wrapped = envelope(event, service="quality", time=START)
        async with sodium.database.begin() as tx:
            await work.on_exposure(tx, wrapped, event)
            gates = list(await tx.scalars(sql("SELECT gate FROM hold WHERE lot_id = 'NA-1'")))
        assert gates == held
