"""Who may do what in the plant's own database: a role for each service, with no more than its work.

A service enters its own database alone, with a password from a file, reads and writes rows, and
only adds to tables that refuse change. Tables belong to the administrator, who makes and alters
them at the start of the plant, and enters as the account of this machine that runs the plant.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path

from psycopg import sql

from deploy.databaserights import role
from deploy.databases import Connection
from deploy.postgres import PostgresServer
from deploy.processes import PROJECT_DIR
from shared.db import migrate
from shared.errors import PersonNeededError
from shared.secretfiles import SECRET, private_folder, write
from shared.settings import SERVICES

ANALYSED = "trace"
_VERSIONS = ("kernel_version", "service_version")
# What refuses change says so by this trigger; the lack of the right says it once more.
_KEPT = """
    SELECT DISTINCT relname FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE proname = 'refuse_change'"""


def admit(server: PostgresServer, passwords: Path) -> dict[str, str]:
    """Make databases, tables, roles and rights as this version needs them; return the addresses.

    passwords: the folder of one file for each service. The addresses are by service.

    Raises:
        RetryLaterError: the server gives no answer.
        PersonNeededError: a file with a password cannot be written or read.
    """
    for service in SERVICES:
        database = role(service)
        server.ensure_database(database)
        migrate(server.url(database), PROJECT_DIR / "services" / service / "migrations")
        enter(server, service, database, passwords)
    return addresses(server, passwords)


def addresses(server: PostgresServer, passwords: Path) -> dict[str, str]:
    """Return the address of each service's database, as it is after `admit`."""
    return {one: _address(server, one, role(one), passwords) for one in SERVICES}


def enter(server: PostgresServer, service: str, database: str, passwords: Path) -> str:
    """Let a service into a database whose tables are made; return its address for the service.

    Raises:
        RetryLaterError: the server gives no answer.
        PersonNeededError: the file with the password cannot be written or read.
    """
    name, file = role(service), passwords / service
    with server.asked(database) as connection, connection.transaction():
        _ensure_role(connection, name, _password(file))
        for statement in _rights(connection, database, name):
            connection.execute(statement)
        if service == ANALYSED:
            _let_analysts_in(connection, database)
    return _address(server, service, database, passwords)


def _address(server: PostgresServer, service: str, database: str, passwords: Path) -> str:
    return server.url(database, role=role(service), password_file=passwords / service)


def _password(file: Path) -> str:
    """Return the password in a file, which is made when missing."""
    try:
        private_folder(file.parent)
        if not file.exists():
            write(file, f"*:*:*:*:{secrets.token_urlsafe(32)}\n".encode(), SECRET)
        *_, password = file.read_text().strip().split(":")
    except OSError as error:
        raise PersonNeededError(
            f"The password file {file} cannot be used: {error.strerror}."
        ) from error
    if not password:
        raise PersonNeededError(
            f"The password file {file} is empty; remove it, the next start makes another."
        )
    return password


def _ensure_role(connection: Connection, name: str, password: str) -> None:
    """Make the role unless it is there, and give it the password of its file, also a new one."""
    query = "SELECT 1 FROM pg_roles WHERE rolname = %s"
    if connection.execute(query, (name,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    # What the server keeps is made here: neither it nor its log ever see the password.
    kept = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    connection.execute(
        sql.SQL(
            "ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
            " PASSWORD {}"
        ).format(sql.Identifier(name), sql.Literal(kept.decode()))
    )


def _rights(connection: Connection, database: str, name: str) -> Iterator[sql.Composed]:
    said = {"database": sql.Identifier(database), "role": sql.Identifier(name)}
    kept = [str(row[0]) for row in connection.execute(_KEPT)]
    statements = (
        "REVOKE ALL ON DATABASE {database}, postgres, template1 FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO {role}",
        "GRANT USAGE ON SCHEMA public TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO {role}",  # names and sizes, for /metrics
    )
    for statement in statements:
        yield sql.SQL(statement).format(**said)
    for table in kept:
        yield sql.SQL("REVOKE UPDATE, DELETE ON {table} FROM {role}").format(
            table=sql.Identifier(table), **said
        )
    for table in _VERSIONS:
        yield sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {table} FROM {role}").format(
            table=sql.Identifier(table), **said
        )


def _let_analysts_in(connection: Connection, database: str) -> None:
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO halite_analyst").format(sql.Identifier(database))
    )
