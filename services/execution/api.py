"""HTTP face of execution; no rules here."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from services.execution import limits, sodiumdesk, views, workmasters
from services.execution.closing import OrderClosing
from services.execution.domain import WorkMaster
from services.execution.holds import HoldChange, PersonsGate
from services.execution.schedule_file import read_schedule
from services.execution.sodium import HazardMaterial, StoragePlace
from services.execution.workflow import ExecutionWork
from shared.app import Service
from shared.commands import Command, command_of
from shared.instants import Instant
from shared.transaction import Transaction

Limit = Annotated[int, Query(ge=1, le=2000)]


class MasterData(BaseModel):
    """The execution section of a plant's master data."""

    model_config = ConfigDict(extra="forbid")

    work_masters: list[WorkMaster]
    hazard_materials: list[HazardMaterial] = []
    storage_places: list[StoragePlace] = []


def add_routes(service: Service, work: ExecutionWork) -> None:
    """Add the routes of this service to its app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.post("/master-data", status_code=201)
    async def post_master_data(body: MasterData, command: given) -> dict[str, Any]:
        """Keep work masters, and of sodium what holds it and where it may lie; all or none."""

        async def take(tx: Transaction) -> dict[str, Any]:
            kept = await workmasters.take_master_data(tx, body.work_masters)
            return kept | await sodiumdesk.take_master_data(
                tx, body.hazard_materials, body.storage_places
            )

        return await command.once(take)

    @app.post("/work-schedules", status_code=201)
    async def post_schedule(request: Request, command: given) -> dict[str, Any]:
        """Take a work schedule as YAML, JSON or CSV; all of it or nothing."""
        content_type = request.headers.get("content-type", "")
        schedule = read_schedule(await request.body(), content_type)
        return await command.once(lambda tx: work.accept(tx, schedule))

    @app.post("/lots/{lot_id}/holds", status_code=201)
    async def post_hold(lot_id: str, body: HoldChange, command: given) -> dict[str, Any]:
        """Hold a lot by hand; 409 with its holds when a person holds it already."""
        return await command.once(lambda tx: work.hold(tx, lot_id, body))

    @app.post("/lots/{lot_id}/holds/{gate}/end")
    async def post_end_of_hold(
        lot_id: str, gate: PersonsGate, body: HoldChange, command: given
    ) -> dict[str, Any]:
        """End a hold that no gate of quality decides; 409 with its holds when there is none."""
        return await command.once(lambda tx: work.free(tx, lot_id, gate, body))

    @app.get("/work-requests")
    async def get_work_requests(limit: Limit = 200) -> dict[str, Any]:
        """Open work requests and the newest that ended, with their progress."""
        async with database.quiet() as tx:
            return await views.work_requests(tx, limit)

    @app.post("/work-requests/{work_request_id}/close")
    async def post_close(
        work_request_id: str, body: OrderClosing, command: given
    ) -> dict[str, Any]:
        """Close an order short: nothing of it is begun any more; 409 when it is over or closed."""
        return await command.once(lambda tx: work.closing.close(tx, work_request_id, body))

    @app.get("/job-orders")
    async def get_job_orders(
        work_request_id: str | None = None, limit: Limit = 500
    ) -> dict[str, Any]:
        """Job orders with their state and the reason they wait."""
        async with database.quiet() as tx:
            return {"items": await views.job_orders(tx, work_request_id, limit)}

    @app.get("/wip")
    async def get_wip() -> dict[str, Any]:
        """Work in progress per operation."""
        async with database.quiet() as tx:
            return {"items": await views.wip(tx)}

    @app.get("/cells")
    async def get_cells(
        search: str = "",
        disposition: views.Disposition | None = None,
        limit: Limit = 200,
    ) -> dict[str, Any]:
        """Cells and witness cells."""
        async with database.quiet() as tx:
            return await views.cells(tx, search, disposition, limit)

    @app.get("/cells/{cell_id}")
    async def get_cell(cell_id: str) -> dict[str, Any]:
        """One cell with its operations, windows and holds."""
        async with database.quiet() as tx:
            return await views.cell(tx, cell_id)

    @app.get("/lots")
    async def get_lots(search: str = "", limit: Limit = 200) -> dict[str, Any]:
        """Lots that are no cells."""
        async with database.quiet() as tx:
            return await views.lots(tx, search, limit)

    @app.get("/holds")
    async def get_holds(
        search: str = "", limit: Limit = 200, only_open: bool = False
    ) -> dict[str, Any]:
        """Holds of lots whose lot or gate contains a text, the newest first.

        only_open: those that wait for a decision, not those of what is scrapped, used up or left.
        """
        async with database.quiet() as tx:
            return await views.holds(tx, search, limit, only_open=only_open)

    @app.get("/time-limits")
    async def get_time_limits(until: Instant, limit: Limit = 200) -> dict[str, Any]:
        """Open windows that end by an instant, the nearest first."""
        async with database.quiet() as tx:
            return await limits.ending_by(tx, until, limit)
