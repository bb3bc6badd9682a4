"""HTTP face of documents: what leaves the plant about one cell, and about its work."""

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from fastapi.responses import PlainTextResponse

from services.trace import confirmations, isa95, lots
from services.trace.documents import Documents
from services.trace.export import canonical
from shared.answers import answers
from shared.app import Service

After = Annotated[int, Query(ge=0, lt=2**62)]
Limit = Annotated[int, Query(ge=1, le=1000)]
AASX = "application/asset-administration-shell-package"
OR_CSV = answers("text/csv")
Form = Annotated[Literal["json", "csv"], Query(alias="format")]


def add_document_routes(service: Service, documents: Documents) -> None:
    """Add the routes of documents to the service's app."""
    _add_history(service, documents)
    _add_passport(service, documents)
    _add_work(service)


def _add_history(service: Service, documents: Documents) -> None:
    app = service.app

    @app.get("/lots/{lot_id}/device-history", tags=["documents"])
    async def get_history(lot_id: str) -> Response:
        """The life of a cell from raw lots to grade, with evidence and open points, as signed JSON.

        `halite verify` checks it anywhere.
        """
        text = await documents.history_text(lot_id)
        return Response(text, media_type="application/json")

    @app.get(
        "/lots/{lot_id}/device-history.pdf",
        tags=["documents"],
        response_class=Response,
        responses=answers("application/pdf"),
    )
    async def get_history_pdf(lot_id: str) -> Response:
        """The same as pages, signed with the plant's certificate (PAdES)."""
        pages = await documents.history_pdf(lot_id)
        return Response(pages, media_type="application/pdf")

    @app.get("/documents/certificate", tags=["documents"], response_class=PlainTextResponse)
    async def get_certificate() -> PlainTextResponse:
        """The certificate that signs PDF files, for those who are to trust them (PEM)."""
        return PlainTextResponse((await documents.pdf_signer()).pem)


def _add_passport(service: Service, documents: Documents) -> None:
    app = service.app

    @app.get("/lots/{lot_id}/passport", tags=["documents"])
    async def get_passport(lot_id: str) -> Response:
        """IDTA submodels 02035-1, -4, -6 with what each value stands on, as signed JSON.

        What is not known of this cell is left out and listed.
        """
        text = await documents.passport_text(lot_id)
        return Response(text, media_type="application/json")

    @app.get(
        "/lots/{lot_id}/passport.aasx",
        tags=["documents"],
        response_class=Response,
        responses=answers(AASX),
    )
    async def get_package(lot_id: str) -> Response:
        """The same submodels as an AASX package."""
        package = await documents.passport_package(lot_id)
        return Response(package, media_type=AASX)

    @app.get(
        "/lots/{lot_id}/passport.jsonld",
        tags=["documents"],
        response_class=Response,
        responses=answers("application/ld+json"),
    )
    async def get_linked(lot_id: str) -> Response:
        """What is known as linked data in the words of BattINFO."""
        text = canonical(await documents.passport_linked(lot_id))
        return Response(text, media_type="application/ld+json")


def _add_work(service: Service) -> None:
    app, database = service.app, service.database

    @app.get("/isa95/job-responses", tags=["isa95"], response_model=None, responses=OR_CSV)
    async def get_job_responses(
        after: After = 0, limit: Limit = 100, form: Form = "json"
    ) -> dict[str, Any] | PlainTextResponse:
        """Ended job orders as B2MML JobResponse, or as CSV; `next` goes on behind the last."""
        async with database.quiet() as tx:
            told = await confirmations.ended_jobs(tx, after, limit)
        if form == "csv":
            return PlainTextResponse(isa95.job_responses_csv(told), media_type="text/csv")
        return {
            "JobResponse": [isa95.job_response(one) for one in told],
            "next": told[-1].position if told else after,
        }

    @app.get("/isa95/material-lots", tags=["isa95"], response_model=None, responses=OR_CSV)
    async def get_material_lots(
        search: Annotated[str, Query(max_length=100)] = "", limit: Limit = 100, form: Form = "json"
    ) -> dict[str, Any] | PlainTextResponse:
        """Lots as B2MML MaterialLot, or as CSV."""
        async with database.quiet() as tx:
            found = await lots.lots(tx, search, limit)
        if form == "csv":
            return PlainTextResponse(isa95.material_lots_csv(found), media_type="text/csv")
        return {"MaterialLot": [isa95.material_lot(one) for one in found]}

    @app.get("/confirmations", tags=["erp"])
    async def get_confirmations(after: After = 0, limit: Limit = 100) -> dict[str, Any]:
        """What an ERP system is to know, in order; ask again after the last `number`."""
        async with database.quiet() as tx:
            return {"items": await confirmations.confirmations(tx, after, limit)}

    @app.get("/confirmations/delivery", tags=["erp"])
    async def get_delivery() -> dict[str, Any]:
        """How far the plant file's address has taken confirmations, and why it takes no more."""
        async with database.quiet() as tx:
            return {"items": await confirmations.deliveries(tx)}
