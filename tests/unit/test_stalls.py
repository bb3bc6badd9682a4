"""What is told of an event loop that stands."""

import asyncio
import time

from structlog.testing import capture_logs

from shared.stalls import STANDS_S, TICK_S, StallWatch


async def watched(busy_s: float) -> tuple[list[float], list[dict[str, object]]]:
    lags: list[float] = []
    with capture_logs() as said:
        watch = asyncio.create_task(StallWatch(lags.append).run())
        await asyncio.sleep(0)
        hold_up(busy_s)
        while not lags:
            await asyncio.sleep(TICK_S)
        watch.cancel()
    return lags, [dict(line) for line in said]


def hold_up(busy_s: float) -> None:
    time.sleep(busy_s)


async def test_a_loop_that_stands_is_told_with_what_held_it_up() -> None:
    lags, said = await watched(STANDS_S + 3 * TICK_S)
    assert lags[0] >= STANDS_S
    assert said[0]["event"] == "event loop stood"
    assert str(said[0]["at"]).startswith("hold_up (test_stalls.py:")
