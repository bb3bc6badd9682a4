"""How job orders come in and go out of a service that drives stations."""

import math
from collections.abc import Awaitable, Callable, Collection, Sequence

from shared import joborders, recipes
from shared.app import Service
from shared.effects import Handler
from shared.envelope import Envelope
from shared.errors import PersonNeededError
from shared.events import (
    JobOrderCancelled,
    JobOrderEnded,
    JobOrderReleased,
    JobOrderWithdrawn,
    LotHeld,
    LotHoldReleased,
)
from shared.facts import Event, Material, TestResult
from shared.opcua import Access, StationClient
from shared.routes import add_stations_route
from shared.settings import StationSettings
from shared.stationfacts import held_events
from shared.stationorder import StationOrder
from shared.stations import JobAnswer
from shared.stationwork import EndReader, StartGuard, StationRunner, StationWork
from shared.trainings import TrainedGuard
from shared.transaction import Transaction
from shared.units import display_unit


def access_to(service: Service, station: StationSettings) -> Access:
    """Return how a service enters a station: its own certificate, the station's, and the user."""
    pki = service.settings.pki_dir
    return Access(
        application_uri=f"urn:halite:service:{service.name}",
        certificate=pki / service.name / "cert.der",
        private_key=pki / service.name / "key.pem",
        server_certificate=pki / station.name / "cert.der",
        user="halite",
        password_file=service.settings.given_key(station.name, "opcua"),
        nodesets=service.settings.nodesets,
    )


def drive_stations(
    service: Service,
    work: StationWork,
    places: dict[str, int] | None = None,
    guard: StartGuard | None = None,
    reader: EndReader | None = None,
) -> list[StationRunner]:
    """Add loops to a service that drive all its stations; `places` is by kind, 1 by default.

    `guard` is asked before each start, by default for the operator's training alone; `reader`
    fetches of each ended order what `work` needs.

    A replica that came later is connected too, and drives them when the first one has ended.
    """
    runners, connect = [], service.parts.station or StationClient
    for station in service.plant.stations_of(service.name):
        client = connect(station, access_to(service, station))
        count = (places or {}).get(station.kind, 1)
        runner = StationRunner(service, client, work, count, guard or TrainedGuard(service), reader)
        service.loop(f"connect {station.name}", client.run)
        service.loop(f"drive {station.name}", runner.run, alone=True)
        service.loop(f"telemetry {station.name}", runner.telemetry)
        runners.append(runner)
    add_stations_route(service, [runner.client for runner in runners])
    return runners


def intake(
    service: Service,
    check: Callable[[JobOrderReleased], object],
    given_up: Callable[[Transaction, str], Awaitable[None]] | None = None,
) -> dict[type[Event], Handler]:
    """Return the handlers that keep this service's job orders and hold those of held lots.

    `check` raises InvalidInputError for a job order that this service cannot understand.
    `given_up` gives back what was kept for a station order that is not started any more.
    """

    async def released(tx: Transaction, _: Envelope, event: JobOrderReleased) -> None:
        if event.service == service.name:
            check(event)
            await joborders.add(tx, event)

    async def held(tx: Transaction, _: Envelope, event: LotHeld) -> None:
        await joborders.hold_lot(tx, event.lot_id, event.gate, event.reason)

    async def freed(tx: Transaction, _: Envelope, event: LotHoldReleased) -> None:
        await joborders.hold_lot(tx, event.lot_id, event.gate, None)

    async def withdrawn(tx: Transaction, _: Envelope, event: JobOrderWithdrawn) -> None:
        if not await joborders.cancel(tx, event.job_order_id, event.reason):
            order_id = await joborders.take_back(tx, event.job_order_id, event.reason)
            if order_id is None:
                return
            if given_up is not None:
                await given_up(tx, order_id)
        await service.outbox.record(tx, JobOrderCancelled(**event.model_dump()))

    return {
        JobOrderReleased: released,
        JobOrderWithdrawn: withdrawn,
        LotHeld: held,
        LotHoldReleased: freed,
    }


async def first_startable(
    tx: Transaction,
    service: Service,
    waiting: Sequence[JobOrderReleased],
    prepare: Callable[[JobOrderReleased], Awaitable[StationOrder | None]],
) -> StationOrder | None:
    """Return the first station order that `prepare` makes of the waiting job orders.

    A job order that `prepare` refuses with PersonNeededError is held with that reason, and the
    next one is tried; one for which it returns None waits on.
    """
    for job_order in waiting:
        try:
            order = await prepare(job_order)
        except PersonNeededError as error:
            await hold(tx, service, job_order, str(error))
            continue
        if order is not None:
            return order
    return None


async def hold(tx: Transaction, service: Service, job_order: JobOrderReleased, reason: str) -> None:
    """Hold a job order that no station has yet, and say so."""
    await joborders.hold(tx, job_order.job_order_id, reason)
    await service.outbox.record(tx, *held_events([job_order], None, reason))


async def order_for(
    tx: Transaction,
    service: Service,
    station: StationSettings,
    job_order: JobOrderReleased,
    not_sent: Collection[str] = (),
) -> StationOrder:
    """Return the station order of one job order, its control recipe frozen from the newest master.

    `not_sent` names parameters of the job order that are for the service and not for the station.

    Raises:
        NotFoundError: the recipe does not exist.
        InvalidInputError: the recipe is for another kind of station, or lacks a parameter set.
        OutOfLimitsError: the job order sets a value outside the recipe's limits.
        BlockedError: the recipe is retired, or for other products.
    """
    recipe = await recipes.newest(tx, job_order.recipe_id)
    recipe.check_kind(station.kind)
    recipe.check_product(job_order.product_id)
    wanted = {name: value for name, value in job_order.parameters.items() if name not in not_sent}
    return StationOrder(
        station_order_id=job_order.job_order_id,
        equipment_id=station.equipment_id,
        recipe_id=recipe.recipe_id,
        recipe_version=recipe.version,
        parameters=recipe.control(wanted),
        materials=job_order.materials,
        job_orders=(job_order,),
        planned_at=service.clock.now(),
    )


def measured(
    lot_id: str, characteristic: str, value: float | None, reason: str | None = None
) -> TestResult:
    """Return a result whose unit is its name's suffix; an unknown value carries the reason."""
    return TestResult(
        lot_id=lot_id,
        characteristic=characteristic,
        value=value,
        unit=display_unit(characteristic),
        reason=None if value is not None else reason or "the station gave no value",
    )


def lot_results(answer: JobAnswer, lot_id: str, names: Sequence[str]) -> list[TestResult]:
    """Return the station's single numbers as results of one lot."""
    return [measured(lot_id, name, answer.number(name)) for name in names]


def part_results(
    answer: JobAnswer, lot_ids: Sequence[str], names: Sequence[str]
) -> list[TestResult]:
    """Return the station's arrays as results of each part; see `per_part`."""
    results = []
    for name in names:
        values, reason = per_part(answer, name, len(lot_ids))
        results += [
            measured(lot_id, name, value, reason)
            for lot_id, value in zip(lot_ids, values, strict=True)
        ]
    return results


def per_part(
    answer: JobAnswer, name: str, count: int
) -> tuple[tuple[float | None, ...], str | None]:
    """Return one value for each of `count` parts, None where it is no number.

    An array of another length belongs to no part for certain: all are None, with the reason.
    """
    values = answer.numbers(name)
    if len(values) != count:
        return (None,) * count, f"the station gave {len(values)} values of {name} for {count} parts"
    return tuple(value if math.isfinite(value) else None for value in values), None


def ended_event(
    order: StationOrder,
    job_order: JobOrderReleased,
    answer: JobAnswer,
    materials: Sequence[Material],
    results: Sequence[TestResult],
) -> JobOrderEnded:
    """Return the fact that a job order ended, with actual materials and measured results."""
    reason = answer.text("reason")
    if answer.state == "aborted" and reason is None:
        reason = f"{order.equipment_id} aborted it and gave no reason"
    return JobOrderEnded(
        job_order_id=job_order.job_order_id,
        lot_id=job_order.lot_id,
        work_request_id=job_order.work_request_id,
        product_id=job_order.product_id,
        operation=job_order.operation,
        state=answer.state,
        equipment_id=order.equipment_id,
        recipe_id=order.recipe_id,
        recipe_version=order.recipe_version,
        started_at=answer.started_at,
        ended_at=answer.ended_at,
        materials=tuple(materials),
        results=tuple(results),
        fixture_id=answer.text("fixture_id"),
        reason=reason,
    )
