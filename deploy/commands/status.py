"""`halite status`: what each service of the plant on this machine says of itself."""

from pathlib import Path

import click

from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.doctor import readiness
from deploy.ports import DEFAULT_FIRST, HIGHEST_FIRST, Ports
from deploy.report import Report, reports

port_option = click.option(
    "--port",
    type=click.IntRange(1, HIGHEST_FIRST),
    default=None,
    help="The port of the operators' page; that of the last start in the data folder, else "
    f"{DEFAULT_FIRST}, when not given.",
)


def ports_of(data: DataFolder, port: int | None) -> Ports:
    """Return the ports of the plant of a folder. port: what a person said, if anything."""
    return Ports(first=port or data.first_port() or DEFAULT_FIRST)


@click.command(name="status")
@port_option
@data_dir_option
@reports
def command(port: int | None, data_dir: Path) -> Report:
    """Print whether each service is ready, how long events wait and how many are set aside.

    Ends with 1 when a service is not ready.
    """
    data = DataFolder(data_dir)
    said = readiness(data, ports_of(data, port))
    waiting = [name for name, answer in said.items() if not answer.get("ready")]
    return Report(
        data=said,
        lines=[f"{name:<12} {_told(answer)}" for name, answer in said.items()],
        fault=f"Not ready: {', '.join(waiting)}." if waiting else None,
    )


def _told(answer: dict[str, object]) -> str:
    if "error" in answer:
        return f"no answer: {answer['error']}"
    state = "ready" if answer.get("ready") else f"not ready: {answer.get('detail')}"
    age_s = answer.get("oldest_event_age_s")
    waits = f", oldest event waits {age_s:.0f} s" if isinstance(age_s, int | float) else ""
    aside = answer.get("set_aside_count")
    return f"{state}{waits}{f', {aside} events set aside' if aside else ''}"
