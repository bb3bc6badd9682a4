"""The operator's web app: built when its sources have changed since the last build."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.data_folder import exclusive
from deploy.debian import CACHE_DIR
from deploy.node import NodeTools, find_node
from deploy.processes import PROJECT_DIR, run_tool
from shared.errors import PersonNeededError

FOLDER = PROJECT_DIR / "services" / "gateway" / "web"
_NOT_SOURCES = {"node_modules", "dist"}
_WHAT = "The web app could not be built"


def ensure_web(say: Callable[[str], None], folder: Path = FOLDER) -> None:
    """Build the web app unless `dist` belongs to the sources as they are.

    Raises:
        PersonNeededError: packages cannot be fetched or the sources do not build.
    """
    with exclusive(CACHE_DIR / "web.lock", wait=True):
        sources = digest(folder)
        stamp = CACHE_DIR / "web.sha256"
        if (folder / "dist" / "index.html").exists() and _read(stamp) == sources:
            return
        say("Building the web app (only when its sources have changed) ...")
        node = find_node()
        ensure_packages(node, folder)
        _npm(node, folder, "run", "build")
        if not (folder / "dist" / "index.html").exists():
            raise PersonNeededError(f"{_WHAT}: the build left no {folder / 'dist'}/index.html.")
        stamp.write_text(sources)


def ensure_packages(node: NodeTools, folder: Path = FOLDER) -> None:
    """Install the packages of `package-lock.json` unless they are there.

    Raises:
        PersonNeededError: the lock file is missing or a package cannot be fetched.
    """
    lock = folder / "package-lock.json"
    if not lock.exists():
        raise PersonNeededError(f"{_WHAT}: {lock} is missing.")
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = CACHE_DIR / "web-packages.sha256"
    installed = (folder / "node_modules").is_dir() and _read(stamp) == wanted
    if not installed:
        _npm(node, folder, "ci", "--no-audit", "--no-fund", "--prefer-offline")
        stamp.write_text(wanted)


def check_types(folder: Path = FOLDER) -> None:
    """Run the web app's type check.

    Raises:
        PersonNeededError: with what the check found.
    """
    with exclusive(CACHE_DIR / "web.lock", wait=True):
        node = find_node()
        ensure_packages(node, folder)
        _npm(node, folder, "run", "check", what="The web app's types are wrong")


def digest(folder: Path) -> str:
    """Return a hash of names and contents of all sources of the web app."""
    total = hashlib.sha256()
    for path in sorted(_sources(folder)):
        total.update(f"{path.relative_to(folder)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _NOT_SOURCES:
            continue
        if path.is_dir():
            yield from (below for below in path.rglob("*") if below.is_file())
        else:
            yield path


def _npm(node: NodeTools, folder: Path, *words: str, what: str = _WHAT) -> None:
    run_tool(
        (node.npm, *words),
        what=what,
        within_s=900.0,
        environment=node.environment(),
        folder=folder,
    )


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
