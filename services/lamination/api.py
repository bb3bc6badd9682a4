"""HTTP face of the lamination service; no rules here."""

from typing import Annotated, Any

from fastapi import Depends
from pydantic import BaseModel, ConfigDict

from services.lamination import store, workflow
from services.lamination.stackplan import StackPlan
from shared.app import Service
from shared.commands import Command, command_of
from shared.recipes import MasterRecipe
from shared.routes import add_station_routes


class MasterData(BaseModel):
    """The lamination section of a plant's master data."""

    model_config = ConfigDict(extra="forbid")

    master_recipes: list[MasterRecipe]
    stack_plans: list[StackPlan]


def add_routes(service: Service) -> None:
    """Add the routes of this service to its app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]
    add_station_routes(service)

    @app.post("/master-data", status_code=201)
    async def post_master_data(body: MasterData, command: given) -> dict[str, Any]:
        """Keep recipes and stack plans; a version that exists with other content is refused."""
        return await command.once(
            lambda tx: workflow.take_master_data(tx, body.master_recipes, body.stack_plans)
        )

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
