"""HTTP face of sampling plans and series; no rules here."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response

from services.quality import (
    attributesplan,
    masterdata,
    operatingcurve,
    sampler,
    stagedplan,
    variablesplan,
)
from services.quality.attributesplan import Level, Severity
from services.quality.sampler import Resumption
from services.quality.signing import Signing
from services.quality.stagedplan import Kind, Stage
from shared.answers import answers
from shared.app import Service
from shared.commands import Command, command_of
from shared.errors import NotFoundError

Ratio = Annotated[float, Query(ge=1e-6, lt=0.5)]
LotSize = Annotated[int, Query(ge=2, le=10_000_000)]
Aql = Annotated[float, Query(gt=0, le=10)]
Count = Annotated[int, Query(ge=1, le=100_000)]
NameQuery = Annotated[str, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
LotPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")]


def add_sampling_routes(service: Service, signing: Signing) -> None:
    """Add the routes of sampling."""
    app, database, clock = service.app, service.database, service.clock
    given = Annotated[Command, Depends(command_of(database))]
    _add_plans(service)

    @app.get("/sampling-series", tags=["sampling"])
    async def get_series(limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> dict[str, Any]:
        """How strictly each series is inspected now, and the newest samples."""
        async with database.quiet() as tx:
            return await sampler.shown(tx, limit)

    @app.get("/lots/{lot_id}/sample", tags=["sampling"])
    async def get_sample(
        lot_id: LotPath, product_id: NameQuery, operation: NameQuery, gate: NameQuery
    ) -> dict[str, Any]:
        """Which parts of a lot are to be measured for a gate; drawn, not chosen."""
        async with database.quiet() as tx:
            for spec in await masterdata.specifications(tx, product_id, operation):
                if spec.gate == gate and spec.sampling is not None:
                    return await sampler.to_draw(tx, spec, spec.sampling, lot_id)
        raise NotFoundError(f"gate {gate} of {product_id} after {operation} draws no sample")

    @app.post("/sampling-resumptions", status_code=201, tags=["sampling"])
    async def post_resumption(body: Resumption, command: given) -> dict[str, Any]:
        """Have a discontinued series inspected again, signed."""
        return await command.once(lambda tx: sampler.resume(tx, signing, clock, body))


def _add_plans(service: Service) -> None:
    app = service.app

    @app.get("/sampling-plans/iso-2859-1", tags=["sampling"])
    async def get_attributes_plan(
        lot_size: LotSize,
        aql_percent: Aql,
        level: Level = "II",
        severity: Severity = "normal",
        stages: Kind = "single",
    ) -> dict[str, Any]:
        """The single, double or multiple plan of a lot, with what it lets pass.

        `kind` says which holds: a small lot has a single plan whatever is asked for.
        """
        return _iso_plan(lot_size, aql_percent, level, severity, stages)

    @app.get(
        "/sampling-plans/iso-2859-1/drawing",
        tags=["sampling"],
        response_class=Response,
        responses=answers("image/svg+xml"),
    )
    async def get_iso_drawing(
        lot_size: LotSize,
        aql_percent: Aql,
        level: Level = "II",
        severity: Severity = "normal",
        stages: Kind = "single",
    ) -> Response:
        """The operating characteristic of such a plan as a picture (SVG)."""
        found = _iso_plan(lot_size, aql_percent, level, severity, stages)
        counts = ", ".join(str(stage["sample_count"]) for stage in found["stages"])
        title = f"{found['kind']}, letter {found['letter']}, {severity}: {counts} of {lot_size}"
        return _drawn(title, found)

    @app.get("/sampling-plans/fixed", tags=["sampling"])
    async def get_fixed_plan(
        sample_count: Count,
        accept_count: Annotated[int, Query(ge=0, le=100_000)] = 0,
        lot_size: Annotated[int | None, Query(ge=1, le=100_000)] = None,
    ) -> dict[str, Any]:
        """What a plan of so many items lets pass, as for destructive tests."""
        return _passes(sample_count, accept_count, lot_size)

    @app.get(
        "/sampling-plans/fixed/drawing",
        tags=["sampling"],
        response_class=Response,
        responses=answers("image/svg+xml"),
    )
    async def get_drawing(
        sample_count: Count,
        accept_count: Annotated[int, Query(ge=0, le=100_000)] = 0,
        lot_size: Annotated[int | None, Query(ge=1, le=100_000)] = None,
    ) -> Response:
        """The operating characteristic of such a plan as a picture (SVG)."""
        found = _passes(sample_count, accept_count, lot_size)
        of = "" if lot_size is None else f" of {lot_size}"
        title = f"{sample_count}{of} measured, accepted with up to {accept_count} nonconforming"
        return _drawn(title, found)

    @app.get("/sampling-plans/for-risks", tags=["sampling"])
    async def get_plan_for_risks(
        good_ratio: Ratio,
        bad_ratio: Ratio,
        producer_risk_ratio: Ratio = 0.05,
        consumer_risk_ratio: Ratio = 0.1,
    ) -> dict[str, Any]:
        """The smallest plans, by attributes and by variables, that keep two risks."""
        risks = (good_ratio, producer_risk_ratio, bad_ratio, consumer_risk_ratio)
        count, accept = attributesplan.smallest_plan(*risks)
        return {
            "attributes": {"sample_count": count, "accept_count": accept},
            "variables_known_sigma": asdict(variablesplan.known_sigma_plan(*risks)),
            "variables_unknown_sigma": asdict(variablesplan.unknown_sigma_plan(*risks)),
        }


def _iso_plan(
    lot_size: int, aql_percent: float, level: Level, severity: Severity, kind: Kind
) -> dict[str, Any]:
    """Return a plan of ISO 2859-1 with its stages and its operating characteristic."""
    single = attributesplan.attributes_plan(lot_size, level, aql_percent, severity)
    plan = stagedplan.staged_plan(lot_size, level, aql_percent, severity, kind)
    if plan is None:
        found = _passes(single.sample_count, single.accept_count, None)
        means = [float(single.sample_count)] * len(found["nonconforming_ratio"])
        stages: tuple[Stage, ...] = (stagedplan.of_single(single),)
    else:
        found = _curve(lambda ratio: stagedplan.accept_probability(plan, ratio))
        means = [stagedplan.mean_sample_count(plan, one) for one in found["nonconforming_ratio"]]
        stages = plan.stages
    return {
        **asdict(single),
        "kind": "single" if plan is None else plan.kind,
        "stages": [asdict(stage) for stage in stages],
        "mean_sample_count": means,
        **found,
    }


def _passes(sample_count: int, accept_count: int, lot_size: int | None) -> dict[str, Any]:
    """Return the operating characteristic of a plan and its two usual points."""

    def accepts(ratio: float) -> float:
        return attributesplan.accept_probability(sample_count, accept_count, ratio, lot_size)

    return {
        "sample_count": sample_count,
        "accept_count": accept_count,
        "lot_size": lot_size,
        **_curve(accepts),
    }


def _curve(accepts: Callable[[float], float]) -> dict[str, Any]:
    at_95 = operatingcurve.quality_accepted(accepts, 0.95)
    at_10 = operatingcurve.quality_accepted(accepts, 0.10)
    ratios, accepted = operatingcurve.curve(accepts, min(1.0, 1.5 * (at_10 or 1.0)))
    return {
        "accepted_95_percent_at_ratio": at_95,
        "accepted_10_percent_at_ratio": at_10,
        "nonconforming_ratio": ratios,
        "accepted_ratio": accepted,
    }


def _drawn(title: str, found: Mapping[str, Any]) -> Response:
    svg = operatingcurve.drawing(title, found["nonconforming_ratio"], found["accepted_ratio"])
    return Response(svg, media_type="image/svg+xml")
