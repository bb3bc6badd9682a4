"""The plc service as line PLCs meet it: a server on a port, the voices of the others, a client."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from deploy.broker import Broker
from deploy.pki import PLC_CLIENT, ensure_passwords, ensure_pki
from deploy.postgres import PostgresServer
from deploy.servicecalls import introduced
from services.plc.main import build
from services.plc.settings import PlcSettings
from shared.app import Service
from shared.db import migrate
from shared.events import JobOrderEnded, JobOrderReleased, JobOrderStarted, MaterialLotRegistered
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

    settings: PlcSettings
    speaker: Speaker
    data_dir: Path
    endpoint: str
    unit: str
    sealer: str
    service: Service = field(init=False)
    http: httpx.AsyncClient = field(init=False)
    _entered: "Plc | None" = None
    _life: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def start(self) -> None:
        """Start the service as a new process would, and wait until its port is open."""
        self.service = build(self.settings)
        transport = httpx.ASGITransport(self.service.app)
        await self._life.enter_async_context(self.service.running())
        self.http = await self._life.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://plc")
        )
        await self._listens()

    async def start_apart(self) -> None:
        """Start the service in a process of its own, which `stop` kills."""
        settings = self.settings.model_copy(update={"port": free_port()})
        given = settings.model_dump(mode="json", exclude_unset=True)
        environment = {
            f"HALITE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in given.items()
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.plc.main", cwd=ROOT, env=os.environ | environment
        )
        self._life.push_async_callback(process.wait)
        self._life.callback(process.kill)
        url = f"http://127.0.0.1:{settings.port}"
        auth = introduced(settings.data_dir, {"plc": url})
        self.http = await self._life.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, auth=auth)
        )
        await self._listens()

    async def _listens(self) -> None:
        async def listens() -> bool:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.settings.opcua_port)
                writer.close()
                return True
            return False

        await until(listens, within_s=120)

    async def stop(self) -> None:
        """Stop the service in order, or kill its process."""
        await self._life.aclose()

    async def restart(self) -> None:
        """Stop the service and start it again; our own PLC enters anew."""
        await self.leave()
        await self.stop()
        await self.start()

    def password(self) -> str:
        return (self.data_dir / "secrets" / "opcua" / PLC_CLIENT).read_text().strip()

    async def client(
        self, user: str | None = PLC_CLIENT, password: str | None = None, name: str = PLC_CLIENT
    ) -> Client:
        """Return a client that is not yet connected."""
        client = Client(self.endpoint, timeout=60, watchdog_intervall=60)
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
        self._entered = None

    async def kept(self, subscription_id: int) -> None:
        """Wait until a subscription stands in the database."""

        async def there() -> bool:
            kept = await asyncio.to_thread(self._sessions)
            found = (one for subscriptions in kept for one in json.loads(subscriptions))
            return any(one["id"] == subscription_id and one["item_ids"] for one in found)

        await until(there, within_s=60)

    def _sessions(self) -> list[str]:
        url = self.settings.database_url.replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            return [row[0] for row in connection.execute("SELECT subscriptions FROM plc_session")]

    async def reports(self, job_order_id: str) -> list[str]:
        """Return what the service has said of a job order, in order."""
        items = (await self.http.get("/events", params={"limit": 1000})).json()["items"]
        return [
            f"{item['data']['report']}: {item['data']['text']}"
            for item in items
            if item["data"].get("job_order_id") == job_order_id
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


@contextlib.asynccontextmanager
async def plc_line(
    postgres_server: PostgresServer, broker: Broker, folder: Path, *, apart: bool = False
) -> AsyncIterator[Line]:
    """Run the plc service until the block ends; `apart` in a process of its own."""
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
            plc_silent_after_s=2.0,
        )
        endpoint = f"opc.tcp://127.0.0.1:{port}"
        line = Line(settings, speaker, folder, endpoint, unit, sealer)
        try:
            await (line.start_apart() if apart else line.start())
            yield line
        finally:
            try:
                await line.leave()
            finally:
                await line.stop()
    postgres_server.drop_database(f"plc_{plant.site}")
