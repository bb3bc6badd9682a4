"""The processes of a running plant by name, found from outside, to be killed or stopped."""

import contextlib
import re
from pathlib import Path

import psutil

SERVICE = re.compile(r"^services\.(\w+)\.main$")


def running(plant_pid: int) -> dict[str, psutil.Process]:
    """Return the children of the plant's process that run now, by their name in the plant."""
    found: dict[str, psutil.Process] = {}
    for process in psutil.Process(plant_pid).children():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and (name := _name(process.cmdline())):
                found[name] = process
        except psutil.NoSuchProcess:
            continue
    return found


def freeze(process: psutil.Process) -> list[psutil.Process]:
    """Stop a process, then all that it has started; return them, to be resumed."""
    process.suspend()
    frozen = [process, *process.children(recursive=True)]
    for child in frozen[1:]:
        with contextlib.suppress(psutil.NoSuchProcess):  # ended just now
            child.suspend()
    return frozen


def thaw(frozen: list[psutil.Process]) -> None:
    """Let stopped processes go on."""
    for process in frozen:
        with contextlib.suppress(psutil.NoSuchProcess):  # killed while it was stopped
            process.resume()


def kill(process: psutil.Process) -> bool:
    """End a process with SIGKILL; False when it had just ended by itself."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True


def _name(words: list[str]) -> str | None:
    if not words:
        return None
    program = Path(words[0]).name
    if program in ("postgres", "mosquitto"):
        return program
    if "simulators.tester" in words:
        return "simulator-tester"
    if "simulators.run" in words:
        return f"simulator of {words[words.index('--stations') + 1].split(',')[0]} and others"
    matches = (SERVICE.match(word) for word in words)
    return next((match[1] for match in matches if match), None)
