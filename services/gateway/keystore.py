"""Keys of programs in the gateway's database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from shared.db import sql
from shared.transaction import Transaction


async def add(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Keep a key; values: by column."""
    statement = """
        INSERT INTO api_key (key_id, key_hash, account, roles, limits, valid_until, added_at,
            added_by)
        VALUES (:key_id, :key_hash, :account, :roles, CAST(:limits AS jsonb), :valid_until,
            :added_at, :added_by)"""
    await tx.execute(sql(statement), dict(values))


async def key(tx: Transaction, key_hash: bytes) -> RowMapping | None:
    """Return a key that was not ended."""
    statement = "SELECT * FROM api_key WHERE key_hash = :key_hash AND ended_at IS NULL"
    rows = await tx.execute(sql(statement), {"key_hash": key_hash})
    return rows.mappings().one_or_none()


async def keys(tx: Transaction) -> list[dict[str, Any]]:
    """Return all keys without what is secret, the newest first."""
    statement = """
        SELECT key_id, account, roles, limits, valid_until, added_at, added_by, seen_at, ended_at,
            ended_by
        FROM api_key ORDER BY added_at DESC, key_id"""
    return [dict(row) for row in (await tx.execute(sql(statement))).mappings()]


async def seen(tx: Transaction, key_id: str, at: datetime) -> None:
    """Keep when a key was last used."""
    statement = "UPDATE api_key SET seen_at = :at WHERE key_id = :key_id"
    await tx.execute(sql(statement), {"key_id": key_id, "at": at})


async def end(tx: Transaction, key_id: str, at: datetime, ended_by: str) -> str | None:
    """End a key; return its account, None when there is none to end."""
    statement = """
        UPDATE api_key SET ended_at = :at, ended_by = :ended_by
        WHERE key_id = :key_id AND ended_at IS NULL RETURNING account"""
    values = {"key_id": key_id, "at": at, "ended_by": ended_by}
    account = await tx.scalar(sql(statement), values)
    return None if account is None else str(account)
