"""Water in air: the content that a dew point is, by one stated formula for all services."""

import math

from shared.errors import InvalidInputError

PRESSURE_PA = 101_325.0
# WMO-No. 8 (CIMO guide, 2014) annex 4.B: saturation vapour pressure over ice and over water.
ICE = (611.2, 22.46, 272.62)
WATER = (611.2, 17.62, 243.12)
CREDIBLE_DEGC = (-110.0, 60.0)  # what hygrometers can show; other values are faults


def water_ppm(dew_point_degc: float) -> float:
    """Return the water content of air in ppm by volume; over ice below 0 degC (WMO-No. 8).

    Raises:
        InvalidInputError: the dew point lies beyond what hygrometers can show.
    """
    low_degc, high_degc = CREDIBLE_DEGC
    if not low_degc <= dew_point_degc <= high_degc:
        raise InvalidInputError(
            f"dew_point_degc is {dew_point_degc} °C; it must be {low_degc} to {high_degc} °C"
        )
    at_zero_pa, slope, offset_k = ICE if dew_point_degc < 0.0 else WATER
    vapour_pa = at_zero_pa * math.exp(slope * dew_point_degc / (offset_k + dew_point_degc))
    return vapour_pa / PRESSURE_PA * 1e6
