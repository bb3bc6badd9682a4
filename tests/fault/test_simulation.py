"""The simulation of the whole plant under faults: nothing is lost, and lies show."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.postgres import PostgresServer
from tests.fault.chance import Fault
from tests.fault.faults import draw_faults
from tests.fault.plant import RUNNING, Ground
from tests.fault.simulation import FAULTS_UNTIL_S, STATIONS, ground_of, run_seed

pytestmark = pytest.mark.timeout(900)  # seconds each on a quiet machine
LYING_DISK = Fault(at_s=5.0, kind="commit_lost", target="trace", for_s=60.0, strength=0.5)


@pytest.fixture(scope="module")
def ground(postgres_server: PostgresServer, floor_dir: Path) -> Iterator[Ground]:
    """What all seeds share."""
    with ground_of(postgres_server, floor_dir / "virtual") as made:
        yield made


def test_a_plant_under_faults_loses_nothing(ground: Ground) -> None:
    outcome = run_seed(ground, 1)
    assert outcome.violations == ()
    assert outcome.event_count > 200
    assert outcome.happened


def test_another_seed_draws_other_faults(ground: Ground) -> None:
    drawn = [draw_faults(seed, RUNNING, STATIONS, FAULTS_UNTIL_S) for seed in (1, 2)]
    assert drawn[0] != drawn[1]
    assert all(fault.at_s + fault.for_s <= FAULTS_UNTIL_S for fault in (*drawn[0], *drawn[1]))


def test_a_disk_that_loses_what_it_said_to_have_written_is_found_out(ground: Ground) -> None:
    outcome = run_seed(ground, 2, extra=(LYING_DISK,))
    assert any("missing" in sentence for sentence in outcome.violations)
    assert "seed 2" in outcome.told()
    assert str(LYING_DISK) in outcome.told()
