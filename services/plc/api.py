"""HTTP face of the plc service: the same answers that PLCs get, for people and tests."""

from typing import Annotated, Any

from fastapi import Query

from services.plc import domain, store, workflow
from shared.app import Service


def add_routes(service: Service) -> None:
    """Add the routes of this service to its app."""
    app, database = service.app, service.database

    @app.get("/work-units/{equipment_id:path}/job-orders")
    async def get_job_orders(equipment_id: str) -> dict[str, Any]:
        """Job orders for a work unit, most urgent first, each with whether it may start there."""
        unit = workflow.unit_named(service, equipment_id)
        async with database.quiet() as tx:
            floor = await workflow.floor_of(tx, unit)
        startable = {one.job_order_id for one in domain.startable(floor, unit)}
        items = [
            {
                "job_order_id": one.job_order_id,
                "operation": one.released.operation,
                "lot_id": one.released.lot_id,
                "work_request_id": one.released.work_request_id,
                "state": one.state,
                "equipment_id": one.equipment_id,
                "reason": one.reason,
                "reported": one.reported,
                "priority": one.released.priority,
                "due_at": one.released.due_at,
                "may_start": one.job_order_id in startable,
            }
            for one in domain.by_urgency(floor, unit)
            if one.state not in ("ended", "aborted")
        ]
        return {"items": items}

    @app.get("/interlock")
    async def get_interlock(
        equipment_id: Annotated[str, Query(min_length=1, max_length=200)],
        lot_id: Annotated[str, Query(min_length=1, max_length=200)],
    ) -> dict[str, Any]:
        """Whether a lot may start at a work unit: yes, or no with the reason."""
        unit = workflow.unit_named(service, equipment_id)
        async with database.quiet() as tx:
            floor = await workflow.floor_of(tx, unit, lot_id)
        verdict = domain.may_start(floor, unit, lot_id)
        return {
            "equipment_id": equipment_id,
            "lot_id": lot_id,
            "allowed": verdict.allowed,
            "reason": verdict.reason,
        }

    @app.get("/interlock-answers")
    async def get_answers(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        """The newest answers that PLCs were given."""
        async with database.quiet() as tx:
            return {"items": await store.answers(tx, limit)}
