"""`halite order`: give a running plant a work schedule from a file."""

import json
from pathlib import Path

import click

from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.gatewayclient import GatewayClient, url_option
from deploy.report import Report, reports


@click.command(name="order")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@url_option
@data_dir_option
@reports
def command(file: Path, url: str | None, data_dir: Path) -> Report:
    """Send the work schedule FILE (YAML, JSON or CSV) and print the plant's answer."""
    client = GatewayClient(url, DataFolder(data_dir))
    answer = client.post("/api/work-schedules", content=file.read_bytes())
    return Report(data=answer, lines=(json.dumps(answer, indent=1),))
