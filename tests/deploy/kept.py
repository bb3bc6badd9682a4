"""What a compose plant keeps when its volume is lost, or was written by an earlier version."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from deploy.containerrights import PLANT, USERS
from deploy.processes import PROJECT_DIR
from tests.deploy.containers import Gateway, no_secrets_of_others
from tests.deploy.engine import BASE, Docker, expect, seconds_until

# Of an older schema, when all containers were one user and kept all secrets in one volume.
EARLIER = "c412de559fea5408bbc3549229ccd6cdfc8d88cc"
EARLIER_IMAGE = f"halite:compose-test-{EARLIER[:12]}"
SEALED_ENOUGH = 100
READY_WITHIN_S = 600.0
WORK_WITHIN_S = 600.0


def has_earlier() -> bool:
    """Tell whether this clone has the earlier version in its history."""
    asked = ("git", "cat-file", "-e", f"{EARLIER}^{{commit}}")
    return subprocess.run(asked, cwd=PROJECT_DIR, stderr=subprocess.DEVNULL).returncode == 0


def saved_and_restored(docker: Docker) -> dict[str, str]:
    """Save a running plant, lose its volumes, and expect it back with all it had."""
    gateway = Gateway(docker)
    backups = docker.folder / "backup"
    shutil.rmtree(backups, ignore_errors=True)
    backups.mkdir()
    os.chown(backups, USERS[PLANT], USERS[PLANT])
    cells, graded, sealed = gateway.cells(), gateway.graded(), gateway.sealed()
    begun_s = time.monotonic()
    docker.compose("run", "--rm", f"--volume={backups}:/backup", "setup", "backup")
    saved_s = time.monotonic() - begun_s
    [backup] = backups.iterdir()
    docker.compose("down", "--volumes")
    begun_s = time.monotonic()
    docker.compose("run", "--rm", "--no-deps", f"--volume={backup}:/backup:ro", "setup", "restore")
    restored_s = time.monotonic() - begun_s
    docker.compose("up", "--detach", "--no-build")
    seconds_until(gateway.ready, READY_WITHIN_S, "the restored plant is ready")
    expect(gateway.cells() == cells, f"the {len(cells)} cells are back")
    expect(gateway.graded() >= graded, f"the {graded} graded cells are back")
    expect(gateway.sealed() >= sealed > 0, f"the record is whole and back up to {sealed}")
    no_secrets_of_others(docker)
    return {"backup of the running plant, s": f"{saved_s:.0f}", "restore, s": f"{restored_s:.0f}"}


def taken_over(docker: Docker) -> dict[str, str]:
    """Let an earlier version fill empty volumes; expect the present one to go on with it."""
    source = _earlier(docker)
    docker.compose("down", "--volumes")
    docker.compose("up", "--detach", "--no-build", project=source, image=EARLIER_IMAGE)
    earlier = Gateway(docker)
    seconds_until(earlier.ready, READY_WITHIN_S, "the earlier version is ready")
    worked = "the earlier version has made something"
    seconds_until(lambda: earlier.sealed() > SEALED_ENOUGH, WORK_WITHIN_S, worked)
    cells, sealed = earlier.cells(), earlier.sealed()
    docker.compose("down", project=source, image=EARLIER_IMAGE)
    begun_s = time.monotonic()
    docker.compose("up", "--detach", "--no-build")
    gateway = Gateway(docker)
    seconds_until(gateway.ready, READY_WITHIN_S, "the earlier version's plant is ready")
    ready_s = time.monotonic() - begun_s
    expect(gateway.cells() == cells != set(), f"the {len(cells)} cells of the earlier version stay")
    no_secrets_of_others(docker)
    on = "the record of the earlier version is whole and goes on"
    seconds_until(lambda: gateway.sealed() > sealed, WORK_WITHIN_S, on)
    return {"volume of an earlier version to all services ready, s": f"{ready_s:.0f}"}


def _earlier(docker: Docker) -> Path:
    """Return the earlier version's source, with its image built."""
    source = docker.folder / "earlier"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    packed = subprocess.Popen(("git", "archive", EARLIER), cwd=PROJECT_DIR, stdout=subprocess.PIPE)
    subprocess.run(("tar", "-x", "-C", str(source)), stdin=packed.stdout, check=True)
    if not docker.run("images", "--quiet", EARLIER_IMAGE).strip():
        words = ("--build-arg", f"BASE={BASE}", "--file", str(source / "deploy/docker/Dockerfile"))
        docker.run("build", "--quiet", *words, "--tag", EARLIER_IMAGE, str(source))
    return source
