"""Trace with a real database and broker: every event kept once, sealed, provable, and followed."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from deploy.broker import Broker
from services.trace import workflow
from services.trace.analysis import VIEWS
from services.trace.domain import ranks
from services.trace.export import Verification
from services.trace.main import SOURCES, build
from services.trace.proof import verified
from services.trace.settings import TraceSettings
from services.trace.workflow import Sealer
from shared.app import Service
from shared.db import Database, migrate
from shared.envelope import Envelope, envelope
from shared.errors import NotFoundError
from shared.events import (
    EquipmentStateChanged,
    ExposureEvaluated,
    GenealogyRecorded,
    JobOrderEnded,
    LotHeld,
    MaterialLotRegistered,
    OperatorChanged,
    PelletMarked,
    SinterRunEnded,
)
from shared.facts import Material, MaterialUse, PartPlace
from shared.settings import read_plant
from tests.station.speaker import ROOT, Speaker, plant_file, speaking, until

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
MIGRATIONS = ROOT / "services/trace/migrations"


def held(lot_id: str) -> LotHeld:
    return LotHeld(lot_id=lot_id, work_request_id=None, gate="leak", reason="leak rate")


def registered(lot_id: str) -> MaterialLotRegistered:
    return MaterialLotRegistered(
        lot_id=lot_id,
        material_definition_id="powder",
        quantity=500.0,
        unit="g",
        work_request_id="W-1",
        origin="received",
    )


def made(
    inputs: list[str], outputs: list[str], processed: list[str] | None = None
) -> GenealogyRecorded:
    def materials(lots: list[str], use: MaterialUse) -> list[Material]:
        return [
            Material(lot_id=lot, material_definition_id="m", quantity=1.0, unit="1", use=use)
            for lot in lots
        ]

    return GenealogyRecorded(
        job_order_id=f"J-{uuid.uuid4().hex[:6]}",
        lot_id=(outputs or processed or ["?"])[0],
        work_request_id="W-1",
        product_id="nvp-coin",
        operation="stack",
        equipment_id="pilot/dryroom/assembly/laminator-1",
        recipe_id="stack",
        recipe_version=1,
        materials=tuple(
            materials(inputs, "consumed")
            + materials(outputs, "produced")
            + materials(processed or [], "processed")
        ),
        started_at=AT,
        ended_at=AT + timedelta(hours=1),
    )


@pytest.fixture
async def database(fresh_database: str) -> AsyncIterator[Database]:
    await asyncio.to_thread(migrate, fresh_database, MIGRATIONS)
    database = Database(fresh_database)
    yield database
    await database.close()


@pytest.fixture
async def speaker(tmp_path: Path, broker: Broker) -> AsyncIterator[Speaker]:
    site = read_plant(plant_file(tmp_path)).site
    async with speaking(site, broker.url) as speaker:
        yield speaker


@pytest.fixture
async def trace(
    tmp_path: Path, broker: Broker, database: Database, speaker: Speaker
) -> AsyncIterator[Service]:
    settings = TraceSettings(
        service="trace",
        port=1,
        database_url=database.url,
        mqtt_url=broker.url,
        plant_file=tmp_path / "plant.toml",
        data_dir=tmp_path,
        service_urls=speaker.urls,
        seal_every_s=0.05,
    )
    service = build(settings)
    async with service.running():
        yield service


@pytest.fixture
async def client(trace: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(trace.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://trace") as client:
        yield client


async def get(client: httpx.AsyncClient, path: str, **params: str | int) -> dict[str, object]:
    reply = await client.get(path, params=params)
    assert reply.status_code == 200, reply.text
    body: dict[str, object] = reply.json()
    return body


async def test_events_of_all_nine_services_are_kept_once_sealed_and_proved(
    client: httpx.AsyncClient, speaker: Speaker, database: Database
) -> None:
    for number in range(3):
        for source in SOURCES:  # of each three the broker loses one
            await speaker.say(source, held(f"{source}-{number}"), AT, ring=number != 1)

    async def all_kept() -> bool:
        return len((await get(client, "/record"))["items"]) == 3 * len(SOURCES)  # type: ignore[arg-type]

    await until(all_kept)
    items = (await get(client, "/record", limit=1000))["items"]
    assert isinstance(items, list)
    for source in SOURCES:
        own = [item for item in items if item["source"] == source]
        assert [item["sequence"] for item in own] == [1, 2, 3]
        assert [item["subject"] for item in own] == [f"{source}-{n}" for n in range(3)]
    assert Envelope.model_validate_json(items[0]["body"]).type == items[0]["type"]

    async def all_sealed() -> bool:
        return (await get(client, "/record/verify"))["sealed_count"] == 27

    await until(all_sealed)
    verdict = await get(client, "/record/verify")
    assert (verdict["ok"], verdict["unsealed_count"]) == (True, 0)
    seals = (await get(client, "/seals"))["items"]
    assert isinstance(seals, list)
    assert seals[0]["root_sha256"] == verdict["root_sha256"]
    said = (await client.get("/events", params={"limit": 1000})).json()["items"]
    assert {one["data"]["root_sha256"] for one in said} <= {one["root_sha256"] for one in seals}


async def test_lot_has_its_history_with_runs_that_name_only_its_job_order(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    sintered = made(["POWDER"], [], ["PELLET-1", "PELLET-2"])
    other = made([], ["OTHER"])
    await speaker.say("execution", registered("POWDER"), AT)
    await speaker.say("execution", sintered, AT + timedelta(hours=2))
    await speaker.say("execution", other, AT)
    for job_order_id, hours in ((sintered.job_order_id, 1), (other.job_order_id, 1)):
        run = SinterRunEnded(
            equipment_id="pilot/furnaces/heat/furnace-1",
            furnace_load_id="L",
            recipe_id="sinter",
            job_order_ids=(job_order_id,),
            started_at=AT,
            ended_at=AT,
            profile_time_s=(),
            profile_setpoint_degc=(),
            profile_temperature_degc=(),
            deviations=(),
        )
        await speaker.say("sintering", run, AT + timedelta(hours=hours))
    await speaker.say("quality", held("PELLET-2"), AT + timedelta(hours=3))
    mark = PelletMarked(
        lot_id="PELLET-2", mark="DM-7", furnace_load_id="L", tray=1, position=2, person="Li"
    )
    await speaker.say("sintering", mark, AT + timedelta(hours=4))

    async def whole() -> bool:
        return len((await get(client, "/record"))["items"]) == 7  # type: ignore[arg-type]

    await until(whole)
    history = (await get(client, "/lots/PELLET-1/history"))["items"]
    assert isinstance(history, list)
    kinds = [item["type"].split(".")[2] for item in history]
    assert kinds == ["sinter_run_ended", "genealogy_recorded"]
    assert history[0]["data"]["job_order_ids"] == [sintered.job_order_id]
    [lot] = (await get(client, "/lots", search="pow"))["items"]  # type: ignore[misc]
    assert (lot["lot_id"], lot["quantity"], lot["origin"]) == ("POWDER", 500.0, "received")
    assert (await get(client, "/lots", search="%"))["items"] == []
    [pellet] = (await get(client, "/lots", search="dm-7"))["items"]  # type: ignore[misc]
    assert (pellet["lot_id"], pellet["mark"]) == ("PELLET-2", "DM-7")
    graph = await get(client, "/lots/POWDER/genealogy", direction="forward")
    assert {node["lot_id"]: node["mark"] for node in graph["nodes"]} == {  # type: ignore[attr-defined]
        "POWDER": None,
        "PELLET-1": None,
        "PELLET-2": "DM-7",
    }


async def test_genealogy_over_http_has_the_agreed_shape(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    await speaker.say("execution", registered("POWDER"), AT)
    await speaker.say("execution", made(["POWDER"], ["P1", "P2"]), AT)
    await speaker.say("execution", made(["GLUE"], [], ["P1"]), AT)
    await speaker.say("execution", made(["P1", "FOIL", "FOIL"], ["CELL"]), AT)

    async def known() -> bool:
        return (await client.get("/lots/CELL/genealogy")).status_code == 200

    await until(known)
    graph = await get(client, "/lots/CELL/genealogy")
    nodes, edges = graph["nodes"], graph["edges"]
    assert isinstance(nodes, list)
    assert isinstance(edges, list)
    assert {node["lot_id"]: node["rank"] for node in nodes} == {
        "POWDER": 0,
        "GLUE": 0,
        "FOIL": 0,
        "P1": 1,
        "CELL": 2,
    }
    assert {"from": "FOIL", "to": "CELL", "quantity": 2.0, "unit": "1"} in edges
    cell = next(node for node in nodes if node["lot_id"] == "CELL")
    assert (cell["operation"], cell["material_definition_id"]) == ("stack", "m")
    powder = next(node for node in nodes if node["lot_id"] == "POWDER")
    assert (powder["operation"], powder["quantity"], powder["unit"]) == (None, 500.0, "g")
    forward = await get(client, "/lots/POWDER/genealogy", direction="forward")
    assert [node["lot_id"] for node in forward["nodes"]] == ["POWDER", "P1", "P2", "CELL"]  # type: ignore[attr-defined]
    both = await get(client, "/lots/P1/genealogy", direction="both")
    assert {node["lot_id"] for node in both["nodes"]} == {"POWDER", "GLUE", "P1", "CELL"}  # type: ignore[attr-defined]
    assert (await client.get("/lots/NONE/genealogy")).status_code == 404


async def fill(database: Database, lots: int, seed: int) -> set[tuple[str, str]]:
    """Record a random plant's genealogy, with a circle that wrong data made; return its edges."""
    draw = random.Random(seed)
    pairs = set()
    async with database.begin() as tx:
        for child in range(1, lots):
            parents = draw.sample(range(child), min(child, draw.randint(0, 3)))
            pairs |= {(f"L{parent}", f"L{child}") for parent in parents}
            await add(tx, made([f"L{parent}" for parent in parents], [f"L{child}"]))
        await add(tx, made(["L9"], ["L3"]))
    return pairs | {("L9", "L3")}


async def add(tx: object, event: GenealogyRecorded) -> None:
    wrapped = envelope(event, service="execution", time=AT)
    await workflow.take_genealogy(tx, wrapped, event)  # type: ignore[arg-type]
    numbered = wrapped.model_copy(update={"sequence": next(NUMBERS)})
    await workflow.keep(tx, [(numbered, event)])  # type: ignore[arg-type]


NUMBERS = iter(range(1, 1_000_000))


def closure(lot_id: str, pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return all edges below a lot, by plain search."""
    found: set[tuple[str, str]] = set()
    reached, waiting = {lot_id}, [lot_id]
    while waiting:
        here = waiting.pop()
        for pair in {pair for pair in pairs if pair[0] == here}:
            found.add(pair)
            if pair[1] not in reached:
                reached.add(pair[1])
                waiting.append(pair[1])
    return found


async def test_genealogy_by_sql_is_that_of_a_plain_search(database: Database) -> None:
    pairs = await fill(database, 40, seed=1)
    upside_down = {(child, parent) for parent, child in pairs}
    async with database.quiet() as tx:
        for number in range(40):
            lot_id = f"L{number}"
            below = closure(lot_id, pairs)
            above = {(a, b) for b, a in closure(lot_id, upside_down)}
            for direction, expected in (
                ("forward", below),
                ("backward", above),
                ("both", below | above),
            ):
                graph = await workflow.genealogy(tx, lot_id, direction)  # type: ignore[arg-type]
                assert {(edge["from"], edge["to"]) for edge in graph["edges"]} == expected
                lots = {lot_id, *(end for pair in expected for end in pair)}
                assert {n["lot_id"]: n["rank"] for n in graph["nodes"]} == ranks(lots, expected)


async def test_genealogy_of_three_hundred_steps_is_found_whole(database: Database) -> None:
    async with database.begin() as tx:
        for number in range(300):
            await add(tx, made([f"C{number}"], [f"C{number + 1}"]))
    async with database.quiet() as tx:
        graph = await workflow.genealogy(tx, "C300", "backward")
    assert len(graph["edges"]) == 300
    assert graph["nodes"][-1]["rank"] == 300


async def test_unknown_lot_is_not_found(database: Database) -> None:
    async with database.quiet() as tx:
        with pytest.raises(NotFoundError, match="lot X is not known here"):
            await workflow.history(tx, "X")


@pytest.mark.parametrize(
    "statement", ["UPDATE {0} SET {1} = DEFAULT", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
@pytest.mark.parametrize("table", ["record", "seal", "seal_key"])
async def test_record_and_seals_refuse_every_change(
    database: Database, table: str, statement: str
) -> None:
    with pytest.raises(DBAPIError, match=f"{table} is for adding only"):
        async with database.begin() as tx:
            column = "key_id" if table == "seal_key" else "position"
            await tx.execute(text(statement.format(table, column)))


@pytest.mark.parametrize("table", ["record", "seal", "seal_key"])
async def test_who_owns_the_record_as_a_plain_account_lacks_the_right_to_change_it(
    new_database: Callable[[], str], table: str
) -> None:
    """Also where somebody has removed the triggers."""
    database, account = Database(new_database()), f"plain_{uuid.uuid4().hex[:8]}"
    async with database.begin() as tx:
        await tx.execute(text(f"CREATE ROLE {account} LOGIN PASSWORD 'plain'"))
        await tx.execute(text(f"GRANT ALL ON SCHEMA public TO {account}"))
    url = database.url.replace("://halite@", f"://{account}:plain@")
    await asyncio.to_thread(migrate, url, MIGRATIONS)
    plain = Database(url)
    await keep(plain, 3)
    async with plain.begin() as tx:
        await tx.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
    with pytest.raises(DBAPIError, match=f"permission denied for table {table}"):
        async with plain.begin() as tx:
            await tx.execute(text(f"DELETE FROM {table}"))
    await plain.close()
    async with database.begin() as tx:
        await tx.execute(text(f"DROP OWNED BY {account}"))
        await tx.execute(text(f"DROP ROLE {account}"))
    await database.close()


async def test_record_leaves_the_plant_as_an_export_and_proofs_that_verify_offline(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    for number in range(30):
        await speaker.say("execution", held(f"LOT-{number % 3}"), AT)

    async def all_sealed() -> bool:
        return (await get(client, "/record/verify"))["sealed_count"] == 30

    await until(all_sealed)
    verdict, keys = await get(client, "/record/verify"), await get(client, "/seals/keys")
    key_id = str(keys["newest"])
    assert (verdict["ok"], verdict["signed_count"]) == (True, verdict["seal_count"])
    assert verdict["key_ids"] == [key_id]
    export = (await client.get("/record/export")).content
    check = Verification(key_id)
    lines = list(check.read(export.splitlines(keepends=True)))
    assert check.found.fault is None
    assert (len(lines), check.found.root.hex()) == (30, verdict["root_sha256"])
    proof = (await client.get("/lots/LOT-1/proof")).content
    found = verified(proof, key_id)
    assert [columns[5] for columns in found["records"]] == ["LOT-1"] * 10
    assert (await client.get("/lots/NONE/proof")).status_code == 404


@pytest.fixture
async def sealer(database: Database, tmp_path: Path) -> AsyncIterator[Sealer]:
    """The sealer of a service that does not run."""
    settings = TraceSettings(
        service="trace",
        port=1,
        database_url=database.url,
        plant_file=plant_file(tmp_path),
        data_dir=tmp_path,
        service_urls=dict.fromkeys(SOURCES, "http://127.0.0.1:1"),
    )
    service = build(settings)
    yield Sealer(service, 1.0)
    await service.http.aclose()
    await service.database.close()


async def keep(database: Database, count: int) -> None:
    async with database.begin() as tx:
        for _ in range(count):
            event = held("LOT")
            wrapped = envelope(event, service="execution", time=AT)
            numbered = wrapped.model_copy(update={"sequence": next(NUMBERS)})
            await workflow.keep(tx, [(numbered, event)])


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("UPDATE record SET body = replace(body, 'leak', 'seal') WHERE position = 7", 7),
        ("UPDATE record SET time = time + interval '1 second' WHERE position = 12", 12),
        ("DELETE FROM record_lot WHERE position = 4; DELETE FROM record WHERE position = 4", 4),
        ("UPDATE record r SET body = o.body FROM record o WHERE r.position + o.position = 31", 11),
        ("UPDATE seal SET root = sha256('x') WHERE position = 10", 6),
        ("UPDATE seal SET signature = sha256('x') WHERE position = 15", 11),
        ("UPDATE seal SET signature = NULL, key_id = NULL WHERE position = 15", 11),
        ("UPDATE seal SET sealed_at = sealed_at - interval '1 hour' WHERE position = 5", 1),
    ],
)
async def test_change_behind_the_services_back_is_found(
    database: Database, sealer: Sealer, change: str, wrong: int
) -> None:
    for _ in range(4):
        await keep(database, 5)
        assert await sealer.seal() == 5
    async with database.begin() as tx:
        assert (await workflow.verify(tx))["ok"]
        for statement in (
            "SET LOCAL session_replication_role = replica",
            *change.split("; "),
        ):
            await tx.execute(text(statement))
    async with database.quiet() as tx:
        verdict = await workflow.verify(tx)
    assert (verdict["ok"], verdict["first_wrong_position"]) == (False, wrong)


async def test_sealer_waits_for_who_drew_a_lower_position_and_commits_later(
    database: Database, sealer: Sealer
) -> None:
    async def sealer_waits() -> bool:
        async with database.quiet() as other:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            return bool(await other.scalar(text(waiting)))

    async with database.begin() as late:
        event = held("LATE")
        wrapped = envelope(event, service="execution", time=AT)
        numbered = wrapped.model_copy(update={"sequence": next(NUMBERS)})
        await workflow.keep(late, [(numbered, event)])
        await keep(database, 1)
        sealing = asyncio.create_task(sealer.seal())
        await until(sealer_waits)
        assert not sealing.done()
    assert await sealing == 2
    async with database.quiet() as tx:
        assert (await workflow.verify(tx))["ok"]


async def post(
    client: httpx.AsyncClient, path: str, body: dict[str, object], key: str
) -> httpx.Response:
    return await client.post(path, json=body, headers={"idempotency-key": key})


async def test_recall_is_looked_at_first_ordered_in_one_step_and_sealed(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    await speaker.say("execution", made(["POWDER"], ["P1", "P2"]), AT)
    await speaker.say("execution", made(["P1"], ["CELL"]), AT)
    glue = {"kind": "equipment", "node_id": "pilot/dryroom"}

    async def known() -> bool:
        return (await client.get("/lots/CELL/genealogy")).status_code == 200

    await until(known)
    shown = await get(client, "/recalls/dry-run", kind="lot", node_id="P1")
    assert [lot["lot_id"] for lot in shown["lots"]] == ["CELL", "P1"]  # type: ignore[attr-defined]
    assert (await get(client, "/recalls"))["items"] == []
    order = {
        "kind": "lot",
        "node_id": "P1",
        "person": "Li Na",
        "reason": "crack",
        "seen_sha256": shown["sha256"],
    }
    stale = await post(client, "/recalls", order | {"seen_sha256": "0" * 64}, "key-stale")
    assert (stale.status_code, stale.json()["current"]["lot_count"]) == (409, 2)
    given = await post(client, "/recalls", order, "key-order")
    assert given.status_code == 201, given.text
    again = await post(client, "/recalls", order, "key-order")
    assert again.json() == given.json()
    assert len((await get(client, "/recalls"))["items"]) == 1  # type: ignore[arg-type]
    recall_id = given.json()["recall_id"]
    await speaker.say("execution", made(["CELL"], ["PACK"]), AT)

    async def widened() -> bool:
        return (await get(client, f"/recalls/{recall_id}"))["lot_count"] == 3

    await until(widened)
    end = {"person": "Li Na", "reason": "no crack"}
    path = f"/recalls/{recall_id}/end"
    ended = await post(client, path, end, "key-end-1")
    assert ended.json() == {"recall_id": recall_id, "lot_count": 3}
    assert (await post(client, path, end, "key-end-1")).json() == ended.json()
    assert (await post(client, path, end, "key-end-2")).status_code == 409
    assert (await post(client, "/recalls/recall-99/end", end, "key-end-3")).status_code == 404

    async def own_in_the_record() -> bool:
        items = (await get(client, "/record", limit=1000))["items"]
        assert isinstance(items, list)
        own = [one["type"].split(".")[2] for one in items if one["source"] == "trace"]
        return own == ["lots_recalled", "lots_recalled", "recall_ended"]

    await until(own_in_the_record)
    wide = await get(client, "/recalls/dry-run", **glue)  # type: ignore[arg-type]
    assert wide["lot_count"] == 4
    nothing = await client.get("/recalls/dry-run", params={"kind": "fixture", "node_id": "F"})
    assert nothing.status_code == 404
    around = (await get(client, "/lots/CELL/circumstances"))["items"]
    assert ("recipe", "stack@1") in {(one["kind"], one["node_id"]) for one in around}  # type: ignore[attr-defined]


FURNACE = "pilot/furnaces/heat/furnace-1"
HYGROMETER = "pilot/dryroom/air/dryroom-1/dew_point_1_degc"


def heated(job_order_id: str, hours: int, *lot_ids: str) -> JobOrderEnded:
    """Return the end of a heat treatment whose parts stood side by side on the first tray."""
    stood = [
        PartPlace(lot_id=lot_id, furnace_load_id=f"L-{job_order_id}", tray=1, position=number)
        for number, lot_id in enumerate(lot_ids, start=1)
    ]
    return JobOrderEnded(
        job_order_id=job_order_id,
        lot_id="PEL",
        work_request_id="W-1",
        product_id="nvp-coin",
        operation="sinter",
        state="ended",
        equipment_id=FURNACE,
        recipe_id="sinter",
        recipe_version=1,
        started_at=AT + timedelta(hours=hours),
        ended_at=AT + timedelta(hours=hours + 1),
        materials=tuple(
            Material(
                lot_id=lot_id,
                material_definition_id="ose_pellet",
                quantity=1,
                unit="count",
                use="processed",
            )
            for lot_id in lot_ids
        ),
        places=tuple(stood),
    )


def says_version(version: str, hours: int) -> EquipmentStateChanged:
    return EquipmentStateChanged(
        equipment_id=FURNACE,
        state="standby",
        data_quality="good",
        reason=None,
        changed_at=AT + timedelta(hours=hours),
        software_version=version,
    )


def operated(person: str | None, hours: int) -> OperatorChanged:
    at = AT + timedelta(hours=hours)
    return OperatorChanged(equipment_id=FURNACE, operator=person, changed_at=at, by="Li Na (li.na)")


async def test_a_recall_starts_from_place_sensor_operator_version_and_window_of_a_station(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    for hours, event in (
        (0, says_version("2.1", 0)),
        (1, operated("Li Na (li.na)", 1)),
        (3, heated("J-1", 2, "P1", "P2")),
        (4, operated(None, 4)),
        (5, says_version("2.2", 5)),
        (7, heated("J-2", 6, "P3", "P4")),
    ):
        await speaker.say("sintering", event, AT + timedelta(hours=hours))
    glue = made(["NAPF6"], ["GLUE"]).model_copy(update={"persons": ("Ada (ada)",)})
    await speaker.say("spray", glue, AT)
    open_air = ExposureEvaluated(
        lot_id="CELL",
        work_request_id="W-1",
        state="within",
        minutes=1.0,
        budget_minutes=60.0,
        dose_ppm_h=0.1,
        budget_dose_ppm_h=10.0,
        reason=None,
        sensors=(HYGROMETER,),
    )
    await speaker.say("quality", open_air, AT)
    await speaker.say("execution", made(["P3"], ["CELL"]), AT + timedelta(hours=9))

    async def found(kind: str, node_id: str, **window: str) -> list[str]:
        params = {"kind": kind, "node_id": node_id, **window}
        reply = await client.get("/recalls/dry-run", params=params)
        return [lot["lot_id"] for lot in reply.json().get("lots", [])]

    async def known() -> bool:
        return await found("lot", "P3") == ["CELL", "P3"] and await found("lot", "CELL") == ["CELL"]

    await until(known)
    shown: dict[str, list[str]] = {}

    async def all_there() -> bool:
        for kind, node_id in (
            ("furnace_place", f"{FURNACE}/1/2"),
            ("furnace_place", f"{FURNACE}/1"),
            ("sensor", HYGROMETER),
            ("sensor", f"{FURNACE}/zone_temperature_degc"),
            ("operator", f"{FURNACE}@Li Na (li.na)"),
            ("person", "Li Na (li.na)"),
            ("person", "Ada (ada)"),
            ("software", "2.1"),
            ("software", f"{FURNACE}@2.2"),
            ("operator", FURNACE),
        ):
            shown[f"{kind} {node_id}"] = await found(kind, node_id)
        return all(shown.values())

    await until(all_there)
    assert list(shown.values()) == [
        ["P2", "P4"],
        ["CELL", "P1", "P2", "P3", "P4"],
        ["CELL"],
        ["CELL", "P1", "P2", "P3", "P4", "PEL"],
        ["P1", "P2", "PEL"],
        ["P1", "P2", "PEL"],
        ["GLUE"],
        ["P1", "P2", "PEL"],
        ["CELL", "P3", "P4", "PEL"],
        ["P1", "P2", "PEL"],
    ]
    window = {
        "from_at": (AT + timedelta(hours=5)).isoformat(),
        "to_at": (AT + timedelta(hours=6, minutes=30)).isoformat(),
    }
    assert await found("equipment", FURNACE, **window) == ["CELL", "P3", "P4", "PEL"]
    assert await found("furnace_place", f"{FURNACE}/1/1", **window) == ["CELL", "P3"]
    strange = {"kind": "sensor", "node_id": "a/b/c/d/e"}
    assert (await client.get("/recalls/dry-run", params=strange)).status_code == 404
    around = (await get(client, "/lots/P2/circumstances"))["items"]
    assert isinstance(around, list)
    places = [one["node_id"] for one in around if one["kind"] == "furnace_place"]
    assert places == [f"{FURNACE}/1/2"], "not where its neighbour stood"


async def test_whatever_an_event_names_is_found_by_a_part_of_it(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    stacked = made(["FOIL-7"], ["CELL-0042"], ["PELLET-0042"])
    await speaker.say("execution", registered("FOIL-7"), AT)
    await speaker.say("execution", stacked, AT)
    await speaker.say("quality", held("CELL-0042"), AT)

    async def search(text: str, **more: str) -> list[tuple[str, str]]:
        items = (await get(client, "/search", text=text, **more))["items"]
        return [(item["kind"], item["name"]) for item in items]  # type: ignore[attr-defined]

    async def sealed() -> bool:
        return len(await search("0042")) == 2

    await until(sealed)
    assert await search(" cell-0042\r") == [("lot", "CELL-0042")]  # as a scanner sends it
    assert await search("LAMIN") == [("equipment", "pilot/dryroom/assembly/laminator-1")]
    assert await search("stack") == [("recipe", "stack@1")]
    assert await search(stacked.job_order_id) == [("job_order", stacked.job_order_id)]
    assert await search("0042", kind="equipment") == []
    assert await search("%") == await search("00") == []  # too short to be looked for inside
    assert (await client.get("/search", params={"text": ""})).status_code == 422
    [cell] = (await get(client, "/search", text="cell-0042"))["items"]  # type: ignore[misc]
    assert (cell["material_definition_id"], cell["is_held"]) == ("m", True)


async def test_a_saved_query_gives_its_rows_as_json_and_csv_until_it_is_ended(
    client: httpx.AsyncClient, speaker: Speaker
) -> None:
    await speaker.say("execution", made(["FOIL-7"], ["CELL-1", "CELL-2"]), AT)
    await speaker.say("quality", held("CELL-2"), AT)

    async def kept() -> bool:
        return (await get(client, "/views/hold/rows"))["items"] != []

    await until(kept)
    headers = {"x-halite-person": "Li%20Na", "idempotency-key": "a-key-of-8"}
    query = {
        "name": "Held cells",
        "view": "lot",
        "columns": ["lot_id", "held_by"],
        "where": ["lot_id:contains:cell-", "held_by:is:known", "quantity:ge:1"],
        "order_by": "-lot_id",
    }
    saved = await client.post("/queries", json=query, headers=headers)
    assert saved.status_code == 201, saved.text
    [listed] = (await get(client, "/queries"))["items"]  # type: ignore[misc]
    assert (listed["name"], listed["person"]) == ("Held cells", "Li Na")
    rows = f"/queries/{saved.json()['query_id']}/rows"
    assert await get(client, rows) == {"items": [{"lot_id": "CELL-2", "held_by": "leak"}]}
    reply = await client.get(rows, params={"shape": "csv"})
    assert reply.text == "lot_id,held_by\r\nCELL-2,leak\r\n"
    again = headers | {"idempotency-key": "another-key"}
    taken = await client.post("/queries", json=query, headers=again)
    assert (taken.status_code, taken.json()["current"]["person"]) == (409, "Li Na")
    end = f"/queries/{saved.json()['query_id']}/end"
    assert (await client.post(end, headers=headers | {"idempotency-key": "the-end!"})).is_success
    assert (await client.get(rows)).status_code == 404


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"where": "lot_id"}, "write column:operator:value"),
        ({"where": "lot_id:like:x"}, "write column:operator:value"),
        ({"where": "weight:eq:1"}, "view lot has no column 'weight'"),
        ({"where": "quantity:eq:much"}, "'much' is not a number"),
        ({"where": "registered_at:lt:2026-01-05"}, "lacks its time zone"),
        ({"where": "held_by:is:nothing"}, "takes null or known"),
        ({"columns": "lot_id; DROP TABLE lot"}, "has no column 'lot_id; DROP TABLE lot'"),
        ({"order_by": "-quantity DESC"}, "has no column 'quantity DESC'"),
    ],
)
async def test_a_question_that_no_view_can_answer_is_refused(
    client: httpx.AsyncClient, question: dict[str, str], said: str
) -> None:
    reply = await client.get("/views/lot/rows", params=question)
    assert (reply.status_code, said in reply.json()["detail"]) == (422, True), reply.text


async def test_the_analysts_role_reads_the_views_as_they_are_described_and_nothing_else(
    database: Database,
) -> None:
    columns = """
        SELECT substr(table_name, 9), array_agg(column_name::text ORDER BY ordinal_position)
        FROM information_schema.columns WHERE table_name LIKE 'analyst%' GROUP BY table_name"""
    async with database.quiet() as tx:
        described = {view: names for view, names in await tx.execute(text(columns))}
        assert described == {view: list(names) for view, names in VIEWS.items()}
        await tx.execute(text("SET LOCAL ROLE halite_analyst"))
        for view in VIEWS:
            await tx.execute(text(f"SELECT * FROM analyst_{view}"))
    for forbidden in ("SELECT * FROM record", "DELETE FROM analyst_hold"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.quiet() as tx:
                await tx.execute(text("SET LOCAL ROLE halite_analyst"))
                await tx.execute(text(forbidden))
