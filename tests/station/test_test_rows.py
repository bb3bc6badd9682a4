"""Rows of tests through a real historian: by source and sequence, sealed, answered, kept, ended."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import polars as pl
import pytest
from deltalake import DeltaTable
from sqlalchemy import text

from deploy.broker import Broker
from services.historian import retention
from services.historian.main import build
from services.historian.sealer import seal_in_other_process
from services.historian.sealing import Sealing
from services.historian.settings import HistorianSettings
from shared import testrows
from shared.app import Service
from shared.db import migrate
from tests.fault.historian import campaign
from tests.station.speaker import ROOT, plant_file
from tests.unit.test_test_rows import columns

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
TESTER = "pilot/formation/cycling/tester-1"


class Plant:
    """One historian, served but without its loops: a test seals when it wants to."""

    def __init__(self, service: Service, settings: HistorianSettings) -> None:
        self.service, self.settings = service, settings
        transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://historian")
        self.sealing = Sealing(service.database, service.outbox, service.clock, settings)

    async def put(
        self, source: str, sequence: int, body: bytes, sha256: str | None = None
    ) -> httpx.Response:
        """Send a batch under a key of its own, so that its sequence alone guards against twice."""
        headers = {"idempotency-key": uuid.uuid4().hex}
        path = f"/test-batches/{source}/{sequence}" + (f"?sha256={sha256}" if sha256 else "")
        return await self.http.post(path, content=body, headers=headers)

    async def get(self, path: str, **params: Any) -> Any:
        reply = await self.http.get(path, params=params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def post(self, path: str, key: str, body: dict[str, Any]) -> int:
        headers = {"idempotency-key": key}
        return (await self.http.post(path, json=body, headers=headers)).status_code

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.service.database.quiet() as tx:
            return [tuple(row) for row in (await tx.execute(text(sql))).all()]

    async def run(self, sql: str) -> None:
        async with self.service.database.quiet() as tx:
            await tx.execute(text(sql))


@pytest.fixture
async def plant(tmp_path: Path, broker: Broker, fresh_database: str) -> AsyncIterator[Plant]:
    await asyncio.to_thread(migrate, fresh_database, ROOT / "services/historian/migrations")
    settings = HistorianSettings(
        service="historian",
        port=1,
        database_url=fresh_database,
        mqtt_url=broker.url,
        plant_file=plant_file(tmp_path),
        data_dir=tmp_path / "data",
        seal_test_rows=1,
        register_every_s=0.001,
    )
    plant = Plant(build(settings), settings)
    yield plant
    await plant.http.aclose()
    await plant.service.http.aclose()
    await plant.service.database.close()


def batch(count: int = 8, series_id: str = "job-1", first: int = 1) -> bytes:
    return testrows.encode(testrows.table(columns(count, series_id, first)))


async def test_batches_of_a_source_are_taken_in_order_and_each_once(plant: Plant) -> None:
    first, second = batch(8), batch(4, first=9)
    assert (await plant.put("bts-1", 1, first)).json()["repeated"] is False
    assert (await plant.put("bts-1", 1, first)).json() == {
        "source": "bts-1",
        "sequence": 1,
        "repeated": True,
    }
    gap = await plant.put("bts-1", 3, second)
    assert (gap.status_code, gap.json()["current"]) == (409, {"sequence": 1})
    assert (await plant.put("bts-1", 2, second)).status_code == 201
    assert (await plant.put("bts-1", 1, first)).json()["repeated"] is True
    at = await plant.get("/test-batches/bts-1")
    assert (at["sequence"], at["row_count"]) == (2, 12)
    assert (await plant.get("/test-curve", series_id="job-1"))["row_count"] == 12


async def test_other_rows_under_the_same_number_are_refused(plant: Plant) -> None:
    await plant.put("bts-1", 1, batch(8))
    refused = await plant.put("bts-1", 1, batch(7))
    assert refused.status_code == 409
    assert "let no two senders have one name" in refused.json()["detail"]


async def test_a_batch_sent_by_many_at_once_is_taken_once(plant: Plant) -> None:
    body = batch(8)
    for sequence in range(1, 6):
        replies = await asyncio.gather(*(plant.put("bts-1", sequence, body) for _ in range(8)))
        assert [reply.status_code for reply in replies] == [201] * 8
        assert [reply.json()["repeated"] for reply in replies].count(False) == 1
    assert (await plant.get("/test-batches/bts-1"))["row_count"] == 40


@pytest.mark.parametrize("body", [b"", b"PAR1", batch()[:-100]])
async def test_rubbish_is_refused_and_moves_no_source(plant: Plant, body: bytes) -> None:
    assert (await plant.put("bts-1", 1, body)).status_code == 422
    assert (await plant.get("/test-batches/bts-1"))["sequence"] == 0


async def test_batch_that_is_not_as_it_was_sent_is_refused(plant: Plant) -> None:
    reply = await plant.put("a", 1, batch(), "0" * 64)
    assert reply.status_code == 422
    assert "damaged on its way" in reply.json()["detail"]


async def test_curve_figures_and_exports_are_the_same_fresh_and_sealed(plant: Plant) -> None:
    await plant.put("bts-1", 1, batch(8))
    await plant.put("bts-1", 2, batch(6, first=9))
    await plant.put("bts-1", 3, batch(8, "job-2"))

    async def said() -> list[Any]:
        return [
            await plant.get("/test-curve", series_id="job-1"),
            await plant.get("/test-cycles", series_id=["job-1", "job-2"], kept=False),
            (await plant.http.get("/test-rows?series_id=job-1&form=csv")).text,
            (await plant.http.get("/test-rows?series_id=job-1&form=bdf")).text,
        ]

    fresh = await said()
    await seal_in_other_process(plant.settings)
    assert await plant.rows("SELECT count(*) FROM test_batch") == [(0,)]
    assert await said() == fresh
    assert fresh[0]["columns"]["row"] == list(range(1, 15))
    await plant.put("bts-1", 4, batch(2, first=15))
    assert (await plant.get("/test-curve", series_id="job-1"))["columns"]["row"] == [*range(1, 17)]


async def test_kept_figures_are_those_of_the_rows_though_a_step_spans_files(plant: Plant) -> None:
    for sequence, first in enumerate((1, 4, 7, 10), 1):
        await plant.put("bts-1", sequence, batch(3, first=first))
        await plant.sealing.work()
    assert await plant.rows("SELECT count(*) FROM sealed_file") == [(4,)]
    kept = await plant.get("/test-cycles", series_id="job-1")
    assert kept == await plant.get("/test-cycles", series_id="job-1", kept=False)
    assert kept["items"]["job-1"] == {
        "cycle": [1, 2],
        "charge_mah": [0.75, 0.75],
        "discharge_mah": [0.75, None],
    }


async def test_unknown_test_is_not_found_and_a_lost_file_is_named(plant: Plant) -> None:
    reply = await plant.http.get("/test-curve?series_id=nothing")
    assert reply.status_code == 404
    await plant.put("bts-1", 1, batch())
    await plant.sealing.work()
    [path] = plant.settings.data_dir.rglob("*.parquet")
    path.unlink()
    reply = await plant.http.get("/test-curve?series_id=job-1")
    assert reply.status_code == 500
    assert "is in the catalogue but not on disk" in reply.json()["detail"]


async def test_no_row_is_lost_or_twice_when_service_and_sealer_are_killed(
    tmp_path: Path, broker: Broker, fresh_database: str
) -> None:
    checks = await campaign(fresh_database, broker.url, tmp_path, 2, random.Random(7))
    assert [check.violations for check in checks if check.violations] == []
    assert {check.name: check.count for check in checks}["kills of sealer"] == 1


# --- Delta ---


def from_delta(plant: Plant) -> tuple[int, float]:
    """Return rows and charge as another library finds files, and two other engines read them."""
    folder = str(plant.settings.data_dir / "testrows")
    table = DeltaTable(folder)
    paths = [f"{folder}/{name}" for name in table.to_pyarrow_dataset().files]
    frame = pl.read_parquet(paths)
    [found] = duckdb.sql(
        f"SELECT count(*), sum(capacity_mah) FROM read_parquet({paths})"
    ).fetchall()
    assert found == (frame.height, frame["capacity_mah"].sum())
    kinds = {field.name: str(field.type) for field in table.schema().fields}
    assert kinds["voltage_v"] == 'PrimitiveType("decimal(9,5)")'
    scanned = table.to_pyarrow_table(columns=["row"])
    assert scanned.num_rows == frame.height
    return frame.height, float(frame["capacity_mah"].sum())


async def test_sealed_files_are_read_as_a_delta_table_by_other_engines(plant: Plant) -> None:
    for sequence in (1, 2, 3):
        await plant.put("bts-1", sequence, batch(8, f"job-{sequence}"))
        await plant.sealing.work()
    assert from_delta(plant) == (24, 9.0)
    assert await plant.rows("SELECT DISTINCT registered FROM sealed_file") == [(True,)]


async def test_files_told_twice_to_delta_count_once(plant: Plant) -> None:
    await plant.put("bts-1", 1, batch(8))
    await plant.sealing.work()
    await plant.run("UPDATE sealed_file SET registered = false")
    await plant.sealing.tidy()
    assert len([*(plant.settings.data_dir / "testrows/_delta_log").iterdir()]) == 2
    assert from_delta(plant) == (8, 3.0)


# --- retention ---


def held_by(**what: str) -> dict[str, Any]:
    return {"hold_id": "claim-7", "person": "Ada", "reason": "a claim", **what}


@pytest.mark.parametrize("what", [{"lot_id": "CELL-1"}, {"equipment_id": TESTER}])
async def test_expired_files_end_unless_a_hold_keeps_them(
    plant: Plant, what: dict[str, str]
) -> None:
    for number, tester in ((1, TESTER), (2, "pilot/formation/cycling/tester-10")):
        await plant.put(f"bts-{number}", 1, batch(8, f"job-{number}"))
        series = {
            "series_id": f"job-{number}",
            "lot_id": f"CELL-{number}",
            "equipment_id": f"{tester}/1-1-1",
            "started_at": AT.isoformat(),
        }
        assert await plant.post("/test-series", f"series-key-{number}", series) == 201
        await plant.sealing.work()
    assert await plant.post("/retention-holds", "hold-key-1", held_by(**what)) == 201
    policy = plant.settings.model_copy(update={"keep_tests_days": 30.0})
    service = plant.service
    work = Sealing(service.database, service.outbox, service.clock, policy)
    await work.tidy()
    assert await plant.rows("SELECT count(*) FROM removed_file") == [(0,)]
    old = AT - timedelta(days=1000)
    await plant.run(f"UPDATE sealed_file SET to_at = '{old.isoformat()}'")
    await work.tidy()
    assert await plant.rows("SELECT series_ids FROM sealed_file") == [(["job-1"],)]
    assert from_delta(plant) == (8, 3.0)
    assert (await plant.http.get("/test-curve?series_id=job-2")).status_code == 404
    assert len([*plant.settings.data_dir.rglob("*.parquet")]) == 2  # somebody may still read it
    ended = await plant.post("/retention-holds/claim-7/end", "hold-key-2", {"person": "Li"})
    assert ended == 200
    await work.tidy()
    assert from_delta_is_empty(plant)
    await plant.run("UPDATE removed_file SET removed_at = removed_at - interval '1 day'")
    await work.tidy()
    assert [*plant.settings.data_dir.rglob("*.parquet")] == []
    await work.remove_strays()
    removed = (await plant.get("/removed-files"))["items"]
    assert [(file["row_count"], file["on_disk"]) for file in removed] == [(8, False)] * 2


def from_delta_is_empty(plant: Plant) -> bool:
    table = DeltaTable(str(plant.settings.data_dir / "testrows"))
    return list(table.to_pyarrow_dataset().files) == []


async def test_telemetry_of_held_equipment_stays_and_of_other_ends(plant: Plant) -> None:
    for path, equipment in (("a", "x/y"), ("b", "x/y/z"), ("c", "x/yz"), ("d", None)):
        ids = "{}" if equipment is None else "{" + equipment + "}"
        await plant.run(
            f"""INSERT INTO sealed_file VALUES
            ('timeseries/2020/{path}', 1, 1, '2020-01-01', '2020-01-01', '', now(),
             'telemetry', '{ids}')"""
        )
    assert await plant.post("/retention-holds", "hold-key-1", held_by(equipment_id="x/y")) == 201
    async with plant.service.database.quiet() as tx:
        ended = await retention.end_expired(tx, "telemetry", AT)
    assert ended == ["timeseries/2020/c"]


@pytest.mark.parametrize("what", [{}, {"lot_id": "a", "equipment_id": "b"}, {"lot_id": ""}])
async def test_hold_of_nothing_or_of_two_things_is_refused(
    plant: Plant, what: dict[str, str]
) -> None:
    assert await plant.post("/retention-holds", "hold-key-1", held_by(**what)) == 422


async def test_hold_can_be_placed_and_ended_once(plant: Plant) -> None:
    body = held_by(lot_id="CELL-1")
    end = {"person": "Ada"}
    assert await plant.post("/retention-holds", "hold-key-1", body) == 201
    assert await plant.post("/retention-holds", "hold-key-1", body) == 201
    assert await plant.post("/retention-holds", "hold-key-2", body) == 409
    assert await plant.post("/retention-holds/claim-7/end", "hold-key-3", end) == 200
    assert await plant.post("/retention-holds/claim-7/end", "hold-key-4", end) == 404
    [hold] = (await plant.get("/retention-holds"))["items"]
    assert (hold["person"], hold["ended_by"]) == ("Ada", "Ada")
