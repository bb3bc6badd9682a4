"""What Halite and a station say to each other about a job, free of any protocol."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from shared.facts import Material
from shared.units import display_unit

ParameterValue = float | str | tuple[float, ...] | tuple[str, ...]
StationJobState = Literal[
    "not_allowed_to_start", "allowed_to_start", "running", "interrupted", "ended", "aborted"
]
READ_BACK_TOLERANCE_RATIO = 1e-6


@dataclass(frozen=True, kw_only=True)
class JobContent:
    """What a station is told: parameters by name (unit in the suffix) and lots in order."""

    job_order_id: str
    parameters: Mapping[str, ParameterValue]
    materials: tuple[Material, ...] = ()


@dataclass(frozen=True, kw_only=True)
class JobAtStation:
    """A job order as the station itself shows it."""

    content: JobContent
    units: Mapping[str, str]
    state: StationJobState


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


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One process value; `value` is None while its status is not good."""

    signal: str
    value: float | None
    status: str
    source_at: datetime


@dataclass(kw_only=True)
class LiveValues:
    """The newest sample of each signal of a station."""

    samples: dict[str, Sample] = field(default_factory=dict)


def read_back_differences(sent: JobContent, held: JobAtStation) -> list[str]:
    """Compare what a station holds with what it was sent, value by value.

    Returns one sentence for each difference, with both values and the unit; empty when equal.
    Numbers may differ by a relative 1e-6, which covers a station that keeps single precision.
    """
    differences = []
    for name in sorted(sent.parameters.keys() | held.content.parameters.keys()):
        ours, theirs = sent.parameters.get(name), held.content.parameters.get(name)
        if ours is None or theirs is None:
            differences.append(f"{name}: sent {ours!r}, station holds {theirs!r}")
        elif not _same(ours, theirs):
            unit = display_unit(name)
            differences.append(f"{name}: sent {ours} {unit}, station holds {theirs} {unit}")
        elif held.units.get(name, "") != display_unit(name):
            unit = held.units.get(name, "")
            differences.append(f"{name}: sent in {display_unit(name)!r}, station holds {unit!r}")
    ours_lots = [(item.lot_id, item.use) for item in sent.materials]
    their_lots = [(item.lot_id, item.use) for item in held.content.materials]
    if ours_lots != their_lots:
        differences.append(f"materials: sent {ours_lots}, station holds {their_lots}")
    return differences


def _same(ours: ParameterValue, theirs: ParameterValue) -> bool:
    if isinstance(ours, tuple) or isinstance(theirs, tuple):
        if not (isinstance(ours, tuple) and isinstance(theirs, tuple)):
            return False
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=READ_BACK_TOLERANCE_RATIO, abs_tol=1e-12)
    return type(ours) is type(theirs) and ours == theirs
