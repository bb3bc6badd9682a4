"""Spectra and plating limits against the paper and against what a spectrum must obey."""

import numpy as np
import pytest

from simulators.physics import impedance, symmetric


def test_frequencies_run_from_seven_megahertz_to_one_hertz() -> None:
    frequency_hz = impedance.frequencies_hz(7e6, 1.0, 10)
    assert frequency_hz[0] == pytest.approx(7e6)
    assert frequency_hz[-1] == pytest.approx(1.0)
    assert np.all(np.diff(frequency_hz) < 0.0)
    assert 30.0 < impedance.sweep_duration_s(frequency_hz) < 100.0


def test_cable_is_four_ohms_at_seven_megahertz() -> None:
    z = impedance.cell_impedance(np.array([7e6]), 1e-9, 1e-9, 1e9, 1e-7)
    assert z[0].imag == pytest.approx(4.4, abs=0.05)


def test_real_part_between_arc_and_tail_is_bulk_and_interface() -> None:
    frequency_hz = impedance.frequencies_hz(7e6, 0.01, 10)
    z = impedance.cell_impedance(frequency_hz, 1.33, 140.0, 1.131, 1e-7)
    valley = z[np.argmin(np.abs(frequency_hz - 3.0))]
    assert valley.real == pytest.approx(141.3, rel=0.02)


def test_blocking_spectrum_touches_the_axis_at_the_pellet_resistance() -> None:
    frequency_hz = impedance.frequencies_hz(7e6, 1.0, 20)
    z = impedance.blocking_impedance(frequency_hz, 0.75, 2.01, 1e-7)
    crossing = z[np.argmin(np.abs(z.imag))]
    assert crossing.real == pytest.approx(0.75, rel=0.03)
    assert z[-1].imag < -1000.0


def test_leak_and_noise() -> None:
    z = np.array([100.0 + 0j] * 4000)
    assert impedance.with_leak(z, 100.0)[0] == pytest.approx(50.0)
    assert impedance.with_leak(z, None)[0] == 100.0
    noisy = impedance.with_noise(z, 0.003, np.random.default_rng(1))
    assert np.std(np.abs(noisy - z)) / 100.0 < 0.003
    assert np.sqrt(np.mean(np.abs(noisy - z) ** 2)) / 100.0 == pytest.approx(0.003, rel=0.05)


def limits(**changes: float | bool) -> list[symmetric.PlatingLimits]:
    known = {"asr_ohm_cm2": 158.7} | changes
    return [
        symmetric.plating_limits(np.random.default_rng(seed), **known)  # type: ignore[arg-type]
        for seed in range(400)
    ]


def middle(found: list[symmetric.PlatingLimits]) -> float:
    return float(np.median([one.j_crit_ma_per_cm2 for one in found]))


def test_good_cells_short_near_5_6_and_bad_interfaces_earlier() -> None:
    assert middle(limits()) == pytest.approx(5.6, abs=0.15)
    assert sum(one.j_crit_ma_per_cm2 < 4.0 for one in limits()) < 0.1 * 400
    assert middle(limits(asr_ohm_cm2=218.8)) < 4.4
    assert middle(limits(coverage_ratio=0.5)) < 2.0
    assert middle(limits(density_ratio=0.90)) < 4.3
    assert middle(limits(exposure_ppm_h=8000.0)) < 3.0
    assert middle(limits(cracked=True)) < 1.6


def test_same_stream_gives_the_same_limits() -> None:
    assert limits() == limits()


def test_polarisation_is_that_of_the_paper() -> None:
    assert symmetric.voltage_v(0.5, 240.0) == pytest.approx(0.12)


def test_limit_rises_with_temperature_and_hazard_with_current() -> None:
    assert symmetric.limit_at(5.6, 25.0) == pytest.approx(5.6)
    assert symmetric.limit_at(5.6, 60.0) > 8.0
    half_ma = symmetric.hazard_per_h(0.5, 5.6)
    assert np.exp(-700.0 * half_ma) > 0.5
    assert symmetric.hazard_per_h(5.0, 5.6) > 50 * half_ma
    assert symmetric.hazard_per_h(6.0, 5.6) > 1000.0
