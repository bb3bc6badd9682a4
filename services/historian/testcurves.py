"""Questions over the rows of tests, to DuckDB, over sealed files and fresh batches alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import testrows

if TYPE_CHECKING:  # loaded at the first question
    import duckdb
    import pyarrow as pa

MEMORY_LIMIT = "1GB"
# A row each for the lowest and highest voltage and current of a bucket: no spike of either is lost.
ROWS_OF_BUCKET = 4
NUMBERS = ", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name in testrows.DIGITS)
EVERY = f"series_id, kind, row, cycle, step, {NUMBERS}"
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
    "parquet": (EVERY, "FORMAT parquet, COMPRESSION zstd"),
    "csv": (EVERY, "FORMAT csv, HEADER"),
    "bdf": (BDF, "FORMAT csv, HEADER"),
}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Where rows of tests stand: sealed files, and rows that are in none yet."""

    files: Sequence[Path]
    fresh: "pa.Table"


def open_engine(rows: Rows, threads: int) -> "duckdb.DuckDBPyConnection":
    """Return an engine of its own that has the rows as `rows`, with bounded memory and threads."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": MEMORY_LIMIT,
    }
    opened = duckdb.connect(":memory:", config=config)
    opened.register("fresh", rows.fresh)
    names = ", ".join(testrows.schema().names)
    union = f"SELECT {names} FROM fresh"
    if rows.files:
        paths = ", ".join(_quoted(str(path)) for path in rows.files)
        union += f" UNION ALL SELECT {names} FROM read_parquet([{paths}])"
    opened.execute(f"CREATE TEMP VIEW rows AS {union}")
    return opened


def fresh_rows(bodies: Sequence[bytes], series_ids: Sequence[str]) -> "pa.Table":
    """Return the rows of some tests out of batches."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(series_ids, pa.string())
    found = []
    for body in bodies:
        rows = testrows.decode(body)
        chosen = rows.filter(pc.is_in(rows["series_id"].cast(pa.string()), wanted))
        if chosen.num_rows:
            found.append(chosen)
    return testrows.joined(found)


def curve(
    opened: "duckdb.DuckDBPyConnection", series_id: str, from_s: float, to_s: float, points: int
) -> tuple[int, dict[str, list[Any]]]:
    """Return how many rows a test has between two times, and columns of at most `points` of them.

    Every row where they are few enough. Else the time is cut into equal buckets, and each gives its
    rows of lowest and highest voltage and of lowest and highest current; they are real rows.
    """
    part = """
        FROM rows WHERE series_id = $series_id
            AND time_s BETWEEN CAST($from_s AS DECIMAL(18, 3)) AND CAST($to_s AS DECIMAL(18, 3))"""
    values = {"series_id": series_id, "from_s": from_s, "to_s": to_s}
    bounds = opened.execute(
        f"SELECT count(*), CAST(min(time_s) AS DOUBLE), CAST(max(time_s) AS DOUBLE) {part}", values
    ).fetchone()
    count, first_s, last_s = bounds or (0, None, None)
    names = ", ".join(f"CAST({n} AS DOUBLE) AS {n}" if n in testrows.DIGITS else n for n in CURVE)
    if count <= points:
        found = opened.execute(f"SELECT {names} {part} ORDER BY row", values)
        return count, _columns(found)
    buckets = max(1, points // ROWS_OF_BUCKET)
    width_s = max((last_s - first_s) / buckets * (1 + 1e-9), 1e-3)
    packed = "{" + ", ".join(f"'{name}': {name}" for name in CURVE) + "}"
    extremes = [
        f"{way}(p, p.{name}) AS {name}_{way}"
        for name in ("voltage_v", "current_ma")
        for way in ("arg_min", "arg_max")
    ]
    picks = ", ".join(item.rsplit(" ", 1)[1] for item in extremes)
    found = opened.execute(
        f"""
        SELECT DISTINCT {", ".join(f"p.{name} AS {name}" for name in CURVE)} FROM (
            SELECT unnest([{picks}]) AS p FROM (
                SELECT {", ".join(extremes)} FROM (
                    SELECT {packed} AS p FROM (SELECT {names} {part})
                ) GROUP BY floor((p.time_s - $first_s) / $width_s)
            )
        ) ORDER BY row""",
        values | {"first_s": first_s, "width_s": width_s},
    )
    return count, _columns(found)


def cycles(
    opened: "duckdb.DuckDBPyConnection", series_ids: Sequence[str] | None = None
) -> dict[str, list[Any]]:
    """Return charge and discharge by test and cycle, summed over their steps, from the rows."""
    chosen = "" if series_ids is None else "WHERE series_id IN (SELECT unnest($ids))"
    found = opened.execute(
        f"""
        SELECT series_id, cycle,
            sum(capacity_mah) FILTER (kind LIKE '%\\_charge' ESCAPE '\\') AS charge_mah,
            sum(capacity_mah) FILTER (kind LIKE '%\\_discharge' ESCAPE '\\') AS discharge_mah
        FROM (
            SELECT series_id, step, min(cycle) AS cycle, min(kind) AS kind,
                CAST(max(capacity_mah) AS DOUBLE) AS capacity_mah
            FROM rows {chosen} GROUP BY series_id, step
        ) GROUP BY series_id, cycle ORDER BY series_id, cycle""",
        {} if series_ids is None else {"ids": list(series_ids)},
    )
    return _columns(found)


def export(
    opened: "duckdb.DuckDBPyConnection", series_ids: Sequence[str], format_name: str, path: Path
) -> None:
    """Write all rows of some tests to a new file, by test and row.

    format_name: `parquet`, `csv`, or `bdf`: a table with the column names of the Battery Data
    Format.
    """
    names, options = FORMATS[format_name]
    quoted = ", ".join(map(_quoted, series_ids))
    opened.execute(f"""
        COPY (SELECT {names} FROM rows WHERE series_id IN ({quoted}) ORDER BY series_id, row)
        TO {_quoted(str(path))} ({options})""")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _columns(found: "duckdb.DuckDBPyConnection") -> dict[str, list[Any]]:
    names = [item[0] for item in found.description or ()]
    columns = zip(*found.fetchall(), strict=True)
    return dict(zip(names, map(list, columns), strict=False)) or {name: [] for name in names}
