"""Racks, a channel, a test with its grade, and packs in a real browser over real services."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Locator, Page, async_playwright, expect

from deploy.broker import Broker
from deploy.postgres import PostgresServer
from deploy.prepare import find_browser
from services.formation import store
from services.formation.domain import GradeBin, Grading
from services.formation.main import build
from services.formation.protocol import formation_protocol
from services.formation.settings import FormationSettings
from shared.clock import write_clock
from shared.events import CellGraded, JobOrderReleased, JobOrderStarted
from simulators.channels import Bench as Channels
from simulators.tester import BtsServer, read_tester
from tests.plant import ROOT
from tests.station.bench import Bench, Ground, bench, job_order, lot
from tests.station.gateway_floor import PASSWORD, open_gateway
from tests.station.tester_floor import POUCH

WEB_DIR = ROOT / "services/gateway/web/dist"
TESTER = "pilot/formation/cycling/tester-1"
SOON_MS = 60_000
PROTOCOL = formation_protocol(record_interval_s=60.0).model_copy(update={"status": "released"})
GRADING = Grading(
    product_id="nfm-pouch-1ah",
    version=1,
    nominal_capacity_mah=1100.0,
    reference_cycle=2,
    bins=(GradeBin(grade="A", capacity_min_ratio=1.0, efficiency_min_ratio=0.99),),
    otherwise="C",
    source="test",
)


@dataclass(frozen=True)
class Screens:
    """Formation with a tester, behind the gateway, and a browser of somebody of quality."""

    formation: Bench
    context: BrowserContext

    async def open(self, path: str) -> Page:
        page = await self.context.new_page()
        await page.goto(path)
        return page


def cell_order(number: int) -> JobOrderReleased:
    return job_order(
        f"J{number}",
        "tester",
        PROTOCOL.protocol_id,
        [lot(f"CELL-{number}", "cell", "processed")],
        service="formation",
        operation="formation",
        parameters={"capacity_mah": 1000.0},
    )


@pytest.fixture(scope="module")
async def screens(
    bench_ground: Ground,
    postgres_server: PostgresServer,
    broker: Broker,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Screens]:
    """One cell that was graded, and one whose test runs and stands still."""
    found = find_browser()
    if found is None or not (WEB_DIR / "index.html").exists():
        pytest.skip("no chromium or no built app; python -m deploy.prepare says how to get both")
    folder = tmp_path_factory.mktemp("formation")
    database = f"gateway_{uuid.uuid4().hex[:8]}"
    postgres_server.ensure_database(database)
    expect.set_options(timeout=SOON_MS)
    async with (
        bench(
            "formation",
            lambda values, parts: build(
                FormationSettings(**values, share_dir=folder / "share"), parts
            ),
            bench_ground,
            folder,
            idle=("rack-1", "analyser-1"),
        ) as plant,
        tester(plant, folder),
        async_playwright() as tools,
    ):
        await run_tests(plant)
        clock_file = tmp_path_factory.mktemp("clock") / "clock.json"
        write_clock(clock_file, plant.service.clock)
        async with (
            open_gateway(
                postgres_server.url(database),
                broker,
                tmp_path_factory.mktemp("gateway"),
                real={"formation": str(plant.http.base_url)},
                web_dir=WEB_DIR,
                clock_file=clock_file,
                within_s=500,
            ) as gateway,
            gateway.person("ada", "Ada", "quality", "maintenance", "operator"),
            await tools.chromium.launch(
                executable_path=found.path, args=["--no-sandbox", "--disable-gpu"]
            ) as browser,
            await browser.new_context(
                base_url=gateway.url, locale="en-GB", viewport={"width": 1280, "height": 1200}
            ) as context,
        ):
            context.set_default_timeout(SOON_MS)
            login = {"login": "ada", "password": PASSWORD}
            assert (await context.request.post("/api/session", data=login)).status == 201
            yield Screens(plant, context)


class tester:  # noqa: N801 - used as a block
    """The simulated tester of a bench while the block lasts."""

    def __init__(self, plant: Bench, folder: Path) -> None:
        config, host, port = read_tester(folder / "plant.toml")
        now = plant.service.clock.now
        self._channels = Channels(config, folder / "tester.sqlite", plant.world, now)
        self._server = BtsServer(self._channels, host, port)

    async def __aenter__(self) -> None:
        await self._server.start()

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()
        self._channels.close()


async def run_tests(plant: Bench) -> None:
    """Let one cell be tested and graded and the next one begin; then plant time stands still."""
    plant.world.update_many({"CELL-1": POUCH, "CELL-2": POUCH})
    async with plant.service.database.begin() as tx:
        await store.add_protocol(tx, PROTOCOL)
        await store.add_grading(tx, GRADING)
    await plant.release(cell_order(1))
    await plant.until(CellGraded, lambda event: event.lot_id == "CELL-1")
    await plant.release(cell_order(2))
    await plant.until(JobOrderStarted, lambda event: event.job_order_id == "J2")
    plant.time.hold()
    entry = {
        "equipment_id": TESTER,
        "channel": "1-15-1",
        "entry": "drift_found",
        "by": "Ada",
        "note": "against the shunt",
        "drift_ratio": 0.001,
    }
    assert (await plant.post("/channel-entries", entry)).status_code == 201


def table(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True).get_by_role("table")


async def test_rack_shows_what_runs_and_leads_to_the_test(screens: Screens) -> None:
    page = await screens.open("/racks")
    await expect(page.get_by_text("1 of 160 at work")).to_be_visible()
    row = table(page, "Channels").get_by_role("row").filter(has_text="CELL-2")
    await expect(row).to_contain_text("At work")
    await expect(row).to_contain_text(f"{PROTOCOL.protocol_id} v1")
    await expect(row.get_by_role("cell").nth(4)).to_contain_text("V")
    await row.get_by_role("link").first.click()
    await expect(page.get_by_role("heading", name="Test J2")).to_be_visible()
    await page.close()


async def test_blocked_channel_leads_to_its_page_with_range_and_history(screens: Screens) -> None:
    page = await screens.open("/racks")
    await page.get_by_role("button", name="Blocked (1)").click()
    row = table(page, "Channels").get_by_role("row").nth(1)
    await expect(row).to_contain_text("drift 0.100% of full scale, limit 0.020%")
    await row.get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Channel 1-15-1", level=1)).to_be_visible()
    await expect(page.get_by_text("Out of service: drift 0.100%")).to_be_visible()
    await expect(page.get_by_text("0.1\u00a0mA")).to_be_visible()
    line = table(page, "History of the channel").get_by_role("row").nth(1)
    await expect(line).to_contain_text("Drift found")
    await expect(line).to_contain_text("0.100% of full scale")
    await expect(line).to_contain_text("against the shunt")
    await page.close()


async def test_grade_is_shown_with_its_reason_and_can_be_given_anew(screens: Screens) -> None:
    page = await screens.open("/racks/tests/J1")
    grades = table(page, "Grades")
    await expect(grades.get_by_role("row")).to_have_count(2)
    await expect(grades.get_by_role("row").nth(1)).to_contain_text("limit 1100 mAh")
    await expect(table(page, "Cycles").first.get_by_role("row")).to_have_count(3)
    await page.get_by_label("Why grade anew").fill("the limit was that of another product")
    await page.get_by_role("button", name="Grade anew").click()
    await expect(grades.get_by_role("row")).to_have_count(3)
    await expect(grades.get_by_role("row").nth(1)).to_contain_text("Ada")
    await page.get_by_role("link", name="1-1-1", exact=True).click()
    await expect(page.get_by_role("heading", name="Channel 1-1-1", level=1)).to_be_visible()
    await expect(table(page, "Newest tests").get_by_role("row")).to_have_count(3)
    await page.close()


async def test_packs_are_offered_for_the_recipes_that_cells_have(screens: Screens) -> None:
    page = await screens.open("/packs")
    await expect(page.get_by_text(PROTOCOL.protocol_id).first).to_be_attached()
    await expect(page.get_by_text("nothing is reserved")).to_be_visible()
    await page.close()


async def test_a_running_test_is_stopped_with_a_second_press(screens: Screens) -> None:
    page = await screens.open("/racks/tests/J2")
    intervene = page.get_by_role("region", name="Intervene in the test")
    await intervene.get_by_role("button", name="Stop", exact=True).click()
    sure = intervene.get_by_role("group", name="End it now with what is done so far?")
    await sure.get_by_role("button", name="Stop", exact=True).click()
    await expect(page.get_by_text("Stopped: asked by Ada (ada)").first).to_be_visible()
    await expect(intervene).to_have_count(0)
    await expect(page.get_by_text("Stopped early").first).to_be_visible()
    await page.close()
