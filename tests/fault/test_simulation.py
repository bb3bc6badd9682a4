"""The simulation of the whole plant under faults: nothing is lost, and lies show."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.postgres import PostgresServer
from tests.fault.chance import Fault
from tests.fault.faults import draw_faults
from tests.fault.loop import StuckError, VirtualLoop
from tests.fault.plant import ROOT, RUNNING, Ground
from tests.fault.simulation import FAULTS_UNTIL_S, STATIONS, end_tasks, ground_of, run_seed

pytestmark = pytest.mark.timeout(900)  # seconds each on a quiet machine
SEED = 17  # few faults, of all sorts
SHORT_OF_PELLETS = 20  # a spray holds a pellet, and those left are too few for two cells
LYING_DISK = Fault(at_s=5.0, kind="commit_lost", target="trace", for_s=60.0, strength=0.5)


@pytest.fixture(scope="module")
def ground(postgres_server: PostgresServer, floor_dir: Path) -> Iterator[Ground]:
    """What all seeds share."""
    with ground_of(postgres_server, floor_dir / "virtual") as made:
        yield made


def test_a_plant_under_faults_loses_nothing_and_replays_to_the_last_event_in_another_process(
    ground: Ground, postgres_server: PostgresServer
) -> None:
    outcome = run_seed(ground, SEED)
    assert outcome.violations == ()
    assert outcome.event_count > 200
    drawn = {fault.kind for fault in outcome.faults}
    assert {"crash", "twin", "clock_jump", "jobs_forgotten"} <= drawn
    for ledger in ground.ledgers.values():
        ledger.reset()
    words = ["--first", str(SEED), "--seeds", "1", "--on", postgres_server.url("virtual_{}")]
    replay = subprocess.run(
        [sys.executable, "-m", "tests.fault.simulation", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert outcome.digest[:12] in replay.stdout


def test_a_cell_for_which_only_held_pellets_are_left_waits_for_a_person(ground: Ground) -> None:
    outcome = run_seed(ground, SHORT_OF_PELLETS)
    assert outcome.violations == ()
    assert outcome.graded_count == 1  # of two cells


def test_another_seed_draws_other_faults(ground: Ground) -> None:
    drawn = [draw_faults(seed, RUNNING, STATIONS, FAULTS_UNTIL_S) for seed in (1, 2)]
    assert drawn[0] != drawn[1]
    assert all(fault.at_s + fault.for_s <= FAULTS_UNTIL_S for fault in (*drawn[0], *drawn[1]))


def test_a_disk_that_loses_what_it_said_to_have_written_is_found_out(ground: Ground) -> None:
    outcome = run_seed(ground, 2, extra=(LYING_DISK,))
    assert any("missing" in sentence for sentence in outcome.violations)
    assert "seed 2" in outcome.told()
    assert str(LYING_DISK) in outcome.told()


def test_a_task_that_never_waits_ends_the_run_and_names_the_moment() -> None:
    async def restless() -> None:
        await asyncio.sleep(3.0)
        while True:
            await asyncio.sleep(0)

    loop = VirtualLoop()
    try:
        with pytest.raises(StuckError, match=r"stands still at 3\.0 virtual s"):
            loop.run_until_complete(restless())
        end_tasks(loop)
    finally:
        loop.close()
