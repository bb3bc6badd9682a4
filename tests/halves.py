"""All tests, in two runs of pytest side by side: `python -m tests.halves [options of pytest]`.

Most tests wait for a plant or for servers, so that one run alone leaves the machine idle.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("tests/station",)
# Files of that folder for the other run, so that both take about as long.
ASIDE = (
    "tests/station/test_backup.py",
    "tests/station/test_dashboards.py",
    "tests/station/test_database_roles.py",
    "tests/station/test_database_transport.py",
    "tests/station/test_documents.py",
    "tests/station/test_execution_replicas.py",
    "tests/station/test_historian_replicas.py",
    "tests/station/test_outside_server.py",
    "tests/station/test_replicas.py",
    "tests/station/test_trace.py",
    "tests/station/test_upgrade.py",
)


def folders() -> list[str]:
    """Return the folders that pytest runs when none is named."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    paths: list[str] = project["tool"]["pytest"]["ini_options"]["testpaths"]
    return paths


def main(options: Sequence[str]) -> int:
    """Run both halves, show the first at once and the second behind it; 0 when all passed."""
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches both, and they end in order
    pytest = (sys.executable, "-m", "pytest", *options)
    others = [folder for folder in folders() if folder not in SHOWN]
    with tempfile.TemporaryFile() as kept:
        # First what needs no plant: that of the last folders runs until all is over.
        aside = subprocess.Popen([*pytest, *ASIDE, *others], cwd=ROOT, stdout=kept, stderr=kept)
        left_out = [f"--ignore={file}" for file in ASIDE]
        shown = subprocess.Popen([*pytest, *SHOWN, *left_out], cwd=ROOT)
        codes = (shown.wait(), aside.wait())
        kept.seek(0)
        shutil.copyfileobj(kept, sys.stdout.buffer)
    return max(codes, key=abs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
