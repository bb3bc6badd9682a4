"""Owns what a spectrum says of a cell or pellet: ionic, interface resistance, conductivity."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.quality.circuit import Circuit, CircuitFit, fit_circuit
from services.quality.modelfit import CHI2_LIMIT_RATIO
from services.quality.spectra import Spectrum
from shared.errors import InvalidInputError

RELATIVE_ERROR_LIMIT_RATIO = 0.1
CM_PER_UM = 1e-4

# Two solid faces of one pellet between the electrodes: bulk and grain boundary, blocking contacts.
TWO_ARC_PELLET = Circuit(inductor=False, resistor=False, arcs=2, tail=True)
# Au | pellet | Au, where bulk and grain boundary no longer separate (7 MHz at room temperature).
BLOCKING_PELLET = Circuit(inductor=True, resistor=True, arcs=1, tail=True)
# Na | pellet | Na or a full cell: cable, electrolyte (R0 and first arc), interface.
CELL = Circuit(inductor=True, resistor=True, arcs=2, tail=False)
CELL_WITH_DIFFUSION = Circuit(inductor=True, resistor=True, arcs=2, tail=True)
# A large cell's electrolyte arc drowns in the fixture's inductance: R0 then holds all of it.
CELL_WITHOUT_ELECTROLYTE_ARC = Circuit(inductor=True, resistor=True, arcs=1, tail=True)


@dataclass(frozen=True, kw_only=True)
class Resistance:
    """A fitted resistance and its standard error, which is the fit's own, not the fixture's."""

    resistance_ohm: float
    standard_error_ohm: float


@dataclass(frozen=True, kw_only=True)
class ImpedanceResult:
    """What a fit yields for a gate; all None with a `reason` where it may not be used.

    `ionic` is R0 plus the electrolyte's arcs and `interface` the slowest arc (None for a blocking
    electrode, which has none). `chi2_ratio` is told in any case, `circuit_fit` only when used.
    """

    ionic: Resistance | None
    interface: Resistance | None
    chi2_ratio: float
    reason: str | None
    circuit_fit: CircuitFit | None


@dataclass(frozen=True, kw_only=True)
class Conductivity:
    """Ionic conductivity and its standard error."""

    conductivity_s_per_cm: float
    standard_error_s_per_cm: float


def fit_cell(
    spectrum: Spectrum,
    *,
    with_diffusion: bool = False,
    electrolyte_arc: bool = True,
    interface_tau_min_s: float | None = None,
    chi2_limit_ratio: float = CHI2_LIMIT_RATIO,
    relative_error_limit_ratio: float = RELATIVE_ERROR_LIMIT_RATIO,
    seed: int = 0,
) -> ImpedanceResult:
    """Return the ionic and the interface resistance of a cell with solid electrolyte.

    Arcs are told apart by tau only. `interface_tau_min_s` is the plant's border between the two;
    with it, arcs that both lie on one side give no result. `with_diffusion` adds a tail; without
    `electrolyte_arc` the electrolyte is R0 alone and the circuit always has a tail.

    Raises:
        InvalidInputError: too few points for the circuit.
    """
    circuit = CELL_WITH_DIFFUSION if with_diffusion else CELL
    if not electrolyte_arc:
        circuit = CELL_WITHOUT_ELECTROLYTE_ARC
    outcome = fit_circuit(spectrum, circuit, chi2_limit_ratio=chi2_limit_ratio, seed=seed)
    if outcome.fit is None:
        return _no_result(outcome.chi2_ratio, outcome.reason)
    slow = outcome.fit.arcs[-1]
    taus_s = [arc.tau_s for arc in outcome.fit.arcs]
    if interface_tau_min_s is not None and not all(
        (tau_s >= interface_tau_min_s) == (tau_s == slow.tau_s) for tau_s in taus_s
    ):
        shown = " and ".join(f"{tau_s:.3g} s" for tau_s in taus_s)
        return _no_result(
            outcome.chi2_ratio,
            f"{spectrum.name}: time constants {shown} do not lie on both sides of "
            f"{interface_tau_min_s:.3g} s, so neither arc can be named",
        )
    interface = Resistance(
        resistance_ohm=slow.resistance_ohm, standard_error_ohm=slow.standard_error_ohm
    )
    ionic_arcs = len(outcome.fit.arcs) - 1
    return _checked(spectrum.name, outcome.fit, ionic_arcs, interface, relative_error_limit_ratio)


def fit_blocking_pellet(
    spectrum: Spectrum,
    *,
    separate_arcs: bool = False,
    chi2_limit_ratio: float = CHI2_LIMIT_RATIO,
    relative_error_limit_ratio: float = RELATIVE_ERROR_LIMIT_RATIO,
    seed: int = 0,
) -> ImpedanceResult:
    """Return the total ionic resistance of a pellet between blocking electrodes (Au/pellet/Au).

    `separate_arcs` fits bulk and grain boundary as two arcs without R0 and L, for pellets that
    resist enough to show both; each stands in `circuit_fit.arcs`, bulk first.

    Raises:
        InvalidInputError: too few points for the circuit.
    """
    circuit = TWO_ARC_PELLET if separate_arcs else BLOCKING_PELLET
    outcome = fit_circuit(spectrum, circuit, chi2_limit_ratio=chi2_limit_ratio, seed=seed)
    if outcome.fit is None:
        return _no_result(outcome.chi2_ratio, outcome.reason)
    return _checked(spectrum.name, outcome.fit, circuit.arcs, None, relative_error_limit_ratio)


def conductivity(
    thickness_um: float,
    area_cm2: float,
    resistance_ohm: float,
    *,
    thickness_error_um: float = 0.0,
    area_error_cm2: float = 0.0,
    resistance_error_ohm: float = 0.0,
) -> Conductivity:
    """Return sigma = L / (R S) (paper.txt eq. 3) from the pellet's own thickness and area.

    The `_error` arguments are standard errors, taken as independent; +-5 um on 125 um alone is 4 %.

    Raises:
        InvalidInputError: a size or resistance that is not positive, an error below 0.
    """
    _require_positive(thickness_um=thickness_um, area_cm2=area_cm2, resistance_ohm=resistance_ohm)
    _require_not_negative(
        thickness_error_um=thickness_error_um,
        area_error_cm2=area_error_cm2,
        resistance_error_ohm=resistance_error_ohm,
    )
    sigma = thickness_um * CM_PER_UM / (resistance_ohm * area_cm2)
    relative = np.hypot(
        np.hypot(thickness_error_um / thickness_um, area_error_cm2 / area_cm2),
        resistance_error_ohm / resistance_ohm,
    )
    return Conductivity(
        conductivity_s_per_cm=sigma, standard_error_s_per_cm=float(sigma * relative)
    )


def interface_asr_ohm_cm2(
    resistance_ohm: float, area_cm2: float, faces: Literal[1, 2] = 2
) -> float:
    """Return the area-specific resistance of one interface from the resistance of `faces` of them.

    A symmetric cell holds two alike interfaces in series (faces=2). The paper's `ohm cm-2` is
    ohm cm2 (process.md section 2).

    Raises:
        InvalidInputError: resistance or area not positive, faces neither 1 nor 2.
    """
    _require_positive(resistance_ohm=resistance_ohm, area_cm2=area_cm2)
    if faces not in (1, 2):
        raise InvalidInputError(f"faces is {faces}; a cell has 1 or 2 interfaces")
    return resistance_ohm * area_cm2 / faces


def _checked(
    name: str,
    fit: CircuitFit,
    ionic_arcs: int,
    interface: Resistance | None,
    relative_error_limit_ratio: float,
) -> ImpedanceResult:
    total_ohm, error_ohm = fit.resistance_sum(ionic_arcs)
    ionic = Resistance(resistance_ohm=total_ohm, standard_error_ohm=error_ohm)
    for word, found in (("ionic", ionic), ("interface", interface)):
        if found is None:
            continue
        limit_ohm = relative_error_limit_ratio * found.resistance_ohm
        if not found.standard_error_ohm <= limit_ohm:
            return _no_result(
                fit.chi2_ratio,
                f"{name}: {word} resistance {found.resistance_ohm:.4g} ohm has a standard error of "
                f"{found.standard_error_ohm:.2g} ohm; its limit is {limit_ohm:.2g} ohm, so the "
                "spectrum does not determine it",
            )
    return ImpedanceResult(
        ionic=ionic,
        interface=interface,
        chi2_ratio=fit.chi2_ratio,
        reason=None,
        circuit_fit=fit,
    )


def _no_result(chi2_ratio: float, reason: str | None) -> ImpedanceResult:
    return ImpedanceResult(
        ionic=None, interface=None, chi2_ratio=chi2_ratio, reason=reason, circuit_fit=None
    )


def _require_positive(**values: float) -> None:
    for field, value in values.items():
        if not (np.isfinite(value) and value > 0.0):
            raise InvalidInputError(f"{field} is {value}; it must be above 0")


def _require_not_negative(**values: float) -> None:
    for field, value in values.items():
        if not (np.isfinite(value) and value >= 0.0):
            raise InvalidInputError(f"{field} is {value}; it must not be below 0")
