"""Whether a plant's record is whole: its seals, its readers' cursors and its sealed files."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.manifest import SealEntry
from deploy.postgres import PostgresServer
from services.trace import store, workflow
from shared.db import Database, sql
from shared.transaction import Transaction

PREFIX = "halite_"


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was looked at, a sentence each, and what is wrong; sound when nothing is."""

    lines: tuple[str, ...]
    faults: tuple[str, ...]


def findings(server: PostgresServer, data_dir: Path, seal: SealEntry | None) -> Findings:
    """Look at a plant whose services do not run.

    seal: one that the record must still contain.
    """
    urls = {name.removeprefix(PREFIX): server.url(name) for name in server.databases()}
    return asyncio.run(_findings(urls, data_dir, seal))


async def _findings(urls: Mapping[str, str], data_dir: Path, seal: SealEntry | None) -> Findings:
    databases = {name: Database(url) for name, url in urls.items()}
    try:
        record = await _record(databases.get("trace"), seal)
        cursors = await _cursors(databases)
        catalogue = await _catalogue(databases.get("historian"), data_dir)
    finally:
        for database in databases.values():
            await database.close()
    parts = (record, cursors, catalogue)
    return Findings(
        lines=tuple(line for part in parts for line in part.lines),
        faults=tuple(fault for part in parts for fault in part.faults),
    )


async def _record(database: Database | None, seal: SealEntry | None) -> Findings:
    if database is None:
        return Findings(lines=(), faults=("there is no database with the record",))
    async with database.quiet() as tx:
        found = await workflow.verify(tx)
        kept = await store.seals(tx, seal.position - 1, 1) if seal else []
    faults = []
    if not found["ok"]:
        faults.append(f"the record was changed at position {found['first_wrong_position']}")
    if seal and (not kept or kept[0].root.hex() != seal.root_sha256):
        faults.append(f"the seal at position {seal.position} is not the one the backup was made of")
    line = (
        f"Record: {found['sealed_count']} events under {found['seal_count']} seals, "
        f"{found['unsealed_count']} not sealed yet, root {found['root_sha256']}."
    )
    return Findings(lines=(line,), faults=tuple(faults))


async def _cursors(databases: Mapping[str, Database]) -> Findings:
    """A reader ahead of its source would take new events for old ones."""
    numbered: dict[str, int] = {}
    read: dict[tuple[str, str], int] = {}
    for name, database in databases.items():
        async with database.quiet() as tx:
            if not await _has_table(tx, "cursor"):
                continue
            query = "SELECT sequence FROM relay WHERE duty = 'number'"
            numbered[name] = await tx.scalar(sql(query)) or 0
            for source, sequence in await tx.execute(sql("SELECT source, sequence FROM cursor")):
                read[name, source] = sequence
    faults = [
        f"{reader} has read {sequence} events of {source}, which has said {numbered[source]}"
        for (reader, source), sequence in read.items()
        if source in numbered and sequence > numbered[source]
    ]
    said_count = sum(numbered.values())
    line = (
        f"Services: {len(numbered)} with {said_count} events said, {len(read)} cursors looked at."
    )
    return Findings(lines=(line,), faults=tuple(faults))


async def _catalogue(database: Database | None, data_dir: Path) -> Findings:
    if database is None:
        return Findings(lines=(), faults=("there is no database with the time series",))
    async with database.quiet() as tx:
        if not await _has_table(tx, "sealed_file"):
            return Findings(lines=(), faults=())
        rows = (await tx.execute(sql("SELECT path, sha256 FROM sealed_file"))).all()
    faults = [
        f"the time series file {path} is missing or changed"
        for path, sha256 in rows
        if not await asyncio.to_thread(_is_same, data_dir / path, sha256)
    ]
    return Findings(lines=(f"Time series: {len(rows)} sealed files.",), faults=tuple(faults))


async def _has_table(tx: Transaction, name: str) -> bool:
    return await tx.scalar(sql("SELECT to_regclass(:name)"), {"name": name}) is not None


def _is_same(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
