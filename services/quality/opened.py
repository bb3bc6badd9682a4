"""Lots whose container a person opened, and what is built of them, in quality's database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from services.quality import masterdata
from services.quality.domain import OPENED, ExposureBudget, Identifier, Input
from services.quality.store import all_rows
from shared.db import sql
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.transaction import Transaction


class OpeningGiven(Input):
    """Who opened which lot; the material only where quality was not told of the lot."""

    lot_id: Identifier
    person: str = Field(min_length=1, max_length=200)
    material_definition_id: Identifier | None = None


class OpeningEnded(Input):
    """Who says that an opened lot is used up or scrapped, and why."""

    person: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=1000)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One lot that lies open since an instant."""

    lot_id: str
    material_definition_id: str
    opened_at: datetime


async def keep_material(tx: Transaction, lot_id: str, material_definition_id: str) -> None:
    """Keep what a lot is made of."""
    await tx.execute(
        sql("INSERT INTO material VALUES (:lot_id, :definition) ON CONFLICT DO NOTHING"),
        {"lot_id": lot_id, "definition": material_definition_id},
    )


async def open_lot(
    tx: Transaction, given: OpeningGiven, at: datetime
) -> tuple[Opening, list[ExposureBudget]]:
    """Keep that a lot is open from now on; return it with the budgets that count.

    Raises:
        InvalidInputError: its material is not known, another one, or has no budget.
        ConflictError: it was opened before.
    """
    definition = await _material(tx, given)
    budgets = [
        budget
        for budget in await masterdata.budgets(tx, definition)
        if budget.from_operation == OPENED and budget.status == "released"
    ]
    if not budgets:
        raise InvalidInputError(
            f"{definition} has no released exposure budget from_operation {OPENED}; post one to "
            "quality's /master-data, else nobody knows how long it may lie open"
        )
    opening = Opening(lot_id=given.lot_id, material_definition_id=definition, opened_at=at)
    row = await tx.execute(
        sql("""
            INSERT INTO opening (lot_id, material_definition_id, opened_at, person)
            VALUES (:lot_id, :definition, :at, :person) ON CONFLICT DO NOTHING RETURNING lot_id"""),
        {"lot_id": given.lot_id, "definition": definition, "at": at, "person": given.person},
    )
    if row.first() is None:
        raise ConflictError(
            f"{given.lot_id} was opened before; what it took up stays, so that its first opening "
            "counts"
        )
    return opening, budgets


async def end(tx: Transaction, lot_id: str, ended: OpeningEnded, at: datetime) -> None:
    """Keep that an opened lot is used up or scrapped.

    Raises:
        NotFoundError: the lot does not lie open.
    """
    row = await tx.execute(
        sql("""
            UPDATE opening SET ended_at = :at, ended_by = :person, reason = :reason
            WHERE lot_id = :lot_id AND ended_at IS NULL RETURNING lot_id"""),
        {"lot_id": lot_id, "at": at, **ended.model_dump()},
    )
    if row.first() is None:
        raise NotFoundError(f"{lot_id} does not lie open; GET /openings names those that do")


async def of_parts(tx: Transaction, lot_id: str, before: datetime) -> list[Opening]:
    """Return the opened lots that parts of a lot came from, opened before an instant."""
    rows = await all_rows(
        tx,
        """
        WITH RECURSIVE part (lot_id) AS (
            SELECT part_lot_id FROM lineage WHERE lot_id = :lot_id
            UNION SELECT l.part_lot_id FROM part JOIN lineage l ON l.lot_id = part.lot_id
        )
        SELECT o.lot_id, o.material_definition_id, o.opened_at
        FROM opening o JOIN part USING (lot_id)
        WHERE o.opened_at < :before ORDER BY o.opened_at, o.lot_id""",
        lot_id=lot_id,
        before=before,
    )
    return [Opening(**row) for row in rows]


async def counted(
    tx: Transaction, openings: Sequence[Opening], state: str
) -> list[tuple[Opening, ExposureBudget]]:
    """Return openings with the budget by which a state is counted for their material."""
    found = []
    for opening in openings:
        for budget in await masterdata.budgets(tx, opening.material_definition_id):
            if budget.state == state and budget.from_operation == OPENED:
                found.append((opening, budget))
    return found


async def listed(tx: Transaction) -> list[dict[str, Any]]:
    """Return all openings, the newest first."""
    return [
        dict(row) for row in await all_rows(tx, "SELECT * FROM opening ORDER BY opened_at DESC")
    ]


async def _material(tx: Transaction, given: OpeningGiven) -> str:
    rows = await all_rows(
        tx, "SELECT material_definition_id FROM material WHERE lot_id = :id", id=given.lot_id
    )
    known = rows[0]["material_definition_id"] if rows else None
    named = given.material_definition_id
    if known is not None and named not in (None, known):
        raise InvalidInputError(f"{given.lot_id} is {known}, given {named}; leave it out")
    if known is None and named is None:
        raise InvalidInputError(
            f"the material of {given.lot_id} is not known here; name it in material_definition_id"
        )
    return str(known or named)
