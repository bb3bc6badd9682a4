"""One child process: started in its own session, logged, stopped, and never left behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.accounts import Account
from shared.errors import PersonNeededError

PROJECT_DIR = Path(__file__).resolve().parent.parent
LARGEST_LOG_BYTES = 20_000_000
_POLL_S = 0.02
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """What to run and how to end it.

    environment: the whole environment of the child, not an addition.
    stop_signal: asks it to end; after `stop_within_s` seconds its whole group is killed.
    orphan_signal: sent by the kernel (Linux) when the process that started it dies.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = PROJECT_DIR
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 15.0
    orphan_signal: signal.Signals = signal.SIGKILL


class Child:
    """A child process that can be started again after it ended; start it from the main thread."""

    def __init__(self, spec: ChildSpec, log_dir: Path) -> None:
        self.spec = spec
        self.log_path = log_dir / f"{spec.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self.is_running() else None

    def start(self) -> None:
        """Start the process; its output goes to the end of its log file.

        Raises:
            PersonNeededError: no such program, it may not be run, or the log cannot be written.
        """
        try:
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
            shorten_log(self.log_path)
            with self.log_path.open("ab") as log:
                self._process = _spawn(self.spec, log.fileno())
        except OSError as error:
            where = error.filename or self.spec.command[0]
            raise PersonNeededError(
                f"{self.spec.name} cannot be started: {where}: {error.strerror}."
            ) from error

    def is_running(self) -> bool:
        """Tell whether it runs; when it has just ended, end what it left in its process group."""
        if self._process is None or self._process.returncode is not None:
            return False
        if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return True
        self._reap()
        return False

    @property
    def exit_code(self) -> int | None:
        """The exit code of the last run (negative: the signal), None while it runs."""
        return None if self._process is None or self.is_running() else self._process.returncode

    def ask_to_stop(self) -> None:
        """Send the stop signal; does nothing when it has ended."""
        if self._process is not None and self.is_running():
            self._process.send_signal(self.spec.stop_signal)

    def kill(self) -> None:
        """End the process and its group at once and wait until it is gone."""
        if self._process is not None and self._process.returncode is None:
            self._reap()

    def stop(self) -> None:
        """Ask it to stop, wait, and kill it when it does not."""
        self.ask_to_stop()
        if not wait_until(lambda: not self.is_running(), self.spec.stop_within_s):
            self.kill()

    def last_lines(self, count: int = 8) -> list[str]:
        """Return the last lines of its log, as far as they can be read."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(0, self.log_path.stat().st_size - 16_384))
                return log.read().decode(errors="replace").splitlines()[-count:]
        except OSError:
            return []

    def _reap(self) -> None:
        if self._process is None:
            return
        _kill_group(self._process.pid)  # safe: the number stays taken until wait() below
        self._process.wait()


def wait_until(condition: Callable[[], bool], within_s: float, every_s: float = _POLL_S) -> bool:
    """Poll a condition; return whether it became true within `within_s` seconds."""
    give_up_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() >= give_up_s:
            return False
        time.sleep(every_s)
    return True


def start_and_wait(child: "Child", is_ready: Callable[[], bool], who: str, within_s: float) -> None:
    """Start a child, again when it ends at once, until it answers.

    Raises:
        PersonNeededError: no answer within `within_s` seconds; names `who` and its last words.
    """

    def answers() -> bool:
        if not child.is_running():
            child.start()
        return is_ready()

    if not wait_until(answers, within_s, every_s=0.2):
        last = " | ".join(child.last_lines())
        child.kill()
        raise PersonNeededError(
            f"{who} gave no answer within {within_s:.0f} s; its log ends with: {last}"
        )


def shorten_log(path: Path) -> None:
    """Move the text of a large log to `<name>.log.1`; writers append, so they go on in place."""
    if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
        older = path.with_suffix(".log.1")
        older.write_bytes(path.read_bytes())
        os.truncate(path, 0)


def run_tool(
    command: tuple[str, ...],
    *,
    what: str,
    within_s: float,
    environment: Mapping[str, str] | None = None,
    folder: Path = PROJECT_DIR,
    account: Account | None = None,
) -> str:
    """Run a program to its end, return what it printed; an interrupt ends all it started.

    what: the first half of a failure message, such as "The web app could not be built".

    Raises:
        PersonNeededError: no such program, an exit code other than 0, or not done in time.
    """
    spec = ChildSpec(
        name=Path(command[0]).name,
        command=command,
        environment=os.environ if environment is None else environment,
        folder=folder,
        account=account,
    )
    try:
        process = _spawn(spec, subprocess.PIPE)
    except OSError as error:
        raise PersonNeededError(f"{what}: {command[0]}: {error.strerror}.") from error
    try:
        output, _ = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired as error:
        raise PersonNeededError(
            f"{what}: {spec.name} was not done within {within_s:.0f} s."
        ) from error
    finally:
        if process.returncode is None:
            _kill_group(process.pid)
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
    text = output.decode(errors="replace")
    if process.returncode != 0:
        last = " | ".join(line.strip() for line in text.splitlines() if line.strip())[-600:]
        raise PersonNeededError(f"{what}: {spec.name} ended with {process.returncode}: {last}")
    return text


def _spawn(spec: ChildSpec, output: int) -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def tie_to_parent() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(spec.orphan_signal))
            if os.getppid() != parent:
                os._exit(1)

    account = spec.account
    return subprocess.Popen(
        spec.command,
        env=dict(spec.environment),
        cwd=spec.folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        preexec_fn=tie_to_parent,
    )


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
