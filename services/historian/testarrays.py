"""Rows of one test straight from sealed files and fresh batches into arrays, past any engine."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shared import testrows

if TYPE_CHECKING:  # loaded at the first question
    import pyarrow as pa
    import pyarrow.parquet as pq

SERIES = "series_id"
ROW = "row"
SMALLEST_BUCKET_S = 1e-3
Array = np.ndarray[Any, np.dtype[Any]]


def rows_of(
    files: Sequence[Path],
    fresh: "pa.Table",
    series_id: str,
    names: Sequence[str] | None = None,
) -> "pa.Table":
    """Return all rows of a test, by row number, with the columns `names` (all where None).

    Sealed files are sorted by test, so its rows are one piece of a few row groups; the statistics
    in a file's footer tell which.
    """
    import pyarrow as pa

    wanted = None if names is None else [SERIES, *(n for n in names if n != SERIES)]
    parts = [_part(path, series_id, wanted) for path in files]
    chosen = fresh if wanted is None else fresh.select(wanted)
    parts.append(_piece(chosen.combine_chunks(), series_id))
    if names is not None and SERIES not in names:
        parts = [part.drop_columns(SERIES) for part in parts]
    whole = pa.concat_tables(part for part in parts if part.num_rows)
    whole = whole.unify_dictionaries().combine_chunks()
    row = whole[ROW].combine_chunks().to_numpy() if whole.num_rows else np.zeros(0)
    if (np.diff(row) > 0).all():
        return whole
    return whole.take(np.argsort(row, kind="stable"))


def numbers(table: "pa.Table", name: str) -> Array:
    """Return a column as floats or whole numbers, shape (n,); what is unknown is any number."""
    column = table[name].combine_chunks()
    if name not in testrows.DIGITS:
        return np.asarray(column.to_numpy())
    return scaled(table, name) / 10.0 ** testrows.DIGITS[name]


def scaled(table: "pa.Table", name: str) -> Array:
    """Return a decimal column as the whole numbers that are kept, shape (n,)."""
    column = table[name].combine_chunks()
    _, width = testrows.WIDTH[name in testrows.NARROW]
    return np.frombuffer(column.buffers()[1], width)[column.offset : column.offset + len(column)]


def with_plain_numbers(table: "pa.Table") -> "pa.Table":
    """Return rows with floats instead of decimals, for programs that do not know these."""
    import pyarrow as pa

    columns = {}
    for name in table.schema.names:
        column = table[name].combine_chunks()
        if name in testrows.DIGITS:
            unknown = column.is_null().to_numpy(zero_copy_only=False)
            column = pa.array(numbers(table, name), mask=unknown if column.null_count else None)
        columns[name] = column
    return pa.table(columns)


def extremes(time_s: Array, signals: Sequence[Array], points: int) -> Array:
    """Return the places of at most `points` rows: of each time bucket, lowest and highest of each.

    time_s (n,) must not fall. The first of equals is taken.
    """
    buckets = max(1, points // (2 * len(signals)))
    first_s, last_s = float(time_s[0]), float(time_s[-1])
    width_s = max((last_s - first_s) / buckets * (1 + 1e-9), SMALLEST_BUCKET_S)
    edges = first_s + width_s * np.arange(1, buckets)
    starts = np.unique(np.concatenate(([0], np.searchsorted(time_s, edges))))
    bounds = [*starts[starts < len(time_s)].tolist(), len(time_s)]
    places = set()
    for start, end in pairwise(bounds):  # slices of a thousand rows: faster than whole columns
        for signal in signals:
            part = signal[start:end]
            places |= {start + int(part.argmin()), start + int(part.argmax())}
    return np.array(sorted(places))


def _part(path: Path, series_id: str, names: list[str] | None) -> "pa.Table":
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, memory_map=True) as file:
        groups = groups_of(file, series_id, series_id)
        return _piece(file.read_row_groups(groups, names), series_id)


def groups_of(file: "pq.ParquetFile", low: str | None, high: str | None) -> list[int]:
    """Return the row groups that may hold tests from `low` to `high`; None: no bound."""
    place = file.schema_arrow.names.index(SERIES)
    groups = []
    for group in range(file.num_row_groups):
        known = file.metadata.row_group(group).column(place).statistics
        told = known is not None and known.has_min_max
        below = told and high is not None and known.min > high
        above = told and low is not None and known.max < low
        if not below and not above:
            groups.append(group)
    return groups


def _piece(table: "pa.Table", series_id: str) -> "pa.Table":
    """Return the rows of one test."""
    import pyarrow as pa

    codes = []
    for chunk in table[SERIES].chunks:
        code = chunk.dictionary.index(series_id).as_py()
        codes.append(chunk.indices.to_numpy() == code)
    mask = np.concatenate(codes) if codes else np.zeros(0, dtype=bool)
    places = np.flatnonzero(mask)
    if not len(places):
        return table.slice(0, 0)
    start, end = int(places[0]), int(places[-1]) + 1
    if end - start == len(places):
        return table.slice(start, end - start)
    return table.filter(pa.array(mask))
