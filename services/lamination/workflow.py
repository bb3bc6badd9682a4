"""What the lamination service does with a job order and with a station's answer."""

from collections.abc import Sequence
from typing import Any

from services.lamination import domain, stackplan, store
from services.lamination.stackplan import StackPlan
from shared import recipes
from shared.app import Service
from shared.errors import InvalidInputError
from shared.events import JobOrderReleased
from shared.intake import ended_event, first_startable, lot_results, measured, order_for
from shared.joborders import StationOrder
from shared.settings import StationSettings
from shared.stations import JobAnswer
from shared.transaction import Transaction

RESULTS = {
    "laminator": ("alignment_um", "layer_count"),
    "sealer": ("leak_rate_mbar_l_per_s", "seal_temperature_degc", "vacuum_mbar"),
}


class LaminationWork:
    """Chooses cells to stack and to seal, and records how they came out."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def plan(
        self,
        tx: Transaction,
        station: StationSettings,
        waiting: Sequence[JobOrderReleased],
    ) -> StationOrder | None:
        """Return the next cell; one whose parts do not lie as its stack plan says is held."""

        async def prepare(job_order: JobOrderReleased) -> StationOrder:
            order = await order_for(tx, self._service, station, job_order, domain.NOT_SENT)
            if station.kind == "laminator":
                await self._stack(tx, job_order)
            return order

        return await first_startable(tx, self._service, waiting, prepare)

    async def ended(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        """Say which parts the cell holds, or how it was sealed, with what was measured."""
        [job_order] = order.job_orders
        cell = domain.cell_of(job_order)
        results = lot_results(answer, cell.lot_id, RESULTS[job_order.station_kind])
        ratio = await store.np_ratio_of(tx, order.station_order_id)
        if ratio is not None:
            results.append(measured(cell.lot_id, "np_ratio", ratio))
        event = ended_event(order, job_order, answer, order.materials, results)
        await self._service.outbox.record(tx, event)

    async def _stack(self, tx: Transaction, job_order: JobOrderReleased) -> None:
        plan = stackplan.choose(
            await store.newest_plans(tx),
            job_order.product_id,
            job_order.operation,
            domain.plan_named(job_order),
        )
        parts = domain.parts_of(job_order)
        stackplan.check_order(plan, parts)
        cell = domain.cell_of(job_order)
        await store.keep_stack(tx, job_order.job_order_id, cell.lot_id, plan, parts)


async def take_master_data(
    tx: Transaction,
    master_recipes: Sequence[recipes.MasterRecipe],
    stack_plans: Sequence[StackPlan],
) -> dict[str, Any]:
    """Keep recipes and stack plans, all or none.

    Raises:
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
        await store.add_plan(tx, plan)
    return {
        "master_recipes": await recipes.add_all(tx, master_recipes),
        "stack_plans": [plan.stack_plan_id for plan in stack_plans],
    }
