"""What the record holds about one cell: its own events and those of all it was made of."""

from collections.abc import Sequence

from services.trace.told import SealShown, Told
from shared.db import sql
from shared.transaction import Transaction

# A lot, all it was made of, and the lots that those are members of.
_ABOVE = """
    WITH RECURSIVE above (lot_id) AS (
        SELECT CAST(:lot_id AS text)
        UNION
        SELECT next.lot_id FROM above a, LATERAL (
            SELECT parent_lot_id FROM genealogy_edge e WHERE e.child_lot_id = a.lot_id
            UNION ALL
            SELECT m.lot_id FROM lot_member m WHERE m.member_lot_id = a.lot_id
        ) AS next (lot_id)
    )"""
# Which versions or operators a machine ever named: each is looked up, never all that it said.
_NAMED = """
    {kind}_named AS (
        SELECT machine.node_id AS machine_id, found.node_id
        FROM (SELECT DISTINCT node_id FROM seen) AS machine, LATERAL (
            WITH RECURSIVE next (node_id) AS (
                SELECT machine.node_id || '@'
                UNION ALL
                SELECT (
                    SELECT n.node_id FROM record_node n
                    WHERE n.kind = '{kind}' AND n.node_id ~>~ next.node_id
                        AND n.node_id ~<~ (machine.node_id || 'A')  -- the character behind @
                    ORDER BY n.node_id USING ~<~ LIMIT 1
                ) FROM next WHERE next.node_id IS NOT NULL
            )
            SELECT node_id FROM next WHERE node_id IS NOT NULL
        ) AS found
    ),
    {kind} AS (
        SELECT DISTINCT ON (seen.node_id, seen.from_at) said.position
        FROM seen JOIN {kind}_named AS named ON named.machine_id = seen.node_id, LATERAL (
            SELECT n.position, n.from_at FROM record_node n
            WHERE n.kind = '{kind}' AND n.node_id = named.node_id AND n.from_at <= seen.from_at
            ORDER BY n.from_at DESC, n.position DESC LIMIT 1
        ) AS said
        ORDER BY seen.node_id, seen.from_at, said.from_at DESC, said.position DESC
    )"""
# Their events; those of their job orders, requests and acts that name no lot; the last word of
# each machine they saw on its software and its operator before they saw it, and who took it over
# while they were there.
_POSITIONS = f"""
    {_ABOVE},
    own AS (
        SELECT DISTINCT r.position FROM record_lot r JOIN above USING (lot_id) WHERE r.about
    ),
    orders AS (SELECT DISTINCT job_order_id FROM record_job_order JOIN own USING (position)),
    beside AS (
        SELECT DISTINCT j.position FROM record_job_order j JOIN orders USING (job_order_id)
        WHERE NOT EXISTS (SELECT 1 FROM record_lot l WHERE l.position = j.position)
    ),
    asked AS (
        SELECT r.position
        FROM (SELECT DISTINCT n.node_id FROM record_node n JOIN own USING (position)
              WHERE n.kind = 'work_request') AS request
        JOIN record r ON r.subject = request.node_id
        WHERE r.type IN ('org.halite.work_request_accepted.v1', 'org.halite.work_request_ended.v1')
    ),
    seen AS (
        SELECT DISTINCT n.node_id, n.from_at, n.to_at FROM record_node n
        JOIN (SELECT position FROM own UNION SELECT position FROM beside) AS those USING (position)
        WHERE n.kind = 'equipment'
    ),
    {_NAMED.format(kind="software")},
    {_NAMED.format(kind="operator")},
    taken_over AS (
        SELECT n.position FROM seen
        JOIN operator_named AS named ON named.machine_id = seen.node_id
        JOIN record_node n ON n.kind = 'operator' AND n.node_id = named.node_id
            AND n.from_at > seen.from_at AND n.from_at <= seen.to_at
    )
    SELECT position FROM own UNION SELECT position FROM beside
    UNION SELECT position FROM asked UNION SELECT position FROM software
    UNION SELECT position FROM operator UNION SELECT position FROM taken_over"""
# The lots that were made beside the cell to bear witness for it: of the same lots' members, and
# tested until they failed; with all that was decided about them.
_WITNESSES = f"""
    {_ABOVE},
    beside AS (
        SELECT DISTINCT e.child_lot_id AS lot_id
        FROM above JOIN lot_member m USING (lot_id)
        JOIN genealogy_edge e ON e.parent_lot_id = m.member_lot_id
        WHERE NOT EXISTS (SELECT 1 FROM above a WHERE a.lot_id = e.child_lot_id)
    )
    SELECT DISTINCT l.position FROM beside JOIN record_lot l USING (lot_id)
    WHERE l.about AND EXISTS (
        SELECT 1 FROM genealogy_step s WHERE s.lot_id = beside.lot_id AND s.operation = 'ccd')"""
_TOLD = """
    SELECT r.position, r.event_id::text, r.source, r.sequence, r.type, r.subject, r.time,
           CAST(r.body AS jsonb) -> 'data' AS data,
           CAST(r.body AS jsonb) ->> 'causationid' AS caused_by,
           (SELECT min(s.position) FROM seal s WHERE s.position >= r.position) AS seal_position
    FROM record r WHERE r.position = ANY(CAST(:positions AS bigint[]))
    ORDER BY r.time, r.position"""


# What a list of lots leads to is short, whatever the tables hold, which the planner cannot know.
_STEP_BY_STEP = """
    SELECT set_config(name, 'off', true)
    FROM unnest(ARRAY['enable_hashjoin', 'enable_mergejoin', 'enable_seqscan']) AS name"""


async def step_by_step(tx: Transaction) -> None:
    """Let all questions of this transaction go from row to row by index, never over a table."""
    await tx.execute(sql(_STEP_BY_STEP), {})


async def lots_above(tx: Transaction, lot_id: str) -> list[str]:
    """Return a lot with all it was made of, and the lots that those are members of."""
    statement = f"{_ABOVE} SELECT lot_id FROM above ORDER BY lot_id"
    return list(await tx.scalars(sql(statement), {"lot_id": lot_id}))


async def told_of(tx: Transaction, lot_id: str) -> list[Told]:
    """Return all events that the life of a lot stands on, in the order of plant time."""
    positions = await tx.scalars(sql(_POSITIONS), {"lot_id": lot_id})
    return await _told(tx, list(positions))


async def told_of_witnesses(tx: Transaction, lot_id: str) -> list[Told]:
    """Return what was said of the witness cells made of the same lots, in plant time."""
    return await _told(tx, list(await tx.scalars(sql(_WITNESSES), {"lot_id": lot_id})))


async def seals_at(tx: Transaction, positions: Sequence[int]) -> list[SealShown]:
    """Return the seals that stand at some positions, in order."""
    statement = """
        SELECT position, encode(root, 'hex') AS root_sha256, sealed_at, key_id,
               encode(signature, 'hex') AS signature
        FROM seal WHERE position = ANY(CAST(:positions AS bigint[])) ORDER BY position"""
    rows = (await tx.execute(sql(statement), {"positions": list(positions)})).mappings()
    return [SealShown(**row) for row in rows]


async def _told(tx: Transaction, positions: Sequence[int]) -> list[Told]:
    rows = (await tx.execute(sql(_TOLD), {"positions": list(positions)})).mappings()
    return [Told(**row) for row in rows]
