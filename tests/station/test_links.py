"""Links between a service, its database, the broker and a reader are cut and swallow all bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Response
from sqlalchemy import make_url, text

from deploy.broker import Broker
from shared.app import supervise
from shared.bus import Bus
from shared.checksum import sealed
from shared.clock import wall_clock
from shared.connections import Limits
from shared.db import Database, migrate
from shared.effects import Effects
from shared.envelope import Envelope
from shared.errors import ServiceUnreachableError
from shared.events import LotHeld
from shared.inbox import Inbox
from shared.outbox import Outbox, Relay
from shared.readiness import Readiness
from shared.tasks import end_all
from shared.transaction import Transaction
from tests.conftest import free_port
from tests.fault.proxy import Proxy, proxy_to, to_port, to_socket

BACK_WITHIN_S = 90.0
FAULT_S = 1.5


@dataclass(kw_only=True)
class Links:
    """A service that says numbers and a reader that keeps them, over three proxies."""

    outbox: Outbox
    database: Database
    kept_in: Database
    proxies: dict[str, Proxy]

    async def say(self, number: int) -> None:
        """Say one number, again until it is committed; a number already said changes nothing."""
        async with asyncio.timeout(BACK_WITHIN_S):
            while not await self._said(number):
                await asyncio.sleep(0.2)

    async def _said(self, number: int) -> bool:
        claim = "INSERT INTO told (number) VALUES (:number) ON CONFLICT DO NOTHING RETURNING number"
        with contextlib.suppress(ServiceUnreachableError, TimeoutError):
            async with asyncio.timeout(3), self.database.begin() as tx:
                if await tx.scalar(text(claim), {"number": number}) is not None:
                    event = LotHeld(lot_id="L", work_request_id=None, gate="g", reason=f"{number}")
                    await self.outbox.record(tx, event)
            return True
        return False

    async def kept(self) -> list[int]:
        """Return the numbers in the order of their effects."""
        async with self.kept_in.quiet() as tx:
            return list(await tx.scalars(text("SELECT number FROM kept ORDER BY place")))

    async def until_kept(self, count: int) -> list[int]:
        """Return what is kept once there is so much of it."""
        async with asyncio.timeout(BACK_WITHIN_S):
            while len(found := await self.kept()) < count:
                await asyncio.sleep(0.05)
        return found


async def take(tx: Transaction, _: Envelope, event: LotHeld) -> None:
    insert = "INSERT INTO kept (number) VALUES (:number)"
    await tx.execute(text(insert), {"number": int(event.reason)})


def through(url: str, proxy: Proxy) -> str:
    """Return a database's address over a proxy instead of its Unix socket."""
    over_tcp = make_url(url).set(host="127.0.0.1", port=proxy.port, query={})
    return over_tcp.render_as_string(hide_password=False)


@pytest.fixture
async def links(
    new_database: Callable[[], str], broker: Broker, tmp_path: Path
) -> AsyncIterator[Links]:
    their_url, our_url = new_database(), new_database()
    migrate(their_url, tmp_path)
    migrate(our_url, tmp_path)
    query = make_url(their_url).query
    socket_path = f"{query['host']}/.s.PGSQL.{query['port']}"
    app_port = free_port()
    async with contextlib.AsyncExitStack() as stack:
        proxies = {
            "database": await stack.enter_async_context(proxy_to(to_socket(socket_path))),
            "broker": await stack.enter_async_context(proxy_to(to_port(broker.port))),
            "source": await stack.enter_async_context(proxy_to(to_port(app_port))),
        }
        theirs, ours = Database(through(their_url, proxies["database"])), Database(our_url)
        outbox = Outbox("execution", tmp_path.name, theirs, wall_clock())
        async with theirs.begin() as tx:
            await tx.execute(text("CREATE TABLE told (number integer PRIMARY KEY)"))
        async with ours.begin() as tx:
            await tx.execute(text("CREATE TABLE kept (place serial PRIMARY KEY, number integer)"))
        app = FastAPI()

        @app.get("/events")
        async def events(after: int, limit: int) -> Response:
            bodies = await outbox.after(after, limit)
            page = sealed(f'{{"items":[{",".join(bodies)}]}}')
            return Response(page, media_type="application/json")

        config = uvicorn.Config(app, port=app_port, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        url = f"mqtt://127.0.0.1:{proxies['broker'].port}"
        says, reads = Bus(url, f"says-{tmp_path.name}"), Bus(url, f"reads-{tmp_path.name}")
        http = await stack.enter_async_context(httpx.AsyncClient())
        inbox = Inbox(
            site=tmp_path.name,
            database=ours,
            bus=reads,
            http=http,
            sources={"execution": f"http://127.0.0.1:{proxies['source'].port}"},
            effects=Effects({LotHeld: take}),
        )
        says.start()
        reads.start()
        loops = [Relay(theirs, says).run, *(reader.run for reader in inbox.readers)]
        tasks = [asyncio.create_task(supervise("link", run)) for run in loops]
        made = Links(outbox=outbox, database=theirs, kept_in=ours, proxies=proxies)
        await made.say(0)
        assert await made.until_kept(1) == [0]
        yield made
        for proxy in proxies.values():
            proxy.heal()
        await end_all(tasks)
        server.should_exit = True
        await serving
        for bus in (says, reads):
            await bus.stop()
        for database in (theirs, ours):
            await database.close()


@pytest.mark.parametrize("fault", [Proxy.cut, Proxy.hole])
@pytest.mark.parametrize("link", ["database", "broker", "source"])
async def test_a_link_that_fails_loses_nothing_and_comes_back(
    links: Links, link: str, fault: Callable[[Proxy], None]
) -> None:
    proxy = links.proxies[link]
    wanted = list(range(1, 41))

    async def say_all() -> None:
        for number in wanted:
            await links.say(number)

    async def fail() -> None:
        fault(proxy)
        await asyncio.sleep(FAULT_S)
        proxy.heal()

    await asyncio.gather(say_all(), fail())
    assert await links.until_kept(41) == [0, *wanted]


async def test_slow_links_lose_nothing(links: Links) -> None:
    for proxy in links.proxies.values():
        proxy.latency_s = 0.02
    for number in range(1, 11):
        await links.say(number)
    assert await links.until_kept(11) == list(range(11))


async def test_a_database_that_takes_too_long_is_tried_again_later(fresh_database: str) -> None:
    database = Database(fresh_database, pool_timeout_s=0.05)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(database.quiet())
        with pytest.raises(
            ServiceUnreachableError, match=r"all 10 connections were busy for 0\.05 s"
        ):
            async with database.quiet():
                pass
    await database.close()


def in_the_number(chunk: bytes) -> int:
    """Return where the number of the last event stands: flipped, it is another number."""
    field = b'"reason":"'
    return min(chunk.rfind(field) + len(field), len(chunk) - 1)


@pytest.mark.parametrize("link", ["broker", "source"])
async def test_a_flipped_bit_makes_no_other_fact(links: Links, link: str) -> None:
    links.proxies[link].flip_at = in_the_number
    for number in range(1, 11):
        links.proxies[link].flips["back"] = 2
        await links.say(number)
        links.proxies["broker"].reset()  # the reader looks at its source again
    links.proxies[link].flips.clear()
    assert await links.until_kept(11) == list(range(11))


async def test_a_bus_whose_network_thread_has_ended_connects_anew(broker: Broker) -> None:
    connections: asyncio.Queue[None] = asyncio.Queue()
    bus = Bus(f"mqtt://127.0.0.1:{broker.port}", f"ends-{free_port()}")
    bus.on_up(lambda: connections.put_nowait(None))
    bus.start()
    async with asyncio.timeout(BACK_WITHIN_S):
        await connections.get()
        await asyncio.to_thread(bus._client.loop_stop)
        await connections.get()
        await bus.publish_all([("halite/v1/a/b", '{"a":1}')])
    await bus.stop()


async def test_readiness_tells_how_long_events_wait_while_the_database_is_away(
    links: Links, tmp_path: Path
) -> None:
    links.proxies["broker"].cut()
    await links.say(1)
    readiness = Readiness(
        outbox=links.outbox,
        database=links.database,
        bus=Bus("mqtt://127.0.0.1:1", "never-connected"),
        clock=wall_clock(),
        data_dir=tmp_path,
    )
    before = await readiness.answer()
    assert (before["ready"], before["detail"]) == (False, "broker: not connected")
    links.proxies["database"].cut()
    after = await readiness.answer()
    assert after["detail"].startswith("database: ")
    assert after["oldest_event_age_s"] > before["oldest_event_age_s"] > 0
    assert after["last_sequence"] == before["last_sequence"]


async def test_a_database_that_hangs_is_given_up_and_holds_no_lock(fresh_database: str) -> None:
    query = make_url(fresh_database).query
    async with proxy_to(to_socket(f"{query['host']}/.s.PGSQL.{query['port']}")) as proxy:
        limits = Limits(answer_s=0.5, idle_s=1.0)
        hangs = Database(through(fresh_database, proxy), limits=limits)
        other = Database(fresh_database)
        with pytest.raises(ServiceUnreachableError, match=r"no answer in 0\.5 s"):
            async with hangs.begin() as tx:
                await tx.execute(text("CREATE TABLE told AS SELECT 1 AS number"))
                proxy.hole()
                await tx.execute(text("SELECT 1"))
        with pytest.raises(ServiceUnreachableError, match="no answer in 2 s"):
            await hangs.ping()
        async with asyncio.timeout(BACK_WITHIN_S), other.begin() as tx:
            await tx.execute(text("CREATE TABLE told AS SELECT 2 AS number"))
        proxy.heal()
        async with asyncio.timeout(BACK_WITHIN_S):
            await hangs.ping()
            async with hangs.quiet() as tx:
                assert await tx.scalar(text("SELECT number FROM told")) == 2
        await hangs.close()
        await other.close()
