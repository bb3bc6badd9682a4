"""HTTP face of the quality service; no rules here."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from services.quality import countdowns, evidence, openings, views, workflow
from services.quality.arrhenius import Form, Warm, activation
from services.quality.chartmaster import ControlChart
from services.quality.chartroutes import add_chart_routes
from services.quality.domain import ExposureBudget, Mode, TestSpecification
from services.quality.figures import MODEL_VERSION, KkOptions
from services.quality.nonconformance import ReworkRoute
from services.quality.signatures import SignatureRule
from services.quality.upload import SpectrumFile, Upload
from shared.answers import answers
from shared.app import Service
from shared.commands import Command, command_of
from shared.facts import Disposition

LOT_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$"
LotPath = Annotated[str, Path(pattern=LOT_PATTERN)]
LotQuery = Annotated[str, Query(pattern=LOT_PATTERN)]
FileName = Annotated[str, Query(pattern=r"^[^\x00-\x1f/\\]{1,200}$")]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Limit = Annotated[int, Query(ge=1, le=1000)]
MOST_OPEN = 100  # states that one lot lies open in; there are far less
CRatio = Annotated[float, Query(gt=0, lt=1)]
SpectrumQuery = Annotated[str | None, Query(min_length=1, max_length=200)]
PerDecade = Annotated[float, Query(ge=0, le=10)]


class MasterData(BaseModel):
    """The quality section of a plant's master data."""

    model_config = ConfigDict(extra="forbid")

    test_specifications: list[TestSpecification] = []
    exposure_budgets: list[ExposureBudget] = []
    control_charts: list[ControlChart] = []
    signature_rules: list[SignatureRule] = []
    rework_routes: list[ReworkRoute] = []


def add_routes(service: Service, rooms: tuple[str, ...], upload: Upload) -> None:
    """Add the routes of this service to its app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]
    _add_lots(service)
    _add_lists(service)
    add_chart_routes(service)

    @app.post("/master-data", status_code=201, tags=["master data"])
    async def post_master_data(body: MasterData, command: given) -> dict[str, Any]:
        """Keep specifications, budgets and charts; a version with other content is refused."""
        return await command.once(
            lambda tx: workflow.take_master_data(
                tx,
                body.test_specifications,
                body.exposure_budgets,
                body.control_charts,
                body.signature_rules,
                body.rework_routes,
                rooms,
            )
        )

    @app.post("/spectra", status_code=201, tags=["evidence"])
    async def post_spectrum(
        request: Request,
        command: given,
        name: FileName,
        lot_id: LotQuery,
        mode: Mode = "cell",
        c_ratio: CRatio = 0.85,
        part: Literal["real", "imag", "complex"] = "complex",
        elements_per_decade: PerDecade = 3.0,
        temperature_degc: Annotated[float | None, Query(ge=-100, le=500)] = None,
        circuit: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
        open_spectrum_id: SpectrumQuery = None,
        short_spectrum_id: SpectrumQuery = None,
    ) -> dict[str, Any]:
        """Keep a spectrum as its instrument wrote it (raw body), test it and fit it.

        `c_ratio`, `part` and `elements_per_decade` are those of the Kramers-Kronig test.
        `circuit`: one more to fit, as `L-R-p(R,Q)-Wo`. What the fixture showed open and shorted
        (`open_spectrum_id`, `short_spectrum_id`, kept before) is taken out of the spectrum.
        """
        file = SpectrumFile(
            name=name,
            lot_id=lot_id,
            content=await request.body(),
            mode=mode,
            options=KkOptions(c_ratio=c_ratio, part=part, elements_per_decade=elements_per_decade),
            temperature_degc=temperature_degc,
            circuit=circuit,
            open_spectrum_id=open_spectrum_id,
            short_spectrum_id=short_spectrum_id,
        )
        return await command.once(await upload.evaluated(file))

    @app.get(
        "/evidence/{sha256}",
        tags=["evidence"],
        response_class=Response,
        responses=answers("application/octet-stream"),
    )
    async def get_evidence(sha256: Sha256) -> Response:
        """The bytes of a file as they came."""
        async with database.quiet() as tx:
            content = await evidence.file(tx, sha256)
        return Response(content, media_type="application/octet-stream")


def _add_lots(service: Service) -> None:
    app, database = service.app, service.database

    @app.get("/lots/{lot_id}/results", tags=["lots"])
    async def get_results(lot_id: LotPath) -> dict[str, Any]:
        """Every value of a lot with the limits it was held against, newest first."""
        async with database.quiet() as tx:
            return {"items": await views.results(tx, lot_id)}

    @app.get("/lots/{lot_id}/figures", tags=["lots"])
    async def get_figures(lot_id: LotPath) -> dict[str, Any]:
        """The newest value of each characteristic of a lot, whether a gate judged it or not."""
        async with database.quiet() as tx:
            return {"items": await views.figures(tx, lot_id)}

    @app.get("/lots/{lot_id}/spectra", tags=["lots"])
    async def get_spectra(
        lot_id: LotPath, limit: Annotated[int, Query(ge=1, le=50)] = 5
    ) -> dict[str, Any]:
        """The newest spectra of a lot with arrays, fitted arrays and figures."""
        async with database.quiet() as tx:
            return {"items": await evidence.of_lot(tx, lot_id, limit)}

    @app.get("/lots/{lot_id}/activation", tags=["lots"])
    async def get_activation(lot_id: LotPath, form: Form = "sigma_t") -> dict[str, Any]:
        """The activation energy of a lot's ionic resistance over its temperature series."""
        async with database.quiet() as tx:
            series = await evidence.temperature_series(tx, lot_id, MODEL_VERSION)
        points = [
            Warm(
                temperature_degc=one["temperature_degc"],
                resistance_ohm=one["ionic_ohm"],
                standard_error_ohm=one["ionic_error_ohm"],
            )
            for one in series
        ]
        return {**asdict(activation(points, form)), "form": form, "series": series}

    @app.get("/lots/{lot_id}/exposure", tags=["lots"])
    async def get_exposure(lot_id: LotPath) -> dict[str, Any]:
        """How long and in how much moisture a lot was open, newest first; what is open now."""
        async with database.quiet() as tx:
            of_lot = countdowns.Wanted(lot_id=lot_id)
            found = await countdowns.page(tx, of_lot, MOST_OPEN, service.clock.now())
            return {"items": await openings.of_lot(tx, lot_id), "open": found["items"]}


def _add_lists(service: Service) -> None:
    app, database = service.app, service.database

    @app.get("/dispositions", tags=["decisions"])
    async def get_dispositions(
        disposition: Disposition | None = None,
        lot_id: Annotated[str | None, Query(pattern=LOT_PATTERN)] = None,
        limit: Limit = 200,
    ) -> dict[str, Any]:
        """What gates decided, newest first."""
        async with database.quiet() as tx:
            return {"items": await views.dispositions(tx, disposition, lot_id, limit)}

    @app.get("/undecided", tags=["decisions"])
    async def get_undecided(limit: Limit = 200) -> dict[str, Any]:
        """Ended job orders whose gates wait, and what for."""
        async with database.quiet() as tx:
            return {"items": await views.undecided(tx, limit)}

    @app.get("/nonconformances", tags=["decisions"])
    async def get_nonconformances(limit: Limit = 200) -> dict[str, Any]:
        """What is not as it must be, newest first, with exactly the lots it touches."""
        async with database.quiet() as tx:
            return {"items": await views.nonconformances(tx, limit)}

    @app.get("/test-specifications", tags=["master data"])
    async def get_test_specifications() -> dict[str, Any]:
        """All specifications and exposure budgets in all versions."""
        async with database.quiet() as tx:
            return await views.specifications(tx)
