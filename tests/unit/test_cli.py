"""The command line finds each of its commands and ends with a sentence when one fails."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import COMMANDS, halite


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str) -> None:
    shown = CliRunner().invoke(halite, [name, "--help"])
    assert shown.exit_code == 0
    assert f"{name} [OPTIONS]" in shown.output


def test_the_list_of_commands_needs_none_of_them() -> None:
    shown = CliRunner().invoke(halite, ["--help"])
    assert all(summary in shown.output for summary in COMMANDS.values())


def test_a_failed_command_says_one_sentence_and_ends_with_1(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    shown = CliRunner().invoke(halite, ["restore", "--from", nowhere, "--data-dir", nowhere])
    assert shown.exit_code == 1
    assert shown.output.startswith(f"Error: {nowhere} is no finished backup")


def test_an_unknown_command_is_a_wrong_use() -> None:
    assert CliRunner().invoke(halite, ["bakcup"]).exit_code == 2
