"""What the navigation calls a screen, its heading and the browser's own tab say too.

That a screen has one heading, and those behind tabs the name of their entry, `test_states` sees.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.web.stage import OPEN, WEB, Stage

ENTRY = re.compile(r"\{ to: '([^']+)', label:")


def entries() -> list[str]:
    """Return where the entries of the navigation lead, as the app's table has it."""
    return ENTRY.findall((WEB / "src/app/screens.tsx").read_text())


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_screen_is_called_what_its_entry_in_the_navigation_says(
    stage: Stage, language: str
) -> None:
    stage.page.add_init_script(f"localStorage.setItem('halite.language', '{language}')")
    stage.page.goto("/")
    links = stage.page.locator("nav a.navigation-entry")
    expect(links).to_have_count(len(entries()))
    said = links.evaluate_all("links => links.map(a => [a.getAttribute('href'), a.innerText])")
    named = {to: text.strip() for to, text in said}
    assert list(named) == entries()
    for address, name in named.items():
        stage.page.evaluate(OPEN, address)
        expect(stage.page.locator("h1")).to_have_text(name)
        expect(stage.page).to_have_title(re.compile(f"(^|· ){re.escape(name)} · Halite$"))
