"""Plating limits: when a cell with sodium on both sides shorts, and what it shows until then.

Anchors: 0.12 V at 0.5 mA/cm2 (paper L83), which is 240 ohm cm2 for direct current whatever the
impedance says (process.md 2: DC and AC resistance are different quantities); over 700 h at
0.5 mA/cm2; CCD over 6.8 mA/cm2 in the paper, here a Weibull population with median 5.6; activation
energy of the limit 0.14 eV (arXiv 2603.23340). The tester calls `plating_limits` never: it reads
`j_crit_ma_per_cm2`, `asr_dc_ohm_cm2` and `failure_mode` of the cell from the world, written at
assembly, and uses `limit_at`, `voltage_v` and `hazard_per_h` below to act them out.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

FailureMode = Literal["hard_short", "soft_short", "contact_loss"]
MEDIAN_MA_PER_CM2 = 5.6
WEIBULL_SHAPE = 9.0
GOOD_ASR_OHM_CM2 = 158.7
GOOD_ASR_DC_OHM_CM2 = 240.0
ACTIVATION_EV = 0.14
BOLTZMANN_EV_PER_K = 8.617333e-5
LIFE_AT_HALF_H = 2000.0  # mean life at 0.5 mA/cm2 of a good cell


@dataclass(frozen=True, kw_only=True)
class PlatingLimits:
    """What decides how a symmetric cell dies."""

    j_crit_ma_per_cm2: float
    asr_dc_ohm_cm2: float
    failure_mode: FailureMode


def plating_limits(
    rng: np.random.Generator,
    *,
    asr_ohm_cm2: float,
    density_ratio: float = 0.9637,
    coverage_ratio: float = 0.99,
    exposure_ppm_h: float = 0.0,
    cracked: bool = False,
) -> PlatingLimits:
    """Draw the limits of a cell from the worst of its pellets and interfaces.

    asr_ohm_cm2: cured interfaces, both faces, AC. A resistive, porous, badly covered or wet
    interface focuses the current, so the limit falls; a cracked pellet shorts near 1 mA/cm2.
    """
    uniform = float(rng.uniform(1e-6, 1 - 1e-6))
    scale = MEDIAN_MA_PER_CM2 / math.log(2.0) ** (1.0 / WEIBULL_SHAPE)
    j_crit = scale * (-math.log(1.0 - uniform)) ** (1.0 / WEIBULL_SHAPE)
    j_crit *= min(1.1, (GOOD_ASR_OHM_CM2 / asr_ohm_cm2) ** 0.9)
    j_crit *= math.exp(-6.0 * max(0.0, 0.955 - density_ratio))
    j_crit *= min(1.0, coverage_ratio / 0.95) ** 2
    j_crit /= 1.0 + exposure_ppm_h / 8000.0
    if cracked:
        j_crit = min(j_crit, float(rng.uniform(0.6, 1.6)))
    modes: tuple[FailureMode, ...] = ("hard_short", "soft_short", "contact_loss")
    mode = modes[int(rng.choice(3, p=(0.55, 0.30, 0.15)))]
    asr_dc = GOOD_ASR_DC_OHM_CM2 * asr_ohm_cm2 / GOOD_ASR_OHM_CM2
    return PlatingLimits(
        j_crit_ma_per_cm2=float(j_crit),
        asr_dc_ohm_cm2=asr_dc * float(rng.normal(1.0, 0.03)),
        failure_mode=mode,
    )


def limit_at(j_crit_ma_per_cm2: float, temperature_degc: float) -> float:
    """Return the limit at a temperature; the world's value is that at 25 degC."""
    inverse = 1.0 / (temperature_degc + 273.15) - 1.0 / 298.15
    return j_crit_ma_per_cm2 * math.exp(-ACTIVATION_EV / BOLTZMANN_EV_PER_K * inverse)


def voltage_v(j_ma_per_cm2: float, asr_dc_ohm_cm2: float) -> float:
    """Return the polarisation V = j ASR of an intact cell; 0.12 V at 0.5 mA/cm2 and 240 ohm cm2."""
    return j_ma_per_cm2 * 1e-3 * asr_dc_ohm_cm2


def hazard_per_h(j_ma_per_cm2: float, j_crit_ma_per_cm2: float) -> float:
    """Return the chance of failure per hour of plating; above the limit it fails within seconds."""
    if j_ma_per_cm2 >= j_crit_ma_per_cm2:
        return 3600.0
    stress = abs(j_ma_per_cm2) / j_crit_ma_per_cm2
    calm = 0.5 / MEDIAN_MA_PER_CM2
    return (stress / calm) ** 2 / LIFE_AT_HALF_H
