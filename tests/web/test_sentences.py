"""What services say is shown in the language of who reads it, and as it was written on demand."""

import re

from playwright.sync_api import expect

from tests.web.calm import AT, answer_to
from tests.web.stage import Stage
from tests.web.test_states import SCREENS

REASON = "lot PEL-1 held by thickness: thickness_um of PEL-1 is 812 um, above high 800 um"
HELD = f"{REASON} (specification version 2); lot PEL-2 held by spray: the cat sat on it"
GERMAN = (
    "Los PEL-1 gesperrt durch Dicke: Dicke von PEL-1 ist 812 um, über der oberen Grenze "
    "800 um (Prüfvorschrift Version 2); Los PEL-2 gesperrt durch Sprühen: the cat sat on it"
)
CHINESE = "批次 PEL-1 被“厚度”扣留：PEL-1 的厚度为 812 um，高于上限 800 um"


def read_in(stage: Stage, language: str) -> None:
    """Choose a language as a person does, in the head of the page."""
    stage.page.locator("header select").first.select_option(language)
    expect(stage.page.locator("html")).to_have_attribute("lang", language)


def test_why_a_station_may_not_start_is_said_in_german_and_chinese(stage: Stage) -> None:
    blocked = {
        "job_order_id": "JO-SPRAY-7",
        "station_order_id": None,
        "station_kind": "eap",
        "state": "not_allowed_to_start",
        "reason": HELD,
        "operation": "spray",
        "started_at": None,
        "ended_at": None,
    }
    strange = blocked | {"job_order_id": "JO-SPRAY-8", "reason": "the moon is full"}
    stage.told["/api/spray/job-orders"] = {"items": [blocked, strange]}
    stage.enter("well")
    stage.open(SCREENS["/stations/:equipmentId"])
    row, other = (
        stage.page.get_by_role("row", name=job).first for job in ("JO-SPRAY-7", "JO-SPRAY-8")
    )
    expect(row).to_contain_text(HELD)
    read_in(stage, "de")
    expect(row).to_contain_text(GERMAN)
    expect(row.locator(f'[title^="{REASON}"]')).to_be_visible()
    expect(other.locator('[lang="en"]')).to_have_text("the moon is full")
    read_in(stage, "zh")
    expect(row).to_contain_text(CHINESE)


def test_who_decides_on_a_reason_can_read_it_as_it_was_recorded(stage: Stage) -> None:
    address = SCREENS["/gates/:jobOrderId"]
    path = f"/api/quality/job-orders/{address.rsplit('/', 1)[-1]}/gates"
    decision = {
        "lot_id": "PEL-1",
        "disposition": "blocked",
        "reason": "3 of 4 parts released",
        "decided_at": AT,
    }
    gate = {"gate": "thickness", "specification": None, "decisions": [decision], "results": []}
    stage.told[path] = answer_to(path) | {"gates": [gate]}
    stage.enter("well")
    stage.open(address)
    expect(stage.page.get_by_text("As recorded")).to_have_count(0)
    read_in(stage, "de")
    said = stage.page.locator(".gate-decision")
    expect(said).to_contain_text("3 von 4 Teilen freigegeben")
    recorded = said.get_by_text("3 of 4 parts released")
    expect(recorded).to_be_hidden()
    said.get_by_text("Wie aufgezeichnet").click()
    expect(recorded).to_be_visible()
    expect(stage.page.locator("main")).not_to_contain_text(re.compile("undefined|\\{"))
