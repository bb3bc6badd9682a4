"""What a command of `halite` has to tell: lines for a person, or with --json for a program."""

import functools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@dataclass(frozen=True, kw_only=True)
class Report:
    """data: for programs, JSON-ready. fault: the sentence with which the command ends with 1."""

    data: Any
    lines: Sequence[str]
    fault: str | None = None


def reports(command: Callable[..., Report]) -> Callable[..., None]:
    """Give a command the option --json, and print the report that it returns.

    With --json nothing but the JSON is printed; a fault shows in it and in the exit code.
    """

    @json_option
    @functools.wraps(command)
    def told(*args: Any, as_json: bool, **given: Any) -> None:
        report = command(*args, **given)
        if as_json:
            click.echo(json.dumps(report.data, indent=1))
        else:
            for line in report.lines:
                click.echo(line)
        if report.fault is None:
            return
        if as_json:
            click.get_current_context().exit(1)
        raise click.ClickException(report.fault)

    return told


@contextmanager
def progress(label: str) -> Iterator[Callable[[float], None]]:
    """Show a bar while the block runs; what it yields takes the share of the way, 0 to 1.

    It stands on standard error and only on a screen: what is printed can be piped on.
    """
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1000, label=label, file=sys.stderr, hidden=hidden) as bar:

        def show(share: float) -> None:
            bar.update(max(0, round(1000 * min(share, 1.0)) - bar.pos))

        yield show
