"""Which job orders sintering can understand, what they put into a station, and pellet density."""

from datetime import UTC, datetime

import pytest

from services.sintering.domain import (
    Charge,
    check,
    density_g_per_cm3,
    named,
    too_large,
    with_mass,
)
from services.sintering.workflow import densities
from shared.errors import InvalidInputError, OutOfLimitsError
from shared.events import JobOrderReleased
from shared.facts import Material, MaterialUse
from shared.intake import measured, per_part
from shared.stations import JobAnswer

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def lot(lot_id: str, use: MaterialUse, unit: str = "g", quantity: float = 100.0) -> Material:
    return Material(
        lot_id=lot_id, material_definition_id="any", quantity=quantity, unit=unit, use=use
    )


def pellet(number: int, use: MaterialUse = "processed") -> Material:
    return lot(f"P-{number:03d}", use, "count", 1)


def job_order(kind: str, *materials: Material) -> JobOrderReleased:
    return JobOrderReleased(
        job_order_id="WR-PWD-mill",
        lot_id="WR-PWD",
        work_request_id="WR",
        product_id="nvp-coin",
        operation="mill",
        service="sintering",
        station_kind=kind,
        recipe_id="mill",
        materials=materials,
        priority=50,
        due_at=NOW,
        released_at=NOW,
    )


@pytest.mark.parametrize(
    ("kind", "materials", "charge"),
    [
        (
            "mill",
            (lot("A", "consumed"), lot("S", "consumed", "ml"), lot("W", "produced")),
            (2, 100),
        ),
        ("mill", (lot("B", "consumed", quantity=9.0), lot("W", "processed")), (2, 109)),
        ("dryer", (lot("W", "processed"),), (1, 100)),
        ("press", (lot("W", "consumed"), pellet(1, "produced"), pellet(2, "produced")), (2, 0)),
        ("furnace", (lot("W", "processed"),), (1, 100)),
        ("furnace", (pellet(1), pellet(2)), (2, 0)),
        ("gauge", (pellet(1),), (1, 0)),
    ],
)
def test_charge_is_what_goes_into_the_station(
    kind: str, materials: tuple[Material, ...], charge: tuple[int, float]
) -> None:
    parts_count, mass_g = charge
    assert check(job_order(kind, *materials)) == Charge(parts_count=parts_count, mass_g=mass_g)


@pytest.mark.parametrize(
    ("kind", "materials", "message"),
    [
        ("eap", (pellet(1),), "given eap"),
        ("mill", (lot("W", "produced"),), "no lot is consumed"),
        ("mill", (lot("W", "produced"), lot("V", "produced")), "one powder lot in g"),
        ("dryer", (lot("W", "produced"),), "one powder lot in g that is processed"),
        ("dryer", (lot("W", "processed", "kg"),), "given .'processed W in kg'"),
        ("press", (pellet(1, "produced"),), "no lot is consumed"),
        ("press", (lot("W", "consumed"),), "needs lots that are produced"),
        ("gauge", (pellet(1), pellet(1)), "lot P-001 stands twice"),
        ("furnace", (), "needs lots that are processed"),
    ],
)
def test_job_order_without_sense_is_refused(
    kind: str, materials: tuple[Material, ...], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        check(job_order(kind, *materials))


def test_limits_exceeded_are_named() -> None:
    charge = Charge(parts_count=121, mass_g=600.0)
    assert too_large(charge, 121, 600.0) == too_large(charge, None, None) == ()
    assert too_large(charge, 120, 500.0) == (
        "121 parts are more than its 120",
        "600 g are more than its 500 g",
    )


def test_many_lots_are_named_by_first_and_last() -> None:
    assert named(["A"]) == "lot A"
    assert named(["A", "B"]) == "lots A, B"
    assert named([f"P{n}" for n in range(9)]) == "9 lots from P0 to P8"


def test_weighed_mass_goes_to_the_powder_lot_alone_and_unknown_mass_changes_nothing() -> None:
    materials = (lot("A", "consumed"), lot("W", "produced"), pellet(1))
    assert [item.quantity for item in with_mass(materials, 98.5)] == [100.0, 98.5, 1]
    assert with_mass(materials, None) == materials


def test_density_of_a_pellet_of_known_size() -> None:
    # 16 mm disc of 125 µm: 2.0106 cm² × 0.0125 cm = 0.025133 cm³
    assert density_g_per_cm3(0.0792, 125.0, 16.0) == pytest.approx(3.1513, abs=1e-3)
    with pytest.raises(OutOfLimitsError, match="thickness 0 µm"):
        density_g_per_cm3(0.0792, 0, 16.0)


def test_pellet_with_an_unknown_value_has_no_density_and_says_why() -> None:
    results = [
        measured("A", "mass_g", 0.0792),
        measured("A", "thickness_um", 125.0),
        measured("A", "diameter_mm", 16.0),
        measured("B", "mass_g", 0.0792),
        measured("B", "thickness_um", None),
        measured("B", "diameter_mm", 16.0),
    ]
    known, unknown = densities(["A", "B"], results)
    assert (known.value, known.unit) == (pytest.approx(3.1513, abs=1e-3), "g/cm³")
    assert (unknown.value, unknown.reason) == (None, "mass, thickness or diameter is unknown")


def test_array_of_another_length_belongs_to_no_part() -> None:
    answer = JobAnswer(
        job_order_id="J",
        state="ended",
        started_at=NOW,
        ended_at=NOW,
        data={"mass_g": (1.0, float("nan"))},
    )
    assert per_part(answer, "mass_g", 2) == ((1.0, None), None)
    values, reason = per_part(answer, "mass_g", 3)
    assert values == (None, None, None)
    assert reason == "the station gave 2 values of mass_g for 3 parts"
