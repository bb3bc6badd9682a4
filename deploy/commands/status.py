"""`halite status`: what each service of the plant on this machine says of itself."""

import click

from deploy.doctor import readiness
from deploy.ports import DEFAULT_FIRST, HIGHEST_FIRST, Ports
from deploy.report import Report, reports

port_option = click.option(
    "--port",
    type=click.IntRange(1, HIGHEST_FIRST),
    default=DEFAULT_FIRST,
    show_default=True,
    help="The port of the operators' page.",
)


@click.command(name="status")
@port_option
@reports
def command(port: int) -> Report:
    """Print whether each service is ready, how long events wait and how many are set aside.

    Ends with 1 when a service is not ready.
    """
    said = readiness(Ports(first=port))
    waiting = [name for name, answer in said.items() if not (answer and answer.get("ready"))]
    return Report(
        data=said,
        lines=[f"{name:<12} {_told(answer)}" for name, answer in said.items()],
        fault=f"Not ready: {', '.join(waiting)}." if waiting else None,
    )


def _told(answer: dict[str, object] | None) -> str:
    if answer is None:
        return "no answer"
    state = "ready" if answer.get("ready") else f"not ready: {answer.get('detail')}"
    age_s = answer.get("oldest_event_age_s")
    waits = f", oldest event waits {age_s:.0f} s" if isinstance(age_s, int | float) else ""
    aside = answer.get("set_aside_count")
    return f"{state}{waits}{f', {aside} events set aside' if aside else ''}"
