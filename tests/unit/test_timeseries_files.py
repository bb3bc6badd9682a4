"""Files of time series on a disk that takes no more."""

import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.historian.domain import Row
from services.historian.files import batch_of, write_sealed
from shared.errors import RetryLaterError

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
LARGEST_FILE_BYTES = 4096


@pytest.fixture
def little_room() -> Iterator[None]:
    """No file can grow beyond 4 KiB; the kernel refuses more, as a full disk does."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE_BYTES, most))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_a_file_that_cannot_be_written_is_tried_again_later_and_leaves_nothing(
    tmp_path: Path, little_room: None
) -> None:
    rows = [Row("a/b/c/d", "x", START + timedelta(seconds=n), n**0.5, "Good") for n in range(5000)]
    with pytest.raises(RetryLaterError, match="its rows wait in the database"):
        write_sealed(tmp_path, [batch_of(rows).body])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
