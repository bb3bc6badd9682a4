"""Test files in formation's database: the bytes as they came, and every reading of them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.db import sql
from shared.errors import NotFoundError
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """A file as it came."""

    sha256: str
    name: str
    lot_id: str | None
    content: bytes


async def keep_file(tx: Transaction, file: RawFile, at: datetime) -> None:
    """Keep a file's bytes; the same bytes are kept once, with their first name."""
    await tx.execute(
        sql("""
            INSERT INTO test_file (sha256, name, lot_id, content, received_at)
            VALUES (:sha256, :name, :lot_id, :content, :at)
            ON CONFLICT (sha256) DO NOTHING"""),
        {**vars(file), "at": at},
    )


async def keep_reading(tx: Transaction, sha256: str, reading: dict[str, Any], at: datetime) -> bool:
    """Keep what a parser made of a file; False when it said the same the last time.

    A reading never changes: another parser, or another answer, is another one.
    """
    last = await readings(tx, sha256)
    told = json.loads(json.dumps(reading))
    if last and {key: last[-1][key] for key in told} == told:
        return False
    await tx.execute(
        sql("""
            INSERT INTO test_file_reading (sha256, parser, may_gate, body, read_at)
            VALUES (:sha256, :parser, :may_gate, CAST(:body AS jsonb), :at)"""),
        {
            "sha256": sha256,
            "parser": reading["parser"],
            "may_gate": reading["may_gate"],
            "body": json.dumps(reading),
            "at": at,
        },
    )
    return True


async def readings(tx: Transaction, sha256: str) -> list[dict[str, Any]]:
    """Return all readings of a file, oldest first."""
    rows = await tx.execute(
        sql("""
            SELECT body, read_at FROM test_file_reading
            WHERE sha256 = :sha256 ORDER BY reading_id"""),
        {"sha256": sha256},
    )
    return [{**row["body"], "read_at": row["read_at"]} for row in rows.mappings()]


async def raw_file(tx: Transaction, sha256: str) -> RawFile:
    """Return a file as it came.

    Raises:
        NotFoundError: no file of that hash.
    """
    rows = await tx.execute(
        sql("SELECT sha256, name, lot_id, content FROM test_file WHERE sha256 = :sha256"),
        {"sha256": sha256},
    )
    row = rows.mappings().first()
    if row is None:
        raise NotFoundError(f"test file {sha256} does not exist")
    return RawFile(**row)


async def files_of(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return the files of a lot, newest first, each with its newest reading."""
    rows = await tx.execute(
        sql("""
            SELECT f.sha256, f.name, f.received_at, r.parser, r.may_gate, r.read_at,
                   r.body -> 'warnings' AS warnings, r.body -> 'proof' AS proof
            FROM test_file f
            JOIN LATERAL (
                SELECT * FROM test_file_reading WHERE sha256 = f.sha256
                ORDER BY reading_id DESC LIMIT 1) r ON true
            WHERE f.lot_id = :lot_id ORDER BY f.received_at DESC"""),
        {"lot_id": lot_id},
    )
    return [dict(row) for row in rows.mappings()]
