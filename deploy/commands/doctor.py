"""`halite doctor`: what is wrong with the plant on this machine, and what to do."""

import json
from pathlib import Path

import click

from deploy.commands.certs import data_dir_option
from deploy.commands.status import json_option, port_option
from deploy.data_folder import DataFolder
from deploy.doctor import look
from deploy.ports import Ports

_MARKS = {"ok": "ok     ", "warning": "WARNING", "trouble": "TROUBLE"}


@click.command(name="doctor")
@port_option
@data_dir_option
@json_option
@click.pass_context
def command(ctx: click.Context, port: int, data_dir: Path, as_json: bool) -> None:
    """Look at disk, clock, certificates, database, broker and services; the plant may be down.

    Ends with 1 when something is wrong or soon will be.
    """
    found = look(DataFolder(data_dir), Ports(first=port))
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in found], indent=1))
    else:
        for finding in found:
            click.echo(f"{_MARKS[finding.level]}  {finding.about}: {finding.text}")
            if finding.remedy:
                click.echo(f"         -> {finding.remedy}")
    if any(finding.level != "ok" for finding in found):
        ctx.exit(1)
