"""How far glue wets: contact angle under a field, shape and spreading of a drop, filling of a slit.

Sources: paper.txt eq. 1 (Young-Lippmann), its two measured angles (63.1 deg without and 10.5 deg
with the field), eq. 12 in its standard form (Jiang, Oh and Slattery 1979), Washburn 1921.
"""

import math
from dataclasses import dataclass

import numpy as np

from shared.errors import OutOfLimitsError

REST_ANGLE_DEG = 63.1
EAP_ANGLE_DEG = 10.5
EAP_VOLTAGE_V = 17_000.0  # +15 kV at the needle, -2 kV at the substrate
VISCOSITY_PA_S = 9.96e-3
DENSITY_KG_PER_M3 = 1410.0  # printed as 1.41 kg/m3, which is a gas
GRAVITY_M_PER_S2 = 9.8
LEAST_CAPILLARY_NUMBER = 4e-5  # below it eq. 12 is not measured: the line creeps


def _cosine(angle_deg: float) -> float:
    return math.cos(math.radians(angle_deg))


def lippmann_per_v2() -> float:
    """Return c_H / (2 gamma) of eq. 1 in V**-2, the one number that both angles fix: 1.84e-9."""
    return (_cosine(EAP_ANGLE_DEG) - _cosine(REST_ANGLE_DEG)) / EAP_VOLTAGE_V**2


def contact_angle_deg(voltage_v: float, zero_charge_v: float = 0.0) -> float:
    """Return the contact angle after eq. 1; full wetting is 0.

    voltage_v: between needle and substrate. Measured at 0 and 17 000 V only; between them the
    parabola is eq. 1's, above it nothing is known and real angles saturate.

    Raises:
        OutOfLimitsError: beyond 0 to 17 000 V from zero charge.
    """
    from_zero_v = abs(voltage_v - zero_charge_v)
    if not from_zero_v <= EAP_VOLTAGE_V:
        raise OutOfLimitsError(
            f"{from_zero_v:g} V from zero charge is outside 0 to {EAP_VOLTAGE_V:g} V, where eq. 1"
            " was calibrated: angles saturate above; choose a voltage within."
        )
    cosine = _cosine(REST_ANGLE_DEG) + lippmann_per_v2() * from_zero_v**2
    return math.degrees(math.acos(min(1.0, cosine)))


def voltage_v(angle_deg: float) -> float:
    """Return the voltage that eq. 1 asks for a contact angle, in V from zero charge.

    Raises:
        OutOfLimitsError: an angle that was not reached, below 10.5 or above 63.1 deg.
    """
    if not EAP_ANGLE_DEG <= angle_deg <= REST_ANGLE_DEG:
        raise OutOfLimitsError(
            f"{angle_deg:g} deg is outside {EAP_ANGLE_DEG} to {REST_ANGLE_DEG} deg, the angles that"
            " were measured with and without the field; choose one between."
        )
    return math.sqrt((_cosine(angle_deg) - _cosine(REST_ANGLE_DEG)) / lippmann_per_v2())


@dataclass(frozen=True)
class Cap:
    """A resting drop: radius of its footprint, height and radius of curvature, in one length."""

    footprint: float
    height: float
    curvature: float


def flat_cap(angle_deg: float, area: float) -> Cap:
    """Return the circular cap (two dimensions) with an area, in lengths squared."""
    angle = math.radians(angle_deg)
    curvature = math.sqrt(area / (angle - math.sin(angle) * math.cos(angle)))
    return Cap(curvature * math.sin(angle), curvature * (1.0 - math.cos(angle)), curvature)


def round_cap(angle_deg: float, volume: float) -> Cap:
    """Return the spherical cap with a volume, in lengths cubed."""
    cosine = _cosine(angle_deg)
    curvature = (3.0 * volume / (math.pi * (2.0 + cosine) * (1.0 - cosine) ** 2)) ** (1.0 / 3.0)
    return Cap(curvature * math.sin(math.radians(angle_deg)), curvature * (1.0 - cosine), curvature)


def capillary_number(angle_deg: float, rest_deg: float) -> float:
    """Return speed * viscosity / tension of a contact line that shows an angle (eq. 12).

    The printed denominator cos(th_e + 1) is read as cos(th_e) + 1, as in the source of the law.
    """
    pull = (_cosine(rest_deg) - _cosine(angle_deg)) / (_cosine(rest_deg) + 1.0)
    return float((math.atanh(min(max(pull, 0.0), 0.999)) / 4.96) ** (1.0 / 0.702))


def spreading_time_s(
    volume_m3: float, angle_deg: float, tension_n_per_m: float, from_deg: float = 150.0
) -> float:
    """Return how long a drop takes from first touch until its line creeps, in s.

    The drop is a spherical cap that shows the angle of eq. 12 at each instant; it is followed down
    to the capillary number 4e-5, where eq. 12 ends. Gravity and inertia are left out.
    """
    angles = np.linspace(from_deg, angle_deg, 2001)[:-1]
    numbers = np.array([capillary_number(float(angle), angle_deg) for angle in angles])
    known = numbers >= LEAST_CAPILLARY_NUMBER
    radii = np.array([round_cap(float(angle), volume_m3).footprint for angle in angles[known]])
    slowness = VISCOSITY_PA_S / (tension_n_per_m * numbers[known])
    return float(np.trapezoid(slowness, radii))


def slit_time_s(depth_m: float, width_m: float, angle_deg: float, tension_n_per_m: float) -> float:
    """Return how long glue takes to fill a slit, in s (Washburn 1921).

    depth**2 = tension * width * cos(angle) * time / (3 * viscosity), for walls of a
    fixed angle below 90 deg, air that leaves freely, and no weight.

    Raises:
        OutOfLimitsError: walls that do not draw the glue in.
    """
    if not 0.0 <= angle_deg < 90.0:
        raise OutOfLimitsError(
            f"{angle_deg:g} deg is outside 0 to 90 deg: such walls do not draw glue into a crack."
        )
    rate = tension_n_per_m * width_m * _cosine(angle_deg) / (3.0 * VISCOSITY_PA_S)
    return depth_m**2 / rate
