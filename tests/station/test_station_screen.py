"""The screen of one station in a real browser: what runs there and what can be asked of it."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from deploy.broker import Broker
from deploy.postgres import PostgresServer
from deploy.prepare import find_browser
from tests.station.gateway_floor import PASSWORD, ROOT, Plant, open_gateway

WEB_DIR = ROOT / "services/gateway/web/dist"
SOON_MS = 60_000
METHODS = ["Abort", "Pause", "Resume", "Start", "Stop", "Store"]
JOB = {
    "job_order_id": "J-1",
    "station_order_id": "S-1",
    "state": "running",
    "station_kind": "mill",
    "reason": None,
    "operation": "mill",
    "work_request_id": "W-1",
    "equipment_id": "",
    "started_at": "2026-01-05T06:00:00+00:00",
    "ended_at": None,
    "asked": None,
    "asked_by": None,
    "paused": False,
}


@dataclass(frozen=True)
class Shown:
    """The gateway, whose neighbours answer what a test sets, and a browser."""

    gateway: Plant
    browser: Browser
    mill: str

    def job(self, **changes: Any) -> None:
        """Let the mill's service say this of its job order from now on."""
        answers, job = self.gateway.peers.answers, JOB | {"equipment_id": self.mill} | changes
        answers["sintering/job-orders"] = {"items": [job]}

    def offers(self, *methods: str, missing: tuple[str, ...] = ()) -> None:
        """Let it say this of what the mill offers."""
        offer = {
            "equipment_id": self.mill,
            "endpoint": "opc.tcp://192.0.2.1:4840",
            "connected": True,
            "trouble": None,
            "identification": {"Manufacturer": "Mills & Sons"},
            "offers": list(methods),
            "signals": [],
            "most_jobs": 1,
            "missing": list(missing),
            "unusable": None,
        }
        self.gateway.peers.answers["sintering/stations"] = {"items": [offer]}

    @property
    def asked(self) -> list[tuple[str, str]]:
        """What reached the mill's service, and in whose name."""
        return [(one["path"], unquote(one["person"])) for one in self.gateway.peers.given]

    async def screen(self, login: str) -> Page:
        """Sign a person in and show the mill."""
        context = await self.browser.new_context(base_url=self.gateway.url, locale="en-GB")
        context.set_default_timeout(SOON_MS)
        given = {"login": login, "password": PASSWORD}
        assert (await context.request.post("/api/session", data=given)).status == 201
        page = await context.new_page()
        await page.goto(f"/stations/{self.mill.replace('/', '%2F')}")
        return page


@pytest.fixture(scope="module")
async def shown(
    postgres_server: PostgresServer, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shown]:
    found = find_browser()
    if found is None or not (WEB_DIR / "index.html").exists():
        pytest.skip("no chromium or no built app; python -m deploy.prepare says how to get both")
    database = f"gateway_{uuid.uuid4().hex[:8]}"
    postgres_server.ensure_database(database)
    expect.set_options(timeout=SOON_MS)
    folder = tmp_path_factory.mktemp("gateway")
    async with (
        open_gateway(postgres_server.url(database), broker, folder, web_dir=WEB_DIR) as gateway,
        gateway.person("ada", "Ada", "operator"),
        gateway.person("vic", "Vic", "viewer"),
        async_playwright() as tools,
        await tools.chromium.launch(
            executable_path=found.path, args=["--no-sandbox", "--disable-gpu"]
        ) as browser,
    ):
        yield Shown(gateway, browser, f"{gateway.peers.site}/powder/milling/mill-1")
    postgres_server.drop_database(database)


async def test_what_an_operator_asks_of_a_job_is_pending_until_the_station_has_done_it(
    shown: Shown,
) -> None:
    shown.job()
    shown.offers(*METHODS)
    page = await shown.screen("ada")
    await page.get_by_role("button", name="Pause", exact=True).click()
    waits = page.get_by_text("Pause, asked by Ada: waits for the station")
    shown.job(asked="pause", asked_by="Ada")
    await expect(waits).to_be_visible()
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    shown.job(state="interrupted", paused=True, reason="paused by Ada")
    await expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    await expect(waits).to_have_count(0)
    await page.get_by_role("button", name="Abort", exact=True).click()
    sure = page.get_by_role("group", name="Give it up for good?")
    await sure.get_by_role("button", name="No, let it go on").click()
    await page.get_by_role("button", name="Resume", exact=True).click()
    shown.job()
    await page.get_by_role("button", name="Stop", exact=True).click()
    sure = page.get_by_role("group", name="End it now with what is done so far?")
    refused = {"code": "ConflictError", "detail": "job order J-1 is ended; it can stop no more"}
    shown.gateway.peers.status["sintering/job-orders/J-1/stop"] = 409
    shown.gateway.peers.answers["sintering/job-orders/J-1/stop"] = refused
    await sure.get_by_role("button", name="Stop", exact=True).click()
    await expect(page.get_by_text("it can stop no more")).to_be_visible()
    asked = [f"sintering/job-orders/J-1/{what}" for what in ("pause", "resume", "stop")]
    assert shown.asked == [(path, "Ada (ada)") for path in asked]
    await page.context.close()


async def test_a_job_that_its_station_has_lost_is_given_up_where_it_has_no_abort(
    shown: Shown,
) -> None:
    lost = {"state": "interrupted", "reason": "J-1 is not known there"}
    shown.job(**lost, started_at=None)
    shown.offers("Start", "Store")
    page = await shown.screen("ada")
    again = page.get_by_role("button", name="Start again", exact=True)
    await expect(again).to_be_visible()
    await expect(page.get_by_role("button", name="Abort", exact=True)).to_have_count(0)
    shown.job(**lost)
    await page.reload()
    await page.get_by_role("button", name="Abort", exact=True).click()
    sure = page.get_by_role("group", name="Give it up for good?")
    await sure.get_by_role("button", name="Abort", exact=True).click()
    await expect(sure).to_have_count(0)
    assert shown.asked[-1] == ("sintering/job-orders/J-1/abort", "Ada (ada)")
    await page.context.close()


async def test_a_station_shows_what_it_lacks_and_no_button_for_it(shown: Shown) -> None:
    shown.job()
    shown.offers("Abort", "Start", "Stop", "Store", missing=("no Pause: a job cannot be paused",))
    page = await shown.screen("ada")
    await expect(page.get_by_text("no Pause: a job cannot be paused")).to_be_visible()
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(0)
    await page.context.close()


async def test_who_may_only_look_is_told_so_in_place_of_buttons(shown: Shown) -> None:
    shown.job()
    shown.offers(*METHODS)
    page = await shown.screen("vic")
    await expect(page.get_by_text("You may look at job orders but not pause")).to_be_visible()
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    await page.context.close()
