"""The spray service against simulated EAP stations: glue, interlocks, faces, cure."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import polars
import pytest

from services.spray import tracestore
from services.spray.main import build
from services.spray.settings import SpraySettings
from shared import joborders
from shared.air import water_ppm
from shared.app import Service
from shared.events import (
    CureMeasured,
    EquipmentStateChanged,
    GenealogyRecorded,
    JobOrderHeld,
    JobOrderReleased,
    LotHeld,
    LotHoldReleased,
    MaterialLotRegistered,
    NonconformanceRaised,
    OperatorChanged,
    PersonTrained,
)
from shared.opcua import Access, StationClient
from shared.settings import StationSettings
from simulators.opcua_server import Identity
from tests.station.bench import LOOK_S, WITHIN_S, Bench, Ground, bench, job_order, lot
from tests.station.glue import formula, setup, spray_recipe, trace_limits, weigh_out
from tests.station.makers_plc import Makers, MakersPlc

GOOD = {"person": "Bo", "viscosity_mpas": 9.96, "conductivity_s_per_cm": 0.005}
CURE: dict[str, Any] = {
    "cure_model_id": "img",
    "version": 1,
    "rate_per_min": 0.01435,
    "field_factor": 21.4,
    "field_voltage_v": 17000,
    "nearest_mm": 80,
    "farthest_mm": 150,
    "activation_kj_per_mol": 0,
    "reference_ppm": 71,
    "residual_at_zero_ratio": 0.3,
    "drift_count": 2,
    "drift_limit_ratio": 0.03,
    "source": "test",
}
EAP = spray_recipe("eap", area_cm2=24.0, spray_time_s=2)
DRIER = {
    **EAP,
    "recipe_id": "eap-drier",
    "parameters": EAP["parameters"] | {"dew_point_limit_degc": {"value": -90, "source": "test"}},
}
WITHOUT_LIMIT = {
    **EAP,
    "recipe_id": "eap-no-limit",
    "parameters": {
        name: value for name, value in EAP["parameters"].items() if name != "dew_point_limit_degc"
    },
}

OTHER_STATES = [
    EAP | {"recipe_id": "eap-coin", "product_ids": ["nvp-coin"]},
    EAP | {"recipe_id": "eap-old"},
    EAP | {"recipe_id": "eap-old", "version": 2, "status": "retired"},
    EAP | {"recipe_id": "eap-new", "status": "draft"},
]
AGAIN = {
    "recipe_id": "eap",
    "version": 1,
    "most_count": 1,
    "within_s": 864_000,
    "after": ["arcs", "needle_voltage_v"],
    "source": "test",
}


@pytest.fixture(scope="module")
async def plant(
    bench_ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:

    def lenient(station: StationSettings, entry: Access) -> StationClient:
        allowed = station.name == "eap-2"
        changed = station.model_copy(update={"start_before_read_back": allowed})
        return StationClient(changed, entry)

    async with bench(
        "spray",
        lambda values, parts: build(
            SpraySettings(**values, vacuum_wait_s=1.0, sensor_wait_s=0.5),
            replace(parts, station=lenient),
        ),
        bench_ground,
        tmp_path_factory.mktemp("spray"),
        idle=("eap-2",),
        speed=2000.0,
    ) as running:
        sections = {
            "master_recipes": [EAP, DRIER, WITHOUT_LIMIT, *OTHER_STATES],
            "mix_formulas": [
                formula(),
                formula(formula_id="short", pot_life_s=1200),
                formula(
                    formula_id="bought",
                    material_definition_id="img_bought",
                    received_allowed=True,
                    received_life_s=28_800,
                ),
            ],
            "setups": [setup("eap-1"), setup("eap-2")],
            "cure_models": [CURE],
            "respray_rules": [AGAIN],
            "trace_limits": [trace_limits(name) for name in ("eap", "eap-drier", "eap-no-limit")],
        }
        reply = await running.post("/master-data", sections)
        assert reply.status_code == 201, reply.text
        yield running


def spray(name: str, glue: str, recipe_id: str = "eap") -> JobOrderReleased:
    return job_order(
        name,
        "eap",
        recipe_id,
        [lot(glue, "img_glue", "consumed", 20, "ul"), lot(f"{name}-P", "ose_pellet", "processed")],
        service="spray",
        operation="spray",
        lot_id=f"{name}-CELL",
    )


async def holds(plant: Bench, lot_id: str) -> list[str]:
    """Return the holds of a lot that the service knows of."""
    async with plant.service.database.quiet() as tx:
        return await joborders.holds_of(tx, [lot_id])


async def usable(plant: Bench, lot_id: str) -> None:
    """Mix glue and have it verified and checked."""
    reply = await plant.post("/glue-mixes", weigh_out(lot_id))
    assert reply.status_code == 201, reply.text
    reply = await plant.post(f"/glue-mixes/{lot_id}/checks", GOOD)
    assert reply.json()["state"] == "usable", reply.text


async def mix(plant: Bench, lot_id: str) -> dict[str, Any]:
    """Return one mix as the service shows it."""
    items = (await plant.get("/glue-mixes"))["items"]
    [found] = [item for item in items if item["lot_id"] == lot_id]
    shown: dict[str, Any] = found
    return shown


async def test_glue_is_mixed_verified_sprayed_and_counted_for_its_cell(plant: Bench) -> None:
    await usable(plant, "IMG-1")
    made: GenealogyRecorded = await plant.until(
        GenealogyRecorded, lambda event: event.lot_id == "IMG-1"
    )
    assert {item.lot_id: item.quantity for item in made.materials} == {
        "napf6-1": 1.2,
        "eca-1": 4.4,
        "fec-1": 4.4,
        "IMG-1": 8000.0,
    }
    stocked: MaterialLotRegistered = await plant.until(
        MaterialLotRegistered, lambda event: event.lot_id == "IMG-1"
    )
    assert (stocked.quantity, stocked.unit, stocked.origin) == (8000.0, "ul", "produced")
    ended = await plant.ended_after(spray("J1", "IMG-1"))
    assert ended.fixture_id == "NOZ-eap-1"
    [used] = (await plant.get("/glue-mixes/IMG-1/uses"))["items"]
    assert (used["job_order_id"], used["used_for"]) == ("J1", "J1-CELL")
    assert used["used_ul"] == ended.materials[0].quantity > 0
    assert (await mix(plant, "IMG-1"))["left_ul"] == pytest.approx(8000.0 - used["used_ul"])
    faces = (await plant.get("/lots/J1-P/faces"))["items"]
    assert [(face["face"], face["nozzle_id"], face["deviation"]) for face in faces] == [
        ("a", "NOZ-eap-1", None),
        ("b", "NOZ-eap-1", None),
    ]


async def test_a_weigh_out_off_its_formula_leaves_nothing(plant: Bench) -> None:
    offered = (await plant.get("/mix-formulas"))["items"]
    assert [item["formula_id"] for item in offered] == ["bought", "img", "short"]
    assert [one["material_definition_id"] for one in offered[1]["components"]] == [
        "napf6",
        "eca",
        "fec",
    ]
    wrong = weigh_out("IMG-OFF")
    wrong["weighings"][0]["mass_g"] = 1.3
    reply = await plant.post("/glue-mixes", wrong)
    assert reply.status_code == 422
    assert "napf6 1.3 g is 0.12871 of 10.1 g, its limits are 0.11880 to 0.12120" in reply.text
    foreign = weigh_out("IMG-OFF")
    foreign["weighings"][2]["material_definition_id"] = "water"
    assert (await plant.post("/glue-mixes", foreign)).status_code == 422
    assert (await plant.post("/glue-mixes/IMG-OFF/checks", GOOD)).status_code == 404


async def test_who_weighed_cannot_verify_and_a_bad_check_blocks(plant: Bench) -> None:
    await plant.post("/glue-mixes", weigh_out("IMG-2"))
    own = await plant.post("/glue-mixes/IMG-2/checks", GOOD | {"person": "Ada"})
    assert own.status_code == 403
    own = await plant.post("/glue-mixes/IMG-2/checks", GOOD | {"second": {"person": "Ada"}})
    assert own.status_code == 403
    thick = await plant.post("/glue-mixes/IMG-2/checks", GOOD | {"viscosity_mpas": 12.0})
    assert (thick.json()["state"], thick.json()["reason"]) == (
        "blocked",
        "viscosity_mpas 12 mPa·s is not within 8.5 to 11.5 mPa·s",
    )
    assert "lot IMG-2 held by glue_check" in await refused(plant, "J2", "IMG-2")


async def test_glue_that_is_weighed_and_not_verified_sprays_nothing(plant: Bench) -> None:
    await plant.post("/glue-mixes", weigh_out("IMG-4"))
    reason = await refused(plant, "J6", "IMG-4")
    assert reason == "glue mix IMG-4 is weighed; verify and check it"


async def refused(plant: Bench, name: str, glue: str) -> str:
    """Release a job order and return why it is held, or by which hold of its lot it waits."""
    await plant.release(spray(name, glue))
    await plant.until_known(name)
    while True:
        items = (await plant.get("/job-orders?limit=1000"))["items"]
        reasons = [item["reason"] for item in items if item["job_order_id"] == name]
        if reasons != [None]:
            return str(reasons[0])


async def test_a_mix_past_its_life_is_held_in_time_across_a_restart_and_only_disposed_of(
    plant: Bench,
) -> None:
    with plant.time.held():
        reply = await plant.post("/glue-mixes", weigh_out("IMG-3", formula_id="short"))
        assert reply.status_code == 201, reply.text
        await plant.die()
    await plant.live()
    gone: LotHeld = await plant.until(LotHeld, lambda event: event.lot_id == "IMG-3")
    assert gone.gate == "pot_life"
    assert "dispose of it and mix anew" in gone.reason
    assert (await mix(plant, "IMG-3"))["state"] == "expired"
    assert (await plant.post("/glue-mixes/IMG-3/checks", GOOD)).status_code == 409
    assert "pot life ended" in await refused(plant, "J3", "IMG-3")
    thrown = {"person": "Bo", "reason": "pot life"}
    reply = await plant.post("/glue-mixes/IMG-3/disposal", thrown)
    assert reply.json() == {"lot_id": "IMG-3", "state": "disposed", "disposed_ul": 8000.0}
    assert (await plant.post("/glue-mixes/IMG-3/disposal", thrown)).status_code == 409


async def test_glue_that_was_not_mixed_here_is_refused(plant: Bench) -> None:
    reason = await refused(plant, "J4", "BOUGHT")
    assert "BOUGHT was not mixed here" in reason
    assert "mix one" in reason


async def test_cure_is_predicted_confirmed_and_its_drift_is_a_nonconformance(plant: Bench) -> None:
    await usable(plant, "IMG-5")
    ended = await plant.ended_after(spray("J5", "IMG-5"))
    at = (ended.ended_at + timedelta(seconds=1)).isoformat()
    cure = await plant.get("/lots/J5-P/cure")
    assert [face["cure_rate_per_min"] for face in cure["faces"]] == pytest.approx(
        [0.307, 0.307], rel=0.02
    )
    for face in cure["faces"]:
        assert face["cure_temperature_degc"] == pytest.approx(22.0, abs=0.5)
        assert 0 < face["cure_water_ppm"] < water_ppm(-35.0)
    given = {"method": "ft_ir", "measured_at": at, "person": "Bo", "value_ratio": 0.5}
    first = await plant.post("/lots/J5-P/cure-results", given | {"face": "a"})
    assert first.status_code == 201, first.text
    assert first.json()["measured_ratio"] == 0.5
    assert first.json()["drift_ratio"] is None
    percent = await plant.post("/lots/J5-P/cure-results", given | {"face": "b", "value_ratio": 50})
    assert percent.status_code == 422
    second = await plant.post("/lots/J5-P/cure-results", given | {"face": "b"})
    assert second.json()["drift_ratio"] == pytest.approx(0.495, abs=0.01)
    said: CureMeasured = await plant.until(CureMeasured, lambda event: event.face == "b")
    assert (said.lot_id, said.conversion_ratio, said.residual_liquid_ratio) == ("J5-P", 0.5, None)
    raised: NonconformanceRaised = await plant.until(
        NonconformanceRaised, lambda event: event.nonconformance_id.startswith("NC-cure")
    )
    assert raised.lot_ids == ("J5-P",)
    chart = (await plant.get("/cure-results?equipment_id=" + str(raised.equipment_id)))["items"]
    assert [(point["face"], point["drift_raised"]) for point in chart] == [("a", True), ("b", True)]
    assert chart[0]["difference_ratio"] == pytest.approx(0.495, abs=0.01)
    assert (await plant.get("/cure-results?equipment_id=elsewhere"))["items"] == []
    assert "its limit is 0.030" in raised.description


async def test_only_who_is_trained_operates_a_station_and_is_named_by_what_was_sprayed(
    plant: Bench,
) -> None:
    await usable(plant, "IMG-T")
    assert (await plant.ended_after(spray("T1", "IMG-T"))).operator == "Li Na"
    ada = {"person": "Ada (ada)"}
    refused = await plant.post("/operators/eap-1", ada)
    assert refused.status_code == 409, refused.text
    assert "training of Ada (ada) to spray is not on record; record a training" in refused.text
    good = plant.service.clock.now() + timedelta(days=300)
    course = {
        "trainee": "Ada (ada)",
        "skill": "spray",
        "valid_until": good.isoformat(),
        "evidence": "course 7",
    }
    own = await plant.post("/trainings", course | ada)
    assert (own.status_code, "cannot record the own training" in own.text) == (409, True)
    bo = {"person": "Bo (bo)"}
    assert (await plant.post("/trainings", course | bo)).status_code == 201
    assert (await plant.post("/operators/eap-1", ada)).status_code == 201
    shown = (await plant.get("/operators"))["items"]
    assert [item["operator"] for item in shown] == ["Ada (ada)", "Li Na"]
    assert (await plant.ended_after(spray("T2", "IMG-T"))).operator == "Ada (ada)"
    over = course | bo | {"valid_until": plant.service.clock.now().isoformat()}
    assert (await plant.post("/trainings", over)).status_code == 201
    await plant.release(spray("T3", "IMG-T"))
    assert "training of Ada (ada) to spray is valid until" in (await plant.held("T3")).reason
    assert (await plant.post("/operators/eap-1/end", bo)).status_code == 200
    assert (await plant.post("/operators/eap-1/end", bo)).status_code == 409
    assert (await plant.post("/operators/eap-9/end", bo)).status_code == 404
    await plant.post("/job-orders/T3/resume")
    assert (await plant.ended("T3")).operator == "Li Na"
    trained = [(event.person, event.by) for event in await plant.said(PersonTrained)]
    assert trained == [("Ada (ada)", "Bo (bo)")] * 2
    taken = [(event.operator, event.by) for event in await plant.said(OperatorChanged)]
    assert taken == [("Ada (ada)", "Ada (ada)"), (None, "Bo (bo)")]


async def test_an_operation_that_needs_a_further_skill_asks_for_both_before_it_sprays(
    plant: Bench,
) -> None:
    await usable(plant, "IMG-U")
    need = {"operation": "spray", "version": 1, "skill": "high_voltage", "source": "plant: rule 4"}
    kept = await plant.post("/master-data", {"master_recipes": [], "training_needs": [need]})
    assert kept.status_code == 201, kept.text
    await plant.release(spray("U1", "IMG-U"))
    reason = (await plant.held("U1")).reason
    assert "training of Li Na to high_voltage is not on record; record a training" in reason
    good = plant.service.clock.now() + timedelta(days=300)
    course = {
        "trainee": "Li Na",
        "skill": "high_voltage",
        "valid_until": good.isoformat(),
        "evidence": "course 4",
        "person": "Bo (bo)",
    }
    assert (await plant.post("/trainings", course)).status_code == 201
    await plant.post("/job-orders/U1/resume")
    assert (await plant.ended("U1")).operator == "Li Na"
    over = need | {"version": 2, "skill": None}
    ended = await plant.post("/master-data", {"master_recipes": [], "training_needs": [over]})
    assert ended.status_code == 201, ended.text


async def test_a_chuck_without_vacuum_holds_the_job_and_the_station_goes_on(plant: Bench) -> None:
    await usable(plant, "IMG-6")
    async with plant.fault("eap-1", "vacuum_lost", 1.0):
        await plant.release(spray("J7", "IMG-6"))
        held = await plant.held("J7")
    assert "is not within 60.0 to 95.0 kPa; seat the parts" in held.reason
    await plant.ended_after(spray("J8", "IMG-6"))
    await plant.post("/job-orders/J7/resume")
    assert (await plant.ended("J7")).state == "ended"


async def test_a_recipe_without_a_dew_point_limit_sprays_nothing(plant: Bench) -> None:
    await usable(plant, "IMG-7")
    await plant.release(spray("J9", "IMG-7", "eap-no-limit"))
    assert "has no released dew_point_limit_degc" in (await plant.held("J9")).reason


async def test_a_job_waits_for_dry_air_and_what_is_held_meanwhile_never_starts(
    plant: Bench,
) -> None:
    await usable(plant, "IMG-8")
    await plant.release(spray("J10", "IMG-8", "eap-drier"))
    async with asyncio.timeout(WITHIN_S):
        while not (items := (await plant.get("/interlocks"))["items"]):
            await asyncio.sleep(LOOK_S)
    assert items[0]["station_order_id"] == "J10"
    assert "is not below the recipe's limit -90.0 °C" in items[0]["reason"]
    assert [one["station_order_id"] for one in await interlocks_of(plant.make())] == ["J10"]
    await plant.say(LotHeld(lot_id="J10-P", work_request_id=None, gate="person", reason="crack"))
    assert "lot J10-P held by person: crack" in (await plant.held("J10")).reason
    assert (await plant.get("/interlocks"))["items"] == []
    assert "J10" not in plant.stations["eap-1"].job_states()


async def interlocks_of(replica: Service) -> Any:
    """Return what one that drives no station tells of what waits there."""
    transport = httpx.ASGITransport(app=replica.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://other") as http:
        reply = await http.get("/interlocks")
    await replica.http.aclose()
    await replica.database.close()
    return reply.json()["items"]


async def test_a_raw_lot_on_hold_is_not_weighed(plant: Bench) -> None:
    held = LotHeld(lot_id="salt-9", work_request_id=None, gate="person", reason="damp")
    await plant.say(held)
    wanted = weigh_out("IMG-9")
    wanted["weighings"][0]["lot_id"] = "salt-9"
    async with asyncio.timeout(WITHIN_S):
        while not await holds(plant, "salt-9"):
            await asyncio.sleep(LOOK_S)
    reply = await plant.post("/glue-mixes", wanted)
    assert reply.status_code == 409
    assert "lot salt-9 held by person: damp; release it or weigh another lot" in reply.text


async def test_each_face_has_its_trace_judged_and_kept(plant: Bench) -> None:
    await usable(plant, "IMG-20")
    ended = await plant.ended_after(spray("J20", "IMG-20"))
    said = {item.characteristic: item.value for item in ended.results}
    assert (said["face_a_trace"], said["face_b_trace"]) == ("within", "within")
    shown = await plant.get("/lots/J20-P/faces/b/trace?points=100")
    assert (shown["state"], shown["reason"], shown["arc_count"]) == ("within", None, 0)
    assert len(shown["signals"]) == 8
    assert shown["duration_s"] == pytest.approx(2.0, abs=0.05)
    assert shown["limits"]["bands"][0]["signal"] == "needle_voltage_v"
    settled = shown["figures"]["needle_voltage_v spray"]["settled"]
    assert settled == pytest.approx(15_000, abs=100)
    assert len(shown["time_s"]) == len(shown["signals"]["needle_voltage_v"]["high"]) <= 100
    assert len(shown["sha256"]) == 64
    job = await plant.get("/spray-jobs/J20")
    assert [(face["face"], face["trace_state"]) for face in job["faces"]] == [
        ("a", "within"),
        ("b", "within"),
    ]
    assert (job["glue_lot_ids"], job["bad_count"], job["nozzle_id"]) == (["IMG-20"], 0, "NOZ-eap-1")
    assert "J20" in {item["station_order_id"] for item in (await plant.get("/spray-jobs"))["items"]}
    assert (await plant.http.get("/spray-jobs/NONE")).status_code == 404
    of_cell = (await plant.get(f"/spray-jobs?lot_id={ended.lot_id}"))["items"]
    assert [item["station_order_id"] for item in of_cell] == ["J20"]
    assert (await plant.get("/spray-jobs?lot_id=NOBODY"))["items"] == []
    rows = polars.read_parquet((await plant.http.get("/spray-jobs/J20/traces.parquet")).content)
    face_b = rows.filter(polars.col("face") == "b")
    assert face_b.height == pytest.approx(2000, abs=50), "each sample at 1 kHz is a row"
    volts = face_b.filter(polars.col("time_s") > 0.4)["needle_voltage_v"]
    assert volts.median() == pytest.approx(settled, abs=10)
    assert (await plant.http.get("/spray-jobs/NONE/traces.parquet")).status_code == 404
    missing = await plant.http.get("/lots/NOBODY/faces/a/trace")
    assert missing.status_code == 404
    async with plant.service.database.begin() as tx:
        await tracestore.give_up_samples(tx, ended.ended_at, 1000)
    old = await plant.get("/lots/J20-P/faces/b/trace?points=100")
    assert (old["signals"], old["time_s"]) == ({}, []), "the samples are given up"
    assert (old["state"], old["sha256"]) == ("within", shown["sha256"])
    assert old["figures"] == shown["figures"]


async def test_arcs_are_counted_and_the_face_is_sprayed_again_only_as_the_rule_allows(
    plant: Bench,
) -> None:
    await usable(plant, "IMG-21")
    async with plant.fault("eap-1", "arcing", 4.0):
        ended = await plant.ended_after(spray("J21", "IMG-21"))
    traces = {item.lot_id: item for item in ended.results if item.characteristic == "face_a_trace"}
    assert traces["J21-P"].value == "outside"
    assert "4 arcs, 2 are allowed" in str(traces["J21-P"].reason)
    raised: NonconformanceRaised = await plant.until(
        NonconformanceRaised, lambda event: event.nonconformance_id.startswith("NC-spray-J21-")
    )
    assert raised.lot_ids == ("J21-P",)
    assert "on 2 faces: J21-P a, J21-P b" in raised.description
    held: LotHeld = await plant.until(LotHeld, lambda event: event.lot_id == "J21-P")
    assert "face b: needle_voltage_v in spray settled at 11" in held.reason
    freed = LotHoldReleased(lot_id="J21-P", work_request_id=None, gate="station", reason="again")
    await plant.say(freed)
    again = [lot("IMG-21", "img_glue", "consumed", 20, "ul"), lot("J21-P", "ose", "processed")]
    for name in ("J22", "J23"):
        order = spray(name, "IMG-21").model_copy(update={"materials": tuple(again)})
        await plant.release(order)
    assert (await plant.ended("J22")).state == "ended"
    refusal = (await plant.held("J23")).reason
    assert "J21-P was sprayed 2 times" in refusal
    assert "it may be sprayed again 1 times: scrap it" in refusal
    faces = (await plant.get("/lots/J21-P/faces"))["items"]
    assert [face["trace_state"] for face in faces] == ["outside", "outside", "within", "within"]


async def test_a_lost_trace_makes_the_faces_unknown_and_holds_the_pellet(plant: Bench) -> None:
    await usable(plant, "IMG-22")
    async with plant.fault("eap-1", "trace_lost", 1.0):
        ended = await plant.ended_after(spray("J24", "IMG-22"))
    trace = next(item for item in ended.results if item.characteristic == "face_b_trace")
    assert trace.value is None
    assert "none there, status 16" in str(trace.reason)
    await plant.until(LotHeld, lambda event: event.lot_id == "J24-P")
    assert (await plant.get("/lots/J24-P/faces/a/trace"))["state"] == "unknown"
    await plant.release(
        spray("J25", "IMG-22").model_copy(
            update={
                "materials": (
                    lot("IMG-22", "img_glue", "consumed", 20, "ul"),
                    lot("J24-P", "ose", "processed"),
                )
            }
        )
    )
    assert "lot J24-P held by station" in str(await waiting_reason(plant, "J25"))


async def waiting_reason(plant: Bench, job_order_id: str) -> str | None:
    """Return why a job order does not go on, once the service knows of it."""
    await plant.until_known(job_order_id)
    items = (await plant.get("/job-orders?limit=1000"))["items"]
    [reason] = [item["reason"] for item in items if item["job_order_id"] == job_order_id]
    return reason if reason is None else str(reason)


@pytest.mark.parametrize(
    ("recipe_id", "why"),
    [
        ("eap-coin", "is for nvp-coin, not for nfm-pouch-1ah; correct the product's route"),
        ("eap-old", "is retired since version 2; release a newer version"),
        ("eap-new", "does not exist, or no version of it is released"),
    ],
)
async def test_a_recipe_that_is_not_in_force_for_the_product_sprays_nothing(
    plant: Bench, recipe_id: str, why: str
) -> None:
    await plant.release(spray(f"J-{recipe_id}", "IMG-1", recipe_id))
    assert why in (await plant.held(f"J-{recipe_id}")).reason


async def test_a_hygrometer_that_says_nothing_is_told_and_the_job_goes_on_when_it_is_mended(
    plant: Bench,
) -> None:
    await usable(plant, "IMG-30")
    async with plant.fault("eap-1", "hygrometer_dead", 1.0):
        await plant.release(spray("J30", "IMG-30"))
        down: EquipmentStateChanged = await plant.until(
            EquipmentStateChanged,
            lambda event: event.equipment_id.endswith("eap-1") and event.state != "standby",
        )
        while not down.state.endswith("down"):
            down = (await plant.said(EquipmentStateChanged))[-1]
    assert "dew_point_degc is unknown (BadSensorFailure): mend or change" in str(down.reason)
    assert (await plant.ended("J30")).state == "ended"
    told = [
        event
        for event in await plant.said(EquipmentStateChanged)
        if event.equipment_id == down.equipment_id
    ]
    assert len([event for event in told if event.state == "unscheduled_down"]) == 1
    assert told[-1].state != "unscheduled_down"


async def test_bought_glue_has_a_clock_from_its_receipt(plant: Bench) -> None:
    came = MaterialLotRegistered(
        lot_id="BOUGHT-2",
        material_definition_id="img_bought",
        quantity=2.0,
        unit="ml",
        work_request_id=None,
        origin="received",
    )
    with plant.time.held():
        await plant.say(came)
        order = spray("J31", "BOUGHT-2")
        bought = (lot("BOUGHT-2", "img_bought", "consumed", 20, "ul"), *order.materials[1:])
        await plant.release(order.model_copy(update={"materials": bought}))
        await plant.until_known("J31")
        kept = await mix(plant, "BOUGHT-2")
        assert (kept["state"], kept["left_ul"]) == ("usable", 2000.0)
    await plant.ended("J31")
    assert (await mix(plant, "BOUGHT-2"))["left_ul"] < 2000.0
    gone: LotHeld = await plant.until(LotHeld, lambda event: event.lot_id == "BOUGHT-2")
    assert gone.gate == "pot_life"
    at = kept["mixed_at"]
    given = {"material_definition_id": "img_bought", "quantity_ul": 5, "received_at": at}
    entered = await plant.post("/glue-lots/BOUGHT-2/receipt", given | {"person": "Bo"})
    assert entered.status_code == 422
    first = await plant.post("/glue-lots/BOUGHT-3/receipt", given | {"person": "Bo"})
    assert first.status_code == 201
    assert (await mix(plant, "BOUGHT-3"))["expires_at"] == kept["expires_at"]


async def test_a_machine_that_stores_and_starts_in_one_is_given_nothing_before_the_guard_agrees(
    plant: Bench, bench_ground: Ground
) -> None:
    [station] = [item for item in plant.service.plant.station if item.name == "eap-2"]
    machine = Makers("eap-2", frozenset({"StoreAndStart", "Abort"}), ends_at_once=False)
    identity = Identity(name="eap-2", data_dir=plant.service.settings.data_dir)
    plc = MakersPlc(identity, station.endpoint, [machine], shared=bench_ground.types)
    await usable(plant, "IMG-31")
    async with plant.fault("eap-1", "out_of_service", 1.0):
        await plc.start()
        try:
            async with asyncio.timeout(WITHIN_S):
                while not await shown_connected(plant, "eap-2"):
                    await asyncio.sleep(LOOK_S)
            await plant.release(spray("J32", "IMG-31"), spray("J33", "IMG-31"))
            held = await plant.until(
                JobOrderHeld, lambda event: str(event.equipment_id).endswith("eap-2")
            )
        finally:
            await plc.stop()
    assert "eap-2: chuck_vacuum_kpa is not shown by the station" in held.reason
    assert (machine.orders, machine.starts) == ({}, [])


async def shown_connected(plant: Bench, name: str) -> bool:
    """Say whether the service is connected to a station."""
    items = (await plant.get("/stations"))["items"]
    return any(item["connected"] for item in items if item["equipment_id"].endswith(name))
