"""Plant time under a wall clock that anybody may set."""

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shared.clock import (
    SLEW_RATIO,
    Clock,
    MachineClocks,
    anchored,
    read_clock,
    wall_clock,
    write_clock,
)

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
JUMPS = st.lists(st.tuples(st.floats(0.0, 7200.0), st.floats(-1e6, 1e6)), min_size=1, max_size=30)


@dataclass
class Hands:
    """The clocks of a machine, moved by the test."""

    wall_s: float = START.timestamp()
    boot_s: float = 1000.0
    boot_id: str = "boot-1"

    def clocks(self) -> MachineClocks:
        return MachineClocks(
            wall_s=lambda: self.wall_s, boot_s=lambda: self.boot_s, boot_id=self.boot_id
        )

    def go(self, passing_s: float, jump_s: float = 0.0) -> None:
        self.boot_s += passing_s
        self.wall_s += passing_s + jump_s


def agreed(folder: Path, hands: Hands, speed: float = 60.0) -> Clock:
    """Write the clock of a plant that starts now and return what a process reads."""
    clock = Clock(plant_start=START, wall_start_s=hands.wall_s, speed=speed, machine=hands.clocks())
    write_clock(folder / "clock.json", anchored(clock))
    return read_clock(folder / "clock.json", hands.clocks())


@given(JUMPS)
def test_wall_time_never_goes_back_and_passes_as_time_does_whatever_the_wall_clock_does(
    moves: list[tuple[float, float]],
) -> None:
    hands = Hands()
    clock = wall_clock(hands.clocks())
    before = clock.now()
    for passing_s, jump_s in moves:
        hands.go(passing_s, jump_s)
        now = clock.now()
        passed_s = (now - before).total_seconds()
        assert now >= before
        assert abs(passed_s - passing_s) <= SLEW_RATIO * passing_s + 1e-5
        before = now


@given(JUMPS, st.floats(0.1, 10_000.0))
def test_agreed_time_passes_with_the_boot_clock_alone(
    moves: list[tuple[float, float]], speed: float
) -> None:
    hands = Hands()
    clock = anchored(
        Clock(plant_start=START, wall_start_s=hands.wall_s, speed=speed, machine=hands.clocks())
    )
    for passing_s, jump_s in moves:
        hands.go(passing_s, jump_s)
        wanted_s = (hands.boot_s - 1000.0) * speed
        assert abs((clock.now() - START).total_seconds() - wanted_s) < 1e-3


def test_plant_time_is_led_back_to_a_wall_clock_that_was_set(tmp_path: Path) -> None:
    hands = Hands()
    clock = wall_clock(hands.clocks())
    hands.go(10.0, jump_s=3.6)
    assert abs(clock.drift_s() - 3.6) < 1e-6
    clock.now()
    hands.go(3600.0)
    assert abs(clock.now().timestamp() - hands.wall_s) < 0.05
    assert abs(clock.drift_s()) < 0.05


def test_processes_that_read_the_clock_before_and_after_a_jump_agree(tmp_path: Path) -> None:
    hands = Hands()
    first = agreed(tmp_path, hands)
    hands.go(5.0, jump_s=-3600.0)
    second = read_clock(tmp_path / "clock.json", hands.clocks())
    assert first.now() == second.now() == START + timedelta(seconds=300)
    assert (first.drift_s(), second.drift_s()) == (-3600.0, -3600.0)


def test_after_a_reboot_time_is_taken_from_the_wall_but_never_before_the_start(
    tmp_path: Path,
) -> None:
    hands = Hands()
    agreed(tmp_path, hands)
    rebooted = Hands(wall_s=hands.wall_s + 60.0, boot_s=3.0, boot_id="boot-2")
    clock = read_clock(tmp_path / "clock.json", rebooted.clocks())
    assert clock.now() == START + timedelta(hours=1)
    rebooted.go(1.0, jump_s=3600.0)
    assert clock.now() == START + timedelta(hours=1, minutes=1)
    earlier = Hands(wall_s=hands.wall_s - 3600.0, boot_s=3.0, boot_id="boot-3")
    assert read_clock(tmp_path / "clock.json", earlier.clocks()).now() == START


def test_processes_of_one_machine_share_plant_time_though_the_wall_clock_was_set(
    tmp_path: Path,
) -> None:
    clock = Clock(plant_start=START, wall_start_s=time.time() - 3600.0)  # set forward by an hour
    clock = anchored(clock)
    path = tmp_path / "clock.json"
    write_clock(path, clock)
    code = "import sys; from shared.clock import *; print(read_clock(Path(sys.argv[1])).now())"
    command = [sys.executable, "-c", code, str(path)]
    told = [START]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        told.append(datetime.fromisoformat(done.stdout.strip()))
    assert told == sorted(told)
    assert told[-1] <= clock.now() < START + timedelta(minutes=1)
