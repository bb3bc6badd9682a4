"""`halite backup`: copy all a plant keeps, while it runs."""

from pathlib import Path

import click

from deploy.backup import make_backup
from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.report import Report, progress, reports


@click.command(name="backup")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
@data_dir_option
@reports
def command(to: Path, data_dir: Path) -> Report:
    """Copy all a plant keeps into a folder, while it runs."""
    with progress("backup") as show:
        manifest = make_backup(DataFolder(data_dir), to, show)
    size_bytes = sum(file.byte_count for file in manifest.files)
    position = manifest.seal.position if manifest.seal else 0
    told = (
        f"The backup in {to} is whole: {len(manifest.files)} files, {size_bytes / 1e6:.1f} MB, "
        f"the record sealed up to position {position}."
    )
    data = {
        "folder": str(to),
        "file_count": len(manifest.files),
        "size_bytes": size_bytes,
        "sealed_position": position,
    }
    return Report(data=data, lines=(told,))
