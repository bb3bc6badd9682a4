"""Rules of a spray job: what is refused, and what two faces say of a pellet."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.spray.domain import check_tray, coated_faces, pellets, worst_results
from shared.errors import InvalidInputError, OutOfLimitsError, StationFaultError
from shared.events import JobOrderReleased
from shared.facts import Material, MaterialUse

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
