"""What is due: each service's dates in one shape, and how they stand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.formation.channels import ChannelEntry, HistoryLine
from services.formation.duedates import of_channel
from services.lamination.duedates import due_dates as fixtures_due
from services.lamination.fixture import Fixture
from services.spray.duedates import of_setup
from services.spray.setup import SpraySetup
from shared.duedates import DueDate, state_of
from shared.settings import StationSettings, TesterSettings

NOW = datetime(2026, 11, 28, tzinfo=UTC)
SOON = NOW + timedelta(days=30)
TESTER = TesterSettings(
    equipment_id="pilot/formation/testers/neware-1",
    service="formation",
    protocol="neware",
    endpoint="tcp://127.0.0.1:1",
    device_type=27,
    device_id=1,
    channel_count=2,
    current_range_ma=100,
    voltage_range_v=5,
    current_uncertainty_ratio=0.0005,
    calibration_due=date(2026, 11, 27),
    chamber_temperature_degc=25,
)


def due(**change: object) -> DueDate:
    given = {"equipment_id": "p/a", "item": "N-1", "upkeep": "nozzle", "blocks": "spray_jobs"}
    return DueDate.model_validate({**given, "due_at": NOW + timedelta(days=60), **change})


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "good"),
        ({"due_at": SOON}, "due_soon"),
        ({"due_at": NOW}, "past_due"),
        ({"due_at": None}, "unknown"),
        ({"out_reason": "withdrawn: smells"}, "out"),
    ],
)
def test_a_date_that_nobody_knows_is_not_good(change: dict[str, object], state: str) -> None:
    assert state_of(due(**change), NOW, SOON) == state


def test_a_channel_is_past_due_from_the_day_after_its_date_as_tests_are_refused() -> None:
    found = of_channel(TESTER, "1-1-1", [])
    assert found.due_at == datetime(2026, 11, 28, tzinfo=UTC)
    assert state_of(found, NOW - timedelta(seconds=1), SOON) == "due_soon"
    assert state_of(found, NOW, SOON) == "past_due"


def test_a_calibrated_channel_says_by_whom_and_a_repaired_one_is_out() -> None:
    entry = ChannelEntry(
        equipment_id=TESTER.equipment_id,
        channel="1-1-1",
        entry="calibrated",
        by="Ada (ada)",
        note="CAL-77",
        calibrated_on=date(2026, 11, 1),
        calibration_due=date(2027, 11, 1),
        current_uncertainty_ratio=0.0004,
    )
    lines = [HistoryLine(entry=entry, written_at=NOW)]
    found = of_channel(TESTER, "1-1-1", lines)
    assert (found.last_on, found.last_by, found.evidence) == ("2026-11-01", "Ada (ada)", "CAL-77")
    repair = ChannelEntry(
        equipment_id=TESTER.equipment_id, channel="1-1-1", entry="repaired", by="Bob", note="fuse"
    )
    out = of_channel(TESTER, "1-1-1", [*lines, HistoryLine(entry=repair, written_at=NOW)])
    assert out.out_reason is not None and "fuse" in out.out_reason


def test_a_spray_station_without_a_setup_is_unknown_and_one_with_it_can_be_renewed() -> None:
    nozzle, calibration = of_setup("pilot/dryroom/spray/eap-1", None)
    assert (nozzle.due_at, calibration.due_at, nozzle.renewal) == (None, None, None)
    setup = SpraySetup(
        station="eap-1",
        version=3,
        nozzle_id="NOZ-011",
        nozzle_due_at=NOW,
        calibrated_until=SOON,
        operator="Li Na",
        source="plant",
    )
    nozzle, calibration = of_setup("pilot/dryroom/spray/eap-1", setup)
    assert (nozzle.item, nozzle.due_at, calibration.due_at) == ("NOZ-011", NOW, SOON)
    assert nozzle.renewal is not None and nozzle.renewal.record["version"] == 3


def test_the_newest_fixture_of_a_station_counts_and_a_station_may_have_none() -> None:
    stations = [
        StationSettings(
            equipment_id=f"pilot/dryroom/lamination/{name}",
            kind="laminator",
            service="lamination",
            endpoint="opc.tcp://127.0.0.1:1",
        )
        for name in ("laminator-1", "laminator-2")
    ]
    fixtures = [
        Fixture(
            station="laminator-1",
            version=version,
            fixture_id=f"JIG-{version}",
            calibrated_until=NOW + timedelta(days=version),
            certificate=f"CAL-{version}",
            source="plant",
        )
        for version in (1, 2)
    ]
    [found] = fixtures_due(stations, fixtures)
    assert (found.item, found.evidence) == ("JIG-2", "CAL-2")
