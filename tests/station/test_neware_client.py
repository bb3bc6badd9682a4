"""Our tester client against a server whose answers break off or cannot be right."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.formation.answers import Channel
from services.formation.neware import NewareClient
from shared.errors import InvalidInputError, StationFaultError, StationUnreachableError
from shared.ports import close_port
from simulators.tester import TERMINATOR

HEAD = b'<?xml version="1.0" encoding="UTF-8"?><bts version="1.0">'
CHANNEL = Channel(27, 1, 3, 5)
WELCOME = HEAD + b"<cmd>connect_resp</cmd><result>ok</result></bts>"


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[NewareClient]:
    """A client of a server that welcomes and then gives one fixed answer to everything."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(TERMINATOR)
        writer.write(WELCOME + TERMINATOR)
        await reader.readuntil(TERMINATOR)
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with NewareClient(
        f"tcp://127.0.0.1:{port}", timeout_s=30.0, frame_limit_bytes=10_000
    ) as client:
        yield client
    await close_port(server)


def listed(command: str, items: str) -> bytes:
    body = f'<cmd>{command}_resp</cmd><list count="1">{items}</list></bts>'
    return HEAD + body.encode() + TERMINATOR


IDLE = (
    '<inquire dev="27-1-3-5-0" cycle_id="1" step_type="--" workstatus="finish" barcode="B"'
    ' current="0" voltage="3.8834" capacity="0" energy="0" totaltime="0" relativetime="0"'
    ' open_or_close="0" log_code="0" />'
)


async def test_real_servers_answer_of_an_idle_channel_is_read() -> None:
    async with answering(listed("inquire", IDLE)) as client:
        point = (await client.inquire([CHANNEL]))[0]
    assert (point.state, point.voltage_v, point.step_id) == ("finish", 3.8834, None)


async def test_unknown_state_word_is_unknown() -> None:
    async with answering(listed("inquire", IDLE.replace("finish", "thinking"))) as client:
        assert (await client.inquire([CHANNEL]))[0].state == "unknown"


@pytest.mark.parametrize(
    "answer",
    [
        listed("inquire", IDLE.replace("27-1-3-5-0", "27-1-3-6-0")),
        listed("inquire", IDLE.replace("27-1-3-5-0", "27")),
        listed("inquire", IDLE.replace('voltage="3.8834"', 'voltage="nan"')),
        listed("inquire", IDLE.replace('voltage="3.8834"', 'voltage="high"')),
        listed("inquire", IDLE.replace('voltage="3.8834"', "")),
        listed("inquire", IDLE.replace('cycle_id="1"', 'cycle_id="-1"')),
        listed("inquire", IDLE.replace('step_type="--"', 'step_type="cc"')),
        listed("inquire", IDLE + IDLE),
        listed("inquire", ""),
        listed("getchlstatus", IDLE),
        b"rubbish" + TERMINATOR,
        b"<!DOCTYPE a><bts/>" + TERMINATOR,
        b"x" * 20_000 + TERMINATOR,
    ],
)
async def test_answer_that_cannot_be_right_needs_a_person(answer: bytes) -> None:
    async with answering(answer) as client:
        with pytest.raises(StationFaultError):
            await client.inquire([CHANNEL])
        assert not client.connected


@pytest.mark.parametrize("answer", [b"", b"<bts><cmd>inq", listed("inquire", IDLE)[:-3]])
async def test_answer_that_breaks_off_is_tried_again_later(answer: bytes) -> None:
    async with answering(answer) as client:
        with pytest.raises(StationUnreachableError):
            await client.inquire([CHANNEL])


async def test_rows_of_another_part_are_refused() -> None:
    row = (
        '<data seqid="{}" stepid="1" cycleid="1" steptype="rest" testtime="0"'
        ' atime="2026-11-23 08:00:00" volt="3.1" curr="0" cap="0" eng="0" />'
    )
    for numbers in ((7, 8), (2, 1), (1, 1)):
        items = "".join(row.format(number) for number in numbers)
        async with answering(listed("donwload", items)) as client:
            with pytest.raises(StationFaultError, match="not in order"):
                await client.rows(CHANNEL, 1, 5)


async def test_endpoint_without_tcp_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="tcp://"):
        NewareClient("opc.tcp://127.0.0.1:1")
