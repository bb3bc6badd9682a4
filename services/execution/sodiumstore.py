"""Places, moves and scraps of sodium in execution's database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.execution.routing import BUILT_KINDS
from services.execution.sodium import HazardMaterial, ScrapProposal, StoragePlace
from services.execution.store import all_rows
from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.transaction import Transaction

# A piece lies where its stock lot lies until it is moved itself. What is used up, scrapped or
# sealed into a cell is no lot that is available any more.
LYING = """
    SELECT l.lot_id, l.material_definition_id, p.place_id,
           l.quantity * CAST(h.body ->> 'sodium_g_per_unit' AS float8) AS sodium_g
    FROM lot l
    JOIN (SELECT DISTINCT ON (material_definition_id) material_definition_id, body
          FROM hazard_material ORDER BY material_definition_id, version DESC) h
      USING (material_definition_id)
    LEFT JOIN LATERAL (
        SELECT place_id FROM lot_place w WHERE w.lot_id IN (l.lot_id, l.member_of)
        ORDER BY (w.lot_id = l.lot_id) DESC LIMIT 1) p ON true
    WHERE l.state = 'available' AND l.quantity > 0 AND l.kind IN ('stock', 'piece')
      AND h.body ->> 'sodium_g_per_unit' IS NOT NULL"""


async def lock(tx: Transaction) -> None:
    """Let no other move or scrap of sodium happen until the transaction ends."""
    await tx.execute(sql("SELECT pg_advisory_xact_lock(hashtext('sodium'))"))


async def materials(tx: Transaction) -> dict[str, HazardMaterial]:
    """Return the newest version of each material that holds sodium or water."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (material_definition_id) body FROM hazard_material
        ORDER BY material_definition_id, version DESC""",
    )
    found = [HazardMaterial.model_validate(row["body"]) for row in rows]
    return {item.material_definition_id: item for item in found}


async def places(tx: Transaction) -> list[StoragePlace]:
    """Return the newest version of each place."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (place_id) body FROM storage_place
        ORDER BY place_id, version DESC""",
    )
    return [StoragePlace.model_validate(row["body"]) for row in rows]


async def lying(tx: Transaction) -> list[dict[str, Any]]:
    """Return the lots that hold sodium, with grams and place; None where nobody said it."""
    return [dict(row) for row in await all_rows(tx, f"{LYING} ORDER BY l.lot_id")]


async def in_cells(tx: Transaction) -> list[dict[str, Any]]:
    """Return the sodium stacked into cells that are not released yet, by where they are now."""
    rows = await all_rows(
        tx,
        f"""
        SELECT c.equipment_id, count(DISTINCT c.lot_id) AS cell_count,
               sum(b.quantity * CAST(h.body ->> 'sodium_g_per_unit' AS float8)) AS sodium_g
        FROM lot c
        CROSS JOIN LATERAL (
            SELECT material_definition_id, quantity FROM built_in
            WHERE lot_id = c.lot_id OFFSET 0) b  -- OFFSET: never by reading all that was built
        JOIN (SELECT DISTINCT ON (material_definition_id) material_definition_id, body
              FROM hazard_material ORDER BY material_definition_id, version DESC) h
          ON h.material_definition_id = b.material_definition_id
        WHERE c.kind IN {BUILT_KINDS} AND c.state NOT IN ('released', 'scrapped')
          AND h.body ->> 'sodium_g_per_unit' IS NOT NULL
        GROUP BY c.equipment_id ORDER BY c.equipment_id""",
    )
    return [dict(row) for row in rows]


async def grams(tx: Transaction, without: str | None = None) -> Mapping[str, float]:
    """Return the sodium that lies in each place itself, without one lot and its pieces there."""
    rows = await all_rows(
        tx,
        f"""
        SELECT place_id, sum(sodium_g) AS sodium_g FROM ({LYING}
            AND (CAST(:without AS text) IS NULL OR l.lot_id <> :without
                 AND (l.member_of IS DISTINCT FROM :without OR EXISTS (
                      SELECT 1 FROM lot_place o WHERE o.lot_id = l.lot_id)))
        ) AS lying WHERE place_id IS NOT NULL GROUP BY place_id""",
        without=without,
    )
    return {row["place_id"]: row["sodium_g"] for row in rows}


async def moved_g(tx: Transaction, lot_id: str) -> float:
    """Return the sodium that a move of a lot takes along: its own and that of its pieces there."""
    found: float | None = await tx.scalar(
        sql(f"""
            SELECT sum(sodium_g) FROM ({LYING}
                AND (l.lot_id = :id OR l.member_of = :id AND NOT EXISTS (
                     SELECT 1 FROM lot_place o WHERE o.lot_id = l.lot_id))) AS lying"""),
        {"id": lot_id},
    )
    return found or 0.0


async def keep_move(tx: Transaction, lot_id: str, place_id: str, person: str, at: datetime) -> None:
    """Keep where a lot lies from now on."""
    await tx.execute(
        sql("""
            INSERT INTO lot_place (lot_id, place_id, person, moved_at)
            VALUES (:lot_id, :place_id, :person, :at)
            ON CONFLICT (lot_id) DO UPDATE SET place_id = excluded.place_id,
                person = excluded.person, moved_at = excluded.moved_at"""),
        {"lot_id": lot_id, "place_id": place_id, "person": person, "at": at},
    )


async def propose(tx: Transaction, given: ScrapProposal, scrap_id: str, at: datetime) -> None:
    """Keep a scrap that waits for its second person."""
    await tx.execute(
        sql("""
            INSERT INTO sodium_scrap (scrap_id, lot_id, quantity, person, reason, proposed_at)
            VALUES (:scrap_id, :lot_id, :quantity, :person, :reason, :at)"""),
        {**given.model_dump(), "scrap_id": scrap_id, "at": at},
    )


async def lock_scrap(tx: Transaction, scrap_id: str) -> RowMapping:
    """Return a scrap that waits for its second person, locked.

    Raises:
        NotFoundError: no such scrap.
        ConflictError: it was confirmed before.
    """
    rows = await all_rows(
        tx, "SELECT * FROM sodium_scrap WHERE scrap_id = :id FOR UPDATE", id=scrap_id
    )
    if not rows:
        raise NotFoundError(f"scrap {scrap_id} does not exist")
    if rows[0]["confirmed_at"] is not None:
        raise ConflictError(f"scrap {scrap_id} was confirmed by {rows[0]['confirmed_by']}")
    return rows[0]


async def confirm(tx: Transaction, scrap: RowMapping, person: str, at: datetime) -> None:
    """Keep who confirmed a scrap, and take it out of its lot."""
    await tx.execute(
        sql("""
            UPDATE sodium_scrap SET confirmed_by = :person, confirmed_at = :at
            WHERE scrap_id = :id"""),
        {"id": scrap["scrap_id"], "person": person, "at": at},
    )
    await tx.execute(
        sql("""
            UPDATE lot SET quantity = quantity - :quantity, updated_at = :at,
                state = CASE WHEN kind = 'piece' THEN 'scrapped' ELSE state END
            WHERE lot_id = :lot_id"""),
        {"lot_id": scrap["lot_id"], "quantity": scrap["quantity"], "at": at},
    )


async def scraps(tx: Transaction, most: int) -> Sequence[RowMapping]:
    """Return scraps, those that wait first, then the newest."""
    return await all_rows(
        tx,
        """
        SELECT * FROM sodium_scrap
        ORDER BY confirmed_at DESC NULLS FIRST, proposed_at DESC, scrap_id LIMIT :most""",
        most=most,
    )
