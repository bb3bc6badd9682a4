"""Spectra as a fixture shows them: Z = j w L + R0 + RQ(boundary) + RQ(interface) + CPE."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complex = NDArray[np.complexfloating[Any, Any]]

GRAIN_SHARE = 0.35  # of the pellet's resistance inside grains, invisible below 10 MHz
BOUNDARY_TIME_S = 4.0e-8
BOUNDARY_EXPONENT = 0.92
INTERFACE_TIME_S = 1.1e-3
INTERFACE_EXPONENT = 0.88
TAIL_Y_PER_CM2 = 0.45  # S s^n per cm2
TAIL_EXPONENT = 0.55
BLOCKING_Y_PER_CM2 = 6.0e-6
BLOCKING_EXPONENT = 0.94


def frequencies_hz(highest_hz: float, lowest_hz: float, per_decade: int) -> Floats:
    """Return logarithmic frequencies from the highest to the lowest, both included."""
    count = max(2, round(math.log10(highest_hz / lowest_hz) * per_decade) + 1)
    return np.geomspace(highest_hz, lowest_hz, count)


def arc(frequency_hz: Floats, resistance_ohm: float, time_s: float, exponent: float) -> Complex:
    """Return R / (1 + (j w tau)^n)."""
    return resistance_ohm / (1.0 + (2j * np.pi * frequency_hz * time_s) ** exponent)


def phase_element(frequency_hz: Floats, y: float, exponent: float) -> Complex:
    """Return 1 / (Y (j w)^n)."""
    return 1.0 / (y * (2j * np.pi * frequency_hz) ** exponent)


def cell_impedance(
    frequency_hz: Floats,
    bulk_ohm: float,
    interface_ohm: float,
    area_cm2: float,
    inductance_h: float,
) -> Complex:
    """Return the impedance of a cell: electrolyte, interfaces, electrode, over the total area."""
    z = 2j * np.pi * frequency_hz * inductance_h + GRAIN_SHARE * bulk_ohm
    z = z + arc(frequency_hz, (1 - GRAIN_SHARE) * bulk_ohm, BOUNDARY_TIME_S, BOUNDARY_EXPONENT)
    z = z + arc(frequency_hz, interface_ohm, INTERFACE_TIME_S, INTERFACE_EXPONENT)
    return z + phase_element(frequency_hz, TAIL_Y_PER_CM2 * area_cm2, TAIL_EXPONENT)


def blocking_impedance(
    frequency_hz: Floats, bulk_ohm: float, area_cm2: float, inductance_h: float
) -> Complex:
    """Return the impedance of a pellet between blocking electrodes."""
    z = 2j * np.pi * frequency_hz * inductance_h + GRAIN_SHARE * bulk_ohm
    z = z + arc(frequency_hz, (1 - GRAIN_SHARE) * bulk_ohm, BOUNDARY_TIME_S, BOUNDARY_EXPONENT)
    return z + phase_element(frequency_hz, BLOCKING_Y_PER_CM2 * area_cm2, BLOCKING_EXPONENT)


def with_leak(z: Complex, leak_ohm: float | None) -> Complex:
    """Return the impedance with an electronic leak in parallel; None means no leak."""
    return z if leak_ohm is None else 1.0 / (1.0 / z + 1.0 / leak_ohm)


def with_noise(z: Complex, noise_ratio: float, rng: np.random.Generator) -> Complex:
    """Return the spectrum as measured: noise proportional to the modulus in both parts."""
    size = noise_ratio * np.abs(z) / math.sqrt(2.0)
    return z + size * (rng.standard_normal(z.size) + 1j * rng.standard_normal(z.size))


def sweep_duration_s(frequency_hz: Floats, cycles: int = 3) -> float:
    """Return how long a sweep takes: some cycles of each frequency, at least 0.3 s each."""
    return float(np.sum(np.maximum(0.3, cycles / frequency_hz))) + 10.0
