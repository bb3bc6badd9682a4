"""Figures that quality computes: known answers, and None with a reason where there is none."""

import re
from datetime import UTC, datetime

import numpy as np
import pytest

from services.quality.domain import CcdRecipeRule
from services.quality.figures import at_25_degc, spectrum_figures
from services.quality.staircase import staircase_figures
from shared.events import CyclingEnded, SpectrumMeasured

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
FREQUENCY_HZ = np.geomspace(7e6, 1.0, 70)
JW = 2j * np.pi * FREQUENCY_HZ
INTERFACE_OHM, AREA_CM2 = 166.08, 1.911
CELL_Z = 1e-7 * JW + 0.3 + 0.5 / (1 + (JW * 4e-8) ** 0.9)
CELL_Z = CELL_Z + INTERFACE_OHM / (1 + (JW * 1e-3) ** 0.88)
PELLET_OHM = 0.75
PELLET_Z = 1e-7 * JW + 0.25 + 0.5 / (1 + (JW * 4e-8) ** 0.95) + 8e4 * JW**-0.94
DENSITIES = [sign * 0.2 * level for level in range(1, 26) for sign in (1, -1)]
DWELL_S = 60


def spectrum(z_ohm, **changes):
    noise = np.random.default_rng(7).normal(size=(2, z_ohm.size))
    z_ohm = z_ohm * (1 + 0.002 * (noise[0] + 1j * noise[1]))
    values = {
        "lot_id": "C-1",
        "spectrum_id": "S-1",
        "job_order_id": "C-1-impedance",
        "work_request_id": "WR-1",
        "product_id": "nvp-coin",
        "operation": "impedance",
        "mode": "cell",
        "frequency_hz": FREQUENCY_HZ.tolist(),
        "z_real_ohm": z_ohm.real.tolist(),
        "z_imag_ohm": z_ohm.imag.tolist(),
        "temperature_degc": 25.0,
        "fixture_id": "FX-1",
        "thickness_um": None,
        "area_cm2": AREA_CM2,
        "faces": 2,
        "measured_at": NOW,
    }
    return SpectrumMeasured.model_validate(values | changes)


def figures(event, thickness_um=None):
    results, record = spectrum_figures(event, thickness_um, 1e-5)
    return {result.characteristic: result for result in results}, record


@pytest.mark.parametrize("faces", [1, 2])
def test_the_interface_of_a_cell_is_found_per_area_and_face(faces):
    found, record = figures(spectrum(CELL_Z, faces=faces))
    asr = found["interface_asr_ohm_cm2"]
    assert asr.value == pytest.approx(INTERFACE_OHM * AREA_CM2 / faces, rel=0.01)
    assert asr.unit == "Ω·cm²"
    assert 0.0 < found["interface_asr_error_ohm_cm2"].value < 0.02 * asr.value
    assert found["kk_residual_ratio"].value < 0.01
    assert found["ionic_resistance_ohm"].value == pytest.approx(0.8, rel=0.1)
    assert record["fit"]["circuit"] == "L-R-RQ-RQ"


def test_a_cell_that_drifts_fails_the_kramers_kronig_limit():
    drifting = CELL_Z * (1.0 + 0.5 * np.linspace(0.0, 1.0, JW.size) ** 2)
    found, _ = figures(spectrum(drifting))
    assert found["kk_residual_ratio"].value > 0.01


@pytest.mark.parametrize("change", [{"area_cm2": None}, {"faces": None}, {"faces": 3}])
def test_without_area_or_faces_there_is_no_area_specific_resistance(change):
    found, _ = figures(spectrum(CELL_Z, **change))
    assert found["interface_asr_ohm_cm2"].value is None
    assert "needs the area and 1 or 2 faces" in found["interface_asr_ohm_cm2"].reason
    assert found["kk_residual_ratio"].value < 0.01


def test_the_conductivity_of_a_pellet_uses_its_own_thickness():
    pellet = spectrum(PELLET_Z, mode="blocking", temperature_degc=30.0, area_cm2=2.011)
    found, _ = figures(pellet, thickness_um=123.0)
    expected = 123.0e-4 / (PELLET_OHM * 2.011)
    assert found["ionic_conductivity_s_per_cm"].value == pytest.approx(expected, rel=0.01)
    at_25 = found["ionic_conductivity_25degc_s_per_cm"].value
    assert at_25 == pytest.approx(expected * 0.8864, rel=0.01)
    assert found["ionic_conductivity_s_per_cm"].unit == "S/cm"


def test_a_pellet_without_measured_thickness_has_no_conductivity():
    found, _ = figures(spectrum(PELLET_Z, mode="blocking"))
    assert found["ionic_conductivity_s_per_cm"].value is None
    assert "thickness_um of the pellet is unknown" in found["ionic_conductivity_s_per_cm"].reason
    assert found["ionic_resistance_ohm"].value == pytest.approx(PELLET_OHM, rel=0.02)


def test_without_temperature_only_the_normalised_conductivity_is_unknown():
    pellet = spectrum(PELLET_Z, mode="blocking", temperature_degc=None)
    found, _ = figures(pellet, thickness_um=125.0)
    assert found["ionic_conductivity_s_per_cm"].value > 0.0
    assert found["ionic_conductivity_25degc_s_per_cm"].value is None


def test_the_paper_s_two_conductivities_fit_one_activation_energy():
    assert at_25_degc(3.6e-2, 100.0) == pytest.approx(8.3e-3, rel=0.005)
    assert at_25_degc(8.3e-3, 25.0) == 8.3e-3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"frequency_hz": (1.0, 2.0)}, "frequency_hz has 2 values, z_real_ohm 70"),
        (
            {"frequency_hz": (), "z_real_ohm": (), "z_imag_ohm": ()},
            "S-1: 0 points; a spectrum has 5 to",
        ),
    ],
)
def test_a_spectrum_that_cannot_be_evaluated_gives_unknown_figures(change, told):
    found, record = figures(spectrum(CELL_Z, **change))
    assert record is None
    assert {result.value for result in found.values()} == {None}
    assert told in found["interface_asr_ohm_cm2"].reason


FROZEN_Z = np.where((FREQUENCY_HZ < 100.0) & (FREQUENCY_HZ > 10.0), 150.0 - 1j, CELL_Z)
LEFT_OUT = (FREQUENCY_HZ > 100.0) | (FREQUENCY_HZ < 5.0)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (spectrum(CELL_Z.conj()), "with the sign of the imaginary part turned 0.00"),
        (
            spectrum(CELL_Z[LEFT_OUT], frequency_hz=FREQUENCY_HZ[LEFT_OUT].tolist()),
            r"no point between 4.9\d* and 121\S* Hz, 1.4 decades",
        ),
        (
            spectrum(CELL_Z).model_copy(
                update={
                    "z_real_ohm": tuple(FROZEN_Z.real.tolist()),
                    "z_imag_ohm": tuple(FROZEN_Z.imag.tolist()),
                }
            ),
            r"z_ohm is 150-1j at 3 frequencies in a row .* saturated",
        ),
        (
            spectrum(CELL_Z, frequency_hz=[7e6, *FREQUENCY_HZ[:-1].tolist()]),
            "7000000.0 at point 2; it must be present once only",
        ),
    ],
    ids=["sign swapped", "frequencies missing", "saturated", "frequency repeated"],
)
def test_a_spectrum_that_is_no_evidence_releases_nothing_and_says_why(event, told):
    found, record = figures(event)
    assert record is None
    assert {result.value for result in found.values()} == {None}
    assert re.search(told, found["interface_asr_ohm_cm2"].reason)


def staircase(shorted_from=None, area_cm2=AREA_CM2, dwell_s=DWELL_S):
    """Rows of a staircase to 5 mA/cm2 with 1 row a second; from a half step on it is shorted."""
    random = np.random.default_rng(3)
    rows = {"step_index": [], "time_s": [], "voltage_v": [], "current_ma": []}
    for index, density in enumerate(DENSITIES):
        asr = 1.0 if shorted_from is not None and index >= shorted_from else 240.0
        time_s = index * (dwell_s + 1.0) + np.arange(dwell_s + 1.0)
        noise = 1.0 + 0.005 * random.normal(size=time_s.size)
        rows["step_index"] += [index + 1] * time_s.size
        rows["time_s"] += time_s.tolist()
        rows["voltage_v"] += (density * 1e-3 * asr * noise).tolist()
        # A tester that is 0.4 % low must not lose the cell its level.
        rows["current_ma"] += [0.996 * density * AREA_CM2] * time_s.size
    return CyclingEnded(
        lot_id="W-1",
        job_order_id="W-1-ccd",
        work_request_id="WR-1",
        product_id="nvp-coin",
        operation="ccd",
        protocol_id="ccd",
        protocol_version=1,
        channel="27-1-1",
        protocol_matches=True,
        cycles=(),
        row_count=len(rows["time_s"]),
        area_cm2=area_cm2,
        ended_at=NOW,
        **rows,
    )


RULES = [None, CcdRecipeRule(dwell_s=DWELL_S, voltage_limit_v=5.0, step_ma_per_cm2=0.2)]


def ccd(event, rule=None):
    return {result.characteristic: result for result in staircase_figures(event, rule)}


@pytest.mark.parametrize("rule", RULES)
def test_a_staircase_without_a_fault_is_right_censored_at_its_ordered_level(rule):
    found = ccd(staircase(), rule)
    assert found["ccd_survived_ma_per_cm2"].value == 5.0
    assert found["ccd_failed_ma_per_cm2"].value is None
    assert found["ccd_mode"].value == "right_censored"


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("half_step", "survived"), [(40, 4.0), (39, 3.8)])
def test_a_level_counts_when_both_directions_survived_it(rule, half_step, survived):
    found = ccd(staircase(shorted_from=half_step), rule)
    assert found["ccd_survived_ma_per_cm2"].value == pytest.approx(survived)
    assert found["ccd_failed_ma_per_cm2"].value == pytest.approx(0.2 * (half_step // 2 + 1))
    assert found["ccd_mode"].value == "hard_short"


def test_a_cell_shorted_from_the_start_survived_nothing_and_says_so():
    found = ccd(staircase(shorted_from=0))
    assert found["ccd_survived_ma_per_cm2"].value is None
    assert found["ccd_survived_ma_per_cm2"].reason.startswith("no level was survived; hard_short")


def test_a_half_step_shorter_than_specified_is_not_survived():
    found = ccd(staircase(), CcdRecipeRule(dwell_s=600.0, voltage_limit_v=5.0))
    assert found["ccd_survived_ma_per_cm2"].value is None
    assert "is not decided" in found["ccd_survived_ma_per_cm2"].reason


def test_without_an_area_nothing_is_known():
    found = ccd(staircase(area_cm2=None))
    assert {result.value for result in found.values()} == {None}
    assert found["ccd_survived_ma_per_cm2"].reason.startswith("area_cm2 is unknown")


def test_rows_without_a_current_are_no_staircase():
    rows = staircase().model_copy(update={"current_ma": (0.0,) * len(staircase().current_ma)})
    assert "no half step" in ccd(rows)["ccd_survived_ma_per_cm2"].reason


def without(event, leaves_out):
    """The event without the rows of which `leaves_out` (step, time within it in s) is true."""
    first = {step: at for step, at in zip(event.step_index[::-1], event.time_s[::-1], strict=True)}
    kept = [
        row
        for row, (step, at) in enumerate(zip(event.step_index, event.time_s, strict=True))
        if not leaves_out(step, at - first[step])
    ]
    names = ("step_index", "time_s", "voltage_v", "current_ma")
    return event.model_copy(
        update={name: tuple(getattr(event, name)[row] for row in kept) for name in names}
    )


GAPS = [
    (lambda step, at: step == 7 and 20.0 < at < 40.0, "gap of 20 s at \\+0.7968 mA/cm2"),
    (lambda step, _: step in (7, 8), "no rows between 0.5976 and 0.996 mA/cm2"),
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("leaves_out", "told"), GAPS, ids=["in a half step", "a level"])
def test_a_staircase_with_a_gap_is_unknown_and_no_level_counts_as_survived(rule, leaves_out, told):
    found = ccd(without(staircase(), leaves_out), rule)
    assert {result.value for result in found.values()} == {None}
    assert re.search(told, found["ccd_survived_ma_per_cm2"].reason)
