"""A service that is asked for a job order which stands held before its start."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from services.formation import store
from services.formation.domain import check
from shared import joborders
from shared.app import Service
from shared.envelope import Envelope
from shared.events import JobOrderCancelled, JobOrderWithdrawn
from shared.intake import intake
from tests.station.test_channels import POUCH, TESTER, formation, order_of, take
from tests.station.test_execution import ENVELOPE
from tests.station.tester_floor import MONDAY

WHY = "the order was closed short: fewer wanted (Ada)"
HELD = "tester refused the step file"


async def held(service: Service, *lots: str, asked_at: datetime | None = None) -> None:
    """Hold a station order of one job order for each lot; asked_at: when it was to start."""
    orders = [
        await order_of(service, number, lot, "formation", **POUCH)
        for number, lot in enumerate(lots, 1)
    ]
    together = tuple(one for order in orders for one in order.job_orders)
    order = replace(orders[0], job_orders=together)
    assert await take(service, order, "1-1-1")
    async with service.database.begin() as tx:
        stands = replace(order.to("interrupted", HELD), started_at=asked_at)
        await joborders.save(tx, "allowed_to_start", stands)


async def withdraw(service: Service, job_order_id: str) -> None:
    event = JobOrderWithdrawn(
        job_order_id=job_order_id,
        lot_id="CELL-1",
        work_request_id="WR1",
        product_id="pouch",
        operation="formation",
        reason=WHY,
    )
    async with service.database.begin() as tx:
        await intake(service, check, store.free)[JobOrderWithdrawn](tx, ENVELOPE, event)


async def cancelled(service: Service) -> list[str]:
    async with service.database.quiet() as tx:
        bodies = await tx.scalars(text("SELECT body FROM outbox ORDER BY id"))
        events = [Envelope.model_validate_json(body).event() for body in bodies]
    return [event.job_order_id for event in events if isinstance(event, JobOrderCancelled)]


async def shown(service: Service) -> dict[str, tuple[str, str | None, str | None]]:
    async with service.database.quiet() as tx:
        rows = await joborders.listed(tx, 10)
    return {
        row["job_order_id"]: (row["state"], row["reason"], row["station_order_id"]) for row in rows
    }


async def leases(service: Service) -> list[str]:
    async with service.database.quiet() as tx:
        return sorted(await store.leases(tx, TESTER))


async def test_what_stands_held_before_its_start_is_given_up_with_its_channel(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path) as service:
        await held(service, "CELL-1")
        assert await leases(service) == ["J1"]
        await withdraw(service, "J1")
        await withdraw(service, "J1")
        assert (await shown(service))["J1"] == ("cancelled", WHY, "J1")
        assert await leases(service) == []
        assert await cancelled(service) == ["J1"]


async def test_what_the_station_was_asked_to_start_is_not_given_up(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path) as service:
        await held(service, "CELL-1", asked_at=MONDAY)
        await withdraw(service, "J1")
        assert (await shown(service))["J1"] == ("interrupted", HELD, "J1")
        assert await leases(service) == ["J1"]
        assert await cancelled(service) == []


async def test_what_was_to_start_with_it_is_held_and_planned_anew_when_a_person_resumes_it(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    async with formation(new_database(), tmp_path) as service:
        await held(service, "CELL-1", "CELL-2")
        await withdraw(service, "J1")
        assert (await shown(service))["J2"] == ("not_allowed_to_start", HELD, None)
        async with service.database.begin() as tx:
            assert await joborders.waiting(tx, "tester") == []
            await joborders.resume(tx, "J2")
            [again] = await joborders.waiting(tx, "tester")
        assert again.job_order_id == "J2"
