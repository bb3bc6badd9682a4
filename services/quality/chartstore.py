"""Series, points, limits and signals of control charts in quality's database."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.quality.chartmaster import ControlChart
from services.quality.controlchart import Limits, Point, State
from services.quality.store import all_rows
from shared.db import sql
from shared.events import ControlChartSignalled
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A value that came, with what it was measured on."""

    measurement_id: int
    characteristic: str
    value: float
    lot_id: str
    job_order_id: str
    measured_at: datetime
    product_id: str
    operation: str
    equipment_id: str | None
    protocol: str | None
    items: float | None


@dataclass(frozen=True, kw_only=True)
class Series:
    """Where a series stands. waiting: values of a subgroup that is not full yet."""

    chart_id: str
    chart_version: int
    series: str
    point_count: int
    waiting: tuple[float, ...]
    state: State
    recent_z: tuple[float, ...]
    limits_version: int
    limits: Limits | None


async def next_measured(tx: Transaction, most: int) -> list[Measured]:
    """Return values that are still to be plotted and whose job order is known, oldest first."""
    rows = await all_rows(
        tx,
        """
        SELECT m.id AS measurement_id, m.characteristic, m.value, m.lot_id, m.job_order_id,
               m.measured_at, m.protocol, m.items, p.product_id, p.operation, p.equipment_id
        FROM chart_pending c
        JOIN measurement m ON m.id = c.measurement_id
        JOIN passage p ON p.job_order_id = m.job_order_id
        ORDER BY c.measurement_id LIMIT :most FOR UPDATE OF c SKIP LOCKED""",
        most=most,
    )
    return [Measured(**row) for row in rows]


async def end_measured(tx: Transaction, measurement_ids: Sequence[int]) -> None:
    """Note that values have been plotted, or belong to no chart."""
    await tx.execute(
        sql("DELETE FROM chart_pending WHERE measurement_id = ANY(:ids)"),
        {"ids": list(measurement_ids)},
    )


async def series_for(
    tx: Transaction, chart: ControlChart, series: str, protocol: str | None
) -> Series:
    """Return the series of values of one protocol, locked: the first protocol has the plain name.

    Values of another protocol, or of another version of it, are never compared with them.
    """
    found = await lock_series(tx, chart, series)
    first: str | None = await tx.scalar(
        sql("""
            UPDATE chart_series SET protocol = coalesce(protocol, :protocol)
            WHERE (chart_id, chart_version, series) = (:chart_id, :version, :series)
            RETURNING protocol"""),
        {
            "chart_id": chart.chart_id,
            "version": chart.version,
            "series": series,
            "protocol": protocol,
        },
    )
    if protocol in (None, first):
        return found
    return await lock_series(tx, chart, f"{series}@{protocol}")


async def lock_series(tx: Transaction, chart: ControlChart, series: str) -> Series:
    """Return a series, begun if it is new, and keep others off it until the transaction ends."""
    key: dict[str, Any] = {
        "chart_id": chart.chart_id,
        "chart_version": chart.version,
        "series": series,
    }
    await tx.execute(
        sql("""
            INSERT INTO chart_series (chart_id, chart_version, series)
            VALUES (:chart_id, :chart_version, :series) ON CONFLICT DO NOTHING"""),
        key,
    )
    rows = await all_rows(
        tx,
        """
        SELECT * FROM chart_series
        WHERE (chart_id, chart_version, series) = (:chart_id, :chart_version, :series)
        FOR UPDATE""",
        **key,
    )
    row = rows[0]
    return Series(
        **key,
        point_count=row["point_count"],
        waiting=tuple(row["waiting"]),
        state=State(**row["state"]),
        recent_z=tuple(row["recent_z"]),
        limits_version=row["limits_version"],
        limits=None if row["limits"] is None else Limits(**row["limits"]),
    )


async def keep_series(tx: Transaction, series: Series) -> None:
    """Keep where a series stands."""
    await tx.execute(
        sql("""
            UPDATE chart_series SET point_count = :point_count, waiting = :waiting,
                state = CAST(:state AS jsonb), recent_z = :recent_z,
                limits_version = :limits_version, limits = CAST(:limits AS jsonb)
            WHERE (chart_id, chart_version, series) = (:chart_id, :chart_version, :series)"""),
        {
            **asdict(series),
            "waiting": list(series.waiting),
            "recent_z": list(series.recent_z),
            "state": json.dumps(asdict(series.state)),
            "limits": None if series.limits is None else json.dumps(asdict(series.limits)),
        },
    )


async def keep_point(
    tx: Transaction,
    series: Series,
    measured: Measured,
    values: Sequence[float],
    point: Point | None,
    rules: Sequence[str],
) -> None:
    """Keep a point of a series, its `point_count`th; without limits there is no body."""
    await tx.execute(
        sql("""
            INSERT INTO chart_point (chart_id, chart_version, series, number, lot_id, job_order_id,
                measured_at, values, items, limits_version, body, rules)
            VALUES (:chart_id, :chart_version, :series, :number, :lot_id, :job_order_id,
                :measured_at, :values, :items, :limits_version, CAST(:body AS jsonb), :rules)"""),
        {
            "chart_id": series.chart_id,
            "chart_version": series.chart_version,
            "series": series.series,
            "number": series.point_count,
            "lot_id": measured.lot_id,
            "job_order_id": measured.job_order_id,
            "measured_at": measured.measured_at,
            "values": list(values),
            "items": measured.items,
            "limits_version": series.limits_version,
            "body": None if point is None else json.dumps(asdict(point)),
            "rules": list(rules),
        },
    )


async def baseline(
    tx: Transaction, chart: ControlChart, series: str, first: int, last: int
) -> tuple[list[float], list[float | None]]:
    """Return the single values of some points of a series, in order of time, and by point the
    number of items behind it."""
    rows = await all_rows(
        tx,
        """
        SELECT values, items FROM chart_point
        WHERE (chart_id, chart_version, series) = (:chart_id, :version, :series)
          AND number BETWEEN :first AND :last
        ORDER BY number""",
        chart_id=chart.chart_id,
        version=chart.version,
        series=series,
        first=first,
        last=last,
    )
    return [value for row in rows for value in row["values"]], [row["items"] for row in rows]


async def keep_limits(tx: Transaction, series: Series, frozen: dict[str, Any]) -> None:
    """Keep limits that a person froze. frozen: points, person, reason and time."""
    limits = None if series.limits is None else json.dumps(asdict(series.limits))
    await tx.execute(
        sql("""
            INSERT INTO chart_limits (chart_id, chart_version, series, limits_version, body,
                first_number, last_number, person, reason, frozen_at)
            VALUES (:chart_id, :chart_version, :series, :limits_version, CAST(:body AS jsonb),
                :first, :last, :person, :reason, :at)"""),
        {
            "chart_id": series.chart_id,
            "chart_version": series.chart_version,
            "series": series.series,
            "limits_version": series.limits_version,
            "body": limits,
            **frozen,
        },
    )


async def keep_signal(tx: Transaction, event: ControlChartSignalled, at: datetime) -> None:
    """Keep a signal as it was said."""
    await tx.execute(
        sql("""
            INSERT INTO chart_signal (signal_id, body, raised_at)
            VALUES (:signal_id, CAST(:body AS jsonb), :at)"""),
        {"signal_id": event.signal_id, "body": event.model_dump_json(), "at": at},
    )


async def close_signal(
    tx: Transaction, signal_id: str, person: str, cause: str, action: str, at: datetime
) -> ControlChartSignalled | None:
    """Close an open signal and return it; None where there is no open one."""
    rows = await tx.execute(
        sql("""
            UPDATE chart_signal
            SET closed_at = :at, person = :person, cause = :cause, action = :action
            WHERE signal_id = :signal_id AND closed_at IS NULL RETURNING body"""),
        {"signal_id": signal_id, "person": person, "cause": cause, "action": action, "at": at},
    )
    row = rows.mappings().first()
    return None if row is None else ControlChartSignalled.model_validate(row["body"])
