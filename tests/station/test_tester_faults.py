"""What can go wrong at the tester: faults it acts out, rubbish that must not crash it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from shared.errors import StationFaultError, StationUnreachableError
from simulators.tester import FRAME_LIMIT_BYTES, TERMINATOR
from simulators.tester_faults import create_tester_control
from tests.station.tester_floor import Floor, channels_of, open_floor, start_formation


@pytest_asyncio.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(tmp_path) as opened:
        yield opened


async def test_silent_tester_is_unreachable_until_it_speaks_again(floor: Floor) -> None:
    patient, hasty = floor.client(), floor.client(timeout_s=0.2)
    channels = [device.channel for device in await patient.devices()]
    floor.fault("silent")
    with pytest.raises(StationUnreachableError, match=r"no answer in 0\.2 s"):
        await hasty.status(channels)
    floor.world.end_fault("tester-1", "silent", floor.instant)
    assert len(await patient.status(channels)) == 160


async def test_lost_contact_ends_the_charge_of_that_channel_alone(floor: Floor) -> None:
    client = floor.client()
    channels = await channels_of(client)
    pair = [channels["1-1-1"], channels["1-1-2"]]
    for channel, lot_id in zip(pair, ("CELL-1", "CELL-2"), strict=True):
        await client.start(channel, floor.formation_file(), lot_id, floor.backup)
    floor.pass_hours(3.0)
    past = await client.all_rows(pair[0])
    floor.fault("contact_loss", channel="1-1-1")
    assert await client.all_rows(pair[0]) == past
    floor.pass_hours(6.0)
    broken, sound = [point.step_id for point in await client.inquire(pair)]
    assert (broken, sound) != (2, 2)
    assert sound == 2


@pytest.mark.parametrize(
    ("name", "magnitude", "lowest_ma", "highest_ma"),
    [("clipped_range", 0.9, 89.9, 90.1), ("chamber_drift", 2.0, 99.9, 100.1)],
)
async def test_fault_of_the_tester_shows_in_the_current(
    floor: Floor, name: str, magnitude: float, lowest_ma: float, highest_ma: float
) -> None:
    client = floor.client()
    floor.fault(name, magnitude)
    channel = await start_formation(floor, client)
    floor.pass_hours(2.0)
    point = (await client.inquire([channel]))[0]
    assert lowest_ma < point.current_ma < highest_ma


async def test_swapped_cell_shows_the_barcode_that_is_clamped_in(floor: Floor) -> None:
    client = floor.client()
    channels = await channels_of(client)
    await client.start(channels["1-1-1"], floor.formation_file(), "CELL-2", floor.backup)
    floor.fault("swapped_barcode", channel="1-1-2")
    await client.start(channels["1-1-2"], floor.formation_file(), "CELL-1", floor.backup)
    assert (await client.inquire([channels["1-1-2"]]))[0].barcode == "CELL-2"


async def test_lost_rows_show_as_a_gap_in_the_numbers(floor: Floor) -> None:
    client = floor.client()
    channel = await start_formation(floor, client)
    floor.pass_hours(2.0)
    floor.fault("missing_rows", channel="1-1-1")
    numbers = [row.row for row in await client.all_rows(channel)]
    assert 97 not in numbers
    assert {96, 98} <= set(numbers)


async def test_control_port_switches_faults_of_tester_and_channel(floor: Floor) -> None:
    transport = httpx.ASGITransport(create_tester_control(floor.bench))
    async with httpx.AsyncClient(transport=transport, base_url="http://control") as control:
        on = await control.post("/tester-1/faults/chamber_drift", json={"magnitude": -2.0})
        assert on.json()["faults"] == {"chamber_drift": -2.0}
        own = await control.post("/tester-1/channels/1-2-3/faults/contact_loss")
        assert own.json()["channel_faults"] == {"1-2-3": {"contact_loss": 1.0}}
        floor.pass_hours(1.0)
        off = await control.delete("/tester-1/faults/chamber_drift")
        assert off.json()["faults"] == {}
        assert (await control.get("/tester-1")).json()["channels"] == {"finish": 160}
        for path in ("/other/faults/silent", "/tester-1/faults/none"):
            assert (await control.post(path)).status_code == 404
        wrong = await control.post("/tester-1/channels/1-2-3/faults/silent")
        assert wrong.status_code == 404


RUBBISH = [
    b"",
    b"rubbish",
    b"\xff\xfe\x00\x01" * 50,
    b"<bts>",
    b"<bts></bts>",
    b"<bts><cmd>no_such</cmd></bts>",
    b"<bts><cmd>getchlstatus</cmd></bts>",
    b"<bts><cmd>inquire</cmd><list><inquire/><inquire devid='x' chlid='1'/></list></bts>",
    b"<bts><cmd>start</cmd><list><start devtype='27' devid='1' chlid='1'/></list></bts>",
    b"<bts><cmd>start</cmd><list>"
    b"<start devtype='27' devid='1' subdevid='1' chlid='1'/></list></bts>",
    b"<bts><cmd>stop</cmd><list><stop devtype='27' devid='9' subdevid='9' chlid='9'/></list></bts>",
    b"<bts><cmd>download</cmd><download startpos='-1' count='99999999999999'/></bts>",
    b"<bts><cmd>downloadStepLayer</cmd></bts>",
    b"<bts><cmd>downloadlog</cmd></bts>",
    b"<!DOCTYPE b [<!ENTITY c 'd'>]><bts><cmd>&c;</cmd></bts>",
    b"<?xml version='1.0' encoding='utf-7'?><bts/>",
]


@asynccontextmanager
async def raw(floor: Floor) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", floor.tester.port)
    yield reader, writer
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def say(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], content: bytes) -> bytes:
    streams[1].write(content + TERMINATOR)
    async with asyncio.timeout(60.0):
        return await streams[0].readuntil(TERMINATOR)


LOGIN = (
    b"<bts><cmd>connect</cmd><username>admin</username><password>neware</password>"
    b"<type>bfgs</type></bts>"
)


async def test_rubbish_is_answered_and_crashes_nothing(floor: Floor) -> None:
    async with raw(floor) as streams:
        assert b"<result>ok</result>" in await say(streams, LOGIN)
        for content in RUBBISH:
            assert b"_resp</cmd>" in await say(streams, content)
    assert len(await floor.client().devices()) == 160


async def test_stray_quote_after_the_list_is_tolerated(floor: Floor) -> None:
    channel = '<status ip="127.0.0.1" devtype="27" devid="1" subdevid="3" chlid="5">true</status>'
    body = f'<bts><cmd>getchlstatus</cmd><list count = "1">{channel}</list>"</bts>'
    async with raw(floor) as streams:
        await say(streams, LOGIN)
        answer = await say(streams, body.encode())
    assert b">finish</status>" in answer
    assert b'subdevid="1"' in answer  # as wrong as the real server's


async def test_command_before_login_and_wrong_password_are_refused(floor: Floor) -> None:
    async with raw(floor) as streams:
        assert b"false" in await say(streams, b"<bts><cmd>getdevinfo</cmd></bts>")
    with pytest.raises(StationFaultError, match="refuses user admin"):
        await floor.client(password="wrong").devices()


async def test_frame_without_end_is_cut_off_and_half_a_frame_forgotten(floor: Floor) -> None:
    async with raw(floor) as (reader, writer):
        writer.write(b"x" * (2 * FRAME_LIMIT_BYTES))
        async with asyncio.timeout(60.0):
            rest = await asyncio.gather(reader.read(), return_exceptions=True)
        assert rest[0] == b"" or isinstance(rest[0], ConnectionError)
    async with raw(floor) as (_, writer):
        writer.write(LOGIN[:20])
        await writer.drain()
    assert len(await floor.client().devices()) == 160
