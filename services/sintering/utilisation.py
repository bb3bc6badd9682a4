"""Furnace hours: how long each furnace ran loads, was closed, or was not yet in the record."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from services.sintering import calendar
from shared.db import sql
from shared.transaction import Transaction

HOUR = timedelta(hours=1)


async def utilisation(
    tx: Transaction, equipment_ids: Sequence[str], start: datetime, end: datetime
) -> list[dict[str, Any]]:
    """Return hours by furnace between two times: `running_h`, `closed_h`, `other_h` and loads.

    `before_h` lies before the first job order: nobody knows what the furnaces did then, so it is
    none of the others. `utilisation_ratio` is running over what was not closed since, None where
    nothing is left. What is neither running nor closed may be free, down or silent: the plan does
    not know which.
    """
    asked, start = start, min(end, max(start, await _began_at(tx) or end))
    statement = """
        SELECT l.equipment_id, count(*) AS load_count,
               sum(least(coalesce(o.ended_at, :end), :end) - greatest(o.started_at, :start))
                   AS running
        FROM furnace_load l JOIN station_order o ON o.station_order_id = l.furnace_load_id
        WHERE o.started_at < :end AND coalesce(o.ended_at, :end) > :start
          AND (o.ended_at IS NULL OR o.ended_at > :start)  -- the same, as an index knows it
        GROUP BY l.equipment_id"""
    rows = (await tx.execute(sql(statement), {"start": start, "end": end})).mappings()
    ran = {row["equipment_id"]: row for row in rows}
    closed = (await calendar.terms(tx, start)).closed
    found = []
    for equipment_id in equipment_ids:
        running_h = ran[equipment_id]["running"] / HOUR if equipment_id in ran else 0.0
        open_spans = calendar.open_spans(closed.get(equipment_id, ()), start, end)
        open_h = sum((high - low) / HOUR for low, high in open_spans)
        found.append(
            {
                "equipment_id": equipment_id,
                "load_count": ran[equipment_id]["load_count"] if equipment_id in ran else 0,
                "running_h": running_h,
                "before_h": (start - asked) / HOUR,
                "closed_h": (end - start) / HOUR - open_h,
                "other_h": max(0.0, open_h - running_h),
                "utilisation_ratio": running_h / open_h if open_h > 0 else None,
            }
        )
    return found


async def _began_at(tx: Transaction) -> datetime | None:
    """Return when the first job order was released to the plant, None before there is one."""
    statement = "SELECT min(released_at) AS began_at FROM job_order"
    began_at = (await tx.execute(sql(statement))).mappings().one()["began_at"]
    return began_at if isinstance(began_at, datetime) else None
