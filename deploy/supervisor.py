"""All children of the plant: restarted when they die, stopped in order, stage after stage."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from deploy.processes import Child, shorten_log, wait_until
from shared.errors import PersonNeededError

STAGES = ("database", "broker", "simulators", "services")
_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 30.0
_HEALTHY_AFTER_S = 60.0
_AT_WORK_AFTER_S = 5.0  # a child that dies earlier has not got beyond its start
_LOGS_CHECKED_EVERY_S = 30.0


@dataclass(kw_only=True)
class Watched:
    """A child with its stage and how often it died in a row."""

    child: Child
    stage: str
    started_s: float
    deaths: int = 0
    restart_at_s: float | None = None


class Supervisor:
    """Keeps children alive until told to stop; never raises for a child that dies.

    say: takes one line for the person at the screen.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._watched: dict[str, Watched] = {}
        self._check_logs_at_s = 0.0

    def watch(self, stage: str, child: Child) -> None:
        """Take over a child; starts it when it does not run.

        Raises:
            PersonNeededError: it cannot be started at all.
        """
        self._watched[child.spec.name] = Watched(
            child=child, stage=stage, started_s=time.monotonic()
        )
        if not child.is_running():
            child.start()

    @property
    def has_children(self) -> bool:
        """Whether there is anything to stop."""
        return bool(self._watched)

    def child(self, name: str) -> Child:
        """Return a watched child by its name."""
        return self._watched[name].child

    def deaths_of(self, name: str) -> int:
        """How often a child died in a row."""
        return self._watched[name].deaths

    def look(self) -> None:
        """Note who died, start again who is due, and keep the logs short; call it often."""
        now_s = time.monotonic()
        for watched in self._watched.values():
            if watched.restart_at_s is not None:
                if now_s >= watched.restart_at_s:
                    self._start_again(watched, now_s)
            elif not watched.child.is_running():
                self._note_death(watched, now_s)
        if now_s >= self._check_logs_at_s:
            self._check_logs_at_s = now_s + _LOGS_CHECKED_EVERY_S
            for watched in self._watched.values():
                with suppress(OSError):  # a full disk must not end the plant
                    shorten_log(watched.child.log_path)

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Stop everything, the last stage first; when `hurry` becomes true, kill what is left."""
        for stage in reversed(STAGES):
            children = [item.child for item in self._watched.values() if item.stage == stage]
            for child in children:
                child.ask_to_stop()
            patience_s = max((child.spec.stop_within_s for child in children), default=0.0)
            _wait_for_end(children, patience_s, hurry)
            for child in children:
                if child.is_running():
                    self._say(f"{child.spec.name} had not ended and was killed.")
                child.kill()
        self._watched.clear()

    def _start_again(self, watched: Watched, now_s: float) -> None:
        watched.started_s, watched.restart_at_s = now_s, None
        try:
            watched.child.start()
        except PersonNeededError as error:
            self._say(str(error))

    def _note_death(self, watched: Watched, now_s: float) -> None:
        ran_s = now_s - watched.started_s
        watched.deaths = deaths_in_a_row(watched.deaths, watched.child.exit_code, ran_s)
        delay_s = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** (watched.deaths - 1))
        watched.restart_at_s = now_s + delay_s
        name, code = watched.child.spec.name, watched.child.exit_code
        self._say(
            f"{name} ended with code {code} and starts again in {delay_s:g} s; "
            f"see {watched.child.log_path}"
        )


def deaths_in_a_row(before: int, exit_code: int | None, ran_s: float) -> int:
    """Return the deaths that make a child's restart wait longer, this one included.

    One that was killed from outside while at work did nothing wrong and comes back at once; one
    that ends by itself, or is killed while it starts, waits longer each time.
    """
    killed_at_work = exit_code == -signal.SIGKILL and ran_s > _AT_WORK_AFTER_S
    return 1 if killed_at_work or ran_s > _HEALTHY_AFTER_S else before + 1


def _wait_for_end(children: list[Child], within_s: float, hurry: Callable[[], bool]) -> None:
    def ended() -> bool:
        return hurry() or not any(child.is_running() for child in children)

    wait_until(ended, within_s)
