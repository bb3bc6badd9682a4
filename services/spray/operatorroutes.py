"""HTTP face of trainings and of who operates a station; no rules here."""

from typing import Annotated, Any

from fastapi import Depends, Path

from services.spray.operators import OperatorDesk, TakeOver, TrainingGiven
from shared.app import Service
from shared.commands import Command, command_of

Station = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]


def add_operator_routes(service: Service, desk: OperatorDesk) -> None:
    """Add the routes of operators to the app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.post("/trainings", status_code=201, tags=["operators"])
    async def post_training(body: TrainingGiven, command: given) -> dict[str, Any]:
        """Record until when another person may spray; the newest record counts."""
        return await command.once(lambda tx: desk.train(tx, body))

    @app.get("/operators", tags=["operators"])
    async def get_operators() -> dict[str, Any]:
        """Who operates each spray station, and until when that person is trained."""
        async with database.quiet() as tx:
            return {"items": await desk.shown(tx)}

    @app.post("/operators/{station}", status_code=201, tags=["operators"])
    async def post_operator(station: Station, body: TakeOver, command: given) -> dict[str, Any]:
        """Take a station over; refused without a training that is good now."""
        return await command.once(lambda tx: desk.take_over(tx, station, body))

    @app.post("/operators/{station}/end", tags=["operators"])
    async def post_end(station: Station, body: TakeOver, command: given) -> dict[str, Any]:
        """Leave a station to whom its setup names."""
        return await command.once(lambda tx: desk.leave(tx, station, body))
