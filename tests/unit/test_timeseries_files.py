"""Files of time series on a disk that takes no more."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# No file can grow beyond 4 KiB: the kernel refuses more, as a full disk does. In a process of its
# own, since the limit holds for whatever the process writes.
WRITER = """
import resource, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from services.historian.domain import Row
from services.historian.files import batch_of, write_sealed
from shared.errors import RetryLaterError

start = datetime(2026, 3, 2, 6, tzinfo=UTC)
rows = [Row("a/b/c/d", "x", start + timedelta(seconds=n), n**0.5, "Good") for n in range(5000)]
batch = batch_of(rows).body
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
try:
    write_sealed(Path(sys.argv[1]), [batch])
except RetryLaterError as error:
    print(error)
"""


def test_a_file_that_cannot_be_written_is_tried_again_later_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    words = (sys.executable, "-c", WRITER, str(tmp_path))
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert "its rows wait in the database" in said.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
