"""Impedance: the Kramers-Kronig gate, the fits and what they may be used for."""

import numpy as np
import pytest

from services.quality.circuit import Circuit, fit_circuit
from services.quality.impedance import (
    conductivity,
    fit_blocking_pellet,
    fit_cell,
    interface_asr_ohm_cm2,
)
from services.quality.linkk import kramers_kronig_test
from services.quality.spectra import read_spectrum, spectrum_from_arrays
from shared.errors import InvalidInputError

FREQUENCY_HZ = np.geomspace(7e6, 1.0, 70)
JW = 2j * np.pi * FREQUENCY_HZ
CELL_Z = 0.2e-6 * JW + 6.0 + 14.0 / (1 + (JW * 1e-7) ** 0.9) + 60.0 / (1 + (JW * 1e-3) ** 0.85)
PELLET_Z = 0.1e-6 * JW + 0.2 + 1.3 / (1 + (JW * 2e-8) ** 0.95) + 2e4 * JW**-0.9
PELLET_AREA_CM2 = np.pi * 0.4**2


def noisy(z, seed, share=0.003):
    random = np.random.default_rng(seed)
    noise = random.normal(size=z.size) + 1j * random.normal(size=z.size)
    return spectrum_from_arrays("synthetic", FREQUENCY_HZ, z * (1 + share * noise))


@pytest.fixture(scope="module")
def pellet_413_k(peer_data):
    path = peer_data / "eis_solid/EIS_Data_Example-3-4_s04147-140deg.txt"
    return read_spectrum(path.name, path.read_bytes())


def test_lin_kk_gives_the_known_answer_to_every_printed_digit(peer_data):
    content = (peer_data / "eis/impy_Circuit3_EIS_1.z").read_bytes()
    spectrum = read_spectrum("c3.z", content)
    found = kramers_kronig_test(spectrum, c_ratio=0.69, part="real", elements_per_decade=0.0)
    assert found.order == 10
    assert found.mu_ratio == pytest.approx(0.6843821117885378, rel=1e-13)
    assert found.fitted_z_ohm[0] == pytest.approx(1504.77272562 + 22.1601785j, abs=5e-8)
    assert found.fitted_z_ohm[-1] == pytest.approx(6132.74662155 + 32.8441808j, abs=5e-8)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("part", ["real", "imag", "complex"])
def test_a_sound_spectrum_passes_kramers_kronig_within_its_noise(part, seed):
    found = kramers_kronig_test(noisy(CELL_Z, seed, share=1e-3), part=part)
    assert found.converged
    assert found.rms_residual_ratio < 0.004


def test_the_published_order_rule_alone_would_refuse_a_sound_cell():
    spectrum = noisy(CELL_Z, 1, share=1e-3)
    own_rule = kramers_kronig_test(spectrum, part="real", elements_per_decade=0.0)
    assert own_rule.converged
    assert own_rule.max_residual_ratio > 0.1


@pytest.mark.parametrize("seed", range(3))
def test_a_cell_that_changes_during_the_sweep_fails_kramers_kronig(seed):
    growing = 1.0 + 0.5 * np.linspace(0.0, 1.0, JW.size) ** 2
    found = kramers_kronig_test(noisy(CELL_Z * growing, seed, share=1e-3))
    assert found.rms_residual_ratio > 0.01


def test_a_blocking_electrode_needs_the_series_capacitance():
    spectrum = noisy(PELLET_Z, 2, share=1e-3)
    with_it = kramers_kronig_test(spectrum, with_capacitance=True)
    assert with_it.max_residual_ratio < 0.01
    assert with_it.max_residual_ratio < kramers_kronig_test(spectrum).max_residual_ratio


def test_residuals_are_of_the_fit_that_is_returned():
    spectrum = noisy(CELL_Z, 4)
    found = kramers_kronig_test(spectrum)
    residual = (spectrum.z_ohm - found.fitted_z_ohm) / np.abs(spectrum.z_ohm)
    assert found.residual_ratio == pytest.approx(residual, abs=1e-15)
    assert found.max_residual_ratio >= found.rms_residual_ratio


def test_an_order_that_is_not_reached_is_told():
    assert not kramers_kronig_test(noisy(CELL_Z, 4), max_order=3).converged


@pytest.mark.parametrize(
    "settings",
    [{"c_ratio": 1.0}, {"c_ratio": 0.0}, {"max_order": 0}, {"elements_per_decade": -1.0}],
)
def test_kramers_kronig_refuses_settings_without_meaning(settings):
    with pytest.raises(InvalidInputError, match=next(iter(settings))):
        kramers_kronig_test(noisy(CELL_Z, 4), **settings)


@pytest.mark.parametrize("seed", range(8))
def test_a_cell_gives_ionic_and_interface_resistance_within_its_errors(seed):
    found = fit_cell(noisy(CELL_Z, seed), seed=seed)
    assert found.reason is None
    assert found.ionic.resistance_ohm == pytest.approx(20.0, rel=0.005)
    assert found.interface.resistance_ohm == pytest.approx(60.0, rel=0.005)
    assert abs(found.ionic.resistance_ohm - 20.0) < 5 * found.ionic.standard_error_ohm
    assert abs(found.interface.resistance_ohm - 60.0) < 5 * found.interface.standard_error_ohm
    assert found.circuit_fit.inductance_h == pytest.approx(0.2e-6, rel=0.05)


def test_the_split_of_the_ionic_resistance_is_less_certain_than_its_sum():
    found = fit_cell(noisy(CELL_Z, 3)).circuit_fit
    assert found.resistance_sum(0)[1] > 2 * found.resistance_sum(1)[1]


def test_the_standard_error_is_the_scatter_of_repeated_fits():
    fits = [fit_cell(noisy(CELL_Z, seed)).interface for seed in range(16)]
    scatter = np.std([fit.resistance_ohm for fit in fits], ddof=1)
    assert np.mean([fit.standard_error_ohm for fit in fits]) == pytest.approx(scatter, rel=0.4)


def test_the_same_seed_gives_the_same_fit():
    spectrum = noisy(CELL_Z, 5)
    assert fit_cell(spectrum, seed=9).ionic == fit_cell(spectrum, seed=9).ionic


@pytest.mark.parametrize("tau_s", [(1e-5, 1e-2), (1e-2, 1e-5)])
def test_arcs_are_named_by_time_constant_not_by_position(tau_s):
    z = 1.0 + 10.0 / (1 + JW * tau_s[0]) + 50.0 / (1 + JW * tau_s[1])
    arcs = fit_cell(noisy(z, 6)).circuit_fit.arcs
    assert arcs[0].tau_s == pytest.approx(1e-5, rel=0.05)
    assert arcs[1].tau_s == pytest.approx(1e-2, rel=0.05)
    assert arcs[0].q_ohm_s == pytest.approx(1e-5 / arcs[0].resistance_ohm, rel=0.2)


def test_a_spectrum_that_no_circuit_describes_gives_no_result_but_a_reason():
    z = np.abs(CELL_Z) * np.exp(1j * np.sin(np.log(FREQUENCY_HZ)))
    found = fit_cell(noisy(z, 7))
    assert found.ionic is None
    assert found.interface is None
    assert found.chi2_ratio > 2e-4
    assert "chi2" in found.reason


def test_a_resistance_that_the_spectrum_does_not_determine_gives_no_result():
    found = fit_cell(noisy(10.0 + 1e-4 * JW**0 + 5.0 / (1 + JW * 30.0), 8))
    assert found.ionic is None
    assert "does not determine" in found.reason


def test_arcs_on_one_side_of_the_plants_border_are_not_named():
    found = fit_cell(noisy(CELL_Z, 9), interface_tau_min_s=1e-9)
    assert found.interface is None
    assert "neither arc can be named" in found.reason


def test_a_border_between_the_arcs_changes_nothing():
    free = fit_cell(noisy(CELL_Z, 9))
    assert fit_cell(noisy(CELL_Z, 9), interface_tau_min_s=1e-5).ionic == free.ionic


def test_a_cell_with_diffusion_keeps_its_resistances():
    found = fit_cell(noisy(CELL_Z + 30.0 * JW**-0.5, 10), with_diffusion=True)
    assert found.ionic.resistance_ohm == pytest.approx(20.0, rel=0.01)
    assert found.interface.resistance_ohm == pytest.approx(60.0, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_a_blocking_electrode_gives_the_whole_ionic_resistance(seed):
    found = fit_blocking_pellet(noisy(PELLET_Z, seed), seed=seed)
    assert found.reason is None
    assert found.interface is None
    assert found.ionic.resistance_ohm == pytest.approx(1.5, rel=0.02)
    assert abs(found.ionic.resistance_ohm - 1.5) < 5 * found.ionic.standard_error_ohm


@pytest.mark.parametrize("seed", range(4))
def test_a_real_pellet_gives_the_published_bulk_and_grain_boundary(pellet_413_k, seed):
    found = fit_blocking_pellet(pellet_413_k, separate_arcs=True, seed=seed)
    bulk, boundary = found.circuit_fit.arcs
    assert bulk.resistance_ohm == pytest.approx(1.462e5, rel=0.01)
    assert boundary.resistance_ohm == pytest.approx(2.012e6, rel=0.01)
    assert found.ionic.resistance_ohm == pytest.approx(1.462e5 + 2.012e6, rel=0.01)


def test_a_real_pellet_without_its_electrode_tail_gives_no_result(pellet_413_k):
    circuit = Circuit(inductor=False, resistor=False, arcs=2, tail=False)
    outcome = fit_circuit(pellet_413_k, circuit)
    assert outcome.fit is None
    assert "chi2" in outcome.reason


def test_four_of_seven_published_temperatures_give_nearly_the_published_activation_energies(
    peer_data,
):
    temperatures_k = np.array([140.0, 160.0, 180.0, 200.0]) + 273.15
    paths = [
        peer_data / f"eis_solid/EIS_Data_Example-3-4_s04147-{degc}deg.txt"
        for degc in (140, 160, 180, 200)
    ]
    spectra = [read_spectrum(path.name, path.read_bytes()) for path in paths]
    fits = [fit_blocking_pellet(s, separate_arcs=True).circuit_fit for s in spectra]
    resistance = np.array([[arc.resistance_ohm for arc in fit.arcs] for fit in fits])
    ln_sigma_t = np.log(temperatures_k[:, np.newaxis] / resistance)
    slope = np.polyfit(1.0 / temperatures_k, ln_sigma_t, 1)[0]
    assert -slope * 8.617333e-5 == pytest.approx([0.5869, 0.8919], rel=0.05)


@pytest.mark.parametrize(
    ("resistance_ohm", "sigma_s_per_cm"), [(1.462e5, 2.857e-6), (2.012e6, 2.076e-7)]
)
def test_conductivity_is_the_published_one(resistance_ohm, sigma_s_per_cm):
    found = conductivity(2100.0, PELLET_AREA_CM2, resistance_ohm)
    assert found.conductivity_s_per_cm == pytest.approx(sigma_s_per_cm, rel=5e-4)
    assert found.standard_error_s_per_cm == 0.0


def test_conductivity_carries_the_error_of_thickness_area_and_fit():
    thickness_only = conductivity(125.0, 2.011, 0.75, thickness_error_um=5.0)
    sigma = thickness_only.conductivity_s_per_cm
    assert sigma == pytest.approx(8.3e-3, rel=0.01)
    assert thickness_only.standard_error_s_per_cm == pytest.approx(0.04 * sigma)
    every = conductivity(
        125.0,
        2.0,
        0.75,
        thickness_error_um=125.0 * 0.02,
        area_error_cm2=2.0 * 0.03,
        resistance_error_ohm=0.75 * 0.06,
    )
    assert every.standard_error_s_per_cm / every.conductivity_s_per_cm == pytest.approx(0.07)


@pytest.mark.parametrize(
    "values",
    [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, 0.0), (1.0, 1.0, float("nan"))],
)
def test_conductivity_refuses_what_cannot_be_measured(values):
    with pytest.raises(InvalidInputError, match="must be above 0"):
        conductivity(*values)


def test_conductivity_refuses_a_negative_error():
    with pytest.raises(InvalidInputError, match=r"area_error_cm2 is -0\.1"):
        conductivity(125.0, 2.0, 1.0, area_error_cm2=-0.1)


def test_a_symmetric_cell_shares_its_resistance_between_two_faces():
    assert interface_asr_ohm_cm2(60.0, 2.0, faces=2) == pytest.approx(60.0)
    assert interface_asr_ohm_cm2(60.0, 2.0, faces=1) == pytest.approx(120.0)


def test_an_interface_count_other_than_one_or_two_is_refused():
    with pytest.raises(InvalidInputError, match="faces is 3"):
        interface_asr_ohm_cm2(60.0, 2.0, faces=3)


def test_too_few_points_for_a_circuit_are_refused():
    spectrum = spectrum_from_arrays("short", FREQUENCY_HZ[:5], CELL_Z[:5])
    with pytest.raises(InvalidInputError, match="5 points for 10 parameters"):
        fit_cell(spectrum, with_diffusion=True)


def test_a_large_cell_whose_electrolyte_arc_drowns_still_shows_its_interface() -> None:
    area_cm2, interface_ohm_cm2 = 602.0, 158.7
    frequency_hz = np.geomspace(7e6, 1.0, 69)
    omega = 2j * np.pi * frequency_hz
    interface = interface_ohm_cm2 / area_cm2
    z = omega * 1e-7 + 0.0025 + interface / (1 + (omega * 1.1e-3) ** 0.88)
    z = z + 1 / (0.45 * area_cm2 * omega**0.55)
    noise = np.random.default_rng(3).standard_normal((2, z.size))
    z = z + 0.002 * np.abs(z) * (noise[0] + 1j * noise[1])
    spectrum = spectrum_from_arrays("pouch", frequency_hz, z)
    found = fit_cell(spectrum, electrolyte_arc=False, interface_tau_min_s=1e-5)
    assert found.interface is not None
    assert found.interface.resistance_ohm * area_cm2 == pytest.approx(interface_ohm_cm2, rel=0.01)
