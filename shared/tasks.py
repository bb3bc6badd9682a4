"""The end of tasks that run until they are cancelled."""

import asyncio
from collections.abc import Collection


async def end_all(tasks: Collection[asyncio.Task[None]], again_s: float = 1.0) -> None:
    """Cancel tasks in their order until each has ended, again after `again_s` seconds.

    A cancellation that meets the end of a library's own wait is swallowed there, and the loop
    would go on for ever.
    """
    pending = list(tasks)
    while pending:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=again_s)
        pending = [task for task in pending if not task.done()]
