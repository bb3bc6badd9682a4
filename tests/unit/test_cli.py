"""The command line as a person or a script runs it, without a plant; with one see tests/line."""

import errno
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from deploy.background import running, stop
from deploy.cli import COMMANDS, halite
from deploy.data_folder import DataFolder
from deploy.report import files_in_words
from shared.errors import PersonNeededError
from tests.plant import ROOT
from tests.unit.test_export import EXPORT

PROGRAM = (sys.executable, "-c", "from deploy.cli import main; main()")
PRINT_THEIR_OWN = ["certs rights", "completion"]  # what other programs read
HOLDER = """
import json, pathlib, sys, time
from deploy.data_folder import DataFolder
data = DataFolder(pathlib.Path(sys.argv[1]))
data.path.mkdir()
with data.held():
    told = json.loads(sys.argv[2]) | {"process": __import__("os").getpid()}
    data.running_file.write_text(json.dumps(told))
    print("held", flush=True)
    time.sleep(600)
"""


def halite_run(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run the program itself."""
    return subprocess.run(
        (*PROGRAM, *words), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def held(tmp_path: Path) -> Iterator[DataFolder]:
    """A folder held by a process that says of itself what a plant that serves says."""
    data = DataFolder(tmp_path / "plant")
    told = {"url": "http://127.0.0.1:1", "log_dir": "x", "data_dir": str(data.path), "speed": 1}
    words = (sys.executable, "-c", HOLDER, str(data.path), json.dumps(told | {"up_after_s": 3}))
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield data
        process.kill()


def leaves(command: click.Command, words: str) -> Iterator[tuple[str, click.Command]]:
    """Yield each command with the words that call it."""
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from leaves(below, f"{words} {name}".strip())
    else:
        yield words, command


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


def test_with_json_a_failure_is_json_too_and_a_sentence_beside_it(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    shown = CliRunner().invoke(halite, ["backup", "--to", nowhere, "--data-dir", nowhere, "--json"])
    told = json.loads(shown.stdout)
    assert (shown.exit_code, told["code"]) == (1, "PersonNeededError")
    assert shown.stderr == f"Error: {told['detail']}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("certs", "show"),
        ("certs", "renew"),
        ("trust", "list"),
        ("trust", "accept", "0" * 8, "--as", "x"),
        ("support-bundle", "--to", "/dev/null"),
    ],
)
def test_a_folder_without_a_plant_is_refused_and_left_alone(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    shown = CliRunner().invoke(halite, [*words, "--data-dir", str(tmp_path / "nowhere")])
    assert shown.exit_code == 1
    assert "There is no plant in" in shown.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("plant", "check", "--plant"), ("sintering", "solve")])
def test_a_file_that_is_no_text_is_refused_in_words(words: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "rubbish"
    file.write_bytes(bytes(range(256)))
    shown = CliRunner().invoke(halite, [*words, str(file)])
    assert (shown.exit_code, type(shown.exception)) == (1, SystemExit)
    assert "rubbish" in shown.stderr


@pytest.mark.parametrize(
    "beginning", [b'{"format":"halite proof', b'{"document":', b"", b'{"halite_export":']
)
def test_a_file_of_brackets_is_not_as_it_was_written(beginning: bytes, tmp_path: Path) -> None:
    file = tmp_path / "brackets"
    file.write_bytes(beginning + (b'":' if beginning.endswith(b"proof") else b"") + b"[" * 100_000)
    shown = CliRunner().invoke(halite, ["verify", str(file)])
    assert (shown.exit_code, type(shown.exception)) == (1, SystemExit)


def test_what_the_system_refuses_without_a_file_is_told_as_it_said_it() -> None:
    with pytest.raises(PersonNeededError, match=r"^the reason\.$"), files_in_words():
        raise OSError("the reason")
    with pytest.raises(BrokenPipeError), files_in_words():
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_an_unknown_command_is_a_wrong_use() -> None:
    assert CliRunner().invoke(halite, ["bakcup"]).exit_code == 2


def test_each_command_that_reports_can_print_json() -> None:
    without = [
        words
        for words, command in leaves(halite, "")
        if not any("--json" in option.opts for option in command.params)
    ]
    assert without == PRINT_THEIR_OWN


def test_each_option_says_what_it_is_for_or_is_required() -> None:
    silent = [
        f"{words} {option.opts[0]}"
        for words, command in leaves(halite, "")
        for option in command.params
        if isinstance(option, click.Option) and not option.help and not option.required
    ]
    assert silent == []


def test_a_command_in_a_pipe_prints_json_alone() -> None:
    done = halite_run("process", "angle", "--voltage", "17000", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["angle_deg"] == pytest.approx(10.5, abs=0.1)


def test_a_plant_that_gives_no_answer_is_told_from_a_failure(tmp_path: Path) -> None:
    key = tmp_path / "secrets/gateway/setup-key"
    key.parent.mkdir(parents=True)
    key.write_text("no key")
    done = halite_run("users", "list", "--url", "http://127.0.0.1:1", "--data-dir", str(tmp_path))
    assert done.returncode == 3
    assert "is the plant on?" in done.stderr


def test_a_plant_that_runs_is_not_started_again_but_named(held: DataFolder) -> None:
    done = halite_run("up", "--data-dir", str(held.path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == running(held)


def test_down_stops_a_plant_and_then_finds_none(held: DataFolder) -> None:
    words = ("down", "--data-dir", str(held.path), "--json")
    process = held.holder()
    assert json.loads(halite_run(*words).stdout)["process"] == process
    assert held.holder() is None and running(held) is None
    again = halite_run(*words)
    assert (again.returncode, json.loads(again.stdout)["process"]) == (0, None)


def test_a_plant_that_cannot_start_ends_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "clock.json").write_text("rubbish")
    done = halite_run("up", "--data-dir", str(tmp_path), "--port", "19000")
    assert done.returncode == 1
    assert f"The plant's clock file {tmp_path / 'clock.json'} is damaged" in done.stderr
    assert stop(DataFolder(tmp_path), within_s=1.0) is None


def test_a_speed_that_cannot_be_is_a_wrong_use(tmp_path: Path) -> None:
    words = ["up", "--speed", "0", "--data-dir", str(tmp_path / "plant")]
    assert CliRunner().invoke(halite, words).exit_code == 2
    assert not (tmp_path / "plant").exists()


def test_long_work_shows_a_bar_on_a_screen_only(tmp_path: Path) -> None:
    file = tmp_path / "record.txt"
    file.write_bytes(EXPORT)
    words = ("verify", str(file), "--json")
    screen, ours = pty.openpty()
    with os.fdopen(screen, "rb", buffering=0) as shown:
        done = subprocess.run(
            (*PROGRAM, *words), cwd=ROOT, stdout=subprocess.PIPE, stderr=ours, check=False
        )
        os.close(ours)
        assert b"verify" in shown.read(4096)
    assert json.loads(done.stdout)["event_count"] == 11
    assert halite_run(*words).stderr == ""
