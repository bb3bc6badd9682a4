"""What a command of `halite` has to tell: lines for a person, or with --json for a program."""

import errno
import functools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from shared.errors import MesError, PersonNeededError

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@dataclass(frozen=True, kw_only=True)
class Report:
    """data: for programs, JSON-ready. fault: the sentence with which the command ends with 1."""

    data: Any
    lines: Sequence[str]
    fault: str | None = None


def reports(command: Callable[..., Report]) -> Callable[..., None]:
    """Give a command the option --json, and print the report that it returns.

    With --json nothing but the JSON is printed; a fault shows in it and in the exit code. A failure
    is an object with code and detail, as the services answer it.
    """

    @json_option
    @functools.wraps(command)
    def told(*args: Any, as_json: bool, **given: Any) -> None:
        try:
            with files_in_words():
                report = command(*args, **given)
        except MesError as error:
            if as_json:
                click.echo(json.dumps({"code": type(error).__name__, "detail": str(error)}))
            raise
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
def files_in_words() -> Iterator[None]:
    """Make a sentence of what a file or the system refuses while the block runs.

    Raises:
        PersonNeededError: with the file and the reason. A closed pipe stays what it is.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        what = f"{error.filename}: {error.strerror}." if error.filename else f"{error}."
        raise PersonNeededError(what) from error


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
