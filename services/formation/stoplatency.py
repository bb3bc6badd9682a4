"""Owns how long a test went on after the first row that shows why it was stopped."""

import polars as pl

from services.formation.protocol import Limits
from services.formation.safety import Bounds, alarm_of_tester
from services.formation.store import Run
from shared.facts import StopLatency

CLOCK_SLACK_S = 0.1  # a tester tells a channel's test time to a tenth of a second


def stop_latency(
    run: Run, limits: Limits, state: str, stopped_s: float, rows: pl.DataFrame
) -> StopLatency | None:
    """Return the latency of the stop of a test by our watch or by its tester's own limits.

    stopped_s: the test's own time at which its last step ended, as the tester tells. rows: the
    whole test, with time_s, voltage_v and current_ma. None: nothing stopped it, or no row tells
    of the reason.
    """
    if rows.is_empty():
        return None
    times = rows["time_s"].to_list()
    pairs = list(zip(rows["voltage_v"], rows["current_ma"], strict=True))
    sound, seen_s = run.sound, run.seen_s
    if run.stop_reason is None and state == "protect":
        alarm = alarm_of_tester(limits, *pairs[-1])
        sound, seen_s = (alarm.sound if alarm else None), None
    if sound is None:
        return None
    until_s = stopped_s if seen_s is None else seen_s + CLOCK_SLACK_S
    first = _first_row(times, pairs, sound, until_s)
    if first is None:
        return None
    begun_s = times[first]
    return StopLatency(
        by="tester" if seen_s is None else "watch",
        first_row=first + 1,
        first_row_s=begun_s,
        seen_after_s=None if seen_s is None else max(0.0, seen_s - begun_s),
        rows_to_seen=None if seen_s is None else _rows_between(times, first, seen_s),
        stopped_after_s=max(0.0, stopped_s - begun_s),
        rows_to_stop=_rows_between(times, first, stopped_s),
    )


def _first_row(
    times: list[float], pairs: list[tuple[float, float]], sound: Bounds, until_s: float
) -> int | None:
    """Return the first row of the fault that was seen at `until_s`; None where no row shows it.

    Rows at rest say nothing of a fault under current and are passed over. A fault that was seen
    between two rows begins with the first row that shows it afterwards.
    """
    needs_current = sound.quantity in ("magnitude_v", "resistance_ohm")
    found = None
    for index in range(sum(time_s <= until_s for time_s in times) - 1, -1, -1):
        voltage_v, current_ma = pairs[index]
        if needs_current and current_ma == 0.0:
            continue
        if sound.hold(voltage_v, current_ma):
            break
        found = index
    if found is not None:
        return found
    later = (i for i, time_s in enumerate(times) if time_s > until_s and not sound.hold(*pairs[i]))
    return next(later, None)


def _rows_between(times: list[float], first: int, until_s: float) -> int:
    """Return how many rows follow the first one up to an instant."""
    return sum(time_s <= until_s + CLOCK_SLACK_S for time_s in times[first + 1 :])
