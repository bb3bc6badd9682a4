"""Writes files of secrets: never seen half written, never with wider rights than meant."""

import os
from pathlib import Path

from shared.errors import PersonNeededError

SECRET, PUBLIC = 0o600, 0o644


def write(path: Path, content: bytes, mode: int) -> None:
    """Put a file in its place at once, and on disk."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def damaged(folder: Path) -> PersonNeededError:
    """Return what to tell of a folder whose certificate or key cannot be read."""
    return PersonNeededError(
        f"The certificate or key in {folder} is damaged; "
        "restore it from a backup, or remove that folder to get a new one."
    )


def private_folder(folder: Path) -> None:
    """Make a folder that its owner alone may enter."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
