"""`halite restore`: put a plant back from its backup and look whether it is sound."""

from pathlib import Path

import click

from deploy.processes import PROJECT_DIR
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
def command(backup: Path, data_dir: Path) -> None:
    """Put a plant back into an empty folder; ends with 1 when it is not sound."""
    found = restore(backup, data_dir)
    for line in found.lines:
        click.echo(line)
    if found.faults:
        raise click.ClickException(
            f"The plant in {data_dir} is not sound: {'; '.join(found.faults)}."
        )
    click.echo(f"The plant is back in {data_dir}; start it with DATA_DIR={data_dir}.")
