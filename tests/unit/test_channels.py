"""Channels as equipment: what their history makes of them, and why one is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.formation.answers import Channel, ChannelPoint
from services.formation.channels import (
    ChannelEntry,
    ChannelFacts,
    Need,
    choose_channel,
    facts_of,
    refusals,
)
from services.formation.curves import efficiency_uncertainty_ratio
from services.formation.protocol import CellOrder, ccd_protocol, formation_protocol
from services.formation.safety import CONTACT_LOOKS, SHORT_LOOKS, Alarm, Bounds, watch
from shared.errors import BlockedError
from shared.settings import TesterSettings, read_plant

TODAY = date(2026, 11, 27)
TESTER = TesterSettings(
    equipment_id="p/f/c/tester-1",
    service="formation",
    protocol="neware",
    endpoint="tcp://127.0.0.1:1",
    channel_count=2,
    device_type=27,
    device_id=1,
    current_range_ma=100.0,
    voltage_range_v=5.0,
    current_uncertainty_ratio=0.0002,
    calibration_due=date(2027, 6, 30),
    chamber_temperature_degc=25.0,
)
SMALL = Need(current_ma=50.0, voltage_v=4.1, temperature_degc=25.0)


def entry(kind: str, **values: Any) -> ChannelEntry:
    common = {"equipment_id": TESTER.equipment_id, "channel": "1-1-1", "by": "ada", "note": "so"}
    return ChannelEntry.model_validate(common | {"entry": kind} | values)


def calibrated(due: str = "2027-11-01") -> ChannelEntry:
    return entry(
        "calibrated",
        calibrated_on="2026-11-01",
        calibration_due=due,
        current_uncertainty_ratio=0.0001,
    )


def facts(*history: ChannelEntry, channel: str = "1-1-1") -> ChannelFacts:
    return facts_of(TESTER, channel, history)


def test_channel_without_history_is_as_its_tester_is() -> None:
    assert refusals(facts(), SMALL, TODAY) == ()
    assert facts().calibrated_on is None


def test_full_scale_is_refused_and_nine_tenths_are_not() -> None:
    full = Need(current_ma=100.0, voltage_v=4.1)
    assert refusals(facts(), full, TODAY) == ("needs 100 mA, limit is 0.9 of the range 100 mA",)
    assert refusals(facts(), Need(current_ma=90.0, voltage_v=4.1), TODAY) == ()


def test_every_reason_is_told_at_once() -> None:
    asked = Need(current_ma=100.0, voltage_v=6.0, temperature_degc=45.0)
    late = facts(calibrated("2026-11-26"))
    told = " / ".join(refusals(late, asked, TODAY))
    assert told.count(" / ") == 3
    for word in ("due on 2026-11-26", "100 mA", "6 V", "25 degC"):
        assert word in told


def test_last_day_of_a_calibration_counts() -> None:
    assert refusals(facts(calibrated("2026-11-27")), SMALL, TODAY) == ()


def test_repair_takes_a_channel_out_until_it_is_calibrated() -> None:
    assert "repair" in refusals(facts(calibrated(), entry("repaired")), SMALL, TODAY)[0]
    again = facts(entry("repaired"), calibrated())
    assert refusals(again, SMALL, TODAY) == ()
    assert again.current_uncertainty_ratio == 0.0001


@pytest.mark.parametrize(("drift", "count"), [(0.0001, 0), (-0.0001, 0), (0.0002, 1), (-0.01, 1)])
def test_drift_beyond_the_uncertainty_takes_a_channel_out(drift: float, count: int) -> None:
    drifted = facts(calibrated(), entry("drift_found", drift_ratio=drift))
    assert len(refusals(drifted, SMALL, TODAY)) == count


def test_return_does_not_heal_what_only_a_calibration_heals() -> None:
    lines = (entry("repaired"), entry("withdrawn"), entry("returned"))
    assert "not calibrated" in refusals(facts(*lines), SMALL, TODAY)[0]
    assert "withdrawn" in refusals(facts(entry("withdrawn"), calibrated()), SMALL, TODAY)[0]


def test_channel_that_moved_is_in_its_new_chamber() -> None:
    moved = facts(entry("moved", chamber_temperature_degc=45.0, chamber_position="B4"))
    assert "45 degC" in refusals(moved, SMALL, TODAY)[0]
    assert moved.chamber_position == "B4"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("calibrated", {}),
        ("calibrated", {"calibrated_on": "2026-11-01", "calibration_due": "2027-11-01"}),
        ("repaired", {"drift_ratio": 0.1}),
        ("moved", {"chamber_position": "B4"}),
        ("unheard", {}),
    ],
)
def test_entry_with_other_fields_than_its_kind_has_is_refused(
    kind: str, values: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        entry(kind, **values)


def test_calibration_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="not after"):
        calibrated("2026-10-31")


def test_smallest_range_that_fits_is_chosen_among_the_free() -> None:
    wide = TESTER.model_copy(update={"current_range_ma": 1000.0})
    both = [facts_of(wide, "1-1-1", ()), facts(channel="1-1-2"), facts(channel="1-1-3")]
    taken: list[str] = []
    for _ in both:
        chosen = choose_channel(both, taken, SMALL, TODAY)
        assert chosen is not None
        taken.append(chosen.channel)
    assert taken == ["1-1-2", "1-1-3", "1-1-1"]
    assert choose_channel(both, taken, SMALL, TODAY) is None


def test_coin_cell_goes_to_the_fine_range_of_the_pilot_plant_where_its_efficiency_has_sense() -> (
    None
):
    tester = read_plant(Path("deploy/plant.toml")).tester[0]
    names = [f"1-{unit}-{channel}" for unit in range(1, 21) for channel in range(1, 9)]
    known = [facts_of(tester, name, ()) for name in names]
    wanted = {0.037: 0.1, 9.6: 20.0, 100.0: 200.0}  # coin cell, witness, pouch cell
    for current_ma, range_ma in wanted.items():
        need = Need(current_ma=current_ma, voltage_v=4.1, temperature_degc=25.0)
        chosen = choose_channel(known, (), need, TODAY)
        assert chosen is not None
        assert chosen.current_range_ma == range_ma
        uncertainty = efficiency_uncertainty_ratio(
            0.99, current_ma, chosen.current_range_ma, chosen.current_uncertainty_ratio
        )
        assert uncertainty < 0.001


def test_job_that_no_channel_may_ever_run_is_blocked_with_the_reason_of_each() -> None:
    known = [facts(entry("withdrawn")), facts(channel="1-1-2"), facts(channel="1-1-3")]
    with pytest.raises(BlockedError, match=r"1-1-1: withdrawn.*1-1-2 and 1 more: needs 100 mA"):
        choose_channel(known, (), Need(current_ma=100.0, voltage_v=4.0), TODAY)


# Our own watch

CELL = CellOrder(lot_id="CELL-1", capacity_mah=1000.0)
WITNESS = CellOrder(lot_id="WIT-1", area_cm2=2.0)


def point(**values: Any) -> ChannelPoint:
    """A charge of a pouch cell at 100 mA, ten seconds into its second step."""
    common: dict[str, Any] = {
        "channel": Channel(27, 1, 1, 1),
        "state": "working",
        "barcode": "CELL-1",
        "cycle": 1,
        "step_id": 2,
        "step_type": "cc",
        "current_ma": 100.0,
        "voltage_v": 3.0,
        "capacity_mah": 0.0,
        "energy_mwh": 0.0,
        "total_time_s": 1810.0,
        "step_time_s": 10.0,
        "log_code": 0,
    }
    return ChannelPoint(**(common | values))


def reason(found: ChannelPoint, before: ChannelPoint | None = None) -> str | None:
    protocol = formation_protocol()
    hot = protocol.limits.model_copy(update={"highest_temperature_degc": 45.0})
    protocol = protocol.model_copy(update={"limits": hot})
    seen = watch(protocol, CELL, before, None)[0] if before else None
    alarm = watch(protocol, CELL, found, seen)[1]
    return alarm.reason if alarm else None


def test_sound_charge_goes_on() -> None:
    assert reason(point(), point(total_time_s=1809.0)) is None


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"voltage_v": 4.11}, "limits 1.9 to 4.1 V"),
        ({"voltage_v": 1.89}, "voltage 1.89 V"),
        ({"temperature_degc": 45.1}, "limit 45 degC"),
        ({"current_ma": 111.0}, "current 111 mA"),
        ({"current_ma": -100.0}, "current -100 mA"),
    ],
)
def test_value_beyond_its_limit_stops_the_test(values: dict[str, Any], word: str) -> None:
    assert word in (reason(point(**values)) or "")


def test_channel_at_rest_or_over_is_not_judged_by_current() -> None:
    assert reason(point(step_id=1, step_type="rest", current_ma=0.0)) is None
    assert reason(point(state="finish", step_id=None, step_type=None, voltage_v=0.0)) is None


def test_lost_contact_is_found_after_some_looks_and_forgotten_with_the_current() -> None:
    protocol, seen, told = formation_protocol(), None, []
    for _ in range(CONTACT_LOOKS):
        seen, why = watch(protocol, CELL, point(current_ma=0.1), seen)
        told.append(why)
    assert told[:-1] == [None] * (CONTACT_LOOKS - 1)
    assert told[-1] is not None
    assert "contact lost" in told[-1].reason
    seen, why = watch(protocol, CELL, point(), seen)
    assert (seen.idle_looks, why) == (0, None)


def staircase(found: ChannelPoint, before: ChannelPoint | None = None) -> str | None:
    protocol = ccd_protocol()
    limits = protocol.limits.model_copy(update={"highest_fall_v_per_s": 0.01})
    protocol = protocol.model_copy(update={"limits": limits})
    seen = watch(protocol, WITNESS, before, None)[0] if before else None
    alarm = watch(protocol, WITNESS, found, seen)[1]
    return alarm.reason if alarm else None


def test_staircase_stops_on_a_floor_and_on_a_fall_within_a_step() -> None:
    half = {"current_ma": 0.4, "step_type": "cc"}
    before = point(**half, voltage_v=0.15, total_time_s=1809.0)
    assert staircase(point(**half, voltage_v=0.149), before) is None
    assert "short: |V| 0.001 V" in (staircase(point(**half, voltage_v=0.001)) or "")
    assert "falls by 0.05 V/s" in (staircase(point(**half, voltage_v=0.1), before) or "")


def test_change_of_step_is_no_fall() -> None:
    before = point(current_ma=0.4, voltage_v=0.15, total_time_s=1809.0)
    turned = {"step_id": 3, "step_type": "dc", "current_ma": -0.4, "voltage_v": -0.05}
    assert staircase(point(**turned), before) is None
    assert staircase(point(current_ma=0.4, voltage_v=0.0, step_time_s=0.5)) is None


def looks_at(*voltages_v: float, drop: float | None = 0.5) -> list[Alarm | None]:
    """Look once at the end of a half step at 0.15 V, then so often at the next one."""
    protocol = ccd_protocol(highest_drop_ratio=drop, short_floor_v=None)
    half = point(current_ma=0.4, step_type="cc", voltage_v=0.15)
    seen, first = watch(protocol, WITNESS, half, None)
    told = [first]
    for number, voltage_v in enumerate(voltages_v):
        turned = point(
            step_id=3,
            step_type="dc",
            current_ma=-0.4,
            voltage_v=-voltage_v,
            step_time_s=10.0 + number,
            total_time_s=1900.0 + number,
        )
        seen, alarm = watch(protocol, WITNESS, turned, seen)
        told.append(alarm)
    return told


def test_resistance_that_fell_by_half_stops_the_test_at_the_fourth_look() -> None:
    told = looks_at(0.148, *[0.06] * SHORT_LOOKS)
    assert told[:-1] == [None] * (SHORT_LOOKS + 1)
    assert told[-1] is not None
    assert "more than 50 % below the 375 ohm before" in told[-1].reason
    assert told[-1].sound == Bounds(quantity="resistance_ohm", low=pytest.approx(187.5))


def test_drop_that_heals_or_is_small_or_has_no_limit_lets_the_test_go_on() -> None:
    healed = [*[0.06] * (SHORT_LOOKS - 1), 0.15] * 2
    assert set(looks_at(*healed)) == {None}
    assert set(looks_at(*[0.08] * 10)) == {None}
    assert set(looks_at(*[0.06] * 10, drop=None)) == {None}
