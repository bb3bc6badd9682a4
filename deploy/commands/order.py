"""`halite order`: give a running plant a work schedule from a file, or close an order short."""

import json
from pathlib import Path
from urllib.parse import quote

import click

from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.gatewayclient import GatewayClient, url_option
from deploy.report import Report, reports

SEND = "send"


class SendByDefault(click.Group):
    """A group of which `send` need not be named: `halite order FILE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `send` before what names no subcommand."""
        named = any(arg in self.commands for arg in args)
        if args and not named and not set(ctx.help_option_names) & set(args):
            args = [SEND, *args]
        return super().parse_args(ctx, args)


@click.group(name="order", cls=SendByDefault)
def command() -> None:
    """Send a work schedule, or close an order short. `halite order FILE` sends FILE."""


@command.command(name=SEND)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@url_option
@data_dir_option
@reports
def send(file: Path, url: str | None, data_dir: Path) -> Report:
    """Send the work schedule FILE (YAML, JSON or CSV) and print the plant's answer."""
    client = GatewayClient(url, DataFolder(data_dir))
    answer = client.post("/api/work-schedules", content=file.read_bytes())
    return Report(data=answer, lines=(json.dumps(answer, indent=1),))


@command.command(name="close")
@click.argument("work_request_id")
@click.option("--reason", required=True, help="Why; it stands in the record.")
@click.option(
    "--hold-cells", is_flag=True, help="Hold cells under way for a decision; else they go on."
)
@url_option
@data_dir_option
@reports
def close(
    work_request_id: str, reason: str, hold_cells: bool, url: str | None, data_dir: Path
) -> Report:
    """Close the order WORK_REQUEST_ID short: nothing of it is begun any more. For good."""
    path = f"/api/execution/work-requests/{quote(work_request_id, safe='')}/close"
    body = {"reason": reason, "cells_under_way": "hold" if hold_cells else "finish"}
    answer = GatewayClient(url, DataFolder(data_dir)).post(path, body)
    line = (
        f"{work_request_id} is closed short: {answer['released']} cells released, "
        f"{answer['under_way']} under way, {answer['cancelled']} cancelled, "
        f"{answer['scrapped']} scrapped."
    )
    return Report(data=answer, lines=(line,))
