"""The sintering service against simulated mills, dryer, press, furnaces and gauge."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.sintering.calendar import terms
from services.sintering.main import build
from services.sintering.settings import SinteringSettings
from shared.envelope import envelope
from shared.events import (
    EquipmentStateChanged,
    FurnaceLoadPlanned,
    JobOrderCancelled,
    JobOrderHeld,
    JobOrderReleased,
    JobOrderStarted,
    JobOrderWithdrawn,
    LotHeld,
    LotHoldReleased,
    PelletMarked,
    SinterRunEnded,
    ThermocoupleDriftFound,
    TimeLimitChanged,
)
from shared.facts import Material, MaterialUse
from tests.station.bench import Bench, Ground, bench, job_order, lot, recipe

LOAD_WAIT_S = 8000.0
RAW = (("na2co3", 34.75), ("zro2", 39.27), ("zno", 1.37), ("sio2", 22.17), ("nh4h2po4", 17.75))
PLACE_COUNT = "place_deviation_count"
AIR = {"atmosphere": "air", "soak_band_degc": 10.0, "ramp_band_ratio": 0.25}
SURVEY = {
    "equipment_id": "pilot/furnaces/heat/furnace-1",
    "version": 1,
    "position_share": 0.6,
    "tray_share": 0.4,
    "zone_offset_degc": 0.0,
    "drift_limit_degc": 8.0,
    "qualified_at": "2026-01-12T08:00:00Z",
    "valid_until": "2027-01-12T08:00:00Z",
    "source": "test",
}
MASTER_DATA = Path(__file__).resolve().parents[2] / "examples" / "master-data.yaml"
FORMULA: dict[str, Any] = yaml.safe_load(MASTER_DATA.read_text())["sintering"]["powder_formulas"][
    0
] | {"mill_recipe_id": "mill"}
RECIPES = [
    recipe("mill", "mill", duration_s=3600, speed_rpm=300, solvent_ml=60, sieve_count=0),
    recipe("dry", "dryer", temperature_degc=50, duration_s=7200),
    recipe("press", "press", pressure_mpa=200, dwell_s=30, green_thickness_um=150, area_cm2=2.9),
    recipe("gauge", "gauge", part_duration_s=4),
    recipe(
        "calcine",
        "furnace",
        segment_temperature_degc=[700, 80],
        segment_ramp_degc_per_min=[6, 6],
        segment_soak_s=[7200, 0],
        **AIR,
    ),
    recipe(
        "sinter",
        "furnace",
        segment_temperature_degc=[1200, 80],
        segment_ramp_degc_per_min=[5, 6],
        segment_soak_s=[7200, 0],
        activation_energy_kj_per_mol=400,
        **AIR,
    ),
    recipe(
        "anneal",
        "furnace",
        segment_temperature_degc=[800, 80],
        segment_ramp_degc_per_min=[6, 6],
        segment_soak_s=[3600, 0],
        gas_from_degc=500,
        highest_oxygen_ppm=50,
        lowest_hydrogen_ratio=0.04,
        highest_hydrogen_ratio=0.06,
        **AIR | {"atmosphere": "ar_h2"},
    ),
    recipe(
        "bake",  # one furnace alone has this gas at this heat
        "furnace",
        segment_temperature_degc=[850, 80],
        segment_ramp_degc_per_min=[8, 8],
        segment_soak_s=[1800, 0],
        gas_from_degc=500,
        highest_oxygen_ppm=50,
        lowest_hydrogen_ratio=0.04,
        highest_hydrogen_ratio=0.06,
        **AIR | {"atmosphere": "ar_h2"},
    ),
    recipe(
        "melt",
        "furnace",
        segment_temperature_degc=[1500],
        segment_ramp_degc_per_min=[5],
        segment_soak_s=[60],
        **AIR,
    ),
]


EXAMPLES = yaml.safe_load(MASTER_DATA.read_text())["sintering"]["master_recipes"]
RECIPES += [one for one in EXAMPLES if one["recipe_id"] == "anneal-nvp"]


@pytest.fixture(scope="module")
async def plant(
    bench_ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    async with bench(
        "sintering",
        lambda values, parts: build(
            SinteringSettings(**values, load_wait_s=LOAD_WAIT_S, plan_search_s=0.5), parts
        ),
        bench_ground,
        tmp_path_factory.mktemp("sintering"),
        idle=("furnace-2", "mill-2"),
    ) as running:
        sections = {
            "master_recipes": RECIPES,
            "furnace_qualifications": [
                SURVEY,
                SURVEY | {"equipment_id": "pilot/furnaces/heat/furnace-3"},
            ],
            "powder_formulas": [FORMULA],
        }
        reply = await running.post("/master-data", sections)
        assert reply.status_code == 201, reply.text
        yield running


def pellets(name: str, count: int, use: MaterialUse = "processed") -> list[Material]:
    return [lot(f"{name}-{number:03d}", "ose_pellet", use) for number in range(1, count + 1)]


def sinter(plant: Bench, name: str, count: int, recipe_id: str = "sinter") -> JobOrderReleased:
    return job_order(
        f"{name}-{recipe_id}",
        "furnace",
        recipe_id,
        pellets(name, count),
        lot_id=name,
        released_at=plant.service.clock.now(),
    )


async def test_a_withdrawn_job_order_leaves_the_furnace_plan_unless_a_station_has_it(
    plant: Bench,
) -> None:
    lost = sinter(plant, "LOST", 201, "sinter").model_copy(update={"priority": 1})
    await plant.release(lost)  # only furnace-2, which does not answer, holds so many
    await plant.until_known(lost.job_order_id)
    planned = [load["job_order_ids"] for load in (await plant.get("/furnace-plan"))["loads"]]
    assert [lost.job_order_id] in planned
    dried = job_order("DONE-dry", "dryer", "dry", [powder("DONE")])
    await plant.ended_after(dried)
    about = ("job_order_id", "lot_id", "work_request_id", "product_id", "operation")
    for one in (dried, lost, lost):
        withdrawn = JobOrderWithdrawn(**one.model_dump(include=set(about)), reason="closed short")
        await plant.say(withdrawn)
    cancelled = await plant.until(JobOrderCancelled, lambda event: True)
    assert (cancelled.job_order_id, cancelled.reason) == (lost.job_order_id, "closed short")
    plan = await plant.get("/furnace-plan")
    assert [lost.job_order_id] not in [load["job_order_ids"] for load in plan["loads"]]
    shown = {one["job_order_id"]: one for one in (await plant.get("/job-orders"))["items"]}
    assert shown[lost.job_order_id]["state"] == "cancelled"
    assert shown[dried.job_order_id]["state"] == "ended"
    resumed = await plant.post(f"/job-orders/{lost.job_order_id}/resume")
    assert (resumed.status_code, "is cancelled and not held" in resumed.text) == (409, True)
    await plant.ended_after(job_order("LAST-dry", "dryer", "dry", [powder("LAST")]))
    assert len(await plant.said(JobOrderCancelled)) == 1


async def test_load_for_a_furnace_that_does_not_answer_waits_and_runs_when_it_comes(
    plant: Bench,
) -> None:
    away: EquipmentStateChanged = await plant.until(
        EquipmentStateChanged, lambda event: event.equipment_id.endswith("furnace-2")
    )
    assert (away.data_quality, away.reason) == ("unknown", "station does not answer")
    await plant.release(sinter(plant, "FAR", 200))  # only the large furnace holds 200 pellets
    await plant.ended_after(job_order("NEAR-dry", "dryer", "dry", [powder("NEAR")]))
    [furnace] = [
        item
        for item in (await plant.get("/furnaces"))["items"]
        if "furnace-2" in item["equipment_id"]
    ]
    assert furnace["connected"] is False
    assert furnace["planned"][0]["job_order_ids"] == ["FAR-sinter"]
    assert furnace["planned"][0]["start_at"] is None
    await pin_and_ask(plant, furnace["equipment_id"], "FAR-sinter")
    await plant.stations["furnace-2"].start()
    plant.later.push_async_callback(plant.stations["furnace-2"].stop)
    ended = await plant.ended("FAR-sinter")
    assert (ended.state, ended.equipment_id[-9:]) == ("ended", "furnace-2")
    places = [item for item in ended.results if item.characteristic == PLACE_COUNT]
    assert {item.value for item in places} == {None}  # nobody surveyed this furnace
    assert places[0].reason is not None and "had no valid qualification" in places[0].reason
    assert [event for event in await plant.said(JobOrderHeld) if event.lot_id == "FAR"] == []


async def pin_and_ask(plant: Bench, equipment_id: str, job_order_id: str) -> None:
    """Pin a job order to its furnace, after what the service must refuse and only answer."""
    plan = await plant.get("/furnace-plan")
    assert plan["figures"]["total"] == 0  # nothing can be timed while the furnace is away
    pin = {
        "version": plan["version"],
        "equipment_id": equipment_id,
        "job_order_ids": [job_order_id],
    }
    late = await plant.post("/furnace-plan/pins", {**pin, "version": plan["version"] - 1})
    assert (late.status_code, late.json()["current"]) == (409, {"version": plan["version"]})
    small = equipment_id.replace("furnace-2", "furnace-1")
    wrong = await plant.post("/furnace-plan/pins", {**pin, "equipment_id": small})
    assert "200 parts are more than its 120" in wrong.json()["detail"]
    pinned = await plant.post("/furnace-plan/pins", pin, person="%E6%9D%8E%20Li")
    assert pinned.status_code == 201, pinned.text
    asked = await plant.post("/furnace-plan/what-if", {"urgent": [job_order_id]})
    assert [load["pin_id"] for load in asked.json()["loads"]] == [pinned.json()["pin_id"]]
    in_force = await plant.get("/furnace-plan")
    assert in_force["version"] == pinned.json()["version"]
    assert [load["pinned_by"] for load in in_force["loads"]] == ["李 Li"]
    newest = in_force["changes"][0]
    assert newest["version"] == in_force["version"]
    assert newest["why"] == f"pinned to {equipment_id} by 李 Li"
    same = await plant.post("/furnace-plan/pins", pin)
    assert (same.status_code, same.json()["current"]) == (409, {"version": in_force["version"]})
    assert f"not {plan['version']}: pinned to {equipment_id} by 李 Li" in same.json()["detail"]
    small_load = {"equipment_id": small, "job_order_ids": [job_order_id]}
    wrong = await plant.post("/furnace-plan/what-if", {"pins": [small_load]})
    assert "200 parts are more than its 120" in wrong.json()["detail"]
    moved = await plant.post(
        "/furnace-plan/what-if", {"pins": [small_load | {"equipment_id": equipment_id}]}
    )
    assert [load["pin_id"] for load in moved.json()["loads"]] == ["what-if-0"]
    assert (await plant.get("/furnace-plan"))["version"] == in_force["version"]


def powder(name: str, use: MaterialUse = "processed", mass_g: float = 100.0) -> Material:
    return lot(name, "nzzspo_powder", use, mass_g, "g")


async def test_a_planned_stop_and_a_longest_wait_are_in_the_plan_and_its_answer(
    plant: Bench,
) -> None:
    now = plant.service.clock.now()
    stop = {
        "starts_at": (now + timedelta(days=400)).isoformat(),
        "ends_at": (now + timedelta(days=401)).isoformat(),
        "reason": "relining",
    }
    furnace = "pilot/furnaces/heat/furnace-1"
    calendar = {"equipment_id": furnace, "version": 1, "closed": [stop], "source": "plant"}
    taken = await plant.post("/master-data", {"furnace_calendars": [calendar]})
    assert taken.status_code == 201, taken.text
    changed = await plant.post("/master-data", {"furnace_calendars": [calendar | {"closed": []}]})
    assert changed.status_code == 409
    shown = {item["equipment_id"]: item for item in (await plant.get("/furnaces"))["items"]}
    assert [span["reason"] for span in shown[furnace]["closed"]] == ["relining"]
    hours = {
        item["equipment_id"]: item for item in (await plant.get("/furnace-utilisation"))["items"]
    }
    assert 0 <= hours[furnace]["running_h"] <= 7 * 24
    parts = [hours[furnace][f"{name}_h"] for name in ("before", "running", "closed", "other")]
    assert sum(parts) == pytest.approx(7 * 24)
    age = plant.service.clock.now() - plant.service.clock.plant_start
    oldest = max(0.0, 7 * 24 - age / timedelta(hours=1))
    assert oldest <= hours[furnace]["before_h"] <= 7 * 24
    limit = TimeLimitChanged(
        lot_id="LATE",
        time_limit_id="LATE-press_to_debind",
        name="press_to_debind",
        limit_kind="max",
        from_event="press ended",
        to_event="debind started",
        started_at=now,
        limit_at=now + timedelta(days=3),
        state="open",
    )
    assert await latest_starts_after(plant, limit) == {("LATE", "debind"): limit.limit_at}
    assert await latest_starts_after(plant, limit.model_copy(update={"state": "met"})) == {}


async def latest_starts_after(plant: Bench, event: TimeLimitChanged) -> Any:
    """Let the service hear of a window as its reader does; return what it plans by then."""
    inbox = plant.service.inbox
    assert inbox is not None
    heard = envelope(event, service="execution", time=event.started_at, correlation_id="LATE")
    async with plant.service.database.begin() as tx:
        await inbox.effects.handle(tx, heard)
    async with plant.service.database.quiet() as tx:
        return (await terms(tx, event.started_at)).latest_start


async def test_powder_is_milled_dried_and_calcined_with_its_mass_weighed(plant: Bench) -> None:
    raw = [lot(f"RAW-{name}", name, "consumed", mass_g, "g") for name, mass_g in RAW]
    mill = await plant.ended_after(
        job_order("PWD-mill", "mill", "mill", [*raw, powder("PWD", "produced")])
    )
    weighed = {item.lot_id: item for item in mill.materials}["PWD"]
    mass, milled, *told, weighed_ratio = mill.results
    assert [(item.characteristic, item.value) for item in told] == [("solvent_ml", 60.0)]
    assert milled.characteristic == "yield_ratio"
    assert milled.value == pytest.approx(weighed.quantity / sum(mass_g for _, mass_g in RAW))
    assert weighed_ratio.characteristic == "weighing_error_ratio"
    assert (
        isinstance(weighed_ratio.value, float) and weighed_ratio.value < FORMULA["tolerance_ratio"]
    )
    assert (mass.lot_id, mass.characteristic, mass.unit) == ("PWD", "mass_g", "g")
    assert mass.value == weighed.quantity != 100.0
    assert [item.quantity for item in mill.materials[:-1]] == [mass_g for _, mass_g in RAW]

    dry = await plant.ended_after(job_order("PWD-dry", "dryer", "dry", [weighed_again(weighed)]))
    values = {item.characteristic: item.value for item in dry.results}
    assert values.keys() == {"mass_g", "loss_on_drying_ratio"}
    assert dry.materials[0].quantity == values["mass_g"] < weighed.quantity

    calcine = await plant.ended_after(
        job_order("PWD-calcine", "furnace", "calcine", [weighed_again(dry.materials[0])])
    )
    assert calcine.equipment_id.endswith("furnace-3")  # the one that cannot sinter
    assert {item.characteristic for item in calcine.results} == {
        "profile_deviation_count",
        "soak_in_band_s",
    }


def weighed_again(material: Material) -> Material:
    return material.model_copy(update={"use": "processed"})


async def test_powders_that_are_not_weighed_as_their_formula_says_are_not_milled(
    plant: Bench,
) -> None:
    raws = [lot(f"WRONG-{name}", name, "consumed", mass_g, "g") for name, mass_g in RAW]
    heavy = raws[1].model_copy(update={"quantity": 45.0})
    await plant.release(
        job_order(
            "WRONG-mill", "mill", "mill", [raws[0], heavy, *raws[2:], powder("WRONG", "produced")]
        )
    )
    held = await plant.held("WRONG-mill")
    assert "zro2 weighs 45 g for 39.2" in held.reason


async def test_pellets_are_pressed_sintered_and_measured(plant: Bench) -> None:
    green = await plant.ended_after(
        job_order(
            "PEL-press",
            "press",
            "press",
            [powder("PWD-2", "consumed", 20.0), *pellets("PEL", 3, "produced")],
            lot_id="PEL",
        )
    )
    assert [item.quantity for item in green.materials] == [20.0, 1, 1, 1]
    assert [item.lot_id for item in green.results if item.characteristic == "mass_g"] == [
        "PEL-001",
        "PEL-002",
        "PEL-003",
    ]
    heat = await plant.ended_after(sinter(plant, "PEL", 3))
    values = {item.characteristic: item.value for item in heat.results}
    assert values["profile_deviation_count"] == 0
    assert values["soak_in_band_s"] == pytest.approx(7200, abs=100)
    gauge = await plant.ended_after(
        job_order("PEL-gauge", "gauge", "gauge", pellets("PEL", 3), lot_id="PEL")
    )
    first = {item.characteristic: item for item in gauge.results if item.lot_id == "PEL-001"}
    assert set(first) == {
        "thickness_um",
        "mass_g",
        "diameter_mm",
        "roughness_um",
        "density_g_per_cm3",
        "thickness_shrinkage_ratio",
        "diameter_shrinkage_ratio",
    }
    thinner, narrower = first["thickness_shrinkage_ratio"], first["diameter_shrinkage_ratio"]
    assert thinner.value == pytest.approx(narrower.value, abs=0.02)
    assert 0.05 < thinner.value < 0.3
    assert 0.02 < first["roughness_um"].value < 0.1
    density = first["density_g_per_cm3"]
    assert density.unit == "g/cm³"
    assert isinstance(density.value, float)
    assert 2.5 < density.value < 3.4


async def test_job_orders_of_one_recipe_share_a_load_with_tray_and_position(plant: Bench) -> None:
    with plant.time.held():
        await plant.release(sinter(plant, "ONE", 20), sinter(plant, "TWO", 20))
        await plant.until_known("ONE-sinter", "TWO-sinter")
    one, two = await plant.ended("ONE-sinter"), await plant.ended("TWO-sinter")
    planned: FurnaceLoadPlanned = await plant.until(
        FurnaceLoadPlanned, lambda event: "ONE-sinter" in event.job_order_ids
    )
    assert planned.job_order_ids == ("ONE-sinter", "TWO-sinter")
    assert one.equipment_id == two.equipment_id == planned.equipment_id
    assert planned.fill_ratio == pytest.approx(40 / 120)
    assert [item.lot_id for item in two.materials] == [item.lot_id for item in pellets("TWO", 20)]
    run: SinterRunEnded = await plant.until(
        SinterRunEnded, lambda event: event.furnace_load_id == planned.furnace_load_id
    )
    assert run.deviations == ()
    assert len(run.profile_time_s) == len(run.profile_temperature_degc) > 100
    load = await plant.get(f"/furnace-loads/{planned.furnace_load_id}")
    assert load["state"] == "ended"
    part = load["parts"][31]
    assert (part["lot_id"], part["job_order_id"]) == ("TWO-012", "TWO-sinter")
    assert (part["tray"], part["position"], part["deviations"]) == (2, 2, [])
    assert part["soak_in_band_s"] == pytest.approx(7200, abs=100)
    assert part["dose_h"] == pytest.approx(2.0, rel=0.15)
    assert len(load["profile"]["temperature_degc"]) == len(run.profile_time_s)
    assert load["judged"] == {
        "soak_band_degc": 10.0,
        "ramp_band_ratio": 0.25,
        "activation_energy_kj_per_mol": 400.0,
    }
    [place] = (await plant.get("/lots/ONE-020/furnace-loads"))["items"]
    assert (place["tray"], place["position"]) == (1, 20)


async def test_parts_are_judged_where_a_person_saw_them_and_found_by_their_place(
    plant: Bench,
) -> None:
    async with plant.fault("furnace-1", "zone_cold", 60.0):
        with plant.time.held():
            await plant.release(sinter(plant, "SEEN", 120))
            planned: FurnaceLoadPlanned = await plant.until(
                FurnaceLoadPlanned, lambda event: "SEEN-sinter" in event.job_order_ids
            )
            path = f"/furnace-loads/{planned.furnace_load_id}/places"
            first, last = ({"lot_id": f"SEEN-{name}"} for name in ("001", "120"))
            for wrong, reason in (
                (
                    [first | {"tray": 4, "position": 30}],
                    "SEEN-001 and SEEN-120 stand both on tray 4",
                ),
                (
                    [first | {"tray": 5, "position": 1}],
                    "none of the furnace's 4 trays of 30 positions",
                ),
                ([{"lot_id": "ONE-001", "tray": 1, "position": 1}], "ONE-001: not in this load"),
                ([first | {"tray": 1, "position": 1}] * 2, "SEEN-001: named more than once"),
            ):
                refused = await plant.post(path, {"places": wrong}, person="Li")
                assert reason in refused.json()["detail"]
            swapped = [first | {"tray": 4, "position": 30}, last | {"tray": 1, "position": 1}]
            taken = await plant.post(path, {"places": swapped}, person="%E6%9D%8E%20Li")
            assert taken.status_code == 200, taken.text
        ended = await plant.ended("SEEN-sinter")
    assert ended.equipment_id.endswith("furnace-1")
    counts = {
        item.lot_id: item.value for item in ended.results if item.characteristic == PLACE_COUNT
    }
    assert (counts["SEEN-001"], counts["SEEN-120"]) == (1, 0)  # the cold end is at 4/30
    found = await plant.get(f"{path}/1/1")
    assert (found["lot_id"], found["placed_by"]) == ("SEEN-120", "李 Li")
    assert (await plant.http.get(f"{path}/9/1")).status_code == 404
    await mark_and_ask(plant, planned.furnace_load_id)
    late = await plant.post(path, {"places": swapped})
    assert (late.status_code, late.json()["current"]) == (409, {"state": "ended"})
    missing = await plant.post("/furnace-loads/LOAD-0/places", {"places": swapped})
    assert missing.status_code == 404


async def mark_and_ask(plant: Bench, furnace_load_id: str) -> None:
    path = f"/furnace-loads/{furnace_load_id}/marks"
    first, other = ({"tray": 1, "position": at, "mark": f"DM-000{at}"} for at in (1, 2))
    for _ in range(2):  # the same pellet with the same mark is no news
        taken = await plant.post(path, {"marks": [first, other]}, person="Li")
        assert taken.status_code == 200, taken.text
    assert taken.json()["marked"] == 0
    said = await plant.until(PelletMarked, lambda event: event.mark == "DM-0001")
    assert (said.lot_id, said.tray, said.person) == ("SEEN-120", 1, "Li")
    found = await plant.get("/marks/DM-0001")
    assert (found["lot_id"], found["furnace_load_id"]) == ("SEEN-120", furnace_load_id)
    for wrong, status, reason in (
        ([first | {"mark": "DM-0002"}], 409, "mark DM-0001 is on SEEN-120"),
        ([first | {"position": 3}], 409, "mark DM-0001 is on SEEN-120"),
        ([first | {"tray": 9}], 404, "nothing on tray 9 position 1"),
        ([first, first], 422, "place 1/1 stands 2 times"),
    ):
        refused = await plant.post(path, {"marks": wrong}, person="Li")
        assert (refused.status_code, reason in refused.json()["detail"]) == (status, True)
    assert (await plant.http.get("/marks/DM-9")).status_code == 404


async def test_cold_zone_is_a_deviation_of_the_run_and_of_its_lot(plant: Bench) -> None:
    async with plant.fault("furnace-1", "zone_cold", 60.0):
        ended = await plant.ended_after(sinter(plant, "COLD", 100))
    assert ended.equipment_id.endswith("furnace-1")
    of_lot = {item.characteristic: item.value for item in ended.results if item.lot_id == "COLD"}
    assert of_lot["profile_deviation_count"] == 0  # no deviation touches each place
    counts = [item.value for item in ended.results if item.characteristic == PLACE_COUNT]
    touched = [at for at, count in enumerate(counts) if count]
    assert counts[:6] == [0] * 6 and counts[29] == 1
    assert {at % 30 for at in touched} >= set(range(20, 30))  # the far ends of the trays
    run: SinterRunEnded = await plant.until(
        SinterRunEnded, lambda event: event.job_order_ids == ("COLD-sinter",)
    )
    assert run.deviations[0].startswith("soak 1 at 1200 °C: zones differ by")


async def test_thermocouples_that_drifted_apart_over_five_runs_are_told(plant: Bench) -> None:
    async with plant.fault("furnace-1", "thermocouple_offset", 15.0):
        for number in range(1, 6):
            await plant.ended_after(sinter(plant, f"DRIFT-{number}", 120, "bake"))
    told: ThermocoupleDriftFound = await plant.until(
        ThermocoupleDriftFound, lambda event: event.lot_ids == ("DRIFT-5",)
    )
    assert told.equipment_id.endswith("furnace-1")
    assert told.drift_degc == pytest.approx(-15, abs=5)
    assert told.limit_degc == 8


async def test_nvp_powder_of_the_examples_is_annealed_in_a_furnace_with_its_gas(
    plant: Bench,
) -> None:
    now = plant.service.clock.now()
    order = job_order("NVP-anneal", "furnace", "anneal-nvp", [powder("NVP")], released_at=now)
    ended = await plant.ended_after(order)
    assert ended.equipment_id[-9:] in {"furnace-1", "furnace-3"}, "furnace-2 burns air"
    [count] = [item for item in ended.results if item.characteristic == "profile_deviation_count"]
    assert count.value == 0, count.reason
    run: SinterRunEnded = await plant.until(
        SinterRunEnded, lambda event: event.job_order_ids == ("NVP-anneal",)
    )
    profile = (await plant.get(f"/furnace-loads/{run.furnace_load_id}"))["profile"]
    assert max(profile["hydrogen_ratio"]) == pytest.approx(0.05, abs=0.01)
    assert len(profile["oxygen_ppm"]) == len(profile["time_s"])


async def test_gas_of_an_anneal_is_measured_and_a_leak_touches_each_pellet(plant: Bench) -> None:
    clean = await plant.ended_after(sinter(plant, "GAS", 100, "anneal"))
    of_lot = {item.characteristic: item for item in clean.results if item.lot_id == "GAS"}
    count = of_lot["profile_deviation_count"]
    assert count.value == 0, count.reason
    zones = {item.value for item in clean.results if item.characteristic == "position_zone"}
    # 100 pellets fill two of the furnace's eight trays: none stands at its second thermocouple.
    assert len(zones) == 2 and all(str(zone).startswith("LOAD-") for zone in zones)
    named = {item.characteristic for item in clean.results if item.value in zones}
    assert named == {"position_zone", "furnace_position_zone"}  # of the operation, as tests name it
    async with (
        plant.fault("furnace-1", "air_leak", 300.0),
        plant.fault("furnace-3", "air_leak", 300.0),
    ):
        leaking = await plant.ended_after(sinter(plant, "LEAK", 100, "anneal"))
    counts = {item.value for item in leaking.results if item.characteristic == PLACE_COUNT}
    assert counts == {1}
    run: SinterRunEnded = await plant.until(
        SinterRunEnded, lambda event: event.job_order_ids == ("LEAK-anneal",)
    )
    assert run.deviations[0].startswith("oxygen_ppm: highest 3")
    load = await plant.get(f"/furnace-loads/{run.furnace_load_id}")
    assert len(load["profile"]["oxygen_ppm"]) == len(load["profile"]["time_s"])
    assert 0 < load["energy_kwh"] < 1000
    async with (
        plant.fault("furnace-1", "gas_sensor_lost", 1.0),
        plant.fault("furnace-3", "gas_sensor_lost", 1.0),
    ):
        blind = await plant.ended_after(sinter(plant, "BLIND", 100, "anneal"))
    [held] = [item for item in blind.results if item.characteristic == "profile_deviation_count"]
    assert held.value is None and held.reason is not None and "have no oxygen_ppm" in held.reason


async def test_aborted_run_ends_each_job_order_with_a_reason(plant: Bench) -> None:
    async with plant.fault("furnace-1", "abort", 1.0), plant.fault("furnace-2", "abort", 1.0):
        ended = await plant.ended_after(sinter(plant, "STOP", 100))
    assert ended.state == "aborted"
    assert ended.reason is not None
    assert "aborted it and gave no reason" in ended.reason


async def test_recipe_that_reads_back_otherwise_never_starts_until_a_person_resumes_it(
    plant: Bench,
) -> None:
    order = job_order("BAD-gauge", "gauge", "gauge", pellets("BAD", 2), lot_id="BAD")
    async with plant.fault("gauge-1", "garble", 1.01):
        await plant.release(order)
        held = await plant.held("BAD-gauge")
    assert held.reason.startswith("recipe read back differs: part_duration_s: sent 4.0 s")
    assert plant.stations["gauge-1"].job_states() == {}
    started = [event.job_order_id for event in await plant.said(JobOrderStarted)]
    assert "BAD-gauge" not in started
    reply = await plant.post("/job-orders/BAD-gauge/resume")
    assert reply.json() == {"job_order_id": "BAD-gauge", "state": "allowed_to_start"}
    assert (await plant.ended("BAD-gauge")).state == "ended"
    again = await plant.post("/job-orders/BAD-gauge/resume")
    assert again.status_code == 409
    assert again.json()["current"] == {
        "job_order_id": "BAD-gauge",
        "state": "ended",
        "reason": None,
    }


async def test_job_order_that_cannot_be_planned_is_held_with_its_reason(plant: Bench) -> None:
    refused = {
        "furnace-1: 1500 °C is above its highest temperature 1300 °C": job_order(
            "HOT", "furnace", "melt", pellets("H", 2)
        ),
        "no furnace can run sinter with 500 lots from M-001 to M-500": job_order(
            "MANY", "furnace", "sinter", pellets("M", 500)
        ),
        "dryer-1: 5000 g are more than its 4000 g; split the job order": job_order(
            "HEAVY", "dryer", "dry", [powder("HP", mass_g=5000.0)]
        ),
        "recipe unheard does not exist": job_order("NO", "gauge", "unheard", pellets("N", 1)),
        "is for a furnace, not for a gauge": job_order("ODD", "gauge", "sinter", pellets("W", 1)),
        "recipe gauge has no parameter speed": job_order(
            "OVER", "gauge", "gauge", pellets("O", 1), parameters={"speed": 1.0}
        ),
    }
    await plant.release(*refused.values())
    for reason, order in refused.items():
        held = await plant.held(order.job_order_id)
        assert reason in held.reason
        assert held.equipment_id is None
        items = (await plant.get("/job-orders?limit=1000"))["items"]
        [listed] = [item for item in items if item["job_order_id"] == order.job_order_id]
        assert (listed["state"], listed["reason"]) == ("not_allowed_to_start", held.reason)


async def test_lot_held_by_two_gates_waits_for_both(plant: Bench) -> None:
    def gate(name: str, kind: type[LotHeld | LotHoldReleased]) -> LotHeld | LotHoldReleased:
        return kind(lot_id="TWICE-001", work_request_id=None, gate=name, reason="a test")

    order = job_order("TWICE-gauge", "gauge", "gauge", pellets("TWICE", 1))
    marker = job_order("MARK-gauge", "gauge", "gauge", pellets("MARK", 1), priority=1)
    await plant.say(gate("mass", LotHeld), gate("shape", LotHeld), order)
    await plant.say(gate("mass", LotHoldReleased))
    await plant.ended_after(marker)
    assert "TWICE-gauge" not in [event.job_order_id for event in await plant.said(JobOrderStarted)]
    await plant.say(gate("shape", LotHoldReleased))
    assert (await plant.ended("TWICE-gauge")).state == "ended"


async def test_recipe_that_is_no_furnace_program_is_refused(plant: Bench) -> None:
    bad = recipe("bent", "furnace", segment_temperature_degc=[700], **AIR)
    reply = await plant.post("/master-data", {"master_recipes": [bad]})
    assert reply.status_code == 422
    assert "segment_ramp_degc_per_min is None" in reply.json()["detail"]
    foreign = recipe("spray", "eap", distance_mm=100)
    reply = await plant.post("/master-data", {"master_recipes": [foreign]})
    assert "station_kind eap is none of" in reply.json()["detail"]


async def test_furnaces_and_loads_are_listed(plant: Bench) -> None:
    items = (await plant.get("/furnaces"))["items"]
    assert [item["equipment_id"][-9:] for item in items] == ["furnace-1", "furnace-2", "furnace-3"]
    loads = (await plant.get("/furnace-loads"))["items"]
    assert {load["state"] for load in loads} <= {"ended", "aborted", "running", "allowed_to_start"}
    assert (await plant.http.get("/furnace-loads/LOAD-0")).status_code == 404


async def test_surveys_are_due_at_furnaces_and_at_nothing_else(plant: Bench) -> None:
    items = (await plant.get("/due-dates"))["items"]
    assert [item["equipment_id"] for item in items] == [
        f"pilot/furnaces/heat/furnace-{number}" for number in (1, 2, 3)
    ]
