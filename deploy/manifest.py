"""What a backup holds: each file with its SHA-256, and the seal it must contain."""

import hashlib
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.errors import InvalidInputError

FILE_NAME = "manifest.json"
Show = Callable[[float], None]


def tell_nobody(share: float) -> None:
    """Take the share of the way and show it to nobody."""


class FileEntry(BaseModel):
    """One file of a backup; `path` is relative to the backup's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    byte_count: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class SealEntry(BaseModel):
    """A seal of the record: the Merkle root over all records up to `position`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int = Field(gt=0)
    root_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """A finished backup. seal: the newest one when the backup began, None for an empty record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=1, ge=1, le=1)
    made_at: AwareDatetime
    seal: SealEntry | None
    files: tuple[FileEntry, ...]


def write_manifest(folder: Path, made_at: datetime, seal: SealEntry | None) -> Manifest:
    """Enter all files of a folder; written last, the manifest stands for a whole backup."""
    files = tuple(_entry(folder, path) for path in sorted(folder.rglob("*")) if path.is_file())
    manifest = Manifest(made_at=made_at, seal=seal, files=files)
    unfinished = folder / f"{FILE_NAME}.tmp"
    with unfinished.open("w") as file:
        file.write(manifest.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / FILE_NAME)
    return manifest


def checked_manifest(folder: Path, show: Show = tell_nobody) -> Manifest:
    """Read the manifest of a backup and compare every file with it.

    show: takes the share of the way, 0 to 1.

    Raises:
        InvalidInputError: no finished backup, or a file is missing, shorter, longer or changed.
    """
    try:
        manifest = Manifest.model_validate_json((folder / FILE_NAME).read_bytes())
    except OSError as error:
        raise InvalidInputError(
            f"{folder} is no finished backup: {FILE_NAME} cannot be read ({error.strerror})."
        ) from error
    except ValidationError as error:
        raise InvalidInputError(f"The backup {folder} is damaged: {FILE_NAME}: {error}") from error
    _compare(folder, manifest.files, show)
    return manifest


def _compare(folder: Path, files: Sequence[FileEntry], show: Show) -> None:
    for count, wanted in enumerate(files, 1):
        inside = PurePosixPath(wanted.path)
        if inside.is_absolute() or ".." in inside.parts:
            raise InvalidInputError(f"The backup {folder} names a file outside: {wanted.path}.")
        path = folder / inside
        if not path.is_file():
            raise InvalidInputError(f"The backup {folder} is damaged: {wanted.path} is missing.")
        found = _entry(folder, path)
        if found != wanted:
            raise InvalidInputError(
                f"The backup {folder} is damaged: {wanted.path} has {found.byte_count} bytes and "
                f"SHA-256 {found.sha256[:12]}, it was made with {wanted.byte_count} bytes and "
                f"{wanted.sha256[:12]}."
            )
        show(count / len(files))


def _entry(folder: Path, path: Path) -> FileEntry:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(
        path=path.relative_to(folder).as_posix(), byte_count=path.stat().st_size, sha256=digest
    )
