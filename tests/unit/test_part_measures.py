"""What a stack's parts measure: N/P by pair, units that were mixed up, designs that cannot be."""

import pytest
from pydantic import ValidationError

from services.lamination.design import check_design, design_capacity_mah
from services.lamination.partmeasures import PartMeasurement, stack_figures
from shared.errors import OutOfLimitsError
from tests.unit.test_stackplan import parts, plan

SIZED = {"cathode_length_mm": 43.0, "cathode_faces_count": 2, "rated_capacity_mah": 1000.0}


@pytest.mark.parametrize(("capacity", "ratio"), [(121.8, 3.09), (83.1, 4.53)])
def test_parts_that_measure_as_planned_have_the_papers_np_ratio(
    capacity: float, ratio: float
) -> None:
    own = plan(cathode_capacity_mah_per_g=capacity)
    values = {"na_foil": 50.0, "nfm_cathode": 15.0}
    given = parts(own.layers)
    measured = {
        part.lot_id: values[part.material_definition_id]
        for part in given
        if part.material_definition_id in values
    }
    found = stack_figures(own, given, measured)
    assert found.np_ratio == pytest.approx(ratio, abs=0.005)
    assert found.np_min_ratio == pytest.approx(found.np_ratio)
    assert (found.measured_count, found.needed_count) == (29, 29)


def test_one_thin_foil_lowers_the_worst_pair_and_hardly_the_whole() -> None:
    given = parts(plan().layers)
    found = stack_figures(plan(), given, {"L-5": 25.0})
    assert found.np_min_ratio == pytest.approx(3.09 / 2, abs=0.005)
    assert found.np_ratio == pytest.approx(3.09 * (28 - 1) / 28, abs=0.005)
    with pytest.raises(OutOfLimitsError, match=r"N/P is 2\.98, of the worst pair 1\.54, limits 2"):
        stack_figures(plan(np_low_ratio=2.0), given, {"L-5": 25.0})


@pytest.mark.parametrize(
    ("value", "unit", "message"),
    [
        (0.05, "um", "0.05 mm would be 50 µm: were units mixed up"),
        (0.05, "mm", "unit of thickness_um is 'mm', its name says 'µm'; convert"),
        (50_000.0, "um", "it can be 5 to 2000 µm"),
        (float("nan"), "um", "finite number"),
    ],
)
def test_a_thickness_in_another_unit_is_refused_with_what_to_do(
    value: float, unit: str, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        PartMeasurement(lot_id="L-1", characteristic="thickness_um", value=value, unit=unit)


def test_the_printed_size_of_the_pouch_cannot_hold_one_ampere_hour() -> None:
    printed = plan(cathode_width_mm=5.0, **SIZED)
    assert design_capacity_mah(printed) == pytest.approx(110.0, abs=0.05)
    with pytest.raises(OutOfLimitsError, match=r"110 mAh, rated 1000 .* a width of 45.5 mm"):
        check_design(printed)
    wide = plan(cathode_width_mm=50.0, **SIZED)
    assert design_capacity_mah(wide) == pytest.approx(1100.0, abs=0.5)
    check_design(wide)
    check_design(plan(cathode_width_mm=5.0, status="suspect", reason="lost digit", **SIZED))
