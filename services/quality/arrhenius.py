"""Activation energy of a resistance over a series of temperatures, with its uncertainty.

ln(T^m / R) = c - Ea / (k T); m is 1 for sigma T, the usual form for ion hopping, or 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from services.quality.figures import BOLTZMANN_EV_PER_K
from shared.errors import InvalidInputError
from shared.units import to_kelvin

LEAST_TEMPERATURES = 3
LEAST_SPAN_K = 10.0
CONFIDENCE = 0.95
Form = Literal["sigma_t", "sigma"]


@dataclass(frozen=True, kw_only=True)
class Warm:
    """A resistance at a temperature; `standard_error_ohm` is of the fit."""

    temperature_degc: float
    resistance_ohm: float
    standard_error_ohm: float


@dataclass(frozen=True, kw_only=True)
class Activation:
    """Ea with its standard error and 95 % interval (Student's t, points - 2 degrees).

    `resistance_25degc_ohm` is the line's at 25 degC. `reduced_chi2_ratio`: scatter about the line
    beside the errors of the points; where it is above 1 it widens the errors, below 1 it does not
    narrow them.
    """

    activation_ev: float
    standard_error_ev: float
    low_ev: float
    high_ev: float
    resistance_25degc_ohm: float
    reduced_chi2_ratio: float
    point_count: int


def activation(points: Sequence[Warm], form: Form = "sigma_t") -> Activation:
    """Return the weighted line through a series.

    Raises:
        InvalidInputError: fewer than 3 temperatures or a span below 10 K, a resistance or an error
            that is not positive.
    """
    kelvin = np.array([to_kelvin(point.temperature_degc) for point in points])
    ohm = np.array([point.resistance_ohm for point in points])
    error = np.array([point.standard_error_ohm for point in points])
    distinct = np.unique(np.round(kelvin)).size
    if distinct < LEAST_TEMPERATURES or kelvin.max() - kelvin.min() < LEAST_SPAN_K:
        raise InvalidInputError(
            f"{distinct} different temperatures; an activation energy needs at least "
            f"{LEAST_TEMPERATURES} over {LEAST_SPAN_K:g} K"
        )
    if not ((ohm > 0.0) & (error > 0.0)).all():
        raise InvalidInputError("every resistance and its standard error must be above 0 ohm")
    y = (np.log(kelvin) if form == "sigma_t" else 0.0) - np.log(ohm)
    weight = (ohm / error) ** 2
    design = np.column_stack([np.ones(kelvin.size), -1.0 / (BOLTZMANN_EV_PER_K * kelvin)])
    middle = np.average(design[:, 1], weights=weight)  # keeps the matrix well conditioned
    design[:, 1] -= middle
    covariance = np.linalg.inv(design.T @ (design * weight[:, np.newaxis]))
    found = covariance @ (design.T @ (weight * y))
    freedom = kelvin.size - 2
    chi2 = float(np.sum(weight * (y - design @ found) ** 2)) / freedom
    ea, spread = float(found[1]), float(np.sqrt(covariance[1, 1] * max(chi2, 1.0)))
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, freedom)) * spread
    at = to_kelvin(25.0)
    line = float(found[0] + ea * (-1.0 / (BOLTZMANN_EV_PER_K * at) - middle))
    return Activation(
        activation_ev=ea,
        standard_error_ev=spread,
        low_ev=ea - reach,
        high_ev=ea + reach,
        resistance_25degc_ohm=float(np.exp((np.log(at) if form == "sigma_t" else 0.0) - line)),
        reduced_chi2_ratio=chi2,
        point_count=kelvin.size,
    )
