"""Owns the rows of one test as they come from its tester: in columns, steps and time counted."""

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


class TestRecord:
    """All rows of one test up to now, 80 bytes each.

    A step is one run of a step of the protocol's. The tester gives only the time in the step and
    whole seconds of its wall clock; the last row of a step stands at its end, so the steps' times
    add up to the time since the start.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(self) -> None:
        self._rows, self._cycles, self._steps = array("q"), array("q"), array("q")
        self._step_ids, self._kinds = array("q"), array("q")
        self._times_s, self._volts, self._currents_ma = array("d"), array("d"), array("d")
        self._capacities_mah, self._energies_mwh = array("d"), array("d")
        self._words: list[str] = []
        self._last: TestRow | None = None
        self._step, self._begun_s = 1, 0.0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def last_row(self) -> int:
        """The tester's number of the newest row; 0 before the first."""
        return self._rows[-1] if self._rows else 0

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
            self._rows.append(row.row)
            self._cycles.append(row.cycle)
            self._steps.append(self._step)
            self._step_ids.append(row.step_id)
            self._kinds.append(self._kind(row.step_type))
            self._times_s.append(self._begun_s + row.step_time_s)
            self._volts.append(row.voltage_v)
            self._currents_ma.append(row.current_ma)
            self._capacities_mah.append(row.capacity_mah)
            self._energies_mwh.append(row.energy_mwh)

    def table(self) -> pl.DataFrame:
        """Return the rows in the columns of a test file."""
        return pl.DataFrame(
            {
                "time_s": _column(self._times_s),
                "voltage_v": _column(self._volts),
                "current_ma": _column(self._currents_ma),
                "capacity_mah": _column(self._capacities_mah),
                "cycle": _column(self._cycles),
                "step": _column(self._steps),
                "step_index": _column(self._step_ids),
                "kind": pl.Series([self._words[code] for code in self._kinds], dtype=pl.String),
            }
        )

    def batch(self, series_id: str, after: int) -> "pa.Table":
        """Return the rows behind row `after` as the historian takes them."""
        import pyarrow as pa

        first = int(np.searchsorted(_column(self._rows), after, side="right"))
        count = len(self._rows) - first
        kinds = pa.DictionaryArray.from_arrays(
            _column(self._kinds, first).astype(np.int32), pa.array(self._words, pa.string())
        )
        series = pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([series_id]))
        return testrows.table(
            {
                "series_id": series,
                "kind": kinds,
                "row": _column(self._rows, first),
                "cycle": _column(self._cycles, first),
                "step": _column(self._steps, first),
                "time_s": _column(self._times_s, first),
                "voltage_v": _column(self._volts, first),
                "current_ma": _column(self._currents_ma, first),
                "capacity_mah": np.abs(_column(self._capacities_mah, first)),
                "energy_mwh": np.abs(_column(self._energies_mwh, first)),
            }
        )

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


def _column(values: "array[Any]", first: int = 0) -> "np.ndarray[tuple[int], np.dtype[Any]]":
    """Return a copy as an array: one that looks into `values` would keep it from growing."""
    return np.array(values[first:])
