"""What a person sees at a gate: what it blocked, and all that bears on one job order's decision."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.quality import masterdata, origins, releases, waiverwork
from services.quality.store import all_rows
from shared.errors import NotFoundError
from shared.transaction import Transaction

_PASSAGE = (
    "job_order_id",
    "lot_id",
    "work_request_id",
    "product_id",
    "operation",
    "equipment_id",
    "parts",
    "started_at",
    "ended_at",
    "decided",
    "waits",
)


async def blocked(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the lots and parts that gates block now, newest first: not those decided anew."""
    rows = await all_rows(
        tx,
        """
        SELECT d.job_order_id, d.gate, d.lot_id AS whole_lot_id, about.lot_id, about.reason,
               d.body ->> 'product_id' AS product_id, d.evaluated_at, p.operation, p.equipment_id,
               n.nonconformance_id, n.state AS nonconformance_state
        FROM disposition d
        CROSS JOIN LATERAL (
            SELECT d.lot_id, d.body ->> 'reason' AS reason
            WHERE d.disposition = 'blocked' AND d.body -> 'parts' = '[]'
            UNION ALL
            SELECT part ->> 'lot_id', part ->> 'reason'
            FROM jsonb_array_elements(d.body -> 'parts') part
            WHERE part ->> 'disposition' = 'blocked') about
        LEFT JOIN passage p USING (job_order_id)
        LEFT JOIN LATERAL (
            SELECT nonconformance_id, state FROM nonconformance c
            WHERE c.job_order_id = d.job_order_id AND c.gate = d.gate
            ORDER BY raised_at DESC LIMIT 1) n ON true
        WHERE (d.disposition = 'blocked' OR d.body @> '{"parts": [{"disposition": "blocked"}]}')
          AND NOT EXISTS (
            SELECT 1 FROM disposition later
            WHERE (later.lot_id, later.gate) = (d.lot_id, d.gate) AND later.id > d.id
              AND (later.body -> 'parts' = '[]' OR later.body -> 'parts'
                   @> jsonb_build_array(jsonb_build_object('lot_id', about.lot_id))))
        ORDER BY d.id DESC, about.lot_id LIMIT :limit""",
        limit=limit,
    )
    return [dict(row) for row in rows]


async def of_job_order(tx: Transaction, job_order_id: str, now: datetime) -> dict[str, Any]:
    """Return an ended job order with its gates, and what was measured, waived and raised.

    Raises:
        NotFoundError: no ended job order of this id.
    """
    rows = await all_rows(tx, "SELECT * FROM passage WHERE job_order_id = :id", id=job_order_id)
    if not rows:
        raise NotFoundError(f"ended job order {job_order_id} does not exist")
    row = rows[0]
    lots = [row["lot_id"], *row["parts"]]
    pellet_lots = await origins.pellet_lots(tx, row["lot_id"])
    return {
        **{name: row[name] for name in _PASSAGE},
        "gates": await _gates(tx, row, lots, pellet_lots),
        "waivers": await _waivers(tx, row, lots, now),
        "releases": await releases.of_job_order(tx, job_order_id),
        "nonconformances": await _listed(
            tx,
            """
            SELECT nonconformance_id, gate, severity, state, description, raised_at
            FROM nonconformance WHERE job_order_id = :id ORDER BY raised_at DESC""",
            job_order_id,
        ),
        "reevaluations": await _listed(
            tx,
            """
            SELECT person, reason, asked_at FROM reevaluation WHERE job_order_id = :id
            ORDER BY reevaluation_id DESC""",
            job_order_id,
        ),
        "files": await _listed(
            tx,
            """
            SELECT spectrum_id, lot_id, name, sha256, measured_at, model_version FROM spectrum
            WHERE job_order_id = :id ORDER BY measured_at DESC LIMIT 50""",
            job_order_id,
        ),
    }


async def _gates(
    tx: Transaction, row: RowMapping, lots: Sequence[str], pellet_lots: Sequence[str]
) -> list[dict[str, Any]]:
    """Return each gate after the operation: newest decision, newest results, what it asks for."""
    job_order_id = row["job_order_id"]
    specs = {
        spec.gate: spec
        for spec in await masterdata.specifications(tx, row["product_id"], row["operation"])
    }
    results = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (gate, lot_id, characteristic)
               gate, lot_id, characteristic,
               to_json(coalesce(to_jsonb(words), to_jsonb(value))) AS value, unit, low, high,
               guard, protocol, waiver_id, disposition, reason, specification_version, evaluated_at
        FROM result WHERE lot_id = ANY(:lots) AND job_order_id = :id
        ORDER BY gate, lot_id, characteristic, id DESC""",
        lots=list(lots),
        id=job_order_id,
    )
    decisions = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (gate, lot_id) gate, body FROM disposition
        WHERE lot_id = ANY(:lots) AND job_order_id = :id ORDER BY gate, lot_id, id DESC""",
        lots=[*lots, *pellet_lots],
        id=job_order_id,
    )
    names = [*specs, *(found["gate"] for found in (*results, *decisions))]
    return [
        {
            "gate": gate,
            "specification": (
                specs[gate].model_dump(mode="json", exclude={"gate"}) if gate in specs else None
            ),
            "decisions": [one["body"] for one in decisions if one["gate"] == gate],
            "results": [dict(one) for one in results if one["gate"] == gate],
        }
        for gate in dict.fromkeys(names)
    ]


async def _waivers(
    tx: Transaction, row: RowMapping, lots: Sequence[str], now: datetime
) -> list[dict[str, Any]]:
    """Return the waivers that name the job order's lots, whatever has become of them."""
    rows = await all_rows(
        tx,
        """
        SELECT waiver_id FROM waiver
        WHERE product_id = :product_id AND operation = :operation
          AND lot_ids && CAST(:lots AS text[])
        ORDER BY proposed_at DESC""",
        product_id=row["product_id"],
        operation=row["operation"],
        lots=list(lots),
    )
    return await waiverwork.these(tx, [found["waiver_id"] for found in rows], now)


async def _listed(tx: Transaction, statement: str, job_order_id: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await all_rows(tx, statement, id=job_order_id)]
