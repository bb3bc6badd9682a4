"""What execution shows of requests, cells, lots and work in progress."""

from collections.abc import Mapping
from typing import Any, Literal

from services.execution import limits
from services.execution.holds import OPEN_EXPOSURE
from services.execution.routing import BUILT_KINDS
from shared.db import sql
from shared.errors import NotFoundError
from shared.transaction import Transaction

Disposition = Literal["released", "blocked", "scrap"]
CELLS = f"""
    SELECT l.lot_id AS cell_id, r.product_id, l.work_request_id, l.kind,
           j.operation,
           CASE WHEN l.state = 'scrapped' THEN l.state
                WHEN h.gate IS NOT NULL OR p.gate IS NOT NULL THEN 'held'
                WHEN l.state = 'released' OR j.state IS NULL THEN l.state ELSE j.state END AS state,
           CASE WHEN l.state = 'scrapped' THEN 'scrap'
                WHEN h.gate IS NOT NULL OR p.gate IS NOT NULL THEN 'blocked'
                WHEN l.state = 'released' THEN 'released' END AS disposition,
           l.grade, l.discharge_capacity_mah,
           coalesce(h.gate, p.gate) AS held_by, coalesce(h.reason, p.reason) AS held_for,
           j.reason, u.operation AS awaited, u.lot_id AS awaited_lot_id, u.reason AS awaited_for,
           l.updated_at
    FROM lot l
    JOIN work_request r USING (work_request_id)
    LEFT JOIN LATERAL (
        SELECT operation, state, reason FROM job_order j
        WHERE j.lot_id = l.lot_id AND j.state NOT IN ('ended', 'cancelled')
        ORDER BY position LIMIT 1) j ON true
    LEFT JOIN LATERAL (
        SELECT gate, reason FROM hold h WHERE h.lot_id = l.lot_id
        ORDER BY held_at LIMIT 1) h ON true
    LEFT JOIN LATERAL (
        SELECT gate, reason FROM hold h
        WHERE h.lot_id = l.work_request_id || '-PEL' AND (h.gate <> '{OPEN_EXPOSURE}'
            OR NOT EXISTS (SELECT 1 FROM lot a WHERE a.allocated_to = l.lot_id))
        ORDER BY held_at LIMIT 1) p ON l.state <> 'released' AND (
            l.kind <> 'witness' OR j.state = 'not_allowed_to_start' AND j.reason IS NULL)
    LEFT JOIN LATERAL (
        SELECT operation, lot_id, reason FROM job_order u
        WHERE j.state = 'not_allowed_to_start' AND j.reason IS NULL
          AND u.state NOT IN ('ended', 'cancelled')
          AND u.work_request_id = l.work_request_id AND u.scope IN ('powder', 'pellets')
        ORDER BY array_position(ARRAY['powder', 'pellets'], u.scope), u.position LIMIT 1) u ON true
    WHERE l.kind IN {BUILT_KINDS}"""


# Which cells can have a disposition, told without looking at each cell's operations; of those that
# can be blocked not all are.
DISPOSED: Mapping[str | None, str] = {
    None: "true",
    "released": """(l.state = 'released' AND NOT EXISTS (
                    SELECT 1 FROM hold h WHERE h.lot_id = l.lot_id))""",
    "scrap": "l.state = 'scrapped'",
    "blocked": """(l.lot_id IN (SELECT lot_id FROM hold)
                   OR l.work_request_id || '-PEL' IN (SELECT lot_id FROM hold))""",
}


async def cells(
    tx: Transaction, search: str, disposition: Disposition | None, limit: int
) -> dict[str, Any]:
    """Return cells and witnesses whose id, request or product contains `search`.

    Those of the newest request come first. A page costs by what it shows.
    """
    named = """
        AND (l.lot_id ILIKE :like OR l.work_request_id IN (
             SELECT work_request_id FROM work_request
             WHERE work_request_id ILIKE :like OR product_id ILIKE :like))"""
    among = f"{DISPOSED[disposition]} {named if search else ''}"
    page = f"""
        SELECT c.* FROM work_request a
        CROSS JOIN LATERAL (
            {CELLS} AND l.work_request_id = a.work_request_id AND {among} ORDER BY l.lot_id) c
        WHERE CAST(:disposition AS text) IS NULL OR c.disposition = :disposition
        ORDER BY a.accepted_at DESC, a.work_request_id, c.cell_id LIMIT :limit"""
    count = f"SELECT count(*) FROM lot l WHERE l.kind IN {BUILT_KINDS} AND {among}"
    if disposition == "blocked":
        count = f"SELECT count(*) FROM ({CELLS} AND {among}) c WHERE c.disposition = 'blocked'"
    found = await _page(tx, page, count, search, limit, disposition=disposition)
    return {**found, "items": [_with_reason(row) for row in found["items"]]}


async def cell(tx: Transaction, cell_id: str) -> dict[str, Any]:
    """Return one cell with its operations, windows, holds and gate decisions.

    Raises:
        NotFoundError: no such cell.
    """
    row = (await tx.execute(sql(f"{CELLS} AND l.lot_id = :id"), {"id": cell_id})).mappings().first()
    if row is None:
        raise NotFoundError(f"cell {cell_id} does not exist")
    operations = await tx.execute(
        sql("""
            SELECT operation, job_order_id, equipment_id, state, reason, started_at, ended_at
            FROM job_order
            WHERE lot_id = :id
               OR (work_request_id = :request AND scope IN ('powder', 'pellets'))
            ORDER BY array_position(ARRAY['powder', 'pellets'], scope), position"""),
        {"id": cell_id, "request": row["work_request_id"]},
    )
    held = await tx.execute(
        sql("SELECT gate, reason, held_at FROM hold WHERE lot_id = :id ORDER BY held_at"),
        {"id": cell_id},
    )
    return {
        "cell": _with_reason(dict(row)),
        "operations": [dict(item) for item in operations.mappings()],
        "time_limits": await limits.of_lot(tx, cell_id),
        "holds": [dict(item) for item in held.mappings()],
    }


async def lots(tx: Transaction, search: str, limit: int) -> dict[str, Any]:
    """Return lots that are no cells, newest change first, pellets and pieces after the others."""
    named = """
        AND (lot_id ILIKE :like OR material_definition_id ILIKE :like
             OR work_request_id ILIKE :like)"""
    among = f"FROM lot WHERE kind NOT IN {BUILT_KINDS} {named if search else ''}"
    page = f"""
        SELECT lot_id, material_definition_id, quantity, unit,
               CASE WHEN EXISTS (SELECT 1 FROM hold h WHERE h.lot_id = lot.lot_id)
                    THEN 'held' ELSE state END AS state,
               work_request_id, equipment_id AS location, updated_at
        {among} ORDER BY (kind IN ('pellet', 'piece')), updated_at DESC, lot_id LIMIT :limit"""
    return await _page(tx, page, f"SELECT count(*) {among}", search, limit)


async def holds(
    tx: Transaction, search: str, limit: int, *, only_open: bool = False
) -> dict[str, Any]:
    """Return the holds of all lots, or those that wait for a decision, the newest first.

    No decision is left for a lot that is scrapped, cancelled or used up, nor for powder and pellets
    that were left over when their order ended.
    """
    among = "FROM hold WHERE NOT is_over" if only_open else "FROM hold WHERE true"
    among += " AND (lot_id ILIKE :like OR gate ILIKE :like)" if search else ""
    page = f"""
        SELECT lot_id, work_request_id, kind, gate, reason, held_at
        FROM (SELECT * {among} ORDER BY held_at DESC, lot_id, gate LIMIT :limit) h
        JOIN lot USING (lot_id) ORDER BY held_at DESC, lot_id, gate"""
    return await _page(tx, page, f"SELECT count(*) {among}", search, limit)


async def work_requests(tx: Transaction, limit: int) -> dict[str, Any]:
    """Return open work requests and, after them, the newest that ended, with their cells so far.

    They stand in the order in which they were accepted.
    """
    page = """
        SELECT r.work_request_id, r.work_schedule_id, r.product_id, r.quantity, r.priority,
               r.due_at, r.state, r.accepted_at, r.closed_at, r.closed_by, r.close_reason, l.*
        FROM (SELECT * FROM work_request
              ORDER BY state = 'ended', accepted_at DESC, work_request_id LIMIT :limit) r
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE l.grade IS NOT NULL) AS graded,
                   count(*) FILTER (WHERE l.state = 'released') AS released,
                   count(*) FILTER (WHERE EXISTS (
                       SELECT 1 FROM hold h WHERE h.lot_id = l.lot_id AND NOT h.is_over)) AS held,
                   count(*) FILTER (WHERE l.state = 'scrapped') AS scrapped,
                   count(*) FILTER (WHERE l.state = 'cancelled') AS cancelled
            FROM lot l WHERE l.work_request_id = r.work_request_id AND l.kind = 'cell') l
        ORDER BY r.accepted_at, r.work_request_id"""
    return await _page(tx, page, "SELECT count(*) FROM work_request", "", limit)


async def wip(tx: Transaction) -> list[dict[str, Any]]:
    """Return per operation how many job orders wait, run, are held or have ended.

    Those of open work requests count, and any other that has not ended; cancelled ones do not.
    """
    statement = """
        SELECT operation,
               count(*) FILTER (WHERE state IN ('not_allowed_to_start', 'allowed_to_start')
                                AND NOT held) AS waiting,
               count(*) FILTER (WHERE state = 'running') AS running,
               count(*) FILTER (WHERE state IN ('interrupted', 'aborted')
                                OR (state = 'not_allowed_to_start' AND held)) AS held,
               count(*) FILTER (WHERE state = 'ended') AS ended
        FROM (SELECT j.*, state NOT IN ('ended', 'cancelled') AND EXISTS (
                  SELECT 1 FROM hold h WHERE h.lot_id = j.lot_id) AS held
              FROM job_order j
              WHERE state NOT IN ('ended', 'cancelled') OR state = 'ended'
                AND work_request_id = ANY (ARRAY(
                    SELECT work_request_id FROM work_request WHERE state = 'open'))) j
        GROUP BY operation
        ORDER BY min(array_position(ARRAY['powder', 'pellets', 'sample', 'cell', 'witness', 'life'],
                                    scope)), min(position), operation"""
    return [dict(row) for row in (await tx.execute(sql(statement))).mappings()]


async def job_orders(
    tx: Transaction, work_request_id: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return job orders, those of one request if named."""
    statement = """
        SELECT job_order_id, work_request_id, operation, lot_id, state, reason, not_before,
               equipment_id, released_at, started_at, ended_at
        FROM job_order
        WHERE CAST(:id AS text) IS NULL OR work_request_id = :id
        ORDER BY work_request_id, scope, lot_id, position LIMIT :limit"""
    rows = await tx.execute(sql(statement), {"id": work_request_id, "limit": limit})
    return [dict(row) for row in rows.mappings()]


def _with_reason(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a row of `CELLS` with one sentence for what it says on a hold or an awaited job."""
    names = ("held_by", "held_for", "awaited", "awaited_lot_id", "awaited_for")
    held_by, held_for, awaited, lot_id, awaited_for = (cell.pop(name) for name in names)
    if held_by is not None:
        cell["reason"] = f"held by {held_by}: {held_for}"
    elif cell["reason"] is None and awaited is not None:
        waits = f"waits for {awaited} of {lot_id}"
        cell["reason"] = waits if awaited_for is None else f"{waits}: {awaited_for}"
    return cell


async def _page(
    tx: Transaction, page: str, count: str, search: str, limit: int, **values: Any
) -> dict[str, Any]:
    """Return the first rows of a list and how many it has. page, count: statements for both."""
    wanted = {"like": f"%{search}%", "limit": limit, **values}
    total = await tx.scalar(sql(count), wanted)
    rows = await tx.execute(sql(page), wanted)
    return {"items": [dict(row) for row in rows.mappings()], "total": total}
