"""HTTP face of the audit: who did what when."""

from typing import Annotated, Literal

from fastapi import Query, Response

from services.trace import audit
from services.trace.analysis import as_json
from services.trace.audit import Asked
from shared.answers import answers
from shared.app import Service


class AskedShape(Asked):
    """Which acts, and how they are written."""

    shape: Literal["json", "csv"] = "json"


def add_audit_routes(service: Service) -> None:
    """Add the routes to the service's app."""

    @service.app.get("/audit", tags=["audit"], responses=answers("text/csv"))
    async def get_audit(asked: Annotated[AskedShape, Query()]) -> Response:
        """Acts of persons from the record, the newest first; go on with `before`."""
        which = Asked.model_validate(asked.model_dump(exclude={"shape"}))
        async with service.database.quiet() as tx:
            rows = await audit.acts(tx, which)
        if asked.shape == "json":
            return Response(as_json(rows), media_type="application/json")
        headers = {"content-disposition": 'attachment; filename="audit.csv"'}
        return Response(audit.as_csv(rows), media_type="text/csv", headers=headers)
