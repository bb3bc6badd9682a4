"""`halite users`: the persons of a running plant, for whoever may read its setup key."""

from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import click

from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.gatewayclient import GatewayClient, url_option
from deploy.report import Report, reports
from services.gateway.roles import Role

role_option = click.option(
    "--role", "roles", type=click.Choice(get_args(Role)), multiple=True, required=True
)
password_option = click.option(
    "--password",
    prompt="Password for one sign-in",
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for when not given: what stands on a command line others can see.",
)


@click.group(name="users")
def command() -> None:
    """List, add, disable and enable persons, and reset their passwords."""


@command.command(name="list")
@url_option
@data_dir_option
@reports
def list_users(url: str | None, data_dir: Path) -> Report:
    """Print login, roles, state and name of each person."""
    items = GatewayClient(url, DataFolder(data_dir)).get("/api/persons")["items"]
    return Report(data=items, lines=[_line(person) for person in items])


@command.command(name="add")
@click.argument("login")
@click.option("--name", required=True)
@role_option
@password_option
@url_option
@data_dir_option
@reports
def add(
    login: str, name: str, roles: tuple[str, ...], password: str, url: str | None, data_dir: Path
) -> Report:
    """Add a person, who chooses another password at the first sign-in."""
    body = {"login": login, "name": name, "roles": roles, "password": password}
    GatewayClient(url, DataFolder(data_dir)).post("/api/persons", body)
    return _about(login, "may sign in.")


@command.command(name="reset")
@click.argument("login")
@password_option
@url_option
@data_dir_option
@reports
def reset(login: str, password: str, url: str | None, data_dir: Path) -> Report:
    """Give a person a password for one sign-in; the person's sessions end."""
    client = GatewayClient(url, DataFolder(data_dir))
    client.post(f"{_path(login)}/password", {"password": password})
    return _about(login, "chooses a password at the next sign-in.")


@command.command(name="disable")
@click.argument("login")
@url_option
@data_dir_option
@reports
def disable(login: str, url: str | None, data_dir: Path) -> Report:
    """Keep a person out; sessions end at once."""
    GatewayClient(url, DataFolder(data_dir)).post(_path(login), {"disabled": True})
    return _about(login, "is disabled.")


@command.command(name="enable")
@click.argument("login")
@url_option
@data_dir_option
@reports
def enable(login: str, url: str | None, data_dir: Path) -> Report:
    """Let a person in again."""
    GatewayClient(url, DataFolder(data_dir)).post(_path(login), {"disabled": False})
    return _about(login, "is enabled.")


def _path(login: str) -> str:
    return f"/api/persons/{quote(login, safe='')}"


def _line(person: dict[str, Any]) -> str:
    state = "disabled" if person["disabled"] else "active"
    return f"{person['login']:20} {state:8} {','.join(person['roles'])}  {person['name']}"


def _about(login: str, told: str) -> Report:
    return Report(data={"login": login, "told": told}, lines=(f"{login} {told}",))
