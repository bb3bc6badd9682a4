"""The chart of the furnace plan: what stands on a bar is what it is called."""

from playwright.sync_api import expect

from tests.web.calm import FURNACE_LOAD, answer_to
from tests.web.stage import WEB, Stage

FURNACE = "pilot/powder/furnace/furnace-1"
LATE = FURNACE_LOAD | {
    "furnace_load_id": "LOAD-1",
    "planned_start_at": "2026-03-01T18:00:00Z",
    "planned_end_at": "2026-03-02T03:30:00Z",
    "started_at": "2026-03-01T18:00:00Z",
    "planned_energy_kwh": 61.4,
}
PLANNED = {
    "recipe": "debind",
    "job_order_ids": ["JO-1"],
    "fill_ratio": 0.5,
    "start_at": "2026-03-02T12:00:00Z",
    "end_at": "2026-03-02T23:00:00Z",
    "equipment_id": FURNACE,
    "pin_id": "PIN-1",
    "pinned_by": "ada",
    "energy_kwh": 44.0,
    "energy_cost": None,
    "late_s": 7200,
}
NAMED_AS_SHOWN = """() => axe.run('.gantt', {
    runOnly: { type: 'rule', values: ['label-content-name-mismatch'] },
}).then(found => [found.violations.length, found.passes.flatMap(rule => rule.nodes).length])"""


def test_a_bar_is_called_by_all_that_stands_on_it(stage: Stage) -> None:
    furnace = {"equipment_id": FURNACE, "connected": True, "highest_temperature_degc": 1400}
    plan = answer_to("/api/sintering/furnace-plan") | {"loads": [PLANNED]}
    stage.told["/api/sintering/furnaces"] = {"items": [furnace]}
    stage.told["/api/sintering/furnace-loads"] = {"items": [LATE]}
    stage.told["/api/sintering/furnace-plan"] = plan
    stage.page.set_viewport_size({"width": 1920, "height": 1080})
    stage.enter("well")
    stage.open("/furnaces")
    chart = stage.page.locator(".gantt")
    expect(chart.locator("button")).to_have_accessible_name(
        "debind 44 kWh · late by 2 h 0 min · pinned by ada, planned, furnace-1, "
        "02/03/2026, 12:00 – 02/03/2026, 23:00"
    )
    stage.page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())
    assert stage.page.evaluate(NAMED_AS_SHOWN) == [0, 2]
