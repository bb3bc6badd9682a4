"""HTTP face of exposure: lots that are opened, and what the history says today; no rules here."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query

from services.quality import countdowns, opened, recheck
from services.quality.countdowns import Wanted
from services.quality.deadlines import Deadlines
from services.quality.opened import OpeningEnded, OpeningGiven
from shared.app import Service
from shared.commands import Command, command_of
from shared.errors import InvalidInputError
from shared.instants import Instant

Room = Annotated[str, Query(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+){3}$")]
LOT_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$"
LotPath = Annotated[str, Path(pattern=LOT_PATTERN)]


def add_opening_routes(service: Service, deadlines: Deadlines) -> None:
    """Add the routes of lots that people open."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/open-exposures", tags=["decisions"])
    async def get_open_exposures(
        lot_id: Annotated[str | None, Query(pattern=LOT_PATTERN)] = None,
        room_equipment_id: Room | None = None,
        until: Instant | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        """Lots that are open now, with what is left of their budgets; the nearest limit first.

        until: those whose budget ends by then, or that are not known to be within it.
        """
        wanted = Wanted(lot_id=lot_id, room_equipment_id=room_equipment_id, until=until)
        async with database.quiet() as tx:
            return await countdowns.page(tx, wanted, limit, service.clock.now())

    @app.get("/openings", tags=["decisions"])
    async def get_openings() -> dict[str, Any]:
        """All lots that were opened, by whom and when, newest first."""
        async with database.quiet() as tx:
            return {"items": await opened.listed(tx)}

    @app.post("/openings", status_code=201, tags=["decisions"])
    async def post_opening(body: OpeningGiven, command: given) -> dict[str, Any]:
        """A person opened a lot: its exposure counts from now on, also in what is built of it."""
        return await command.once(lambda tx: deadlines.open_lot(tx, body))

    @app.post("/openings/{lot_id}/end", status_code=201, tags=["decisions"])
    async def post_opening_end(
        lot_id: LotPath, body: OpeningEnded, command: given
    ) -> dict[str, Any]:
        """An opened lot is used up or scrapped."""
        return await command.once(lambda tx: deadlines.end_opening(tx, lot_id, body))


def add_exposure_routes(service: Service, rooms: tuple[str, ...], longest_gap_s: float) -> None:
    """Add the routes of recorded exposure to the app of the service."""
    app, database = service.app, service.database

    @app.get("/exposures/recomputed", tags=["decisions"])
    async def get_recomputed(
        room_equipment_id: Room, from_at: Instant, to_at: Instant
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
