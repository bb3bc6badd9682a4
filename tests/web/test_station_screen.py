"""The screen of one station: what it may not start, and what a room has instead of jobs."""

from typing import Any

from playwright.sync_api import expect

from tests.web.calm import AT, OVERVIEW, STATION_TILE, answer_to
from tests.web.stage import Stage
from tests.web.test_states import SCREENS

ROOM = "pilot/dryroom/room/dryroom-1"


def test_a_station_says_what_it_may_not_start_why_and_who_lets_it(stage: Stage) -> None:
    blocked = {
        "job_order_id": "JO-SPRAY-7",
        "station_order_id": None,
        "station_kind": "eap",
        "state": "not_allowed_to_start",
        "reason": "lot PEL-1 held by thickness: 812 um is above 800 um",
        "operation": "spray",
        "started_at": None,
        "ended_at": None,
    }
    other = blocked | {"job_order_id": "JO-SEAL-1", "station_kind": "sealer"}
    stage.told["/api/spray/job-orders"] = {"items": [blocked, other]}
    stage.enter("well")
    stage.open(SCREENS["/stations/:equipmentId"])
    panel = stage.page.get_by_role("region", name="Not allowed to start").first
    expect(panel).to_contain_text("lot PEL-1 held by thickness: 812 um is above 800 um")
    expect(panel).to_contain_text("Quality for the hold of a gate")
    expect(panel).not_to_contain_text("JO-SEAL-1")


def test_a_room_shows_its_air_and_no_jobs_as_it_takes_none(stage: Stage) -> None:
    dew_points = [("dew_point_1_degc", -50.2), ("dew_point_2_degc", -50.6)]
    room = STATION_TILE | {
        "equipment_id": ROOM,
        "name": "dryroom-1",
        "kind": "dryroom",
        "service": "historian",
        "takes_jobs": False,
        "values": [
            {"signal": signal, "value": value, "unit": "degC", "quality": "good"}
            for signal, value in dew_points
        ],
    }
    points = [{"at": AT, "value": -50.2}, {"at": "2026-03-02T05:00:00Z", "value": None}]
    stage.told["/api/overview"] = OVERVIEW | {"stations": [room]}
    stage.told["/api/historian/series"] = {
        "signal": "dew_point_1_degc",
        "unit": "degC",
        "points": points[::-1],
    }
    stage.told["/api/execution/sodium"] = answer_to("/api/execution/sodium") | {
        "places": [
            sodium_in("dryroom-1", None),
            sodium_in("cabinet-1", "dryroom-1"),
            sodium_in("elsewhere", None),
        ]
    }
    stage.enter("well")
    stage.open(f"/stations/{ROOM.replace('/', '%2F')}")
    main = stage.page.locator("main")
    expect(main.get_by_role("img", name="Dew point (°C)").locator("canvas")).to_be_visible()
    expect(main.get_by_role("row", name="cabinet-1")).to_be_visible()
    expect(main).not_to_contain_text("elsewhere")
    for job_words in ("No job", "Newest job orders", "Not allowed to start"):
        expect(main).not_to_contain_text(job_words)
    assert not [path for path in stage.own if path.endswith(("/job-orders", "/stations"))]


def sodium_in(place_id: str, room_id: str | None) -> dict[str, Any]:
    return {
        "place_id": place_id,
        "room_id": room_id,
        "water": "forbidden",
        "sodium_g": 3.0,
        "limit_g": 30.0,
        "state": "within",
    }
