"""Powder: composition, milling, drying, pressing.

Na3.4Zr1.9Zn0.1Si2.2P0.8O12 with 15 wt% excess of Na2CO3 and NH4H2PO4 (paper L33, L145).
"""

import math
from collections.abc import Mapping

MOLAR_MASS_G = {
    "na2co3": 105.988,
    "zro2": 123.218,
    "zno": 81.38,
    "sio2": 60.084,
    "nh4h2po4": 115.025,
}
# Formula units per mole of product, excess included.
WANTED_MOLES = {
    "na2co3": 1.7 * 1.15,
    "zro2": 1.9,
    "zno": 0.1,
    "sio2": 2.2,
    "nh4h2po4": 0.8 * 1.15,
}
# What leaves as CO2, NH3 and H2O on calcination, per gram of the raw material.
GAS_RATIO = {"na2co3": 0.4152, "nh4h2po4": 0.3829}
FINEST_UM = 0.8
COARSE_UM = 12.0
MILL_TIME_S = 4000.0  # at 300 rpm


def wanted_masses_g(product_mole: float = 1.0) -> dict[str, float]:
    """Return the raw masses for so many moles of product, with the paper's excess."""
    return {name: MOLAR_MASS_G[name] * WANTED_MOLES[name] * product_mole for name in WANTED_MOLES}


def composition_factor(masses_g: Mapping[str, float]) -> float:
    """Return the factor on conductivity of a mix that is off the formula; 1 at the paper's masses.

    Each component's deviation from its share counts squared; one that is missing costs most.
    """
    wanted = wanted_masses_g()
    total, wanted_total = sum(masses_g.get(name, 0.0) for name in wanted), sum(wanted.values())
    if total <= 0.0:
        return 0.1
    squares = 0.0
    for name, mass_g in wanted.items():
        share = masses_g.get(name, 0.0) / total
        deviation = share / (mass_g / wanted_total) - 1.0
        squares += min(abs(deviation), 1.0) ** 2
    return math.exp(-2.0 * squares)


def gas_ratio(masses_g: Mapping[str, float]) -> float:
    """Return the share of a raw mix that leaves as gas on full calcination."""
    total = sum(masses_g.values())
    gas = sum(mass * GAS_RATIO.get(name, 0.0) for name, mass in masses_g.items())
    return gas / total if total > 0 else 0.0


def milled_um(before_um: float, duration_s: float, speed_rpm: float) -> float:
    """Return the particle size after milling."""
    work = duration_s / MILL_TIME_S * (speed_rpm / 300.0) ** 1.5
    return FINEST_UM + (before_um - FINEST_UM) * math.exp(-work)


def dried_ratio(solvent_ratio: float, temperature_degc: float, duration_s: float) -> float:
    """Return the solvent left (share of solids) after drying; at 50 degC it halves every 20 min."""
    rate_per_s = math.log(2.0) / 1200.0 * 2.0 ** ((temperature_degc - 50.0) / 12.0)
    return solvent_ratio * math.exp(-rate_per_s * duration_s)


def green_density_ratio(pressure_mpa: float, particle_um: float, solvent_ratio: float) -> float:
    """Return the relative density after pressing; 200 MPa give 0.60 with fine, dry powder."""
    density = 0.60 + 0.045 * math.log(max(pressure_mpa, 1.0) / 200.0)
    density -= 0.004 * max(0.0, particle_um - 2.0) + 0.5 * max(0.0, solvent_ratio - 0.01)
    return min(0.70, max(0.40, density))
