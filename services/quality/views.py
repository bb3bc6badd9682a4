"""What quality shows of results, decisions, nonconformances and specifications."""

from typing import Any

from services.quality.store import all_rows
from shared.facts import Disposition
from shared.transaction import Transaction

# What is evaluated, by the kind of the event that brought it.
EVALUATED = {"spectrum_measured": "the spectrum", "cycling_ended": "the cycling"}


async def results(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return the gate results of a lot, newest first; `disposition` is null where not judged."""
    rows = await all_rows(
        tx,
        """
        SELECT gate, characteristic, to_json(coalesce(to_jsonb(words), to_jsonb(value))) AS value,
               unit, low, high, guard, protocol, waiver_id, disposition, reason, job_order_id,
               specification_version, evaluated_at
        FROM result WHERE lot_id = :lot_id ORDER BY id DESC""",
        lot_id=lot_id,
    )
    return [dict(row) for row in rows]


async def figures(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return the newest value of each characteristic of a lot, whether a gate judged it or not."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (characteristic) characteristic,
               to_json(coalesce(to_jsonb(words), to_jsonb(value))) AS value, unit, reason,
               protocol, job_order_id, measured_at
        FROM measurement WHERE lot_id = :lot_id ORDER BY characteristic, id DESC""",
        lot_id=lot_id,
    )
    return [dict(row) for row in rows]


async def dispositions(
    tx: Transaction, disposition: Disposition | None, lot_id: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return decisions as published, newest first."""
    asked = {"disposition": disposition, "lot_id": lot_id}
    given = {name: value for name, value in asked.items() if value is not None}
    rows = await all_rows(
        tx,
        f"""
        SELECT body, job_order_id FROM disposition
        WHERE {" AND ".join([f"{name} = :{name}" for name in given] or ["true"])}
        ORDER BY id DESC LIMIT :limit""",
        **given,
        limit=limit,
    )
    return [{**row["body"], "job_order_id": row["job_order_id"]} for row in rows]


async def nonconformances(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return nonconformances, newest first."""
    rows = await all_rows(
        tx,
        "SELECT * FROM nonconformance ORDER BY raised_at DESC, nonconformance_id LIMIT :limit",
        limit=limit,
    )
    return [dict(row) for row in rows]


async def specifications(tx: Transaction) -> dict[str, list[dict[str, Any]]]:
    """Return test specifications and exposure budgets in all versions."""
    specs = await all_rows(
        tx,
        "SELECT body FROM test_specification ORDER BY product_id, operation, gate, version DESC",
    )
    budgets = await all_rows(
        tx, "SELECT body FROM exposure_budget ORDER BY product_id, state, version DESC"
    )
    return {
        "items": [row["body"] for row in specs],
        "exposure_budgets": [row["body"] for row in budgets],
    }


async def undecided(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return ended job orders whose gates have not decided, with what they wait for."""
    rows = await all_rows(
        tx,
        """
        SELECT p.job_order_id, p.lot_id, p.product_id, p.operation, p.ended_at,
               p.waits AS reason, e.kind AS evaluated
        FROM passage p LEFT JOIN pending_evaluation e USING (job_order_id)
        WHERE NOT p.decided ORDER BY p.ended_at, p.job_order_id LIMIT :limit""",
        limit=limit,
    )
    undecided = [dict(row) for row in rows]
    for row in undecided:
        evaluated = row.pop("evaluated")
        if row["reason"] is None and evaluated is not None:
            row["reason"] = f"{EVALUATED[evaluated]} is being evaluated"
    return undecided
