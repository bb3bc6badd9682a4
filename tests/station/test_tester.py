"""The simulated tester over its real port: spoken to by a third party's client and by ours."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from aurora_neware import NewareAPI

from services.formation.answers import TestRow
from services.formation.neware import NewareClient
from services.formation.protocol import CellOrder, ccd_protocol
from services.formation.stepfile import compare, protocol_sha256, step_file
from services.formation.testfiles import read_test_file
from services.formation.testrecord import TestRecord
from shared.errors import InvalidInputError, StationFaultError, StationUnreachableError
from simulators.tester import BtsServer, read_tester
from simulators.world import World
from tests.conftest import free_port
from tests.station.tester_floor import (
    MONDAY,
    WITNESS,
    Floor,
    channels_of,
    open_floor,
    start_formation,
)


@pytest_asyncio.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(tmp_path) as opened:
        yield opened


def times_of(rows: tuple[TestRow, ...]) -> list[float]:
    record = TestRecord()
    record.take(rows)
    return record.table()["time_s"].to_list()


# A third party's client, unchanged


def drive_with_aurora(floor: Floor) -> dict[str, object]:
    """Everything aurora-neware can do, from a thread of its own; returns what it saw."""
    seen: dict[str, object] = {}
    with NewareAPI("127.0.0.1", floor.tester.port) as api:
        seen["devices"] = len(api.channel_map)
        path = floor.formation_file()
        seen["start"] = api.start("1-3-5", "CELL-1", path, floor.backup)
        seen["working"] = api.getchlstatus("1-3-5")["1-3-5"]["status"]
        with pytest.raises(ValueError, match="blocked states"):
            api.start("1-3-5", "CELL-2", path, floor.backup)
        floor.pass_hours(6.0)
        points = api.inquire()
        seen["points"] = len(points)
        seen["point"] = points["1-3-5"]
        seen["latest"] = api.inquiredf("1-3-5")["1-3-5"]
        seen["rows"] = api.download("1-3-5", last_n_points=0)
        seen["steps"] = api.get_steps("1-3-5")
        seen["test_id"] = api.get_testid("1-3-5")["1-3-5"]["test_id"]
        seen["light"] = api.light(["1-3-5", "1-3-6"])
        seen["stop"] = api.stop("1-3-5")
        seen["stop again"] = api.stop("1-3-5")
        seen["stopped"] = api.getchlstatus()["1-3-5"]["status"]
        seen["log"] = api.downloadlog("1-3-5")
        seen["flag"] = api.clearflag("1-3-5")
    return seen


@pytest_asyncio.fixture
async def aurora(floor: Floor) -> dict[str, object]:
    return await asyncio.to_thread(drive_with_aurora, floor)


async def test_third_party_client_finds_starts_reads_and_stops(aurora: dict[str, object]) -> None:
    address = {"ip": "127.0.0.1", "devtype": 27, "devid": 1, "subdevid": 3, "chlid": 5}
    assert aurora["devices"] == 160
    assert aurora["start"] == [address | {"start": "ok"}]
    assert aurora["working"] == "working"
    assert aurora["points"] == 160
    assert aurora["stop"] == [address | {"stop": "ok"}]
    assert aurora["stop again"] == [address | {"stop": "false"}]
    assert aurora["stopped"] == "stop"
    assert aurora["test_id"] == 1
    assert aurora["light"] == [
        address | {"light": "ok"},
        address | {"chlid": 6, "light": "ok"},
    ]
    assert aurora["flag"] == [address | {"clearflag": "false"}]


async def test_third_party_client_reads_a_live_point_and_all_rows(
    aurora: dict[str, object],
) -> None:
    point, rows, latest = aurora["point"], aurora["rows"], aurora["latest"]
    assert isinstance(point, dict) and isinstance(rows, dict) and isinstance(latest, dict)
    assert point["workstatus"] == "working"
    assert (point["barcode"], point["step_id"], point["step_type"]) == ("CELL-1", 2, "cc")
    assert point["current"] == pytest.approx(0.1, rel=1e-4)
    assert point["relativetime"] == 5.5 * 3600.0
    assert len(rows["seqid"]) == latest["count"] == 61 + 661
    assert rows["seqid"] == list(range(1, 723))
    assert rows["testtime"][-1] == 5.5 * 3_600_000
    assert rows["atime"][0] == "2026-11-23 08:00:00"
    assert rows["cap"][-1] == pytest.approx(0.55, rel=1e-4)


async def test_third_party_client_reads_steps_and_log(aurora: dict[str, object]) -> None:
    steps, log = aurora["steps"], aurora["log"]
    assert isinstance(steps, list) and isinstance(log, list)
    assert [(s["startseqid"], s["endseqid"], s["steptype"]) for s in steps] == [(1, 61, "rest")]
    assert [entry["log_code"] for entry in log] == [100000, 100002]


# Our client


async def test_our_client_finds_all_channels_free(floor: Floor) -> None:
    devices = await floor.client().devices()
    assert len(devices) == 160
    assert all(device.free for device in devices)
    assert devices[-1].channel.name == "1-20-8"


async def test_formation_runs_to_its_end_and_every_answer_agrees(floor: Floor) -> None:
    client = floor.client()
    channel = await start_formation(floor, client)
    assert await client.status([channel]) == ("working",)
    floor.pass_hours(50.0)
    assert await client.status([channel]) == ("finish",)
    rows = await client.all_rows(channel)
    steps = await client.step_layer(channel)
    latest = await client.latest_test(channel)
    assert [row.row for row in rows] == list(range(1, latest.row_count + 1))
    half = ["cc", "rest", "dc", "rest"]
    assert [step.step_type for step in steps] == ["rest", *half, *half]
    assert steps[-1].last_row == latest.row_count
    assert [step.cycle for step in steps] == [1] * 5 + [2] * 4
    charge, discharge = steps[5].capacity_mah, steps[7].capacity_mah
    assert discharge == pytest.approx(1000.0, rel=5e-3)
    assert discharge / charge == pytest.approx(0.9992, abs=2e-4)
    times_s = times_of(rows)
    assert (np.diff(times_s) >= 0.0).all()
    assert times_s[-1] == pytest.approx(sum(step.duration_s for step in steps), abs=0.01)
    assert abs((rows[-1].at - MONDAY).total_seconds() - times_s[-1]) <= 1.0


async def test_record_proves_that_what_ran_was_ordered(floor: Floor) -> None:
    client = floor.client()
    channel = await start_formation(floor, client, "1-6-1")
    ordered = floor.formation_file().read_bytes()
    floor.pass_hours(50.0)
    assert await client.status([channel]) == ("finish",)
    record = read_test_file("1_6_1_1.ndax", (floor.backup / "1_6_1_1.ndax").read_bytes())
    assert (record.barcode, record.channel, record.ended) == ("CELL-1", "1-0-41", True)
    assert (record.damaged, record.warnings) == (False, ())
    assert record.step_xml is not None
    assert compare(ordered, record.step_xml.encode()) == ()
    assert protocol_sha256(ordered) == protocol_sha256(record.step_xml.encode())
    rows = await client.all_rows(channel)
    recorded = record.rows
    assert recorded.height == len(rows)
    live_v = [row.voltage_v for row in rows]
    assert np.allclose(recorded["voltage_v"].to_numpy(), live_v, atol=1e-6)
    live_ma = [row.current_ma for row in rows]
    assert np.allclose(recorded["current_ma"].to_numpy(), live_ma, rtol=1e-6, atol=1e-6)
    live_mah = [row.capacity_mah for row in rows]
    assert np.allclose(np.abs(recorded["capacity_mah"].to_numpy()), live_mah, rtol=1e-6, atol=1e-5)
    assert np.allclose(recorded["time_s"].to_numpy(), times_of(rows), atol=0.002)
    assert recorded["cycle"].to_list() == [row.cycle for row in rows]
    assert recorded["step_index"].to_list() == [row.step_id for row in rows]


async def test_working_channel_refuses_a_second_start(floor: Floor) -> None:
    client = floor.client()
    channel = await start_formation(floor, client)
    with pytest.raises(StationFaultError, match="refuses"):
        await client.start(channel, floor.formation_file(), "CELL-2", floor.backup)
    assert (await client.inquire([channel]))[0].barcode == "CELL-1"


async def test_file_that_is_absent_or_no_protocol_is_refused(floor: Floor) -> None:
    client = floor.client()
    channel = (await channels_of(client))["1-1-1"]
    (floor.folder / "rubbish.xml").write_bytes(b"rubbish")
    for name in ("absent.xml", "rubbish.xml"):
        with pytest.raises(StationFaultError, match=name):
            await client.start(channel, floor.folder / name, "CELL-1", floor.backup)
    assert await client.status([channel]) == ("finish",)


async def test_barcode_and_path_with_xml_in_them_arrive_whole(floor: Floor) -> None:
    client = floor.client()
    channel = (await channels_of(client))["1-1-1"]
    path = floor.formation_file().rename(floor.folder / "a & b <1>.xml")
    await client.start(channel, path, "A\"B&<C>'", floor.backup)
    assert (await client.inquire([channel]))[0].barcode == "A\"B&<C>'"


async def test_unusable_barcode_is_refused_before_it_is_sent(floor: Floor) -> None:
    client = floor.client()
    channel = (await channels_of(client))["1-1-1"]
    for barcode in ("", "  ", "A\n\n#\r\n"):
        with pytest.raises(InvalidInputError, match="barcode"):
            await client.start(channel, floor.formation_file(), barcode, floor.backup)


async def test_stop_is_repeat_safe_and_freezes_the_rows(floor: Floor) -> None:
    client = floor.client()
    channel = await start_formation(floor, client)
    floor.pass_hours(1.0)
    assert await client.stop(channel) is True
    count = (await client.latest_test(channel)).row_count
    floor.pass_hours(5.0)
    assert await client.stop(channel) is False
    assert await client.status([channel]) == ("stop",)
    assert (await client.latest_test(channel)).row_count == count
    point = (await client.inquire([channel]))[0]
    assert (point.state, point.step_id, point.step_type) == ("stop", None, None)
    assert [entry.code for entry in await client.log(channel)] == [100000, 100002]


async def test_all_channels_are_asked_at_once_and_answered_in_order(floor: Floor) -> None:
    client = floor.client()
    channels = [device.channel for device in await client.devices()]
    await client.start(channels[77], floor.formation_file(), "CELL-1", floor.backup)
    floor.pass_hours(1.0)
    points = await client.inquire(channels)
    assert [point.channel for point in points] == channels
    assert [n for n, point in enumerate(points) if point.state == "working"] == [77]
    assert (await client.status(channels)).count("working") == 1


async def test_rows_are_asked_in_parts_and_from_the_middle(floor: Floor) -> None:
    client = floor.client()
    channel = await start_formation(floor, client)
    floor.pass_hours(20.0)
    whole = await client.all_rows(channel)
    assert len(whole) > 2000
    assert await client.all_rows(channel, after=1500) == whole[1500:]
    assert await client.rows(channel, 10, 3) == whole[9:12]
    assert await client.rows(channel, len(whole) + 1) == ()


async def test_ccd_staircase_shorts_and_the_tester_stops_it(floor: Floor) -> None:
    client = floor.client()
    channel = (await channels_of(client))["1-2-2"]
    await client.start(channel, floor.staircase_file(), "WIT-1", floor.backup)
    floor.pass_hours(2.0)
    assert await client.status([channel]) == ("protect",)
    steps = await client.step_layer(channel)
    currents_ma = [step.start_current_ma for step in steps if step.step_type != "rest"]
    assert max(currents_ma) == pytest.approx(1.6, rel=1e-3)  # 0.8 on a cell that holds 0.7
    assert abs(steps[-1].end_voltage_v) < 0.002
    last_ok = steps[-2]
    assert abs(last_ok.end_voltage_v) == pytest.approx(0.6 * 0.24, rel=0.05)


async def test_lot_that_nobody_made_reads_as_an_open_circuit(floor: Floor) -> None:
    client = floor.client()
    channel = (await channels_of(client))["1-1-1"]
    await client.start(channel, floor.formation_file(), "NOBODY", floor.backup)
    floor.pass_hours(0.01)
    assert await client.status([channel]) == ("protect",)  # 0 V is below the limit of 1.9 V


async def test_cell_goes_on_where_its_last_test_left_it(floor: Floor) -> None:
    client = floor.client()
    channel = await start_formation(floor, client)
    floor.pass_hours(7.5)
    await client.stop(channel)
    stopped_v = (await client.rows(channel, (await client.latest_test(channel)).row_count))[0]
    other = (await channels_of(client))["1-9-8"]
    await client.start(other, floor.formation_file(), "CELL-1", floor.backup)
    begun = (await client.inquire([other]))[0]
    assert stopped_v.voltage_v - 0.05 < begun.voltage_v < stopped_v.voltage_v


# Stops and starts


async def test_restart_resumes_the_running_test(floor: Floor) -> None:
    client = floor.client()
    channel = await start_formation(floor, client)
    floor.pass_hours(12.0)
    before = await client.all_rows(channel)
    point = await client.inquire([channel])
    floor.formation_file().unlink()
    await floor.restart()
    with pytest.raises(StationUnreachableError):
        await client.status([channel])  # the old port is gone
    again = floor.client()
    assert await again.inquire([channel]) == point
    assert await again.all_rows(channel) == before
    floor.pass_hours(40.0)
    assert await again.status([channel]) == ("finish",)


async def test_client_reconnects_to_a_tester_that_came_back(floor: Floor) -> None:
    client = floor.client()
    channels = [device.channel for device in await client.devices()]
    port = floor.tester.port
    await floor.tester.stop()
    with pytest.raises(StationUnreachableError):
        await client.status(channels)
    assert not client.connected
    floor.tester = BtsServer(floor.bench, port=port)
    await floor.tester.start()
    assert (await client.status(channels)).count("finish") == 160


# The program


@pytest.fixture
def plant_file(tmp_path: Path) -> Path:
    source = Path("deploy/plant.toml").read_text()
    port = free_port()
    path = tmp_path / "plant.toml"
    path.write_text(re.sub(r'"tcp://127\.0\.0\.1:\d+"', f'"tcp://127.0.0.1:{port}"', source))
    return path


@pytest.fixture
def program(plant_file: Path, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        words = ["--plant", plant_file, "--data-dir", tmp_path, "--control-port", free_port()]
        command = [sys.executable, "-m", "simulators.tester", *map(str, words), "--seed", "7"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready tester-1\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def staircase(tmp_path: Path) -> Path:
    order = CellOrder(lot_id="WIT-1", area_cm2=2.0)
    made = step_file(ccd_protocol(), order, range_ma=200.0, range_v=5.0, written_at=MONDAY)
    path = tmp_path / "staircase.xml"
    path.write_bytes(made.content)
    return path


async def test_program_stops_on_a_signal_and_resumes_its_tests(
    program: Callable[[], subprocess.Popen[str]], plant_file: Path, tmp_path: Path, staircase: Path
) -> None:
    _, host, port = read_tester(plant_file)
    world = World(tmp_path / "simulators" / "world.sqlite")
    world.update("WIT-1", **WITNESS)
    world.close()
    first = await asyncio.to_thread(program)
    async with NewareClient(f"tcp://{host}:{port}") as client:
        channel = (await channels_of(client))["1-20-8"]
        await client.start(channel, staircase, "WIT-1", tmp_path / "backup")
        assert await client.status([channel]) == ("working",)
        first.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(first.wait, 60.0) == 0
        await asyncio.to_thread(program)
        point = (await client.inquire([channel]))[0]
        assert (point.state, point.barcode) == ("working", "WIT-1")
        assert await client.stop(channel) is True
