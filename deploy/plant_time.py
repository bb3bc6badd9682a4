"""Plant time from run to run: it never goes back, and in a demo stands still between the runs."""

import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.clock import Clock, anchored, load_clock, write_clock
from shared.errors import InvalidInputError

SAVE_EVERY_S = 2.0
_SAVED_AHEAD_S = SAVE_EVERY_S + 0.5


class PlantTime:
    """The agreed clock of a running plant, and the plant time that its next run goes on from.

    The processes read `clock.json`; `clock.latest.json` says how far plant time may have come.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock_file = folder / "clock.json"
        self._latest_file = folder / "clock.latest.json"
        self._clock = clock
        self._save_again_s = 0.0
        self.is_begun = False

    def begin(self) -> None:
        """Write the clock that all processes of this run read."""
        self.is_begun = True
        write_clock(self.clock_file, self._clock)
        self.save_when_due()

    def save_when_due(self) -> None:
        """Save a plant time not yet reached, so that after a crash time does not go back."""
        if time.monotonic() >= self._save_again_s:
            self._save_again_s = time.monotonic() + SAVE_EVERY_S
            self._save(_SAVED_AHEAD_S)

    def end(self) -> None:
        """Save the plant time of an orderly stop, after the last process has ended."""
        self._save(0.0)

    def _save(self, ahead_s: float) -> None:
        """Save the plant time of `ahead_s` wall seconds from now."""
        clock = self._clock
        reached = clock.now() + timedelta(seconds=ahead_s * clock.speed)
        latest = Clock(plant_start=reached, wall_start_s=time.time(), speed=clock.speed)
        write_clock(self._latest_file, latest)


def next_run(folder: Path, speed: float, wall_s: float) -> PlantTime:
    """Return the time of the run that starts now: the first begins at wall time, later ones go on.

    speed: plant seconds per wall second; at 1, real time, a run never begins before wall time.
    wall_s: seconds since the epoch.

    Raises:
        InvalidInputError: a saved clock is damaged; starting anew would turn plant time back.
    """
    clock_file, latest_file = folder / "clock.json", folder / "clock.latest.json"
    plant_start = datetime.fromtimestamp(wall_s, UTC)
    if latest_file.exists():
        plant_start = _read(latest_file).plant_start
    elif clock_file.exists():
        plant_start = _read(clock_file).at(wall_s)
    if speed == 1.0:  # real time: a window goes on while the plant is stopped, as the glue does
        plant_start = max(plant_start, datetime.fromtimestamp(wall_s, UTC))
    clock = Clock(plant_start=plant_start, wall_start_s=wall_s, speed=speed)
    return PlantTime(folder, anchored(clock))


def _read(path: Path) -> Clock:
    try:
        clock = load_clock(path)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"The plant's clock file {path} is damaged; "
            "restore it from a backup or choose another data folder."
        ) from error
    if not math.isfinite(clock.wall_start_s) or not math.isfinite(clock.speed):
        raise InvalidInputError(f"The plant's clock file {path} holds a number that is not finite.")
    return clock
