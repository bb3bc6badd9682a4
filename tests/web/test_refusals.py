"""Who is refused reads why, in the own language and whole: a command, a question, a screen."""

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.web.calm import AT
from tests.web.stage import FORBIDDEN, HOME, Stage
from tests.web.test_sentences import read_in
from tests.web.test_states import SCREENS

LOAD = "LOAD-" + "7" * 300  # an id that nobody could foresee
REASON = (
    f"no furnace can run sinter with {LOAD}: 1250.0 °C is above its highest temperature 1200 °C"
)
GERMAN = "1250.0 °C liegt über seiner höchsten Temperatur 1200 °C"
CHINESE = "1250.0 °C 高于其最高温度 1200 °C"


def refuse(stage: Stage, method: str, status: int, reason: str) -> None:
    """Answer each request of a method by a refusal, but for who is signed in."""

    def answer(route: Route) -> None:
        if route.request.method == method and not route.request.url.endswith("/api/session"):
            route.fulfill(status=status, json={"detail": reason})
        else:
            route.fallback()

    stage.page.route(f"{HOME}/api/**", answer)


def fits(words: Locator) -> bool:
    """Whether nothing of a text stands beyond the right edge of the page."""
    right: bool = words.evaluate("found => found.getBoundingClientRect().right <= innerWidth")
    return right


@pytest.mark.parametrize("status", [409, 422])
def test_a_screen_that_is_refused_says_why_with_value_and_limit(stage: Stage, status: int) -> None:
    stage.enter("well")
    refuse(stage, "GET", status, REASON)
    stage.open(SCREENS["/spray"])
    note = stage.page.locator("main .error-note").first
    expect(note).to_contain_text(REASON)
    expect(note).not_to_contain_text(str(status))
    assert fits(note)
    read_in(stage, "de")
    expect(note).to_contain_text(GERMAN)
    read_in(stage, "zh")
    expect(note).to_contain_text(CHINESE)


def test_who_lacks_a_permission_reads_which_one_and_whom_to_ask(stage: Stage) -> None:
    stage.enter("well")
    refuse(
        stage,
        "GET",
        FORBIDDEN,
        "GET /api/spray/stations needs the permission read; ada has the roles operator",
    )
    stage.open(SCREENS["/spray"])
    read_in(stage, "de")
    note = stage.page.locator("main .error-note").first
    expect(note).to_contain_text("Keine Berechtigung")
    expect(note).to_contain_text("braucht das Recht read; ada hat die Rollen operator")


def test_a_failure_without_words_says_its_status(stage: Stage) -> None:
    stage.enter("well")
    stage.page.route(
        f"{HOME}/api/**", lambda route: route.fulfill(status=500, body="<h1>broken</h1>")
    )
    stage.open(SCREENS["/spray"])
    expect(stage.page.locator("main .error-note").first).to_contain_text("an error (500)")


def test_who_is_refused_a_tap_reads_why_beside_the_button(stage: Stage) -> None:
    job = {
        "job_order_id": "JO-SPRAY-7",
        "station_order_id": None,
        "station_kind": "eap",
        "state": "running",
        "reason": None,
        "operation": "spray",
        "started_at": AT,
        "ended_at": None,
        "paused": False,
        "asked": None,
    }
    stage.told["/api/spray/job-orders"] = {"items": [job]}
    stage.enter("well")
    refuse(stage, "POST", 409, f"job order {LOAD} is ended; it can pause no more")
    stage.open(SCREENS["/stations/:equipmentId"])
    read_in(stage, "de")
    stage.page.get_by_role("button", name="Anhalten").click()
    refused = stage.page.locator("main .refusal")
    expect(refused).to_contain_text("ist: Beendet; „Anhalten“ ist nicht mehr möglich")
    assert fits(refused)
