"""A reduced series shows what the whole one shows; live values know their age and their silence."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.historian.domain import LiveTable, Row, SourceState
from services.historian.files import batch_of, joined, table_of
from services.historian.series import Point, Question, Series, open_engine, read
from shared.stations import Sample

START = datetime(2026, 1, 5, tzinfo=UTC)
WHERE = "pilot/dryroom/room/dryroom-1"
SIGNAL = "dew_point_1_degc"
Values = list[float | None]


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    return open_engine()


def rows_of(values: Values) -> list[Row]:
    return [
        Row(
            WHERE,
            SIGNAL,
            START + timedelta(seconds=n),
            value,
            "Good" if value is not None else "Bad",
        )
        for n, value in enumerate(values)
    ]


def asked(values: Values, points: int, seconds: int | None = None) -> Question:
    return Question(
        equipment_id=WHERE,
        signal=SIGNAL,
        from_at=START,
        to_at=START + timedelta(seconds=(seconds or len(values)) - 1),
        points=points,
    )


def reduced(engine: duckdb.DuckDBPyConnection, values: Values, points: int) -> Series:
    return read(engine, asked(values, points), [], table_of(rows_of(values)))


def column(at: datetime, count: int, pixels: int) -> int:
    """Return the pixel column of a time on a screen as wide as the series."""
    return int((at - START).total_seconds() * pixels // count)


def test_every_single_sample_dip_of_a_day_stays_at_four_points_a_pixel(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    count, pixels = 86_400, 600
    dips = {n: -60.0 - n / count for n in range(7, count, count // pixels)}
    values: Values = [dips.get(n, -50.0) for n in range(count)]
    series = reduced(engine, values, 4 * pixels)
    assert series.reduced
    assert series.row_count == count
    assert len(series.points) <= 4 * pixels
    shown = {(point.at - START).total_seconds() for point in series.points if point.value != -50.0}
    assert shown == set(map(float, dips))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.none() | st.floats(-100, 100), min_size=1, max_size=400),
    st.integers(1, 40),
)
def test_each_pixel_has_the_lowest_and_highest_of_all_samples_and_its_gap(
    engine: duckdb.DuckDBPyConnection, values: Values, pixels: int
) -> None:
    points = 6 * pixels  # three a bucket where there are gaps, two buckets a pixel
    series = reduced(engine, values, points)
    assert len(series.points) <= max(points, 6)
    assert [point.at for point in series.points] == sorted(point.at for point in series.points)
    buckets = points // (3 if None in values else 2) if series.reduced else len(values)
    width_us = -(-((len(values) - 1) * 1_000_000 + 1) // buckets)

    def bucket(at: datetime) -> int:
        return ((at - START) // timedelta(microseconds=1)) // width_us

    whole = [Point(row.source_at, row.value, row.status) for row in rows_of(values)]
    for number in {bucket(point.at) for point in whole}:
        before = [point.value for point in whole if bucket(point.at) == number]
        after = [point.value for point in series.points if bucket(point.at) == number]
        known = [value for value in before if value is not None]
        drawn = [value for value in after if value is not None]
        assert (None in before) == (None in after)
        assert bool(known) == bool(drawn)
        assert [min(known, default=0), max(known, default=0)] == [
            min(drawn, default=0),
            max(drawn, default=0),
        ]


def test_few_rows_come_whole_and_each_once_though_it_stands_in_two_places(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    rows = rows_of([1.0, None, 3.0])
    twice = joined([batch_of(rows[:2]).body, batch_of(rows).body], rows)
    series = read(engine, asked([1.0, None, 3.0], 100), [], twice)
    assert not series.reduced
    assert series.points == [Point(row.source_at, row.value, row.status) for row in rows]


def test_no_rows_give_no_points(engine: duckdb.DuckDBPyConnection) -> None:
    assert read(engine, asked([], 100, 60), [], joined([])).points == []


def test_batch_gives_back_its_rows() -> None:
    rows = [*rows_of([1.5, None, -0.0]), Row("other", "x", START, 1e308, "Uncertain")]
    batch = batch_of(rows)
    assert (batch.row_count, batch.from_at) == (4, START)
    assert [Row(**row) for row in joined([batch.body]).to_pylist()] == rows


# --- live values ---


def sample(value: float | None, second: int) -> Sample:
    status = "Good" if value is not None else "BadSensorFailure"
    at = START + timedelta(seconds=second)
    return Sample(signal=SIGNAL, value=value, status=status, source_at=at)


def table() -> LiveTable:
    return LiveTable(silent_s=5.0, most_signals=3)


def test_source_is_good_when_first_heard_stale_when_silent_and_good_again() -> None:
    live = table()
    live.take(WHERE, [sample(-50.0, 1)], 100.0)
    first = live.changes(100.1)
    assert [(one.equipment_id, one.data_quality) for one in first] == [(WHERE, "good")]
    live.told(first)
    assert live.changes(105.0) == []
    silent = live.changes(105.1)
    assert [one.data_quality for one in silent] == ["stale"]
    assert silent[0].last_sample_at == START + timedelta(seconds=1)
    live.told(silent)
    live.take(WHERE, [sample(-50.0, 1)], 110.0)
    assert [one.data_quality for one in live.changes(110.0)] == ["good"]


def test_repeated_value_keeps_the_source_alive_but_is_no_new_row() -> None:
    live = table()
    assert len(live.take(WHERE, [sample(-50.0, 1)], 100.0)) == 1
    assert live.take(WHERE, [sample(-50.0, 1)], 102.0) == []
    assert live.shown(103.0)[0]["age_s"] == 1.0


def test_several_samples_of_one_signal_are_all_kept_and_the_newest_is_shown() -> None:
    live = table()
    assert len(live.take(WHERE, [sample(-50.0, 1), sample(-20.0, 2), sample(-50.0, 3)], 1.0)) == 3
    live.take(WHERE, [sample(7.0, 2)], 2.0)
    assert live.shown(2.0)[0]["value"] == -50.0


def test_value_without_good_status_is_unknown_and_of_a_silent_source_stale() -> None:
    live = table()
    live.take(WHERE, [sample(None, 1)], 100.0)
    assert live.shown(101.0)[0]["data_quality"] == "unknown"
    assert live.shown(106.0)[0]["data_quality"] == "stale"


def test_sources_of_before_a_restart_fall_silent_once() -> None:
    live = table()
    live.remember(
        [
            SourceState(equipment_id="a", data_quality="good", last_sample_at=START),
            SourceState(equipment_id="b", data_quality="stale", last_sample_at=START),
        ],
        100.0,
    )
    assert live.changes(104.0) == []
    assert [one.equipment_id for one in live.changes(106.0)] == ["a"]


def test_signals_beyond_the_limit_are_refused_and_counted() -> None:
    live = table()
    for name in ("a", "b", "c", "d"):
        live.take(name, [sample(1.0, 1)], 1.0)
    assert live.refused_count == 1
    assert len(live.shown(1.0)) == 3
