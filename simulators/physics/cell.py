"""A battery cell as a tester feels it: its properties, its state, and what one step did to it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CellKind = Literal["nfm_pouch", "nvp_coin", "symmetric", "open_circuit"]

# The interface ASR of a good cell at which `nominal_capacity_mah` is reached at 0.1 C (paper, L85).
NOMINAL_ASR_OHM_CM2 = 158.7
ACTIVATION_EV = 0.1876
BOLTZMANN_EV_PER_K = 8.617333e-5
CHAMBER_K = 298.15
LONGEST_STEP_S = 30 * 86400.0
SHORTEST_STEP_S = 0.1
MOST_ROWS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class CellProperties:
    """The physical truth of one cell, frozen when a test starts.

    area_cm2: area of current density; asr: cured interfaces (AC) and `asr_dc` (what V = j ASR
    sees); short_ohm: a parallel leak path or None; ce_ratio, ice_ratio: coulomb efficiency of later
    cycles and of the first; fade_ratio: capacity lost per cycle.
    """

    kind: CellKind
    nominal_capacity_mah: float = 0.0
    area_cm2: float = 1.0
    asr_ohm_cm2: float = NOMINAL_ASR_OHM_CM2
    asr_dc_ohm_cm2: float = 240.0
    bulk_ohm_cm2: float = 0.0
    ocv_v: float = 2.54
    short_ohm: float | None = None
    leak: bool = False
    j_crit_ma_per_cm2: float = math.inf
    failure_mode: str = "hard_short"
    ce_ratio: float = 0.9992
    ice_ratio: float = 0.97
    fade_ratio: float = 0.000375

    @classmethod
    def from_world(cls, entry: Mapping[str, Any]) -> Self:
        """Return the cell behind a world entry; a lot that is no cell is an open circuit."""
        kind = entry.get("kind")
        if kind not in ("nfm_pouch", "nvp_coin", "symmetric"):
            return cls(kind="open_circuit")
        names = {"fade": "fade_ratio"} | {name: name for name in cls.__dataclass_fields__}
        known = {names[name]: value for name, value in entry.items() if name in names}
        known = {name: value for name, value in known.items() if value is not None}
        area_cm2 = float(known.get("area_cm2", 1.0)) * float(entry.get("area_factor") or 1.0)
        return cls(**known | {"area_cm2": area_cm2})

    def to_json(self) -> dict[str, Any]:
        """Return the properties as JSON values; an unlimited current density is left out."""
        values = asdict(self)
        return {name: value for name, value in values.items() if value != math.inf}


@dataclass(frozen=True, kw_only=True)
class CellState:
    """What the past left in a cell.

    soc: 0-1 between 2.0 and 4.0 V at rest; polarisation_v: the slow part of the overvoltage;
    cycle_ratio: discharges done, in full ones; failure: how it failed; soft_factor: share of
    V = j ASR left; growth: exponent of lost contact.
    """

    soc: float = 0.0
    polarisation_v: float = 0.0
    cycle_ratio: float = 0.0
    failure: Literal["none", "hard_short", "soft_short", "contact_loss"] = "none"
    soft_factor: float = 1.0
    growth: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Span:
    """One span of test time in which a disturbance from outside acts."""

    name: str
    magnitude: float
    since_s: float
    until_s: float = math.inf


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What acts on a cell from outside, and the test time at which the present step began."""

    spans: tuple[Span, ...] = ()
    start_s: float = 0.0
    range_v: float = 5.0

    def magnitude(self, name: str, time_s: float = 0.0) -> float | None:
        """Return the magnitude of a disturbance at a step time, or None; the latest span wins."""
        instant_s = self.start_s + time_s
        for span in reversed(self.spans):
            if span.name == name and span.since_s <= instant_s < span.until_s:
                return span.magnitude
        return None

    def resistance_factor(self, time_s: Array) -> Array:
        """Return the factor on the resistance: lost contact adds e per 300 s, warmth lowers it."""
        factor = np.ones_like(time_s)
        instant_s = time_s + self.start_s
        for span in self.spans:
            acts = (instant_s >= span.since_s) & (instant_s < span.until_s)
            if span.name == "contact_loss":
                growth = np.exp(np.clip((instant_s - span.since_s) / 300.0, 0.0, 12.0))
                factor = np.where(acts, factor * growth, factor)
            elif span.name == "chamber_drift":
                inverse_k = 1.0 / (CHAMBER_K + span.magnitude) - 1.0 / CHAMBER_K
                warm = math.exp(ACTIVATION_EV / BOLTZMANN_EV_PER_K * inverse_k)
                factor = np.where(acts, factor * warm, factor)
        return factor


@dataclass(frozen=True, kw_only=True)
class Segment:
    """What one step did: arrays of shape (n,) over the step's time, without noise.

    noise_v: (n,), standard deviation of the voltage; failed_at_s: step time at which `end.failure`
    began.
    """

    time_s: Array
    voltage_v: Array
    current_ma: Array
    soc: Array
    polarisation_v: Array
    noise_v: Array
    start: CellState
    end: CellState
    failed_at_s: float = math.inf

    def cut(self, end_s: float) -> "Segment":
        """Return the segment as if the step had ended at `end_s`, with a last point there."""
        if end_s >= self.time_s[-1]:
            return self
        count = int(np.searchsorted(self.time_s, end_s, side="left"))
        time_s = np.append(self.time_s[:count], end_s)

        def at(values: Array) -> Array:
            return np.append(values[:count], np.interp(end_s, self.time_s, values))

        soc, polarisation_v = at(self.soc), at(self.polarisation_v)
        flags = self.end if end_s >= self.failed_at_s else self.start
        return Segment(
            time_s=time_s,
            voltage_v=at(self.voltage_v),
            current_ma=at(self.current_ma),
            soc=soc,
            polarisation_v=polarisation_v,
            noise_v=at(self.noise_v),
            start=self.start,
            end=moved(
                flags, self.start, float(soc[-1]), float(polarisation_v[-1]), self.current_ma[0] < 0
            ),
            failed_at_s=self.failed_at_s,
        )


def moved(
    flags: CellState, start: CellState, soc: float, polarisation_v: float, discharged: bool
) -> CellState:
    """Return the state at a later charge; a discharge adds its share to the cycles done."""
    done = max(start.soc - soc, 0.0) if discharged else 0.0
    return replace(
        flags, soc=soc, polarisation_v=polarisation_v, cycle_ratio=start.cycle_ratio + done
    )


def record_times(duration_s: float, interval_s: float) -> Array:
    """Return the record times of a step, shape (n,): 0, every interval, and the end."""
    duration_s = min(max(duration_s, SHORTEST_STEP_S), LONGEST_STEP_S)
    interval_s = max(interval_s, duration_s / MOST_ROWS, SHORTEST_STEP_S)
    times = np.arange(0.0, duration_s, interval_s)
    if duration_s - times[-1] < 1e-6:
        times = times[:-1]
    return np.append(times, duration_s)


def crossing_s(time_s: Array, values: Array, limit: float, sign: int) -> float | None:
    """Return when `values` first reach a limit, upwards (sign 1) or downwards (-1), or None."""
    beyond = sign * (values - limit) >= 0.0
    index = int(np.argmax(beyond))
    if not beyond[index]:
        return None
    if index == 0:
        return 0.0
    before, after = float(values[index - 1]), float(values[index])
    share = (limit - before) / (after - before)
    return float(time_s[index - 1] + share * (time_s[index] - time_s[index - 1]))


def flat_segment(
    time_s: Array, state: CellState, *, voltage_v: float, current_ma: float, noise_v: float
) -> Segment:
    """Return a step in which nothing changes: an open circuit, a short, a rest."""
    return Segment(
        time_s=time_s,
        voltage_v=np.full_like(time_s, voltage_v),
        current_ma=np.full_like(time_s, current_ma),
        soc=np.full_like(time_s, state.soc),
        polarisation_v=np.zeros_like(time_s),
        noise_v=np.full_like(time_s, noise_v),
        start=state,
        end=replace(state, polarisation_v=0.0),
    )
