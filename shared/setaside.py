"""Events that could not be handled, and those of their lot behind them, kept for a retry."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from shared.db import sql
from shared.envelope import Envelope
from shared.errors import MesError
from shared.transaction import Transaction

LONGEST_ERROR = 600
CANNOT_BE_HANDLED = (
    MesError,
    ValidationError,
    SQLAlchemyError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
)


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """An event that could not be handled, kept until it is retried. age_s: wall seconds."""

    event_id: str
    source: str
    sequence: int
    type: str
    subject: str
    error: str
    attempts: int
    age_s: float


class Waiting(NamedTuple):
    """A set-aside event to be handled now."""

    event_id: UUID
    body: str


async def listed(tx: Transaction, limit: int) -> list[SetAside]:
    """Return the events that wait for a retry, oldest first."""
    statement = """
        SELECT event_id::text, source, sequence, body::jsonb ->> 'type' AS type, subject,
               error, attempts,
               extract(epoch FROM clock_timestamp() - set_aside_at)::float8 AS age_s
        FROM set_aside ORDER BY set_aside_at LIMIT :limit"""
    rows = await tx.execute(sql(statement), {"limit": limit})
    return [SetAside(**row) for row in rows.mappings()]


async def count(tx: Transaction) -> int:
    """Return how many events wait for a retry."""
    return await tx.scalar(sql("SELECT count(*) FROM set_aside")) or 0


async def place(tx: Transaction, event_id: str) -> tuple[str, str] | None:
    """Return the source of a set-aside event and what it keeps its order with, or None."""
    statement = "SELECT source, partition_key FROM set_aside WHERE event_id::text = :event_id"
    row = (await tx.execute(sql(statement), {"event_id": event_id})).first()
    return None if row is None else (row[0], row[1])


async def first(tx: Transaction, source: str, key: str) -> Waiting | None:
    """Return the first waiting event of a source and key, locked; None when there is none left."""
    statement = """
        SELECT event_id, body FROM set_aside
        WHERE source = :source AND partition_key = :key ORDER BY sequence LIMIT 1 FOR UPDATE"""
    row = (await tx.execute(sql(statement), {"source": source, "key": key})).first()
    return None if row is None else Waiting(row[0], row[1])


async def remove(tx: Transaction, event_id: UUID) -> None:
    """Forget an event that has had its effect."""
    statement = "DELETE FROM set_aside WHERE event_id = :event_id"
    await tx.execute(sql(statement), {"event_id": event_id})


async def count_attempt(tx: Transaction, event_id: UUID | None, error: Exception) -> dict[str, Any]:
    """Note a retry that failed; return what is known of the event now."""
    statement = """
        UPDATE set_aside SET attempts = attempts + 1, error = :error
        WHERE event_id = :event_id RETURNING event_id::text, attempts, error"""
    values = {"event_id": event_id, "error": told(error)}
    row = (await tx.execute(sql(statement), values)).mappings().first()
    return dict(row) if row else {}


async def waiting_keys(tx: Transaction, source: str) -> set[str]:
    """Return what the set-aside events of a source keep their order with."""
    statement = "SELECT DISTINCT partition_key FROM set_aside WHERE source = :source"
    return set(await tx.scalars(sql(statement), {"source": source}))


async def put(tx: Transaction, source: str, envelope: Envelope, error: str) -> None:
    """Set an event aside."""
    statement = """
        INSERT INTO set_aside (event_id, source, sequence, subject, partition_key, body, error)
        VALUES (:event_id, :source, :sequence, :subject, :partition_key, :body, :error)"""
    values = {
        "event_id": envelope.id,
        "source": source,
        "sequence": envelope.sequence,
        "subject": envelope.subject,
        "partition_key": envelope.order_key,
        "body": json.dumps(envelope.model_dump(mode="json")),
        "error": error,
    }
    await tx.execute(sql(statement), values)


def told(error: Exception) -> str:
    """Return what a person needs to know of an error: its kind and words, or the wrong fields."""
    if isinstance(error, ValidationError):
        fields = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
        return f"{error.title}: " + "; ".join(f"{where}: {what}" for where, what in fields)
    return f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
