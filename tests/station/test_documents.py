"""Documents of trace with a real database and broker: signed history, passport, confirmations."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from asn1crypto.pem import unarmor
from asn1crypto.x509 import Certificate
from fastapi import FastAPI, Request, Response
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from deploy.authority import Authority, Part
from deploy.broker import Broker
from services.trace.main import build
from services.trace.settings import TraceSettings
from services.trace.signeddocument import verified_document
from shared.app import Service
from shared.db import migrate
from shared.events import (
    CellCompleted,
    CellGraded,
    CyclingEnded,
    EquipmentStateChanged,
    GenealogyRecorded,
    JobOrderEnded,
    JobOrderStarted,
    LotHeld,
    MaterialLotRegistered,
    OperatorChanged,
    WorkRequestAccepted,
)
from shared.facts import Material, MaterialUse
from shared.settings import read_plant
from tests.station.speaker import ROOT, Speaker, plant_file, speaking, until

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
MILL = "pilot/powder/milling/mill-1"
REQUEST = "WR-1"
MAKER = '\n[manufacturer]\nname = "Salz"\nidentifier = "M-1"\nfacility_identifier = "F-9"\n'


class Erp:
    """The far side: takes confirmations, or answers what it is told to."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.answers: list[int] = []
        self.url, self.authority = "", ""

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/confirmations")
        async def take(request: Request) -> Response:
            answer = self.answers.pop(0) if self.answers else 204
            if answer == 204:
                self.taken.append(await request.json())
                self.keys.append(request.headers["idempotency-key"])
            return Response(status_code=answer)

        return app


@contextlib.asynccontextmanager
async def listening(tls: Path) -> AsyncIterator[Erp]:
    """One that is known over TLS by an authority of its site."""
    Authority(tls).ensure([Part(name="erp", hosts=("127.0.0.1",))])
    erp = Erp()
    erp.authority = (tls / "erp/ca.pem").read_text()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        erp.url = f"https://127.0.0.1:{listener.getsockname()[1]}/confirmations"
        config = uvicorn.Config(
            erp.app(),
            log_level="error",
            lifespan="off",
            ws="none",
            ssl_certfile=tls / "erp/cert.pem",
            ssl_keyfile=tls / "erp/key.pem",
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))

        async def is_up() -> bool:
            return server.started

        try:
            await until(is_up)
            yield erp
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def erp(tmp_path: Path) -> AsyncIterator[Erp]:
    async with listening(tmp_path / "site") as erp:
        yield erp


@pytest.fixture
async def speaker(tmp_path: Path, broker: Broker, erp: Erp) -> AsyncIterator[Speaker]:
    said = f'[erp]\nurl = "{erp.url}"\nauthority = """{erp.authority}"""\n{MAKER}'
    site = read_plant(plant_file(tmp_path, said)).site
    async with speaking(site, broker.url) as speaker:
        yield speaker


Start = Callable[[], contextlib.AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def start(tmp_path: Path, broker: Broker, fresh_database: str, speaker: Speaker) -> Start:
    await asyncio.to_thread(migrate, fresh_database, ROOT / "services/trace/migrations")
    settings = TraceSettings(
        service="trace",
        port=1,
        database_url=fresh_database,
        mqtt_url=broker.url,
        plant_file=tmp_path / "plant.toml",
        data_dir=tmp_path,
        service_urls=speaker.urls,
        seal_every_s=0.05,
        confirm_every_s=0.05,
    )

    @contextlib.asynccontextmanager
    async def started() -> AsyncIterator[httpx.AsyncClient]:
        service: Service = build(settings)
        async with service.running():
            transport = httpx.ASGITransport(service.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://trace") as client:
                yield client

    return started


@pytest.fixture
async def client(start: Start) -> AsyncIterator[httpx.AsyncClient]:
    async with start() as client:
        yield client


async def get(client: httpx.AsyncClient, path: str, **params: str | int) -> Any:
    reply = await client.get(path, params=params)
    assert reply.status_code == 200, reply.text
    return reply.json()


def hour(hours: float) -> datetime:
    return AT + timedelta(hours=hours)


def registered(lot_id: str, members: tuple[str, ...] = ()) -> MaterialLotRegistered:
    return MaterialLotRegistered(
        lot_id=lot_id,
        material_definition_id=f"kind-of-{lot_id}",
        quantity=1.0,
        unit="count",
        work_request_id=REQUEST,
        origin="produced" if members or lot_id != "RAW" else "received",
        members=members,
    )


def material(lot_id: str, use: MaterialUse) -> Material:
    return Material(
        lot_id=lot_id, material_definition_id=f"kind-of-{lot_id}", quantity=1.0, unit="1", use=use
    )


async def work(
    speaker: Speaker, operation: str, lot_id: str, at_h: float, materials: list[Material]
) -> None:
    """Say a whole job order of one hour at the mill."""
    named = {
        "job_order_id": f"{lot_id}-{operation}",
        "lot_id": lot_id,
        "work_request_id": REQUEST,
        "product_id": "nvp-coin",
        "operation": operation,
    }
    ran = named | {"equipment_id": MILL, "recipe_id": operation, "recipe_version": 2}
    times = {"started_at": hour(at_h), "ended_at": hour(at_h + 1)}
    started = JobOrderStarted(**ran, started_at=hour(at_h), lot_ids=(lot_id,))
    await speaker.say("sintering", started, hour(at_h))
    ended = JobOrderEnded(**ran, **times, state="ended", materials=tuple(materials))
    await speaker.say("sintering", ended, hour(at_h + 1))
    made = GenealogyRecorded(**ran, **times, materials=tuple(materials))
    await speaker.say("execution", made, hour(at_h + 1))


async def tell_life(speaker: Speaker) -> None:
    """Say the life of CELL, made of pellet P1 of PEL; P2 went into witness W, P3 into OTHER."""
    accepted = WorkRequestAccepted(
        work_request_id=REQUEST,
        product_id="nvp-coin",
        work_schedule_id="S-1",
        quantity=2,
        witness_quantity=1,
        due_at=hour(500),
        priority=50,
        job_order_count=3,
        order_number="4500001234/10",
    )
    await speaker.say("execution", accepted, hour(0))
    state = EquipmentStateChanged(
        equipment_id=MILL,
        state="standby",
        data_quality="good",
        reason=None,
        changed_at=hour(0),
        software_version="2.4.1",
    )
    await speaker.say("sintering", state, hour(0))
    await take_over(speaker, "Ada", 0)
    await take_over(speaker, "Ben", 0.5)
    await speaker.say("execution", registered("RAW"), hour(0))
    pellets = [material(lot, "produced") for lot in ("P1", "P2", "P3")]
    await work(speaker, "press", "PEL", 1, [material("RAW", "consumed"), *pellets])
    await speaker.say("execution", registered("PEL", ("P1", "P2", "P3")), hour(2))
    held = LotHeld(lot_id="P3", work_request_id=REQUEST, gate="thickness", reason="too thick")
    await speaker.say("quality", held, hour(3))
    await take_over(speaker, None, 4.5)
    for cell, pellet in (("CELL", "P1"), ("W", "P2"), ("OTHER", "P3")):
        used = [material(pellet, "consumed"), material(cell, "produced")]
        await work(speaker, "stack", cell, 4, used)
        await speaker.say("execution", registered(cell), hour(5))
    await work(speaker, "ccd", "W", 7, [material("W", "processed")])
    tested = CyclingEnded(
        lot_id="W",
        job_order_id="W-ccd",
        work_request_id=REQUEST,
        product_id="nvp-coin",
        operation="ccd",
        protocol_id="ccd",
        protocol_version=1,
        channel="1-1-1",
        protocol_matches=True,
        cycles=(),
        row_count=3,
        ended_at=hour(8),
    )
    await speaker.say("formation", tested, hour(8))
    await end_life(speaker, "CELL")


async def take_over(speaker: Speaker, person: str | None, at_h: float) -> None:
    """Say that somebody has the mill, or nobody."""
    changed = OperatorChanged(equipment_id=MILL, operator=person, changed_at=hour(at_h), by="Li Na")
    await speaker.say("sintering", changed, hour(at_h))


async def end_life(speaker: Speaker, lot_id: str) -> None:
    """Say a cell's grade and that nothing is open any more."""
    named = {"lot_id": lot_id, "work_request_id": REQUEST, "product_id": "nvp-coin"}
    grade = {"grade": "A", "discharge_capacity_mah": 0.36}
    graded = CellGraded(**named, **grade, coulombic_efficiency_ratio=0.99, reasons=())
    await speaker.say("formation", graded, hour(9))
    await speaker.say("execution", CellCompleted(**named, **grade), hour(10))


async def all_sealed(client: httpx.AsyncClient, speaker: Speaker) -> None:
    """Wait until all that was said is in the record and under seals."""

    async def is_sealed() -> bool:
        verdict = await get(client, "/record/verify")
        return verdict["sealed_count"] == speaker.said_count

    await until(is_sealed)


async def test_history_tells_a_cell_s_own_life_with_its_witness_signed_as_json_and_pdf(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    await tell_life(speaker)
    await all_sealed(client, speaker)
    content = (await client.get("/lots/CELL/device-history")).content
    key = (await get(client, "/seals/keys"))["newest"]
    document = verified_document(content, key)["document"]
    assert document["lot_ids"] == ["CELL", "P1", "PEL", "RAW"]
    assert [step["operation"] for step in document["steps"]] == ["press", "stack"]
    assert {step["software_version"] for step in document["steps"]} == {"2.4.1"}
    had = [[one["operator"] for one in step["operators"]] for step in document["steps"]]
    assert had == [["Ben"], ["Ben", None]]
    assert document["identity"]["order_number"] == "4500001234/10"
    [witness] = document["witnesses"]
    assert (witness["lot_id"], witness["made_of"]) == ("W", ["P2"])
    assert document["holds"] == []
    assert document["open_points"] == [
        {
            "kind": "open",
            "about": "W",
            "text": "witness W: no gate has decided",
            "evidence": witness["evidence"],
        }
    ]
    seals = {one["position"]: one["root_sha256"] for one in document["record"]["seals"]}
    real = (await get(client, "/seals", limit=1000))["items"]
    assert seals.items() <= {one["position"]: one["root_sha256"] for one in real}.items()
    record = {one["event_id"]: one for one in (await get(client, "/record", limit=1000))["items"]}
    for step in document["steps"]:
        for one in step["evidence"]:
            kept = record[one["event_id"]]
            assert (kept["source"], kept["sequence"]) == (one["source"], one["sequence"])
    pdf = (await client.get("/lots/CELL/device-history.pdf")).content
    [signature] = PdfFileReader(BytesIO(pdf)).embedded_signatures
    pem = (await client.get("/documents/certificate")).content
    root = Certificate.load(unarmor(pem)[2])
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    status = await asyncio.to_thread(validate_pdf_signature, signature, context)
    assert status.bottom_line
    for name in ("device-history", "device-history.pdf", "passport", "passport.aasx"):
        assert (await client.get(f"/lots/NOBODY/{name}")).status_code == 404


async def test_passport_has_what_is_known_as_signed_json_package_and_linked_data(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    await tell_life(speaker)
    await all_sealed(client, speaker)
    content = (await client.get("/lots/CELL/passport")).content
    document = verified_document(content)["document"]
    known = document["known"]
    capacity = known["02035-4/TechnicalPropertyAreas/CapacityEnergyVoltage/RatedCapacity"]
    assert capacity["value"] == pytest.approx(0.00036)
    assert capacity["evidence"][0]["source"] == "formation"
    assert known["02035-1/ManufacturerName"]["evidence"] == "plant file"
    shells = document["environment"]["assetAdministrationShells"]
    assert shells[0]["assetInformation"]["globalAssetId"] == "urn:halite:cell:CELL"
    package = await client.get("/lots/CELL/passport.aasx")
    assert (package.status_code, package.content[:2]) == (200, b"PK")
    linked = await get(client, "/lots/CELL/passport.jsonld")
    assert linked["schema:productID"] == "CELL"


async def test_job_responses_and_lots_go_out_in_the_names_of_isa_95_page_by_page(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    await tell_life(speaker)
    await all_sealed(client, speaker)
    first = await get(client, "/isa95/job-responses", limit=3)
    rest = await get(client, "/isa95/job-responses", after=first["next"])
    both = [one["JobOrderID"] for one in first["JobResponse"] + rest["JobResponse"]]
    assert both == ["PEL-press", "CELL-stack", "W-stack", "OTHER-stack", "W-ccd"]
    nothing = await get(client, "/isa95/job-responses", after=rest["next"])
    assert nothing == {"JobResponse": [], "next": rest["next"]}
    table = (await client.get("/isa95/job-responses", params={"format": "csv"})).text
    assert len(table.splitlines()) == 1 + 4 + 3 * 2 + 1
    [lot] = (await get(client, "/isa95/material-lots", search="RAW"))["MaterialLot"]
    assert (lot["ID"], lot["Quantity"][0]["QuantityString"]) == ("RAW", "1")
    table = (await client.get("/isa95/material-lots", params={"format": "csv"})).text
    assert table.startswith("ID,MaterialDefinitionID,")


async def test_confirmations_are_delivered_in_order_each_until_taken_and_not_again_after_a_restart(
    start: Start, speaker: Speaker, erp: Erp
) -> None:
    erp.answers = [503, 204, 400]
    async with start() as client:
        await tell_life(speaker)

        async def all_taken() -> bool:
            return len(erp.taken) == 8

        await until(all_taken)
        feed = (await get(client, "/confirmations", limit=1000))["items"]
        assert erp.taken == feed
        [delivery] = (await get(client, "/confirmations/delivery"))["items"]
        assert (delivery["url"], delivery["failure"]) == (erp.url, None)
    assert erp.keys == [one["confirmation_id"] for one in feed]
    assert [one["number"] for one in feed] == sorted(one["number"] for one in feed)
    assert {one["order_number"] for one in feed} == {"4500001234/10"}
    kinds = [one["kind"] for one in feed]
    assert sorted(kinds) == ["cell_completed", "cell_graded", "operation_confirmed"] + [
        "operation_confirmed"
    ] * 4 + ["order_accepted"]
    async with start():
        await end_life(speaker, "OTHER")

        async def both_more() -> bool:
            return len(erp.taken) == 10

        await until(both_more)
    assert {one["lot_id"] for one in erp.taken[8:]} == {"OTHER"}


async def test_a_refused_confirmation_stops_those_behind_it_and_says_why(
    start: Start, speaker: Speaker, erp: Erp
) -> None:
    erp.answers = [422] * 10_000
    async with start() as client:
        await tell_life(speaker)

        async def is_told() -> bool:
            found = (await get(client, "/confirmations/delivery"))["items"]
            return bool(found) and found[0]["failure"] is not None

        await until(is_told)
        [delivery] = (await get(client, "/confirmations/delivery"))["items"]
        assert "answers 422 to confirmation" in delivery["failure"]
        assert delivery["delivered_count"] == 0
    assert erp.taken == []
