"""`halite completion`: the lines by which a shell completes commands and options."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command(name="completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what SHELL must read to complete commands: halite completion bash >> ~/.bashrc."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} is no shell that can be completed in")
    program = ctx.find_root().command
    click.echo(kind(program, {}, "halite", "_HALITE_COMPLETE").source())
