"""The browser that the tests of the web app share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from deploy.prepare import find_browser
from tests.plant import Plant
from tests.web.stage import DRAWN_MS, HOME, WEB, Stage

SOON_MS = 60_000.0
QUIET_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of this machine, with nothing that calls home by itself."""
    found = find_browser()
    if found is None:
        pytest.skip("no chromium on this machine; python -m deploy.prepare says how to get one")
    expect.set_options(timeout=SOON_MS)
    with sync_playwright() as tools:
        running = tools.chromium.launch(executable_path=found.path, args=QUIET_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser, plant: Plant) -> Iterator[BrowserContext]:
    """A browser of a stranger: English, the size of a panel, the plant as its root."""
    opened = browser.new_context(
        base_url=plant.url, locale="en-GB", viewport={"width": 1280, "height": 800}
    )
    opened.set_default_timeout(SOON_MS)
    yield opened
    opened.close()


@pytest.fixture
def stage(browser: Browser) -> Iterator[Stage]:
    """A plant of its own, in a tab in which nothing was read yet."""
    if not (WEB / "dist/index.html").is_file():
        pytest.skip("the web app is not built; make web builds it")
    context = browser.new_context(
        base_url=HOME, locale="en-GB", timezone_id="UTC", reduced_motion="reduce"
    )
    context.set_default_timeout(DRAWN_MS)
    context.add_init_script("localStorage.setItem('halite.language', 'en')")
    found = Stage(context.new_page())
    yield found
    for route in found.held:
        route.abort()
    context.close()
