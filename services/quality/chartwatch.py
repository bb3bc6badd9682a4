"""Plots each measured value on the control charts it belongs to, once, and signals what is no
chance."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.quality import chartmaster, chartstore
from services.quality.chartmaster import ControlChart
from services.quality.chartstore import Measured, Plotted, Series
from services.quality.controlchart import OF_ITEMS, Point, State, limits_of, next_point
from services.quality.runrules import LONGEST_SPAN, broken_by_last
from shared.clock import Clock
from shared.db import Database
from shared.errors import ConflictError, NotFoundError
from shared.events import ControlChartSignalled
from shared.outbox import Outbox
from shared.transaction import Transaction

LOOK_S = 1.0
MOST_AT_ONCE = 200
LIMITS = "limits"  # the name of the rule that a point lies within its limits


class ChartWatch:
    """Works off the values that are still to be plotted; the cost of a point knows no history."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock

    async def run(self) -> None:
        """Plot for ever; woken by commits, at the latest each second."""
        while True:
            if not await self.look():
                await self._database.committed.wait(LOOK_S)

    async def look(self) -> int:
        """Plot what waits; return how many values that were."""
        async with self._database.quiet() as tx:
            measured = await chartstore.next_measured(tx, MOST_AT_ONCE)
            if not measured:
                return 0
            board = Board(tx)
            for chart in await chartmaster.charts(tx):
                for item in measured:
                    if belongs(chart, item):
                        await board.plot(chart, item)
            for event in board.signals:
                await chartstore.keep_signal(tx, event, self._clock.now())
                await self._outbox.record(tx, event)
            await board.keep([item.measurement_id for item in measured])
        if board.signals:
            self._database.committed.set()
        return len(measured)


class Board:
    """The series that values of one look belong to, each read once and written once."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._named: dict[tuple[str, str, str | None], tuple[str, str]] = {}
        self._series: dict[tuple[str, str], Series] = {}
        self._points: list[Plotted] = []
        self.signals: list[ControlChartSignalled] = []

    async def plot(self, chart: ControlChart, item: Measured) -> None:
        """Take a value into its series, and note the signal that it gives."""
        key = await self._key(chart, item)
        before = self._series[key]
        after, point = advanced(chart, before, item.value, item.items or 1.0)
        self._series[key] = after
        if after.point_count == before.point_count:
            return
        rules = () if point is None else rules_broken(chart, point, after.recent_z)
        values = (*before.waiting, item.value)
        self._points.append(
            Plotted(series=after, measured=item, values=values, point=point, rules=rules)
        )
        if point is not None and rules:
            self.signals.append(signal_of(chart, after, item, point, rules))

    async def keep(self, measurement_ids: Sequence[int]) -> None:
        """Write series and points, and end what was measured."""
        await chartstore.keep_plotted(
            self._tx, list(self._series.values()), self._points, measurement_ids
        )

    async def _key(self, chart: ControlChart, item: Measured) -> tuple[str, str]:
        name = item.equipment_id or "" if chart.by == "equipment" else ""
        asked = (chart.chart_id, name, item.protocol)
        if asked not in self._named:
            found = await chartstore.series_for(self._tx, chart, name, item.protocol)
            key = (found.chart_id, found.series)
            self._named[asked] = key
            self._series.setdefault(key, found)
        return self._named[asked]


def belongs(chart: ControlChart, item: Measured) -> bool:
    """Tell whether a value is plotted on a chart."""
    if chart.kind in OF_ITEMS and not item.items:
        return False
    return chart.status == "released" and (
        chart.characteristic,
        chart.product_id,
        chart.operation,
    ) == (item.characteristic, item.product_id, item.operation)


def advanced(
    chart: ControlChart, series: Series, value: float, items: float = 1.0
) -> tuple[Series, Point | None]:
    """Return a series with one more value, and its point when a subgroup is full and limits are
    frozen."""
    waiting = (*series.waiting, value)
    if len(waiting) < chart.subgroup_size:
        return replace(series, waiting=waiting), None
    grown = replace(series, waiting=(), point_count=series.point_count + 1)
    if series.limits is None:
        return grown, None
    point, state = next_point(chart.design, series.limits, series.state, waiting, items)
    recent_z = (*series.recent_z, point.z)[-LONGEST_SPAN:]
    return replace(grown, state=state, recent_z=recent_z), point


def sizes_of(chart: ControlChart, items: Sequence[float | None]) -> NDArray[np.float64] | None:
    """Return how many items stand behind each count, None for charts that need none."""
    if chart.kind not in OF_ITEMS:
        return None
    return np.array([item or 1.0 for item in items], dtype=np.float64)


def rules_broken(chart: ControlChart, point: Point, recent_z: Sequence[float]) -> tuple[str, ...]:
    """Return what the newest point breaks, its limits first."""
    return (LIMITS,) * point.is_out + broken_by_last(recent_z, chart.rules)


def signal_of(
    chart: ControlChart, series: Series, item: Measured, point: Point, rules: Sequence[str]
) -> ControlChartSignalled:
    """Return the event of a point that is no chance."""
    number = series.point_count
    name = f"{chart.chart_id}-{chart.version}-{series.series or 'all'}-{number}"
    return ControlChartSignalled(
        lot_id=item.lot_id,
        signal_id=name.replace("/", ".").replace("@", "."),
        state="open",
        chart_id=chart.chart_id,
        series=series.series,
        number=number,
        characteristic=chart.characteristic,
        unit=chart.unit,
        value=point.value,
        centre=point.centre,
        low=point.low,
        high=point.high,
        rules=tuple(rules),
        action_plan=chart.action_plan,
    )


async def freeze_limits(
    tx: Transaction, chart: ControlChart, series: str, frozen: dict[str, Any]
) -> Series:
    """Freeze limits from some points of a series; later points are held against them.

    frozen: `first` and `last` number of the baseline, `person`, `reason`, and `at`, an aware time.

    Raises:
        NotFoundError: the series has no such points.
        InvalidInputError: too few points, or nothing varies.
    """
    at = await chartstore.lock_series(tx, chart, series)
    if not 1 <= frozen["first"] <= frozen["last"] <= at.point_count:
        raise NotFoundError(
            f"points {frozen['first']} to {frozen['last']} of chart {chart.chart_id}"
            f"{' ' + series if series else ''}; it has points 1 to {at.point_count}"
        )
    values, items = await chartstore.baseline(tx, chart, series, frozen["first"], frozen["last"])
    limits = limits_of(chart.design, values, sizes_of(chart, items))
    settled = replace(
        at, limits=limits, limits_version=at.limits_version + 1, state=State(), recent_z=()
    )
    await chartstore.keep_series(tx, settled)
    await chartstore.keep_limits(tx, settled, frozen)
    return settled


async def close_signal(
    tx: Transaction, outbox: Outbox, clock: Clock, signal_id: str, answer: dict[str, str]
) -> None:
    """Close a signal with the cause that was found and what was done.

    answer: `person`, `cause`, `action`.

    Raises:
        ConflictError: there is no open signal of this id.
    """
    closed = await chartstore.close_signal(tx, signal_id, **answer, at=clock.now())
    if closed is None:
        raise ConflictError(f"chart signal {signal_id} is not open")
    await outbox.record(tx, closed.model_copy(update={"state": "closed"}))
