"""One transaction: statements with `:name` parameters straight to psycopg, rows as SQLAlchemy's.

SQLAlchemy's own way to the driver costs more than twice the CPU of a short transaction.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import ScalarResult, TextClause, text
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError

from shared.connections import BoundedConnection

DIALECT = dialect()  # type: ignore[no-untyped-call]
Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Rows(IteratorResult[*tuple[Any, ...]]):
    """What a statement gave. rowcount: how many rows it returned or changed."""

    def __init__(
        self, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]], rowcount: int
    ) -> None:
        super().__init__(_columns(names), iter(rows))
        self.rowcount = rowcount
        self._names, self._values = names, rows

    def dicts(self) -> list[dict[str, Any]]:
        """Return all rows by column name: what `mappings` gives, for many rows much faster."""
        return [dict(zip(self._names, row, strict=True)) for row in self._values]


class Transaction:
    """An open transaction; `shared.db.Database` begins and ends it."""

    def __init__(self, connection: BoundedConnection) -> None:
        self._connection = connection

    async def execute(self, statement: TextClause, values: Values = None) -> Rows:
        """Run one statement, for each of several values when they are a list.

        Raises:
            DBAPIError: the database refused it, or is away.
        """
        words = for_driver(statement.text)
        if isinstance(values, Sequence) and len(values) == 1:
            values = values[0]
        cursor = self._connection.cursor()
        try:
            if isinstance(values, Sequence):
                await cursor.executemany(words, values)
                return Rows((), (), cursor.rowcount)
            await cursor.execute(words, values or {})
            if cursor.description is None:
                return Rows((), (), cursor.rowcount)
            names = tuple(column.name for column in cursor.description)
            return Rows(names, await cursor.fetchall(), cursor.rowcount)
        except psycopg.Error as error:
            raise database_error(error, words, values) from error

    async def scalar(self, statement: TextClause, values: Values = None) -> Any:
        """Run one statement and return the first column of its first row, or None."""
        return (await self.execute(statement, values)).scalar()

    async def scalars(self, statement: TextClause, values: Values = None) -> ScalarResult[Any]:
        """Run one statement and return its first column."""
        return (await self.execute(statement, values)).scalars()

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        """Undo the block alone when it fails."""
        async with self._connection.transaction():
            yield

    async def commit(self) -> None:
        """Make it last.

        Raises:
            DBAPIError: the database refused it, or is away: whether it lasts is not known.
        """
        try:
            await self._connection.commit()
        except psycopg.Error as error:
            raise database_error(error, "COMMIT") from error


def database_error(error: psycopg.Error, words: str, values: Values = None) -> DBAPIError:
    """Return SQLAlchemy's error for one of the driver."""
    made = DBAPIError.instance(words, values, error, psycopg.Error, dialect=DIALECT)
    if not isinstance(made, DBAPIError):
        raise error
    return made


@lru_cache(maxsize=1024)
def for_driver(statement: str) -> str:
    """Return a statement with the driver's parameters instead of `:name`."""
    return str(text(statement).compile(dialect=DIALECT))


@lru_cache(maxsize=1024)
def _columns(names: tuple[str, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData(names)
