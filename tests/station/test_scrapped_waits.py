"""What waits for a scrapped lot, or in an ended order, is cancelled."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from services.execution import views
from services.execution.domain import WorkMaster
from shared.events import JobOrderWithdrawn, WorkRequestEnded
from tests.station.test_close_short import give_up, said, states
from tests.station.test_execution import (
    Floor,
    accept,
    execution_floor,
    schedule,
    scrap,
    scrap_pellets_by_gate,
    without,
)


@pytest.fixture
async def floor(fresh_database: str, work_masters: list[WorkMaster]) -> AsyncIterator[Floor]:
    async with execution_floor(fresh_database, work_masters) as found:
        yield found


async def of_lot(floor: Floor, lot_id: str) -> set[str]:
    async with floor.database.quiet() as tx:
        found = await tx.execute(
            text("SELECT state FROM job_order WHERE lot_id = :lot_id"), {"lot_id": lot_id}
        )
        return set(found.scalars())


async def test_what_a_scrapped_cell_waits_for_is_cancelled_and_the_others_wait_on(
    floor: Floor,
) -> None:
    await accept(floor, without(schedule(), "RAW-img_glue"))
    await floor.run()
    async with floor.database.quiet() as tx:
        before = {row["operation"]: row["waiting"] for row in await views.wip(tx)}
    await scrap(floor, "WR1-C02")
    assert await of_lot(floor, "WR1-C02") == {"cancelled"}
    assert "cancelled" not in await of_lot(floor, "WR1-C01")
    async with floor.database.quiet() as tx:
        after = {row["operation"]: row["waiting"] for row in await views.wip(tx)}
    assert (before["formation"], after["formation"]) == (2, 1)


async def test_what_is_at_its_service_for_a_scrapped_lot_is_wanted_back(floor: Floor) -> None:
    await accept(floor, schedule())
    await floor.run_until("debind", "WR1-PEL", begin=False)
    await scrap(floor, "WR1-PEL")
    [withdrawn] = said(floor, JobOrderWithdrawn)
    assert (withdrawn.operation, withdrawn.reason) == ("debind", "its lot is scrapped")
    await give_up(floor, withdrawn)
    await floor.run()
    assert "allowed_to_start" not in await of_lot(floor, "WR1-PEL")
    assert await states(floor, "time_limit", "name") == {"press_to_debind": "lifted"}


async def test_a_gates_scrap_counts_by_its_disposition_alone_and_no_more_with_both(
    floor: Floor,
) -> None:
    await scrap_pellets_by_gate(floor)  # as in records of before
    before = len(floor.said)
    await scrap(floor, "WR1-PEL")
    assert floor.said[before:] == []


async def test_nothing_waits_for_cells_that_an_ended_order_could_not_build(floor: Floor) -> None:
    await scrap_pellets_by_gate(floor)
    [ended] = said(floor, WorkRequestEnded)
    assert (ended.blocked_count, ended.cancelled_count) == (2, 0)
    for cell_id in ("WR1-C01", "WR1-C02"):
        assert await of_lot(floor, cell_id) == {"ended", "cancelled"}
    async with floor.database.quiet() as tx:
        assert await views.wip(tx) == []
