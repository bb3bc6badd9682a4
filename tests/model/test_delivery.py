"""Outbox, relay and inbox on a real database: each effect once and in order, whoever dies when."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from shared.clock import wall_clock
from shared.db import Database, migrate
from shared.effects import Effects
from shared.envelope import Envelope
from shared.errors import ConflictError, RetryLaterError, ServiceUnreachableError
from shared.events import JobOrderHeld, LotHeld, LotHoldReleased
from shared.facts import Event
from shared.inbox import Inbox
from shared.outbox import Outbox, Relay
from shared.transaction import Transaction
from tests.model.conftest import budget
from tests.model.faults import FragileDatabase, KeepingBus, Line, ProcessDiedError, Source

LOTS = ("L1", "L2", "L3")
WITHIN_S = 60.0
Refusal = Literal["value", "sql", "later"]
Kind = Literal["lot", "job_order", "unwanted"]

lots = st.sampled_from(LOTS)
kinds = st.sampled_from(("lot", "lot", "job_order", "unwanted"))
fuses = st.none() | st.integers(0, 14)
picks = st.lists(st.integers(0, 40), min_size=1, max_size=6)
two = st.sampled_from((0, 1))


def said(kind: Kind, lot_id: str, number: int) -> Event:
    """Return the event with that number."""
    reason = f"{number}"
    if kind == "lot":
        return LotHeld(lot_id=lot_id, work_request_id=None, gate="g", reason=reason)
    if kind == "unwanted":
        return LotHoldReleased(lot_id=lot_id, work_request_id=None, gate="g", reason=reason)
    return JobOrderHeld(
        job_order_id=f"{lot_id}-seal-{number}",
        lot_id=lot_id,
        work_request_id="W",
        product_id="P",
        operation="seal",
        equipment_id=None,
        reason=reason,
        lot_ids=(lot_id,),
    )


@dataclass
class Reader:
    """One process that reads; several of them share a database."""

    database: FragileDatabase
    http: httpx.AsyncClient
    refused: dict[str, Refusal]
    line: Line = field(default_factory=Line)
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    inbox: Inbox | None = None
    task: asyncio.Task[None] | None = None

    async def take(self, tx: Transaction, _: Envelope, event: LotHeld | JobOrderHeld) -> None:
        """Keep the number of an event, unless its lot is refused now."""
        match self.refused.get(event.lot_id):
            case "value":
                raise ValueError(f"cannot handle {event.lot_id}")
            case "sql":
                await tx.execute(text("SELECT 1 / 0"))
            case "later":
                raise ServiceUnreachableError("not now")
        await tx.execute(text("INSERT INTO effect (said) VALUES (:reason)"), event.model_dump())

    def begin(self) -> Inbox:
        """Start as a new process would: nothing of an earlier one is left."""
        self.line = Line()
        self.inbox = Inbox(
            site="pilot",
            database=self.database,
            bus=self.line,  # type: ignore[arg-type]
            http=self.http,
            sources={"execution": "http://execution"},
            effects=Effects({LotHeld: self.take, JobOrderHeld: self.take}),
        )
        return self.inbox

    async def started(self, fuse: int | None) -> None:
        """Run it, until it has read all there is from the source or is dead."""
        self.database.fuse.steps_left = fuse
        self.caught_up.clear()
        self.task = asyncio.create_task(self.begin().readers[0].run())
        await self._until(self.caught_up.wait())

    async def deliver(self, payloads: list[str], fuse: int | None) -> None:
        """Ring with messages that arrive together, until all are acknowledged or it is dead."""
        self.database.fuse.steps_left = fuse
        taken = [asyncio.Event() for _ in payloads]
        for payload, one in zip(payloads, taken, strict=True):
            self.line.ring(payload, one.set)
        await self._until(asyncio.gather(*(one.wait() for one in taken)))

    async def look_again(self, fuse: int | None) -> None:
        """Let the broker come back, until all is read from the source or it is dead."""
        self.database.fuse.steps_left = fuse
        self.caught_up.clear()
        self.line.come_up()
        await self._until(self.caught_up.wait())

    async def _until(self, done: Any) -> None:
        if self.task is None:
            raise AssertionError("a process that was not started is waited for")
        waiting = asyncio.ensure_future(done)
        async with asyncio.timeout(WITHIN_S):
            await asyncio.wait({waiting, self.task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        self.database.fuse.steps_left = None
        if self.task.done():
            cause, self.task = self.task.exception(), None
            assert isinstance(cause, ProcessDiedError | RetryLaterError), cause

    async def end(self) -> None:
        """Stop it in order."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            self.task = None


@dataclass
class Ground:
    """What lasts from example to example: databases, processes, the bus."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    theirs: Database
    ours: Database
    relays: list[Relay]
    relay_databases: list[FragileDatabase]
    readers: list[Reader]
    outbox: Outbox
    bus: KeepingBus
    source: Source
    refused: dict[str, Refusal]

    async def reset(self) -> None:
        """Forget everything."""
        for reader in self.readers:
            await reader.end()
        async with self.theirs.quiet() as tx:
            await tx.execute(text("TRUNCATE outbox RESTART IDENTITY"))
            await tx.execute(text("UPDATE relay SET sequence = 0, passed_id = 0"))
        self.relays = new_relays(self.relay_databases, self.bus)
        async with self.ours.quiet() as tx:
            await tx.execute(text("TRUNCATE cursor, set_aside, effect RESTART IDENTITY"))
        self.bus.log.clear()
        self.bus.lost_after, self.source.away, self.source.page_size = None, False, 200
        self.refused.clear()

    async def close(self) -> None:
        """Let go of all connections."""
        for reader in self.readers:
            await reader.end()
            await reader.http.aclose()
        databases = [self.theirs, self.ours, *self.relay_databases]
        for database in databases + [reader.database for reader in self.readers]:
            await database.close()


def new_relays(databases: list[FragileDatabase], bus: KeepingBus) -> list[Relay]:
    return [Relay(database, bus) for database in databases]  # type: ignore[arg-type]


def make_ground(runner: asyncio.Runner, theirs: str, ours: str, no_migrations: Path) -> Ground:
    for url in (theirs, ours):
        migrate(url, no_migrations)
    said_by, read_by = Database(theirs), Database(ours)
    outbox = Outbox("execution", "pilot", said_by, wall_clock())
    bus, source = KeepingBus(), Source(outbox)
    refused: dict[str, Refusal] = {}
    relay_databases = [FragileDatabase(theirs) for _ in range(2)]

    async def prepare() -> list[Reader]:
        async with read_by.quiet() as tx:
            await tx.execute(text("CREATE TABLE effect (id serial PRIMARY KEY, said int)"))
        return [_reader(source, ours, refused) for _ in range(2)]

    return Ground(
        runner.run,
        said_by,
        read_by,
        new_relays(relay_databases, bus),
        relay_databases,
        runner.run(prepare()),
        outbox,
        bus,
        source,
        refused,
    )


def _reader(source: Source, url: str, refused: dict[str, Refusal]) -> Reader:
    caught_up = asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        reply = await source.answer(request)
        if reply.text == '{"items":[]}':
            caught_up.set()
        return reply

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Reader(FragileDatabase(url), http, refused, caught_up=caught_up)


class Delivery(RuleBasedStateMachine):
    """Everything that may happen between a transaction here and its effect there."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        self.run = ground.run
        self.written: dict[int, tuple[Kind, str]] = {}  # what each number said, of which lot
        self.open: list[tuple[AsyncExitStack, Transaction, list[int]]] = []
        self.committed: set[int] = set()
        self.numbered: list[int] = []  # numbers by sequence
        self.cursor = 0
        self.effects: list[int] = []
        self.aside: list[int] = []
        self.quiet_lots: set[str] = set()

    @initialize()
    def empty(self) -> None:
        self.run(self.ground.reset())

    # what the source does

    @precondition(lambda self: len(self.open) < 3)
    @rule()
    def begin(self) -> None:
        async def act() -> None:
            stack = AsyncExitStack()
            tx = await stack.enter_async_context(self.ground.theirs.begin())
            self.open.append((stack, tx, []))

        self.run(act())

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 2), what=st.lists(st.tuples(kinds, lots), min_size=1, max_size=3))
    def say(self, which: int, what: list[tuple[Kind, str]]) -> None:
        _, tx, numbers = self.open[which % len(self.open)]
        self.run(self._record(tx, numbers, what))

    @rule(what=st.lists(st.tuples(kinds, lots), min_size=1, max_size=4), times=st.integers(1, 12))
    def say_and_commit(self, what: list[tuple[Kind, str]], times: int) -> None:
        self._say_and_commit(what * times)

    def _say_and_commit(self, what: list[tuple[Kind, str]]) -> None:
        async def act() -> None:
            numbers: list[int] = []
            async with self.ground.theirs.begin() as tx:
                await self._record(tx, numbers, what)
            self.committed.update(numbers)

        self.run(act())

    async def _record(
        self, tx: Transaction, numbers: list[int], what: list[tuple[Kind, str]]
    ) -> None:
        events = []
        for kind, lot_id in what:
            number = len(self.written) + 1
            self.written[number] = (kind, lot_id)
            numbers.append(number)
            events.append(said(kind, lot_id, number))
        await self.ground.outbox.record(tx, *events)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 2))
    def commit(self, which: int) -> None:
        stack, _, numbers = self.open.pop(which % len(self.open))
        self.run(stack.aclose())
        self.committed.update(numbers)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 2))
    def roll_back(self, which: int) -> None:
        self.run(_roll_back(self.open.pop(which % len(self.open))[0]))

    # what the relays do

    @rule(which=two, fuse=fuses)
    def number(self, which: int, fuse: int | None) -> None:
        self._number(which, fuse)

    def _number(self, which: int, fuse: int | None) -> None:
        self.run(self._relay(which, fuse, self.ground.relays[which].number))
        self.check_numbers()

    @rule(which=two, fuse=fuses)
    def minutes_pass(self, which: int, fuse: int | None) -> None:
        """Let a relay forget, time after time, rows that nobody can still be writing."""
        relay = self.ground.relays[which]
        for work in (relay.number, relay.pass_over, relay.pass_over, relay.pass_over):
            self.run(self._relay(which, fuse, work))
        self.check_numbers()

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 2), relay=two, lot_id=lots)
    def be_open_for_minutes(self, which: int, relay: int, lot_id: str) -> None:
        """Let a transaction stay open while others commit, are numbered and grow old."""
        self.say(which, [("lot", lot_id)])
        self._say_and_commit([("lot", other) for other in LOTS if other != lot_id])
        self.minutes_pass(relay, None)
        self.commit(which)

    @rule(which=two, fuse=fuses, lost_after=st.none() | st.integers(0, 5))
    def publish(self, which: int, fuse: int | None, lost_after: int | None) -> None:
        self.ground.bus.lost_after = lost_after
        self.run(self._relay(which, fuse, self.ground.relays[which].publish))
        self.ground.bus.lost_after = None
        self.check_numbers()

    @rule(fuse=fuses)
    def both_relays(self, fuse: int | None) -> None:
        async def act() -> None:
            first, second = self.ground.relays
            calls = ((0, fuse, first.number), (1, None, second.number))
            await asyncio.gather(*(self._relay(*call) for call in calls))
            calls = ((0, fuse, first.publish), (1, None, second.publish))
            await asyncio.gather(*(self._relay(*call) for call in calls))

        self.run(act())
        self.check_numbers()

    async def _relay(
        self, which: int, fuse: int | None, work: Callable[[], Coroutine[Any, Any, Any]]
    ) -> None:
        burning = self.ground.relay_databases[which].fuse
        burning.steps_left = fuse
        with suppress(ProcessDiedError, RetryLaterError):
            await work()
        burning.steps_left = None

    def check_numbers(self) -> None:
        """Numbers have no gap, never change, keep the order of writing; messages stand in order."""

        async def rows() -> list[tuple[int, int | None]]:
            async with self.ground.theirs.quiet() as tx:
                statement = "SELECT body::jsonb #>> '{data,reason}', sequence FROM outbox"
                found = await tx.execute(text(statement))
                return [(int(reason), sequence) for reason, sequence in found]

        found = self.run(rows())
        assert {number for number, _ in found} == self.committed
        by_sequence = {sequence: number for number, sequence in found if sequence is not None}
        assert sorted(by_sequence) == list(range(1, len(by_sequence) + 1))
        numbered = [by_sequence[sequence] for sequence in sorted(by_sequence)]
        assert numbered[: len(self.numbered)] == self.numbered
        fresh = numbered[len(self.numbered) :]
        assert fresh == sorted(fresh)
        self.numbered = numbered
        highest = 0
        for payload in self.ground.bus.log:
            sequence = Envelope.model_validate_json(payload).sequence or 0
            assert sequence <= highest + 1
            highest = max(highest, sequence)

    # what the readers do

    @rule(which=two, fuse=fuses)
    def start(self, which: int, fuse: int | None) -> None:
        self._read(self._restarted(which, fuse), len(self.numbered), [which])

    @rule(which=two, fuse=fuses)
    def broker_is_back(self, which: int, fuse: int | None) -> None:
        async def act() -> None:
            if self.ground.readers[which].task is None:
                await self._restarted(which, None)
            else:
                await self.ground.readers[which].look_again(fuse)

        self._read(act(), len(self.numbered), [which])

    @precondition(lambda self: self.ground.bus.log)
    @rule(which=two, back=picks, fuse=fuses)
    def deliver(self, which: int, back: list[int], fuse: int | None) -> None:
        self._read(self._delivered(which, back, fuse), self._highest(back), [which])

    @precondition(lambda self: self.ground.bus.log)
    @rule(back=picks, others=picks, fuse=fuses)
    def deliver_to_both(self, back: list[int], others: list[int], fuse: int | None) -> None:
        async def act() -> None:
            await asyncio.gather(self._delivered(0, back, fuse), self._delivered(1, others, None))

        self._read(act(), self._highest(others), [1])

    @rule(which=two)
    def deliver_noise(self, which: int) -> None:
        async def act() -> None:
            if self.ground.readers[which].task is not None:
                await self.ground.readers[which].deliver(["no event"], None)

        self._read(act(), 0, [])

    @rule(lot_ids=st.lists(lots, min_size=1, max_size=3), which=two)
    def say_and_read(self, lot_ids: list[str], which: int) -> None:
        """Go the whole way at once, as it goes most of the time."""
        self._say_and_read(lot_ids, which)

    def _say_and_read(self, lot_ids: list[str], which: int) -> None:
        self._say_and_commit([("lot", lot_id) for lot_id in lot_ids])
        self._number(0, None)
        self._read(self._restarted(which, None), len(self.numbered), [which])

    @rule(lot_id=lots, how=st.sampled_from(("value", "sql")), which=two)
    def refuse_once(self, lot_id: str, how: Refusal, which: int) -> None:
        """Let one event of a lot fail; what comes later finds its handler mended."""
        self.ground.refused[lot_id] = how
        self._say_and_read([lot_id], which)
        del self.ground.refused[lot_id]

    async def _restarted(self, which: int, fuse: int | None) -> None:
        await self.ground.readers[which].end()
        await self.ground.readers[which].started(fuse)

    async def _delivered(self, which: int, back: list[int], fuse: int | None) -> None:
        reader = self.ground.readers[which]
        if reader.task is None:
            await reader.started(None)
        if reader.task is not None:
            await reader.deliver(self._messages(back), fuse)

    def _messages(self, back: list[int]) -> list[str]:
        log = self.ground.bus.log
        return [log[-1 - (one % len(log))] for one in back]

    def _highest(self, back: list[int]) -> int:
        found = [Envelope.model_validate_json(one).sequence or 0 for one in self._messages(back)]
        return max(found)

    def _read(self, work: Coroutine[Any, Any, None], up_to: int, alive: list[int]) -> None:
        """Let readers work; those of `alive` that live have come as far as `up_to`."""
        self.run(work)
        self.check_effects()
        for which in alive:
            if self.ground.readers[which].task is not None:
                left = self.numbered[self.cursor : up_to]
                assert all(self.written[number][0] == "unwanted" for number in left), left

    def check_effects(self) -> None:
        """What was read has had its effect, or is set aside with all of its lot behind it."""
        cursor, effects, aside = self.run(self._kept())
        assert cursor >= self.cursor
        for number in self.numbered[self.cursor : cursor]:
            kind, lot_id = self.written[number]
            if kind == "unwanted":
                continue
            if lot_id in {self.written[one][1] for one in self.aside}:
                self.aside.append(number)
            elif lot_id in self.ground.refused:
                assert self.ground.refused[lot_id] != "later"
                self.aside.append(number)
            else:
                self.effects.append(number)
        self.cursor = cursor
        assert effects == self.effects
        assert aside == self.aside

    async def _kept(self) -> tuple[int, list[int], list[int]]:
        async with self.ground.ours.quiet() as tx:
            cursor = await tx.scalar(text("SELECT sequence FROM cursor"))
            effects = await tx.scalars(text("SELECT said FROM effect ORDER BY id"))
            aside = await tx.scalars(
                text("SELECT body::jsonb #>> '{data,reason}' FROM set_aside ORDER BY sequence")
            )
            return cursor or 0, list(effects), [int(one) for one in aside]

    # what goes wrong, and is mended

    @rule(lot_id=lots, how=st.sampled_from(("value", "sql", "later")))
    def refuse(self, lot_id: str, how: Refusal) -> None:
        self.ground.refused[lot_id] = how

    @precondition(lambda self: self.ground.refused)
    @rule(which=st.integers(0, 2))
    def accept(self, which: int) -> None:
        refused = self.ground.refused
        del refused[sorted(refused)[which % len(refused)]]

    @rule(away=st.booleans(), page_size=st.sampled_from((1, 3, 200)))
    def change_source(self, away: bool, page_size: int) -> None:
        self.ground.source.away, self.ground.source.page_size = away, page_size

    @precondition(lambda self: self.aside)
    @rule(which=two, one=st.integers(0, 20), fuse=fuses)
    def retry(self, which: int, one: int, fuse: int | None) -> None:
        self._mend(which, one, fuse)

    def _mend(self, which: int, one: int, fuse: int | None) -> None:
        number = self.aside[one % len(self.aside)]
        lot_id = self.written[number][1]
        waiting = [other for other in self.aside if self.written[other][1] == lot_id]
        died = self.run(self._retried(which, number, fuse))
        _, effects, aside = self.run(self._kept())
        done = [other for other in waiting if other not in aside]
        assert done == waiting[: len(done)]
        assert not done or lot_id not in self.ground.refused
        assert died or lot_id in self.ground.refused or done == waiting
        self.effects += done
        self.aside = [other for other in self.aside if other not in done]
        assert (effects, aside) == (self.effects, self.aside)

    async def _retried(self, which: int, number: int, fuse: int | None) -> bool:
        reader = self.ground.readers[which]
        await reader.end()
        reader.begin()
        async with self.ground.ours.quiet() as tx:
            statement = """
                SELECT event_id::text FROM set_aside
                WHERE body::jsonb #>> '{data,reason}' = :number"""
            event_id = await tx.scalar(text(statement), {"number": str(number)})
        reader.database.fuse.steps_left = fuse
        try:
            if reader.inbox is not None:
                await reader.inbox.retry(event_id or "")
        except ProcessDiedError:
            return True
        except (ConflictError, RetryLaterError):
            return False
        finally:
            reader.database.fuse.steps_left = None
        return False

    def teardown(self) -> None:
        """When nothing fails any more, everything said has its effect in bounded time."""
        for stack, _, _ in self.open:
            self.run(_roll_back(stack))
        self.ground.refused.clear()
        self.ground.source.away = False
        self.run(self._drained())
        self.check_numbers()
        assert set(self.numbered) == self.committed
        self._read(self._restarted(0, None), len(self.numbered), [0])
        while self.aside:
            self._mend(0, 0, None)
        wanted = [one for one in self.numbered if self.written[one][0] != "unwanted"]
        assert sorted(self.effects) == sorted(wanted)
        for lot_id in LOTS:
            of_lot = [one for one in wanted if self.written[one][1] == lot_id]
            assert [one for one in self.effects if self.written[one][1] == lot_id] == of_lot
        self.run(self.ground.reset())

    async def _drained(self) -> None:
        for relay in self.ground.relays[:1]:
            while (await relay.number()).event_count or await relay.publish():
                pass


async def _roll_back(stack: AsyncExitStack) -> None:
    error = ValueError("rolled back")
    await stack.__aexit__(ValueError, error, None)


def test_each_event_has_its_effect_once_and_in_order_whoever_dies_when(
    runner: asyncio.Runner, new_database: Callable[[], str], tmp_path: Path
) -> None:
    ground = make_ground(runner, new_database(), new_database(), tmp_path)
    try:
        run_state_machine_as_test(partial(Delivery, ground), settings=budget(15, 30))
    finally:
        runner.run(ground.close())
