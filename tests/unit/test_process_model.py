"""The process model against the paper's angles, conservation, falling energy and analytic laws."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import halite
from processmodel import coating, crack, recipe, runs, spread, wetting
from shared.errors import InvalidInputError, OutOfLimitsError

ROOT = Path(__file__).resolve().parents[2]
MASTER_DATA = ROOT / "examples/master-data.yaml"


@pytest.fixture(scope="module")
def spreading() -> list[spread.Reading]:
    """A drop that comes from 120 deg to the angle without a field."""
    return list(spread.Spreading(spread.Drop(63.1, resolution=1.5)).run(1e5))


@pytest.fixture(scope="module")
def wetted() -> list[spread.Reading]:
    """A drop that comes from 70 deg to the angle under the field."""
    return list(spread.Spreading(spread.Drop(10.5, 70.0, 1.0)).run(1e7))


@pytest.fixture(scope="module")
def filling() -> list[crack.Reading]:
    """A slit of which two widths are wetted and that fills from an open end."""
    return list(crack.Filling(crack.Crack(40.0, 6.0, None, 2.0, 0.5)).run(1e4))


def test_both_angles_of_the_paper_come_from_one_number() -> None:
    assert wetting.lippmann_per_v2() == pytest.approx(1.84e-9, rel=0.005)
    assert wetting.contact_angle_deg(0.0) == pytest.approx(63.1)
    assert wetting.contact_angle_deg(17_000.0) == pytest.approx(10.5)
    assert wetting.voltage_v(10.5) == pytest.approx(17_000.0)


@pytest.mark.parametrize("voltage_v", [17_001.0, -20_000.0, float("nan")])
def test_no_angle_is_told_beyond_the_calibrated_voltage(voltage_v: float) -> None:
    with pytest.raises(OutOfLimitsError, match="outside 0 to 17000 V"):
        wetting.contact_angle_deg(voltage_v)


def test_cure_takes_the_15_and_321_minutes_of_the_paper() -> None:
    assert coating.cure_time_min(17_000.0) == pytest.approx(15.0)
    assert coating.cure_time_min(0.0) == pytest.approx(321.0)


def test_a_drop_rests_at_the_angle_without_field(spreading: list[spread.Reading]) -> None:
    rest = wetting.flat_cap(63.1, spread.AREA)
    assert spreading[0].angle_deg == pytest.approx(120.0, abs=1.5)
    assert spreading[-1].angle_deg == pytest.approx(63.1, abs=1.5)
    assert spreading[-1].footprint == pytest.approx(rest.footprint, rel=0.01)


def test_a_drop_that_wets_under_the_field_rests_near_its_angle(
    wetted: list[spread.Reading],
) -> None:
    assert wetted[-1].angle_deg == pytest.approx(10.5, abs=1.7)  # 10.9 with a finer mesh


def test_far_from_rest_a_ridge_spreads_by_tanners_law(wetted: list[spread.Reading]) -> None:
    first, last = (wetting.flat_cap(angle, spread.AREA).footprint for angle in (55.0, 25.0))
    assert spread.exponent(wetted, first, last) == pytest.approx(1.0 / 7.0, rel=0.05)


def test_no_glue_is_lost_and_no_energy_won(spreading: list[spread.Reading]) -> None:
    assert max(abs(item.glue_drift_ratio) for item in spreading) < 1e-12
    energies = [item.energy for item in spreading]
    assert all(after <= before * (1 + 1e-8) for before, after in pairwise(energies))


def test_a_slit_fills_as_fast_as_washburn_says(filling: list[crack.Reading]) -> None:
    first, last = (next(item for item in filling if item.filled > depth) for depth in (3.5, 4.5))
    middle = (first.filled + last.filled) / 2.0
    rate = (last.filled - first.filled) / (last.time - first.time)
    assert rate == pytest.approx(crack.washburn_rate(middle, 6.0, 40.0), rel=0.15)


def test_glue_runs_into_a_crack_below_a_film() -> None:
    filled = [item.filled for item in crack.Filling(crack.Crack(10.5, 2.0, 1.0)).run(2.0)]
    assert filled[-1] > filled[0] + 0.3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: spread.Drop(2.0), "angle_deg: 2 is outside 5 to 150"),
        (lambda: crack.Crack(89.0), "angle_deg: 89 is outside 5 to 80"),
        (lambda: crack.Crack(10.5, film=0.4), "film: 0.4 is outside"),
        (lambda: runs.Scale(2000.0, 35.0), "weight over tension is"),
        (lambda: runs.Scale(14.0, 0.0), "must be above 0"),
    ],
)
def test_what_mesh_or_model_cannot_hold_is_refused(make: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("recipe_id", ["eap-nfm-pouch", "eap-nvp-coin"])
def test_the_recipes_of_the_pilot_plant_keep_their_limits(recipe_id: str) -> None:
    figures = recipe.figures(recipe.read_recipe(MASTER_DATA, recipe_id))
    assert [line.name for line in figures if line.broken] == []


def test_a_recipe_that_cannot_wet_is_told_with_the_limits_it_breaks(tmp_path: Path) -> None:
    file = tmp_path / "weak.yaml"
    file.write_text(
        "parameters: {needle_voltage_v: 5000, substrate_voltage_v: -2000, distance_mm: 100,"
        " flow_ml_per_min: 0.06, spray_time_s: 2, area_cm2: 2.01}"
    )
    shown = CliRunner().invoke(halite, ["process", "recipe", "--file", str(file)])
    assert shown.exit_code == 1
    assert "breaks its limits: contact_angle_deg" in shown.output
    assert "cure_min" in shown.output


def test_a_run_leaves_its_pictures_and_figures(tmp_path: Path) -> None:
    words = ["--angle", "63.1", "--resolution", "1", "--time", "2", "--out", str(tmp_path)]
    shown = CliRunner().invoke(halite, ["process", "spread", *words])
    assert shown.exit_code == 0, shown.output
    assert "energy rose in 0 of" in shown.output
    assert {path.name for path in tmp_path.iterdir()} == {
        "spread.csv",
        "spread.png",
        "spread-angle.png",
    }


def test_without_its_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    program = "import sys; sys.modules['skfem'] = None; from deploy.cli import halite; halite()"
    arguments = ["process", "spread", "--angle", "30", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ") and "scikit-fem" in done.stderr
    assert "halite[process]" in done.stderr
    assert not (tmp_path / "out").exists()
