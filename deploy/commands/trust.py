"""`halite trust`: which certificates of PLCs and stations are trusted; the plant may run."""

from pathlib import Path
from typing import Any

import click

from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.report import Report, reports
from shared.trust import Certificate, Trust


@click.group(name="trust")
def command() -> None:
    """List, accept and reject the certificates of PLCs and stations."""


@command.command(name="list")
@data_dir_option
@reports
def show(data_dir: Path) -> Report:
    """Print certificates that are trusted, and unknown ones in quarantine."""
    known = _trust(data_dir).everything()
    return Report(data=[_data(one) for one in known], lines=[_line(one) for one in known])


@command.command(name="accept")
@click.argument("fingerprint")
@click.option(
    "--as",
    "user",
    required=True,
    help="The user this PLC enters as, or the station that showed it.",
)
@data_dir_option
@reports
def accept(fingerprint: str, user: str, data_dir: Path) -> Report:
    """Trust a certificate in quarantine; the first 8 characters of FINGERPRINT are enough."""
    accepted = _trust(data_dir).accept(fingerprint, user)
    return Report(data=_data(accepted), lines=(_line(accepted),))


@command.command(name="reject")
@click.argument("fingerprint")
@data_dir_option
@reports
def reject(fingerprint: str, data_dir: Path) -> Report:
    """Remove a certificate from a quarantine, or a PLC's from the trust list."""
    rejected = _trust(data_dir).reject(fingerprint)
    told = f"{rejected.fingerprint[:16]} {rejected.subject} is no longer known."
    return Report(data=_data(rejected), lines=(told,))


def _trust(data_dir: Path) -> Trust:
    data = DataFolder(data_dir)
    data.check_present()
    trust = Trust(data.pki)
    trust.plcs.prepare()
    return trust


def _line(one: Certificate) -> str:
    name = one.station or (one.name if one.state == "trusted" else "-")
    return (
        f"{one.state:11} {one.fingerprint[:16]} {name:20} valid until "
        f"{one.valid_until:%Y-%m-%d}  {one.subject}  {one.application_uri or 'no application URI'}"
    )


def _data(one: Certificate) -> dict[str, Any]:
    return {
        "state": one.state,
        "fingerprint": one.fingerprint,
        "name": one.station or one.name,
        "valid_until": one.valid_until.isoformat(),
        "subject": one.subject,
        "application_uri": one.application_uri,
    }
