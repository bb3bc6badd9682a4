"""What quality shows of control charts: series, points, limits, capability and open signals."""

from dataclasses import asdict
from typing import Any

from services.quality.capability import capability
from services.quality.chartmaster import ControlChart, charts
from services.quality.chartwatch import sizes_of
from services.quality.controlchart import COUNTED, Limits, limits_of
from services.quality.store import all_rows
from shared.errors import InvalidInputError, NotFoundError
from shared.transaction import Transaction

CAPABILITY_POINTS = 5000


async def overview(tx: Transaction) -> list[dict[str, Any]]:
    """Return each chart with its series, whether limits are frozen, and its open signals."""
    series = await all_rows(
        tx,
        """
        SELECT s.chart_id, s.chart_version, s.series, s.point_count, s.limits_version,
               count(g.signal_id) AS open_signal_count
        FROM chart_series s
        LEFT JOIN chart_signal g ON g.closed_at IS NULL
            AND g.body ->> 'chart_id' = s.chart_id AND g.body ->> 'series' = s.series
        GROUP BY s.chart_id, s.chart_version, s.series
        ORDER BY s.series""",
    )
    return [
        {
            **chart.model_dump(mode="json"),
            "unit": chart.unit,
            "series": [
                {name: row[name] for name in _SHOWN}
                for row in series
                if (row["chart_id"], row["chart_version"]) == (chart.chart_id, chart.version)
            ],
        }
        for chart in await charts(tx)
    ]


_SHOWN = ("series", "point_count", "limits_version", "open_signal_count")


async def chart_of(tx: Transaction, chart_id: str) -> ControlChart:
    """Return the newest version of a chart.

    Raises:
        NotFoundError: there is none.
    """
    for chart in await charts(tx):
        if chart.chart_id == chart_id:
            return chart
    raise NotFoundError(f"control chart {chart_id}")


async def one(tx: Transaction, chart_id: str, series: str, limit: int) -> dict[str, Any]:
    """Return a series of a chart with its newest `limit` points, oldest first, and its limits.

    While no limits are frozen `trial_limits` are those of all points; they judge nothing.

    Raises:
        NotFoundError: there is no such chart.
    """
    chart = await chart_of(tx, chart_id)
    key = {"chart_id": chart_id, "version": chart.version, "series": series}
    points = await all_rows(
        tx,
        """
        SELECT number, lot_id, job_order_id, measured_at, values, items, limits_version, body,
               rules
        FROM chart_point
        WHERE (chart_id, chart_version, series) = (:chart_id, :version, :series)
        ORDER BY number DESC LIMIT :limit""",
        **key,
        limit=limit,
    )
    frozen = await all_rows(
        tx,
        """
        SELECT limits_version, body, first_number, last_number, person, reason, frozen_at
        FROM chart_limits
        WHERE (chart_id, chart_version, series) = (:chart_id, :version, :series)
        ORDER BY limits_version DESC""",
        **key,
    )
    items = [dict(row) for row in reversed(points)]
    values = [value for row in items for value in row["values"]]
    trial, waits_for = _trial(chart, values, [row["items"] for row in items])
    return {
        **chart.model_dump(mode="json"),
        "unit": chart.unit,
        "series": series,
        "points": items,
        "limits": [dict(row) for row in frozen],
        "trial_limits": None if trial is None else asdict(trial),
        "trial_reason": waits_for,
        "capability": await _capability(tx, chart, values[-CAPABILITY_POINTS:], frozen, trial),
    }


def _trial(
    chart: ControlChart, values: list[float], items: list[float | None]
) -> tuple[Limits | None, str | None]:
    try:
        return limits_of(chart.design, values, sizes_of(chart, items)), None
    except InvalidInputError as error:
        return None, str(error)


async def _capability(
    tx: Transaction,
    chart: ControlChart,
    values: list[float],
    frozen: Any,
    trial: Limits | None,
) -> dict[str, Any]:
    """Return the capability over the limits of the newest specification, or why there is none."""
    if chart.kind in COUNTED:
        return {"reason": "counts have no capability; their centre line is the share itself"}
    rows = await all_rows(
        tx,
        """
        SELECT c ->> 'low' AS low, c ->> 'high' AS high
        FROM test_specification t, jsonb_array_elements(t.body -> 'characteristics') c
        WHERE t.product_id = :product_id AND t.operation = :operation
          AND t.acts AND c ->> 'characteristic' = :characteristic
        ORDER BY t.version DESC LIMIT 1""",
        product_id=chart.product_id,
        operation=chart.operation,
        characteristic=chart.characteristic,
    )
    if not rows:
        return {"reason": f"no specification of {chart.characteristic}"}
    low, high = (None if row is None else float(row) for row in (rows[0]["low"], rows[0]["high"]))
    sigma = frozen[0]["body"]["sigma"] if frozen else None if trial is None else trial.sigma
    try:
        return asdict(capability(values, low, high, sigma or 0.0)) | {"low": low, "high": high}
    except InvalidInputError as error:
        return {"reason": str(error), "low": low, "high": high}


async def signals(tx: Transaction, *, only_open: bool, limit: int) -> list[dict[str, Any]]:
    """Return signals, newest first, with who closed them and why."""
    still_open = "WHERE closed_at IS NULL" if only_open else ""
    rows = await all_rows(
        tx,
        f"""
        SELECT body, raised_at, closed_at, person, cause, action FROM chart_signal
        {still_open}
        ORDER BY raised_at DESC, signal_id DESC LIMIT :limit""",
        limit=limit,
    )
    return [{**row["body"], **{name: row[name] for name in _CLOSING}} for row in rows]


_CLOSING = ("raised_at", "closed_at", "person", "cause", "action")
