"""What each place of a furnace load got of the heat."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sintering.load import Place, places
from services.sintering.placeheat import PlaceHeat, heat_of_places
from services.sintering.profile import Band, Floats, Profile, judge
from services.sintering.qualification import FurnaceQualification, zone_share
from services.sintering.schedule import HeatTreatment

BAND = Band(soak_band_degc=10.0, ramp_band_ratio=0.25)
SOAK_S, STEP_S = 7200.0, 20.0
RAMP_S = (650 - 25) / 5 * 60
DEBIND = HeatTreatment(
    temperature_degc=(650.0,), ramp_degc_per_min=(5.0,), soak_s=(SOAK_S,), atmosphere="air"
)


def run(zone: Callable[[Floats], Floats]) -> Profile:
    """A run whose control thermocouple follows the program; `zone` changes the other one."""
    time_s = np.arange(0.0, RAMP_S + SOAK_S + 1, STEP_S)
    degc = np.interp(time_s, [0, RAMP_S, RAMP_S + SOAK_S], [25, 650, 650])
    return Profile(
        time_s=tuple(time_s),
        setpoint_degc=tuple(degc),
        temperature_degc=tuple(degc),
        zone_degc=tuple(zone(degc)),
    )


def heat_at(profile: Profile, *shares: float, energy: float | None = None) -> list[PlaceHeat]:
    judgement = judge(profile, DEBIND, BAND)
    wanted = {f"P{at}": share for at, share in enumerate(shares)}
    return list(heat_of_places(profile, DEBIND, BAND, judgement, wanted, energy).values())


def test_a_cold_zone_touches_exactly_the_places_that_left_the_band() -> None:
    near, half, far = heat_at(run(lambda degc: degc - 18.0), 0.0, 0.5, 1.0)
    assert (near.deviations, half.deviations) == ((), ())
    assert near.soak_in_band_s == pytest.approx(SOAK_S, abs=2 * STEP_S)
    [deviation] = far.deviations
    assert deviation == "soak 1 at 650 °C: 0 s within ±10 °C, limit 7200 s"
    assert far.deviation_count == 1


def test_a_hot_zone_is_told_with_the_temperature_of_the_place() -> None:
    [place] = heat_at(run(lambda degc: degc + 30.0), 0.5)
    assert place.deviations[1] == "soak 1 at 650 °C: highest 665.0 °C, limit 660.0 °C"


def test_a_ramp_that_was_too_slow_touches_each_place() -> None:
    slow = run(lambda degc: degc)
    steep = HeatTreatment(
        temperature_degc=(650.0,), ramp_degc_per_min=(8.0,), soak_s=(SOAK_S,), atmosphere="air"
    )
    judgement = judge(slow, steep, BAND)
    found = heat_of_places(slow, steep, BAND, judgement, {"A": 0.0, "B": 1.0})
    assert len(judgement.everywhere) == 1
    assert [place.deviations for place in found.values()] == [judgement.everywhere] * 2


def test_a_dead_thermocouple_leaves_each_place_unknown() -> None:
    dead = run(lambda degc: np.where(degc > 600, np.nan, degc))
    for place in heat_at(dead, 0.0, 1.0):
        assert (place.deviation_count, place.soak_in_band_s, place.dose_h) == (None, None, None)
        assert place.reason is not None and "samples have no number" in place.reason


def test_the_dose_of_a_soak_at_its_own_temperature_is_its_length() -> None:
    at_once, colder = heat_at(run(lambda degc: degc - 20.0), 0.0, 1.0, energy=250_000.0)
    assert at_once.dose_h == pytest.approx(2.0, rel=0.12)
    assert colder.dose_h == pytest.approx(at_once.dose_h * 0.49, rel=0.02)
    [no_energy] = heat_at(run(lambda degc: degc), 0.0)
    assert (no_energy.dose_h, no_energy.reason) == (None, None)


@given(st.integers(1, 12), st.integers(1, 60))
def test_shares_grow_from_the_control_thermocouple_to_the_other(tray: int, position: int) -> None:
    def share(at_tray: int, at_position: int) -> float:
        place = Place(lot_id="P", tray=at_tray, position=at_position)
        return zone_share(place, 0.6, 0.4, positions_count=60, trays_count=12)

    assert share(1, 1) == 0.0
    assert share(12, 60) == pytest.approx(1.0)
    assert share(tray, position) <= share(12, position) and share(tray, position) <= share(tray, 60)


@pytest.mark.parametrize(
    ("capacity_parts", "highest"),
    [(120, 0.6 + 0.4 / 3), (None, 1.0)],  # tray 2 of the furnace's 4; of the 2 that are known
)
def test_a_load_that_takes_few_trays_does_not_reach_the_thermocouple_above_them(
    capacity_parts: int | None, highest: float
) -> None:
    known = FurnaceQualification(
        equipment_id="furnace-1",
        version=1,
        position_share=0.6,
        tray_share=0.4,
        zone_offset_degc=0.0,
        drift_limit_degc=5.0,
        qualified_at=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2027, 1, 1, tzinfo=UTC),
        source="survey",
    )
    parts = places([f"P-{number}" for number in range(60)], 30, capacity_parts)
    shares = known.shares(parts, 30, capacity_parts)
    assert shares["P-0"] == 0.0
    assert shares["P-59"] == pytest.approx(highest)
