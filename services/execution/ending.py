"""When a work request ends: each of its cells is released, lost or cancelled, said once."""

from sqlalchemy import RowMapping

from services.execution import chains, gates, limits
from services.execution.domain import WorkMaster
from services.execution.release import require
from services.execution.routing import powder_lot_id
from services.execution.workmasters import WorkMasters
from shared.clock import Clock
from shared.db import sql
from shared.errors import BlockedError
from shared.events import WorkRequestEnded
from shared.outbox import Outbox
from shared.transaction import Transaction

COUNTS = """
    SELECT count(*) FILTER (WHERE kind = 'cell' AND state = 'released') AS released,
           count(*) FILTER (WHERE kind = 'cell' AND state = 'scrapped') AS scrapped,
           count(*) FILTER (WHERE kind = 'cell' AND state = 'cancelled') AS cancelled,
           count(*) FILTER (WHERE kind = 'cell' AND state = 'planned') AS not_built,
           count(*) FILTER (WHERE kind = 'cell' AND state = 'planned' AND NOT EXISTS (
               SELECT 1 FROM lot p WHERE p.allocated_to = l.lot_id)) AS not_begun,
           count(*) FILTER (WHERE kind = 'pellet' AND allocated_to IS NULL
                            AND state IN ('planned', 'available')) AS free_pellets,
           coalesce(bool_or(kind IN ('powder', 'pellet_lot') AND state = 'scrapped'), false)
               AS is_without,
           coalesce(bool_or(
               kind = 'powder' AND state IN ('available', 'consumed')
               AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.lot_id = l.lot_id)
               AND NOT EXISTS (SELECT 1 FROM job_order j WHERE j.lot_id = l.lot_id
                               AND j.state <> 'ended')), false) AS powder_is_made
    FROM lot l WHERE work_request_id = :id"""
# Of powder and pellets, which a closed order leaves behind: what runs, or may have begun by now.
IN_WORK = """
    SELECT EXISTS (
        SELECT 1 FROM job_order
        WHERE work_request_id = :id AND scope IN ('powder', 'pellets')
          AND state IN ('allowed_to_start', 'running'))"""


class Ending:
    """Ends work requests."""

    def __init__(self, outbox: Outbox, clock: Clock, masters: WorkMasters) -> None:
        self._outbox, self._clock, self._masters = outbox, clock, masters

    async def look(self, tx: Transaction, request: RowMapping) -> None:
        """End a request whose cells are each released, lost or cancelled, or whose powder is made.

        It is locked. Powder is made when its last job order has ended, nothing holds it and each
        gate that the route requires has released it.

        A cell is lost when it is scrapped, or cannot be built: its powder or pellets are scrapped,
        or it has no pellets and fewer are left than it takes. It is cancelled when it was not begun
        before its order was closed short; such an order waits for the powder and pellets in work.
        """
        if request["state"] == "ended":
            return
        work_request_id = request["work_request_id"]
        if request["closed_at"] and await tx.scalar(sql(IN_WORK), {"id": work_request_id}):
            return
        found = await tx.execute(sql(COUNTS), {"id": work_request_id})
        row = found.mappings().one()
        master = await self._masters.of(tx, request)
        is_made = row["powder_is_made"] and await _is_released_powder(tx, master, request)
        ended = WorkRequestEnded(
            work_request_id=work_request_id,
            product_id=request["product_id"],
            released_count=request["quantity"] if is_made else row["released"],
            blocked_count=row["scrapped"] + _impossible(master, request, row),
            cancelled_count=0 if is_made else _cancelled(master, request, row),
        )
        if ended.released_count + ended.blocked_count + ended.cancelled_count < request["quantity"]:
            return
        statement = """
            UPDATE work_request SET state = 'ended'
            WHERE work_request_id = :id AND state <> 'ended'"""
        if (await tx.execute(sql(statement), {"id": work_request_id})).rowcount:
            await gates.close_left_over(tx, work_request_id)
            await self._outbox.record(tx, ended)
            await self._give_up_rest(tx, work_request_id)

    async def _give_up_rest(self, tx: Transaction, work_request_id: str) -> None:
        """Cancel what was planned and is not made any more."""
        reason = "its order has ended"
        lot_ids = await chains.left_over(tx, work_request_id)
        missed = await chains.give_up(tx, lot_ids, reason)
        await self._outbox.record(tx, *await limits.lift(tx, missed, reason))
        await chains.cancel_lots(tx, work_request_id, self._clock.now())


async def _is_released_powder(tx: Transaction, master: WorkMaster, request: RowMapping) -> bool:
    """Say whether a request is for powder, and each gate that it needs has released it."""
    if not master.makes_powder:
        return False
    powder = powder_lot_id(request["work_request_id"])
    try:
        await require(tx, master.release_requires, powder, powder, ())
    except BlockedError:
        return False
    return True


def _impossible(master: WorkMaster, request: RowMapping, row: RowMapping) -> int:
    """Return how many cells, or portions of powder, that are not made never can be."""
    if row["is_without"]:
        return request["quantity"] if master.makes_powder else int(row["not_built"])
    if master.makes_powder:
        return 0
    return max(0, int(row["not_begun"]) - int(row["free_pellets"]) // master.pellets_per_cell)


def _cancelled(master: WorkMaster, request: RowMapping, row: RowMapping) -> int:
    """Return how many cells are not begun any more, or portions of powder not made to the end."""
    if not master.makes_powder:
        return int(row["cancelled"])
    left_over = request["closed_at"] is not None and not row["is_without"]
    return request["quantity"] if left_over else 0
