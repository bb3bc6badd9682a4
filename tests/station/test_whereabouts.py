"""Results for a cell that is elsewhere, or that nobody measured here, release nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.events import DispositionDecided
from tests.station.quality_desk import (
    START,
    Desk,
    built_of,
    ended,
    pellets_of,
    quality_desk,
    result,
    specification,
)

OCV = {"characteristic": "ocv_v", "unit": "v", "low": 2.5, "high": 2.58}
LEAK = {"characteristic": "leak_rate_mbar_l_per_s", "unit": "mbar_l_per_s", "high": 1e-6}
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        await found.taught(
            specification("impedance", "impedance", OCV), specification("seal", "seal", LEAK)
        )
        await found.hear(pellets_of("PEL", "P-1", "P-2"), built_of("C-1", "P-1"))
        yield found


def sealed() -> Any:
    good = result("C-1", "leak_rate_mbar_l_per_s", "mbar·L/s", 1e-8)
    return ended("C-1", "seal", good, equipment_id="pilot/dryroom/seal/sealer-1")


def measured(after: timedelta, cell: str = "C-1") -> Any:
    return ended(
        "C-1",
        "impedance",
        result(cell, "ocv_v", "V", 2.54),
        equipment_id="pilot/test/eis/analyser-1",
        started_at=START + after,
        ended_at=START + after + HALF_AN_HOUR,
    )


async def test_a_cell_that_was_at_another_station_meanwhile_is_unknown_and_blocked(
    desk: Desk,
) -> None:
    await desk.hear(sealed())
    await desk.hear(measured(timedelta(minutes=10)))
    assert await desk.decided("seal") == [("C-1", "released")]
    assert await desk.decided("impedance") == [("C-1", "blocked")]
    told = (await desk.said(DispositionDecided))[-1].reason
    assert "C-1 cannot have been at pilot/test/eis/analyser-1" in told
    assert "C-1-seal had it at pilot/dryroom/seal/sealer-1" in told


async def test_one_station_after_the_other_is_believed_though_their_clocks_differ_a_little(
    desk: Desk,
) -> None:
    await desk.hear(sealed(), measured(HALF_AN_HOUR - timedelta(seconds=30)))
    assert await desk.decided("impedance") == [("C-1", "released")]


async def test_values_of_another_cell_than_the_job_orders_release_neither(desk: Desk) -> None:
    await desk.hear(measured(HALF_AN_HOUR, cell="C-2"))
    assert await desk.decided("impedance") == [("C-1", "blocked")]
    assert "was not measured" in (await desk.said(DispositionDecided))[-1].reason
