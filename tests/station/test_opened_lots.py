"""Lots that people open: their exposure counts from the opening, also in what is built of them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.quality import opened
from services.quality.domain import ExposureBudget
from services.quality.opened import OpeningEnded
from shared.db import sql
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.events import GenealogyRecorded, JobOrderStarted, MaterialLotRegistered
from tests.station.exposure_floor import Floor, at, common, ended, exposure_floor, used

ROOM, BOX = "pilot/dryroom/room/dryroom-1", "pilot/dryroom/box/glovebox-1"
OPENED_S, STACK_S, STACKED_S, SEAL_S, SEALED_S = 0, 600, 660, 700, 760


@pytest.fixture
async def floor(fresh_database: str) -> AsyncIterator[Floor]:
    async with exposure_floor(fresh_database) as opened_floor:
        yield opened_floor


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


async def build(floor: Floor) -> None:
    """Issue a foil of the stock, stack a cell with it and seal the cell."""
    issue = common("C1", "issue") | {
        "materials": (used("NA-1", "consumed"), used("NA-1-1")),
        "started_at": at(STACK_S),
        "ended_at": at(STACK_S),
    }
    await floor.hear(floor.work.on_genealogy, GenealogyRecorded.model_validate(issue))
    started = common("C1", "stack") | {"started_at": at(STACK_S), "lot_ids": ("C1",)}
    await floor.hear(floor.deadlines.on_started, JobOrderStarted.model_validate(started))
    parts = (used("NA-1-1", "consumed"), used("C1"))
    stacked = ended(common("C1", "stack"), STACK_S, STACKED_S, parts)
    await floor.hear(floor.work.on_ended, stacked)


async def seal(floor: Floor) -> dict[str, Any]:
    """Seal the cell and return how its exposure was judged."""
    parts = (used("C1", "processed"),)
    sealed = ended(common("C1", "seal"), SEAL_S, SEALED_S, parts)
    await floor.hear(floor.work.on_ended, sealed)
    return await floor.judged("C1", SEALED_S + 1000.0)


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
    await build(floor)
    shown = {item["lot_id"]: item for item in await floor.at(STACKED_S + 20)}
    assert shown["C1"]["from_at"] == at(OPENED_S)
    assert shown["C1"]["dose_ppm_h"] == pytest.approx(shown["NA-1"]["dose_ppm_h"], rel=1e-6)
    assert shown["C1"]["limit_at"] == at(7200)
    judged = await seal(floor)
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
    await build(floor)
    judged = await seal(floor)
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
    await build(floor)
    found = (await seal(floor))["bare_sodium"]
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
