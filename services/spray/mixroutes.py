"""HTTP face of glue mixes and cure; no rules here."""

from typing import Annotated, Any

from fastapi import Depends, Query

from services.spray import curestore, mixstore
from services.spray.curestore import CureResult
from services.spray.mixing import Disposal, MixCheck, Mixing, Receipt, WeighOut
from shared.app import Service
from shared.commands import Command, command_of


def add_mix_routes(service: Service, mixing: Mixing) -> None:
    """Add the routes of glue mixes and cure results to the app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.post("/glue-mixes", status_code=201)
    async def post_mix(body: WeighOut, command: given) -> dict[str, Any]:
        """Keep a weigh-out; its pot life runs from the mixing."""
        return await command.once(lambda tx: mixing.weigh(tx, body))

    @app.post("/glue-mixes/{lot_id}/checks", status_code=201)
    async def post_check(lot_id: str, body: MixCheck, command: given) -> dict[str, Any]:
        """Verify a mix as a second person, with viscosity and conductivity."""
        return await command.once(lambda tx: mixing.check(tx, lot_id, body))

    @app.post("/glue-mixes/{lot_id}/disposal", status_code=201)
    async def post_disposal(lot_id: str, body: Disposal, command: given) -> dict[str, Any]:
        """Dispose of what is left of a mix."""
        return await command.once(lambda tx: mixing.dispose(tx, lot_id, body))

    @app.post("/glue-lots/{lot_id}/receipt", status_code=201)
    async def post_receipt(lot_id: str, body: Receipt, command: given) -> dict[str, Any]:
        """Keep when a bought lot came, where that was not heard; its life runs from then."""
        return await command.once(lambda tx: mixing.enter_receipt(tx, lot_id, body))

    @app.get("/mix-formulas")
    async def get_formulas() -> dict[str, Any]:
        """The newest version of each formula: what a glue is weighed of."""
        async with database.quiet() as tx:
            return {"items": await mixstore.formulas(tx)}

    @app.get("/glue-mixes")
    async def get_mixes(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, Any]:
        """The newest mixes with state, end of life and what is left."""
        async with database.quiet() as tx:
            return {"items": await mixstore.listed(tx, limit)}

    @app.get("/glue-mixes/{lot_id}/uses")
    async def get_uses(lot_id: str) -> dict[str, Any]:
        """What each job order used of one glue lot, and for which cell."""
        async with database.quiet() as tx:
            return {"items": await mixstore.uses(tx, lot_id)}

    @app.post("/lots/{lot_id}/cure-results", status_code=201)
    async def post_cure_result(lot_id: str, body: CureResult, command: given) -> dict[str, Any]:
        """Keep what FT-IR or TGA shows of a face, beside the predicted conversion."""
        return await command.once(lambda tx: curestore.confirm(tx, service, lot_id, body))

    @app.get("/cure-results")
    async def get_cure_results(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100, equipment_id: str | None = None
    ) -> dict[str, Any]:
        """The newest results of all stations or one: measured beside predicted conversion."""
        async with database.quiet() as tx:
            model = await curestore.newest_model(tx)
            return {
                "items": await curestore.results(tx, limit, equipment_id),
                "drift_limit_ratio": None if model is None else model.drift_limit_ratio,
            }

    @app.get("/lots/{lot_id}/cure")
    async def get_cure(lot_id: str) -> dict[str, Any]:
        """The predicted conversion of each face now, and what was measured."""
        async with database.quiet() as tx:
            return await curestore.cure_of(tx, lot_id, service.clock.now())
