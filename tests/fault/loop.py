"""An event loop on virtual time: it never waits, it jumps to the next timer."""

import asyncio
import heapq
import selectors
from asyncio import Future, TimerHandle
from collections.abc import Callable
from contextvars import Context
from datetime import UTC, datetime
from typing import Any

from shared.clock import Anchor, Clock, MachineClocks

SPEED = 4000.0
BOOT = "virtual"
EPOCH = datetime(2026, 3, 2, 6, tzinfo=UTC)


MOST_TURNS = 200_000  # of the loop at one moment; a whole seed has about as many


class StuckError(Exception):
    """Virtual time can go no further: everybody waits for another, or somebody does not wait."""


class _Jumps(selectors.SelectSelector):
    """Lets virtual time pass where a real loop would wait for the network."""

    now_s = 0.0
    _turn_count = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return at once; nothing comes from outside."""
        if timeout is None:
            raise StuckError("every task waits and no timer runs")
        self._turn_count = 0 if timeout > 0 else self._turn_count + 1
        if self._turn_count > MOST_TURNS:
            self._turn_count = 0  # what ends the run may take as many
            raise StuckError(f"time stands still at {self.now_s} virtual s: a task does not wait")
        self.now_s += max(0.0, timeout)
        return []


class _Timer(TimerHandle):
    """A timer that comes after those of the same moment that were set before it."""

    def __init__(self, number: int, *values: Any) -> None:
        super().__init__(*values)
        self.place = (self.when(), number)

    def __lt__(self, other: Any) -> bool:
        return bool(self.place < other.place)


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


def virtual_clock(loop: VirtualLoop, wall_s: Callable[[], float]) -> Clock:
    """Return the plant time of a machine whose boot clock is the loop's; its wall clock may jump.

    `wall_s`: seconds since EPOCH as the wall clock shows them.
    """
    machine = MachineClocks(wall_s=wall_s, boot_s=loop.time, boot_id=BOOT)
    anchor = Anchor(boot_id=BOOT, start_s=0.0)
    return Clock(plant_start=EPOCH, wall_start_s=0.0, speed=SPEED, anchor=anchor, machine=machine)
