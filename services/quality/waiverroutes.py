"""HTTP face of waivers and of judging again; no rules here."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query

from services.quality import gateviews, reevaluation, specsigning, waiverwork
from services.quality.reevaluation import Reevaluation
from services.quality.releasedesk import ReleaseDesk
from services.quality.releases import ReleaseSigned
from services.quality.signatures import SignatureGiven
from services.quality.specsigning import SpecificationDesk, SpecificationSigned
from services.quality.waivers import WaiverProposal
from services.quality.waiverwork import WaiverDesk
from shared.app import Service
from shared.commands import Command, command_of

WaiverPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
JobPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")]


def add_waiver_routes(service: Service, desk: WaiverDesk) -> None:
    """Add the routes of waivers and of judging again."""
    app, database, clock = service.app, service.database, service.clock
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/waivers", tags=["decisions"])
    async def get_waivers(limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> dict[str, Any]:
        """Waivers, newest first, with signatures and whether each counts now."""
        async with database.quiet() as tx:
            return {"items": await waiverwork.shown(tx, clock.now(), limit)}

    @app.post("/waivers", status_code=201, tags=["decisions"])
    async def post_waiver(body: WaiverProposal, command: given) -> dict[str, Any]:
        """Propose a waiver with the first signature."""
        return await command.once(lambda tx: desk.propose(tx, body))

    @app.post("/waivers/{waiver_id}/signatures", status_code=201, tags=["decisions"])
    async def post_signature(
        waiver_id: WaiverPath, body: SignatureGiven, command: given
    ) -> dict[str, Any]:
        """Sign a proposed waiver; it is in force when all have signed."""
        return await command.once(lambda tx: desk.sign(tx, waiver_id, body))

    @app.post("/waivers/{waiver_id}/revocations", status_code=201, tags=["decisions"])
    async def post_revocation(
        waiver_id: WaiverPath, body: SignatureGiven, command: given
    ) -> dict[str, Any]:
        """Revoke a waiver; what was released under it is judged again."""
        return await command.once(lambda tx: desk.revoke(tx, waiver_id, body))

    @app.get("/blocked", tags=["decisions"])
    async def get_blocked(limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> dict[str, Any]:
        """What gates block now, newest first, each with the nonconformance it raised."""
        async with database.quiet() as tx:
            return {"items": await gateviews.blocked(tx, limit)}

    @app.get("/job-orders/{job_order_id}/gates", tags=["decisions"])
    async def get_gates(job_order_id: JobPath) -> dict[str, Any]:
        """An ended job order at its gates: results, decisions, waivers, files, what was raised."""
        async with database.quiet() as tx:
            return await gateviews.of_job_order(tx, job_order_id, clock.now())

    @app.post("/job-orders/{job_order_id}/evaluations", status_code=201, tags=["decisions"])
    async def post_evaluation(
        job_order_id: JobPath, body: Reevaluation, command: given
    ) -> dict[str, Any]:
        """Have the gates of an ended job order judge again by the newest specifications."""
        return await command.once(
            lambda tx: reevaluation.again(tx, database, job_order_id, body, clock.now())
        )


def add_signature_routes(
    service: Service, desk: SpecificationDesk, release_desk: ReleaseDesk
) -> None:
    """Add the routes by which test specifications and releases are signed."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/unsigned-specifications", tags=["master data"])
    async def get_unsigned() -> dict[str, Any]:
        """Versions of test specifications that wait for signatures and do not act yet."""
        async with database.quiet() as tx:
            return {"items": await specsigning.waiting(tx)}

    @app.post("/specification-signatures", status_code=201, tags=["master data"])
    async def post_specification_signature(
        body: SpecificationSigned, command: given
    ) -> dict[str, Any]:
        """Sign a version of a test specification; it acts when all have signed."""
        return await command.once(lambda tx: desk.sign(tx, body))

    @app.post("/release-signatures", status_code=201, tags=["decisions"])
    async def post_release_signature(body: ReleaseSigned, command: given) -> dict[str, Any]:
        """Sign what a gate found good and a person must release."""
        return await command.once(lambda tx: release_desk.sign(tx, body))
