"""Cure of the glue: dX/dt = k (1 - X), full at 99 %, k from the field (paper eq. 26).

The field multiplies the thermal rate by 21.4 at the paper's voltages, so full cure takes 15 min
instead of 321 min. beta is a fit to that product, not a dipole.
"""

import math

K_DRIP_PER_MIN = 0.01435
K_EAP_PER_MIN = 0.307
FULL_RATIO = 0.99
PAPER_VOLTAGE_V = 17_000.0
NEAREST_MM, FARTHEST_MM = 80.0, 150.0


def rate_per_min(
    voltage_v: float, distance_mm: float = 100.0, moisture_factor: float = 1.0
) -> float:
    """Return k for a voltage between needle and substrate.

    Between 8 and 15 cm the charge on the droplets sets the field, so distance does not matter.
    """
    reach = 1.0
    if distance_mm > FARTHEST_MM:
        reach = FARTHEST_MM / distance_mm
    elif distance_mm < NEAREST_MM:
        reach = distance_mm / NEAREST_MM
    exponent = math.log(K_EAP_PER_MIN / K_DRIP_PER_MIN)
    share = max(0.0, voltage_v) / PAPER_VOLTAGE_V * reach
    return K_DRIP_PER_MIN * math.exp(exponent * min(share, 1.2)) * moisture_factor


def cured_ratio(k_per_min: float, elapsed_s: float) -> float:
    """Return the conversion X after a time."""
    return 1.0 - math.exp(-k_per_min * max(0.0, elapsed_s) / 60.0)


def full_cure_min(k_per_min: float) -> float:
    """Return the minutes until 99 % conversion."""
    return -math.log(1.0 - FULL_RATIO) / k_per_min
