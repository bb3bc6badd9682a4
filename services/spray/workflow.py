"""What the spray service does with a job order and with a station's answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.spray import (
    curestore,
    domain,
    faces,
    interlock,
    mixstore,
    operators,
    respray,
    store,
    tracestore,
)
from services.spray.cure import CureModel
from services.spray.facetraces import FaceTraces
from services.spray.guard import shortest_s
from services.spray.mix import MixFormula
from services.spray.mixing import Mixing, shared_ul
from services.spray.respray import ResprayRule
from services.spray.setup import SpraySetup, check_setup
from services.spray.tracejudge import TraceVerdict
from services.spray.tracelimits import TraceLimits
from services.spray.tracestore import FaceKey
from shared import joborders, recipes
from shared.app import Service
from shared.events import JobOrderReleased, LotHeld
from shared.intake import ended_event, first_startable, order_for
from shared.masterdata import keep_version
from shared.recipes import MasterRecipe
from shared.settings import StationSettings
from shared.stationorder import StationOrder
from shared.stations import JobAnswer
from shared.transaction import Transaction


class SprayWork:
    """Chooses spray jobs for free stations and records what they did."""

    def __init__(self, service: Service, mixing: Mixing, traces: FaceTraces) -> None:
        self._service, self._mixing, self._traces = service, mixing, traces

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
            await respray.check(tx, job_order, now)
            await self._mixing.check_glue(tx, job_order, now, end)
            setup = check_setup(await mixstore.setup_of(tx, station.name), station.name, end)
            operation = job_order.operation
            await operators.trained_operator(tx, operation, station.name, setup, end)
            return order

        return await first_startable(tx, self._service, waiting, prepare)

    async def ended(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        """Keep the faces and say what was sprayed, with the glue really used and the nozzle."""
        parts = [item.lot_id for item in order.materials if item.use == "processed"]
        recipe = await recipes.version(tx, order.recipe_id, order.recipe_version)
        model = await curestore.newest_model(tx)
        verdicts = await self._verdicts(tx, order)
        start = await store.start_of(tx, order.station_order_id)
        found = faces.judged_faces(recipe, model, parts, answer, verdicts, start)
        found = faces.other_recipe(found, self._traces.differences(order.station_order_id))
        nozzle_id = "unknown" if start is None else start.nozzle_id
        coating = store.Coating(
            station_order_id=order.station_order_id,
            equipment_id=order.equipment_id,
            nozzle_id=nozzle_id,
            cure_model_id=None if model is None else model.cure_model_id,
            cure_model_version=None if model is None else model.version,
            sprayed_at=answer.ended_at,
        )
        await store.keep_faces(tx, coating, found)
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
        results = domain.worst_results(found)
        event = ended_event(order, job_order, answer, materials, results)
        operator = None if start is None else start.operator
        event = event.model_copy(
            update={"fixture_id": event.fixture_id or nozzle_id, "operator": operator}
        )
        bad = faces.raised(order, job_order.work_request_id, found)
        for held in bad:
            if isinstance(held, LotHeld):
                await joborders.hold_lot(tx, held.lot_id, held.gate, held.reason)
        await self._service.outbox.record(tx, event, *bad)

    async def _verdicts(
        self, tx: Transaction, order: StationOrder
    ) -> dict[FaceKey, TraceVerdict] | None:
        """Return the verdicts over an order's traces, None where its station needs none."""
        verdicts = await tracestore.verdicts(tx, order.station_order_id)
        stations = self._service.plant.stations_of(self._service.name)
        [without] = [
            station.without_trace
            for station in stations
            if station.equipment_id == order.equipment_id
        ]
        return None if without and not verdicts else verdicts


async def take_master_data(
    tx: Transaction,
    master_recipes: Sequence[MasterRecipe],
    mix_formulas: Sequence[MixFormula],
    setups: Sequence[SpraySetup],
    cure_models: Sequence[CureModel],
    trace_limits: Sequence[TraceLimits],
    respray_rules: Sequence[ResprayRule],
) -> dict[str, Any]:
    """Keep what a plant says of spraying, all or none."""
    answer = {"master_recipes": await recipes.add_all(tx, master_recipes)}
    for formula in mix_formulas:
        await keep_version(tx, "mix_formula", ("formula_id", "version"), formula)
    for setup in setups:
        await keep_version(tx, "spray_setup", ("station", "version"), setup)
    for model in cure_models:
        await keep_version(tx, "cure_model", ("cure_model_id", "version"), model)
    for limits in trace_limits:
        await keep_version(tx, "trace_limits", ("recipe_id", "version"), limits)
    for rule in respray_rules:
        await keep_version(tx, "respray_rule", ("recipe_id", "version"), rule)
    return answer | {
        "mix_formulas": [formula.formula_id for formula in mix_formulas],
        "setups": [setup.station for setup in setups],
        "cure_models": [model.cure_model_id for model in cure_models],
        "trace_limits": [limits.recipe_id for limits in trace_limits],
        "respray_rules": [rule.recipe_id for rule in respray_rules],
    }
