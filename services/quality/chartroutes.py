"""HTTP face of control charts, gauge studies and what witnesses say together; no rules here."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, Path, Query
from pydantic import Field

from services.quality import chartviews, chartwatch, gaugerecords, gradedcells, witnesses
from services.quality.domain import Input
from services.quality.earlyfailure import METHOD_VERSION, predicted
from services.quality.gaugerecords import GaugeRecord
from services.quality.gaugestudy import bias_study, gauge_study
from shared.app import Service
from shared.commands import Command, command_of
from shared.errors import InvalidInputError

ChartPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
SeriesQuery = Annotated[
    str, Query(pattern=r"^([a-z0-9-]+(/[a-z0-9-]+)*)?(@[A-Za-z0-9._-]+@[0-9]+)?$", max_length=200)
]
SignalPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,300}$")]
LotPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")]
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class FreezeLimits(Input):
    """Which points limits are computed from, by whom and why."""

    series: str = Field(default="", max_length=200)
    first: int = Field(ge=1)
    last: int = Field(ge=1)
    person: Words
    reason: Words


class SignalAnswer(Input):
    """What was found to be the cause of a signal, and what was done."""

    person: Words
    cause: Words
    action: Words


class GaugeValues(Input):
    """Values by part, by operator or channel, by repeat; tolerance: high less low, same unit."""

    values: list[list[list[float]]] = Field(min_length=2, max_length=1000)
    tolerance: float | None = Field(default=None, gt=0)


class BiasValues(Input):
    """Repeated values of one reference and what it is, in one unit."""

    values: list[float] = Field(min_length=1, max_length=10_000)
    reference: float


def add_chart_routes(service: Service) -> None:
    """Add the routes of control charts."""
    app, database, clock = service.app, service.database, service.clock
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/control-charts", tags=["statistics"])
    async def get_charts() -> dict[str, Any]:
        """All control charts with their series."""
        async with database.quiet() as tx:
            return {"items": await chartviews.overview(tx)}

    @app.get("/control-charts/{chart_id}", tags=["statistics"])
    async def get_chart(
        chart_id: ChartPath,
        series: SeriesQuery = "",
        limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
    ) -> dict[str, Any]:
        """The newest points of one series with limits, rules they break, and capability."""
        async with database.quiet() as tx:
            return await chartviews.one(tx, chart_id, series, limit)

    @app.post("/control-charts/{chart_id}/limits", status_code=201, tags=["statistics"])
    async def post_limits(chart_id: ChartPath, body: FreezeLimits, command: given) -> Any:
        """Freeze limits from some points of a series; what comes later is held against them."""

        async def act(tx: Any) -> dict[str, Any]:
            chart = await chartviews.chart_of(tx, chart_id)
            frozen = body.model_dump(exclude={"series"}) | {"at": clock.now()}
            at = await chartwatch.freeze_limits(tx, chart, body.series, frozen)
            limits = {} if at.limits is None else asdict(at.limits)
            return {"limits_version": at.limits_version, **limits}

        return await command.once(act)

    @app.get("/chart-signals", tags=["statistics"])
    async def get_signals(
        only_open: bool = True, limit: Annotated[int, Query(ge=1, le=1000)] = 200
    ) -> dict[str, Any]:
        """Signals of all charts, newest first, each with its action plan."""
        async with database.quiet() as tx:
            return {"items": await chartviews.signals(tx, only_open=only_open, limit=limit)}

    @app.post("/chart-signals/{signal_id}/answers", status_code=201, tags=["statistics"])
    async def post_answer(signal_id: SignalPath, body: SignalAnswer, command: given) -> Any:
        """Close a signal with its cause and what was done."""

        async def act(tx: Any) -> dict[str, Any]:
            answer = body.model_dump()
            await chartwatch.close_signal(tx, service.outbox, clock, signal_id, answer)
            return {"signal_id": signal_id, "state": "closed"}

        return await command.once(act)

    @app.get("/lots/{lot_id}/witness-statistics", tags=["statistics"])
    async def get_witness_statistics(
        lot_id: LotPath, level_ma_per_cm2: Annotated[float, Query(gt=0, le=1000)] = 4.0
    ) -> dict[str, Any]:
        """What the witnesses of a pellet lot say together about its critical current density."""
        async with database.quiet() as tx:
            return await witnesses.statistics(tx, lot_id, level_ma_per_cm2)

    @app.post("/gauge-records", status_code=201, tags=["statistics"])
    async def post_gauge_record(body: GaugeRecord, command: given) -> dict[str, Any]:
        """Keep a gauge study, crossed or of the bias, with its values and what they say."""
        return await command.once(lambda tx: gaugerecords.keep(tx, body, clock.now()))

    @app.get("/gauge-records", tags=["statistics"])
    async def get_gauge_records(
        characteristic: Annotated[str | None, Query(max_length=100)] = None,
        equipment_id: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        """Gauge studies as they were kept, with their values, newest first."""
        async with database.quiet() as tx:
            return {"items": await gaugerecords.listed(tx, characteristic, equipment_id, limit)}

    @app.get("/failure-advice", tags=["statistics"])
    async def get_failure_advice(
        product_id: Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9_.-]{0,60}$")],
    ) -> dict[str, Any]:
        """Which cells may fail at grading, with how well that is known; advice, never a gate.

        Where too little is known to advise, `skill` is null and `reason` says what is missing.
        """
        try:
            async with database.quiet() as tx:
                cells = await gradedcells.seen(tx, product_id)
            found = asdict(await asyncio.to_thread(predicted, cells))
        except InvalidInputError as error:
            found = {"skill": None, "weights": {}, "advice": [], "reason": str(error)}
        return {"reason": None, **found, "method_version": METHOD_VERSION}

    @app.post("/bias-studies", tags=["statistics"])
    async def post_bias_study(body: BiasValues) -> dict[str, Any]:
        """Compute how far a gauge is from a reference; keeps nothing."""
        return asdict(bias_study(body.values, body.reference))

    @app.post("/gauge-studies", tags=["statistics"])
    async def post_gauge_study(body: GaugeValues) -> dict[str, Any]:
        """Compute a crossed gauge study by analysis of variance; keeps nothing."""
        sizes = {(len(part), *sorted({len(row) for row in part})) for part in body.values}
        values = np.array(body.values) if len(sizes) == 1 else np.empty((0,))
        return asdict(gauge_study(values, body.tolerance))
