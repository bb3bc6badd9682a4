"""Two replicas of execution walk orders to their end, each step decided once, though killed."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.broker import Broker
from deploy.postgres import PostgresServer
from services.execution.domain import WorkMaster
from services.execution.workflow import ExecutionWork
from services.execution.workmasters import take_master_data
from shared.clock import Clock, write_clock
from shared.db import sql
from shared.envelope import Envelope
from shared.events import CellGraded, DispositionDecided, JobOrderEnded, JobOrderStarted
from shared.facts import Event
from shared.outbox import Outbox
from shared.settings import read_plant
from shared.transaction import Transaction
from tests.station.replicas_ground import AT, READY_WITHIN_S, database, replicas, started
from tests.station.speaker import Speaker, plant_file, speaking, until
from tests.station.test_execution import Floor, HandClock, schedule

SPEED = 150.0  # a coated face cures in six seconds, and a stack may wait for 96 for its seal
ONCE = """
    SELECT concat_ws(' ', type, subject, fact ->> 'job_order_id', fact ->> 'time_limit_id',
                     fact ->> 'state')
    FROM (SELECT type, subject, body::jsonb -> 'data' AS fact FROM outbox) AS said
    WHERE type ~ 'job_order_released|cell_completed|work_request_ended|time_limit'"""
ENDED = "SELECT count(*) FROM outbox WHERE type LIKE '%.work_request_ended.v%'"
RELEASED = "SELECT count(*) FROM outbox WHERE type LIKE '%.job_order_released.v%'"


@dataclass(frozen=True, kw_only=True)
class PassingClock(HandClock):
    """Plant time that passes by itself, as it does for the replicas."""

    real: Clock

    def now(self) -> datetime:
        return self.real.now()

    def advance(self, seconds: float) -> None:
        """Do nothing: time passes by itself."""


class Peers:
    """What stations and gates of other services do, said by them instead of handled here."""

    def __init__(self, speaker: Speaker, clock: Clock) -> None:
        self._speaker, self._clock = speaker, clock

    async def on_started(self, _: Transaction, __: Envelope, event: JobOrderStarted) -> None:
        await self._say("sintering", event)

    async def on_ended(self, _: Transaction, __: Envelope, event: JobOrderEnded) -> None:
        await self._say("sintering", event)

    async def on_disposition(self, _: Transaction, __: Envelope, event: DispositionDecided) -> None:
        await self._say("quality", event)

    async def on_graded(self, _: Transaction, __: Envelope, event: CellGraded) -> None:
        await self._say("formation", event)

    async def _say(self, service: str, event: Event) -> None:
        await self._speaker.say(service, event, self._clock.now())


@dataclass
class NumberedFloor(Floor):
    """A floor that reads events by their numbers: rows of two writers commit in another order."""

    async def new_events(self) -> list[Event]:
        async with self.database.quiet() as tx:
            rows = await tx.execute(
                sql("SELECT sequence, body FROM outbox WHERE sequence > :seen ORDER BY sequence"),
                {"seen": self._seen},
            )
            found = rows.all()
        self._seen = found[-1][0] if found else self._seen
        envelopes = [Envelope.model_validate_json(body) for _, body in found]
        return [event for one in envelopes if (event := one.event()) is not None]


async def test_two_replicas_walk_each_order_to_its_end_once_though_one_is_killed_at_work(
    postgres_server: PostgresServer, broker: Broker, tmp_path: Path, work_masters: list[WorkMaster]
) -> None:
    file = plant_file(tmp_path)
    clock = Clock(plant_start=AT, wall_start_s=time.time(), speed=SPEED)
    write_clock(tmp_path / "clock.json", clock)
    async with (
        database(postgres_server, "execution", "test_executions") as kept,
        speaking(read_plant(file).site, broker.url) as speaker,
    ):
        both = replicas(
            "execution",
            postgres_server,
            "test_executions",
            speaker,
            broker.url,
            tmp_path,
            HALITE_CLOCK_FILE=str(tmp_path / "clock.json"),
        )
        first, second = both
        desk = ExecutionWork(kept, Outbox("execution", "pilot", kept, clock), clock)
        walk = PassingClock(plant_start=AT, wall_start_s=0.0, real=clock)
        floor = NumberedFloor(kept, Peers(speaker, clock), walk)  # type: ignore[arg-type]

        async def both_ready() -> bool:
            return await first.is_ready() and await second.is_ready()

        async def count(statement: str) -> int:
            async with kept.quiet() as tx:
                return int(await tx.scalar(sql(statement)))

        async def ordered(number: int) -> None:
            given = schedule(work_request_id=f"WR{number}")
            lots = tuple(
                lot.model_copy(update={"lot_id": f"{lot.lot_id}-{number}"})
                for lot in given.material_lots
            )
            named = {"work_schedule_id": f"S{number}", "material_lots": lots}
            async with kept.begin() as tx:
                await desk.accept(tx, given.model_copy(update=named))

        async def walked(wanted: int) -> None:
            async def all_ended() -> bool:
                await floor.run()
                return await count(ENDED) >= wanted

            await until(all_ended, READY_WITHIN_S)

        async def all_numbered() -> bool:
            return await count("SELECT count(*) FROM outbox WHERE sequence IS NULL") == 0

        async with kept.begin() as tx:
            await take_master_data(tx, work_masters)
        with started(both):
            for round_number, victim in enumerate((first, second)):
                await until(both_ready, READY_WITHIN_S)
                before = await count(RELEASED)
                for number in (1, 2):
                    await ordered(2 * round_number + number)

                async def walks(than: int = before) -> bool:
                    await floor.run()
                    return await count(RELEASED) > than + 12

                await until(walks, READY_WITHIN_S)
                victim.kill()  # while both decide
                await walked(2 * round_number + 2)
                victim.start()
            await until(both_ready, READY_WITHIN_S)
            await until(all_numbered)
        async with kept.quiet() as tx:
            facts = Counter(await tx.scalars(sql(ONCE)))
            given = list(await tx.scalars(sql("SELECT sequence FROM outbox ORDER BY sequence")))
            read = dict(row for row in await tx.execute(sql("SELECT source, sequence FROM cursor")))
            aside = list(await tx.scalars(sql("SELECT error FROM set_aside")))
    assert set(facts.values()) == {1}, [fact for fact, times in facts.items() if times > 1]
    assert sum("cell_completed" in fact for fact in facts) == 8
    assert given == list(range(1, len(given) + 1))
    assert sum(read.values()) == speaker.said_count
    assert aside == []
    assert [line for one in both for line in one.failures()] == []
