"""What a plant says in which nothing happens: one answer for each question of the web app.

Its fields are those of `services/gateway/web/src/api`; whatever is a list is empty, and what may be
null is null. A question that is not here gets a list with nothing in it.
"""

import re
from typing import Any

AT = "2026-03-02T06:00:00Z"
STATION = "pilot/dryroom/spray/eap-1"
NOBODY = "NO-SUCH-ID"
HASH = "0" * 64

Answer = dict[str, Any]


def caller(permissions: tuple[str, ...]) -> Answer:
    """Return who is signed in."""
    return {
        "login": "grace",
        "name": "Grace Hopper",
        "roles": ["operator"],
        "permissions": ["read", *permissions],
        "must_change": False,
        "way": "password",
        "lapsed": {},
    }


STATION_TILE: Answer = {
    "equipment_id": STATION,
    "name": "eap-1",
    "area": "dryroom",
    "kind": "eap",
    "service": "spray",
    "takes_jobs": True,
    "state": "standby",
    "data_quality": "good",
    "job_order_id": None,
    "operation": None,
    "lot_id": None,
    "progress_ratio": None,
    "reason": None,
    "values": [],
    "updated_at": AT,
}
OVERVIEW: Answer = {
    "line": "Pilot",
    "plant_time": AT,
    "speed": 1,
    "shift": None,
    "stations": [STATION_TILE],
    "wip": [],
    "work_requests": [],
    "work_requests_left_off_count": 0,
    "alarms": [],
    "alarms_left_off_count": 0,
    "services": [],
}
OPEN: Answer = {
    "held_lots": [],
    "alarms": [],
    "job_orders": [],
    "time_limits": [],
    "exposures": [],
    "stops": [],
}
GATHERED: Answer = {
    "shift": "early",
    "begun_at": AT,
    "coming": "late",
    "coming_ends_at": AT,
    "open": OPEN,
    "counts": {},
    "missing": [],
}
HANDOVER: Answer = {
    "handover_id": NOBODY,
    "written_at": AT,
    "person": "Ada (ada)",
    "supersedes": None,
    "superseded_by": None,
    "record_sha256": HASH,
    "taken_by": None,
    "taken_at": None,
    "remark": None,
    "record": GATHERED | {"notes": "", "person": "Ada (ada)"},
}
CELL: Answer = {
    "cell": {
        "cell_id": NOBODY,
        "product_id": "coin",
        "work_request_id": "WR-1",
        "kind": "cell",
        "operation": None,
        "state": "waiting",
        "disposition": None,
        "grade": None,
        "discharge_capacity_mah": None,
        "reason": None,
        "updated_at": AT,
    },
    "genealogy": {"nodes": [], "edges": []},
    "operations": [],
    "time_limits": [],
    "exposure": None,
    "gates": [],
    "ccd": None,
    "formation": None,
    "spectrum": None,
    "missing": [],
}
LOT: Answer = {
    "lot": {
        "lot_id": NOBODY,
        "material_definition_id": "glue",
        "quantity": None,
        "unit": "g",
        "state": "available",
        "work_request_id": None,
        "location": None,
        "updated_at": AT,
    },
    "genealogy": {"nodes": [], "edges": []},
    "missing": [],
}
FURNACE_LOAD: Answer = {
    "furnace_load_id": NOBODY,
    "equipment_id": "pilot/powder/furnace/furnace-1",
    "recipe_id": "sinter",
    "recipe_version": 1,
    "job_order_ids": [],
    "fill_ratio": 0.5,
    "planned_start_at": AT,
    "planned_end_at": AT,
    "state": "running",
    "reason": None,
    "started_at": AT,
    "ended_at": None,
    "deviation_count": None,
    "unknown_reason": None,
    "parts_count": 0,
    "planned_energy_kwh": None,
    "energy_kwh": None,
    "judged": {},
    "parameters": {},
    "profile": None,
    "deviations": None,
    "parts": [],
}
JOB: Answer = {
    "job_order_id": NOBODY,
    "station_order_id": NOBODY,
    "station_kind": "tester",
    "state": "running",
    "reason": None,
    "operation": "formation",
    "work_request_id": "W-1",
    "equipment_id": "pilot/formation/tester/tester-1",
    "started_at": AT,
    "ended_at": None,
    "asked": None,
    "asked_by": None,
    "paused": False,
}
TEST_RUN: Answer = {
    "job_order_id": NOBODY,
    "lot_id": "C-1",
    "channel": "1-1",
    "protocol_id": "formation",
    "protocol_version": 1,
    "state": "running",
    "stop_reason": None,
    "started_at": AT,
    "ended_at": None,
    "row_count": 0,
    "equipment_id": None,
    "stop_latency": None,
    "parts": [],
    "cycles": [],
    "features": [],
    "grades": [],
    "job": JOB,
}
CHANNEL: Answer = {
    "channel": {
        "equipment_id": "pilot/formation/tester/tester-1",
        "channel": NOBODY,
        "current_range_ma": 10.0,
        "voltage_range_v": 5.0,
        "current_uncertainty_ratio": 0.001,
        "calibrated_on": None,
        "calibration_due": AT,
        "chamber_temperature_degc": 25.0,
        "chamber_position": None,
        "out_reason": None,
    },
    "items": [],
    "tests": [],
}
SPRAY_JOB: Answer = {
    "station_order_id": NOBODY,
    "equipment_id": STATION,
    "recipe_id": "eap",
    "recipe_version": 1,
    "state": "running",
    "reason": None,
    "planned_at": AT,
    "started_at": AT,
    "ended_at": None,
    "nozzle_id": None,
    "parts_count": 0,
    "faces_count": 0,
    "bad_count": 0,
    "arc_count": None,
    "parameters": {},
    "glue_lot_ids": [],
    "faces": [],
}
GATE_PAGE: Answer = {
    "job_order_id": NOBODY,
    "lot_id": "C-1",
    "work_request_id": "WR-1",
    "product_id": "coin",
    "operation": "impedance",
    "equipment_id": None,
    "ended_at": AT,
    "decided": False,
    "waits": None,
    "gates": [],
    "waivers": [],
    "releases": [],
    "nonconformances": [],
    "reevaluations": [],
    "files": [],
}
CHART: Answer = {
    "chart_id": NOBODY,
    "version": 1,
    "characteristic": "thickness_um",
    "product_id": "coin",
    "operation": "thickness",
    "kind": "i_mr",
    "unit": "um",
    "rules": [],
    "action_plan": [],
    "series": "all",
    "points": [],
    "limits": [],
    "trial_limits": None,
    "trial_reason": "20 points are needed, 0 are there",
    "capability": {"reason": "no points"},
}
NONCONFORMANCE: Answer = {
    "nonconformance_id": NOBODY,
    "gate": "impedance",
    "category": "material",
    "severity": "minor",
    "state": "open",
    "job_order_id": "JO-1",
    "lot_id": "C-1",
    "lot_ids": ["C-1"],
    "equipment_id": None,
    "operation": None,
    "description": "scratched",
    "cause_of": None,
    "raised_at": AT,
    "closed_at": None,
    "lots": [],
    "entries": [],
    "dispositions": [],
    "rework": [],
    "actions": [],
    "signatures": [],
}
PROVED: Answer = {"evidence": []}
HISTORY_LISTS = (
    "open_points",
    "lots",
    "steps",
    "measurements",
    "spectra",
    "cyclings",
    "glue_ages",
    "gates",
    "time_limits",
    "exposures",
    "holds",
    "nonconformances",
    "waivers",
    "recalls",
    "signatures",
    "witnesses",
    "grades",
)
HISTORY: Answer = {
    "document": {
        "lot_id": NOBODY,
        "asked_at": AT,
        "identity": PROVED
        | dict.fromkeys(("product_id", "work_request_id", "order_number", "registered_at")),
        "completed": None,
        "record": {"event_count": 0, "unsealed_count": 0, "last_position": 0},
    }
    | {name: [] for name in HISTORY_LISTS},
    "key_id": "key-1",
}
FIGURES: Answer = {
    "since": AT,
    "until": AT,
    "raised_count": 0,
    "per_10_min": None,
    "per_10_min_limit": 1,
    "peak_10_min": 0,
    "peak_10_min_limit": 10,
    "flood_ratio": None,
    "flood_ratio_limit": 0.01,
    "priorities": [],
    "worst": [],
    "chattering": [],
    "stale_count": 0,
    "acknowledge_median_s": None,
    "acknowledge_slowest_s": None,
}
NOTHING: Answer = {"items": [], "total": 0}
SAMPLING_PLAN: Answer = {
    "kind": "single",
    "letter": "F",
    "stages": [{"sample_count": 20, "accept_count": 0, "refuse_count": 1}],
    "accepted_95_percent_at_ratio": None,
    "accepted_10_percent_at_ratio": None,
}
ANSWERS: tuple[tuple[str, Answer], ...] = (
    ("/api/overview", OVERVIEW),
    (
        "/api/alarm-list",
        NOTHING
        | {
            "plant_time": AT,
            "table_rows": {},
            "standing_count": 0,
            "hidden_count": 0,
            "left_off_count": 0,
            "groups": [],
            "flood": False,
            "raised_10_min_count": 0,
            "silent": [],
        },
    ),
    ("/api/alarm-figures", FIGURES),
    ("/api/alarm-table", NOTHING | {"not_rationalised": []}),
    (
        "/api/oee",
        {
            "since": AT,
            "until": AT,
            "stations": [],
            "stops": [],
            "stops_left_off_count": 0,
            "pareto": [],
            "gates": [],
        },
    ),
    ("/api/handover-draft", GATHERED | {"plant_time": AT, "shifts": []}),
    ("/api/handovers/[^/]+", HANDOVER),
    ("/api/cells/[^/]+", CELL),
    ("/api/lots/[^/]+", LOT),
    ("/api/set-aside", {"items": [], "total": 0, "missing": []}),
    ("/api/plc/trust", {"items": [], "users": []}),
    (
        "/api/maintenance",
        {
            "plant_time": AT,
            "items": [],
            "counts": dict.fromkeys(("past_due", "out", "unknown", "due_soon", "good"), 0),
            "missing": [],
        },
    ),
    ("/api/trace/views", {"items": [], "operators": []}),
    ("/api/trace/lots/[^/]+/device-history", HISTORY),
    (
        "/api/sintering/furnace-plan",
        {
            "version": 1,
            "loads": [],
            "infeasible": {},
            "too_late": {},
            "figures": None,
            "changes": [],
        },
    ),
    ("/api/sintering/furnace-loads/[^/]+", FURNACE_LOAD),
    ("/api/historian/series", {"points": []}),
    (
        "/api/historian/test-curve",
        {"row_count": 0, "columns": {"time_s": [], "voltage_v": [], "current_ma": []}},
    ),
    ("/api/formation/racks", {"items": [], "waiting": []}),
    ("/api/formation/test-runs/[^/]+", TEST_RUN),
    ("/api/formation/channels/[^/]+/history", CHANNEL),
    ("/api/formation/packs", {"packs": [], "left_over": []}),
    ("/api/spray/spray-jobs/[^/]+", SPRAY_JOB),
    ("/api/spray/cure-results", NOTHING | {"drift_limit_ratio": None}),
    (
        "/api/execution/sodium",
        {"places": [], "lots": [], "cells": [], "scraps": [], "unplaced_g": 0},
    ),
    ("/api/quality/job-orders/[^/]+/gates", GATE_PAGE),
    ("/api/quality/control-charts/[^/]+", CHART),
    ("/api/quality/nonconformances/[^/]+", NONCONFORMANCE),
    ("/api/quality/sampling-series", {"series": []}),
    ("/api/quality/sampling-plans/iso-2859-1", SAMPLING_PLAN),
)


def answer_to(path: str) -> Answer:
    """Return what the plant says to a question at a path."""
    return next((said for form, said in ANSWERS if re.fullmatch(form, path)), NOTHING)
