"""Clones this repository and times `make run` until the plant serves: empty caches, then filled."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run the benchmark; return 1 when the plant never served."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=20080)
    parser.add_argument("--limit", type=float, default=900.0, help="wall seconds to wait")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as folder:
        caches = Path(folder) / "caches"
        for name in ("empty caches", "filled caches"):
            clone = Path(folder) / name.replace(" ", "-")
            begun = time.monotonic()
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
            served = serve(clone, caches, arguments.port, arguments.limit)
            if not served:
                return 1
            print(f"clone to serving, {name:<20} {time.monotonic() - begun:>8.0f} s")
    return 0


def serve(clone: Path, caches: Path, port: int, limit_s: float) -> bool:
    """Start the plant of a clone and stop it once it serves; False when it never did."""
    own = {
        name: str(caches / name) for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR", "npm_config_cache")
    }
    plant = subprocess.Popen(
        ["make", "run", f"PORT={port}"],
        cwd=clone,
        env={**os.environ, **own},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    give_up = time.monotonic() + limit_s
    try:
        while time.monotonic() < give_up and plant.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    return True
            except httpx.HTTPError:
                time.sleep(0.5)
        return False
    finally:
        os.killpg(plant.pid, signal.SIGTERM)
        plant.wait(timeout=90)


if __name__ == "__main__":
    sys.exit(main())
