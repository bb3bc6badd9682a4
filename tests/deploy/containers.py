"""A compose plant as one sees it from outside: what it answers, and what its containers may do."""

import subprocess
from typing import Any

import httpx
import yaml

from deploy.processes import PROJECT_DIR
from shared.settings import SERVICES
from tests.deploy.engine import PORT, Docker, expect

SETUP_KEY = "/data/secrets/gateway/setup-key"


class Gateway:
    """The face of a plant, entered with the setup key that is in its folder."""

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

    def cells(self) -> set[str]:
        """Return the cells and witnesses that the plant knows."""
        answer = self.get("/api/execution/cells?limit=1000") or {"items": []}
        return {cell["cell_id"] for cell in answer["items"]}

    def sealed(self) -> int:
        """Return up to which position the record is sealed, 0 when it is not whole."""
        answer = self.get("/api/trace/record/verify")
        return answer["sealed_position"] if answer and answer["ok"] else 0

    def get(self, path: str) -> Any:
        """Return the gateway's answer, None when it gives none."""
        try:
            self._key = self._key or self._setup_key()
            answer = httpx.get(
                f"http://127.0.0.1:{PORT}{path}",
                headers={"authorization": f"Bearer {self._key}"},
                timeout=10.0,
                trust_env=False,
            )
        except (httpx.TransportError, subprocess.CalledProcessError):
            return None
        return answer.json() if answer.status_code == httpx.codes.OK else None

    def _setup_key(self) -> str:
        return self._docker.run("exec", self._docker.container("gateway"), "cat", SETUP_KEY)


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
        found = docker.run("exec", docker.container(name), "python3", "-c", script).split()
        expect(found == [file.format(name) for file in files], f"{name} reads its own, not {found}")


def no_writing(docker: Docker) -> None:
    """Expect every container to run without rights and without writing its own files."""
    services = yaml.safe_load((PROJECT_DIR / "docker-compose.yml").read_text())["services"]
    for name, state in docker.containers().items():
        if state.startswith("Up"):
            user = services[name]["user"].split(":")[0]
            script = f"import os,sys; sys.exit(os.getuid() != {user} or os.access('/opt', os.W_OK))"
            docker.run("exec", docker.container(name), "python3", "-c", script)
    asked_for = {
        name for name, part in services.items() if "grafana" not in part.get("profiles", [])
    }
    expect(set(docker.containers()) == asked_for, "every container of the file exists")
