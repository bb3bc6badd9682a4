"""A plant put back into the volume that its containers share: all of it, or nothing that starts.

It is built in a folder of the volume, looked at there, and moved to its place with the database as
the last step. While that folder is there the database does not start.
"""

import shutil
from pathlib import Path

from deploy.data_folder import DataFolder
from shared.errors import PersonNeededError

_FOLDER = "restored"
_ANEW = "remove the plant's volumes (docker compose down --volumes) and restore it again"


def put_back(backup: Path, data: DataFolder) -> tuple[str, ...]:
    """Put a plant back into an empty volume; return what was found, a sentence each.

    What services sign their tokens with is left out: each makes a key of its own at its start.

    Raises:
        PersonNeededError: the volume holds a plant, or the one put back is not sound.
        InvalidInputError: the backup is not finished or damaged.
    """
    from deploy.restore import restore  # which loads what no other container needs

    if (found := next((path for path in data.path.rglob("*") if path.is_file()), None)) is not None:
        raise PersonNeededError(
            f"A restore needs a volume without a plant, this one holds {found}; {_ANEW}."
        )
    restored = data.path / _FOLDER
    result = restore(backup, restored)
    if result.faults:
        raise PersonNeededError(
            f"The plant in {restored} is not sound and stays there: {'; '.join(result.faults)}."
        )
    shutil.rmtree(restored / "secrets" / "tokens", ignore_errors=True)
    move_into(restored, data.path)
    return result.lines


def check_whole(data: DataFolder) -> None:
    """Look whether a restore into the volume was broken off.

    Raises:
        PersonNeededError: it was, or its plant was not sound.
    """
    for left in data.path.glob(f"{_FOLDER}*"):
        raise PersonNeededError(f"A restore did not end well, it left {left}; {_ANEW}.")


def move_into(folder: Path, place: Path) -> None:
    """Move what a folder holds, the database last, also into folders that came with the image."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name == "postgres"):
        if (target := place / path.name).is_dir():
            move_into(path, target)
        else:
            path.rename(target)
    folder.rmdir()
