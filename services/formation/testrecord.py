"""Owns the rows of one test as they come from its tester: in columns, steps and time counted."""

import io
from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from services.formation.answers import TestRow
from services.formation.figures import KINDS
from shared import testrows
from shared.errors import StationFaultError

if TYPE_CHECKING:  # loaded at the first batch
    import pyarrow as pa

OTHER = "other"
MOST_V, MOST = 9999.0, 1e12  # beyond them a row is no measurement; columns end behind them


# Name and type code of each column; codes of kinds count through the record's words.
COLUMNS = (
    ("row", "q"),
    ("cycle", "q"),
    ("step", "q"),
    ("step_index", "q"),
    ("kind", "q"),
    ("time_s", "d"),
    ("voltage_v", "d"),
    ("current_ma", "d"),
    ("capacity_mah", "d"),
    ("energy_mwh", "d"),
)
PACKED_TOGETHER = 1024  # rows


class TestRecord:
    """All rows of one test up to now: the newest 80 bytes each, the others packed to some 20.

    A step is one run of a step of the protocol's. The tester gives only the time in the step and
    whole seconds of its wall clock; the last row of a step stands at its end, so the steps' times
    add up to the time since the start.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(self) -> None:
        self._packed: list[tuple[int, bytes]] = []  # last row and the rows
        self._columns = _no_rows()
        self._words: list[str] = []
        self._last: TestRow | None = None
        self._step, self._begun_s = 1, 0.0

    def __len__(self) -> int:
        return PACKED_TOGETHER * len(self._packed) + len(self._columns["row"])

    @property
    def last_row(self) -> int:
        """The tester's number of the newest row; 0 before the first."""
        return 0 if self._last is None else self._last.row

    def take(self, rows: Iterable[TestRow]) -> None:
        """Add rows that follow those that are there.

        Raises:
            StationFaultError: a number that no battery tester can measure.
        """
        for row in rows:
            _check(row)
            if self._last is not None and new_step(self._last, row):
                self._step += 1
                self._begun_s += self._last.step_time_s
            self._last = row
            values = (
                row.row,
                row.cycle,
                self._step,
                row.step_id,
                self._kind(row.step_type),
                self._begun_s + row.step_time_s,
                row.voltage_v,
                row.current_ma,
                row.capacity_mah,
                row.energy_mwh,
            )
            for column, value in zip(self._columns.values(), values, strict=True):
                column.append(value)
            if len(self._columns["row"]) == PACKED_TOGETHER:
                self._pack(row.row)

    def table(self) -> pl.DataFrame:
        """Return the rows in the columns of a test file."""
        kinds = pl.Series(self._words, dtype=pl.String)
        return self._rows_behind(0).select(
            "time_s",
            "voltage_v",
            "current_ma",
            "capacity_mah",
            "cycle",
            "step",
            "step_index",
            pl.col("kind").map_batches(lambda codes: kinds.gather(codes), pl.String),
        )

    def batch(self, series_id: str, after: int) -> "pa.Table":
        """Return the rows behind row `after` as the historian takes them."""
        import pyarrow as pa

        rows = self._rows_behind(after)
        kinds = pa.DictionaryArray.from_arrays(
            rows["kind"].to_numpy().astype(np.int32), pa.array(self._words, pa.string())
        )
        series = pa.DictionaryArray.from_arrays(
            np.zeros(rows.height, np.int32), pa.array([series_id])
        )
        same = ("row", "cycle", "step", "time_s", "voltage_v", "current_ma")
        return testrows.table(
            {
                "series_id": series,
                "kind": kinds,
                **{name: rows[name].to_numpy() for name in same},
                "capacity_mah": rows["capacity_mah"].abs().to_numpy(),
                "energy_mwh": rows["energy_mwh"].abs().to_numpy(),
            }
        )

    def _rows_behind(self, after: int) -> pl.DataFrame:
        packed = [body for last_row, body in self._packed if last_row > after]
        parts = [pl.read_ipc(io.BytesIO(body)) for body in packed]
        return pl.concat([*parts, _frame(self._columns)]).filter(pl.col("row") > after)

    def _pack(self, last_row: int) -> None:
        sink = io.BytesIO()
        _frame(self._columns).write_ipc(sink, compression="zstd")
        self._packed.append((last_row, sink.getvalue()))
        self._columns = _no_rows()

    def _kind(self, step_type: str) -> int:
        word = KINDS.get(step_type, OTHER)
        if word not in self._words:
            self._words.append(word)
        return self._words.index(word)


def _check(row: TestRow) -> None:
    others = (row.step_time_s, row.current_ma, row.capacity_mah, row.energy_mwh)
    if abs(row.voltage_v) > MOST_V or max(map(abs, others)) > MOST:
        raise StationFaultError(
            f"row {row.row}: {row.voltage_v:g} V, {row.current_ma:g} mA, {row.capacity_mah:g} mAh"
            f" cannot be measured; limits are {MOST_V:g} V and {MOST:g}"
        )


def new_step(before: TestRow, after: TestRow) -> bool:
    """Say whether a row begins another run of a step than the row before it."""
    same = (before.step_id, before.cycle) == (after.step_id, after.cycle)
    return not same or after.step_time_s < before.step_time_s


def _no_rows() -> dict[str, "array[Any]"]:
    return {name: array(code) for name, code in COLUMNS}


def _frame(columns: dict[str, "array[Any]"]) -> pl.DataFrame:
    """Return a copy: one that looks into the columns would keep them from growing."""
    return pl.DataFrame({name: np.array(values) for name, values in columns.items()})
