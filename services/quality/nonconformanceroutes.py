"""HTTP face of nonconformances and their actions; no rules here."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query

from services.quality import nonconformanceviews, rework
from services.quality.correctiveactions import CorrectiveActions
from services.quality.nonconformance import (
    ActionDone,
    Cause,
    Closing,
    Containment,
    CorrectiveAction,
    Effectiveness,
    LotDecision,
    Report,
)
from services.quality.nonconformanceviews import By
from services.quality.reviewboard import ReviewBoard
from services.quality.signatures import SignatureGiven
from shared.app import Service
from shared.commands import Command, command_of
from shared.instants import Instant

NcPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$")]
IdPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
ONE = "/nonconformances/{nonconformance_id}"


def add_nonconformance_routes(
    service: Service, board: ReviewBoard, actions: CorrectiveActions
) -> None:
    """Add the routes of nonconformances."""
    app, database, clock = service.app, service.database, service.clock
    given = Annotated[Command, Depends(command_of(database))]
    _add_decisions(service, board)
    _add_actions(service, actions)

    @app.post("/nonconformances", status_code=201, tags=["nonconformances"])
    async def post_report(body: Report, command: given) -> dict[str, Any]:
        """Raise a nonconformance; all it concerns is held at once."""
        return await command.once(lambda tx: board.report(tx, body))

    @app.get(ONE, tags=["nonconformances"])
    async def get_one(nonconformance_id: NcPath) -> dict[str, Any]:
        """A nonconformance with all about it."""
        async with database.quiet() as tx:
            return await nonconformanceviews.one(tx, nonconformance_id, clock.now())

    @app.get("/rework-routes", tags=["master data"])
    async def get_rework_routes() -> dict[str, Any]:
        """The newest version of each rework route."""
        async with database.quiet() as tx:
            return {"items": [item.model_dump(mode="json") for item in await rework.routes(tx)]}

    @app.get("/nonconformance-pareto", tags=["nonconformances"])
    async def get_pareto(
        by: By = "category", since: Annotated[Instant | None, Query()] = None
    ) -> dict[str, Any]:
        """What nonconformances are about, the most frequent first."""
        async with database.quiet() as tx:
            return {"by": by, "items": await nonconformanceviews.frequency(tx, by, since)}

    @app.post(f"{ONE}/containments", status_code=201, tags=["nonconformances"])
    async def post_containment(
        nonconformance_id: NcPath, body: Containment, command: given
    ) -> dict[str, Any]:
        """Hold all that is concerned, found by genealogy, and keep where each lot stands."""
        return await command.once(lambda tx: board.contain(tx, nonconformance_id, body))

    @app.post(f"{ONE}/causes", status_code=201, tags=["nonconformances"])
    async def post_cause(nonconformance_id: NcPath, body: Cause, command: given) -> dict[str, Any]:
        """Keep what was found to be the cause."""
        return await command.once(lambda tx: board.find_cause(tx, nonconformance_id, body))


def _add_decisions(service: Service, board: ReviewBoard) -> None:
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.post(f"{ONE}/dispositions", status_code=201, tags=["nonconformances"])
    async def post_disposition(
        nonconformance_id: NcPath, body: LotDecision, command: given
    ) -> dict[str, Any]:
        """Propose what becomes of some lots, with the first signature."""
        return await command.once(lambda tx: board.decide(tx, nonconformance_id, body))

    @app.post(
        ONE + "/dispositions/{disposition_id}/signatures",
        status_code=201,
        tags=["nonconformances"],
    )
    async def post_disposition_signature(
        nonconformance_id: NcPath, disposition_id: IdPath, body: SignatureGiven, command: given
    ) -> dict[str, Any]:
        """Sign a proposed disposition; it acts when all have signed."""
        return await command.once(
            lambda tx: board.sign(tx, nonconformance_id, disposition_id, body)
        )

    @app.post(f"{ONE}/closings", status_code=201, tags=["nonconformances"])
    async def post_closing(
        nonconformance_id: NcPath, body: Closing, command: given
    ) -> dict[str, Any]:
        """Close a nonconformance, signed; what is missing is named."""

        async def act(tx: Any) -> dict[str, Any]:
            states = await nonconformanceviews.action_states(tx, nonconformance_id)
            return await board.close(tx, nonconformance_id, body, states)

        return await command.once(act)


def _add_actions(service: Service, actions: CorrectiveActions) -> None:
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.post(f"{ONE}/actions", status_code=201, tags=["nonconformances"])
    async def post_action(
        nonconformance_id: NcPath, body: CorrectiveAction, command: given
    ) -> dict[str, Any]:
        """Plan a corrective or preventive action."""
        return await command.once(lambda tx: actions.plan(tx, nonconformance_id, body))

    @app.post("/actions/{action_id}/done", status_code=201, tags=["nonconformances"])
    async def post_done(action_id: IdPath, body: ActionDone, command: given) -> dict[str, Any]:
        """Keep that an action was done."""
        return await command.once(lambda tx: actions.done(tx, action_id, body))

    @app.post("/actions/{action_id}/effectiveness", status_code=201, tags=["nonconformances"])
    async def post_effectiveness(
        action_id: IdPath, body: Effectiveness, command: given
    ) -> dict[str, Any]:
        """Judge by what was seen since whether an action worked, signed."""
        return await command.once(lambda tx: actions.check(tx, action_id, body))
