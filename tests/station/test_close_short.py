"""Orders closed short: nothing of them is begun any more, and what is begun comes to its end."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from services.execution import views
from services.execution.closing import OrderClosing
from services.execution.domain import WorkMaster
from shared.errors import ConflictError, NotFoundError
from shared.events import (
    JobOrderCancelled,
    JobOrderHeld,
    JobOrderReleased,
    JobOrderWithdrawn,
    LotHeld,
    LotHoldReleased,
    TimeLimitChanged,
    WorkRequestClosedShort,
    WorkRequestEnded,
)
from tests.station.test_execution import ENVELOPE, Floor, accept, execution_floor, schedule, without

WHY = OrderClosing(person="Ada", reason="the customer took fewer")


@pytest.fixture
async def floor(fresh_database: str, work_masters: list[WorkMaster]) -> AsyncIterator[Floor]:
    async with execution_floor(fresh_database, work_masters) as found:
        yield found


async def close(floor: Floor, given: OrderClosing = WHY) -> dict[str, Any]:
    async with floor.database.begin() as tx:
        return await floor.work.closing.close(tx, "WR1", given)


async def give_up(floor: Floor, withdrawn: JobOrderWithdrawn) -> None:
    """Say that the service of a job order gave it up before a station had it."""
    cancelled = JobOrderCancelled(**withdrawn.model_dump())
    async with floor.database.begin() as tx:
        await floor.work.closing.on_cancelled(tx, ENVELOPE, cancelled)


async def states(floor: Floor, table: str, name: str) -> dict[str, str]:
    async with floor.database.quiet() as tx:
        rows = await tx.execute(text(f"SELECT {name}, state FROM {table}"))
        return {row[0]: row[1] for row in rows}


async def stock_of(floor: Floor, lot_id: str) -> float:
    async with floor.database.quiet() as tx:
        rows = await tx.execute(text("SELECT quantity FROM lot WHERE lot_id = :id"), {"id": lot_id})
        return float(rows.scalar_one())


def said(floor: Floor, kind: type[Any]) -> list[Any]:
    return [event for event in floor.said if isinstance(event, kind)]


async def test_an_order_that_lacks_stock_is_cancelled_whole_and_ends(floor: Floor) -> None:
    await accept(floor, without(schedule(), "RAW-zno"))
    answer = await close(floor)
    await floor.run()
    assert (answer["state"], answer["cancelled"], answer["closed_by"]) == ("ended", 2, "Ada")
    [closed] = said(floor, WorkRequestClosedShort)
    assert (closed.reason, closed.cells_under_way) == (WHY.reason, ())
    [ended] = said(floor, WorkRequestEnded)
    assert (ended.released_count, ended.blocked_count, ended.cancelled_count) == (0, 0, 2)
    assert set((await states(floor, "job_order", "job_order_id")).values()) == {"cancelled"}
    lots = await states(floor, "lot", "lot_id")
    assert {state for lot, state in lots.items() if lot.startswith("WR1")} == {"cancelled"}
    assert (await floor.cell("WR1-C01"))["state"] == "cancelled"
    async with floor.database.quiet() as tx:
        assert await views.wip(tx) == []
        [shown] = (await views.work_requests(tx, 5))["items"]
    assert (shown["state"], shown["cancelled"], shown["close_reason"]) == ("ended", 2, WHY.reason)


async def test_a_job_order_at_its_service_is_cancelled_when_the_service_gives_it_up(
    floor: Floor,
) -> None:
    await accept(floor, schedule())
    before = await stock_of(floor, "RAW-zno")
    assert before < 500, "taken for the mill"
    assert (await close(floor))["state"] == "open"
    async with floor.database.begin() as tx:
        await floor.work.closing.settle(tx, await floor.request(tx))  # asked for once
    events = await floor.new_events()
    assert [type(event) for event in events if isinstance(event, WorkRequestEnded)] == []
    [withdrawn] = [event for event in events if isinstance(event, JobOrderWithdrawn)]
    assert (withdrawn.job_order_id, withdrawn.operation) == ("WR1-PWD-mill", "mill")
    assert WHY.reason in withdrawn.reason
    await give_up(floor, withdrawn)
    await floor.run()
    assert await stock_of(floor, "RAW-zno") == pytest.approx(500)
    [ended] = said(floor, WorkRequestEnded)
    assert ended.cancelled_count == 2


async def hold(floor: Floor, released: JobOrderReleased) -> None:
    """Say that the station of a job order refused it before its start."""
    about = released.model_dump(include=set(JobOrderCancelled.model_fields) - {"reason"})
    held = JobOrderHeld(
        **about,
        equipment_id="pilot/powder/mill-1",
        lot_ids=(released.lot_id,),
        reason="recipe read back differs",
    )
    async with floor.database.begin() as tx:
        await floor.work.on_job_held(tx, ENVELOPE, held)


async def mill_of(floor: Floor) -> JobOrderReleased:
    [mill] = [one for one in await floor.new_events() if isinstance(one, JobOrderReleased)]
    return mill


async def test_a_job_order_that_stands_held_before_its_start_is_wanted_back(floor: Floor) -> None:
    await accept(floor, schedule())
    await floor.run_until("spray", "WR1-C01", begin=False)
    sprays = [one for one in floor.released if one.operation == "spray"]
    for spray in sprays:
        await hold(floor, spray)
    await close(floor)
    await floor.run()
    assert not said(floor, WorkRequestEnded)
    for withdrawn in said(floor, JobOrderWithdrawn):
        await give_up(floor, withdrawn)
    await floor.run()
    assert {one.lot_id for one in said(floor, JobOrderWithdrawn)} >= {"WR1-C01", "WR1-C02"}
    freed = {(one.lot_id, one.gate) for one in said(floor, LotHoldReleased)}
    assert {("WR1-C01", "station"), ("WR1-C02", "station")} <= freed
    [ended] = said(floor, WorkRequestEnded)
    assert ended.cancelled_count == 2


async def test_a_job_order_that_is_held_after_it_was_wanted_back_is_asked_for_again(
    floor: Floor,
) -> None:
    """A station had it when the order was closed, and refused it then."""
    await accept(floor, schedule())
    mill = await mill_of(floor)
    await close(floor)
    for _ in range(2):  # a person lets it be tried once more, and the station refuses again
        await hold(floor, mill)
    events = await floor.new_events()
    asked = [one.reason for one in events if isinstance(one, JobOrderWithdrawn)]
    assert len(asked) == 3
    assert all(WHY.reason in reason for reason in asked)


async def test_a_held_job_order_of_an_open_order_is_not_wanted_back(floor: Floor) -> None:
    await accept(floor, schedule())
    await hold(floor, await mill_of(floor))
    assert not [one for one in await floor.new_events() if isinstance(one, JobOrderWithdrawn)]


async def test_a_job_that_began_meanwhile_ends_and_nothing_begins_after_it(floor: Floor) -> None:
    await accept(floor, schedule())
    await close(floor)
    await floor.run()  # the mill had begun before its service heard of it
    assert [event.operation for event in floor.released] == ["mill"]
    [ended] = said(floor, WorkRequestEnded)
    assert ended.cancelled_count == 2
    lots = await states(floor, "lot", "lot_id")
    assert (lots["WR1-PWD"], lots["WR1-PEL"]) == ("available", "cancelled")


async def test_cells_under_way_go_on_and_the_others_are_not_begun(floor: Floor) -> None:
    await accept(floor, schedule())
    await floor.run_until("spray", "WR1-C01")
    answer = await close(floor)
    assert (answer["under_way"], answer["state"]) == (2, "open"), "C02 may have begun by now"
    await floor.run()
    [witness] = [one for one in floor.released if one.lot_id == "WR1-W01"]
    await floor.carry_out(witness)
    [withdrawn] = [one for one in said(floor, JobOrderWithdrawn) if one.lot_id == "WR1-C02"]
    await give_up(floor, withdrawn)
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    [closed] = said(floor, WorkRequestClosedShort)
    assert (closed.cells_under_way, closed.are_held) == (("WR1-C01",), False)
    [ended] = said(floor, WorkRequestEnded)
    assert (ended.released_count, ended.blocked_count, ended.cancelled_count) == (1, 0, 1)
    assert (await floor.cell("WR1-C01"))["disposition"] == "released"
    assert (await floor.cell("WR1-C02"))["state"] == "cancelled"
    assert "ccd" in {event.operation for event in floor.released}, "a gate of the cell wants it"
    assert {one.operation for one in floor.released if one.lot_id == "WR1-C02"} == {"spray"}


async def test_cells_under_way_may_be_held_for_a_decision(floor: Floor) -> None:
    await accept(floor, schedule())
    await floor.run_until("spray", "WR1-C01")
    await close(floor, WHY.model_copy(update={"cells_under_way": "hold"}))
    await floor.run(lambda event: event.lot_id == "WR1-C02")
    [held] = [event for event in said(floor, LotHeld) if event.lot_id == "WR1-C01"]
    assert (held.gate, WHY.reason in held.reason) == ("person", True)
    await floor.wait_for_limits(3600)
    await floor.run(lambda event: event.lot_id == "WR1-C02")
    assert "WR1-C01" not in {one.lot_id for one in floor.released if one.operation == "stack"}
    assert not said(floor, WorkRequestEnded)


async def test_a_window_before_what_never_comes_is_lifted(floor: Floor) -> None:
    await accept(floor, schedule())
    await floor.run_until("debind", "WR1-PEL", begin=False)
    await close(floor)
    await floor.run()
    [withdrawn] = said(floor, JobOrderWithdrawn)
    assert withdrawn.operation == "debind"
    await give_up(floor, withdrawn)
    await floor.wait_for_limits(300_000)  # beyond the window that began with pressing
    await floor.run()
    opened, lifted = said(floor, TimeLimitChanged)
    assert (opened.name, opened.state, opened.reason) == ("press_to_debind", "open", None)
    assert (lifted.name, lifted.state) == ("press_to_debind", "met")
    assert WHY.reason in lifted.reason
    assert await states(floor, "time_limit", "name") == {"press_to_debind": "lifted"}
    assert not said(floor, LotHeld)


async def test_what_is_over_unknown_or_closed_is_refused(floor: Floor) -> None:
    with pytest.raises(NotFoundError, match="work request WR1 does not exist"):
        await close(floor)
    await accept(floor, schedule())
    await close(floor)
    with pytest.raises(ConflictError, match=r"WR1 was closed short at 2026.*by Ada: the customer"):
        await close(floor)
    await floor.run()
    with pytest.raises(ConflictError, match="WR1 has ended; there is nothing to close"):
        await close(floor)


async def test_what_was_ordered_of_a_closed_order_is_released_no_more(floor: Floor) -> None:
    await accept(floor, schedule())
    await close(floor)
    second = schedule(work_request_id="WR2").model_copy(
        update={"work_schedule_id": "S2", "material_lots": ()}
    )
    await accept(floor, second)  # all open requests are looked at
    released = [one for one in await floor.new_events() if isinstance(one, JobOrderReleased)]
    mills = ["WR1", "WR2"]  # the first was released before its order was closed
    assert [one.work_request_id for one in released] == mills
