"""Sealed files of test rows: sorted by test and row, integers to scale, forced to disk."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from services.historian.files import SealedFile, written
from shared import testrows

if TYPE_CHECKING:  # loaded at the first file
    import pyarrow as pa

FOLDER = "testrows"
ROWS_IN_A_GROUP = 131_072
NUMBERS = (*testrows.COUNTS, *testrows.DIGITS)


@dataclass(frozen=True, kw_only=True)
class SealedTests:
    """A sealed file with the tests in it, and what it holds of each of their steps, as columns."""

    file: SealedFile
    series_ids: list[str]
    steps: dict[str, list[Any]]


def sorted_rows(tables: Iterable["pa.Table"]) -> "pa.Table":
    """Return rows of several batches as one table, sorted by test and row number."""
    import pyarrow.compute as pc

    whole = testrows.joined(list(tables)).combine_chunks()
    series = whole["series_id"].combine_chunks()
    names = series.dictionary
    rank = np.empty(len(names), dtype=np.int64)
    rank[pc.sort_indices(names).to_numpy()] = np.arange(len(names))
    key = (rank[series.indices.to_numpy()] << 32) + whole["row"].to_numpy()
    return whole.take(np.argsort(key, kind="stable"))


def write_sealed(
    data_dir: Path, bodies: Iterable[bytes], from_at: datetime, to_at: datetime
) -> SealedTests:
    """Write batches as one file, in the folder of the plant day the first of them was taken.

    Raises:
        RetryLaterError: the disk is full or broken; nothing is left behind.
    """
    table = sorted_rows(testrows.decode(body) for body in bodies)
    folder = data_dir / FOLDER / f"{from_at:%Y-%m-%d}"
    path = folder / f"{from_at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex}.parquet"
    file = written(data_dir, path, lambda to: _write(table, to), table.num_rows, from_at, to_at)
    steps = _steps(table)
    return SealedTests(file=file, series_ids=sorted(set(steps["series_id"])), steps=steps)


def _write(table: "pa.Table", path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=ROWS_IN_A_GROUP,
        use_dictionary=list(testrows.TEXTS),
        column_encoding=dict.fromkeys(NUMBERS, "DELTA_BINARY_PACKED"),
        store_decimal_as_integer=True,
        write_page_index=True,
    )


def _steps(table: "pa.Table") -> dict[str, list[Any]]:
    """Return what the rows hold of each step."""
    import pyarrow as pa

    wanted = ["series_id", "step", "cycle", "kind", "capacity_mah", "energy_mwh"]
    plain = table.select(wanted).cast(
        pa.schema(
            [
                ("series_id", pa.string()),
                ("step", pa.int32()),
                ("cycle", pa.int32()),
                ("kind", pa.string()),
                ("capacity_mah", pa.float64()),
                ("energy_mwh", pa.float64()),
            ]
        )
    )
    found = plain.group_by(["series_id", "step"], use_threads=False).aggregate(
        [
            ("cycle", "min"),
            ("kind", "min"),
            ("step", "count"),
            ("capacity_mah", "max"),
            ("energy_mwh", "max"),
        ]
    )
    return {
        "series_id": found["series_id"].to_pylist(),
        "step": found["step"].to_pylist(),
        "cycle": found["cycle_min"].to_pylist(),
        "kind": found["kind_min"].to_pylist(),
        "row_count": found["step_count"].to_pylist(),
        "capacity_mah": _plain(found, "capacity_mah"),
        "energy_mwh": _plain(found, "energy_mwh"),
    }


def _plain(found: "pa.Table", name: str) -> list[float]:
    """Return the highest values of a column; Arrow's way from decimals to floats is not exact."""
    import pyarrow.compute as pc

    values: list[float] = pc.round(found[f"{name}_max"], testrows.DIGITS[name]).to_pylist()
    return values
