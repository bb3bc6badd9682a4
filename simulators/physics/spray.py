"""The sprayed face: contact angle (paper eq. 1), film, coverage, and its later resistance.

Anchors: 10.5 deg with field, 63.1 deg without (L50); coin 1-3 s and pouch 5-7 s per side at
0.06 mL/min cover fully (L157); 158.7 ohm cm2 with field, 218.8 without, both faces (L85).
"""

import math

KAPPA_PER_V2 = 1.84e-9  # c_H / (2 gamma), lumped (process.md 2)
REST_ANGLE_DEG = 63.1
EAP_ANGLE_DEG = 10.5
LOWEST_BIAS_V = 200.0  # below this the pellet's face does not hold the field
TRANSFER_RATIO = 0.8
NEEDLE_AREA_CM2 = 4.0  # the head has one needle for each such area
FULL_UL_PER_CM2 = 0.2
EAP_ASR_OHM_CM2 = 158.7
DRIP_ASR_OHM_CM2 = 218.8
THIN_UM, THICK_UM = 2.0, 30.0


def field_voltage_v(needle_v: float, substrate_v: float) -> float:
    """Return the voltage across the droplet; a substrate that floats takes all of it away."""
    return needle_v - substrate_v if abs(substrate_v) >= LOWEST_BIAS_V else 0.0


def contact_angle_deg(voltage_v: float) -> float:
    """Return the contact angle after eq. 1; the cosine is clipped at 1."""
    cosine = math.cos(math.radians(REST_ANGLE_DEG)) + KAPPA_PER_V2 * voltage_v**2
    return math.degrees(math.acos(min(1.0, cosine)))


def needle_count(area_cm2: float) -> int:
    """Return how many needles the head uses for a face."""
    return max(1, math.ceil(area_cm2 / NEEDLE_AREA_CM2))


def volume_ul(flow_ml_per_min: float, spray_time_s: float, needles: int = 1) -> float:
    """Return the glue that leaves the head; the flow is that of one needle."""
    return flow_ml_per_min * 1000.0 / 60.0 * spray_time_s * needles


def transfer_ratio(distance_mm: float) -> float:
    """Return the share of glue that reaches the face; it falls outside 8-15 cm."""
    if distance_mm > 150.0:
        return TRANSFER_RATIO * (150.0 / distance_mm) ** 2
    return TRANSFER_RATIO * min(1.0, distance_mm / 80.0)


def film_um(glue_ul: float, area_cm2: float, distance_mm: float = 100.0) -> float:
    """Return the mean wet film; 2 uL on 2.01 cm2 make 8 um."""
    return glue_ul / area_cm2 * 10.0 * transfer_ratio(distance_mm)


def coverage_ratio(glue_ul: float, area_cm2: float, angle_deg: float = EAP_ANGLE_DEG) -> float:
    """Return the covered share of the face; droplets that do not spread cover less."""
    spread = 1.0 - 0.12 * wetting_loss(angle_deg)
    return (1.0 - math.exp(-glue_ul / (FULL_UL_PER_CM2 * area_cm2))) * spread


def wetting_loss(angle_deg: float) -> float:
    """Return 0 for the angle with field, 1 for the angle without."""
    best, worst = (math.cos(math.radians(angle)) for angle in (EAP_ANGLE_DEG, REST_ANGLE_DEG))
    return min(1.5, max(0.0, (best - math.cos(math.radians(angle_deg))) / (best - worst)))


def face_asr_ohm_cm2(angle_deg: float, film: float, coverage: float) -> float:
    """Return the cured resistance of one face in ohm cm2: half of 158.7 when all is well."""
    poor = (DRIP_ASR_OHM_CM2 - EAP_ASR_OHM_CM2) * wetting_loss(angle_deg)
    asr = (EAP_ASR_OHM_CM2 + poor) / 2.0
    asr /= max(0.05, min(1.0, coverage / 0.88))
    if film < THIN_UM:
        asr *= 1.0 + 0.6 * (THIN_UM - film) / THIN_UM
    elif film > THICK_UM:
        asr *= 1.0 + 0.02 * (film - THICK_UM)
    return asr
