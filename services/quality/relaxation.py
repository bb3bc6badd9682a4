"""The distribution of relaxation times: which processes a spectrum shows, without a circuit.

Z = R + j w L (+ 1/(j w C)) + integral of gamma / (1 + j w tau) over ln tau; gamma is not negative,
its second derivative is penalised by lambda. Lambda is the one with the least modified generalised
cross-validation score, Cummins, Filloon, Nychka, J. Am. Stat. Assoc. 96 (2001) 233-246, which
does not take noise for processes as the plain score of Golub, Heath, Wahba (1979) may.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import nnls

from services.quality.spectra import ComplexArray, FloatArray, Spectrum

TAUS_PER_DECADE = 8
MARGIN = 10.0  # time constants lie this factor outside the measured band on both sides
LAMBDAS = np.geomspace(1e-8, 1e1, 28)  # beside a design whose columns have norm about 1
CAUTION = 2.0  # how much dearer a degree of freedom is than in the plain score
SMALLEST_ARC_RATIO = 0.05  # of the whole; a depressed arc has side lobes of some per cent


@dataclass(frozen=True, kw_only=True)
class DrtArc:
    """One process: its resistance and the mean of ln tau over its peak.

    `is_within_band`: tau lies within the measured frequencies; outside them it is extrapolated.
    """

    tau_s: float
    resistance_ohm: float
    is_within_band: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class RelaxationTimes:
    """`gamma_ohm` (k,) over `tau_s` (k,), per unit of ln tau; arcs from the fastest."""

    tau_s: FloatArray
    gamma_ohm: FloatArray
    series_resistance_ohm: float
    inductance_h: float
    lambda_ratio: float
    rms_residual_ratio: float
    arcs: tuple[DrtArc, ...]

    def record(self) -> dict[str, Any]:
        """Return the figures with units in their names."""
        return {
            "tau_s": self.tau_s.tolist(),
            "gamma_ohm": self.gamma_ohm.tolist(),
            "series_resistance_ohm": self.series_resistance_ohm,
            "inductance_h": self.inductance_h,
            "lambda_ratio": self.lambda_ratio,
            "rms_residual_ratio": self.rms_residual_ratio,
            "arcs": [
                {
                    "tau_s": arc.tau_s,
                    "resistance_ohm": arc.resistance_ohm,
                    "is_within_band": arc.is_within_band,
                }
                for arc in self.arcs
            ],
        }


def relaxation_times(spectrum: Spectrum, *, with_capacitance: bool = False) -> RelaxationTimes:
    """Return the distribution under modulus weighting; `with_capacitance` for blocking contacts."""
    omega = 2.0 * np.pi * spectrum.frequency_hz
    decades = float(np.log10(MARGIN**2 * omega.max() / omega.min()))
    count = round(TAUS_PER_DECADE * decades) + 1
    tau_s = np.geomspace(1.0 / (MARGIN * omega.max()), MARGIN / omega.min(), count)
    step = float(np.log(tau_s[1] / tau_s[0]))
    modulus = np.abs(spectrum.z_ohm)
    scale_ohm = float(modulus.max())
    others, units = _others(omega, with_capacitance)
    chain = (step / (1.0 + 1j * omega[:, np.newaxis] * tau_s)).astype(np.complex128)
    columns: ComplexArray = np.concatenate([chain, others], axis=1)
    design = _both(columns * (scale_ohm / modulus)[:, np.newaxis])
    target = _both(spectrum.z_ohm / modulus)
    norm = np.linalg.norm(design, axis=0)
    norm[:count] = norm[:count].mean()  # gamma stays one curve
    penalty = np.zeros((count, design.shape[1]))
    penalty[:, :count] = _bend(count)
    share = _chosen_lambda(design / norm, target, penalty)
    stacked = np.vstack([design / norm, np.sqrt(share) * penalty])
    found = nnls(stacked, np.concatenate([target, np.zeros(count)]), maxiter=50 * count)[0] / norm
    residual = design @ found - target
    gamma = found[:count] * scale_ohm
    band = (1.0 / float(omega.max()), 1.0 / float(omega.min()))
    return RelaxationTimes(
        tau_s=tau_s,
        gamma_ohm=gamma,
        series_resistance_ohm=float(found[count] * scale_ohm),
        inductance_h=float(found[count + 1] * scale_ohm * units[1]),
        lambda_ratio=share,
        rms_residual_ratio=float(np.sqrt(np.mean(residual**2))),
        arcs=_arcs(tau_s, gamma * step, band),
    )


def _others(omega: FloatArray, with_capacitance: bool) -> tuple[ComplexArray, tuple[float, ...]]:
    """Return the columns of R, L and perhaps 1/C, and the units of their coefficients."""
    columns = [np.ones(omega.size, dtype=np.complex128), 1j * omega / omega.max()]
    if with_capacitance:
        columns.append(-1j * omega.min() / omega)
    return np.column_stack(columns), (1.0, 1.0 / float(omega.max()), float(omega.min()))


def _both(values: ComplexArray) -> FloatArray:
    return np.concatenate([values.real, values.imag])


def _bend(count: int) -> FloatArray:
    """Return second differences; beyond the ends gamma is nothing."""
    return 2.0 * np.eye(count) - np.eye(count, k=1) - np.eye(count, k=-1)


def _chosen_lambda(design: FloatArray, target: FloatArray, penalty: FloatArray) -> float:
    """Return the lambda of least score: rss / (1 - caution x degrees of freedom / m)^2."""
    normal, bend, wanted = design.T @ design, penalty.T @ penalty, design.T @ target
    best, least = float(LAMBDAS[-1]), np.inf
    for share in LAMBDAS:
        matrix = normal + share * bend
        matrix[np.diag_indices_from(matrix)] += 1e-12
        both = np.linalg.solve(matrix, np.column_stack([normal, wanted]))
        freedom = float(np.trace(both[:, :-1]))
        left = 1.0 - CAUTION * freedom / target.size
        residual = design @ both[:, -1] - target
        score = float(residual @ residual) / left**2 if left > 0.0 else np.inf
        if score < least:
            best, least = float(share), score
    return best


def _arcs(tau_s: FloatArray, ohm: FloatArray, band: tuple[float, float]) -> tuple[DrtArc, ...]:
    """Return the peaks, parted at the minima between them."""
    inner = ohm[1:-1]
    valleys = np.flatnonzero((inner <= ohm[:-2]) & (inner < ohm[2:])) + 1
    arcs = []
    for part in np.split(np.arange(ohm.size), valleys):
        resistance = float(ohm[part].sum())
        if resistance <= SMALLEST_ARC_RATIO * float(ohm.sum()):
            continue
        mean = float(np.exp(np.average(np.log(tau_s[part]), weights=ohm[part])))
        arcs.append(
            DrtArc(
                tau_s=mean,
                resistance_ohm=resistance,
                is_within_band=band[0] <= mean <= band[1],
            )
        )
    return tuple(arcs)
