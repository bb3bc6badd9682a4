"""The whole plant as a person starts it, for the tests that need all of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN_S = 240.0
STOPPED_WITHIN_S = 120.0


@dataclass
class Plant:
    """One plant on this machine: its process, and its HTTP face.

    command: the module that runs it, and options before those of deploy.local. settings: of its
    services, as environment variables.
    """

    data_dir: Path
    port: int
    speed: float
    command: tuple[str, ...] = ("deploy.local",)
    settings: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None
    report: dict[str, Any] = field(default_factory=dict)
    traceresponse: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30.0, trust_env=False))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process of the plant, however it was started."""
        return int(self.report["process"]) if self.process is None else self.process.pid

    @property
    def key(self) -> str:
        """The plant's own key to its gateway."""
        return (self.data_dir / "secrets/gateway/setup-key").read_text()

    def start(self) -> None:
        """Start the plant without examples and wait until it serves."""
        words = ["--data-dir", str(self.data_dir), "--port", str(self.port)]
        words += ["--speed", str(self.speed), "--empty"]
        with (self.data_dir.parent / "plant.out").open("w") as output:  # of this start alone
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.command, *words],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, **self.settings, "PYTHONPATH": str(ROOT)},
            )
        self.wait_for(self._is_up, READY_WITHIN_S)
        self.http.headers["authorization"] = f"Bearer {self.key}"

    def start_in_background(self) -> None:
        """Start the plant by `halite up`, which returns when it serves; keep its report."""
        words = ("--port", str(self.port), "--speed", str(self.speed), "--empty", "--json")
        done = self.halite("up", "--data-dir", str(self.data_dir), *words)
        assert done.returncode == 0, done.stderr
        self.report = json.loads(done.stdout)

    def halite(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run the command line; it may take as long as a start."""
        return subprocess.run(
            (sys.executable, "-c", "from deploy.cli import main; main()", *words),
            cwd=ROOT,
            env={**os.environ, **self.settings},
            capture_output=True,
            text=True,
            timeout=READY_WITHIN_S,
            check=False,
        )

    def stop(self) -> int:
        """Stop the plant in order; return the exit code of what started it, or stopped it."""
        if self.process is None:
            return self.halite("down", "--data-dir", str(self.data_dir)).returncode
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=STOPPED_WITHIN_S)
        self.process = None
        return code

    def get(self, path: str, **params: Any) -> Any:
        reply = self.http.get(f"{self.url}{path}", params=params)
        reply.raise_for_status()
        return reply.json()

    def post(
        self, path: str, content: bytes, key: str, content_type: str = "application/yaml"
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key, "Content-Type": content_type}
        return self.http.post(f"{self.url}{path}", content=content, headers=headers)

    def wait_for(self, condition: Callable[[], Any], timeout_s: float) -> Any:
        """Return the first true value of a condition; fail with the plant's last words."""
        give_up = time.monotonic() + timeout_s
        while time.monotonic() < give_up:
            if found := condition():
                return found
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the plant ended: {self.last_words()}")
            time.sleep(0.25)
        raise AssertionError(f"not within {timeout_s} s; the plant says: {self.last_words()}")

    def last_words(self) -> str:
        file = self.data_dir / "log/plant.log"
        if self.process is not None or not file.exists():
            file = self.data_dir.parent / "plant.out"
        return file.read_text()[-2000:]

    def _is_up(self) -> bool:
        try:
            return (
                "The plant is up" in self.last_words()
                and self.http.get(f"{self.url}/readyz").status_code == 200
            )
        except httpx.HTTPError:
            return False
