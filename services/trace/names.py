"""Search: every id that an event names, found by a part of it."""

from typing import Any, Literal

from services.trace.concern import escaped
from services.trace.domain import NodeKind
from shared.db import sql
from shared.transaction import Transaction

NameKind = NodeKind | Literal["lot", "job_order"]
_KEEP = """
    INSERT INTO known_name (kind, name, first_position)
    SELECT kind, name, min(position) FROM (
        SELECT 'lot' AS kind, lot_id AS name, position FROM record_lot
        WHERE position > :after AND position <= :up_to
        UNION ALL
        SELECT 'job_order', job_order_id, position FROM record_job_order
        WHERE position > :after AND position <= :up_to
        UNION ALL
        SELECT kind, node_id, position FROM record_node
        WHERE position > :after AND position <= :up_to
    ) AS named
    GROUP BY kind, name
    ON CONFLICT DO NOTHING"""
_OF_KIND = "(CAST(:kind AS text) IS NULL OR kind = :kind)"
# What is the text comes first, then what begins with it, then what contains it.
_FIND = f"""
    WITH starting AS (
        SELECT kind, name, first_position, CASE WHEN lower(name) = :words THEN 0 ELSE 1 END AS rank
        FROM known_name WHERE lower(name) COLLATE "C" LIKE :like || '%' AND {_OF_KIND}
        ORDER BY lower(name) COLLATE "C" LIMIT :limit
    ),
    containing AS (
        SELECT kind, name, first_position, 2 AS rank FROM known_name
        WHERE length(:words) > 2 AND (SELECT count(*) FROM starting) < :limit
          AND trigrams(name) @> trigrams(:words)
          AND lower(name) LIKE '%' || :like || '%' AND lower(name) NOT LIKE :like || '%'
          AND {_OF_KIND}
        LIMIT :limit
    )
    SELECT found.kind, found.name, record.time AS first_at, lot.material_definition_id, g.grade,
           EXISTS (SELECT 1 FROM lot_hold h
                   WHERE found.kind = 'lot' AND h.lot_id = found.name) AS is_held
    FROM (SELECT * FROM starting UNION ALL SELECT * FROM containing) AS found
    JOIN record ON record.position = found.first_position
    LEFT JOIN lot ON found.kind = 'lot' AND lot.lot_id = found.name
    LEFT JOIN lot_grade g ON found.kind = 'lot' AND g.lot_id = found.name
    ORDER BY rank, first_position DESC, name LIMIT :limit"""


async def keep_names(tx: Transaction, after: int, up_to: int) -> None:
    """Make what the records after one position up to another name known to the search."""
    await tx.execute(sql(_KEEP), {"after": after, "up_to": up_to})


async def found(
    tx: Transaction, words: str, kind: NameKind | None, limit: int
) -> list[dict[str, Any]]:
    """Return what is named `words`, begins with it or contains it, in this order.

    Upper and lower case are the same. Less than three characters find beginnings only.
    """
    plain = words.strip().lower()
    values = {"words": plain, "like": escaped(plain), "kind": kind, "limit": limit}
    return (await tx.execute(sql(_FIND), values)).dicts() if plain else []
