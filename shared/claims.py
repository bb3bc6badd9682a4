"""What one process alone does, of all that share a database: it holds a lock of its session."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.connections import BoundedConnection
from shared.tasks import end_all

CLAIM_AGAIN_S = 1.0
LOOK_S = 2.0  # how soon a claim that was lost is noticed


async def claimed(
    connection: BoundedConnection, name: str, run: Callable[[], Awaitable[None]]
) -> None:
    """Wait for the claim, then run until either is over; the connection is ended in any case.

    The server gives the claim to the next one when the session ends, so also when the process is
    killed; who holds it looks whether it still does.

    Raises:
        psycopg.Error: the session is lost, and with it the claim.
    """
    try:
        await connection.set_autocommit(True)
        await _claim(connection, name)
        tasks = [asyncio.create_task(_keep(connection)), asyncio.create_task(_run(run))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end_all(tasks)
    finally:
        connection.pgconn.finish()


async def _claim(connection: BoundedConnection, name: str) -> None:
    statement = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
    while True:
        row = await (await connection.execute(statement, (name,))).fetchone()
        if row is not None and row[0]:
            return
        await asyncio.sleep(CLAIM_AGAIN_S)


async def _keep(connection: BoundedConnection) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        await connection.execute("SELECT 1")


async def _run(run: Callable[[], Awaitable[None]]) -> None:
    await run()
