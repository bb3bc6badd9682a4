"""The curves of a cell's page: the staircase of currents, and axes on which an ohm is an ohm."""

import re

from playwright.sync_api import expect

from tests.web.calm import CELL, NOBODY, Answer
from tests.web.stage import Stage

AREA_CM2, LEVELS_MA_PER_CM2, DWELL_S = 1.911, (0.2, 0.4, 0.6, 0.8, 1.0), 900
PATH = f"/api/cells/{NOBODY}"
RUN: Answer = {
    "series_id": "JO-1",
    "protocol_id": "ccd-symmetric",
    "channel": "1-1",
    "state": "ended",
    "stop_reason": None,
    "area_cm2": AREA_CM2,
    "cycles": [],
    "curve": {
        "row_count": 2 * len(LEVELS_MA_PER_CM2),
        "time_s": [DWELL_S * number for number in range(2 * len(LEVELS_MA_PER_CM2))],
        "voltage_v": [sign * level for level in LEVELS_MA_PER_CM2 for sign in (1, -1)],
        "current_ma": [sign * level * AREA_CM2 for level in LEVELS_MA_PER_CM2 for sign in (1, -1)],
    },
}
CCD = {
    "survived_ma_per_cm2": 0.8,
    "failed_ma_per_cm2": 1.0,
    "charge_mah_per_cm2": 1.3,
    "mode": "hard_short",
    "reason": "the voltage fell to 0 V at 1.0 mA/cm²",
}
SPECTRUM = {
    "frequency_hz": [1e6, 1e4, 1e2, 1.0],
    "z_real_ohm": [10.0, 30.0, 50.0, 60.0],
    "z_imag_ohm": [-1.0, -20.0, -1.0, -15.0],
}


def test_a_staircase_stands_with_the_levels_between_which_the_cell_failed(stage: Stage) -> None:
    stage.told[PATH] = CELL | {"formation": RUN, "ccd": CCD}
    stage.enter("well")
    stage.open(f"/cells/{NOBODY}")
    panel = stage.page.get_by_role("region", name="Critical current density")
    expect(panel).to_contain_text("Hard short")
    expect(panel).to_contain_text(re.compile(r"Survived\s*0\.8\s*mA/cm²"))
    expect(panel).to_contain_text(re.compile(r"First not survived\s*1\s*mA/cm²"))
    expect(panel.get_by_role("img").locator("canvas")).to_be_visible()
    stage.page.set_viewport_size({"width": 1280, "height": 400})
    stage.page.get_by_role("button", name="Critical current density").click()
    expect(panel.get_by_role("heading")).to_be_in_viewport()


def test_a_lost_contact_does_not_flatten_the_levels_before_it(stage: Stage) -> None:
    curve = RUN["curve"] | {"voltage_v": [0.01 * volt for volt in RUN["curve"]["voltage_v"][:-1]]}
    curve["voltage_v"].append(-5.0)
    stage.told[PATH] = CELL | {"formation": RUN | {"curve": curve}, "ccd": CCD}
    stage.enter("well")
    stage.open(f"/cells/{NOBODY}")
    panel = stage.page.get_by_role("region", name="Critical current density")
    expect(panel).to_contain_text("The voltage went on to 5.000 V")
    expect(panel).to_contain_text("the scale ends at 0.030 V")


def test_a_cell_without_a_staircase_has_no_way_to_one(stage: Stage) -> None:
    stage.enter("well")
    stage.open(f"/cells/{NOBODY}")
    ways = stage.page.get_by_role("navigation", name="Parts of this page").get_by_role("button")
    expect(ways.filter(has_text="Impedance")).to_be_visible()
    expect(ways.filter(has_text="Critical current density")).to_have_count(0)


def test_a_staircase_without_an_area_is_not_drawn_as_a_density(stage: Stage) -> None:
    unfailed = CCD | {"failed_ma_per_cm2": None, "mode": "right_censored"}
    stage.told[PATH] = CELL | {"formation": RUN | {"area_cm2": None}, "ccd": unfailed}
    stage.enter("well")
    stage.open(f"/cells/{NOBODY}")
    panel = stage.page.get_by_role("region", name="Critical current density")
    expect(panel).to_contain_text("names no area")
    expect(panel).to_contain_text("the test ended before the cell failed")
    expect(panel.get_by_role("img")).to_have_count(0)


def test_an_ohm_is_as_long_up_as_along(stage: Stage) -> None:
    stage.told[PATH] = CELL | {"spectrum": SPECTRUM}
    stage.enter("well")
    stage.open(f"/cells/{NOBODY}")
    plot = stage.page.get_by_role("img", name="Nyquist plot, equal axes")
    expect(plot).to_have_attribute("data-px-per-ohm-real", re.compile(r"\d"))
    along, up = (plot.get_attribute(f"data-px-per-ohm-{axis}") for axis in ("real", "imag"))
    assert along is not None and along == up
