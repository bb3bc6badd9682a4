"""Runs the pilot week on this machine and prints how long and how much memory it took."""

import argparse
import contextlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN_S = 300.0


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    value: str


def main() -> int:
    """Run the benchmark; return 1 when no cell was graded in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=1500.0, help="plant seconds per wall second")
    parser.add_argument("--port", type=int, default=19080)
    parser.add_argument("--limit", type=float, default=600.0, help="wall seconds to wait for cells")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as folder:
        words = ["--data-dir", f"{folder}/data", "--port", str(arguments.port)]
        begun = time.monotonic()
        plant = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", *words, "--speed", str(arguments.speed)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            key_file = Path(folder) / "data/secrets/gateway/setup-key"
            figures = list(measure(plant, key_file, arguments.port, begun, arguments.limit))
        finally:
            plant.send_signal(signal.SIGTERM)
            plant.wait(timeout=60)
    for figure in figures:
        print(f"{figure.name:<52} {figure.value:>12}")
    return 0 if any(figure.name.startswith("first graded") for figure in figures) else 1


def measure(
    plant: "subprocess.Popen[str]", key_file: Path, port: int, begun: float, limit_s: float
) -> Iterator[Figure]:
    """Yield the figures of one run, in the order in which they become known."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http:
        _wait(lambda: _up(http), READY_WITHIN_S)
        http.headers["authorization"] = f"Bearer {key_file.read_text()}"
        yield Figure("start to serving, s", f"{time.monotonic() - begun:.0f}")
        _wait(lambda: bool(http.get("/api/work-requests").json().get("items")), 60)
        loaded = time.monotonic()
        yield Figure("memory just after start (PSS), MB", f"{memory_mb(plant.pid):.0f}")
        first = _wait(lambda: _graded(http), limit_s)
        if not first:
            return
        yield Figure("first graded cell after loading, s", f"{time.monotonic() - loaded:.0f}")
        yield Figure("memory at work (PSS), MB", f"{memory_mb(plant.pid):.0f}")
        everything = _wait(lambda: _settled(http), limit_s)
        took = time.monotonic() - loaded
        if everything:
            yield Figure("all 20 cells graded or held after loading, s", f"{took:.0f}")
        cells = http.get("/api/cells").json()["items"]
        graded = sum(1 for cell in cells if cell["grade"])
        held = sum(1 for cell in cells if cell["disposition"] == "blocked")
        yield Figure("cells graded", str(graded))
        yield Figure("cells and witnesses held by a gate", str(held))
        record = list(_record(http))
        yield Figure("events", str(len(record)))
        yield Figure("events per second, mean", f"{len(record) / took:.1f}")
        yield Figure("handover between operations, median s", f"{handover_s(http):.2f}")


def memory_mb(pid: int) -> float:
    """Return the proportional memory of a process and all its descendants."""
    used = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # the database ends workers all the time
            used += process.memory_full_info().pss
    return used / 1e6


def handover_s(http: httpx.Client) -> float:
    """Return the median wall seconds from the end of one operation to the start of the next."""
    speed = http.get("/api/overview").json()["speed"]
    orders = http.get("/api/job-orders", params={"limit": 2000}).json()["items"]
    by_lot: dict[str, list[Any]] = {}
    for order in orders:
        if order["started_at"] and order["operation"] in ("stack", "seal"):
            by_lot.setdefault(order["lot_id"], []).append(order)
    pairs = [
        sorted(pair, key=lambda order: order["started_at"])
        for pair in by_lot.values()
        if len(pair) == 2
    ]
    gaps = [
        (_instant(second["started_at"]) - _instant(first["ended_at"])) / speed
        for first, second in pairs
    ]
    return statistics.median(gaps) if gaps else float("nan")


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _record(http: httpx.Client) -> Iterator[dict[str, Any]]:
    after = 0
    while items := http.get("/api/trace/record", params={"after": after, "limit": 1000}).json()[
        "items"
    ]:
        yield from items
        after = items[-1]["position"]


def _up(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def _graded(http: httpx.Client) -> bool:
    return any(cell["grade"] for cell in http.get("/api/cells").json()["items"])


def _settled(http: httpx.Client) -> bool:
    cells = [c for c in http.get("/api/cells").json()["items"] if c["kind"] == "cell"]
    return all(cell["grade"] or cell["disposition"] == "blocked" for cell in cells)


def _wait(condition: Any, limit_s: float) -> bool:
    give_up = time.monotonic() + limit_s
    while time.monotonic() < give_up:
        if condition():
            return True
        time.sleep(0.5)
    return False


if __name__ == "__main__":
    sys.exit(main())
