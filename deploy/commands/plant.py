"""`halite plant check`: compare the plant file with what its stations really offer."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from deploy.nodesets import FOLDER
from deploy.processes import PROJECT_DIR
from deploy.report import Report, reports
from deploy.stationcheck import Checked, check
from shared.settings import read_plant


@click.group(name="plant")
def command() -> None:
    """Look at the plant file and its stations."""


@command.command(name="check")
@click.option(
    "--plant",
    "plant_file",
    type=click.Path(path_type=Path),
    default=None,
    help="The plant file; by default the one the plant was started with, else deploy/plant.toml.",
)
@click.option("--station", "stations", multiple=True, help="Only this station, e.g. furnace-1.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=PROJECT_DIR / ".halite",
    help="The plant's data folder, with certificates and passwords.",
)
@reports
def check_stations(plant_file: Path | None, stations: tuple[str, ...], data_dir: Path) -> Report:
    """Connect to each station and print how it differs; ends with 1 when any does."""
    started = data_dir / "plant.toml"
    default = started if started.exists() else PROJECT_DIR / "deploy" / "plant.toml"
    plant = read_plant(plant_file or default)
    found = asyncio.run(check(plant, data_dir, FOLDER, stations))
    wrong = sum(bool(station.differences) for station in found)
    fault = f"{wrong} of {len(found)} stations differ from the plant file." if wrong else None
    return Report(
        data=[asdict(station) for station in found],
        lines=[line for station in found for line in _lines(station)],
        fault=fault,
    )


def _lines(station: Checked) -> Iterator[str]:
    state = f"{len(station.differences)} differences" if station.differences else "as written"
    yield f"{station.equipment_id}: {state}  {station.identification}".rstrip()
    if station.policies:
        yield f"  offers {', '.join(station.policies)}"
    for difference in station.differences:
        yield f"  {difference}"
