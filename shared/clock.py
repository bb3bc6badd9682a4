"""Plant time: the wall clock in production, `speed` times faster from an agreed start in a demo."""

import asyncio
import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.errors import InvalidInputError


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Maps wall seconds to plant time; one value for all processes of a plant.

    plant_start: plant time at `wall_start_s` (seconds since the epoch).
    speed: plant seconds per wall second, 1 in production.
    """

    plant_start: datetime
    wall_start_s: float
    speed: float = 1.0

    def now(self) -> datetime:
        """Return the aware UTC plant time."""
        return self.at(time.time())

    def at(self, wall_s: float) -> datetime:
        """Return the plant time at a wall time given in seconds since the epoch."""
        return self.plant_start + timedelta(seconds=(wall_s - self.wall_start_s) * self.speed)

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


def wall_clock() -> Clock:
    """Return the production clock: plant time is wall time."""
    return Clock(plant_start=datetime.fromtimestamp(0, UTC), wall_start_s=0.0)


def read_clock(path: Path | None) -> Clock:
    """Read the agreed clock of a demo plant; without a file the wall clock counts.

    Raises:
        InvalidInputError: the file is damaged, or its speed is not above 0.
    """
    if path is None:
        return wall_clock()
    try:
        values = json.loads(path.read_text())
        clock = Clock(
            plant_start=datetime.fromisoformat(values["plant_start"]).astimezone(UTC),
            wall_start_s=float(values["wall_start_s"]),
            speed=float(values["speed"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"clock file {path} cannot be read: {error}") from error
    if clock.speed <= 0:
        raise InvalidInputError(f"clock file {path}: speed {clock.speed} must be above 0")
    return clock


def write_clock(path: Path, clock: Clock) -> None:
    """Write the agreed clock so that a crash leaves the old or the new file, never a part."""
    values = asdict(clock) | {"plant_start": clock.plant_start.isoformat()}
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        file.write(json.dumps(values))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
