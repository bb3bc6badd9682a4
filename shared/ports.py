"""Closing a listening port in order."""

import asyncio

ACCEPTED_S = 0.05  # a connection that was accepted is there after so long


async def close_port(server: asyncio.AbstractServer) -> None:
    """Stop listening; a connection that was accepted just then comes in first.

    Python 3.11 fails on a connection accepted in the same turn of the loop as the close and
    leaves its socket open, and so a client that waits for an answer.
    """
    if isinstance(server, asyncio.Server):  # other loops' servers close in order by themselves
        loop = asyncio.get_running_loop()
        for listening in server.sockets:
            loop.remove_reader(listening.fileno())
        await asyncio.sleep(0)
    server.close()
    await asyncio.sleep(ACCEPTED_S)
