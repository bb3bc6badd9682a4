"""What a spray head's recorder sees of one face at 1 kHz: voltages, currents, flow, distance.

Voltage and flow rise when the spray begins; needle and substrate carry the current of the charged
spray. An arc shorts the gap: the current runs into the supply's limit for a few milliseconds, the
needle's voltage collapses and comes back as the supply recharges its cable.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 1000.0
SIGNALS = (
    "needle_voltage_v",
    "substrate_voltage_v",
    "needle_current_ma",
    "substrate_current_ma",
    "flow_ml_per_min",
    "distance_mm",
    "chuck_vacuum_kpa",
    "glue_pressure_kpa",
)
SCALE = (1.0, 0.2, 1e-5, 1e-5, 1e-5, 0.01, 0.01, 0.01)
NOISE = (8.0, 3.0, 2e-5, 2e-5, 3e-4, 0.05, 0.15, 0.2)  # standard deviation, in the signal's unit
VOLTAGE_RISE_S, FLOW_RISE_S = 0.03, 0.06
SPRAY_MA_PER_ML_PER_MIN = 0.01  # 0.6 µA at 0.06 mL/min
LEAK_MA_PER_V = 2e-9
ARC_MA, ARC_S, RECHARGE_S, COLLAPSED_RATIO = 0.2, 0.004, 0.012, 0.15
PRESSURE_KPA_PER_ML_PER_MIN, PUMP_KPA = 600.0, 300.0  # of a free needle; where the pump stops
FIRST_ARC_RATIO, LAST_ARC_RATIO = 0.15, 0.95
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The levels a face's spray settles at, and how often it arced; flow_ratio: what gets out."""

    needle_v: float
    substrate_v: float
    flow_ml_per_min: float
    flow_ratio: float
    distance_mm: float
    vacuum_kpa: float
    spray_s: float
    arcs: int


def counts(settled: Settled, rng: np.random.Generator) -> NDArray[np.int16]:
    """Return the counts of `SIGNALS`, `(8, n_samples)`; multiply with `SCALE`."""
    samples = max(1, round(settled.spray_s * RATE_HZ))
    time_s = np.arange(samples) / RATE_HZ
    shape = 1.0 - np.exp(-time_s / VOLTAGE_RISE_S)
    collapse, spike = _arcs(settled, time_s, rng)
    needle_v = settled.needle_v * shape * collapse
    flow = settled.flow_ml_per_min * (1.0 - np.exp(-time_s / FLOW_RISE_S))
    spray_ma = SPRAY_MA_PER_ML_PER_MIN * flow * collapse
    needle_ma = spray_ma + LEAK_MA_PER_V * needle_v + spike
    substrate_ma = 0.95 * spray_ma + spike * (abs(settled.substrate_v) >= 200.0)
    blocked = PRESSURE_KPA_PER_ML_PER_MIN / max(0.02, settled.flow_ratio) ** 2
    pressure_kpa = np.minimum(blocked * flow, PUMP_KPA)
    levels = np.stack(
        [
            needle_v,
            settled.substrate_v * shape,
            needle_ma,
            substrate_ma,
            flow,
            np.full(samples, settled.distance_mm),
            np.full(samples, settled.vacuum_kpa),
            pressure_kpa,
        ]
    )
    levels += np.array(NOISE)[:, None] * rng.standard_normal(levels.shape)
    raw = np.rint(levels / np.array(SCALE)[:, None])
    counts_16: NDArray[np.int16] = np.clip(raw, -32767, 32767).astype(np.int16)
    return counts_16


def _arcs(settled: Settled, time_s: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the share of voltage left and the current of arcs over time; arcs stay apart."""
    collapse, spike = np.ones_like(time_s), np.zeros_like(time_s)
    first, last = (settled.spray_s * ratio for ratio in (FIRST_ARC_RATIO, LAST_ARC_RATIO))
    places = (np.arange(settled.arcs) + rng.uniform(0.2, 0.8, settled.arcs)) / max(1, settled.arcs)
    for at_s in first + (last - first) * places:
        since_s = time_s - at_s
        shorted = (since_s >= 0) & (since_s < ARC_S)
        after = since_s >= ARC_S
        collapse[shorted] = COLLAPSED_RATIO
        back = 1.0 - (1.0 - COLLAPSED_RATIO) * np.exp(-(since_s[after] - ARC_S) / RECHARGE_S)
        collapse[after] = np.minimum(collapse[after], back)
        spike[shorted] = ARC_MA * rng.uniform(0.7, 1.3)
    return collapse, spike
