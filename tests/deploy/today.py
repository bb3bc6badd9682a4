"""Docker Compose 2, which takes the same file as 1.29: from the Debian release after this one."""

import subprocess
import time
from itertools import chain, combinations
from pathlib import Path

from deploy.processes import PROJECT_DIR, run_tool
from tests.deploy.containers import Gateway, no_secrets_of_others
from tests.deploy.engine import COMPOSE_1, Docker, expect, seconds_until

RELEASE, PACKAGE = "trixie", "docker-compose"
PLACE = Path("usr/libexec/docker/cli-plugins/docker-compose")
PROFILES = ("simulators", "grafana")
DOWNLOADED_WITHIN_S = 300.0
READY_WITHIN_S = 600.0


def compose_2(folder: Path) -> str:
    """Return the program; at the first time its package is downloaded and unpacked, not installed.

    Raises:
        PersonNeededError: Debian's packages cannot be reached.
    """
    program = folder / "compose-2" / PLACE
    if not program.exists():
        place = folder / "compose-2"
        for name in ("lists/partial", "cache/archives/partial"):
            (place / name).mkdir(parents=True, exist_ok=True)
        (place / "sources").write_text(f"deb {_mirror()} {RELEASE} main\n")
        where = {
            "Dir::Etc::SourceList": place / "sources",
            "Dir::Etc::SourceParts": "-",
            "Dir::State::Lists": place / "lists",
            "Dir::Cache": place / "cache",
            "APT::Sandbox::User": "root",
        }
        options = [f"--option={name}={value}" for name, value in where.items()]
        for words in (("update",), ("download", PACKAGE)):
            run_tool(
                ("apt-get", "--quiet", *options, *words),
                what=f"Docker Compose 2 from Debian {RELEASE}",
                within_s=DOWNLOADED_WITHIN_S,
                folder=place,
            )
        [package] = place.glob("*.deb")
        subprocess.run(("dpkg-deb", "--extract", str(package), str(place)), check=True)
    return str(program)


def _mirror() -> str:
    """Return from where this machine has Debian's packages."""
    asked = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    told = subprocess.run((*asked, "Label: Debian"), check=True, capture_output=True, text=True)
    return told.stdout.split()[0]


def accepted(docker: Docker) -> dict[str, str]:
    """Expect both programs to take the file, with every choice of profiles."""
    chosen = chain.from_iterable(combinations(PROFILES, count) for count in range(3))
    choices = [[f"--profile={profile}" for profile in profiles] for profiles in chosen]
    for program in (COMPOSE_1, compose_2(docker.folder)):
        for words in choices:
            done = subprocess.run(
                (program, *words, "config", "--quiet"),
                cwd=PROJECT_DIR,
                env=docker.environment,
                capture_output=True,
                text=True,
            )
            said = (done.stdout + done.stderr).strip()
            expect(done.returncode == 0 and not said, f"{program} takes the file: {said}")
    return {}


def run_by_compose_2(docker: Docker) -> dict[str, str]:
    """Let Compose 2 go on with the volumes that 1.29 made, and expect the same plant."""
    docker.compose("down")
    docker.compose_program = compose_2(docker.folder)
    begun_s = time.monotonic()
    docker.compose("up", "--detach", "--no-build")
    gateway = Gateway(docker)
    seconds_until(gateway.ready, READY_WITHIN_S, "the plant is ready under Compose 2")
    ready_s = time.monotonic() - begun_s
    expect(bool(gateway.cells()), "the cells are there under Compose 2")
    no_secrets_of_others(docker)
    return {"under Compose 2, filled volume to all services ready, s": f"{ready_s:.0f}"}
