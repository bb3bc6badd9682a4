"""Fits a circuit of `grammar.py` to a spectrum from many starts, with what the fit can tell.

Unknowns: ln magnitude in ohm, ln tau, exponent of each element; an inductor or resistor in series
by its share of the largest modulus instead, because it may well be nothing.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.quality.descent import Ends, descend
from services.quality.elements import Frequencies, impedance
from services.quality.grammar import Element, Series, elements_of, parse_circuit
from services.quality.spectra import ComplexArray, FloatArray, Spectrum
from services.quality.startvalues import starts
from shared.errors import InvalidInputError

ARC_EXPONENT = (0.5, 1.0)  # below a half an arc is diffusion, which has elements of its own
TAIL_EXPONENT = (0.2, 1.0)
TAU_MARGIN = 100.0  # arcs may lie this factor outside the measured band; further out nothing shows
Weighting = Literal["modulus", "unit"]
CHI2_LIMIT_RATIO = 2e-4  # about 1.4 % rms; a real pellet fits at 1e-4, a wrong circuit at 1e-3
LEAST_SHARE, MOST_SHARE = 1e-12, 2.0
LEAST_MAGNITUDE, MOST_MAGNITUDE = 1e-10, 1e6  # of the largest modulus
SAME_OPTIMUM_RATIO = 1.01
SURE_STARTS = 3  # that agree; a lone start at the best optimum may have missed a better one
IDENTIFIABLE_RATIO = 0.1
UNITS = {"R": "ohm", "L": "h", "C": "f", "Q": "s^n/ohm", "W": "ohm/s^0.5"}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One fitted parameter, named `R1` by kind and place, `R2.tau` for what else its element has.

    `is_identifiable`: the standard error is at most a tenth of the value (of an exponent: 0.1), and
    the value lies at no bound.
    """

    name: str
    value: float
    unit: str
    standard_error: float
    is_identifiable: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelFit:
    """A fitted circuit. `covariance` (p, p) is of the parameters as they stand.

    `chi2_ratio`: sum of |(Z - fit) / Z|^2 over the degrees of freedom. `agreeing_starts`: refined
    starts that ended within 1 % of the best chi2, of `refined_starts`.
    """

    circuit: Series
    parameters: tuple[Parameter, ...]
    covariance: FloatArray
    chi2_ratio: float
    agreeing_starts: int
    refined_starts: int
    fitted_z_ohm: ComplexArray


def fit_model(
    spectrum: Spectrum,
    circuit: Series | str,
    *,
    drawn_starts: int = 64,
    refined_starts: int = 6,
    seed: int = 0,
    weighting: Weighting = "modulus",
) -> ModelFit:
    """Return the best fit, the same for the same seed; `unit` weights all points alike.

    Where fewer than three starts ended at the best optimum or its chi2 is above CHI2_LIMIT_RATIO,
    four times as many are drawn. Whether the chi2 is good enough is for the caller to judge.

    Raises:
        InvalidInputError: words that are no circuit; fewer real numbers measured than the circuit
            has parameters plus one.
    """
    parsed = parse_circuit(circuit) if isinstance(circuit, str) else circuit
    count, points = parsed.parameter_count, spectrum.frequency_hz.size
    freedom = 2 * points - count
    if freedom < 1:
        raise InvalidInputError(
            f"{spectrum.name}: {points} points for {count} parameters; a fit needs at least "
            f"{count // 2 + 1} points"
        )
    problem = _Problem(spectrum, parsed, weighting)
    random = np.random.default_rng(seed)
    ends = problem.descended(drawn_starts, refined_starts, random)
    if _agreeing(ends) < SURE_STARTS or ends.lowest > 0.5 * CHI2_LIMIT_RATIO * freedom:
        more = problem.descended(4 * drawn_starts, 2 * refined_starts, random)
        ends = ends if ends.lowest <= more.lowest else more
    best = ends.unknowns[ends.best]
    chi2 = 2.0 * ends.lowest / freedom
    parameters, covariance = problem.parameters(best, chi2 * _inverse_normal(ends.jacobian))
    return ModelFit(
        circuit=parsed,
        parameters=parameters,
        covariance=covariance,
        chi2_ratio=chi2,
        agreeing_starts=_agreeing(ends),
        refined_starts=ends.cost.size,
        fitted_z_ohm=problem.z(best[np.newaxis])[0][0],
    )


class _Problem:
    """One spectrum and one circuit as least squares."""

    def __init__(self, spectrum: Spectrum, circuit: Series, weighting: Weighting) -> None:
        self._circuit, self._z = circuit, spectrum.z_ohm
        modulus = np.abs(spectrum.z_ohm)
        self._weight = 1.0 / (
            modulus if weighting == "modulus" else np.full_like(modulus, modulus.mean())
        )
        self._frequencies = Frequencies(spectrum.frequency_hz)
        self._scale_ohm = float(np.abs(spectrum.z_ohm).max())
        omega = self._frequencies.omega
        self._ln_tau = (
            float(-np.log(TAU_MARGIN * omega.max())),
            float(np.log(TAU_MARGIN / omega.min())),
        )
        self._linear = self._linear_places()
        self.low, self.high = self._bounds()

    def descended(self, drawn: int, kept: int, random: np.random.Generator) -> Ends:
        begun = starts(
            self._circuit,
            self._frequencies,
            self._z,
            self._weight,
            self._ln_tau,
            drawn,
            kept,
            random,
        )
        begun[:, self._linear] = np.exp(begun[:, self._linear]) / self._scale_ohm
        return descend(self.residuals, begun, self.low, self.high)

    def z(self, unknowns: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        """Return Z (s, n) and its derivatives (s, p, n)."""
        logarithmic = unknowns.copy()
        logarithmic[:, self._linear] = np.log(unknowns[:, self._linear] * self._scale_ohm)
        z, slopes = impedance(self._circuit, self._frequencies, logarithmic)
        slopes[:, self._linear] /= unknowns[:, self._linear, np.newaxis]
        return z, slopes

    def residuals(self, unknowns: FloatArray) -> tuple[FloatArray, FloatArray]:
        z, slopes = self.z(unknowns)
        residual, slopes = (z - self._z) * self._weight, slopes * self._weight
        return (
            np.concatenate([residual.real, residual.imag], axis=1),
            np.concatenate([slopes.real, slopes.imag], axis=2),
        )

    def _linear_places(self) -> list[int]:
        places, at = [], 0
        for member in self._circuit.members:
            if isinstance(member, Element) and member.kind in ("L", "R"):
                places.append(at)
            at += member.parameter_count
        return places

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        bounds: list[tuple[float, float]] = []
        ln_scale = float(np.log(self._scale_ohm))
        magnitude = (
            ln_scale + float(np.log(LEAST_MAGNITUDE)), ln_scale + float(np.log(MOST_MAGNITUDE))
        )  # fmt: skip
        for element in elements_of(self._circuit):
            bounds.append(magnitude)
            if element.has_tau:
                bounds.append(self._ln_tau)
            if element.has_exponent:
                bounds.append(ARC_EXPONENT if element.kind == "arc" else TAIL_EXPONENT)
        low, high = np.array(bounds).T.copy()
        low[self._linear], high[self._linear] = LEAST_SHARE, MOST_SHARE
        return low, high

    def parameters(
        self, unknowns: FloatArray, covariance: FloatArray
    ) -> tuple[tuple[Parameter, ...], FloatArray]:
        """Return the parameters in their own units and their covariance."""
        values = np.empty(unknowns.size)
        slopes = np.zeros((unknowns.size, unknowns.size))
        named: list[tuple[str, str]] = []
        for number, element in enumerate(elements_of(self._circuit), start=1):
            at = len(named)
            self._of_element(element, at, unknowns, values, slopes)
            kind = "R" if element.kind in ("arc", "semicircle") else element.kind
            named.append((f"{kind}{number}", UNITS.get(kind, "ohm")))
            if element.has_tau:
                named.append((f"{kind}{number}.tau", "s"))
            if element.has_exponent:
                named.append((f"{kind}{number}.n", "ratio"))
        own = slopes @ covariance @ slopes.T
        errors = np.sqrt(np.maximum(np.diag(own), 0.0))
        inside = (unknowns > self.low + 1e-9) & (unknowns < self.high - 1e-9)
        inside |= np.array([unit == "ratio" for _, unit in named])  # an n of 1 is a capacitor
        parameters = tuple(
            Parameter(
                name=name,
                value=float(values[at]),
                unit=unit,
                standard_error=float(errors[at]),
                is_identifiable=bool(
                    inside[at]
                    and errors[at] <= IDENTIFIABLE_RATIO * (1.0 if unit == "ratio" else values[at])
                ),
            )
            for at, (name, unit) in enumerate(named)
        )
        return parameters, own

    def _of_element(
        self,
        element: Element,
        at: int,
        unknowns: FloatArray,
        values: FloatArray,
        slopes: FloatArray,
    ) -> None:
        """Set value and derivatives by the unknowns of one element's parameters."""
        if at in self._linear:
            magnitude, slope = unknowns[at] * self._scale_ohm, self._scale_ohm
        else:
            magnitude = slope = float(np.exp(unknowns[at]))
        middle, highest = self._frequencies.middle, self._frequencies.highest
        values[at], slopes[at, at] = magnitude, slope
        if element.kind == "L":
            values[at], slopes[at, at] = magnitude / highest, slope / highest
        elif element.kind == "W":
            root = float(np.sqrt(0.5 * middle))
            values[at], slopes[at, at] = magnitude * root, slope * root
        elif element.kind == "C":
            values[at] = 1.0 / (magnitude * middle)
            slopes[at, at] = -values[at] * slope / magnitude
        elif element.kind == "Q":
            values[at] = 1.0 / (magnitude * middle ** unknowns[at + 1])
            slopes[at, at] = -values[at] * slope / magnitude
            slopes[at, at + 1] = -values[at] * np.log(middle)
        place = at + 1
        if element.has_tau:
            values[place] = slopes[place, place] = float(np.exp(unknowns[place]))
            place += 1
        if element.has_exponent:
            values[place], slopes[place, place] = unknowns[place], 1.0


def _agreeing(ends: Ends) -> int:
    return int(np.sum(ends.cost <= SAME_OPTIMUM_RATIO * ends.lowest))


def _inverse_normal(jacobian: FloatArray) -> FloatArray:
    """Return (J J^T)^-1 of J (p, m), scaled; unmeasured directions as pseudo-inverse."""
    norm = np.maximum(np.linalg.norm(jacobian, axis=1), np.finfo(np.float64).tiny)
    scaled = jacobian / norm[:, np.newaxis]
    inverse = np.linalg.pinv(scaled @ scaled.T, rcond=1e-13, hermitian=True)
    return np.asarray(inverse / np.outer(norm, norm))
