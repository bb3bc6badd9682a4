"""The record, its seals and the lots in the trace service's database."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping

from services.trace.domain import Touch, canonical, is_act, mentions, touch_of
from services.trace.proof import Sealing
from services.trace.seal import EMPTY_ROOT, Frontier, Record, Seal
from shared.db import sql
from shared.envelope import Envelope
from shared.outbox import numbered
from shared.transaction import Transaction

_HASH_BYTES = 32
_RECORDS = """
    SELECT position, event_id::text, source, sequence, type, subject, time, body FROM record"""
_SEAL = """
    seal.position, seal.count, seal.root, seal.previous_root, seal.positions, seal.leaves,
    seal.sealed_at, seal.key_id, seal.signature"""


async def keep(tx: Transaction, envelopes: Sequence[Envelope]) -> None:
    """Add envelopes of one source to the record in their order, with what each names."""
    statement = """
        WITH kept AS (
            INSERT INTO record (event_id, source, sequence, type, subject, time, body)
            SELECT event_id, source, sequence, type, subject, time, body
            FROM json_to_recordset(CAST(:records AS json)) AS one (
                event_id uuid, source text, sequence bigint, type text, subject text,
                time timestamptz, body text
            )
            ORDER BY sequence
            RETURNING position, sequence
        ),
        lots AS (
            INSERT INTO record_lot (lot_id, position, about)
            SELECT lot_id, position, about
            FROM kept JOIN json_to_recordset(CAST(:lots AS json))
                AS named (lot_id text, about boolean, sequence bigint) USING (sequence)
        ),
        nodes AS (
            INSERT INTO record_node (kind, node_id, position, from_at, to_at, lot_id)
            SELECT kind, node_id, position, from_at, to_at, lot_id
            FROM kept JOIN json_to_recordset(CAST(:nodes AS json)) AS named (
                kind text, node_id text, lot_id text, from_at timestamptz, to_at timestamptz,
                sequence bigint
            ) USING (sequence)
        ),
        acts AS (
            INSERT INTO act (position)
            SELECT position FROM kept JOIN json_to_recordset(CAST(:acts AS json))
                AS one (sequence bigint) USING (sequence)
        )
        INSERT INTO record_job_order (job_order_id, position)
        SELECT job_order_id, position FROM kept JOIN json_to_recordset(CAST(:job_orders AS json))
            AS named (job_order_id text, sequence bigint) USING (sequence)"""
    values: dict[str, list[dict[str, Any]]] = {
        "records": [_columns(envelope) for envelope in envelopes],
        "lots": [],
        "nodes": [],
        "job_orders": [],
        "acts": [],
    }
    for envelope in envelopes:
        named, touch, own = mentions(envelope.data), touch_of(envelope), envelope.sequence
        values["lots"] += [
            {"lot_id": one, "about": one in named.about, "sequence": own} for one in named.lot_ids
        ]
        values["nodes"] += node_rows(touch, {"sequence": own})
        values["job_orders"] += [
            {"job_order_id": one, "sequence": own} for one in named.job_order_ids
        ]
        values["acts"] += [{"sequence": own}] * is_act(envelope.type, touch)
    await tx.execute(sql(statement), {name: json.dumps(rows) for name, rows in values.items()})


def node_rows(touch: Touch, where: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of what an event touched, each with where it stands in the record."""
    times = {"from_at": touch.from_at.isoformat(), "to_at": touch.to_at.isoformat()}
    return [
        {"kind": one.kind, "node_id": one.node_id, "lot_id": one.lot_id, **times, **where}
        for one in touch.nodes
    ]


def _columns(envelope: Envelope) -> dict[str, Any]:
    return {
        "event_id": str(envelope.id),
        "source": envelope.service,
        "sequence": envelope.sequence,
        "type": envelope.type,
        "subject": envelope.subject,
        "time": envelope.time.isoformat(),
        "body": canonical(envelope),
    }


async def own_events(tx: Transaction, limit: int) -> list[str]:
    """Return this service's own numbered events that are not in the record yet, but for seals."""
    await tx.execute(sql("SELECT pg_advisory_xact_lock(727003)"))  # replicas one after the other
    statement = """
        SELECT sequence, body FROM outbox
        WHERE type <> 'org.halite.record_sealed.v1' AND sequence > (
            SELECT coalesce(max(sequence), 0) FROM record WHERE source = 'trace')
        ORDER BY sequence LIMIT :limit"""
    rows = await tx.execute(sql(statement), {"limit": limit})
    return [numbered(body, sequence) for sequence, body in rows]


async def settled_position(tx: Transaction) -> int:
    """Return the highest position below which nothing can still appear; 0 for an empty record.

    Waits for those who are adding now; new ones wait until this short transaction ends.
    """
    await tx.execute(sql("SELECT pg_advisory_xact_lock(727002)"))
    return await tx.scalar(sql("SELECT max(position) FROM record")) or 0


async def records(tx: Transaction, after: int, up_to: int, limit: int) -> list[Record]:
    """Return at most `limit` records after one position up to another, in order."""
    statement = f"""
        {_RECORDS} WHERE position > :after AND position <= :up_to ORDER BY position LIMIT :limit"""
    values = {"after": after, "up_to": up_to, "limit": limit}
    rows = (await tx.execute(sql(statement), values)).mappings()
    return [Record(**row) for row in rows]


async def records_at(tx: Transaction, positions: Sequence[int]) -> list[Record]:
    """Return the records at some positions, in order."""
    statement = f"{_RECORDS} WHERE position = ANY(CAST(:positions AS bigint[])) ORDER BY position"
    rows = (await tx.execute(sql(statement), {"positions": list(positions)})).mappings()
    return [Record(**row) for row in rows]


async def last_seal(tx: Transaction) -> tuple[int, bytes, Frontier]:
    """Return position, root and frontier of the last seal; other sealers wait until the end."""
    await tx.execute(sql("SELECT pg_advisory_xact_lock(727004)"))
    statement = "SELECT position, root, count, frontier FROM seal ORDER BY position DESC LIMIT 1"
    row = (await tx.execute(sql(statement))).mappings().first()
    if row is None:
        return 0, EMPTY_ROOT, Frontier()
    return row["position"], row["root"], Frontier(row["count"], _split(row["frontier"]))


async def add_seal(tx: Transaction, seal: Seal, frontier: Frontier) -> None:
    """Keep a seal with the frontier to go on from."""
    statement = """
        INSERT INTO seal (position, count, root, previous_root, positions, leaves, frontier,
                          sealed_at, key_id, signature)
        VALUES (:position, :count, :root, :previous_root, CAST(:positions AS bigint[]), :leaves,
                :frontier, :sealed_at, :key_id, :signature)"""
    values = {
        "position": seal.position,
        "count": seal.count,
        "root": seal.root,
        "previous_root": seal.previous_root,
        "positions": list(seal.positions),
        "leaves": b"".join(seal.leaves),
        "frontier": b"".join(frontier.hashes),
        "sealed_at": seal.sealed_at,
        "key_id": seal.key_id,
        "signature": seal.signature,
    }
    await tx.execute(sql(statement), values)


async def seals(tx: Transaction, after: int, limit: int) -> list[Seal]:
    """Return seals after a position, in order."""
    statement = f"""
        SELECT {_SEAL} FROM seal WHERE position > :after ORDER BY position LIMIT :limit"""
    rows = (await tx.execute(sql(statement), {"after": after, "limit": limit})).mappings()
    return [_seal(row) for row in rows]


async def sealings(tx: Transaction, positions: Sequence[int]) -> list[Sealing]:
    """Return the seals over some positions, in order, each with the frontier it stood on."""
    statement = f"""
        WITH wanted AS (
            SELECT DISTINCT (SELECT min(s.position) FROM seal s WHERE s.position >= p) AS position
            FROM unnest(CAST(:positions AS bigint[])) AS p
        )
        SELECT {_SEAL}, before.count AS before_count, before.frontier AS before_frontier
        FROM seal JOIN wanted USING (position)
        LEFT JOIN LATERAL (
            SELECT b.count, b.frontier FROM seal b WHERE b.position < seal.position
            ORDER BY b.position DESC LIMIT 1
        ) AS before ON true
        ORDER BY position"""
    rows = (await tx.execute(sql(statement), {"positions": list(positions)})).mappings()
    return [
        Sealing(
            seal=_seal(row),
            frontier=Frontier(row["before_count"] or 0, _split(row["before_frontier"] or b"")),
        )
        for row in rows
    ]


async def keep_key(tx: Transaction, key_id: str, public_key: bytes) -> None:
    """Keep the public key that signs from now on."""
    statement = """
        INSERT INTO seal_key (key_id, public_key) VALUES (:key_id, :public_key)
        ON CONFLICT DO NOTHING"""
    await tx.execute(sql(statement), {"key_id": key_id, "public_key": public_key})


async def keys(tx: Transaction) -> dict[str, bytes]:
    """Return every public key that signed a seal."""
    rows = (await tx.execute(sql("SELECT key_id, public_key FROM seal_key"))).mappings()
    return {row["key_id"]: row["public_key"] for row in rows}


def _seal(row: RowMapping) -> Seal:
    return Seal(
        position=row["position"],
        count=row["count"],
        root=row["root"],
        previous_root=row["previous_root"],
        positions=tuple(row["positions"]),
        leaves=_split(row["leaves"]),
        sealed_at=row["sealed_at"],
        key_id=row["key_id"],
        signature=row["signature"],
    )


async def seal_list(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the newest seals, newest first."""
    statement = """
        SELECT position, count, encode(root, 'hex') AS root_sha256,
               encode(previous_root, 'hex') AS previous_root_sha256, sealed_at,
               key_id, encode(signature, 'hex') AS signature
        FROM seal ORDER BY position DESC LIMIT :limit"""
    rows = (await tx.execute(sql(statement), {"limit": limit})).mappings()
    return [dict(row) for row in rows]


async def record_counts(tx: Transaction, sealed_position: int) -> int:
    """Return how many records stand behind the last seal."""
    statement = "SELECT count(*) FROM record WHERE position > :position"
    return await tx.scalar(sql(statement), {"position": sealed_position}) or 0


async def history(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return all events that name a lot, and those about its job orders that name no lot at all."""
    statement = """
        WITH own AS (SELECT position FROM record_lot WHERE lot_id = :lot_id),
        job_orders AS (
            SELECT DISTINCT job_order_id FROM record_job_order JOIN own USING (position)
        ),
        beside AS (
            SELECT position FROM record_job_order j JOIN job_orders USING (job_order_id)
            WHERE NOT EXISTS (SELECT 1 FROM record_lot l WHERE l.position = j.position)
        )
        SELECT position, event_id::text, source, sequence, type, subject, time,
               CAST(body AS jsonb) -> 'data' AS data
        FROM record WHERE position IN (SELECT position FROM own UNION SELECT position FROM beside)
        ORDER BY time, position"""
    rows = (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings()
    return [dict(row) for row in rows]


def _split(hashes: bytes) -> tuple[bytes, ...]:
    return tuple(hashes[at : at + _HASH_BYTES] for at in range(0, len(hashes), _HASH_BYTES))
