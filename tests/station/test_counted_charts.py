"""Charts of counts on a real database: gates over parts feed them with how many failed."""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy.exc import DBAPIError

from services.quality.chartwatch import ChartWatch
from shared.db import sql
from shared.events import ControlChartSignalled
from tests.station.quality_desk import Desk, ended, quality_desk, result, specification

THICKNESS = {"characteristic": "thickness_um", "unit": "um", "low": 120, "high": 130}
CHART = {
    "chart_id": "bad-pellets",
    "version": 1,
    "characteristic": "thickness_nonconforming_count",
    "product_id": "nvp-coin",
    "operation": "gauge",
    "kind": "p",
    "action_plan": ["Look at the press"],
    "source": "test",
}


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        yield found


async def gauge(desk: Desk, number: int, bad: int, count: int) -> None:
    """A lot of so many pellets of which some are too thick."""
    lots = [f"P-{number}-{index}" for index in range(count)]
    values = [140.0] * bad + [125.0] * (count - bad)
    results = [
        result(lot, "thickness_um", "µm", value) for lot, value in zip(lots, values, strict=True)
    ]
    await desk.hear(ended(f"L-{number}", "gauge", *results, parts=tuple(lots)))


async def test_a_share_of_bad_parts_beyond_chance_signals_by_the_size_of_its_lot(
    desk: Desk,
) -> None:
    gate = specification("thickness", "gauge", THICKNESS, decides="parts")
    await desk.taught(gate, control_charts=[CHART])
    watch = ChartWatch(desk.service.database, desk.service.outbox, desk.service.clock)
    for number in range(20):
        await gauge(desk, number, bad=number % 3, count=20)
    while await watch.look():
        pass
    frozen = {"first": 1, "last": 20, "person": "Ada", "reason": "first weeks"}
    answer = await desk.does("/control-charts/bad-pellets/limits", frozen)
    mean = np.mean([number % 3 for number in range(20)]) / 20
    assert answer["centre"] == pytest.approx(mean)
    await gauge(desk, 20, bad=3, count=20)
    await gauge(desk, 21, bad=2, count=4)
    while await watch.look():
        pass
    [signal] = await desk.said(ControlChartSignalled)
    assert (signal.lot_id, signal.value) == ("L-21", 0.5)
    assert signal.high == pytest.approx(mean + 3 * np.sqrt(mean * (1 - mean) / 4))
    points = (await desk.get("/control-charts/bad-pellets"))["points"]
    assert [point["items"] for point in points[-2:]] == [20.0, 4.0]
    asked = {"person": "Ada", "reason": "look again"}
    await desk.does("/job-orders/L-21-gauge/evaluations", asked)
    assert await watch.look() == 0, "judging again is no new lot"


async def test_a_chart_of_shares_of_something_that_is_no_count_is_refused(desk: Desk) -> None:
    wrong = CHART | {"characteristic": "thickness_um"}
    reply = await desk.post("/master-data", {"control_charts": [wrong]})
    assert reply.status_code == 422
    assert "thickness_um is no count" in reply.text


async def test_a_bias_study_says_how_far_a_gauge_is_from_a_reference(desk: Desk) -> None:
    values = [125.1, 125.2, 125.3, 125.1, 125.2, 125.3, 125.1, 125.2, 125.3, 125.2]
    reply = await desk.post("/bias-studies", {"values": values, "reference": 125.0})
    assert reply.status_code == 200
    assert reply.json()["bias"] == pytest.approx(0.2)
    assert reply.json()["is_significant"]
    few = await desk.post("/bias-studies", {"values": values[:9], "reference": 125.0})
    assert few.status_code == 422


CROSSED = {
    "study_id": "GRR-1",
    "kind": "crossed",
    "characteristic": "thickness_um",
    "equipment_id": "pilot/press/gauging/gauge-1",
    "person": "Li Na",
    "values": [
        [[part + 0.1 * who + 0.01 * n for n in (0, 2, 1)] for who in (0, 1)]
        for part in (120.0, 122.0, 125.0, 129.0)
    ],
    "tolerance": 10.0,
}
BIAS = {
    "study_id": "BIAS-1",
    "kind": "bias",
    "characteristic": "thickness_um",
    "equipment_id": "pilot/press/gauging/gauge-1",
    "person": "Li Na",
    "readings": [125.1, 125.2, 125.3, 125.1, 125.2, 125.3, 125.1, 125.2, 125.3, 125.2],
    "reference": 125.0,
    "certificate": "block 125 um, certificate 4711",
}


async def test_a_gauge_study_is_kept_once_with_its_values_and_never_changed(desk: Desk) -> None:
    kept = await desk.does("/gauge-records", CROSSED)
    assert kept["unit"] == "µm"
    assert kept["result"]["reproducibility"] == pytest.approx(0.07, rel=0.05)
    await desk.does("/gauge-records", BIAS)
    again = {**CROSSED, "tolerance": 20.0}
    assert "choose another id" in await desk.refused("/gauge-records", again, 409)
    newest, oldest = (await desk.get("/gauge-records?characteristic=thickness_um"))["items"]
    assert (newest["study_id"], newest["result"]["bias"]) == ("BIAS-1", pytest.approx(0.2))
    assert oldest["body"]["values"] == CROSSED["values"]
    assert oldest["method_version"] == "1"
    assert (await desk.get("/gauge-records?equipment_id=other"))["items"] == []
    async with desk.service.database.quiet() as tx:
        with pytest.raises(DBAPIError, match="is a record and is never changed"):
            await tx.execute(sql("UPDATE gauge_study SET person = 'x'"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"readings": [1.0]}, "a crossed study has values"),
        ({"values": []}, "a crossed study has values"),
        ({"values": [[[1.0, 2.0], [1.0]], [[1.0, 2.0], [1.0, 2.0]]]}, "as many operators"),
        ({"values": [[[1.0, 1.0], [1.0, 1.0]]] * 2}, "all repeats are equal"),
    ],
)
async def test_a_gauge_study_that_says_nothing_is_not_kept(
    desk: Desk, changes: dict[str, Any], says: str
) -> None:
    assert says in await desk.refused("/gauge-records", CROSSED | changes, 422)
    assert (await desk.get("/gauge-records"))["items"] == []
