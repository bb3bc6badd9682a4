"""Owns the figures of a cycled cell: capacity, efficiency and mean voltage, and when not to grade.

Definitions: testing-cells.md section 3. Capacities are the tester's own integrals at the end of
each step, because two honest integrators of one file differ by 0.03 points of efficiency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, get_args

import polars as pl

from shared.errors import InvalidInputError

Kind = Literal[
    "rest",
    "cc_charge",
    "cv_charge",
    "cccv_charge",
    "cp_charge",
    "cr_charge",
    "cc_discharge",
    "cv_discharge",
    "cccv_discharge",
    "cp_discharge",
    "cr_discharge",
    "other",
]
Direction = Literal["charge", "discharge"]
Flag = Literal[
    "starts_with_discharge",
    "starts_mid_charge",
    "no_charge",
    "no_discharge",
    "incomplete",
    "several_charges",
]

FALLEN_RATIO = 0.98  # of a step's highest current; from the last row above it the voltage is held
ROW_COLUMNS = (
    "time_s",
    "voltage_v",
    "current_ma",
    "capacity_mah",
    "energy_mwh",
    "cycle",
    "step",
    "kind",
)


@dataclass(frozen=True, kw_only=True)
class StepFigures:
    """One step as the tester ran it. `step` counts up through the test, loops unrolled.

    Times are seconds since the start of the test; capacity and energy are the step's own, never
    negative, counted from 0 at its start. held_mah: the part of a step that charges at a current
    and then a voltage which went in at the voltage; None where its rows are not known.
    """

    step: int
    cycle: int
    kind: Kind
    start_s: float
    end_s: float
    start_v: float
    end_v: float
    capacity_mah: float
    energy_mwh: float
    held_mah: float | None = 0.0

    @property
    def direction(self) -> Direction | None:
        """Return whether the step charges or discharges; None for a rest or another kind."""
        if self.kind.endswith("_discharge"):
            return "discharge"
        return "charge" if self.kind.endswith("_charge") else None


@dataclass(frozen=True, kw_only=True)
class CycleRules:
    """When a first cycle is not the first charge of an empty cell.

    `first_charge_start_max_v`: the recipe's highest voltage at the start of the first charge, None
    where it has none. A first discharge over `first_efficiency_max_ratio` of the charge, or a
    second charge over `second_charge_max_ratio` of the first, shows that charge was there before.
    """

    first_charge_start_max_v: float | None = None
    first_efficiency_max_ratio: float = 1.005
    second_charge_max_ratio: float = 1.05


@dataclass(frozen=True, kw_only=True)
class Graded:
    """A figure for a gate, or None and the reason why there is none."""

    value_ratio: float | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class CycleFigures:
    """Figures of one cycle. Efficiencies are discharge over charge of this cycle (charge first).

    `constant_voltage_mah` is the part of the charge at constant voltage: of steps that only hold
    it, and what a step took after its current fell; None where that is not known. Means are energy
    over capacity; `voltage_gap_v` is mean charge less mean discharge.
    """

    cycle: int
    charge_mah: float
    discharge_mah: float
    charge_mwh: float
    discharge_mwh: float
    constant_voltage_mah: float | None
    coulombic_efficiency: Graded
    energy_efficiency: Graded
    mean_charge_v: float | None
    mean_discharge_v: float | None
    voltage_gap_v: float | None
    flags: tuple[Flag, ...]


def steps_from_rows(rows: pl.DataFrame) -> tuple[StepFigures, ...]:
    """Return one entry per step from a tester's rows (columns in ROW_COLUMNS, in order of time).

    Raises:
        InvalidInputError: a column is missing or holds gaps, no rows, a step that changes cycle or
            kind or comes back later, a kind that is not known.
    """
    missing = [name for name in ROW_COLUMNS if name not in rows.columns]
    if missing:
        raise InvalidInputError(f"rows lack the columns {', '.join(missing)}")
    if rows.is_empty():
        raise InvalidInputError("rows is empty; a test has at least one row")
    gaps = [name for name in ROW_COLUMNS if rows[name].null_count()]
    if gaps:
        raise InvalidInputError(f"rows have empty cells in {', '.join(gaps)}; none may be empty")
    column = pl.col
    current = column("current_ma").abs()
    at_current = column("capacity_mah").filter(current >= FALLEN_RATIO * current.max()).last()
    table = rows.group_by("step", maintain_order=True).agg(
        column("cycle").first(),
        column("kind").first(),
        (column("cycle").n_unique() + column("kind").n_unique()).alias("words"),
        column("time_s").first().alias("start_s"),
        column("time_s").last().alias("end_s"),
        column("voltage_v").first().alias("start_v"),
        column("voltage_v").last().alias("end_v"),
        column("capacity_mah").last().abs(),
        column("energy_mwh").last().abs(),
        pl.when(column("kind").first() == "cccv_charge")
        .then(column("capacity_mah").last().abs() - at_current.abs())
        .otherwise(0.0)
        .alias("held_mah"),
    )
    if rows["step"].rle().len() != table.height or (table["words"] != 2).any():
        raise InvalidInputError("rows: a step comes twice or changes cycle or kind; it must not")
    unknown = sorted(set(table["kind"]) - set(get_args(Kind)))
    if unknown:
        raise InvalidInputError(f"rows: kind is {', '.join(unknown)}; known is {get_args(Kind)}")
    return tuple(StepFigures(**row) for row in table.drop("words").iter_rows(named=True))


def cycle_figures(
    steps: Sequence[StepFigures],
    *,
    rules: CycleRules | None = None,
    last_step_ended: bool = True,
) -> tuple[CycleFigures, ...]:
    """Return the figures of each cycle, in order, from steps in the order they ran.

    `last_step_ended`: False where the file was saved while the test ran, so that a cycle whose
    last step charges or discharges is not graded.

    Raises:
        InvalidInputError: no steps, a cycle that comes back, a capacity or energy below 0.
    """
    if not steps:
        raise InvalidInputError("steps is empty; a test has at least one step")
    for step in steps:
        if not (step.capacity_mah >= 0.0 and step.energy_mwh >= 0.0):
            raise InvalidInputError(
                f"step {step.step}: capacity {step.capacity_mah} mAh, energy {step.energy_mwh} mWh;"
                " neither may be below 0"
            )
    cycles = [tuple(group) for _, group in groupby(steps, key=lambda step: step.cycle)]
    if len({group[0].cycle for group in cycles}) != len(cycles):
        raise InvalidInputError("steps: a cycle number comes back later; cycles only count up")
    found = []
    for index, group in enumerate(cycles):
        flags = _flags(group)
        if index == 0 and "starts_with_discharge" not in flags:
            following = cycles[1] if len(cycles) > 1 else ()
            if _starts_mid_charge(group, following, rules or CycleRules()):
                flags.append("starts_mid_charge")
        if index == len(cycles) - 1 and not last_step_ended and group[-1].direction:
            flags.append("incomplete")
        found.append(_figures(group, flags))
    return tuple(found)


def initial_coulombic_efficiency(cycles: Sequence[CycleFigures]) -> Graded:
    """Return the efficiency of the first cycle (ICE), or why there is none."""
    if not cycles:
        return Graded(value_ratio=None, reason="no cycle was run")
    return cycles[0].coulombic_efficiency


def capacity_retention(
    cycles: Sequence[CycleFigures], *, cycle: int, reference_cycle: int
) -> Graded:
    """Return the discharge capacity of `cycle` over that of `reference_cycle`.

    Never to be had from efficiencies: with sodium in excess 0.9992^100 is 92.3 % where the paper
    measured 96.25 % (process.md section 2).
    """
    by_number = {found.cycle: found for found in cycles}
    for number in (cycle, reference_cycle):
        if number not in by_number:
            return Graded(value_ratio=None, reason=f"cycle {number} was not run")
        flags = by_number[number].flags
        if "no_discharge" in flags or "incomplete" in flags:
            return Graded(value_ratio=None, reason=f"cycle {number} has no complete discharge")
    ratio = by_number[cycle].discharge_mah / by_number[reference_cycle].discharge_mah
    return Graded(value_ratio=ratio, reason=None)


def _flags(steps: Sequence[StepFigures]) -> list[Flag]:
    directions = [step.direction for step in steps if step.direction]
    blocks = [direction for direction, _ in groupby(directions)]
    flags: list[Flag] = []
    if blocks[:1] == ["discharge"]:
        flags.append("starts_with_discharge")
    if not _sum(steps, "charge", "capacity_mah"):
        flags.append("no_charge")
    if not _sum(steps, "discharge", "capacity_mah"):
        flags.append("no_discharge")
    if blocks.count("charge") > 1:
        flags.append("several_charges")
    return flags


def _starts_mid_charge(
    first: Sequence[StepFigures], second: Sequence[StepFigures], rules: CycleRules
) -> bool:
    charges = [step for step in first if step.direction == "charge"]
    if not charges:
        return False
    charge = _sum(first, "charge", "capacity_mah")
    discharge = _sum(first, "discharge", "capacity_mah")
    limit_v = rules.first_charge_start_max_v
    return (
        (limit_v is not None and charges[0].start_v > limit_v)
        or discharge > rules.first_efficiency_max_ratio * charge
        or _sum(second, "charge", "capacity_mah") > rules.second_charge_max_ratio * charge
    )


def _figures(steps: Sequence[StepFigures], flags: Sequence[Flag]) -> CycleFigures:
    charge, discharge = (_sum(steps, way, "capacity_mah") for way in get_args(Direction))
    charge_mwh, discharge_mwh = (_sum(steps, way, "energy_mwh") for way in get_args(Direction))
    mean_charge_v = charge_mwh / charge if charge else None
    mean_discharge_v = discharge_mwh / discharge if discharge else None
    gap_v = None
    if mean_charge_v is not None and mean_discharge_v is not None:
        gap_v = mean_charge_v - mean_discharge_v
    return CycleFigures(
        cycle=steps[0].cycle,
        charge_mah=charge,
        discharge_mah=discharge,
        charge_mwh=charge_mwh,
        discharge_mwh=discharge_mwh,
        constant_voltage_mah=_held(steps),
        coulombic_efficiency=_graded(steps[0].cycle, discharge, charge, flags),
        energy_efficiency=_graded(steps[0].cycle, discharge_mwh, charge_mwh, flags),
        mean_charge_v=mean_charge_v,
        mean_discharge_v=mean_discharge_v,
        voltage_gap_v=gap_v,
        flags=tuple(flags),
    )


def _held(steps: Sequence[StepFigures]) -> float | None:
    """Return the charge at constant voltage of a cycle's steps; None where one cannot tell."""
    held = [s.capacity_mah if s.kind == "cv_charge" else s.held_mah for s in steps]
    known = [each for each in held if each is not None]
    return sum(known) if len(known) == len(held) else None


def _graded(cycle: int, discharge: float, charge: float, flags: Sequence[Flag]) -> Graded:
    barring = [flag for flag in flags if flag != "several_charges"]
    if barring or not charge > 0.0:
        why = ", ".join(flag.replace("_", " ") for flag in barring) or "no charge energy"
        return Graded(value_ratio=None, reason=f"cycle {cycle} is not graded: {why}")
    return Graded(value_ratio=discharge / charge, reason=None)


def _sum(
    steps: Sequence[StepFigures],
    direction: Direction,
    figure: Literal["capacity_mah", "energy_mwh"],
) -> float:
    chosen = [step for step in steps if step.direction == direction]
    if figure == "capacity_mah":
        return sum((step.capacity_mah for step in chosen), 0.0)
    return sum((step.energy_mwh for step in chosen), 0.0)
