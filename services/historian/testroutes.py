"""HTTP face of the rows of tests, their export and their retention; no rules here."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.background import BackgroundTask

from services.historian import retention, teststore
from services.historian.domain import TestSeries
from services.historian.retention import Hold
from services.historian.testdata import Format, TestData
from shared.app import Service
from shared.commands import Command, command_of
from shared.errors import TooLargeError
from shared.transaction import Transaction

LARGEST_BATCH = 64 * 1024 * 1024
Name = Annotated[str, Query(min_length=1, max_length=200)]
Names = Annotated[list[Name], Query(min_length=1, max_length=1000)]
MEDIA = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
    "bdf": "text/csv",
    "arrow": "application/vnd.apache.arrow.file",
}


class HoldEnd(BaseModel):
    """Who ends a hold."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(min_length=1, max_length=200)


def add_test_routes(service: Service, tests: TestData) -> None:
    """Add the routes of the rows of tests."""
    app, database = service.app, service.database

    given = Annotated[Command, Depends(command_of(database))]

    @app.post("/test-batches/{source}/{sequence}", status_code=201)
    async def post_test_batch(
        request: Request,
        command: given,
        source: Annotated[str, Path(min_length=1, max_length=200)],
        sequence: Annotated[int, Path(ge=1)],
        sha256: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None,
    ) -> dict[str, Any]:
        """Commit the next batch of a source: an Arrow stream in the schema of `shared/testrows.py`.

        It may be sent again until it is answered, under any key; a source counts its batches from
        1. With its sha256 a body that was damaged on its way is refused.
        """
        body = await request.body()
        if len(body) > LARGEST_BATCH:
            raise TooLargeError(f"a batch has {len(body)} bytes; send at most {LARGEST_BATCH}")
        batch = await tests.checked(source, sequence, body, sha256)
        return await command.once(lambda tx: tests.take(tx, batch))

    @app.get("/test-batches/{source}")
    async def get_source(source: str) -> dict[str, Any]:
        """How far a source has come: its newest sequence, and its rows in all."""
        async with database.quiet() as tx:
            at = await teststore.source_at(tx, source)
        return {"source": source, "sequence": at.sequence, "row_count": at.row_count}

    @app.post("/test-series", status_code=201)
    async def post_series(body: TestSeries, command: given) -> dict[str, Any]:
        """Keep what a test is; saying it again changes it."""

        async def act(tx: Transaction) -> dict[str, Any]:
            await teststore.add_series(tx, body)
            return {"series_id": body.series_id}

        return await command.once(act)

    @app.get("/test-series")
    async def get_series_of_lot(lot_id: Name) -> dict[str, Any]:
        """The tests of a cell, newest first."""
        async with database.quiet() as tx:
            found = await teststore.series_of_lot(tx, lot_id)
        return {"items": [one.model_dump() for one in found]}

    @app.get("/test-curve")
    async def get_curve(
        series_id: Name,
        from_s: Annotated[float, Query(ge=0)] = 0.0,
        to_s: Annotated[float, Query(gt=0, le=1e12)] = 1e12,
        points: Annotated[int, Query(ge=8, le=100_000)] = 4000,
    ) -> Response:
        """Rows of a test as columns; reduced so that no spike of voltage or current is lost."""
        return _json(to_json(await tests.curve(series_id, from_s, to_s, points)))

    @app.get("/test-cycles")
    async def get_cycles(series_id: Names, kept: bool = True) -> Response:
        """Charge and discharge by test and cycle: as kept at sealing, or summed over every row."""
        if kept:
            return _json(f'{{"items":{await tests.kept_figures(series_id)}}}'.encode())
        return _json(to_json({"items": await tests.cycles(series_id)}))

    @app.get("/test-rows", response_class=FileResponse)
    async def get_rows(series_id: Names, form: Format = "parquet") -> FileResponse:
        """All rows of tests as a file: Parquet, CSV, a table in the Battery Data Format, Arrow."""
        path = await tests.export(series_id, form)
        name = f"{series_id[0]}.{'bdf.csv' if form == 'bdf' else form}"
        return FileResponse(
            path, media_type=MEDIA[form], filename=name, background=BackgroundTask(path.unlink)
        )


def _json(body: bytes) -> Response:
    """Return an answer of many numbers; FastAPI's own way looks at each of them."""
    return Response(body, media_type="application/json")


def add_retention_routes(service: Service) -> None:
    """Add the routes of holds and of what retention ended."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.post("/retention-holds", status_code=201)
    async def post_hold(body: Hold, command: given) -> dict[str, Any]:
        """Keep the files with a cell's tests, or with a piece of equipment, beyond their policy."""

        async def act(tx: Transaction) -> dict[str, Any]:
            await retention.place(tx, body, service.clock.now())
            return {"hold_id": body.hold_id}

        return await command.once(act)

    @app.post("/retention-holds/{hold_id}/end")
    async def post_hold_end(hold_id: str, body: HoldEnd, command: given) -> dict[str, Any]:
        """End a hold."""

        async def act(tx: Transaction) -> dict[str, Any]:
            await retention.end(tx, hold_id, body.person, service.clock.now())
            return {"hold_id": hold_id}

        return await command.once(act)

    @app.get("/retention-holds")
    async def get_holds() -> dict[str, Any]:
        """All holds, those in force first."""
        async with database.quiet() as tx:
            return {"items": await retention.holds(tx)}

    @app.get("/removed-files")
    async def get_removed(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, Any]:
        """The files that retention ended, newest first."""
        async with database.quiet() as tx:
            return {"items": await retention.removed(tx, limit)}
