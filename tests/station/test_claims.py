"""What only one replica does: the next one begins when the claim of the first is lost."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from deploy.postgres import PostgresServer
from shared.claims import Lease
from shared.db import Database, sql
from shared.errors import ServiceUnreachableError
from tests.fault.proxy import proxy_to, to_socket

WITHIN_S = 60.0
SHORT = Lease(look_s=0.1, answer_s=0.4, ends_s=3.0)
END_HOLDER = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class Work:
    """Work without end that says when it has begun and when it was ended."""

    def __init__(self) -> None:
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled."""
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


async def test_of_two_replicas_one_works_until_its_claim_is_lost(fresh_database: str) -> None:
    first, second, judge = (Database(fresh_database) for _ in range(3))
    one, other = Work(), Work()
    holding = asyncio.create_task(first.alone("stations", one.run))
    async with asyncio.timeout(WITHIN_S):
        await one.begun.wait()
        waiting = asyncio.create_task(second.alone("stations", other.run))
        done, _ = await asyncio.wait({waiting, holding}, timeout=1.5)
        assert not done and not other.begun.is_set()
        async with judge.quiet() as tx:
            await tx.execute(sql(END_HOLDER))
        with pytest.raises(ServiceUnreachableError, match="database: "):
            await holding
        assert one.ended.is_set()
        await other.begun.wait()
    waiting.cancel()
    await asyncio.wait({waiting})
    assert other.ended.is_set()
    for database in (first, second, judge):
        await database.close()


async def test_work_that_fails_gives_the_claim_to_the_next(fresh_database: str) -> None:
    database, other = Database(fresh_database), Work()

    async def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await database.alone("stations", fail)
    waiting = asyncio.create_task(database.alone("stations", other.run))
    async with asyncio.timeout(WITHIN_S):
        await other.begun.wait()
    waiting.cancel()
    await asyncio.wait({waiting})
    await database.close()


async def test_a_holder_that_is_cut_off_has_stopped_when_the_next_one_begins(
    fresh_database: str, postgres_server: PostgresServer
) -> None:
    one, socket_path = Work(), str(Path(postgres_server.socket_dir) / ".s.PGSQL.5432")

    async def check_that_the_first_has_ended() -> None:
        assert one.ended.is_set()

    async with proxy_to(to_socket(socket_path)) as way:
        over_tcp = make_url(fresh_database).set(host="127.0.0.1", port=way.port, query={})
        first = Database(over_tcp.render_as_string(hide_password=False))
        second = Database(fresh_database)
        async with asyncio.timeout(WITHIN_S):
            holding = asyncio.create_task(first.alone("stations", one.run, SHORT))
            await one.begun.wait()
            way.hole()  # no packet comes through, so the server hears of no end
            await second.alone("stations", check_that_the_first_has_ended)
            with pytest.raises(ServiceUnreachableError, match="database: no answer"):
                await holding
        for database in (first, second):
            await database.close()
