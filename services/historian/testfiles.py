"""Sealed files of test rows: sorted by test and row, integers to scale, forced to disk."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.historian.files import SealedFile, written
from services.historian.teststeps import sorted_rows, steps_of
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
    steps = steps_of(table).to_pydict()
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
