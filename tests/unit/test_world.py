"""The file that all simulated machines share."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from simulators.world import Fault, JobRecord, World, draw

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def record(**changes: object) -> JobRecord:
    known = {"station": "mill-1", "job_order_id": "J", "place": 1, "content": b"\x01", "state": 1}
    return JobRecord(**{**known, **changes})  # type: ignore[arg-type]


def test_draws_depend_on_seed_part_and_name_alone() -> None:
    assert draw(7, "P1", "press").random() == draw(7, "P1", "press").random()
    others = [draw(8, "P1", "press"), draw(7, "P2", "press"), draw(7, "P1", "spray")]
    numbers = {stream.random() for stream in [draw(7, "P1", "press"), *others]}
    assert len(numbers) == 4


def test_update_keeps_what_it_does_not_name(tmp_path: Path) -> None:
    world = World(tmp_path / "deep" / "world.sqlite")
    world.update("P1", thickness_um=125.0, film_um=[8.0, 8.1])
    world.update("P1", thickness_um=126.0, tray=None)
    assert world.get("P1") == {"thickness_um": 126.0, "film_um": [8.0, 8.1], "tray": None}
    assert world.get_many(["P1", "nobody"])["nobody"] == {}


def test_lot_nobody_has_seen_is_drawn_the_same_each_time(tmp_path: Path) -> None:
    world = World(tmp_path / "world.sqlite")
    first = world.material("S-77", "nfm_cathode")
    assert first == world.material("S-77", "nfm_cathode")
    assert world.get("S-77") == {}
    assert world.material("S-78", "nfm_cathode") != first
    assert world.material("X", "unheard_of") == {"definition_id": "unheard_of"}


def test_end_of_a_job_and_its_effects_are_one_step(tmp_path: Path) -> None:
    world = World(tmp_path / "world.sqlite")
    ended = record(state=5, started_at=NOW, ended_at=NOW + timedelta(hours=1), response={"a": [1]})
    world.save_job(record())
    world.save_job(ended, {"P1": {"mass_g": 1.0}})
    again = World(tmp_path / "world.sqlite")
    assert again.jobs("mill-1") == [ended]
    assert again.get("P1") == {"mass_g": 1.0}
    again.forget_job("mill-1", "J")
    assert world.jobs("mill-1") == []


def test_effects_that_cannot_be_kept_leave_the_job_as_it_was(tmp_path: Path) -> None:
    world = World(tmp_path / "world.sqlite")
    world.save_job(record())
    with pytest.raises(TypeError):
        world.save_job(record(state=5), {"P1": {"mass_g": np.float64}})
    assert world.jobs("mill-1")[0].state == 1
    assert world.get("P1") == {}


def test_faults_act_in_their_span_and_the_last_magnitude_wins(tmp_path: Path) -> None:
    world = World(tmp_path / "world.sqlite")
    hour = timedelta(hours=1)
    world.switch_fault(Fault(station="eap-1", name="arcing", magnitude=2.0, since=NOW))
    world.switch_fault(Fault(station="eap-1", name="arcing", magnitude=3.0, since=NOW + hour))
    assert world.end_fault("eap-1", "arcing", NOW + 2 * hour)
    assert not world.end_fault("eap-1", "arcing", NOW + 3 * hour)
    log = world.faults("eap-1")
    seen = [log.magnitude("arcing", NOW + count * hour) for count in (-1, 0, 1, 2)]
    assert seen == [None, 2.0, 3.0, None]
    assert not world.faults("eap-2").spans


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "world.sqlite"
    World(path).close()

    def write(name: str) -> None:
        world = World(path)
        for count in range(50):
            world.update("shared", **{f"{name}_{count}": count})
        world.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(World(path).get("shared")) == 200


def test_log_of_runs_keeps_each_start_also_of_what_was_cleared(tmp_path: Path) -> None:
    world = World(tmp_path / "world.sqlite")
    world.save_job(record(state=2))
    running = record(state=3, started_at=NOW)
    for job in (running, record(state=5, started_at=NOW, ended_at=NOW + timedelta(hours=1))):
        world.save_job(job)
    world.forget_job("mill-1", "J")
    world.save_job(running)
    assert [(run.job_order_id, run.ended_at) for run in world.runs()] == [
        ("J", NOW + timedelta(hours=1)),
        ("J", None),
    ]
