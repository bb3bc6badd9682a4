"""The OPC UA server for line PLCs, met by a real client: who enters, what it is told and says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.uaerrors import (
    BadArgumentsMissing,
    BadInvalidArgument,
    BadMessageNotAvailable,
    BadNotWritable,
    BadSubscriptionIdInvalid,
    BadTooManyArguments,
    BadUserAccessDenied,
    UaStatusCodeError,
)
from sqlalchemy import text

from deploy.broker import Broker
from deploy.pki import PLC_CLIENT, ensure_passwords, ensure_pki
from deploy.postgres import PostgresServer
from services.plc.domain import DONE, INVALID_STATE, UNABLE, UNKNOWN_JOB, Unit
from services.plc.main import build
from services.plc.settings import PlcSettings
from services.plc.workflow import Desk
from shared.app import Service
from shared.db import migrate
from shared.events import (
    DispositionDecided,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderReleased,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
    MaterialLotRegistered,
)
from shared.facts import Event, Material
from shared.settings import read_plant
from tests.conftest import free_port
from tests.station.speaker import ROOT, Speaker, plant_file, speaking, until

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
NODE_SETS = ROOT / ".cache" / "nodesets"
STATIONS = """
[[station]]
equipment_id = "SITE/dryroom/assembly/laminator-1"
kind = "laminator"
service = "lamination"
endpoint = "opc.tcp://192.0.2.1:4840"

[[station]]
equipment_id = "SITE/dryroom/assembly/sealer-1"
kind = "sealer"
service = "lamination"
endpoint = "opc.tcp://192.0.2.2:4840"
"""


@dataclass
class Line:
    """The running service, the voices of the others, and what a PLC needs to enter."""

    service: Service
    speaker: Speaker
    http: httpx.AsyncClient
    data_dir: Path
    endpoint: str
    unit: str
    sealer: str
    _entered: "Plc | None" = None

    def password(self) -> str:
        return (self.data_dir / "secrets" / "opcua" / PLC_CLIENT).read_text().strip()

    async def client(
        self, user: str | None = PLC_CLIENT, password: str | None = None, name: str = PLC_CLIENT
    ) -> Client:
        """Return a client that is not yet connected."""
        client = Client(self.endpoint, timeout=20, watchdog_intervall=20)
        client.application_uri = f"urn:halite:client:{PLC_CLIENT}"
        pki = self.data_dir / "pki"
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=str(pki / name / "cert.der"),
            private_key=str(pki / name / "key.pem"),
            server_certificate=str(pki / "plc" / "cert.der"),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
        if user is not None:
            client.set_user(user)
            client.set_password(password or self.password())
        return client

    async def release(self, name: str, priority: int = 5) -> None:
        """Release a job order that makes `CELL-name` of `PELLET-name`."""
        await self.say(
            "execution",
            MaterialLotRegistered(
                lot_id=f"PELLET-{name}",
                material_definition_id="pellet",
                quantity=1,
                unit="1",
                work_request_id="W",
                origin="produced",
            ),
            released(name, priority),
        )

    async def say(self, source: str, *events: Event) -> None:
        for event in events:
            await self.speaker.say(source, event, AT)

    async def allowed(self, lot_id: str, wanted: bool, words: str = "") -> str:
        """Wait until a PLC would be told so, in these words; return the reason."""
        reason = ""
        plc = await self.plc()

        async def told() -> bool:
            nonlocal reason
            allowed, reason = await plc.call("MayStart", "ask", self.unit, lot_id)
            return bool(allowed) is wanted and words in reason

        await until(told)
        return reason

    async def plc(self) -> "Plc":
        """Return the PLC, which enters once for all tests."""
        if self._entered is None:
            client = await self.client()
            await client.connect()
            await client.load_data_type_definitions()
            self._entered = Plc(client)
        return self._entered

    async def leave(self) -> None:
        if self._entered is not None:
            await self._entered.client.disconnect()

    async def reports(self, job_order_id: str) -> list[str]:
        """Return what the service has said of a job order, in order."""
        items = (await self.http.get("/events", params={"limit": 1000})).json()["items"]
        return [
            f"{item['data']['report']}: {item['data']['text']}"
            for item in items
            if item["data"]["job_order_id"] == job_order_id
        ]

    async def reported(self, job_order_id: str, count: int) -> list[str]:
        async def there() -> bool:
            return len(await self.reports(job_order_id)) >= count

        await until(there)
        return await self.reports(job_order_id)


class Plc:
    """A PLC's program: finds its nodes by name and calls them."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def node(self, *path: str) -> Any:
        index = await self.client.get_namespace_index("urn:halite:service:plc")
        return await self.client.nodes.objects.get_child([f"{index}:{name}" for name in path])

    async def call(self, method: str, *arguments: Any) -> Any:
        halite = await self.node("Halite")
        index = halite.nodeid.NamespaceIndex
        return await halite.call_method(f"{index}:{method}", *arguments)

    async def job_orders(self) -> dict[str, Any]:
        entries = await (await self.node("Halite", "JobOrders")).read_value()
        return {entry.JobOrderID: entry for entry in entries or []}


def released(name: str, priority: int = 5) -> JobOrderReleased:
    return JobOrderReleased(
        job_order_id=f"J-{name}",
        lot_id=f"CELL-{name}",
        work_request_id="W",
        product_id="P",
        operation="stack",
        service="lamination",
        station_kind="laminator",
        recipe_id="stack-pouch",
        materials=(
            Material(
                lot_id=f"PELLET-{name}",
                material_definition_id="pellet",
                quantity=1,
                unit="1",
                use="consumed",
            ),
            Material(
                lot_id=f"CELL-{name}",
                material_definition_id="cell",
                quantity=1,
                unit="1",
                use="produced",
            ),
        ),
        parameters={"force_n": 50.0},
        priority=priority,
        due_at=AT,
        released_at=AT,
    )


def at_station(name: str, equipment_id: str) -> dict[str, Any]:
    common = released(name).model_dump(
        include={"job_order_id", "lot_id", "work_request_id", "product_id", "operation"}
    )
    return common | {"equipment_id": equipment_id}


def started(name: str, equipment_id: str) -> JobOrderStarted:
    return JobOrderStarted(
        **at_station(name, equipment_id),
        recipe_id="r",
        recipe_version=1,
        started_at=AT,
        lot_ids=(),
    )


def ended(name: str, equipment_id: str) -> JobOrderEnded:
    return JobOrderEnded(
        **at_station(name, equipment_id),
        recipe_id="r",
        recipe_version=1,
        state="ended",
        started_at=AT,
        ended_at=AT,
        materials=(),
    )


@pytest.fixture(scope="module")
async def line(
    postgres_server: PostgresServer, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Line]:
    folder = tmp_path_factory.mktemp("plc")
    plant = read_plant(plant_file(folder, STATIONS))
    ensure_pki(folder / "pki", plant)
    ensure_passwords(folder / "secrets" / "opcua", plant)
    postgres_server.ensure_database(f"plc_{plant.site}")
    url = postgres_server.url(f"plc_{plant.site}")
    await asyncio.to_thread(migrate, url, ROOT / "services/plc/migrations")
    port = free_port()
    unit, sealer = (station.equipment_id for station in plant.station)
    async with speaking(plant.site, broker.url) as speaker:
        settings = PlcSettings(
            service="plc",
            port=1,
            database_url=url,
            mqtt_url=broker.url,
            plant_file=folder / "plant.toml",
            data_dir=folder,
            service_urls=speaker.urls,
            opcua_port=port,
            nodesets=NODE_SETS,
            plc_users={PLC_CLIENT: unit},
        )
        service = build(settings)
        transport = httpx.ASGITransport(service.app)
        async with (
            service.running(),
            httpx.AsyncClient(transport=transport, base_url="http://plc") as http,
        ):
            endpoint = f"opc.tcp://127.0.0.1:{port}"
            line = Line(service, speaker, http, folder, endpoint, unit, sealer)

            async def listens() -> bool:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return True
                return False

            await until(listens, within_s=120)
            yield line
            await line.leave()
    postgres_server.drop_database(f"plc_{plant.site}")


# --- who may enter ---


async def test_only_sign_and_encrypt_with_basic256sha256_and_a_user_name_is_offered(
    line: Line,
) -> None:
    endpoints = await Client(line.endpoint).connect_and_get_server_endpoints()
    assert {one.SecurityMode for one in endpoints} == {ua.MessageSecurityMode.SignAndEncrypt}
    assert {one.SecurityPolicyUri.rsplit("#")[-1] for one in endpoints} == {"Basic256Sha256"}
    tokens = {token.TokenType for one in endpoints for token in one.UserIdentityTokens}
    assert tokens == {ua.UserTokenType.UserName}


@pytest.mark.parametrize(
    ("user", "password"),
    [(None, None), (PLC_CLIENT, "guess"), ("admin", None), ("admin", "admin"), ("", None)],
)
async def test_no_one_enters_without_the_right_name_and_password(
    line: Line, user: str | None, password: str | None
) -> None:
    client = await line.client(user, password)
    with pytest.raises(UaStatusCodeError):
        await client.connect()


async def test_no_one_enters_without_security(line: Line) -> None:
    client = Client(line.endpoint, timeout=20)
    client.set_user(PLC_CLIENT)
    client.set_password(line.password())
    with pytest.raises((UaStatusCodeError, ua.UaError, ConnectionError)):
        await client.connect()


async def test_no_one_enters_with_a_certificate_that_is_not_trusted(line: Line) -> None:
    client = await line.client(name="gateway")
    with pytest.raises(UaStatusCodeError):
        await client.connect()


# --- the interlock ---


async def test_lot_may_start_when_released_and_not_while_held(line: Line) -> None:
    assert "not known" in await line.allowed("CELL-a", False)
    await line.release("a")
    assert await line.allowed("CELL-a", True) == "job order J-a is released"
    hold = {"lot_id": "PELLET-a", "work_request_id": None, "gate": "thickness"}
    await line.say("execution", LotHeld(**hold, reason="180 µm is above 160 µm"))
    reason = await line.allowed("CELL-a", False)
    assert reason == (
        "job order J-a waits: lot PELLET-a is held: thickness: 180 µm is above 160 µm"
    )
    await line.say("execution", LotHoldReleased(**hold, reason="measured again"))
    await line.allowed("CELL-a", True)
    reply = await line.http.get(
        "/interlock", params={"equipment_id": line.sealer, "lot_id": "PELLET-a"}
    )
    assert reply.json()["allowed"] is False
    assert reply.json()["reason"] == "no job order for lot PELLET-a is released for a sealer"
    answers = (await line.http.get("/interlock-answers")).json()["items"]
    assert {answer["user_name"] for answer in answers} == {PLC_CLIENT}


async def test_scrap_stays_scrap_whatever_execution_frees(line: Line) -> None:
    await line.release("b")
    decided = {
        "lot_id": "PELLET-b",
        "work_request_id": "W",
        "product_id": "P",
        "gate": "ccd",
        "characteristic": "ccd",
        "value": 1.0,
        "unit": "mA/cm²",
        "low": 4.0,
        "high": None,
        "specification_version": 1,
        "evaluated_at": AT,
    }
    await line.allowed("CELL-b", True)
    await line.say("quality", DispositionDecided(**decided, disposition="scrap", reason="short"))
    assert "scrap, short" in await line.allowed("CELL-b", False)
    await line.say(
        "execution",
        LotHoldReleased(lot_id="PELLET-b", work_request_id=None, gate="ccd", reason="x"),
    )
    await line.say("quality", DispositionDecided(**decided, disposition="released", reason="typo"))
    await line.allowed("CELL-b", True)


async def test_progress_known_before_the_release_counts(line: Line) -> None:
    await line.say("lamination", ended("c", line.unit))
    await line.release("c")

    async def kept() -> bool:
        async with line.service.database.quiet() as tx:
            sql = "SELECT released IS NOT NULL AND state = 'ended' FROM job_order"
            found = await tx.scalar(text(f"{sql} WHERE job_order_id = 'J-c'"))
        return bool(found)

    await until(kept)
    await line.allowed("CELL-c", False, "J-c has ended")


# --- job orders ---


async def test_job_order_is_listed_fetched_reported_and_ended(line: Line) -> None:
    await line.release("d", priority=90)
    await line.allowed("CELL-d", True)
    plc = await line.plc()

    async def listed() -> bool:
        return "J-d" in await plc.job_orders()

    await until(listed)
    entry = (await plc.job_orders())["J-d"]
    assert [part.MaterialLotID for part in entry.MaterialRequirements] == [
        "PELLET-d",
        "CELL-d",
    ]
    assert [one.ID for one in entry.EquipmentRequirements] == [line.unit]
    assert entry.JobOrderParameters[0].Value.Value == 50.0
    for _ in range(2):
        fetched = await plc.call("NextJobOrder", line.unit)
        assert fetched == ["J-d", "stack", "CELL-d", "allowed_to_start"]
    report = ("r-1", line.unit, "J-d", "running", "recipe loaded")
    assert await plc.call("ReportJobOrder", *report) == [DONE, "accepted"]

    async def kept() -> bool:
        status, message = await plc.call("ReportJobOrder", *report)
        assert status == DONE
        return bool(message == "kept")

    await until(kept)
    other = ("r-1", line.unit, "J-d", "ended", "")
    assert (await plc.call("ReportJobOrder", *other))[0] == UNABLE
    unknown = ("r-2", line.unit, "J-none", "running", "")
    assert (await plc.call("ReportJobOrder", *unknown))[0] == UNKNOWN_JOB
    await plc.call("ReportJobOrder", "r-3", line.unit, "J-d", "interrupted", "door open")
    backwards = ("r-4", line.unit, "J-d", "ended", "")
    assert (await plc.call("ReportJobOrder", *backwards))[0] == INVALID_STATE
    await plc.call("ReportJobOrder", "r-5", line.unit, "J-d", "running", "")
    assert (await plc.call("ReportJobOrder", "r-4", *backwards[1:]))[0] == DONE
    assert await line.reported("J-d", 5) == [
        "job_fetched: ",
        "job_started: recipe loaded",
        "alarm: interrupted; door open",
        "job_started: ",
        "job_ended: ",
    ]
    await line.say("lamination", started("d", line.unit), ended("d", line.unit))
    await line.allowed("CELL-d", False, "J-d has ended")
    url = f"/work-units/{line.unit}/job-orders"
    items = (await line.http.get(url)).json()["items"]
    assert "J-d" not in [item["job_order_id"] for item in items]


async def test_start_against_the_interlock_is_kept_with_the_reason(line: Line) -> None:
    await line.release("e")
    await line.allowed("CELL-e", True)
    held = JobOrderHeld(
        **at_station("e", line.unit), reason="recipe read back differs", lot_ids=("CELL-e",)
    )
    await line.say("lamination", held, started("f", line.sealer))
    await line.allowed("CELL-e", False)
    await line.release("g")
    await line.allowed("CELL-g", True)
    await line.say(
        "execution",
        LotHeld(lot_id="CELL-g", work_request_id=None, gate="exposure", reason="dew point"),
    )
    await line.allowed("CELL-g", False)
    plc = await line.plc()
    answer = await plc.call("ReportJobOrder", "g-1", line.unit, "J-g", "running", "")
    assert answer[0] == DONE
    assert "against the interlock: lot CELL-g is held" in answer[1]
    [said] = await line.reported("J-g", 1)
    assert "against the interlock" in said


async def test_open_job_orders_over_http_say_whether_they_may_start(line: Line) -> None:
    await line.release("h")
    await line.allowed("CELL-h", True)
    items = (await line.http.get(f"/work-units/{line.unit}/job-orders")).json()["items"]
    [own] = [item for item in items if item["job_order_id"] == "J-h"]
    assert (own["may_start"], own["state"], own["lot_id"]) == (True, "allowed_to_start", "CELL-h")
    assert (await line.http.get("/work-units/no/such/unit/job-orders")).status_code == 404


# --- the wire ---


async def test_wrong_arguments_are_refused_with_their_status(line: Line) -> None:
    plc = await line.plc()
    with pytest.raises(BadArgumentsMissing):
        await plc.call("MayStart", "r", line.unit)
    with pytest.raises(BadTooManyArguments):
        await plc.call("NextJobOrder", line.unit, "more")
    for wrong in (1.0, ua.Variant(["a"], ua.VariantType.String), ua.Variant()):
        with pytest.raises(BadInvalidArgument):
            await plc.call("MayStart", "r", line.unit, wrong)


async def test_a_user_speaks_for_its_own_unit_alone(line: Line) -> None:
    plc = await line.plc()
    for arguments in (
        ("NextJobOrder", line.sealer),
        ("MayStart", "r", line.sealer, "CELL-a"),
        ("ReportJobOrder", "r", line.sealer, "J-a", "running", ""),
    ):
        with pytest.raises(BadUserAccessDenied):
            await plc.call(*arguments)


async def test_nothing_can_be_written_or_added(line: Line) -> None:
    plc = await line.plc()
    with pytest.raises((BadNotWritable, BadUserAccessDenied)):
        await (await plc.node("Halite", "JobOrders")).write_value(
            ua.Variant([], ua.VariantType.ExtensionObject, is_array=True)
        )
    with pytest.raises(BadUserAccessDenied):
        await (await plc.node("Halite")).add_variable(1, "mine", 1.0)


async def test_republish_of_what_is_gone_ends_the_clients_loop(line: Line) -> None:
    plc = await line.plc()
    subscription = await plc.client.create_subscription(500, None)
    with pytest.raises(BadMessageNotAvailable):
        await plc.client.uaclient.session.republish(subscription.subscription_id, 999)
    with pytest.raises(BadSubscriptionIdInvalid):
        await plc.client.uaclient.session.republish(4_000_000, 1)


async def test_answers_come_from_memory_and_turn_to_no_when_that_grows_old(line: Line) -> None:
    await line.release("i")
    await line.allowed("CELL-i", True)
    clock = asyncio.get_running_loop()
    plc = await line.plc()
    async with line.service.database.quiet() as tx:
        await tx.execute(text("LOCK TABLE job_order IN ACCESS EXCLUSIVE MODE"))
        taken_s = []
        for _ in range(20):
            begun_s = clock.time()
            allowed, _ = await plc.call("MayStart", "ask", line.unit, "CELL-i")
            taken_s.append(clock.time() - begun_s)
            assert allowed
        assert sorted(taken_s)[10] < 0.1

        async def doubtful() -> bool:
            allowed, reason = await plc.call("MayStart", "ask", line.unit, "CELL-i")
            return not allowed and "without its record" in reason

        await until(doubtful)
    await line.allowed("CELL-i", True)


async def test_another_process_goes_on_where_this_one_stopped(line: Line) -> None:
    await line.release("k")
    await line.allowed("CELL-k", True)
    plc = await line.plc()
    await plc.call("ReportJobOrder", "k-1", line.unit, "J-k", "running", "x")
    await line.reported("J-k", 1)
    unit = Unit(equipment_id=line.unit, kind="laminator")
    desk = Desk(line.service, {PLC_CLIENT: unit})
    await desk.recover()
    known = desk.floor.find("J-k")
    assert known is not None
    assert known.reported == "running"
    again = desk.report(unit, PLC_CLIENT, "k-1", "J-k", "running", "x")
    assert (again.status, again.message) == (DONE, "kept")
    assert desk.may_start(unit, PLC_CLIENT, "ask", "CELL-k").allowed
