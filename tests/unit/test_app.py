"""The loops of a service: they end when the service does."""

import asyncio
import contextlib

from shared.tasks import end_all


async def test_a_loop_that_swallows_its_cancellation_is_cancelled_again() -> None:
    swallowed: list[str] = []

    async def stubborn() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        swallowed.append("once")
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(stubborn()) for _ in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await end_all(tasks, again_s=0.01)
    assert [task.cancelled() for task in tasks] == [True] * 3
    assert swallowed == ["once"] * 3


async def test_ending_nothing_ends_at_once() -> None:
    await end_all([])
