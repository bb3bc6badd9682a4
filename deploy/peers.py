"""The OPC UA stack of another maker that tests speak with: fetched once by its lock file."""

import hashlib
import shutil

from deploy.data_folder import exclusive
from deploy.debian import CACHE_DIR
from deploy.node import NodeTools, find_node
from deploy.processes import PROJECT_DIR, run_tool

SCRIPTS = PROJECT_DIR / "tests" / "station" / "peers"
_FOLDER = CACHE_DIR / "peers"
_FILES = ("package.json", "package-lock.json", ".npmrc")


def ensure_peers() -> tuple[NodeTools, dict[str, str]]:
    """Return node and the environment in which the scripts of `SCRIPTS` find their packages.

    Raises:
        PersonNeededError: a package cannot be fetched, or differs from the lock file.
    """
    node = find_node()
    wanted = hashlib.sha256((SCRIPTS / "package-lock.json").read_bytes()).hexdigest()
    stamp = _FOLDER / "installed.sha256"
    with exclusive(CACHE_DIR / "peers.lock", wait=True):
        if not stamp.exists() or stamp.read_text() != wanted:
            _FOLDER.mkdir(parents=True, exist_ok=True)
            for name in _FILES:
                shutil.copyfile(SCRIPTS / name, _FOLDER / name)
            run_tool(
                (node.npm, "ci", "--prefer-offline"),
                what="The OPC UA peer of the tests could not be fetched",
                within_s=600.0,
                environment=node.environment(),
                folder=_FOLDER,
            )
            stamp.write_text(wanted)
    return node, node.environment() | {"NODE_PATH": str(_FOLDER / "node_modules")}
