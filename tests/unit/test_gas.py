"""The gas that a furnace measured, against the band of its recipe."""

import math

import numpy as np
import pytest

from services.sintering.gas import Gas, GasBand, gas_band_of, with_gas
from services.sintering.profile import Judgement, Profile

BAND = GasBand(
    gas_from_degc=300.0,
    highest_oxygen_ppm=50.0,
    lowest_hydrogen_ratio=0.04,
    highest_hydrogen_ratio=0.06,
)
TIME_S = tuple(float(at) for at in range(0, 1000, 10))
DEGC = tuple(25.0 + at for at in TIME_S)  # 300 degC are reached at 275 s
PROFILE = Profile(time_s=TIME_S, setpoint_degc=DEGC, temperature_degc=DEGC, zone_degc=DEGC)
GOOD = Judgement(deviations=(), unknown=(), soak_in_band_s=500.0)
CLEAN = Gas(oxygen_ppm=(4.0,) * 100, hydrogen_ratio=(0.05,) * 100)


def changed(values: tuple[float, ...], first: int, value: float, count: int = 3) -> list[float]:
    found = list(values)
    found[first : first + count] = [value] * count
    return found


def judged(gas: Gas, band: GasBand = BAND, atmosphere: str = "ar_h2") -> Judgement:
    return with_gas(GOOD, PROFILE, gas, atmosphere, band)


def test_clean_gas_and_air_change_nothing() -> None:
    assert judged(CLEAN) == GOOD
    assert judged(Gas(), GasBand(), "air") == GOOD


def test_oxygen_counts_from_the_temperature_of_the_recipe_on() -> None:
    purged = Gas(
        oxygen_ppm=tuple(changed(CLEAN.oxygen_ppm, 0, 209_500.0, 27)),
        hydrogen_ratio=tuple(changed(CLEAN.hydrogen_ratio, 0, 0.0, 27)),
    )
    assert judged(purged) == GOOD
    leaking = Gas(
        oxygen_ppm=tuple(changed(CLEAN.oxygen_ppm, 40, 120.0)), hydrogen_ratio=CLEAN.hydrogen_ratio
    )
    found = judged(leaking)
    told = (
        "oxygen_ppm: highest 120, limit 50, at 300 °C or hotter, from 400 s to 420 s, 3 samples",
    )
    assert (found.deviations, found.everywhere, found.unknown) == (told, told, ())


@pytest.mark.parametrize(("ratio", "word"), [(0.01, "lowest 0.01"), (0.2, "highest 0.2")])
def test_hydrogen_has_two_limits(ratio: float, word: str) -> None:
    values = tuple(changed(CLEAN.hydrogen_ratio, 50, ratio, 1))
    [deviation] = judged(Gas(oxygen_ppm=CLEAN.oxygen_ppm, hydrogen_ratio=values)).deviations
    assert deviation.startswith(f"hydrogen_ratio: {word}, limit")


def test_what_is_not_measured_is_unknown_and_never_good() -> None:
    assert judged(Gas()).unknown == (
        "the furnace gave 0 values of oxygen_ppm for 100 samples",
        "the furnace gave 0 values of hydrogen_ratio for 100 samples",
    )
    dead = Gas(
        oxygen_ppm=tuple(changed(CLEAN.oxygen_ppm, 60, math.nan)),
        hydrogen_ratio=CLEAN.hydrogen_ratio,
    )
    found = judged(dead)
    assert found.unknown == ("3 of 72 samples at 300 °C or hotter have no oxygen_ppm",)
    assert (found.deviation_count, found.soak_in_band_s) == (None, None)


def test_a_recipe_without_the_band_of_its_gas_leaves_the_run_unknown() -> None:
    band = gas_band_of({"gas_from_degc": 300.0, "highest_oxygen_ppm": 50.0, "atmosphere": "ar_h2"})
    assert judged(CLEAN, band).unknown == (
        "the recipe has no released lowest_hydrogen_ratio",
        "the recipe has no released highest_hydrogen_ratio",
    )


def test_gas_counts_where_the_thermocouple_gives_no_number() -> None:
    lost = np.array(DEGC)
    lost[10] = math.nan
    profile = Profile(
        time_s=TIME_S, setpoint_degc=DEGC, temperature_degc=tuple(lost), zone_degc=DEGC
    )
    leaking = Gas(
        oxygen_ppm=tuple(changed(CLEAN.oxygen_ppm, 0, 900.0, 27)),
        hydrogen_ratio=CLEAN.hydrogen_ratio,
    )
    [deviation] = with_gas(GOOD, profile, leaking, "ar_h2", BAND).deviations
    assert deviation.endswith("from 100 s to 100 s, 1 samples")
