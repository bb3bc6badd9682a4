"""What was made of what, as far as quality needs it to find all that one fault concerns."""

from collections.abc import Iterable, Sequence

from services.quality import opened
from services.quality.store import all_rows
from shared.db import sql
from shared.facts import Material
from shared.transaction import Transaction

MOST_LOTS = 20_000  # named at once; more is a recall, which the trace service finds


async def keep(tx: Transaction, lot_id: str, materials: Iterable[Material]) -> None:
    """Keep what a job order made of what; without a product it is the lot itself."""
    by_use: dict[str, list[str]] = {"consumed": [], "produced": [], "processed": []}
    for item in materials:
        by_use[item.use].append(item.lot_id)
        if item.use == "produced" and item.lot_id == lot_id:
            await opened.keep_material(tx, item.lot_id, item.material_definition_id)
    if not by_use["consumed"]:
        return
    await tx.execute(
        sql("""
            INSERT INTO lineage (lot_id, part_lot_id)
            SELECT made, part FROM unnest(CAST(:made AS text[])) AS made,
                unnest(CAST(:parts AS text[])) AS part
            WHERE made <> part ON CONFLICT DO NOTHING"""),
        {"made": by_use["produced"] or [lot_id], "parts": by_use["consumed"]},
    )


async def forward(tx: Transaction, lot_ids: Sequence[str]) -> list[str]:
    """Return all that was made of some lots, they themselves first; at most 20 000."""
    rows = await all_rows(
        tx,
        """
        WITH RECURSIVE made (lot_id) AS (
            SELECT unnest(CAST(:ids AS text[]))
            UNION
            SELECT next.lot_id FROM made
            CROSS JOIN LATERAL (
                SELECT l.lot_id FROM lineage l WHERE l.part_lot_id = made.lot_id
                UNION ALL
                SELECT m.lot_id FROM member m WHERE m.pellet_lot_id = made.lot_id
                UNION ALL
                SELECT c.lot_id FROM component c WHERE c.part_lot_id = made.lot_id
            ) AS next
        )
        SELECT lot_id FROM made LIMIT :most""",
        ids=list(lot_ids),
        most=MOST_LOTS,
    )
    named = list(dict.fromkeys(lot_ids))
    return named + sorted({row["lot_id"] for row in rows} - set(named))


async def backward(tx: Transaction, lot_ids: Sequence[str]) -> list[str]:
    """Return all that some lots were made of and the pellet lots they are of, not they themselves.

    At most 20 000.
    """
    rows = await all_rows(
        tx,
        """
        WITH RECURSIVE origin (lot_id) AS (
            SELECT unnest(CAST(:ids AS text[]))
            UNION
            SELECT before.lot_id FROM origin
            CROSS JOIN LATERAL (
                SELECT l.part_lot_id AS lot_id FROM lineage l WHERE l.lot_id = origin.lot_id
                UNION ALL
                SELECT m.pellet_lot_id FROM member m WHERE m.lot_id = origin.lot_id
            ) AS before
        )
        SELECT lot_id FROM origin WHERE lot_id <> ALL(:ids) ORDER BY lot_id LIMIT :most""",
        ids=list(lot_ids),
        most=MOST_LOTS,
    )
    return [row["lot_id"] for row in rows]


async def made_of_each(tx: Transaction, lot_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return by lot all that was made of it, without itself; at most 20 000 in all."""
    rows = await all_rows(
        tx,
        """
        WITH RECURSIVE made (root, lot_id) AS (
            SELECT lot_id, lot_id FROM unnest(CAST(:ids AS text[])) AS lot_id
            UNION
            SELECT made.root, next.lot_id FROM made
            CROSS JOIN LATERAL (
                SELECT l.lot_id FROM lineage l WHERE l.part_lot_id = made.lot_id
                UNION ALL
                SELECT c.lot_id FROM component c WHERE c.part_lot_id = made.lot_id
            ) AS next
        )
        SELECT root, lot_id FROM made WHERE lot_id <> root ORDER BY root, lot_id LIMIT :most""",
        ids=list(lot_ids),
        most=MOST_LOTS,
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["root"], []).append(row["lot_id"])
    return found


async def members(tx: Transaction, pellet_lot_id: str) -> list[str]:
    """Return the pellets of a pellet lot."""
    rows = await all_rows(
        tx, "SELECT lot_id FROM member WHERE pellet_lot_id = :id ORDER BY lot_id", id=pellet_lot_id
    )
    return [row["lot_id"] for row in rows]


async def pellets_in(tx: Transaction, lot_id: str, pellet_lot_id: str) -> list[str]:
    """Return the pellets of a pellet lot that a cell or sample has, itself if it is one."""
    rows = await all_rows(
        tx,
        """
        SELECT m.lot_id FROM member m WHERE m.pellet_lot_id = :pellet_lot_id
          AND (m.lot_id = :lot_id OR m.lot_id IN (
              SELECT part_lot_id FROM component WHERE lot_id = :lot_id))
        ORDER BY m.lot_id""",
        lot_id=lot_id,
        pellet_lot_id=pellet_lot_id,
    )
    return [row["lot_id"] for row in rows]


async def words_of(
    tx: Transaction, lot_ids: Sequence[str], characteristic: str
) -> dict[str, str | None]:
    """Return the newest words measured of some lots, None where there are none."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (lot_id) lot_id, words FROM measurement
        WHERE lot_id = ANY(:ids) AND characteristic = :characteristic
        ORDER BY lot_id, id DESC""",
        ids=list(lot_ids),
        characteristic=characteristic,
    )
    return dict.fromkeys(lot_ids) | {row["lot_id"]: row["words"] for row in rows}
