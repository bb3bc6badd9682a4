"""Fixtures of the unit tests."""

import os
from pathlib import Path

import pytest

PROJECT_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def peer_data() -> Path:
    """The folder of real files that no one here made, or a skip with the reason."""
    default = PROJECT_ROOT / "../shared/data"
    folder = Path(os.environ.get("HALITE_PEER_DATA", default)).resolve()
    if not folder.is_dir():
        pytest.skip(f"peer data not at {folder}; set HALITE_PEER_DATA")
    return folder
