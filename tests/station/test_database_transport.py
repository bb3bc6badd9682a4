"""Attacks on a database server of the site, set up with what `halite certs rights` prints."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from deploy.accounts import account_for, hand_over
from deploy.authority import Authority, Part
from deploy.cli import halite
from deploy.databaserights import entrances, names, statements
from deploy.databases import OutsideServer
from deploy.processes import PROJECT_DIR, Child, ChildSpec, run_tool, wait_until
from shared.connections import LINK
from shared.db import Database, migrate
from shared.errors import RetryLaterError
from shared.settings import SERVICES
from tests.conftest import free_port
from tests.station.network import expired, stranger

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
pytestmark = pytest.mark.skipif(
    not FOLDERS, reason="Debian's PostgreSQL, built with TLS, is missing"
)
SERVER = Part(name="database", hosts=("localhost", "127.0.0.1"))
PARTS = [SERVER, *(Part(name=name) for name in SERVICES)]


@dataclass(frozen=True, kw_only=True)
class Site:
    """A server of the site, and the folder of the plant's certificates."""

    port: int
    tls: Path
    ca: Path

    def url(self, service: str, **other: str) -> str:
        """Return the address of a service's database; other: what an attacker says instead."""
        said = {
            "role": service,
            "database": service,
            "mode": "verify-full",
            "ca": str(self.ca),
            "identity": str(self.tls / service),
        } | other
        return (
            f"postgresql+psycopg://halite_{said['role']}@127.0.0.1:{self.port}"
            f"/halite_{said['database']}?sslmode={said['mode']}&sslrootcert={said['ca']}"
            f"&sslcert={said['identity']}/cert.pem&sslkey={said['identity']}/key.pem"
        )

    def enter(self, service: str, **other: str) -> str:
        """Enter and return the role that the server sees.

        Raises:
            psycopg.OperationalError: refused.
        """
        url = self.url(service, **other).replace("+psycopg", "")
        with psycopg.connect(url, connect_timeout=5) as connection:
            [who] = connection.execute("SELECT current_user").fetchone() or [""]
            return str(who)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        Authority(folder / "tls").ensure(PARTS)
        data, port = folder / "data", free_port()
        account = account_for(data)
        owner = account.name if account else pwd.getpwuid(os.getuid()).pw_name
        hand_over(data, account)
        run_tool(
            (str(FOLDERS[-1] / "initdb"), f"--pgdata={data}", "--encoding=UTF8", "--no-sync"),
            what="initdb",
            within_s=60.0,
            folder=Path("/"),
            account=account,
        )
        (data / "pg_hba.conf").write_text("local all all peer\n" + entrances())
        (data / "pg_ident.conf").write_text(names())
        for file in ("ca.pem", "cert.pem", "key.pem"):
            shutil.copy(folder / "tls/database" / file, data / file)
        for file in data.glob("*.*"):
            if account is not None and file.is_file():
                os.chown(file, account.uid, account.gid)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": str(data),
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": "cert.pem",
            "ssl_key_file": "key.pem",
            "ssl_ca_file": "ca.pem",
        }
        words = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        command = (str(FOLDERS[-1] / "postgres"), "-D", str(data), *words)
        server = Child(
            ChildSpec(name="site", command=command, folder=Path("/"), account=account), folder
        )
        server.start()

        def run(sql: str) -> str:
            asked = (str(FOLDERS[-1] / "psql"), "-h", str(data), "-p", str(port), "-U", owner)
            return run_tool(
                (*asked, "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql),
                what="psql",
                within_s=30.0,
                folder=Path("/"),
                account=account,
            )

        socket = data / f".s.PGSQL.{port}"
        assert wait_until(socket.exists, 20.0), server.last_lines()
        for statement in statements():
            run(statement)
        yield Site(port=port, tls=folder / "tls", ca=folder / "tls/database/ca.pem")
        server.stop()


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_enters_its_own_database_as_its_own_role(site: Site, name: str) -> None:
    assert site.enter(name) == f"halite_{name}"


@pytest.mark.parametrize(
    ("what", "said", "reason"),
    [
        ("no TLS", {"mode": "disable"}, "no encryption|pg_hba.conf rejects"),
        ("no certificate", {"identity": "/nonexistent"}, "valid client certificate"),
        ("another's database", {"database": "quality"}, "pg_hba.conf rejects"),
        ("another's role", {"role": "quality", "database": "quality"}, "authentication failed"),
        ("the administrator's database", {"database": "x"}, "pg_hba.conf rejects"),
    ],
)
def test_a_service_is_refused(site: Site, what: str, said: dict[str, str], reason: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=reason):
        site.enter("spray", **said)


def test_a_certificate_of_another_authority_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"unknown ca|closed|reset|Broken pipe"):
        site.enter("spray", identity=str(stranger(tmp_path, "spray")))


def test_a_certificate_that_has_ended_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"expired|closed|reset|Broken pipe"):
        site.enter("spray", identity=str(expired(site.tls, tmp_path, "spray")))


def test_a_server_that_is_not_the_sites_is_told_nothing(site: Site, tmp_path: Path) -> None:
    other = stranger(tmp_path, "database") / "ca.pem"

    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        site.enter("spray", ca=str(other))


def test_a_role_may_make_neither_roles_nor_databases(site: Site) -> None:
    url = site.url("spray").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "CREATE ROLE more",
            "CREATE DATABASE more",
            "COPY (SELECT 1) TO '/tmp/x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize("name", ["spray", "trace"])
async def test_a_service_runs_its_migrations_and_transactions_with_its_role_alone(
    site: Site, name: str
) -> None:
    migrate(site.url(name), PROJECT_DIR / "services" / name / "migrations")
    database = Database(site.url(name))

    await database.ping()

    await database.close()


async def test_the_server_gives_up_a_service_that_vanished_as_soon_as_that_gives_up_the_server(
    site: Site,
) -> None:
    database = Database(site.url("trace"))
    kept = {
        "tcp_keepalives_idle": LINK["keepalives_idle"],
        "tcp_keepalives_interval": LINK["keepalives_interval"],
        "tcp_keepalives_count": LINK["keepalives_count"],
        "tcp_user_timeout": LINK["tcp_user_timeout"],
    }

    async with database.quiet() as tx:
        assert {name: int(await tx.scalar(text(f"SHOW {name}"))) for name in kept} == kept

    await database.close()


def test_a_template_gives_each_service_its_own_role_and_certificate(site: Site) -> None:
    server = OutsideServer(site.url("{service}"))

    server.ensure()

    assert server.url("quality") == site.url("quality")


def test_a_service_that_cannot_enter_is_told_before_the_plant_starts(
    site: Site, tmp_path: Path
) -> None:
    server = OutsideServer(site.url("{service}", identity=str(tmp_path / "{service}")))

    with pytest.raises(RetryLaterError, match="valid client certificate"):
        server.ensure()


def test_the_rights_are_printed_for_the_servers_administrator() -> None:
    shown = CliRunner().invoke(halite, ["certs", "rights", "database"])

    lines = shown.output.splitlines()
    assert "CREATE DATABASE halite_spray OWNER halite_spray;" in lines
    assert "hostssl halite_spray halite_spray all cert map=halite" in lines
    assert "halite spray halite_spray" in lines
