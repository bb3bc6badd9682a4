"""A service's database over synchronous connections to real PostgreSQL, in virtual time.

A statement answers at once, so nothing outside decides who comes first. A lock held by another
transaction of the same service is an error at once instead of a wait that could never end.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from shared.claims import CLAIM_AGAIN_S
from shared.db import Database, Signal, is_passing
from shared.errors import ServiceUnreachableError
from tests.fault.chance import Chance
from tests.fault.driver import NOTHING, Given, run, say
from tests.fault.life import Life
from tests.fault.loop import EPOCH

LOCK_NOT_AVAILABLE = "55P03"
LOCK_TIMEOUT_MS = 15
VIRTUAL_TIME = (
    "CREATE SCHEMA IF NOT EXISTS virtual",
    """CREATE OR REPLACE FUNCTION virtual.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
       AS $$ SELECT current_setting('virtual.now')::timestamptz $$""",
)
TABLES = """
    SELECT format('%I', tablename) FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT LIKE '%\\_version' ORDER BY tablename"""
SEQUENCES = "SELECT format('%I', sequencename) FROM pg_sequences WHERE schemaname = 'public'"
WORD = re.compile(r"\w+")
WRITTEN = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
VOLATILE = ("clock_timestamp", "nextval", "pg_advisory", "LOCK TABLE")


@lru_cache(maxsize=4096)
def words_of(statement: str) -> frozenset[str]:
    """Return the words of a statement, its tables among them."""
    return frozenset(WORD.findall(statement))


class Ledger:
    """What survives a crash: the tables of one service, and connections to them.

    What was read stays known until one of its tables is written, so that services which only look
    cost nothing; `version` counts the writes.
    """

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
        self._known: dict[str, tuple[frozenset[str], Given]] = {}
        self.version, self.open_count = 0, 0
        self.claims: dict[str, Life] = {}

    def prepare(self) -> None:
        """Keep the rows that migrations made, and let statements see virtual time."""
        with self.connection() as connection:
            for statement in VIRTUAL_TIME:
                connection.execute(text(statement))
            for table in connection.scalars(text(TABLES)).all():
                connection.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
                rows = connection.execute(text(f"SELECT * FROM {table}")).mappings()
                self._first[table] = [
                    {
                        name: Jsonb(value) if isinstance(value, dict) else value
                        for name, value in pairs
                    }
                    for pairs in (row.items() for row in rows)
                ]

    def reset(self) -> None:
        """Bring the tables back to what they were at `prepare`."""
        with self.connection() as connection:
            # Without triggers: the record refuses to be emptied.
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.execute(text(f"TRUNCATE {', '.join(self._first)} RESTART IDENTITY"))
            for sequence in connection.scalars(text(SEQUENCES)).all():
                connection.execute(text(f"ALTER SEQUENCE {sequence} RESTART"))
            for table, rows in self._first.items():
                for row in rows:
                    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
                    connection.execute(
                        text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row
                    )
            connection.exec_driver_sql("SET session_replication_role = origin")
        self._known.clear()
        self.claims.clear()

    def known(self, key: str) -> Given | None:
        """Return what a statement answered since its tables were written last, or None."""
        found = self._known.get(key)
        return None if found is None else found[1]

    def learn(self, key: str, answer: Given) -> None:
        """Keep what a statement answered until one of its tables is written."""
        self._known[key] = words_of(key.rpartition("\n")[0]), answer

    def written(self, tables: frozenset[str]) -> None:
        """Forget what was read of some tables: they were written."""
        self.version += 1
        for key in [key for key, (words, _) in self._known.items() if words & tables]:
            del self._known[key]

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection outside of any transaction."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.give_back(connection)

    def take(self) -> Connection:
        """Return a connection that nobody uses."""
        return self._free.pop() if self._free else self._connect()

    def give_back(self, connection: Connection) -> None:
        """Take a connection back."""
        self._free.append(connection)

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement, for those who judge."""
        key = f"{statement}\njudge {values}"
        found = self.known(key)
        if found is None:
            with self.connection() as connection:
                found = run(connection, statement, values)
            self.learn(key, found)
        return found.rows

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


@lru_cache(maxsize=1024)
def kind_of(statement: str) -> tuple[str, bool]:
    """Return the first word of a statement, and whether its answer depends on the tables alone."""
    word = statement.split(None, 1)[0]
    steady = not any(volatile in statement for volatile in VOLATILE)
    return word, steady and word in ("SELECT", "UPDATE", "DELETE")


class Transaction:
    """One transaction with the face of the real one; answers are there at once.

    It begins at the database with the first statement whose answer is not known.
    """

    def __init__(self, ledger: Ledger, life: Life, chance: Chance) -> None:
        self._ledger, self._life, self._chance = ledger, life, chance
        self._connection: Connection | None = None
        self._seen_version = ledger.version
        self._locks: list[tuple[str, Any]] = []
        self._written: set[str] = set()

    @property
    def dirty(self) -> bool:
        """Whether something was written."""
        return bool(self._written)

    async def execute(self, statement: Any, values: Any = None) -> Any:
        """Run one statement."""
        await self._step()
        return self._run(statement, values)

    async def scalar(self, statement: Any, values: Any = None) -> Any:
        """Run one statement and return its first value."""
        await self._step()
        return self._run(statement, values).scalar()

    async def scalars(self, statement: Any, values: Any = None) -> Any:
        """Run one statement and return its first column."""
        await self._step()
        return self._run(statement, values).scalars()

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        """Undo the block alone when it fails."""
        connection = self._begun()
        say(connection, "SAVEPOINT nested")
        try:
            yield
        except Exception:
            say(connection, "ROLLBACK TO SAVEPOINT nested")
            raise
        say(connection, "RELEASE SAVEPOINT nested")

    def commit(self) -> None:
        """Make it last."""
        if self._connection is not None:
            say(self._connection, "COMMIT")
            self._over()
            if self.dirty:
                self._ledger.written(frozenset(self._written))

    def undo(self) -> None:
        """Undo what has not been committed."""
        if self._connection is not None:
            say(self._connection, "ROLLBACK")
            self._over()

    def _run(self, statement: Any, values: Any) -> Any:
        words = statement.text
        kind, steady = kind_of(words)
        key = f"{words}\n{values}" if steady and not isinstance(values, list) else None
        if key is not None and self._connection is None and self._ledger.open_count == 0:
            known = self._ledger.known(key)
            if known is not None:
                if "FOR UPDATE" in words:
                    self._locks.append((words, values))
                return known.result()
        given = run(self._begun(), words, values)
        alone = self._ledger.open_count == 1 and not self.dirty
        changed = given.rowcount or given.names is not None or kind == "WITH"  # its parts count too
        if kind != "SELECT" and changed:
            self._written |= set(WRITTEN.findall(words))
        elif key is not None and alone:
            self._ledger.learn(key, given if kind == "SELECT" else NOTHING)
        return given.result()

    def _begun(self) -> Connection:
        """Return the connection once the transaction has begun with the locks it should have.

        Raises:
            ServiceUnreachableError: what was known when it should have been locked has changed.
        """
        if self._connection is None:
            if self._locks and self._seen_version != self._ledger.version:
                raise ServiceUnreachableError("database: could not serialise access")
            self._connection = self._ledger.take()
            self._ledger.open_count += 1
            now = EPOCH + timedelta(seconds=self._chance.wall_s())
            say(self._connection, f"BEGIN; SET LOCAL virtual.now = '{now.isoformat()}'")
            for statement, values in self._locks:
                run(self._connection, statement, values)
        return self._connection

    def _over(self) -> None:
        if self._connection is not None:
            self._ledger.give_back(self._connection)
            self._connection = None
            self._ledger.open_count -= 1

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
        tx = Transaction(self._ledger, life, chance)
        try:
            yield tx
            if tx.dirty:
                await self._before_commit()
            if tx.dirty and chance.strikes("commit_lost", life.name):
                tx.undo()  # a disk that lies: never drawn, handed in to see it found out
            else:
                tx.commit()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE or is_passing(error):
                chance.note(f"conflict {life.name}")
                raise ServiceUnreachableError(f"database: {error.orig}") from error
            raise
        finally:
            tx.undo()
        if tx.dirty:
            self._after_commit()

    async def alone(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run while no other living replica does; a crash ends the claim."""
        claims = self._ledger.claims
        while name in claims and claims[name].alive:
            await asyncio.sleep(CLAIM_AGAIN_S)
        claims[name] = self._life
        try:
            await run()
        finally:
            if claims.get(name) is self._life:
                del claims[name]

    async def close(self) -> None:
        """Nothing to close: the connections belong to the ledger."""

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
