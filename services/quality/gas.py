"""Owns the gases whose dose is counted, and how what a sensor shows becomes ppm by volume.

Water is shown as a dew point in degC, or by a glove box's sensor in ppm, which is turned into the
dew point that it is; oxygen is shown in ppm.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shared.air import CREDIBLE_DEGC, ICE, PRESSURE_PA, WATER, water_ppm

GasName = Literal["water", "oxygen"]
CREDIBLE_OXYGEN_PPM = (0.0, 250_000.0)  # air has 209 500 ppm


def dew_point_degc_of(ppm: float) -> float | None:
    """Return the dew point of a water content, the formula of `water_ppm` the other way round.

    Less than hygrometers can show counts as the driest they can; None where no air is like that.
    """
    lowest, highest = (water_ppm(degc) for degc in CREDIBLE_DEGC)
    if not 0.0 <= ppm <= highest:
        return None
    vapour_pa = max(ppm, lowest) * 1e-6 * PRESSURE_PA
    at_zero_pa, slope, offset_k = ICE if vapour_pa < ICE[0] else WATER
    ratio = math.log(vapour_pa / at_zero_pa)
    return max(CREDIBLE_DEGC[0], offset_k * ratio / (slope - ratio))


@dataclass(frozen=True, kw_only=True)
class Gas:
    """One gas: the signals that show it, what is credible, and from when two sensors disagree.

    apart_limit: in `unit`, the unit in which its sensors show it.
    """

    name: GasName
    words: str
    signals: tuple[str, ...]
    unit: str
    credible: tuple[float, float]
    apart_limit: float
    difference_unit: str
    ppm: Callable[[float], float]

    def believed(self, value: float) -> float | None:
        """Return a shown value, None where no sensor of a living plant can show it."""
        low, high = self.credible
        return value if low <= value <= high else None


WATER_GAS = Gas(
    name="water",
    words="dew point",
    signals=("dew_point_1_degc", "dew_point_2_degc"),
    unit="°C",
    credible=CREDIBLE_DEGC,
    apart_limit=5.0,
    difference_unit="K",
    ppm=water_ppm,
)
OXYGEN_GAS = Gas(
    name="oxygen",
    words="oxygen",
    signals=("oxygen_1_ppm", "oxygen_2_ppm"),
    unit="ppm",
    credible=CREDIBLE_OXYGEN_PPM,
    apart_limit=5.0,
    difference_unit="ppm",
    ppm=float,
)
GASES: dict[GasName, Gas] = {gas.name: gas for gas in (WATER_GAS, OXYGEN_GAS)}
# A glove box shows its water in ppm; it is kept as the dew point of the sensor of that number.
WATER_IN_PPM = {"water_1_ppm": "dew_point_1_degc", "water_2_ppm": "dew_point_2_degc"}
