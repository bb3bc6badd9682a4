"""The client of stations against servers of other makers, with few methods or many values."""

import asyncio
import contextlib
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from asyncua import Client, Node, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from pydantic import ValidationError

from deploy.stationcheck import check
from services.sintering.main import build
from services.sintering.settings import SinteringSettings
from shared.errors import (
    InvalidInputError,
    NotFoundError,
    StationFaultError,
    StationUnreachableError,
)
from shared.events import EquipmentStateChanged, JobOrderHeld
from shared.opcua import Access, StationClient
from shared.opcua_link import connection
from shared.opcua_look import look
from shared.settings import SecurityPolicy, StationSettings
from shared.stationoffer import METHODS
from shared.stations import Sample
from shared.tasks import end_all
from shared.trust import Trust, fingerprint_of
from simulators.opcua_server import Identity, node_sets_dir
from tests.conftest import free_port
from tests.fault.mismatches import Forgetful, changes, says_what
from tests.fault.proxy import Proxy, proxy_to, to_port
from tests.fault.reconnects import KINDS, Limits, campaign
from tests.fault.station_process import BEAT, work
from tests.station.bench import WITHIN_S, Bench, Ground, bench, job_order, lot, recipe
from tests.station.makers_plc import Makers, MakersPlc, changed_first

NAME = "gauge-1"
ALL = frozenset(METHODS)
RECIPES = [
    recipe("gauge", "gauge", part_duration_s=4),
    recipe("dry", "dryer", temperature_degc=50, duration_s=7200),
]
NOT_STARTED = ("mill-1", "mill-2", "press-1", "furnace-1", "furnace-2", "furnace-3", NAME)


def access(ground: Ground, name: str = NAME) -> Access:
    pki = ground.keys_dir / "pki"
    return Access(
        application_uri="urn:halite:service:sintering",
        certificate=pki / "sintering" / "cert.der",
        private_key=pki / "sintering" / "key.pem",
        server_certificate=pki / name / "cert.der",
        user="halite",
        password_file=ground.keys_dir / "secrets" / "opcua" / name,
        nodesets=node_sets_dir(),
    )


def settings(endpoint: str, machine: str, **more: Any) -> StationSettings:
    values = {
        "equipment_id": f"pilot/furnaces/inspection/{NAME}",
        "kind": "gauge",
        "service": "sintering",
        "endpoint": endpoint,
        "node": f"nsu=urn:halite:station:{NAME};s={machine}",
    }
    return StationSettings.model_validate(values | more)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def connected(ground: Ground, station: StationSettings) -> AsyncIterator[StationClient]:
    """A client of a station that has connected."""
    client = StationClient(station, access(ground))
    task = asyncio.create_task(client.run())
    try:
        await until(lambda: client.connected)
        yield client
    finally:
        await end_all([task])


@contextlib.asynccontextmanager
async def served(
    ground: Ground, endpoint: str, *machines: Makers, own_order: bool = False
) -> AsyncIterator[MakersPlc]:
    """A running server of the maker; with namespaces in an order of its own it starts slowly."""
    identity = Identity(name=NAME, data_dir=ground.keys_dir)
    shared = None if own_order else ground.types
    plc = MakersPlc(identity, endpoint, machines, shared=shared)
    await plc.start()
    try:
        yield plc
    finally:
        await plc.stop()


@pytest.fixture(scope="module")
async def plc(bench_ground: Ground) -> AsyncIterator[MakersPlc]:
    endpoint = f"opc.tcp://127.0.0.1:{free_port()}"
    async with served(bench_ground, endpoint, Makers("meter", ALL)) as plc:
        yield plc


@pytest.fixture(scope="module")
async def plant(
    bench_ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    """The sintering service with a simulated dryer; its gauge is not started, and may be one
    that begins before the read-back.
    """

    def lenient(station: StationSettings, entry: Access) -> StationClient:
        allowed = station.name == NAME
        changed = station.model_copy(update={"start_before_read_back": allowed})
        return StationClient(changed, entry)

    async with bench(
        "sintering",
        lambda values, parts: build(SinteringSettings(**values), replace(parts, station=lenient)),
        bench_ground,
        tmp_path_factory.mktemp("makers"),
        idle=NOT_STARTED,
    ) as running:
        reply = await running.post("/master-data", {"master_recipes": RECIPES})
        assert reply.status_code == 201, reply.text
        yield running


def gauge_endpoint(plant: Bench) -> str:
    [station] = [item for item in plant.service.plant.station if item.name == NAME]
    return station.endpoint


def gauged(name: str) -> Any:
    return job_order(f"{name}-gauge", "gauge", "gauge", [lot(name, "ose_pellet", "processed")])


def dried(name: str) -> Any:
    powder = lot(name, "nzzspo_powder", "processed", 500, "g")
    return job_order(f"{name}-dry", "dryer", "dry", [powder])


async def shown(plant: Bench) -> dict[str, Any]:
    items = (await plant.get("/stations"))["items"]
    return {item["equipment_id"].rpartition("/")[2]: item for item in items}


async def test_stations_of_two_makers_work_in_one_process_each_in_its_own_namespaces(
    plant: Bench, bench_ground: Ground
) -> None:
    async with served(
        bench_ground, gauge_endpoint(plant), Makers(NAME, ALL), own_order=True
    ) as theirs:
        for name in ("A", "B"):
            assert (await plant.ended_after(gauged(name))).state == "ended"
            assert (await plant.ended_after(dried(name))).state == "ended"
        assert theirs.machines[NAME].starts == ["A-gauge", "B-gauge"]
        gauge = (await shown(plant))[NAME]
    assert gauge["connected"] and gauge["unusable"] is None
    assert [text.split(":")[0] for text in gauge["missing"]] == [
        "Identification",
        "MachineryItemState",
        "RequestJobResponseByJobOrderID",
    ]


async def test_a_station_that_stores_and_starts_in_one_is_given_jobs_and_aborted_on_a_mismatch(
    plant: Bench, bench_ground: Ground
) -> None:
    few = Makers(NAME, frozenset({"StoreAndStart", "Abort"}), ends_at_once=False)
    async with served(bench_ground, gauge_endpoint(plant), few):
        few.garble = changed_first(lambda value: value * 2)
        await plant.release(gauged("TWICE"))
        held: JobOrderHeld = await plant.held("TWICE-gauge")
        few.garble, few.ends_at_once = lambda order: order, True
        assert (await plant.ended_after(gauged("RIGHT"))).state == "ended"
        gauge = (await shown(plant))[NAME]
    assert "part_duration_s: sent 4.0 s, station holds 8.0 s" in held.reason
    assert few.aborted == ["TWICE-gauge"]
    assert {"Clear", "Cancel", "Store or Start"} <= {
        text.split(":")[0] for text in gauge["missing"]
    }


async def test_no_order_that_a_station_holds_otherwise_is_ever_started(
    plant: Bench, bench_ground: Ground
) -> None:
    wrong = Forgetful(seed=4)
    count = len(changes())
    async with served(bench_ground, gauge_endpoint(plant), wrong.machine):
        await plant.release(*(gauged(f"W{number}") for number in range(count)))
        held = await plant.until(JobOrderHeld, lambda event: event.lot_id[0] == "W", count)
    assert [event.reason for event in held if not says_what(event.reason)] == []
    assert set(wrong.way.values()) == set(changes())
    assert (wrong.machine.starts, wrong.machine.orders) == ([], {})


async def test_a_station_that_cannot_be_given_jobs_says_why_and_gets_none(
    plant: Bench, bench_ground: Ground
) -> None:
    async with served(bench_ground, gauge_endpoint(plant), Makers(NAME, frozenset({"Store"}))):
        down: EquipmentStateChanged = await plant.until(
            EquipmentStateChanged, lambda event: event.state == "unscheduled_down"
        )
        gauge = (await shown(plant))[NAME]
    assert down.reason == gauge["unusable"]
    assert "neither StoreAndStart nor Store with Start" in gauge["unusable"]


async def test_ramps_and_changes_of_status_alone_all_arrive_in_order_without_a_task_each(
    plc: MakersPlc, bench_ground: Ground
) -> None:
    [node] = await plc.add_values("ramp", 1)
    taken: list[Sample] = []
    items = {"temperature_degc": plc.node_text(node)}
    async with connected(bench_ground, settings(plc.endpoint, "meter", items=items)) as client:
        await until(lambda: bool(client.samples))
        client.on_samples.append(taken.extend)
        tasks_before = len(asyncio.all_tasks())
        for step in range(1, 81):
            await node.write_value(step * 0.01)
        uncertain = ua.StatusCode(ua.StatusCodes.UncertainLastUsableValue)
        await node.write_value(ua.DataValue(ua.Variant(0.8), uncertain))
        await until(lambda: len(taken) >= 81)
        assert len(asyncio.all_tasks()) <= tasks_before + 5
    assert [sample.value for sample in taken[:80]] == [step * 0.01 for step in range(1, 81)]
    assert (taken[80].value, taken[80].status) == (None, "UncertainLastUsableValue")


async def test_many_values_are_split_over_few_subscriptions_up_to_what_a_station_allows(
    plc: MakersPlc, bench_ground: Ground
) -> None:
    nodes = await plc.add_values("many", 620)
    items = {f"v{place}_v": plc.node_text(node) for place, node in enumerate(nodes)}
    station = settings(plc.endpoint, "meter", items=items, most_items=600, most_queued=7)
    before = len(plc.subscriptions())
    async with connected(bench_ground, station) as client:
        await until(lambda: len(client.samples) == 600)
        assert len(plc.subscriptions()) == before + 2
        assert Counter(plc.queue_sizes())[7] == 600
        assert client.offer is not None
        assert client.offer.missing[-1] == "20 values: more than the 600 it allows"


async def test_a_loss_is_a_gap_with_its_reason_and_the_value_is_known_again_after_it(
    plc: MakersPlc, bench_ground: Ground
) -> None:
    [node] = await plc.add_values("gap", 1, 7.0)
    gaps: list[tuple[list[str], str]] = []
    async with proxy_to(to_port(port_of(plc.endpoint))) as proxy:
        items = {"temperature_degc": plc.node_text(node)}
        station = settings(f"opc.tcp://127.0.0.1:{proxy.port}", "meter", items=items)
        async with connected(bench_ground, station) as client:
            client.on_lost.append(lambda signals, status: gaps.append((list(signals), status)))
            await until(lambda: bool(client.samples))
            proxy.reset()
            await until(lambda: client.trouble is not None)
            assert "connection lost: ConnectionError" in str(client.trouble)
            await until(lambda: client.connected and bool(client.samples))
            assert client.samples["temperature_degc"].value == 7.0
    assert gaps == [(["temperature_degc"], "BadNoCommunication")]


def port_of(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


class StationHere:
    """The campaign's station in this process: quick to start again."""

    def __init__(self, ground: Ground, data_dir: Path, port: int, name: str) -> None:
        self._ground, self.port = ground, port
        self._identity = Identity(name=name, data_dir=data_dir)
        self.saved = data_dir / f"{name}.json"
        self.libraries, self.more = 0, 0
        self._running = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Open the port with what was saved."""
        signals = (BEAT, *(f"extra_{place}_v" for place in range(self.more)))
        machine = Makers(NAME, ALL, ends_at_once=False, signals=signals)
        endpoint = f"opc.tcp://127.0.0.1:{self.port}"
        types = self._ground.types
        plc = MakersPlc(self._identity, endpoint, [machine], shared=types, saved=self.saved)
        await plc.start()
        self._running.push_async_callback(plc.stop)
        task = asyncio.create_task(work(plc, machine))
        self._running.push_async_callback(end_all, [task])

    async def kill(self) -> None:
        """Close everything; what is saved stays."""
        await self._running.aclose()


async def test_a_station_cut_off_in_each_way_comes_back_by_itself_and_starts_nothing_twice(
    bench_ground: Ground, tmp_path: Path
) -> None:
    patient = Limits(stale_s=WITHIN_S, flow_s=WITHIN_S, fault_s=(0.5, 1.0))
    make = partial(StationHere, bench_ground)
    async with campaign(bench_ground, tmp_path, seed=1, make=make) as running:
        books = await running.run(KINDS, patient)
    assert [text for text in books.violations if "grew" not in text] == []
    assert books.job_count == len(KINDS)


async def test_plant_check_finds_how_stations_differ_and_nothing_where_they_do_not(
    plant: Bench, bench_ground: Ground
) -> None:
    written, folder = plant.service.plant, plant.service.settings.data_dir
    few = Makers(NAME, ALL - {"Clear", "Store"})
    async with served(bench_ground, gauge_endpoint(plant), few):
        names = ("dryer-1", NAME, "mill-1")
        dryer, gauge, mill = await check(written, folder, node_sets_dir(), names)
    assert dryer.policies == ("Basic256Sha256",)
    assert "a job would begin before its recipe is read back" in gauge.differences[0]
    assert dryer.differences == ()
    assert "SIM-dryer-1" in dryer.identification
    assert "Clear: finished job orders stay at the station until it removes them itself" in (
        gauge.differences
    )
    assert "value air_temperature_degc: not there" in gauge.differences
    [away] = mill.differences
    assert "cannot be entered" in away and "does it run?" in away
    with pytest.raises(InvalidInputError, match="station mill-9: not in the plant file"):
        await check(written, folder, node_sets_dir(), ["mill-9"])


@pytest.mark.parametrize("policy", get_args(SecurityPolicy))
async def test_a_station_is_entered_with_the_security_policy_of_the_plant_file(
    plc: MakersPlc, bench_ground: Ground, policy: str
) -> None:
    chosen = settings(plc.endpoint, "meter", security_policy=policy)
    async with connection(chosen, access(bench_ground)) as client:
        assert client.security_policy.URI.endswith(f"#{policy}")
        assert await client.nodes.server_state.read_value() == 0


async def test_a_station_that_shows_another_certificate_is_entered_when_a_person_accepted_it(
    plc: MakersPlc, bench_ground: Ground, tmp_path: Path
) -> None:
    pki = tmp_path / "pki"
    shutil.copytree(bench_ground.keys_dir / "pki", pki)
    shutil.copyfile(pki / "mill-1" / "cert.der", pki / NAME / "cert.der")
    theirs = fingerprint_of((bench_ground.keys_dir / "pki" / NAME / "cert.der").read_bytes())
    entry = replace(access(bench_ground), server_certificate=pki / NAME / "cert.der")
    client = StationClient(settings(plc.endpoint, "meter"), entry)
    task = asyncio.create_task(client.run())
    try:
        await until(lambda: f"shows the certificate {theirs[:16]}" in (client.trouble or ""))
        assert not client.connected
        [known, waits] = Trust(pki).stations.everything()
        assert (waits.station, waits.state, waits.fingerprint) == (NAME, "quarantined", theirs)
        assert (known.station, known.state) == (NAME, "trusted")
        with pytest.raises(NotFoundError):
            Trust(pki).accept("0" * 16, NAME)
        assert Trust(pki).accept(theirs[:12], NAME).state == "trusted"
        await until(lambda: client.connected)
        assert Trust(pki).stations.everything() == []
    finally:
        await end_all([task])


async def test_a_station_whose_certificate_is_missing_shows_it_to_be_accepted(
    plc: MakersPlc, bench_ground: Ground, tmp_path: Path
) -> None:
    shutil.copytree(bench_ground.keys_dir / "pki", tmp_path / "pki")
    missing = tmp_path / "pki" / NAME / "cert.der"
    missing.unlink()
    entry = replace(access(bench_ground), server_certificate=missing)
    with pytest.raises(StationUnreachableError, match="halite trust accept"):
        await look(settings(plc.endpoint, "meter"), entry)
    [waits] = Trust(tmp_path / "pki").stations.everything()
    assert Trust(tmp_path / "pki").reject(waits.fingerprint).station == NAME
    assert Trust(tmp_path / "pki").stations.everything() == []
    missing.write_bytes(b"half a certificate")
    with pytest.raises(StationFaultError, match="is damaged"):
        await look(settings(plc.endpoint, "meter"), entry)


def test_a_station_cannot_be_entered_without_security() -> None:
    with pytest.raises(ValidationError, match="security_policy"):
        settings("opc.tcp://127.0.0.1:4840", "meter", security_policy="None")


class Watcher:
    """A bare client's handler that counts what comes."""

    def __init__(self) -> None:
        self.count = 0

    def datachange_notification(self, _node: Node, _value: Any, _data: Any) -> None:
        self.count += 1


async def test_a_reconnecting_client_of_the_same_library_goes_on_after_a_second_cut(
    plant: Bench, bench_ground: Ground
) -> None:
    [station] = [item for item in plant.service.plant.station if item.name == "dryer-1"]
    async with proxy_to(to_port(port_of(station.endpoint))) as proxy:
        client = await bare_client(bench_ground, proxy, "dryer-1")
        watcher = Watcher()
        parameters = ua.CreateSubscriptionParameters(100, 240, 10, 0, True, 0)
        subscription = await client.create_subscription(parameters, watcher)
        now = client.get_node(ua.ObjectIds.Server_ServerStatus_CurrentTime)
        await subscription.subscribe_data_change(now)
        for _cut in range(2):
            await goes_on_after_a_cut(proxy, watcher)
        await client.disconnect()


async def goes_on_after_a_cut(proxy: Proxy, watcher: Watcher) -> None:
    connections, count = proxy.connection_count, watcher.count
    proxy.reset()
    await until(lambda: proxy.connection_count > connections)
    await until(lambda: watcher.count > count + 3)


async def bare_client(ground: Ground, proxy: Proxy, name: str) -> Client:
    known = access(ground, name)
    client = Client(f"opc.tcp://127.0.0.1:{proxy.port}", timeout=10, watchdog_intervall=2)
    client.application_uri = known.application_uri
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        certificate=known.certificate,
        private_key=known.private_key,
        server_certificate=str(known.server_certificate),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    client.set_user(known.user)
    client.set_password(known.password_file.read_text().strip())
    await client.connect(auto_reconnect=True, reconnect_max_delay=1)
    return client
