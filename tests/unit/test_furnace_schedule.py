"""The furnace plan: every job order in exactly one load that its furnace can run, or named."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sintering.domain import Charge
from services.sintering.schedule import (
    Demand,
    Furnace,
    HeatTreatment,
    able,
    heat_treatment,
    plan_loads,
)
from shared.errors import InvalidInputError, OutOfLimitsError

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def treatment(degc: float = 1200.0, ramp: float = 5.0, atmosphere: str = "air") -> HeatTreatment:
    return HeatTreatment(
        temperature_degc=(degc,),
        ramp_degc_per_min=(ramp,),
        soak_s=(43_200.0,),
        atmosphere=atmosphere,
    )


SINTER, CALCINE = treatment(), treatment(700.0, 6.0)
FAMILIES = {
    "sinter": SINTER,
    "calcine": CALCINE,
    "anneal": treatment(800.0, 4.0, "ar_h2"),
    "quick": treatment(650.0, 9.0),
    "too-hot": treatment(1290.0, 5.0),
}


def furnaces(**free_at: datetime | None) -> list[Furnace]:
    """The three furnaces of the pilot plant, free now unless told otherwise."""
    return [
        Furnace(
            equipment_id="one",
            free_at=free_at.get("one", NOW),
            capacity_parts=120,
            capacity_g=500.0,
            highest_temperature_degc=1300.0,
            highest_ramp_degc_per_min=8.0,
            atmospheres=("air", "ar_h2"),
        ),
        Furnace(
            equipment_id="two",
            free_at=free_at.get("two", NOW),
            capacity_parts=480,
            capacity_g=2000.0,
            highest_temperature_degc=1250.0,
            highest_ramp_degc_per_min=6.0,
        ),
        Furnace(
            equipment_id="three",
            free_at=free_at.get("three", NOW),
            capacity_parts=480,
            capacity_g=4000.0,
            highest_temperature_degc=800.0,
            highest_ramp_degc_per_min=10.0,
            atmospheres=("air", "ar_h2"),
        ),
    ]


def demand(
    number: int, family: str = "sinter", parts: int = 100, mass_g: float = 0.0, age_s: float = 0.0
) -> Demand:
    return Demand(
        job_order_id=f"job-{number}",
        family=family,
        treatment=FAMILIES[family],
        charge=Charge(parts_count=parts, mass_g=mass_g),
        lot_ids=(f"X{number}-001",),
        released_at=NOW - timedelta(seconds=age_s),
    )


demand_lists = st.lists(
    st.builds(
        demand,
        st.just(0),
        st.sampled_from(sorted(FAMILIES)),
        st.integers(1, 600),
        st.sampled_from([0.0, 90.0, 450.0, 1500.0, 5000.0]),
        st.floats(0, 7200),
    ),
    max_size=14,
).map(
    lambda found: [
        Demand(**{**vars(item), "job_order_id": f"job-{number}"})
        for number, item in enumerate(found)
    ]
)
instants = st.none() | st.floats(-3600, 90_000).map(lambda s: NOW + timedelta(seconds=s))


@settings(max_examples=150, deadline=None)
@given(demands=demand_lists, one=instants, two=instants, three=instants)
def test_every_job_order_is_in_one_load_that_its_furnace_can_run_or_named_infeasible(
    demands: list[Demand], one: datetime | None, two: datetime | None, three: datetime | None
) -> None:
    plant = furnaces(one=one, two=two, three=three)
    by_id = {furnace.equipment_id: furnace for furnace in plant}
    plan = plan_loads(demands, plant, list(FAMILIES.values()), NOW, 1800.0)
    placed = Counter(name for load in plan.loads for name in load.job_order_ids)
    placed.update(plan.infeasible.keys())
    assert placed == Counter(item.job_order_id for item in demands)
    for load in plan.loads:
        furnace = by_id[load.equipment_id]
        assert len({item.family for item in load.demands}) == 1
        heat = load.demands[0].treatment
        assert max(heat.temperature_degc) <= (furnace.highest_temperature_degc or 0)
        assert max(heat.ramp_degc_per_min) <= (furnace.highest_ramp_degc_per_min or 0)
        assert heat.atmosphere in furnace.atmospheres
        assert sum(d.charge.parts_count for d in load.demands) <= (furnace.capacity_parts or 0)
        assert sum(d.charge.mass_g for d in load.demands) <= (furnace.capacity_g or 0)
        assert 0 < load.fill_ratio <= 1


@settings(max_examples=100, deadline=None)
@given(demands=demand_lists, one=instants, two=instants, three=instants)
def test_loads_of_one_furnace_do_not_overlap_and_none_starts_before_it_is_free(
    demands: list[Demand], one: datetime | None, two: datetime | None, three: datetime | None
) -> None:
    free_at = {"one": one, "two": two, "three": three}
    plan = plan_loads(demands, furnaces(**free_at), [SINTER], NOW, 1800.0)
    for name, free in free_at.items():
        loads = [load for load in plan.loads if load.equipment_id == name]
        starts = [load.start_at for load in loads]
        ends = [free, *(load.end_at for load in loads)][: len(loads)]
        known = [pair for pair in zip(starts, ends, strict=True) if None not in pair]
        assert len(known) == (0 if free is None else len(loads))
        assert all(start >= max(end, NOW) for start, end in known if start and end)


def test_small_load_goes_to_the_small_furnace_and_large_one_to_the_large() -> None:
    small = plan_loads([demand(1)], furnaces(), [SINTER], NOW, 0.0)
    large = plan_loads([demand(1), demand(2), demand(3)], furnaces(), [SINTER], NOW, 0.0)
    assert [load.equipment_id for load in small.loads] == ["one"]
    assert [load.equipment_id for load in large.loads] == ["two"]
    assert large.loads[0].job_order_ids == ("job-1", "job-2", "job-3")


def test_furnace_that_can_also_sinter_stays_free_when_a_cooler_one_can_calcine() -> None:
    powder = demand(1, "calcine", parts=1, mass_g=400.0)
    known = [SINTER, CALCINE, FAMILIES["quick"]]  # furnace two is too slow for the last
    plan = plan_loads([powder], furnaces(), known, NOW, 0.0)
    assert [load.equipment_id for load in plan.loads] == ["three"]
    plan = plan_loads([demand(2, parts=14)], furnaces(), known, NOW, 0.0)
    assert [load.equipment_id for load in plan.loads] == ["one"]


def test_busy_small_furnace_is_not_waited_for() -> None:
    busy = furnaces(one=NOW + timedelta(hours=10))
    [load] = plan_loads([demand(1)], busy, [SINTER], NOW, 0.0).loads
    assert (load.equipment_id, load.start_at) == ("two", NOW)


def test_furnace_that_does_not_answer_comes_last_and_has_no_start() -> None:
    away = furnaces(one=None, two=NOW + timedelta(hours=10))
    [load] = plan_loads([demand(1)], away, [SINTER], NOW, 0.0).loads
    assert load.equipment_id == "two"
    [load] = plan_loads([demand(1)], furnaces(one=None, two=None), [SINTER], NOW, 0.0).loads
    assert (load.start_at, load.end_at) == (None, None)


def test_load_with_room_waits_from_the_release_of_its_oldest_job_order() -> None:
    found = plan_loads([demand(1, age_s=600)], furnaces(), [SINTER], NOW, 1800.0)
    assert found.loads[0].start_at == NOW + timedelta(seconds=1200)
    found = plan_loads([demand(1, age_s=6000)], furnaces(), [SINTER], NOW, 1800.0)
    assert found.loads[0].start_at == NOW


def test_full_load_does_not_wait() -> None:
    [load] = plan_loads([demand(1, parts=120)], furnaces(two=None), [SINTER], NOW, 1800.0).loads
    assert (load.fill_ratio, load.start_at) == (1.0, NOW)


def test_load_does_not_wait_while_another_recipe_wants_its_furnace() -> None:
    only = [furnaces()[0]]
    plan = plan_loads([demand(1), demand(2, "calcine", 1, 300.0)], only, [SINTER], NOW, 1800.0)
    first, second = plan.loads
    assert first.start_at == NOW
    assert second.start_at == first.end_at


def test_duration_is_ramps_from_room_temperature_and_soaks() -> None:
    assert SINTER.duration_s == pytest.approx((1200 - 25) / 5 * 60 + 43_200)


def test_refusal_names_the_lots_and_each_furnace_with_its_rule() -> None:
    with pytest.raises(OutOfLimitsError) as refused:
        able(demand(7, "too-hot", parts=200), furnaces())
    message = str(refused.value)
    assert "lot X7-001" in message
    assert "one: 200 parts are more than its 120" in message
    assert "two: 1290 °C is above its highest temperature 1250 °C" in message
    assert "three: 1290 °C is above its highest temperature 800 °C" in message


def test_plant_without_furnaces_says_so() -> None:
    plan = plan_loads([demand(1)], [], [SINTER], NOW, 0.0)
    assert "the plant file has no furnace" in plan.infeasible["job-1"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"segment_soak_s": (7200.0, 0.0)}, "1 temperatures, 1 ramps and 2 soaks"),
        ({"segment_ramp_degc_per_min": (0.0,)}, "ramp 0.0 °C/min must be above 0"),
        ({"segment_temperature_degc": 1200.0}, "expected numbers"),
        ({"atmosphere": 1.0}, "expected text"),
    ],
)
def test_recipe_that_is_no_program_is_refused(change: dict[str, object], message: str) -> None:
    parameters: dict[str, object] = {
        "segment_temperature_degc": (1200.0,),
        "segment_ramp_degc_per_min": (5.0,),
        "segment_soak_s": (43_200.0,),
        "atmosphere": "air",
    }
    assert heat_treatment("sinter", parameters) == SINTER  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=message):
        heat_treatment("sinter", {**parameters, **change})  # type: ignore[arg-type]
