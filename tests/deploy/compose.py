"""Builds, starts and tries the whole compose file: `python -m tests.deploy.compose` as root.

The base image is made by debootstrap with this machine's own package settings, so no image
registry is needed; a daemon of its own runs in the work folder and ends with the test. Prints a
table; exit code 1 when something is not as it should be, 2 when a program is missing.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.debian import CACHE_DIR
from deploy.processes import PROJECT_DIR, wait_until
from shared.settings import SERVICES

PROGRAMS = {
    "dockerd": "docker.io",
    "docker-compose": "docker-compose",
    "debootstrap": "debootstrap",
}
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
CONTAINER, SETUP_KEY = f"{PROJECT}_gateway_1", "/data/secrets/gateway/setup-key"
PORT, OPCUA_PORT = 28080, 28091
SPEED = 1500
DAEMON_WITHIN_S = 60.0
HEALTHY_WITHIN_S = 600.0
GRADED_WITHIN_S = 1500.0
RECOVERED_WITHIN_S = 180.0
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
    """Commands to one daemon. folder: where it keeps images, containers and its socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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

    def compose(self, *words: str) -> None:
        """Run a compose command on the project's file, with its simulators."""
        command = ("docker-compose", "--project-name", PROJECT, "--profile", "simulators", *words)
        subprocess.run(command, env=self.environment, check=True, cwd=PROJECT_DIR)

    def containers(self) -> dict[str, str]:
        """Return the state of each container of the project by its service's name."""
        listing = self.run(
            *("ps", "--all", "--filter", f"label=com.docker.compose.project={PROJECT}"),
            *("--format", '{{.Label "com.docker.compose.service"}}\t{{.Status}}'),
        )
        return dict(line.split("\t") for line in listing.splitlines())


def main() -> int:
    """Make, start, try, stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.deploy.compose", description=__doc__)
    parser.add_argument("--folder", type=Path, default=CACHE_DIR / "compose-test")
    folder: Path = parser.parse_args().folder.absolute()
    missing = [package for name, package in PROGRAMS.items() if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        needs = f"apt-get install {' '.join(missing)}" if missing else "to be run as root"
        print(f"The test of the compose file needs: {needs}.", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    docker = Docker(folder)
    with docker.daemon():
        try:
            ensure_base(docker, folder / "debian")
            figures = try_plant(docker)
        except AssertionError as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            return 1
        finally:
            docker.compose("down", "--volumes", "--remove-orphans")
    for name, value in figures.items():
        print(f"{name:<52}{value:>12}")
    return 0


def ensure_base(docker: Docker, folder: Path) -> None:
    """Make the base image unless the daemon has it."""
    if docker.run("images", "--quiet", BASE).strip():
        return
    shutil.rmtree(folder, ignore_errors=True)
    options = ("--variant=minbase", "--include=ca-certificates", SUITE)
    subprocess.run(("debootstrap", *options, str(folder)), check=True, stdout=subprocess.DEVNULL)
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
        env=docker.environment,
        stdin=packed.stdout,
        check=True,
    )


def try_plant(docker: Docker) -> dict[str, str]:
    """Build the image and run the plant once through its life; return what was measured."""
    begun_s = time.monotonic()
    docker.compose("build")
    built_s = time.monotonic() - begun_s
    size_mb = int(docker.run("image", "inspect", "--format", "{{.Size}}", IMAGE)) / 1e6
    begun_s = time.monotonic()
    docker.compose("up", "--detach", "--no-build")
    gateway = Gateway(docker)
    expect(wait_until(gateway.ready, HEALTHY_WITHIN_S, every_s=1.0), "all services are ready")
    started_s = time.monotonic() - begun_s
    graded_s = seconds_until(lambda: gateway.graded() > 0, GRADED_WITHIN_S, "a cell is graded")
    no_writing(docker)
    no_secrets_of_others(docker)
    docker.run("kill", f"{PROJECT}_execution_1")
    expect(not gateway.answers("execution"), "a killed container is away")
    docker.run("start", f"{PROJECT}_execution_1")
    recovered_s = seconds_until(gateway.ready, RECOVERED_WITHIN_S, "a killed container is back")
    before = gateway.graded()
    docker.compose("down")
    begun_s = time.monotonic()
    docker.compose("up", "--detach", "--no-build")
    expect(wait_until(gateway.ready, HEALTHY_WITHIN_S, every_s=1.0), "the plant starts again")
    again_s = time.monotonic() - begun_s
    expect(gateway.graded() >= before, f"the {before} graded cells are there after a restart")
    return {
        "image, MB": f"{size_mb:.0f}",
        "build, s": f"{built_s:.0f}",
        "empty volume to all services ready, s": f"{started_s:.0f}",
        "then to the first graded cell, s": f"{graded_s:.0f}",
        "killed service ready again, s": f"{recovered_s:.0f}",
        "filled volume to all services ready, s": f"{again_s:.0f}",
    }


def expect(is_so: bool, what: str) -> None:
    """Raise AssertionError unless it is so."""
    if not is_so:
        raise AssertionError(f"it is not so that {what}")


def seconds_until(condition: Callable[[], bool], within_s: float, what: str) -> float:
    """Return how long it took until a condition held."""
    begun_s = time.monotonic()
    expect(wait_until(condition, within_s, every_s=1.0), f"{what} within {within_s:.0f} s")
    return time.monotonic() - begun_s


class Gateway:
    """The plant's face, entered with the setup key that is in its folder."""

    def __init__(self, docker: Docker) -> None:
        self._docker = docker
        self._key = ""

    def ready(self) -> bool:
        """Tell whether every service is ready."""
        overview = self.get("/api/overview")
        return overview is not None and all(entry["ready"] for entry in overview["services"])

    def answers(self, name: str) -> bool:
        """Tell whether the gateway reaches a service."""
        return self.get(f"/api/{name}/livez") is not None

    def graded(self) -> int:
        """Return how many cells have a grade."""
        answer = self.get("/api/work-requests") or {"items": []}
        return sum(request["graded"] for request in answer["items"])

    def get(self, path: str) -> Any:
        """Return the gateway's answer, None when it gives none."""
        try:
            self._key = self._key or self._docker.run("exec", CONTAINER, "cat", SETUP_KEY)
            answer = httpx.get(
                f"http://127.0.0.1:{PORT}{path}",
                headers={"authorization": f"Bearer {self._key}"},
                timeout=10.0,
                trust_env=False,
            )
        except (httpx.TransportError, subprocess.CalledProcessError):
            return None
        return answer.json() if answer.status_code == httpx.codes.OK else None


def no_secrets_of_others(docker: Docker) -> None:
    """Expect every service to read its own keys and password and none of another service."""
    files = (
        "/data/tls/{}/key.pem",
        "/data/secrets/database/{}",
        "/data/secrets/tokens/{}/key.json",
    )
    paths = [file.format(name) for name in SERVICES for file in files]
    script = f"import os; print(*(path for path in {paths} if os.access(path, os.R_OK)))"
    for name in SERVICES:
        found = docker.run("exec", f"{PROJECT}_{name}_1", "python3", "-c", script).split()
        expect(found == [file.format(name) for file in files], f"{name} reads its own, not {found}")


def no_writing(docker: Docker) -> None:
    """Expect every container to run without rights and without writing its own files."""
    services = yaml.safe_load((PROJECT_DIR / "docker-compose.yml").read_text())["services"]
    for name, state in docker.containers().items():
        if state.startswith("Up"):
            user = services[name]["user"].split(":")[0]
            script = f"import os,sys; sys.exit(os.getuid() != {user} or os.access('/opt', os.W_OK))"
            docker.run("exec", f"{PROJECT}_{name}_1", "python3", "-c", script)
    asked_for = {
        name for name, part in services.items() if "grafana" not in part.get("profiles", [])
    }
    expect(set(docker.containers()) == asked_for, "every container of the file exists")


if __name__ == "__main__":
    sys.exit(main())
