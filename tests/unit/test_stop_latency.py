"""How long a test went on after the first row that shows why it was stopped."""

from typing import Any

import polars as pl
import pytest

from services.formation.protocol import Limits
from services.formation.safety import Bounds
from services.formation.stoplatency import stop_latency
from services.formation.store import Run

LIMITS = Limits(highest_v=4.6, lowest_v=-4.6, short_floor_v=0.002)
SHORTED = Bounds(quantity="resistance_ohm", low=200.0)


def run(seen_s: float | None = None, sound: Bounds | None = None) -> Run:
    return Run(
        job_order_id="J1",
        lot_id="WIT-1",
        channel="1-1-1",
        protocol_id="ccd",
        protocol_version=1,
        step_file=b"-",
        step_sha256="-",
        started_at=None,
        stop_reason=None if seen_s is None else "short",
        seen_s=seen_s,
        sound=sound,
    )


def rows(*volts_and_ma: tuple[float, float]) -> pl.DataFrame:
    """One row each 10 s from 0."""
    return pl.DataFrame(
        {
            "time_s": [10.0 * number for number in range(len(volts_and_ma))],
            "voltage_v": [volts for volts, _ in volts_and_ma],
            "current_ma": [ma for _, ma in volts_and_ma],
        }
    )


SOUND, REST, LOW = (0.16, 0.4), (0.0, 0.0), (0.02, 0.4)


def latency(stopped_s: float, table: pl.DataFrame, of: Run, state: str = "stop") -> dict[str, Any]:
    found = stop_latency(of, LIMITS, state, stopped_s, table)
    assert found is not None
    return found.model_dump()


def test_latency_counts_rows_and_seconds_to_our_look_and_to_the_stop() -> None:
    table = rows(SOUND, LOW, SOUND, LOW, REST, LOW, LOW, LOW)
    assert latency(70.0, table, run(54.0, SHORTED)) == {
        "by": "watch",
        "first_row": 4,
        "first_row_s": 30.0,
        "seen_after_s": 24.0,
        "rows_to_seen": 2,
        "stopped_after_s": 40.0,
        "rows_to_stop": 4,
    }


def test_fault_seen_before_a_row_shows_it_has_no_delay() -> None:
    found = latency(32.0, rows(SOUND, SOUND, SOUND, LOW), run(24.0, SHORTED))
    assert (found["first_row"], found["seen_after_s"], found["rows_to_seen"]) == (4, 0.0, 0)
    assert found["stopped_after_s"] == 2.0


@pytest.mark.parametrize(
    ("last", "first_row"), [((0.001, 0.4), 3), ((4.7, 0.4), 3)], ids=["floor", "voltage limit"]
)
def test_stop_of_the_tester_is_told_by_the_limit_that_its_last_rows_break(
    last: tuple[float, float], first_row: int
) -> None:
    found = latency(31.0, rows(SOUND, SOUND, last, last), run(), "protect")
    assert (found["by"], found["first_row"], found["rows_to_stop"]) == ("tester", first_row, 1)
    assert found["stopped_after_s"] == 11.0
    assert found["seen_after_s"] is None


@pytest.mark.parametrize(
    ("of", "state", "table"),
    [
        (run(), "finish", rows(SOUND, LOW)),
        (run(), "protect", rows(SOUND, SOUND)),
        (run(5.0), "stop", rows(SOUND, LOW)),
        (run(5.0, SHORTED), "stop", rows(SOUND, SOUND)),
        (run(5.0, SHORTED), "stop", rows()),
    ],
    ids=["ran to its end", "no limit broken", "barcode", "no row shows it", "no rows"],
)
def test_what_no_row_tells_has_no_latency(of: Run, state: str, table: pl.DataFrame) -> None:
    assert stop_latency(of, LIMITS, state, 20.0, table) is None
