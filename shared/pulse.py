"""Tells a silent station from one without news, and from an own event loop that hangs."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from shared.errors import StationUnreachableError

log = structlog.get_logger()
TICK_S = 0.25
ASK_AFTER_S = 1.0
QUIET_AFTER_S = 1.5
LOST_AFTER_S = 6.0
NO_NEWS_AFTER_S = 15.0
HANGING_S = 2.0


class Pulse:
    """Counts the seconds since a station was heard, in ticks of the own loop.

    A tick counts for at most twice its length: while this process itself hangs, nothing can be
    heard, and that is not the station's silence. Times in wall seconds.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._silent_s = self._no_news_s = 0.0

    @property
    def quiet(self) -> bool:
        """Whether what is known of the station is stale."""
        return self._silent_s >= QUIET_AFTER_S

    def heard(self) -> None:
        """Its subscription said something, be it that there is no news."""
        self._silent_s = self._no_news_s = 0.0

    async def watch(self, ask: Callable[[], Awaitable[object]], told: Callable[[], None]) -> None:
        """Watch until the station is lost; ask it when it is silent, tell when `quiet` changes.

        Raises:
            StationUnreachableError: silent for too long, or it answers but its values stand still.
        """
        asked: asyncio.Future[object] | None = None
        try:
            while True:
                quiet = self.quiet
                await self._tick()
                if asked is not None and asked.done():
                    asked.result()
                    asked, self._silent_s = None, 0.0
                if asked is None and self._silent_s >= ASK_AFTER_S:
                    asked = asyncio.ensure_future(ask())
                if self.quiet != quiet:
                    told()
                self._check()
        finally:
            if asked is not None:
                asked.cancel()

    async def _tick(self) -> None:
        clock = asyncio.get_running_loop()
        began_s = clock.time()
        await asyncio.sleep(TICK_S)
        passed_s = clock.time() - began_s
        if passed_s >= TICK_S + HANGING_S:
            log.warning("event loop hung", for_s=round(passed_s - TICK_S, 1), station=self._name)
        counted_s = min(passed_s, 2 * TICK_S)
        self._silent_s += counted_s
        self._no_news_s += counted_s

    def _check(self) -> None:
        if self._silent_s >= LOST_AFTER_S:
            raise StationUnreachableError(f"{self._name}: no answer in {LOST_AFTER_S} s")
        if self._no_news_s >= NO_NEWS_AFTER_S:
            raise StationUnreachableError(
                f"{self._name}: answers, but its subscription is dead for {NO_NEWS_AFTER_S} s"
            )
