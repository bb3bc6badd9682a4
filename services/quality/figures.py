"""Owns the figures that quality computes itself from spectra: validity, resistances, conductivity.

The fits need scipy, which is large: it is imported with the first spectrum, not with the service.
"""

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from services.quality.domain import Mode
from shared.errors import InvalidInputError
from shared.events import SpectrumMeasured
from shared.facts import TestResult
from shared.units import display_unit, to_kelvin

if TYPE_CHECKING:
    from services.quality.impedance import ImpedanceResult
    from services.quality.linkk import LinKkResult
    from services.quality.relaxation import RelaxationTimes
    from services.quality.spectra import Spectrum

MODEL_VERSION = "2"  # of the tests and circuits below; kept with every figure
MOST_POINTS = 2000  # the Kramers-Kronig chain needs memory for points times elements
ACTIVATION_EV = 0.1876  # of ln sigma, from 8.3e-3 and 3.6e-2 S/cm at 25 and 100 degC (paper L62)
BOLTZMANN_EV_PER_K = 8.617333e-5
REFERENCE_DEGC = 25.0

KK_RESIDUAL = "kk_residual_ratio"
FIT_CHI2 = "fit_chi2_ratio"
INTERFACE_ASR = "interface_asr_ohm_cm2"
INTERFACE_ASR_ERROR = "interface_asr_error_ohm_cm2"
IONIC_RESISTANCE = "ionic_resistance_ohm"
CONDUCTIVITY = "ionic_conductivity_s_per_cm"
CONDUCTIVITY_ERROR = "ionic_conductivity_error_s_per_cm"
CONDUCTIVITY_25 = "ionic_conductivity_25degc_s_per_cm"
OF_MODE: dict[Mode, tuple[str, ...]] = {
    "cell": (KK_RESIDUAL, FIT_CHI2, INTERFACE_ASR, INTERFACE_ASR_ERROR, IONIC_RESISTANCE),
    "blocking": (
        KK_RESIDUAL,
        FIT_CHI2,
        IONIC_RESISTANCE,
        CONDUCTIVITY,
        CONDUCTIVITY_ERROR,
        CONDUCTIVITY_25,
    ),
}
CANNOT_BE_COMPUTED = (InvalidInputError, ValueError, ArithmeticError)


@dataclass(frozen=True, kw_only=True)
class KkOptions:
    """How the Kramers-Kronig test is run; see `linkk.kramers_kronig_test`."""

    c_ratio: float = 0.85
    part: Literal["real", "imag", "complex"] = "complex"
    elements_per_decade: float = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class SpectrumReport:
    """The two judgements of one spectrum, as objects and as a record for people and programs."""

    kk: "LinKkResult"
    fit: "ImpedanceResult"
    circuit: str
    relaxation: "RelaxationTimes"

    def record(self) -> dict[str, Any]:
        """Return the figures with units in their names; None where the fit is no result."""
        fit, kk = self.fit, self.kk
        ionic, interface = fit.ionic, fit.interface
        return {
            "kk": {
                "order_count": kk.order,
                "mu_ratio": kk.mu_ratio,
                "converged": kk.converged,
                "rms_residual_ratio": kk.rms_residual_ratio,
                "max_residual_ratio": kk.max_residual_ratio,
                "fitted_z_real_ohm": kk.fitted_z_ohm.real.tolist(),
                "fitted_z_imag_ohm": kk.fitted_z_ohm.imag.tolist(),
            },
            "fit": {
                "circuit": self.circuit,
                "chi2_ratio": fit.chi2_ratio,
                "reason": fit.reason,
                "ionic_ohm": None if ionic is None else ionic.resistance_ohm,
                "ionic_error_ohm": None if ionic is None else ionic.standard_error_ohm,
                "interface_ohm": None if interface is None else interface.resistance_ohm,
                "interface_error_ohm": None if interface is None else interface.standard_error_ohm,
                "arcs": [
                    {
                        "tau_s": arc.tau_s,
                        "resistance_ohm": arc.resistance_ohm,
                        "resistance_error_ohm": arc.standard_error_ohm,
                        "exponent_ratio": arc.exponent_ratio,
                    }
                    for arc in (() if fit.circuit_fit is None else fit.circuit_fit.arcs)
                ],
            },
            "relaxation_times": self.relaxation.record(),
        }


def parsed(name: str, content: bytes) -> "Spectrum":
    """Return the spectrum of a file.

    Raises:
        InvalidInputError: the file cannot be read, or has too many points; names file and field.
    """
    from services.quality.spectra import read_spectrum

    return _of_size(read_spectrum(name, content))


def report(
    spectrum: "Spectrum", mode: Mode, options: KkOptions, interface_tau_min_s: float
) -> SpectrumReport:
    """Test and fit a spectrum; takes up to some seconds, so call it off the event loop.

    A cell is fitted without a diffusion tail first; with one where that is no result; and where
    two arcs cannot be named either, with the interface's arc alone.

    Raises:
        InvalidInputError: an option out of its limits, too few points for the circuit, a sweep with
            a decade left out, values that stand still, an imaginary part of the wrong sign.
    """
    from services.quality.linkk import LinKkResult, kramers_kronig_test
    from services.quality.relaxation import relaxation_times
    from services.quality.spectrumdoubts import require_sign, require_sound

    def tested(one: "Spectrum") -> LinKkResult:
        return kramers_kronig_test(
            one,
            c_ratio=options.c_ratio,
            part=options.part,
            elements_per_decade=options.elements_per_decade,
            with_capacitance=mode == "blocking",
        )

    require_sound(spectrum)
    kk = tested(spectrum)
    require_sign(spectrum, kk, tested)
    fit, circuit = _fitted(spectrum, mode, interface_tau_min_s)
    relaxation = relaxation_times(spectrum, with_capacitance=mode == "blocking")
    return SpectrumReport(kk=kk, fit=fit, circuit=circuit, relaxation=relaxation)


def _fitted(
    spectrum: "Spectrum", mode: Mode, interface_tau_min_s: float
) -> tuple["ImpedanceResult", str]:
    from services.quality.impedance import fit_blocking_pellet, fit_cell

    if mode == "blocking":
        return fit_blocking_pellet(spectrum), "L-R-RQ-Q"
    plain = fit_cell(spectrum, interface_tau_min_s=interface_tau_min_s)
    if plain.interface is not None:
        return plain, "L-R-RQ-RQ"
    tailed = fit_cell(spectrum, with_diffusion=True, interface_tau_min_s=interface_tau_min_s)
    if tailed.interface is not None:
        return tailed, "L-R-RQ-RQ-Q"
    single = fit_cell(spectrum, electrolyte_arc=False, interface_tau_min_s=interface_tau_min_s)
    if single.interface is not None:
        return single, "L-R-RQ-Q"
    return plain, "L-R-RQ-RQ"


def chosen_circuit(spectrum: "Spectrum", words: str) -> dict[str, Any]:
    """Return the record of a fit of any circuit, for people to look at; no gate uses it.

    Raises:
        InvalidInputError: words that are no circuit, too few points for it.
    """
    from services.quality.modelfit import CHI2_LIMIT_RATIO, fit_model

    found = fit_model(spectrum, words)
    return {
        "circuit": words,
        "chi2_ratio": found.chi2_ratio,
        "is_described": found.chi2_ratio <= CHI2_LIMIT_RATIO,
        "agreeing_starts_count": found.agreeing_starts,
        "refined_starts_count": found.refined_starts,
        "parameters": [asdict(parameter) for parameter in found.parameters],
        "fitted_z_real_ohm": found.fitted_z_ohm.real.tolist(),
        "fitted_z_imag_ohm": found.fitted_z_ohm.imag.tolist(),
    }


def spectrum_figures(
    event: SpectrumMeasured, thickness_um: float | None, interface_tau_min_s: float
) -> tuple[list[TestResult], dict[str, Any] | None]:
    """Return the figures of a measured spectrum and its record; never fails.

    `thickness_um` is the pellet's own from the gauge. What cannot be computed is None with the
    reason.
    """
    try:
        spectrum = _of_size(_spectrum_of(event))
        found = report(spectrum, event.mode, KkOptions(), interface_tau_min_s)
        results = [*_kk_figures(event.lot_id, found.kk), *_fit_figures(event, found, thickness_um)]
    except CANNOT_BE_COMPUTED as error:
        return [unknown(event.lot_id, name, str(error)) for name in OF_MODE[event.mode]], None
    return results, found.record()


def at_25_degc(conductivity_s_per_cm: float, temperature_degc: float) -> float:
    """Return the conductivity at 25 degC by ln sigma = c - Ea / (k T), Ea 0.1876 eV (paper L62).

    Raises:
        InvalidInputError: the temperature is below absolute zero.
    """
    inverse = 1.0 / to_kelvin(temperature_degc) - 1.0 / to_kelvin(REFERENCE_DEGC)
    return conductivity_s_per_cm * math.exp(ACTIVATION_EV / BOLTZMANN_EV_PER_K * inverse)


def figure(
    lot_id: str, characteristic: str, value: float | str | None, reason: str | None = None
) -> TestResult:
    """Return a figure whose unit is its name's suffix."""
    return TestResult(
        lot_id=lot_id,
        characteristic=characteristic,
        value=value,
        unit=display_unit(characteristic),
        reason=reason,
    )


def unknown(lot_id: str, characteristic: str, reason: str) -> TestResult:
    return figure(lot_id, characteristic, None, reason)


def _of_size(spectrum: "Spectrum") -> "Spectrum":
    if spectrum.frequency_hz.size > MOST_POINTS:
        raise InvalidInputError(
            f"{spectrum.name}: {spectrum.frequency_hz.size} points; at most {MOST_POINTS} are "
            "evaluated"
        )
    return spectrum


def _spectrum_of(event: SpectrumMeasured) -> "Spectrum":
    from services.quality.spectra import spectrum_from_arrays

    lengths = {len(event.frequency_hz), len(event.z_real_ohm), len(event.z_imag_ohm)}
    if len(lengths) != 1:
        raise InvalidInputError(
            f"{event.spectrum_id}: frequency_hz has {len(event.frequency_hz)} values, z_real_ohm "
            f"{len(event.z_real_ohm)}, z_imag_ohm {len(event.z_imag_ohm)}; they must be as many"
        )
    z_ohm = [complex(*parts) for parts in zip(event.z_real_ohm, event.z_imag_ohm, strict=True)]
    return spectrum_from_arrays(event.spectrum_id, event.frequency_hz, z_ohm)


def _kk_figures(lot_id: str, kk: "LinKkResult") -> list[TestResult]:
    if kk.converged:
        return [figure(lot_id, KK_RESIDUAL, kk.rms_residual_ratio)]
    reason = (
        f"Kramers-Kronig test did not converge: mu {kk.mu_ratio:.3g} with {kk.order} elements, "
        f"rms residual {kk.rms_residual_ratio:.3g}"
    )
    return [unknown(lot_id, KK_RESIDUAL, reason)]


def _fit_figures(
    event: SpectrumMeasured, found: SpectrumReport, thickness_um: float | None
) -> list[TestResult]:
    lot_id, ionic = event.lot_id, found.fit.ionic
    results = [figure(lot_id, FIT_CHI2, found.fit.chi2_ratio)]
    if ionic is None:
        names = [name for name in OF_MODE[event.mode] if name not in (KK_RESIDUAL, FIT_CHI2)]
        reason = found.fit.reason or "the fit is no result"
        return results + [unknown(lot_id, name, reason) for name in names]
    results.append(figure(lot_id, IONIC_RESISTANCE, ionic.resistance_ohm))
    if event.mode == "blocking":
        return results + _conductivity_figures(event, found.fit, thickness_um)
    return results + _interface_figures(event, found.fit)


def _interface_figures(event: SpectrumMeasured, fit: "ImpedanceResult") -> list[TestResult]:
    from services.quality.impedance import interface_asr_ohm_cm2

    names = (INTERFACE_ASR, INTERFACE_ASR_ERROR)
    faces: Literal[1, 2] | None = {1: 1, 2: 2}.get(event.faces or 0)  # type: ignore[assignment]
    if fit.interface is None or event.area_cm2 is None or faces is None:
        reason = (
            f"area_cm2 is {_shown(event.area_cm2)}, faces is {_shown(event.faces)}; an area "
            "specific resistance needs the area and 1 or 2 faces"
        )
        return [unknown(event.lot_id, name, reason) for name in names]
    ohms = (fit.interface.resistance_ohm, fit.interface.standard_error_ohm)
    return [
        figure(event.lot_id, name, interface_asr_ohm_cm2(ohm, event.area_cm2, faces))
        for name, ohm in zip(names, ohms, strict=True)
    ]


def _conductivity_figures(
    event: SpectrumMeasured, fit: "ImpedanceResult", thickness_um: float | None
) -> list[TestResult]:
    from services.quality.impedance import conductivity

    names = (CONDUCTIVITY, CONDUCTIVITY_ERROR, CONDUCTIVITY_25)
    if fit.ionic is None or thickness_um is None or event.area_cm2 is None:
        reason = (
            f"thickness_um of the pellet is {_shown(thickness_um)}, area_cm2 is "
            f"{_shown(event.area_cm2)}; a conductivity needs both as measured"
        )
        return [unknown(event.lot_id, name, reason) for name in names]
    found = conductivity(
        thickness_um,
        event.area_cm2,
        fit.ionic.resistance_ohm,
        resistance_error_ohm=fit.ionic.standard_error_ohm,
    )
    results = [
        figure(event.lot_id, CONDUCTIVITY, found.conductivity_s_per_cm),
        figure(event.lot_id, CONDUCTIVITY_ERROR, found.standard_error_s_per_cm),
    ]
    if event.temperature_degc is None:
        return [*results, unknown(event.lot_id, CONDUCTIVITY_25, "temperature_degc is unknown")]
    value = at_25_degc(found.conductivity_s_per_cm, event.temperature_degc)
    return [*results, figure(event.lot_id, CONDUCTIVITY_25, value)]


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"
