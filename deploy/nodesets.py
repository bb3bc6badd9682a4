"""The OPC UA node sets that the plant's servers load: fetched once, checked, never committed."""

import base64
import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from deploy.data_folder import exclusive
from deploy.debian import CACHE_DIR
from deploy.node import find_node
from deploy.processes import run_tool
from shared.errors import PersonNeededError

FOLDER = CACHE_DIR / "nodesets"
FILES = (
    "Opc.Ua.Di.NodeSet2.xml",
    "Opc.Ua.IA.NodeSet2.xml",
    "Opc.Ua.Machinery.NodeSet2.xml",
    "Opc.Ua.Machinery.Jobs.Nodeset2.xml",
    "opc.ua.isa95-jobcontrol.nodeset2.xml",
)
_PACKAGE = "node-opcua-nodesets@2.185.0"
_SHA512 = "7qDwdkYRKIGRBk0gKhY5C3olQ0wRHTCoZj4FbzD1GmXF5xGaZcv/OatvFa73H7yyq3LxWxTKVteELlbbyziyLg=="
_WHAT = "The OPC UA node sets could not be fetched"


def ensure_nodesets(folder: Path = FOLDER) -> Path:
    """Return the folder with the node sets, fetching them when one is missing.

    Raises:
        PersonNeededError: the package cannot be fetched, or has another content than expected.
    """
    if all(_is_there(folder / name) for name in FILES):
        return folder
    with exclusive(CACHE_DIR / "nodesets.lock", wait=True), tempfile.TemporaryDirectory() as place:
        archive = _fetch(Path(place))
        unpack(archive, folder)
    return folder


def unpack(archive: Path, folder: Path) -> None:
    """Check the package's hash and unpack the node sets this plant needs, each all or not at all.

    Raises:
        PersonNeededError: another hash, or a node set is not in the package.
    """
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != _SHA512:
        raise PersonNeededError(f"{_WHAT}: {_PACKAGE} arrived with another content than expected.")
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as package:
        for name in FILES:
            source = package.extractfile(f"package/nodesets/{name}")
            if source is None:
                raise PersonNeededError(f"{_WHAT}: {_PACKAGE} does not hold {name}.")
            unfinished = folder / f".{name}-{os.getpid()}"
            with source, unfinished.open("wb") as target:
                shutil.copyfileobj(source, target)
            unfinished.replace(folder / name)


def _fetch(place: Path) -> Path:
    node = find_node()
    run_tool(
        (node.npm, "pack", "--silent", "--prefer-offline", _PACKAGE),
        what=_WHAT,
        within_s=300.0,
        environment=node.environment(),
        folder=place,
    )
    archives = list(place.glob("*.tgz"))
    if len(archives) != 1:
        raise PersonNeededError(f"{_WHAT}: npm left no package behind.")
    return archives[0]


def _is_there(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
