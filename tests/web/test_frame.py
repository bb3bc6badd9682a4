"""The frame on every screen: scanner, shift and person, the panel's touch size."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.plant import Plant

CELL = "WR-SMALL-01-C01"
FIRST_PASSWORD, PASSWORD = "first-one-of-two", "chosen-at-sign-in"
FIRST_MS = 90_000.0
CELL_WITHIN_S = 300.0  # until the first cell is built
# At once, as a scanner is faster than this machine may be; True where nothing would be typed.
TYPE = """keys => keys.map(key => !document.activeElement.dispatchEvent(
    new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...key })))"""
PREFIX, SUFFIX = {"code": "KeyB", "key": "b", "ctrlKey": True}, {"code": "Enter", "key": "Enter"}
pytestmark = pytest.mark.usefixtures("begun_order")


@pytest.fixture(scope="module")
def hedy(plant: Plant) -> dict[str, str]:
    """A person of the shift, who has chosen a password."""
    given = {"login": "hedy", "name": "Hedy", "roles": ["operator"], "password": FIRST_PASSWORD}
    assert plant.http.post(f"{plant.url}/api/persons", json=given).status_code in (201, 409)
    with httpx.Client(base_url=plant.url, timeout=30.0, trust_env=False) as client:
        come = client.post("/api/session", json={"login": "hedy", "password": FIRST_PASSWORD})
        assert come.status_code == 201, come.text
        change = {"password": FIRST_PASSWORD, "new_password": PASSWORD}
        assert client.post("/api/session/password", json=change).status_code == 200
    return {"login": "hedy", "password": PASSWORD}


@pytest.fixture
def page(browser: Browser, plant: Plant, hedy: dict[str, str]) -> Iterator[Page]:
    """A tab of somebody who has signed in."""
    opened = browser.new_context(
        base_url=plant.url, locale="en-GB", viewport={"width": 1280, "height": 800}
    )
    opened.set_default_timeout(FIRST_MS)
    assert opened.request.post("/api/session", data=hedy).status == 201
    yield opened.new_page()
    opened.close()


def opened(page: Page, path: str) -> Page:
    page.goto(path)
    expect(page.locator(".live-pill")).to_have_text("Live", timeout=FIRST_MS)
    return page


def scan(page: Page, text: str) -> list[bool]:
    """Send keys as a wedge scanner does: STX as Ctrl+B, the code, CR as Enter."""
    keys = [{"code": code_of(sign), "key": sign, "shiftKey": sign.isupper()} for sign in text]
    taken: list[bool] = page.evaluate(TYPE, [PREFIX, *keys, SUFFIX])
    return taken


def code_of(sign: str) -> str:
    """Return the place of a sign on a US keyboard."""
    if sign == "-":
        return "Minus"
    return f"Digit{sign}" if sign.isdigit() else f"Key{sign.upper()}"


def test_a_scan_on_any_screen_finds_what_it_names_and_says_what_was_understood(
    page: Page, plant: Plant
) -> None:
    plant.wait_for(lambda: plant.get("/api/trace/search", text=CELL)["items"], CELL_WITHIN_S)
    opened(page, "/furnaces")
    scan(page, CELL)
    page.wait_for_url(f"**/search?search={CELL}")
    expect(page.get_by_text(f"Scanned: {CELL}")).to_be_visible()
    expect(page.get_by_role("cell", name=CELL, exact=True)).to_be_visible()


def test_a_scan_types_nothing_into_the_field_that_has_the_focus(page: Page) -> None:
    opened(page, "/cells")
    field = page.get_by_role("main").locator("input").first
    field.fill("mine")
    field.focus()
    assert page.evaluate(TYPE, [{"code": "KeyL", "key": "l"}]) == [False]  # a person types
    assert all(scan(page, "LOT-1"))
    page.wait_for_url("**/search?search=LOT-1")


def test_a_scan_means_the_places_of_keys_whatever_the_layout_of_the_panel(page: Page) -> None:
    opened(page, "/")
    german = [
        PREFIX,
        {"code": "KeyY", "key": "z"},
        {"code": "KeyZ", "key": "Y", "shiftKey": True},
        {"code": "Minus", "key": "ß"},
        {"code": "Slash", "key": "-"},
        {"code": "Digit7", "key": "7"},
        SUFFIX,
    ]
    page.evaluate(TYPE, german)
    expect(page.get_by_text("Scanned: yZ-/7")).to_be_visible()


def test_the_frame_names_person_and_shift(page: Page) -> None:
    opened(page, "/")
    banner = page.get_by_role("banner")
    expect(banner).to_contain_text("Hedy")
    expect(banner).to_contain_text("Shift ")


def test_a_panel_has_keys_of_fifteen_millimetres_and_keeps_that(page: Page) -> None:
    opened(page, "/panel")
    page.get_by_role("button", name='15.6", 1920 × 1080').click()
    opened(page, "/alarms")
    keys = page.get_by_role("group").get_by_role("button")
    expect(keys).to_have_count(3)
    heights = keys.evaluate_all("keys => keys.map(key => key.getBoundingClientRect().height)")
    assert min(heights) >= 15 * 5.56
