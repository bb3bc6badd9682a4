"""What the spray service does with a job order and with a station's answer."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.spray import curestore, domain, interlock, mixstore, sprayband, store
from services.spray.cure import CureModel
from services.spray.domain import CoatedFace
from services.spray.guard import shortest_s
from services.spray.mix import MixFormula
from services.spray.mixing import Mixing, shared_ul
from services.spray.setup import SpraySetup, check_setup
from shared import recipes
from shared.app import Service
from shared.events import JobOrderReleased
from shared.intake import ended_event, first_startable, order_for
from shared.joborders import StationOrder
from shared.masterdata import keep_version
from shared.recipes import MasterRecipe
from shared.settings import StationSettings
from shared.stations import JobAnswer
from shared.transaction import Transaction


class SprayWork:
    """Chooses spray jobs for free stations and records what they did."""

    def __init__(self, service: Service, mixing: Mixing) -> None:
        self._service, self._mixing = service, mixing

    async def plan(
        self,
        tx: Transaction,
        station: StationSettings,
        waiting: Sequence[JobOrderReleased],
    ) -> StationOrder | None:
        """Return the most urgent spray job; one that this plant cannot run is held."""

        async def prepare(job_order: JobOrderReleased) -> StationOrder:
            domain.check_tray(job_order, station.capacity_parts)
            order = await order_for(tx, self._service, station, job_order)
            order = replace(order, parameters=interlock.sent(order.parameters))
            now = self._service.clock.now()
            end = now + timedelta(seconds=shortest_s(order))
            await self._mixing.check_glue(tx, job_order, now, end)
            check_setup(await mixstore.setup_of(tx, station.name), station.name, end)
            return order

        return await first_startable(tx, self._service, waiting, prepare)

    async def ended(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        """Keep the faces and say what was sprayed, with the glue really used and the nozzle."""
        parts = [item.lot_id for item in order.materials if item.use == "processed"]
        recipe = await recipes.version(tx, order.recipe_id, order.recipe_version)
        model = await curestore.newest_model(tx)
        faces = judged_faces(recipe, model, parts, answer)
        nozzle_id = await store.nozzle_of(tx, order.station_order_id) or "unknown"
        coating = store.Coating(
            station_order_id=order.station_order_id,
            equipment_id=order.equipment_id,
            nozzle_id=nozzle_id,
            cure_model_id=None if model is None else model.cure_model_id,
            cure_model_version=None if model is None else model.version,
            sprayed_at=answer.ended_at,
        )
        await store.keep_faces(tx, coating, faces)
        materials = shared_ul(order.materials, answer.number("glue_ul"))
        [job_order] = order.job_orders
        for item in materials:
            if item.use == "consumed":
                await mixstore.use(
                    tx,
                    item.lot_id,
                    job_order.job_order_id,
                    job_order.lot_id,
                    item.quantity,
                    answer.ended_at,
                )
        results = domain.worst_results(faces)
        event = ended_event(order, job_order, answer, materials, results)
        event = event.model_copy(update={"fixture_id": event.fixture_id or nozzle_id})
        await self._service.outbox.record(tx, event)


def judged_faces(
    recipe: MasterRecipe, model: CureModel | None, lot_ids: Sequence[str], answer: JobAnswer
) -> list[CoatedFace]:
    """Return the faces of an answer with what was outside the recipe and the rate of their cure.

    Raises:
        StationFaultError: an array is not two entries per part long.
    """
    faces = domain.coated_faces(
        lot_ids,
        answer.numbers("contact_angle_deg"),
        answer.numbers("film_um"),
        answer.numbers("arc_count"),
    )
    figures = {name: answer.numbers(name) for name in sprayband.JUDGED}
    found = sprayband.deviations(recipe, figures, len(faces))
    whole = all(len(values) == len(faces) for values in figures.values())
    judged = []
    for index, face in enumerate(faces):
        needle_v, substrate_v, distance_mm = (
            figures[name][index] if whole else math.nan
            for name in ("needle_voltage_v", "substrate_voltage_v", "distance_mm")
        )
        rate = None
        if model is not None and math.isfinite(needle_v - substrate_v) and distance_mm > 0:
            rate = model.rate(needle_v - substrate_v, distance_mm)
        judged.append(replace(face, deviation=found[index], cure_rate_per_min=rate))
    return judged


async def take_master_data(
    tx: Transaction,
    master_recipes: Sequence[MasterRecipe],
    mix_formulas: Sequence[MixFormula],
    setups: Sequence[SpraySetup],
    cure_models: Sequence[CureModel],
) -> dict[str, Any]:
    """Keep recipes, mix formulas, setups of stations and cure models; all or none."""
    answer = {"master_recipes": await recipes.add_all(tx, master_recipes)}
    for formula in mix_formulas:
        await keep_version(tx, "mix_formula", ("formula_id", "version"), formula)
    for setup in setups:
        await keep_version(tx, "spray_setup", ("station", "version"), setup)
    for model in cure_models:
        await keep_version(tx, "cure_model", ("cure_model_id", "version"), model)
    return answer | {
        "mix_formulas": [formula.formula_id for formula in mix_formulas],
        "setups": [setup.station for setup in setups],
        "cure_models": [model.cure_model_id for model in cure_models],
    }
