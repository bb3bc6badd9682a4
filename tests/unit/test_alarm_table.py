"""The alarm table, groups by cause, and the key figures of EEMUA 191."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.gateway.alarmkpis import Raised, in_flood, key_figures
from services.gateway.alarmtable import (
    AlarmDefinition,
    Standing,
    causes_of,
    designed_suppressions,
    grouped,
)
from services.gateway.ownmasterdata import OwnMasterData

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
WORDS = {"en": "look", "de": "sehen", "zh": "看"}


def row(code: str, **values: Any) -> AlarmDefinition:
    common: dict[str, Any] = {
        "code": code,
        "version": 1,
        "cause": "c",
        "consequence": "c",
        "guidance": WORDS,
        "respond_within_min": 5,
    }
    return AlarmDefinition.model_validate(common | values)


def table(*rows: AlarmDefinition) -> dict[str, AlarmDefinition]:
    return {item.code: item for item in rows}


def standing(name: str, code: str, source: str = "s1", **values: Any) -> Standing:
    return Standing(alarm_id=name, code=code, source=source, **{"priority": 2, **values})


# table


def test_the_example_table_has_a_row_for_every_alarm_that_the_gateway_raises() -> None:
    section = yaml.safe_load((ROOT / "examples/master-data.yaml").read_text())["gateway"]
    codes = {item.code for item in OwnMasterData.model_validate(section).alarm_definitions}
    source = "".join(
        (ROOT / "services/gateway" / name).read_text() for name in ("domain.py", "health.py")
    )
    raised = {code for code in codes if f'"{code}"' in source}
    assert raised == codes
    readme = (ROOT / "services/gateway/README.md").read_text()
    listed = {line.split("`")[1] for line in readme.splitlines() if line.startswith("| `")}
    assert codes <= listed


def test_an_alarm_that_follows_from_itself_is_refused() -> None:
    with pytest.raises(ValidationError, match="station_lost cannot follow from itself"):
        row("station_lost", follows=["station_lost"])


def test_what_follows_from_an_alarm_that_stands_is_suppressed_and_not_what_has_returned() -> None:
    rows = table(row("lost"), row("silent", follows=["lost"]))
    alarms = [standing("A", "lost"), standing("B", "silent"), standing("C", "silent", "s2")]
    assert designed_suppressions(alarms, rows, {}) == {"B": "follows:A"}
    returned = [standing("A", "lost", active=False), standing("B", "silent")]
    assert designed_suppressions(returned, rows, {}) == {}


def test_a_table_that_suppresses_in_a_ring_suppresses_nothing_of_it() -> None:
    rows = table(
        row("aa", follows=["bb"]),
        row("bb", follows=["cc"]),
        row("cc", follows=["aa"]),
        row("dd", follows=["aa"]),
    )
    alarms = [standing(code, code) for code in ("aa", "bb", "cc", "dd")]
    assert designed_suppressions(alarms, rows, {}) == {"dd": "follows:aa"}


def test_a_station_out_of_schedule_is_silent_by_design_and_an_unknown_one_is_not() -> None:
    rows = table(row("silent", silent_in=["nonscheduled"]))
    alarms = [standing("A", "silent")]
    assert designed_suppressions(alarms, rows, {"s1": "nonscheduled"}) == {
        "A": "state:nonscheduled"
    }
    assert designed_suppressions(alarms, rows, {"s1": "standby"}) == {}
    assert designed_suppressions(alarms, rows, {}) == {}


codes = st.sampled_from(["aa", "bb", "cc", "dd", "ee"])
tables = st.dictionaries(codes, st.lists(codes, max_size=3, unique=True), max_size=5)


@given(
    follows=tables,
    pairs=st.lists(st.tuples(codes, st.sampled_from(["s1", "s2"])), max_size=10, unique=True),
)
def test_every_cause_that_stands_is_heard_and_every_alarm_is_in_one_group(
    follows: dict[str, list[str]], pairs: list[tuple[str, str]]
) -> None:
    rows = table(
        *(row(code, follows=[x for x in after if x != code]) for code, after in follows.items())
    )
    alarms = [standing(f"{code}-{source}", code, source) for code, source in pairs]
    causes = causes_of(alarms, rows)
    for source in {source for _, source in pairs}:
        assert any(item.alarm_id not in causes for item in alarms if item.source == source)
    members = [name for group in grouped(alarms, rows) for name in group.alarm_ids]
    assert sorted(members) == sorted(item.alarm_id for item in alarms)


def test_groups_name_the_cause_the_shared_code_or_the_source() -> None:
    rows = table(row("lost"), row("silent", follows=["lost"]), row("wait"))
    alarms = [
        standing("A", "lost", priority=1),
        standing("B", "silent"),
        *(standing(f"W{n}", "wait", f"x{n}") for n in range(3)),
        standing("Z", "other", "s9", priority=3),
    ]
    found = [(group.kind, group.key, group.alarm_ids) for group in grouped(alarms, rows)]
    assert found == [
        ("cause", "A", ("A", "B")),
        ("code", "wait", ("W0", "W1", "W2")),
        ("source", "s9", ("Z",)),
    ]


# key figures


def raised(minute: float, code: str = "c", **values: Any) -> Raised:
    at = NOW - timedelta(hours=12) + timedelta(minutes=minute)
    return Raised(**{"code": code, "source": "s", "priority": 3, "raised_at": at} | values)


def figures(*items: Raised) -> dict[str, Any]:
    return key_figures(items, NOW - timedelta(hours=12), NOW)


def test_nothing_raised_has_no_shares_and_no_times() -> None:
    found = figures()
    assert (found["raised_count"], found["per_10_min"], found["peak_10_min"]) == (0, 0.0, 0)
    assert [item["ratio"] for item in found["priorities"]] == [None, None, None]
    assert found["acknowledge_median_s"] is None and found["acknowledge_slowest_s"] is None
    assert key_figures([], NOW, NOW)["flood_ratio"] is None
    assert key_figures([], NOW, NOW)["per_10_min"] is None


def test_a_flood_begins_above_ten_in_ten_minutes_and_ends_below_five() -> None:
    ten = [raised(minute) for minute in range(10)]
    assert figures(*ten)["flood_ratio"] == 0
    found = figures(*ten, raised(9.5))
    assert (found["peak_10_min"], found["per_10_min"]) == (11, pytest.approx(11 / 72))
    # Begins at 9.5; alarms leave the window at 10, 11, …: four are left at 16.
    assert found["flood_ratio"] == pytest.approx(6.5 / 720)
    times = [item.raised_at for item in (*ten, raised(9.5))]
    begin = NOW - timedelta(hours=12)
    assert in_flood(times, begin + timedelta(minutes=15.9))
    assert not in_flood(times, begin + timedelta(minutes=16))
    assert not in_flood(times[:-1], begin + timedelta(minutes=9))


def test_bad_actors_chatter_and_stale_alarms_are_named() -> None:
    old = raised(-24 * 60, "old", source="t")
    chatter = [raised(minute, "x", returned_at=NOW) for minute in (5, 5.4, 5.9)]
    slow = [raised(minute, "y", returned_at=NOW) for minute in (5, 6, 7)]
    seen = raised(8, "z", priority=1, acknowledged_at=raised(9).raised_at)
    found = figures(old, *chatter, *slow, seen)
    assert found["raised_count"] == 7
    assert found["worst"][0] == {"code": "x", "source": "s", "count": 3, "ratio": 3 / 7}
    assert found["chattering"] == [{"code": "x", "source": "s"}]
    assert found["stale_count"] == 1
    assert (found["acknowledge_median_s"], found["acknowledge_slowest_s"]) == (60, 60)
    assert [item["count"] for item in found["priorities"]] == [1, 0, 6]


@given(st.lists(st.floats(0, 720), max_size=60))
def test_figures_of_any_series_stay_what_they_are_called(minutes: list[float]) -> None:
    found = figures(*(raised(minute) for minute in minutes))
    assert 0 <= found["flood_ratio"] <= 1
    assert found["peak_10_min"] <= found["raised_count"] == len(minutes)
    assert (found["flood_ratio"] > 0) <= (found["peak_10_min"] > 10)
