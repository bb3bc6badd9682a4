"""Conversion of sprayed glue: dX/dt = k (1 - X), k by field, temperature and moisture (eq. 26).

Calibrated to the product exp(beta E) = 21.4 of the paper (full polymerisation within 15 min with
field, 321 min without; L56, L60), since beta itself follows from nothing printed. The moisture
exponent is fitted and may have either sign: the printed equation slows the reaction, the text
says that water speeds it.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import InvalidInputError

GAS_CONSTANT_J_PER_MOL_K = 8.314462618
REFERENCE_K = 298.15


class CureModel(BaseModel):
    """The calibrated kinetics of one glue, and how far measurements may drift from them.

    rate_per_min: without field at 25 °C. field_factor: at `field_voltage_v` between needle and
    substrate, from `nearest_mm` to `farthest_mm`. moisture_exponent: of the water content over
    `reference_ppm`. drift: the mean difference of so many results in a row may not pass the limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cure_model_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    rate_per_min: float = Field(gt=0)
    field_factor: float = Field(ge=1)
    field_voltage_v: float = Field(gt=0)
    nearest_mm: float = Field(gt=0)
    farthest_mm: float = Field(gt=0)
    lowest_bias_v: float = Field(default=0.0, ge=0)
    activation_kj_per_mol: float = Field(ge=0)
    moisture_exponent: float = 0.0
    reference_ppm: float = Field(gt=0)
    residual_at_zero_ratio: float = Field(gt=0, le=1)
    drift_count: int = Field(ge=2, le=100)
    drift_limit_ratio: float = Field(gt=0, lt=1)
    source: str = Field(min_length=3)

    def rate_in(
        self,
        voltage_v: float,
        distance_mm: float,
        temperature_degc: float | None,
        water_ppm: float | None,
    ) -> float | None:
        """Return k in 1/min in the air that was measured; None where a term lacks its input.

        A term that does nothing (no activation energy, no moisture exponent) needs none.
        """
        if self.activation_kj_per_mol > 0 and temperature_degc is None:
            return None
        if self.moisture_exponent != 0 and water_ppm is None:
            return None
        degc = 25.0 if temperature_degc is None else temperature_degc
        return self.rate(voltage_v, distance_mm, degc, water_ppm)

    def field_v(self, needle_v: float, substrate_v: float) -> float:
        """Return the voltage that drives the cure; 0 where the substrate holds no field."""
        return needle_v - substrate_v if abs(substrate_v) >= self.lowest_bias_v else 0.0

    def rate(
        self,
        voltage_v: float,
        distance_mm: float,
        temperature_degc: float = 25.0,
        moisture_ppm: float | None = None,
    ) -> float:
        """Return k in 1/min; water that was not measured counts as the reference."""
        reach = min(1.0, distance_mm / self.nearest_mm, self.farthest_mm / distance_mm)
        share = min(1.2, max(0.0, voltage_v) / self.field_voltage_v * reach)
        kelvin = temperature_degc + 273.15
        energy = self.activation_kj_per_mol * 1000.0 / GAS_CONSTANT_J_PER_MOL_K
        warm = math.exp(-energy * (1.0 / kelvin - 1.0 / REFERENCE_K))
        water = 1.0 if moisture_ppm is None else moisture_ppm / self.reference_ppm
        wet: float = max(water, 1e-6) ** self.moisture_exponent
        field: float = self.field_factor**share
        return self.rate_per_min * field * warm * wet


def conversion_ratio(rate_per_min: float, elapsed_s: float) -> float:
    """Return X after a time at a rate."""
    return 1.0 - math.exp(-rate_per_min * max(0.0, elapsed_s) / 60.0)


def minutes_to(ratio: float, rate_per_min: float) -> float:
    """Return the minutes until a conversion."""
    return -math.log(1.0 - ratio) / rate_per_min


def measured_ratio(model: CureModel, method: Literal["ft_ir", "tga"], value_ratio: float) -> float:
    """Return the conversion that a result shows.

    value_ratio: of `ft_ir` what is left of the C=C band at 1633 cm-1; of `tga` the residual liquid
    by mass, which without any cure would be the model's `residual_at_zero_ratio` (paper L54, L60).

    Raises:
        InvalidInputError: more is left than there was.
    """
    whole = 1.0 if method == "ft_ir" else model.residual_at_zero_ratio
    if not 0.0 <= value_ratio <= whole:
        raise InvalidInputError(
            f"{method} shows {value_ratio}, its limits are 0 to {whole}; enter a ratio, not percent"
        )
    return 1.0 - value_ratio / whole


def drift_ratio(model: CureModel, differences: Sequence[float]) -> float | None:
    """Return the mean of the newest differences when it passes the limit, else None.

    differences: measured less predicted conversion, newest last.
    """
    newest = differences[-model.drift_count :]
    if len(newest) < model.drift_count:
        return None
    mean = sum(newest) / len(newest)
    return mean if abs(mean) > model.drift_limit_ratio else None


def fit_moisture_exponent(
    moisture_ppm: Sequence[float], rate_per_min: Sequence[float]
) -> tuple[float, float]:
    """Return the exponent and its standard error, from rates measured at several water contents.

    Raises:
        InvalidInputError: fewer than three pairs, all at one content, or a value not above zero.
    """
    if len(moisture_ppm) != len(rate_per_min) or len(rate_per_min) < 3:
        raise InvalidInputError("at least three pairs of water content and rate are needed")
    if min(*moisture_ppm, *rate_per_min) <= 0:
        raise InvalidInputError("water contents and rates must be above 0")
    x, y = np.log(moisture_ppm), np.log(rate_per_min)
    spread = float(((x - x.mean()) ** 2).sum())
    if spread < 1e-12:
        raise InvalidInputError("all rates are of one water content; a slope needs several")
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    rest = y - y.mean() - slope * (x - x.mean())
    error = math.sqrt(float((rest**2).sum()) / (len(x) - 2) / spread)
    return slope, error
