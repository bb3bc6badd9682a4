"""Plant time: the wall's in production, `speed` times faster from an agreed start in a demo.

It passes with the machine's boot clock, which all its processes share and nobody can set, so a wall
clock that jumps changes neither order nor durations.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.errors import InvalidInputError

SLEW_RATIO = 0.001
DRIFT_LIMIT_S = 5.0
_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


def _boot_clock_s() -> float:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def _boot_id() -> str:
    try:
        return _BOOT_ID_FILE.read_text().strip()
    except OSError:  # no Linux: each process has a boot of its own, and starts at the wall's time
        return f"process {os.getpid()}"


@dataclass(frozen=True, kw_only=True)
class MachineClocks:
    """The clocks of a machine. boot_id: names the start of the boot clock."""

    wall_s: Callable[[], float] = time.time
    boot_s: Callable[[], float] = _boot_clock_s
    boot_id: str = field(default_factory=_boot_id)


MACHINE = MachineClocks()


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A moment of the boot clock. start_s: its seconds when plant time started."""

    boot_id: str
    start_s: float


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Maps the machine's seconds to plant time; one value for all processes of a plant.

    plant_start: plant time at `wall_start_s` (seconds since the epoch) and at the anchor.
    speed: plant seconds per wall second, 1 in production.
    anchor: without one plant time follows the wall clock wherever it goes.
    """

    plant_start: datetime
    wall_start_s: float
    speed: float = 1.0
    anchor: Anchor | None = None
    machine: MachineClocks = field(default=MACHINE, compare=False, repr=False)

    def now(self) -> datetime:
        """Return the aware UTC plant time."""
        if self.anchor is None:
            return self.at(self.machine.wall_s())
        return self.plant_start + timedelta(seconds=self._passed_s(self.anchor) * self.speed)

    def at(self, wall_s: float) -> datetime:
        """Return the plant time at a wall time in seconds since the epoch, had it not jumped."""
        return self.plant_start + timedelta(seconds=(wall_s - self.wall_start_s) * self.speed)

    def drift_s(self) -> float:
        """Return how far the wall clock has moved since the start beside the passing of time."""
        if self.anchor is None:
            return 0.0
        return self.machine.wall_s() - self.wall_start_s - self._passed_s(self.anchor)

    def wall_delay_s(self, plant_s: float) -> float:
        """Return the wall seconds that `plant_s` plant seconds take."""
        return plant_s / self.speed

    async def sleep(self, plant_s: float) -> None:
        """Sleep for `plant_s` plant seconds."""
        await asyncio.sleep(max(0.0, self.wall_delay_s(plant_s)))

    async def sleep_until(self, instant: datetime) -> None:
        """Sleep until a plant time; returns at once when it has passed."""
        while (left_s := (instant - self.now()).total_seconds()) > 0:
            await self.sleep(left_s)

    def _passed_s(self, anchor: Anchor) -> float:
        return self.machine.boot_s() - anchor.start_s


@dataclass(kw_only=True)
class Slew:
    """How far plant time has been led towards the wall clock.

    start_s, at_s: the boot clock when plant time started and when it was last led.
    """

    start_s: float
    at_s: float
    led_s: float = 0.0

    def lead(self, drift_s: float, boot_s: float) -> float:
        """Go on towards a drift, by at most SLEW_RATIO of the time since the last call."""
        most_s = SLEW_RATIO * max(0.0, boot_s - self.at_s)
        self.at_s = max(self.at_s, boot_s)
        self.led_s += min(most_s, max(-most_s, drift_s - self.led_s))
        return self.led_s


@dataclass(frozen=True, kw_only=True)
class WallClock(Clock):
    """Plant time that is the wall's: it never jumps, but is led to the wall clock.

    Ordinary corrections, far below SLEW_RATIO, are followed at once; an hour is regained at 3.6 s
    an hour, so that a person can set the wall clock right before plant time has gone far.
    """

    slew: Slew = field(compare=False, repr=False)

    def now(self) -> datetime:
        """Return the aware UTC plant time; never less than before."""
        boot_s = self.machine.boot_s()
        passed_s = boot_s - self.slew.start_s
        drift_s = self.machine.wall_s() - self.wall_start_s - passed_s
        return self.plant_start + timedelta(seconds=passed_s + self.slew.lead(drift_s, boot_s))

    def drift_s(self) -> float:
        """Return how far the wall clock is ahead of plant time."""
        return super().drift_s() - self.slew.led_s


def wall_clock(machine: MachineClocks = MACHINE) -> Clock:
    """Return the production clock, which starts at the wall's time."""
    wall_s, boot_s = machine.wall_s(), machine.boot_s()
    return WallClock(
        plant_start=datetime.fromtimestamp(wall_s, UTC),
        wall_start_s=wall_s,
        anchor=Anchor(boot_id=machine.boot_id, start_s=boot_s),
        machine=machine,
        slew=Slew(start_s=boot_s, at_s=boot_s),
    )


def anchored(clock: Clock) -> Clock:
    """Return a clock that follows the boot clock from its wall start, which is now."""
    machine = clock.machine
    return replace(clock, anchor=Anchor(boot_id=machine.boot_id, start_s=machine.boot_s()))


def read_clock(path: Path | None, machine: MachineClocks = MACHINE) -> Clock:
    """Read the agreed clock of a plant; without a file the wall clock counts.

    After a reboot, and on another machine, its time is taken from the wall clock once, never
    before its start, and follows this boot clock from then on.

    Raises:
        InvalidInputError: the file is damaged, or its speed is not above 0.
    """
    if path is None:
        return wall_clock(machine)
    clock = replace(load_clock(path), machine=machine)
    if clock.anchor is not None and clock.anchor.boot_id == machine.boot_id:
        return clock
    wall_s = machine.wall_s()
    start = max(clock.plant_start, clock.at(wall_s))
    return anchored(replace(clock, plant_start=start, wall_start_s=wall_s))


def load_clock(path: Path) -> Clock:
    """Return a clock as it was written.

    Raises:
        InvalidInputError: the file is damaged, or its speed is not above 0.
    """
    try:
        values = json.loads(path.read_text())
        anchor = values.get("anchor")
        clock = Clock(
            plant_start=datetime.fromisoformat(values["plant_start"]).astimezone(UTC),
            wall_start_s=float(values["wall_start_s"]),
            speed=float(values["speed"]),
            anchor=None
            if anchor is None
            else Anchor(boot_id=str(anchor["boot_id"]), start_s=float(anchor["start_s"])),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(f"clock file {path} cannot be read: {error}") from error
    if clock.speed <= 0:
        raise InvalidInputError(f"clock file {path}: speed {clock.speed} must be above 0")
    return clock


def write_clock(path: Path, clock: Clock) -> None:
    """Write the agreed clock so that a crash leaves the old or the new file, never a part."""
    anchor = clock.anchor
    values = {
        "plant_start": clock.plant_start.isoformat(),
        "wall_start_s": clock.wall_start_s,
        "speed": clock.speed,
        "anchor": None if anchor is None else vars(anchor),
    }
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        file.write(json.dumps(values))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
