"""The OPC UA stack of another maker, both ways: its client as a line PLC, its server as a press."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.broker import Broker
from deploy.peers import SCRIPTS, ensure_peers
from deploy.pki import PLC_CLIENT, ensure_passwords, ensure_pki
from deploy.postgres import PostgresServer
from deploy.stationcheck import check
from services.plc.domain import DONE
from shared.opcua import Access, StationClient
from shared.settings import PlantSettings, read_plant
from shared.stations import JobContent
from tests.conftest import free_port
from tests.station.plc_floor import NODE_SETS, Line, ended, plc_line, started
from tests.station.speaker import plant_file, until

WITHIN_S = 120.0
PRESS = """
[[station]]
equipment_id = "SITE/powder/forming/press-1"
kind = "press"
service = "sintering"
endpoint = "opc.tcp://127.0.0.1:PORT"
security_policy = "Aes256_Sha256_RsaPss"
"""


@dataclass
class Peer:
    """A script of the other stack; what it says by itself is kept in `events`."""

    process: asyncio.subprocess.Process
    events: list[dict[str, Any]]

    async def said(self, event: str) -> dict[str, Any]:
        """Return the next event of a kind."""
        async with asyncio.timeout(WITHIN_S):
            while not (found := [one for one in self.events if one["event"] == event]):
                self.events.append(await self._line())
        self.events.remove(found[0])
        return found[0]

    async def ask(self, command: str, **more: Any) -> dict[str, Any]:
        """Give a command and return its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"command": command, **more}).encode() + b"\n")
        async with asyncio.timeout(WITHIN_S):
            while "answer" not in (line := await self._line()):
                self.events.append(line)
        answer: dict[str, Any] = line["answer"]
        return answer

    async def call(self, method: str, *args: str) -> list[Any]:
        """Call a method of `Objects/Halite`; return what it gives when its status is Good."""
        answer = await self.ask("call", method=method, args=list(args))
        assert answer.get("status") == "Good", answer
        values: list[Any] = answer["values"]
        return values

    async def _line(self) -> dict[str, Any]:
        """Return the next line that is meant for the test; the stack prints hints among them."""
        assert self.process.stdout is not None
        while not (line := await self.process.stdout.readline()).startswith(b"{"):
            assert line, "the peer ended"
        parsed: dict[str, Any] = json.loads(line)
        return parsed


@contextlib.asynccontextmanager
async def peer(script: str, *words: object) -> AsyncIterator[Peer]:
    """Run a script of the other stack until the block ends."""
    node, environment = await asyncio.to_thread(ensure_peers)
    process = await asyncio.create_subprocess_exec(
        node.folder / "node",
        SCRIPTS / script,
        *map(str, words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    assert process.stdin is not None
    try:
        yield Peer(process, [])
        process.stdin.close()
        await asyncio.wait_for(process.wait(), WITHIN_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def pem(folder: Path) -> Path:
    """Return an application's certificate as PEM, which is what the other stack reads."""
    certificate = x509.load_der_x509_certificate((folder / "cert.der").read_bytes())
    path = folder / "cert.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return path


def line_plc(line: Line, folder: Path, policy: str) -> contextlib.AbstractAsyncContextManager[Peer]:
    """Return a line PLC of the other stack that enters the plc service."""
    own = line.data_dir / "pki" / PLC_CLIENT
    password = line.data_dir / "secrets" / "opcua" / PLC_CLIENT
    words = (line.endpoint, pem(own), own / "key.pem", folder, PLC_CLIENT, password, policy)
    return peer("client.cjs", *words)


async def listed(plc: Peer, job_order_id: str) -> dict[str, Any]:
    """Return a job order of the list, which follows the methods' answers within a moment."""
    found: list[dict[str, Any]] = []

    async def shown() -> bool:
        orders = await plc.ask("read", path=["Halite", "JobOrders"])
        found[:] = [one for one in orders["value"] if one["jobOrderID"] == job_order_id]
        return bool(found)

    await until(shown)
    return found[0]


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes256_Sha256_RsaPss"])
async def test_another_makers_plc_fetches_asks_confirms_and_reports(
    line: Line, tmp_path: Path, policy: str
) -> None:
    name = f"peer-{policy[:6]}"
    await line.release(name, priority=99)
    await line.allowed(f"CELL-{name}", True)
    async with line_plc(line, tmp_path, policy) as plc:
        await plc.said("connected")
        fetched = await plc.call("NextJobOrder", line.unit)
        assert fetched == [f"J-{name}", "stack", f"CELL-{name}", "allowed_to_start"]
        own = await listed(plc, f"J-{name}")
        assert own["jobOrderParameters"][0]["ID"] == "force_n"
        assert await plc.call("MayStart", "1", line.unit, f"CELL-{name}") == [
            True,
            f"job order J-{name} is released",
        ]
        report = (line.unit, f"J-{name}")
        assert await plc.call("ReportJobOrder", f"{name}-1", *report, "running", "") == [
            DONE,
            "accepted",
        ]
        assert (await plc.call("ReportJobOrder", f"{name}-2", *report, "ended", "50.2 N"))[0] == 1
        refused = await plc.ask("call", method="NextJobOrder", args=[line.sealer])
        assert refused["status"] == "BadUserAccessDenied"
    assert await line.reported(f"J-{name}", 3) == [
        "job_fetched: ",
        "job_started: ",
        "job_ended: 50.2 N",
    ]
    await line.say("lamination", started(name, line.unit), ended(name, line.unit))
    await line.allowed(f"CELL-{name}", False, f"J-{name} has ended")


async def test_another_makers_plc_resumes_its_session_after_a_restart(
    line: Line, tmp_path: Path
) -> None:
    async with line_plc(line, tmp_path, "Basic256Sha256") as plc:
        await plc.said("connected")
        watched = await plc.ask("watch", path=["Halite", "Heartbeat"])
        await plc.said("changed")
        before = await plc.ask("identity")
        assert before["subscriptions"] == [watched["subscription"]]
        await line.kept(watched["subscription"])
        await line.restart()
        await plc.said("reconnected")
        plc.events.clear()
        await plc.said("changed")
        assert await plc.ask("identity") == before
        assert await plc.call("Beat", line.unit)


async def test_another_makers_plc_goes_on_where_it_was_after_the_service_was_killed(
    postgres_server: PostgresServer, broker: Broker, tmp_path: Path
) -> None:
    (tmp_path / "plc").mkdir()
    async with plc_line(postgres_server, broker, tmp_path / "plc", apart=True) as line:
        async with line_plc(line, tmp_path, "Aes256_Sha256_RsaPss") as plc:
            await plc.said("connected")
            watched = await plc.ask("watch", path=["Halite", "Heartbeat"])
            await line.release("k1")
            await line.allowed("CELL-k1", True)
            await line.leave()
            assert (await plc.call("NextJobOrder", line.unit))[0] == "J-k1"
            started_ = ("k1", line.unit, "J-k1", "running", "")

            async def kept() -> bool:
                return await plc.call("ReportJobOrder", *started_) == [DONE, "kept"]

            await until(kept)
            await line.kept(watched["subscription"])
            before = await plc.ask("identity")
            await line.stop()
            await line.release("k2")  # while nobody serves
            await line.start_apart()
            await plc.said("reconnected")
            plc.events.clear()
            await plc.said("changed")
            assert await plc.ask("identity") == before
            assert await plc.call("Beat", line.unit) is not None
            assert await plc.call("ReportJobOrder", *started_) == [DONE, "kept"]
            assert (await plc.call("ReportJobOrder", "k2", *started_[1:3], "ended", ""))[0] == DONE
            await line.allowed("CELL-k2", True)
            assert (await plc.call("NextJobOrder", line.unit))[0] == "J-k2"
        assert await line.reported("J-k1", 3) == ["job_fetched: ", "job_started: ", "job_ended: "]


async def test_our_client_runs_a_job_on_another_makers_server(tmp_path: Path) -> None:
    port = free_port()
    plant = read_plant(plant_file(tmp_path, PRESS.replace("PORT", str(port))))
    ensure_pki(tmp_path / "pki", plant)
    ensure_passwords(tmp_path / "secrets" / "opcua", plant)
    ours, theirs = tmp_path / "pki" / "sintering", tmp_path / "pki" / "press-1"
    password = tmp_path / "secrets" / "opcua" / "press-1"
    trusted = tmp_path / "trusted-by-the-press"
    words = (port, "press-1", pem(theirs), theirs / "key.pem", trusted, ours / "cert.der", password)
    async with peer("server.cjs", *words, NODE_SETS) as press:
        await press.said("listening")
        station = StationClient(
            plant.station[0],
            Access(
                application_uri="urn:halite:service:sintering",
                certificate=ours / "cert.der",
                private_key=ours / "key.pem",
                server_certificate=ours / "trusted" / "press-1.der",
                user="halite",
                password_file=password,
            ),
        )
        running = asyncio.create_task(station.run())
        await _press_one_job(station)
        running.cancel()
        await asyncio.wait([running])
        await _check_press(plant, tmp_path)


async def _check_press(plant: PlantSettings, data_dir: Path) -> None:
    [entered] = await check(plant, data_dir, NODE_SETS)
    assert {"Aes256_Sha256_RsaPss", "Basic256Sha256"} <= set(entered.policies)
    assert not [text for text in entered.differences if "cannot be entered" in text]
    assert not [text for text in entered.differences if "no job can be given" in text]
    not_there = plant.station[0].model_copy(update={"security_policy": "Aes128_Sha256_RsaOaep"})
    [refused] = await check(plant.model_copy(update={"station": (not_there,)}), data_dir, NODE_SETS)
    [why] = refused.differences
    assert "cannot be entered" in why, entered


async def _press_one_job(station: StationClient) -> None:
    async def connected() -> bool:
        return station.connected

    await until(connected, within_s=WITHIN_S)
    content = JobContent(
        job_order_id="J-1", parameters={"pressure_mpa": 200.0, "dwell_s": 60.0}, materials=()
    )
    await station.store(content)
    await station.store(content)
    at_station = (await station.jobs())["J-1"]
    assert (at_station.content, at_station.state) == (content, "not_allowed_to_start")
    assert at_station.units == {"pressure_mpa": "MPa", "dwell_s": "s"}
    await station.start("J-1")

    async def has_ended() -> bool:
        return await station.answer("J-1") is not None

    await until(has_ended, within_s=WITHIN_S)
    answer = await station.answer("J-1")
    assert answer is not None
    assert (answer.state, answer.data) == ("ended", {"pressure_mpa": 200.0})

    async def measured() -> bool:
        return "pressure_mpa" in station.samples

    await until(measured, within_s=WITHIN_S)
    await station.clear("J-1")
    assert await station.jobs() == {}
