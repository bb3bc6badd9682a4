"""`halite up`: start the plant on this machine in the background, and say where it serves."""

from pathlib import Path
from typing import Any

import click

from deploy.background import UP_WITHIN_S, running, start
from deploy.commands.certs import data_dir_option
from deploy.commands.status import port_option, ports_of
from deploy.data_folder import DataFolder
from deploy.doctor import readiness
from deploy.local import FASTEST, SPEED, named_plant_file
from deploy.report import Report, progress, reports
from shared.settings import SERVICES


@click.command(name="up")
@click.option(
    "--speed",
    type=click.FloatRange(0, FASTEST, min_open=True),
    default=SPEED,
    show_default=True,
    help="Plant seconds per wall second; 1 is real time, which real machines need.",
)
@port_option
@data_dir_option
@click.option(
    "--plant",
    "plant_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The plant file; HALITE_PLANT_FILE, else that of the starts before, when not given.",
)
@click.option(
    "--empty",
    is_flag=True,
    help="Load no example data; a plant with a real machine never gets any.",
)
@click.option("--without-simulators", is_flag=True, help="All stations are real machines.")
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(min=1),
    default=UP_WITHIN_S,
    show_default=True,
    help="Seconds to wait until it serves; it goes on starting after them.",
)
@reports
def command(
    speed: float,
    port: int | None,
    data_dir: Path,
    plant_path: Path | None,
    empty: bool,
    without_simulators: bool,
    within_s: float,
) -> Report:
    """Start the plant in the background, as `make run` does, and wait until it serves.

    One that runs in the folder is left as it is. Ends with 3 when it does not serve in time.
    """
    data = DataFolder(data_dir)
    ports = ports_of(data, port)
    if told := running(data):
        return _report(told, f"The plant already runs (process {told['process']}).")
    named = plant_path.absolute() if plant_path else named_plant_file()
    options = [f"--speed={speed}", f"--port={ports.first}"]
    options += [f"--plant={named}"] if named else []
    options += ["--empty"] if empty else []
    options += ["--without-simulators"] if without_simulators else []
    with progress("starting") as show:

        def look() -> None:
            ready = [said for said in readiness(data, ports).values() if said.get("ready")]
            show(len(ready) / len(SERVICES))

        told = start(data, options, look, within_s)
    return _report(told, f"The plant is up after {told['up_after_s']:.0f} s.")


def _report(told: dict[str, Any], state: str) -> Report:
    lines = (
        state,
        f"Operators' page  {told['url']}",
        f"Logs             {told['log_dir']}",
        f"Stop             halite down --data-dir {told['data_dir']}",
    )
    return Report(data=told, lines=lines)
