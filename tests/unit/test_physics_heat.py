"""Furnace, sintering and powder against the paper's heat treatment."""

import numpy as np
import pytest

from simulators.physics import heat, powder

PAPER = ([650.0, 1200.0, 25.0], [2.0, 5.0, 5.0], [7200.0, 43_200.0, 0.0])


def paper_run() -> heat.Heat:
    return heat.heat(heat.program(*PAPER))


def test_conductivity_follows_the_paper_from_25_to_100_degc() -> None:
    assert heat.sigma_s_per_cm(8.3e-3, 25.0) == pytest.approx(8.3e-3)
    assert heat.sigma_s_per_cm(8.3e-3, 100.0) == pytest.approx(3.6e-2, rel=0.01)


def test_heat_treatment_of_the_paper_gives_its_conductivity() -> None:
    run = paper_run()
    dose_h = heat.sinter_dose_h(run.time_s, run.temperature_degc)
    assert dose_h == pytest.approx(12.5, abs=0.5)
    density = heat.density_ratio(dose_h)
    assert heat.sigma_25c_s_per_cm(density, dose_h) == pytest.approx(8.3e-3, rel=0.02)


@pytest.mark.parametrize(("hours", "degc"), [(12.0, 1100.0), (1.0, 1200.0)])
def test_too_cold_or_too_short_gives_low_conductivity(hours: float, degc: float) -> None:
    run = heat.heat(heat.program([degc, 25.0], [5.0, 5.0], [hours * 3600.0, 0.0]))
    dose_h = heat.sinter_dose_h(run.time_s, run.temperature_degc)
    assert heat.sigma_25c_s_per_cm(heat.density_ratio(dose_h), dose_h) < 0.75 * 8.3e-3


def test_too_long_loses_sodium() -> None:
    assert heat.sigma_25c_s_per_cm(0.97, 100.0) < 0.5 * heat.sigma_25c_s_per_cm(0.97, 12.0)


def test_furnace_follows_its_program_within_a_few_degrees_while_heating() -> None:
    run = paper_run()
    heating = run.time_s < np.argmax(run.setpoint_degc == 1200.0) * heat.STEP_S + 40_000.0
    assert np.max(np.abs(run.temperature_degc - run.setpoint_degc)[heating]) < 5.0
    hot = run.setpoint_degc == 1200.0
    assert 0.0 < np.mean((run.temperature_degc - run.zone_degc)[hot]) < 10.0
    assert np.all(run.power_kw >= 0.0)


def test_program_lasts_as_long_as_its_ramps_and_soaks() -> None:
    program = heat.program(*PAPER)
    ramps_s = (625.0 / 2.0 + 550.0 / 5.0 + 1175.0 / 5.0) * 60.0
    assert program.duration_s == pytest.approx(ramps_s + 7200.0 + 43_200.0)


def test_calcination_of_the_paper_is_complete_and_a_colder_one_is_not() -> None:
    time_s = np.linspace(0.0, 36_000.0, 1000)
    assert heat.calcined_ratio(time_s, np.full(1000, 700.0)) == pytest.approx(0.995, abs=0.002)
    assert heat.calcined_ratio(time_s, np.full(1000, 550.0)) < 0.7


def test_binder_leaves_in_the_debinding_soak_but_not_without_it() -> None:
    run = paper_run()
    assert heat.burnt_binder(run.time_s, run.temperature_degc, 0.10)[1] < 1e-5
    steep = heat.heat(heat.program([1200.0], [8.0], [3600.0]))
    assert heat.burnt_binder(steep.time_s, steep.temperature_degc, 0.10)[1] > 0.01


def test_pellet_shrinks_by_15_percent() -> None:
    assert heat.shrinkage_ratio(0.60, heat.PAPER_DENSITY_RATIO) == pytest.approx(0.854, abs=0.002)


def test_corner_of_the_last_tray_sees_the_second_zone() -> None:
    assert heat.place_share(1.0, 1.0, 30, 4) == 0.0
    assert heat.place_share(4.0, 30.0, 30, 4) == 1.0


def test_mix_of_the_paper_is_right_and_a_missing_oxide_costs_conductivity() -> None:
    masses = powder.wanted_masses_g()
    assert powder.composition_factor(masses) == pytest.approx(1.0)
    assert powder.composition_factor({**masses, "zno": 0.0}) < 0.2
    assert powder.composition_factor({**masses, "sio2": masses["sio2"] * 1.02}) > 0.99


def test_milling_drying_and_pressing_move_the_right_way() -> None:
    assert powder.milled_um(12.0, 14_400.0, 300.0) < 1.2
    assert powder.milled_um(12.0, 600.0, 300.0) > 8.0
    assert powder.dried_ratio(0.1, 50.0, 43_200.0) < 1e-6
    assert powder.green_density_ratio(200.0, 1.2, 0.0) == pytest.approx(0.60)
    assert powder.green_density_ratio(100.0, 1.2, 0.0) < 0.58
