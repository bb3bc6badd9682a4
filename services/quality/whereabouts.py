"""Whether a cell was where its values say: it cannot lie at two stations at once."""

from datetime import timedelta

from services.quality.comparison import Figures
from services.quality.store import Passage, all_rows
from shared.transaction import Transaction

TOLERANCE = timedelta(seconds=60)  # by which two stations' clocks may differ


async def credible(tx: Transaction, passage: Passage, figures: Figures) -> Figures:
    """Return the figures of an ended job order, all unknown where its cell was elsewhere.

    A cell that two stations report over the same time is not the one that was measured at one of
    them, and nobody knows at which; a person looks at the mark of both.
    """
    reason = await _elsewhere(tx, passage)
    if reason is None:
        return figures
    return {
        key: item.model_copy(update={"value": None, "reason": reason})
        for key, item in figures.items()
    }


async def _elsewhere(tx: Transaction, passage: Passage) -> str | None:
    if passage.equipment_id is None:
        return None
    rows = await all_rows(
        tx,
        """
        SELECT job_order_id, equipment_id, started_at, ended_at FROM passage
        WHERE lot_id = :lot_id AND job_order_id <> :job_order_id
          AND equipment_id <> :equipment_id AND started_at < :before AND ended_at > :after
          AND EXISTS (SELECT 1 FROM component c WHERE c.lot_id = :lot_id)
        ORDER BY started_at LIMIT 1""",
        lot_id=passage.lot_id,
        job_order_id=passage.job_order_id,
        equipment_id=passage.equipment_id,
        before=passage.ended_at - TOLERANCE,
        after=passage.started_at + TOLERANCE,
    )
    if not rows:
        return None
    other = rows[0]
    return (
        f"{passage.lot_id} cannot have been at {passage.equipment_id}: job order "
        f"{other['job_order_id']} had it at {other['equipment_id']} from "
        f"{other['started_at'].isoformat()} to {other['ended_at'].isoformat()}"
    )
