"""The plant in the background: started apart from the terminal, found again, and ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deploy.data_folder import DataFolder
from deploy.processes import PROJECT_DIR, shorten_log, wait_until
from shared.errors import PersonNeededError, RetryLaterError

UP_WITHIN_S = 900.0  # the first start prepares programs and the web app
_LOOK_S = 0.5
_LAST_LINES = 8


def running(data: DataFolder) -> dict[str, Any] | None:
    """Return what the plant of a folder says of itself once it serves, else None."""
    process = data.holder()
    try:
        told = json.loads(data.running_file.read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) and told.get("process") == process else None


def start(
    data: DataFolder, options: Sequence[str], look: Callable[[], None], within_s: float
) -> dict[str, Any]:
    """Start the plant of a folder, unless it runs, and return what it says once it serves.

    options: of `python -m deploy.local`. look: called again and again meanwhile.

    Raises:
        PersonNeededError: it ended instead; names its last words.
        RetryLaterError: it does not serve after `within_s` wall seconds, and is left to go on.
    """
    log = data.logs / "plant.log"
    process = None if data.holder() else _spawn(data, options, log)
    give_up_s = time.monotonic() + within_s
    try:
        while (told := running(data)) is None:
            if process is not None and process.poll() is not None:
                raise PersonNeededError(f"The plant did not start; {log} ends:\n{_last(log)}")
            if time.monotonic() > give_up_s:
                raise RetryLaterError(
                    f"The plant does not serve after {within_s:.0f} s; it goes on, see {log}"
                )
            look()
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        if process is not None:
            process.terminate()
        raise
    return told


def stop(data: DataFolder, within_s: float) -> int | None:
    """Stop the plant of a folder in order; return its process id, None when none ran.

    Raises:
        RetryLaterError: it runs on after `within_s` wall seconds.
        PersonNeededError: it belongs to another user.
    """
    process = data.holder()
    if process is None:
        return None
    try:
        os.kill(process, signal.SIGTERM)
    except ProcessLookupError:
        return process
    except PermissionError as error:
        raise PersonNeededError(
            f"The plant in {data.path} (process {process}) was started by another user."
        ) from error
    if not wait_until(lambda: data.holder() is None, within_s, every_s=0.1):
        raise RetryLaterError(
            f"The plant in {data.path} (process {process}) has not ended after {within_s:.0f} s; "
            "ask again: then it stops at once"
        )
    return process


def _spawn(data: DataFolder, options: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    data.prepare()
    shorten_log(log)
    with log.open("ab") as output:
        return subprocess.Popen(
            (sys.executable, "-m", "deploy.local", "--data-dir", str(data.path), *options),
            cwd=PROJECT_DIR,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _last(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
    return "\n".join(f"    {line}" for line in lines)
