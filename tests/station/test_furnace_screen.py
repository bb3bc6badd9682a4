"""The furnace plan in a real browser, over the real gateway and sintering service."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, Locator, Page, async_playwright, expect

from deploy.broker import Broker
from deploy.postgres import PostgresServer
from deploy.prepare import find_browser
from services.sintering.main import build
from services.sintering.settings import SinteringSettings
from shared.clock import write_clock
from shared.events import FurnaceLoadPlanned, JobOrderReleased, JobOrderStarted
from tests.plant import ROOT
from tests.station.bench import LOOK_S, WITHIN_S, Bench, Ground, bench, job_order
from tests.station.gateway_floor import PASSWORD, Plant, open_gateway
from tests.station.test_sintering import RECIPES, pellets, powder

WEB_DIR = ROOT / "services/gateway/web/dist"
IDLE = ("mill-1", "mill-2", "dryer-1", "press-1", "gauge-1")
ROW_PX = 64
SOON_MS = 60_000
DUE_IN = timedelta(hours=8)  # furnaces open after two, and all but the powder takes longer
FURNACES = [f"pilot/furnaces/heat/furnace-{number}" for number in (1, 2, 3)]


@dataclass(frozen=True)
class Floor:
    """Furnaces that are closed for some hours, so that all that waits stays planned."""

    gateway: Plant
    plant: Bench
    context: BrowserContext
    bob: httpx.AsyncClient

    async def plan(self) -> Any:
        return await self.plant.get("/furnace-plan")

    async def load_of(self, job_order_id: str) -> Any:
        [load] = [
            load for load in (await self.plan())["loads"] if job_order_id in load["job_order_ids"]
        ]
        return load

    async def screen(self) -> Page:
        page = await self.context.new_page()
        await page.goto("/furnaces")
        return page


@pytest.fixture(scope="module")
async def floor(
    bench_ground: Ground,
    postgres_server: PostgresServer,
    broker: Broker,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Floor]:
    found = find_browser()
    if found is None or not (WEB_DIR / "index.html").exists():
        pytest.skip("no chromium or no built app; python -m deploy.prepare says how to get both")
    database = f"gateway_{uuid.uuid4().hex[:8]}"
    postgres_server.ensure_database(database)
    expect.set_options(timeout=SOON_MS)
    async with (
        bench(
            "sintering",
            lambda values, parts: build(
                SinteringSettings(**values, plan_search_s=0, plan_frozen_s=0, load_wait_s=0), parts
            ),
            bench_ground,
            tmp_path_factory.mktemp("sintering"),
            idle=IDLE,
            speed=1.0,
        ) as plant,
        async_playwright() as tools,
    ):
        clock_file = tmp_path_factory.mktemp("clock") / "clock.json"
        write_clock(clock_file, plant.service.clock)
        async with (
            open_gateway(
                postgres_server.url(database),
                broker,
                tmp_path_factory.mktemp("gateway"),
                real={"sintering": str(plant.http.base_url)},
                web_dir=WEB_DIR,
                clock_file=clock_file,
                within_s=500,
            ) as gateway,
            gateway.person("ada", "Ada", "planner", "operator"),
            gateway.person("bob", "Bob", "planner") as bob,
            await tools.chromium.launch(
                executable_path=found.path, args=["--no-sandbox", "--disable-gpu"]
            ) as browser,
            await browser.new_context(
                base_url=gateway.url,
                locale="en-GB",
                has_touch=True,
                viewport={"width": 1280, "height": 1400},
            ) as context,
        ):
            context.set_default_timeout(SOON_MS)
            signed_in = await context.request.post(
                "/api/session", data={"login": "ada", "password": PASSWORD}
            )
            assert signed_in.status == 201
            await plan_work(plant)
            yield Floor(gateway, plant, context, bob)


async def plan_work(plant: Bench) -> None:
    """Close the furnaces for two hours and let work wait for them."""
    now = plant.service.clock.now()
    stop = {
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(hours=2)).isoformat(),
        "reason": "relining",
    }
    calendars = [
        {"equipment_id": name, "version": 1, "closed": [stop], "source": "test"}
        for name in FURNACES
    ]
    powers = [
        {"equipment_id": name, "version": 1, "heating_kw": 9, "holding_kw": 4, "source": "test"}
        for name in FURNACES
    ]
    taught = await plant.post(
        "/master-data",
        {"master_recipes": RECIPES, "furnace_calendars": calendars, "furnace_powers": powers},
    )
    assert taught.status_code == 201, taught.text
    await plant.release(
        waiting(plant, "ONE", "sinter", pellets("ONE", 40)),
        waiting(plant, "TWO", "sinter", pellets("TWO", 40)),
        waiting(plant, "POWDER", "calcine", [powder("POWDER")]),
        waiting(plant, "GAS", "anneal", pellets("GAS", 60)),
    )
    await until_in_force(plant, "ONE", "TWO", "POWDER", "GAS")


async def until_in_force(plant: Bench, *job_order_ids: str) -> None:
    """Wait until the plan in force has job orders; the service plans a moment after it knows."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            changes = (await plant.get("/furnace-plan"))["changes"]
            new = " ".join(change["why"] for change in changes)
            if set(job_order_ids) <= set(re.findall(r"[A-Z]+", new)):
                return
            await asyncio.sleep(LOOK_S)


def waiting(plant: Bench, name: str, recipe_id: str, lots: Any) -> JobOrderReleased:
    now = plant.service.clock.now()
    return job_order(
        name, "furnace", recipe_id, lots, lot_id=name, released_at=now, due_at=now + DUE_IN
    )


def bar(page: Page, recipe: str) -> Locator:
    """The bars of planned loads of a recipe in the plan in force."""
    chart = page.get_by_role("group", name="Plan and runs")
    return chart.get_by_role("button", name=re.compile(rf"^{recipe}\b.*, planned"))


async def middle(of_bar: Locator) -> tuple[float, float]:
    """Where a bar's middle is, once it has come to rest: what loads above it moves it."""
    await of_bar.hover()
    box = await of_bar.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def drag(page: Page, from_bar: Locator, rows: int, dx: float = 0.0) -> None:
    """Take a bar with the mouse to another row; it is not put down yet."""
    x, y = await middle(from_bar)
    await page.mouse.down()
    await page.mouse.move(x + dx, y + rows * ROW_PX, steps=5)
    await expect(page.locator(".gantt-ghost")).to_be_visible()


def row_of(load: Any) -> int:
    return FURNACES.index(load["equipment_id"])


async def test_a_load_is_moved_by_mouse_and_keys_split_and_pinned_and_a_rule_refuses_it(
    floor: Floor,
) -> None:
    page = await floor.screen()
    both = await floor.load_of("ONE")
    assert both["job_order_ids"] == ["ONE", "TWO"]
    sinter = bar(page, "sinter")
    await expect(sinter).to_contain_text("kWh")
    await expect(sinter).to_contain_text("late by")  # due before furnaces open and it ends
    await drag(page, sinter, 2 - row_of(both))
    await page.mouse.up()
    alert = page.get_by_role("region", name="Plan and runs").get_by_role("alert")
    await expect(alert).to_contain_text("1200 °C is above its highest temperature 800 °C")
    other = 1 - row_of(both)
    await drag(page, sinter, other - row_of(both), dx=120.0)
    await page.mouse.up()
    await expect(
        page.get_by_text(re.compile(f"Planned in furnace-{other + 1} from"))
    ).to_be_visible()
    await expect(alert).to_have_count(0)
    moved = await floor.load_of("TWO")
    assert (row_of(moved), moved["pinned_by"]) == (other, "Ada (ada)")
    assert moved["start_at"] > both["start_at"]
    await expect(sinter).to_have_accessible_name(re.compile("pinned by Ada"))
    await sinter.focus()
    await page.keyboard.press("ArrowUp" if other == 1 else "ArrowDown")
    await expect(page.get_by_text(f"sinter to furnace-{row_of(both) + 1} from")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text(f"sinter to furnace-{row_of(both) + 1} from")).to_have_count(0)
    assert (await floor.load_of("TWO"))["pin_id"] == moved["pin_id"]
    await page.keyboard.press("ArrowUp" if other == 1 else "ArrowDown")
    await page.keyboard.press("Enter")
    await expect(sinter).to_have_accessible_name(re.compile(f"furnace-{row_of(both) + 1}"))
    waits = page.get_by_role("row").filter(has_text="ONE, TWO")
    await waits.get_by_label("Split off").select_option("TWO")
    await expect(sinter).to_have_count(2)
    assert (await floor.load_of("ONE"))["job_order_ids"] == ["ONE"]
    alone = page.get_by_role("row").filter(has=page.get_by_role("cell", name="TWO", exact=True))
    await alone.get_by_text("Unpin").click()
    await expect(alone.get_by_text("Unpin")).to_have_count(0)
    await page.close()


async def test_a_move_of_an_older_plan_is_refused_with_what_the_other_person_changed(
    floor: Floor,
) -> None:
    page = await floor.screen()
    calcine = bar(page, "calcine")
    await expect(calcine).to_be_visible()
    load = await floor.load_of("POWDER")
    to = 0 if row_of(load) else 1
    await drag(page, calcine, to - row_of(load))
    gas = await floor.load_of("GAS")
    pin = {
        "version": (await floor.plan())["version"],
        "equipment_id": gas["equipment_id"],
        "job_order_ids": gas["job_order_ids"],
    }
    by_bob = await floor.bob.post(
        "/api/sintering/furnace-plan/pins", json=pin, headers={"idempotency-key": "pinned-by-bob"}
    )
    assert by_bob.status_code == 201, by_bob.text
    await expect(page.get_by_text(f"Version {by_bob.json()['version']}").first).to_be_visible()
    await page.mouse.up()
    alert = page.get_by_role("region", name="Plan and runs").get_by_role("alert")
    await expect(alert).to_contain_text(f"pinned to {gas['equipment_id']} by Bob (bob)")
    changes = page.get_by_role("region", name="Last changes")
    await expect(changes).to_contain_text("by Bob (bob)")
    assert (await floor.load_of("POWDER"))["pin_id"] is None
    await drag(page, calcine, to - row_of(load))  # of the plan as it is now
    await page.mouse.up()
    await expect(calcine).to_have_accessible_name(re.compile(f"pinned by Ada.*furnace-{to + 1}"))
    await page.close()


async def test_a_move_by_finger_that_is_only_tried_is_shown_beside_the_plan_in_force(
    floor: Floor,
) -> None:
    page = await floor.screen()
    anneal = bar(page, "anneal")
    await page.get_by_role("button", name="Only try").tap()
    load, before = await floor.load_of("GAS"), await floor.plan()
    to = 0 if row_of(load) == 2 else 2
    x, y = await middle(anneal)
    finger = await floor.context.new_cdp_session(page)
    for kind, at in (
        ("touchStart", y),
        ("touchMove", y + (to - row_of(load)) * ROW_PX / 2),
        ("touchMove", y + (to - row_of(load)) * ROW_PX),
        ("touchEnd", None),
    ):
        points = [] if at is None else [{"x": x, "y": at}]
        await finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    other = page.get_by_role("group", name="Plan as it would be")
    tried = other.get_by_role("button", name=re.compile(rf"^anneal\b.*, planned, furnace-{to + 1}"))
    await expect(tried).to_be_visible()
    await expect(page.get_by_role("region", name="Both plans compared")).to_contain_text("kWh")
    now = await floor.plan()
    assert (now["version"], row_of(await floor.load_of("GAS"))) == (before["version"], row_of(load))
    await page.get_by_text("Forget 1 tried moves").tap()
    await expect(other).to_have_count(0)
    await page.get_by_role("combobox", name="Furnace away").select_option("furnace-1")
    await expect(other).to_be_visible()
    await page.close()


async def test_places_and_marks_are_entered_on_the_page_of_a_load(floor: Floor) -> None:
    plant = floor.plant
    offered = {item["equipment_id"]: item["signals"] for item in await stations(plant)}
    assert {"oxygen_ppm", "hydrogen_ratio"} <= set(offered[FURNACES[0]])
    assert not {"oxygen_ppm", "hydrogen_ratio"} & set(offered[FURNACES[1]])  # has air alone
    opened = {"equipment_id": FURNACES[0], "version": 2, "closed": [], "source": "test"}
    taught = await plant.post("/master-data", {"furnace_calendars": [opened]})
    assert taught.status_code == 201, taught.text
    await plant.release(waiting(plant, "BAKE", "bake", pellets("BAKE", 10)))
    await until_in_force(plant, "BAKE")
    first = {
        "version": (await floor.plan())["version"],
        "equipment_id": FURNACES[0],
        "job_order_ids": ["BAKE"],
    }
    pinned = await plant.post("/furnace-plan/pins", first)  # before all that is pinned for later
    assert pinned.status_code == 201, pinned.text
    given: FurnaceLoadPlanned = await plant.until(
        FurnaceLoadPlanned, lambda event: event.job_order_ids == ("BAKE",)
    )
    await plant.until(JobOrderStarted, lambda event: event.job_order_id == "BAKE")
    part = "BAKE-001"
    page = await floor.context.new_page()
    await page.goto(f"/furnaces/loads/{given.furnace_load_id}")
    seen = page.get_by_role("form", name="Where a part really stands")
    await enter(seen, "Scan the lot", part, tray=5)
    refused = page.get_by_role("alert").filter(has_text="Not taken")
    await expect(refused).to_contain_text("none of the furnace's 4 trays of 30 positions")
    await enter(seen, "Scan the lot", part, tray=4)
    row = page.get_by_role("region", name="Places").get_by_role("row").filter(has_text=part)
    await expect(row).to_contain_text("Ada (ada)")
    await expect(refused).to_have_count(0)
    await expect(seen.get_by_label("Position")).to_have_value("31")  # ready for the next scan
    aborted = await plant.post("/job-orders/BAKE/abort")
    assert aborted.status_code == 200, aborted.text
    marks = page.get_by_role("form", name="Marks of pellets")
    await enter(marks, "Scan the mark", "DM-00042", tray=4)
    await expect(row).to_contain_text("DM-00042")
    await enter(marks, "Scan the mark", "DM-00043", tray=4)
    await expect(refused).to_contain_text("DM-00042")  # a mark stays for good
    await page.close()


async def stations(plant: Bench) -> Any:
    return (await plant.get("/stations"))["items"]


async def enter(form: Locator, label: str, scanned: str, tray: int) -> None:
    """Fill tray and position 30, and scan: a scanner ends with Enter."""
    await form.get_by_label("Tray").fill(str(tray))
    await form.get_by_label("Position").fill("30")
    await form.get_by_label(label).fill(scanned)
    await form.get_by_label(label).press("Enter")
