"""When a work request ends: each of its cells is released or lost, and then it is said once."""

from sqlalchemy import RowMapping

from services.execution.workmasters import WorkMasters
from shared.db import sql
from shared.events import WorkRequestEnded
from shared.outbox import Outbox
from shared.transaction import Transaction

COUNTS = """
    SELECT count(*) FILTER (WHERE kind = 'cell' AND state = 'released') AS released,
           count(*) FILTER (WHERE kind = 'cell' AND state = 'scrapped') AS scrapped,
           count(*) FILTER (WHERE kind = 'cell' AND state = 'planned') AS not_built,
           count(*) FILTER (WHERE kind = 'cell' AND state = 'planned' AND NOT EXISTS (
               SELECT 1 FROM lot p WHERE p.allocated_to = l.lot_id)) AS not_begun,
           count(*) FILTER (WHERE kind = 'pellet' AND allocated_to IS NULL
                            AND state IN ('planned', 'available')) AS free_pellets,
           coalesce(bool_or(kind IN ('powder', 'pellet_lot') AND state = 'scrapped'), false)
               AS is_without
    FROM lot l WHERE work_request_id = :id"""


class Ending:
    """Ends work requests."""

    def __init__(self, outbox: Outbox, masters: WorkMasters) -> None:
        self._outbox, self._masters = outbox, masters

    async def look(self, tx: Transaction, request: RowMapping) -> None:
        """End a request each of whose cells is released or lost. It is locked.

        A cell is lost when it is scrapped, or cannot be built: its powder or pellets are scrapped,
        or it has no pellets and fewer are left than it takes.
        """
        if request["state"] == "ended":
            return
        found = await tx.execute(sql(COUNTS), {"id": request["work_request_id"]})
        row = found.mappings().one()
        lost = row["scrapped"] + await self._impossible(tx, request, row)
        if row["released"] + lost == request["quantity"]:
            await self._end(tx, request, row["released"], lost)

    async def _impossible(self, tx: Transaction, request: RowMapping, row: RowMapping) -> int:
        """Return how many cells that are not built never can be."""
        master = await self._masters.of(tx, request)
        if row["is_without"]:
            return request["quantity"] if master.makes_powder else int(row["not_built"])
        if master.makes_powder:
            return 0
        return max(0, int(row["not_begun"]) - int(row["free_pellets"]) // master.pellets_per_cell)

    async def _end(
        self, tx: Transaction, request: RowMapping, released_count: int, lost_count: int
    ) -> None:
        await tx.execute(
            sql("UPDATE work_request SET state = 'ended' WHERE work_request_id = :id"),
            {"id": request["work_request_id"]},
        )
        ended = WorkRequestEnded(
            work_request_id=request["work_request_id"],
            product_id=request["product_id"],
            released_count=released_count,
            blocked_count=lost_count,
        )
        await self._outbox.record(tx, ended)
