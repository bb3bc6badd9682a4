"""`halite support-bundle`: logs, figures and findings for who helps, without secrets."""

from pathlib import Path

import click

from deploy.commands.certs import data_dir_option
from deploy.commands.status import port_option
from deploy.data_folder import DataFolder
from deploy.ports import Ports
from deploy.supportbundle import write_bundle


@click.command(name="support-bundle")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="A new .tar.gz file.")
@port_option
@data_dir_option
def command(to: Path, port: int, data_dir: Path) -> None:
    """Write what helps to find a fault into the archive TO; look through it before you send it.

    Keys, passwords, certificates and the database are left out, and blotted out where a log has
    their text. Names of lots, machines and persons are in it.
    """
    names = write_bundle(DataFolder(data_dir), Ports(first=port), to)
    click.echo(f"{to}: {len(names)} files, {to.stat().st_size / 1e6:.1f} MB.")
