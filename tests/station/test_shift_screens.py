"""An operator's shift in a real browser: alarms, stops, and the handover at its end."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from deploy.broker import Broker
from deploy.postgres import PostgresServer
from deploy.prepare import find_browser
from shared.events import EquipmentStateChanged
from tests.plant import ROOT
from tests.station.gateway_floor import PASSWORD, Plant, open_gateway, until

WEB_DIR = ROOT / "services/gateway/web/dist"
SOON_MS = 60_000


@dataclass(frozen=True)
class Floor:
    """A gateway whose spray stations stand, and Ada at a panel."""

    plant: Plant
    page: Page


@pytest.fixture(scope="module")
async def running(
    postgres_server: PostgresServer, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Plant, Browser]]:
    found = find_browser()
    if found is None or not (WEB_DIR / "index.html").exists():
        pytest.skip("no chromium or no built app; python -m deploy.prepare says how to get both")
    expect.set_options(timeout=SOON_MS)
    database = f"gateway_{uuid.uuid4().hex[:8]}"
    postgres_server.ensure_database(database)
    folder = tmp_path_factory.mktemp("gateway")
    async with (
        open_gateway(
            postgres_server.url(database), broker, folder, web_dir=WEB_DIR, within_s=500
        ) as plant,
        plant.person("ada", "Ada", "operator"),
        plant.person("bob", "Bob", "operator"),
        async_playwright() as tools,
        await tools.chromium.launch(
            executable_path=found.path, args=["--no-sandbox", "--disable-gpu"]
        ) as browser,
    ):
        plant.peers.answers |= {
            "execution/wip": {"items": []},
            "execution/work-requests": {"items": []},
            "execution/holds": {"items": []},
            "execution/time-limits": {"items": []},
        }
        await stop_spraying(plant)
        yield plant, browser


@pytest.fixture
async def floor(running: tuple[Plant, Browser]) -> AsyncIterator[Floor]:
    plant, browser = running
    async with await browser.new_context(
        base_url=plant.url, locale="en-GB", viewport={"width": 1280, "height": 800}
    ) as context:
        context.set_default_timeout(SOON_MS)
        login = {"login": "ada", "password": PASSWORD}
        assert (await context.request.post("/api/session", data=login)).status == 201
        yield Floor(plant, await context.new_page())


async def stop_spraying(plant: Plant) -> None:
    """Let both spray stations stop; the second one is for tests that answer its alarm or stop."""
    now = datetime.fromisoformat((await plant.http.get("/api/alarm-list")).json()["plant_time"])
    stopped = [
        EquipmentStateChanged(
            equipment_id=equipment_id,
            state="unscheduled_down",
            data_quality="good",
            reason=reason,
            changed_at=now - timedelta(minutes=3),
        )
        for equipment_id, reason in ((plant.eap, "door open"), (second(plant), "no vacuum"))
    ]
    await plant.peers.say("spray", *stopped)

    async def listed() -> dict[str, object]:
        return dict((await plant.http.get("/api/alarm-list")).json())

    await until(listed, "items", lambda items: len(items) == 2)


def second(plant: Plant) -> str:
    return plant.eap.replace("eap-1", "eap-2")


async def test_an_alarm_is_shelved_with_a_reason_for_a_time_and_leaves_the_list(
    floor: Floor,
) -> None:
    page = floor.page
    await page.goto("/alarms")
    row = page.locator(".alarm-row").filter(has_text="eap-2")
    await row.get_by_role("button", name="Shelve …").click()
    form = row.locator(".hide-form")
    await form.get_by_role("button", name="Shelve", exact=True).click()
    await expect(form.get_by_role("alert")).to_contain_text("at least three letters")
    await form.get_by_label("Reason").fill("spare part comes at noon")
    await form.get_by_label("For how long").select_option("60")
    await form.get_by_role("button", name="Shelve", exact=True).click()
    await page.get_by_role("button", name="Hidden (1)").click()
    await expect(row).to_contain_text("Shelved")
    await expect(row).to_contain_text("Ada (ada): spare part comes at noon")
    items = (await floor.plant.http.get("/api/alarm-list")).json()["items"]
    [alarm] = [item for item in items if item["source"] == second(floor.plant)]
    assert (alarm["state"], alarm["hidden_by"]) == ("shelved", "Ada (ada)")


async def test_a_stop_gets_its_reason_with_one_tap(floor: Floor) -> None:
    page = floor.page
    await page.goto("/losses")
    asked = page.get_by_role("group", name=f"Why did {second(floor.plant)} stop?")
    await asked.get_by_role("button", name="Mechanical").click()
    stops = page.get_by_role("region", name="Unscheduled stops").get_by_role("row")
    await expect(stops.filter(has_text="eap-2")).to_contain_text("Mechanical · Ada (ada)")


async def test_a_shift_answers_its_alarm_hands_over_and_the_coming_person_takes_over(
    floor: Floor,
) -> None:
    page = floor.page
    await page.goto("/")
    await page.locator("header").get_by_role("button", name="Acknowledge").click()
    await page.get_by_role("link", name="Handover").click()
    lost = page.get_by_role("region", name="Stops without a reason").first
    await expect(lost).to_contain_text("door open")
    await expect(page.get_by_text("Not all could be read")).to_contain_text("exposures: ")
    await page.get_by_role("textbox", name="Notes").fill("The door of EAP 1 sticks.")
    await page.get_by_role("button", name="Hand the shift over").click()
    await expect(page.get_by_text("Nobody has taken over")).to_be_visible()
    await take_over(page, "ada")
    await expect(page.get_by_role("alert")).to_contain_text("another person must take it over")
    await take_over(page, "bob")
    await expect(page.locator("main")).to_contain_text("Bob (bob)")
    await expect(page.get_by_role("button", name="I take over")).to_have_count(0)
    [kept] = (await floor.plant.http.get("/api/handovers")).json()["items"]
    assert (kept["person"], kept["taken_by"]) == ("Ada (ada)", "Bob (bob)")
    assert kept["record"]["notes"] == "The door of EAP 1 sticks."
    assert any(item.startswith("exposures: ") for item in kept["record"]["missing"])


async def take_over(page: Page, login: str) -> None:
    await page.get_by_label("Login").fill(login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="I take over").click()


async def test_the_wallboard_stands_alone_and_says_when_it_is_old(floor: Floor) -> None:
    page = floor.page
    await page.goto("/wallboard")
    await expect(page.get_by_text("Station down").first).to_be_visible()
    await expect(page.get_by_role("navigation")).to_have_count(0)
    await expect(page.locator(".live-pill")).to_have_text("Live")
    await page.get_by_role("link", name="Back to the screens").click()
    await expect(page.get_by_role("navigation", name="Screens")).to_be_visible()


async def test_on_a_panel_keys_that_command_are_20_mm_and_buttons_speak_chinese(
    floor: Floor,
) -> None:
    page = floor.page
    await page.add_init_script(
        "localStorage.setItem('halite.panel', 'panel_12');"
        "localStorage.setItem('halite.language', 'zh')"
    )
    await page.goto("/handover")
    send = page.locator("button.submit-button")
    await expect(send).to_be_visible()
    box = await send.bounding_box()
    assert box is not None and box["height"] >= 98  # 20 mm on 12.1 inches of 1280 x 800
    await page.goto("/losses")
    family = await page.locator(".button").first.evaluate("one => getComputedStyle(one).fontFamily")
    assert family.startswith('"Noto Sans SC Variable"')
