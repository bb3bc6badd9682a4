"""Owns equivalent circuits: their impedance, and the fit of one to a spectrum from many starts.

A circuit is a series of inductor, resistor, depressed arcs (R parallel to a constant phase element)
and a constant phase tail. An arc is written R / (1 + (j w tau)^n) with tau = (R Q)^(1/n), so that
arcs carry their own label. Given tau and n, all else enters linearly: starts are drawn in tau and n
only, the rest solved exactly, the best of them refined together.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares, nnls

from services.quality.spectra import ComplexArray, FloatArray, Spectrum
from shared.errors import InvalidInputError

ARC_EXPONENT = (0.5, 1.0)  # below a half an arc is diffusion, which this circuit has no element for
TAIL_EXPONENT = (0.2, 1.0)
TAU_MARGIN = 100.0  # arcs may lie this factor outside the measured band; further out nothing shows
CHI2_LIMIT_RATIO = 2e-4  # about 1.4 % rms; a real pellet fits at 1e-4, a wrong circuit at 1e-3
SMALLEST_SHARE = 1e-9  # of the largest modulus; keeps logarithms of vanished elements finite


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """Which elements stand in series: L, R0, `arcs` times RQ, and a constant phase tail."""

    inductor: bool
    resistor: bool
    arcs: int
    tail: bool

    @property
    def parameter_count(self) -> int:
        """Return the number of free parameters."""
        return int(self.inductor) + int(self.resistor) + 3 * self.arcs + 2 * int(self.tail)


@dataclass(frozen=True, kw_only=True)
class Arc:
    """One depressed arc; `tau_s` is (R Q)^(1/n)."""

    resistance_ohm: float
    standard_error_ohm: float
    tau_s: float
    exponent_ratio: float

    @property
    def q_ohm_s(self) -> float:
        """Return the constant phase coefficient Q = tau^n / R in s^n/ohm."""
        return float(self.tau_s**self.exponent_ratio / self.resistance_ohm)


@dataclass(frozen=True, kw_only=True, eq=False)
class CircuitFit:
    """A fitted circuit, arcs from the fastest to the slowest.

    `resistance_covariance_ohm2` (1 + arcs, 1 + arcs): R0 (zeros where there is none), then arcs.
    `chi2_ratio`: sum of |(Z - fit) / Z|^2 over the degrees of freedom. `agreeing_starts`: refined
    starts that ended within 1 % of the best chi2, of `refined_starts`.
    """

    inductance_h: float
    series_resistance_ohm: float
    arcs: tuple[Arc, ...]
    tail_coefficient_ohm: float
    tail_exponent_ratio: float
    resistance_covariance_ohm2: FloatArray
    chi2_ratio: float
    agreeing_starts: int
    refined_starts: int
    fitted_z_ohm: ComplexArray

    def resistance_sum(self, arcs: int) -> tuple[float, float]:
        """Return R0 plus the fastest `arcs` arcs and its standard error, both in ohm.

        The covariance is kept: R0 and an arc at the edge of the band cannot be told apart, their
        sum can (testing-cells.md section 1).
        """
        share = np.array([1.0] + [1.0] * arcs + [0.0] * (len(self.arcs) - arcs))
        total = self.series_resistance_ohm + sum(arc.resistance_ohm for arc in self.arcs[:arcs])
        variance = float(share @ self.resistance_covariance_ohm2 @ share)
        return total, float(np.sqrt(max(variance, 0.0)))


@dataclass(frozen=True, kw_only=True)
class FitOutcome:
    """A fit, or None and the reason why there is none; `chi2_ratio` is told in both cases."""

    fit: CircuitFit | None
    reason: str | None
    chi2_ratio: float


def fit_circuit(
    spectrum: Spectrum,
    circuit: Circuit,
    *,
    chi2_limit_ratio: float = CHI2_LIMIT_RATIO,
    drawn_starts: int = 400,
    refined_starts: int = 8,
    seed: int = 0,
) -> FitOutcome:
    """Return the best fit of `circuit` under modulus weighting, the same for the same seed.

    A chi2 above the limit is no result: one start in seven met the optimum on a real pellet
    (testing-cells.md section 1), so a bad chi2 says that the numbers mean nothing.

    Raises:
        InvalidInputError: fewer real numbers measured than the circuit has parameters plus one.
    """
    freedom = 2 * spectrum.frequency_hz.size - circuit.parameter_count
    if freedom < 1:
        raise InvalidInputError(
            f"{spectrum.name}: {spectrum.frequency_hz.size} points for {circuit.parameter_count} "
            f"parameters; a fit needs at least {circuit.parameter_count // 2 + 1} points"
        )
    problem = _Problem(spectrum, circuit)
    starts = problem.starts(np.random.default_rng(seed), drawn_starts)[:refined_starts]
    ends = sorted((problem.refine(start) for start in starts), key=lambda end: float(end.cost))
    best, chi2 = ends[0], 2.0 * float(ends[0].cost) / freedom
    if not chi2 <= chi2_limit_ratio:
        reason = (
            f"{spectrum.name}: chi2 {chi2:.3g} is above its limit {chi2_limit_ratio:.3g}, so the "
            "circuit does not describe this spectrum; look at the contacts or the circuit"
        )
        return FitOutcome(fit=None, reason=reason, chi2_ratio=chi2)
    agreeing = sum(float(end.cost) <= 1.01 * float(best.cost) for end in ends)
    fit = problem.fit(best.x, best.jac, chi2, agreeing, len(ends))
    return FitOutcome(fit=fit, reason=None, chi2_ratio=chi2)


class _Problem:
    """One spectrum and one circuit as least squares.

    Unknowns (p,): L and R0 over their scale, then ln R, ln tau, n of each arc, ln A and n of the
    tail, whose impedance is A (j w / w_mean)^-n, A in ohm.
    """

    def __init__(self, spectrum: Spectrum, circuit: Circuit) -> None:
        self._circuit = circuit
        self._z = spectrum.z_ohm
        self._weight = 1.0 / np.abs(spectrum.z_ohm)
        omega = 2.0 * np.pi * spectrum.frequency_hz
        self._omega = omega
        self._jw = 1j * omega
        self._tail_jw = self._jw / np.sqrt(omega.min() * omega.max())
        self._scale_ohm = float(np.abs(spectrum.z_ohm).max())
        self._scale_h = self._scale_ohm / float(omega.max())
        self._tau_range = (1.0 / (TAU_MARGIN * omega.max()), TAU_MARGIN / omega.min())

    def starts(self, random: np.random.Generator, count: int) -> list[FloatArray]:
        """Return `count` starts, the best first."""
        costs, starts = [], []
        low, high = np.log(self._tau_range)
        for _ in range(count):
            ln_tau = np.sort(random.uniform(low, high, self._circuit.arcs))
            exponent = random.uniform(0.6, 1.0, self._circuit.arcs)
            tail_exponent = float(random.uniform(0.3, 1.0))
            cost, start = self._linear_start(ln_tau, exponent, tail_exponent)
            costs.append(cost)
            starts.append(start)
        return [starts[index] for index in np.argsort(costs, kind="stable")]

    def _linear_start(
        self, ln_tau: FloatArray, exponent: FloatArray, tail_exponent: float
    ) -> tuple[float, FloatArray]:
        arcs = 1.0 / (1.0 + (self._jw[:, np.newaxis] * np.exp(ln_tau)) ** exponent)
        columns = list(arcs.T * self._scale_ohm)
        if self._circuit.tail:
            columns.append(self._scale_ohm * self._tail_jw**-tail_exponent)
        if self._circuit.resistor:
            columns.insert(0, np.full(self._jw.size, self._scale_ohm, dtype=np.complex128))
        if self._circuit.inductor:
            columns.insert(0, self._scale_h * self._jw)
        design = np.column_stack(columns) * self._weight[:, np.newaxis]
        target = self._z * self._weight
        share, cost = nnls(
            np.vstack([design.real, design.imag]), np.concatenate([target.real, target.imag])
        )
        linear = int(self._circuit.inductor) + int(self._circuit.resistor)
        start = list(np.maximum(share[:linear], SMALLEST_SHARE))
        ln_resistance = np.log(np.maximum(share[linear:], SMALLEST_SHARE) * self._scale_ohm)
        for index in range(self._circuit.arcs):
            start += [ln_resistance[index], ln_tau[index], exponent[index]]
        if self._circuit.tail:
            start += [ln_resistance[-1], tail_exponent]
        return float(cost), np.array(start)

    def refine(self, start: FloatArray) -> Any:  # scipy's OptimizeResult, which has no types
        """Return the local optimum next to `start`."""
        low, high = self._bounds()
        inside = np.clip(start, low + 1e-9, high - 1e-9)
        return least_squares(
            self._residual, inside, jac=self._jacobian, bounds=(low, high), x_scale="jac",
            xtol=1e-10, ftol=1e-10, gtol=1e-10, max_nfev=300,
        )  # fmt: skip

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        linear = int(self._circuit.inductor) + int(self._circuit.resistor)
        ln_high = float(np.log(self._scale_ohm * 1e3))
        ln_low = float(np.log(self._scale_ohm * SMALLEST_SHARE / 10.0))
        ln_tau_low, ln_tau_high = np.log(self._tau_range)
        low = [0.0] * linear + [ln_low, ln_tau_low, ARC_EXPONENT[0]] * self._circuit.arcs
        high = [2.0] * linear + [ln_high, ln_tau_high, ARC_EXPONENT[1]] * self._circuit.arcs
        if self._circuit.tail:
            low += [ln_low, TAIL_EXPONENT[0]]
            high += [ln_high, TAIL_EXPONENT[1]]
        return np.array(low), np.array(high)

    def _elements(self, x: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        """Return Z (n,) and its derivatives (n, p)."""
        derivative = np.zeros((self._jw.size, x.size), dtype=np.complex128)
        z = np.zeros(self._jw.size, dtype=np.complex128)
        at = 0
        for present, column in (
            (self._circuit.inductor, self._scale_h * self._jw),
            (self._circuit.resistor, np.full(self._jw.size, self._scale_ohm, dtype=complex)),
        ):
            if present:
                derivative[:, at] = column
                z += x[at] * column
                at += 1
        for _ in range(self._circuit.arcs):
            ln_r, ln_tau, exponent = x[at : at + 3]
            ln_power = np.log(self._jw) + ln_tau
            power = np.exp(exponent * ln_power)
            arc = np.exp(ln_r) / (1.0 + power)
            slope = -arc * power / (1.0 + power)
            derivative[:, at : at + 3] = np.column_stack([arc, exponent * slope, ln_power * slope])
            z += arc
            at += 3
        if self._circuit.tail:
            tail = np.exp(x[at]) * self._tail_jw ** -x[at + 1]
            derivative[:, at : at + 2] = np.column_stack([tail, -np.log(self._tail_jw) * tail])
            z += tail
        return z, derivative

    def _residual(self, x: FloatArray) -> FloatArray:
        residual = (self._elements(x)[0] - self._z) * self._weight
        return np.concatenate([residual.real, residual.imag])

    def _jacobian(self, x: FloatArray) -> FloatArray:
        weighted = self._elements(x)[1] * self._weight[:, np.newaxis]
        return np.vstack([weighted.real, weighted.imag])

    def fit(
        self, x: FloatArray, jacobian: FloatArray, chi2: float, agreeing: int, refined: int
    ) -> CircuitFit:
        """Return the optimum `x` in physical units, arcs sorted by tau."""
        circuit = self._circuit
        first = int(circuit.inductor) + int(circuit.resistor)
        at = [first + 3 * index for index in range(circuit.arcs)]
        at.sort(key=lambda index: float(x[index + 1]))
        # physical = gradient @ unknowns, for R0 and the sorted arcs
        gradient = np.zeros((1 + circuit.arcs, x.size))
        if circuit.resistor:
            gradient[0, first - 1] = self._scale_ohm
        for row, index in enumerate(at, start=1):
            gradient[row, index] = np.exp(x[index])
        covariance = gradient @ (chi2 * _inverse_normal(jacobian)) @ gradient.T
        errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        arcs = tuple(
            Arc(
                resistance_ohm=float(np.exp(x[index])),
                standard_error_ohm=float(errors[row]),
                tau_s=float(np.exp(x[index + 1])),
                exponent_ratio=float(x[index + 2]),
            )
            for row, index in enumerate(at, start=1)
        )
        return CircuitFit(
            inductance_h=float(x[0]) * self._scale_h if circuit.inductor else 0.0,
            series_resistance_ohm=float(x[first - 1]) * self._scale_ohm
            if circuit.resistor
            else 0.0,
            arcs=arcs,
            tail_coefficient_ohm=float(np.exp(x[-2])) if circuit.tail else 0.0,
            tail_exponent_ratio=float(x[-1]) if circuit.tail else 0.0,
            resistance_covariance_ohm2=covariance,
            chi2_ratio=chi2,
            agreeing_starts=agreeing,
            refined_starts=refined,
            fitted_z_ohm=self._elements(x)[0],
        )


def _inverse_normal(jacobian: FloatArray) -> FloatArray:
    """Return (J^T J)^-1 with the columns scaled to one, unmeasured directions as pseudo-inverse."""
    norm = np.maximum(np.linalg.norm(jacobian, axis=0), np.finfo(np.float64).tiny)
    scaled = jacobian / norm
    inverse = np.linalg.pinv(scaled.T @ scaled, rcond=1e-13, hermitian=True)
    return np.asarray(inverse / np.outer(norm, norm))
