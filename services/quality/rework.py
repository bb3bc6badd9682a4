"""Rework: which operations a lot has still to go through, and when it is let go again."""

from collections.abc import Sequence
from datetime import datetime

from services.quality.nonconformance import ReworkRoute
from services.quality.store import all_rows
from shared.db import sql
from shared.errors import ConflictError, InvalidInputError
from shared.masterdata import keep_version
from shared.transaction import Transaction


async def add_route(tx: Transaction, route: ReworkRoute) -> None:
    """Keep a version of a route.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "rework_route", ("rework_route_id", "version"), route)


async def route(tx: Transaction, rework_route_id: str) -> ReworkRoute:
    """Return the newest version of a route.

    Raises:
        InvalidInputError: there is none.
    """
    rows = await all_rows(
        tx,
        """
        SELECT body FROM rework_route WHERE rework_route_id = :id
        ORDER BY version DESC LIMIT 1""",
        id=rework_route_id,
    )
    if not rows:
        raise InvalidInputError(f"rework route {rework_route_id} does not exist")
    return ReworkRoute.model_validate(rows[0]["body"])


async def routes(tx: Transaction) -> list[ReworkRoute]:
    """Return the newest version of each route."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (rework_route_id) body FROM rework_route
        ORDER BY rework_route_id, version DESC""",
    )
    return [ReworkRoute.model_validate(row["body"]) for row in rows]


async def order(
    tx: Transaction,
    nonconformance_id: str,
    taken: ReworkRoute,
    lot_ids: Sequence[str],
    now: datetime,
) -> None:
    """Send lots through a route; another one ordered for them before ends.

    Raises:
        ConflictError: a lot has been through it as often as it may.
    """
    rows = await all_rows(
        tx,
        """
        SELECT lot_id, sum(times) AS times FROM rework
        WHERE rework_route_id = :route AND lot_id = ANY(:lot_ids)
        GROUP BY lot_id HAVING sum(times) >= :most ORDER BY lot_id""",
        route=taken.rework_route_id,
        lot_ids=list(lot_ids),
        most=taken.most_times,
    )
    if rows:
        raise ConflictError(
            f"{rows[0]['lot_id']} has been through rework route {taken.rework_route_id} "
            f"{rows[0]['times']} times; it allows {taken.most_times}: scrap it or choose another"
        )
    await tx.execute(
        sql("""
            UPDATE rework SET operations_left = '{}'
            WHERE nonconformance_id = :of AND lot_id = ANY(:lot_ids)"""),
        {"of": nonconformance_id, "lot_ids": list(lot_ids)},
    )
    await tx.execute(
        sql("""
            INSERT INTO rework (nonconformance_id, lot_id, rework_route_id, version,
                operations_left, ordered_at)
            SELECT :of, lot_id, :route, :version, :operations, :now
            FROM unnest(CAST(:lot_ids AS text[])) AS lot_id
            ON CONFLICT (nonconformance_id, lot_id, rework_route_id) DO UPDATE
            SET version = excluded.version, operations_left = excluded.operations_left,
                ordered_at = excluded.ordered_at, times = rework.times + 1"""),
        {
            "of": nonconformance_id,
            "route": taken.rework_route_id,
            "version": taken.version,
            "operations": list(taken.operations),
            "lot_ids": list(lot_ids),
            "now": now,
        },
    )


async def went_through(
    tx: Transaction, lot_ids: Sequence[str], operation: str, started_at: datetime
) -> list[tuple[str, str]]:
    """Take an ended operation off the rework of lots; return (nonconformance, lot) that are done.

    Only the next operation of the route counts, and only if it began after the rework was ordered.
    """
    rows = await all_rows(
        tx,
        """
        UPDATE rework SET operations_left = operations_left[2:]
        WHERE lot_id = ANY(:lot_ids) AND operations_left[1] = :operation
          AND ordered_at <= :started_at
        RETURNING nonconformance_id, lot_id, cardinality(operations_left) AS left""",
        lot_ids=list(lot_ids),
        operation=operation,
        started_at=started_at,
    )
    return sorted((row["nonconformance_id"], row["lot_id"]) for row in rows if not row["left"])
