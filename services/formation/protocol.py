"""Owns test protocols: versioned master data, and what they mean for one cell."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.errors import InvalidInputError

# Full scale of a range is refused: overshoot clips there, and its last tenth is not calibrated.
RANGE_LIMIT_RATIO = 0.9


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Rest(_Part):
    """No current for a time."""

    kind: Literal["rest"] = "rest"
    duration_s: float = Field(gt=0)


class Current(_Part):
    """A current until a voltage or a time, whichever comes first; + is charge.

    Exactly one of `c_rate_per_h` (times the ordered capacity) and `density_ma_per_cm2` (times the
    ordered area).
    """

    kind: Literal["current"] = "current"
    c_rate_per_h: float | None = None
    density_ma_per_cm2: float | None = None
    until_v: float | None = None
    until_s: float = Field(gt=0)

    @model_validator(mode="after")
    def _one_current(self) -> Self:
        given = [v for v in (self.c_rate_per_h, self.density_ma_per_cm2) if v is not None]
        if len(given) != 1 or given[0] == 0.0:
            raise ValueError("exactly one of c_rate_per_h and density_ma_per_cm2, not 0")
        return self

    @property
    def sign(self) -> int:
        """1 on charge, -1 on discharge."""
        return 1 if (self.c_rate_per_h or self.density_ma_per_cm2 or 0.0) > 0 else -1


class Hold(_Part):
    """A voltage until the current falls to a rate or a time is over."""

    kind: Literal["hold"] = "hold"
    voltage_v: float
    until_c_rate_per_h: float = Field(gt=0)
    until_s: float = Field(gt=0)


class Loop(_Part):
    """Back to step `first_step` (from 1) until the steps between have run `cycle_count` times."""

    kind: Literal["loop"] = "loop"
    first_step: int = Field(ge=1)
    cycle_count: int = Field(ge=1, le=10_000)


class Scan(_Part):
    """A voltage that moves evenly from one value to another."""

    kind: Literal["scan"] = "scan"
    from_v: float
    to_v: float
    rate_mv_per_s: float = Field(gt=0)

    @property
    def duration_s(self) -> float:
        """How long it takes."""
        return 1e3 * abs(self.to_v - self.from_v) / self.rate_mv_per_s


class Spectrum(_Part):
    """An impedance spectrum at rest, from the high to the low frequency."""

    kind: Literal["spectrum"] = "spectrum"
    frequency_max_hz: float = Field(gt=0, le=1e7)
    frequency_min_hz: float = Field(ge=1e-5)
    amplitude_mv: float = Field(gt=0, le=1000)
    points_per_decade_count: int = Field(ge=1, le=100)

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.frequency_min_hz >= self.frequency_max_hz:
            raise ValueError(
                f"frequency_min_hz {self.frequency_min_hz} is not below {self.frequency_max_hz}"
            )
        return self

    @property
    def duration_s(self) -> float:
        """About how long it takes: three periods of each point."""
        step: float = 10.0 ** (1.0 / self.points_per_decade_count)
        count = 1 + int(math.log(self.frequency_max_hz / self.frequency_min_hz) / math.log(step))
        return math.fsum(3.0 * step**number / self.frequency_max_hz for number in range(count))


Step = Annotated[Rest | Current | Hold | Scan | Spectrum | Loop, Field(discriminator="kind")]


def aims_v(step: Step) -> tuple[float, ...]:
    """Return the voltages a step goes to."""
    if isinstance(step, Scan):
        return (step.from_v, step.to_v)
    if isinstance(step, Hold):
        return (step.voltage_v,)
    if isinstance(step, Current) and step.until_v is not None:
        return (step.until_v,)
    return ()


class Limits(_Part):
    """What ends the test on the tester itself, without us; violated for `delay_s`.

    highest_capacity_ratio: of the ordered capacity, per step; short_floor_v: |V| under current
    below which the cell counts as shorted (symmetric cells); highest_temperature_degc needs an aux
    sensor; highest_fall_v_per_s: fall of |V| within a current step, which our own watch stops
    because no step file can say it; highest_drop_ratio: share of |V|/|I| of the current step before
    that may be lost in the next, likewise (0.5 is a hard short, process.md 3c).
    """

    highest_v: float
    lowest_v: float
    delay_s: float = Field(default=1.0, gt=0)
    highest_capacity_ratio: float | None = Field(default=None, gt=0)
    short_floor_v: float | None = Field(default=None, gt=0)
    highest_temperature_degc: float | None = Field(default=None, gt=0)
    highest_fall_v_per_s: float | None = Field(default=None, gt=0)
    highest_drop_ratio: float | None = Field(default=None, gt=0, lt=1)


class TestProtocol(_Part):
    """One version of a test protocol; a released version never changes."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    protocol_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")
    version: int = Field(ge=1)
    kind: Literal["formation", "ccd", "rate", "life"]
    title: str
    status: Literal["draft", "released", "suspect", "retired"] = "draft"
    record_interval_s: float = Field(ge=0.1)
    record_voltage_v: float | None = Field(default=None, gt=0)
    chamber_temperature_degc: float | None = None
    chamber_tolerance_degc: float = Field(default=2.0, gt=0)
    limits: Limits
    steps: tuple[Step, ...] = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        limits = self.limits
        if limits.lowest_v >= limits.highest_v:
            raise ValueError(f"lowest_v {limits.lowest_v} is not below {limits.highest_v}")
        for number, step in enumerate(self.steps, start=1):
            if isinstance(step, Loop) and step.first_step >= number:
                raise ValueError(f"step {number} loops to {step.first_step}, not before it")
            for aim_v in aims_v(step):
                if not limits.lowest_v <= aim_v <= limits.highest_v:
                    raise ValueError(f"step {number} aims at {aim_v} V, outside its limits")
        return self


@dataclass(frozen=True, kw_only=True)
class CellOrder:
    """The cell a protocol is to run on, as its job says it; area is that of current density."""

    lot_id: str
    capacity_mah: float | None = None
    area_cm2: float | None = None


def formation_protocol(
    *,
    protocol_id: str = "formation-2-cycles",
    version: int = 1,
    c_rate_per_h: float = 0.1,
    lowest_v: float = 2.0,
    highest_v: float = 4.0,
    cycle_count: int = 2,
    rest_s: float = 1800.0,
    record_interval_s: float = 30.0,
) -> TestProtocol:
    """Return formation: rest, then charge, rest, discharge, rest as often as asked.

    Window 2.0-4.0 V and 0.1 C: paper L122-124. A half cycle ends after 1.5 nominal times at most.
    """
    until_s = 1.5 * 3600.0 / c_rate_per_h
    charge = Current(c_rate_per_h=c_rate_per_h, until_v=highest_v, until_s=until_s)
    discharge = Current(c_rate_per_h=-c_rate_per_h, until_v=lowest_v, until_s=until_s)
    rest = Rest(duration_s=rest_s)
    return TestProtocol(
        protocol_id=protocol_id,
        version=version,
        kind="formation",
        title=f"{cycle_count} cycles at {c_rate_per_h:g} C, {lowest_v:g}-{highest_v:g} V",
        record_interval_s=record_interval_s,
        limits=Limits(
            highest_v=highest_v + 0.1, lowest_v=lowest_v - 0.1, highest_capacity_ratio=1.3
        ),
        steps=(rest, charge, rest, discharge, rest, Loop(first_step=2, cycle_count=cycle_count)),
    )


def ccd_protocol(
    *,
    protocol_id: str = "ccd-staircase",
    version: int = 1,
    first_ma_per_cm2: float = 0.2,
    step_ma_per_cm2: float = 0.2,
    max_steps: int = 40,
    dwell_s: float = 1800.0,
    rest_s: float = 600.0,
    limit_v: float = 4.5,
    short_floor_v: float | None = 0.002,
    highest_drop_ratio: float | None = None,
    record_interval_s: float = 1.0,
) -> TestProtocol:
    """Return the staircase of a symmetric cell: each current density in both directions.

    dwell_s: one half step; the paper does not give it (process.md 2), so the plant must. limit_v:
    |V| that ends a half step. A hard short ends the test by `short_floor_v` on the tester and by
    `highest_drop_ratio` from our watch; a soft one ends it only where that is small enough.
    """
    densities = [first_ma_per_cm2 + step_ma_per_cm2 * number for number in range(max_steps)]
    half_steps = tuple(
        Current(
            density_ma_per_cm2=round(sign * density, 9), until_v=sign * limit_v, until_s=dwell_s
        )
        for density in densities
        for sign in (1, -1)
    )
    return TestProtocol(
        protocol_id=protocol_id,
        version=version,
        kind="ccd",
        title=f"Critical current density, {densities[0]:g} to {densities[-1]:g} mA/cm2",
        record_interval_s=record_interval_s,
        limits=Limits(
            highest_v=limit_v + 0.1,
            lowest_v=-limit_v - 0.1,
            short_floor_v=short_floor_v,
            highest_drop_ratio=highest_drop_ratio,
        ),
        steps=(Rest(duration_s=rest_s), *half_steps),
    )


def range_fits(current_ma: float, range_ma: float, limit_ratio: float = RANGE_LIMIT_RATIO) -> bool:
    """Return whether a current range carries a current with margin; full scale never fits."""
    return abs(current_ma) <= limit_ratio * range_ma * (1.0 + 1e-9)


def relative_uncertainty_ratio(
    current_ma: float, range_ma: float, uncertainty_ratio: float
) -> float:
    """Return the uncertainty of a current as a ratio of itself, given that of full scale."""
    return uncertainty_ratio * range_ma / abs(current_ma) if current_ma else math.inf


def current_ma(step: Current, order: CellOrder) -> float:
    """Return the current of a step for one cell, + on charge.

    Raises:
        InvalidInputError: the order lacks the capacity or area the step relates to.
    """
    if step.c_rate_per_h is not None:
        return step.c_rate_per_h * given(order.capacity_mah, "capacity_mah", order)
    return (step.density_ma_per_cm2 or 0.0) * given(order.area_cm2, "area_cm2", order)


def given(value: float | None, name: str, order: CellOrder) -> float:
    """Return a value the order must carry.

    Raises:
        InvalidInputError: absent, not finite or not above 0.
    """
    if value is None or not (math.isfinite(value) and value > 0.0):
        raise InvalidInputError(f"lot {order.lot_id}: {name} {value} must be given and above 0")
    return value


def highest_current_ma(protocol: TestProtocol, order: CellOrder) -> float:
    """Return the largest |current| a protocol asks for on this cell."""
    steps = (step for step in protocol.steps if isinstance(step, Current))
    return max((abs(current_ma(step, order)) for step in steps), default=0.0)


def expected_duration_s(protocol: TestProtocol) -> float:
    """Return how long a good cell takes; a C rate counts its nominal hours."""
    times: list[float] = []
    for step in protocol.steps:
        if isinstance(step, Loop):
            times.append((step.cycle_count - 1) * sum(times[step.first_step - 1 :]))
        elif isinstance(step, Rest | Scan | Spectrum):
            times.append(step.duration_s)
        elif isinstance(step, Current) and step.c_rate_per_h is not None:
            times.append(min(3600.0 / abs(step.c_rate_per_h), step.until_s))
        else:
            times.append(step.until_s)
    return sum(times)
