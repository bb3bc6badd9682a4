"""Figures read off curves: each formula on a curve whose answer is known."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from services.formation.curves import (
    Derivative,
    Figure,
    charge_start,
    dcir,
    dq_dv,
    dv_dq,
    efficiency_uncertainty_ratio,
    open_circuit,
    self_discharge,
)
from services.formation.cycles import StepFigures, cycle_figures
from services.formation.figures import Accuracy, told


def step(number: int, kind: str, time_s: Any, volts: Any, current_ma: float) -> pl.DataFrame:
    """One step on its own clock; capacity counts up from 0."""
    times = np.asarray(time_s, dtype=float)
    return pl.DataFrame(
        {
            "time_s": times,
            "voltage_v": np.broadcast_to(np.asarray(volts, dtype=float), times.shape),
            "current_ma": np.full(len(times), current_ma),
            "capacity_mah": np.abs(current_ma) * (times - times[0]) / 3600.0,
            "step": np.full(len(times), number),
            "kind": [kind] * len(times),
        }
    )


def rested(fall_v_per_s: float, length_s: float, every_s: float = 60.0) -> pl.DataFrame:
    times = np.arange(0.0, length_s + 1.0, every_s)
    relaxing = 0.05 * np.exp(-times / 1800.0)
    return step(1, "rest", times, 3.0 + relaxing - fall_v_per_s * times, 0.0)


def edge(times_s: list[float]) -> pl.DataFrame:
    """A rest at 3 V, then a discharge at 100 mA through 0.5 ohm that also falls by 1 mV/s."""
    volts = 3.0 - 0.05 - 0.001 * np.array(times_s)
    rest = step(1, "rest", [0.0, 50.0], 3.0, 0.0)
    falling = step(2, "cc_discharge", [50.0 + t for t in times_s], volts, -100.0)
    return pl.concat([rest, falling])


def test_resistance_is_the_jump_of_voltage_over_that_of_current() -> None:
    found = dcir(edge([0.0, 1.0, 10.0, 60.0]), after_s=10.0)
    assert found.name == "dcir_10s_ohm"
    assert found.value == pytest.approx((0.05 + 0.01) / 0.1)
    assert dcir(edge([0.0, 1.0, 10.0]), after_s=1.0).value == pytest.approx(0.51)


def test_resistance_counts_the_current_before_the_edge() -> None:
    charge = step(1, "cc_charge", [0.0, 50.0], 3.05, 100.0)
    both = pl.concat([charge, edge([0.0, 10.0]).filter(pl.col("step") == 2)])
    assert dcir(both, after_s=10.0).value == pytest.approx((3.05 - 2.94) / 0.2)


def test_rows_that_are_too_far_from_the_moment_give_no_resistance() -> None:
    found = dcir(edge([0.0, 30.0, 60.0]), after_s=10.0)
    assert found.value is None and "0 s after the edge, 10 s needed" in (found.reason or "")
    assert dcir(rested(0.0, 600.0), after_s=10.0).value is None


def test_open_circuit_is_the_end_of_the_last_long_rest() -> None:
    rows = pl.concat([rested(0.0, 7200.0), step(2, "rest", [7200.0, 7210.0], 2.0, 0.0)])
    assert open_circuit(rows, rest_s=600.0).value == pytest.approx(3.0, abs=1e-3)
    assert open_circuit(rows, rest_s=9000.0).value is None


def test_self_discharge_is_found_behind_the_relaxation_and_not_within() -> None:
    fall = 1e-3 / 86_400.0  # 1 mV a day
    found = self_discharge(rested(fall, 12 * 3600.0))
    assert found.value == pytest.approx(1.0, rel=0.2)
    hasty = self_discharge(rested(fall, 12 * 3600.0), relaxation_s=0.0)
    assert hasty.value is not None and hasty.value > 10.0
    short = self_discharge(rested(fall, 5.5 * 3600.0))
    assert short.value is None and "relaxation" in (short.reason or "")


def test_self_discharge_tells_how_sure_it_is() -> None:
    rows = rested(0.0, 12 * 3600.0)
    noise = np.random.default_rng(1).normal(0.0, 1e-4, rows.height)
    noisy = rows.with_columns(pl.col("voltage_v") + pl.Series(noise))
    found = self_discharge(noisy)
    assert found.value is not None and found.uncertainty is not None
    assert abs(found.value) < 4.0 * found.uncertainty + 0.3


def test_voltage_ten_seconds_into_the_last_charge() -> None:
    first = step(1, "cc_charge", [0.0, 10.0, 100.0], [2.0, 2.1, 2.2], 100.0)
    last = step(2, "cccv_charge", [200.0, 209.0, 300.0], [3.0, 3.1, 3.2], 100.0)
    assert charge_start(pl.concat([first, last])).value == pytest.approx(3.1)
    assert charge_start(last.filter(pl.col("time_s") > 250.0)).value is None
    assert charge_start(rested(0.0, 60.0)).value is None


def plateau(kind: str = "cc_charge") -> pl.DataFrame:
    """A step whose V(Q) is steep but for one plateau at 3.2 V."""
    times = np.linspace(0.0, 36_000.0, 2000)
    share = times / times[-1]
    volts = 3.2 + 0.03 * np.arctanh(np.clip(2.0 * share - 1.0, -0.999, 0.999))
    sign = 1.0 if kind == "cc_charge" else -1.0
    return step(1, kind, times, 3.2 + sign * (volts - 3.2), sign * 100.0)


@pytest.mark.parametrize("kind", ["cc_charge", "cc_discharge"])
def test_plateau_is_one_peak_of_dq_dv_and_the_area_is_the_charge(kind: str) -> None:
    found = dq_dv(plateau(kind))
    assert isinstance(found, Derivative)
    assert found.peaks == pytest.approx([3.2], abs=0.006)
    area = abs(np.trapezoid(found.y, found.x))
    assert area == pytest.approx(1000.0, rel=0.02)
    assert found.smoothing == "even grid of 0.005, Savitzky-Golay of order 2 over 9 points"


def test_dv_dq_is_least_on_the_plateau() -> None:
    found = dv_dq(plateau())
    assert isinstance(found, Derivative)
    assert found.x[int(np.argmin(found.y))] == pytest.approx(500.0, abs=60.0)


def test_too_few_rows_have_no_derivative_and_noise_does_not_break_it() -> None:
    assert isinstance(dq_dv(plateau().head(5)), Figure)
    flat = step(1, "cc_charge", np.arange(100.0), 3.0, 1.0)
    assert isinstance(dq_dv(flat), Figure)
    noise = np.random.default_rng(2).normal(0.0, 1e-3, 2000)
    noisy = plateau().with_columns(pl.col("voltage_v") + pl.Series(noise))
    found = dq_dv(noisy, grid_v=0.01)
    assert isinstance(found, Derivative) and np.isfinite(found.y).all()


def test_uncertainty_of_efficiency_grows_as_the_current_is_less_of_the_range() -> None:
    half = efficiency_uncertainty_ratio(1.0, 100.0, 200.0, 0.0002)
    assert half == pytest.approx(math.sqrt(2.0) * 0.0004)
    assert efficiency_uncertainty_ratio(1.0, -10.0, 200.0, 0.0002) == pytest.approx(10.0 * half)


def cycle_steps(cycle: int, charge_mah: float, discharge_mah: float) -> list[StepFigures]:
    common = {"cycle": cycle, "start_s": 0.0, "end_s": 1.0, "start_v": 2.5, "end_v": 3.0}
    return [
        StepFigures(
            step=2 * cycle + n, kind=kind, capacity_mah=mah, energy_mwh=mah * volts, **common
        )
        for n, (kind, mah, volts) in enumerate(
            [("cc_charge", charge_mah, 3.2), ("cc_discharge", discharge_mah, 3.0)]
        )
    ]


def test_told_figures_carry_retention_with_its_reference_and_the_channels_uncertainty() -> None:
    cycles = cycle_figures([*cycle_steps(1, 1000.0, 900.0), *cycle_steps(2, 900.0, 891.0)])
    first, second = told(cycles, Accuracy(0.0002, 200.0, 100.0))
    assert (first.reference_cycle, first.retention_ratio) == (1, 1.0)
    assert second.retention_ratio == pytest.approx(0.99)
    assert second.coulombic_efficiency_uncertainty_ratio == pytest.approx(0.00056, rel=0.01)
    assert second.energy_efficiency_ratio == pytest.approx(0.99 * 3.0 / 3.2)
    assert (second.mean_charge_voltage_v, second.mean_discharge_voltage_v) == (3.2, 3.0)
    assert told(cycles)[0].coulombic_efficiency_uncertainty_ratio is None
    assert told(cycles, reference_cycle=2)[0].retention_ratio == pytest.approx(1.0 / 0.99)


def test_flagged_first_cycle_is_no_reference() -> None:
    begun = cycle_figures([*cycle_steps(1, 500.0, 900.0), *cycle_steps(2, 900.0, 891.0)])
    first, second = told(begun, Accuracy(0.0002, 200.0, 100.0))
    assert (first.coulombic_efficiency_ratio, first.flag) == (None, "starts_mid_charge")
    assert first.coulombic_efficiency_uncertainty_ratio is None
    assert second.reference_cycle == 2
