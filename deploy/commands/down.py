"""`halite down`: stop the plant of a data folder in order, however it was started."""

from pathlib import Path

import click

from deploy.background import stop
from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.report import Report, reports


@click.command(name="down")
@data_dir_option
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(min=1),
    default=120.0,
    show_default=True,
    help="Seconds to wait for its end.",
)
@reports
def command(data_dir: Path, within_s: float) -> Report:
    """Stop the plant of a folder in order and wait for its end; all is well when none runs.

    Ends with 3 when it has not ended in time; asked again, it stops at once.
    """
    process = stop(DataFolder(data_dir), within_s)
    told = f"No plant runs in {data_dir}." if process is None else "The plant has stopped."
    return Report(data={"data_dir": str(data_dir), "process": process}, lines=(told,))
