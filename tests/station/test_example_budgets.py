"""The exposure budgets of the pilot plant act: warned before the limit, over at it, inherited."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from services.quality.domain import ExposureBudget
from services.quality.main import ROOM_KINDS
from shared.events import JobOrderStarted, MaterialLotRegistered
from shared.settings import read_plant
from tests.station.exposure_floor import (
    ROOT,
    Floor,
    at,
    common,
    ended,
    exposure_floor,
    used,
)

DRY, BOX = "pilot/dryroom/room/dryroom-1", "pilot/dryroom/box/glovebox-1"
POWDER_ROOM = "pilot/powder/room/powderroom-1"
COIN = "nvp-coin"
MINUTE, HOUR, DAY = 60, 3600, 86_400
SAMPLE_S = 10 * MINUTE
PELLETS = ("WR1-PEL-001", "WR1-PEL-002")


def example_budgets() -> list[ExposureBudget]:
    document = yaml.safe_load((ROOT / "examples/master-data.yaml").read_text())
    return [ExposureBudget.model_validate(one) for one in document["quality"]["exposure_budgets"]]


@pytest.fixture
async def floor(fresh_database: str) -> AsyncIterator[Floor]:
    async with exposure_floor(fresh_database, SAMPLE_S) as opened:
        await opened.teach(*example_budgets())
        yield opened


async def start(floor: Floor, lot_id: str, operation: str, second: float) -> None:
    told = common(lot_id, operation, COIN) | {"started_at": at(second), "lot_ids": (lot_id,)}
    await floor.hear(floor.deadlines.on_started, JobOrderStarted.model_validate(told))


async def end(
    floor: Floor, lot_id: str, operation: str, from_s: float, to_s: float, *parts: Any
) -> None:
    event = ended(common(lot_id, operation, COIN), from_s, to_s, parts)
    await floor.hear(floor.work.on_ended, event)


async def register_pellets(floor: Floor) -> None:
    lot = {
        "lot_id": "WR1-PEL",
        "material_definition_id": "ose_pellet",
        "quantity": len(PELLETS),
        "unit": "count",
        "origin": "produced",
        "work_request_id": "WR1",
        "members": PELLETS,
    }
    await floor.hear(floor.work.on_registered, MaterialLotRegistered.model_validate(lot))


async def spray(floor: Floor, cell: str, pellet: str, from_s: float) -> None:
    await start(floor, cell, "spray", from_s)
    await end(floor, cell, "spray", from_s, from_s + HOUR, used(pellet, "processed"))


async def lie_until(floor: Floor, second: float) -> list[dict[str, Any]]:
    """Let days pass in steps, as quality looks at its rooms; return what is open then."""
    passed_s = int(floor.clock.passed[0])
    for step in range(passed_s + DAY // 2, int(second), DAY // 2):
        await floor.at(step)
    return await floor.at(second)


async def said(floor: Floor, lot_id: str) -> list[str]:
    """Return what was said of a lot while it lay open."""
    async with floor.database.quiet() as tx:
        bodies = list(await tx.scalars(text("SELECT body FROM outbox ORDER BY id")))
    facts = [json.loads(body)["data"] for body in bodies]
    return [one["state"] for one in facts if one.get("is_open") and one["lot_id"] == lot_id]


async def decided(floor: Floor, lot_id: str) -> list[str]:
    """Return what the exposure gate decided over a lot, in order."""
    async with floor.database.quiet() as tx:
        bodies = list(await tx.scalars(text("SELECT body FROM outbox ORDER BY id")))
    facts = [json.loads(body)["data"] for body in bodies]
    return [
        one["disposition"]
        for one in facts
        if one.get("gate") == "exposure" and one["lot_id"] == lot_id
    ]


def test_each_state_of_each_product_has_a_budget_in_a_room_with_sensors_and_says_its_source() -> (
    None
):
    plant = read_plant(ROOT / "deploy/plant.toml")
    rooms = {one.equipment_id for one in plant.station if one.kind in ROOM_KINDS}
    budgets = example_budgets()
    for product in ("nfm-pouch-1ah", COIN):
        states = {one.state for one in budgets if one.product_id == product}
        assert states == {"powder", "pellet", "coated", "bare_sodium"}
    assert {one.room_equipment_id for one in budgets} == rooms
    assert all(one.source.startswith(("paper L77", "assumption of the plant")) for one in budgets)


async def test_powder_is_warned_of_before_its_limit_and_over_at_it_where_it_lies(
    floor: Floor,
) -> None:
    limit_s = 3 * DAY
    await floor.show(POWDER_ROOM, "dew_point_1_degc", 8.5, limit_s + HOUR)
    await start(floor, "WR1-PWD", "regrind", 0)
    [lies] = await floor.at(HOUR)
    assert (lies["lot_id"], lies["open_state"], lies["state"]) == ("WR1-PWD", "powder", "within")
    assert (lies["left_s"], lies["room_equipment_id"]) == (limit_s - HOUR, POWDER_ROOM)
    assert lies["dose_ppm_h"] == pytest.approx(10_939, rel=1e-3)
    [lies] = await lie_until(floor, 0.8 * limit_s)
    assert lies["state"] == "near"
    [lies] = await floor.at(limit_s)
    assert (lies["state"], lies["left_s"]) == ("over", 0.0)
    assert await said(floor, "WR1-PWD") == ["near", "over"]


async def test_pressed_powder_lies_open_no_longer_and_its_pellets_bear_its_time(
    floor: Floor,
) -> None:
    await floor.show(POWDER_ROOM, "dew_point_1_degc", 8.5, 10 * HOUR)
    await start(floor, "WR1-PWD", "regrind", 0)
    await end(floor, "WR1-PWD", "regrind", 0, HOUR, used("WR1-PWD", "processed"))
    await register_pellets(floor)
    parts = [used("WR1-PWD", "consumed"), *(used(one) for one in PELLETS)]
    await end(floor, "WR1-PEL", "press", 2 * HOUR, 3 * HOUR, *parts)
    assert await floor.at(3 * HOUR) == []
    found = (await floor.judged("WR1-PEL", 10 * HOUR))["powder"]
    assert (found["state"], found["minutes"], found["from_at"]) == ("within", 180.0, at(0))
    assert await decided(floor, "WR1-PEL") == ["released"]


async def test_a_pellet_lot_lies_open_until_its_last_pellet_is_sprayed(floor: Floor) -> None:
    await floor.show(DRY, "dew_point_1_degc", -45.0, 20 * HOUR)
    await register_pellets(floor)
    await start(floor, "WR1-PEL", "gauge", 0)
    await end(floor, "WR1-PEL", "gauge", 0, HOUR, *(used(one, "processed") for one in PELLETS))
    await spray(floor, "WR1-C01", PELLETS[0], 4 * HOUR)
    open_by = {one["lot_id"]: one["open_state"] for one in await floor.at(5 * HOUR)}
    assert open_by == {"WR1-PEL": "pellet", "WR1-C01": "coated"}
    await spray(floor, "WR1-C02", PELLETS[1], 6 * HOUR)
    open_by = {one["lot_id"]: one["open_state"] for one in await floor.at(7 * HOUR)}
    assert open_by == {"WR1-C01": "coated", "WR1-C02": "coated"}
    found = (await floor.judged("WR1-C02", 10 * HOUR))["pellet"]
    assert (found["minutes"], found["from_at"]) == (7 * 60.0, at(0))


async def test_a_pellet_beyond_its_days_blocks_the_cell_that_was_made_of_it(floor: Floor) -> None:
    limit_s = 7 * DAY
    await floor.show(DRY, "dew_point_1_degc", -45.0, limit_s + 3 * HOUR)
    await register_pellets(floor)
    await start(floor, "WR1-PEL", "gauge", 0)
    await end(floor, "WR1-PEL", "gauge", 0, HOUR, *(used(one, "processed") for one in PELLETS))
    await lie_until(floor, 0.8 * limit_s)
    await lie_until(floor, limit_s)
    assert await said(floor, "WR1-PEL") == ["near", "over"]
    await spray(floor, "WR1-C01", PELLETS[0], limit_s)
    assert (await floor.judged("WR1-C01", limit_s + 3 * HOUR))["pellet"]["state"] == "over"
    assert await decided(floor, "WR1-C01") == ["blocked"]


async def test_a_cell_is_released_once_pellet_coat_and_sodium_have_all_kept_theirs(
    floor: Floor,
) -> None:
    await floor.show(DRY, "dew_point_1_degc", -45.0, 20 * HOUR)
    await register_pellets(floor)
    await end(floor, "WR1-PEL", "gauge", 0, HOUR, *(used(one, "processed") for one in PELLETS))
    await spray(floor, "WR1-C01", PELLETS[0], 2 * HOUR)
    await floor.judged("WR1-C01", 3 * HOUR + MINUTE)
    assert await decided(floor, "WR1-C01") == []
    sealed = 4 * HOUR + 10 * MINUTE
    await end(floor, "WR1-C01", "stack", 4 * HOUR, 4 * HOUR + MINUTE, used("WR1-C01"))
    await end(floor, "WR1-C01", "seal", sealed - MINUTE, sealed, used("WR1-C01", "processed"))
    found = await floor.judged("WR1-C01", 10 * HOUR)
    assert {state: one["minutes"] for state, one in found.items()} == {
        "pellet": 180.0,
        "coated": 130.0,
        "bare_sodium": 10.0,
    }
    assert await decided(floor, "WR1-C01") == ["released"]


async def test_sodium_in_the_glove_box_counts_by_the_sensor_that_lives(floor: Floor) -> None:
    await floor.show(BOX, "dew_point_1_degc", -90.0, HOUR)
    await floor.show(BOX, "dew_point_2_degc", -90.0, HOUR)
    await floor.show(BOX, "oxygen_1_ppm", None, HOUR)
    await floor.show(BOX, "oxygen_2_ppm", 2.0, HOUR)
    opened = await floor.open("NA-1", material_definition_id="na_disc")
    assert opened["states"] == ["bare_sodium", "bare_sodium_oxygen"]
    lies = {one["open_state"]: one for one in await floor.at(HOUR)}
    assert {one["room_equipment_id"] for one in lies.values()} == {BOX}
    assert lies["bare_sodium_oxygen"]["dose_ppm_h"] == pytest.approx(2.0)
    assert lies["bare_sodium_oxygen"]["state"] == "within"


async def test_oxygen_sensors_of_the_glove_box_that_disagree_or_die_make_its_sodium_unknown(
    floor: Floor,
) -> None:
    await floor.show(BOX, "dew_point_1_degc", -90.0, HOUR)
    for signal in ("oxygen_1_ppm", "oxygen_2_ppm"):
        await floor.show(BOX, signal, 0.4, 20 * MINUTE)
    await floor.open("NA-1", material_definition_id="na_foil")
    await floor.at(20 * MINUTE)
    await floor.show(BOX, "oxygen_1_ppm", 20.4, 40 * MINUTE, from_s=30 * MINUTE)
    await floor.show(BOX, "oxygen_2_ppm", 0.4, 40 * MINUTE, from_s=30 * MINUTE)
    lies = {one["open_state"]: one for one in await floor.at(40 * MINUTE)}
    assert lies["bare_sodium"]["state"] == "within"
    assert lies["bare_sodium_oxygen"]["state"] == "unknown"
    assert "sensors disagree by 20.0 ppm" in lies["bare_sodium_oxygen"]["reason"]
    lies = {one["open_state"]: one for one in await floor.at(HOUR + 2 * SAMPLE_S)}
    assert lies["bare_sodium"]["state"] == "unknown"
    assert "no living dew point sensor" in lies["bare_sodium"]["reason"]
