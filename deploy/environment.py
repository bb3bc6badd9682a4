"""The Python environment `.venv`, made from requirements.lock with the system's Python alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

UV_VERSION = "0.13.9"
_PROJECT_DIR = Path(__file__).resolve().parent.parent
_ENVIRONMENT_DIR = _PROJECT_DIR / ".venv"
_UV_DIR = _PROJECT_DIR / ".cache" / "uv"
_UV = _UV_DIR / "bin" / "uv"


def main() -> int:
    """Bring `.venv` to what requirements.lock says; return 1 after one sentence on failure."""
    try:
        if not _answers(_UV, "--version", UV_VERSION):
            _say("Fetching uv ...")
            _make_uv()
        python = _ENVIRONMENT_DIR / "bin" / "python"
        if not _answers(python, "--version", "Python 3."):
            _run(_UV, "venv", "--quiet", "--clear", "--python", sys.executable, _ENVIRONMENT_DIR)
        _say("Bringing .venv to what requirements.lock says ...")
        lock = _PROJECT_DIR / "requirements.lock"
        sync = (_UV, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode")
        _run(*sync, "--python", python, lock)  # compiled once, not by each of thirteen processes
        _write_program(python)
        (_ENVIRONMENT_DIR / ".synced").touch()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"The Python environment could not be made: {_reason(error)}", file=sys.stderr)
        return 1
    return 0


def _make_uv() -> None:
    """Install uv into an environment of its own: `uv pip sync` would remove it from `.venv`."""
    shutil.rmtree(_UV_DIR, ignore_errors=True)
    try:
        _run(sys.executable, "-m", "venv", _UV_DIR)
    except subprocess.CalledProcessError as error:
        _install_venv(error)
        shutil.rmtree(_UV_DIR, ignore_errors=True)
        _run(sys.executable, "-m", "venv", _UV_DIR)
    pip = (_UV_DIR / "bin" / "python", "-m", "pip", "install")
    _run(*pip, "--quiet", "--disable-pip-version-check", f"uv=={UV_VERSION}")


def _install_venv(failure: subprocess.CalledProcessError) -> None:
    """Debian keeps venv in a package of its own; root can install it, others are told."""
    if shutil.which("apt-get") is None or "ensurepip" not in f"{failure.stdout}":
        raise failure
    if os.geteuid() != 0:
        raise OSError("Python's venv is missing; install it with: apt-get install python3-venv")
    _say("Installing python3-venv ...")
    _run("apt-get", "update", "-q")
    _run("apt-get", "install", "-q", "-y", "python3-venv")


def _write_program(python: Path) -> None:
    """Write `.venv/bin/halite`, which runs this checkout from any folder."""
    program = python.with_name("halite")
    program.write_text(
        f"#!{python}\nimport sys\n\nsys.path.insert(0, {str(_PROJECT_DIR)!r})\n"
        "from deploy.cli import main\n\nmain()\n"
    )
    program.chmod(0o755)


def _answers(program: Path, option: str, expected: str) -> bool:
    try:
        return expected in _run(program, option)
    except (OSError, subprocess.SubprocessError):
        return False


def _run(*words: str | Path) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=1800,
        cwd=_PROJECT_DIR,
    )
    return done.stdout


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        text = " | ".join(line.strip() for line in f"{error.stdout}".splitlines() if line.strip())
        return f"{Path(error.cmd[0]).name}: {text[-600:]}"
    return str(error)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
