"""A second seal of a cell: quality orders it as rework, and there is no more than one."""

from services.lamination.domain import cell_of
from shared.db import sql
from shared.errors import BlockedError
from shared.events import JobOrderReleased
from shared.transaction import Transaction

MOST_SEALS = 2  # the first, and one as rework: the seam is then as wide as the pouch allows


def check_again(cell_id: str, seal_count: int) -> None:
    """Refuse to seal a cell for a third time, whoever ordered it.

    seal_count: how often a sealer has ended or aborted a seal of this cell before.

    Raises:
        BlockedError: names the cell, how often it was sealed, and the remedy.
    """
    if seal_count >= MOST_SEALS:
        raise BlockedError(
            f"{cell_id} was sealed {seal_count} times before, the limit is {MOST_SEALS}; scrap it"
        )


async def check(tx: Transaction, job_order: JobOrderReleased) -> None:
    """Refuse a seal that `check_again` refuses, by what the sealers have done here.

    Raises:
        BlockedError: see `check_again`.
    """
    cell_id = cell_of(job_order).lot_id
    statement = """
        SELECT count(*) FROM job_order
        WHERE body -> 'materials' @> jsonb_build_array(
                  jsonb_build_object('lot_id', CAST(:cell_id AS text)))
          AND station_kind = 'sealer' AND state IN ('ended', 'aborted')"""
    seal_count = await tx.scalar(sql(statement), {"cell_id": cell_id})
    check_again(cell_id, seal_count or 0)
