"""What a machine is on the inside, free of any protocol: jobs, runs, checks, a class per kind."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from simulators.physics.exposure import Room
from simulators.world import FaultLog, World, draw

Value = float | str | list[float] | list[str]
Use = Literal["Consumed", "Processed", "Produced"]
Readings = dict[str, float | None]

# Faults every kind of machine knows, with the magnitude meant when none is given.
COMMON_FAULTS: Mapping[str, float] = {
    "abort": 1.0,
    "refuse": 1.0,
    "garble": 1.01,
    "out_of_service": 1.0,
    "sensors_bad": 1.0,
    "sensors_stuck": 1.0,
    "late_answers": 3.0,
}


class RefusedError(Exception):
    """The order is not taken: `invalid` when it makes no sense, else it is beyond the machine."""

    def __init__(self, message: str, *, invalid: bool = False) -> None:
        super().__init__(message)
        self.invalid = invalid


@dataclass(frozen=True, kw_only=True)
class StationConfig:
    """What the plant file says of one station."""

    name: str
    kind: str
    endpoint: str
    capacity_parts: int | None = None
    capacity_g: float | None = None
    tray_positions: int | None = None
    highest_temperature_degc: float | None = None
    highest_ramp_degc_per_min: float | None = None
    highest_frequency_hz: float | None = None
    atmospheres: tuple[str, ...] = ("air",)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """The physical range of one job parameter; `words` for text, `array` for lists of either."""

    lowest: float = -math.inf
    highest: float = math.inf
    words: tuple[str, ...] = ()
    array: bool = False
    required: bool = True

    def check(self, name: str, value: Value) -> None:
        """Refuse a value of another shape (invalid) or outside the machine's range (unable)."""
        if isinstance(value, list) != self.array:
            raise RefusedError(
                f"{name} must {'' if self.array else 'not '}be an array", invalid=True
            )
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) != bool(self.words):
                raise RefusedError(f"{name}: {item!r} has the wrong type", invalid=True)
            if isinstance(item, str):
                if item not in self.words:
                    raise RefusedError(f"{name}: {item!r} is none of {self.words}")
            elif not math.isfinite(item):
                raise RefusedError(f"{name}: {item} is not a number", invalid=True)
            elif not self.lowest <= item <= self.highest:
                raise RefusedError(f"{name}: {item} is not in {self.lowest} .. {self.highest}")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One lot of a job order; `quantity` as ordered, in `unit` (empty or `1` for pieces)."""

    lot_id: str
    definition_id: str
    use: Use
    quantity: float | None = None
    unit: str = ""

    def mass_g(self) -> float:
        """Return the ordered mass; 0 where none was given."""
        return (self.quantity or 0.0) * (1000.0 if self.unit == "kg" else 1.0)

    def pieces(self) -> int:
        """Return how many pieces of the lot are meant, at least one."""
        return max(1, round(self.quantity or 1.0)) if self.unit in ("", "1", "pcs") else 1


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job order as the machine understands it."""

    job_order_id: str
    parameters: Mapping[str, Value]
    parts: tuple[Part, ...]

    def number(self, name: str, otherwise: float = 0.0) -> float:
        """Return a scalar parameter."""
        value = self.parameters.get(name, otherwise)
        return value if isinstance(value, float) else otherwise

    def numbers(self, name: str) -> list[float]:
        """Return an array parameter; empty when it was not given."""
        value = self.parameters.get(name, [])
        return (
            [item for item in value if isinstance(item, float)] if isinstance(value, list) else []
        )

    def word(self, name: str, otherwise: str = "") -> str:
        """Return a text parameter."""
        value = self.parameters.get(name, otherwise)
        return value if isinstance(value, str) else otherwise

    def used(self, use: Use) -> tuple[Part, ...]:
        """Return the lots of one use in their order."""
        return tuple(part for part in self.parts if part.use == use)

    def worked(self) -> tuple[Part, ...]:
        """Return the parts responses speak of: the processed lots, else the produced ones."""
        return self._worked

    @cached_property
    def _worked(self) -> tuple[Part, ...]:
        return self.used("Processed") or self.used("Produced")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended: the response data, and what it did to parts (lot id -> properties)."""

    response: dict[str, Value]
    effects: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a machine's recorder keeps of one face; counts: `(n_signals, n_samples)` int16."""

    started_at: datetime
    interval_s: float
    signals: tuple[str, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    counts: NDArray[np.int16]


class Run(Protocol):
    """One job being worked on: everything is a function of plant seconds since its start."""

    @property
    def duration_s(self) -> float:
        """How many plant seconds the run takes when nobody stops it."""

    def values(self, elapsed_s: float) -> Readings:
        """Return the process values at that moment; None where the sensor gives nothing."""

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the outcome when the run ends now; earlier than `duration_s` when stopped."""


class Machine:
    """One machine of a kind; subclasses say what they accept and how a job runs.

    pauses: whether a job can stand and go on; not where heat, cure or vacuum would go on meanwhile.
    """

    kind = ""
    parameters: ClassVar[Mapping[str, Parameter]] = {}
    signals: tuple[str, ...] = ()
    fault_names: ClassVar[Mapping[str, float]] = {}
    uses: tuple[Use, ...] = ("Processed",)
    simultaneous_count = 1
    keeps_traces = False
    pauses = True
    model = "Bench"

    def __init__(self, config: StationConfig, world: World, room: Room) -> None:
        self.config, self.world, self.room = config, world, room
        self.name = config.name

    @property
    def all_faults(self) -> dict[str, float]:
        """Every fault this machine knows, with its usual magnitude."""
        return {**COMMON_FAULTS, **self.fault_names}

    def check(self, job: Job) -> None:
        """Refuse what this machine cannot do.

        Raises:
            RefusedError: unknown or missing parameter, wrong type, out of range, missing lot, too
                many parts.
        """
        for name, value in job.parameters.items():
            if name not in self.parameters:
                raise RefusedError(f"unknown parameter {name}", invalid=True)
            self.parameters[name].check(name, value)
        for name, parameter in self.parameters.items():
            if parameter.required and name not in job.parameters:
                raise RefusedError(f"parameter {name} is missing", invalid=True)
        if any(not part.lot_id for part in job.parts):
            raise RefusedError("a lot without an id", invalid=True)
        if not any(job.used(use) for use in self.uses):
            raise RefusedError(f"no lot is {' or '.join(self.uses)}")
        most = self.config.capacity_parts
        if most is not None and len(job.worked()) > most:
            raise RefusedError(f"{len(job.worked())} parts, capacity is {most}")
        self.check_more(job)

    def check_more(self, job: Job) -> None:
        """Refuse what only this kind can judge; nothing by default."""

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the run of a job that started at a plant time; asking again gives the same run."""
        raise NotImplementedError(
            f"{self.kind} {self.name} cannot run {job.job_order_id} at {started_at}"
        )

    def recorded(self, job: Job, started_at: datetime, part: int, face: str) -> Recorded | None:
        """Return what was recorded of one face of a part (from 1), None where it was not."""
        return None

    def idle_values(self, instant: datetime) -> Readings:
        """Return the process values of the idle machine."""
        return {signal: self.noisy(signal, instant, 0.0, 0.0) for signal in self.signals}

    def loaded_values(self, job: Job, instant: datetime) -> Readings:
        """Return what differs from idle while a job is stored and its parts lie ready."""
        return {}

    def faults(self) -> FaultLog:
        """Return the machine's own faults of all times."""
        return self.world.faults(self.name)

    def entry(self, part: Part) -> dict[str, Any]:
        """Return the truth about a part, drawn from its definition when nobody has seen it."""
        return self.world.material(part.lot_id, part.definition_id)

    def inherited(self, job: Job, index: int) -> dict[str, Any]:
        """Return the truth about a worked part; a produced one inherits from the consumed one."""
        part = job.worked()[index]
        known = self.world.get(part.lot_id)
        if known or part.use != "Produced":
            return known or self.entry(part)
        originals = [other for other in job.used("Consumed") if "glue" not in other.definition_id]
        if len(originals) != len(job.worked()):
            return self.entry(part)
        return self.entry(originals[index]) | {"definition_id": part.definition_id}

    def fits_beside(self, job: Job, running: Sequence[Job]) -> bool:
        """Whether a job can start while others run."""
        return len(running) < self.simultaneous_count

    def noisy(self, signal: str, instant: datetime, value: float, sd: float) -> float:
        """Return a reading with noise that depends on machine, signal and plant time alone."""
        if sd == 0.0:
            return value
        key = f"{signal}|{instant.timestamp():.1f}"
        return value + sd * float(draw(self.world.seed, self.name, key).standard_normal())


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Turns elapsed plant seconds of a run into plant time."""

    started_at: datetime

    def at(self, elapsed_s: float) -> datetime:
        """Return the plant time after so many plant seconds."""
        return self.started_at + timedelta(seconds=elapsed_s)


def done_count(elapsed_s: float, part_s: float, count: int) -> int:
    """Return how many of `count` parts are finished when each takes `part_s` seconds."""
    return min(count, int((elapsed_s + 1e-6) / part_s)) if part_s > 0 else count


def floats(values: Iterable[float], digits: int = 6) -> list[float]:
    """Return plain floats for the wire, rounded as a display would."""
    return [round(float(value), digits) for value in values]
