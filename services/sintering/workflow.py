"""What the sintering service does with a job order and with a station's answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.sintering import domain, powder, store
from services.sintering.calendar import (
    EnergyTariff,
    FurnaceCalendar,
    FurnacePower,
    add_terms,
    end_limit,
    keep_limit,
)
from services.sintering.domain import GreenSize
from services.sintering.furnaces import FurnaceWork
from services.sintering.planner import Planner
from services.sintering.planning import PlanRules
from services.sintering.qualification import FurnaceQualification, add_qualification
from services.sintering.runs import run_ended
from services.sintering.schedule import Value, heat_treatment
from shared import recipes
from shared.app import Service
from shared.envelope import Envelope
from shared.errors import InvalidInputError, OutOfLimitsError
from shared.events import JobOrderReleased, TimeLimitChanged
from shared.facts import TestResult
from shared.intake import (
    ended_event,
    first_startable,
    lot_results,
    measured,
    order_for,
    part_results,
)
from shared.settings import StationSettings
from shared.stationorder import StationOrder
from shared.stations import JobAnswer, ParameterValue
from shared.transaction import Transaction

KINDS = ("mill", "dryer", "press", "furnace", "gauge")
STARTED = " started"  # what a window ends with: the start of an operation
OF_THE_LOT = {"mill": ("mass_g",), "dryer": ("mass_g", "loss_on_drying_ratio")}
OF_EACH_PART = {
    "press": ("mass_g", "pressure_mpa"),
    "gauge": ("thickness_um", "mass_g", "diameter_mm", "roughness_um"),
}


class SinteringWork:
    """Chooses powder and pellet jobs for free stations and records what they did."""

    def __init__(self, service: Service, rules: PlanRules, planner: Planner) -> None:
        self._service = service
        self.furnaces = FurnaceWork(service, rules, planner)

    async def plan(
        self,
        tx: Transaction,
        station: StationSettings,
        waiting: Sequence[JobOrderReleased],
    ) -> StationOrder | None:
        """Return the load due in a furnace, or the next job that fits into another station."""
        if station.kind == "furnace":
            return await self.furnaces.plan(tx, station, waiting)

        async def prepare(job_order: JobOrderReleased) -> StationOrder | None:
            if not self._fits(station, job_order):
                return None
            await self._weighed(tx, job_order)
            return await order_for(tx, self._service, station, job_order)

        return await first_startable(tx, self._service, waiting, prepare)

    async def ended(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        """Say what a job made and what was measured; a furnace's profile is judged first."""
        kind = order.job_orders[0].station_kind
        if kind == "furnace":
            return await run_ended(tx, self._service, order, answer)
        [job_order] = order.job_orders
        results = [
            *lot_results(answer, job_order.lot_id, OF_THE_LOT.get(kind, ())),
            *part_results(answer, order.lot_ids, OF_EACH_PART.get(kind, ())),
        ]
        mass_g = answer.number("mass_g")
        if kind == "mill":
            formula = await powder.formula_of(tx, order.recipe_id)
            results += powder.mill_results(
                formula,
                order.recipe_id,
                job_order.lot_id,
                order.materials,
                mass_g,
                order.parameters,
            )
        if kind == "press":
            await store.keep_green(tx, order.lot_ids, green_size(order.parameters))
        if kind == "gauge":
            results += densities(order.lot_ids, results)
            results += shrinkages(await store.green_of(tx, order.lot_ids), results)
        materials = domain.with_mass(order.materials, mass_g)
        event = ended_event(order, job_order, answer, materials, results)
        await self._service.outbox.record(tx, event)

    async def _weighed(self, tx: Transaction, job_order: JobOrderReleased) -> None:
        """Raise OutOfLimitsError for raw powders that are not weighed as their formula says."""
        formula = await powder.formula_of(tx, job_order.recipe_id)
        if formula is not None and job_order.recipe_id == formula.mill_recipe_id:
            formula.check_weights(item for item in job_order.materials if item.use == "consumed")

    def _fits(self, station: StationSettings, job_order: JobOrderReleased) -> bool:
        """Say whether a station holds what a job order puts into it.

        Raises:
            OutOfLimitsError: it fits into no station of the kind; names the lots and the limits.
        """
        charge = domain.check(job_order)
        rules = {
            other.equipment_id: domain.too_large(charge, other.capacity_parts, other.capacity_g)
            for other in self._service.plant.stations_of(self._service.name)
            if other.kind == station.kind
        }
        if all(rules.values()):
            lots = domain.named([item.lot_id for item in job_order.materials])
            why = "; ".join(f"{name}: {', '.join(rule)}" for name, rule in rules.items())
            raise OutOfLimitsError(f"no {station.kind} holds {lots}: {why}; split the job order")
        return not rules[station.equipment_id]


def green_size(parameters: Mapping[str, ParameterValue]) -> GreenSize | None:
    """Return the size that the press was told to give each pellet, None if it was not told."""
    thickness_um, area_cm2 = parameters.get("green_thickness_um"), parameters.get("area_cm2")
    if not isinstance(thickness_um, float) or not isinstance(area_cm2, float):
        return None
    return GreenSize(thickness_um=thickness_um, area_cm2=area_cm2)


def shrinkages(green: Mapping[str, GreenSize], results: Sequence[TestResult]) -> list[TestResult]:
    """Return how much thinner and narrower each pellet became since it was pressed."""
    values = {(item.lot_id, item.characteristic): item.value for item in results}
    found = []
    for lot_id, size in green.items():
        thickness_um, diameter_mm = (
            values.get((lot_id, name)) for name in ("thickness_um", "diameter_mm")
        )
        across = along = None
        if isinstance(thickness_um, float):
            across = 1.0 - thickness_um / size.thickness_um
        if isinstance(diameter_mm, float):
            along = 1.0 - diameter_mm / size.diameter_mm
        found += [
            measured(lot_id, "thickness_shrinkage_ratio", across, "no thickness was measured"),
            measured(lot_id, "diameter_shrinkage_ratio", along, "no diameter was measured"),
        ]
    return found


def densities(lot_ids: Sequence[str], results: Sequence[TestResult]) -> list[TestResult]:
    """Return the geometric density of each pellet; unknown where one of its three values is."""
    values = {(item.lot_id, item.characteristic): item.value for item in results}
    found = []
    for lot_id in lot_ids:
        numbers = [values[lot_id, name] for name in ("mass_g", "thickness_um", "diameter_mm")]
        density, reason = None, "mass, thickness or diameter is unknown"
        known = [number for number in numbers if isinstance(number, float)]
        if len(known) == len(numbers):
            try:
                density = domain.density_g_per_cm3(*known)
            except OutOfLimitsError as error:
                reason = str(error)
        found.append(measured(lot_id, "density_g_per_cm3", density, reason))
    return found


async def take_master_data(
    tx: Transaction,
    master_recipes: Sequence[recipes.MasterRecipe],
    qualifications: Sequence[FurnaceQualification] = (),
    formulas: Sequence[powder.PowderFormula] = (),
    calendars: Sequence[FurnaceCalendar] = (),
    powers: Sequence[FurnacePower] = (),
    tariffs: Sequence[EnergyTariff] = (),
) -> dict[str, Any]:
    """Keep recipes, qualifications, formulas, calendars, powers and tariffs, all or none.

    Raises:
        InvalidInputError: a recipe for a station of another service, or no furnace program.
        ConflictError: a version exists with other content.
    """
    for recipe in master_recipes:
        if recipe.station_kind not in KINDS:
            raise InvalidInputError(
                f"recipe {recipe.recipe_id}: station_kind {recipe.station_kind} is none of {KINDS}"
            )
        if recipe.station_kind == "furnace":
            values: dict[str, Value] = {
                name: item.value for name, item in recipe.parameters.items()
            }
            heat_treatment(recipe.recipe_id, values)
    for qualification in qualifications:
        await add_qualification(tx, qualification)
    for formula in formulas:
        await powder.add_formula(tx, formula)
    await add_terms(tx, calendars, powers, tariffs)
    return {
        "master_recipes": await recipes.add_all(tx, master_recipes),
        "furnace_qualifications": [item.equipment_id for item in qualifications],
        "powder_formulas": [item.formula_id for item in formulas],
        "furnace_calendars": [item.equipment_id for item in calendars],
        "furnace_powers": [item.equipment_id for item in powers],
        "energy_tariffs": [item.tariff_id for item in tariffs],
    }


async def on_time_limit(tx: Transaction, _: Envelope, event: TimeLimitChanged) -> None:
    """A longest wait of a lot began or ended: its furnace load is planned by it."""
    if event.limit_kind != "max" or not event.to_event.endswith(STARTED):
        return
    if event.state in ("open", "near"):
        operation = event.to_event.removesuffix(STARTED)
        await keep_limit(tx, event.time_limit_id, event.lot_id, operation, event.limit_at)
    else:
        await end_limit(tx, event.time_limit_id)
