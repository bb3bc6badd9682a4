"""A time series read from sealed files and fresh rows, reduced so that no extreme is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # DuckDB and Arrow cost tens of MB: loaded at the first question
    import duckdb
    import pyarrow as pa

MEMORY_LIMIT = "256MB"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Point(NamedTuple):
    """One point to draw; `value` None is a gap."""

    at: datetime
    value: float | None
    status: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """The points of one signal; `row_count` rows stood behind them."""

    row_count: int
    reduced: bool
    points: list[Point]


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which signal, from when to when (both included), in at most how many points."""

    equipment_id: str
    signal: str
    from_at: datetime
    to_at: datetime
    points: int


def open_engine() -> "duckdb.DuckDBPyConnection":
    """Return a query engine of its own; one thread, bounded memory."""
    import duckdb

    return duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT})


def read(
    engine: "duckdb.DuckDBPyConnection",
    question: Question,
    files: Sequence[Path],
    fresh: "pa.Table",
) -> Series:
    """Return the points of a signal; every row where they are few enough, else reduced.

    Reduced: the time is cut into equal buckets, and each gives its lowest and its highest sample
    and, where one has no value, a gap. A dip of a single sample is the lowest of its bucket, so it
    stays. The same sample may stand in a file and in `fresh`; it counts once.
    """
    engine.register("fresh", fresh)
    try:
        source, values = _source(question, files)
        count, missing = _one(engine, f"SELECT count(*), count(*) - count(value) {source}", values)
        if count <= question.points:
            return Series(row_count=count, reduced=False, points=_all(engine, source, values))
        per_bucket = 3 if missing else 2
        buckets = max(1, question.points // per_bucket)
        return Series(
            row_count=count,
            reduced=True,
            points=_reduced(engine, source, values, question, buckets),
        )
    finally:
        engine.unregister("fresh")


def _source(question: Question, files: Sequence[Path]) -> tuple[str, dict[str, Any]]:
    columns = "equipment_id, signal, source_at, value, status"
    parts = [f"SELECT DISTINCT {columns} FROM fresh"]  # of two historians each keeps what it hears
    values: dict[str, Any] = {
        "equipment_id": question.equipment_id,
        "signal": question.signal,
        "from_us": _us(question.from_at),
        "to_us": _us(question.to_at),
    }
    if files:
        parts.append(f"SELECT {columns} FROM read_parquet($files)")
        values["files"] = [str(path) for path in files]
    source = f"""
        FROM (
            SELECT epoch_us(source_at) AS at_us, value, status
            FROM ({" UNION ALL ".join(parts)})
            WHERE equipment_id = $equipment_id AND signal = $signal
              AND source_at BETWEEN make_timestamptz($from_us) AND make_timestamptz($to_us)
        )"""
    return source, values


def _one(engine: "duckdb.DuckDBPyConnection", sql: str, values: dict[str, Any]) -> tuple[int, int]:
    row = engine.execute(sql, values).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def _all(engine: "duckdb.DuckDBPyConnection", source: str, values: dict[str, Any]) -> list[Point]:
    sql = f"SELECT DISTINCT at_us, value, status {source} ORDER BY at_us"
    rows = engine.execute(sql, values).fetchall()
    return [Point(_at(at_us), value, status) for at_us, value, status in rows]


def _reduced(
    engine: "duckdb.DuckDBPyConnection",
    source: str,
    values: dict[str, Any],
    question: Question,
    buckets: int,
) -> list[Point]:
    span_us = values["to_us"] - values["from_us"] + 1
    width_us = -(-span_us // buckets)
    sql = f"""
        SELECT arg_min(at_us, value), min(value), arg_max(at_us, value), max(value),
               min(at_us) FILTER (value IS NULL), min(status) FILTER (value IS NULL)
        {source} GROUP BY (at_us - $from_us) // {width_us}"""
    points: set[Point] = set()
    for low_us, low, high_us, high, gap_us, gap_status in engine.execute(sql, values).fetchall():
        if low is not None:
            points |= {Point(_at(low_us), low, "Good"), Point(_at(high_us), high, "Good")}
        if gap_us is not None:
            points.add(Point(_at(gap_us), None, gap_status))
    return sorted(points, key=lambda point: point.at)


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _at(at_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us)
