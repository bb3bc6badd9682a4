"""What the spray service does with a job order and with a station's answer."""

from collections.abc import Sequence
from typing import Any

from services.spray import domain, store
from shared import recipes
from shared.app import Service
from shared.events import JobOrderReleased
from shared.intake import ended_event, first_startable, order_for
from shared.joborders import StationOrder
from shared.settings import StationSettings
from shared.stations import JobAnswer
from shared.transaction import Transaction


class SprayWork:
    """Chooses spray jobs for free stations and records what they did."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def plan(
        self,
        tx: Transaction,
        station: StationSettings,
        waiting: Sequence[JobOrderReleased],
    ) -> StationOrder | None:
        """Return the most urgent spray job; one that this plant cannot run is held."""

        async def prepare(job_order: JobOrderReleased) -> StationOrder:
            domain.check_tray(job_order, station.capacity_parts)
            return await order_for(tx, self._service, station, job_order)

        return await first_startable(tx, self._service, waiting, prepare)

    async def ended(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        """Keep the faces and say what was sprayed, with the glue really used."""
        parts = [item.lot_id for item in order.materials if item.use == "processed"]
        faces = domain.coated_faces(
            parts,
            answer.numbers("contact_angle_deg"),
            answer.numbers("film_um"),
            answer.numbers("arc_count"),
        )
        await store.keep_faces(tx, order.station_order_id, faces, answer.ended_at)
        glue_ul = answer.number("glue_ul")
        materials = [
            item.model_copy(update={"quantity": glue_ul})
            if item.use == "consumed" and glue_ul is not None
            else item
            for item in order.materials
        ]
        [job_order] = order.job_orders
        results = domain.worst_results(faces)
        event = ended_event(order, job_order, answer, materials, results)
        await self._service.outbox.record(tx, event)


async def take_master_data(
    tx: Transaction, master_recipes: Sequence[recipes.MasterRecipe]
) -> dict[str, Any]:
    """Keep recipes; all or none."""
    for recipe in master_recipes:
        await recipes.add(tx, recipe)
    return {"master_recipes": [recipe.recipe_id for recipe in master_recipes]}
