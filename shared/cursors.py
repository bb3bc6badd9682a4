"""How far a service has read each source; the cursor moves in the transaction of the effects."""

from shared.db import sql
from shared.transaction import Transaction


async def begin(tx: Transaction, source: str) -> None:
    """Give a source its cursor, if it has none yet."""
    statement = "INSERT INTO cursor (source, sequence) VALUES (:source, 0) ON CONFLICT DO NOTHING"
    await tx.execute(sql(statement), {"source": source})


async def position(tx: Transaction, source: str) -> int:
    """Return the sequence of the last event whose effect is committed."""
    statement = "SELECT sequence FROM cursor WHERE source = :source"
    return await tx.scalar(sql(statement), {"source": source}) or 0


async def locked(tx: Transaction, source: str) -> int:
    """Return the same, and keep all others off this source until the transaction ends."""
    statement = "SELECT sequence FROM cursor WHERE source = :source FOR UPDATE"
    return await tx.scalar(sql(statement), {"source": source}) or 0


async def advance(tx: Transaction, source: str, sequence: int) -> None:
    """Move a cursor forward, never back."""
    statement = """
        UPDATE cursor SET sequence = greatest(sequence, :sequence) WHERE source = :source"""
    await tx.execute(sql(statement), {"source": source, "sequence": sequence})
