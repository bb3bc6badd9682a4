"""What quality knows of cells before they are graded, and whether they were good enough then."""

from services.quality.domain import GRADING
from services.quality.earlyfailure import Seen
from services.quality.store import all_rows
from shared.transaction import Transaction

MOST_CELLS = 5000


async def seen(tx: Transaction, product_id: str) -> list[Seen]:
    """Return the newest cells of a product with their figures from before grading.

    A cell's figures are its own (at work up to grading) and, named `part ...`, the means of its
    parts'; its lot is the pellet lot behind it. It failed when a gate at grading blocked it.
    """
    rows = await all_rows(
        tx,
        """
        WITH cell AS (
            SELECT lot_id, max(ended_at) AS ended_at FROM passage
            WHERE product_id = :product_id AND operation <> :grading
              AND lot_id IN (SELECT lot_id FROM component)
            GROUP BY lot_id ORDER BY max(ended_at) DESC LIMIT :most
        ), own AS (
            SELECT c.lot_id, m.characteristic AS name, avg(m.value) AS value
            FROM cell c JOIN measurement m USING (lot_id)
            WHERE m.value IS NOT NULL AND m.job_order_id <> c.lot_id || '-' || :grading
            GROUP BY c.lot_id, m.characteristic
        ), of_parts AS (
            SELECT c.lot_id, 'part ' || m.characteristic AS name, avg(m.value) AS value
            FROM cell c JOIN component p USING (lot_id)
            JOIN measurement m ON m.lot_id = p.part_lot_id
            WHERE m.value IS NOT NULL GROUP BY c.lot_id, m.characteristic
        ), figure AS (
            SELECT lot_id, jsonb_object_agg(name, value) AS figures
            FROM (SELECT * FROM own UNION ALL SELECT * FROM of_parts) AS f GROUP BY lot_id
        )
        SELECT c.lot_id, f.figures,
               (SELECT min(m.pellet_lot_id) FROM component p
                JOIN member m ON m.lot_id = p.part_lot_id WHERE p.lot_id = c.lot_id) AS lot,
               (SELECT bool_or(d.disposition <> 'released') FROM (
                    SELECT DISTINCT ON (gate) gate, disposition FROM result
                    WHERE job_order_id = c.lot_id || '-' || :grading AND disposition IS NOT NULL
                    ORDER BY gate, (disposition <> 'released') DESC, id DESC) AS d) AS failed
        FROM cell c LEFT JOIN figure f USING (lot_id) ORDER BY c.lot_id""",
        product_id=product_id,
        grading=GRADING,
        most=MOST_CELLS,
    )
    return [
        Seen(
            cell_id=row["lot_id"],
            lot=row["lot"] or "",
            figures=row["figures"] or {},
            failed=row["failed"],
        )
        for row in rows
    ]
