"""HTTP face of the lamination service; no rules here."""

from typing import Annotated, Any

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field

from services.lamination import partstore, scanstore, store, workflow
from services.lamination.design import design_capacity_mah, design_fault
from services.lamination.duedates import due_dates
from services.lamination.fixture import Fixture
from services.lamination.partmeasures import PartMeasurement
from services.lamination.scandesk import ScanDesk
from services.lamination.scanning import ScanGiven
from services.lamination.stackplan import StackPlan
from shared import trainings
from shared.app import Service
from shared.commands import Command, command_of
from shared.duedates import DueDate
from shared.recipes import MasterRecipe
from shared.routes import add_due_dates, add_station_routes
from shared.trainings import Trained
from shared.transaction import Transaction


class MasterData(Trained):
    """The lamination section of a plant's master data."""

    master_recipes: list[MasterRecipe]
    stack_plans: list[StackPlan]
    fixtures: list[Fixture] = Field(default_factory=list)


class PartMeasurements(BaseModel):
    """What a person measured of foils and electrodes, with which method; all or nothing."""

    model_config = ConfigDict(extra="forbid")

    items: list[PartMeasurement] = Field(min_length=1, max_length=2000)
    person: str = Field(min_length=1, max_length=200)
    method: str = Field(min_length=1, max_length=200)


def add_routes(service: Service, desk: ScanDesk) -> None:
    """Add the routes of this service to its app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]
    add_station_routes(service)

    @app.post("/master-data", status_code=201)
    async def post_master_data(body: MasterData, command: given) -> dict[str, Any]:
        """Keep recipes, plans and fixtures; a version with other content is refused."""

        async def keep(tx: Transaction) -> dict[str, Any]:
            await trainings.keep(tx, body)
            return await workflow.take_master_data(
                tx, body.master_recipes, body.stack_plans, body.fixtures
            )

        return await command.once(keep)

    @app.post("/part-measurements", status_code=201)
    async def post_measurements(body: PartMeasurements, command: given) -> dict[str, Any]:
        """Keep thickness of foils and loading of cathodes, of pieces or of their stock lots."""

        async def keep(tx: Transaction) -> dict[str, Any]:
            now = service.clock.now()
            await partstore.keep_measurements(tx, body.items, body.person, body.method, now)
            return {"lot_ids": [item.lot_id for item in body.items]}

        return await command.once(keep)

    @app.get("/stacks-to-build")
    async def get_stacks_to_build() -> dict[str, Any]:
        """Stacks that wait for a laminator: slots, what lies, what comes next, N/P, windows."""
        async with database.quiet() as tx:
            return {"items": await desk.shown(tx)}

    @app.post("/job-orders/{job_order_id}/scans", status_code=201)
    async def post_scan(job_order_id: str, body: ScanGiven, command: given) -> dict[str, Any]:
        """Put one scanned part on a stack; one that may not lie next is refused with the rule."""
        return await command.once(lambda tx: desk.scan(tx, job_order_id, body))

    @app.post("/job-orders/{job_order_id}/scans/take-back", status_code=201)
    async def post_take_back(job_order_id: str, command: given) -> dict[str, Any]:
        """Take all scanned parts off a stack that has not started."""
        return await command.once(lambda tx: desk.take_back(tx, job_order_id))

    @app.get("/seals")
    async def get_seals() -> dict[str, Any]:
        """The newest seals: what was ordered and measured of temperature, pressure and vacuum."""
        async with database.quiet() as tx:
            return {"items": await scanstore.seals(tx)}

    @app.get("/lots/{lot_id}/measurements")
    async def get_measurements(lot_id: str) -> dict[str, Any]:
        """What was measured of one foil, electrode or stock lot, newest first."""
        async with database.quiet() as tx:
            return {"items": await partstore.measurements(tx, lot_id)}

    @app.get("/stack-designs")
    async def get_stack_designs() -> dict[str, Any]:
        """What each newest plan can hold by its dimensions, and what is wrong with it."""
        async with database.quiet() as tx:
            newest = await store.newest_plans(tx)
        items = [
            {
                "stack_plan_id": name,
                "version": plan.version,
                "np_ratio": plan.np_ratio,
                "design_capacity_mah": design_capacity_mah(plan),
                "rated_capacity_mah": plan.rated_capacity_mah,
                "fault": design_fault(plan),
            }
            for name, plan in sorted(newest.items())
        ]
        return {"items": items}

    async def calibrated(tx: Transaction) -> list[DueDate]:
        own = service.plant.stations_of(service.name)
        return due_dates(own, await partstore.fixtures(tx))

    add_due_dates(service, "Until when the fixtures of the stations are calibrated.", calibrated)

    @app.get("/fixtures")
    async def get_fixtures() -> dict[str, Any]:
        """All fixtures in all versions."""
        async with database.quiet() as tx:
            return {"items": [item.model_dump() for item in await partstore.fixtures(tx)]}

    @app.get("/stack-plans")
    async def get_stack_plans() -> dict[str, Any]:
        """All stack plans in all versions."""
        async with database.quiet() as tx:
            return {"items": await store.plans(tx)}

    @app.get("/lots/{lot_id}/stacks")
    async def get_stacks(lot_id: str) -> dict[str, Any]:
        """How one cell was stacked: its plan, N/P ratio and parts from bottom to top."""
        async with database.quiet() as tx:
            return {"items": await store.stacks_of(tx, lot_id)}
