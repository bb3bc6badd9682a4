"""Routes of losses: what was lost where in a period, and the reason of a stop."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.oee import DowntimeReason
from services.gateway.oeedesk import OeeDesk
from services.gateway.samesite import own_page
from shared.app import Service
from shared.commands import Command, command_of
from shared.instants import Instant


class StopReason(BaseModel):
    """Why a station stopped. begun_at: which stop; without it the station's newest."""

    model_config = ConfigDict(extra="forbid")

    equipment_id: str = Field(min_length=1, max_length=200)
    begun_at: Instant | None = None
    reason: DowntimeReason
    note: str | None = Field(default=None, max_length=500)


def add_oee_routes(service: Service, desk: OeeDesk) -> None:
    """Add the routes of losses to the app."""
    given = Annotated[Command, Depends(command_of(service.database))]

    @service.app.get("/api/oee", tags=["losses"])
    async def get_oee(hours: Annotated[float, Query(gt=0, le=24 * 366)] = 24) -> dict[str, Any]:
        """Time by SEMI E10 state, ratios of ISO 22400, stops and yields of the last plant hours."""
        return await desk.page(hours)

    @service.app.post("/api/downtime-reasons", tags=["losses"], dependencies=[Depends(own_page)])
    async def post_downtime_reason(
        stop: StopReason,
        x_halite_person: Annotated[str, Header(min_length=1, max_length=300)],
        command: given,
    ) -> dict[str, Any]:
        """Say why a station stopped, in a person's name."""
        person = unquote(x_halite_person)
        return await command.once(
            lambda tx: desk.give_reason(
                tx, stop.equipment_id, stop.begun_at, stop.reason, stop.note, person
            )
        )
