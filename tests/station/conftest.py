"""Fixtures of the station tests."""

from pathlib import Path

import pytest
import yaml

from services.execution.domain import WorkMaster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def work_masters() -> list[WorkMaster]:
    """The pilot plant's products."""
    document = yaml.safe_load((ROOT / "examples/master-data.yaml").read_text())
    return [WorkMaster.model_validate(item) for item in document["execution"]["work_masters"]]
