"""Two replicas of each service that drives stations: jobs run once though who drives is killed."""

from collections import Counter
from pathlib import Path
from typing import Any

from services.lamination.main import build as lamination
from services.lamination.settings import LaminationSettings
from services.sintering.main import build as sintering
from services.sintering.settings import SinteringSettings
from services.spray.main import build as spray
from services.spray.settings import SpraySettings
from shared.app import Service
from shared.db import sql
from shared.events import JobOrderReleased
from tests.station.bench import Ground, job_order, lot, recipe
from tests.station.glue import formula, setup, spray_recipe, weigh_out
from tests.station.replicas_ground import READY_WITHIN_S, Pair, pair
from tests.station.speaker import until

GOOD = {"person": "Bo", "viscosity_mpas": 9.96, "conductivity_s_per_cm": 0.005}
DRY = recipe("dry", "dryer", temperature_degc=50, duration_s=7200)
SINTER = recipe(
    "sinter",
    "furnace",
    segment_temperature_degc=[1200, 80],
    segment_ramp_degc_per_min=[5, 6],
    segment_soak_s=[7200, 0],
    activation_energy_kj_per_mol=400,
    atmosphere="air",
    soak_band_degc=10.0,
    ramp_band_ratio=0.25,
)


def dried(name: str) -> JobOrderReleased:
    return job_order(name, "dryer", "dry", [lot(name, "nzzspo_powder", "processed", 100.0, "g")])


def sintered(name: str) -> JobOrderReleased:
    pellets = [lot(f"{name}-{number}", "ose_pellet", "processed") for number in range(4)]
    return job_order(name, "furnace", "sinter", pellets, lot_id=name)


async def test_sintering_dries_and_sinters_each_lot_once_though_who_drives_is_killed(
    bench_ground: Ground, tmp_path: Path
) -> None:
    async def prepare(both: Pair) -> None:
        await both.ask("POST", "/master-data", {"master_recipes": [DRY, SINTER]})

    def wire(values: dict[str, Any]) -> Service:
        return sintering(SinteringSettings(**values))

    async with pair(
        "sintering",
        bench_ground,
        tmp_path,
        6000.0,
        wire,
        prepare,
        ("dryer-1", "furnace-1"),
        HALITE_LOAD_WAIT_S="600",
        HALITE_PLAN_SEARCH_S="0.5",
    ) as both:
        batches = [[sintered(f"S{n}"), *(dried(f"D{n}{item}") for item in "abc")] for n in (1, 2)]
        await both.survive(tuple(batches))
        wanted = [one.job_order_id for batch in batches for one in batch]
        await both.until_ended(*wanted)
        await both.check_books()
        await both.check_jobs(*wanted)


PLAN = {
    "stack_plan_id": "symmetric",
    "version": 1,
    "product_ids": ["nfm-pouch-1ah"],
    "description": "witness cell",
    "roles": {"na_disc": "sodium", "ose_pellet": "electrolyte"},
    "pattern": ["na_disc", "ose_pellet"],
    "repeat": 1,
    "top": ["na_disc"],
    "sodium_thickness_um": 450,
    "source": "test",
}
LAMINATE = recipe("laminate", "laminator", force_n=500, temperature_degc=40, dwell_s=60)
SEAL = recipe(
    "seal",
    "sealer",
    seal_temperature_degc=180,
    seal_pressure_kpa=300,
    dwell_s=3,
    vacuum_mbar=1,
)


def stacked(cell: str) -> JobOrderReleased:
    layers = ("na_disc", "ose_pellet", "na_disc")
    parts = [lot(f"{cell}-{place}", layer, "consumed") for place, layer in enumerate(layers)]
    return job_order(
        f"{cell}-stack",
        "laminator",
        "laminate",
        [*parts, lot(cell, "cell_symmetric", "produced")],
        service="lamination",
        operation="stack",
        parameters={"stack_plan_id": "symmetric"},
    )


def sealed(cell: str) -> JobOrderReleased:
    return job_order(
        f"{cell}-seal",
        "sealer",
        "seal",
        [lot(cell, "cell_symmetric", "processed")],
        service="lamination",
        operation="seal",
    )


async def test_lamination_stacks_and_seals_each_cell_once_though_who_drives_is_killed(
    bench_ground: Ground, tmp_path: Path
) -> None:
    async def prepare(both: Pair) -> None:
        await both.ask(
            "POST", "/master-data", {"master_recipes": [LAMINATE, SEAL], "stack_plans": [PLAN]}
        )

    def wire(values: dict[str, Any]) -> Service:
        return lamination(LaminationSettings(**values))

    async with pair(
        "lamination", bench_ground, tmp_path, 300.0, wire, prepare, ("laminator-1", "sealer-1")
    ) as both:
        batches = [
            [*(stacked(f"C{n}{item}") for item in "abc"), *(sealed(f"E{n}{item}") for item in "ab")]
            for n in (1, 2)
        ]
        await both.survive(tuple(batches))
        wanted = [one.job_order_id for batch in batches for one in batch]
        await both.until_ended(*wanted)
        await both.check_books()
        await both.check_jobs(*wanted)


def sprayed(name: str) -> JobOrderReleased:
    return job_order(
        name,
        "eap",
        "eap",
        [
            lot("IMG-1", "img_glue", "consumed", 20, "ul"),
            lot(f"{name}-P", "ose_pellet", "processed"),
        ],
        service="spray",
        operation="spray",
        lot_id=f"{name}-CELL",
    )


async def test_spray_coats_each_pellet_once_and_ends_each_glue_once_though_who_drives_is_killed(
    bench_ground: Ground, tmp_path: Path
) -> None:
    short_lived = [f"SHORT-{number}" for number in range(12)]

    async def prepare(both: Pair) -> None:
        await both.ask(
            "POST",
            "/master-data",
            {
                "master_recipes": [spray_recipe("eap", area_cm2=24.0, spray_time_s=2)],
                "mix_formulas": [formula(), formula(formula_id="short", pot_life_s=60)],
                "setups": [setup("eap-1"), setup("eap-2")],
            },
        )
        await both.ask("POST", "/glue-mixes", weigh_out("IMG-1"))
        await both.ask("POST", "/glue-mixes/IMG-1/checks", GOOD)

    def wire(values: dict[str, Any]) -> Service:
        return spray(SpraySettings(**values))

    async with pair(
        "spray", bench_ground, tmp_path, 60.0, wire, prepare, ("eap-1", "eap-2")
    ) as both:
        batches = [[sprayed(f"J{n}{item}") for item in "abcd"] for n in (1, 2)]
        await until(both.both_ready, READY_WITHIN_S)
        for name in short_lived:
            await both.ask("POST", "/glue-mixes", weigh_out(name, formula_id="short"))
        await both.survive(tuple(batches))
        wanted = [one.job_order_id for batch in batches for one in batch]
        await both.until_ended(*wanted)
        await both.check_books()
        await both.check_jobs(*wanted)
        held = await both.count("lot_held", "lot_id")
        async with both.kept.quiet() as tx:
            uses = Counter(await tx.scalars(sql("SELECT job_order_id FROM glue_use")))
    assert {name: held[name] for name in short_lived} == dict.fromkeys(short_lived, 1)
    assert uses == dict.fromkeys(wanted, 1)
