"""The command line `halite`: a subcommand for each thing a person does beside the web app.

Each stands in a module of its own under `deploy/commands`, which is read only when it is asked for:
`halite --help` answers at once, and a planner's solver is not needed to make a backup.
"""

import importlib
from keyword import iskeyword

import click

from deploy.report import files_in_words
from shared.errors import MesError, RetryLaterError

COMMANDS = {
    "backup": "Copy all a plant keeps, while it runs.",
    "certs": "Show and renew the certificates of the OPC UA connections.",
    "completion": "Print what a shell must read to complete commands.",
    "doctor": "Say what is wrong with the plant, and what to do.",
    "down": "Stop the plant on this machine in order.",
    "export": "Get the signed documents of a cell from a running plant.",
    "import": "Send master data from a file to a running plant.",
    "keys": "Make the keys by which a plant signs its record.",
    "order": "Send a work schedule to a running plant; close an order short.",
    "process": "Compute what a spray recipe does to a face, with pictures.",
    "plant": "Compare the plant file with what its stations offer.",
    "restore": "Put a plant back into an empty folder.",
    "sintering": "Solve and check oven scheduling instances.",
    "status": "Say whether each service is ready and how long events wait.",
    "support-bundle": "Pack logs, figures and findings, without secrets.",
    "up": "Start the plant on this machine in the background.",
    "users": "List, add, disable and enable persons; reset passwords.",
    "verify": "Check an export of the record, or the proof of a cell.",
    "trust": "List, accept and reject certificates of PLCs and stations.",
}
EXIT_CODES = {
    0: "all is well",
    1: "a failure or a finding that a person must see to",
    2: "a wrong use: no such command, option or file",
    3: "the plant gives no answer, or not in time: the same may be tried again later",
}


def module_of(name: str) -> str:
    """Return the module of a subcommand; a word of Python's own gets an underscore."""
    plain = name.replace("-", "_")
    return f"deploy.commands.{plain}_" if iskeyword(plain) else f"deploy.commands.{plain}"


class LaterException(click.ClickException):
    """A failure that passes by itself."""

    exit_code = 3


class Commands(click.Group):
    """The group of all subcommands; a MesError of one is a sentence and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand, None when there is none of the name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(module_of(cmd_name)).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run a subcommand."""
        try:
            with files_in_words():
                return super().invoke(ctx)
        except RetryLaterError as error:
            raise LaterException(str(error)) from error
        except MesError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def halite() -> None:
    """Halite on the command line. Options of a subcommand: halite COMMAND --help."""


def main() -> None:
    """Run the program; its exit codes stand in `EXIT_CODES`."""
    halite(prog_name="halite")
