"""A docker daemon of the tests' own, with a base image made without a registry."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.processes import PROJECT_DIR, wait_until

SUITE = "bookworm"
BASE = f"halite-base:{SUITE}"
IMAGE = "halite:compose-test"
# What `debian:bookworm-slim` leaves out too.
LEFT_OUT = (
    "var/cache/apt/archives",
    "var/lib/apt/lists",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
)
PROJECT = "halite-compose-test"
COMPOSE_1 = "docker-compose"
PORT, OPCUA_PORT = 28080, 28091
SPEED = 1500
DAEMON_WITHIN_S = 60.0
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
MACHINE_SETTINGS = (
    CERTIFICATES,
    "/usr/local/share/ca-certificates",
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d",
    "/etc/apt/apt.conf.d",
    "/etc/pip.conf",
    "/root/.npmrc",
)


class Docker:
    """Commands to one daemon. folder: where it keeps images, containers and its socket.

    compose_program: the one that reads the compose file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.compose_program = COMPOSE_1
        self.socket = folder / "docker.sock"
        self.environment = os.environ | {
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_BUILDKIT": "0",
            "HALITE_IMAGE": IMAGE,
            "HALITE_BASE": BASE,
            "HALITE_PORT": str(PORT),
            "HALITE_OPCUA_PORT": str(OPCUA_PORT),
            "HALITE_SPEED": str(SPEED),
        }

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """Run the daemon meanwhile."""
        places = {"data-root": "root", "exec-root": "run", "pidfile": "pid"}
        options = [f"--{option}={self.folder / name}" for option, name in places.items()]
        with (self.folder / "dockerd.log").open("wb") as log:
            process = subprocess.Popen(
                ("dockerd", *options, f"--host=unix://{self.socket}"), stdout=log, stderr=log
            )
        try:
            expect(wait_until(self.answers, DAEMON_WITHIN_S, every_s=0.5), "the daemon answers")
            yield
        finally:
            process.terminate()
            process.wait(60)

    def answers(self) -> bool:
        """Tell whether the daemon answers."""
        asked = subprocess.run(("docker", "version"), env=self.environment, capture_output=True)
        return asked.returncode == 0

    def run(self, *words: str) -> str:
        """Run a docker command and return what it printed."""
        done = subprocess.run(
            ("docker", *words), env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def compose(self, *words: str, project: Path = PROJECT_DIR, image: str = IMAGE) -> None:
        """Run a compose command on a project's file, with its simulators and one image."""
        options = ("--project-name", PROJECT, "--profile", "simulators")
        environment = self.environment | {"HALITE_IMAGE": image}
        command = (self.compose_program, *options, *words)
        subprocess.run(command, env=environment, check=True, cwd=project)

    def container(self, service: str) -> str:
        """Return the id of a service's container, which the two programs name differently."""
        labels = {"project": PROJECT, "service": service, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{key}={labels[key]}" for key in labels]
        found = self.run("ps", "--all", "--quiet", *filters).split()
        expect(len(found) == 1, f"{service} has one container, not {len(found)}")
        return found[0]

    def containers(self) -> dict[str, str]:
        """Return the state of each container of the project by its service's name."""
        listing = self.run(
            *("ps", "--all", "--filter", f"label=com.docker.compose.project={PROJECT}"),
            *("--format", '{{.Label "com.docker.compose.service"}}\t{{.Status}}'),
        )
        return dict(line.split("\t") for line in listing.splitlines())

    def ensure_base(self) -> None:
        """Make the base image unless the daemon has it."""
        if self.run("images", "--quiet", BASE).strip():
            return
        folder = self.folder / "debian"
        shutil.rmtree(folder, ignore_errors=True)
        options = ("--variant=minbase", "--include=ca-certificates", SUITE, str(folder))
        subprocess.run(("debootstrap", *options), check=True, stdout=subprocess.DEVNULL)
        for name in LEFT_OUT:
            shutil.rmtree(folder / name)
            (folder / name).mkdir()
        for setting in map(Path, MACHINE_SETTINGS):
            target = folder / setting.relative_to("/")
            if setting.is_dir():
                shutil.copytree(setting, target, dirs_exist_ok=True)
            elif setting.exists():
                shutil.copy(setting, target)
        packed = subprocess.Popen(("tar", "-C", str(folder), "-c", "."), stdout=subprocess.PIPE)
        settings = f"ENV SSL_CERT_FILE={CERTIFICATES} NODE_EXTRA_CA_CERTS={CERTIFICATES}"
        subprocess.run(
            ("docker", "import", "--change", settings, "-", BASE),
            env=self.environment,
            stdin=packed.stdout,
            check=True,
        )


def expect(is_so: bool, what: str) -> None:
    """Raise AssertionError unless it is so."""
    if not is_so:
        raise AssertionError(f"it is not so that {what}")


def seconds_until(condition: Callable[[], bool], within_s: float, what: str) -> float:
    """Return how long it took until a condition held."""
    begun_s = time.monotonic()
    expect(wait_until(condition, within_s, every_s=1.0), f"{what} within {within_s:.0f} s")
    return time.monotonic() - begun_s
