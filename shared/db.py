"""PostgreSQL: one engine per service, transactions that wake their listeners, and migrations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, PoolResetState, TextClause, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.errors import ServiceUnreachableError

KERNEL_MIGRATIONS = Path(__file__).parent / "migrations"
# SQLSTATE classes: connection, no resources (a full disk too), intervention, disk or system error.
PASSING = ("08", "53", "57", "58")
PING_S = 2.0
TRY_AGAIN = ("40001", "40P01")  # serialisation failure, deadlock
# A server that vanished, with its packets: found out by the kernel. Without effect on Unix sockets.
LINK = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
Answer = TypeVar("Answer")


class Limits(NamedTuple):
    """How long a session may take, in wall seconds, so that each wait ends.

    statement_s: the server ends a statement. answer_s: we give up a server that hangs.
    idle_s: the server ends the transaction of a client that hangs, and with it its locks.
    """

    statement_s: float = 30.0
    answer_s: float = 35.0
    idle_s: float = 60.0

    @property
    def options(self) -> str:
        """What the server is told at the start of a session."""
        return (
            f"-c statement_timeout={self.statement_s * 1000:.0f}"
            f" -c idle_in_transaction_session_timeout={self.idle_s * 1000:.0f}"
        )


LIMITS = Limits()


class BoundedConnection(psycopg.AsyncConnection[Any]):
    """A connection that is given up when the server does not answer in `answer_s` seconds."""

    answer_s = LIMITS.answer_s

    async def wait(
        self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None
    ) -> Answer:
        """Wait for one answer, `answer_s` by default.

        Raises:
            psycopg.OperationalError: none in time; the connection is closed, and whether the
                server did the work is not known.
        """
        within_s = self.answer_s if timeout is None else timeout
        try:
            return await super().wait(gen, interval, within_s)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # the server's own answer, or a lost connection
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer in {within_s:g} s") from error


class Signal:
    """Wakes every waiter when something was committed; a wait always has a time-out.

    count: how often it was set. Who takes it before looking misses nothing that comes meanwhile.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.count = 0

    def set(self) -> None:
        """Wake all who wait now."""
        self.count += 1
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, timeout_s: float, since: int | None = None) -> None:
        """Return when woken, or after `timeout_s` wall seconds; at once if set after `since`."""
        if since is not None and since != self.count:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return


@lru_cache(maxsize=1024)
def sql(statement: str) -> TextClause:
    """Return a statement with `:name` parameters, taken apart once: a quarter of what it costs."""
    return text(statement)


class Database:
    """The database of one service."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        pool_timeout_s: float = 20.0,
        limits: Limits = LIMITS,
    ) -> None:
        self.url, self._limits = url, limits
        self.committed = Signal()
        self._engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_timeout_s,
            pool_use_lifo=True,  # few connections that have their statements prepared, not many
            pool_reset_on_return=None,
            connect_args=LINK | {"options": limits.options, "async_creator_fn": self._connect},
        )

        event.listen(self._engine.sync_engine, "reset", _end_transaction)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction; it commits at the end of the block and wakes `committed`.

        Raises:
            ServiceUnreachableError: the database cannot be reached, or the transaction lost a
                conflict that a repeat may win; nothing was changed as far as can be known.
        """
        async with self.quiet() as connection:
            yield connection
        self.committed.set()

    @asynccontextmanager
    async def quiet(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction like `begin` that wakes nobody: for readers and the relay itself."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            if is_passing(error):
                raise ServiceUnreachableError(f"database: {error.orig}") from error
            raise
        except (OSError, PoolTimeoutError) as error:
            raise ServiceUnreachableError(f"database: {error}") from error

    async def ping(self) -> None:
        """Raise ServiceUnreachableError unless the database answers within two seconds."""
        asking = asyncio.create_task(self._ask())
        await asyncio.wait({asking}, timeout=PING_S)
        if not asking.done():
            asking.cancel()  # not awaited: the driver takes ten seconds to give up a server
            raise ServiceUnreachableError(f"database: no answer in {PING_S:g} s")
        await asking

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def _ask(self) -> None:
        async with self.quiet() as tx:
            await tx.execute(text("SELECT 1"))

    async def _connect(self, *words: Any, **values: Any) -> BoundedConnection:
        connection = await BoundedConnection.connect(*words, **values)
        connection.answer_s = self._limits.answer_s
        return connection


def _end_transaction(connection: Any, _: object, state: PoolResetState) -> None:
    """Roll back what a cancelled transaction left; nearly always there is nothing to ask for."""
    status = connection.driver_connection.pgconn.transaction_status
    if status != TransactionStatus.IDLE and state.asyncio_safe:
        connection.rollback()


def is_passing(error: DBAPIError) -> bool:
    """Say whether a database error is one that a repeat may overcome."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError)
    return state in TRY_AGAIN or state.startswith(PASSING)


def migrate(url: str, folder: Path) -> None:
    """Bring a service's database to the newest version: the kernel's tables, then its own.

    Safe to call from several processes at once. `folder` holds Alembic revision files.
    """
    engine = create_engine(url, connect_args=LINK)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(727001)"))
            _upgrade(connection, KERNEL_MIGRATIONS, "kernel_version")
            _upgrade(connection, folder, "service_version")
    finally:
        engine.dispose()


def _upgrade(connection: Connection, folder: Path, version_table: str) -> None:
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])

    def steps(revision: Any, _: MigrationContext) -> Any:
        return script._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=version_table)
        environment.run_migrations()
