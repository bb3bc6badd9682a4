"""`halite backup`: copy all a plant keeps, while it runs."""

from pathlib import Path

import click

from deploy.backup import make_backup
from deploy.data_folder import DataFolder
from deploy.processes import PROJECT_DIR


@click.command(name="backup")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=PROJECT_DIR / ".halite",
    help="The plant's data folder.",
)
def command(to: Path, data_dir: Path) -> None:
    """Copy all a plant keeps into a folder, while it runs."""
    manifest = make_backup(DataFolder(data_dir), to)
    size_bytes = sum(file.byte_count for file in manifest.files)
    click.echo(
        f"The backup in {to} is whole: {len(manifest.files)} files, {size_bytes / 1e6:.1f} MB, "
        f"the record sealed up to position {manifest.seal.position if manifest.seal else 0}."
    )
