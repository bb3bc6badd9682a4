"""The historian with a real database, broker, disk and dry room: nothing heard is lost or twice."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from deploy.broker import Broker
from services.historian.main import build
from services.historian.sealing import Sealing
from services.historian.settings import HistorianSettings
from services.historian.workflow import Historian
from shared.app import Service
from shared.bus import Bus, Message
from shared.clock import wall_clock
from shared.db import Database, migrate
from shared.errors import ConflictError
from shared.stations import Sample
from shared.telemetry import read, written
from shared.topics import all_telemetry, telemetry_topic
from simulators.machine import StationConfig
from simulators.physics.exposure import Room
from simulators.run import build_station
from simulators.station import Station
from simulators.world import World
from tests.conftest import free_port
from tests.station.bench import Ground
from tests.station.speaker import ROOT, plant_file, until

START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
SIGNAL = "temperature_degc"


class Plant:
    """One historian, not yet running, and a voice on its bus."""

    def __init__(self, service: Service, settings: HistorianSettings, bus: Bus) -> None:
        self.service, self.settings, self.bus = service, settings, bus
        transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://historian")
        self.site = service.plant.site
        self.equipment_id = f"{self.site}/powder/drying/dryer-1"

    def publish(self, first: int, values: list[float | None]) -> None:
        """Publish one sample a plant second, beginning with second `first`."""
        samples = [
            Sample(
                signal=SIGNAL,
                value=value,
                status="Good" if value is not None else "BadSensorFailure",
                source_at=START + timedelta(seconds=first + n),
            )
            for n, value in enumerate(values)
        ]
        topic = telemetry_topic(self.equipment_id, "values")
        self.bus.publish_soon(topic, written(self.equipment_id, samples))

    async def get(self, path: str, **params: Any) -> Any:
        reply = await self.http.get(path, params=params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def series(self, points: int = 2000, seconds: int = 3600, **more: Any) -> Any:
        asked = {
            "equipment_id": self.equipment_id,
            "signal": SIGNAL,
            "from": START.isoformat(),
            "to": (START + timedelta(seconds=seconds)).isoformat(),
            "points": points,
        }
        return await self.get("/series", **(asked | more))

    async def values(self) -> list[float | None]:
        return [point["value"] for point in (await self.series())["points"]]

    async def has(self, count: int) -> None:
        """Wait until so many rows are there."""

        async def there() -> bool:
            return bool((await self.series())["row_count"] >= count)

        await until(there)

    async def rows(self, sql: str) -> Any:
        async with self.service.database.quiet() as tx:
            return (await tx.execute(text(sql))).all()


@pytest.fixture
def silent_s() -> float:
    """After how many wall seconds a source is stale; so long that no slow machine gets there."""
    return 600.0


@pytest.fixture
async def plant(
    tmp_path: Path, broker: Broker, fresh_database: str, silent_s: float
) -> AsyncIterator[Plant]:
    await asyncio.to_thread(migrate, fresh_database, ROOT / "services/historian/migrations")
    settings = HistorianSettings(
        service="historian",
        port=1,
        database_url=fresh_database,
        mqtt_url=broker.url,
        plant_file=plant_file(tmp_path),
        data_dir=tmp_path,
        commit_every_s=0.1,
        seal_every_s=3600,
        seal_rows=100,
        silent_s=silent_s,
    )
    service = build(settings)
    bus = Bus(broker.url, f"voice-{service.plant.site}")
    bus.start()
    plant = Plant(service, settings, bus)
    yield plant
    await plant.http.aclose()
    await bus.stop()


@pytest.fixture
async def running(plant: Plant) -> AsyncIterator[Plant]:
    async with plant.service.running():

        async def both_up() -> bool:
            return plant.bus.connected and plant.service.bus.connected

        await until(both_up)
        await subscribed(plant)
        yield plant


async def subscribed(plant: Plant) -> None:
    """Wait until the broker passes telemetry on to the historian."""

    async def heard() -> bool:
        plant.bus.publish_soon(
            telemetry_topic(f"{plant.site}/a/b/probe", "values"),
            written(
                f"{plant.site}/a/b/probe",
                [Sample(signal="x", value=1.0, status="Good", source_at=START)],
            ),
        )
        return bool((await plant.get("/live"))["items"])

    await until(heard)


async def test_values_are_live_at_once_and_in_the_series_before_any_commit(running: Plant) -> None:
    running.publish(0, [20.0, 21.5, None])

    async def shown() -> Any:
        return (await running.get("/live", equipment_id=running.equipment_id))["items"]

    await until(shown)
    [live] = await shown()
    assert (live["value"], live["status"], live["unit"]) == (None, "BadSensorFailure", "°C")
    assert live["data_quality"] == "unknown"
    assert 0 <= live["age_s"] < 60
    await running.has(3)
    assert await running.values() == [20.0, 21.5, None]


async def test_series_is_the_same_from_memory_database_and_file(running: Plant) -> None:
    values: list[float | None] = [float(n % 17) for n in range(250)]
    for first in range(0, 250, 10):
        running.publish(first, values[first : first + 10])

    async def sealed() -> bool:
        return bool((await running.get("/files"))["items"])

    await running.has(250)
    assert await running.values() == values
    await until(sealed)
    assert await running.values() == values
    file = (await running.get("/files"))["items"][0]
    path = running.settings.data_dir / file["path"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
    table = duckdb.read_parquet(str(path)).fetchall()
    assert table == sorted(table, key=lambda row: row[:3])
    assert len(table) == file["row_count"]

    async def told() -> list[Any]:
        events = (await running.get("/events"))["items"]
        return [event["data"] for event in events if "file_sealed" in event["type"]]

    await until(told)
    said = (await told())[0]
    assert (said["path"], said["row_count"]) == (file["path"], file["row_count"])
    left = await running.rows("SELECT coalesce(sum(row_count), 0) FROM fresh_batch")
    assert left[0][0] + file["row_count"] <= 251


async def test_reduced_series_keeps_the_dip(running: Plant) -> None:
    values: list[float | None] = [20.0] * 400
    values[123] = -3.0
    running.publish(0, values)
    await running.has(400)
    series = await running.series(points=40, seconds=400)
    assert series["reduced"]
    assert len(series["points"]) <= 40
    assert [p["value"] for p in series["points"] if p["value"] != 20.0] == [-3.0]


@pytest.mark.parametrize("silent_s", [1.0])
async def test_silent_source_is_told_once_and_its_return_once(running: Plant) -> None:
    async def qualities() -> list[str]:
        events = (await running.get("/events", limit=1000))["items"]
        own = [event["data"] for event in events if event["subject"] == running.equipment_id]
        return [data["data_quality"] for data in own]

    running.publish(0, [20.0])

    async def stale() -> bool:
        return await qualities() == ["good", "stale"]

    await until(stale)
    running.publish(1, [20.0])

    async def back() -> bool:
        return (await qualities())[:3] == ["good", "stale", "good"]

    await until(back)
    live = (await running.get("/live", equipment_id=running.equipment_id))["items"]
    assert live[0]["source_at"] == (START + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")


async def test_rubbish_on_the_bus_is_refused_and_the_rest_goes_on(running: Plant) -> None:
    topic = telemetry_topic(running.equipment_id, "values")
    for rubbish in ("", "[]", '{"equipment_id": 1, "samples": []}', '{"samples": [{}]}'):
        running.bus.publish_soon(topic, rubbish)
    running.publish(0, [20.0])
    await running.has(1)


async def test_start_removes_files_outside_the_catalogue_and_keeps_the_others(plant: Plant) -> None:
    folder = plant.settings.data_dir / "timeseries" / "2026-01-05"
    folder.mkdir(parents=True)
    for name in ("kept.parquet", "stray.parquet", "unfinished.tmp"):
        (folder / name).write_bytes(b"x")
    async with plant.service.database.begin() as tx:
        await tx.execute(
            text("""
                INSERT INTO sealed_file VALUES
                ('timeseries/2026-01-05/kept.parquet', 1, 1, now(), now(), '', now())""")
        )
    async with plant.service.running():
        assert [path.name for path in folder.iterdir()] == ["kept.parquet"]


async def test_file_lost_from_the_disk_is_named(running: Plant) -> None:
    async with running.service.database.begin() as tx:
        await tx.execute(
            text("INSERT INTO sealed_file VALUES ('timeseries/a/b.parquet', 1, 1, :a, :a, '', :a)"),
            {"a": START},
        )
    reply = await running.http.get(
        "/series",
        params={
            "equipment_id": "x",
            "signal": "y",
            "from": START.isoformat(),
            "to": (START + timedelta(hours=1)).isoformat(),
        },
    )
    assert reply.status_code == 500
    assert "b.parquet is in the catalogue but not on disk" in reply.json()["detail"]


def message(
    plant: Plant, first: int, count: int, acknowledge: Callable[[], None] = lambda: None
) -> Message:
    samples = [
        Sample(signal=SIGNAL, value=1.0 * n, status="Good", source_at=START + timedelta(seconds=n))
        for n in range(first, first + count)
    ]
    payload = written(plant.equipment_id, samples).encode()
    return Message(topic="t", payload=payload, acknowledge=acknowledge)


async def test_rows_wait_in_memory_while_they_cannot_be_committed(plant: Plant) -> None:
    historian = Historian(plant.service, plant.settings)
    historian.take(message(plant, 0, 3))
    async with plant.service.database.begin() as tx:
        await tx.execute(text("ALTER TABLE fresh_batch RENAME TO away"))
    with pytest.raises(ProgrammingError):
        await historian.commit()
    historian.take(message(plant, 3, 2))
    async with plant.service.database.begin() as tx:
        await tx.execute(text("ALTER TABLE away RENAME TO fresh_batch"))
    await historian.commit()
    assert await plant.rows("SELECT row_count FROM fresh_batch") == [(5,)]
    await plant.service.database.close()


async def test_broker_may_forget_values_only_when_they_are_committed(plant: Plant) -> None:
    historian, forgotten = Historian(plant.service, plant.settings), []
    historian.take(message(plant, 0, 3, lambda: forgotten.append("first")))
    async with plant.service.database.begin() as tx:
        await tx.execute(text("ALTER TABLE fresh_batch RENAME TO away"))
    with pytest.raises(ProgrammingError):
        await historian.commit()
    historian.take(message(plant, 3, 2, lambda: forgotten.append("second")))
    assert forgotten == []
    async with plant.service.database.begin() as tx:
        await tx.execute(text("ALTER TABLE away RENAME TO fresh_batch"))
    await historian.commit()
    assert forgotten == ["first", "second"]
    unreadable = Message(topic="t", payload=b"-", acknowledge=lambda: forgotten.append("bad"))
    historian.take(unreadable)
    assert forgotten[-1] == "bad"
    await plant.service.database.close()


async def test_values_that_the_broker_gives_again_after_a_kill_are_sealed_once(
    plant: Plant,
) -> None:
    for _ in range(2):  # the first one was killed between its commit and its word to the broker
        historian = Historian(plant.service, plant.settings)
        historian.take(message(plant, 0, 25))
        await historian.commit()
    service = plant.service
    await Sealing(service.database, service.outbox, service.clock, plant.settings).seal()
    assert await plant.rows("SELECT row_count FROM sealed_file") == [(25,)]
    await plant.service.database.close()


async def test_memory_is_bounded_and_drops_the_oldest(plant: Plant) -> None:
    settings = plant.settings.model_copy(update={"buffer_rows": 10})
    historian = Historian(plant.service, settings)
    historian.take(message(plant, 0, 25))
    await historian.commit()
    assert await plant.rows("SELECT row_count, from_at FROM fresh_batch") == [
        (10, START + timedelta(seconds=15))
    ]
    await plant.service.database.close()


async def test_batches_sealed_by_another_are_not_sealed_again(
    plant: Plant, fresh_database: str
) -> None:
    historian = Historian(plant.service, plant.settings)
    historian.take(message(plant, 0, 5))
    await historian.commit()
    service = plant.service
    work = Sealing(service.database, service.outbox, service.clock, plant.settings)
    other = Database(fresh_database)
    async with other.begin() as tx:
        await tx.execute(text("SELECT * FROM fresh_batch FOR UPDATE"))
        sealing = asyncio.create_task(work.seal())

        async def waits() -> bool:
            found = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            return bool((await plant.rows(found))[0][0])

        await until(waits)
        await tx.execute(text("DELETE FROM fresh_batch"))
    with pytest.raises(ConflictError, match="another historian"):
        await sealing
    assert await plant.rows("SELECT count(*) FROM sealed_file") == [(0,)]
    await other.close()
    await plant.service.database.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 3},
        {"from": "2026-01-05T07:00:00"},
        {"from": "2027-01-05T07:00:00Z"},
        {"signal": ""},
    ],
)
async def test_question_that_makes_no_sense_is_refused(
    running: Plant, wrong: dict[str, str]
) -> None:
    asked = {"equipment_id": "x", "signal": "y", "to": "2026-01-06T00:00:00Z"}
    reply = await running.http.get("/series", params=asked | wrong)
    assert reply.status_code == 422


# --- the dry room ---

DRYROOM = """
[[station]]
equipment_id = "SITE/dryroom/room/dryroom-1"
kind = "dryroom"
service = "historian"
endpoint = "{endpoint}"
"""


@pytest.fixture
async def dryroom(bench_ground: Ground, tmp_path: Path) -> AsyncIterator[Station]:
    endpoint = f"opc.tcp://127.0.0.1:{free_port()}"
    world = World(tmp_path / "world.sqlite")
    config = StationConfig(name="dryroom-1", kind="dryroom", endpoint=endpoint)
    station = build_station(
        config, bench_ground.types, world, Room(7), wall_clock(), bench_ground.keys_dir
    )
    await station.start()
    yield station
    await station.stop()
    world.close()


async def test_dry_room_is_heard_by_everyone_and_its_loss_is_told(
    dryroom: Station, bench_ground: Ground, tmp_path: Path, broker: Broker, fresh_database: str
) -> None:
    await asyncio.to_thread(migrate, fresh_database, ROOT / "services/historian/migrations")
    settings = HistorianSettings(
        service="historian",
        port=1,
        database_url=fresh_database,
        mqtt_url=broker.url,
        plant_file=plant_file(tmp_path, DRYROOM.format(endpoint=dryroom.machine.config.endpoint)),
        data_dir=bench_ground.keys_dir,
        silent_s=3.0,
    )
    service = build(settings)
    plant = Plant(service, settings, Bus(broker.url, f"quality-{service.plant.site}"))
    heard: list[Sample] = []

    def take(message: Message) -> None:
        heard.extend(read(message.payload).samples)

    plant.bus.subscribe(all_telemetry(plant.site), take)
    plant.bus.start()
    async with service.running():

        async def all_live() -> bool:
            items = (await plant.get("/live"))["items"]
            return len(items) == 3 and all(item["data_quality"] == "good" for item in items)

        async def dew_point_heard() -> bool:
            return any(sample.signal == "dew_point_1_degc" for sample in heard)

        await until(all_live)
        await until(dew_point_heard)
        await dryroom.switch_fault("sensor_1_lost", 1.0)

        async def unknown() -> bool:
            items = (await plant.get("/live"))["items"]
            quality = {item["signal"]: item["data_quality"] for item in items}
            return quality["dew_point_1_degc"] == "unknown" and quality[SIGNAL] == "good"

        await until(unknown)
        await dryroom.stop()

        async def stale() -> bool:
            items = (await plant.get("/live"))["items"]
            return all(item["data_quality"] == "stale" for item in items)

        await until(stale)
    await plant.http.aclose()
    await plant.bus.stop()
