"""A plant put back from its backup: `python -m deploy.restore --from FOLDER --data-dir FOLDER`."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.backup import DATABASE_DIR, FILES_DIR, check_empty
from deploy.data_folder import DataFolder
from deploy.local import say
from deploy.manifest import checked_manifest
from deploy.postgres import PostgresServer
from deploy.processes import PROJECT_DIR
from deploy.soundness import Findings, findings
from shared.errors import MesError


def restore(backup: Path, data_dir: Path) -> Findings:
    """Put a plant back into a new or empty folder and look whether it is sound.

    It is built beside its place and moved there as the last step: a folder that is there is whole.

    Raises:
        PersonNeededError: the folder is not empty, the disk is nearly full, or the database does
            not start from the backup.
        InvalidInputError: the backup is not finished or damaged.
    """
    backup, data_dir = backup.absolute(), data_dir.absolute()
    check_empty(data_dir, "A restore")
    manifest = checked_manifest(backup)
    unfinished = data_dir.with_name(data_dir.name + ".restoring")
    shutil.rmtree(unfinished, ignore_errors=True)
    data = DataFolder(unfinished)
    data.prepare()
    shutil.copytree(backup / FILES_DIR, unfinished, dirs_exist_ok=True)
    server = PostgresServer(data.postgres, data.logs)
    server.put_back(backup / DATABASE_DIR)
    server.start()
    try:
        found = findings(server, unfinished, manifest.seal)
    finally:
        server.stop()
    shutil.rmtree(server.socket_dir, ignore_errors=True)
    unfinished.rename(data_dir)
    return found


def main(words: Sequence[str]) -> int:
    """Restore a plant and say what was found; return 1 when a person must look."""
    parser = argparse.ArgumentParser(prog="python -m deploy.restore", description=__doc__)
    parser.add_argument("--from", dest="backup", type=Path, required=True, help="a backup")
    parser.add_argument("--data-dir", type=Path, default=PROJECT_DIR / ".halite")
    options = parser.parse_args(words)
    try:
        found = restore(options.backup, options.data_dir)
    except MesError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Nothing was restored: {error.filename}: {error.strerror}.", file=sys.stderr)
        return 1
    for line in found.lines:
        say(line)
    if found.faults:
        faults = "; ".join(found.faults)
        print(f"The plant in {options.data_dir} is not sound: {faults}.", file=sys.stderr)
        return 1
    say(f"The plant is back in {options.data_dir}; start it with DATA_DIR={options.data_dir}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
