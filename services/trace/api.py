"""HTTP face of the trace service; it only answers questions."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from services.trace import lots, recalls, store, workflow
from services.trace.domain import Direction
from services.trace.recalls import RecallChange, RecallOrder, Recalls, Wanted
from services.trace.workflow import Sealer
from shared.app import Service
from shared.commands import Command, command_of

HIGHEST_POSITION = 2**62
Limit = Annotated[int, Query(ge=1, le=1000)]


def add_routes(service: Service, sealer: Sealer, held: Recalls) -> None:
    """Add the routes of this service to its app."""
    _add_recalls(service, held)
    _add_lots(service, sealer)
    _add_record(service, sealer)


def _add_lots(service: Service, sealer: Sealer) -> None:
    app, database = service.app, service.database

    @app.get("/lots", tags=["lots"])
    async def get_lots(
        search: Annotated[str, Query(max_length=100)] = "", limit: Limit = 100
    ) -> dict[str, Any]:
        """Lots whose id or material contains a text, newest first."""
        async with database.quiet() as tx:
            return {"items": await lots.lots(tx, search, limit)}

    @app.get("/lots/{lot_id}/genealogy", tags=["lots"])
    async def get_genealogy(lot_id: str, direction: Direction = "backward") -> dict[str, Any]:
        """What a lot was made of, what was made of it, or both, to any depth."""
        async with database.quiet() as tx:
            return await workflow.genealogy(tx, lot_id, direction)

    @app.get("/lots/{lot_id}/history", tags=["lots"])
    async def get_history(lot_id: str) -> dict[str, Any]:
        """All events about a lot, in the order of plant time."""
        async with database.quiet() as tx:
            return {"items": await workflow.history(tx, lot_id)}

    @app.get("/lots/{lot_id}/proof", tags=["lots"])
    async def get_proof(lot_id: str) -> Response:
        """A file that proves each sealed event of a lot; `halite verify` checks it anywhere."""
        text = await workflow.proof(service, await sealer.signer(), lot_id)
        return Response(text, media_type="application/json", headers=_named("proof.json"))

    @app.get("/lots/{lot_id}/circumstances", tags=["lots"])
    async def get_circumstances(lot_id: str) -> dict[str, Any]:
        """What was at work on a lot and all it was made of: equipment, recipes, persons ..."""
        async with database.quiet() as tx:
            return {"items": await workflow.circumstances(tx, lot_id)}


def _add_recalls(service: Service, held: Recalls) -> None:
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/recalls/dry-run", tags=["recalls"])
    async def get_dry_run(wanted: Annotated[Wanted, Query()]) -> dict[str, Any]:
        """What a recall would hold and where it is now; changes nothing."""
        async with database.quiet() as tx:
            return await recalls.dry_run(tx, wanted)

    @app.post("/recalls", tags=["recalls"], status_code=201)
    async def post_recall(body: RecallOrder, command: given) -> dict[str, Any]:
        """Hold all that a dry run showed; 409 when other lots are concerned by now."""
        return await command.once(lambda tx: held.order(tx, body))

    @app.post("/recalls/{recall_id}/end", tags=["recalls"])
    async def post_end_of_recall(
        recall_id: str, body: RecallChange, command: given
    ) -> dict[str, Any]:
        """Let go all lots of a recall; 409 when it has ended already."""
        return await command.once(lambda tx: held.end(tx, recall_id, body))

    @app.get("/recalls", tags=["recalls"])
    async def get_recalls(limit: Limit = 100) -> dict[str, Any]:
        """The newest recalls, newest first."""
        async with database.quiet() as tx:
            return {"items": await recalls.listed(tx, limit)}

    @app.get("/recalls/{recall_id}", tags=["recalls"])
    async def get_recall(recall_id: str) -> dict[str, Any]:
        """One recall with its lots, also those made of them since, and where they are now."""
        async with database.quiet() as tx:
            return await recalls.whole(tx, recall_id)


def _named(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


def _add_record(service: Service, sealer: Sealer) -> None:
    app, database = service.app, service.database

    @app.get("/record", tags=["record"])
    async def get_record(
        after: Annotated[int, Query(ge=0, lt=HIGHEST_POSITION)] = 0, limit: Limit = 200
    ) -> dict[str, Any]:
        """Every event as kept, after a position; `leaf_sha256` is what the seals stand on."""
        async with database.quiet() as tx:
            found = await store.records(tx, after, HIGHEST_POSITION, limit)
        return {"items": [asdict(one) | {"leaf_sha256": one.leaf().hex()} for one in found]}

    @app.get("/record/verify", tags=["record"])
    async def get_verify() -> dict[str, Any]:
        """Compute all seals anew: ok, or the first position that is not as it was sealed."""
        async with database.quiet() as tx:
            return await workflow.verify(tx)

    @app.get("/record/export", tags=["record"], response_class=PlainTextResponse)
    async def get_export() -> StreamingResponse:
        """All that is sealed as one signed file of text; `halite verify` checks it anywhere."""
        lines = workflow.export(service, await sealer.signer())
        return StreamingResponse(lines, media_type="text/plain", headers=_named("record.txt"))

    @app.get("/seals/keys", tags=["record"])
    async def get_keys() -> dict[str, Any]:
        """The public keys that signed seals; `newest` signs now."""
        signer = await sealer.signer()
        async with database.quiet() as tx:
            keys = await store.keys(tx)
        items = [{"key_id": key_id, "public_key": keys[key_id].hex()} for key_id in sorted(keys)]
        return {"newest": signer.key_id, "items": items}

    @app.get("/seals", tags=["record"])
    async def get_seals(limit: Limit = 100) -> dict[str, Any]:
        """The newest seals, newest first."""
        async with database.quiet() as tx:
            return {"items": await store.seal_list(tx, limit)}
