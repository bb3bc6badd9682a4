"""Rules of a spray job: what is refused, and what two faces say of a pellet."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.spray import cure
from services.spray.cure import CureModel
from services.spray.domain import check_tray, coated_faces, pellets, worst_results
from services.spray.mix import Mix, State, check_usable, moved
from services.spray.setup import SpraySetup, check_setup
from shared.errors import (
    BlockedError,
    IllegalTransitionError,
    InvalidInputError,
    OutOfLimitsError,
    StationFaultError,
)
from shared.events import JobOrderReleased
from shared.facts import Material, MaterialUse
from shared.trainings import Operator, check_trained, key_of
from simulators.physics import cure as physics
from simulators.physics import spray

AT = datetime(2026, 1, 5, tzinfo=UTC)


def lot(lot_id: str, use: MaterialUse) -> Material:
    return Material(lot_id=lot_id, material_definition_id="any", quantity=1, unit="count", use=use)


def order(*materials: Material) -> JobOrderReleased:
    return JobOrderReleased(
        job_order_id="JO-1",
        lot_id="C-1",
        work_request_id="WR-1",
        product_id="nvp-coin",
        operation="spray",
        service="spray",
        station_kind="eap",
        recipe_id="eap-nvp-coin",
        materials=materials,
        priority=50,
        due_at=AT,
        released_at=AT,
    )


GLUE, PELLET = lot("IMG-1", "consumed"), lot("P-1", "processed")


def test_an_order_without_pellets_or_glue_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="JO-1: no pellets"):
        pellets(order(GLUE))
    with pytest.raises(InvalidInputError, match="JO-1: no glue"):
        pellets(order(PELLET))


def test_an_order_above_the_tray_is_refused_with_count_and_limit() -> None:
    check_tray(order(GLUE, PELLET), 1)
    with pytest.raises(OutOfLimitsError, match="2 pellets are above the tray's limit 1"):
        check_tray(order(GLUE, PELLET, lot("P-2", "processed")), 1)


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90)), min_size=1, max_size=30))
def test_a_pellet_is_as_bad_as_its_worse_face(angles: list[tuple[float, float]]) -> None:
    lots = [f"P-{number}" for number in range(len(angles))]
    flat = [angle for pair in angles for angle in pair]
    faces = coated_faces(lots, flat, [10.0] * len(flat), [0.0] * len(flat))
    found = {
        item.lot_id: item.value
        for item in worst_results(faces)
        if item.characteristic == "contact_angle_deg"
    }
    assert found == {lot_id: max(pair) for lot_id, pair in zip(lots, angles, strict=True)}


@pytest.mark.parametrize("unknown", [math.nan, math.inf])
def test_a_face_that_was_not_measured_makes_the_pellet_unknown(unknown: float) -> None:
    faces = coated_faces(["P-1"], [10.0, unknown], [10.0, 10.0], [0.0, unknown])
    values = {item.characteristic: item.value for item in worst_results(faces)}
    assert values == {"contact_angle_deg": None, "film_um": 10.0, "arc_count": None}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_array_of_another_length_is_the_stations_fault(count: int) -> None:
    with pytest.raises(StationFaultError, match=f"film_um has {count} entries, expected 2"):
        coated_faces(["P-1"], [1.0, 1.0], [1.0] * count, [0.0, 0.0])


def good(**changes: str) -> SpraySetup:
    until = "2026-02-01T00:00:00Z"
    values = {
        "station": "eap-1",
        "version": 1,
        "nozzle_id": "N1",
        "nozzle_due_at": until,
        "calibrated_until": until,
        "operator": "Li Na",
        "trained_until": until,
        "source": "test",
    }
    return SpraySetup.model_validate(values | changes)


def test_an_unknown_setup_refuses_and_a_good_one_passes() -> None:
    assert check_setup(good(), "eap-1", AT).nozzle_id == "N1"
    with pytest.raises(BlockedError, match="eap-1: nozzle, calibration and operator are unknown"):
        check_setup(None, "eap-1", AT)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nozzle_due_at", "nozzle N1 is valid until .* change the nozzle"),
        ("calibrated_until", "calibration is valid until .* calibrate the station"),
    ],
)
def test_what_ends_before_the_job_would_is_named_with_its_remedy(name: str, says: str) -> None:
    with pytest.raises(BlockedError, match=says):
        check_setup(good(**{name: "2026-01-04T23:59:59Z"}), "eap-1", AT)


@pytest.mark.parametrize(
    ("person", "key"),
    [("Li Na (li.na)", "li.na"), ("Li Na", "Li Na"), ("(li.na)", "(li.na)"), ("A (b) (c)", "c")],
)
def test_a_person_is_known_by_the_login(person: str, key: str) -> None:
    assert key_of(person) == key


def test_who_is_not_trained_to_the_end_of_the_job_starts_nothing() -> None:
    assert (
        check_trained(Operator(person="Li Na", trained_until=AT), "spray", "eap-1", AT) == "Li Na"
    )
    early = Operator(person="Li Na", trained_until=AT - timedelta(seconds=1))
    with pytest.raises(BlockedError, match=r"valid until .* the job would end"):
        check_trained(early, "spray", "eap-1", AT)
    unknown = Operator(person="Li Na", trained_until=None)
    with pytest.raises(BlockedError, match="training of Li Na to spray is not on record; record"):
        check_trained(unknown, "spray", "eap-1", AT)


MIX = Mix(
    lot_id="G1",
    state="usable",
    reason=None,
    weighed_by="Ada",
    verified_by="Bo",
    checks={},
    left_ul=100.0,
    expires_at=AT,
)


def test_a_mix_must_live_to_the_end_of_the_job_and_hold_enough() -> None:
    before, after = AT - timedelta(seconds=10), AT + timedelta(seconds=1)
    check_usable(MIX, 100.0, before, AT)
    with pytest.raises(BlockedError, match=r"before the job would end .* take a younger mix"):
        check_usable(MIX, 100.0, before, after)
    with pytest.raises(BlockedError, match=r"pot life ended at .* dispose of it and mix anew"):
        check_usable(MIX, 100.0, AT, AT)
    with pytest.raises(BlockedError, match="100 µL left, 101 µL are needed"):
        check_usable(MIX, 101.0, before, AT)


@pytest.mark.parametrize("state", ["usable", "blocked", "expired"])
def test_what_was_disposed_of_stays_so(state: State) -> None:
    with pytest.raises(IllegalTransitionError, match=f"is disposed, it cannot become {state}"):
        moved(replace(MIX, state="disposed"), state)


MODEL = CureModel(
    cure_model_id="img",
    version=1,
    rate_per_min=0.01435,
    field_factor=21.4,
    field_voltage_v=17_000,
    nearest_mm=80,
    farthest_mm=150,
    activation_kj_per_mol=0,
    reference_ppm=71,
    residual_at_zero_ratio=0.3,
    drift_count=4,
    drift_limit_ratio=0.03,
    source="test",
)


@pytest.mark.parametrize("substrate_v", [-2000.0, -201.0, -199.0, 0.0])
def test_a_substrate_that_floats_holds_no_field_in_the_model_and_in_the_physics(
    substrate_v: float,
) -> None:
    model = MODEL.model_copy(update={"lowest_bias_v": 200.0})
    ours = model.field_v(15_000.0, substrate_v)
    assert ours == spray.field_voltage_v(15_000.0, substrate_v)
    assert model.rate(ours, 100.0) == pytest.approx(physics.rate_per_min(ours, 100.0), rel=2e-3)


def test_cure_takes_15_minutes_with_field_and_321_without() -> None:
    assert cure.minutes_to(0.99, MODEL.rate(17_000, 100)) == pytest.approx(15.0, abs=0.1)
    assert cure.minutes_to(0.99, MODEL.rate(0, 100)) == pytest.approx(321.0, abs=1.0)


@given(st.floats(0, 25_000), st.floats(20, 300), st.floats(0, 20_000))
def test_cure_agrees_with_the_physics_of_the_stations(
    voltage_v: float, distance_mm: float, elapsed_s: float
) -> None:
    ours, theirs = MODEL.rate(voltage_v, distance_mm), physics.rate_per_min(voltage_v, distance_mm)
    assert ours == pytest.approx(theirs, rel=1e-3)
    assert cure.conversion_ratio(ours, elapsed_s) == pytest.approx(
        physics.cured_ratio(theirs, elapsed_s), abs=1e-3
    )


def test_the_cure_goes_by_the_air_that_was_measured_and_is_unknown_without_it() -> None:
    plain = MODEL.rate(17_000, 100)
    assert MODEL.rate_in(17_000, 100, None, None) == plain, "no term acts, so none needs an input"
    warm = MODEL.model_copy(update={"activation_kj_per_mol": 50.0})
    assert warm.rate_in(17_000, 100, None, 71.0) is None
    arrhenius = math.exp(-50_000 / 8.314462618 * (1 / 308.15 - 1 / 298.15))
    assert warm.rate_in(17_000, 100, 35.0, None) == pytest.approx(plain * arrhenius)
    wet = MODEL.model_copy(update={"moisture_exponent": -0.4})
    assert wet.rate_in(17_000, 100, 25.0, None) is None
    assert wet.rate_in(17_000, 100, None, 142.0) == pytest.approx(plain * 2**-0.4)


@pytest.mark.parametrize("exponent", [-0.4, 0.25])
def test_the_moisture_term_is_fitted_with_its_sign(exponent: float) -> None:
    wet = MODEL.model_copy(update={"moisture_exponent": exponent})
    ppm = [20.0, 71.0, 150.0, 220.0]
    rates = [wet.rate(17_000, 100, moisture_ppm=one) for one in ppm]
    assert cure.fit_moisture_exponent(ppm, rates) == pytest.approx((exponent, 0.0), abs=1e-6)
    with pytest.raises(InvalidInputError, match="a slope needs several"):
        cure.fit_moisture_exponent([71.0] * 4, rates)


def test_only_as_many_results_as_asked_for_make_a_drift() -> None:
    assert cure.drift_ratio(MODEL, [0.1] * 3) is None
    assert cure.drift_ratio(MODEL, [0.1, -0.1, 0.1, -0.1]) is None
    assert cure.drift_ratio(MODEL, [0.0, -0.05, -0.05, -0.05, -0.05]) == pytest.approx(-0.05)
