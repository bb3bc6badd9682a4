"""Builds, starts and tries the whole compose file: `python -m tests.deploy.compose` as root.

The base image is made by debootstrap with this machine's own package settings, so no image
registry is needed; a daemon of its own runs in the work folder and ends with the test. A backup
is made and restored, a volume of an earlier version taken over, and the plant run by Compose 2 as
by 1.29. Prints a table; exit code 1 when something is not as it should be, 2 when a program or the
earlier version is missing.
"""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from deploy.debian import CACHE_DIR
from shared.errors import PersonNeededError
from tests.deploy.containers import Gateway, no_secrets_of_others, no_writing
from tests.deploy.engine import COMPOSE_1, IMAGE, Docker, expect, seconds_until
from tests.deploy.kept import EARLIER, READY_WITHIN_S, has_earlier, saved_and_restored, taken_over
from tests.deploy.today import accepted, run_by_compose_2

PROGRAMS = {
    "dockerd": "docker.io",
    COMPOSE_1: "docker-compose",
    "debootstrap": "debootstrap",
}
GRADED_WITHIN_S = 1500.0
RECOVERED_WITHIN_S = 180.0


def main() -> int:
    """Make, start, try, stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.deploy.compose", description=__doc__)
    parser.add_argument("--folder", type=Path, default=CACHE_DIR / "compose-test")
    folder: Path = parser.parse_args().folder.absolute()
    if (needs := missing()) is not None:
        print(f"The test of the compose file needs {needs}.", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    docker = Docker(folder)
    figures: dict[str, str] = {}
    with docker.daemon():
        try:
            docker.ensure_base()
            for part in PARTS:
                figures |= part(docker)
        except (AssertionError, PersonNeededError) as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            return 1
        finally:
            docker.compose("down", "--volumes", "--remove-orphans")
    for name, value in figures.items():
        print(f"{name:<56}{value:>8}")
    return 0


def missing() -> str | None:
    """Return what this machine or clone lacks for the test, None when nothing."""
    packages = [package for name, package in PROGRAMS.items() if shutil.which(name) is None]
    if packages:
        return f"apt-get install {' '.join(packages)}"
    if os.geteuid() != 0:
        return "to be run as root"
    return None if has_earlier() else f"a clone with history: {EARLIER} is not in this one"


def begun(docker: Docker) -> dict[str, str]:
    """Build the image and run the plant up to its first graded cell."""
    begun_s = time.monotonic()
    docker.compose("build")
    built_s = time.monotonic() - begun_s
    size_mb = int(docker.run("image", "inspect", "--format", "{{.Size}}", IMAGE)) / 1e6
    begun_s = time.monotonic()
    docker.compose("up", "--detach", "--no-build")
    gateway = Gateway(docker)
    seconds_until(gateway.ready, READY_WITHIN_S, "all services are ready")
    started_s = time.monotonic() - begun_s
    graded_s = seconds_until(lambda: gateway.graded() > 0, GRADED_WITHIN_S, "a cell is graded")
    no_writing(docker)
    no_secrets_of_others(docker)
    return {
        "image, MB": f"{size_mb:.0f}",
        "build, s": f"{built_s:.0f}",
        "empty volume to all services ready, s": f"{started_s:.0f}",
        "then to the first graded cell, s": f"{graded_s:.0f}",
    }


def interrupted(docker: Docker) -> dict[str, str]:
    """Kill a service, then take the whole plant down, and expect it back each time."""
    gateway = Gateway(docker)
    expect(gateway.answers("execution"), "a service answers before it is killed")
    docker.run("kill", docker.container("execution"))
    expect(not gateway.answers("execution"), "a killed container is away")
    docker.run("start", docker.container("execution"))
    recovered_s = seconds_until(gateway.ready, RECOVERED_WITHIN_S, "a killed container is back")
    before = gateway.graded()
    docker.compose("down")
    begun_s = time.monotonic()
    docker.compose("up", "--detach", "--no-build")
    seconds_until(gateway.ready, READY_WITHIN_S, "the plant starts again")
    again_s = time.monotonic() - begun_s
    expect(gateway.graded() >= before, f"the {before} graded cells are there after a restart")
    return {
        "killed service ready again, s": f"{recovered_s:.0f}",
        "filled volume to all services ready, s": f"{again_s:.0f}",
    }


PARTS = (accepted, begun, interrupted, saved_and_restored, taken_over, run_by_compose_2)


if __name__ == "__main__":
    sys.exit(main())
