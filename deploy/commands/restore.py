"""`halite restore`: put a plant back from its backup and look whether it is sound."""

from pathlib import Path

import click

from deploy.processes import PROJECT_DIR
from deploy.report import Report, progress, reports
from deploy.restore import restore


@click.command(name="restore")
@click.option(
    "--from", "backup", type=click.Path(path_type=Path), required=True, help="A finished backup."
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=PROJECT_DIR / ".halite",
    help="A new or empty folder for the plant.",
)
@reports
def command(backup: Path, data_dir: Path) -> Report:
    """Put a plant back into an empty folder; ends with 1 when it is not sound."""
    with progress("restore") as show:
        found = restore(backup, data_dir, show)
    data = {"data_dir": str(data_dir), "found": list(found.lines), "faults": list(found.faults)}
    if found.faults:
        fault = f"The plant in {data_dir} is not sound: {'; '.join(found.faults)}."
        return Report(data=data, lines=found.lines, fault=fault)
    last = f"The plant is back in {data_dir}; start it with DATA_DIR={data_dir}."
    return Report(data=data, lines=(*found.lines, last))
