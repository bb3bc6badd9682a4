"""HTTP face of search, analysts' views and saved queries."""

from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi import Depends, Header, Path, Query, Response

from services.trace import analysis, names
from services.trace.analysis import MOST_ROWS, VIEWS, QueryToSave, Question
from services.trace.names import NameKind
from shared.answers import answers
from shared.app import Service
from shared.commands import Command, command_of

Shape = Literal["json", "csv"]
QueryId = Annotated[int, Path(ge=1, lt=2**62)]
Person = Annotated[str, Header(alias="x-halite-person", min_length=1, max_length=300)]


def add_query_routes(service: Service) -> None:
    """Add the routes to the service's app."""
    _add_search(service)
    _add_views(service)
    _add_saved(service)


def _add_search(service: Service) -> None:
    @service.app.get("/search", tags=["search"])
    async def get_search(
        text: Annotated[str, Query(min_length=1, max_length=200)],
        kind: NameKind | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """Whatever any event names: what is the text, then what begins with it or contains it."""
        async with service.database.quiet() as tx:
            return {"items": await names.found(tx, text, kind, limit)}


def _add_views(service: Service) -> None:
    @service.app.get("/views", tags=["views"])
    async def get_views() -> dict[str, Any]:
        """The analysts' views with their columns and what a value of each is."""
        kinds = {str: "text", float: "number"}
        items = [
            {
                "view": view,
                "columns": {name: kinds.get(kind, "time") for name, kind in columns.items()},
            }
            for view, columns in sorted(VIEWS.items())
        ]
        return {"items": items, "operators": list(analysis.OPERATORS)}

    @service.app.get("/views/{view}/rows", tags=["views"], responses=answers("text/csv"))
    async def get_rows(
        view: Annotated[str, Path(max_length=40)],
        columns: Annotated[list[str] | None, Query(max_length=40)] = None,
        where: Annotated[list[str] | None, Query(max_length=20)] = None,
        order_by: Annotated[str | None, Query(max_length=60)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 1000,
        shape: Shape = "json",
    ) -> Response:
        """Rows of a view, e.g. `?where=grade:eq:A&order_by=-completed_at&shape=csv`."""
        question = analysis.question_of(view, columns or (), where or (), order_by, limit)
        return await _rows(service, question, shape, f"{view}.csv")


def _add_saved(service: Service) -> None:
    app, database, clock = service.app, service.database, service.clock
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/queries", tags=["views"])
    async def get_queries() -> dict[str, Any]:
        """All saved queries by name."""
        async with database.quiet() as tx:
            return {"items": await analysis.saved(tx)}

    @app.post("/queries", tags=["views"], status_code=201)
    async def post_query(body: QueryToSave, person: Person, command: given) -> dict[str, Any]:
        """Save a question over a view under a name, in a person's (percent-encoded) name."""
        return await command.once(lambda tx: analysis.save(tx, clock, body, unquote(person)))

    @app.get("/queries/{query_id}/rows", tags=["views"], responses=answers("text/csv"))
    async def get_saved_rows(query_id: QueryId, shape: Shape = "json") -> Response:
        """The rows that a saved query gives now."""
        async with database.quiet() as tx:
            question = await analysis.saved_question(tx, query_id)
        return await _rows(service, question, shape, f"query-{query_id}.csv")

    @app.post("/queries/{query_id}/end", tags=["views"])
    async def post_end(query_id: QueryId, person: Person, command: given) -> dict[str, Any]:
        """Take a saved query off the list."""
        return await command.once(lambda tx: analysis.end(tx, clock, query_id, unquote(person)))


async def _rows(service: Service, question: Question, shape: Shape, name: str) -> Response:
    rows = await analysis.answer(service.database, question)
    if shape == "json":
        return Response(analysis.as_json(rows), media_type="application/json")
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(analysis.as_csv(question, rows), media_type="text/csv", headers=headers)
