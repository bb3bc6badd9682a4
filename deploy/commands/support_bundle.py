"""`halite support-bundle`: logs, figures and findings for who helps, without secrets."""

from pathlib import Path

import click

from deploy.commands.certs import data_dir_option
from deploy.commands.status import port_option, ports_of
from deploy.data_folder import DataFolder
from deploy.report import Report, reports
from deploy.supportbundle import write_bundle


@click.command(name="support-bundle")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="A new .tar.gz file.")
@port_option
@data_dir_option
@reports
def command(to: Path, port: int | None, data_dir: Path) -> Report:
    """Write what helps to find a fault into the archive TO; look through it before you send it.

    Keys, passwords, certificates and the database are left out, and blotted out where a log has
    their text. Names of lots, machines and persons are in it.
    """
    data = DataFolder(data_dir)
    data.check_present()
    names = write_bundle(data, ports_of(data, port), to)
    size_bytes = to.stat().st_size
    return Report(
        data={"file": str(to), "size_bytes": size_bytes, "names": names},
        lines=(f"{to}: {len(names)} files, {size_bytes / 1e6:.1f} MB.",),
    )
