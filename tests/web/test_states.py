"""Every screen in each state: loading, empty, error, partial, no permission, stale.

The browser gets the app from its build and every answer from here, so that each state can be had
at will; whether real answers look like these, the tests with a plant say.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from tests.plant import ROOT
from tests.web.calm import NOBODY, OVERVIEW, STATION, answer_to, caller

WEB = ROOT / "services/gateway/web"
HOME = "http://plant.test"
FRAME = "/api/overview"  # the header asks it on every screen; the banner answers for it
PLACE = re.compile(r":\w+")
MAY = ("operate", "plan", "engineer", "decide", "maintain", "administer")
# An error that is not asked again at once, so that nobody waits for the second and third try.
FAILED, FORBIDDEN = 422, 403
DRAWN_MS, WARNED_MS = 20_000.0, 10_000.0
READ_ONCE = {"/api/trace/views"}  # is not asked again, as it does not change
ALONE = "/wallboard"  # has no banner of alarms
Mood = Literal["well", "slow", "refusing"]
OPEN = """path => {
    history.pushState({ idx: history.length, key: path, usr: null }, '', path);
    dispatchEvent(new PopStateEvent('popstate', { state: history.state }));
}"""
LOOK = """() => {
    const main = document.querySelector('main');
    const count = what => main.querySelectorAll(what).length;
    return {
        waiting: count('.skeleton'),
        calm: count('.none'),
        unsure: document.querySelector('.alarm-banner-unsure') !== null,
        words: main.innerText.trim(),
    };
}"""


def screens() -> dict[str, str]:
    """Return an address for each screen of the app's table, by its path."""
    table = (WEB / "src/app/screens.tsx").read_text()
    known = {":equipmentId": STATION.replace("/", "%2F"), ":channel": f"{NOBODY}?equipment=tester"}
    paths = re.findall(r"\{ path: '([^']+)', screen:", table)
    return {path: PLACE.sub(lambda place: known.get(place[0], NOBODY), path) for path in paths}


SCREENS = screens()


@dataclass
class Plant:
    """All that the browser hears. broken: the one path that fails while all others answer."""

    page: Page
    mood: Mood = "well"
    broken: str | None = None
    asked: set[str] = field(default_factory=set)
    held: list[Route] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.route(f"{HOME}/**", self._serve)
        self.page.route_web_socket(re.compile(r"/api/live$"), self._link)

    def _serve(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/api/"):
            self._answer(route, path)
            return
        file = WEB / "dist" / path.lstrip("/")
        route.fulfill(path=file if file.is_file() else WEB / "dist/index.html")

    def _answer(self, route: Route, path: str) -> None:
        if path == "/api/session":
            route.fulfill(json={"caller": caller(MAY), "oidc": None})
            return
        self.asked.add(path)
        if path == self.broken:
            route.fulfill(status=FAILED, json={"detail": f"{path} cannot be read"})
        elif self.mood == "refusing":
            route.fulfill(status=FORBIDDEN, json={"detail": "needs the permission read"})
        elif self.mood == "well":
            route.fulfill(json=answer_to(path))
        else:
            self.held.append(route)

    def _link(self, socket: WebSocketRoute) -> None:
        socket.on_message(lambda _: self._speak(socket))

    def _speak(self, socket: WebSocketRoute) -> None:
        """Push the overview once, as far as anything is answered, and then fall silent."""
        if self.mood == "well" and self.broken is None:
            pushed = {"type": "snapshot", "topic": "overview", "seq": 1, "data": OVERVIEW}
            socket.send(json.dumps(pushed))

    def enter(self, mood: Mood) -> None:
        """Load the app, in which nothing is kept from before."""
        self.mood = mood
        self.page.goto("/no-such-screen")
        expect(self.page.locator("main")).to_contain_text("There is no such screen")

    def open(self, address: str) -> dict[str, Any]:
        """Go to a screen, wait until it has drawn what it will get, and say how it looks."""
        self.page.evaluate(OPEN, "/no-such-screen")
        expect(self.page.locator("main")).to_contain_text("There is no such screen")
        self.asked.clear()
        self.page.evaluate(OPEN, address)
        expect(self.page.locator("main")).not_to_contain_text("There is no such screen")
        if self.mood == "slow":
            expect(self.page.locator("main h1, main .skeleton").first).to_be_attached()
        else:
            expect(self.page.locator("main .skeleton")).to_have_count(0, timeout=DRAWN_MS)
        looked: dict[str, Any] = self.page.evaluate(LOOK)
        return looked

    def warns_of(self, path: str) -> bool:
        """Say whether the screen comes to tell that a path failed; its answer may be on its way."""
        told = re.compile(f"{re.escape(path)} cannot be read|{FAILED}")
        try:
            expect(self.page.locator("main")).to_contain_text(told, timeout=WARNED_MS)
        except AssertionError:
            return False
        return True

    @property
    def own(self) -> list[str]:
        """What the screen itself asked, without what the frame asks."""
        return sorted(self.asked - {FRAME})


@pytest.fixture
def plant(browser: Browser) -> Iterator[Plant]:
    """A plant of its own, in a tab in which nothing was read yet."""
    if not (WEB / "dist/index.html").is_file():
        pytest.skip("the web app is not built; make web builds it")
    context = browser.new_context(base_url=HOME, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(DRAWN_MS)
    context.add_init_script("localStorage.setItem('halite.language', 'en')")
    found = Plant(context.new_page())
    yield found
    for route in found.held:
        route.abort()
    context.close()


def crashed(seen: dict[str, Any]) -> bool:
    return "This screen has failed" in seen["words"]


def test_no_screen_says_that_there_is_nothing_before_it_knows(plant: Plant) -> None:
    plant.enter("slow")
    wrong = []
    for path, address in SCREENS.items():
        seen = plant.open(address)
        if seen["calm"] or (plant.own and not seen["waiting"]):
            wrong.append(f"{path} while it waits for {plant.own}: {seen['words'][:200]!r}")
    assert not wrong, "\n".join(wrong)


def test_what_a_person_may_not_see_looks_neither_empty_nor_calm(plant: Plant) -> None:
    plant.enter("refusing")
    wrong = []
    for path, address in SCREENS.items():
        seen = plant.open(address)
        unsure = seen["unsure"] or path == ALONE
        if seen["calm"] or not unsure or (plant.own and "permission" not in seen["words"]):
            wrong.append(f"{path}, refused {plant.own}: {seen['words'][:200]!r}")
    assert not wrong, "\n".join(wrong)


def test_every_screen_is_drawn_when_nothing_happens_and_tells_of_each_part_that_fails(
    plant: Plant,
) -> None:
    plant.enter("well")
    wrong = []
    for path, address in SCREENS.items():
        plant.broken = None
        whole = plant.open(address)
        if crashed(whole) or len(whole["words"].splitlines()) < 2:
            wrong.append(f"{path} when nothing happens: {whole['words'][:200]!r}")
        for asked in plant.own:
            if asked in READ_ONCE:
                continue
            plant.broken = asked
            seen = plant.open(address)
            if crashed(seen) or not plant.warns_of(asked):
                wrong.append(f"{path}: nobody sees that {asked} failed: {seen['words'][:200]!r}")
    assert not wrong, "\n".join(wrong)


def test_a_link_that_falls_silent_strikes_what_it_pushed_and_hides_no_alarm(plant: Plant) -> None:
    plant.enter("well")
    plant.open("/")
    expect(plant.page.locator(".live-pill-stale")).to_be_visible()
    expect(plant.page.locator("main .data-view.is-stale")).to_be_visible()
    expect(plant.page.locator(".alarm-banner-unsure")).to_be_visible()


def test_an_answer_that_does_not_come_again_leaves_the_old_one_marked_as_old(plant: Plant) -> None:
    plant.page.clock.install()
    plant.enter("well")
    plant.open("/alarms")
    expect(plant.page.locator("main .none")).to_be_visible()
    plant.broken = "/api/alarm-list"
    plant.page.clock.fast_forward(15_000)
    expect(plant.page.locator("main .data-view.is-stale")).to_contain_text(
        "could not be read again"
    )


def test_an_empty_list_of_alarms_is_no_calm_one_while_a_service_is_silent(plant: Plant) -> None:
    plant.enter("well")
    plant.page.route(
        f"{HOME}/api/alarm-list",
        lambda route: route.fulfill(json=answer_to("/api/alarm-list") | {"silent": ["quality"]}),
    )
    plant.open("/alarms")
    main = plant.page.locator("main")
    expect(main).to_contain_text("this is not a quiet plant")
    expect(main.locator(".none")).to_have_count(0)
