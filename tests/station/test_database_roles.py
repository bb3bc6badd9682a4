"""The plant's own database: what each service may do there, and what it may not."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from deploy.databaseroles import addresses, admit
from deploy.databases import REPORTER
from deploy.postgres import PostgresServer
from deploy.processes import PROJECT_DIR
from shared.db import migrate
from shared.errors import PersonNeededError
from shared.settings import SERVICES

Connection = psycopg.Connection[tuple[object, ...]]
TRUSTING = "local all all trust\n"  # what the first version wrote
OUTBOX_ROW = """
    INSERT INTO outbox (event_id, type, subject, topic, body)
    VALUES ('00000000-0000-7000-8000-000000000001', 'x', 'L1', 't', '{}')"""
NEXT_MIGRATION = """
from alembic import op
revision, down_revision = '9999', {!r}
def upgrade(): op.execute('CREATE TABLE more (a int)')
"""


def _newest(migrations: Path) -> str:
    return max(path.name[:4] for path in migrations.glob("0*.py"))


@dataclass(frozen=True, kw_only=True)
class Own:
    """A plant's own server with all its services let in."""

    server: PostgresServer
    passwords: Path

    def enter(self, service: str, **other: str) -> Connection:
        """Enter as a service does. other: what an attacker says instead."""
        url = addresses(self.server, self.passwords)[service].replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, connect_timeout=5, **other)

    def value(self, service: str, query: str) -> object:
        with self.server.asked(f"halite_{service}") as connection:
            [found] = connection.execute(query.encode()).fetchone() or [None]
            return found


@pytest.fixture(scope="module")
def own() -> Iterator[Own]:
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = PostgresServer(folder / "postgres", folder / "log", durable=False)
        server.start()
        admit(server, folder / "passwords")
        yield Own(server=server, passwords=folder / "passwords")
        server.stop()


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_enters_its_own_database_and_finds_its_tables(own: Own, service: str) -> None:
    with own.enter(service) as connection:
        connection.execute("SELECT count(*) FROM outbox")
        connection.execute("SELECT sum(size) FROM pg_ls_waldir()")
        who = connection.execute("SELECT current_user, current_database()").fetchone()

    assert who == (f"halite_{service}", f"halite_{service}")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"passfile": "/nonexistent"}, "no password supplied"),
        ({"password": "guessed"}, "password authentication failed"),
        ({"user": "halite_quality"}, "password authentication failed"),
        ({"dbname": "halite_quality"}, "permission denied for database"),
        ({"dbname": "postgres"}, "permission denied for database"),
        ({"dbname": "template1"}, "permission denied for database"),
    ],
)
def test_a_service_is_refused(own: Own, said: dict[str, str], reason: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=reason):
        own.enter("spray", **said)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (a int)",
        "CREATE ROLE more",
        "CREATE DATABASE more",
        "DROP TABLE outbox",
        "TRUNCATE outbox",
        "ALTER TABLE record DISABLE TRIGGER ALL",
        "UPDATE kernel_version SET version_num = '0001'",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "SELECT pg_read_file('PG_VERSION')",
        "SET ROLE halite",
        "UPDATE record SET source = 'spray'",
        "DELETE FROM seal",
        "DELETE FROM seal_key",
    ],
)
def test_a_service_may_read_and_write_rows_and_no_more(own: Own, statement: str) -> None:
    with (
        own.enter("trace") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("service", "table"),
    [
        ("trace", "record"),
        ("quality", "disposition"),
        ("quality", "signature"),
        ("gateway", "handover"),
    ],
)
def test_what_is_kept_can_be_added_to_only(own: Own, service: str, table: str) -> None:
    rights = {
        right: own.value(
            service, f"SELECT has_table_privilege('halite_{service}', '{table}', '{right}')"
        )
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    }

    assert rights == dict.fromkeys(rights, False) | {"SELECT": True, "INSERT": True}


def test_no_line_of_the_entrances_trusts_a_name_alone(own: Own) -> None:
    query = "SELECT user_name, auth_method, error FROM pg_hba_file_rules"
    with own.server.asked() as connection:
        lines = [tuple(row) for row in connection.execute(query)]

    assert {method for _, method, _ in lines} == {"peer", "scram-sha-256"}
    assert {error for _, _, error in lines} == {None}
    assert [names for names, method, _ in lines if method != "peer"] == [["all"]]


def test_only_who_runs_the_plant_is_its_administrator(own: Own) -> None:
    query = "SELECT sys_name, pg_username, error FROM pg_ident_file_mappings"
    with own.server.asked() as connection:
        lines = {tuple(row) for row in connection.execute(query)}

    assert {role for _, role, _ in lines} == {"halite", REPORTER}
    assert {error for *_, error in lines} == {None}


def test_passwords_are_files_of_their_owner_and_the_server_keeps_none(own: Own) -> None:
    modes = {path.stat().st_mode & 0o777 for path in own.passwords.iterdir()}
    kept = own.value("spray", "SELECT rolpassword FROM pg_authid WHERE rolname = 'halite_spray'")

    assert modes == {0o600}
    assert str(kept).startswith("SCRAM-SHA-256$")


def test_a_lost_password_is_replaced_at_the_next_start(own: Own) -> None:
    (own.passwords / "plc").unlink()
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        own.enter("plc")

    admit(own.server, own.passwords)

    own.enter("plc").close()


def test_a_service_finds_its_tables_made_and_may_make_none(own: Own, tmp_path: Path) -> None:
    url, migrations = addresses(own.server, own.passwords)["plc"], tmp_path / "migrations"
    shutil.copytree(PROJECT_DIR / "services/plc/migrations", migrations)
    migrate(url, migrations)
    (migrations / "9999_more.py").write_text(NEXT_MIGRATION.format(_newest(migrations)))

    with pytest.raises(PersonNeededError, match="halite_plc may not change its tables"):
        migrate(url, migrations)


def test_a_folder_of_the_first_version_is_taken_over_with_its_rows() -> None:
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = PostgresServer(folder / "postgres", folder / "log", durable=False)
        old = Own(server=server, passwords=folder / "passwords")
        server.start()
        for service in ("execution", "trace"):
            server.ensure_database(f"halite_{service}")
            migrations = PROJECT_DIR / "services" / service / "migrations"
            migrate(server.url(f"halite_{service}"), migrations)
        with server.asked("halite_execution") as connection:
            connection.execute(OUTBOX_ROW)
        server.stop()
        (server.folder / "pg_hba.conf").write_text(TRUSTING)
        (server.folder / "pg_ident.conf").write_text("")

        server.start()
        admit(server, old.passwords)

        with old.enter("execution") as connection:
            assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            old.enter("execution", passfile="/nonexistent")
        server.stop()
