"""`halite import`: give a running plant master data from a file."""

import json
from pathlib import Path

import click

from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.gatewayclient import GatewayClient, url_option
from deploy.report import Report, reports


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@url_option
@data_dir_option
@reports
def command(file: Path, url: str | None, data_dir: Path) -> Report:
    """Send the master data FILE (YAML or JSON), each service its section, and print who took it."""
    client = GatewayClient(url, DataFolder(data_dir))
    answer = client.post("/api/master-data", content=file.read_bytes())
    return Report(data=answer, lines=(json.dumps(answer, indent=1),))
