"""What an ended job order leaves behind: lots, genealogy, windows, and cells that are complete."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import RowMapping

from services.execution import chains, domain, gates, limits, store
from services.execution.ending import Ending
from services.execution.holds import Holds
from services.execution.release import is_of_the_rest, require
from services.execution.routing import pellet_lot_id
from services.execution.stock import allocated_ids, free_pellets, overdrawn, put_back
from services.execution.store import JobOrder
from services.execution.withdrawal import LOT_SCRAPPED, withdraw
from services.execution.workmasters import WorkMasters
from shared.clock import Clock
from shared.db import sql
from shared.errors import BlockedError
from shared.events import (
    CellCompleted,
    GenealogyRecorded,
    JobOrderEnded,
    MaterialLotRegistered,
)
from shared.facts import Material
from shared.outbox import Outbox
from shared.transaction import Transaction


class Finisher:
    """Writes the end of job orders and of cells."""

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        masters: WorkMasters,
        holds: Holds,
        ending: Ending,
    ) -> None:
        self._outbox, self._clock, self._masters, self._holds = outbox, clock, masters, holds
        self._ending = ending

    async def end(
        self,
        tx: Transaction,
        request: RowMapping,
        job_order: JobOrder,
        event: JobOrderEnded,
    ) -> None:
        """Keep the end of a job order with the materials it really used; its request is locked."""
        await store.set_job_order(
            tx,
            event.job_order_id,
            state=domain.move(event.job_order_id, job_order.state, event.state),
            reason=event.reason,
            equipment_id=event.equipment_id,
            started_at=event.started_at,
            ended_at=event.ended_at,
        )
        registered = await self._keep_lots(tx, event)
        for lot_id, over in await self._correct_stock(tx, job_order, event):
            await self._holds.hold(tx, event.work_request_id, lot_id, "stock", over)
        recorded = GenealogyRecorded(
            **event.model_dump(
                include={
                    "job_order_id",
                    "lot_id",
                    "work_request_id",
                    "product_id",
                    "operation",
                    "equipment_id",
                    "recipe_id",
                    "recipe_version",
                    "started_at",
                    "ended_at",
                    "fixture_id",
                }
            ),
            materials=event.materials,
        )
        master = await self._masters.of(tx, request)
        opened = []
        if not job_order.is_rework:  # what follows a window's first step was done already
            opened = await limits.open_limits(
                tx, master, event.work_request_id, event.lot_id, event.operation, event.ended_at
            )
        # together: each statement is a way to the database and back
        await self._outbox.record(tx, *registered, recorded, *opened)

    async def _keep_lots(
        self, tx: Transaction, event: JobOrderEnded
    ) -> list[MaterialLotRegistered]:
        """Write what became of the lots; return the facts of lots that were made."""
        now = self._clock.now()
        used: dict[str, list[Material]] = {"consumed": [], "processed": [], "produced": []}
        for item in event.materials:
            used[item.use].append(item)
        pieces = await store.consume_pieces(tx, _ids(used["consumed"]), now)
        await gates.close_holds(tx, pieces)
        if used["consumed"]:
            await store.build_in(tx, event.lot_id, used["consumed"])
        made = used["produced"] + used["processed"]
        for item in made:
            if item.unit == "g":
                await store.set_lots(tx, [item.lot_id], now, quantity=item.quantity)
        known = await store.made(tx, _ids(made), event.equipment_id, now)
        if not used["produced"]:
            return []
        return await self._registered(tx, event, used["produced"], known)

    async def _correct_stock(
        self, tx: Transaction, job_order: JobOrder, event: JobOrderEnded
    ) -> list[tuple[str, str]]:
        """Give back to stock what was taken but not used, and take what was used beyond.

        What the station does not name it did not use. Returns the lots of which more was used
        than there was, each with what is wrong.
        """
        too_much = []
        for lot_id, difference in _unused(job_order.materials, event.materials):
            for left, unit in await put_back(tx, lot_id, difference):
                if over := overdrawn(left, unit):
                    too_much.append((lot_id, over))
        return too_much

    async def give_back(self, tx: Transaction, job_order: JobOrder) -> None:
        """Give back what was taken for a job order that never starts: stock, and its pellets.

        Pieces that were issued for it lie where they are.
        """
        for lot_id, difference in _unused(job_order.materials, ()):
            await put_back(tx, lot_id, difference)
        if not job_order.is_rework:
            ids = [item.lot_id for item in job_order.materials if item.use == "processed"]
            await free_pellets(tx, ids)

    async def _registered(
        self,
        tx: Transaction,
        event: JobOrderEnded,
        produced: Sequence[Material],
        known: Mapping[str, RowMapping],
    ) -> list[MaterialLotRegistered]:
        lot = known.get(event.lot_id)
        if lot is None:  # the pellets were made, and their lot is of them
            lot = (await store.lots(tx, [event.lot_id])).get(event.lot_id)
        members = tuple(item.lot_id for item in produced if item.lot_id != event.lot_id)
        if lot is None:
            return []
        if lot["state"] not in ("available", "scrapped"):
            await store.set_lots(tx, [event.lot_id], self._clock.now(), state="available")
        registered = MaterialLotRegistered(
            lot_id=event.lot_id,
            material_definition_id=lot["material_definition_id"],
            quantity=lot["quantity"],
            unit=lot["unit"],
            work_request_id=event.work_request_id,
            origin="produced",
            members=members,
        )
        return [registered]

    async def complete(
        self, tx: Transaction, request: RowMapping, lot_ids: Sequence[str] | None = None
    ) -> None:
        """Complete the cells for which nothing is open, of some lots or all with None; or powder.

        The request is locked.
        """
        which = "work_request_id = :id" if lot_ids is None else "lot_id = ANY(:lot_ids)"
        rows = await tx.execute(
            sql(f"""
                SELECT * FROM lot l
                WHERE {which} AND kind = 'cell' AND grade IS NOT NULL
                  AND state NOT IN ('released', 'scrapped')
                  AND NOT EXISTS (
                      SELECT 1 FROM job_order j
                      WHERE j.lot_id = l.lot_id AND j.state NOT IN ('ended', 'cancelled'))
                ORDER BY lot_id"""),
            {"id": request["work_request_id"], "lot_ids": list(lot_ids or ())},
        )
        done = [row for row in rows.mappings().all() if await self._is_free(tx, request, row)]
        for row in done:
            await self._complete(tx, request, row)
        if done or (await self._masters.of(tx, request)).makes_powder:
            await self._ending.look(tx, request)

    async def _is_free(self, tx: Transaction, request: RowMapping, cell: RowMapping) -> bool:
        """Say whether nothing holds a cell, its pellets or their lot, and every gate released."""
        master = await self._masters.of(tx, request)
        cell_id, pellet_lot = cell["lot_id"], pellet_lot_id(request["work_request_id"])
        parts = await allocated_ids(tx, cell_id)
        held = await gates.holds(tx, [cell_id, pellet_lot, *parts])
        if not all(is_of_the_rest(hold, pellet_lot) for hold in held):
            return False
        try:
            await require(tx, master.release_requires, cell_id, pellet_lot, parts)
        except BlockedError:
            return False
        return True

    async def _complete(self, tx: Transaction, request: RowMapping, cell: RowMapping) -> None:
        await store.set_lots(tx, [cell["lot_id"]], self._clock.now(), state="released")
        completed = CellCompleted(
            lot_id=cell["lot_id"],
            work_request_id=request["work_request_id"],
            product_id=request["product_id"],
            grade=cell["grade"],
            discharge_capacity_mah=cell["discharge_capacity_mah"],
        )
        await self._outbox.record(tx, completed)

    async def scrap(self, tx: Transaction, request: RowMapping, lot_ids: Sequence[str]) -> None:
        """Give up lots for good; a request that waits for nothing else ends. It is locked.

        What was used up before stays so: it is in another lot now. What runs comes to its end; what
        waits is cancelled, at its service by the service.
        """
        found = await store.lots(tx, lot_ids)
        left = [lot_id for lot_id, lot in found.items() if lot["state"] != "consumed"]
        now, reason = self._clock.now(), LOT_SCRAPPED
        await store.set_lots(tx, left, now, state="scrapped")
        await gates.close_holds(tx, left)
        await withdraw(tx, self._outbox, request, left, reason, now)
        missed = await chains.give_up(tx, left, reason)
        await self._outbox.record(tx, *await limits.lift(tx, missed, reason))
        await self._ending.look(tx, request)


def _unused(planned: Sequence[Material], used: Sequence[Material]) -> list[tuple[str, float]]:
    """Return how much less of each lot was consumed than planned, where that is not nothing."""
    differences: defaultdict[str, float] = defaultdict(float)
    for sign, materials in ((1.0, planned), (-1.0, used)):
        for item in materials:
            if item.use == "consumed":
                differences[item.lot_id] += sign * item.quantity
    return sorted((lot_id, left) for lot_id, left in differences.items() if left)


def _ids(materials: Sequence[Material]) -> list[str]:
    return [item.lot_id for item in materials]
