"""What is sent to a station and what it holds: every difference is found and named."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.facts import Material
from shared.stations import JobAtStation, JobContent, read_back_differences
from shared.units import display_unit

SENT = JobContent(
    job_order_id="JO-1",
    parameters={
        "needle_voltage_v": 15000.0,
        "spray_time_s": 6.0,
        "segment_soak_s": (36000.0, 0.0),
        "atmosphere": "air",
    },
    materials=(
        Material(
            lot_id="P-1",
            material_definition_id="ose_pellet",
            quantity=1,
            unit="count",
            use="processed",
        ),
    ),
)
UNITS = {name: display_unit(name) for name in SENT.parameters}


def held(**changes: object) -> JobAtStation:
    content = replace(SENT, parameters={**SENT.parameters, **changes})
    return JobAtStation(content=content, units=UNITS, state="not_allowed_to_start")


def test_equal_content_has_no_difference() -> None:
    assert read_back_differences(SENT, held()) == []


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda v: abs(v - 15000) > 1))
def test_another_voltage_is_never_taken_for_equal(voltage_v: float) -> None:
    [difference] = read_back_differences(SENT, held(needle_voltage_v=voltage_v))
    assert difference == f"needle_voltage_v: sent 15000.0 V, station holds {voltage_v} V"


@given(st.sampled_from(sorted(SENT.parameters)), st.sampled_from(["text", (1.0,), 7.5, ("a", "b")]))
def test_another_type_or_length_is_a_difference(name: str, value: object) -> None:
    assert read_back_differences(SENT, held(**{name: value}))


def test_a_missing_and_an_extra_value_are_both_named() -> None:
    parameters = {"needle_voltage_v": 15000.0, "segment_soak_s": (36000.0, 0.0), "extra_s": 1.0}
    found = replace(held(), content=replace(SENT, parameters={**parameters, "atmosphere": "air"}))
    names = [difference.split(":")[0] for difference in read_back_differences(SENT, found)]
    assert names == ["extra_s", "spray_time_s"]


def test_the_same_number_in_another_unit_is_a_difference() -> None:
    found = replace(held(), units={**UNITS, "needle_voltage_v": "kV"})
    [difference] = read_back_differences(SENT, found)
    assert "sent in 'V', station holds 'kV'" in difference


def test_another_order_of_lots_is_a_difference() -> None:
    [first] = SENT.materials
    two = replace(SENT, materials=(first, first.model_copy(update={"lot_id": "P-2"})))
    found = replace(held(), content=replace(two, materials=tuple(reversed(two.materials))))
    [difference] = read_back_differences(two, found)
    assert difference.startswith("materials:")


def test_single_precision_of_a_station_is_no_difference() -> None:
    assert read_back_differences(SENT, held(needle_voltage_v=15000.000976)) == []
