"""HTTP face of the trace service; it only answers questions."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query

from services.trace import store, workflow
from services.trace.domain import Direction
from shared.app import Service

HIGHEST_POSITION = 2**62
Limit = Annotated[int, Query(ge=1, le=1000)]


def add_routes(service: Service) -> None:
    """Add the routes of this service to its app."""
    _add_lots(service)
    _add_record(service)


def _add_lots(service: Service) -> None:
    app, database = service.app, service.database

    @app.get("/lots", tags=["lots"])
    async def get_lots(
        search: Annotated[str, Query(max_length=100)] = "", limit: Limit = 100
    ) -> dict[str, Any]:
        """Lots whose id or material contains a text, newest first."""
        async with database.quiet() as tx:
            return {"items": await store.lots(tx, search, limit)}

    @app.get("/lots/{lot_id}/genealogy", tags=["lots"])
    async def get_genealogy(lot_id: str, direction: Direction = "backward") -> dict[str, Any]:
        """What a lot was made of, what was made of it, or both, to any depth."""
        async with database.quiet() as tx:
            return await workflow.genealogy(tx, lot_id, direction)

    @app.get("/lots/{lot_id}/history", tags=["lots"])
    async def get_history(lot_id: str) -> dict[str, Any]:
        """All events about a lot, in the order of plant time."""
        async with database.quiet() as tx:
            return {"items": await workflow.history(tx, lot_id)}


def _add_record(service: Service) -> None:
    app, database = service.app, service.database

    @app.get("/record", tags=["record"])
    async def get_record(
        after: Annotated[int, Query(ge=0, lt=HIGHEST_POSITION)] = 0, limit: Limit = 200
    ) -> dict[str, Any]:
        """Every event as kept, after a position; `leaf_sha256` is what the seals stand on."""
        async with database.quiet() as tx:
            found = await store.records(tx, after, HIGHEST_POSITION, limit)
        return {"items": [asdict(one) | {"leaf_sha256": one.leaf().hex()} for one in found]}

    @app.get("/record/verify", tags=["record"])
    async def get_verify() -> dict[str, Any]:
        """Compute all seals anew: ok, or the first position that is not as it was sealed."""
        async with database.quiet() as tx:
            return await workflow.verify(tx)

    @app.get("/seals", tags=["record"])
    async def get_seals(limit: Limit = 100) -> dict[str, Any]:
        """The newest seals, newest first."""
        async with database.quiet() as tx:
            return {"items": await store.seal_list(tx, limit)}
