"""A plant put back from its backup."""

import shutil
from pathlib import Path

from deploy.backup import DATABASE_DIR, FILES_DIR, check_empty
from deploy.data_folder import DataFolder
from deploy.manifest import Show, checked_manifest, tell_nobody
from deploy.postgres import PostgresServer
from deploy.soundness import Findings, findings


def restore(backup: Path, data_dir: Path, show: Show = tell_nobody) -> Findings:
    """Put a plant back into a new or empty folder and look whether it is sound.

    show: takes the share of the way, 0 to 1.

    It is built beside its place and moved there as the last step: a folder that is there is whole.

    Raises:
        PersonNeededError: the folder is not empty, the disk is nearly full, or the database does
            not start from the backup.
        InvalidInputError: the backup is not finished or damaged.
    """
    backup, data_dir = backup.absolute(), data_dir.absolute()
    check_empty(data_dir, "A restore")
    manifest = checked_manifest(backup, lambda share: show(share / 2))
    unfinished = data_dir.with_name(data_dir.name + ".restoring")
    shutil.rmtree(unfinished, ignore_errors=True)
    data = DataFolder(unfinished)
    data.prepare()
    shutil.copytree(backup / FILES_DIR, unfinished, dirs_exist_ok=True)
    server = PostgresServer(data.postgres, data.logs)
    show(0.6)
    server.put_back(backup / DATABASE_DIR)
    show(0.8)
    server.start()
    try:
        found = findings(server, unfinished, manifest.seal)
    finally:
        server.stop()
    shutil.rmtree(server.socket_dir, ignore_errors=True)
    unfinished.rename(data_dir)
    return found
