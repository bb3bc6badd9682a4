"""Takes material for a job order: stock by age, stack layers one by one, pellets that are free."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import RowMapping

from services.execution import store
from services.execution.domain import OperationRule, StockRule, WorkMaster
from services.execution.routing import pellet_lot_id, powder_lot_id
from services.execution.store import JobOrder
from shared.db import sql
from shared.errors import BlockedError
from shared.facts import Material
from shared.transaction import Transaction

ROUNDING = 1e-6  # of a stock lot's unit: what sums of floats may be off
NAMED_PELLETS = 5  # what a reason names one by one


class ShortageError(BlockedError):
    """Stock lacks some of a material; with `needed` of its unit there the job order may go on."""

    def __init__(self, message: str, material_definition_id: str, needed: float) -> None:
        super().__init__(message)
        self.material_definition_id, self.needed = material_definition_id, needed


@dataclass(kw_only=True)
class Allocation:
    """The lots of one job order; `issued` are pieces split off a stock lot for it."""

    lot_id: str
    materials: list[Material] = field(default_factory=list)
    issued: list[tuple[Material, Material]] = field(default_factory=list)


async def allocate(
    tx: Transaction, job_order: JobOrder, rule: OperationRule, master: WorkMaster, now: datetime
) -> Allocation:
    """Take the lots a job order needs.

    Raises:
        BlockedError: not enough of something; names it, what is needed and what is left.
    """
    allocation = Allocation(lot_id=job_order.lot_id)
    processed = (
        list(job_order.materials)
        if job_order.is_rework
        else await _own_lots(tx, allocation, job_order, rule, master, now)
    )
    for stock_rule in rule.stock:
        count = {"pellet": len(processed), "part": len(processed), "job_order": 1}[stock_rule.per]
        if job_order.scope == "powder":
            count = await _portions(tx, job_order, master)
        await _take_stock(tx, allocation, stock_rule, count if stock_rule.per != "job_order" else 1)
    if rule.stack is not None:
        await _take_layers(tx, allocation, job_order, rule.stack.layers, now)
    allocation.materials += processed
    return allocation


async def _portions(tx: Transaction, job_order: JobOrder, master: WorkMaster) -> int:
    """Return for how many pellets powder is made, or how many portions are ordered without any."""
    lot_id = pellet_lot_id(job_order.work_request_id)
    each = 1.0
    if master.makes_powder:
        lot_id, each = job_order.lot_id, master.powder_g_per_pellet
    lots = await store.lots(tx, [lot_id])
    return round(sum(float(lot["quantity"]) for lot in lots.values()) / each)


async def _own_lots(
    tx: Transaction,
    allocation: Allocation,
    job_order: JobOrder,
    rule: OperationRule,
    master: WorkMaster,
    now: datetime,
) -> list[Material]:
    if job_order.scope == "pellets":
        if rule.use == "produced":
            powder = await store.lots(tx, [powder_lot_id(job_order.work_request_id)])
            allocation.materials += [_whole(lot, "consumed") for lot in powder.values()]
        pellets = await store.members(tx, job_order.lot_id)
        return [_whole(lot, rule.use) for lot in pellets if lot["state"] != "scrapped"]
    if job_order.scope == "sample":
        [pellet] = await _take_pellets(tx, job_order, job_order.lot_id, 1, now)
        allocation.lot_id = pellet.lot_id
        return [pellet]
    if rule.station_kind == "eap":
        count = master.pellets_per_cell if job_order.scope == "cell" else 1
        return await _take_pellets(tx, job_order, job_order.lot_id, count, now)
    own = await store.lots(tx, [job_order.lot_id])
    return [_whole(lot, rule.use) for lot in own.values()]


async def _take_pellets(
    tx: Transaction, job_order: JobOrder, owner: str, count: int, now: datetime
) -> list[Material]:
    """Take the owner's pellets, or those that the thickness gate released and nothing holds."""
    taken = await _allocated(tx, owner)
    if taken:
        return [_whole(row, "processed") for row in taken]
    rows = (
        (
            await tx.execute(
                sql("""
                    SELECT l.* FROM lot l
                    JOIN disposition d ON d.lot_id = l.lot_id AND d.gate = 'thickness'
                    WHERE l.member_of = :pellet_lot AND l.allocated_to IS NULL
                      AND l.state = 'available' AND d.disposition = 'released'
                      AND NOT EXISTS (SELECT 1 FROM hold h
                                      WHERE h.lot_id = l.lot_id AND h.gate <> ALL(:through))
                    ORDER BY l.lot_id LIMIT :count"""),
                {
                    "pellet_lot": pellet_lot_id(job_order.work_request_id),
                    "count": count,
                    "through": list(job_order.through),
                },
            )
        )
        .mappings()
        .all()
    )
    if len(rows) < count:
        free = {row["lot_id"] for row in rows}
        raise BlockedError(
            f"needs {count} released pellets, {len(rows)} are left; held or not decided: "
            f"{_told(await _kept_back(tx, job_order.work_request_id, free))}"
        )
    await store.set_lots(tx, [row["lot_id"] for row in rows], now, allocated_to=owner)
    return [_whole(row, "processed") for row in rows]


async def _kept_back(tx: Transaction, work_request_id: str, free: set[str]) -> list[str]:
    """Return the pellets of an order that nobody has, but for those that may be taken."""
    pellets = await store.members(tx, pellet_lot_id(work_request_id))
    return [
        row["lot_id"]
        for row in pellets
        if row["state"] == "available" and row["allocated_to"] is None and row["lot_id"] not in free
    ]


def _told(lot_ids: Sequence[str]) -> str:
    """Return lots as a person reads them: the first few by name, the others by number."""
    others = len(lot_ids) - NAMED_PELLETS
    named = ", ".join(lot_ids[:NAMED_PELLETS]) or "none"
    return f"{named} and {others} more" if others > 0 else named


async def _take_stock(tx: Transaction, allocation: Allocation, rule: StockRule, count: int) -> None:
    """Take a quantity from the oldest lots; a need may be met by several lots."""
    needed = rule.quantity * count
    rows = await _stock(tx, rule.material_definition_id)
    available = sum(row["quantity"] for row in rows)
    if available < needed:
        raise ShortageError(
            f"needs {needed:.4g} {rule.unit} of {rule.material_definition_id}, "
            f"{available:.4g} {rule.unit} in stock",
            rule.material_definition_id,
            needed,
        )
    for row in rows:
        taken = min(needed, row["quantity"])
        if taken <= 0:
            break
        needed -= taken
        await _reduce(tx, row["lot_id"], taken, 0)
        allocation.materials.append(
            Material(
                lot_id=row["lot_id"],
                material_definition_id=rule.material_definition_id,
                quantity=taken,
                unit=rule.unit,
                use="consumed",
            )
        )


async def take_out(tx: Transaction, item: Material) -> str | None:
    """Take what was used outside any job order from a stock lot, if it is one in that unit.

    Returns what is wrong when that is more than it held.
    """
    statement = """
        UPDATE lot SET quantity = quantity - :quantity
        WHERE lot_id = :lot_id AND kind = 'stock' AND unit = :unit RETURNING quantity"""
    values = item.model_dump(include={"lot_id", "quantity", "unit"})
    left = await tx.scalar(sql(statement), values)
    return None if left is None else overdrawn(left, item.unit)


async def put_back(tx: Transaction, lot_id: str, difference: float) -> Sequence[tuple[float, str]]:
    """Add to what a stock lot holds, or take with less than 0; return what it holds now.

    Nothing for a lot that is no stock.
    """
    rows = await tx.execute(
        sql("""
            UPDATE lot SET quantity = quantity + :difference
            WHERE lot_id = :lot_id AND kind = 'stock' RETURNING quantity, unit"""),
        {"lot_id": lot_id, "difference": difference},
    )
    return [(quantity, unit) for quantity, unit in rows]


async def free_pellets(tx: Transaction, lot_ids: Sequence[str]) -> None:
    """Let pellets that were taken for something be taken for something else."""
    await tx.execute(
        sql("""
            UPDATE lot SET allocated_to = NULL
            WHERE lot_id = ANY(:ids) AND kind = 'pellet' AND state <> 'consumed'"""),
        {"ids": list(lot_ids)},
    )


def overdrawn(left: float, unit: str) -> str | None:
    """Return in words how much more was used of a stock lot than it held; None: no more."""
    return f"{-left:.4g} {unit} more were used than it held" if left < -ROUNDING else None


async def _take_layers(
    tx: Transaction,
    allocation: Allocation,
    job_order: JobOrder,
    layers: Sequence[str],
    now: datetime,
) -> None:
    pellets = iter(await _allocated(tx, job_order.lot_id))
    wanted = Counter(definition for definition in layers if definition != "ose_pellet")
    pieces = {
        definition: iter(await _issue(tx, allocation, definition, count, now))
        for definition, count in wanted.items()
    }
    for definition in layers:
        if definition != "ose_pellet":
            allocation.materials.append(next(pieces[definition]))
            continue
        pellet = next(pellets, None)
        if pellet is None:
            raise BlockedError(f"{job_order.lot_id}: not enough coated pellets for its stack")
        allocation.materials.append(_whole(pellet, "consumed"))


async def _issue(
    tx: Transaction, allocation: Allocation, definition: str, count: int, now: datetime
) -> list[Material]:
    """Split pieces off the oldest stock lots and give each an id of its own."""
    rows = await _stock(tx, definition)
    available = sum(int(row["quantity"]) for row in rows)
    if available < count:
        reason = f"needs {count} {definition}, {available} in stock"
        raise ShortageError(reason, definition, count)
    issued: list[tuple[RowMapping, Material]] = []
    for stock in rows:
        taken = min(count - len(issued), int(stock["quantity"]))
        if taken <= 0:
            continue
        last = await _reduce(tx, stock["lot_id"], taken, taken)
        for number in range(last - taken + 1, last + 1):
            piece = Material(
                lot_id=f"{stock['lot_id']}-{number:04d}",
                material_definition_id=definition,
                quantity=1,
                unit=stock["unit"],
                use="produced",
            )
            issued.append((stock, piece))
    await tx.execute(
        sql("""
            INSERT INTO lot (lot_id, material_definition_id, kind, quantity, unit, state,
                             member_of, updated_at)
            VALUES (:lot_id, :definition, 'piece', 1, :unit, 'available', :stock, :now)"""),
        [
            {
                "lot_id": piece.lot_id,
                "definition": definition,
                "unit": piece.unit,
                "stock": stock["lot_id"],
                "now": now,
            }
            for stock, piece in issued
        ],
    )
    allocation.issued += [
        (_whole(stock, "consumed").model_copy(update={"quantity": 1.0}), piece)
        for stock, piece in issued
    ]
    return [piece.model_copy(update={"use": "consumed"}) for _, piece in issued]


async def _stock(tx: Transaction, definition: str) -> Sequence[RowMapping]:
    rows = await tx.execute(
        sql("""
            SELECT * FROM lot l
            WHERE kind = 'stock' AND material_definition_id = :definition AND quantity > 0
              AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.lot_id = l.lot_id)
            ORDER BY received_at, lot_id FOR UPDATE"""),
        {"definition": definition},
    )
    return rows.mappings().all()


async def _reduce(tx: Transaction, lot_id: str, quantity: float, pieces: int) -> int:
    """Take from a stock lot; return how many pieces have been split off it."""
    issued: int = await tx.scalar(
        sql("""
            UPDATE lot SET quantity = greatest(quantity - :quantity, 0), issued = issued + :pieces
            WHERE lot_id = :lot_id RETURNING issued"""),
        {"lot_id": lot_id, "quantity": quantity, "pieces": pieces},
    )
    return issued


async def _allocated(tx: Transaction, owner: str) -> Sequence[RowMapping]:
    rows = await tx.execute(
        sql("SELECT * FROM lot WHERE allocated_to = :owner ORDER BY lot_id"), {"owner": owner}
    )
    return rows.mappings().all()


def _whole(lot: RowMapping, use: str) -> Material:
    return Material.model_validate({**lot, "use": use})


async def within_reach(tx: Transaction) -> dict[str, list[str]]:
    """Return the lots by work request whose job orders wait for stock that is there by now."""
    rows = await tx.execute(
        sql("""
            SELECT j.work_request_id, array_agg(DISTINCT j.lot_id) FROM job_order j
            JOIN (
                SELECT material_definition_id, sum(quantity) AS quantity FROM lot l
                WHERE kind = 'stock' AND quantity > 0
                  AND material_definition_id IN (
                      SELECT waits_for FROM job_order WHERE waits_for IS NOT NULL)
                  AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.lot_id = l.lot_id)
                GROUP BY material_definition_id
            ) AS stock ON stock.material_definition_id = j.waits_for
            WHERE j.waits_for IS NOT NULL AND j.needs_quantity <= stock.quantity
            GROUP BY j.work_request_id ORDER BY j.work_request_id""")
    )
    return {work_request_id: lot_ids for work_request_id, lot_ids in rows}


async def allocated_ids(tx: Transaction, owner: str) -> list[str]:
    """Return the pellets that belong to a cell."""
    return [row["lot_id"] for row in await _allocated(tx, owner)]
