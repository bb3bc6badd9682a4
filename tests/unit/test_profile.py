"""A measured furnace profile against the band of its recipe."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from services.sintering.profile import Band, Judgement, Profile, band_of, judge
from services.sintering.schedule import HeatTreatment

Floats = NDArray[np.float64]
BAND = Band(soak_band_degc=10.0, ramp_band_ratio=0.25)
SINTER = HeatTreatment(
    temperature_degc=(1200.0, 80.0),
    ramp_degc_per_min=(5.0, 6.0),
    soak_s=(43_200.0, 0.0),
    atmosphere="air",
)
RAMP_S = (1200 - 25) / 5 * 60
SOAK_END_S = RAMP_S + 43_200
END_S = SOAK_END_S + (1200 - 80) / 6 * 60


def setpoint(time_s: Floats) -> Floats:
    return np.interp(time_s, [0, RAMP_S, SOAK_END_S, END_S], [25, 1200, 1200, 80])


def measured(
    change: Callable[[Floats, Floats], Floats] = lambda _, degc: degc,
    zone: Callable[[Floats, Floats], Floats] = lambda _, degc: degc,
    lag_s: float = 40.0,
    step_s: float = 40.0,
) -> Profile:
    """A run that follows its setpoint with a lag and sensor noise, changed by the test."""
    time_s = np.append(np.arange(0, END_S, step_s), END_S)
    noise = np.random.default_rng(1).normal(0, 0.4, (2, time_s.size))
    degc = change(time_s, setpoint(np.maximum(time_s - lag_s, 0)))
    return Profile(
        time_s=tuple(time_s),
        setpoint_degc=tuple(setpoint(time_s)),
        temperature_degc=tuple(degc + noise[0]),
        zone_degc=tuple(zone(time_s, degc) + noise[1]),
    )


def soaking(time_s: Floats) -> NDArray[np.bool_]:
    return (time_s > RAMP_S) & (time_s < SOAK_END_S)


def deviations(profile: Profile, band: Band = BAND) -> tuple[str, ...]:
    judgement = judge(profile, SINTER, band)
    assert judgement.unknown == ()
    return judgement.deviations


def test_run_that_follows_its_program_has_no_deviation() -> None:
    judgement = judge(measured(), SINTER, BAND)
    assert judgement == Judgement(
        deviations=(), unknown=(), soak_in_band_s=judgement.soak_in_band_s
    )
    assert judgement.deviation_count == 0
    assert judgement.soak_in_band_s == pytest.approx(43_200, abs=80)


def test_soak_below_its_band_for_an_hour_is_told_with_seconds_band_and_limit() -> None:
    hour = measured(
        lambda t, degc: np.where((t > 30_000) & (t <= 33_600), degc - 15, degc), lag_s=0.0
    )
    [deviation] = deviations(hour)
    assert deviation.startswith("soak 1 at 1200 °C: 396")
    assert deviation.endswith("s within ±10 °C, limit 43200 s")
    assert deviations(hour, Band(soak_band_degc=20.0, ramp_band_ratio=0.25)) == ()
    allowed = Band(soak_band_degc=10.0, ramp_band_ratio=0.25, soak_shortfall_ratio=0.1)
    assert deviations(hour, allowed) == ()


def test_overshoot_is_told_with_value_and_limit() -> None:
    peak = measured(lambda t, degc: degc + 14 * np.exp(-(((t - RAMP_S - 600) / 120) ** 2)))
    allowed = Band(soak_band_degc=10.0, ramp_band_ratio=0.25, soak_shortfall_ratio=0.1)
    [deviation] = deviations(peak, allowed)
    assert deviation.startswith("soak 1 at 1200 °C: highest 121")
    assert deviation.endswith("°C, limit 1210.0 °C")


def test_cold_zone_is_told() -> None:
    cold = measured(zone=lambda _, degc: degc - 40 * degc / 1200)
    assert any("zones differ by 40" in deviation for deviation in deviations(cold))


def test_zone_that_settles_after_the_ramp_is_no_deviation() -> None:
    slow = measured(zone=lambda t, degc: setpoint(np.maximum(t - 150, 0)))
    assert deviations(slow) == ()


def test_ramp_is_judged_by_its_mean_rate() -> None:
    fast = HeatTreatment(**{**vars(SINTER), "ramp_degc_per_min": (2.0, 6.0)})
    slow = HeatTreatment(**{**vars(SINTER), "ramp_degc_per_min": (8.0, 6.0)})
    assert judge(measured(), fast, BAND).deviations == (
        "ramp 1 to 1200 °C: 5.00 °C/min, limit 2.50 °C/min",
    )
    assert judge(measured(), slow, BAND).deviations == (
        "ramp 1 to 1200 °C: 5.00 °C/min, lower limit 6.00 °C/min",
    )


def test_cooling_may_be_slower_than_ordered_but_not_faster() -> None:
    slow = measured(lambda t, degc: np.where(t > SOAK_END_S, np.maximum(degc, 500.0), degc))
    assert deviations(slow) == ()
    ordered_slower = HeatTreatment(**{**vars(SINTER), "ramp_degc_per_min": (5.0, 3.0)})
    [deviation] = judge(measured(), ordered_slower, BAND).deviations
    assert deviation.startswith("ramp 2 to 80 °C: 6.0")


def test_weak_heater_that_never_reaches_the_soak_is_told() -> None:
    weak = measured(lambda _, degc: np.minimum(degc, 900.0))
    found = deviations(weak)
    assert found[0].startswith("ramp 1 to 1200 °C: only 90")
    assert found[1].startswith("soak 1 at 1200 °C: 0 s within ±10 °C")


def test_run_broken_off_before_its_soak_is_told() -> None:
    whole = measured()
    half = Profile(**{name: values[:200] for name, values in whole.arrays.items()})
    [deviation] = deviations(half)
    assert deviation.startswith("segment 1: the setpoint never reached 1200 °C, its highest was 68")


def test_peak_without_soak_between_two_samples_is_found() -> None:
    kinked = HeatTreatment(
        temperature_degc=(601.0, 1200.0, 80.0),
        ramp_degc_per_min=(5.0, 5.0, 6.0),
        soak_s=(0.0, 43_200.0, 0.0),
        atmosphere="air",
    )
    judgement = judge(measured(), kinked, BAND)
    assert (judgement.deviations, judgement.unknown) == ((), ())


def test_two_soaks_at_one_temperature_are_one() -> None:
    split = HeatTreatment(
        temperature_degc=(1200.0, 1200.0, 80.0),
        ramp_degc_per_min=(5.0, 1.0, 6.0),
        soak_s=(40_000.0, 3200.0, 0.0),
        atmosphere="air",
    )
    assert judge(measured(), split, BAND).soak_in_band_s == pytest.approx(43_200, abs=80)


@pytest.mark.parametrize("name", ["temperature_degc", "zone_degc", "setpoint_degc", "time_s"])
def test_sample_without_a_number_makes_the_run_unknown(name: str) -> None:
    arrays = measured().arrays
    arrays[name] = (*arrays[name][:500], math.nan, *arrays[name][501:])
    judgement = judge(Profile(**arrays), SINTER, BAND)
    assert judgement.deviation_count is None
    assert judgement.soak_in_band_s is None
    assert judgement.reason is not None
    assert "samples have no number" in judgement.reason


def test_gap_in_time_makes_the_run_unknown_and_keeps_what_is_known_to_be_wrong() -> None:
    whole = measured(lambda _, degc: np.minimum(degc, 900.0)).arrays
    judgement = judge(
        Profile(**{name: (*values[:600], *values[700:]) for name, values in whole.items()}),
        SINTER,
        BAND,
    )
    assert judgement.unknown == ("no sample from 23960 s to 28000 s",)
    assert judgement.deviation_count is None
    assert judgement.reason is not None
    assert "known deviations: ramp 1 to 1200 °C: only 90" in judgement.reason


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (Profile(time_s=(), setpoint_degc=(), temperature_degc=(), zone_degc=()), "gave 0 samples"),
        (
            Profile(
                time_s=(0.0, 1.0), setpoint_degc=(25.0,), temperature_degc=(25.0,), zone_degc=()
            ),
            "have [2, 1, 1, 0] samples",
        ),
        (
            Profile(
                time_s=(0.0, 9.0, 5.0),
                setpoint_degc=(25.0,) * 3,
                temperature_degc=(25.0,) * 3,
                zone_degc=(25.0,) * 3,
            ),
            "does not grow after 9.0 s",
        ),
    ],
)
def test_profile_of_the_wrong_shape_is_unknown(profile: Profile, reason: str) -> None:
    judgement = judge(profile, SINTER, BAND)
    assert (judgement.deviation_count, judgement.soak_in_band_s) == (None, None)
    assert judgement.reason is not None
    assert reason in judgement.reason


def test_recipe_without_a_band_leaves_the_run_unknown() -> None:
    judgement = judge(measured(), SINTER, band_of({"ramp_band_ratio": 0.25}))
    assert judgement.reason == "the recipe has no released soak_band_degc"
    assert judgement.deviation_count is None


def test_soak_that_a_power_cut_interrupts_is_resumed_up_to_the_limit_of_its_recipe() -> None:
    cut = measured(
        lambda t, degc: np.where((t > 30_000) & (t <= 31_800), degc - 200, degc), lag_s=0.0
    )
    rule = {"soak_band_degc": 10.0, "soak_shortfall_ratio": 0.1}
    assert deviations(cut, band_of({**rule, "longest_interruption_s": 3600.0})) == ()
    [deviation] = deviations(cut, band_of({**rule, "longest_interruption_s": 900.0}))
    assert deviation == (
        "soak 1 at 1200 °C: interrupted for 1800 s, limit 900 s: not to be resumed"
    )
