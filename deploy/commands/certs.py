"""`halite certs`: how long the certificates of the OPC UA connections are valid; renew them."""

from datetime import UTC, datetime
from pathlib import Path

import click

from deploy.data_folder import DataFolder
from deploy.pki import RENEWED_BEFORE, renew, valid_until
from deploy.processes import PROJECT_DIR
from shared.settings import read_plant

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=PROJECT_DIR / ".halite",
    help="The plant's data folder.",
)


@click.group(name="certs")
def command() -> None:
    """Show and renew the certificates of the OPC UA connections; the plant may run."""


@command.command(name="show")
@data_dir_option
def show(data_dir: Path) -> None:
    """Print days left, end and name of each certificate, the first to end first."""
    now = datetime.now(UTC)
    for name, until in valid_until(DataFolder(data_dir).pki).items():
        click.echo(f"{(until - now).days:5} days  {until:%Y-%m-%d}  {name}")


@command.command(name="renew")
@click.argument("names", nargs=-1)
@data_dir_option
def renew_named(names: tuple[str, ...], data_dir: Path) -> None:
    """Renew the certificates of NAMES; without names, those that end within 30 days."""
    data, now = DataFolder(data_dir), datetime.now(UTC)
    ending = [name for name, until in valid_until(data.pki).items() if until - now < RENEWED_BEFORE]
    for name, until in renew(data.pki, read_plant(data.plant_file), names or ending).items():
        click.echo(f"{name} is valid until {until:%Y-%m-%d}.")
    if not names and not ending:
        click.echo(f"None ends within {RENEWED_BEFORE.days} days.")
