"""HTTP face of recorded exposure: what the history says today; no rules here."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime

from services.quality import recheck
from shared.app import Service
from shared.errors import InvalidInputError

Room = Annotated[str, Query(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+){3}$")]


def add_exposure_routes(service: Service, rooms: tuple[str, ...], longest_gap_s: float) -> None:
    """Add the routes of recorded exposure to the app of the service."""
    app, database = service.app, service.database

    @app.get("/exposures/recomputed", tags=["decisions"])
    async def get_recomputed(
        room_equipment_id: Room, from_at: AwareDatetime, to_at: AwareDatetime
    ) -> dict[str, Any]:
        """Reckon every interval of a room again from its samples; show those that differ now."""
        if room_equipment_id not in rooms:
            raise InvalidInputError(
                f"room_equipment_id is {room_equipment_id}; the plant file has the dry rooms "
                f"{', '.join(rooms) or 'none'}"
            )
        if to_at <= from_at:
            raise InvalidInputError(f"to_at is {to_at}; it must be after from_at {from_at}")
        async with database.quiet() as tx:
            return await recheck.recomputed(tx, room_equipment_id, from_at, to_at, longest_gap_s)
