"""Gates: limits are kept, unknown is never good, and the reason says why."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.quality.domain import Characteristic, ExposureBudget, TestSpecification
from services.quality.gates import (
    decide_lot,
    decide_parts,
    decide_pellet_lot,
    judge_lot,
    no_parts,
    verdict,
)
from shared.facts import TestResult

THICKNESS = {
    "characteristic": "thickness_um",
    "unit": "um",
    "low": 120.0,
    "high": 130.0,
    "source": "paper L157",
}
CCD = {
    "characteristic": "ccd_survived_ma_per_cm2",
    "unit": "mA/cm²",
    "low": 4.0,
    "source": "paper L85",
}


def specification(*characteristics, **changes):
    values = {
        "gate": "thickness",
        "product_id": "nvp-coin",
        "operation": "gauge",
        "version": 3,
        "decides": "lot",
        "characteristics": characteristics or (THICKNESS,),
    }
    return TestSpecification.model_validate(values | changes)


def measured(value, lot_id="P-1", characteristic="thickness_um", unit="µm", reason=None):
    result = TestResult(
        lot_id=lot_id, characteristic=characteristic, value=value, unit=unit, reason=reason
    )
    return {(lot_id, characteristic): result}


def verdict_of(value, spec=None, **more):
    return verdict(judge_lot(spec or specification(), "P-1", measured(value, **more)))


@given(value=st.floats(allow_nan=True, allow_infinity=True))
def test_a_value_is_released_exactly_when_it_lies_within_its_limits(value):
    found = verdict_of(value)
    assert (found.disposition == "released") == (120.0 <= value <= 130.0)


@given(
    low=st.none() | st.floats(-1e6, 1e6),
    width=st.floats(0.0, 1e6),
    has_high=st.booleans(),
    value=st.none() | st.floats(-3e6, 3e6),
)
def test_a_limit_that_is_not_set_never_blocks_but_the_value_must_be_known(
    low, width, has_high, value
):
    high = (low or 0.0) + width if has_high else None
    spec = specification(THICKNESS | {"low": low, "high": high})
    above = value is not None and (low is None or value >= low)
    below = value is not None and (high is None or value <= high)
    assert (verdict_of(value, spec).disposition == "released") == (above and below)


def test_the_reason_names_lot_value_limit_unit_and_version():
    assert verdict_of(131.25).reason == (
        "thickness_um of P-1 is 131.25 µm, above high 130 µm (specification version 3)"
    )
    assert verdict_of(112.0).reason == (
        "thickness_um of P-1 is 112 µm, below low 120 µm (specification version 3)"
    )


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({}, "unknown: thickness_um of P-1 was not measured"),
        (measured(None, reason="probe broken"), "unknown: thickness_um of P-1: probe broken"),
        (measured(None), "unknown: thickness_um of P-1: no reason given"),
        (measured("thick"), "unknown: thickness_um of P-1 is 'thick', which is no number"),
        (measured(math.nan), "unknown: thickness_um of P-1 is nan, which is no number"),
        (measured(0.125, unit="mm"), "unknown: thickness_um of P-1 came in 'mm'"),
        (measured(125.0, lot_id="P-2"), "unknown: thickness_um of P-1 was not measured"),
    ],
)
def test_what_is_not_known_blocks_and_says_so(figures, told):
    found = verdict(judge_lot(specification(), "P-1", figures))
    assert found.disposition == "blocked"
    assert found.reason.startswith(told)


def test_a_suspect_limit_is_recorded_and_never_acts():
    suspect = THICKNESS | {"status": "suspect", "reason": "12 or 16 mm?"}
    [judged] = judge_lot(specification(suspect), "P-1", measured(500.0))
    assert judged.disposition is None
    assert judged.value == 500.0
    assert judged.reason == "not judged, limits are suspect: 12 or 16 mm?"
    assert verdict([judged]) is None


def test_one_bad_characteristic_of_two_blocks_and_decides():
    spec = specification(
        THICKNESS, THICKNESS | {"characteristic": "film_um", "high": 8.0, "low": 1}
    )
    figures = measured(125.0) | measured(9.0, characteristic="film_um")
    found = verdict(judge_lot(spec, "P-1", figures))
    decision = decide_lot(found)
    assert decision.disposition == "blocked"
    assert decision.decisive.characteristic == "film_um"
    assert decision.blocked_lot_ids == ("P-1",)


def parts_of(*values):
    spec = specification(decides="parts")
    return [
        verdict(judge_lot(spec, f"P-{index}", measured(value, lot_id=f"P-{index}")))
        for index, value in enumerate(values, start=1)
    ]


def test_parts_are_decided_one_by_one():
    decision = decide_parts("LOT", parts_of(125.0, None, 131.0))
    assert decision.lot_id == "LOT"
    assert decision.disposition == "released"
    assert [part.disposition for part in decision.parts] == ["released", "blocked", "blocked"]
    assert [part.value for part in decision.parts] == [125.0, None, 131.0]
    assert decision.blocked_lot_ids == ("P-2", "P-3")
    assert decision.reason.startswith("1 of 3 parts released; unknown: thickness_um of P-2")


def test_a_lot_of_which_no_part_is_good_is_blocked():
    assert decide_parts("LOT", parts_of(110.0, 131.0)).disposition == "blocked"


def test_a_job_order_without_parts_blocks():
    found = no_parts(specification(decides="parts"), "LOT", "JO-1")
    decision = decide_parts("LOT", [found])
    assert decision.disposition == "blocked"
    assert "JO-1 names no parts" in decision.reason


def witnesses(*values):
    spec = specification(CCD, decides="pellet_lot")
    return [
        verdict(
            judge_lot(
                spec,
                f"W-{index}",
                measured(value, f"W-{index}", "ccd_survived_ma_per_cm2", "mA/cm²"),
            )
        )
        for index, value in enumerate(values, start=1)
    ]


@pytest.mark.parametrize(
    ("values", "disposition"),
    [((6.8,), None), ((6.8, 4.0), "released"), ((6.8, 3.8), "blocked"), ((None,), "blocked")],
)
def test_a_pellet_lot_waits_for_all_witnesses_but_not_for_a_failure(values, disposition):
    decision = decide_pellet_lot("PEL", witnesses(*values), needed_count=2)
    assert (decision.disposition if decision else None) == disposition


def test_a_failed_witness_is_named_with_its_pellet_lot():
    decision = decide_pellet_lot("PEL", witnesses(6.8, 3.8), needed_count=2)
    assert decision.blocked_lot_ids == ("PEL", "W-2")
    assert decision.reason == (
        "ccd_survived_ma_per_cm2 of W-2 is 3.8 mA/cm², below low 4 mA/cm² (specification version 3)"
    )


def test_a_ccd_waits_for_every_witness_unless_a_count_is_given():
    assert specification(CCD, decides="pellet_lot").of_all_witnesses
    assert not specification(CCD, decides="pellet_lot", needed_count=1).of_all_witnesses
    assert not specification(decides="pellet_lot").of_all_witnesses


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"low": 131.0}, "low of thickness_um is 131.0 µm; it must not be above high 130.0 µm"),
        ({"unit": "mm"}, "unit of thickness_um is 'mm'; its name says 'µm'"),
        ({"status": "suspect"}, "thickness_um is suspect; reason must say why"),
        ({"low": math.nan}, "finite number"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_a_characteristic_that_cannot_be_meant_is_refused(change, told):
    with pytest.raises(ValidationError, match=told.replace("(", r"\(")):
        Characteristic.model_validate(THICKNESS | change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"gate": "exposure"}, "gate exposure is decided by exposure_budgets"),
        ({"characteristics": (THICKNESS, THICKNESS)}, "characteristic thickness_um stands twice"),
        ({"needed_count": 2}, "needed_count is 2 and decides is lot"),
        ({"version": 0}, "greater than or equal to 1"),
        (
            {"ccd_recipe": {"dwell_s": 6.0, "voltage_limit_v": 5.0}},
            "settle_s is 5.0 s; it must not be above half of dwell_s 6.0 s",
        ),
    ],
)
def test_a_specification_that_cannot_be_meant_is_refused(change, told):
    with pytest.raises(ValidationError, match=told):
        specification(**change)


def test_units_may_be_written_as_suffix_or_as_sign():
    greek = Characteristic.model_validate(THICKNESS | {"unit": "\N{GREEK SMALL LETTER MU}m"})
    assert Characteristic.model_validate(THICKNESS) == greek
    assert greek.unit == "µm"


def test_a_suspect_budget_must_say_why():
    budget = {
        "state": "coated",
        "product_id": "nvp-coin",
        "budget_minutes": 60,
        "budget_dose_ppm_h": 100,
        "from_operation": "spray",
        "to_operation": "seal",
        "room_equipment_id": "pilot/dryroom/room/dryroom-1",
        "source": "plant",
        "status": "suspect",
    }
    with pytest.raises(ValidationError, match="exposure budget coated is suspect; reason must"):
        ExposureBudget.model_validate(budget)


@given(value=st.floats(100.0, 150.0), u=st.floats(0.01, 2.0))
def test_a_guard_band_never_releases_what_the_bare_limits_refuse(value, u):
    guarded = specification(THICKNESS | {"standard_uncertainty": u})
    found = verdict_of(value, guarded)
    inside = 120.0 + 1.65 * u <= value <= 130.0 - 1.65 * u
    assert (found.disposition == "released") == inside
    assert found.disposition == "blocked" or verdict_of(value).disposition == "released"
    assert found.decisive.guard == pytest.approx(1.65 * u)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"standard_uncertainty": 4.0}, "no value is left"),
        ({"guard_factor": 2.0}, "needs the uncertainty"),
        ({"standard_uncertainty": 1.0, "uncertainty_from": "error_um"}, "give one"),
        ({"uncertainty_from": "error_mm"}, "it is not in µm"),
        ({"protocol_id": "ccd"}, "needs protocol_id and protocol_version"),
    ],
)
def test_a_guard_band_or_protocol_that_cannot_be_meant_is_refused(changes, says):
    with pytest.raises(ValidationError, match=says):
        specification(THICKNESS | changes)


def test_a_specification_without_the_new_fields_is_written_as_before():
    written = specification().model_dump()
    assert set(written) == {
        "gate",
        "product_id",
        "operation",
        "version",
        "characteristics",
        "decides",
        "needed_count",
        "ccd_recipe",
    }
    assert "standard_uncertainty" not in written["characteristics"][0]
