"""Test protocols as master data, their step files, and the proof that what ran was ordered."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.formation.protocol import (
    CellOrder,
    Current,
    Hold,
    Limits,
    Loop,
    Rest,
    TestProtocol,
    ccd_protocol,
    expected_duration_s,
    formation_protocol,
    highest_current_ma,
    range_fits,
    relative_uncertainty_ratio,
)
from services.formation.stepfile import (
    StepFile,
    canonical,
    compare,
    parse_step_file,
    protocol_sha256,
    step_file,
)
from shared.errors import InvalidInputError, OutOfLimitsError
from simulators.physics.stepfile import read_step_file

POUCH = CellOrder(lot_id="CELL-0001", capacity_mah=1000.0)
WITNESS = CellOrder(lot_id="WIT-0001", area_cm2=2.0)
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def written(
    protocol: TestProtocol,
    order: CellOrder = POUCH,
    *,
    at: datetime = MONDAY,
    range_ma: float = 200.0,
) -> StepFile:
    return step_file(protocol, order, range_ma=range_ma, range_v=5.0, written_at=at)


def test_formation_is_two_cycles_at_a_tenth_c_between_two_and_four_volts() -> None:
    read = read_step_file(written(formation_protocol()).content)
    assert [step.kind for step in read.steps] == [
        "rest",
        "current",
        "rest",
        "current",
        "rest",
        "loop",
        "end",
    ]
    charge, discharge, again = read.steps[1], read.steps[3], read.steps[5]
    assert (charge.current_ma, charge.until_v, charge.until_s) == (100.0, 4.0, 54_000.0)
    assert (discharge.current_ma, discharge.until_v) == (-100.0, 2.0)
    assert (again.loop_to, again.loop_count) == (2, 2)
    assert charge.interval_s == 30.0


def test_whole_test_and_each_step_are_protected() -> None:
    read = read_step_file(written(formation_protocol()).content)
    assert (read.protection.highest_v, read.protection.lowest_v) == (4.1, 1.9)
    assert read.protection.highest_mah == 1300.0
    assert read.protection.highest_ma == pytest.approx(110.0)
    assert read.protection.delay_s == 1.0
    charge, discharge = read.steps[1].protection, read.steps[3].protection
    assert (charge.highest_v, charge.lowest_v) == (4.1, 1.9)
    assert (charge.highest_ma, charge.lowest_ma) == pytest.approx((110.0, -10.0))
    assert (discharge.highest_ma, discharge.lowest_ma) == pytest.approx((10.0, -110.0))
    assert (read.steps[0].protection.highest_v, read.steps[0].protection.lowest_v) == (4.1, 1.9)


def test_staircase_visits_each_density_in_both_directions() -> None:
    read = read_step_file(written(ccd_protocol(max_steps=34), WITNESS).content)
    half_steps = [step for step in read.steps if step.kind == "current"]
    assert len(half_steps) == 68
    assert half_steps[0].current_ma == pytest.approx(0.4)
    assert half_steps[1].current_ma == pytest.approx(-0.4)
    assert half_steps[-2].current_ma == pytest.approx(13.6)  # 6.8 mA/cm2 on 2 cm2
    assert (half_steps[0].until_v, half_steps[1].until_v) == (4.5, -4.5)
    assert half_steps[0].until_s == 1800.0


def test_staircase_stops_on_a_voltage_that_collapses() -> None:
    read = read_step_file(written(ccd_protocol(), WITNESS).content)
    charge, discharge = read.steps[1].protection, read.steps[2].protection
    assert (charge.lowest_v, charge.highest_v) == (0.002, 4.6)
    assert (discharge.highest_v, discharge.lowest_v) == (-0.002, -4.6)


def test_temperature_limit_is_written_in_tenths_for_test_and_steps() -> None:
    protocol = formation_protocol()
    warm = protocol.limits.model_copy(update={"highest_temperature_degc": 60.0})
    content = written(protocol.model_copy(update={"limits": warm})).content
    found = parse_step_file(content).findall(".//Protect/Aux/Temp/Upper")
    assert [element.get("Value") for element in found] == ["600.000000"] * 6


def test_hold_becomes_a_voltage_step_with_the_current_before_it() -> None:
    protocol = TestProtocol(
        protocol_id="cccv",
        version=1,
        kind="formation",
        title="CCCV",
        record_interval_s=10.0,
        limits=Limits(highest_v=4.1, lowest_v=1.9),
        steps=(
            Current(c_rate_per_h=0.1, until_v=4.0, until_s=54_000.0),
            Hold(voltage_v=4.0, until_c_rate_per_h=0.02, until_s=7200.0),
        ),
    )
    hold = read_step_file(written(protocol).content).steps[1]
    assert (hold.kind, hold.voltage_v, hold.until_ma) == ("voltage", 4.0, 20.0)
    assert hold.current_ma == 100.0


def test_same_order_gives_the_same_bytes() -> None:
    assert written(formation_protocol()) == written(formation_protocol())


def test_hash_tells_currents_apart_and_not_days_or_lots() -> None:
    first = written(formation_protocol())
    other_day = written(formation_protocol(), replace(POUCH, lot_id="CELL-0002"), at=TUESDAY)
    weaker = written(formation_protocol(), replace(POUCH, capacity_mah=990.0))
    assert first.sha256 == other_day.sha256
    assert first.file_sha256 != other_day.file_sha256
    assert first.sha256 != weaker.sha256


def test_file_rewritten_by_the_tester_is_what_was_ordered() -> None:
    ordered = written(formation_protocol()).content
    root = ElementTree.fromstring(ordered)
    for element in root.findall(".//*[@Value]"):
        element.set("Value", element.get("Value", "").removesuffix(".000000"))
    config = root.find("config")
    assert config is not None
    config.set("date", "20261124101010")
    config.set("client_version", "BTSDA 8.0.1")
    head = config.find("Head_Info")
    assert head is not None
    ElementTree.SubElement(head, "PN", Value="2026-11-24 10-10-10")
    found = b'<?xml version="1.0" encoding="GB2312"?>' + ElementTree.tostring(root)
    assert compare(ordered, found) == ()
    assert protocol_sha256(ordered) == protocol_sha256(found)


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        (b"40000.000000", b"42000.000000", "step 2/Limit/Main/Stop_Volt"),
        (b"41000.000000", b"45000.000000", "step 1/Protect/Main/Volt/Upper"),
        (b'Cycle_Count Value="2"', b'Cycle_Count Value="3"', "step 6/Limit/Other/Cycle_Count"),
        (b'Start_Step Value="1"', b'Start_Step Value="3"', "head/Start_Step"),
        (b'Step_Type="1"', b'Step_Type="2"', "step 2 Step_Type"),
        (b'Time Value="30000.000000"', b'Time Value="1000.000000"', "whole test/Record/Main/Time"),
    ],
)
def test_each_value_that_decides_is_named_when_it_differs(
    before: bytes, after: bytes, place: str
) -> None:
    ordered = written(formation_protocol()).content
    changed = ordered.replace(before, after)
    assert changed != ordered
    differences = compare(ordered, changed)
    assert place in [difference.place for difference in differences]
    assert protocol_sha256(changed) != protocol_sha256(ordered)


def test_missing_and_added_steps_are_named() -> None:
    two, three = (written(ccd_protocol(max_steps=count), WITNESS).content for count in (2, 3))
    assert {"step 7 Step_ID", "step 8 Step_ID"} <= {d.place for d in compare(two, three)}
    assert any(d.found is None for d in compare(three, two))
    assert "found nothing" in str(next(d for d in compare(three, two) if d.found is None))


@pytest.mark.parametrize(
    ("current_ma", "fits"),
    [(100.0, False), (90.0, True), (90.1, False), (-95.0, False), (0.0, True)],
)
def test_range_of_a_hundred_milliamperes_carries_ninety(current_ma: float, fits: bool) -> None:
    assert range_fits(current_ma, 100.0) is fits


def test_pouch_at_a_tenth_c_does_not_fit_a_range_of_a_hundred_milliamperes() -> None:
    with pytest.raises(OutOfLimitsError, match=r"100 mA.*0\.9.*100 mA"):
        written(formation_protocol(), range_ma=100.0)


def test_voltage_limits_beyond_the_range_are_refused() -> None:
    with pytest.raises(OutOfLimitsError, match="5 V"):
        written(ccd_protocol(limit_v=5.0), WITNESS)


@pytest.mark.parametrize("capacity_mah", [None, 0.0, -1.0, float("nan")])
def test_c_rate_needs_an_ordered_capacity(capacity_mah: float | None) -> None:
    with pytest.raises(InvalidInputError, match="capacity_mah"):
        written(formation_protocol(), replace(POUCH, capacity_mah=capacity_mah))


def test_density_needs_an_area() -> None:
    with pytest.raises(InvalidInputError, match="area_cm2"):
        written(ccd_protocol(), POUCH)


def test_small_current_on_a_large_range_is_uncertain() -> None:
    assert relative_uncertainty_ratio(0.4, 200.0, 0.0002) == pytest.approx(0.1)


def test_duration_counts_loops() -> None:
    assert expected_duration_s(formation_protocol(rest_s=1800.0)) == 1800.0 + 2 * (
        2 * 36_000.0 + 2 * 1800.0
    )
    assert expected_duration_s(ccd_protocol(max_steps=3, rest_s=60.0)) == 60.0 + 6 * 1800.0


@pytest.mark.parametrize(
    "change",
    [
        {"steps": ()},
        {"steps": (Rest(duration_s=1.0), Loop(first_step=2, cycle_count=2))},
        {"limits": Limits(highest_v=2.0, lowest_v=3.0)},
        {"steps": (Current(c_rate_per_h=0.1, until_v=4.5, until_s=1.0),)},
        {"steps": (Hold(voltage_v=1.0, until_c_rate_per_h=0.1, until_s=1.0),)},
        {"record_interval_s": 0.0},
        {"protocol_id": "Not An Id"},
        {"unknown": 1},
    ],
)
def test_unsound_protocol_is_refused(change: dict[str, object]) -> None:
    sound = dict(formation_protocol())
    with pytest.raises(ValidationError):
        TestProtocol.model_validate(sound | change)


@pytest.mark.parametrize(
    "given_currents",
    [{}, {"c_rate_per_h": 0.0}, {"c_rate_per_h": 0.1, "density_ma_per_cm2": 0.2}],
)
def test_current_step_names_exactly_one_current(given_currents: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Current(until_s=1.0, **given_currents)


def test_protocol_survives_its_json() -> None:
    protocol = ccd_protocol()
    assert TestProtocol.model_validate_json(protocol.model_dump_json()) == protocol


@settings(deadline=None, max_examples=40)  # the first example imports aurora-unicycler
@given(
    capacity_mah=st.floats(1.0, 1700.0),
    c_rate_per_h=st.floats(0.02, 0.1),
    cycle_count=st.integers(1, 20),
)
def test_any_formation_reaches_the_tester_as_ordered(
    capacity_mah: float, c_rate_per_h: float, cycle_count: int
) -> None:
    protocol = formation_protocol(c_rate_per_h=c_rate_per_h, cycle_count=cycle_count)
    order = CellOrder(lot_id="L", capacity_mah=capacity_mah)
    made = written(protocol, order)
    read = read_step_file(made.content)
    assert read.steps[1].current_ma == pytest.approx(highest_current_ma(protocol, order), abs=1e-6)
    assert read.steps[5].loop_count == cycle_count


def test_files_of_the_peers_are_compared_with_themselves(peer_data: Path) -> None:
    for path in sorted((peer_data / "protocol").glob("*.xml")):
        content = path.read_bytes()
        assert canonical(content)
        assert compare(content, content) == ()


def test_peer_s_pouch_protocol_differs_from_ours_in_named_places(peer_data: Path) -> None:
    peer = (peer_data / "protocol/nfm_pouch_1Ah_neware.xml").read_bytes()
    places = [
        difference.place for difference in compare(written(formation_protocol()).content, peer)
    ]
    assert "step 2/Limit/Main/Rate" in places
    assert "step 2/Limit/Main/Curr" not in places or "step 2 Step_Type" in places


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<root/>",
        b"<root><config type='Step File'/></root>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><root/>",
        b"<?xml version='1.0' encoding='GB2312'?><root>\xff\xff</root>",
        b"<?xml version='1.0' encoding='no-such'?><root/>",
        b"x" * (9 * 2**20),
    ],
)
def test_what_is_no_step_file_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInputError):
        compare(content, content)
