"""What rows of tests sum up to: each step by its highest counters, each cycle by its steps."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from services.historian.testarrays import SERIES, groups_of, scaled
from shared import testrows

if TYPE_CHECKING:  # loaded at the first question
    import pyarrow as pa

COUNTERS = ("capacity_mah", "energy_mwh")
NEEDED = (SERIES, "step", "cycle", "kind", "capacity_mah")
SUMMED = (SERIES, "step", "cycle", "kind", "row_count", "capacity_mah")


def sorted_rows(tables: Iterable["pa.Table"]) -> "pa.Table":
    """Return rows of several batches as one table, sorted by test and row number."""
    import pyarrow.compute as pc

    whole = testrows.joined(list(tables)).combine_chunks()
    series = whole[SERIES].combine_chunks()
    names = series.dictionary
    rank = np.empty(len(names), dtype=np.int64)
    rank[pc.sort_indices(names).to_numpy()] = np.arange(len(names))
    key = (rank[series.indices.to_numpy()] << 32) + whole["row"].to_numpy()
    return whole.take(np.argsort(key, kind="stable"))


def steps_of(table: "pa.Table") -> "pa.Table":
    """Return the steps of rows that are sorted by test: a row for each, its counters the highest.

    Charge and energy count up within a step, so the highest is the step's. Columns series_id, step,
    cycle, kind, row_count, and of the counters those that the rows have.
    """
    import pyarrow as pa

    if not table.num_rows:
        return _steps_table([], {})
    series = table[SERIES].combine_chunks()
    codes, step = series.indices.to_numpy(), table["step"].combine_chunks().to_numpy()
    starts = np.flatnonzero((codes[1:] != codes[:-1]) | (step[1:] != step[:-1])) + 1
    starts = np.concatenate(([0], starts))
    columns: dict[str, Any] = {
        SERIES: series.dictionary.take(pa.array(codes[starts])),
        "step": step[starts],
        "cycle": np.minimum.reduceat(table["cycle"].combine_chunks().to_numpy(), starts),
        "kind": table["kind"].combine_chunks().take(pa.array(starts)).cast(pa.string()),
        "row_count": np.diff(starts, append=table.num_rows),
    }
    counters = [name for name in COUNTERS if name in table.schema.names]
    for name in counters:
        highest = np.maximum.reduceat(scaled(table, name), starts)
        columns[name] = highest / 10.0 ** testrows.DIGITS[name]
    return _once(_steps_table(counters, columns))


def cycles_of(parts: Sequence["pa.Table"]) -> dict[str, list[Any]]:
    """Return charge and discharge by test and cycle, summed over the steps of several files."""
    import pyarrow as pa
    import pyarrow.compute as pc

    steps = _once(pa.concat_tables(parts))
    sums = steps.select([SERIES, "cycle"])
    for name, ending in (("charge_mah", "_charge"), ("discharge_mah", "_discharge")):
        of_way = pc.if_else(pc.ends_with(steps["kind"], ending), steps["capacity_mah"], None)
        sums = sums.append_column(name, of_way)
    found = sums.group_by([SERIES, "cycle"], use_threads=False).aggregate(
        [("charge_mah", "sum"), ("discharge_mah", "sum")]
    )
    found = found.sort_by([(SERIES, "ascending"), ("cycle", "ascending")])
    return {
        "series_id": found[SERIES].to_pylist(),
        "cycle": found["cycle"].to_pylist(),
        "charge_mah": found["charge_mah_sum"].to_pylist(),
        "discharge_mah": found["discharge_mah_sum"].to_pylist(),
    }


def steps_in(path: Path, series_ids: Sequence[str] | None) -> "pa.Table":
    """Return the steps that a sealed file holds rows of, of some tests, or of all where None."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, memory_map=True) as file:
        low, high = (min(series_ids), max(series_ids)) if series_ids else (None, None)
        found = steps_of(file.read_row_groups(groups_of(file, low, high), list(NEEDED)))
    if series_ids is None:
        return found
    return found.filter(pc.is_in(found[SERIES], pa.array(series_ids, pa.string())))


def _steps_table(counters: Sequence[str], columns: dict[str, Any]) -> "pa.Table":
    import pyarrow as pa

    fields = [
        (SERIES, pa.string()),
        ("step", pa.int32()),
        ("cycle", pa.int32()),
        ("kind", pa.string()),
        ("row_count", pa.int64()),
        *((name, pa.float64()) for name in counters or COUNTERS[:1]),
    ]
    return pa.table({name: columns.get(name, []) for name, _ in fields}, schema=pa.schema(fields))


def _once(steps: "pa.Table") -> "pa.Table":
    """Return steps that stand in several pieces as one row each."""
    counters = [name for name in COUNTERS if name in steps.schema.names]
    found = steps.group_by([SERIES, "step"], use_threads=False).aggregate(
        [
            ("cycle", "min"),
            ("kind", "min"),
            ("row_count", "sum"),
            *((name, "max") for name in counters),
        ]
    )
    names = [SERIES, "step", "cycle", "kind", "row_count", *counters]
    return found.rename_columns(names)
