"""Tells how late the event loop of a process is, and what it was busy with when it stood."""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable

import structlog

log = structlog.get_logger()
TICK_S = 0.25
STANDS_S = 1.0
SHOWN_FRAMES = 4


class StallWatch:
    """Measures how late each tick of the loop is; tells of one that is late by `STANDS_S`.

    A loop that stands cannot look at itself, so a thread reads its stack then. A stack that only
    waits for news means that the machine gave the process no time. Wall seconds.
    """

    def __init__(self, late: Callable[[float], None]) -> None:
        self._late = late
        self._due_s = time.monotonic() + TICK_S
        self._stack = ""

    async def run(self) -> None:
        """Watch the running loop for ever."""
        ended = threading.Event()
        watcher = threading.Thread(
            target=self._look, args=(threading.get_ident(), ended), name="stalls", daemon=True
        )
        watcher.start()
        try:
            while True:
                self._due_s = time.monotonic() + TICK_S
                await asyncio.sleep(TICK_S)
                late_s = max(0.0, time.monotonic() - self._due_s)
                self._late(late_s)
                if late_s >= STANDS_S:
                    log.warning("event loop stood", for_s=round(late_s, 1), at=self._stack)
                self._stack = ""
        finally:
            ended.set()

    def _look(self, loop_thread: int, ended: threading.Event) -> None:
        while not ended.wait(TICK_S):
            stands = time.monotonic() - self._due_s >= STANDS_S
            if stands and not self._stack and (frame := sys._current_frames().get(loop_thread)):
                self._stack = " < ".join(
                    f"{one.name} ({one.filename.rsplit('/', 1)[-1]}:{one.lineno})"
                    for one in reversed(traceback.extract_stack(frame, SHOWN_FRAMES))
                )
