"""An event loop on virtual time: it never waits, it jumps to the next timer."""

import asyncio
import heapq
import selectors
from asyncio import Future, TimerHandle
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.clock import Clock


class StuckError(Exception):
    """Nothing is ready and no timer runs: everybody waits for somebody else."""


class _Jumps(selectors.SelectSelector):
    """Lets virtual time pass where a real loop would wait for the network."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return at once; nothing comes from outside."""
        if timeout is None:
            raise StuckError("every task waits and no timer runs")
        self.now_s += max(0.0, timeout)
        return []


class _Timer(TimerHandle):
    """A timer that comes after those of the same moment that were set before it."""

    def __init__(self, number: int, *values: Any) -> None:
        super().__init__(*values)
        self._number = number

    def __lt__(self, other: Any) -> bool:
        return (self.when(), self._number) < (other.when(), other._number)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs callbacks in a fixed order; what belongs in a thread runs at once, in its place."""

    _scheduled: list[_Timer]

    def __init__(self) -> None:
        self._jumps = _Jumps()
        self._timer_count = 0
        super().__init__(self._jumps)

    def call_at(  # type: ignore[override]
        self, when: float, call: Callable[..., object], *values: Any, context: Context | None = None
    ) -> TimerHandle:
        """Call at a virtual time; timers of one moment go off in the order they were set."""
        self._timer_count += 1
        timer = _Timer(self._timer_count, when, call, values, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer

    def time(self) -> float:
        """Return virtual seconds since the start."""
        return self._jumps.now_s

    def run_in_executor(  # type: ignore[override]
        self, _executor: Any, call: Callable[..., Any], *values: Any
    ) -> Future[Any]:
        """Run the call now: threads would bring an order of their own."""
        future: Future[Any] = self.create_future()
        try:
            future.set_result(call(*values))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True, kw_only=True)
class VirtualClock(Clock):
    """Plant time that follows a virtual loop; `wall_start_s` is 0."""

    loop: VirtualLoop

    def now(self) -> datetime:
        """Return the plant time of this virtual moment."""
        return self.at(self.loop.time())
