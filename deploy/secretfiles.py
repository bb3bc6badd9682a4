"""Writes files of secrets: never seen half written, never with wider rights than meant."""

import os
from pathlib import Path

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


def private_folder(folder: Path) -> None:
    """Make a folder that its owner alone may enter."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
