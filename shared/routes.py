"""Routes that every service with stations has: its recipes and its job orders."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Query

from shared import joborders, recipes
from shared.app import Service
from shared.commands import Command, command_of
from shared.transaction import Transaction

if TYPE_CHECKING:  # a service without stations does not load the OPC UA library
    from shared.opcua import StationClient


def add_station_routes(service: Service) -> None:
    """Add `GET /master-recipes`, `GET /job-orders` and the command that resumes a held one."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/master-recipes", tags=["master data"])
    async def get_recipes() -> dict[str, Any]:
        """All recipes in all versions."""
        async with database.quiet() as tx:
            return {"items": await recipes.listed(tx)}

    @app.get("/job-orders", tags=["job orders"])
    async def get_job_orders(
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        """The newest job orders with their state."""
        async with database.quiet() as tx:
            return {"items": await joborders.listed(tx, limit)}

    @app.post("/job-orders/{job_order_id}/resume", tags=["job orders"])
    async def post_resume(job_order_id: str, command: given) -> dict[str, Any]:
        """Plan a held job order again, or start an interrupted one again after a person looked."""

        async def act(tx: Transaction) -> dict[str, Any]:
            state = await joborders.resume(tx, job_order_id)
            return {"job_order_id": job_order_id, "state": state}

        return await command.once(act)


def add_stations_route(service: Service, clients: "Sequence[StationClient]") -> None:
    """Add `GET /stations`: what each station of this service offers and what it lacks."""

    @service.app.get("/stations", tags=["stations"])
    async def get_stations() -> dict[str, Any]:
        """Each station: whether it answers, who it is, its methods, what is missing and why."""
        return {"items": [_shown(client) for client in clients]}


def _shown(client: "StationClient") -> dict[str, Any]:
    offer = client.offer
    return {
        "equipment_id": client.equipment_id,
        "endpoint": client.settings.endpoint,
        "connected": client.connected,
        "trouble": client.trouble,
        "identification": dict(offer.identification) if offer else {},
        "offers": sorted(offer.parts) if offer else [],
        "signals": list(offer.signals) if offer else [],
        "most_jobs": offer.most_jobs if offer else None,
        "missing": list(offer.missing) if offer else [],
        "unusable": offer.unusable if offer else None,
    }
