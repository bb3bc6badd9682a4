"""What quality knows of cells before they are graded, and whether they were good enough then."""

from collections.abc import Sequence

from sqlalchemy import RowMapping

from services.quality import masterdata
from services.quality.domain import CAPACITY, EFFICIENCY, GRADE
from services.quality.earlyfailure import Seen
from services.quality.store import all_rows
from shared.errors import InvalidInputError
from shared.transaction import Transaction

MOST_CELLS = 5000
GRADED = (GRADE, CAPACITY, EFFICIENCY)  # a cell failed when a gate refused one of these


async def seen(tx: Transaction, product_id: str) -> list[Seen]:
    """Return the newest cells of a product with their figures from before grading.

    A cell is graded when a gate has judged grade, capacity or efficiency, after whatever operation
    the product's specifications name; it failed when one of them was not released. Its figures are
    its own from before that operation ended and, named `part ...`, the means of its parts'; its
    lot is the pellet lot behind it. Cells of a definition of which none is graded, as the
    symmetric ones, are left out.

    Raises:
        InvalidInputError: no gate of the product judges one of the three.
    """
    judging = [
        spec
        for spec in await masterdata.of_product(tx, product_id)
        if any(item.characteristic in GRADED for item in spec.judged)
    ]
    if not judging:
        raise InvalidInputError(
            f"no gate of {product_id} judges {', '.join(GRADED)}; without one nothing tells which "
            "cells failed"
        )
    rows = await all_rows(
        tx,
        """
        WITH graded AS (
            SELECT DISTINCT ON (lot_id, operation) lot_id, job_order_id, ended_at FROM passage
            WHERE product_id = :product_id AND operation = ANY(:operations)
            ORDER BY lot_id, operation, ended_at
        ), cell AS (
            SELECT lot_id, (SELECT min(g.ended_at) FROM graded g WHERE g.lot_id = p.lot_id)
                   AS graded_at FROM passage p
            WHERE product_id = :product_id AND lot_id IN (SELECT lot_id FROM component)
            GROUP BY lot_id ORDER BY max(ended_at) DESC LIMIT :most
        ), own AS (
            SELECT c.lot_id, m.characteristic AS name, avg(m.value) AS value
            FROM cell c JOIN measurement m USING (lot_id)
            WHERE m.value IS NOT NULL AND m.characteristic <> ALL(:figures)
              AND (c.graded_at IS NULL OR m.measured_at < c.graded_at)
              AND m.job_order_id NOT IN (SELECT job_order_id FROM graded)
            GROUP BY c.lot_id, m.characteristic
        ), of_parts AS (
            SELECT c.lot_id, 'part ' || m.characteristic AS name, avg(m.value) AS value
            FROM cell c JOIN component p USING (lot_id)
            JOIN measurement m ON m.lot_id = p.part_lot_id
            WHERE m.value IS NOT NULL AND (c.graded_at IS NULL OR m.measured_at < c.graded_at)
            GROUP BY c.lot_id, m.characteristic
        ), known AS (
            SELECT lot_id, jsonb_object_agg(name, value) AS figures
            FROM (SELECT * FROM own UNION ALL SELECT * FROM of_parts) AS f GROUP BY lot_id
        )
        SELECT c.lot_id, k.figures, a.material_definition_id,
               (SELECT min(m.pellet_lot_id) FROM component p
                JOIN member m ON m.lot_id = p.part_lot_id WHERE p.lot_id = c.lot_id) AS lot,
               (SELECT bool_or(r.disposition <> 'released') FROM graded g CROSS JOIN LATERAL (
                    SELECT DISTINCT ON (gate, characteristic) disposition FROM result
                    WHERE lot_id = g.lot_id AND job_order_id = g.job_order_id
                      AND characteristic = ANY(:figures) AND disposition IS NOT NULL
                    ORDER BY gate, characteristic, id DESC) AS r
                WHERE g.lot_id = c.lot_id) AS failed
        FROM cell c LEFT JOIN known k USING (lot_id) LEFT JOIN material a USING (lot_id)
        ORDER BY c.lot_id""",
        product_id=product_id,
        operations=sorted({spec.operation for spec in judging}),
        figures=list(GRADED),
        most=MOST_CELLS,
    )
    return _to_be_graded(rows)


def _to_be_graded(rows: Sequence[RowMapping]) -> list[Seen]:
    """Return the cells that are graded, or of a definition that may be."""
    definitions = {row["material_definition_id"] for row in rows if row["failed"] is not None}
    return [
        Seen(
            cell_id=row["lot_id"],
            lot=row["lot"] or "",
            figures=row["figures"] or {},
            failed=row["failed"],
        )
        for row in rows
        if row["failed"] is not None or row["material_definition_id"] in {*definitions, None}
    ]
