"""Two replicas of a service, as processes with one database and one broker, and kills of either.

The record shows best what an event that was lost, taken twice or numbered twice would do; the gates
what work does that is taken up twice, or by nobody any more.
"""

import asyncio
from pathlib import Path

from deploy.broker import Broker
from deploy.postgres import PostgresServer
from services.trace import workflow
from shared.db import sql
from shared.events import LotHeld
from shared.settings import read_plant
from tests.station.quality_desk import ended, quality_desk, result, specification
from tests.station.replicas_ground import AT, READY_WITHIN_S, database, replicas, started
from tests.station.speaker import Speaker, plant_file, speaking, until

SOURCES = ("quality", "execution", "lamination")
EACH = 40  # events of each source between two kills


async def say(speaker: Speaker, batch: int) -> None:
    for number in range(EACH):
        for source in SOURCES:
            event = LotHeld(
                lot_id=f"L{number}", work_request_id=None, gate="g", reason=f"{source} {batch}"
            )
            await speaker.say(source, event, AT)


async def test_two_replicas_keep_each_event_once_in_order_though_either_is_killed(
    postgres_server: PostgresServer, broker: Broker, tmp_path: Path
) -> None:
    file = plant_file(tmp_path)
    async with (
        database(postgres_server, "trace", "test_replicas") as record,
        speaking(read_plant(file).site, broker.url) as speaker,
    ):
        first, second = replicas(
            "trace", postgres_server, "test_replicas", speaker, broker.url, tmp_path
        )

        async def both_ready() -> bool:
            return await first.is_ready() and await second.is_ready()

        async def count() -> int:
            async with record.quiet() as tx:
                query = "SELECT count(*) FROM record WHERE source <> 'trace'"
                return int(await tx.scalar(sql(query)) or 0)

        async def all_kept() -> bool:
            return await count() >= speaker.said_count

        with started((first, second)):
            await until(both_ready, READY_WITHIN_S)
            for batch, victim in enumerate((first, second, None)):
                saying = asyncio.create_task(say(speaker, batch))
                if victim is not None:
                    before = await count()

                    async def some_kept(more: int = before) -> bool:
                        return await count() > more

                    await until(some_kept)  # killed while it takes events
                    victim.kill()
                    victim.start()
                await saying
            await until(all_kept, READY_WITHIN_S)
            await until(both_ready, READY_WITHIN_S)

        async with record.quiet() as tx:
            rows = await tx.execute(
                sql("SELECT source, sequence FROM record WHERE source <> 'trace' ORDER BY position")
            )
            kept = [(row[0], row[1]) for row in rows]
            own = await tx.scalars(sql("SELECT sequence FROM outbox ORDER BY id"))
            numbered = [sequence for sequence in own if sequence is not None]
            sealed = await workflow.verify(tx)

    for source in SOURCES:
        order = [sequence for said_by, sequence in kept if said_by == source]
        assert order == list(range(1, 3 * EACH + 1)), source
    assert numbered == list(range(1, len(numbered) + 1)), "one number for each, without a gap"
    assert sealed["ok"] and sealed["seal_count"] > 0


LEAK = "leak_rate_mbar_l_per_s"
HIGH = {"characteristic": LEAK, "unit": "mbar_l_per_s", "high": 1e-6}
SEALED = tuple(f"C-{number}" for number in range(60))
LEAKING = SEALED[::7]


async def test_two_replicas_decide_over_each_cell_once_though_one_is_killed_at_work(
    postgres_server: PostgresServer, broker: Broker, tmp_path: Path
) -> None:
    file = plant_file(tmp_path)
    async with (
        database(postgres_server, "quality", "test_gates") as kept,
        speaking(read_plant(file).site, broker.url) as speaker,
    ):
        async with quality_desk(postgres_server.url("test_gates")) as desk:
            await desk.taught(specification("seal", "seal", HIGH))
        first, second = replicas(
            "quality", postgres_server, "test_gates", speaker, broker.url, tmp_path
        )

        async def both_ready() -> bool:
            return await first.is_ready() and await second.is_ready()

        async def decided() -> list[tuple[str, str]]:
            async with kept.quiet() as tx:
                rows = await tx.execute(sql("SELECT lot_id, disposition FROM disposition"))
                return [(row[0], row[1]) for row in rows]

        async def seal() -> None:
            for lot_id in SEALED:
                leak = 1e-3 if lot_id in LEAKING else 1e-8
                measured = result(lot_id, LEAK, "mbar·L/s", leak)
                await speaker.say("lamination", ended(lot_id, "seal", measured), AT)

        with started((first, second)):
            await until(both_ready, READY_WITHIN_S)
            sealing = asyncio.create_task(seal())
            await until(decided)
            first.kill()  # while the gates decide
            await sealing

            async def all_decided() -> bool:
                return {lot_id for lot_id, _ in await decided()} == set(SEALED)

            await until(all_decided, READY_WITHIN_S)

            async def all_numbered() -> bool:
                return None not in await numbers()

            async def numbers() -> list[int | None]:
                async with kept.quiet() as tx:
                    return list(await tx.scalars(sql("SELECT sequence FROM outbox ORDER BY id")))

            await until(all_numbered)
            said = sorted(filter(None, await numbers()))
        found = await decided()
        async with kept.quiet() as tx:
            raised = list(await tx.scalars(sql("SELECT lot_ids FROM nonconformance")))

    assert sorted(found) == sorted(
        (lot_id, "blocked" if lot_id in LEAKING else "released") for lot_id in SEALED
    )
    assert said == list(range(1, len(said) + 1)), "one number for each event, without a gap"
    assert sorted(raised) == sorted([lot_id] for lot_id in LEAKING)
