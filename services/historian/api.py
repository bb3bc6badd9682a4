"""HTTP face of the historian; no rules here."""

import time
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Query

from services.historian import store
from services.historian.series import Question
from services.historian.workflow import Historian
from shared.app import Service
from shared.errors import InvalidInputError
from shared.instants import Instant
from shared.units import display_unit

USUAL_SPAN = timedelta(days=1)


def add_routes(service: Service, historian: Historian) -> None:
    """Add the routes of this service to its app."""
    app, database = service.app, service.database

    @app.get("/series")
    async def get_series(
        equipment_id: Annotated[str, Query(min_length=1, max_length=200)],
        signal: Annotated[str, Query(min_length=1, max_length=200)],
        from_at: Annotated[Instant | None, Query(alias="from")] = None,
        to_at: Annotated[Instant | None, Query(alias="to")] = None,
        points: Annotated[int, Query(ge=4, le=20_000)] = 2000,
    ) -> dict[str, Any]:
        """One signal over plant time, the last day by default; a point without value is a gap.

        With four points a pixel every single-sample dip and peak is in the answer.
        """
        end = to_at or service.clock.now()
        start = from_at or _usual_start(end)
        if start >= end:
            raise InvalidInputError(f"from {start.isoformat()} is not before to {end.isoformat()}")
        question = Question(
            equipment_id=equipment_id, signal=signal, from_at=start, to_at=end, points=points
        )
        answer = await historian.ask(question)
        return {
            "equipment_id": equipment_id,
            "signal": signal,
            "unit": display_unit(signal),
            "from": start,
            "to": end,
            "row_count": answer.row_count,
            "reduced": answer.reduced,
            "points": [point._asdict() for point in answer.points],
        }

    @app.get("/live")
    async def get_live(
        equipment_id: Annotated[str | None, Query(max_length=200)] = None,
    ) -> dict[str, Any]:
        """The newest value of each signal; age in wall seconds since it was last heard."""
        items = historian.live.shown(time.monotonic())
        wanted = [item for item in items if equipment_id in (None, item["equipment_id"])]
        return {"items": wanted}

    @app.get("/files")
    async def get_files(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        """The newest sealed files."""
        async with database.quiet() as tx:
            return {"items": await store.files(tx, limit)}


def _usual_start(end: datetime) -> datetime:
    try:
        return end - USUAL_SPAN
    except OverflowError as error:
        raise InvalidInputError(f"to {end.isoformat()} has no day before it; say from") from error
