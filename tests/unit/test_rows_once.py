"""Rows of telemetry that two historians heard stand in one file alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from services.historian.domain import Row
from services.historian.files import batch_of, write_sealed

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)


def row(second: int, value: float | None = 20.0, signal: str = "temperature_degc") -> Row:
    status = "Good" if value is not None else "BadNoCommunication"
    return Row("pilot/a/b/dryer-1", signal, AT + timedelta(seconds=second), value, status)


def sealed(folder: Path, rows: list[Row], *beside: str) -> str | None:
    made = write_sealed(folder, [batch_of(rows).body], beside)
    return None if made is None else made[0].path


def seconds_of(folder: Path, path: str) -> list[int]:
    times = pq.read_table(folder / path)["source_at"].to_pylist()
    return [round((at - AT).total_seconds()) for at in times]


def test_what_a_file_of_the_same_time_has_is_not_written_again(tmp_path: Path) -> None:
    first = sealed(tmp_path, [row(0), row(1, None), row(2)])
    assert first is not None
    second = sealed(tmp_path, [row(3), row(1, None), row(2), row(2, 21.0)], first, "gone.parquet")
    assert second is not None
    assert seconds_of(tmp_path, second) == [2, 3]  # another value at the same time is news


def test_batches_whose_rows_are_all_in_files_make_none(tmp_path: Path) -> None:
    first = sealed(tmp_path, [row(0), row(1, None)])
    assert first is not None
    assert sealed(tmp_path, [row(1, None)], first) is None
    assert [path.suffix for path in tmp_path.rglob("*.*")] == [".parquet"]
