"""What the formation screens read: channels as they are now, why one is blocked, tests, packs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from services.formation import channelstore, rackstore, store
from services.formation.channels import ChannelEntry, facts_of
from services.formation.grades import Grades
from services.formation.looks import Look, TesterLooks
from services.formation.protocol import ccd_protocol, expected_duration_s, formation_protocol
from services.formation.racks import Placed, Seen, aim_of, places
from services.formation.testing import TesterRunner
from services.formation.watching import TesterWatch
from shared import joborders
from shared.app import Service
from shared.db import sql
from shared.settings import read_plant
from tests.station.speaker import until
from tests.station.test_channels import POUCH, ROOT, TESTER, formation, order_of, running_test
from tests.station.test_grades import graded
from tests.station.tester_floor import MONDAY, Floor, channels_of, open_floor

TODAY = date(2026, 11, 23)


@pytest_asyncio.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(tmp_path) as opened:
        yield opened


async def asked(service: Service, path: str) -> Any:
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://formation") as http:
        reply = await http.get(path)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_rack_shows_step_values_and_time_left_of_a_running_test(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        protocol = formation_protocol()
        watch = await running_test(
            service, floor, "CELL-1", protocol, floor.formation_file(), **POUCH
        )
        floor.pass_hours(3.0)
        await watch.look()
        async with service.database.quiet() as tx:
            on_it = await rackstore.placed(tx, TESTER)
        names = list(await channels_of(floor.client()))[:2]
        facts = [facts_of(service.plant.tester[0], name, []) for name in names]
        working, free = places(facts, on_it, watch.seen(), TODAY)
        runs = await asked(service, "/test-runs/J1")
    assert (working["state"], working["lot_id"], working["reason"]) == ("working", "CELL-1", None)
    assert (working["step"], working["step_count"]) == (2, 6)
    assert working["step_aim"] == {"kind": "charge", "until_v": 4.0, "until_s": 54_000.0}
    assert abs(working["current_ma"] - 100.0) < 0.1
    assert 2.5 < working["voltage_v"] < 4.0
    assert working["elapsed_s"] == 3 * 3600.0
    assert working["left_s"] == expected_duration_s(protocol) - 3 * 3600.0
    assert (free["state"], free["voltage_v"], free["lot_id"]) == ("free", None, None)
    assert (runs["lot_id"], runs["grades"], runs["cycles"]) == ("CELL-1", [], [])


async def test_rack_never_shows_an_old_look_as_now(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        watch = await running_test(
            service, floor, "CELL-1", formation_protocol(), floor.formation_file(), **POUCH
        )
        await watch.look()
        async with service.database.quiet() as tx:
            on_it = await rackstore.placed(tx, TESTER)
        [(name, look)] = watch.seen().items()
        facts = [facts_of(service.plant.tester[0], name, [])]
        [old] = places(facts, on_it, {name: Seen(point=look.point, age_s=6.0)}, TODAY)
        [never] = places(facts, on_it, {}, TODAY)
    assert (old["state"], old["voltage_v"], old["age_s"]) == ("unknown", None, 6.0)
    assert (never["state"], never["age_s"]) == ("unknown", None)


async def test_a_replica_that_does_not_drive_shows_what_the_other_one_sees_until_it_is_old(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port, "first") as service:
        watch = await running_test(
            service, floor, "CELL-1", formation_protocol(), floor.formation_file(), **POUCH
        )
        await watch.look()
        [tester] = service.plant.tester[:1]
        runner = TesterRunner(service, tester, floor.client(), tmp_path / "share")
        driving = asyncio.create_task(runner.run())
        keeping = asyncio.create_task(TesterLooks(service, runner, watch).keep())
        idle = TesterRunner(service, tester, floor.client(), tmp_path / "share")
        other = TesterLooks(service, idle, TesterWatch(service, tester, floor.client()))

        async def newest() -> Look:
            async with service.database.quiet() as tx:
                return await other.newest(tx)

        async def is_known() -> bool:
            look = await newest()
            return look.answers and bool(look.seen)

        await until(is_known)
        shown = await newest()
        for task in (driving, keeping):
            task.cancel()
        await asyncio.gather(driving, keeping, return_exceptions=True)
        async with service.database.begin() as tx:
            await tx.execute(sql("UPDATE tester_look SET looked_at = looked_at - interval '6 s'"))
        old = await newest()
    assert {name: look.point for name, look in shown.seen.items()} == {
        name: look.point for name, look in watch.seen().items()
    }
    assert len(shown.channels) == len(old.channels) > 1
    assert (old.answers, all(look.age_s > 6.0 for look in old.seen.values())) == (False, True)


async def test_rack_tells_why_a_channel_and_a_job_are_blocked(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        entry = ChannelEntry(
            equipment_id=TESTER, channel="1-1-2", entry="withdrawn", by="Ada", note="clamp worn"
        )
        watch = await running_test(
            service, floor, "CELL-1", formation_protocol(), floor.formation_file(), **POUCH
        )
        await watch.look()
        async with service.database.begin() as tx:
            await channelstore.add_entry(tx, entry, MONDAY)
            [order] = await joborders.open_at(tx, TESTER)
            await joborders.save(tx, "running", order.to("interrupted", "barcode of another cell"))
        await order_of(service, 2, "CELL-2", "formation-2-cycles", **POUCH)
        racks = await asked(service, "/racks")
    [rack] = racks["items"]
    by_name = {item["channel"]: item for item in rack["channels"]}
    assert by_name["1-1-1"]["state"] == "held"
    assert by_name["1-1-1"]["reason"] == "barcode of another cell"
    assert by_name["1-1-2"]["state"] == "out_of_service"
    assert by_name["1-1-2"]["reason"] == "withdrawn: clamp worn"
    assert rack["answers"] is False  # nobody has asked this tester yet
    [job] = racks["waiting"]
    assert (job["job_order_id"], job["lot_id"]) == ("J2", "CELL-2")


async def test_page_of_a_channel_has_its_facts_its_repairs_and_drifts_and_its_tests(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> None:
    common = {"equipment_id": TESTER, "channel": "1-1-1", "by": "Ada"}
    lines = [
        {"entry": "drift_found", "drift_ratio": 0.001, "note": "against the shunt"},
        {"entry": "repaired", "note": "relay changed"},
    ]
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        await running_test(
            service, floor, "CELL-1", formation_protocol(), floor.formation_file(), **POUCH
        )
        async with service.database.begin() as tx:
            await store.note_start(tx, "J1", MONDAY)
            for line in lines:
                await channelstore.add_entry(tx, ChannelEntry.model_validate(common | line), MONDAY)
        page = await asked(service, f"/channels/1-1-1/history?equipment_id={TESTER}")
        other = await asked(service, f"/channels/1-15-1/history?equipment_id={TESTER}")
    assert page["channel"]["out_reason"] == "not calibrated since its repair (relay changed)"
    assert [(one["entry"], one["by"]) for one in page["items"]] == [
        ("drift_found", "Ada"), ("repaired", "Ada"),
    ]  # fmt: skip
    assert page["items"][0]["drift_ratio"] == 0.001
    assert [run["job_order_id"] for run in page["tests"]] == ["J1"]
    assert (other["channel"]["current_range_ma"], other["items"], other["tests"]) == (0.1, [], [])


def test_each_kind_of_step_says_where_it_ends() -> None:
    stairs = ccd_protocol(max_steps=2, dwell_s=300.0)
    assert aim_of(stairs, 1) == {"kind": "rest", "until_v": None, "until_s": 600.0}
    assert aim_of(stairs, 3) == {"kind": "discharge", "until_v": -4.5, "until_s": 300.0}
    assert aim_of(formation_protocol(), 6)["kind"] == "loop"


def test_channel_whose_calibration_is_over_is_out_of_service_but_its_test_is_shown() -> None:
    tester = read_plant(ROOT / "deploy/plant.toml").tester[0]
    facts = [facts_of(tester, name, []) for name in ("1-1-1", "1-1-2")]
    late = date(2099, 1, 1)
    held = Placed(
        channel="1-1-2",
        job_order_id="J1",
        lot_id="C1",
        order_state="interrupted",
        reason="look",
        started_at=None,
        protocol=formation_protocol(),
    )
    out, shown = places(facts, {"1-1-2": held}, {}, late)
    assert out["state"] == "out_of_service"
    assert "calibration was due" in out["reason"]
    assert (shown["state"], shown["lot_id"], shown["left_s"]) == ("held", "C1", None)


async def test_graded_recipes_count_the_newest_grade_of_each_cell(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path) as service:
        async with service.database.begin() as tx:
            await store.add_protocol(tx, formation_protocol())
            for number in (1, 2, 3):
                await Grades(service).give(tx, graded(number))
        found = (await asked(service, "/graded-recipes"))["items"]
    assert [item["cell_count"] for item in found] == [3]
    assert set(found[0]) == {
        "product_id",
        "protocol_id",
        "protocol_version",
        "grade",
        "cell_count",
    }
