"""What a shift hands over: which shift, what is asked of the coming one, who may take it over."""

from datetime import UTC, datetime, time, timedelta

import pytest

from services.gateway.handover import (
    bounded,
    check_taking,
    sealed,
    span_of,
    stops_without_reason,
)
from services.gateway.oee import Stop
from services.gateway.shifts import shifts_around
from shared.errors import ConflictError, InvalidInputError
from shared.settings import ShiftSettings

SHIFTS = [
    ShiftSettings(name="A", begins=time(6)),
    ShiftSettings(name="B", begins=time(14)),
    ShiftSettings(name="C", begins=time(22)),
]
NOW = datetime(2026, 1, 5, 14, 10, tzinfo=UTC)
HANDOVER = {"handover_id": "H1", "person": "Ada (ada)", "record_sha256": "a" * 64, "taken_by": None}


def test_the_running_shift_is_handed_over_to_the_one_after() -> None:
    span = span_of(shifts_around(SHIFTS, "UTC", NOW), NOW, None)
    assert (span.shift, span.coming) == ("B", "C")
    assert span.begun_at == datetime(2026, 1, 5, 14, tzinfo=UTC)
    assert span.coming_ends_at == datetime(2026, 1, 6, 6, tzinfo=UTC)


def test_who_is_late_hands_over_the_shift_before() -> None:
    begun_at = datetime(2026, 1, 5, 6, tzinfo=UTC)
    span = span_of(shifts_around(SHIFTS, "UTC", NOW), NOW, begun_at)
    assert (span.shift, span.coming, span.begun_at) == ("A", "B", begun_at)


def test_an_older_shift_is_refused_with_those_that_can_be_handed_over() -> None:
    yesterday = datetime(2026, 1, 4, 6, tzinfo=UTC)
    with pytest.raises(InvalidInputError, match=r"2026-01-05T14:00:00.*2026-01-05T06:00:00"):
        span_of(shifts_around(SHIFTS, "UTC", NOW), NOW, yesterday)


def test_a_plant_without_shifts_hands_over_half_a_day() -> None:
    span = span_of(shifts_around([], "UTC", NOW), NOW, None)
    assert (span.shift, span.coming) == (None, None)
    assert span.coming_ends_at - span.begun_at == timedelta(hours=24)


def test_only_stops_without_a_reason_are_asked_for() -> None:
    def stop(hour: int, reason: str | None) -> Stop:
        return Stop(
            equipment_id="p/eap-1",
            begun_at=NOW - timedelta(hours=hour),
            ended_at=None,
            duration_s=60,
            reason="door open",
            downtime_reason=reason,
            note=None,
            person=None,
        )

    found = stops_without_reason([stop(3, None), stop(2, "material"), stop(1, None)])
    assert [item["begun_at"] for item in found] == [
        (NOW - timedelta(hours=1)).isoformat(),
        (NOW - timedelta(hours=3)).isoformat(),
    ]


def test_a_part_that_could_not_be_had_is_no_empty_list() -> None:
    kept, counts = bounded({"held_lots": None, "alarms": [{}] * 600}, {})
    assert kept["held_lots"] is None and len(kept["alarms"]) == 100
    assert counts == {"alarms": 600}


def test_a_part_that_came_cut_counts_all_there_are() -> None:
    kept, counts = bounded({"held_lots": [{}] * 100, "stops": [{}]}, {"held_lots": 4312})
    assert len(kept["held_lots"]) == 100
    assert counts == {"held_lots": 4312, "stops": 1}


def test_the_hash_changes_with_any_word() -> None:
    record = {"notes": "Ofen 2 prüfen", "open": {"alarms": []}}
    text, sha256 = sealed(record)
    assert "prüfen" in text and len(sha256) == 64
    assert sealed({**record, "notes": "Ofen 3 prüfen"})[1] != sha256


@pytest.mark.parametrize(
    ("change", "superseded_by", "taker", "seen", "error", "words"),
    [
        ({"taken_by": "Bob (bob)"}, None, "Eve (eve)", "a", ConflictError, "by Bob"),
        ({}, "H2", "Bob (bob)", "a", ConflictError, "anew as H2"),
        ({}, None, "Bob (bob)", "b", ConflictError, "read it again"),
        ({}, None, "Ada (ada)", "a", InvalidInputError, "another person"),
    ],
)
def test_a_handover_is_taken_over_once_as_seen_and_by_another_person(
    change: dict[str, str],
    superseded_by: str | None,
    taker: str,
    seen: str,
    error: type[Exception],
    words: str,
) -> None:
    check_taking(HANDOVER, None, "Bob (bob)", "a" * 64)
    with pytest.raises(error, match=words):
        check_taking(HANDOVER | change, superseded_by, taker, seen * 64)
