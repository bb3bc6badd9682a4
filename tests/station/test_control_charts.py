"""Control charts on a real database: values of ended job orders become points and signals."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from services.quality.chartwatch import ChartWatch
from services.quality.main import MIGRATIONS, build
from services.quality.settings import QualitySettings
from shared.app import Service
from shared.db import migrate, sql
from shared.envelope import envelope
from shared.events import (
    ControlChartSignalled,
    GenealogyRecorded,
    JobOrderEnded,
    MaterialLotRegistered,
)
from shared.facts import Material, TestResult

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
BASELINE = 80.0 + np.random.default_rng(7).normal(0.0, 1.0, 25)
CHART = {
    "chart_id": "thickness",
    "version": 1,
    "characteristic": "thickness_um",
    "product_id": "nvp-coin",
    "operation": "gauge",
    "kind": "i_mr",
    "rules": ["nelson_2"],
    "action_plan": ["Measure the reference disc", "Look at the press force"],
    "source": "test",
}
FREEZE = {"first": 1, "last": 25, "person": "engineer", "reason": "first stable week"}


@dataclass
class Charts:
    """The quality service on its own database; the charts take their turn when the test says."""

    service: Service
    watch: ChartWatch
    http: httpx.AsyncClient

    async def measure(self, values: Sequence[float], station: str = "gauge-1") -> None:
        """Let a station end a job order with these thicknesses, in µm, and plot them."""
        await self.hear(ended(values, station))
        while await self.watch.look():
            pass

    async def measure_by(self, recipe_version: int, values: Sequence[float]) -> None:
        """The same by another version of the recipe."""
        await self.hear(ended(values, "gauge-1", recipe_version))
        while await self.watch.look():
            pass

    async def hear(self, event: JobOrderEnded | GenealogyRecorded | MaterialLotRegistered) -> None:
        inbox = self.service.inbox
        assert inbox is not None
        wrapped = envelope(event, service="sintering", time=START, correlation_id="order-1")
        async with self.service.database.begin() as tx:
            await inbox.effects.handle(tx, wrapped)

    async def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return await self.http.post(path, headers={"idempotency-key": uuid4().hex}, json=body)

    async def draw(self, *charts: dict[str, Any]) -> None:
        reply = await self.post("/master-data", {"control_charts": list(charts)})
        assert reply.status_code == 201, reply.text

    async def get(self, path: str) -> Any:
        reply = await self.http.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def said(self) -> list[ControlChartSignalled]:
        async with self.service.database.quiet() as tx:
            rows = (await tx.execute(sql("SELECT body FROM outbox ORDER BY id"))).mappings().all()
        events = [json.loads(row["body"]) for row in rows]
        kind = ControlChartSignalled.kind
        return [
            ControlChartSignalled.model_validate(event["data"])
            for event in events
            if event["type"].split(".")[2] == kind
        ]


@pytest.fixture
async def charts(fresh_database: str) -> AsyncIterator[Charts]:
    migrate(fresh_database, MIGRATIONS)
    settings = QualitySettings.model_validate(
        {
            "service": "quality",
            "port": 1,
            "database_url": fresh_database,
            "plant_file": ROOT / "deploy/plant.toml",
            "service_urls": dict.fromkeys(
                ("execution", "sintering", "spray", "lamination", "formation"), "http://127.0.0.1:1"
            ),
        }
    )
    service = build(settings)
    transport = httpx.ASGITransport(app=service.app)
    yield Charts(
        service=service,
        watch=ChartWatch(service.database, service.outbox, service.clock),
        http=httpx.AsyncClient(transport=transport, base_url="http://quality"),
    )
    await service.http.aclose()
    await service.database.close()


def ended(values: Sequence[float], station: str, recipe_version: int = 1) -> JobOrderEnded:
    name = uuid4().hex[:8]
    lots = [f"P-{name}-{number}" for number in range(len(values))]
    return JobOrderEnded.model_validate(
        {
            "job_order_id": f"J-{name}",
            "lot_id": f"L-{name}",
            "work_request_id": "WR-1",
            "product_id": "nvp-coin",
            "operation": "gauge",
            "state": "ended",
            "equipment_id": f"pilot/furnaces/inspection/{station}",
            "recipe_id": "r",
            "recipe_version": recipe_version,
            "started_at": START,
            "ended_at": START + timedelta(minutes=5),
            "materials": [material(lot) for lot in lots],
            "results": [
                TestResult(lot_id=lot, characteristic="thickness_um", value=value, unit="um")
                for lot, value in zip(lots, values, strict=True)
            ],
        }
    )


def material(lot_id: str) -> Material:
    return Material(
        lot_id=lot_id, material_definition_id="pellet", quantity=1, unit="count", use="processed"
    )


async def test_a_chart_judges_only_what_comes_after_its_limits_were_frozen(charts: Charts) -> None:
    await charts.draw(CHART)
    await charts.measure([*BASELINE[:24], 95.0])

    before = await charts.get("/control-charts/thickness")
    frozen = await charts.post("/control-charts/thickness/limits", FREEZE | {"last": 24})
    await charts.measure([80.0, 95.0])

    after = await charts.get("/control-charts/thickness")
    assert before["limits"] == []
    assert before["trial_limits"]["baseline_count"] == 25
    assert frozen.status_code == 201, frozen.text
    assert [point["rules"] for point in after["points"][-3:]] == [[], [], ["limits"]]
    signals = await charts.said()
    assert [(item.number, item.value, item.state) for item in signals] == [(27, 95.0, "open")]
    assert signals[0].action_plan[0] == "Measure the reference disc"


async def test_nine_values_on_one_side_signal_a_shift_within_the_limits(charts: Charts) -> None:
    await charts.draw(CHART)
    await charts.measure(BASELINE)
    await charts.post("/control-charts/thickness/limits", FREEZE)

    await charts.measure([float(BASELINE.mean()) + 0.8] * 9)

    assert [(item.number, item.rules) for item in await charts.said()] == [(34, ("nelson_2",))]


async def test_a_signal_is_closed_once_with_its_cause(charts: Charts) -> None:
    await charts.draw(CHART)
    await charts.measure(BASELINE)
    await charts.post("/control-charts/thickness/limits", FREEZE)
    await charts.measure([90.0])
    [signal] = await charts.said()
    path = f"/chart-signals/{signal.signal_id}/answers"
    answer = {"person": "engineer", "cause": "worn punch", "action": "punch changed"}

    first = await charts.post(path, answer)
    second = await charts.post(path, answer)

    assert (first.status_code, second.status_code) == (201, 409)
    assert (await charts.get("/chart-signals"))["items"] == []
    [closed] = (await charts.get("/chart-signals?only_open=false"))["items"]
    assert (closed["cause"], closed["person"]) == ("worn punch", "engineer")
    assert [item.state for item in await charts.said()] == ["open", "closed"]


async def test_one_drifting_gauge_is_told_from_the_others(charts: Charts) -> None:
    await charts.draw(CHART | {"chart_id": "gauges", "by": "equipment"})
    for station in ("gauge-1", "gauge-2"):
        await charts.measure(BASELINE, station)
        series = f"pilot/furnaces/inspection/{station}"
        await charts.post("/control-charts/gauges/limits", FREEZE | {"series": series})

    await charts.measure([80.2], "gauge-1")
    await charts.measure([88.0], "gauge-2")

    assert [item.series for item in await charts.said()] == ["pilot/furnaces/inspection/gauge-2"]


async def test_values_of_another_protocol_version_are_a_series_of_their_own(
    charts: Charts,
) -> None:
    await charts.draw(CHART)
    await charts.measure(BASELINE)
    assert (await charts.post("/control-charts/thickness/limits", FREEZE)).status_code == 201
    await charts.measure_by(2, [95.0])
    assert await charts.said() == []
    old = await charts.get("/control-charts/thickness?series=")
    new = await charts.get("/control-charts/thickness?series=@r@2")
    assert (len(old["points"]), len(new["points"]), new["limits"]) == (25, 1, [])


async def test_subgroups_become_points_when_they_are_full(charts: Charts) -> None:
    await charts.draw(CHART | {"kind": "xbar_r", "subgroup_size": 5})

    await charts.measure(BASELINE[:12])

    assert [
        len(p["values"]) for p in (await charts.get("/control-charts/thickness"))["points"]
    ] == [
        5,
        5,
    ]


async def test_a_value_is_plotted_once_though_two_replicas_look(charts: Charts) -> None:
    await charts.draw(CHART)
    await charts.hear(ended(BASELINE, "gauge-1"))
    twin = ChartWatch(charts.service.database, charts.service.outbox, charts.service.clock)

    counts = [await charts.watch.look(), await twin.look()]

    assert counts == [25, 0]
    assert len((await charts.get("/control-charts/thickness"))["points"]) == 25


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "xbar_r"}, "subgroup_size of xbar_r is 1; it must be at least 2"),
        ({"kind": "cusum"}, "points of cusum depend on each other; rules must be empty"),
        ({"rules": ["nelson_9"]}, "rule is nelson_9"),
    ],
)
async def test_a_chart_that_makes_no_sense_is_refused_with_the_reason(
    charts: Charts, change: dict[str, Any], reason: str
) -> None:
    reply = await charts.post("/master-data", {"control_charts": [CHART | change]})

    assert reply.status_code == 422
    assert reason in reply.text


async def test_limits_of_points_that_are_not_there_are_refused(charts: Charts) -> None:
    await charts.draw(CHART)
    await charts.measure(BASELINE[:10])

    missing = await charts.post("/control-charts/thickness/limits", FREEZE)
    few = await charts.post("/control-charts/thickness/limits", FREEZE | {"last": 10})

    assert (missing.status_code, few.status_code) == (404, 422)
    assert "it has points 1 to 10" in missing.text
    assert "limits need at least 20" in few.text


async def test_witnesses_speak_together_for_their_pellet_lot(charts: Charts) -> None:
    async with charts.service.database.begin() as tx:
        for number in range(4):
            cell, pellet = f"W-{number}", f"P-{number}"
            await tx.execute(
                sql("INSERT INTO member (lot_id, pellet_lot_id) VALUES (:p, 'LOT')"), {"p": pellet}
            )
            await tx.execute(
                sql("INSERT INTO component (lot_id, part_lot_id) VALUES (:c, :p)"),
                {"c": cell, "p": pellet},
            )
            await tx.execute(
                sql("""
                    INSERT INTO measurement (job_order_id, lot_id, characteristic, value, unit,
                        measured_at)
                    VALUES ('J', :c, 'ccd_survived_ma_per_cm2', :v, 'mA/cm²', now())"""),
                {"c": cell, "v": 3.0 + number},
            )

    found = await charts.get("/lots/LOT/witness-statistics?level_ma_per_cm2=4")

    assert (found["passed_count"], found["known_count"]) == (3, 3)
    assert found["surviving_ratio_low"] == pytest.approx(0.05 ** (1 / 3))
    assert "0 witnesses failed" in found["weibull_reason"]
