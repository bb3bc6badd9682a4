"""HTTP face of the spray service; no rules here."""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import Field

from services.spray import jobstore, startwaits, store, tracestore, tracetable, workflow
from services.spray.cure import CureModel
from services.spray.domain import Face
from services.spray.duedates import due_dates
from services.spray.mix import MixFormula
from services.spray.operators import SprayOperators
from services.spray.respray import ResprayRule
from services.spray.setup import SpraySetup
from services.spray.tracelimits import TraceLimits
from shared import trainings
from shared.app import Service
from shared.commands import Command, command_of
from shared.recipes import MasterRecipe
from shared.routes import add_due_dates, add_station_routes
from shared.trainings import Trained
from shared.transaction import Transaction


class MasterData(Trained):
    """The spray section of a plant's master data."""

    master_recipes: list[MasterRecipe]
    mix_formulas: list[MixFormula] = Field(default_factory=list)
    setups: list[SpraySetup] = Field(default_factory=list)
    cure_models: list[CureModel] = Field(default_factory=list)
    trace_limits: list[TraceLimits] = Field(default_factory=list)
    respray_rules: list[ResprayRule] = Field(default_factory=list)


def add_routes(service: Service, operators: SprayOperators) -> None:
    """Add the routes of this service to its app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]
    add_station_routes(service, operators)

    own = service.plant.stations_of(service.name)
    meaning = "Until when nozzles and calibrations of the stations are good."
    add_due_dates(service, meaning, lambda tx: due_dates(tx, own))

    @app.post("/master-data", status_code=201)
    async def post_master_data(body: MasterData, command: given) -> dict[str, Any]:
        """Keep what a plant says of spraying; another content of a version is 409."""

        async def keep(tx: Transaction) -> dict[str, Any]:
            await trainings.keep(tx, body)
            return await workflow.take_master_data(
                tx,
                body.master_recipes,
                body.mix_formulas,
                body.setups,
                body.cure_models,
                body.trace_limits,
                body.respray_rules,
            )

        return await command.once(keep)

    @app.get("/lots/{lot_id}/faces")
    async def get_faces(lot_id: str) -> dict[str, Any]:
        """The sprayed faces of one pellet."""
        async with database.quiet() as tx:
            return {"items": await store.faces_of(tx, lot_id)}

    @app.get("/lots/{lot_id}/faces/{face}/trace")
    async def get_trace(
        lot_id: str,
        face: Face,
        points: Annotated[int, Query(ge=10, le=20_000)] = 700,
        station_order_id: str | None = None,
    ) -> dict[str, Any]:
        """The newest trace of a face with its limits and verdict; least and most in each bin."""
        async with database.quiet() as tx:
            return await tracestore.shown(tx, lot_id, face, points, station_order_id)

    @app.get("/spray-jobs")
    async def get_jobs(
        limit: Annotated[int, Query(ge=1, le=1000)] = 50, lot_id: str | None = None
    ) -> dict[str, Any]:
        """The newest spray jobs, of one cell if named, with how many faces are not as they must."""
        async with database.quiet() as tx:
            return {"items": await jobstore.jobs(tx, limit, lot_id)}

    @app.get("/spray-jobs/{station_order_id}")
    async def get_job(station_order_id: str) -> dict[str, Any]:
        """One spray job: its control recipe, its glue, and both faces of each pellet."""
        async with database.quiet() as tx:
            return await jobstore.job(tx, station_order_id)

    @app.get("/spray-jobs/{station_order_id}/traces.parquet", response_class=Response)
    async def get_traces(station_order_id: str) -> Response:
        """All traces of a spray job as rows at the station's rate: face, time, one column each."""
        async with database.quiet() as tx:
            kept = await tracestore.traces_of(tx, station_order_id)
        content = await asyncio.to_thread(tracetable.parquet, kept)
        return Response(content, media_type=tracetable.MEDIA_TYPE)

    @app.get("/interlocks")
    async def get_interlocks() -> dict[str, Any]:
        """The stored jobs that wait for dry air or vacuum, each with its reason."""
        async with database.quiet() as tx:
            return {"items": await startwaits.listed(tx)}
