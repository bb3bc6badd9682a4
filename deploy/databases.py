"""What a plant needs on a PostgreSQL server: its own, or one that others run and name by URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared.errors import InvalidInputError, PersonNeededError, RetryLaterError
from shared.settings import SERVICES

USER, REPORTER = "halite", "halite_reports"
SERVICE = "{service}"
ON_THIS_MACHINE = (None, "", "localhost", "127.0.0.1", "::1")
ANALYST: LiteralString = "CREATE ROLE halite_analyst NOLOGIN"
REPORTS: tuple[LiteralString, ...] = (
    "CREATE ROLE halite_reports LOGIN IN ROLE halite_analyst",
    "ALTER ROLE halite_reports SET default_transaction_read_only = on",
    "ALTER ROLE halite_reports SET statement_timeout = '10s'",
)
Connection = psycopg.Connection[tuple[object, ...]]


def ensure_database(connection: Connection, name: str) -> None:
    """Create a database unless it exists; it belongs to who asks."""
    query = "SELECT 1 FROM pg_database WHERE datname = %s"
    if connection.execute(query, (name,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def ensure_reports(connection: Connection) -> None:
    """Create the user of reporting tools: of the role halite_analyst, read-only, 10 s a statement.

    The views that the role may read come with the service trace; a role lasts beside them.
    """
    query = "SELECT 1 FROM pg_roles WHERE rolname = %s"
    for name, statements in (("halite_analyst", (ANALYST,)), (REPORTER, REPORTS)):
        if connection.execute(query, (name,)).fetchone() is None:
            for statement in statements:
                connection.execute(statement)


class OutsideServer:
    """A server that others run. template: SQLAlchemy's URL with `{service}` in the database's name.

    With `{service}` in the user too, each service has a role of its own, and roles and databases
    are made beforehand by `deploy/databaserights.py`.

    Raises:
        InvalidInputError: the template is no such URL, or leads over a network without TLS that
            checks who the server is.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        try:
            url = make_url(template)
            database = url.database or ""
        except ArgumentError as error:
            raise InvalidInputError(f"HALITE_DATABASE_URL: {error}") from error
        if SERVICE not in database or not template.startswith("postgresql+psycopg://"):
            raise InvalidInputError(
                "HALITE_DATABASE_URL must be postgresql+psycopg://user@host/halite_{service}?…, "
                f"it names the database {database!r}"
            )
        mode = url.query.get("sslmode")
        if url.host not in ON_THIS_MACHINE and mode != "verify-full":
            raise InvalidInputError(
                f"HALITE_DATABASE_URL: over a network sslmode must be verify-full, it is {mode!r}"
            )
        self._has_own_roles = SERVICE in (url.username or "")

    def url(self, service: str) -> str:
        """Return the address of a service's database."""
        return self._template.replace(SERVICE, service)

    def ensure(self) -> None:
        """Create the services' databases where they are missing; try each service's own role.

        Raises:
            PersonNeededError: a database is missing and the user may make none.
            RetryLaterError: the server gives no answer, or refuses the user.
        """
        if self._has_own_roles:
            for service in SERVICES:
                with self._connected(make_url(self.url(service))):
                    continue
            return
        administered = make_url(self.url("x")).set(database="postgres")
        for service in SERVICES:
            name = make_url(self.url(service)).database or ""
            try:
                with self._connected(administered) as connection:
                    ensure_database(connection, name)
            except psycopg.errors.InsufficientPrivilege as error:
                raise PersonNeededError(
                    f"The database {name} is missing and its user may not make it ({error}); "
                    "let who runs the server make it for that user."
                ) from error

    @contextmanager
    def _connected(self, url: URL) -> Iterator[Connection]:
        words = url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            with psycopg.connect(words, autocommit=True, connect_timeout=5) as connection:
                yield connection
        except psycopg.errors.InsufficientPrivilege:
            raise
        except psycopg.OperationalError as error:
            raise RetryLaterError(f"The database server gave no answer: {error}") from error
