"""PostgreSQL: the database of a service, transactions that wake their listeners, and migrations."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, TextClause, create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from shared.claims import LEASE, Lease, claimed
from shared.connections import LIMITS, LINK, Connections, Limits
from shared.errors import InvalidInputError, PersonNeededError, ServiceUnreachableError
from shared.transaction import Transaction

KERNEL_MIGRATIONS = Path(__file__).parent / "migrations"
# SQLSTATE classes: connection, no resources (a full disk too), intervention, disk or system error.
PASSING = ("08", "53", "57", "58")
NOT_KEPT = (
    psycopg.errors.NumericValueOutOfRange,
    psycopg.errors.UntranslatableCharacter,
    psycopg.errors.CharacterNotInRepertoire,
)
PING_S = 2.0
TRY_AGAIN = ("40001", "40P01")  # serialisation failure, deadlock


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


def _tell_nobody(seconds: float) -> None:
    """Take how long a commit took."""


class Database:
    """The database of one service. committed_in: told how many seconds each commit took."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        pool_timeout_s: float = 20.0,
        limits: Limits = LIMITS,
    ) -> None:
        self.url = url
        self.committed = Signal()
        self.committed_in: Callable[[float], None] = _tell_nobody
        self._connections = Connections(
            url, size=pool_size, timeout_s=pool_timeout_s, limits=limits
        )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """Open a transaction; it commits at the end of the block and wakes `committed`.

        Raises:
            ServiceUnreachableError: the database cannot be reached, or the transaction lost a
                conflict that a repeat may win; nothing was changed as far as can be known.
            InvalidInputError: a value that PostgreSQL cannot keep, such as text with NUL in it.
        """
        async with self.quiet() as tx:
            yield tx
        self.committed.set()

    @asynccontextmanager
    async def quiet(self) -> AsyncIterator[Transaction]:
        """Open a transaction like `begin` that wakes nobody: for readers and the relay itself."""
        try:
            async with self._connections.lent() as connection:
                tx = Transaction(connection)
                yield tx
                began_s = time.perf_counter()
                await tx.commit()
                self.committed_in(time.perf_counter() - began_s)
        except DBAPIError as error:
            if is_passing(error):
                raise ServiceUnreachableError(f"database: {error.orig}") from error
            if cannot_be_kept(error):
                raise InvalidInputError(f"a value that cannot be kept: {error.orig}") from error
            raise
        except (OSError, psycopg.Error) as error:
            raise ServiceUnreachableError(f"database: {error}") from error

    async def alone(
        self, name: str, run: Callable[[], Awaitable[None]], lease: Lease = LEASE
    ) -> None:
        """Run while no other process with this database runs what has the same name; wait before.

        lease: when a holder that cannot be heard any more makes way.

        Raises:
            ServiceUnreachableError: the database, or our claim at it, is lost; nothing runs on.
        """
        try:
            await claimed(await self._connections.new(), name, run, lease)
        except psycopg.Error as error:
            raise ServiceUnreachableError(f"database: {error}") from error

    async def ping(self) -> None:
        """Raise ServiceUnreachableError unless the database answers within two seconds."""
        asking = asyncio.create_task(self._ask())
        await asyncio.wait({asking}, timeout=PING_S)
        if not asking.done():
            asking.cancel()  # not awaited: the driver takes ten seconds to give up a server
            raise ServiceUnreachableError(f"database: no answer in {PING_S:g} s")
        await asking

    async def sizes_bytes(self) -> tuple[int, int | None]:
        """Return the sizes of this database and of the server's log of changes.

        The second is None where the role may not look; the plant's own server lets it.

        Raises:
            ServiceUnreachableError: the database is away.
        """
        may = "SELECT has_function_privilege('pg_ls_waldir()', 'EXECUTE')"
        async with self.quiet() as tx:
            own = await tx.scalar(sql("SELECT pg_database_size(current_database())"))
            if not await tx.scalar(sql(may)):
                return int(own), None
            return int(own), int(await tx.scalar(sql("SELECT sum(size) FROM pg_ls_waldir()")))

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    async def _ask(self) -> None:
        async with self.quiet() as tx:
            await tx.execute(text("SELECT 1"))


def is_passing(error: DBAPIError) -> bool:
    """Say whether a database error is one that a repeat may overcome."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError)
    return state in TRY_AGAIN or state.startswith(PASSING)


def cannot_be_kept(error: DBAPIError) -> bool:
    """Say whether a value is beyond its column's type: a number too large, text with NUL in it."""
    if isinstance(error.orig, psycopg.DataError) and error.orig.sqlstate is None:
        return True  # the driver's own: it was not even sent
    return isinstance(error.orig, NOT_KEPT)


def migrate(url: str, folder: Path) -> None:
    """Bring a service's database to the newest version: the kernel's tables, then its own.

    Safe to call from several processes at once; only looks where nothing is left to do. `folder`
    holds Alembic revision files.

    Raises:
        PersonNeededError: it is of another version, and the role in `url` may not change tables.
    """
    scripts = {
        table: ScriptDirectory(str(place), version_locations=[str(place)])
        for table, place in (("kernel_version", KERNEL_MIGRATIONS), ("service_version", folder))
    }
    engine = create_engine(url, connect_args=LINK)
    try:
        with engine.begin() as connection:
            if all(_is_newest(connection, *one) for one in scripts.items()):
                return
            connection.execute(text("SELECT pg_advisory_xact_lock(727001)"))
            for table, script in scripts.items():
                _upgrade(connection, script, table)
    except ProgrammingError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise PersonNeededError(
            f"the database {engine.url.database} is not of this version, and {engine.url.username} "
            "may not change its tables; the start of the plant does that, or whoever owns it"
        ) from error
    finally:
        engine.dispose()


def _is_newest(connection: Connection, version_table: str, script: ScriptDirectory) -> bool:
    present = MigrationContext.configure(connection, opts={"version_table": version_table})
    return set(present.get_current_heads()) == set(script.get_heads())


def _upgrade(connection: Connection, script: ScriptDirectory, version_table: str) -> None:
    def steps(revision: Any, _: MigrationContext) -> Any:
        return script._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=version_table)
        environment.run_migrations()
