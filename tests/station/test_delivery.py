"""Outbox, relay, broker, inbox: each event has its effect once and in order, whatever is cut."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Response
from sqlalchemy import text

from deploy.broker import Broker
from shared.app import supervise
from shared.bus import Bus
from shared.clock import wall_clock
from shared.commands import Command
from shared.db import Database, migrate
from shared.effects import Effects
from shared.envelope import Envelope
from shared.errors import ConflictError, NotFoundError
from shared.events import JobOrderHeld, LotHeld, LotHoldReleased
from shared.inbox import Inbox
from shared.outbox import BATCH, Outbox, Relay
from shared.transaction import Transaction
from tests.conftest import free_port
from tests.model.faults import KeepingBus


@dataclass
class Reader:
    """A service that keeps what it read."""

    inbox: Inbox
    database: Database
    seen: list[str] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)

    async def take(self, tx: Transaction, _: Envelope, event: LotHeld | JobOrderHeld) -> None:
        if event.lot_id in self.refuse:
            raise ValueError(f"cannot handle {event.lot_id}")
        await tx.execute(text("INSERT INTO kept (reason) VALUES (:reason)"), event.model_dump())
        self.seen.append(event.reason)

    async def kept(self) -> list[str]:
        async with self.database.quiet() as tx:
            return list(await tx.scalars(text("SELECT reason FROM kept ORDER BY id")))

    async def committed_cursor(self) -> int:
        return await self.inbox.readers[0].cursor()


@dataclass
class Line:
    """One service that says things, one that reads them, a broker between."""

    outbox: Outbox
    relay: Relay
    database: Database
    bus: Bus
    reader: Reader

    async def say(self, lot_id: str, *reasons: str) -> None:
        async with self.database.begin() as tx:
            events = [
                LotHeld(lot_id=lot_id, work_request_id=None, gate="g", reason=reason)
                for reason in reasons
            ]
            await self.outbox.record(tx, *events)


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


def database_at(url: str, no_migrations: Path) -> Database:
    migrate(url, no_migrations)
    return Database(url)


@pytest.fixture
async def line(
    new_database: Callable[[], str], own_broker: Broker, tmp_path: Path
) -> AsyncIterator[Line]:
    theirs, ours = database_at(new_database(), tmp_path), database_at(new_database(), tmp_path)
    outbox = Outbox("execution", "pilot", theirs, wall_clock())
    app = FastAPI()

    @app.get("/events")
    async def events(after: int, limit: int) -> Response:
        bodies = await outbox.after(after, limit)
        return Response(f'{{"items":[{",".join(bodies)}]}}', media_type="application/json")

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    bus_out, bus_in = Bus(own_broker.url, "says"), Bus(own_broker.url, "reads")
    async with httpx.AsyncClient() as http:
        reader = Reader(inbox=None, database=ours)  # type: ignore[arg-type]
        async with ours.begin() as tx:
            await tx.execute(
                text("CREATE TABLE kept (id serial PRIMARY KEY, reason text NOT NULL UNIQUE)")
            )
        reader.inbox = Inbox(
            site="pilot",
            database=ours,
            bus=bus_in,
            http=http,
            sources={"execution": f"http://127.0.0.1:{port}"},
            effects=Effects({LotHeld: reader.take, JobOrderHeld: reader.take}),
        )
        bus_out.start()
        bus_in.start()
        relay = Relay(theirs, bus_out)
        tasks = [asyncio.create_task(server.serve())]
        await until(lambda: server.started and bus_out.connected and bus_in.connected)
        tasks += [asyncio.create_task(_for_ever(relay.run))]
        tasks += [asyncio.create_task(_for_ever(one.run)) for one in reader.inbox.readers]
        yield Line(outbox, relay, theirs, bus_out, reader)
        server.should_exit = True
        await tasks[0]
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bus_out.stop()
        await bus_in.stop()
    await theirs.close()
    await ours.close()


async def _for_ever(run: Callable[[], object]) -> None:
    await supervise("test", run)  # type: ignore[arg-type]


async def test_events_arrive_once_and_in_order(line: Line) -> None:
    together: list[float] = []
    line.reader.inbox.readers[0].took = together.append
    wanted = [f"r{number}" for number in range(500)]
    for start in range(0, 500, 50):
        await line.say("L1", *wanted[start : start + 50])
    await until(lambda: len(line.reader.seen) >= 500)
    assert line.reader.seen == wanted
    assert sum(together) == 500 and max(together) > 1, "what waits together is applied together"


async def test_a_killed_broker_loses_nothing(line: Line, own_broker: Broker) -> None:
    await line.say("L1", "before")
    await until(lambda: line.reader.seen == ["before"])
    own_broker.child.kill()
    await line.say("L1", "while the broker was dead", "still dead")
    own_broker.start()
    await line.say("L1", "after")
    await until(lambda: len(line.reader.seen) >= 4)
    assert line.reader.seen == ["before", "while the broker was dead", "still dead", "after"]


async def test_an_event_that_was_published_again_has_no_second_effect(line: Line) -> None:
    await line.say("L1", "once")
    await until(lambda: line.reader.seen == ["once"])
    async with line.database.begin() as tx:
        await tx.execute(text("UPDATE relay SET sequence = 0 WHERE duty = 'publish'"))
    await line.say("L1", "next")
    await until(lambda: len(line.reader.seen) >= 2)
    assert line.reader.seen == ["once", "next"]


async def test_a_refused_event_is_set_aside_and_its_lot_waits_while_others_go_on(
    line: Line,
) -> None:
    line.reader.refuse = {"L1"}
    await line.say("L1", "first of L1")
    await line.say("L1", "second of L1")
    await line.say("L2", "first of L2")
    await until(lambda: line.reader.seen == ["first of L2"])
    aside = await line.reader.inbox.set_aside()
    assert [item.subject for item in aside] == ["L1", "L1"]
    assert "cannot handle L1" in aside[0].error
    line.reader.refuse = set()
    await line.reader.inbox.retry(aside[0].event_id)
    assert line.reader.seen == ["first of L2", "first of L1", "second of L1"]
    assert await line.reader.inbox.set_aside() == []


async def test_a_retry_that_fails_is_counted_with_its_newest_error(line: Line) -> None:
    line.reader.refuse = {"L1"}
    await line.say("L1", "first", "second")
    await until(lambda: line.reader.inbox.passed() == {"execution": 2})
    [first, second] = await line.reader.inbox.set_aside()
    assert (first.type, first.attempts, first.age_s < 60) == ("org.halite.lot_held.v1", 1, True)
    async with line.reader.database.begin() as tx:
        await tx.execute(text("INSERT INTO kept (reason) VALUES ('second')"))
    line.reader.refuse = set()
    with pytest.raises(ConflictError, match="still cannot be handled") as refused:
        await line.reader.inbox.retry(first.event_id)
    assert line.reader.seen == ["first"]
    [left] = await line.reader.inbox.set_aside()
    assert (left.event_id, left.attempts) == (second.event_id, 2)
    assert "duplicate key" in left.error
    assert refused.value.current == {
        "event_id": left.event_id,
        "attempts": 2,
        "error": left.error,
    }


async def test_events_that_wait_together_have_each_its_effect_though_one_cannot_be_handled(
    line: Line, own_broker: Broker
) -> None:
    line.reader.refuse = {"bad"}
    own_broker.child.kill()
    for number in range(60):
        await line.say("bad" if number == 30 else "good", f"r{number}")
    own_broker.start()
    await until(lambda: "r59" in line.reader.seen)
    assert await line.reader.kept() == [f"r{number}" for number in range(60) if number != 30]
    assert [item.sequence for item in await line.reader.inbox.set_aside()] == [31]


async def test_the_cursor_follows_events_that_nobody_wants(line: Line) -> None:
    free = LotHoldReleased(lot_id="L1", work_request_id=None, gate="g", reason="free")
    await line.say("L1", "first")
    async with line.database.begin() as tx:
        await line.outbox.record(tx, *[free] * 30)
    await line.say("L1", "last")
    await until(lambda: line.reader.seen == ["first", "last"])
    async with line.database.begin() as tx:
        await line.outbox.record(tx, *[free] * 5)
    async with asyncio.timeout(60):
        while await line.reader.committed_cursor() < 37:
            line.reader.inbox.readers[0].look_again()
            await asyncio.sleep(0.05)
    assert await line.reader.kept() == ["first", "last"]


async def test_another_job_order_of_a_lot_waits_behind_its_set_aside_event(line: Line) -> None:
    line.reader.refuse = {"L1"}
    await line.say("L1", "first of L1")
    held = JobOrderHeld(
        job_order_id="L1-seal",
        lot_id="L1",
        work_request_id="W",
        product_id="P",
        operation="seal",
        equipment_id=None,
        reason="second of L1",
        lot_ids=("L1",),
    )
    other = held.model_copy(update={"job_order_id": "L2-seal", "lot_id": "L2", "reason": "of L2"})
    async with line.database.begin() as tx:
        await line.outbox.record(tx, held, other)
    await until(lambda: line.reader.seen == ["of L2"])
    [first, second] = await line.reader.inbox.set_aside()
    assert (second.subject, second.error) == ("L1-seal", "waits for an earlier event")
    line.reader.refuse = set()
    await line.reader.inbox.retry(first.event_id)
    assert await line.reader.kept() == ["of L2", "first of L1", "second of L1"]


async def test_retrying_what_is_not_set_aside_is_not_found(line: Line) -> None:
    with pytest.raises(NotFoundError, match="is not set aside"):
        await line.reader.inbox.retry("00000000-0000-0000-0000-000000000000")


async def test_sequences_have_no_gap_though_transactions_roll_back(line: Line) -> None:
    for number in range(20):
        await line.say("L1", f"kept {number}")
        with pytest.raises(ZeroDivisionError):
            async with line.database.begin() as tx:
                lost = LotHeld(lot_id="L1", work_request_id=None, gate="g", reason="lost")
                await line.outbox.record(tx, lost)
                raise ZeroDivisionError
    await until(lambda: len(line.reader.seen) >= 20)
    bodies = await line.outbox.after(0, 100)
    sequences = [Envelope.model_validate_json(body).sequence for body in bodies]
    assert sequences == list(range(1, 21))


async def test_several_relays_number_and_publish_without_doubles(line: Line) -> None:
    others = [Relay(line.database, line.bus) for _ in range(3)]
    wanted = [f"r{number}" for number in range(300)]

    async def say_all() -> None:
        for reason in wanted:
            await line.say("L1", reason)

    async def relay_all(relay: Relay) -> None:
        for _ in range(60):
            await relay.number()
            await relay.publish()

    await asyncio.gather(say_all(), *(relay_all(relay) for relay in others))
    await until(lambda: len(line.reader.seen) >= 300)
    assert line.reader.seen == wanted


async def test_a_transaction_open_for_long_is_not_overtaken_by_a_later_one_of_its_lot(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    theirs, bus = database_at(new_database(), tmp_path), KeepingBus()
    outbox, relay = Outbox("execution", "pilot", theirs, wall_clock()), Relay(theirs, bus)  # type: ignore[arg-type]

    def held(reason: str) -> LotHeld:
        return LotHeld(lot_id="L1", work_request_id=None, gate="g", reason=reason)

    async def relayed(reason: str) -> None:
        async with theirs.begin() as tx:
            await outbox.record(tx, held(reason))
        await relay.number()
        await relay.pass_over()

    async with theirs.begin() as slow:
        await outbox.record(slow, *(held(f"slow {number}") for number in range(BATCH + 1)))
        for number in range(4):
            await relayed(f"quick {number}")
    for number in range(4, 8):
        await relayed(f"quick {number}")
    while (await relay.number()).event_count or await relay.publish():
        pass
    said = [Envelope.model_validate_json(body).event() for body in bus.log]
    quick = [f"quick {number}" for number in range(8)]
    wanted = quick[:4] + [f"slow {number}" for number in range(BATCH + 1)] + quick[4:]
    assert [event.reason for event in said if isinstance(event, LotHeld)] == wanted
    await theirs.close()


async def test_rows_that_nobody_can_still_be_writing_are_not_looked_at_again_after_a_restart(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    theirs, bus = database_at(new_database(), tmp_path), KeepingBus()
    outbox, relay = Outbox("execution", "pilot", theirs, wall_clock()), Relay(theirs, bus)  # type: ignore[arg-type]
    async with theirs.begin() as tx:
        event = LotHeld(lot_id="L1", work_request_id=None, gate="g", reason="r")
        await outbox.record(tx, event, event)
    await relay.number()
    for _ in range(3):
        await relay.pass_over()
    async with theirs.begin() as tx:
        passed_id = await tx.scalar(text("SELECT passed_id FROM relay WHERE duty = 'number'"))
        await tx.execute(text("UPDATE outbox SET sequence = NULL"))  # looked at, it would count
    assert passed_id == 2
    assert (await Relay(theirs, bus).number()).event_count == 0  # type: ignore[arg-type]
    async with theirs.begin() as tx:
        await outbox.record(tx, event)
    assert (await Relay(theirs, bus).number()).event_count == 1  # type: ignore[arg-type]
    await theirs.close()


async def test_the_oldest_event_that_waits_is_found_by_its_row_whatever_was_numbered(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    theirs, bus = database_at(new_database(), tmp_path), KeepingBus()
    outbox, relay = Outbox("execution", "pilot", theirs, wall_clock()), Relay(theirs, bus)  # type: ignore[arg-type]
    event = LotHeld(lot_id="L1", work_request_id=None, gate="g", reason="r")
    age = "UPDATE outbox SET recorded_at = clock_timestamp() - interval '1 hour' WHERE id = :id"
    assert await outbox.oldest_waiting_s() is None
    async with theirs.begin() as tx:
        await outbox.record(tx, event, event)
        await tx.execute(text(age), {"id": 1})
    for work in (relay.number, relay.publish, *[relay.pass_over] * 3):
        await work()
    assert await outbox.oldest_waiting_s() is None
    async with theirs.begin() as tx:
        await outbox.record(tx, event, event)
        await tx.execute(text(age), {"id": 3})
    for work in (relay.number, relay.publish):
        assert (await outbox.oldest_waiting_s() or 0) > 3599
        await work()
    assert await outbox.oldest_waiting_s() is None
    await theirs.close()


async def test_a_repeated_command_gets_the_first_answer(line: Line) -> None:
    calls: list[int] = []

    async def act(_: Transaction) -> dict[str, object]:
        calls.append(1)
        return {"at": datetime.now(UTC).isoformat()}

    first = await Command(line.database, "key-00001", "same").once(act)
    again = await Command(line.database, "key-00001", "same").once(act)
    assert first == again and len(calls) == 1
    with pytest.raises(ConflictError, match="key-00001 was used for another command") as refused:
        await Command(line.database, "key-00001", "other").once(act)
    assert refused.value.current is not None
    assert refused.value.current["answer"] == first


async def test_a_failed_command_leaves_its_key_free(line: Line) -> None:
    async def fail(_: Transaction) -> dict[str, object]:
        raise NotFoundError("nothing there")

    async def act(_: Transaction) -> dict[str, object]:
        return {"ok": True}

    with pytest.raises(NotFoundError):
        await Command(line.database, "key-00002", "same").once(fail)
    assert await Command(line.database, "key-00002", "same").once(act) == {"ok": True}
