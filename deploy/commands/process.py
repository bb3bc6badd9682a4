"""`halite process`: what a spray recipe should do, for engineers; it never touches the line."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import click

from deploy.report import Report, progress, reports
from processmodel import recipe, wetting
from shared.errors import PersonNeededError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
# Options of both models of flowing glue.
VOLTAGE = click.option(
    "--voltage", "voltage_v", type=float, help="Between needle and substrate, V [17000]."
)
TENSION = click.option(
    "--tension", "tension_mn_per_m", type=float, default=35.0, help="mN/m [35, assumed]."
)
OUT = click.option("--out", "folder", type=FOLDER, required=True, help="For pictures and CSV.")
NEEDED = {"skfem": "scikit-fem", "matplotlib": "matplotlib"}


@click.group(name="process")
def command() -> None:
    """The process model: wetting, film and cure of a recipe, and pictures of glue that flows."""


@command.command(name="angle")
@click.option("--voltage", "voltage_v", type=float, help="V between needle and substrate.")
@click.option("--angle", "angle_deg", type=float, help="Instead: the contact angle wanted, in deg.")
@reports
def angle(voltage_v: float | None, angle_deg: float | None) -> Report:
    """Tell the contact angle for a voltage (paper eq. 1), or the voltage for an angle."""
    if voltage_v is not None and angle_deg is not None:
        raise click.UsageError("Give either --voltage or --angle.")
    if angle_deg is not None:
        needed_v = wetting.voltage_v(angle_deg)
        told = f"{angle_deg:g} deg at {needed_v:.0f} V"
        return Report(data={"angle_deg": angle_deg, "voltage_v": needed_v}, lines=(told,))
    if voltage_v is None:
        raise click.UsageError("Give either --voltage or --angle.")
    found_deg = wetting.contact_angle_deg(voltage_v)
    told = f"{found_deg:.1f} deg at {voltage_v:g} V"
    return Report(data={"angle_deg": found_deg, "voltage_v": voltage_v}, lines=(told,))


@command.command(name="recipe")
@click.option("--file", "path", type=FILE, required=True, help="A recipe, or master data, as YAML.")
@click.option("--id", "recipe_id", help="Which recipe of the master data.")
@reports
def judge(path: Path, recipe_id: str | None) -> Report:
    """Compute wetting, film, coverage and cure of a recipe; ends with 1 when it breaks a limit."""
    lines = recipe.figures(recipe.read_recipe(path, recipe_id))
    broken = [line.name for line in lines if line.broken]
    return Report(
        data=recipe.as_json(lines),
        lines=(recipe.table(lines),),
        fault=f"The recipe breaks its limits: {', '.join(broken)}." if broken else None,
    )


@command.command(name="spread")
@click.option("--angle", "angle_deg", type=float, help="Of the wall, deg; or give --voltage.")
@VOLTAGE
@click.option(
    "--from-angle", "from_deg", type=float, default=120.0, help="Of the start, deg [120]."
)
@click.option("--drop", "drop_um", type=float, default=28.0, help="Diameter, um [28].")
@TENSION
@click.option("--resolution", type=float, default=2.0, help="Triangles in a capillary width [2].")
@click.option("--time", "until_us", type=float, default=2e4, help="us at most [20000].")
@OUT
@reports
def spread_drop(
    angle_deg: float | None,
    voltage_v: float | None,
    from_deg: float,
    drop_um: float,
    tension_mn_per_m: float,
    resolution: float,
    until_us: float,
    folder: Path,
) -> Report:
    """Let a drop spread on a face, in two dimensions; ends at rest or at --time."""
    _need_libraries()
    from processmodel import runs, spread

    drop = spread.Drop(_wall_angle(angle_deg, voltage_v), from_deg, resolution)
    scale = runs.Scale(drop_um / 2.0, tension_mn_per_m)
    with progress("spreading") as show:
        found = runs.run_spread(drop, scale, until_us, folder, show)
    return _computed(found, folder)


@command.command(name="fill-crack")
@click.option("--angle", "angle_deg", type=float, help="Of the walls, deg; or give --voltage.")
@VOLTAGE
@click.option("--width", "width_um", type=float, default=1.0, help="Of the crack, um [1].")
@click.option("--depth", "depth_um", type=float, default=3.0, help="Of the crack, um [3].")
@click.option("--film", "film_um", type=float, default=1.2, help="Glue on the face, um [1.2].")
@TENSION
@click.option("--resolution", type=float, default=1.0, help="Triangles in a capillary width [1].")
@click.option("--time", "until_us", type=float, default=200.0, help="us at most [200].")
@OUT
@reports
def fill_crack(
    angle_deg: float | None,
    voltage_v: float | None,
    width_um: float,
    depth_um: float,
    film_um: float,
    tension_mn_per_m: float,
    resolution: float,
    until_us: float,
    folder: Path,
) -> Report:
    """Let glue fill a crack that is open below, in two dimensions."""
    _need_libraries()
    from processmodel import crack, runs

    scale = runs.Scale(width_um, tension_mn_per_m)
    opening = crack.Crack(
        _wall_angle(angle_deg, voltage_v),
        depth=depth_um / width_um,
        film=film_um / width_um,
        resolution=resolution,
    )
    with progress("filling") as show:
        found = runs.run_fill(opening, scale, until_us, folder, show)
    return _computed(found, folder)


def _wall_angle(angle_deg: float | None, voltage_v: float | None) -> float:
    if angle_deg is not None and voltage_v is not None:
        raise click.UsageError("Give either --angle or --voltage.")
    if angle_deg is not None:
        return angle_deg
    return wetting.contact_angle_deg(wetting.EAP_VOLTAGE_V if voltage_v is None else voltage_v)


def _need_libraries() -> None:
    """Raise PersonNeededError that names what is missing: a plant does without finite elements."""
    missing = [name for module, name in NEEDED.items() if not importlib.util.find_spec(module)]
    if missing:
        raise PersonNeededError(
            f"The process model needs {' and '.join(missing)}, which this installation lacks; "
            "install Halite with its extra: pip install 'halite[process]'."
        )


def _computed(found: Sequence[str], folder: Path) -> Report:
    return Report(
        data={"found": list(found), "folder": str(folder)},
        lines=(*found, f"pictures and figures: {folder}"),
    )
