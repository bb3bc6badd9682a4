"""Owns test data as plain tables: Battery Data Format (BDF) in and out, and CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import polars as pl

from services.formation.numerals import numerals_of
from shared.errors import InvalidInputError

# Our name -> BDF's name for machines, then its name for people (BDF 1.3.0).
BDF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "time_s": ("test_time_second", "Test Time / s"),
        "voltage_v": ("voltage_volt", "Voltage / V"),
        "current_a": ("current_ampere", "Current / A"),
        "step": ("step_count", "Step Count / 1", "step_index", "Step Index / 1"),
        "cycle": ("cycle_count", "Cycle Count / 1"),
        "charged_ah": ("charging_capacity_ah", "Charging Capacity / Ah"),
        "discharged_ah": ("discharging_capacity_ah", "Discharging Capacity / Ah"),
        "ambient_degc": ("ambient_temperature_celsius", "Ambient Temperature / degC"),
    }
)
NEEDED = ("time_s", "voltage_v", "current_a")
DELIMITERS = "\t;,"
IDLE_RATIO = 1e-4  # of the highest current; below it the cell rests
HOURS_PER_S = 1.0 / 3600.0
Column = np.ndarray[tuple[int], np.dtype[np.float64]]


def read_table(name: str, content: bytes) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows of a BDF table or a CSV with BDF's column names, and what is doubtful.

    Kinds are told by the sign of the current alone, so a charge counts as one of unknown control.
    Capacity is the tester's, from its counters wherever they reset; without them it is our own
    integral, with a note.

    Raises:
        InvalidInputError: no rows, a needed column missing, uneven rows, mixed decimal signs.
    """
    columns = _columns(name, content)
    missing = [item for item in NEEDED if item not in columns]
    if missing:
        known = ", ".join(BDF[item][0] for item in missing)
        raise InvalidInputError(f"{name}: columns {known} are missing")
    notes: list[str] = []
    time_s, current_ma = columns["time_s"], 1e3 * columns["current_a"]
    limit_ma = IDLE_RATIO * float(np.abs(current_ma).max() or 1.0)
    way = np.sign(np.where(np.abs(current_ma) > limit_ma, current_ma, 0.0))
    step = _steps(way, columns.get("step"))
    moved_mah = _moved_mah(columns, time_s, current_ma, notes)
    cycle = columns.get("cycle")
    frame = pl.DataFrame(
        {
            "row": np.arange(1, len(time_s) + 1),
            "time_s": time_s - time_s[0],
            "voltage_v": columns["voltage_v"],
            "current_ma": current_ma,
            "cycle": _cycles(way) if cycle is None else cycle.astype(int),
            "step": step,
            "kind": [_kind(value) for value in way],
            "capacity_mah": moved_mah,
            "energy_mwh": moved_mah * columns["voltage_v"],
        }
    )
    return frame.with_columns(
        (pl.col("time_s") - pl.col("time_s").first().over("step")).alias("step_time_s"),
        pl.col("step").alias("step_index"),
        pl.col("cycle").first().over("step"),
        pl.col("capacity_mah").cum_sum().over("step"),
        pl.col("energy_mwh").cum_sum().over("step"),
    ), tuple(notes)


def _columns(name: str, content: bytes) -> dict[str, Column]:
    text = content.decode("utf-8-sig", errors="replace")
    head = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except csv.Error as error:  # a carriage return within a line, or a field without end
        raise InvalidInputError(f"{name}: no table of text: {error}") from error
    if len(lines) < 2:
        raise InvalidInputError(f"{name}: no rows in {len(content)} bytes")
    titles, rows = [item.strip() for item in lines[0]], lines[1:]
    uneven = [n for n, row in enumerate(rows, 2) if len(row) != len(titles)]
    if uneven:
        raise InvalidInputError(f"{name}: line {uneven[0]} has not {len(titles)} columns")
    chosen = {
        ours: next((titles.index(item) for item in theirs if item in titles), None)
        for ours, theirs in BDF.items()
    }
    used = {ours: place for ours, place in chosen.items() if place is not None}
    numerals = numerals_of(name, (row[place] for row in rows for place in used.values()))
    return {
        ours: numerals.column(titles[place], [row[place] for row in rows])
        for ours, place in used.items()
    }


def _steps(way: Column, given: Column | None) -> Column:
    """Return the step of each row: a new one where the given step or the way of current changes."""
    change = np.diff(way) != 0
    if given is not None:
        change |= np.diff(given) != 0
    steps: Column = np.concatenate(([1], 1 + np.cumsum(change)))
    return steps


def _cycles(way: Column) -> Column:
    """Return the cycle of each row: a new one with each charge after a discharge."""
    cycle, last, cycles = 1, 0.0, []
    for value in way:
        cycle += int(value > 0 and last < 0)
        last = value or last
        cycles.append(cycle)
    return np.array(cycles)


def _moved_mah(
    columns: Mapping[str, Column], time_s: Column, current_ma: Column, notes: list[str]
) -> Column:
    if {"charged_ah", "discharged_ah"} <= columns.keys():
        return 1e3 * (_grown(columns["charged_ah"]) - _grown(columns["discharged_ah"]))
    notes.append("no capacity columns; capacity is our own integral of the current")
    passed_h = np.diff(time_s, prepend=time_s[0]) * HOURS_PER_S
    return passed_h * (current_ma + np.concatenate((current_ma[:1], current_ma[:-1]))) / 2.0


def _grown(counter: Column) -> Column:
    """Return what a counter grew by at each row; after a reset it grew by what it shows."""
    grown = np.diff(counter, prepend=counter[0])
    return np.where(grown < 0.0, counter, grown)


def _kind(way: float) -> str:
    return "rest" if way == 0 else "cccv_charge" if way > 0 else "cccv_discharge"


def bdf_table(rows: pl.DataFrame) -> bytes:
    """Return rows as BDF: UTF-8, comma between columns, point in numbers; + is charge.

    Capacities are those of the step, split by direction as BDF asks (its issue 36).
    """
    ah = pl.col("capacity_mah").abs() / 1e3
    charges, discharges = (pl.col("kind").str.ends_with(end) for end in ("_charge", "_discharge"))
    table = rows.select(
        pl.col("time_s").alias("test_time_second"),
        pl.col("voltage_v").alias("voltage_volt"),
        (pl.col("current_ma") / 1e3).alias("current_ampere"),
        pl.col("cycle").alias("cycle_count"),
        pl.col("step").alias("step_count"),
        pl.when(charges).then(ah).otherwise(0.0).alias("charging_capacity_ah"),
        pl.when(discharges).then(ah).otherwise(0.0).alias("discharging_capacity_ah"),
    )
    return table.write_csv().encode()


def joined(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return linked files of one test as one, in the order given; cycles are counted anew.

    A part that starts its own clock goes on where the one before ended. Cycles: a new one with each
    charge after a discharge, because each file counts for itself.

    Raises:
        InvalidInputError: no parts.
    """
    if not parts:
        raise InvalidInputError("nothing to join; name at least one file")
    shared = [name for name in parts[0].columns if all(name in part.columns for part in parts)]
    end_s, last_step, moved = 0.0, 0, []
    for part in parts:
        start_s = float(part["time_s"][0])
        shift_s = end_s - start_s if start_s < end_s else 0.0
        moved.append(
            part.select(shared).with_columns(
                pl.col("time_s") + shift_s, (pl.col("step") + last_step).cast(pl.Int64)
            )
        )
        end_s = float(moved[-1]["time_s"][-1])
        last_step = int(moved[-1]["step"][-1])
    whole = pl.concat(moved, how="vertical_relaxed")
    kinds = whole["kind"].to_list()
    ways = np.array(
        [1.0 if kind.endswith("_charge") else -1.0 if kind.endswith("_discharge") else 0.0
         for kind in kinds]
    )  # fmt: skip
    return whole.with_columns(
        pl.Series("row", np.arange(1, whole.height + 1)), pl.Series("cycle", _cycles(ways))
    ).with_columns(pl.col("cycle").first().over("step"))
