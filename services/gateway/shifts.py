"""Which shift of the plant runs at an instant."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.settings import ShiftSettings


def shift_at(
    shifts: Sequence[ShiftSettings], time_zone: str, now: datetime
) -> dict[str, Any] | None:
    """Return name, begin and end of the shift that runs; None where the plant file has none.

    A shift begins by the wall clock, so the night of a change of summer time is as long as it is.
    """
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    begins = sorted(
        (datetime.combine(today + timedelta(days=day), shift.begins, zone), shift.name)
        for day in (-1, 0, 1)
        for shift in shifts
    )
    running = [item for item in begins if item[0] <= now]
    coming = [item for item in begins if item[0] > now]
    if not running or not coming:
        return None
    (begun_at, name), (ends_at, _) = running[-1], coming[0]
    return {"name": name, "begun_at": begun_at.isoformat(), "ends_at": ends_at.isoformat()}


def shifts_around(
    shifts: Sequence[ShiftSettings], time_zone: str, now: datetime
) -> dict[str, dict[str, Any] | None]:
    """Return the shift that runs, the one before and the one after; None where there is none."""
    running = shift_at(shifts, time_zone, now)
    if running is None:
        return {"before": None, "running": None, "after": None}
    begun_at = datetime.fromisoformat(running["begun_at"])
    ends_at = datetime.fromisoformat(running["ends_at"])
    return {
        "before": shift_at(shifts, time_zone, begun_at - timedelta(microseconds=1)),
        "running": running,
        "after": shift_at(shifts, time_zone, ends_at),
    }
