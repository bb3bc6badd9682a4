"""Furnace work: plans loads of waiting job orders and starts each when it is due."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.sintering import calendar, store
from services.sintering.calendar import Terms
from services.sintering.domain import JUDGED, check
from services.sintering.load import Place, places, rearranged
from services.sintering.marks import Mark, mark_pellets
from services.sintering.planner import Planner
from services.sintering.planning import Planning, PlanRules, Waiting
from services.sintering.planrecord import load_record
from services.sintering.schedule import (
    Demand,
    Furnace,
    HeatTreatment,
    PlannedLoad,
    Value,
    heat_treatment,
)
from shared import joborders, recipes
from shared.app import Service
from shared.errors import PersonNeededError
from shared.events import FurnaceLoadPlanned, JobOrderReleased
from shared.intake import hold
from shared.recipes import MasterRecipe
from shared.settings import StationSettings
from shared.stationorder import StationOrder
from shared.stationwork import StationRunner
from shared.transaction import Transaction


class FurnaceWork:
    """Plans all furnaces together; each furnace's runner takes its own load when it is due."""

    def __init__(self, service: Service, rules: PlanRules, planner: Planner) -> None:
        self._service = service
        self._runners: Mapping[str, StationRunner] = {}
        self.planning = Planning(service, rules, self._free_at, _waiting, planner)

    def watch(self, runners: Sequence[StationRunner]) -> None:
        """Learn from the runners which furnaces answer."""
        self._runners = {runner.client.equipment_id: runner for runner in runners}

    @property
    def furnaces(self) -> list[StationSettings]:
        """The furnaces of the plant file."""
        stations = self._service.plant.stations_of(self._service.name)
        return [station for station in stations if station.kind == "furnace"]

    def now(self) -> datetime:
        """The plant time."""
        return self._service.clock.now()

    def answers(self, equipment_id: str) -> bool:
        """Say whether a furnace answers."""
        runner = self._runners.get(equipment_id)
        return runner is not None and runner.client.connected

    async def plan(
        self, tx: Transaction, station: StationSettings, waiting: Sequence[JobOrderReleased]
    ) -> StationOrder | None:
        """Return the load that is due in this furnace; what no furnace can run is held."""
        plan, _ = await self.planning.current(tx, keep=True)
        for job_order in waiting:
            reason = plan.infeasible.get(job_order.job_order_id)
            if reason is not None:
                await hold(tx, self._service, job_order, reason)
        for load in plan.loads:
            if load.equipment_id == station.equipment_id:
                if load.start_at is None or load.start_at > self._service.clock.now():
                    return None
                by_id = {job_order.job_order_id: job_order for job_order in waiting}
                if not by_id.keys() >= set(load.job_order_ids):
                    return None  # another transaction looks at one of them just now
                job_orders = tuple(by_id[name] for name in load.job_order_ids)
                await self.planning.taken(tx, load)
                return await self._order(tx, station, load, job_orders)
        return None

    async def place(
        self, tx: Transaction, furnace_load_id: str, seen: Sequence[Place], person: str
    ) -> dict[str, Any]:
        """Keep where a person scanned or saw parts of a load, as long as its run is not over.

        Raises:
            NotFoundError: no such load.
            ConflictError: its run is over, so its places are judged.
            InvalidInputError, OutOfLimitsError: see `load.rearranged`.
        """
        equipment_id = await store.furnace_of_open(tx, furnace_load_id)
        [station] = [item for item in self.furnaces if item.equipment_id == equipment_id]
        known = await store.places_in(tx, furnace_load_id)
        rearranged(known, seen, station.tray_positions, station.capacity_parts)
        await store.keep_places(tx, furnace_load_id, seen, person, self.now())
        return {"furnace_load_id": furnace_load_id, "placed": len(seen)}

    async def mark(
        self, tx: Transaction, furnace_load_id: str, new: Sequence[Mark], person: str
    ) -> dict[str, Any]:
        """Keep marks of pellets and say which pellet got which; see `marks.mark_pellets`."""
        events = await mark_pellets(tx, furnace_load_id, new, person, self.now())
        await self._service.outbox.record(tx, *events)
        return {"furnace_load_id": furnace_load_id, "marked": len(events)}

    def _free_at(self, busy_until: Mapping[str, datetime], terms: Terms) -> list[Furnace]:
        """Return the furnaces of the plant file; a furnace that does not answer is never free."""
        now = self._service.clock.now()
        return [
            Furnace(
                equipment_id=station.equipment_id,
                free_at=busy_until.get(station.equipment_id, now)
                if self.answers(station.equipment_id)
                else None,
                capacity_parts=station.capacity_parts,
                capacity_g=station.capacity_g,
                highest_temperature_degc=station.highest_temperature_degc,
                highest_ramp_degc_per_min=station.highest_ramp_degc_per_min,
                atmospheres=station.atmospheres,
                closed=terms.closed.get(station.equipment_id, ()),
                power=terms.power.get(station.equipment_id),
            )
            for station in self.furnaces
        ]

    async def _order(
        self,
        tx: Transaction,
        station: StationSettings,
        load: PlannedLoad,
        job_orders: tuple[JobOrderReleased, ...],
    ) -> StationOrder:
        recipe = await recipes.newest(tx, job_orders[0].recipe_id)
        control = recipe.control(job_orders[0].parameters)
        materials = tuple(item for job_order in job_orders for item in job_order.materials)
        owner = {
            item.lot_id: job_order.job_order_id
            for job_order in job_orders
            for item in job_order.materials
        }
        processed = [item.lot_id for item in materials if item.use == "processed"]
        places_of = places(processed, station.tray_positions, station.capacity_parts)
        now = self._service.clock.now()
        load_id = await store.new_load_id(tx, now)
        kept = store.FurnaceLoad(
            furnace_load_id=load_id,
            equipment_id=station.equipment_id,
            recipe_id=recipe.recipe_id,
            recipe_version=recipe.version,
            job_order_ids=load.job_order_ids,
            judged={name: value for name, value in control.items() if name in JUDGED},
            fill_ratio=load.fill_ratio,
            planned_start_at=load.start_at or now,
            planned_end_at=load.end_at or now,
            planned_energy_kwh=load.energy_kwh,
        )
        await store.keep_load(tx, kept, [(owner[place.lot_id], place) for place in places_of])
        await self._service.outbox.record(tx, _planned(kept))
        told = {name: value for name, value in control.items() if name not in JUDGED}
        return StationOrder(
            station_order_id=load_id,
            equipment_id=station.equipment_id,
            recipe_id=recipe.recipe_id,
            recipe_version=recipe.version,
            parameters={
                **told,
                "tray": tuple(float(place.tray) for place in places_of),
                "position": tuple(float(place.position) for place in places_of),
            },
            materials=materials,
            job_orders=job_orders,
            planned_at=now,
        )


async def _waiting(tx: Transaction, now: datetime) -> Waiting:
    """Return all job orders that wait for a furnace, the most urgent first."""
    masters = await _newest(tx)
    held_to = await calendar.terms(tx, now)
    demands, refused = [], {}
    for job_order in await joborders.waiting(tx, "furnace", lock=False):
        try:
            master = await _master(tx, masters, job_order)
            demands.append(_demand(job_order, master, held_to.latest_start))
        except PersonNeededError as error:
            refused[job_order.job_order_id] = str(error)
    treatments = tuple(_treatments(masters))
    return Waiting(demands=tuple(demands), treatments=treatments, refused=refused, terms=held_to)


async def _newest(tx: Transaction) -> dict[str, MasterRecipe]:
    """Return the newest version of each furnace recipe that is no draft and not retired."""
    masters = [MasterRecipe.model_validate(body) for body in await recipes.listed(tx)]
    newest = {master.recipe_id: master for master in masters if master.status != "draft"}
    return {
        name: master
        for name, master in newest.items()
        if master.station_kind == "furnace" and master.status == "released"
    }


async def _master(
    tx: Transaction, masters: Mapping[str, MasterRecipe], job_order: JobOrderReleased
) -> MasterRecipe:
    master = masters.get(job_order.recipe_id) or await recipes.newest(tx, job_order.recipe_id)
    master.check_kind("furnace")
    master.check_product(job_order.product_id)
    return master


def _demand(
    job_order: JobOrderReleased,
    master: MasterRecipe,
    latest_start: Mapping[tuple[str, str], datetime],
) -> Demand:
    control = master.control(job_order.parameters)
    own = "".join(f" {name}={value}" for name, value in sorted(job_order.parameters.items()))
    return Demand(
        job_order_id=job_order.job_order_id,
        family=master.recipe_id + own,
        treatment=heat_treatment(master.recipe_id, control),
        charge=check(job_order),
        lot_ids=tuple(item.lot_id for item in job_order.materials if item.use == "processed"),
        released_at=job_order.released_at,
        due_at=job_order.due_at,
        priority=job_order.priority,
        latest_start_at=latest_start.get((job_order.lot_id, job_order.operation)),
    )


def _treatments(masters: Mapping[str, MasterRecipe]) -> list[HeatTreatment]:
    """Return the heat treatments of the plant whose recipes are complete."""
    treatments = []
    for master in masters.values():
        values: dict[str, Value] = {name: item.value for name, item in master.parameters.items()}
        treatments.append(heat_treatment(master.recipe_id, values))
    return treatments


def _planned(load: store.FurnaceLoad) -> FurnaceLoadPlanned:
    return FurnaceLoadPlanned(
        equipment_id=load.equipment_id,
        furnace_load_id=load.furnace_load_id,
        recipe_id=load.recipe_id,
        job_order_ids=load.job_order_ids,
        planned_start_at=load.planned_start_at,
        planned_end_at=load.planned_end_at,
        fill_ratio=load.fill_ratio,
    )


async def overview(tx: Transaction, work: FurnaceWork) -> list[dict[str, Any]]:
    """Return each furnace with its limits, its open load, and the loads planned for it."""
    plan, _ = await work.planning.current(tx, keep=False)
    open_loads = await store.open_loads(tx)
    closed = (await calendar.terms(tx, work.now())).closed
    return [
        {
            "equipment_id": station.equipment_id,
            "connected": work.answers(station.equipment_id),
            "capacity_parts": station.capacity_parts,
            "capacity_g": station.capacity_g,
            "highest_temperature_degc": station.highest_temperature_degc,
            "highest_ramp_degc_per_min": station.highest_ramp_degc_per_min,
            "atmospheres": station.atmospheres,
            "closed": [vars(span) for span in closed.get(station.equipment_id, ())],
            "loads": [load for load in open_loads if load["equipment_id"] == station.equipment_id],
            "planned": [
                load_record(load)
                for load in plan.loads
                if load.equipment_id == station.equipment_id
            ],
        }
        for station in work.furnaces
    ]
