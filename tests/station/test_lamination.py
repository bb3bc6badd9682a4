"""The lamination service against a simulated laminator and sealer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.lamination.main import build
from services.lamination.settings import LaminationSettings
from shared.events import EquipmentStateChanged, JobOrderReleased, JobOrderStarted
from shared.facts import Material
from tests.station.bench import Bench, Ground, bench, job_order, lot, recipe

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


async def test_cell_is_stacked_of_every_part_and_sealed_when_the_sealer_comes(
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
    assert set(values) == {"alignment_um", "layer_count", "np_ratio"}
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
    assert set(values) == {"leak_rate_mbar_l_per_s", "seal_temperature_degc", "vacuum_mbar"}
    assert values["leak_rate_mbar_l_per_s"].unit == "mbar·L/s"
    assert values["seal_temperature_degc"].value == pytest.approx(180, abs=5)


async def test_symmetric_cell_has_no_np_ratio(plant: Bench) -> None:
    layers = parts("W1", "na_disc", "ose_pellet", "na_disc")
    stacked = await plant.ended_after(stack("W1", layers, "symmetric"))
    assert {item.characteristic for item in stacked.results} == {"alignment_um", "layer_count"}


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
        ("nfm-pouch", 1),
        ("nfm-pouch", 2),
        ("symmetric", 1),
    ]
    cell = stack("C6", parts("C6", *POUCH, *POUCH, "na_foil"))
    ratios = {item.characteristic: item.value for item in (await plant.ended_after(cell)).results}
    assert ratios["np_ratio"] == pytest.approx(4.53, abs=0.005)
