"""What a spray job leaves on a face: volume, film, coverage and cure, as plain functions.

Sources: paper.txt (spray time, flow, 15 and 321 min) and the calibration of its kinetics to them.
"""

import math

TRANSFER_RATIO = 0.8  # assumed: the paper gives none
DROPLET_UM = 28.0  # inferred: with it 2 s on a coin cover 98 %; the paper gives none
AREA_PER_NEEDLE_CM2 = 4.0  # of the plant's spray head
NEAREST_MM, FARTHEST_MM = 80.0, 150.0
FULL_CURE_RATIO = 0.99
EAP_CURE_MIN, DRIP_CURE_MIN = 15.0, 321.0
CALIBRATED_V = 17_000.0


def needle_count(area_cm2: float) -> int:
    """Return how many needles the head uses for a face: one for each 4 cm2."""
    return max(1, math.ceil(area_cm2 / AREA_PER_NEEDLE_CM2))


def sprayed_ul(flow_ml_per_min: float, spray_time_s: float, needles: int) -> float:
    """Return the glue that leaves the head, in uL; the flow is that of one needle."""
    return flow_ml_per_min * 1000.0 / 60.0 * spray_time_s * needles


def film_um(sprayed: float, area_cm2: float, transfer_ratio: float = TRANSFER_RATIO) -> float:
    """Return the mean wet film in um of a sprayed volume in uL; 1 uL on 1 cm2 is 10 um."""
    return 10.0 * sprayed * transfer_ratio / area_cm2


def mean_cap_um(droplet_um: float, angle_deg: float) -> float:
    """Return volume over footprint of a droplet that has spread to its angle, in um."""
    half = math.tan(math.radians(angle_deg) / 2.0)  # cap of height h on radius r: h = r half
    volume = math.pi * droplet_um**3 / 6.0
    footprint = (6.0 * volume / (math.pi * half * (3.0 + half**2))) ** (1.0 / 3.0)
    return float(volume / (math.pi * footprint**2))


def coverage_ratio(film: float, droplet_um: float, angle_deg: float) -> float:
    """Return the covered share of a face: droplets fall at random and each spreads to its angle.

    film: mean wet film in um. Boolean model: 1 - exp(-film / mean height of a spread droplet);
    it counts no merging and no later retreat of a film that wets badly.
    """
    return -math.expm1(-film / mean_cap_um(droplet_um, angle_deg))


def cure_rate_per_min(voltage: float) -> float:
    """Return k of dX/dt = k (1 - X), for a voltage in V between needle and substrate.

    exp(beta E) of eq. 22 is known at two voltages, from 321 and 15 min to 99 %; between them the
    exponent grows with the voltage. At 25 degC in a dry room and 8 to 15 cm, where it does not
    depend on the distance as far as the paper tells.
    """
    slow = -math.log(1.0 - FULL_CURE_RATIO) / DRIP_CURE_MIN
    return slow * math.exp(math.log(DRIP_CURE_MIN / EAP_CURE_MIN) * voltage / CALIBRATED_V)


def cure_time_min(voltage: float, cured_ratio: float = FULL_CURE_RATIO) -> float:
    """Return the minutes until a share of the glue is cured."""
    return -math.log(1.0 - cured_ratio) / cure_rate_per_min(voltage)
