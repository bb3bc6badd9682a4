"""The lamination service against a simulated laminator and sealer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.lamination.main import build
from services.lamination.settings import LaminationSettings
from shared.events import (
    EquipmentStateChanged,
    GenealogyRecorded,
    JobOrderHeld,
    JobOrderReleased,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
    TimeLimitChanged,
)
from shared.facts import Material
from tests.station.bench import Bench, Ground, bench, job_order, lot, recipe

PRESSED = {
    "alignment_um",
    "layer_count",
    "force_n",
    "temperature_degc",
    "force_deviation_ratio",
    "press_temperature_deviation_degc",
}
POUCH = ["na_foil", "ose_pellet", "nfm_cathode", "ose_pellet"]
ROLES = {
    "na_foil": "sodium",
    "na_disc": "sodium",
    "ose_pellet": "electrolyte",
    "nfm_cathode": "cathode",
}
PLAN: dict[str, Any] = {
    "version": 1,
    "product_ids": ["nfm-pouch-1ah"],
    "roles": ROLES,
    "source": "paper L157",
}
MASTER_DATA = {
    "master_recipes": [
        recipe("laminate", "laminator", force_n=500, temperature_degc=40, dwell_s=60),
        recipe(
            "seal",
            "sealer",
            seal_temperature_degc=180,
            seal_pressure_kpa=300,
            dwell_s=3,
            vacuum_mbar=1,
        ),
    ],
    "stack_plans": [
        PLAN
        | {
            "stack_plan_id": "nfm-pouch",
            "description": "pouch of two cathodes",
            "pattern": POUCH,
            "repeat": 2,
            "top": ["na_foil"],
            "sodium_thickness_um": 50,
            "cathode_loading_mg_per_cm2": 15,
            "cathode_capacity_mah_per_g": 121.8,
        },
        PLAN
        | {
            "stack_plan_id": "measured",
            "description": "each foil and cathode measured",
            "product_ids": ["measured-cell"],
            "top": ["na_foil", "ose_pellet", "nfm_cathode"],
            "sodium_thickness_um": 50,
            "cathode_loading_mg_per_cm2": 15,
            "cathode_capacity_mah_per_g": 121.8,
            "needs_measurements": True,
            "sodium_tolerance_um": 5,
            "np_low_ratio": 2.5,
        },
        PLAN
        | {
            "stack_plan_id": "symmetric",
            "description": "witness cell",
            "top": ["na_disc", "ose_pellet", "na_disc"],
            "sodium_thickness_um": 450,
        },
    ],
}


@pytest.fixture(scope="module")
async def plant(
    bench_ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    async with bench(
        "lamination",
        lambda values, parts: build(LaminationSettings(**values), parts),
        bench_ground,
        tmp_path_factory.mktemp("lamination"),
        idle=("sealer-1",),
    ) as running:
        reply = await running.post("/master-data", MASTER_DATA)
        assert reply.status_code == 201, reply.text
        yield running


def parts(cell: str, *layers: str) -> list[Material]:
    return [
        lot(f"{cell}-{position:02d}", layer, "consumed")
        for position, layer in enumerate(layers, start=1)
    ]


def stack(
    cell: str, materials: list[Material], plan: str | None = "nfm-pouch", **more: Any
) -> JobOrderReleased:
    return job_order(
        f"{cell}-stack",
        "laminator",
        "laminate",
        [*materials, lot(cell, "cell_nfm_pouch", "produced")],
        service="lamination",
        operation="stack",
        parameters={"stack_plan_id": plan} if plan else {},
        **more,
    )


async def test_cell_is_stacked_of_every_part_sealed_when_the_sealer_comes_and_once_more_as_rework(
    plant: Bench,
) -> None:
    layers = parts("C1", *POUCH, *POUCH, "na_foil")
    stacked = await plant.ended_after(stack("C1", layers))
    assert stacked.state == "ended"
    assert [item.lot_id for item in stacked.materials] == [
        *(item.lot_id for item in layers),
        "C1",
    ]
    values = {item.characteristic: item for item in stacked.results}
    assert set(values) == {*PRESSED, "np_ratio", "np_min_ratio"}
    assert values["force_n"].value == pytest.approx(500, rel=0.05)
    assert values["force_deviation_ratio"].value < 0.05
    assert values["np_ratio"].value == pytest.approx(3.09, abs=0.005)
    assert values["layer_count"].value == 9
    assert {item.lot_id for item in stacked.results} == {"C1"}
    [kept] = (await plant.get("/lots/C1/stacks"))["items"]
    assert (kept["stack_plan_id"], kept["stack_plan_version"]) == ("nfm-pouch", 1)
    assert kept["layers"][2] == {"position": 3, "lot_id": "C1-03", "role": "cathode"}

    seal = job_order(
        "C1-seal",
        "sealer",
        "seal",
        [lot("C1", "cell_nfm_pouch", "processed")],
        service="lamination",
        operation="seal",
    )
    away: EquipmentStateChanged = await plant.until(
        EquipmentStateChanged, lambda event: event.equipment_id.endswith("sealer-1")
    )
    assert away.data_quality == "unknown"
    await plant.release(seal)
    await plant.stations["sealer-1"].start()
    plant.later.push_async_callback(plant.stations["sealer-1"].stop)
    sealed = await plant.ended("C1-seal")
    values = {item.characteristic: item for item in sealed.results}
    assert set(values) == {
        "leak_rate_mbar_l_per_s",
        "seal_temperature_degc",
        "seal_pressure_kpa",
        "vacuum_mbar",
        "seal_temperature_deviation_degc",
        "seal_pressure_deviation_ratio",
    }
    assert values["leak_rate_mbar_l_per_s"].unit == "mbar·L/s"
    assert values["seal_temperature_degc"].value == pytest.approx(180, abs=5)

    twice = seal.model_copy(update={"job_order_id": "C1-seal-again"})
    assert (await plant.ended_after(twice)).state == "ended"
    await plant.release(seal.model_copy(update={"job_order_id": "C1-seal-thrice"}))
    reason = (await plant.held("C1-seal-thrice")).reason
    assert reason == "C1 was sealed 2 times before, the limit is 2; scrap it"


async def test_symmetric_cell_has_no_np_ratio(plant: Bench) -> None:
    layers = parts("W1", "na_disc", "ose_pellet", "na_disc")
    stacked = await plant.ended_after(stack("W1", layers, "symmetric"))
    assert {item.characteristic for item in stacked.results} == PRESSED


async def test_stack_out_of_order_or_with_a_part_twice_is_held_and_never_starts(
    plant: Bench,
) -> None:
    turned = parts("C2", "na_foil", "nfm_cathode", "ose_pellet", "ose_pellet", *POUCH, "na_foil")
    twice = parts("C3", *POUCH, *POUCH, "na_foil")
    twice[8] = twice[0]
    await plant.release(
        stack("C2", turned), stack("C3", twice), stack("C4", parts("C4", "na_foil"), None)
    )
    held = await plant.held("C2-stack")
    assert held.reason.startswith(
        "stack plan nfm-pouch version 1, position 2 from the bottom of 9: expected ose_pellet, "
        "given nfm_cathode (lot C2-02); list the parts"
    )
    assert "part C3-01 lies at positions 1 and 9" in (await plant.held("C3-stack")).reason
    reason = (await plant.held("C4-stack")).reason
    assert "has 2 stack plans ['nfm-pouch', 'symmetric']; name one" in reason
    started = {event.lot_id for event in await plant.said(JobOrderStarted)}
    assert started.isdisjoint({"C2", "C3", "C4"})


async def test_recipe_that_reads_back_otherwise_never_starts(plant: Bench) -> None:
    layers = parts("C5", *POUCH, *POUCH, "na_foil")
    async with plant.fault("laminator-1", "garble", 1.01):
        await plant.release(stack("C5", layers))
        held = await plant.held("C5-stack")
    assert held.reason.startswith("recipe read back differs")
    assert plant.stations["laminator-1"].job_states() == {}
    started = {event.lot_id for event in await plant.said(JobOrderStarted)}
    assert "C5" not in started


async def test_plan_that_changes_without_a_new_version_is_refused(plant: Bench) -> None:
    plan = MASTER_DATA["stack_plans"][0] | {"cathode_capacity_mah_per_g": 83.1}
    reply = await plant.post("/master-data", {"master_recipes": [], "stack_plans": [plan]})
    assert reply.status_code == 409
    newer = plan | {"version": 2}
    reply = await plant.post("/master-data", {"master_recipes": [], "stack_plans": [newer]})
    assert reply.json()["stack_plans"] == ["nfm-pouch"]
    plans = (await plant.get("/stack-plans"))["items"]
    assert [(item["stack_plan_id"], item["version"]) for item in plans] == [
        ("measured", 1),
        ("nfm-pouch", 1),
        ("nfm-pouch", 2),
        ("symmetric", 1),
    ]
    cell = stack("C6", parts("C6", *POUCH, *POUCH, "na_foil"))
    ratios = {item.characteristic: item.value for item in (await plant.ended_after(cell)).results}
    assert ratios["np_ratio"] == pytest.approx(4.53, abs=0.005)


async def measure(plant: Bench, **values: float) -> int:
    """Post thickness of foils (lots that end in 1) and loading of cathodes; return the answer."""
    items = [
        {"lot_id": name.replace("_", "-"), "value": value}
        | (
            {"characteristic": "thickness_um", "unit": "um"}
            if name.endswith("1")
            else {"characteristic": "loading_mg_per_cm2", "unit": "mg/cm²"}
        )
        for name, value in values.items()
    ]
    body = {"items": items, "person": "Li Na", "method": "gauge"}
    return (await plant.post("/part-measurements", body)).status_code


async def test_a_stack_is_built_of_measured_parts_and_has_their_np_ratio(plant: Bench) -> None:
    layers = ("na_foil", "ose_pellet", "nfm_cathode")
    assert await measure(plant, M1_01=52.0, M1_03=14.5, M2_01=44.9, M2_03=15.0, M3_01=0.05) == 422
    assert (await plant.get("/lots/M1-01/measurements"))["items"] == []  # all or nothing
    assert await measure(plant, M1_01=52.0, M1_03=14.5, M2_01=44.9, M2_03=15.0) == 201
    cells = {
        name: stack(name, parts(name, *layers), "measured", product_id="measured-cell")
        for name in ("M1", "M2", "M3")
    }
    stacked = await plant.ended_after(cells["M1"])
    values = {item.characteristic: item.value for item in stacked.results}
    wanted = 1166 * 0.968 * 52e-4 / (14.5e-3 * 121.8)
    assert values["np_ratio"] == values["np_min_ratio"] == pytest.approx(wanted)
    [kept] = (await plant.get("/lots/M1/stacks"))["items"]
    assert (kept["measured_count"], kept["needed_count"]) == (2, 2)
    await plant.release(cells["M2"], cells["M3"])
    assert (
        "M2-01: thickness_um is 44.9 µm, limit 50 ± 5 µm; scrap the part"
        in (await plant.held("M2-stack")).reason
    )
    assert (
        "M3-01: thickness_um was not measured; measure it" in (await plant.held("M3-stack")).reason
    )


async def test_no_stack_starts_in_a_fixture_out_of_calibration_and_a_good_one_is_in_its_record(
    plant: Bench,
) -> None:
    fixture = {
        "station": "laminator-1",
        "version": 1,
        "fixture_id": "JIG-7",
        "calibrated_until": "2001-01-01T00:00:00Z",
        "certificate": "CAL-1",
        "source": "plant",
    }
    empty: dict[str, Any] = {"master_recipes": [], "stack_plans": []}
    assert (await plant.post("/master-data", empty | {"fixtures": [fixture]})).status_code == 201
    cell = stack("F1", parts("F1", *POUCH, *POUCH, "na_foil"))
    await plant.release(cell)
    reason = (await plant.held("F1-stack")).reason
    assert "fixture JIG-7 is calibrated until 2001-01-01 00:00:00, now is" in reason
    assert "enter a new version of the fixture and resume" in reason
    newer = fixture | {"version": 2, "calibrated_until": "2200-01-01T00:00:00Z"}
    assert (await plant.post("/master-data", empty | {"fixtures": [newer]})).status_code == 201
    again = stack("F2", parts("F2", *POUCH, *POUCH, "na_foil"))
    assert (await plant.ended_after(again)).fixture_id == "JIG-7"


async def test_a_plan_of_the_papers_printed_size_is_refused_unless_it_is_suspect(
    plant: Bench,
) -> None:
    plan = MASTER_DATA["stack_plans"][0] | {
        "stack_plan_id": "as-printed",
        "product_ids": ["as-printed"],
        "repeat": 14,
        "cathode_length_mm": 43,
        "cathode_width_mm": 5,
        "cathode_faces_count": 2,
        "rated_capacity_mah": 1000,
    }
    reply = await plant.post("/master-data", {"master_recipes": [], "stack_plans": [plan]})
    assert reply.status_code == 422
    assert "43 × 5 mm hold 110 mAh, rated 1000 mAh" in reply.json()["detail"]
    suspect = plan | {"status": "suspect", "reason": "a digit is lost"}
    reply = await plant.post("/master-data", {"master_recipes": [], "stack_plans": [suspect]})
    assert reply.status_code == 201
    designs = {item["stack_plan_id"]: item for item in (await plant.get("/stack-designs"))["items"]}
    assert designs["as-printed"]["design_capacity_mah"] == pytest.approx(110.0, abs=0.05)


SCANNED: dict[str, Any] = PLAN | {
    "stack_plan_id": "scanned",
    "description": "each part is scanned",
    "product_ids": ["scanned-cell"],
    "top": ["na_foil", "ose_pellet", "nfm_cathode"],
    "sodium_thickness_um": 50,
    "cathode_loading_mg_per_cm2": 15,
    "cathode_capacity_mah_per_g": 121.8,
    "needs_scan": True,
    "face_up": {"nfm_cathode": "coated"},
}


def scanned(cell: str) -> JobOrderReleased:
    """Return the stack of a cell whose parts are scanned."""
    layers = parts(cell, "na_foil", "ose_pellet", "nfm_cathode")
    return stack(cell, layers, "scanned", product_id="scanned-cell")


async def scan(plant: Bench, job_order_id: str, **given: Any) -> tuple[int, str]:
    """Scan a part; return the status and, of a refusal, why."""
    reply = await plant.post(f"/job-orders/{job_order_id}/scans", {"person": "Li Na"} | given)
    return reply.status_code, reply.json().get("detail", "")


async def lying(plant: Bench, job_order_id: str) -> list[str]:
    """Return the lots that lie in a stack, from the bottom."""
    items = (await plant.get("/stacks-to-build"))["items"]
    [found] = [item for item in items if item["job_order_id"] == job_order_id]
    return [layer["lot_id"] for layer in found["layers"] if layer["lot_id"] is not None]


async def heard(plant: Bench, name: str, *events: Any) -> None:
    """Say something as execution and wait until lamination has read it."""
    await plant.say(*events)
    await plant.release(stack(name, parts(name, "na_foil"), "scanned", product_id="scanned-cell"))
    await plant.until_known(f"{name}-stack")


def window(state: str, limit_at: str) -> TimeLimitChanged:
    return TimeLimitChanged.model_validate(
        {
            "time_limit_id": "S1-window",
            "lot_id": "S1",
            "name": "coat_to_stack",
            "limit_kind": "max",
            "from_event": "spray ended",
            "to_event": "stack started",
            "started_at": "2000-01-01T00:00:00Z",
            "limit_at": limit_at,
            "state": state,
        }
    )


async def test_each_part_of_a_scanned_stack_lies_as_planned_or_is_refused_with_rule_and_remedy(
    plant: Bench,
) -> None:
    body: dict[str, Any] = {"master_recipes": [], "stack_plans": [SCANNED]}
    assert (await plant.post("/master-data", body)).status_code == 201
    await plant.release(scanned("S1"), scanned("S2"))
    await plant.until_known("S1-stack", "S2-stack")
    [shown] = [
        item
        for item in (await plant.get("/stacks-to-build"))["items"]
        if item["job_order_id"] == "S1-stack"
    ]
    assert (shown["next"]["position"], shown["next"]["material_definition_id"]) == (1, "na_foil")
    assert shown["figures"]["np_ratio"] == pytest.approx(3.09, abs=0.005)
    refused = [
        ({"lot_id": "S1-02"}, 422, "rule order: S1-02 is ose_pellet; position 1 of 3 takes na_f"),
        ({"lot_id": "S2-01"}, 422, "rule wrong part: S2-01 is none of this job order's parts"),
        ({"position": 2}, 422, "rule order: given position 2, position 1 of 3 takes na_foil"),
        ({}, 422, "named by lot_id, or by the position"),
    ]
    for given, status, why in refused:
        answered, detail = await scan(plant, "S1-stack", **given)
        assert answered == status and why in str(detail)
        assert await lying(plant, "S1-stack") == []
    assert await scan(plant, "S1-stack", lot_id="S1-01") == (201, "")
    answered, detail = await scan(plant, "S1-stack", lot_id="S1-01")
    assert (answered, detail[:52]) == (409, "rule used twice: S1-01 lies at position 1 already; p")
    assert await scan(plant, "S1-stack", position=2) == (201, "")
    answered, detail = await scan(plant, "S1-stack", lot_id="S1-03", face_up="bare")
    assert answered == 422 and "rule side: S1-03 at position 3: face bare is up, face coated" in (
        detail
    )
    assert await lying(plant, "S1-stack") == ["S1-01", "S1-02"]
    assert await scan(plant, "S1-stack", lot_id="S1-03", face_up="coated") == (201, "")
    made = await plant.ended("S1-stack")
    assert [item.lot_id for item in made.materials] == ["S1-01", "S1-02", "S1-03", "S1"]
    answered, detail = await scan(plant, "S1-stack", lot_id="S1-03", face_up="coated")
    assert answered == 409 and "its parts lie already" in detail
    stolen = [*parts("S1", "na_foil"), *parts("S3", "na_foil", "ose_pellet", "nfm_cathode")[1:]]
    await plant.release(stack("S3", stolen, "scanned", product_id="scanned-cell"))
    await plant.until_known("S3-stack")
    answered, detail = await scan(plant, "S3-stack", lot_id="S1-01")
    assert answered == 409 and "rule used twice: S1-01 lies in S1; set it apart" in detail
    assert await scan(plant, "S2-stack", lot_id="S2-01") == (201, "")
    assert (await plant.post("/job-orders/S2-stack/scans/take-back")).status_code == 201
    assert await lying(plant, "S2-stack") == []


async def test_a_part_on_hold_of_bad_glue_or_out_of_time_is_not_taken_and_nothing_is_half_done(
    plant: Bench,
) -> None:
    body: dict[str, Any] = {"master_recipes": [], "stack_plans": [SCANNED]}
    assert (await plant.post("/master-data", body)).status_code == 201
    s4 = scanned("S4")
    await plant.release(s4)
    hold = {"lot_id": "S4-01", "work_request_id": None, "gate": "person", "reason": "scratched"}
    await heard(plant, "S5", LotHeld.model_validate(hold))
    # the hold of a part holds the whole job order: it is still shown to whoever scans it
    answered, detail = await scan(plant, "S4-stack", lot_id="S4-01")
    assert answered == 409 and "rule on hold: S4-01: held by person: scratched; set" in detail
    spray = {
        **s4.model_dump(include={"lot_id", "work_request_id", "product_id"}),
        "job_order_id": "S4-spray",
        "operation": "spray",
        "equipment_id": "pilot/dryroom/spray/eap-1",
        "recipe_id": "eap",
        "recipe_version": 1,
        "materials": (
            lot("MIX-1", "img_glue", "consumed"),
            lot("S4-02", "ose_pellet", "processed"),
        ),
        "started_at": datetime(2026, 1, 1, tzinfo=UTC),
        "ended_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    await heard(
        plant,
        "S6",
        LotHoldReleased.model_validate(hold),
        GenealogyRecorded.model_validate(spray),
        LotHeld.model_validate(hold | {"lot_id": "MIX-1", "reason": "wrong salt"}),
        window("open", "2001-01-01T00:00:00Z").model_copy(update={"lot_id": "S4"}),
    )
    answered, detail = await scan(plant, "S4-stack", lot_id="S4-01")
    assert answered == 409
    assert "rule clock: coat_to_stack of S4 ended at 2001-01-01 00:00:00, now is" in detail
    later = window("open", "2200-01-01T00:00:00Z").model_copy(update={"lot_id": "S4"})
    await heard(plant, "S7", later)
    assert await scan(plant, "S4-stack", lot_id="S4-01") == (201, "")
    answered, detail = await scan(plant, "S4-stack", lot_id="S4-02")
    assert answered == 409 and "rule glue: S4-02: glue mix MIX-1, held by person: wrong" in detail
    assert await lying(plant, "S4-stack") == ["S4-01"]
    freed = hold | {"lot_id": "MIX-1", "reason": "it was right"}
    expired = hold | {"lot_id": "MIX-1", "gate": "pot_life", "reason": "over after it was used"}
    await heard(plant, "S8", LotHoldReleased.model_validate(freed), LotHeld.model_validate(expired))
    assert await scan(plant, "S4-stack", lot_id="S4-02") == (201, "")


async def test_a_pellet_whose_clock_runs_out_during_the_scan_is_refused_and_the_rest_lies_on(
    plant: Bench,
) -> None:
    body: dict[str, Any] = {"master_recipes": [], "stack_plans": [SCANNED]}
    assert (await plant.post("/master-data", body)).status_code == 201
    clock = {"time_limit_id": "S9-window", "lot_id": "S9-02"}
    later = window("open", "2200-01-01T00:00:00Z").model_copy(update=clock)
    await plant.release(scanned("S9"))
    await heard(plant, "S10", later)
    assert await scan(plant, "S9-stack", lot_id="S9-01") == (201, "")
    over = window("open", "2001-01-01T00:00:00Z").model_copy(update=clock)
    await heard(plant, "S11", over)
    answered, detail = await scan(plant, "S9-stack", lot_id="S9-02")
    assert answered == 409
    assert "rule clock: coat_to_stack of S9-02 ended at 2001-01-01 00:00:00, now is" in detail
    assert "raise a nonconformance for it and stack another" in detail
    assert await lying(plant, "S9-stack") == ["S9-01"]
    assert "S9" not in {event.lot_id for event in await plant.said(JobOrderStarted)}


async def test_the_force_while_pressed_and_the_place_of_each_layer_are_judged_by_the_plans_bands(
    plant: Bench,
) -> None:
    banded = SCANNED | {
        "stack_plan_id": "banded",
        "product_ids": ["banded-cell"],
        "force_band_ratio": 0.1,
        "layer_offset_limit_um": 400.0,
    }
    del banded["needs_scan"], banded["face_up"]
    body: dict[str, Any] = {"master_recipes": [], "stack_plans": [banded]}
    assert (await plant.post("/master-data", body)).status_code == 201
    layers = ("na_foil", "ose_pellet", "nfm_cathode")
    good = stack("T1", parts("T1", *layers), "banded", product_id="banded-cell")
    values = {item.characteristic: item for item in (await plant.ended_after(good)).results}
    assert values["force_outside_ratio"].value == 0.0
    assert values["layer_outside_count"].value == 0.0
    [kept] = (await plant.get("/lots/T1/stacks"))["items"]
    assert len(kept["force_trace_n"]) == 20 and len(kept["layer_offset_um"]) == 3
    bad = stack("T2", parts("T2", *layers), "banded", product_id="banded-cell")
    async with (
        plant.fault("laminator-1", "force_low", 0.5),
        plant.fault("laminator-1", "misaligned", 600.0),
    ):
        values = {item.characteristic: item for item in (await plant.ended_after(bad)).results}
    assert values["force_outside_ratio"].value == 1.0
    assert values["layer_outside_count"].value == 1.0


async def test_an_operation_that_needs_a_training_starts_only_for_a_trained_operator(
    plant: Bench,
) -> None:
    need = {"operation": "stack", "version": 1, "skill": "stacking", "source": "plant: course 3"}
    kept = await plant.post("/master-data", MASTER_DATA | {"training_needs": [need]})
    assert kept.status_code == 201, kept.text
    layers = parts("Q1", *POUCH, *POUCH, "na_foil")
    await plant.release(stack("Q1", layers))
    held = await plant.held("Q1-stack")
    assert "needs a person trained to stacking and nobody operates the station" in held.reason
    ada = {"person": "Ada (ada)"}
    assert (await plant.post("/operators/laminator-1", ada)).status_code == 201
    await plant.post("/job-orders/Q1-stack/resume")
    words = "training of Ada (ada) to stacking is not on record"
    await plant.until(JobOrderHeld, lambda event: words in event.reason)
    course = {"trainee": "Ada (ada)", "skill": "stacking", "evidence": "course 3"}
    course |= {"valid_until": "2100-01-01T00:00:00Z", "person": "Bo (bo)"}
    assert (await plant.post("/trainings", course)).status_code == 201
    shown = await plant.get("/trainings")
    assert [item["person"] for item in shown["items"]] == ["ada"]
    assert [item["skill"] for item in shown["needs"]] == ["stacking"]
    await plant.post("/job-orders/Q1-stack/resume")
    assert (await plant.ended("Q1-stack")).state == "ended"
    over = need | {"version": 2, "skill": None}
    ended = await plant.post("/master-data", MASTER_DATA | {"training_needs": [over]})
    assert ended.status_code == 201
