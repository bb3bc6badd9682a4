"""Routes of the alarms: the list, what persons do with it, key figures and the alarm table."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from services.gateway import store
from services.gateway.alarmdesk import LISTED, AlarmDesk
from services.gateway.alarmtable import LONGEST_SHELF_H
from services.gateway.overview import Overview
from services.gateway.samesite import own_page
from shared.app import Service
from shared.commands import Command, command_of
from shared.transaction import Transaction

Limit = Annotated[int, Query(ge=1, le=2000)]
Hours = Annotated[float, Query(gt=0, le=24 * 366)]
Person = Annotated[str, Header(min_length=1, max_length=300)]
Act = Callable[[Transaction, str], Awaitable[dict[str, Any]]]


class Reason(BaseModel):
    """Why an alarm is hidden from operators."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=500)


class Shelf(Reason):
    """Why and for how long (plant seconds) an alarm is hidden from operators."""

    duration_s: float = Field(ge=60, le=LONGEST_SHELF_H * 3600)


def add_alarm_routes(service: Service, desk: AlarmDesk, overview: Overview) -> None:
    """Add the routes of the alarms to the app."""
    _add_questions(service, desk)
    _add_commands(service, desk, overview)


def _add_questions(service: Service, desk: AlarmDesk) -> None:
    app, database = service.app, service.database

    @app.get("/api/alarms", tags=["alarms"])
    async def get_alarms(limit: Limit = 200) -> dict[str, Any]:
        """The newest alarms, acknowledged and returned ones too."""
        async with database.quiet() as tx:
            return {"items": await store.all_alarms(tx, limit)}

    @app.get("/api/alarm-list", tags=["alarms"])
    async def get_alarm_list(limit: Limit = LISTED) -> dict[str, Any]:
        """Alarms that are not normal, the most urgent first, in groups; who is silent.

        `table_rows`: what the alarm table says of each code that is listed.
        """
        return await desk.page(limit)

    @app.get("/api/alarm-figures", tags=["alarms"])
    async def get_alarm_figures(hours: Hours = 24) -> dict[str, Any]:
        """Key figures of EEMUA 191 over the last plant hours."""
        return await desk.key_figures(hours)

    @app.get("/api/alarm-table", tags=["alarms"])
    async def get_alarm_table() -> dict[str, Any]:
        """The newest version of each row of the alarm table, and codes that have none."""
        return await desk.table()


def _add_commands(service: Service, desk: AlarmDesk, overview: Overview) -> None:
    given = Annotated[Command, Depends(command_of(service.database))]
    path, own = "/api/alarms/{alarm_id}", [Depends(own_page)]

    async def done(command: Command, person: str, act: Act) -> dict[str, Any]:
        answer = await command.once(lambda tx: act(tx, unquote(person)))
        await overview.refresh()
        return answer

    @service.app.post(f"{path}/acknowledge", tags=["alarms"], dependencies=own)
    async def post_acknowledge(
        alarm_id: str, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Acknowledge an alarm in a person's name (percent-encoded where it is not ASCII)."""
        return await done(
            command, x_halite_person, lambda tx, who: desk.acknowledge(tx, alarm_id, who)
        )

    @service.app.post(f"{path}/shelve", tags=["alarms"], dependencies=own)
    async def post_shelve(
        alarm_id: str, shelf: Shelf, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Hide an alarm for a time with a reason; it comes back by itself."""
        return await done(
            command,
            x_halite_person,
            lambda tx, who: desk.shelve(tx, alarm_id, who, shelf.duration_s, shelf.reason),
        )

    @service.app.post(f"{path}/unshelve", tags=["alarms"], dependencies=own)
    async def post_unshelve(
        alarm_id: str, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Show a shelved alarm again before its time is over."""
        return await done(
            command, x_halite_person, lambda tx, who: desk.unshelve(tx, alarm_id, who)
        )

    @service.app.post(f"{path}/out-of-service", tags=["alarms"], dependencies=own)
    async def post_out_of_service(
        alarm_id: str, given_reason: Reason, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Hide an alarm with a reason until maintenance puts it back."""
        return await done(
            command,
            x_halite_person,
            lambda tx, who: desk.take_out_of_service(tx, alarm_id, who, given_reason.reason),
        )

    @service.app.post(f"{path}/in-service", tags=["alarms"], dependencies=own)
    async def post_in_service(
        alarm_id: str, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Put an alarm back in service."""
        return await done(
            command, x_halite_person, lambda tx, who: desk.put_back_in_service(tx, alarm_id, who)
        )
