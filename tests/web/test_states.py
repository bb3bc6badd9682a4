"""Every screen in each state: loading, empty, error, partial, no permission, stale.

The browser gets the app from its build and every answer from `stage`, so that each state can be had
at will; whether real answers look like these, the tests with a plant say.
"""

import re
from typing import Any

from playwright.sync_api import expect

from tests.web.calm import NOBODY, STATION, answer_to
from tests.web.stage import WEB, Stage

PLACE = re.compile(r":\w+")
READ_ONCE = {"/api/trace/views"}  # is not asked again, as it does not change
ALONE = "/wallboard"  # has no banner of alarms


def screens() -> dict[str, str]:
    """Return an address for each screen of the app's table, by its path."""
    table = (WEB / "src/app/screens.tsx").read_text()
    known = {":equipmentId": STATION.replace("/", "%2F"), ":channel": f"{NOBODY}?equipment=tester"}
    paths = re.findall(r"\{ path: '([^']+)', screen:", table)
    return {path: PLACE.sub(lambda place: known.get(place[0], NOBODY), path) for path in paths}


SCREENS = screens()


def crashed(seen: dict[str, Any]) -> bool:
    return "This screen has failed" in seen["words"]


def named_otherwise(seen: dict[str, Any]) -> bool:
    """Say whether heading, tab, navigation and the browser's own tab disagree."""
    headings, tab = seen["headings"], seen["tab"]
    strays = tab != [] and headings != seen["entry"]
    return len(headings) != 1 or seen["title"] != " · ".join([*tab, *headings, "Halite"]) or strays


def test_no_screen_says_that_there_is_nothing_before_it_knows(stage: Stage) -> None:
    stage.enter("slow")
    wrong = []
    for path, address in SCREENS.items():
        seen = stage.open(address)
        if seen["calm"] or (stage.own and not seen["waiting"]):
            wrong.append(f"{path} while it waits for {stage.own}: {seen['words'][:200]!r}")
    assert not wrong, "\n".join(wrong)


def test_what_a_person_may_not_see_looks_neither_empty_nor_calm(stage: Stage) -> None:
    stage.enter("refusing")
    wrong = []
    for path, address in SCREENS.items():
        seen = stage.open(address)
        unsure = seen["unsure"] or path == ALONE
        if seen["calm"] or not unsure or (stage.own and not stage.says("permission")):
            wrong.append(f"{path}, refused {stage.own}: {seen['words'][:200]!r}")
    assert not wrong, "\n".join(wrong)


def test_every_screen_is_drawn_when_nothing_happens_and_tells_of_each_part_that_fails(
    stage: Stage,
) -> None:
    stage.page.add_init_script("localStorage.setItem('halite.panel', 'panel_12')")
    stage.enter("well")
    wrong = []
    for path, address in SCREENS.items():
        stage.broken = None
        whole = stage.open(address)
        if crashed(whole) or len(whole["words"].splitlines()) < 2:
            wrong.append(f"{path} when nothing happens: {whole['words'][:200]!r}")
        if whole["small"]:
            wrong.append(f"{path} has keys too small for a glove: {whole['small']}")
        if named_otherwise(whole):
            wrong.append(f"{path} is called {whole['headings']} and {whole['title']!r}")
        for asked in stage.own:
            if asked in READ_ONCE:
                continue
            stage.broken = asked
            seen = stage.open(address)
            if crashed(seen) or not stage.warns_of(asked):
                wrong.append(f"{path}: nobody sees that {asked} failed: {seen['words'][:200]!r}")
    assert not wrong, "\n".join(wrong)


def test_a_link_that_falls_silent_strikes_what_it_pushed_and_hides_no_alarm(stage: Stage) -> None:
    stage.enter("well")
    stage.open("/")
    expect(stage.page.locator(".live-pill-stale")).to_be_visible()
    expect(stage.page.locator("main .data-view.is-stale")).to_be_visible()
    expect(stage.page.locator(".alarm-banner-unsure")).to_be_visible()


def test_an_answer_that_does_not_come_again_leaves_the_old_one_marked_as_old(stage: Stage) -> None:
    stage.page.clock.install()
    stage.enter("well")
    stage.open("/alarms")
    expect(stage.page.locator("main .none")).to_be_visible()
    stage.broken = "/api/alarm-list"
    stage.page.clock.fast_forward(15_000)
    expect(stage.page.locator("main .data-view.is-stale")).to_contain_text(
        "could not be read again"
    )


def test_a_browser_that_nobody_touches_signs_out_and_a_touch_of_another_tab_counts(
    stage: Stage,
) -> None:
    other = Stage(stage.page.context.new_page())
    for tab in (stage, other):
        tab.page.clock.install()
        tab.enter("well")
    hear = "new BroadcastChannel('halite.touched').onmessage = () => { window.heard = true; }"
    stage.page.evaluate(hear)
    stage.page.clock.fast_forward("29:00")
    other.page.mouse.click(5, 5)
    stage.page.wait_for_function("window.heard")
    stage.page.clock.fast_forward("29:00")
    assert "/api/session/end" not in stage.asked
    with stage.page.expect_request("**/api/session/end"):
        stage.page.clock.fast_forward("02:00")
    other.page.close()


def test_an_empty_list_of_alarms_is_no_calm_one_while_a_service_is_silent(stage: Stage) -> None:
    stage.enter("well")
    stage.told["/api/alarm-list"] = answer_to("/api/alarm-list") | {"silent": ["quality"]}
    stage.open("/alarms")
    main = stage.page.locator("main")
    expect(main).to_contain_text("this is not a quiet plant")
    expect(main.locator(".none")).to_have_count(0)


def test_a_day_is_typed_as_digits_and_one_that_no_calendar_has_is_asked_about(stage: Stage) -> None:
    stage.enter("well")
    stage.open("/audit")
    since = stage.page.get_by_label("From day")
    since.press_sequentially("20260230")
    expect(since).to_have_value("2026-02-30")
    expect(stage.page.get_by_text("This is not a day")).to_have_count(0)  # while it is typed
    since.blur()
    expect(stage.page.get_by_text("This is not a day")).to_be_visible()
    with stage.page.expect_request(re.compile("since=2026-02-28T00%3A00%3A00Z")):
        since.fill("2026-02-28")
