"""What tests need: node sets, an OPC UA peer, web app, broker, compiled search, a browser."""

import argparse
import sys
from collections.abc import Sequence

from deploy.broker import find_program
from deploy.debian import Program, find, install
from deploy.local import say
from deploy.nodesets import ensure_nodesets
from deploy.peers import ensure_peers
from deploy.web import FOLDER as WEB
from deploy.web import check_types, ensure_web
from deploy.webbudget import check as check_budget
from deploy.webbudget import measure
from services.sintering.solver import make_ready
from shared.errors import MesError, PersonNeededError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(words: Sequence[str]) -> int:
    """Prepare what is asked for; return 1 after one sentence when something cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m deploy.prepare", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=("all", "web", "web-types", "web-budget"), default="all"
    )
    what = parser.parse_args(words).what
    try:
        if what == "web-types":
            check_types()
            return 0
        ensure_web(say)
        if what == "web-budget":
            say(check_budget(measure(WEB / "dist")))
        if what == "all":
            ensure_nodesets()
            ensure_peers()
            find_program()
            make_ready()
            ensure_browser()
    except MesError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def find_browser() -> Program | None:
    """Find a browser for the web tests."""
    return next((found for name in _BROWSERS if (found := find(name)) is not None), None)


def ensure_browser() -> None:
    """Find a browser for the web tests or install it as root; without one they are skipped."""
    if find_browser() is not None:
        return
    try:
        install("chromium")
    except PersonNeededError as error:
        say(f"No browser for the web tests: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
