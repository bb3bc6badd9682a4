"""The job orders of each lot of a work request, by how far the lot has come: what closing stops."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.execution.domain import Scope
from services.execution.store import all_rows
from shared.db import sql
from shared.transaction import Transaction

# A job order that its service has and may have begun by now.
GIVEN = "j.state IN ('allowed_to_start', 'interrupted') AND j.started_at IS NULL"


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What is to be done with one lot of a work request.

    is_begun: a station has begun one of its job orders. is_given: one waits at its service.
    is_over: the lot is released, scrapped or cancelled.
    """

    lot_id: str
    scope: Scope
    is_begun: bool
    is_given: bool
    is_over: bool


def stopped(chains: Sequence[Chain]) -> list[Chain]:
    """Return the chains that must not go on in a closed request.

    Powder and pellets are not made on. A cell, witness, life cell or sample that is begun goes on;
    of the others those that witness cells under way go on, for gates that release these want them.
    """
    cells = [chain for chain in chains if chain.scope == "cell" and not chain.is_over]
    any_cell = any(chain.is_begun or chain.is_given for chain in cells)
    return [
        chain
        for chain in chains
        if chain.scope in ("powder", "pellets")
        or not (chain.is_begun or (any_cell and chain.scope in ("sample", "witness")))
    ]


async def of_request(tx: Transaction, work_request_id: str) -> list[Chain]:
    """Return the chains of a work request's lots."""
    rows = await all_rows(
        tx,
        f"""
        SELECT j.lot_id, CASE WHEN l.kind = 'life_cell' THEN 'life' ELSE j.scope END AS scope,
               bool_or(j.started_at IS NOT NULL) AS is_begun,
               bool_or({GIVEN}) AS is_given,
               coalesce(bool_or(l.state IN ('released', 'scrapped', 'cancelled')), false) AS is_over
        FROM job_order j LEFT JOIN lot l USING (lot_id)
        WHERE j.work_request_id = :id GROUP BY 1, 2 ORDER BY 1, 2""",
        id=work_request_id,
    )
    return [Chain(**row) for row in rows]


async def keep_closed(
    tx: Transaction, work_request_id: str, person: str, reason: str, now: datetime
) -> None:
    """Keep who closed a work request short, when and why."""
    await tx.execute(
        sql("""
            UPDATE work_request SET closed_at = :now, closed_by = :person, close_reason = :reason
            WHERE work_request_id = :id"""),
        {"id": work_request_id, "now": now, "person": person, "reason": reason},
    )


async def cells_under_way(tx: Transaction, work_request_id: str) -> list[str]:
    """Return the cells of a request that are begun and neither released nor scrapped."""
    found = await of_request(tx, work_request_id)
    return [one.lot_id for one in found if one.scope == "cell" and one.is_begun and not one.is_over]


async def withdraw(
    tx: Transaction, work_request_id: str, lot_ids: Sequence[str], now: datetime
) -> list[dict[str, Any]]:
    """Note that the given job orders of some lots are wanted back; return those noted now."""
    rows = await all_rows(
        tx,
        f"""
        UPDATE job_order j SET withdrawn_at = :now
        WHERE work_request_id = :id AND {GIVEN} AND withdrawn_at IS NULL AND lot_id = ANY(:lots)
        RETURNING job_order_id, lot_id, operation""",
        id=work_request_id,
        now=now,
        lots=list(lot_ids),
    )
    return sorted((dict(row) for row in rows), key=lambda row: str(row["job_order_id"]))


async def is_wanted_back(tx: Transaction, job_order_id: str) -> bool:
    """Say whether a given job order was asked for before; it may then be asked for once more."""
    statement = f"""
        UPDATE job_order j SET withdrawn_at = NULL
        WHERE job_order_id = :id AND {GIVEN} AND withdrawn_at IS NOT NULL"""
    return bool((await tx.execute(sql(statement), {"id": job_order_id})).rowcount)


async def cancel(tx: Transaction, chains: Sequence[Chain], reason: str) -> list[tuple[str, str]]:
    """Cancel what no service has of some chains; return each lot with the operation it will miss.

    Where a job order waits at its service the chain may be begun yet, so its others wait too,
    unless it is powder or pellets, which are not made on in any case.
    """
    over = [one for one in chains if not one.is_given or one.scope in ("powder", "pellets")]
    return await give_up(tx, [chain.lot_id for chain in over], reason)


async def give_up(tx: Transaction, lot_ids: Sequence[str], reason: str) -> list[tuple[str, str]]:
    """Cancel what no service has of some lots; return each with the operation it will miss."""
    rows = await tx.execute(
        sql("""
            UPDATE job_order SET state = 'cancelled', reason = :reason, not_before = NULL,
                waits_for = NULL, needs_quantity = NULL
            WHERE state = 'not_allowed_to_start' AND lot_id = ANY(:lots)
            RETURNING lot_id, operation"""),
        {"reason": reason, "lots": list(lot_ids)},
    )
    return [(lot_id, operation) for lot_id, operation in rows]


async def left_over(tx: Transaction, work_request_id: str) -> list[str]:
    """Return the lots of a request that has ended with which nothing more is done.

    Witnesses and life cells go on, unless the powder or pellets of all are scrapped.
    """
    statement = """
        SELECT lot_id FROM lot
        WHERE work_request_id = :id AND (kind IN ('powder', 'pellet_lot', 'cell') OR EXISTS (
            SELECT FROM lot o WHERE o.work_request_id = :id
                AND o.kind IN ('powder', 'pellet_lot') AND o.state = 'scrapped'))"""
    return list(await tx.scalars(sql(statement), {"id": work_request_id}))


async def cancel_lots(tx: Transaction, work_request_id: str, now: datetime) -> None:
    """Give up the lots of a request that were planned and that nothing will make any more."""
    own = """
        UPDATE lot SET state = 'cancelled', updated_at = :now
        WHERE work_request_id = :id AND state = 'planned' AND kind <> 'pellet'
          AND NOT EXISTS (SELECT 1 FROM job_order j
                          WHERE j.lot_id = lot.lot_id AND j.state <> 'cancelled')"""
    pellets = """
        UPDATE lot SET state = 'cancelled', updated_at = :now
        WHERE work_request_id = :id AND state = 'planned' AND kind = 'pellet'
          AND member_of IN (SELECT lot_id FROM lot WHERE state = 'cancelled')"""
    for statement in (own, pellets):
        await tx.execute(sql(statement), {"id": work_request_id, "now": now})


async def shown(tx: Transaction, work_request_id: str) -> dict[str, Any]:
    """Return how a closed work request stands: its cells by what becomes of them."""
    [row] = await all_rows(
        tx,
        """
        SELECT r.work_request_id, r.state, r.closed_at, r.closed_by, r.close_reason,
               count(l.lot_id) FILTER (WHERE l.state = 'released') AS released,
               count(l.lot_id) FILTER (WHERE l.state = 'scrapped') AS scrapped,
               count(l.lot_id) FILTER (WHERE l.state = 'cancelled') AS cancelled,
               count(l.lot_id) FILTER (
                   WHERE l.state NOT IN ('released', 'scrapped', 'cancelled')) AS under_way
        FROM work_request r
        LEFT JOIN lot l ON l.work_request_id = r.work_request_id AND l.kind = 'cell'
        WHERE r.work_request_id = :id GROUP BY r.work_request_id""",
        id=work_request_id,
    )
    return {**row, "closed_at": row["closed_at"].isoformat()}
