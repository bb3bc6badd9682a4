"""Which lots something concerns, all that was made of them, and where they are now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.db import sql
from shared.transaction import Transaction

# What is named, or stands below it: a channel of a tester, a version of a recipe.
_NAMED = """
    n.kind = :kind
    AND (n.node_id = :node_id OR n.node_id LIKE :like || '/%' OR n.node_id LIKE :like || '@%')"""
_IN_TIME = """
    AND (CAST(:from_at AS timestamptz) IS NULL OR {to_at} >= :from_at)
    AND (CAST(:to_at AS timestamptz) IS NULL OR {from_at} <= :to_at)"""
_HITS = f"""
    SELECT n.position, n.lot_id FROM record_node n
    WHERE {_NAMED} {_IN_TIME.format(from_at="n.from_at", to_at="n.to_at")}"""
# A version runs on a machine from the moment it says so until it says another one, and a person
# operates it from taking it over until another one does or nobody.
_SPANS = f"""
    SELECT work.position, work.lot_id
    FROM (
        SELECT n.node_id, n.from_at, split_part(n.node_id, '@', 1) AS equipment_id,
               lead(n.from_at) OVER (
                   PARTITION BY split_part(n.node_id, '@', 1) ORDER BY n.from_at, n.position
               ) AS until_at
        FROM record_node n WHERE n.kind = :span_kind
    ) AS n
    JOIN record_node work ON work.kind = 'equipment' AND work.node_id = n.equipment_id
        AND work.to_at >= n.from_at AND (n.until_at IS NULL OR work.from_at < n.until_at)
    WHERE (n.node_id = :node_id OR n.node_id LIKE :like || '@%' OR n.node_id LIKE '%@' || :like)
        AND right(n.node_id, 1) <> '@'
        {_IN_TIME.format(from_at="work.from_at", to_at="work.to_at")}"""
# What a machine did was done by its sensors too.
_MACHINE_HITS = f"""
    SELECT n.position, n.lot_id FROM record_node n
    WHERE n.kind = 'equipment' AND n.node_id = regexp_replace(:node_id, '/[^/]*$', '')
        {_IN_TIME.format(from_at="n.from_at", to_at="n.to_at")}"""
_ASKED = {
    "software": _SPANS,
    "operator": _SPANS,
    "person": f"{_HITS} UNION ALL {_SPANS}",
    "sensor": f"{_HITS} UNION ALL {_MACHINE_HITS}",
}
_SPAN_KINDS = {"software": "software", "operator": "operator", "person": "operator"}
_BELOW = """
    WITH RECURSIVE reached (lot_id) AS (
        SELECT unnest(CAST(:lot_ids AS text[]))
        UNION
        SELECT next.lot_id FROM reached r, LATERAL (
            SELECT child_lot_id FROM genealogy_edge e WHERE e.parent_lot_id = r.lot_id
            UNION ALL
            SELECT member_lot_id FROM lot_member m WHERE m.lot_id = r.lot_id
        ) AS next (lot_id)
    )
    SELECT lot_id FROM reached ORDER BY lot_id"""


async def seeds(
    tx: Transaction, kind: str, node_id: str, from_at: datetime | None, to_at: datetime | None
) -> list[str]:
    """Return the lots that a node touched itself, in a window of plant time.

    An event that names job orders but no lot, such as a furnace run, stands for their lots. What
    was only consumed at a machine is not touched by it: the rest of that lot went elsewhere.
    """
    if kind == "lot":
        statement = """
            SELECT :node_id WHERE EXISTS (SELECT 1 FROM lot WHERE lot_id = :node_id)
                OR EXISTS (SELECT 1 FROM record_lot WHERE lot_id = :node_id)"""
    elif kind == "job_order":
        statement = """
            SELECT DISTINCT l.lot_id FROM record_job_order j JOIN record_lot l USING (position)
            WHERE j.job_order_id = :node_id AND l.about"""
    else:
        statement = f"""
            WITH hit AS (
                SELECT DISTINCT position, lot_id FROM ({_ASKED.get(kind, _HITS)}) AS found
            ),
            through AS (
                SELECT DISTINCT j.job_order_id FROM hit JOIN record_job_order j USING (position)
                WHERE NOT EXISTS (SELECT 1 FROM record_lot l WHERE l.position = hit.position)
            )
            SELECT l.lot_id FROM hit JOIN record_lot l USING (position)
            WHERE l.about AND hit.lot_id IN ('', l.lot_id)
            UNION
            SELECT l.lot_id FROM through JOIN record_job_order j USING (job_order_id)
            JOIN record_lot l USING (position) WHERE l.about"""
    values = {
        "kind": kind,
        "span_kind": _SPAN_KINDS.get(kind, ""),
        "node_id": node_id,
        "like": escaped(node_id),
    }
    values_in_time: dict[str, Any] = values | {"from_at": from_at, "to_at": to_at}
    return list(await tx.scalars(sql(statement), values_in_time))


async def is_known(tx: Transaction, kind: str, node_id: str) -> bool:
    """Say whether any event names a node, at whatever time."""
    if kind in ("lot", "job_order"):
        return bool(await seeds(tx, kind, node_id, None, None))
    named = f"({_NAMED} OR n.kind = :span_kind AND n.node_id LIKE '%@' || :like)"
    if kind == "sensor":
        named = f"({_NAMED} OR n.kind = 'equipment' AND n.node_id = :machine_id)"
    statement = f"SELECT EXISTS (SELECT 1 FROM record_node n WHERE {named})"
    values = {
        "kind": kind,
        "span_kind": _SPAN_KINDS.get(kind, ""),
        "node_id": node_id,
        "machine_id": node_id.rpartition("/")[0],
        "like": escaped(node_id),
    }
    return bool(await tx.scalar(sql(statement), values))


async def below(tx: Transaction, lot_ids: Sequence[str]) -> list[str]:
    """Return some lots with all that was made of them or is a member of them, sorted."""
    return list(await tx.scalars(sql(_BELOW), {"lot_ids": list(lot_ids)}))


async def wait_for_genealogy(tx: Transaction) -> None:
    """Wait for those who keep genealogy now; new ones wait until this transaction ends.

    So what is made of a recalled lot is seen either here or by who keeps it.
    """
    await tx.execute(sql("LOCK TABLE genealogy_edge IN SHARE MODE"))


async def where(tx: Transaction, lot_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return what each lot is and where it is now: its last step, its holds, its grade.

    is_end: nothing was made of it, so that it is in the plant or shipped as itself.
    """
    statement = """
        SELECT wanted.lot_id, lot.material_definition_id, lot.quantity, lot.unit,
               step.operation, step.equipment_id, step.ended_at, g.grade, g.completed_at,
               NOT EXISTS (SELECT 1 FROM genealogy_edge e
                           WHERE e.parent_lot_id = wanted.lot_id) AND
               NOT EXISTS (SELECT 1 FROM lot_member m WHERE m.lot_id = wanted.lot_id) AS is_end,
               ARRAY(SELECT h.gate FROM lot_hold h WHERE h.lot_id = wanted.lot_id
                     ORDER BY h.gate) AS holds
        FROM unnest(CAST(:lot_ids AS text[])) AS wanted (lot_id)
        LEFT JOIN lot USING (lot_id)
        LEFT JOIN lot_grade g USING (lot_id)
        LEFT JOIN LATERAL (
            SELECT operation, equipment_id, ended_at FROM genealogy_step s
            WHERE s.lot_id = wanted.lot_id ORDER BY ended_at DESC LIMIT 1
        ) AS step ON true
        ORDER BY wanted.lot_id"""
    return (await tx.execute(sql(statement), {"lot_ids": list(lot_ids)})).dicts()


async def circumstances(tx: Transaction, lot_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return what was at work on some lots: kind, id, and from when to when, in plant time."""
    statement = """
        WITH own AS (
            SELECT DISTINCT position FROM record_lot
            WHERE lot_id = ANY(CAST(:lot_ids AS text[])) AND about
        ),
        beside AS (
            SELECT DISTINCT j.position FROM record_job_order j
            WHERE j.job_order_id IN (
                SELECT job_order_id FROM record_job_order JOIN own USING (position))
            AND NOT EXISTS (SELECT 1 FROM record_lot l WHERE l.position = j.position)
        )
        SELECT kind, node_id, min(from_at) AS from_at, max(to_at) AS to_at
        FROM record_node
        WHERE position IN (SELECT position FROM own UNION SELECT position FROM beside)
          AND (lot_id = '' OR lot_id = ANY(CAST(:lot_ids AS text[])))
        GROUP BY kind, node_id ORDER BY kind, node_id"""
    return (await tx.execute(sql(statement), {"lot_ids": list(lot_ids)})).dicts()


def escaped(text: str) -> str:
    """Return a text in which LIKE finds no pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
