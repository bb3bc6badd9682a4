"""How instants are written: with the year wherever a reader could take another one."""

from playwright.sync_api import expect

from tests.web.calm import AT
from tests.web.stage import Stage
from tests.web.test_states import SCREENS

ACT = {
    "position": 1,
    "event_id": "E-1",
    "at": AT,
    "service": "quality",
    "persons": ["Ada (ada)"],
    "act": "released",
    "object": "JO-1",
    "reason": None,
    "changes": {},
    "is_sealed": True,
}


def test_an_instant_has_its_year_where_it_is_another_or_a_record_is_read(stage: Stage) -> None:
    began = {
        "state": "ended",
        "reason": None,
        "operation": "spray",
        "station_order_id": None,
        "ended_at": AT,
    }
    stage.told["/api/spray/job-orders"] = {
        "items": [
            began | {"job_order_id": "JO-OLD", "started_at": "2025-12-30T22:15:00Z"},
            began | {"job_order_id": "JO-NEW", "started_at": "2026-03-02T05:10:00Z"},
        ]
    }
    stage.told["/api/trace/audit"] = {"items": [ACT]}
    stage.enter("well")
    stage.open(SCREENS["/stations/:equipmentId"])
    old, new = (stage.page.get_by_role("row", name=job) for job in ("JO-OLD", "JO-NEW"))
    expect(old).to_contain_text("30/12/2025, 22:15")
    expect(new).to_contain_text("02/03, 05:10")
    stage.open("/audit")
    expect(stage.page.locator("main")).to_contain_text("02/03/2026, 06:00")
