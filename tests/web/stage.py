"""Plays a plant to the browser: the app from its build, every answer from `calm`, no network."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, WebSocketRoute, expect

from services.gateway.roles import giving
from tests.plant import ROOT
from tests.web.calm import OVERVIEW, Answer, answer_to, caller

WEB = ROOT / "services/gateway/web"
HOME = "http://plant.test"
FRAME = "/api/overview"  # the header asks it on every screen; the banner answers for it
MAY = ("operate", "plan", "engineer", "decide", "maintain", "administer")
# An error that is not asked again at once, so that nobody waits for the second and third try.
FAILED, FORBIDDEN = 422, 403
NO_PICTURE = "The curve could not be read"  # a picture that fails does not say why
DRAWN_MS, WARNED_MS = 20_000.0, 10_000.0
Mood = Literal["well", "slow", "refusing"]
OPEN = """path => {
    history.pushState({ idx: history.length, key: path, usr: null }, '', path);
    dispatchEvent(new PopStateEvent('popstate', { state: history.state }));
}"""
LOOK = """() => {
    const main = document.querySelector('main');
    const count = what => main.querySelectorAll(what).length;
    const texts = what => [...document.querySelectorAll(what)].map(found => found.innerText.trim());
    const touch = document.createElement('div');
    touch.style.height = 'var(--mes-touch)';
    document.body.append(touch);
    const needed = touch.offsetHeight;
    touch.remove();
    // A box to tick is touched on its label, a field with the line around it.
    const keys = [...document.querySelectorAll('button, select, input, textarea, nav a, summary')]
        .map(key => key.closest('label') ?? key)
        .filter(key => key.checkVisibility() && !key.closest('.visually-hidden'));
    return {
        small: keys.filter(key => key.getBoundingClientRect().height < needed - 2)
            .map(key => `${key.tagName} ${key.className} ${key.innerText.slice(0, 30)}`),
        waiting: count('.skeleton'),
        calm: count('.none'),
        unsure: document.querySelector('.alarm-banner-unsure') !== null,
        words: main.innerText.trim(),
        headings: texts('h1'),
        entry: texts('nav a.navigation-entry[aria-current]'),
        tab: texts('main .tab-link[aria-current]'),
        title: document.title,
    };
}"""


@dataclass
class Stage:
    """All that the browser hears.

    broken: the one path that fails while all others answer. told: answers other than those of calm.
    """

    page: Page
    mood: Mood = "well"
    broken: str | None = None
    told: dict[str, Answer] = field(default_factory=dict)
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
            route.fulfill(json={"caller": caller(MAY), "oidc": None, "roles": giving()})
            return
        self.asked.add(path)
        if path == self.broken:
            route.fulfill(status=FAILED, json={"detail": f"{path} cannot be read"})
        elif self.mood == "refusing":
            route.fulfill(status=FORBIDDEN, json={"detail": "needs the permission read"})
        elif self.mood == "well":
            route.fulfill(json=self.told.get(path) or answer_to(path))
        else:
            self.held.append(route)

    def _link(self, socket: WebSocketRoute) -> None:
        socket.on_message(lambda _: self._speak(socket))

    def _speak(self, socket: WebSocketRoute) -> None:
        """Push the overview once, as far as anything is answered, and then fall silent."""
        if self.mood == "well" and self.broken is None:
            pushed = {
                "type": "snapshot",
                "topic": "overview",
                "seq": 1,
                "data": self.told.get(FRAME, OVERVIEW),
            }
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
        """Say whether the screen comes to tell that a path failed."""
        return self.says(re.compile(f"{re.escape(path)} cannot be read|{FAILED}|{NO_PICTURE}"))

    def says(self, words: "str | re.Pattern[str]") -> bool:
        """Say whether the screen comes to show some words; its answer may be on its way."""
        try:
            expect(self.page.locator("main")).to_contain_text(words, timeout=WARNED_MS)
        except AssertionError:
            return False
        return True

    @property
    def own(self) -> list[str]:
        """What the screen itself asked, without what the frame asks."""
        return sorted(self.asked - {FRAME})
