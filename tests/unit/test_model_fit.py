"""Circuits as words, their fits, relaxation times, fixtures and activation energies."""

import numpy as np
import pytest

from services.quality.arrhenius import Warm, activation
from services.quality.elements import Frequencies, impedance
from services.quality.fixture import corrected
from services.quality.grammar import Element, Parallel, Series, parse_circuit
from services.quality.modelfit import fit_model
from services.quality.relaxation import relaxation_times
from services.quality.spectra import read_spectrum, spectrum_from_arrays
from shared.errors import InvalidInputError

FREQUENCY_HZ = np.geomspace(7e6, 1.0, 70)
JW = 2j * np.pi * FREQUENCY_HZ
CELL_Z = 0.2e-6 * JW + 6.0 + 14.0 / (1 + (JW * 1e-7) ** 0.9) + 60.0 / (1 + (JW * 1e-3) ** 0.85)
DEGC = (140, 160, 180, 200)


def spectrum(z, seed=None, share=0.003):
    noise = np.zeros((2, z.size))
    if seed is not None:
        noise = np.random.default_rng(seed).normal(size=(2, z.size))
    return spectrum_from_arrays("made", FREQUENCY_HZ, z * (1 + share * (noise[0] + 1j * noise[1])))


def pellet(peer_data, degc):
    path = peer_data / f"eis_solid/EIS_Data_Example-3-4_s04147-{degc}deg.txt"
    return read_spectrum(path.name, path.read_bytes())


def values(fit):
    return {parameter.name: parameter.value for parameter in fit.parameters}


def test_words_become_series_and_parallel_members():
    assert parse_circuit("R0 - p(R1,CPE1)".replace("CPE1", "Q1")) == Series(
        (Element("R"), Element("arc"))
    )
    assert parse_circuit("p(C,R)") == Series((Element("semicircle"),))
    assert parse_circuit("p(R1-Wo2,C3)") == Series(
        (Parallel((Series((Element("R"), Element("Wo"))), Element("C"))),)
    )


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("", "at character 1"),
        ("R-", "at character 3"),
        ("R--C", "at character 3"),
        ("p(R)", "a second member"),
        ("p(R,C", "',' or '\\)'"),
        ("R)C", "wanted is the end"),
        ("R-X1", "at character 3 stands 'X1'; wanted is one of R, L, C"),
        ("Rs", "one of R, L, C"),
        ("-".join(["R"] * 13), "at most 12"),
        ("R-" * 150 + "R", "at most 200"),
    ],
)
def test_words_that_are_no_circuit_are_refused_with_the_place(words, wanted):
    with pytest.raises(InvalidInputError, match=wanted):
        parse_circuit(words)


@pytest.mark.parametrize(
    "words", ["R", "L", "C", "Q", "W", "Wo", "Ws", "G", "p(R,Q)", "p(R,C)", "R-p(R-Ws,C,Q-L)-G"]
)
def test_derivatives_are_those_of_the_impedance(words):
    circuit, frequencies = parse_circuit(words), Frequencies(np.geomspace(1e5, 1e-2, 12))
    at = np.random.default_rng(3).uniform(0.3, 0.9, (2, circuit.parameter_count))
    slopes = impedance(circuit, frequencies, at)[1]
    for place in range(circuit.parameter_count):
        step = np.zeros(circuit.parameter_count)
        step[place] = 1e-6
        after, before = (impedance(circuit, frequencies, at + sign * step)[0] for sign in (1, -1))
        assert slopes[:, place] == pytest.approx((after - before) / 2e-6, rel=1e-6, abs=1e-8)


def test_finite_diffusion_does_not_overflow_far_from_its_corner():
    found = impedance(Element("Wo"), Frequencies(np.array([1e9, 1e-9])), np.array([[0.0, 0.0]]))
    assert np.isfinite(found[0]).all()
    assert np.isfinite(found[1]).all()


@pytest.mark.parametrize(
    ("words", "z", "wanted"),
    [
        ("R-C", 5.0 + 1 / (JW * 1e-4), {"R1": 5.0, "C2": 1e-4}),
        ("R-Q", 5.0 + 1 / (1e-3 * JW**0.7), {"Q2": 1e-3, "Q2.n": 0.7}),
        ("R-W", 1.0 + 40.0 * (1 - 1j) / np.sqrt(JW.imag), {"W2": 40.0}),
        ("R-G", 1.0 + 9.0 / np.sqrt(1 + JW * 1e-3), {"G2": 9.0, "G2.tau": 1e-3}),
        (
            "R-Ws",
            1.0 + 9.0 * np.tanh(np.sqrt(JW * 1e-2)) / np.sqrt(JW * 1e-2),
            {"Ws2": 9.0, "Ws2.tau": 1e-2},
        ),
        (
            "R-p(R-Wo,C)",
            1.0 + 1 / (1 / (5.0 + 9.0 / np.tanh(np.sqrt(JW)) / np.sqrt(JW)) + JW * 1e-5),
            {"R2": 5.0, "C4": 1e-5, "Wo3": 9.0},
        ),
    ],
)
def test_a_circuit_gives_back_the_parameters_that_made_a_spectrum(words, z, wanted):
    fit = fit_model(spectrum(z), words)
    found = values(fit)
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=0.02)
    assert fit.chi2_ratio < 1e-6


def test_a_published_fit_with_diffusion_is_met_or_beaten(peer_data):
    raw = read_spectrum("e.csv", (peer_data / "eis/impy_exampleData.csv").read_bytes())
    kept = raw.z_ohm.imag < 0.0
    given = spectrum_from_arrays("e", raw.frequency_hz[kept], raw.z_ohm[kept])
    jw = 2j * np.pi * given.frequency_hz
    wall = 6.31e-2 / np.sqrt(jw * 2.33e2) / np.tanh(np.sqrt(jw * 2.33e2))
    published = 1.65e-2 + 1 / (1 / 8.68e-3 + jw * 3.32) + 1 / (1 / (5.39e-3 + wall) + jw * 0.22)
    fit = fit_model(given, "R0-p(R1,C1)-p(R2-Wo1,C2)", weighting="unit")
    ours, theirs = (np.sum(np.abs(z - given.z_ohm) ** 2) for z in (fit.fitted_z_ohm, published))
    assert ours <= theirs
    assert values(fit)["R1"] == pytest.approx(1.65e-2, rel=0.01)


@pytest.mark.parametrize("degc", DEGC)
def test_every_start_finds_a_real_pellets_best_optimum(peer_data, degc):
    fits = [fit_model(pellet(peer_data, degc), "p(R,Q)-p(R,Q)-Q", seed=s) for s in range(6)]
    chi2 = [fit.chi2_ratio for fit in fits]
    assert max(chi2) <= min(chi2) * (1 + 1e-6)
    sums = [values(fit)["R1"] + values(fit)["R2"] for fit in fits]
    assert max(sums) == pytest.approx(min(sums), rel=1e-3)


def test_what_a_spectrum_does_not_determine_is_told():
    fit = fit_model(spectrum(CELL_Z, 1), "L-R-p(R,Q)-p(R,Q)-p(R,Q)")
    assert not all(parameter.is_identifiable for parameter in fit.parameters)
    plain = fit_model(spectrum(CELL_Z, 1), "L-R-p(R,Q)-p(R,Q)")
    assert all(parameter.is_identifiable for parameter in plain.parameters)


def test_the_errors_of_a_fit_are_those_of_repeated_measurements():
    fits = [fit_model(spectrum(CELL_Z, seed), "L-R-p(R,Q)-p(R,Q)") for seed in range(20)]
    inductance = [values(fit)["L1"] for fit in fits]
    told = np.mean([fit.parameters[0].standard_error for fit in fits])
    assert told == pytest.approx(np.std(inductance, ddof=1), rel=0.4)


@pytest.mark.parametrize("seed", range(4))
def test_relaxation_times_name_the_arcs_of_a_cell(seed):
    fast, slow = relaxation_times(spectrum(CELL_Z, seed)).arcs
    assert fast.tau_s == pytest.approx(1e-7, rel=0.15)
    assert slow.tau_s == pytest.approx(1e-3, rel=0.15)
    assert slow.resistance_ohm == pytest.approx(60.0, rel=0.15)
    assert fast.is_within_band


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_relaxation_times_do_not_depend_on_the_size_of_the_sample(scale):
    found = relaxation_times(spectrum(CELL_Z * scale, 2))
    plain = relaxation_times(spectrum(CELL_Z, 2))
    assert found.lambda_ratio == plain.lambda_ratio
    assert found.gamma_ohm == pytest.approx(plain.gamma_ohm * scale, rel=1e-4, abs=1e-6 * scale)
    assert (found.gamma_ohm >= 0.0).all()


def test_open_and_short_take_the_fixture_out_exactly():
    series, beside = 0.4 + 3e-7 * JW, 1 / (JW * 5e-13)
    measured = series + 1 / (1 / CELL_Z + 1 / beside)
    found = corrected(spectrum(measured), spectrum(series + beside), spectrum(series))
    assert found.z_ohm == pytest.approx(CELL_Z, rel=1e-9)


def test_a_fixture_swept_at_other_frequencies_is_refused():
    other = spectrum_from_arrays("short", FREQUENCY_HZ * 1.01, np.full(70, 0.1))
    with pytest.raises(InvalidInputError, match="same frequencies"):
        corrected(spectrum(CELL_Z), None, other)


def test_a_short_in_place_of_an_open_is_refused():
    short = spectrum(np.full(70, 0.1 + 0j))
    with pytest.raises(InvalidInputError, match="no open measurement"):
        corrected(spectrum(CELL_Z), short, None)


def test_what_is_nearly_all_fixture_is_refused():
    with pytest.raises(InvalidInputError, match="at most 10 can be corrected"):
        corrected(spectrum(CELL_Z), None, spectrum(0.99 * CELL_Z))


def test_the_series_of_a_real_pellet_gives_its_activation_energies(peer_data):
    points = []
    for degc in DEGC:
        fit = fit_model(pellet(peer_data, degc), "p(R,Q)-p(R,Q)-Q")
        total = np.zeros(8)
        total[[0, 3]] = 1.0
        error = float(np.sqrt(total @ fit.covariance @ total))
        ohm = values(fit)["R1"] + values(fit)["R2"]
        points.append(Warm(temperature_degc=degc, resistance_ohm=ohm, standard_error_ohm=error))
    found = activation(points)
    assert found.activation_ev == pytest.approx(0.8555, rel=0.05)  # published: of all seven
    assert found.low_ev < found.activation_ev < found.high_ev


def test_activation_energy_is_exact_where_the_points_lie_on_a_line():
    kelvin = np.array([298.15, 323.15, 348.15, 373.15])
    ohm = kelvin * np.exp(0.3 / (8.617333e-5 * kelvin)) * 1e-6
    points = [
        Warm(temperature_degc=t - 273.15, resistance_ohm=r, standard_error_ohm=0.01 * r)
        for t, r in zip(kelvin, ohm, strict=True)
    ]
    found = activation(points)
    assert found.activation_ev == pytest.approx(0.3, rel=1e-9)
    assert found.resistance_25degc_ohm == pytest.approx(ohm[0], rel=1e-9)
    assert found.standard_error_ev > 0.0


@pytest.mark.parametrize(
    ("degc", "ohm", "wanted"),
    [
        ((25, 50), (1, 2), "2 different temperatures"),
        ((25, 26, 27), (1, 2, 3), "over 10 K"),
        ((25, 50, 75), (1, -2, 3), "above 0 ohm"),
    ],
)
def test_a_series_that_says_nothing_is_refused(degc, ohm, wanted):
    points = [
        Warm(temperature_degc=t, resistance_ohm=r, standard_error_ohm=0.1)
        for t, r in zip(degc, ohm, strict=True)
    ]
    with pytest.raises(InvalidInputError, match=wanted):
        activation(points)
