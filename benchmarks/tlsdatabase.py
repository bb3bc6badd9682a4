"""Debian's PostgreSQL, built with TLS, to be entered by certificate, by password or freely."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.peers import free_port
from deploy.accounts import account_for, hand_over
from deploy.authority import Authority, Part
from deploy.databaserights import names, role
from deploy.databases import Connection
from deploy.processes import Child, ChildSpec, run_tool, wait_until
from shared.errors import PersonNeededError
from shared.identity import AUTHORITY, CERTIFICATE, KEY
from shared.secretfiles import SECRET, write

INSTALLED = Path("/usr/lib/postgresql")
ANYBODY = "anybody"  # the administrator, whom the server believes without a word
SERVER = Part(name="database", hosts=("localhost", "127.0.0.1"))
WITHIN_S = 30.0


@dataclass(frozen=True, kw_only=True)
class TlsDatabase:
    """A running server; service: whose role and certificate enter."""

    pid: int | None
    port: int
    socket_dir: Path
    tls: Path
    service: str
    password_file: Path

    def url(self, database: str, entry: str) -> str:
        """Return the address of a database. entry: `tls`, `scram` on the socket, or `plain`."""
        own, host = f"postgresql+psycopg://{role(self.service)}@", f"127.0.0.1:{self.port}"
        identity = self.tls / self.service
        match entry:
            case "tls":
                return (
                    f"{own}{host}/{database}?sslmode=verify-full&sslrootcert={identity / AUTHORITY}"
                    f"&sslcert={identity / CERTIFICATE}&sslkey={identity / KEY}"
                )
            case "scram":
                place = f"host={self.socket_dir}&port={self.port}&passfile={self.password_file}"
                return f"{own}/{database}?{place}"
        return f"postgresql+psycopg://{ANYBODY}@{host}/{database}?sslmode=disable"


@contextmanager
def tls_database(folder: Path, service: str, databases: list[str]) -> Iterator[TlsDatabase]:
    """Start a durable server with databases that belong to the role of a service; end it after.

    folder: below which the certificates are made as for a plant, in `tls`.

    Raises:
        PersonNeededError: Debian's PostgreSQL is missing or does not start.
    """
    found = sorted(INSTALLED.glob("*/bin"))
    if not found:
        raise PersonNeededError(f"There is no server in {INSTALLED}: apt-get install postgresql")
    Authority(folder / "tls").ensure([SERVER])
    data, port, password = folder / "database", free_port(), secrets.token_urlsafe(32)
    _make(found[-1], data, folder / "tls" / SERVER.name, service)
    password_file = folder / "pgpass"
    write(password_file, f"*:*:*:*:{password}\n".encode(), SECRET)
    child = _child(found[-1], data, port, folder / "log")
    child.start()
    try:
        server = TlsDatabase(
            pid=child.pid,
            port=port,
            socket_dir=data,
            tls=folder / "tls",
            service=service,
            password_file=password_file,
        )
        if not wait_until(lambda: _answers(server), WITHIN_S):
            raise PersonNeededError(f"The database did not start: {child.last_lines()}")
        _fill(server, password, databases)
        yield server
    finally:
        child.stop()


def _make(programs: Path, data: Path, certificates: Path, service: str) -> None:
    account = account_for(data)
    hand_over(data, account)
    words = (str(programs / "initdb"), f"--pgdata={data}", "--encoding=UTF8", "--auth=trust")
    run_tool(
        (*words, f"--username={ANYBODY}"),
        what="The database could not be made",
        within_s=120.0,
        folder=Path("/"),
        account=account,
    )
    own = role(service)
    (data / "pg_hba.conf").write_text(
        f"local all {own} scram-sha-256\n"
        f"hostssl all {own} all cert map=halite\n"
        f"hostnossl all {ANYBODY} 127.0.0.1/32 trust\n"
    )
    (data / "pg_ident.conf").write_text(names())
    for name in (AUTHORITY, CERTIFICATE, KEY):
        shutil.copy(certificates / name, data / name)
        if account is not None:
            os.chown(data / name, account.uid, account.gid)


def _child(programs: Path, data: Path, port: int, log_dir: Path) -> Child:
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(data),
        "max_connections": "200",
        "ssl": "on",
        "ssl_ca_file": AUTHORITY,
        "ssl_cert_file": CERTIFICATE,
        "ssl_key_file": KEY,
    }
    words = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
    spec = ChildSpec(
        name="tls database",
        command=(str(programs / "postgres"), "-D", str(data), *words),
        folder=Path("/"),
        account=account_for(data),
    )
    return Child(spec, log_dir)


def _entered(server: TlsDatabase) -> Connection:
    url = server.url("postgres", "plain").replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True)


def _answers(server: TlsDatabase) -> bool:
    try:
        with _entered(server):
            return True
    except psycopg.OperationalError:
        return False


def _fill(server: TlsDatabase, password: str, databases: list[str]) -> None:
    own = sql.Identifier(role(server.service))
    with _entered(server) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(own, sql.Literal(password))
        )
        for name in databases:
            made = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), own)
            connection.execute(made)
