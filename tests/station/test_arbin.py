"""A second maker's tester behind the same driver: CTI frames, the driver, the same words."""

import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from services.formation import cti
from services.formation import driver as drivers
from services.formation.arbin import ArbinClient
from services.formation.neware import NewareClient
from services.formation.protocol import CellOrder, formation_protocol
from services.formation.stepfile import step_file
from shared.errors import InvalidInputError, StationFaultError, StationUnreachableError
from simulators.arbin import ArbinServer
from simulators.channels import Bench, BenchConfig
from simulators.tester import BtsServer
from simulators.world import Fault, World
from tests.station.tester_floor import MONDAY, POUCH

PROGRAM = "formation-2-cycles-v1.sdx"


@dataclass
class Hall:
    """One bench behind two makers' servers, in a plant time that the test sets."""

    folder: Path
    world: World
    bench: Bench
    arbin: ArbinServer
    bts: BtsServer
    instant: datetime = MONDAY

    def pass_hours(self, hours: float) -> None:
        self.instant += timedelta(hours=hours)

    def client(self, **more: str) -> ArbinClient:
        return ArbinClient(f"tcp://127.0.0.1:{self.arbin.port}", timeout_s=60.0, **more)


@pytest_asyncio.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    world = World(tmp_path / "world.sqlite")
    world.update_many({"CELL-1": POUCH, "CELL-2": POUCH})
    made: list[Hall] = []
    config = BenchConfig(name="tester-1", channel_count=16)
    bench = Bench(config, tmp_path / "t.sqlite", world, lambda: made[0].instant)
    cell = CellOrder(lot_id="CELL-1", capacity_mah=1000.0)
    written = step_file(formation_protocol(), cell, range_ma=200.0, range_v=5.0, written_at=MONDAY)
    (tmp_path / PROGRAM).write_bytes(written.content)
    hall = Hall(tmp_path, world, bench, ArbinServer(bench, tmp_path), BtsServer(bench))
    made.append(hall)
    await hall.arbin.start()
    await hall.bts.start()
    yield hall
    await hall.arbin.stop()
    await hall.bts.stop()
    bench.close()
    world.close()


@pytest_asyncio.fixture(params=["arbin", "neware"])
async def driver(request: pytest.FixtureRequest, hall: Hall) -> AsyncIterator[drivers.TesterDriver]:
    """Each maker's driver over the same cells."""
    made: dict[str, drivers.TesterDriver] = {
        "arbin": hall.client(),
        "neware": NewareClient(f"tcp://127.0.0.1:{hall.bts.port}", timeout_s=60.0),
    }
    yield made[request.param]
    for each in made.values():
        await each.close()


async def test_any_driver_starts_watches_and_stops_a_test(
    driver: drivers.TesterDriver, hall: Hall
) -> None:
    devices = await driver.devices()
    assert len(devices) == 16 and all(device.free for device in devices)
    channel = devices[4].channel
    before = await driver.latest_test(channel)
    await driver.start(channel, hall.folder / PROGRAM, "CELL-1", hall.folder / "b", test_name="J1")
    hall.pass_hours(3.0)
    other, point = await driver.inquire([devices[5].channel, channel])
    assert (other.state, point.state, point.barcode) == ("finish", "working", "CELL-1")
    assert (point.step_id, point.step_type, point.cycle) == (2, "cc", 1)
    assert point.current_ma == pytest.approx(100.0, rel=1e-3)
    assert 2.5 < point.voltage_v < 4.0
    assert point.step_time_s == pytest.approx(2.5 * 3600.0)
    after = await driver.latest_test(channel)
    assert (before.test_id, after.free) == (0, False) and after.test_id != 0
    with pytest.raises(StationFaultError, match="refuses"):
        await driver.start(
            channel, hall.folder / PROGRAM, "CELL-2", hall.folder / "b", test_name="J2"
        )
    assert await driver.stop(channel) is True
    assert await driver.stop(channel) is False
    assert (await driver.inquire([channel]))[0].state != "working"


async def test_any_driver_tells_a_second_test_of_the_same_cell_from_the_first(
    driver: drivers.TesterDriver, hall: Hall
) -> None:
    channel = (await driver.devices())[0].channel
    await driver.start(channel, hall.folder / PROGRAM, "CELL-1", hall.folder / "b", test_name="J1")
    first = (await driver.latest_test(channel)).test_id
    await driver.stop(channel)
    await driver.start(channel, hall.folder / PROGRAM, "CELL-1", hall.folder / "b", test_name="J2")
    assert (await driver.latest_test(channel)).test_id != first


async def test_any_driver_raises_the_same_when_the_tester_is_away(
    driver: drivers.TesterDriver, hall: Hall
) -> None:
    channel = (await driver.devices())[0].channel
    await hall.arbin.stop()
    await hall.bts.stop()
    with pytest.raises(StationUnreachableError):
        await driver.inquire([channel])


async def test_steps_seen_by_looks_have_the_charge_of_the_testers_own_layer(hall: Hall) -> None:
    arbin = hall.client()
    channel = (await arbin.devices())[0].channel
    await arbin.start(channel, PROGRAM, "CELL-1", "b", test_name="J1")
    for _ in range(500):
        hall.pass_hours(0.1)
        await arbin.inquire([channel])
    seen = await arbin.step_layer(channel)
    bts = NewareClient(f"tcp://127.0.0.1:{hall.bts.port}", timeout_s=60.0)
    own = await bts.step_layer((await bts.devices())[0].channel)
    await bts.close()
    await arbin.close()
    assert [step.step_type for step in seen] == [step.step_type for step in own]
    for ours, theirs in zip(seen, own, strict=True):
        assert ours.capacity_mah == pytest.approx(theirs.capacity_mah, abs=11.0)  # a look's worth


async def test_temperature_and_variables_of_a_running_schedule(hall: Hall) -> None:
    client = hall.client()
    channel = (await client.devices())[2].channel
    hall.arbin.temperature_degc = 31.5
    assert (await client.inquire([channel]))[0].temperature_degc == pytest.approx(31.5)
    with pytest.raises(StationFaultError, match="does not run"):
        await client.set_variable(channel, 1, 0.5)
    await client.start(channel, PROGRAM, "CELL-1", "b", test_name="J1")
    await client.set_variable(channel, 5, 0.5)
    assert hall.arbin.variables == {(2, 105): 0.5}
    await client.close()


async def test_unknown_schedule_and_wrong_password_are_refused_with_the_reason(hall: Hall) -> None:
    client, stranger = hall.client(), hall.client(password="wrong")
    channel = (await client.devices())[0].channel
    with pytest.raises(StationFaultError, match="schedule is not found"):
        await client.start(channel, "none.sdx", "CELL-1", "b", test_name="J1")
    with pytest.raises(StationFaultError, match="refuses the login"):
        await stranger.devices()
    await client.close()


async def test_silent_cycler_is_unreachable(hall: Hall) -> None:
    hall.world.switch_fault(
        Fault(station="tester-1", name="silent", magnitude=1.0, since=hall.instant)
    )
    client = ArbinClient(f"tcp://127.0.0.1:{hall.arbin.port}", timeout_s=0.2)
    with pytest.raises(StationUnreachableError, match=r"no answer in 0\.2 s"):
        await client.devices()


# Frames


def test_requests_have_the_lengths_of_captured_frames() -> None:
    """Lengths and codes of the frames that pyctiarbin's authors captured."""
    frames = {
        cti.login("u", "p"): (74, 86, 0xEEAB0001),
        cti.channel_info(12): (50, 62, 0xEEAB0003),
        cti.assign(12, "Rest+207855.sdx", 1.0, ""): (659, 671, 0xBB210001),
        cti.start(13, "sample_test_name"): (160, 172, 0xBB320004),
        cti.stop(13): (116, 128, 0xBB310001),
        cti.set_variable(13, 1, 1.0): (62, 74, 0xBB150001),
    }
    for frame, (told, size, command) in frames.items():
        assert struct.unpack_from("<QLL", frame) == (0x11DDDDDDDDDDDDDD, told, command)
        assert len(frame) == size
        assert struct.unpack("<H", frame[-2:])[0] == sum(frame[:-2]) & 0xFFFF


def answered(payload: bytes, command: int = 0xBB130001) -> bytes:
    frame = struct.pack("<QLLL", cti.HEADER, len(payload) + 22, command, 0) + payload
    return frame + struct.pack("<H", sum(frame) & 0xFFFF)


def test_answer_of_another_command_or_with_a_wrong_sum_is_a_fault() -> None:
    frame = answered(struct.pack("<IB", 1, 0))
    assert cti.read_result(cti.opened(frame, cti.STOP), cti.STOP) is None
    with pytest.raises(StationFaultError, match="answer 0xbb130001 to 0xbb320004"):
        cti.opened(frame, cti.START)
    for place in range(20, len(frame)):
        broken = bytearray(frame)
        broken[place] ^= 1
        with pytest.raises(StationFaultError, match="sum"):
            cti.opened(bytes(broken), cti.STOP)


@pytest.mark.parametrize(
    "head", [bytes(12), struct.pack("<QL", cti.HEADER, 3), struct.pack("<QL", cti.HEADER, 2**31)]
)
def test_head_that_no_answer_has_is_a_fault(head: bytes) -> None:
    with pytest.raises(StationFaultError, match="no CTI answer"):
        cti.answer_size(head)


def test_short_and_strange_answers_are_faults() -> None:
    for read in (cti.read_login, cti.read_channel):
        with pytest.raises(StationFaultError, match="bytes"):
            read(b"\0" * 10)
    strange = struct.pack("<IIhB", 1, 0, 99, 0).ljust(1800, b"\0")
    with pytest.raises(StationFaultError, match="status 99"):
        cti.read_channel(strange)
    unknown = cti.read_result(struct.pack("<IB", 1, 77), cti.STOP)
    assert unknown == "code 77"


def test_words_that_do_not_fit_are_refused_before_they_are_sent() -> None:
    with pytest.raises(InvalidInputError, match="room for"):
        cti.assign(0, "x" * 200, 1.0, "")
    with pytest.raises(InvalidInputError, match="1 to 16"):
        cti.set_variable(0, 17, 1.0)
