"""A service's database over synchronous connections to real PostgreSQL, in virtual time.

A statement answers at once, so nothing outside decides who comes first. A lock held by another
transaction of the same service is an error at once instead of a wait that could never end.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from shared.db import Database, Signal, is_passing
from shared.errors import ServiceUnreachableError
from tests.fault.chance import Chance
from tests.fault.life import Life

LOCK_NOT_AVAILABLE = "55P03"
LOCK_TIMEOUT_MS = 15
EPOCH = datetime(2026, 3, 2, 6, tzinfo=UTC)
VIRTUAL_TIME = (
    "CREATE SCHEMA IF NOT EXISTS virtual",
    """CREATE OR REPLACE FUNCTION virtual.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
       AS $$ SELECT current_setting('virtual.now')::timestamptz $$""",
)
TABLES = """
    SELECT format('%I', tablename) FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT LIKE '%\\_version' ORDER BY tablename"""


class Ledger:
    """What survives a crash: the tables of one service, and connections to them."""

    def __init__(self, url: str) -> None:
        # Nothing prepared: a plan must not depend on what earlier seeds asked.
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"prepare_threshold": None},
        )
        self._free: list[Connection] = []
        self._first: dict[str, list[dict[str, Any]]] = {}

    def prepare(self) -> None:
        """Keep the rows that migrations made, and let statements see virtual time."""
        with self.connection() as connection:
            for statement in VIRTUAL_TIME:
                connection.execute(text(statement))
            for table in connection.scalars(text(TABLES)).all():
                connection.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
                rows = connection.execute(text(f"SELECT * FROM {table}")).mappings()
                self._first[table] = [dict(row) for row in rows]

    def reset(self) -> None:
        """Bring the tables back to what they were at `prepare`."""
        with self.connection() as connection:
            tables = ", ".join(self._first)
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
            for table, rows in self._first.items():
                for row in rows:
                    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
                    connection.execute(
                        text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row
                    )

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection outside of any transaction."""
        connection = self._free.pop() if self._free else self._connect()
        try:
            yield connection
        finally:
            self._free.append(connection)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Return the rows of a statement, for those who judge."""
        with self.connection() as connection:
            return list(connection.execute(text(statement), values).all())

    def close(self) -> None:
        """Close all connections."""
        for connection in self._free:
            connection.close()
        self._free.clear()
        self._engine.dispose()

    def _connect(self) -> Connection:
        connection = self._engine.connect()
        for statement in (
            f"SET lock_timeout = {LOCK_TIMEOUT_MS}",
            "SET search_path = virtual, pg_catalog, public",
        ):
            connection.exec_driver_sql(statement)
        return connection


class Transaction:
    """One transaction with the face of an AsyncConnection; answers are there at once."""

    def __init__(self, connection: Connection, life: Life, chance: Chance) -> None:
        self._connection, self._life, self._chance = connection, life, chance

    async def execute(self, statement: Any, values: Any = None) -> Any:
        """Run one statement."""
        await self._step()
        return self._connection.execute(statement, values)

    async def scalar(self, statement: Any, values: Any = None) -> Any:
        """Run one statement and return its first value."""
        await self._step()
        return self._connection.scalar(statement, values)

    async def scalars(self, statement: Any, values: Any = None) -> Any:
        """Run one statement and return its first column."""
        await self._step()
        return self._connection.scalars(statement, values)

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        """Undo the block alone when it fails."""
        self._connection.exec_driver_sql("SAVEPOINT nested")
        try:
            yield
        except Exception:
            self._connection.exec_driver_sql("ROLLBACK TO SAVEPOINT nested")
            raise
        self._connection.exec_driver_sql("RELEASE SAVEPOINT nested")

    async def _step(self) -> None:
        """Let others go on between two statements, now and then."""
        self._life.check()
        fault = self._chance.acts("slow_statements", self._life.name)
        if fault is not None and self._chance.stream("statements").random() < 0.1:
            await asyncio.sleep(self._chance.stream("statements").uniform(0.0, fault.strength))
            self._life.check()


class VirtualDatabase(Database):
    """The database of one life of a service."""

    def __init__(self, ledger: Ledger, life: Life, chance: Chance) -> None:
        self.url = f"virtual:{life.name}"
        self.committed = Signal()
        self._ledger, self._life, self._chance = ledger, life, chance

    @asynccontextmanager
    async def quiet(self) -> AsyncIterator[Any]:
        """Open a transaction; the drawn faults act before it, at its commit and after it."""
        life, chance = self._life, self._chance
        self._reach()
        with self._ledger.connection() as connection:
            self._begin(connection)
            done = False
            try:
                yield Transaction(connection, life, chance)
                await self._before_commit()
                connection.exec_driver_sql("COMMIT")
                done = True
            except DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state == LOCK_NOT_AVAILABLE or is_passing(error):
                    chance.note(f"conflict {life.name}")
                    raise ServiceUnreachableError(f"database: {error.orig}") from error
                raise
            finally:
                if not done:
                    connection.exec_driver_sql("ROLLBACK")
        self._after_commit()

    async def close(self) -> None:
        """Nothing to close: the connections belong to the ledger."""

    def _begin(self, connection: Connection) -> None:
        now = EPOCH + timedelta(seconds=self._chance.now())
        connection.exec_driver_sql(f"BEGIN; SET LOCAL virtual.now = '{now.isoformat()}'")

    def _reach(self) -> None:
        self._life.check()
        if self._chance.acts("database_away", self._life.name) is not None:
            raise ServiceUnreachableError("database: connection refused")

    async def _before_commit(self) -> None:
        life, chance = self._life, self._chance
        life.check()
        slow = chance.acts("slow_disk", life.name)
        if slow is not None:
            await asyncio.sleep(slow.strength * chance.stream("disk").uniform(0.5, 1.5))
            life.check()
        if chance.strikes("crash_before_commit", life.name):
            life.end()
        if chance.strikes("commit_refused", life.name):
            raise ServiceUnreachableError("database: connection lost before the commit")

    def _after_commit(self) -> None:
        if self._chance.strikes("crash_after_commit", self._life.name):
            self._life.end()
        if self._chance.strikes("commit_unknown", self._life.name):
            raise ServiceUnreachableError("database: connection lost, the commit was done")
