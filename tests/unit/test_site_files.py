"""The files that a site runs the plant from are what their own tools take, and hold no secret."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
BASELINE = ROOT / ".secrets.baseline"


def said(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    rules = ("--ignore", "DL3008")  # Debian keeps one version of a package in a release
    assert said(str(BIN / "hadolint"), "--no-color", *rules, "deploy/docker/Dockerfile") == (0, "")


def test_docker_compose_takes_the_file() -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("there is no docker-compose")
    code, told = said(program, "-f", "docker-compose.yml", "config", "--quiet")
    assert code == 0, told


def test_no_file_holds_a_secret() -> None:
    names = subprocess.run(("git", "ls-files"), cwd=ROOT, capture_output=True, text=True)
    known = json.loads(BASELINE.read_text())["results"]
    assert len(known) < 5, "a baseline of many files hides what is new"
    hook = str(BIN / "detect-secrets-hook")
    code, told = said(hook, "--baseline", str(BASELINE), *names.stdout.split())
    assert code == 0, told
