"""What Halite and a station say to each other about a job, free of any protocol."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.facts import Material
from shared.units import display_unit

ParameterValue = float | str | tuple[float, ...] | tuple[str, ...]
StationJobState = Literal[
    "not_allowed_to_start", "allowed_to_start", "running", "interrupted", "ended", "aborted"
]
READ_BACK_TOLERANCE_RATIO = 1e-6
# Reasons of a gap, as statuses of OPC 10000-4: the station was not reached; values were dropped.
NO_COMMUNICATION, DATA_LOST = "BadNoCommunication", "BadDataLost"


@dataclass(frozen=True, kw_only=True)
class JobContent:
    """What a station is told: parameters by name (unit in the suffix) and lots in order."""

    job_order_id: str
    parameters: Mapping[str, ParameterValue]
    materials: tuple[Material, ...] = ()


@dataclass(frozen=True, kw_only=True)
class JobAtStation:
    """A job order as the station itself shows it.

    unreadable: why its content could not be read, though it has an id and a state.
    """

    content: JobContent
    units: Mapping[str, str]
    state: StationJobState
    unreadable: str | None = None


@dataclass(frozen=True, kw_only=True)
class JobAnswer:
    """The station's job response, checked at the door."""

    job_order_id: str
    state: Literal["ended", "aborted"]
    started_at: datetime
    ended_at: datetime
    data: Mapping[str, ParameterValue]

    def number(self, name: str) -> float | None:
        """Return one number of the response, None where it is missing or not finite."""
        value = self.data.get(name)
        return value if isinstance(value, float) and math.isfinite(value) else None

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return an array of numbers of the response, empty where it is missing."""
        value = self.data.get(name)
        if not isinstance(value, tuple):
            return ()
        return tuple(item for item in value if isinstance(item, float))

    def text(self, name: str) -> str | None:
        """Return a text of the response, None where it is missing."""
        value = self.data.get(name)
        return value if isinstance(value, str) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One process value; `value` is None while its status is not good."""

    signal: str
    value: float | None
    status: str
    source_at: datetime


def read_back_differences(
    sent: JobContent, held: JobAtStation, tolerance: Mapping[str, float] | None = None
) -> list[str]:
    """Compare what a station holds with what it was sent, value by value.

    Returns one sentence for each difference, with both values and the unit; empty when equal.
    Numbers may differ by a relative 1e-6, which covers a station that keeps single precision, or
    by the tolerance of their name, in its unit. What is no number equals nothing.
    """
    if held.unreadable is not None:
        return [f"station holds what cannot be read: {held.unreadable}"]
    allowed = tolerance or {}
    differences = []
    if held.content.job_order_id != sent.job_order_id:
        ids = f"sent {sent.job_order_id!r}, station holds {held.content.job_order_id!r}"
        differences.append(f"job order id: {ids}")
    for name in sorted(sent.parameters.keys() | held.content.parameters.keys()):
        ours, theirs = sent.parameters.get(name), held.content.parameters.get(name)
        unit, their_unit = display_unit(name), held.units.get(name, "")
        if ours is None or theirs is None:
            differences.append(f"{name}: sent {ours!r}, station holds {theirs!r}")
        elif their_unit != unit:
            differences.append(
                f"{name}: sent {ours!r} in {unit!r}, station holds {theirs!r} in {their_unit!r}"
            )
        elif not _same(ours, theirs, allowed.get(name, 0.0)):
            differences.append(f"{name}: sent {ours!r} {unit}, station holds {theirs!r} {unit}")
    return differences + _lot_differences(sent.materials, held.content.materials)


def _lot_differences(ours: Sequence[Material], theirs: Sequence[Material]) -> list[str]:
    if [_lot(item) for item in ours] == [_lot(item) for item in theirs] and all(
        _same(float(one.quantity), float(other.quantity), 0.0)
        for one, other in zip(ours, theirs, strict=True)
    ):
        return []
    sent, held = ([(*_lot(item), item.quantity) for item in lots] for lots in (ours, theirs))
    return [f"materials: sent {sent}, station holds {held}"]


def _lot(item: Material) -> tuple[str, str, str, str]:
    unit = display_unit(f"quantity_{item.unit}")
    return item.lot_id, item.material_definition_id, item.use, unit


def _same(ours: ParameterValue, theirs: ParameterValue, tolerance: float) -> bool:
    if isinstance(ours, tuple) or isinstance(theirs, tuple):
        if not (isinstance(ours, tuple) and isinstance(theirs, tuple)):
            return False
        pairs: list[tuple[float | str, float | str]] = list(zip(ours, theirs, strict=False))
        alike = all(_same(one, other, tolerance) for one, other in pairs)
        return len(ours) == len(theirs) and alike
    if isinstance(ours, float) and isinstance(theirs, float):
        allowed = max(tolerance, 1e-12)
        return math.isclose(ours, theirs, rel_tol=READ_BACK_TOLERANCE_RATIO, abs_tol=allowed)
    return type(ours) is type(theirs) and ours == theirs
