"""`halite certs`: make the certificates of a plant, show how long they are valid, renew them."""

from datetime import UTC, datetime
from pathlib import Path

import click

from deploy import certificates, databaserights
from deploy.data_folder import DataFolder
from deploy.pki import RENEWED_BEFORE
from deploy.processes import PROJECT_DIR
from deploy.report import Report, reports
from deploy.topicrights import rights_file
from shared.settings import PlantSettings, read_plant

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=PROJECT_DIR / ".halite",
    help="The plant's data folder.",
)
plant_option = click.option(
    "--plant",
    type=click.Path(path_type=Path),
    default=None,
    help="The plant file; the one in the data folder, else deploy/plant.toml, when not given.",
)


@click.group(name="certs")
def command() -> None:
    """Make, show and renew the certificates of OPC UA and, named tls/..., of TLS."""


@command.command(name="make")
@data_dir_option
@plant_option
@reports
def make(data_dir: Path, plant: Path | None) -> Report:
    """Make the certificates that are missing, as each start of the plant does."""
    data = DataFolder(data_dir)
    data.prepare()
    certificates.make(data, plant_of(data, plant))
    return _shown(data)


@command.command(name="show")
@data_dir_option
@reports
def show(data_dir: Path) -> Report:
    """Print days left, end and name of each certificate, the first to end first."""
    data = DataFolder(data_dir)
    data.check_present()
    return _shown(data)


@command.command(name="renew")
@click.argument("names", nargs=-1)
@data_dir_option
@plant_option
@reports
def renew_named(names: tuple[str, ...], data_dir: Path, plant: Path | None) -> Report:
    """Renew the certificates of NAMES; without names, those that end within 30 days.

    The plant may run: it takes them up by itself.
    """
    data, now = DataFolder(data_dir), datetime.now(UTC)
    data.check_present()
    ending = [n for n, until in certificates.ends(data).items() if until - now < RENEWED_BEFORE]
    renewed = certificates.renew(data, plant_of(data, plant), names or ending)
    lines = [f"{name} is valid until {until:%Y-%m-%d}." for name, until in renewed.items()]
    if not names and not ending:
        lines = [f"None ends within {RENEWED_BEFORE.days} days."]
    return Report(data={n: until.isoformat() for n, until in renewed.items()}, lines=lines)


@command.command(name="rights")
@click.argument("server", type=click.Choice(["broker", "database"]), default="broker")
@data_dir_option
@plant_option
def rights(server: str, data_dir: Path, plant: Path | None) -> None:
    """Print who may do what on a SERVER of the site: mosquitto's acl_file, or SQL and pg_hba."""
    if server == "database":
        click.echo(databaserights.printed(), nl=False)
    else:
        click.echo(rights_file(plant_of(DataFolder(data_dir), plant)), nl=False)


def plant_of(data: DataFolder, given: Path | None) -> PlantSettings:
    """Return the plant file that is given, else that of the data folder, else the repository's.

    Raises:
        InvalidInputError: it is missing or wrong.
    """
    present = data.plant_file if data.plant_file.exists() else PROJECT_DIR / "deploy/plant.toml"
    return read_plant(given or present)


def _shown(data: DataFolder) -> Report:
    now, ends = datetime.now(UTC), certificates.ends(data)
    return Report(
        data={name: until.isoformat() for name, until in ends.items()},
        lines=[f"{(end - now).days:5} days  {end:%Y-%m-%d}  {name}" for name, end in ends.items()],
    )
