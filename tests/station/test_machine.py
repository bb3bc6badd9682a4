"""Simulated stations on real ports over SignAndEncrypt, met by a client that knows the contract."""

import asyncio
import dataclasses
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from asyncua import Client, Node, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from shared.clock import Clock, MachineClocks
from shared.settings import read_plant
from simulators.faults import create_control_app
from simulators.machine import StationConfig
from simulators.opcua_server import TypeNodes
from simulators.physics.exposure import Room
from simulators.run import build_station, read_stations
from simulators.station import Station
from simulators.world import World
from tests.conftest import free_port
from tests.station.bench import BenchTime, Ground
from tests.station.speaker import until

PLANT = Path(__file__).resolve().parents[2] / "deploy" / "plant.toml"
PRESS = {"pressure_mpa": 200.0, "dwell_s": 60.0, "green_thickness_um": 147.0, "area_cm2": 2.77}
DONE, UNKNOWN, INVALID_STATE, UNABLE, INVALID_REQUEST = 1, 2, 8, 16, 1 << 32
RUNNING, INTERRUPTED, ENDED, ABORTED = 3, 4, 5, 6
BASE = "http://opcfoundation.org/UA/"


@dataclasses.dataclass
class Floor:
    """A data directory with keys, shared type nodes, the plant file's stations on free ports."""

    data_dir: Path
    types: TypeNodes
    world: World
    time: BenchTime
    clock: Clock
    configs: dict[str, StationConfig]

    def build(self, name: str) -> Station:
        room = Room(self.world.seed)
        return build_station(
            self.configs[name], self.types, self.world, room, self.clock, self.data_dir
        )


@pytest.fixture(scope="session")
async def floor(
    bench_ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Floor]:
    data_dir = tmp_path_factory.mktemp("stations")
    shutil.copytree(bench_ground.keys_dir, data_dir, dirs_exist_ok=True)
    configs = {
        name: dataclasses.replace(config, endpoint=f"opc.tcp://127.0.0.1:{free_port()}")
        for name, config in read_stations(PLANT).items()
    }
    start = datetime(2026, 3, 1, 6, tzinfo=UTC)
    own_time = BenchTime()
    clock = Clock(
        plant_start=start,
        wall_start_s=own_time.wall_s(),
        speed=1800.0,
        machine=MachineClocks(wall_s=own_time.wall_s),
    )
    world = World(data_dir / "simulators" / "world.sqlite")
    yield Floor(data_dir, bench_ground.types, world, own_time, clock, configs)
    world.close()


class Peer:
    """A client of one station that calls job control by its names."""

    def __init__(self, client: Client, control: Node, results: Node, values: Node, index: int):
        self.client, self.control, self.results, self.values = client, control, results, values
        self._index = index
        self._news = asyncio.Event()

    async def watch(self) -> None:
        """Be told of changes of the job list."""
        subscription = await self.client.create_subscription(50, self)
        node = await self.control.get_child(f"{self._index}:JobOrderList")
        await subscription.subscribe_data_change(node)

    def datachange_notification(self, node: Node, value: Any, data: Any) -> None:
        self._news.set()

    async def call(self, method: str, *arguments: Any) -> int:
        return int(await self.control.call_method(f"{self._index}:{method}", *arguments))

    async def by_id(self, method: str, job_order_id: str) -> int:
        return await self.call(method, job_order_id, no_comment())

    async def store(self, order: Any) -> int:
        return await self.call("Store", order, no_comment())

    async def jobs(self) -> dict[str, Any]:
        node = await self.control.get_child(f"{self._index}:JobOrderList")
        return {entry.JobOrder.JobOrderID: entry for entry in await node.read_value()}

    async def state(self, job_order_id: str) -> int:
        return int((await self.jobs())[job_order_id].State[0].StateNumber)

    async def response(self, job_order_id: str) -> tuple[Any, int]:
        method = f"{self._index}:RequestJobResponseByJobOrderID"
        response, status = await self.results.call_method(method, job_order_id)
        return response, int(status)

    async def finished(self, job_order_id: str) -> int:
        return await self._until(job_order_id, ENDED, ABORTED)

    async def started(self, job_order_id: str) -> int:
        return await self._until(job_order_id, RUNNING)

    async def _until(self, job_order_id: str, *states: int) -> int:
        async with asyncio.timeout(60.0):
            while (state := await self.state(job_order_id)) not in states:
                self._news.clear()
                await self._news.wait()
        return state

    async def signal(self, name: str) -> ua.DataValue:
        node = await self.values.get_child(f"1:{name}")
        return await node.read_data_value(raise_on_bad_status=False)


def no_comment() -> ua.Variant:
    return ua.Variant([], ua.VariantType.LocalizedText, is_array=True)


def order(job_order_id: str, parameters: dict[str, Any], lots: list[tuple[str, str, str]]) -> Any:
    entries = [
        ua.ISA95ParameterDataType(
            ID=name, Value=value if isinstance(value, ua.Variant) else ua.Variant(value)
        )
        for name, value in parameters.items()
    ]
    materials = [
        ua.ISA95MaterialDataType(MaterialLotID=lot, MaterialDefinitionID=kind, MaterialUse=use)
        for lot, kind, use in lots
    ]
    return ua.ISA95JobOrderDataType(
        JobOrderID=job_order_id, JobOrderParameters=entries, MaterialRequirements=materials
    )


def press_order(job_order_id: str, count: int = 3, **changes: Any) -> Any:
    lots = [(f"{job_order_id}-powder", "nzzspo_powder", "Consumed")]
    lots += [(f"{job_order_id}-{index}", "ose_pellet", "Produced") for index in range(count)]
    return order(job_order_id, PRESS | changes, lots)


async def open_client(floor: Floor, name: str, **changes: Any) -> Client:
    config = read_plant(PLANT)
    service = changes.get("service") or next(
        station.service for station in config.station if station.name == name
    )
    pki = floor.data_dir / "pki"
    client = Client(floor.configs[name].endpoint, timeout=60, watchdog_intervall=60.0)
    client.application_uri = f"urn:halite:service:{service}"
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        certificate=pki / service / "cert.der",
        private_key=pki / service / "key.pem",
        server_certificate=pki / name / "cert.der",
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    client.set_user("halite")
    secret = (floor.data_dir / "secrets" / "opcua" / name).read_text().strip()
    client.set_password(changes.get("password", secret))
    return client


@asynccontextmanager
async def connected(floor: Floor, name: str) -> AsyncIterator[Peer]:
    async with await open_client(floor, name) as client:
        await client.load_data_type_definitions()
        index = {uri: place for place, uri in enumerate(await client.get_namespace_array())}
        assert index[f"urn:halite:station:{name}"] == 1
        machinery, jobs = index[f"{BASE}Machinery/"], index[f"{BASE}Machinery/Jobs/"]
        root = await client.nodes.objects.get_child([f"{machinery}:Machines", f"1:{name}"])
        management = await root.get_child(f"{jobs}:JobManagement")
        peer = Peer(
            client,
            await management.get_child(f"{jobs}:JobOrderControl"),
            await management.get_child(f"{jobs}:JobOrderResults"),
            await root.get_child("1:ProcessValues"),
            index[f"{BASE}ISA95-JOBCONTROL_V2/"],
        )
        await peer.watch()
        yield peer


@pytest.fixture(scope="session")
async def press(floor: Floor) -> AsyncIterator[Station]:
    station = floor.build("press-1")
    await station.start()
    yield station
    await station.stop()


@pytest.fixture(scope="session")
async def peer(floor: Floor, press: Station) -> AsyncIterator[Peer]:
    async with connected(floor, "press-1") as peer:
        yield peer


@pytest.fixture
async def control(press: Station) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_control_app({"press-1": press}))
    async with httpx.AsyncClient(transport=transport, base_url="http://simulators") as client:
        yield client
        for name in (await client.get("/press-1")).json()["faults"]:
            await client.delete(f"/press-1/faults/{name}")


async def test_job_is_stored_read_back_started_ended_answered_and_cleared(peer: Peer) -> None:
    sent = press_order("whole", 40)
    assert await peer.store(sent) == DONE
    held = (await peer.jobs())["whole"]
    assert held.JobOrder == sent
    assert held.State[0].StateText.Text == "NotAllowedToStart"
    assert (await peer.response("whole"))[1] == INVALID_STATE
    assert await peer.by_id("Start", "whole") == DONE
    assert await peer.finished("whole") == ENDED
    response, status = await peer.response("whole")
    assert status == DONE
    data = {entry.ID: entry.Value.Value for entry in response.JobResponseData}
    assert set(data) == {"pressure_mpa", "mass_g", "tray_count"}
    assert len(data["mass_g"]) == 40
    assert data["tray_count"] == 2.0
    assert (response.EndTime - response.StartTime).total_seconds() == pytest.approx(230.0, abs=0.01)
    assert await peer.by_id("Clear", "whole") == DONE
    assert "whole" not in await peer.jobs()
    assert (await peer.response("whole"))[1] == UNKNOWN


async def test_station_says_who_it_is_and_what_it_does(peer: Peer, floor: Floor) -> None:
    uris = await peer.client.get_namespace_array()
    di, machinery = uris.index(f"{BASE}DI/"), uris.index(f"{BASE}Machinery/")
    root = await peer.client.nodes.objects.get_child([f"{machinery}:Machines", "1:press-1"])
    serial = await root.get_child([f"{di}:Identification", f"{di}:SerialNumber"])
    assert await serial.read_value() == "SIM-press-1"
    blocks = ["1:MachineryBuildingBlocks", "1:MachineryItemState", "1:CurrentState"]
    state = await root.get_child(blocks)
    assert await state.read_value() == "NotExecuting"
    with floor.time.held():
        assert await peer.store(press_order("busy")) == DONE
        assert await peer.by_id("Start", "busy") == DONE
        assert await peer.started("busy")
        assert await state.read_value() == "Executing"
        assert await peer.by_id("Abort", "busy") == DONE
    assert await peer.by_id("Clear", "busy") == DONE


async def test_every_command_may_be_sent_twice(peer: Peer) -> None:
    for _twice in range(2):
        assert await peer.store(press_order("twice")) == DONE
    for _twice in range(2):
        assert await peer.by_id("Start", "twice") == DONE
    await peer.finished("twice")
    assert await peer.by_id("Start", "twice") == DONE
    assert await peer.store(press_order("twice")) == DONE
    assert await peer.by_id("Clear", "twice") == DONE
    assert await peer.by_id("Clear", "twice") == UNKNOWN


async def test_other_content_under_the_same_id_is_refused(peer: Peer) -> None:
    assert await peer.store(press_order("same")) == DONE
    assert await peer.store(press_order("same", pressure_mpa=201.0)) == UNABLE
    assert await peer.store(press_order("same", count=2)) == UNABLE
    assert await peer.by_id("Cancel", "same") == DONE


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"pressure_mpa": 4000.0}, UNABLE),
        ({"count": 501}, UNABLE),
        ({"pressure_mpa": float("nan")}, INVALID_REQUEST),
        ({"pressure_mpa": "high"}, INVALID_REQUEST),
        ({"pressure_mpa": [200.0]}, INVALID_REQUEST),
        ({"pressure_mpa": ua.Variant(200, ua.VariantType.Int32)}, INVALID_REQUEST),
        ({"colour": 1.0}, INVALID_REQUEST),
    ],
)
async def test_order_beyond_the_machine_is_refused(
    peer: Peer, changes: dict[str, Any], status: int
) -> None:
    assert await peer.store(press_order("wrong", **changes)) == status
    assert "wrong" not in await peer.jobs()


async def test_order_without_parameters_or_lots_is_refused(peer: Peer) -> None:
    lots = [("powder", "nzzspo_powder", "Consumed"), ("", "ose_pellet", "Produced")]
    assert await peer.store(order("bare", {}, lots)) == INVALID_REQUEST
    assert await peer.store(order("bare", PRESS, [])) == UNABLE
    assert await peer.store(order("bare", PRESS, lots)) == INVALID_REQUEST
    assert await peer.store(order("bare", PRESS, [("a", "b", "Eaten")])) == INVALID_REQUEST
    assert await peer.store(order("", PRESS, lots)) == INVALID_REQUEST


async def test_arguments_of_the_wrong_type_are_refused_with_a_good_status(peer: Peer) -> None:
    assert await peer.call("Store", "an order", no_comment()) == INVALID_REQUEST
    assert await peer.call("Store", press_order("short")) == INVALID_REQUEST
    assert await peer.call("Start", 7, no_comment()) == INVALID_REQUEST
    assert await peer.call("Start", "nobody", 7) == INVALID_REQUEST
    assert await peer.call("Update", "an order", no_comment()) == INVALID_REQUEST


async def test_moves_that_the_state_forbids_are_refused(peer: Peer, floor: Floor) -> None:
    by_id = {"Start", "Stop", "Abort", "Cancel", "Clear", "Pause", "Resume", "RevokeStart"}
    for method in by_id:
        assert await peer.by_id(method, "nobody") == UNKNOWN
    assert await peer.call("Update", press_order("nobody"), no_comment()) == UNKNOWN
    assert await peer.store(press_order("moves")) == DONE
    for method in ("Stop", "Pause", "Resume"):
        assert await peer.by_id(method, "moves") == INVALID_STATE
    assert await peer.by_id("Clear", "moves") == INVALID_STATE
    with floor.time.held():
        assert await peer.by_id("Start", "moves") == DONE
        assert await peer.by_id("Abort", "moves") == DONE
    assert await peer.by_id("Start", "moves") == INVALID_STATE
    response, status = await peer.response("moves")
    assert (status, response.JobState[0].StateNumber) == (DONE, ABORTED)
    assert await peer.by_id("Clear", "moves") == DONE


async def test_paused_job_stands_and_goes_on_where_it_was(peer: Peer, floor: Floor) -> None:
    with floor.time.held():
        assert await peer.call("StoreAndStart", press_order("paused", 5), no_comment()) == DONE
        assert await peer.started("paused")
        for _ in range(2):
            assert await peer.by_id("Pause", "paused") == DONE
        floor.time.tick(floor.clock.wall_delay_s(86_400.0))
        assert await peer.state("paused") == INTERRUPTED
        assert await peer.by_id("RevokeStart", "paused") == INVALID_STATE
        assert await peer.call("Update", press_order("paused"), no_comment()) == INVALID_STATE
        for _ in range(2):
            assert await peer.by_id("Resume", "paused") == DONE
        assert await peer.state("paused") == RUNNING
    assert await peer.finished("paused") == ENDED
    response, _ = await peer.response("paused")
    data = {entry.ID: entry.Value.Value for entry in response.JobResponseData}
    assert len(data["mass_g"]) == 5
    assert (response.EndTime - response.StartTime).total_seconds() > 86_400.0
    assert await peer.by_id("Clear", "paused") == DONE


async def test_stored_job_is_updated_and_its_start_taken_back(peer: Peer, press: Station) -> None:
    await press.switch_fault("out_of_service", 1.0)
    assert await peer.store(press_order("changed")) == DONE
    new = press_order("changed", pressure_mpa=150.0)
    assert await peer.call("Update", new, no_comment()) == DONE
    held = (await peer.jobs())["changed"].JobOrder
    assert {one.ID: one.Value.Value for one in held.JobOrderParameters}["pressure_mpa"] == 150.0
    assert await peer.by_id("Start", "changed") == DONE
    for _ in range(2):
        assert await peer.by_id("RevokeStart", "changed") == DONE
    await press.end_fault("out_of_service")
    assert await peer.state("changed") == 1
    assert await peer.by_id("Cancel", "changed") == DONE


async def test_stopped_job_ends_with_what_was_done(peer: Peer, floor: Floor) -> None:
    with floor.time.held():
        assert await peer.call("StoreAndStart", press_order("stopped", 500), no_comment()) == DONE
        assert await peer.started("stopped")
        floor.time.tick(floor.clock.wall_delay_s(600.0))
        assert await peer.by_id("Stop", "stopped") == DONE
    response, _ = await peer.response("stopped")
    data = {entry.ID: entry.Value.Value for entry in response.JobResponseData}
    assert 0 < len(data["mass_g"]) < 500
    assert await peer.by_id("Clear", "stopped") == DONE


async def test_jobs_run_one_after_the_other_in_the_order_of_their_start(peer: Peer) -> None:
    for name in ("first", "second"):
        assert await peer.store(press_order(name, dwell_s=600.0)) == DONE
    for name in ("second", "first"):
        assert await peer.by_id("Start", name) == DONE
    await peer.finished("first")
    second, first = [(await peer.response(name))[0] for name in ("second", "first")]
    assert second.EndTime <= first.StartTime
    for name in ("first", "second"):
        assert await peer.by_id("Clear", name) == DONE


async def test_end_of_a_job_is_told_without_asking(peer: Peer, floor: Floor) -> None:
    assert await peer.store(press_order("prompt", dwell_s=900.0)) == DONE
    assert await peer.by_id("Start", "prompt") == DONE
    await peer.finished("prompt")
    seen = floor.clock.now()
    end = (await peer.response("prompt"))[0].EndTime.replace(tzinfo=UTC)
    assert 0 <= floor.clock.wall_delay_s((seen - end).total_seconds()) < 10  # however busy
    assert await peer.by_id("Clear", "prompt") == DONE


async def test_job_goes_on_after_a_stop_of_the_station(floor: Floor) -> None:
    station = floor.build("gauge-1")
    await station.start()
    lots = [(f"G-{index}", "ose_pellet", "Processed") for index in range(100)]
    content = order("long", {"part_duration_s": 36.0}, lots)
    with floor.time.held():
        async with connected(floor, "gauge-1") as peer:
            assert await peer.store(content) == DONE
            assert await peer.by_id("Start", "long") == DONE
            assert await peer.started("long")
        await station.stop()
        again = floor.build("gauge-1")
        await again.start()
    async with connected(floor, "gauge-1") as peer:
        assert (await peer.jobs())["long"].JobOrder == content
        assert await peer.finished("long") == ENDED
        response, _ = await peer.response("long")
        assert (response.EndTime - response.StartTime).total_seconds() == pytest.approx(3600.0)
        assert len(response.JobResponseData[0].Value.Value) == 100
        assert await peer.store(content) == DONE
        assert await peer.by_id("Clear", "long") == DONE
    await again.stop()
    assert floor.world.jobs("gauge-1") == []


async def test_process_values_carry_plant_time_and_the_sensor_status(
    peer: Peer, floor: Floor, control: httpx.AsyncClient
) -> None:
    async def shows(status: str) -> bool:
        value = await peer.signal("pressure_mpa")
        assert value.SourceTimestamp is not None
        age_s = (floor.clock.now() - value.SourceTimestamp.replace(tzinfo=UTC)).total_seconds()
        return abs(age_s) < 0.01 and value.StatusCode.name == status

    with floor.time.held():
        await until(lambda: shows("Good"))
        await control.post("/press-1/faults/sensors_bad")
        await until(lambda: shows("BadSensorFailure"))


async def test_fault_makes_a_job_abort(
    peer: Peer, control: httpx.AsyncClient, floor: Floor
) -> None:
    with floor.time.held():
        assert await peer.store(press_order("fails")) == DONE
        assert await peer.by_id("Start", "fails") == DONE
        assert await peer.started("fails")
        picture = (await control.post("/press-1/faults/abort")).json()
        assert picture["faults"] == {"abort": 1.0}
        assert await peer.finished("fails") == ABORTED
    assert await peer.by_id("Clear", "fails") == DONE


async def test_garbled_order_differs_when_read_back(peer: Peer, control: httpx.AsyncClient) -> None:
    await control.post("/press-1/faults/garble", json={"magnitude": 1.5})
    assert await peer.store(press_order("garbled")) == DONE
    held = (await peer.jobs())["garbled"].JobOrder
    assert held.JobOrderParameters[0].Value.Value == pytest.approx(300.0)
    assert await peer.by_id("Cancel", "garbled") == DONE


async def test_station_out_of_service_starts_nothing_until_it_is_back(
    peer: Peer, control: httpx.AsyncClient, floor: Floor
) -> None:
    await control.post("/press-1/faults/out_of_service")
    assert await peer.store(press_order("waits")) == DONE
    assert await peer.by_id("Start", "waits") == DONE
    await floor.clock.sleep(360.0)
    assert await peer.state("waits") == 2
    assert (await control.get("/")).json()[0]["state"] == "OutOfService"
    await control.delete("/press-1/faults/out_of_service")
    assert await peer.finished("waits") == ENDED
    assert await peer.by_id("Clear", "waits") == DONE


async def test_fault_changes_what_the_machine_does(
    peer: Peer, control: httpx.AsyncClient, floor: Floor
) -> None:
    await control.post("/press-1/faults/pressure_low", json={"magnitude": 0.5})
    await peer.call("StoreAndStart", press_order("soft"), no_comment())
    await peer.finished("soft")
    response, _ = await peer.response("soft")
    assert response.JobResponseData[0].Value.Value == pytest.approx([100.0] * 3, abs=1.5)
    assert floor.world.get("soft-0")["green_density_ratio"] < 0.58
    assert await peer.by_id("Clear", "soft") == DONE


async def test_unknown_fault_is_not_found_and_the_known_ones_are_named(
    control: httpx.AsyncClient,
) -> None:
    reply = await control.post("/press-1/faults/earthquake")
    assert reply.status_code == 404
    assert "die_worn" in reply.json()["detail"]
    assert (await control.delete("/press-1/faults/earthquake")).status_code == 404
    assert (await control.get("/press-9")).status_code == 404
    assert (await control.post("/press-1/faults/die_worn", json={"size": 1})).status_code == 422


async def test_wrong_password_and_strange_certificates_are_kept_out(
    floor: Floor, press: Station
) -> None:
    client = await open_client(floor, "press-1", password="guess")
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        await client.connect()
    client = await open_client(floor, "press-1", service="formation")
    with pytest.raises(ua.uaerrors.BadCertificateUntrusted):
        await client.connect()


async def test_no_endpoint_without_encryption(floor: Floor, press: Station) -> None:
    client = Client(floor.configs["press-1"].endpoint, timeout=2)
    with pytest.raises((ua.UaError, OSError, TimeoutError)):
        await client.connect()


async def test_republish_says_when_there_is_nothing_more(peer: Peer) -> None:
    class Silent:
        def datachange_notification(self, node: Node, value: Any, data: Any) -> None:
            """Take and forget."""

    subscription = await peer.client.create_subscription(200, Silent())
    ask = peer.client.uaclient.session.republish
    with pytest.raises(ua.uaerrors.BadMessageNotAvailable):
        await ask(subscription.subscription_id, 4711)
    with pytest.raises(ua.uaerrors.BadSubscriptionIdInvalid):
        await ask(99_999, 1)
    await subscription.delete()


def test_process_with_two_stations_says_ready_and_stops_on_request(
    floor: Floor, tmp_path: Path
) -> None:
    plant = tmp_path / "plant.toml"
    ports = [free_port() for _port in range(3)]
    text = PLANT.read_text().replace(":8115", f":{ports[0]}").replace(":8103", f":{ports[1]}")
    plant.write_text(text)
    command = [sys.executable, "-m", "simulators.run", "--plant", str(plant)]
    command += ["--stations", "dryer-1,dryroom-1", "--data-dir", str(floor.data_dir)]
    command += ["--control-port", str(ports[2])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _line in range(2)]
        assert lines == ["ready dryer-1", "ready dryroom-1"]
        answer = httpx.get(f"http://127.0.0.1:{ports[2]}/dryroom-1", timeout=30).json()
        assert "dew_point_high" in answer["known_faults"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
