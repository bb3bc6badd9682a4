"""`halite status`: what each service of the plant on this machine says of itself."""

import json

import click

from deploy.doctor import readiness
from deploy.ports import DEFAULT_FIRST, HIGHEST_FIRST, Ports

port_option = click.option(
    "--port",
    type=click.IntRange(1, HIGHEST_FIRST),
    default=DEFAULT_FIRST,
    show_default=True,
    help="The port of the operators' page.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(name="status")
@port_option
@json_option
@click.pass_context
def command(ctx: click.Context, port: int, as_json: bool) -> None:
    """Print whether each service is ready, how long events wait and how many are set aside.

    Ends with 1 when a service is not ready.
    """
    said = readiness(Ports(first=port))
    if as_json:
        click.echo(json.dumps(said, indent=1))
    else:
        for name, answer in said.items():
            click.echo(f"{name:<12} {_told(answer)}")
    if not all(answer is not None and answer.get("ready") for answer in said.values()):
        ctx.exit(1)


def _told(answer: dict[str, object] | None) -> str:
    if answer is None:
        return "no answer"
    state = "ready" if answer.get("ready") else f"not ready: {answer.get('detail')}"
    age_s = answer.get("oldest_event_age_s")
    waits = f", oldest event waits {age_s:.0f} s" if isinstance(age_s, int | float) else ""
    aside = answer.get("set_aside_count")
    return f"{state}{waits}{f', {aside} events set aside' if aside else ''}"
