"""Every screen of the app in its languages, themes and sizes: axe, clipped text, errors, requests.

The paths come from the app's own table of screens, so a new screen is opened here by itself.
HALITE_SCREENS=all opens each screen in each language, theme and size, instead of a square of them.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.plant import ROOT, Plant

WEB = ROOT / "services/gateway/web"
AXE = WEB / "node_modules/axe-core/axe.min.js"
CELL, PELLETS = "WR-SMALL-01-C01", "WR-SMALL-01-PEL"
NOBODY = "NO-SUCH-ID"  # a screen without its record says so, which is a state as well
PLACE = re.compile(r":\w+")
PASSWORDS = ("first-one-of-two", "chosen-at-sign-in")
PANEL, DESK = (1280, 800), (1920, 1080)
FIRST_MS, SCREEN_MS = 90_000.0, 60_000.0
LANGUAGES, THEMES, SIZES = ("en", "de", "zh"), ("light", "dark"), (PANEL, DESK)
# Each language, theme and size at least once; the pseudo-locale stands on the small panel.
SQUARE = (("en", "light", PANEL), ("de", "dark", PANEL), ("zh", "light", DESK))
VIEWS = (
    tuple(product(LANGUAGES, THEMES, SIZES))
    if os.environ.get("HALITE_SCREENS") == "all"
    else SQUARE
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PADDING = "ẍ"
TEXT = re.compile(r'("[a-z_]+\.[a-zA-Z0-9_.]+":)(`[^`]*`|"(?:[^"\\]|\\.)*")')
RUN_AXE = """rules => axe.run(document, {
    runOnly: rules, resultTypes: ['violations'], elementRef: false,
}).then(found => found.violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(
    n => n.target.join(' ')).join(' | ')}`))"""
# Text of the app, not of the plant, that a box cuts off. Down, a box may scroll; sideways only one
# that the keyboard reaches, as tables do.
FIND_CLIPPED = """mark => {
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walk.nextNode(); text; text = walk.nextNode()) {
        if (!text.data.includes(mark)) continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const box = range.getBoundingClientRect();
        const parent = text.parentElement;
        if (box.width === 0 || parent.closest('.visually-hidden, [aria-expanded]')) continue;
        let [scrollsX, scrollsY] = [false, false];
        for (let up = parent; up && up !== document.body; up = up.parentElement) {
            const { overflowX, overflowY } = getComputedStyle(up);
            const edge = up.getBoundingClientRect();
            const [cutX, cutY] = [overflowX, overflowY].map(way => /hidden|clip/.test(way));
            const beside = box.right > edge.right + 1 || box.left < edge.left - 1;
            const below = box.bottom > edge.bottom + 1 || box.top < edge.top - 1;
            const slides = /auto|scroll/.test(overflowX) && up.tabIndex >= 0;
            if ((!scrollsX && beside && (cutX || (/auto/.test(overflowX) && !slides)))
                || (!scrollsY && below && cutY)) {
                found.push(`cut: ${text.data.slice(0, 60)}`);
                break;
            }
            scrollsX ||= slides;
            scrollsY ||= /auto|scroll/.test(overflowY);
        }
        if (!scrollsX && box.right > innerWidth + 1) {
            found.push(`beyond the page: ${text.data.slice(0, 60)}`);
        }
    }
    if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
    return found;
}"""
OPEN = """path => {
    history.pushState({ idx: history.length, key: path, usr: null }, '', path);
    dispatchEvent(new PopStateEvent('popstate', { state: history.state }));
}"""
pytestmark = pytest.mark.usefixtures("begun_order")


@dataclass
class Watched:
    """A tab with what it asked for and complained of."""

    page: Page
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).netloc))

    def _hear(self, said: Any) -> None:
        asked = said.location.get("url", "")
        if said.type == "error" and NOBODY not in asked:
            self.errors.append(f"{said.text} {asked}")

    def open(self, path: str) -> None:
        """Go to a screen without loading the app again, and wait until it is drawn."""
        self.page.evaluate(OPEN, path)
        expect(self.page.locator("main")).not_to_be_empty(timeout=SCREEN_MS)
        expect(self.page.locator("main .skeleton")).to_have_count(0, timeout=SCREEN_MS)


def paths() -> list[str]:
    """Return the path of every screen as the app's table has it."""
    table = (WEB / "src/app/screens.tsx").read_text()
    return re.findall(r"\{ path: '([^']+)', screen:", table)


@pytest.fixture(scope="module")
def addresses(plant: Plant) -> dict[str, str]:
    """Return by path an address that has something to show."""
    loads = plant.get("/api/sintering/furnace-loads")["items"]
    known = {
        ":cellId": CELL,
        ":lotId": PELLETS,
        ":loadId": loads[0]["furnace_load_id"],
        ":chartId": "nvp-thickness",
    }
    return {path: PLACE.sub(lambda place: known.get(place[0], NOBODY), path) for path in paths()}


@pytest.fixture(scope="module")
def grace(plant: Plant) -> dict[str, str]:
    """Somebody who may see and do everything, and has chosen a password."""
    roles = ["operator", "planner", "engineer", "quality", "maintenance", "administrator"]
    first, chosen = PASSWORDS
    given = {"login": "grace", "name": "Grace Hopper", "roles": roles, "password": first}
    assert plant.http.post(f"{plant.url}/api/persons", json=given).status_code in (201, 409)
    with httpx.Client(base_url=plant.url, timeout=30.0, trust_env=False) as client:
        come = client.post("/api/session", json={"login": "grace", "password": first})
        assert come.status_code == 201, come.text
        change = {"password": first, "new_password": chosen}
        assert client.post("/api/session/password", json=change).status_code == 200
    return {"login": "grace", "password": chosen}


@pytest.fixture
def tab(browser: Browser, plant: Plant, grace: dict[str, str]) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=plant.url, locale="en-GB", reduced_motion="reduce")
    opened.set_default_timeout(SCREEN_MS)
    assert opened.request.post("/api/session", data=grace).status == 201
    yield opened
    opened.close()


def started(tab: BrowserContext, language: str, theme: str, size: tuple[int, int]) -> Watched:
    """Load the app as somebody who chose language and theme before."""
    tab.add_init_script(
        f"localStorage.setItem('halite.language', '{language}');"
        f"localStorage.setItem('halite.theme', '{theme}')"
    )
    page = tab.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    watched = Watched(page)
    page.goto("/")
    expect(page.locator(".live-pill:not(.live-pill-stale)")).to_be_visible(timeout=FIRST_MS)
    page.evaluate(AXE.read_text())
    return watched


@pytest.mark.parametrize(
    ("language", "theme", "size"), VIEWS, ids=lambda value: str(value).replace(", ", "x")
)
def test_every_screen_is_accessible_silent_and_asks_no_other_host(
    tab: BrowserContext,
    plant: Plant,
    addresses: dict[str, str],
    language: str,
    theme: str,
    size: tuple[int, int],
) -> None:
    watched = started(tab, language, theme, size)
    wrong: list[str] = []
    for path, address in addresses.items():
        watched.open(address)
        wrong += [f"{path}: {said}" for said in watched.page.evaluate(RUN_AXE, RULES)]
        wrong += [f"{path}: {said}" for said in watched.errors]
        watched.errors.clear()
    assert wrong == []
    assert watched.hosts == {urlsplit(plant.url).netloc}
    assert watched.page.locator("html").get_attribute("lang") == language


def test_no_text_is_cut_off_when_every_text_is_a_third_longer(
    tab: BrowserContext, addresses: dict[str, str]
) -> None:
    lengthened: list[int] = []

    def lengthen(route: Route) -> None:
        answer = route.fetch()
        text, count = TEXT.subn(longer, answer.text())
        lengthened.append(count)
        route.fulfill(response=answer, body=text)

    tab.route(re.compile(r"/assets/en-[\w-]+\.js"), lengthen)
    watched = started(tab, "en", "light", PANEL)
    assert sum(lengthened) > 500
    wrong = [
        f"{path}: {said}"
        for path, address in addresses.items()
        for said in (watched.open(address), *watched.page.evaluate(FIND_CLIPPED, PADDING))
        if said is not None
    ]
    assert wrong == []


def longer(found: re.Match[str]) -> str:
    """Return a text of the table a third longer, as German is; what is filled in stays."""
    key, value = found.groups()
    quote, words = value[0], value[1:-1]
    extra = max(1, round(len(re.sub(r"\{\w+\}", "", words)) * 0.3))
    return f"{key}{quote}{words}{PADDING * min(extra, 12)}{quote}"


def test_the_table_of_screens_is_read_as_it_stands() -> None:
    found = paths()
    assert len(found) == (WEB / "src/app/screens.tsx").read_text().count("screen: lazy(")
    assert found[0] == "/" and len(set(found)) == len(found)
    assert Path(AXE).is_file(), "make web installs axe-core beside the app's other packages"
