"""`halite doctor`: what is wrong with the plant on this machine, and what to do."""

from collections.abc import Iterator
from pathlib import Path

import click

from deploy.commands.certs import data_dir_option
from deploy.commands.status import port_option, ports_of
from deploy.data_folder import DataFolder
from deploy.doctor import Finding, look
from deploy.report import Report, reports

_MARKS = {"ok": "ok     ", "warning": "WARNING", "trouble": "TROUBLE"}


@click.command(name="doctor")
@port_option
@data_dir_option
@reports
def command(port: int | None, data_dir: Path) -> Report:
    """Look at disk, clock, certificates, database, broker and services; the plant may be down.

    Ends with 1 when something is wrong or soon will be.
    """
    data = DataFolder(data_dir)
    found = look(data, ports_of(data, port))
    wrong = sum(finding.level != "ok" for finding in found)
    return Report(
        data=[finding.as_json() for finding in found],
        lines=[line for finding in found for line in _lines(finding)],
        fault=f"{wrong} of {len(found)} findings need a person." if wrong else None,
    )


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{_MARKS[finding.level]}  {finding.about}: {finding.text}"
    if finding.remedy:
        yield f"         -> {finding.remedy}"
