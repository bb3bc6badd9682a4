"""Closing an order short on the overview: who plans is asked why, and told what it does."""

import json
from typing import Any

from playwright.sync_api import Route, expect

from tests.web.calm import OVERVIEW
from tests.web.stage import HOME, Stage
from tests.web.test_sentences import read_in
from tests.web.test_states import SCREENS


def order(name: str, **more: Any) -> dict[str, Any]:
    return {
        "work_request_id": name,
        "product_id": "nvp-coin",
        "quantity": 4,
        "graded": 1,
        "held": 0,
        "scrapped": 0,
        "cancelled": 0,
        "state": "open",
        "closed_at": None,
        **more,
    }


def test_a_planner_closes_an_open_order_short_with_a_reason(stage: Stage) -> None:
    given: list[tuple[str, Any]] = []

    def take(route: Route) -> None:
        given.append(
            (route.request.url.removeprefix(HOME), json.loads(route.request.post_data or ""))
        )
        if len(given) == 1:
            route.fulfill(
                status=409,
                json={"detail": "work request WR-7 has ended; there is nothing to close"},
            )
        else:
            route.fulfill(json={"work_request_id": "WR-7"})

    closed = order("WR-8", closed_at="2026-01-05T06:00:00Z", cancelled=3)
    overview = OVERVIEW | {"work_requests": [order("WR-7"), closed, order("WR-6", state="ended")]}
    stage.told["/api/overview"] = overview
    stage.enter("well")
    stage.page.route(f"{HOME}/api/execution/work-requests/*/close", take)
    stage.open(SCREENS["/"])
    page = stage.page
    rows = page.locator(".request")
    expect(rows.nth(1)).to_contain_text("Closed short")
    expect(rows.nth(1)).to_contain_text("3 cancelled")
    button = page.get_by_role("button", name="Close short")
    expect(button).to_have_count(1)  # neither at the closed one nor at the one that has ended
    button.click()
    form = page.get_by_role("form", name="Close WR-7 short")
    expect(form).to_contain_text("There is no way back")
    form.get_by_role("button", name="Keep it open").click()
    expect(form).to_have_count(0)
    button.click()
    form.get_by_label("Why").fill("the customer took fewer")
    form.get_by_role("combobox", name="Cells under way").select_option("hold")
    form.get_by_role("button", name="Close it short for good").click()
    expect(form).to_contain_text("WR-7 has ended; there is nothing to close")
    form.get_by_role("button", name="Close it short for good").click()
    expect(form).to_have_count(0)
    path, body = given[-1]
    assert path == "/api/execution/work-requests/WR-7/close"
    assert (body["reason"], body["cells_under_way"]) == ("the customer took fewer", "hold")
    read_in(stage, "de")
    expect(page.get_by_role("button", name="Vorzeitig schließen")).to_be_visible()
    read_in(stage, "zh")
    expect(page.get_by_role("button", name="提前关闭")).to_be_visible()
