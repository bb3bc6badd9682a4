"""Routes of shift handovers: what stands open, earlier ones, writing one, and taking one over."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.entrances import Entrances
from services.gateway.handoverdesk import HandoverDesk
from services.gateway.persons import SignIn
from services.gateway.samesite import own_page
from services.gateway.sessionroutes import caller_of
from shared.app import Service
from shared.commands import Command, command_of
from shared.errors import NotAllowedError
from shared.instants import Instant

Person = Annotated[str, Header(min_length=1, max_length=300)]


class NewHandover(BaseModel):
    """What the leaving shift says. shift_begun_at: which shift; without it the running one."""

    model_config = ConfigDict(extra="forbid")

    notes: str = Field(default="", max_length=10_000)
    shift_begun_at: Instant | None = None


class Taking(SignIn):
    """Who takes over, proved by a password, and the hash of the record that this person saw."""

    record_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    remark: str | None = Field(default=None, min_length=1, max_length=2000)


def add_handover_routes(service: Service, desk: HandoverDesk, entrances: Entrances) -> None:
    """Add the routes of handovers to the app."""
    _add_questions(service, desk)
    _add_commands(service, desk, entrances)


def _add_questions(service: Service, desk: HandoverDesk) -> None:
    app = service.app

    @app.get("/api/handover-draft", tags=["handovers"])
    async def get_draft(shift_begun_at: Instant | None = None) -> dict[str, Any]:
        """What a handover written now would say; parts that cannot be had are in `missing`."""
        return await desk.draft(shift_begun_at)

    @app.get("/api/handovers", tags=["handovers"])
    async def get_handovers(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> dict[str, Any]:
        """The newest handovers, also those that nobody has taken over."""
        return await desk.newest(limit)

    @app.get("/api/handovers/{handover_id}", tags=["handovers"])
    async def get_handover(handover_id: str) -> dict[str, Any]:
        """One handover with all that stood open, its hash and who took it over."""
        return await desk.whole(handover_id)


def _add_commands(service: Service, desk: HandoverDesk, entrances: Entrances) -> None:
    given = Annotated[Command, Depends(command_of(service.database))]
    ours = [Depends(own_page)]

    @service.app.post("/api/handovers", tags=["handovers"], status_code=201, dependencies=ours)
    async def post_handover(
        body: NewHandover, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Hand a shift over: keep what stands open now with notes; it cannot be changed."""
        record, span = await desk.write(body.notes, body.shift_begun_at, unquote(x_halite_person))
        return await command.once(lambda tx: desk.keep(tx, record, span))

    @service.app.post(
        "/api/handovers/{handover_id}/take-over", tags=["handovers"], dependencies=ours
    )
    async def post_take_over(request: Request, handover_id: str, body: Taking) -> dict[str, Any]:
        """Take a shift over in the name of who gives login and password, whoever is signed in.

        It takes no key, since no digest of a password is to be kept; the same person may say it
        again. 409: taken over by another, written anew, or another record than was seen.
        """
        taker = await entrances.prove(caller_of(request), body.login, body.password)
        if not await entrances.rights.may(taker, "POST", request.url.path):
            raise NotAllowedError(
                f"{taker.printed} may not operate here; another person must take over"
            )
        async with service.database.begin() as tx:
            return await desk.take_over(tx, handover_id, taker, body.record_sha256, body.remark)
