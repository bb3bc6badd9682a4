"""Owns the linear Kramers-Kronig test: whether a spectrum can come from a linear, stable cell.

Source: M. Schönleber, D. Klotz, E. Ivers-Tiffée, Electrochimica Acta 131 (2014) 20-27.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.quality.spectra import ComplexArray, FloatArray, Spectrum
from shared.errors import InvalidInputError

ELEMENTS_PER_DECADE = 3.0
FitPart = Literal["real", "imag", "complex"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LinKkResult:
    """Outcome of one Kramers-Kronig test.

    `order`: RC elements used. `mu_ratio`: 1 minus the negative over the positive resistance; the
    order is raised until it is at most c. `converged`: it was, before the highest order.
    `fitted_z_ohm` (n,). `residual_ratio` (n,): (Z - fit) / |Z|, complex. `rms_residual_ratio` and
    `max_residual_ratio` are over both parts of all points.
    """

    order: int
    mu_ratio: float
    converged: bool
    fitted_z_ohm: ComplexArray
    residual_ratio: ComplexArray
    rms_residual_ratio: float
    max_residual_ratio: float


def kramers_kronig_test(
    spectrum: Spectrum,
    *,
    c_ratio: float = 0.85,
    max_order: int = 50,
    elements_per_decade: float = ELEMENTS_PER_DECADE,
    part: FitPart = "complex",
    with_capacitance: bool = False,
) -> LinKkResult:
    """Fit a series R, L (and C) and a growing chain of RC elements with fixed time constants.

    `c_ratio`: the order grows until mu falls to it (0.85 in the source; 0-1). `with_capacitance`
    adds the series C that a blocking electrode needs. The chain has only coefficients that enter
    linearly, so a large residual is a fault of the data, not of a start value.

    `elements_per_decade` sets the lowest order; 0 is the source's own rule. That rule alone stops
    at order 4-6 on cells whose inductance shows, and so refused half of our sound spectra
    (tests/unit/test_impedance.py); a chain of RC elements cannot imitate unsound data at any order.

    Raises:
        InvalidInputError: c outside 0-1, highest order below 1, elements per decade below 0.
    """
    if not 0.0 < c_ratio < 1.0:
        raise InvalidInputError(f"c_ratio is {c_ratio}; it must lie between 0 and 1")
    if max_order < 1:
        raise InvalidInputError(f"max_order is {max_order}; it must be at least 1")
    if not elements_per_decade >= 0.0:
        raise InvalidInputError(
            f"elements_per_decade is {elements_per_decade}; it must be at least 0"
        )
    highest = min(max_order, spectrum.frequency_hz.size)
    decades = float(np.log10(spectrum.frequency_hz.max() / spectrum.frequency_hz.min()))
    lowest = min(highest, round(elements_per_decade * decades))
    modulus = np.abs(spectrum.z_ohm)
    order, mu_ratio = max(0, lowest - 1), 1.0
    fitted = np.empty(0, dtype=np.complex128)
    while mu_ratio > c_ratio and order < highest:
        order += 1
        design = _design(spectrum, order, with_capacitance) / modulus[:, np.newaxis]
        coefficients = _coefficients(design, spectrum.z_ohm / modulus, order, part)
        mu_ratio = _mu_ratio(coefficients[1 : order + 1])
        fitted = (design @ coefficients) * modulus
    residual = (spectrum.z_ohm - fitted) / modulus
    both = np.concatenate([residual.real, residual.imag])
    return LinKkResult(
        order=order,
        mu_ratio=mu_ratio,
        converged=mu_ratio <= c_ratio,
        fitted_z_ohm=fitted,
        residual_ratio=residual,
        rms_residual_ratio=float(np.sqrt(np.mean(both**2))),
        max_residual_ratio=float(np.max(np.abs(both))),
    )


def _design(spectrum: Spectrum, order: int, with_capacitance: bool) -> ComplexArray:
    """Return the columns R, RC chain (order), L and perhaps 1/C: (n, order + 2 or + 3)."""
    omega = 2.0 * np.pi * spectrum.frequency_hz
    shortest, longest = 1.0 / omega.max(), 1.0 / omega.min()
    tau_s: FloatArray = np.geomspace(shortest, longest, order)
    columns = [np.ones((omega.size, 1)), 1.0 / (1.0 + 1j * omega[:, np.newaxis] * tau_s)]
    columns.append(1j * omega[:, np.newaxis])
    if with_capacitance:
        columns.append(-1j / omega[:, np.newaxis])
    return np.hstack(columns).astype(np.complex128)


def _coefficients(
    design: ComplexArray, target: ComplexArray, order: int, part: FitPart
) -> FloatArray:
    """Return R, chain, L, (1/C); a part that is blind to one takes it from the other part."""
    if part == "complex":
        both = np.vstack([design.real, design.imag])
        return _solved(both, np.concatenate([target.real, target.imag]))
    own, other = (design.real, design.imag) if part == "real" else (design.imag, design.real)
    own_target, other_target = (
        (target.real, target.imag) if part == "real" else (target.imag, target.real)
    )
    blind = np.zeros(design.shape[1], dtype=bool)
    blind[np.arange(order + 1, design.shape[1]) if part == "real" else 0] = True
    coefficients = np.zeros(design.shape[1])
    coefficients[~blind] = _solved(own[:, ~blind], own_target)
    rest = other_target - other @ coefficients
    coefficients[blind] = _solved(other[:, blind], rest)
    return coefficients


def _solved(design: FloatArray, target: FloatArray) -> FloatArray:
    """Return the least squares solution; columns of equal norm keep ohm and henry comparable."""
    norm = np.linalg.norm(design, axis=0)
    return np.asarray(np.linalg.lstsq(design / norm, target, rcond=None)[0] / norm)


def _mu_ratio(resistance_ohm: FloatArray) -> float:
    negative = float(-resistance_ohm[resistance_ohm < 0.0].sum())
    positive = float(resistance_ohm[resistance_ohm >= 0.0].sum())
    return 1.0 - negative / positive if positive > 0.0 else 0.0
