"""A copy of all a plant keeps, made while it runs.

One base backup of the database server holds all services at the same instant, so no reader is
ahead of its source in it. Everything else is copied after it: a file that the database names is
there, a simulated machine is at least as far as its service believes, and the saved plant time,
which comes last, is later than anything in the record.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from deploy.data_folder import DataFolder
from deploy.manifest import Manifest, SealEntry, Show, tell_nobody, write_manifest
from deploy.postgres import PostgresServer
from services.trace import store
from shared.db import Database
from shared.errors import ConflictError, PersonNeededError, RetryLaterError

DATABASE_DIR = "postgres"
FILES_DIR = "files"
TRACE_DATABASE = "halite_trace"
_COPIED_LAST = ("clock.json", "clock.latest.json")
# The broker is only the doorbell: what it still holds must not ring in a plant set back in time.
_LEFT_OUT = ("postgres", "postgres.socket", "postgres.new", "broker", "log")
_OF_A_RUN = ("plant.lock", "running.json", "port")
_PASSING_SUFFIXES = (".tmp", ".sqlite-wal", ".sqlite-shm", ".sqlite-journal")


def make_backup(data: DataFolder, to: Path, show: Show = tell_nobody) -> Manifest:
    """Copy a plant, whether it runs or not, into a new or empty folder.

    show: takes the share of the way, 0 to 1.

    Raises:
        PersonNeededError: no plant there, the folder is not empty, or a copy failed.
        RetryLaterError: the plant is just starting or stopping.
    """
    to = to.absolute()
    if not data.postgres.is_dir():
        raise PersonNeededError(f"There is no plant in {data.path} to make a backup of.")
    if to.is_relative_to(data.path):
        raise PersonNeededError(f"The backup cannot stand in the plant's own folder {data.path}.")
    check_empty(to, "A backup")
    with _database_of(data) as server:
        to.mkdir(parents=True, exist_ok=True)
        to.chmod(0o700)  # it holds keys and passwords
        seal = asyncio.run(_newest_seal(server.url(TRACE_DATABASE)))
        server.base_backup(to / DATABASE_DIR)
        show(0.6)
        files = list(_plant_files(data.path))
        for count, path in enumerate(files, 1):
            _copy(path, to / FILES_DIR / path.relative_to(data.path))
            show(0.6 + 0.3 * count / len(files))
    return write_manifest(to, datetime.now(UTC), seal)


def check_empty(folder: Path, what: str) -> None:
    """Raise PersonNeededError unless the folder is empty or not there."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise PersonNeededError(
            f"{what} needs a folder that is empty or not there yet; {folder} is neither."
        )


@contextmanager
def _database_of(data: DataFolder) -> Iterator[PostgresServer]:
    """The database server of a running plant, or one started for the time of the backup."""
    server = PostgresServer(data.postgres, data.logs)
    if server.is_ready():
        yield server
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(data.held())
        except ConflictError:
            raise RetryLaterError(
                f"The plant in {data.path} is starting or stopping; try again in a minute."
            ) from None
        else:
            data.logs.mkdir(parents=True, exist_ok=True)
            stack.callback(server.stop)
            server.start()
        yield server


async def _newest_seal(trace_url: str) -> SealEntry | None:
    database = Database(trace_url)
    try:
        async with database.quiet() as tx:
            newest = await store.seal_list(tx, 1)
    except DBAPIError as error:
        raise PersonNeededError(f"The record cannot be read: {error.orig}") from error
    finally:
        await database.close()
    return (
        SealEntry(**{name: newest[0][name] for name in SealEntry.model_fields}) if newest else None
    )


def _plant_files(folder: Path) -> Iterator[Path]:
    """All files but the database's, those with the saved plant time last."""
    entries = (
        path for path in sorted(folder.iterdir()) if path.name not in (*_LEFT_OUT, *_OF_A_RUN)
    )
    for entry in sorted(entries, key=lambda path: path.name in _COPIED_LAST):
        found = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
        for path in found:
            if path.is_file() and path.suffix not in _PASSING_SUFFIXES:
                yield path


def _copy(path: Path, to: Path) -> None:
    """Copy a file with its rights; one that has gone meanwhile was not meant to stay."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".sqlite":
        _copy_sqlite(path, to)
        return
    try:
        shutil.copy2(path, to)
    except FileNotFoundError:
        if path.exists():
            raise


def _copy_sqlite(path: Path, to: Path) -> None:
    """Copy a database that others may be writing to, as of one instant."""
    try:
        with (
            closing(sqlite3.connect(path.as_uri() + "?mode=ro", uri=True, timeout=30)) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise PersonNeededError(f"The file {path} could not be copied: {error}") from error
