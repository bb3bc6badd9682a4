"""What the lamination service does with a job order and with a station's answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.lamination import domain, partstore, reseal, scanstore, stackplan, store
from services.lamination.design import check_design
from services.lamination.fixture import Fixture, check_fixture, newest
from services.lamination.partmeasures import stack_figures
from services.lamination.presstrace import trace_results
from services.lamination.scandesk import ScanDesk
from services.lamination.stackplan import StackPlan
from shared import recipes
from shared.app import Service
from shared.errors import InvalidInputError
from shared.events import JobOrderReleased
from shared.facts import Material, TestResult
from shared.intake import ended_event, first_startable, lot_results, measured, order_for
from shared.masterdata import keep_version
from shared.settings import StationSettings
from shared.stationorder import StationOrder
from shared.stations import JobAnswer
from shared.transaction import Transaction

RESULTS = {
    "laminator": ("alignment_um", "layer_count", "force_n", "temperature_degc"),
    "sealer": (
        "leak_rate_mbar_l_per_s",
        "seal_temperature_degc",
        "seal_pressure_kpa",
        "vacuum_mbar",
    ),
}


class LaminationWork:
    """Chooses cells to stack and to seal, and records how they came out."""

    def __init__(self, service: Service, desk: ScanDesk) -> None:
        self._service, self._desk = service, desk

    async def plan(
        self,
        tx: Transaction,
        station: StationSettings,
        waiting: Sequence[JobOrderReleased],
    ) -> StationOrder | None:
        """Return the next cell; one whose parts do not lie as its stack plan says is held."""

        async def prepare(job_order: JobOrderReleased) -> StationOrder | None:
            fixture = newest(await partstore.fixtures(tx), station.name)
            check_fixture(fixture, self._service.clock.now())
            order = await order_for(tx, self._service, station, job_order, domain.NOT_SENT)
            if station.kind != "laminator":
                await reseal.check(tx, job_order)
                return order
            parts = await self._stack(tx, job_order)
            if parts is None:
                return None
            return replace(order, materials=(*parts, domain.cell_of(job_order)))

        return await first_startable(tx, self._service, waiting, prepare)

    async def ended(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        """Say which parts the cell holds, or how it was sealed, with what was measured."""
        [job_order] = order.job_orders
        cell = domain.cell_of(job_order)
        results = lot_results(answer, cell.lot_id, RESULTS[job_order.station_kind])
        results += _deviations(order, answer, cell.lot_id)
        plan = await store.plan_of(tx, order.station_order_id)
        if plan is not None:
            ordered_n = order.parameters.get("force_n")
            results += trace_results(
                plan, answer, cell.lot_id, ordered_n if isinstance(ordered_n, float) else None
            )
        ratios = await store.ratios_of(tx, order.station_order_id)
        if ratios is not None:
            results.append(measured(cell.lot_id, "np_ratio", ratios[0]))
            results.append(measured(cell.lot_id, "np_min_ratio", ratios[1]))
        event = ended_event(order, job_order, answer, order.materials, results)
        fixture = newest(await partstore.fixtures(tx), order.equipment_id.rsplit("/", 1)[-1])
        if event.fixture_id is None and fixture is not None:
            event = event.model_copy(update={"fixture_id": fixture.fixture_id})
        persons = await scanstore.persons_of(tx, job_order.job_order_id)
        event = event.model_copy(update={"persons": persons})
        await self._service.outbox.record(tx, event)

    async def _stack(
        self, tx: Transaction, job_order: JobOrderReleased
    ) -> Sequence[Material] | None:
        """Keep of which parts a cell is stacked; None while some are still to be scanned."""
        plan = stackplan.choose(
            await store.newest_plans(tx),
            job_order.product_id,
            job_order.operation,
            domain.plan_named(job_order),
        )
        parts = await self._desk.lying(tx, job_order, plan)
        if parts is None:
            return None
        stackplan.check_order(plan, parts)
        cell = domain.cell_of(job_order)
        figures = stack_figures(plan, parts, await partstore.measured_values(tx, parts))
        await store.keep_stack(tx, job_order.job_order_id, cell.lot_id, plan, parts, figures)
        return parts


async def take_master_data(
    tx: Transaction,
    master_recipes: Sequence[recipes.MasterRecipe],
    stack_plans: Sequence[StackPlan],
    fixtures: Sequence[Fixture],
) -> dict[str, Any]:
    """Keep recipes, stack plans and fixtures, all or none.

    Raises:
        OutOfLimitsError: a released plan whose dimensions cannot give its rated capacity.
        InvalidInputError: a recipe for a station of another service.
        ConflictError: a version exists with other content.
    """
    for recipe in master_recipes:
        if recipe.station_kind not in domain.USES:
            raise InvalidInputError(
                f"recipe {recipe.recipe_id}: station_kind {recipe.station_kind} is none of "
                f"{sorted(domain.USES)}"
            )
    for plan in stack_plans:
        check_design(plan)
        await store.add_plan(tx, plan)
    for fixture in fixtures:
        await keep_version(tx, "fixture", ("station", "version"), fixture)
    return {
        "master_recipes": await recipes.add_all(tx, master_recipes),
        "stack_plans": [plan.stack_plan_id for plan in stack_plans],
        "fixtures": [fixture.fixture_id for fixture in fixtures],
    }


def _deviations(order: StationOrder, answer: JobAnswer, lot_id: str) -> list[TestResult]:
    """Return how far from the order a cell was pressed or sealed, unknown where not measured."""
    found = []
    for name, result in domain.ORDERED.items():
        ordered = order.parameters.get(name)
        if not isinstance(ordered, float):
            continue
        value = answer.number(name)
        deviation = None if value is None else domain.deviation(name, ordered, value)
        found.append(measured(lot_id, result, deviation))
    return found
