"""The folder that holds all a plant keeps: its parts, whether it can be used, and who uses it."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConflictError, NotFoundError, PersonNeededError

SMALLEST_FREE_BYTES = 500_000_000


class DataFolder:
    """Where each part of the plant keeps its files, below one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.postgres = self.path / "postgres"
        self.broker = self.path / "broker"
        self.pki = self.path / "pki"
        self.tls = self.path / "tls"
        self.secrets = self.path / "secrets"
        self.gateway_keys = self.secrets / "gateway"
        self.database_passwords = self.secrets / "database"
        self.share = self.path / "share"
        self.logs = self.path / "log"
        self.plant_file = self.path / "plant.toml"  # of this run, its ports included
        self.own_plant_file = self.path / "own-plant.toml"  # as a person named it
        self.lock_file = self.path / "plant.lock"
        self.running_file = self.path / "running.json"
        self.port_file = self.path / "port"

    def prepare(
        self, smallest_free_bytes: int = SMALLEST_FREE_BYTES, *, shared: bool = False
    ) -> None:
        """Make the folder and check that it can be written and that the disk has room.

        shared: other users walk through the folders of secrets, to the files that they may read.

        Raises:
            PersonNeededError: a file is in its place, not writable, or the disk is nearly full.
        """
        try:
            for folder in (self.path, self.secrets, self.pki, self.tls, self.share, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
            for folder in (self.secrets, self.tls):
                folder.chmod(0o711 if shared else 0o700)
            probe = self.path / f".writable-{os.getpid()}"
            probe.write_bytes(b"x")
            probe.unlink()
        except (FileExistsError, NotADirectoryError) as error:
            raise PersonNeededError(
                f"The data folder {self.path} cannot be used: {error.filename} is a file, "
                "not a folder."
            ) from error
        except OSError as error:
            raise PersonNeededError(
                f"The data folder {self.path} cannot be written: {error.strerror}."
            ) from error
        self.check_room(smallest_free_bytes)

    def check_present(self) -> None:
        """Check that it is the folder of a plant.

        Raises:
            NotFoundError: it has no certificates, which each plant makes first.
        """
        if not self.pki.is_dir():
            raise NotFoundError(f"There is no plant in {self.path}; name its folder: --data-dir.")

    def check_room(self, smallest_free_bytes: int = SMALLEST_FREE_BYTES) -> None:
        """Check that the disk has room.

        Raises:
            PersonNeededError: it is nearly full.
        """
        free_bytes = shutil.disk_usage(self.path).free
        if free_bytes < smallest_free_bytes:
            raise PersonNeededError(
                f"The disk of the data folder {self.path} has {free_bytes / 1e6:.0f} MB free, "
                f"the plant needs {smallest_free_bytes / 1e6:.0f} MB."
            )

    def first_port(self) -> int | None:
        """Return the port of the operators' page as of the last start, None before the first."""
        try:
            return int(self.port_file.read_text())
        except (OSError, ValueError):
            return None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process; the hold ends with the process, however that ends.

        Raises:
            ConflictError: another plant runs in the folder.
        """
        with exclusive(self.lock_file, wait=False):
            yield

    def holder(self) -> int | None:
        """Return the number of the process whose plant runs in the folder, None when none does."""
        try:
            process = int(self.lock_file.read_text())
            os.kill(process, 0)
        except PermissionError:  # it is there, and another user's
            pass
        except (OSError, ValueError):
            return None
        try:
            with exclusive(self.lock_file, wait=False):
                return None  # the number was given to another program meanwhile
        except ConflictError:
            return process


@contextmanager
def exclusive(lock_file: Path, *, wait: bool) -> Iterator[None]:
    """Hold a lock file with this process's number in it.

    Raises:
        ConflictError: another process holds it and `wait` is False.
        PersonNeededError: the file cannot be written.
    """
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise PersonNeededError(
            f"The file {lock_file} cannot be written: {error.strerror}."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
            raise ConflictError(
                f"A plant already runs in {lock_file.parent} (process {holder}); "
                "stop it first or choose another data folder."
            ) from error
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
