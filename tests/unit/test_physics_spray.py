"""Spray, cure and moisture against the paper."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from simulators.physics import cure, exposure, spray

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_contact_angle_is_that_of_the_paper_with_and_without_field() -> None:
    voltage_v = spray.field_voltage_v(15_000.0, -2000.0)
    assert spray.contact_angle_deg(voltage_v) == pytest.approx(10.5, abs=0.5)
    assert spray.contact_angle_deg(spray.field_voltage_v(15_000.0, 0.0)) == pytest.approx(63.1)
    assert spray.contact_angle_deg(30_000.0) == 0.0


def test_two_seconds_make_two_microlitres_and_cover_a_coin() -> None:
    glue_ul = spray.volume_ul(0.06, 2.0)
    assert glue_ul == pytest.approx(2.0)
    assert spray.film_um(glue_ul, 2.01) == pytest.approx(8.0, abs=0.1)
    assert spray.coverage_ratio(glue_ul, 2.01) > 0.99
    assert spray.coverage_ratio(0.1 * glue_ul, 2.01) < 0.5


def test_six_seconds_cover_a_pouch_pellet() -> None:
    glue_ul = spray.volume_ul(0.06, 6.0, spray.needle_count(24.0))
    assert spray.coverage_ratio(glue_ul, 24.0) > 0.99


def test_face_resistance_is_half_of_the_papers_with_and_without_field() -> None:
    assert 2 * spray.face_asr_ohm_cm2(10.5, 8.0, 0.99) == pytest.approx(158.7)
    assert 2 * spray.face_asr_ohm_cm2(63.1, 8.0, 0.88) == pytest.approx(218.8)
    assert spray.face_asr_ohm_cm2(10.5, 0.5, 0.4) > 150.0


def test_glue_cures_in_15_minutes_with_and_321_without_field() -> None:
    assert cure.full_cure_min(cure.rate_per_min(17_000.0)) == pytest.approx(15.0, abs=0.1)
    assert cure.full_cure_min(cure.rate_per_min(0.0)) == pytest.approx(321.0, abs=1.0)
    assert cure.cured_ratio(cure.K_EAP_PER_MIN, 900.0) == pytest.approx(0.99, abs=0.001)
    assert cure.rate_per_min(17_000.0, 250.0) < cure.K_EAP_PER_MIN / 2


def test_water_content_of_the_limit_dew_point() -> None:
    assert exposure.water_ppm(-35.0) == pytest.approx(220.0, rel=0.03)
    assert exposure.water_ppm(-45.0) == pytest.approx(71.0, rel=0.03)
    assert exposure.excess_ppm(-45.0) == 0.0


def test_bare_sodium_is_bad_after_two_hours_of_room_air_and_protected_good_after_five() -> None:
    room_air = exposure.excess_ppm(exposure.ROOM_AIR_DEW_POINT_DEGC)
    assert exposure.resistance_factor(2.0 * room_air) > 3.0
    protected = 5.0 * room_air * exposure.PROTECTED_SHARE
    assert exposure.resistance_factor(protected) < 2.0
    half_year = 4380.0 * room_air * exposure.COATED_SHARE
    assert half_year < 5.0 * room_air


def test_room_is_dry_but_for_rare_excursions() -> None:
    hours = [NOW + timedelta(minutes=20 * index) for index in range(3 * 24 * 200)]
    quiet = [exposure.Room(7, excursions_per_day=0.0).dew_point_degc(at) for at in hours]
    assert np.mean(quiet) == pytest.approx(-45.0, abs=0.3)
    assert max(quiet) < -40.0
    usual = np.array([exposure.Room(7).dew_point_degc(at) for at in hours])
    share = np.mean(usual > exposure.LIMIT_DEW_POINT_DEGC)
    assert 1e-4 < share < 3e-3


def test_room_is_the_same_whenever_it_is_asked_and_a_fault_raises_it() -> None:
    assert exposure.Room(7).dew_point_degc(NOW) == exposure.Room(7).dew_point_degc(NOW)
    assert exposure.Room(7).dew_point_degc(NOW) != exposure.Room(8).dew_point_degc(NOW)
    wet = exposure.Room(7, lambda instant: 30.0)
    later = NOW + timedelta(hours=1)
    assert exposure.Room(7).dose_ppm_h(NOW, later) == 0.0
    assert wet.dose_ppm_h(NOW, later) > 500.0
    assert wet.dose_ppm_h(later, NOW) == 0.0
