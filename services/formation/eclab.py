"""Owns the reading of BioLogic EC-Lab text files (.mpt) of cycling tests."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from services.formation.numerals import Numerals, numerals_of
from shared.errors import InvalidInputError

MAGIC = ("EC-Lab ASCII FILE", "BT-Lab ASCII FILE")
HEADER_COUNT = re.compile(r"Nb header lines\s*:\s*(\d+)")
# EC-Lab's words for one thing, best first.
TIME, VOLTAGE = ("time/s",), ("Ewe/V", "Ecell/V", "<Ewe>/V", "Ewe-Ece/V")
CURRENT = ("I/mA", "<I>/mA", "control/mA")
CHARGE, TOTAL = ("dq/mA.h", "dQ/mA.h"), ("(Q-Qo)/mA.h",)
CYCLE, HALF, TECHNIQUE = ("cycle number",), ("half cycle",), ("Ns",)
MODE = ("mode",)
MODES = {1: "cc", 2: "cv", 3: "rest"}
IDLE_MA = 1e-6
HOURS_PER_S = 1.0 / 3600.0


def read_mpt(name: str, content: bytes) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows of an .mpt file in our columns, and what is doubtful about them.

    Raises:
        InvalidInputError: no EC-Lab text, truncated in its header, no rows, a column missing,
            numbers whose decimal sign cannot be told.
    """
    lines = content.decode("cp1252", errors="replace").splitlines()
    if not lines or not lines[0].startswith(MAGIC):
        raise InvalidInputError(f"{name}: does not begin with {MAGIC[0]!r}")
    count = HEADER_COUNT.search(lines[1]) if len(lines) > 1 else None
    if count is None or not 2 < int(count.group(1)) <= len(lines):
        raise InvalidInputError(f"{name}: its header is not whole ({len(lines)} lines)")
    head = int(count.group(1))
    columns = [word.strip() for word in lines[head - 1].rstrip("\t").split("\t")]
    raw = [line.rstrip("\t").split("\t") for line in lines[head:] if line.strip()]
    notes: list[str] = []
    if raw and len(raw[-1]) != len(columns):
        notes.append(f"last row has {len(raw[-1])} of {len(columns)} columns; the file is cut off")
        raw.pop()
    if not raw:
        raise InvalidInputError(f"{name}: no rows behind its header of {head} lines")
    uneven = [n for n, row in enumerate(raw, head + 1) if len(row) != len(columns)]
    if uneven:
        raise InvalidInputError(f"{name}: line {uneven[0]} has not {len(columns)} columns")
    table = _Table(name, columns, raw, numerals_of(name, (cell for row in raw for cell in row)))
    return _rows(table, notes), tuple(notes)


class _Table:
    """The text of the rows, asked by EC-Lab's column names."""

    def __init__(
        self, name: str, columns: Sequence[str], raw: Sequence[Sequence[str]], numerals: Numerals
    ) -> None:
        self.name, self._columns, self._raw = name, list(columns), raw
        self._numerals, self.height = numerals, len(raw)

    def has(self, names: Sequence[str]) -> bool:
        """Return whether one of the names is a column."""
        return any(item in self._columns for item in names)

    def numbers(self, names: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return a column, shape (n,).

        Raises:
            InvalidInputError: no such column, or a cell that is no number.
        """
        found = next((item for item in names if item in self._columns), None)
        if found is None:
            raise InvalidInputError(f"{self.name}: column {' or '.join(names)} is missing")
        place = self._columns.index(found)
        return self._numerals.column(found, [row[place] for row in self._raw])


def _rows(table: _Table, notes: list[str]) -> pl.DataFrame:
    """Return the rows in our columns; capacity and energy are signed and reset per step."""
    time_s, volts, current_ma = (table.numbers(names) for names in (TIME, VOLTAGE, CURRENT))
    one = np.ones(table.height)
    mode = table.numbers(MODE) if table.has(MODE) else np.where(np.abs(current_ma) > IDLE_MA, 1, 3)
    way = np.sign(np.where(np.abs(current_ma) > IDLE_MA, current_ma, 0.0))
    way = np.where(mode == 3, 0.0, way)
    technique = table.numbers(TECHNIQUE) if table.has(TECHNIQUE) else one
    half = table.numbers(HALF) if table.has(HALF) else np.zeros(table.height)
    change = np.zeros(table.height, dtype=bool)
    for signal in (mode, technique, half, way):
        change[1:] |= np.diff(signal) != 0
    step = 1 + np.cumsum(change)
    moved_mah = _moved_mah(table, time_s, current_ma, notes)
    moved_mah[change] = np.where(change, moved_mah, 0.0)[change]
    energy_mwh = moved_mah * volts
    if table.has(CYCLE):
        cycle = table.numbers(CYCLE).astype(int)
        cycle = cycle + (1 if cycle.min() == 0 else 0)
    else:
        cycle = 1 + (half // 2).astype(int)
    first = np.concatenate(([0], np.flatnonzero(change)))
    frame = pl.DataFrame(
        {
            "row": np.arange(1, table.height + 1),
            "time_s": time_s - time_s[0],
            "step_time_s": time_s - time_s[first][step - 1],
            "voltage_v": volts,
            "current_ma": current_ma,
            "cycle": cycle,
            "step": step,
            "step_index": technique.astype(int) + 1,
            "moved_mah": moved_mah,
            "energy_mwh": energy_mwh,
            "kind": [_kind(int(m), w) for m, w in zip(mode, way, strict=True)],
        }
    )
    return frame.with_columns(
        pl.col("cycle").first().over("step"),
        pl.col("moved_mah").cum_sum().over("step").alias("capacity_mah"),
        pl.col("energy_mwh").cum_sum().over("step"),
    ).drop("moved_mah")


def _moved_mah(
    table: _Table,
    time_s: np.ndarray[tuple[int], np.dtype[np.float64]],
    current_ma: np.ndarray[tuple[int], np.dtype[np.float64]],
    notes: list[str],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the charge that went in with each row: the tester's, or our integral with a note."""
    if table.has(CHARGE):
        return table.numbers(CHARGE).copy()
    if table.has(TOTAL):
        total = table.numbers(TOTAL)
        return np.diff(total, prepend=total[0])
    notes.append("no charge column; capacity is our own integral of the current")
    passed_h = np.diff(time_s, prepend=time_s[0]) * HOURS_PER_S
    return passed_h * (current_ma + np.concatenate((current_ma[:1], current_ma[:-1]))) / 2.0


def _kind(mode: int, way: float) -> str:
    word = MODES.get(mode)
    if word is None:
        return "other"
    if word == "rest" or way == 0.0:
        return "rest"
    return f"{word}_{'charge' if way > 0 else 'discharge'}"
