"""What one process alone does, of all that share a database: it holds a lease there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from shared.connections import BoundedConnection
from shared.tasks import end_all

CLAIM_AGAIN_S = 1.0


class Lease(NamedTuple):
    """How long a holder that is silent keeps others waiting, in wall seconds.

    look_s: a holder shows this often that it lives. answer_s: it ends its work when the server
    does not answer for so long. ends_s: the server ends the session of one that was silent for so
    long, more than the two together, so that the work has ended when the next one begins.
    """

    look_s: float = 2.0
    answer_s: float = 8.0
    ends_s: float = 15.0


LEASE = Lease()


async def claimed(
    connection: BoundedConnection,
    name: str,
    run: Callable[[], Awaitable[None]],
    lease: Lease = LEASE,
) -> None:
    """Wait for the claim, then run until either is over; the connection is ended in any case.

    The claim is a lock of the session. The server gives it to the next one when the session ends:
    at once when the process is killed, and after the lease when its host or the way to it is lost,
    or it stands still. Who holds it looks whether it still does.

    Raises:
        psycopg.Error: the session is lost, and with it the claim.
    """
    connection.answer_s = lease.answer_s
    try:
        await connection.set_autocommit(True)
        await connection.execute(f"SET idle_session_timeout = {lease.ends_s * 1000:.0f}")
        await _claim(connection, name)
        tasks = [
            asyncio.create_task(_keep(connection, lease.look_s)),
            asyncio.create_task(_run(run)),
        ]
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


async def _keep(connection: BoundedConnection, look_s: float) -> None:
    while True:
        await asyncio.sleep(look_s)
        await connection.execute("SELECT 1")


async def _run(run: Callable[[], Awaitable[None]]) -> None:
    await run()
