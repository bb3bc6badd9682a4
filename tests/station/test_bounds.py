"""What is kept and what waits has a bound: answers to commands, messages, publishes refused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Response
from sqlalchemy import text
from structlog.testing import capture_logs

from deploy.broker import Broker, configuration
from deploy.processes import start_and_wait
from shared.app import supervise
from shared.bus import Bus, Message
from shared.clock import wall_clock
from shared.commands import FORGOTTEN_TOGETHER, KEPT_DAYS, Command, forget_commands
from shared.db import Database, migrate
from shared.effects import Effects
from shared.envelope import Envelope
from shared.errors import ServiceUnreachableError
from shared.events import LotHeld
from shared.outbox import Outbox, Relay
from shared.reader import MOST_WAITING, SourceReader
from shared.tasks import end_all
from shared.transaction import Transaction
from tests.model.faults import KeepingBus

HELD = LotHeld(lot_id="L1", work_request_id=None, gate="g", reason="r")


@pytest.fixture
async def database(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Database]:
    url = new_database()
    migrate(url, tmp_path)
    made = Database(url)
    yield made
    await made.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


async def test_answers_to_commands_are_kept_for_thirty_days_and_then_forgotten(
    database: Database,
) -> None:
    old = """
        INSERT INTO command (key, fingerprint, answer, given_at)
        SELECT 'old-' || n, 'same', '{}', now() - make_interval(days => :days, secs => 60)
        FROM generate_series(1, :count) AS n"""
    young = """
        INSERT INTO command (key, fingerprint, answer, given_at)
        VALUES ('young', 'same', '{"n": 1}', now() - make_interval(days => :days, secs => -600))"""
    count = 2 * FORGOTTEN_TOGETHER + 1
    async with database.begin() as tx:
        await tx.execute(text(old), {"days": KEPT_DAYS, "count": count})
        await tx.execute(text(young), {"days": KEPT_DAYS})
    assert await forget_commands(database) == count
    assert await forget_commands(database) == 0

    async def act(_: Transaction) -> dict[str, object]:
        return {"n": 2}

    assert await Command(database, "young", "same").once(act) == {"n": 1}
    assert await Command(database, "old-1", "same").once(act) == {"n": 2}


def restarted_without_the_right_to_publish(broker: Broker) -> None:
    broker.child.kill()
    rights = broker.folder / "rights"
    rights.write_text("topic read #\n")
    rights.chmod(0o644)
    told = configuration(broker.folder, broker.port)
    broker.config_path.write_text(f"{told}acl_file {rights}\n")
    start_and_wait(broker.child, broker.is_ready, "The broker", 30.0)


async def test_a_publish_that_the_broker_refuses_is_told_and_does_not_count_as_delivered(
    database: Database, own_broker: Broker
) -> None:
    await asyncio.to_thread(restarted_without_the_right_to_publish, own_broker)
    bus = Bus(own_broker.url, "says")
    outbox, relay = Outbox("execution", "pilot", database, wall_clock()), Relay(database, bus)
    async with database.begin() as tx:
        await outbox.record(tx, HELD, HELD)
    await relay.number()
    bus.start()
    await until(lambda: bus.connected)
    refusal = pytest.raises(ServiceUnreachableError, match="lot_held: Not authorized; give")
    with capture_logs() as logs, refusal:
        await relay.publish()
    assert [line["event"] for line in logs] == ["publish refused"]
    assert await outbox.oldest_waiting_s() is not None
    await asyncio.to_thread(own_broker.child.kill)
    await until(lambda: not bus.connected)
    await asyncio.to_thread(own_broker.start)
    await until(lambda: bus.connected)
    assert await relay.publish() == 2
    assert await outbox.oldest_waiting_s() is None
    await bus.stop()


async def test_a_source_that_is_away_holds_up_no_message_and_is_read_when_it_is_back(
    new_database: Callable[[], str], database: Database, tmp_path: Path
) -> None:
    theirs_url = new_database()
    migrate(theirs_url, tmp_path)
    theirs, log = Database(theirs_url), KeepingBus()
    outbox, relay = Outbox("execution", "pilot", theirs, wall_clock()), Relay(theirs, log)  # type: ignore[arg-type]
    async with theirs.begin() as tx:
        await outbox.record(tx, *[HELD] * 120)
    for work in (relay.number, relay.publish):
        await work()
    taken: list[int | None] = []
    acknowledged: list[int] = []

    async def take(_: Transaction, envelope: Envelope, __: LotHeld) -> None:
        taken.append(envelope.sequence)

    up = asyncio.Event()
    app = FastAPI()

    @app.get("/events")
    async def events(after: int, limit: int) -> Response:
        if not up.is_set():
            return Response(status_code=503)
        items = ",".join(await outbox.after(after, limit))
        return Response(f'{{"items":[{items}]}}', media_type="application/json")

    def rung(number: int) -> Message:
        def acknowledge() -> None:
            acknowledged.append(number)

        return Message(topic="t", payload=log.log[number].encode(), acknowledge=acknowledge)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http:
        effects = Effects({LotHeld: take})
        reader = SourceReader("execution", "http://execution", database, http, effects)
        for number in range(100):  # before its first look at the source
            reader.ring(rung(number))
        assert len(acknowledged) == 100 - MOST_WAITING
        reading = asyncio.create_task(supervise("read", reader.run))
        await until(lambda: len(acknowledged) == 100)
        for number in range(100, 120):
            reader.ring(rung(number))
        assert len(acknowledged) == 120
        assert taken == []
        up.set()
        await until(lambda: len(taken) >= 120)
        await end_all([reading])
    assert taken == list(range(1, 121))
    await theirs.close()
