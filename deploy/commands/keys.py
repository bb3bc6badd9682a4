"""`halite keys`: make the keys of the record before a plant that is given them starts."""

from pathlib import Path

import click

from deploy import recordkeys
from deploy.commands.certs import data_dir_option, plant_of, plant_option
from deploy.data_folder import DataFolder
from deploy.report import Report, reports


@click.group(name="keys")
def command() -> None:
    """Make the keys of seals and of documents, for a plant that is given them (HALITE_KEYS_DIR)."""


@command.command(name="make")
@data_dir_option
@plant_option
@reports
def make(data_dir: Path, plant: Path | None) -> Report:
    """Make the keys that are missing, as the first start of a plant does, and print their files."""
    data = DataFolder(data_dir)
    data.prepare()
    files = [str(file) for file in recordkeys.make(data, plant_of(data, plant).site)]
    return Report(data={"files": files}, lines=files)
