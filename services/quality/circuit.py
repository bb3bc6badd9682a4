"""Owns the standard circuits of cells and pellets: inductor, resistor, arcs and a tail in series.

An arc is written R / (1 + (j w tau)^n) with tau = (R Q)^(1/n), so that arcs carry their own label.
How a circuit is fitted stands in `modelfit.py`; here its parameters get their meaning.
"""

from dataclasses import dataclass

import numpy as np

from services.quality.modelfit import CHI2_LIMIT_RATIO, ModelFit, fit_model
from services.quality.spectra import ComplexArray, FloatArray, Spectrum


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
        return self._first_arc + 3 * self.arcs + 2 * int(self.tail)

    @property
    def words(self) -> str:
        """Return the circuit as `grammar.py` reads it."""
        before = ["L"] * int(self.inductor) + ["R"] * int(self.resistor)
        return "-".join(before + ["p(R,Q)"] * self.arcs + ["Q"] * int(self.tail))

    @property
    def _first_arc(self) -> int:
        return int(self.inductor) + int(self.resistor)

    def arc_places(self) -> list[int]:
        """Return where each arc's resistance stands among the parameters; tau and n follow it."""
        return [self._first_arc + 3 * index for index in range(self.arcs)]


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
    starts that ended within 1 % of the best chi2, of `refined_starts`. `tail_q_s_n_per_ohm`: Q of
    the tail 1 / (Q (j w)^n) in s^n/ohm.
    """

    inductance_h: float
    series_resistance_ohm: float
    arcs: tuple[Arc, ...]
    tail_q_s_n_per_ohm: float
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
    seed: int = 0,
) -> FitOutcome:
    """Return the best fit of `circuit` under modulus weighting, the same for the same seed.

    A chi2 above the limit is no result: one start in seven met the optimum on a real pellet
    (testing-cells.md section 1), so a bad chi2 says that the numbers mean nothing.

    Raises:
        InvalidInputError: fewer real numbers measured than the circuit has parameters plus one.
    """
    found = fit_model(spectrum, circuit.words, seed=seed)
    chi2 = found.chi2_ratio
    if not chi2 <= chi2_limit_ratio:
        reason = (
            f"{spectrum.name}: chi2 {chi2:.3g} is above its limit {chi2_limit_ratio:.3g}, so the "
            "circuit does not describe this spectrum; look at the contacts or the circuit"
        )
        return FitOutcome(fit=None, reason=reason, chi2_ratio=chi2)
    return FitOutcome(fit=_named(circuit, found), reason=None, chi2_ratio=chi2)


def _named(circuit: Circuit, found: ModelFit) -> CircuitFit:
    """Return a fit with its arcs from the fastest to the slowest."""
    value = [parameter.value for parameter in found.parameters]
    places = sorted(circuit.arc_places(), key=lambda place: value[place + 1])
    arcs = tuple(
        Arc(
            resistance_ohm=value[place],
            standard_error_ohm=found.parameters[place].standard_error,
            tau_s=value[place + 1],
            exponent_ratio=value[place + 2],
        )
        for place in places
    )
    resistor = int(circuit.inductor)
    chosen = np.array([resistor, *places])
    covariance = found.covariance[np.ix_(chosen, chosen)].copy()
    if not circuit.resistor:
        covariance[0, :] = covariance[:, 0] = 0.0
    return CircuitFit(
        inductance_h=value[0] if circuit.inductor else 0.0,
        series_resistance_ohm=value[resistor] if circuit.resistor else 0.0,
        arcs=arcs,
        tail_q_s_n_per_ohm=value[-2] if circuit.tail else 0.0,
        tail_exponent_ratio=value[-1] if circuit.tail else 0.0,
        resistance_covariance_ohm2=covariance,
        chi2_ratio=found.chi2_ratio,
        agreeing_starts=found.agreeing_starts,
        refined_starts=found.refined_starts,
        fitted_z_ohm=found.fitted_z_ohm,
    )
