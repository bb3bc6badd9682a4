"""Statements straight to psycopg: what SQLAlchemy adds to each cost a fifth of a seed."""

from functools import lru_cache
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Connection
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData

from shared.errors import ServiceUnreachableError
from shared.transaction import database_error, for_driver


class Given(NamedTuple):
    """What a statement gave: its columns, None where it returns no rows, and its rows."""

    names: SimpleResultMetaData | None
    rows: list[tuple[Any, ...]]
    rowcount: int

    def result(self) -> Any:
        """Return it with the face of a SQLAlchemy result; may be asked for again."""
        return self if self.names is None else _Rows(self)


NOTHING = Given(None, [], 0)


class _Rows(IteratorResult[Any]):
    def __init__(self, given: Given) -> None:
        super().__init__(given.names, iter(given.rows))  # type: ignore[arg-type]
        self.rowcount = given.rowcount
        self._given = given

    def dicts(self) -> list[dict[str, Any]]:
        """Return all rows by column name."""
        names = self._given.names or ()
        return [dict(zip(names, row, strict=True)) for row in self._given.rows]


def run(connection: Connection, statement: str, values: Any = None) -> Given:
    """Run a statement with `:name` parameters; a list of values runs it for each.

    Raises:
        DBAPIError: of the kind that SQLAlchemy would raise.
    """
    driver: Any = connection.connection.driver_connection
    cursor, words = driver.cursor(), for_driver(statement)
    try:
        if isinstance(values, list):
            cursor.executemany(words, values)
        else:
            cursor.execute(words, values or {})
        if cursor.description is None:
            return Given(None, [], cursor.rowcount)
        names = _names(tuple(column.name for column in cursor.description))
        return Given(names, cursor.fetchall(), cursor.rowcount)
    except psycopg.Error as error:
        raise database_error(error, words, values) from error
    finally:
        cursor.close()


def say(connection: Connection, words: str) -> None:
    """Run a command without an answer, past everything that costs time.

    Raises:
        ServiceUnreachableError: the database refused it.
    """
    driver: Any = connection.connection.driver_connection
    result = driver.pgconn.exec_(words.encode())
    if result.status != ExecStatus.COMMAND_OK:
        raise ServiceUnreachableError(f"database: {result.error_message.decode()}")


@lru_cache(maxsize=1024)
def _names(names: tuple[str, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData(names)
