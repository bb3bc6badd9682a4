"""Tells a silent station from one without news, and from an own event loop that hangs."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from shared.errors import StationUnreachableError

TICK_S = 0.25
ASK_AFTER_S = 1.0
QUIET_AFTER_S = 1.3
LOST_AFTER_S = 6.0
NO_NEWS_AFTER_S = 15.0


class Pulse:
    """Knows how old the last word of a station may be, and for how long it was silent.

    Two measures, for two questions. Whether what is known is stale is judged by the clock alone:
    a word that was read after a pause of the own loop may have lain there since before it, so it
    counts as old as that. Whether the station is lost is counted in ticks of the own loop, each
    for at most twice its length: while this process hangs nothing can be heard, and that is not
    the station's silence. Times in wall seconds.
    """

    def __init__(self, name: str, now_s: Callable[[], float] = time.monotonic) -> None:
        self._name, self._now_s = name, now_s
        self._silent_s = self._no_news_s = 0.0
        self._looked_at_s = self._heard_at_s = now_s()

    @property
    def quiet(self) -> bool:
        """Whether what is known of the station is stale."""
        return self._now_s() - self._heard_at_s >= QUIET_AFTER_S

    def heard(self) -> None:
        """Its subscription said something, be it that there is no news."""
        self._no_news_s = 0.0
        self._answered()

    async def watch(self, ask: Callable[[], Awaitable[object]], told: Callable[[], None]) -> None:
        """Watch until the station is lost; ask it when it is silent, tell when `quiet` changes.

        Raises:
            StationUnreachableError: silent for too long, or it answers but its values stand still.
        """
        asked: asyncio.Future[object] | None = None
        was_quiet = self.quiet
        try:
            while True:
                await self._tick()
                if asked is not None and asked.done():
                    asked.result()
                    asked = None
                    self._answered()
                if asked is None and self._silent_s >= ASK_AFTER_S:
                    asked = asyncio.ensure_future(ask())
                if self.quiet != was_quiet:
                    was_quiet = not was_quiet
                    told()
                self._check()
        finally:
            if asked is not None:
                asked.cancel()

    async def _tick(self) -> None:
        began_s = self._now_s()
        await asyncio.sleep(TICK_S)
        self.ticked(began_s)

    def ticked(self, began_s: float) -> None:
        """One tick of the own loop is over that began at `began_s`."""
        now_s = self._now_s()
        passed_s = now_s - began_s
        # What is read right after a pause may have come at any time in it.
        self._looked_at_s = began_s if passed_s > 2 * TICK_S else now_s
        counted_s = min(passed_s, 2 * TICK_S)
        self._silent_s += counted_s
        self._no_news_s += counted_s

    def _answered(self) -> None:
        self._silent_s = 0.0
        now_s = self._now_s()
        in_time = now_s - self._looked_at_s <= 2 * TICK_S
        self._heard_at_s = max(self._heard_at_s, now_s if in_time else self._looked_at_s)

    def _check(self) -> None:
        if self._silent_s >= LOST_AFTER_S:
            raise StationUnreachableError(f"{self._name}: no answer in {LOST_AFTER_S} s")
        if self._no_news_s >= NO_NEWS_AFTER_S:
            raise StationUnreachableError(
                f"{self._name}: answers, but its subscription is dead for {NO_NEWS_AFTER_S} s"
            )
