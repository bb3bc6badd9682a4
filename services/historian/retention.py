"""Which sealed files are registered, which have expired, and which a hold keeps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.historian.files import SealedFile
from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.transaction import Transaction

UNLINK_AFTER_S = 600.0  # whoever found a file in the catalogue has long read it


class Hold(BaseModel):
    """Keeps files beyond their policy: those with tests of a cell, or of a piece of equipment.

    A hold of equipment covers its parts too, so a tester's covers its channels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold_id: str = Field(min_length=1, max_length=100)
    lot_id: str | None = Field(default=None, min_length=1, max_length=200)
    equipment_id: str | None = Field(default=None, min_length=1, max_length=200)
    person: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _one_of_two(self) -> "Hold":
        if (self.lot_id is None) == (self.equipment_id is None):
            raise ValueError("name either lot_id or equipment_id")
        return self


async def place(tx: Transaction, hold: Hold, at: datetime) -> None:
    """Place a hold.

    Raises:
        ConflictError: there is one of that id.
    """
    statement = """
        INSERT INTO retention_hold (hold_id, lot_id, equipment_id, person, reason, placed_at)
        VALUES (:hold_id, :lot_id, :equipment_id, :person, :reason, :at)
        ON CONFLICT (hold_id) DO NOTHING"""
    added = await tx.execute(sql(statement), hold.model_dump() | {"at": at})
    if not added.rowcount:
        raise ConflictError(f"there is a retention hold {hold.hold_id}; take another id")


async def end(tx: Transaction, hold_id: str, person: str, at: datetime) -> None:
    """End a hold; what has expired meanwhile goes at the next look.

    Raises:
        NotFoundError: no such hold, or it has ended.
    """
    statement = """
        UPDATE retention_hold SET ended_by = :person, ended_at = :at
        WHERE hold_id = :hold_id AND ended_at IS NULL"""
    values = {"hold_id": hold_id, "person": person, "at": at}
    if not (await tx.execute(sql(statement), values)).rowcount:
        raise NotFoundError(f"no retention hold {hold_id} is in force")


async def holds(tx: Transaction) -> list[dict[str, Any]]:
    """Return all holds, those in force first."""
    statement = "SELECT * FROM retention_hold ORDER BY ended_at DESC NULLS FIRST, placed_at"
    return [dict(row) for row in (await tx.execute(sql(statement))).mappings()]


async def end_expired(tx: Transaction, content: str, before: datetime) -> list[str]:
    """Take files out of the catalogue whose last row is older and which no hold keeps.

    A file of telemetry names the equipment in it. One from before that was noted is kept by any
    hold of equipment.
    """
    statement = """
        WITH held AS (
            SELECT s.series_id AS id FROM test_series s JOIN retention_hold h
                ON h.lot_id = s.lot_id OR h.equipment_id = s.equipment_id
                    OR starts_with(s.equipment_id, h.equipment_id || '/')
            WHERE h.ended_at IS NULL
        ), ended AS (
            DELETE FROM sealed_file f
            WHERE content = :content AND to_at < :before
              AND NOT EXISTS (SELECT FROM held WHERE held.id = ANY(f.series_ids))
              AND NOT EXISTS (
                SELECT FROM retention_hold h
                WHERE h.ended_at IS NULL AND h.equipment_id IS NOT NULL
                  AND f.content = 'telemetry'
                  AND (f.series_ids = '{}' OR EXISTS (
                    SELECT FROM unnest(f.series_ids) AS e(id)
                    WHERE e.id = h.equipment_id OR starts_with(e.id, h.equipment_id || '/'))))
            RETURNING path, content, row_count, sha256, sealed_at
        )
        INSERT INTO removed_file (path, content, row_count, sha256, sealed_at, removed_at,
                                  registered)
        SELECT path, content, row_count, sha256, sealed_at, clock_timestamp(), false
        FROM ended RETURNING path"""
    values = {"content": content, "before": before}
    return list(await tx.scalars(sql(statement), values))


async def removed(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the files that retention ended, newest first."""
    statement = "SELECT * FROM removed_file ORDER BY removed_at DESC, path LIMIT :limit"
    rows = (await tx.execute(sql(statement), {"limit": limit})).mappings()
    return [dict(row) for row in rows]


async def to_unlink(tx: Transaction) -> list[str]:
    """Return ended files that nobody can be reading any more."""
    statement = """
        SELECT path FROM removed_file
        WHERE on_disk AND registered
          AND removed_at < clock_timestamp() - make_interval(secs => :after_s)"""
    return list(await tx.scalars(sql(statement), {"after_s": UNLINK_AFTER_S}))


async def unlinked(tx: Transaction, paths: Sequence[str]) -> None:
    """Note that ended files are no longer on disk."""
    statement = "UPDATE removed_file SET on_disk = false WHERE path = ANY(:paths)"
    await tx.execute(sql(statement), {"paths": list(paths)})


async def chore_waits(tx: Transaction, register_every_s: float) -> bool:
    """Say whether a file waits so long to be registered, or an ended one to go."""
    statement = """
        SELECT EXISTS (SELECT FROM sealed_file WHERE NOT registered
                       AND entered_at < clock_timestamp() - make_interval(secs => :every_s))
            OR EXISTS (SELECT FROM removed_file WHERE on_disk
                       AND removed_at < clock_timestamp() - make_interval(secs => :after_s))"""
    values = {"every_s": register_every_s, "after_s": UNLINK_AFTER_S}
    return bool(await tx.scalar(sql(statement), values))


async def unregistered(tx: Transaction, content: str) -> list[SealedFile]:
    """Return the files that the Delta log does not know yet, oldest first."""
    statement = """
        SELECT path, row_count, byte_count, from_at, to_at, sha256 FROM sealed_file
        WHERE content = :content AND NOT registered ORDER BY entered_at, path"""
    rows = await tx.execute(sql(statement), {"content": content})
    return [SealedFile(**row) for row in rows.mappings()]


async def unregistered_removals(tx: Transaction, content: str) -> list[str]:
    """Return the ended files that the Delta log still has."""
    statement = """
        SELECT path FROM removed_file WHERE content = :content AND NOT registered ORDER BY path"""
    return list(await tx.scalars(sql(statement), {"content": content}))


async def registered(tx: Transaction, added: Sequence[str], ended: Sequence[str]) -> None:
    """Note that the Delta log knows of these."""
    for table, paths in (("sealed_file", added), ("removed_file", ended)):
        statement = f"UPDATE {table} SET registered = true WHERE path = ANY(:paths)"
        await tx.execute(sql(statement), {"paths": list(paths)})
