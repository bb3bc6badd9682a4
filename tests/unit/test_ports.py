"""A listening port closes in order."""

import asyncio
import contextlib

from shared.ports import close_port


async def test_a_connection_accepted_in_the_turn_of_the_close_is_served_and_none_after_it() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"served")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    connecting = asyncio.create_task(asyncio.open_connection(host, port))
    for _turn in range(3):  # in the third the port has accepted and the connection is not made yet
        await asyncio.sleep(0)
    await close_port(server)
    reader, writer = await connecting
    async with asyncio.timeout(10):
        assert await reader.read() == b"served"
    writer.close()
    with contextlib.suppress(ConnectionError):
        await asyncio.open_connection(host, port)
        raise AssertionError("a closed port took a connection")
