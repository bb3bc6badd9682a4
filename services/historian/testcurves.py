"""Questions over the rows of tests, over sealed files and fresh batches alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from services.historian.testarrays import (
    Array,
    extremes,
    numbers,
    rows_of,
    scaled,
    with_plain_numbers,
)
from services.historian.teststeps import SUMMED, cycles_of, sorted_rows, steps_in, steps_of
from shared import testrows

if TYPE_CHECKING:  # loaded at the first question
    import duckdb
    import pyarrow as pa

MEMORY_LIMIT = "1GB"
NUMBERS = ", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name in testrows.DIGITS)
EVERY = f"series_id, kind, row, cycle, step, {NUMBERS}"
WORDS = list(testrows.TEXTS)
EXTREMES_OF = ("voltage_v", "current_ma")  # no spike of either is lost
CURVE = ("row", "cycle", "step", "time_s", "voltage_v", "current_ma")
# Our columns in the words of the Battery Data Format 1.3.0; capacities are those of the step.
BDF = """
    CAST(time_s AS DOUBLE) AS test_time_second,
    CAST(voltage_v AS DOUBLE) AS voltage_volt,
    CAST(current_ma AS DOUBLE) / 1000 AS current_ampere,
    cycle AS cycle_count, step AS step_count,
    CASE WHEN kind LIKE '%\\_charge' ESCAPE '\\' THEN CAST(capacity_mah AS DOUBLE) / 1000 ELSE 0 END
        AS charging_capacity_ah,
    CASE WHEN kind LIKE '%\\_discharge' ESCAPE '\\' THEN CAST(capacity_mah AS DOUBLE) / 1000 ELSE 0
        END AS discharging_capacity_ah,
    CAST(temperature_degc AS DOUBLE) AS ambient_temperature_celsius"""
FORMATS = {
    "csv": (EVERY, "FORMAT csv, HEADER"),
    "bdf": (BDF, "FORMAT csv, HEADER"),
}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Where rows of tests stand: sealed files, and rows that are in none yet."""

    files: Sequence[Path]
    fresh: "pa.Table"


def _engine(threads: int) -> "duckdb.DuckDBPyConnection":
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": MEMORY_LIMIT,
    }
    return duckdb.connect(":memory:", config=config)


def fresh_rows(bodies: Sequence[bytes], series_ids: Sequence[str]) -> "pa.Table":
    """Return the rows of some tests out of batches."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(series_ids, pa.string())
    found = []
    for body in bodies:
        rows = testrows.read(body)
        chosen = rows.filter(pc.is_in(rows["series_id"].cast(pa.string()), wanted))
        if chosen.num_rows:
            found.append(chosen)
    return testrows.joined(found)


def curve(
    rows: Rows, series_id: str, from_s: float, to_s: float, points: int
) -> tuple[int, dict[str, list[Any]]]:
    """Return how many rows a test has between two times, and columns of at most `points` of them.

    Every row where they are few enough. Else the time is cut into equal buckets, and each gives its
    rows of lowest and highest voltage and of lowest and highest current; they are real rows.
    """
    import pyarrow as pa

    table = rows_of(rows.files, rows.fresh, series_id, CURVE)
    time_s = numbers(table, "time_s")
    inside = (time_s >= from_s) & (time_s <= to_s)
    if not inside.all():
        table = table.filter(pa.array(inside))
        time_s = time_s[inside]
    if table.num_rows > points:
        table = table.take(_shown(table, time_s, points))
    columns = {name: numbers(table, name).tolist() for name in CURVE}
    return len(time_s), columns


def _shown(table: "pa.Table", time_s: Array, points: int) -> Array:
    """Return the places of the rows that are shown, in the order of the rows."""
    signals = [scaled(table, name) for name in EXTREMES_OF]
    if (np.diff(time_s) >= 0.0).all():
        return extremes(time_s, signals, points)
    in_time = np.argsort(time_s, kind="stable")  # a tester's clock was set back
    chosen = extremes(time_s[in_time], [signal[in_time] for signal in signals], points)
    return np.sort(in_time[chosen])


def cycles(rows: Rows, series_ids: Sequence[str] | None = None) -> dict[str, list[Any]]:
    """Return charge and discharge by test and cycle, summed over their steps, from every row."""
    parts = [steps_in(path, series_ids) for path in rows.files]
    parts.append(steps_of(sorted_rows([rows.fresh])).select(list(SUMMED)))
    return cycles_of(parts)


def export(rows: Rows, series_ids: Sequence[str], format_name: str, path: Path) -> None:
    """Write all rows of some tests to a new file, by test and row.

    format_name: `parquet`, `csv`, or `bdf`: a table with the column names of the Battery Data
    Format; `arrow`: an Arrow file with the decimals as they are kept.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = [rows_of(rows.files, rows.fresh, series_id) for series_id in sorted(set(series_ids))]
    whole = testrows.joined(parts)
    if format_name == "arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, whole.schema) as writer:
            writer.write_table(whole)
    elif format_name == "parquet":
        plain = with_plain_numbers(whole)
        pq.write_table(plain, path, compression="zstd", compression_level=1, use_dictionary=WORDS)
    else:
        names, options = FORMATS[format_name]
        with _engine(1) as opened:
            opened.register("rows", whole)
            opened.execute(f"COPY (SELECT {names} FROM rows) TO {_quoted(str(path))} ({options})")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _columns(found: "duckdb.DuckDBPyConnection") -> dict[str, list[Any]]:
    names = [item[0] for item in found.description or ()]
    columns = zip(*found.fetchall(), strict=True)
    return dict(zip(names, map(list, columns), strict=False)) or {name: [] for name in names}
