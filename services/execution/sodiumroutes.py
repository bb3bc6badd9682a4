"""HTTP face of sodium: where it lies, moves and scraps; no rules here."""

from typing import Annotated, Any

from fastapi import Depends, Path

from services.execution import sodiumdesk
from services.execution.sodium import LotMove, ScrapConfirmation, ScrapProposal
from services.execution.sodiumdesk import SodiumDesk
from shared.app import Service
from shared.commands import Command, command_of

ScrapPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]


def add_sodium_routes(service: Service, desk: SodiumDesk) -> None:
    """Add the routes of sodium to the app of the service."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/sodium", tags=["sodium"])
    async def get_sodium() -> dict[str, Any]:
        """Grams of sodium in each room and cabinet against its limit, lots and scraps."""
        async with database.quiet() as tx:
            return await sodiumdesk.shown(tx)

    @app.post("/sodium/moves", status_code=201, tags=["sodium"])
    async def post_move(body: LotMove, command: given) -> dict[str, Any]:
        """Put a lot into a place; refused where it may not lie, with the rule and the remedy."""
        return await command.once(lambda tx: desk.move(tx, body))

    @app.post("/sodium/scraps", status_code=201, tags=["sodium"])
    async def post_scrap(body: ScrapProposal, command: given) -> dict[str, Any]:
        """Propose to scrap sodium; it happens when a second person confirms it."""
        return await command.once(lambda tx: desk.propose(tx, body))

    @app.post("/sodium/scraps/{scrap_id}/confirmations", status_code=201, tags=["sodium"])
    async def post_confirmation(
        scrap_id: ScrapPath, body: ScrapConfirmation, command: given
    ) -> dict[str, Any]:
        """Confirm a scrap as the second person."""
        return await command.once(lambda tx: desk.confirm(tx, scrap_id, body))
