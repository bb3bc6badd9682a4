"""The log of a Delta table over sealed files, so that Spark, Trino, DuckDB or Polars read them.

Only what an append-only table of whole files needs (Delta protocol, reader version 1, writer
version 2), each entry forced to disk; libraries that write it force nothing.
"""

import json
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from services.historian import files, testfiles
from services.historian.files import SealedFile, make_folder, sync
from shared import testrows
from shared.errors import RetryLaterError

if TYPE_CHECKING:  # loaded at the first commit
    import pyarrow as pa

LOG = "_delta_log"
WORDS: Mapping[str, str] = MappingProxyType(
    {"int32": "integer", "int64": "long", "double": "double", "string": "string"}
)


@dataclass(frozen=True)
class Table:
    """One Delta table: its folder below the data folder, and the schema of its files."""

    folder: str
    schema: "Callable[[], pa.Schema]"


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "telemetry": Table(files.FOLDER, lambda: files.table_of([]).schema),
        "tests": Table(testfiles.FOLDER, testrows.schema),
    }
)


def commit(
    folder: Path,
    table: Table,
    added: Sequence[SealedFile],
    removed: Sequence[str],
    at: datetime,
) -> int:
    """Add and remove files by one entry of the log, on disk on return; return its version.

    Paths are relative to the data folder, as in the catalogue. The same file may be added again:
    an entry replaces an earlier one of the same path, so a repeat after a crash changes nothing.

    Raises:
        RetryLaterError: the disk is full or broken, or another wrote this version meanwhile.
    """
    log = folder / LOG
    now_ms = round(at.timestamp() * 1000)
    actions = [
        *({"add": _add(table, file, now_ms)} for file in added),
        *({"remove": _remove(table, path, now_ms)} for path in removed),
    ]
    try:
        make_folder(log)
        version = _next_version(log)
        if version == 0:
            actions = [*_begin(table, now_ms), *actions]
        operation = {"timestamp": now_ms, "operation": "WRITE", "engineInfo": "halite"}
        lines = [json.dumps(action) for action in [{"commitInfo": operation}, *actions]]
        _put(log / f"{version:020d}.json", "\n".join(lines) + "\n")
    except OSError as error:
        raise RetryLaterError(f"{log} cannot be written: {error}; it is tried again") from error
    return version


def _next_version(log: Path) -> int:
    versions = (int(path.stem) for path in log.glob("[0-9]*.json"))
    return max(versions, default=-1) + 1


def _put(path: Path, text: str) -> None:
    """Write a file that is whole and on disk, or not there; one that is there stays."""
    unfinished = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
    try:
        unfinished.write_text(text)
        sync(unfinished)
        os.link(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    sync(path.parent)


def _begin(table: Table, now_ms: int) -> list[dict[str, Any]]:
    fields = [
        {"name": field.name, "type": _word(field.type), "nullable": True, "metadata": {}}
        for field in table.schema()
    ]
    metadata = {
        "id": str(uuid.uuid4()),
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": fields}),
        "partitionColumns": [],
        "configuration": {},
        "createdTime": now_ms,
    }
    return [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": metadata}]


def _word(kind: "pa.DataType") -> str:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return "string"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return WORDS[str(kind)]


def _add(table: Table, file: SealedFile, now_ms: int) -> dict[str, Any]:
    return {
        "path": _inside(table, file.path),
        "partitionValues": {},
        "size": file.byte_count,
        "modificationTime": now_ms,
        "dataChange": True,
        "stats": json.dumps({"numRecords": file.row_count}),
    }


def _remove(table: Table, path: str, now_ms: int) -> dict[str, Any]:
    return {"path": _inside(table, path), "deletionTimestamp": now_ms, "dataChange": True}


def _inside(table: Table, path: str) -> str:
    return path.removeprefix(f"{table.folder}/")
