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


async def series_for(
    tx: Transaction, chart: ControlChart, series: str, protocol: str | None
) -> Series:
    """Return the series of values of one protocol, locked: the first protocol has the plain name.

    Values of another protocol, or of another version of it, are never compared with them.
    """
    found, first = await _locked(tx, chart, series, protocol)
    if protocol in (None, first):
        return found
    return await lock_series(tx, chart, f"{series}@{protocol}")


async def lock_series(tx: Transaction, chart: ControlChart, series: str) -> Series:
    """Return a series, begun if it is new, and keep others off it until the transaction ends."""
    return (await _locked(tx, chart, series, None))[0]


async def _locked(
    tx: Transaction, chart: ControlChart, series: str, protocol: str | None
) -> tuple[Series, str | None]:
    """Return a series and the protocol of its first value, which this one may be."""
    key: dict[str, Any] = {
        "chart_id": chart.chart_id,
        "chart_version": chart.version,
        "series": series,
    }
    rows = await all_rows(
        tx,
        """
        INSERT INTO chart_series AS s (chart_id, chart_version, series, protocol)
        VALUES (:chart_id, :chart_version, :series, :protocol)
        ON CONFLICT (chart_id, chart_version, series)
        DO UPDATE SET protocol = coalesce(s.protocol, excluded.protocol)
        RETURNING *""",
        **key,
        protocol=protocol,
    )
    row = rows[0]
    found = Series(
        **key,
        point_count=row["point_count"],
        waiting=tuple(row["waiting"]),
        state=State(**row["state"]),
        recent_z=tuple(row["recent_z"]),
        limits_version=row["limits_version"],
        limits=None if row["limits"] is None else Limits(**row["limits"]),
    )
    return found, row["protocol"]


async def keep_series(tx: Transaction, series: Series) -> None:
    """Keep where a series stands."""
    await keep_plotted(tx, [series], [], [])


@dataclass(frozen=True, kw_only=True)
class Plotted:
    """A point of a series, its `point_count`th; without limits there is no `point`."""

    series: Series
    measured: Measured
    values: Sequence[float]
    point: Point | None
    rules: Sequence[str]

    def row(self) -> dict[str, Any]:
        """Return it as the table has it."""
        series, measured = self.series, self.measured
        return {
            "chart_id": series.chart_id,
            "chart_version": series.chart_version,
            "series": series.series,
            "number": series.point_count,
            "lot_id": measured.lot_id,
            "job_order_id": measured.job_order_id,
            "measured_at": measured.measured_at.isoformat(),
            "values": list(self.values),
            "items": measured.items,
            "limits_version": series.limits_version,
            "body": None if self.point is None else asdict(self.point),
            "rules": list(self.rules),
        }


async def keep_plotted(
    tx: Transaction,
    series: Sequence[Series],
    points: Sequence[Plotted],
    measurement_ids: Sequence[int],
) -> None:
    """Keep where series stand and their new points; what was measured is plotted then.

    One statement, because its way to the database and back costs more than all its rows.
    """
    await tx.execute(
        sql("""
            WITH done AS (
                DELETE FROM chart_pending WHERE measurement_id = ANY(CAST(:ids AS bigint[]))
            ), moved AS (
                UPDATE chart_series s SET point_count = n.point_count, waiting = n.waiting,
                    state = n.state, recent_z = n.recent_z, limits_version = n.limits_version,
                    limits = nullif(n.limits, 'null')
                FROM jsonb_to_recordset(CAST(:series AS jsonb)) AS n (chart_id text,
                    chart_version integer, series text, point_count bigint,
                    waiting double precision[], state jsonb, recent_z double precision[],
                    limits_version integer, limits jsonb)
                WHERE (s.chart_id, s.chart_version, s.series)
                    = (n.chart_id, n.chart_version, n.series)
            )
            INSERT INTO chart_point (chart_id, chart_version, series, number, lot_id, job_order_id,
                measured_at, values, items, limits_version, body, rules)
            SELECT chart_id, chart_version, series, number, lot_id, job_order_id, measured_at,
                values, items, limits_version, nullif(body, 'null'), rules
            FROM jsonb_to_recordset(CAST(:points AS jsonb)) AS p (chart_id text,
                chart_version integer, series text, number bigint, lot_id text, job_order_id text,
                measured_at timestamptz, values double precision[], items double precision,
                limits_version integer, body jsonb, rules text[])"""),
        {
            "ids": list(measurement_ids),
            "series": json.dumps([asdict(one) for one in series]),
            "points": json.dumps([one.row() for one in points]),
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
