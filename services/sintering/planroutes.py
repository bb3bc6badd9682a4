"""HTTP face of the furnace plan; no rules here."""

from typing import Annotated, Any
from urllib.parse import unquote
from uuid import uuid4

from fastapi import Depends, Header
from pydantic import BaseModel, ConfigDict, Field

from services.sintering.planning import Planning
from services.sintering.planrecord import load_record
from services.sintering.replan import Slot
from shared.app import Service
from shared.commands import Command, command_of
from shared.instants import Instant

Person = Annotated[str, Header(min_length=1, max_length=300)]


class PinnedLoad(BaseModel):
    """Job orders that are to run together in a furnace, not before a time.

    All of a planned load pins or moves it, some of it splits it, those of several join them.
    version: of the plan that the person saw.
    """

    model_config = ConfigDict(extra="forbid")

    version: int
    equipment_id: str
    job_order_ids: tuple[str, ...] = Field(min_length=1)
    start_at: Instant | None = None


class Unpinned(BaseModel):
    """A pin that is taken back. version: of the plan that the person saw."""

    model_config = ConfigDict(extra="forbid")

    version: int


class WantedLoad(BaseModel):
    """Job orders as they might be pinned together."""

    model_config = ConfigDict(extra="forbid")

    equipment_id: str
    job_order_ids: tuple[str, ...] = Field(min_length=1)
    start_at: Instant | None = None


class Question(BaseModel):
    """What if these furnaces were away, these job orders the most urgent and these loads pinned?"""

    model_config = ConfigDict(extra="forbid")

    away: tuple[str, ...] = ()
    urgent: tuple[str, ...] = ()
    pins: tuple[WantedLoad, ...] = Field(default=(), max_length=100)


def add_plan_routes(service: Service, planning: Planning) -> None:
    """Add the routes of the furnace plan to the service's app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/furnace-plan")
    async def get_furnace_plan() -> dict[str, Any]:
        """The plan in force: loads, what cannot be planned and why, figures, and what changed."""
        async with database.quiet() as tx:
            plan, kept = await planning.current(tx, keep=False)
        return {
            "version": kept.version,
            "loads": [load_record(load) for load in plan.loads],
            "infeasible": dict(plan.infeasible),
            "too_late": plan.too_late,
            "figures": kept.figures,
            "changes": [vars(change) for change in kept.changes],
        }

    @app.post("/furnace-plan/pins", status_code=201)
    async def post_pin(body: PinnedLoad, x_halite_person: Person, command: given) -> dict[str, Any]:
        """Pin, move, split or join loads; 409 with the version in force when it is another."""
        slot = Slot(
            equipment_id=body.equipment_id,
            job_order_ids=body.job_order_ids,
            start_at=body.start_at,
            pin_id=f"PIN-{uuid4().hex[:8]}",
            person=unquote(x_halite_person),
        )
        return await command.once(lambda tx: planning.pin(tx, body.version, slot))

    @app.post("/furnace-plan/pins/{pin_id}/end")
    async def end_pin(
        pin_id: str, body: Unpinned, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Leave a pinned load to the planning again."""
        person = unquote(x_halite_person)
        return await command.once(lambda tx: planning.unpin(tx, body.version, pin_id, person))

    @app.post("/furnace-plan/what-if")
    async def post_what_if(body: Question) -> dict[str, Any]:
        """The plan if furnaces were away, job orders urgent or loads pinned; keeps nothing."""
        pins = [
            Slot(**wanted.model_dump(), pin_id=f"what-if-{at}", person="what-if")
            for at, wanted in enumerate(body.pins)
        ]
        async with database.quiet() as tx:
            return await planning.what_if(tx, body.away, body.urgent, pins)
